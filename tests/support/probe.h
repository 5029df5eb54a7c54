/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PROBE_H
#define TESTS_SUPPORT_PROBE_H

/* A sink of the test's own, type "probe": what it answers is scripted, what it gets is noted. */

#include "rig.h"

#define PROBE_HELD 64

/* From the inlet r1 through the channel c1 to the probe k1; later lines replace these. */
#define PROBE_PIPELINE                                                                             \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sinks = k1\n"                                                                              \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.channels.c1.type = memory\n"                                                               \
    "a1.channels.c1.capacity = 1000\n"                                                             \
    "a1.channels.c1.transactionCapacity = 1000\n"                                                  \
    "a1.sinks.k1.type = probe\n"                                                                   \
    "a1.sinks.k1.channel = c1\n"

struct probe {
    struct rig *rig;
    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t changed;
    struct rig_bodies *got; /* in order of `process`; retries come again */
    size_t batch;           /* events taken at once; 0 means 100 */
    uint32_t max_pending;   /* above 0: process answers FLOW_PENDING and holds the transaction */
    int answer;             /* else what process answers, when it got events */
    int fails;              /* as many times process fails first */
    int start_fails;        /* as many times start fails first */
    int blocked;            /* process, once in, stays until this is 0 */
    int inside;             /* process is running */
    int starts, stops, flushes, timers, processes;
    int64_t deadline;          /* INT64_MAX: never */
    int64_t times[PROBE_HELD]; /* of the first calls of process, on the rig's clock */
    int64_t timer_time;
    int (*hook)(struct probe *probe, flow_txn *txn, flow_error **err); /* instead of all this */
    void *hook_self;
    flow_txn *held[PROBE_HELD];
    size_t held_count;
};

/* Registers type "probe"; each sink of that type shares PROBE. */
void probe_register(struct probe *probe, struct rig *rig, const char *type);
void probe_free(struct probe *probe);

/* A rig with a probe in it, in which nothing is built yet. */
void probe_set_up(struct rig *rig, struct probe *probe, int false_clock);
void probe_tear_down(struct rig *rig, struct probe *probe);

/* Waits until the sink holds COUNT transactions. */
void probe_await_held(struct probe *probe, size_t count);
void probe_await_inside(struct probe *probe);
void probe_await_got(struct probe *probe, size_t count);
void probe_unblock(struct probe *probe);

/* Ends the held transaction at INDEX. */
void probe_done(struct probe *probe, size_t index, int result);

/* Ends the test unless it got the numbers from FIRST on, COUNT of them. */
void probe_expect(struct probe *probe, unsigned first, unsigned count);

/* Reads one of the numbers above under the lock. */
int probe_read(struct probe *probe, const int *number);

#endif
