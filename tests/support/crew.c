/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include <check.h>

#include "await.h"
#include "crew.h"

void crew_set_up(struct crew *crew)
{
    static const char *const types[CREW] = {"p1", "p2", "p3"};

    memset(crew, 0, sizeof *crew);
    rig_init(&crew->rig, 1);
    for (size_t i = 0; i < CREW; i++) {
        probe_register(&crew->probes[i], &crew->rig, types[i]);
        crew->probes[i].answer = FLOW_READY;
    }
}

void crew_tear_down(struct crew *crew)
{
    rig_free(&crew->rig);
    for (size_t i = 0; i < CREW; i++)
        probe_free(&crew->probes[i]);
}

void crew_build(struct crew *crew, const char *more)
{
    char text[8192];

    ck_assert_int_lt(snprintf(text, sizeof text, CREW_PIPELINE "%s", more), (int)sizeof text);
    rig_build(&crew->rig, text);
}

void crew_push(struct crew *crew, unsigned count)
{
    rig_push(&crew->rig, crew->pushed, count);
    crew->pushed += count;
}

int64_t crew_delivered(struct crew *crew, size_t sink)
{
    const char *const names[CREW] = {"k1", "k2", "k3"};

    return rig_metric(&crew->rig, names[sink], "EventDrainSuccessCount");
}

static int64_t all_delivered(struct crew *crew)
{
    int64_t sum = 0;

    for (size_t i = 0; i < CREW; i++)
        sum += crew_delivered(crew, i);
    return sum;
}

int crew_asked(struct crew *crew, size_t sink)
{
    return probe_read(&crew->probes[sink], &crew->probes[sink].processes);
}

void crew_await_all(struct crew *crew)
{
    while (all_delivered(crew) < crew->pushed)
        await_a_moment();
    ck_assert_int_eq(all_delivered(crew), crew->pushed);
}

void crew_tick_until_all(struct crew *crew)
{
    while (all_delivered(crew) < crew->pushed)
        rig_tick(&crew->rig);
    ck_assert_int_eq(all_delivered(crew), crew->pushed);
}

size_t crew_send(struct crew *crew)
{
    int64_t before[CREW];
    size_t sink = 0;

    for (size_t i = 0; i < CREW; i++)
        before[i] = crew_delivered(crew, i);
    crew_push(crew, 1);
    crew_await_all(crew);
    while (crew_delivered(crew, sink) == before[sink])
        sink++;
    return sink;
}

void crew_fail(struct crew *crew, size_t sink, int count)
{
    struct probe *probe = &crew->probes[sink];

    pthread_mutex_lock(&probe->lock);
    probe->fails = count;
    pthread_mutex_unlock(&probe->lock);
}
