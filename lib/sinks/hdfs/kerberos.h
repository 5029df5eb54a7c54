/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_KERBEROS_H
#define FL_HDFS_KERBEROS_H

/* Tickets from a keytab, for libcurl to authenticate with on the calling thread alone. */

#include <flow/error.h>
#include <flow/library.h>

struct fl_hdfs_kerberos;

/* FLOW_ENOENT when there is no Kerberos library on this machine. */
int fl_hdfs_kerberos_new(const flow_allocator *mem, const char *principal, const char *keytab,
                         struct fl_hdfs_kerberos **kerberos, flow_error **err);
void fl_hdfs_kerberos_free(struct fl_hdfs_kerberos *kerberos);

/*
 * Makes the calling thread use this principal's tickets and gets new ones when it is time.  NOW is
 * on a clock that only goes forward, in ms.  Blocks on the KDC.
 */
int fl_hdfs_kerberos_enter(struct fl_hdfs_kerberos *kerberos, int64_t now, flow_error **err);

#endif
