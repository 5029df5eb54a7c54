/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CREW_H
#define TESTS_SUPPORT_CREW_H

/* Three probes in one group, which take from one channel, under a clock that only the test moves.
 */

#include "probe.h"

#define CREW 3

/* From the inlet r1 through the channel c1 to the sinks k1, k2 and k3 of the group g1; later lines
 * replace these.  The processor is still to be said. */
#define CREW_PIPELINE                                                                              \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sinks = k1 k2 k3\n"                                                                        \
    "a1.sinkgroups = g1\n"                                                                         \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.channels.c1.type = memory\n"                                                               \
    "a1.channels.c1.capacity = 1000\n"                                                             \
    "a1.channels.c1.transactionCapacity = 1000\n"                                                  \
    "a1.sinks.k1.type = p1\n"                                                                      \
    "a1.sinks.k1.channel = c1\n"                                                                   \
    "a1.sinks.k2.type = p2\n"                                                                      \
    "a1.sinks.k2.channel = c1\n"                                                                   \
    "a1.sinks.k3.type = p3\n"                                                                      \
    "a1.sinks.k3.channel = c1\n"                                                                   \
    "a1.sinkgroups.g1.sinks = k1 k2 k3\n"
#define CREW_PROCESSOR "a1.sinkgroups.g1.processor."

struct crew {
    struct rig rig;
    struct probe probes[CREW];
    unsigned pushed; /* events so far; their bodies are numbers from 0 on */
};

void crew_set_up(struct crew *crew);
void crew_tear_down(struct crew *crew);

/* Builds the pipeline with MORE lines. */
void crew_build(struct crew *crew, const char *more);

/* Pushes COUNT events through r1. */
void crew_push(struct crew *crew, unsigned count);

/* Pushes one event and waits until a sink of the group has it, whose index it returns. */
size_t crew_send(struct crew *crew);

/* Events that a sink has delivered; transactions that it was asked for. */
int64_t crew_delivered(struct crew *crew, size_t sink);
int crew_asked(struct crew *crew, size_t sink);

/* Waits until the sinks together have delivered all that was pushed. */
void crew_await_all(struct crew *crew);

/* Lets time pass until then. */
void crew_tick_until_all(struct crew *crew);

/* From now on the sink fails COUNT times; a count that never ends is INT_MAX. */
void crew_fail(struct crew *crew, size_t sink, int count);

#endif
