/* SPDX-License-Identifier: Apache-2.0 */

/* The entry of the module. */

#include <flow/plugin.h>

#include "sinks/hdfs/sink.h"
#include "sinks/hdfs/webhdfs.h"

static int init(flow_registry *registry, flow_error **err)
{
    int rc = fl_hdfs_webhdfs_init(err);

    return rc ? rc : flow_registry_add_sink(registry, &fl_hdfs_sink_ops, NULL, NULL, err);
}

FLOW_PLUGIN_DEFINE("hdfs", FLOW_VERSION_STRING, FLOW_VERSION_NUMBER, init);
