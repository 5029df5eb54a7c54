/* SPDX-License-Identifier: Apache-2.0 */

/* Registers a sink of its own, then one whose name the plugin `good` has. */

#include "null_sink.h"

static int init(flow_registry *registry, flow_error **err)
{
    const flow_sink_ops first = null_sink("test-same-name");
    const flow_sink_ops second = null_sink("TEST-GOOD");
    int result = flow_registry_add_sink(registry, &first, NULL, NULL, err);

    return result == FLOW_OK ? flow_registry_add_sink(registry, &second, NULL, NULL, err) : result;
}

FLOW_PLUGIN_DEFINE("same_name", "1.0", 0, init);
