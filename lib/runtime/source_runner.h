/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_SOURCE_RUNNER_H
#define FL_RUNTIME_SOURCE_RUNNER_H

/*
 * One source at work.  A polled source has a thread; an event-driven one has a thread of ours only
 * while it is started or stopped, so that neither can hold up the host; an inlet has none at all.
 */

#include "runtime/emitter.h"
#include "runtime/supervisor.h"
#include "runtime/worker.h"

struct fl_source_runner {
    const flow_allocator *mem;
    flow_context *ctx;
    const flow_source_ops *ops;
    void *self;
    flow_emitter *emitter;
    struct fl_supervised start;
    struct fl_fault_log faults;
    struct fl_worker worker;
    int64_t backoff_increment, backoff_max; /* ms */
    int stop_begun;                         /* the thread for `stop` was started */
};

/* Makes the source PLAN, which emits to CHANNELS (of flow_channel *). */
int fl_source_runner_new(const struct fl_site *site, const struct fl_plan_source *plan,
                         const struct fl_vec *channels, struct fl_source_runner **runner,
                         flow_error **err);
void fl_source_runner_free(struct fl_source_runner *runner);

/* Makes it ready to start, which fl_source_runner_hurry undoes. */
void fl_source_runner_resume(struct fl_source_runner *runner);

/* Ends whatever the source waits for, also in its `start`, until fl_source_runner_resume.  From any
 * thread. */
void fl_source_runner_hurry(struct fl_source_runner *runner);

int fl_source_runner_start(struct fl_source_runner *runner, flow_error **err);

/* Tells the source to stop, without waiting. */
void fl_source_runner_stop(struct fl_source_runner *runner);

/* Waits until the source has stopped and nobody emits; FLOW_ETIMEDOUT at DEADLINE of the system's
 * clock, after which it may be called again. */
int fl_source_runner_join(struct fl_source_runner *runner, int64_t deadline);

/* 1 when called from a callback of the source or of what follows it. */
int fl_source_runner_is_caller(const struct fl_source_runner *runner);

#endif
