/* SPDX-License-Identifier: Apache-2.0 */
/* Says in a header when an event passed: one reading of the clock serves a whole batch. */

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "interceptors/interceptors.h"
#include "interceptors/set_header.h"

struct timestamp {
    const flow_context *ctx;
    const char *header;
    int preserve;
};

static int timestamp_create(flow_context *ctx, void **self, flow_error **err)
{
    struct timestamp *timestamp =
        fl_alloc(flow_library_allocator(flow_context_library(ctx)), sizeof *timestamp);

    if (!timestamp)
        return fl_error_nomem(err);
    timestamp->ctx = ctx;
    timestamp->header = flow_context_string(ctx, "headerName");
    timestamp->preserve = flow_context_bool(ctx, "preserveExisting");
    *self = timestamp;
    return FLOW_OK;
}

static void timestamp_destroy(void *self)
{
    struct timestamp *timestamp = self;

    fl_free(flow_library_allocator(flow_context_library(timestamp->ctx)), timestamp);
}

static int timestamp_intercept(void *self, flow_batch *batch, flow_error **err)
{
    const struct timestamp *timestamp = self;
    char now[24];

    snprintf(now, sizeof now, "%" PRId64, flow_context_time(timestamp->ctx));
    return fl_set_header(batch, timestamp->header, now, timestamp->preserve, err);
}

static const flow_property properties[] = {
    {
        .name = "headerName",
        .type = FLOW_TYPE_STRING,
        .default_value = "timestamp",
        .help = "The header to set.",
    },
    {
        .name = "preserveExisting",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Leave the header alone where an event has it already.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Sets a header to the present time, in milliseconds since 1970.",
};

const flow_interceptor_ops fl_timestamp_interceptor = {
    .struct_size = sizeof fl_timestamp_interceptor,
    .type = "timestamp",
    .aliases = "org.apache.flume.interceptor.TimestampInterceptor$Builder",
    .schema = &schema,
    .create = timestamp_create,
    .destroy = timestamp_destroy,
    .intercept = timestamp_intercept,
};
