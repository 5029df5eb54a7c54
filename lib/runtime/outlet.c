/* SPDX-License-Identifier: Apache-2.0 */

/* A sink that hands events to the host and takes its word for what becomes of them. */

#include "base/error.h"
#include "core/context.h"
#include "runtime/outlet.h"
#include "runtime/site.h"

struct fl_outlet {
    flow_context *ctx;
    size_t batch_size;
    flow_outlet_fn fn;
    void *self;
    void (*free_self)(void *self);
};

static int create(flow_context *ctx, void **self, flow_error **err)
{
    struct fl_outlet *outlet = fl_zalloc(&ctx->lib->allocator, sizeof(*outlet));

    if (!outlet)
        return fl_error_nomem(err);
    outlet->ctx = ctx;
    outlet->batch_size = (size_t)flow_context_int(ctx, "batchSize");
    *self = outlet;
    return FLOW_OK;
}

static void destroy(void *self)
{
    struct fl_outlet *outlet = self;

    fl_outlet_bind(outlet, NULL, NULL, NULL);
    fl_free(&outlet->ctx->lib->allocator, outlet);
}

static int start(void *self, flow_error **err)
{
    if (fl_outlet_is_bound(self))
        return FLOW_OK;
    return flow_error_set(err, FLOW_ECONFIG, "no function is bound; call flow_pipeline_bind");
}

static int process(void *self, flow_txn *txn, flow_error **err)
{
    struct fl_outlet *outlet = self;
    const flow_event *const *events;
    size_t count;
    int rc = flow_txn_take(txn, outlet->batch_size, 0, &events, &count, err);

    if (rc != FLOW_OK)
        return rc;
    if (count == 0)
        return FLOW_BACKOFF;
    rc = outlet->fn(outlet->self, events, count, err);
    return fl_answer(outlet->ctx, "the bound function", rc, FLOW_OK, err);
}

static const flow_property properties[] = {
    {.name = "batchSize",
     .default_value = "1000",
     .unit = "events",
     .type = FLOW_TYPE_INT,
     .min = 1,
     .max = INT32_MAX,
     .help = "The most events handed over in one call, and so in one transaction."},
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof(properties) / sizeof(properties[0]),
    .summary = "Hands events to a function of the program around libflow.",
    .description = "The program binds its function with flow_pipeline_bind before the start. When "
                   "the function succeeds the events leave the channel; when it fails they come "
                   "again after a pause.",
};

const flow_sink_ops fl_outlet_sink = {
    .struct_size = sizeof(flow_sink_ops),
    .type = "outlet",
    .schema = &schema,
    .create = create,
    .destroy = destroy,
    .start = start,
    .process = process,
};

struct fl_outlet *fl_outlet_of(const flow_sink_ops *ops, void *self)
{
    return ops->create == create ? self : NULL;
}

void fl_outlet_bind(struct fl_outlet *outlet, flow_outlet_fn fn, void *self,
                    void (*free_self)(void *self))
{
    if (outlet->free_self)
        outlet->free_self(outlet->self);
    outlet->fn = fn;
    outlet->self = self;
    outlet->free_self = free_self;
}

int fl_outlet_is_bound(const struct fl_outlet *outlet)
{
    return outlet->fn != NULL;
}
