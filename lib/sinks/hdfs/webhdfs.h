/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_WEBHDFS_H
#define FL_HDFS_WEBHDFS_H

/* HDFS by its REST interface. */

#include "sinks/hdfs/resolve.h"
#include "sinks/hdfs/target.h"

/* Prepares libcurl, once when the module is loaded. */
int fl_hdfs_webhdfs_init(flow_error **err);

/* A target at the NameNodes of ADDRESS.  What is lent must outlive it. */
int fl_hdfs_webhdfs_new(const struct fl_hdfs_options *options, const struct fl_hdfs_site *site,
                        const struct fl_hdfs_address *address, struct fl_hdfs_target **target,
                        flow_error **err);

#endif
