/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A sink of one's own inside an application: counts the bytes that a built-in source makes.  It
 * registers like a built-in one, so a configuration can name it.
 */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <flow.h>

#define EVENTS 1000

struct counter {
    atomic_size_t events;
    atomic_size_t bytes;
};

/* What one sink of the type needs; here just where the host wants the numbers. */
static int create(flow_context *ctx, void **self, flow_error **err)
{
    (void)err;
    *self = flow_context_user(ctx);
    return FLOW_OK;
}

static void destroy(void *self)
{
    (void)self;
}

static int process(void *self, flow_txn *txn, flow_error **err)
{
    struct counter *counter = self;
    const flow_event *const *events;
    size_t count;
    int rc = flow_txn_take(txn, 100, 0, &events, &count, err);
    if (rc != FLOW_OK)
        return rc;
    for (size_t i = 0; i < count; i++) {
        size_t size;
        flow_event_body(events[i], &size);
        atomic_fetch_add(&counter->bytes, size);
    }
    atomic_fetch_add(&counter->events, count);
    return FLOW_READY;
}

static const flow_schema schema = {
    .struct_size = sizeof(schema),
    .property_size = sizeof(flow_property),
    .summary = "Counts events and bytes.",
};

static const flow_sink_ops ops = {
    .struct_size = sizeof(ops),
    .type = "count",
    .schema = &schema,
    .create = create,
    .destroy = destroy,
    .process = process,
};

/* A configuration can be built without any file. */
static int configure(flow_config *config, flow_error **err)
{
    static const char *const settings[][2] = {
        {"a1.sources", "s"},
        {"a1.channels", "c"},
        {"a1.sinks", "k"},
        {"a1.sources.s.type", "seq"},
        {"a1.sources.s.channels", "c"},
        {"a1.sources.s.totalEvents", "1000"},
        {"a1.channels.c.type", "memory"},
        {"a1.sinks.k.type", "count"},
        {"a1.sinks.k.channel", "c"},
    };
    int rc = FLOW_OK;
    for (size_t i = 0; rc == FLOW_OK && i < sizeof(settings) / sizeof(settings[0]); i++)
        rc = flow_config_set(config, settings[i][0], settings[i][1], err);
    return rc;
}

static int run(flow_library *lib, struct counter *counter, flow_error **err)
{
    flow_config *config;
    flow_pipeline *pipeline = NULL;
    int rc = flow_registry_add_sink(flow_library_registry(lib), &ops, counter, NULL, err);
    if (rc != FLOW_OK || (rc = flow_config_new(lib, &config, err)) != FLOW_OK)
        return rc;
    rc = configure(config, err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_new(lib, config, NULL, 0, &pipeline, err);
    flow_config_free(config);
    if (rc != FLOW_OK)
        return rc;

    rc = flow_pipeline_start(pipeline, err);
    while (rc == FLOW_OK && atomic_load(&counter->events) < EVENTS) {
        struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
    }
    flow_pipeline_stop(pipeline, 5000, rc == FLOW_OK ? err : NULL);
    flow_pipeline_free(pipeline, NULL);
    return rc;
}

int main(void)
{
    struct counter counter = {0, 0};
    flow_library *lib;
    flow_error *err = NULL;
    int rc = flow_library_new(NULL, &lib, &err);
    if (rc == FLOW_OK) {
        rc = run(lib, &counter, &err);
        flow_library_free(lib, NULL);
    }
    if (rc != FLOW_OK)
        fprintf(stderr, "own_sink: %s\n", flow_error_message(err));
    else
        printf("%zu events, %zu bytes\n", atomic_load(&counter.events),
               atomic_load(&counter.bytes));
    flow_error_free(err);
    return rc == FLOW_OK ? 0 : 1;
}
