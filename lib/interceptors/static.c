/* SPDX-License-Identifier: Apache-2.0 */
/* Gives every event the same header. */

#include "base/error.h"
#include "base/mem.h"
#include "interceptors/interceptors.h"
#include "interceptors/set_header.h"

struct fixed {
    const flow_allocator *mem;
    const char *key;
    const char *value;
    int preserve;
};

static int static_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct fixed *fixed = fl_alloc(mem, sizeof *fixed);

    if (!fixed)
        return fl_error_nomem(err);
    fixed->mem = mem;
    fixed->key = flow_context_string(ctx, "key");
    fixed->value = flow_context_string(ctx, "value");
    fixed->preserve = flow_context_bool(ctx, "preserveExisting");
    *self = fixed;
    return FLOW_OK;
}

static void static_destroy(void *self)
{
    struct fixed *fixed = self;

    fl_free(fixed->mem, fixed);
}

static int static_intercept(void *self, flow_batch *batch, flow_error **err)
{
    const struct fixed *fixed = self;

    return fl_set_header(batch, fixed->key, fixed->value, fixed->preserve, err);
}

static const flow_property properties[] = {
    {
        .name = "key",
        .type = FLOW_TYPE_STRING,
        .default_value = "key",
        .help = "The header to set.",
    },
    {
        .name = "value",
        .type = FLOW_TYPE_STRING,
        .default_value = "value",
        .help = "The value to set it to.",
    },
    {
        .name = "preserveExisting",
        .type = FLOW_TYPE_BOOL,
        .default_value = "true",
        .help = "Leave the header alone where an event has it already.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Gives every event the same header.",
};

const flow_interceptor_ops fl_static_interceptor = {
    .struct_size = sizeof fl_static_interceptor,
    .type = "static",
    .aliases = "org.apache.flume.interceptor.StaticInterceptor$Builder",
    .schema = &schema,
    .create = static_create,
    .destroy = static_destroy,
    .intercept = static_intercept,
};
