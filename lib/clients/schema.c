/* SPDX-License-Identifier: Apache-2.0 */

#include "clients/schema.h"

#include "net/tls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const flow_property hosts_properties[] = {
    {
        .name = "hosts",
        .type = FLOW_TYPE_WORDS,
        .help = "Aliases of the hosts that events are sent to.",
    },
    {
        .name = "hosts.",
        .type = FLOW_TYPE_STRING,
        .flags = FLOW_PROPERTY_PREFIX,
        .help = "The host of an alias, as HOST:PORT; an IPv6 address in brackets.",
    },
};

static const flow_property call_properties[] = {
    {
        .name = "batch-size",
        .type = FLOW_TYPE_INT,
        .default_value = "100",
        .unit = "events",
        .min = 1,
        .max = INT32_MAX,
        .flags = FLOW_PROPERTY_LENIENT,
        .help = "The most events in one call. Calls of large events have fewer, so that they do "
                "not grow much beyond 16 MB.",
    },
    {
        .name = "connect-timeout",
        .type = FLOW_TYPE_INT,
        .default_value = "20000",
        .unit = "ms",
        .min = 1000,
        .max = INT32_MAX,
        .flags = FLOW_PROPERTY_LENIENT,
        .help = "How long a connection may take to be made, TLS included, and how long the answer "
                "to its first call may then take.",
    },
    {
        .name = "request-timeout",
        .type = FLOW_TYPE_INT,
        .default_value = "20000",
        .unit = "ms",
        .min = 1000,
        .max = INT32_MAX,
        .flags = FLOW_PROPERTY_LENIENT,
        .help = "How long a call may take to be sent, and how long its answer may then take.",
    },
};

static const flow_property avro_properties[] = {
    {
        .name = "compression-type",
        .type = FLOW_TYPE_CHOICE,
        .choices = "none|deflate",
        .default_value = "none",
        .help = "Whether all that goes over the connection is compressed. Nothing is negotiated: "
                "the other end must be set up alike.",
    },
    {
        .name = "compression-level",
        .type = FLOW_TYPE_INT,
        .default_value = "6",
        .min = 0,
        .max = 9,
        .flags = FLOW_PROPERTY_LENIENT,
        .help = "How hard deflate tries: from 0, not at all, to 9.",
    },
    {
        .name = "ssl-outside-compression",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "With both, whether TLS is around what is compressed, as Flume up to 1.9 has it, "
                "and not within.",
    },
    {
        .name = "maxIoWorkers",
        .type = FLOW_TYPE_INT,
        .flags = FLOW_PROPERTY_NO_EFFECT,
        .help = "It counts threads of Netty's, and here whoever sends uses the connection itself.",
    },
};

static const flow_property thrift_properties[] = {
    {
        .name = "protocol",
        .type = FLOW_TYPE_CHOICE,
        .choices = "compact|binary",
        .default_value = "compact",
        .flags = FLOW_PROPERTY_LENIENT,
        .help = "Which of Thrift's protocols is spoken; the other end must be set up alike.",
    },
    {
        .name = "kerberos",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Must be false: Thrift within SASL is not spoken. TLS protects a connection.",
    },
    {
        .name = "client-principal",
        .type = FLOW_TYPE_STRING,
        .flags = FLOW_PROPERTY_NO_EFFECT,
        .help = "It belongs to kerberos.",
    },
    {
        .name = "client-keytab",
        .type = FLOW_TYPE_STRING,
        .flags = FLOW_PROPERTY_NO_EFFECT,
        .help = "It belongs to kerberos.",
    },
    {
        .name = "server-principal",
        .type = FLOW_TYPE_STRING,
        .flags = FLOW_PROPERTY_NO_EFFECT,
        .help = "It belongs to kerberos.",
    },
};

static const flow_property pool_properties[] = {
    {
        .name = "maxConnections",
        .type = FLOW_TYPE_INT,
        .default_value = "5",
        .min = 1,
        .max = 10000,
        .help = "How many calls may be under way at once, each on a connection of its own.",
    },
};

