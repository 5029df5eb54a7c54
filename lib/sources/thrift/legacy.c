/* SPDX-License-Identifier: Apache-2.0 */

/* Receives the events that agents of Flume 0.9 send by Thrift. */

#include "sources/sources.h"
#include "sources/thrift/thrift.h"

/* The largest call.  Nothing frames it, and Flume itself has no limit. */
#define CALL_MAX ((uint32_t)256 * 1024 * 1024)

static int legacy_create(flow_context *ctx, void **self, flow_error **err)
{
    const struct fl_service settings = {
        .ctx = ctx,
        .service = &fl_thrift_legacy,
        .protocol = FL_THRIFT_BINARY,
        .limit = CALL_MAX,
        .patient = 1,
        .host = flow_context_string(ctx, "host"),
        .port = (uint16_t)flow_context_int(ctx, "port"),
    };

    return fl_service_create(&settings, self, err);
}

static const flow_property properties[] = {
    {
        .name = "host",
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
};

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Receives events by Thrift from agents of Flume 0.9.",
    .description =
        "What an old event has besides its body becomes headers: host, timestamp (milliseconds), "
        "pri (FATAL, ERROR, WARN, INFO, DEBUG or TRACE), nanos, and each of its fields, whose "
        "bytes are taken for text; the header FlumeOG is \"yes\". A field wins over a part of the "
        "event that has its name; what an event lacks makes no header.\n"
        "\n"
        "The senders do not learn what became of an event. So a full channel refuses nothing: the "
        "events wait, and reading pauses until there is room again. Events that a channel or an "
        "interceptor refuses for good, or that wait when the source stops, are lost, and counted "
        "(EventRefusedCount).",
};

const flow_source_ops fl_thrift_legacy_source = {
    .struct_size = sizeof fl_thrift_legacy_source,
    .type = "thriftLegacy",
    .aliases = "org.apache.flume.source.thriftLegacy.ThriftLegacySource",
    .schema = &schema,
    .create = legacy_create,
    .destroy = fl_service_destroy,
    .start = fl_service_start,
    .stop = fl_service_stop,
};
