/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_SINK_UNIT_H
#define FL_RUNTIME_SINK_UNIT_H

/*
 * One sink at work: its start and stop, its transactions, and what it does on time.  Nothing in
 * here waits, so that a runner, a group and a test's harness can all move it.
 */

#include "runtime/pending.h"
#include "runtime/supervisor.h"
#include "runtime/waker.h"

struct fl_sink_counters {
    flow_counter *attempted, *delivered;
    flow_counter *empty, *underflow, *complete;
    flow_counter *write_fails, *read_fails;
};

struct fl_sink_unit {
    flow_context *ctx;
    const flow_sink_ops *ops;
    void *self;
    flow_channel *channel;
    struct fl_waker *waker; /* of the runner */
    struct fl_gate_ear ear; /* at its channel, while the runner sleeps on several */
    struct fl_supervised start;
    struct fl_fault_log faults;
    struct fl_fault_log timer_faults;
    struct fl_lock lock; /* guards what flow_txn_done writes: to the entries of `pending`, and */
    struct fl_pending *first_done, **last_done; /* those that are to be settled, in order */
    struct fl_pending_list pending;
    struct fl_txn_owner owner;
    uint32_t max_pending;
    int64_t deadline;              /* when `timer` is due */
    int failing;                   /* a failure waits to be rolled back: nothing new is begun */
    int marks_failing;             /* and so do marks, so that no later one is to be stored */
    int stopped;                   /* the sink is told nothing more */
    int ran_dry;                   /* the last transaction saw the end of the channel */
    int held_back;                 /* the sink was given events since `flush` */
    int last_result;               /* of the last transaction that ended */
    flow_error *failure;           /* of the last one that failed, until somebody takes it */
    _Atomic uint64_t begun, ended; /* transactions */
    struct fl_sink_counters counters;
};

/* Makes the sink PART, which takes from CHANNEL. */
int fl_sink_unit_new(const struct fl_site *site, const struct fl_part *part, flow_channel *channel,
                     struct fl_sink_unit **unit, flow_error **err);
void fl_sink_unit_free(struct fl_sink_unit *unit);

/* Starts, settles what is done and calls the timer, each when it is due. */
void fl_sink_unit_tend(struct fl_sink_unit *unit);

/* When fl_sink_unit_tend is wanted next. */
int64_t fl_sink_unit_wake(const struct fl_sink_unit *unit);

/* 1 when another transaction may be begun. */
int fl_sink_unit_may_run(const struct fl_sink_unit *unit);

/* 1 when its channel is open and has events for it. */
int fl_sink_unit_has_events(const struct fl_sink_unit *unit);

/* Runs one transaction.  Returns the sink's answer, or the error for which it was rolled back. */
int fl_sink_unit_run(struct fl_sink_unit *unit, flow_error **err);

/* Commits the pending transactions that succeeded, in the order in which they were done, and rolls
 * back those that failed once nothing newer is open. */
void fl_sink_unit_settle(struct fl_sink_unit *unit);

/* Calls `timer` when it is due. */
int fl_sink_unit_timer(struct fl_sink_unit *unit, flow_error **err);

/* The failure of a transaction since the last call, which the caller frees; NULL: none. */
flow_error *fl_sink_unit_failure(struct fl_sink_unit *unit);

/* Tells the sink that no more events come for a while. */
void fl_sink_unit_flush(struct fl_sink_unit *unit);

/* Stops the sink and rolls back what it has left undone. */
int fl_sink_unit_stop(struct fl_sink_unit *unit, flow_error **err);

#endif
