/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_SLEEPERS_H
#define FL_BASE_SLEEPERS_H

/*
 * The threads that wait by a false clock.  Whoever moves the clock goes from the end of one wait to
 * the next, and lets the threads that it wakes come to rest in between: so no wait begins too late
 * for the clock, or ends later than it should.  A thread is known from its first wait to its end.
 */

#include "base/thread.h"

/* How long of real time threads get to come to rest; only what waits elsewhere needs more. */
#define FL_SLEEPERS_PATIENCE_MS 5000

struct fl_sleeper; /* a thread that is known */

struct fl_sleepers {
    const flow_allocator *mem;
    struct fl_clock *clock;
    _Atomic uintptr_t driver; /* the thread that moves the clock */
    pthread_key_t key;        /* a thread's sleeper: how its end is noticed */
    struct fl_lock lock;      /* guards the rest */
    struct fl_sleeper *first;
    uint32_t awake;    /* threads that are at work and will come to rest */
    uint32_t came;     /* threads known since fl_sleepers_reset, but those that were given up */
    uint32_t expected; /* as many have to have come before the clock moves */
};

int fl_sleepers_init(struct fl_sleepers *sleepers, const flow_allocator *mem,
                     struct fl_clock *clock);
void fl_sleepers_destroy(struct fl_sleepers *sleepers);

/* Begins to count the threads that come; none is expected. */
void fl_sleepers_reset(struct fl_sleepers *sleepers);
void fl_sleepers_expect(struct fl_sleepers *sleepers, uint32_t threads);

/* The calling thread is to wait at GATE for MS, more than 0, until the time that is returned; GATE
 * is opened then.  Without memory for that the clock is not held up by the thread. */
int64_t fl_sleepers_enter(struct fl_sleepers *sleepers, struct fl_gate *gate, int64_t ms);
void fl_sleepers_leave(struct fl_sleepers *sleepers);

/* Makes the caller the one that moves the clock. */
void fl_sleepers_drive(struct fl_sleepers *sleepers);
int fl_sleepers_is_driver(struct fl_sleepers *sleepers);

/*
 * Moves the clock to END, if it is not there yet, by way of all deadlines before.  Each time, and
 * at END too, the threads at work get up to PATIENCE_MS of real time to wait again or end.  Those
 * that do not are not waited for before they wait again; then it returns FLOW_ETIMEDOUT.
 */
int fl_sleepers_walk(struct fl_sleepers *sleepers, int64_t end, int64_t patience_ms);

#endif
