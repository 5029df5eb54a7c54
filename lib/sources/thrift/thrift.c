/* SPDX-License-Identifier: Apache-2.0 */

/* Receives the events that Flume's Thrift sinks and clients send. */

#include "net/tls.h"
#include "sources/sources.h"
#include "sources/thrift/thrift.h"
#include "wire/thrift_call.h"

/* The largest call: as much as Flume's own buffers hold. */
#define CALL_MAX ((uint32_t)256 * 1024 * 1024)

static int thrift_create(flow_context *ctx, void **self, flow_error **err)
{
    struct fl_service settings = {
        .ctx = ctx,
        .service = &fl_thrift_flume,
        .protocol =
            flow_context_choice(ctx, "protocol") == 0 ? FL_THRIFT_COMPACT : FL_THRIFT_BINARY,
        .limit = CALL_MAX,
        .refused = FL_THRIFT_STATUS_FAILED,
        .threads = (unsigned)flow_context_int(ctx, "threads"),
        .host = flow_context_string(ctx, "bind"),
        .port = (uint16_t)flow_context_int(ctx, "port"),
    };

    if (flow_context_bool(ctx, "kerberos"))
        return flow_context_refuse(ctx, "kerberos",
                                   "this source does not authenticate its peers by Kerberos; "
                                   "without it, anybody who reaches the port may send",
                                   err);
    int rc = fl_tls_open_server(ctx, &settings.tls, err);
    return rc ? rc : fl_service_create(&settings, self, err);
}

static const flow_property properties[] = {
    {
        .name = "bind",
        .type = FLOW_TYPE_HOST,
        .flags = FLOW_PROPERTY_REQUIRED,
        .help = "The host name or address to listen on; 0.0.0.0 is every one of IPv4.",
    },
    {
        .name = "port",
        .type = FLOW_TYPE_INT,
        .flags = FLOW_PROPERTY_REQUIRED,
        .min = 0,
        .max = UINT16_MAX,
        .help = "The port to listen on; 0 takes a free one, which is logged.",
    },
    {
        .name = "threads",
        .type = FLOW_TYPE_INT,
        .flags = FLOW_PROPERTY_LENIENT,
        .default_value = "0",
        .min = 0,
        .max = INT32_MAX,
        .help = "How many threads decode and deliver, up to 64; each connection belongs to one of "
                "them. 0 chooses by the number of processors.",
    },
    {
        .name = "protocol",
        .type = FLOW_TYPE_CHOICE,
        .default_value = "compact",
        .choices = "compact|binary",
        .help = "Thrift's protocol, which must be that of the senders. Binary calls may be "
                "\"strict\" or not.",
    },
    {
        .name = "kerberos",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Must be false: peers that authenticate by Kerberos cannot be served.",
    },
    {
        .name = "agent-principal",
        .type = FLOW_TYPE_STRING,
        .flags = FLOW_PROPERTY_NO_EFFECT,
        .help = "Has a meaning only for peers that authenticate by Kerberos.",
    },
    {
        .name = "agent-keytab",
        .type = FLOW_TYPE_PATH,
        .flags = FLOW_PROPERTY_NO_EFFECT,
        .help = "Has a meaning only for peers that authenticate by Kerberos.",
    },
};

static const flow_schema *const parts[] = {&fl_tls_server_schema, NULL};

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Receives events by Thrift: from the Thrift sinks of other agents, and from clients "
               "of Flume's SDK.",
    .description =
        "Each call, append or appendBatch, is answered with OK once every required channel has "
        "committed its events, or with FAILED when one did not take them; the sender then sends "
        "them again. Calls that come while others are being committed share the next "
        "transaction, and with it its fate. Several calls of one connection may be under way; "
        "they are answered in order. Who calls another method, or sends arguments that break the "
        "protocol, is answered with an exception (CallRefusedCount).\n"
        "\n"
        "A call with more events than the channel's transactionCapacity is taken in several "
        "transactions, of which the first may be committed when a later one fails. A call of more "
        "than 256 MiB is refused by closing the connection (ConnectionBrokenCount), as is one "
        "that would let the calls that have not come to their end hold more than 512 MiB in all, "
        "and whatever is no call of the configured protocol. Events of a call that the connection "
        "ended in are not delivered (RequestUnfinishedCount).",
    .parts = parts,
};

const flow_source_ops fl_thrift_source = {
    .struct_size = sizeof fl_thrift_source,
    .type = "thrift",
    .aliases = "org.apache.flume.source.ThriftSource",
    .schema = &schema,
    .create = thrift_create,
    .destroy = fl_service_destroy,
    .start = fl_service_start,
    .stop = fl_service_stop,
};
