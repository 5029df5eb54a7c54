/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Threads and waiting.  A thread is known as ours by its name in the kernel, which begins with
 * "flow-": asking costs a system call, but needs neither a table nor thread-local storage.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/thread.h"

#define PREFIX "flow-"
#define NAME_SIZE 16 /* what the kernel keeps, NUL included */

/* How long a wait on a false clock sleeps before it looks at that clock again. */
#define SLICE_MS 1

struct start {
    void (*fn)(void *arg);
    void *arg;
    char name[NAME_SIZE];
};

static void *run(void *arg)
{
    struct start start = *(struct start *)arg;

    fl_free(NULL, arg);
    pthread_setname_np(pthread_self(), start.name);
    start.fn(start.arg);
    return NULL;
}

static int create(pthread_t *id, struct start *start)
{
    sigset_t all;
    sigset_t old;

    /* A thread inherits its creator's mask, so no signal finds it open even for a moment. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(id, NULL, run, start);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc ? FLOW_ENOMEM : FLOW_OK;
}

int fl_thread_start(struct fl_thread *thread, const char *name, void (*fn)(void *arg), void *arg)
{
    struct start *start = fl_alloc(NULL, sizeof *start);

    thread->started = 0;
    if (!start)
        return FLOW_ENOMEM;
    start->fn = fn;
    start->arg = arg;
    const char *prefix = strncmp(name, PREFIX, strlen(PREFIX)) ? PREFIX : "";
    snprintf(start->name, sizeof start->name, "%s%s", prefix, name);

    if (create(&thread->id, start)) {
        fl_free(NULL, start);
        return FLOW_ENOMEM;
    }
    thread->started = 1;
    return FLOW_OK;
}

void fl_thread_join(struct fl_thread *thread)
{
    if (thread->started)
        pthread_join(thread->id, NULL);
    thread->started = 0;
}

const char *fl_thread_name(char *room, size_t size)
{
    if (size < NAME_SIZE || prctl(PR_GET_NAME, room) || strncmp(room, PREFIX, strlen(PREFIX)))
        return "";
    return room;
}

/* A condition whose deadlines count on the clock that nobody sets. */
static int init_condition(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    if (pthread_condattr_init(&attributes))
        return FLOW_ENOMEM;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
    return rc ? FLOW_ENOMEM : FLOW_OK;
}

int fl_lock_init(struct fl_lock *lock)
{
    if (pthread_mutex_init(&lock->mutex, NULL))
        return FLOW_ENOMEM;
    if (init_condition(&lock->cond)) {
        pthread_mutex_destroy(&lock->mutex);
        return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

void fl_lock_destroy(struct fl_lock *lock)
{
    pthread_cond_destroy(&lock->cond);
    pthread_mutex_destroy(&lock->mutex);
}

void fl_lock_wake(struct fl_lock *lock)
{
    pthread_cond_broadcast(&lock->cond);
}

/* Waits until a time of the system's clock; returns whether it was reached. */
static int wait_until(struct fl_lock *lock, int64_t deadline)
{
    const struct timespec time = {
        .tv_sec = (time_t)(deadline / 1000),
        .tv_nsec = (long)(deadline % 1000) * 1000000,
    };

    return pthread_cond_timedwait(&lock->cond, &lock->mutex, &time) == ETIMEDOUT;
}

/* Nobody wakes those who wait when a false clock moves, so they look at it now and then.  Every
 * slice ends as if woken: one that ran out may have been woken too, just before it had the lock. */
static int wait_false(struct fl_lock *lock, const struct fl_clock *clock, int64_t deadline)
{
    if (fl_clock_now(clock) >= deadline)
        return FLOW_ETIMEDOUT;
    wait_until(lock, fl_clock_after(fl_clock_system(), SLICE_MS));
    return FLOW_OK;
}

int fl_lock_wait(struct fl_lock *lock, const struct fl_clock *clock, int64_t deadline)
{
    if (deadline == FL_NEVER) {
        pthread_cond_wait(&lock->cond, &lock->mutex);
        return FLOW_OK;
    }
    if (fl_clock_is_false(clock))
        return wait_false(lock, clock, deadline);
    if (deadline < 0)
        deadline = 0;
    return wait_until(lock, deadline) ? FLOW_ETIMEDOUT : FLOW_OK;
}

int fl_gate_init(struct fl_gate *gate)
{
    atomic_init(&gate->opened, 0);
    atomic_init(&gate->waiting, 0);
    gate->ears = NULL;
    return fl_lock_init(&gate->lock);
}

void fl_gate_destroy(struct fl_gate *gate)
{
    fl_lock_destroy(&gate->lock);
}

/*
 * The opener counts and then looks for waiters; a waiter announces itself and then looks at the
 * count.  All four are sequentially consistent, so at least one of the two sees the other.
 */
void fl_gate_open(struct fl_gate *gate)
{
    atomic_fetch_add(&gate->opened, 1);
    if (atomic_load(&gate->waiting) == 0)
        return;
    fl_lock(&gate->lock);
    fl_lock_wake(&gate->lock);
    for (struct fl_gate_ear *ear = gate->ears; ear; ear = ear->next)
        ear->heard(ear->arg);
    fl_unlock(&gate->lock);
}

int fl_gate_wait(struct fl_gate *gate, uint32_t seen, const struct fl_clock *clock,
                 int64_t deadline)
{
    int rc = FLOW_OK;

    if (fl_gate_look(gate) != seen)
        return FLOW_OK;

    fl_lock(&gate->lock);
    atomic_fetch_add(&gate->waiting, 1);
    while (rc == FLOW_OK && fl_gate_look(gate) == seen)
        rc = fl_lock_wait(&gate->lock, clock, deadline);
    atomic_fetch_sub(&gate->waiting, 1);
    /* An opening that came together with the deadline counts. */
    if (fl_gate_look(gate) != seen)
        rc = FLOW_OK;
    fl_unlock(&gate->lock);
    return rc;
}

/* Who listens counts as waiting, and then looks, for the same reason. */
void fl_gate_listen(struct fl_gate *gate, struct fl_gate_ear *ear)
{
    fl_lock(&gate->lock);
    ear->next = gate->ears;
    gate->ears = ear;
    atomic_fetch_add(&gate->waiting, 1);
    fl_unlock(&gate->lock);
    fl_gate_look(gate);
}

void fl_gate_leave(struct fl_gate *gate, struct fl_gate_ear *ear)
{
    struct fl_gate_ear **place = &gate->ears;

    fl_lock(&gate->lock);
    while (*place != ear)
        place = &(*place)->next;
    *place = ear->next;
    atomic_fetch_sub(&gate->waiting, 1);
    fl_unlock(&gate->lock);
}
