/* SPDX-License-Identifier: Apache-2.0 */

/* Plugins whose table is wrong, one for each FAULT_... that the build sets. */

#include <flow.h>

static int init(flow_registry *registry, flow_error **err)
{
    (void)registry;
    return flow_error_set(err, FLOW_ECALLBACK, "init of a faulty plugin was called");
}

static const flow_plugin plugin = {
    .name = "faulty",
    .version = "1.0",
    .library = flow_version,
#if defined(FAULT_SMALL)
    .struct_size = 16,
    .abi = FLOW_ABI,
    .init = init,
#elif defined(FAULT_GENERATION)
    .struct_size = sizeof(flow_plugin),
    .abi = FLOW_ABI + 1,
    .init = init,
#elif defined(FAULT_TOO_NEW)
    .struct_size = sizeof(flow_plugin),
    .abi = FLOW_ABI,
    .minimum_version = 99 << 16,
    .init = init,
#elif defined(FAULT_NO_INIT)
    .struct_size = sizeof(flow_plugin),
    .abi = FLOW_ABI,
#endif
};

FLOW_API const flow_plugin *flow_plugin_entry(void);

const flow_plugin *flow_plugin_entry(void)
{
#if defined(FAULT_NO_INIT)
    (void)init;
#endif
    return &plugin;
}
