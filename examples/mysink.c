/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A sink as a plugin: logs each event between `prefix` and `suffix`.  Configurations name it as
 * they named the Java class it replaces.
 *
 *     cc -shared -fPIC mysink.c $(pkg-config --cflags --libs libflow) -o mysink.so
 */

#include <stdlib.h>

#include <flow.h>

#define BATCH 100

struct my_sink {
    flow_context *ctx;
    const char *prefix;
    const char *suffix;
};

static int create(flow_context *ctx, void **self, flow_error **err)
{
    struct my_sink *sink = calloc(1, sizeof(*sink));
    if (!sink)
        return flow_error_set(err, FLOW_ENOMEM, "no memory for the sink");
    sink->ctx = ctx;
    sink->prefix = flow_context_string(ctx, "prefix");
    sink->suffix = flow_context_string(ctx, "suffix");
    *self = sink;
    return FLOW_OK;
}

static void destroy(void *self)
{
    free(self);
}

/* The library commits when this returns FLOW_READY and rolls back when it returns an error. */
static int process(void *self, flow_txn *txn, flow_error **err)
{
    struct my_sink *sink = self;
    const flow_event *const *events;
    size_t count;
    int rc = flow_txn_take(txn, BATCH, 0, &events, &count, err);
    if (rc != FLOW_OK)
        return rc;
    for (size_t i = 0; i < count; i++) {
        size_t size;
        const char *body = flow_event_body(events[i], &size);
        flow_context_logf(sink->ctx, FLOW_LOG_INFO, "%s%.*s%s", sink->prefix, (int)size, body,
                          sink->suffix);
    }
    return FLOW_READY;
}

static const flow_property properties[] = {
    {.name = "prefix",
     .type = FLOW_TYPE_STRING,
     .default_value = "prefix-",
     .help = "What is written in front of each body."},
    {.name = "suffix",
     .type = FLOW_TYPE_STRING,
     .default_value = "",
     .help = "What is written behind each body."},
};

static const flow_schema schema = {
    .struct_size = sizeof(schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof(properties) / sizeof(properties[0]),
    .summary = "Logs each event between a prefix and a suffix.",
};

static const flow_sink_ops ops = {
    .struct_size = sizeof(ops),
    .type = "mysink",
    .aliases = "com.stt.demo.flume.Ch02_mySink.MySink",
    .schema = &schema,
    .create = create,
    .destroy = destroy,
    .process = process,
};

static int init(flow_registry *registry, flow_error **err)
{
    return flow_registry_add_sink(registry, &ops, NULL, NULL, err);
}

FLOW_PLUGIN_DEFINE("mysink", "1.0", FLOW_VERSION_NUMBER, init);
