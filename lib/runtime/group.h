/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_GROUP_H
#define FL_RUNTIME_GROUP_H

/* A sink processor, which decides which sink of a runner gets the next transaction. */

#include <flow/group.h>

#include "runtime/sink_runner.h"

struct flow_group {
    const flow_allocator *mem;
    flow_context *ctx;
    const flow_group_ops *ops;
    void *self;
    struct fl_sink_runner *runner;
    struct fl_fault_log faults;
    _Atomic uintptr_t inside; /* the thread that is in `process`, 0: none */
    int ran_dry;              /* the last transaction saw the end of its channel */
};

/* Makes the processor PART of RUNNER, which has all its sinks, and hands it to the runner. */
int fl_group_new(const struct fl_site *site, const struct fl_part *part,
                 struct fl_sink_runner *runner, flow_error **err);
void fl_group_free(flow_group *group);

/* Calls the processor once. */
int fl_group_process(flow_group *group, flow_error **err);

#endif
