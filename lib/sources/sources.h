/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SOURCES_SOURCES_H
#define FL_SOURCES_SOURCES_H

/* The sources that are part of the core library. */

#include <flow/source.h>

extern const flow_source_ops fl_avro_legacy_source;
extern const flow_source_ops fl_avro_source;
extern const flow_source_ops fl_exec_source;
extern const flow_source_ops fl_ipc_source;
extern const flow_source_ops fl_netcat_source;
extern const flow_source_ops fl_scribe_source;
extern const flow_source_ops fl_seq_source;
extern const flow_source_ops fl_spooldir_source;
extern const flow_source_ops fl_taildir_source;
extern const flow_source_ops fl_thrift_legacy_source;
extern const flow_source_ops fl_thrift_source;

#endif
