/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A source as a plugin: every `delay` milliseconds five events, each the text of `field` and a
 * number.  Configurations name it as they named the Java class it replaces.
 *
 *     cc -shared -fPIC mysource.c $(pkg-config --cflags --libs libflow) -o mysource.so
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow.h>

#define EVENTS_A_ROUND 5

struct my_source {
    flow_context *ctx;
    flow_batch *batch;
    const char *field;
    int64_t delay;
};

static int create(flow_context *ctx, void **self, flow_error **err)
{
    struct my_source *source = calloc(1, sizeof(*source));
    if (!source)
        return flow_error_set(err, FLOW_ENOMEM, "no memory for the source");
    source->ctx = ctx;
    source->field = flow_context_string(ctx, "field");
    source->delay = flow_context_int(ctx, "delay");
    int rc = flow_batch_new(flow_context_library(ctx), &source->batch, err);
    if (rc != FLOW_OK) {
        free(source);
        return rc;
    }
    *self = source;
    return FLOW_OK;
}

static void destroy(void *self)
{
    struct my_source *source = self;
    flow_batch_free(source->batch);
    free(source);
}

static int fill(struct my_source *source, flow_error **err)
{
    int rc = FLOW_OK;
    for (int i = 0; rc == FLOW_OK && i < EVENTS_A_ROUND; i++) {
        char body[512];
        int size = snprintf(body, sizeof(body), "%s%d", source->field, i);
        if (size < 0 || (size_t)size >= sizeof(body))
            return flow_error_set(err, FLOW_ETOOBIG, "the text of 'field' is too long");
        rc = flow_batch_add(source->batch, body, (size_t)size, err);
    }
    return rc;
}

/* A batch that failed is emitted again, so nothing is lost while the channel is full. */
static int poll(void *self, flow_emitter *emitter, flow_error **err)
{
    struct my_source *source = self;
    int rc = FLOW_OK;
    if (flow_batch_count(source->batch) == 0)
        rc = fill(source, err);
    if (rc == FLOW_OK)
        rc = flow_emitter_emit(emitter, source->batch, err);
    if (rc != FLOW_OK)
        return rc;
    flow_batch_clear(source->batch);
    flow_wait(source->ctx, source->delay);
    return FLOW_READY;
}

static const flow_property properties[] = {
    {.name = "delay",
     .type = FLOW_TYPE_INT,
     .default_value = "2000",
     .unit = "ms",
     .min = 0,
     .max = 86400000,
     .help = "The pause behind each round of events."},
    {.name = "field",
     .type = FLOW_TYPE_STRING,
     .default_value = "field",
     .help = "The text each event begins with."},
};

static const flow_schema schema = {
    .struct_size = sizeof(schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof(properties) / sizeof(properties[0]),
    .summary = "Makes five numbered events a round.",
};

static const flow_source_ops ops = {
    .struct_size = sizeof(ops),
    .type = "mysource",
    .aliases = "com.stt.demo.flume.Ch01_mySource.MySource",
    .schema = &schema,
    .create = create,
    .destroy = destroy,
    .poll = poll,
};

static int init(flow_registry *registry, flow_error **err)
{
    return flow_registry_add_source(registry, &ops, NULL, NULL, err);
}

FLOW_PLUGIN_DEFINE("mysource", "1.0", FLOW_VERSION_NUMBER, init);
