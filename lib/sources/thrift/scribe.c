/* SPDX-License-Identifier: Apache-2.0 */

/* Receives the messages that Facebook's Scribe sends on. */

#include "sources/sources.h"
#include "sources/thrift/thrift.h"

/* Scribe's ResultCode, of which 0 is OK. */
#define TRY_LATER 1

static int scribe_create(flow_context *ctx, void **self, flow_error **err)
{
    const struct fl_service settings = {
        .ctx = ctx,
        .service = &fl_thrift_scribe,
        .protocol = FL_THRIFT_OLD_BINARY,
        .limit = (uint32_t)flow_context_int(ctx, "maxReadBufferBytes"),
        .refused = TRY_LATER,
        .is_lenient = 1,
        .threads = (unsigned)flow_context_int(ctx, "workerThreads"),
        .host = flow_context_string(ctx, "host"),
        .port = (uint16_t)flow_context_int(ctx, "port"),
    };

    return fl_service_create(&settings, self, err);
}

static const flow_property properties[] = {
    {
        .name = "host",
        .type = FLOW_TYPE_HOST,
        .default_value = "0.0.0.0",
        .help = "The host name or address to listen on. Flume has no such property: it listens on "
                "every one.",
    },
    {
        .name = "port",
        .type = FLOW_TYPE_INT,
        .default_value = "1499",
        .min = 0,
        .max = UINT16_MAX,
        .help = "The port to listen on; 0 takes a free one, which is logged.",
    },
    {
        .name = "workerThreads",
        .type = FLOW_TYPE_INT,
        .flags = FLOW_PROPERTY_LENIENT,
        .default_value = "5",
        .min = 1,
        .max = INT32_MAX,
        .help = "How many threads decode and deliver, up to 64; each connection belongs to one of "
                "them.",
    },
    {
        .name = "maxReadBufferBytes",
        .type = FLOW_TYPE_INT,
        .flags = FLOW_PROPERTY_LENIENT,
        .default_value = "16384000",
        .unit = "bytes",
        .min = 1,
        .max = INT32_MAX,
        .help = "How large a call may be; who sends a larger one is hung up on.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Receives the messages that a Scribe sends on, as Thrift calls.",
    .description =
        "Each entry of a call of Log becomes an event: its message, byte by byte, is the body, and "
        "its category, if there is one, the header \"category\". The call is answered with OK once "
        "every required channel has committed all its events, else with TRY_LATER, as is a call "
        "without a list; Scribe then sends it again.\n"
        "\n"
        "Calls are framed and of Thrift's binary protocol, \"strict\" or not. Who calls another "
        "method, or sends arguments that break the protocol, is answered with an exception "
        "(CallRefusedCount).",
};

const flow_source_ops fl_scribe_source = {
    .struct_size = sizeof fl_scribe_source,
    .type = "scribe",
    .aliases = "org.apache.flume.source.scribe.ScribeSource",
    .schema = &schema,
    .create = scribe_create,
    .destroy = fl_service_destroy,
    .start = fl_service_start,
    .stop = fl_service_stop,
};
