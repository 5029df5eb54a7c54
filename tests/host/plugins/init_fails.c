/* SPDX-License-Identifier: Apache-2.0 */

/* Registers a sink and then fails. */

#include "null_sink.h"

static int init(flow_registry *registry, flow_error **err)
{
    const flow_sink_ops ops = null_sink("test-init-fails");

    flow_registry_add_sink(registry, &ops, NULL, NULL, err);
    return flow_error_set(err, FLOW_EIO, "no such device");
}

FLOW_PLUGIN_DEFINE("init_fails", "1.0", 0, init);
