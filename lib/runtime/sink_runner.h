/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_SINK_RUNNER_H
#define FL_RUNTIME_SINK_RUNNER_H

/* The thread of one sink, or of the sinks of one group. */

#include "runtime/sink_unit.h"
#include "runtime/worker.h"

struct fl_group;

struct fl_sink_runner {
    const char *name; /* of the sink or group */
    const struct fl_clock *clock;
    struct fl_vec units;    /* of struct fl_sink_unit *, owned */
    struct fl_group *group; /* NULL for a sink that runs alone */
    flow_channel *channel;  /* where it sleeps; NULL when its sinks take from several */
    struct fl_fault_log *faults;
    struct fl_worker worker;
    struct fl_waker waker;
    const _Atomic int *draining; /* the pipeline's */
    _Atomic int flushed;  /* while it is drained: all was asked for since the last transaction */
    int64_t paused_until; /* 0: not paused */
    uint64_t backoffs;    /* in a row */
    size_t dry;           /* transactions in a row that found nothing, though there are events */
};

/* Makes a runner without sinks. */
int fl_sink_runner_new(const struct fl_site *site, const char *name, struct fl_sink_runner **runner,
                       flow_error **err);
void fl_sink_runner_free(struct fl_sink_runner *runner);

/* Makes the sink PART and adds it. */
int fl_sink_runner_add(struct fl_sink_runner *runner, const struct fl_site *site,
                       const struct fl_part *part, flow_channel *channel, flow_error **err);
struct fl_sink_unit *fl_sink_runner_unit(const struct fl_sink_runner *runner, size_t index);

/* The context that stands for the runner in messages: the group's or the sink's. */
const flow_context *fl_sink_runner_context(const struct fl_sink_runner *runner);

/* Makes it ready to start, which fl_sink_runner_stop undoes. */
void fl_sink_runner_resume(struct fl_sink_runner *runner);
int fl_sink_runner_start(struct fl_sink_runner *runner, flow_error **err);

/* Ends whatever its sinks wait for, also in their `start`, and then it, without waiting for that.
 * From any thread. */
void fl_sink_runner_stop(struct fl_sink_runner *runner);

/* Waits for its end; FLOW_ETIMEDOUT at DEADLINE of the system's clock. */
int fl_sink_runner_join(struct fl_sink_runner *runner, int64_t deadline);

/* Begins to drain: empty channels are followed by `flush`. */
void fl_sink_runner_drain(struct fl_sink_runner *runner);

/* How many transactions its sinks have begun, or ended, ever. */
uint64_t fl_sink_runner_begun(const struct fl_sink_runner *runner);
uint64_t fl_sink_runner_ended(const struct fl_sink_runner *runner);

/* For groups: what a round does before a transaction, and when the next one is wanted. */
int64_t fl_sink_runner_tend(struct fl_sink_runner *runner);
int fl_sink_runner_stopping(const struct fl_sink_runner *runner);

#endif
