/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CONFIG_COMMON_H
#define FL_CONFIG_COMMON_H

/* Schemas of the properties that Flume gives every component of a kind, whatever its type. */

#include <flow/schema.h>

extern const flow_schema fl_agent_schema;
extern const flow_schema fl_channel_schema;
extern const flow_schema fl_source_schema;
extern const flow_schema fl_sink_schema;
extern const flow_schema fl_group_schema;
extern const flow_schema fl_interceptor_schema;
extern const flow_schema fl_selector_schema;
extern const flow_schema fl_filter_schema;

#endif
