/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_THREAD_H
#define FL_BASE_THREAD_H

/*
 * Threads, locks and waiting.  A thread of ours blocks all signals, so the host's handlers never
 * run on it.  Waiting follows a fl_clock, which may be false.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"

struct fl_thread {
    pthread_t id;
    int started;
};

/* Starts FN(ARG) on a new thread called NAME (cut to 15 bytes).  FLOW_ENOMEM when there is none. */
int fl_thread_start(struct fl_thread *thread, const char *name, void (*fn)(void *arg), void *arg);

/* Waits for its end; does nothing when it was not started. */
void fl_thread_join(struct fl_thread *thread);

/* The name of the calling thread when it is one of ours, else "". ROOM is at least 16. */
const char *fl_thread_name(char *room, size_t size);

/* A lock with a condition, as every waiting place needs both. */
struct fl_lock {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
};

int fl_lock_init(struct fl_lock *lock);
void fl_lock_destroy(struct fl_lock *lock);
static inline void fl_lock(struct fl_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
}
static inline void fl_unlock(struct fl_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}
void fl_lock_wake(struct fl_lock *lock);

/* Waits, locked, for a wake or until DEADLINE; returns FLOW_ETIMEDOUT after it, else FLOW_OK.  May
 * wake for no reason. */
int fl_lock_wait(struct fl_lock *lock, const struct fl_clock *clock, int64_t deadline);

/*
 * A gate: those who wait pass when it was opened since they last looked.
 *
 *     uint32_t seen = fl_gate_look(gate);
 *     while (!condition) { fl_gate_wait(gate, seen, clock, deadline); seen = fl_gate_look(gate); }
 *
 * Opening a gate at which nobody waits costs one atomic addition.
 */
struct fl_gate {
    struct fl_lock lock;
    _Atomic uint32_t opened;
    _Atomic uint32_t waiting; /* with those who listen */
    struct fl_gate_ear *ears; /* under `lock` */
};

int fl_gate_init(struct fl_gate *gate);
void fl_gate_destroy(struct fl_gate *gate);
static inline uint32_t fl_gate_look(struct fl_gate *gate)
{
    return atomic_load(&gate->opened);
}
void fl_gate_open(struct fl_gate *gate);

/* FLOW_OK when it was opened since SEEN, FLOW_ETIMEDOUT when DEADLINE came first. */
int fl_gate_wait(struct fl_gate *gate, uint32_t seen, const struct fl_clock *clock,
                 int64_t deadline);

/*
 * For who waits elsewhere, perhaps for several gates: HEARD(ARG) is called, under the gate's lock,
 * each time it is opened, from fl_gate_listen to fl_gate_leave.  An opening before that is not
 * heard, but what came with it can be seen once fl_gate_listen has returned.
 */
struct fl_gate_ear {
    void (*heard)(void *arg);
    void *arg;
    struct fl_gate_ear *next;
};

void fl_gate_listen(struct fl_gate *gate, struct fl_gate_ear *ear);
void fl_gate_leave(struct fl_gate *gate, struct fl_gate_ear *ear);

#endif
