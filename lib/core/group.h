/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_GROUP_H
#define FL_CORE_GROUP_H

/* A group as its processor sees it.  Who makes it runs the sinks; a check of a configuration only
 * knows their names. */

#include <flow/group.h>

struct flow_group {
    const char *const *names; /* of the sinks */
    size_t count;
    /* (optional, but both or none) What a processor may do with the sink at INDEX, which exists. */
    int (*run)(flow_group *group, size_t index, flow_error **err);
    int (*has_events)(const flow_group *group, size_t index);
};

#endif
