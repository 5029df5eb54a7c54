/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PARTS_H
#define TESTS_SUPPORT_PARTS_H

/* Types of components that are one function of the test's, registered as a host would do it.  SELF
 * is handed to the function. */

#include <flow.h>

struct part_interceptor {
    int (*intercept)(void *self, flow_batch *batch, flow_error **err);
    void *self;
};

struct part_selector {
    int (*select)(void *self, const flow_event *event, flow_route *route, flow_error **err);
    void *self;
    uint32_t flags;
};

struct part_group {
    int (*process)(void *self, flow_group *group, flow_error **err);
    void *self;
};

/* Without `poll` the source is event-driven.  `start` and `stop` may be NULL. */
struct part_source {
    int (*start)(void *self, flow_emitter *emitter, flow_error **err);
    int (*stop)(void *self, flow_error **err);
    int (*poll)(void *self, flow_emitter *emitter, flow_error **err);
    void *self;
};

void part_add_interceptor(flow_library *lib, const char *type, struct part_interceptor *part);
void part_add_selector(flow_library *lib, const char *type, struct part_selector *part);
void part_add_group(flow_library *lib, const char *type, struct part_group *part);
void part_add_source(flow_library *lib, const char *type, struct part_source *part);

#endif
