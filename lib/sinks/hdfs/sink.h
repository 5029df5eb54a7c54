/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_SINK_H
#define FL_HDFS_SINK_H

#include <flow/sink.h>

extern const flow_sink_ops fl_hdfs_sink_ops;

#endif
