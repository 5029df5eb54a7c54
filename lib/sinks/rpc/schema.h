/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SINKS_RPC_SCHEMA_H
#define FL_SINKS_RPC_SCHEMA_H

#include <flow/schema.h>

extern const flow_schema fl_avro_sink_schema;
extern const flow_schema fl_thrift_sink_schema;

/* The choices of an avro sink's `client.type`, two names each. */
#define FL_RPC_CLIENT_TYPES "default|default_failover|failover|default_loadbalance|load_balance"

#endif
