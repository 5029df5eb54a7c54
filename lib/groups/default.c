/* SPDX-License-Identifier: Apache-2.0 */
/* A group of one sink, which gets every transaction. */

#include "groups/groups.h"

static int default_create(flow_context *ctx, flow_group *group, void **self, flow_error **err)
{
    if (flow_group_count(group) != 1)
        return flow_error_setf(err, FLOW_ECONFIG,
                               "the default processor serves one sink and group %s has %zu; choose "
                               "failover or load_balance",
                               flow_context_name(ctx), flow_group_count(group));
    *self = group;
    return FLOW_OK;
}

static void default_destroy(void *self)
{
}

static int default_process(void *self, flow_error **err)
{
    return flow_group_run(self, 0, err);
}

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .summary = "Hands every transaction to the one sink of the group.",
};

const flow_group_ops fl_default_group = {
    .struct_size = sizeof fl_default_group,
    .type = "default",
    .aliases = "org.apache.flume.sink.DefaultSinkProcessor",
    .schema = &schema,
    .create = default_create,
    .destroy = default_destroy,
    .process = default_process,
};
