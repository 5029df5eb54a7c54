/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CLIENTS_SCHEMA_H
#define FL_CLIENTS_SCHEMA_H

/* The properties of clients, in parts that the sinks have too which are clients of an agent. */

#include <flow/schema.h>

extern const flow_schema fl_hosts_part;    /* `hosts` */
extern const flow_schema fl_call_part;     /* batches and time-outs */
extern const flow_schema fl_avro_part;     /* compression, and what Netty had */
extern const flow_schema fl_thrift_part;   /* the protocol, and Kerberos */
extern const flow_schema fl_failover_part; /* of the type `default_failover` */
extern const flow_schema fl_balance_part;  /* of the type `default_loadbalance` */

/* Of the types. */
extern const flow_schema fl_default_client_schema;
extern const flow_schema fl_failover_client_schema;
extern const flow_schema fl_load_balance_client_schema;
extern const flow_schema fl_thrift_client_schema;

#endif
