/* SPDX-License-Identifier: Apache-2.0 */
/* Takes events and drops them: for measuring and trying out. */

#include <inttypes.h>

#include <flow/sink.h>

#include "base/error.h"
#include "base/mem.h"
#include "sinks/sinks.h"

struct null {
    flow_context *ctx;
    const flow_allocator *mem;
    size_t batch_size;
    int64_t log_every;
    int64_t taken;
};

static int null_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct null *null = fl_zalloc(mem, sizeof *null);

    if (!null)
        return fl_error_nomem(err);
    null->ctx = ctx;
    null->mem = mem;
    null->batch_size = (size_t)flow_context_int(ctx, "batchSize");
    null->log_every = flow_context_int(ctx, "logEveryNEvents");
    *self = null;
    return FLOW_OK;
}

static void null_destroy(void *self)
{
    struct null *null = self;

    fl_free(null->mem, null);
}

static int null_process(void *self, flow_txn *txn, flow_error **err)
{
    struct null *null = self;
    const flow_event *const *events;
    size_t count;
    int rc = flow_txn_take(txn, null->batch_size, 0, &events, &count, err);

    if (rc)
        return rc;
    int64_t milestone = null->taken - null->taken % null->log_every + null->log_every;
    null->taken += (int64_t)count;
    for (; milestone <= null->taken; milestone += null->log_every)
        flow_context_logf(null->ctx, FLOW_LOG_INFO,
                          "Null sink %s successful processed %" PRId64 " events.",
                          flow_context_name(null->ctx), milestone);
    return FLOW_READY;
}

static const flow_property properties[] = {
    {
        .name = "batchSize",
        .type = FLOW_TYPE_INT,
        .default_value = "100",
        .unit = "events",
        .min = 1,
        .max = INT32_MAX,
        .help = "How many events are taken in one transaction at most.",
    },
    {
        .name = "logEveryNEvents",
        .type = FLOW_TYPE_INT,
        .default_value = "10000",
        .unit = "events",
        .min = 1,
        .max = INT32_MAX,
        .help = "After how many events the number of events so far is logged, at level INFO.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Takes events and drops them.",
};

const flow_sink_ops fl_null_sink = {
    .struct_size = sizeof fl_null_sink,
    .type = "null",
    .aliases = "org.apache.flume.sink.NullSink",
    .schema = &schema,
    .create = null_create,
    .destroy = null_destroy,
    .process = null_process,
};
