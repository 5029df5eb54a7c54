/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_HOST_NULL_SINK_H
#define TESTS_HOST_NULL_SINK_H

/* The smallest sink there is, for plugins whose point is something else. */

#include <flow.h>

static const flow_schema null_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .summary = "Leaves all events where they are.",
};

static inline int null_create(flow_context *ctx, void **self, flow_error **err)
{
    (void)err;
    *self = ctx;
    return FLOW_OK;
}

static inline void null_destroy(void *self)
{
    (void)self;
}

static inline int null_process(void *self, flow_txn *txn, flow_error **err)
{
    (void)self;
    (void)txn;
    (void)err;
    return FLOW_BACKOFF;
}

/* The table of a sink called TYPE. */
static inline flow_sink_ops null_sink(const char *type)
{
    flow_sink_ops ops = {.struct_size = sizeof(ops)};

    ops.type = type;
    ops.schema = &null_schema;
    ops.create = null_create;
    ops.destroy = null_destroy;
    ops.process = null_process;
    return ops;
}

#endif
