/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_KERBEROS_H
#define FL_HDFS_KERBEROS_H

/* Tickets from a keytab, for libcurl to authenticate with on the calling thread alone. */

#include <flow/component.h>

struct fl_hdfs_kerberos;

/* For hdfs.kerberosPrincipal and hdfs.kerberosKeytab of CTX, which must outlive it.  FLOW_ENOENT
 * when there is no Kerberos library on this machine, FLOW_ECONFIG for a keytab that cannot be read,
 * FLOW_EIO when Kerberos is not set up. */
int fl_hdfs_kerberos_new(const flow_context *ctx, struct fl_hdfs_kerberos **kerberos,
                         flow_error **err);
void fl_hdfs_kerberos_free(struct fl_hdfs_kerberos *kerberos);

/*
 * Makes the calling thread, which must always be the same, use this principal's tickets, and gets a
 * new one when half the life of the last is over.  FLOW_EIO when there is none that is good.
 *
 * Blocks on the KDC.
 */
int fl_hdfs_kerberos_enter(struct fl_hdfs_kerberos *kerberos, flow_error **err);

/* A server did not accept what the tickets are good for: the next time gets new ones. */
void fl_hdfs_kerberos_doubt(struct fl_hdfs_kerberos *kerberos);

#endif
