/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_GROUP_H
#define FL_RUNTIME_GROUP_H

/* A sink processor, which decides which sink of a runner gets the next transaction. */

#include "core/group.h"
#include "runtime/sink_runner.h"

struct fl_group_counters {
    flow_counter *sink_failures, *failovers, *failures;
};

struct fl_group {
    flow_group shown; /* to the processor; comes first */
    const flow_allocator *mem;
    flow_context *ctx;
    const flow_group_ops *ops;
    void *self;
    struct fl_sink_runner *runner;
    struct fl_fault_log faults;
    struct fl_group_counters counters;
    const char **names;       /* of its sinks */
    _Atomic uintptr_t inside; /* the thread that is in `process`, 0: none */
    int failed;               /* a sink has failed since `process` was called */
    int ran_dry;              /* the last transaction saw the end of its channel */
};

/* Makes the processor PART of RUNNER, which has all its sinks, and hands it to the runner. */
int fl_group_new(const struct fl_site *site, const struct fl_part *part,
                 struct fl_sink_runner *runner, flow_error **err);
void fl_group_free(struct fl_group *group);

/* Tells what delivery through several sinks is worth. */
void fl_group_tell(const struct fl_group *group);

/* Calls the processor once. */
int fl_group_process(struct fl_group *group, flow_error **err);

#endif
