/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SINKS_SINKS_H
#define FL_SINKS_SINKS_H

/* The sinks that are part of the core library. */

#include <flow/sink.h>

extern const flow_sink_ops fl_avro_sink;
extern const flow_sink_ops fl_file_roll_sink;
extern const flow_sink_ops fl_ipc_sink;
extern const flow_sink_ops fl_logger_sink;
extern const flow_sink_ops fl_null_sink;
extern const flow_sink_ops fl_thrift_sink;

#endif
