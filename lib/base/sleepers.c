/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Threads that wait by a false clock.  The one that moves it counts those it wakes as awake before
 * they run, so there is no moment at which a thread has something to do and nobody knows.
 */

#include "base/sleepers.h"

struct fl_sleeper {
    struct fl_sleepers *all;
    struct fl_sleeper *next;
    struct fl_gate *gate; /* where it waits; NULL: it is awake */
    int64_t deadline;
    int given_up; /* it is awake and does not count as that */
};

/* Locked, as are all functions but the public ones and forget. */
static void rouse(struct fl_sleeper *one)
{
    one->gate = NULL;
    one->all->awake++;
}

static void rest(struct fl_sleeper *one)
{
    if (one->given_up)
        one->all->came++;
    else
        one->all->awake--;
    one->given_up = 0;
    fl_lock_wake(&one->all->lock);
}

/* The end of a thread. */
static void forget(void *arg)
{
    struct fl_sleeper *one = arg;
    struct fl_sleepers *all = one->all;

    fl_lock(&all->lock);
    rest(one);
    struct fl_sleeper **link = &all->first;
    while (*link != one)
        link = &(*link)->next;
    *link = one->next;
    fl_unlock(&all->lock);
    fl_free(all->mem, one);
}

int fl_sleepers_init(struct fl_sleepers *sleepers, const flow_allocator *mem,
                     struct fl_clock *clock)
{
    *sleepers = (struct fl_sleepers){.mem = mem, .clock = clock};
    if (pthread_key_create(&sleepers->key, forget))
        return FLOW_ENOMEM;
    if (fl_lock_init(&sleepers->lock)) {
        pthread_key_delete(sleepers->key);
        return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

void fl_sleepers_destroy(struct fl_sleepers *sleepers)
{
    pthread_key_delete(sleepers->key);
    for (struct fl_sleeper *one = sleepers->first, *next; one; one = next) {
        next = one->next;
        fl_free(sleepers->mem, one);
    }
    fl_lock_destroy(&sleepers->lock);
}

void fl_sleepers_reset(struct fl_sleepers *sleepers)
{
    fl_lock(&sleepers->lock);
    sleepers->came = 0;
    sleepers->expected = 0;
    fl_unlock(&sleepers->lock);
}

void fl_sleepers_expect(struct fl_sleepers *sleepers, uint32_t threads)
{
    fl_lock(&sleepers->lock);
    sleepers->expected = threads;
    fl_unlock(&sleepers->lock);
}

/* Makes the calling thread known: it is awake. */
static struct fl_sleeper *introduce(struct fl_sleepers *sleepers)
{
    struct fl_sleeper *one = fl_zalloc(sleepers->mem, sizeof *one);

    if (!one || pthread_setspecific(sleepers->key, one)) {
        fl_free(sleepers->mem, one);
        return NULL;
    }
    one->all = sleepers;
    one->next = sleepers->first;
    sleepers->first = one;
    sleepers->came++;
    rouse(one);
    return one;
}

int64_t fl_sleepers_enter(struct fl_sleepers *sleepers, struct fl_gate *gate, int64_t ms)
{
    struct fl_sleeper *one = pthread_getspecific(sleepers->key);

    fl_lock(&sleepers->lock);
    int64_t deadline = fl_clock_after(sleepers->clock, ms);
    if (!one)
        one = introduce(sleepers);
    if (one) {
        one->gate = gate;
        one->deadline = deadline;
        rest(one);
    }
    fl_unlock(&sleepers->lock);
    return deadline;
}

void fl_sleepers_leave(struct fl_sleepers *sleepers)
{
    struct fl_sleeper *one = pthread_getspecific(sleepers->key);

    if (!one)
        return;
    fl_lock(&sleepers->lock);
    if (one->gate) /* ended by something other than the clock */
        rouse(one);
    fl_unlock(&sleepers->lock);
}

void fl_sleepers_drive(struct fl_sleepers *sleepers)
{
    atomic_store(&sleepers->driver, (uintptr_t)pthread_self());
}

int fl_sleepers_is_driver(struct fl_sleepers *sleepers)
{
    return atomic_load(&sleepers->driver) == (uintptr_t)pthread_self();
}

static void give_up(struct fl_sleepers *sleepers)
{
    for (struct fl_sleeper *one = sleepers->first; one; one = one->next)
        one->given_up = !one->gate;
    sleepers->came -= sleepers->awake;
    sleepers->awake = 0;
    sleepers->expected = 0;
}

static int settle(struct fl_sleepers *sleepers, int64_t patience_ms)
{
    int64_t deadline = fl_clock_after(fl_clock_system(), patience_ms);
    int rc = FLOW_OK;

    while (sleepers->awake > 0 || sleepers->came < sleepers->expected) {
        if (rc == FLOW_ETIMEDOUT) {
            give_up(sleepers);
            return rc;
        }
        rc = fl_lock_wait(&sleepers->lock, fl_clock_system(), deadline);
    }
    return FLOW_OK;
}

static int64_t first_deadline(const struct fl_sleepers *sleepers, int64_t end)
{
    for (const struct fl_sleeper *one = sleepers->first; one; one = one->next) {
        if (one->gate && one->deadline < end)
            end = one->deadline;
    }
    return end;
}

static void move(struct fl_sleepers *sleepers, int64_t to)
{
    fl_clock_false_advance(sleepers->clock, to - fl_clock_now(sleepers->clock));
    for (struct fl_sleeper *one = sleepers->first; one; one = one->next) {
        if (one->gate && one->deadline <= to) {
            fl_gate_open(one->gate);
            rouse(one);
        }
    }
}

int fl_sleepers_walk(struct fl_sleepers *sleepers, int64_t end, int64_t patience_ms)
{
    int rc = FLOW_OK;

    fl_lock(&sleepers->lock);
    if (settle(sleepers, patience_ms))
        rc = FLOW_ETIMEDOUT;
    while (fl_clock_now(sleepers->clock) < end) {
        move(sleepers, first_deadline(sleepers, end));
        if (settle(sleepers, patience_ms))
            rc = FLOW_ETIMEDOUT;
    }
    fl_unlock(&sleepers->lock);
    return rc;
}
