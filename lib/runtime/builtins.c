/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The components the library brings along, through the same calls that plugins use.  A new one is
 * a line here.
 */

#include "runtime/builtins.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct fl_module modules[] = {
    {FLOW_KIND_SINK, "hdfs", "org.apache.flume.sink.hdfs.HDFSEventSink", "hdfs.so"},
};

static int register_all(flow_registry *registry, flow_error **err)
{
    return FLOW_OK;
}

int fl_builtins_register(flow_registry *registry, flow_error **err)
{
    int result = fl_registry_stage(registry, "built-in", NULL, err);

    if (result != FLOW_OK)
        return result;
    result = register_all(registry, err);
    fl_registry_settle(registry, result == FLOW_OK);
    fl_registry_set_modules(registry, modules, COUNT(modules));
    return result;
}