static const flow_property failover_properties[] = {
    {
        .name = "max-attempts",
        .type = FLOW_TYPE_INT,
        .default_value = "0",
        .min = 0,
        .max = INT32_MAX,
        .help = "How many hosts are tried for one call before it fails, around the list as often "
                "as it takes; 0: as many as there are.",
    },
};

static const flow_property balance_properties[] = {
    {
        .name = "host-selector",
        .type = FLOW_TYPE_CHOICE,
        .choices = "ROUND_ROBIN|RANDOM",
        .default_value = "ROUND_ROBIN",
        .help = "Which host is tried first, the next in turn or any.",
    },
    {
        .name = "backoff",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Whether a host that failed is left out for a while, 2 seconds at first and twice "
                "as long each time that it fails again.",
    },
    {
        .name = "maxBackoff",
        .type = FLOW_TYPE_INT,
        .default_value = "0",
        .unit = "ms",
        .min = 0,
        .max = INT64_MAX,
        .help = "The longest that a host is left out; 0: 30000.",
    },
};

static const flow_property type_properties[] = {
    {
        .name = "client.type",
        .type = FLOW_TYPE_STRING,
        .default_value = "default",
        .help = "Which type of client it is.",
    },
};

#define PART(rows, what)                                                                           \
    {.struct_size = sizeof(flow_schema),                                                           \
     .property_size = sizeof(flow_property),                                                       \
     .properties = (rows),                                                                         \
     .count = COUNT(rows),                                                                         \
     .summary = (what)}

const flow_schema fl_hosts_part = PART(hosts_properties, "Where events are sent to.");
const flow_schema fl_call_part = PART(call_properties, "How they are sent.");
const flow_schema fl_avro_part = PART(avro_properties, "How Avro is spoken.");
const flow_schema fl_thrift_part = PART(thrift_properties, "How Thrift is spoken.");
const flow_schema fl_failover_part = PART(failover_properties, "How another host takes over.");
const flow_schema fl_balance_part = PART(balance_properties, "How hosts share the load.");
static const flow_schema pool_part = PART(pool_properties, "How many connections there are.");

static const flow_schema *const default_parts[] = {
    &fl_hosts_part, &fl_call_part, &fl_avro_part, &fl_tls_client_schema, NULL,
};
static const flow_schema *const failover_parts[] = {
    &fl_hosts_part, &fl_failover_part, &fl_call_part, &fl_avro_part, &fl_tls_client_schema, NULL,
};
static const flow_schema *const balance_parts[] = {
    &fl_hosts_part, &fl_balance_part, &fl_call_part, &fl_avro_part, &fl_tls_client_schema, NULL,
};
static const flow_schema *const thrift_parts[] = {
    &fl_hosts_part, &fl_call_part, &fl_thrift_part, &pool_part, &fl_tls_client_schema, NULL,
};

const flow_schema fl_default_client_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = type_properties,
    .count = COUNT(type_properties),
    .summary = "Sends events to one agent by Avro, as Flume's default client.",
    .description =
        "The agent is the first of the hosts; it has an avro source, of libflow or of Flume 1.4 or "
        "later. Calls go over one connection, one after the other.",
    .parts = default_parts,
};

const flow_schema fl_failover_client_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = type_properties,
    .count = COUNT(type_properties),
    .summary = "Sends events to one of several agents by Avro until it fails, then to the next.",
    .description =
        "The next agent is the one that follows in the list, and after the last the first. What "
        "is left of a batch when an agent fails goes to the next one; events that the agent may "
        "have taken without an answer may then be delivered twice.",
    .parts = failover_parts,
};

const flow_schema fl_load_balance_client_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = type_properties,
    .count = COUNT(type_properties),
    .summary = "Sends events to several agents by Avro, each batch to another one.",
    .description =
        "At least two agents share the load. When one fails, what is left of the batch goes to "
        "another one; events that the agent may have taken without an answer may then be "
        "delivered twice.",
    .parts = balance_parts,
};

const flow_schema fl_thrift_client_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = type_properties,
    .count = COUNT(type_properties),
    .summary = "Sends events to one agent by Thrift.",
    .description =
        "The agent is the first of the hosts; it has a thrift source, of libflow or of Flume.",
    .parts = thrift_parts,
};
