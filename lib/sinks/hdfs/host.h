/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_HOST_H
#define FL_HDFS_HOST_H

#include <flow/error.h>
#include <flow/library.h>

/*
 * What the SIZE bytes at NAME, "localhost", "ip" or "fqdn" in any case, mean on this machine, as
 * Java's InetAddress.getLocalHost has it.  The caller frees *TEXT.  FLOW_EINVAL for another name.
 * Blocks as fl_resolver_find does.
 */
int fl_hdfs_host_name(const flow_allocator *mem, const char *name, size_t size, char **text,
                      flow_error **err);

/* The user that HDFS is to see: HADOOP_USER_NAME, else the owner of this process. */
int fl_hdfs_user_name(const flow_allocator *mem, char **text, flow_error **err);

#endif
