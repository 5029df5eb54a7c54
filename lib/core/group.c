/* SPDX-License-Identifier: Apache-2.0 */

#include "core/group.h"

size_t flow_group_count(const flow_group *group)
{
    return group ? group->count : 0;
}

const char *flow_group_name(const flow_group *group, size_t index)
{
    return index < flow_group_count(group) ? group->names[index] : NULL;
}

int flow_group_has_events(const flow_group *group, size_t index)
{
    return index < flow_group_count(group) && group->has_events && group->has_events(group, index);
}

int flow_group_run(flow_group *group, size_t index, flow_error **err)
{
    if (index >= flow_group_count(group))
        return flow_error_set(err, FLOW_EINVAL, "the group has no such sink");
    if (!group->run)
        return flow_error_set(err, FLOW_ESTATE, "the group does not run");
    return group->run(group, index, err);
}
