/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One sink as an older header had it, without the last member, and one as a newer header will have
 * it, with a member that today's library does not know.
 */

#include <string.h>

#include "null_sink.h"

struct newer_sink {
    flow_sink_ops ops;
    void (*later)(void *self);
};

static void later(void *self)
{
    (void)self;
}

static int init(flow_registry *registry, flow_error **err)
{
    flow_sink_ops older = null_sink("test-older");
    struct newer_sink newer = {null_sink("test-newer"), later};

    memset((char *)&older + offsetof(flow_sink_ops, flush), 0x5a, sizeof(older.flush));
    older.struct_size = offsetof(flow_sink_ops, flush);
    newer.ops.struct_size = sizeof(newer);
    int result = flow_registry_add_sink(registry, &older, NULL, NULL, err);
    return result == FLOW_OK ? flow_registry_add_sink(registry, &newer.ops, NULL, NULL, err)
                             : result;
}

FLOW_PLUGIN_DEFINE("old_and_new", "1.0", 0, init);
