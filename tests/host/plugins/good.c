/* SPDX-License-Identifier: Apache-2.0 */

/* Registers one sink, as a plugin should. */

#include "null_sink.h"

static int init(flow_registry *registry, flow_error **err)
{
    const flow_sink_ops ops = null_sink("test-good");

    return flow_registry_add_sink(registry, &ops, NULL, NULL, err);
}

FLOW_PLUGIN_DEFINE("good", "1.0", 0, init);
