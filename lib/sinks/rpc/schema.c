/* SPDX-License-Identifier: Apache-2.0 */

#include "sinks/rpc/schema.h"

#include "clients/schema.h"
#include "net/tls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const flow_property target_properties[] = {
    {
        .name = "hostname",
        .type = FLOW_TYPE_HOST,
        .flags = FLOW_PROPERTY_REQUIRED,
        .help = "The name or address of the agent that events go to.",
    },
    {
        .name = "port",
        .type = FLOW_TYPE_INT,
        .min = 1,
        .max = 65535,
        .flags = FLOW_PROPERTY_REQUIRED,
        .help = "The port on which its source listens.",
    },
    {
        .name = "reset-connection-interval",
        .type = FLOW_TYPE_INT,
        .default_value = "0",
        .unit = "s",
        .min = 0,
        .max = INT32_MAX,
        .aliases = "connection-reset-interval",
        .help = "After how long a connection is given up for a new one, so that events come to a "
                "host that a load balancer has got since; 0: never.",
    },
};

static const flow_property avro_properties[] = {
    {
        .name = "client.type",
        .type = FLOW_TYPE_CHOICE,
        .choices = FL_RPC_CLIENT_TYPES,
        .default_value = "default",
        .help = "What sends: to hostname and port, or to several hosts one of the other types.",
    },
};

static const flow_property thrift_properties[] = {
    {
        .name = "client.type",
        .type = FLOW_TYPE_CHOICE,
        .choices = "thrift",
        .default_value = "thrift",
        .help = "What sends.",
    },
    {
        .name = "maxConnections",
        .type = FLOW_TYPE_INT,
        .flags = FLOW_PROPERTY_NO_EFFECT,
        .help = "A sink has one connection.",
    },
};

static const flow_schema target_part = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = target_properties,
    .count = COUNT(target_properties),
    .summary = "Where events are sent to.",
};

static const flow_schema *const avro_parts[] = {
    &target_part,      &fl_call_part,    &fl_avro_part,         &fl_hosts_part,
    &fl_failover_part, &fl_balance_part, &fl_tls_client_schema, NULL,
};

static const flow_schema *const thrift_parts[] = {
    &target_part, &fl_call_part, &fl_thrift_part, &fl_hosts_part, &fl_tls_client_schema, NULL,
};

const flow_schema fl_avro_sink_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = avro_properties,
    .count = COUNT(avro_properties),
    .summary = "Sends events to the avro source of another agent, libflow's or Flume's.",
    .description =
        "A transaction is committed once the other agent has answered that it has the events. To "
        "an agent of libflow's the next ones are sent meanwhile; their order is kept, also when "
        "some come again after a failure. Flume, which may execute calls of one connection in any "
        "order, gets one at a time.\n\n"
        "When the connection or the other agent fails, events stay in the channel and are tried "
        "again after 5 seconds, over a new connection. Events whose answer was lost then come "
        "twice, unless the agent is libflow's and the channels of both are durable: then it takes "
        "none twice, whatever fails (see exactly-once in flow-architecture(7)). Of several agents "
        "that share a load one may get what another has taken.",
    .parts = avro_parts,
};

const flow_schema fl_thrift_sink_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = thrift_properties,
    .count = COUNT(thrift_properties),
    .summary = "Sends events to the thrift source of another agent, libflow's or Flume's.",
    .description =
        "A transaction is committed once the other agent has answered that it has the events. "
        "When the connection or the other agent fails, events stay in the channel and are tried "
        "again after 5 seconds, over a new connection. Events whose answer was lost then come "
        "twice, unless the agent is libflow's and the channels of both are durable: then it takes "
        "none twice, whatever fails (see exactly-once in flow-architecture(7)).",
    .parts = thrift_parts,
};
