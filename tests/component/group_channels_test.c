/* SPDX-License-Identifier: Apache-2.0 */

/* Groups whose sinks take from different channels, or through different consumers of one. */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "parts.h"
#include "places.h"
#include "suite.h"

/* k1 and k3 take from c1, which r1 fills, and k2 from c2, which r2 fills. */
#define TWO_CHANNELS                                                                               \
    "a1.sources = r1 r2\n"                                                                         \
    "a1.channels = c1 c2\n"                                                                        \
    "a1.sources.r2.type = inlet\n"                                                                 \
    "a1.sources.r2.channels = c2\n"                                                                \
    "a1.channels.c2.type = memory\n"                                                               \
    "a1.sinks.k2.channel = c2\n"
#define FAILOVER                                                                                   \
    CREW_PROCESSOR "type = failover\n" CREW_PROCESSOR "priority.k1 = 3\n" CREW_PROCESSOR           \
                   "priority.k2 = 2\n" CREW_PROCESSOR "priority.k3 = 1\n"
#define BALANCE CREW_PROCESSOR "type = load_balance\n"

static struct crew crew;

static void set_up(void)
{
    crew_set_up(&crew);
}

static void tear_down(void)
{
    crew_tear_down(&crew);
}

static void up(const char *more)
{
    crew_build(&crew, more);
    rig_start(&crew.rig);
}

static void push_to(const char *inlet, unsigned first, unsigned count)
{
    flow_batch *batch = rig_batch(&crew.rig, first, count);

    ck_assert_int_eq(flow_inlet_push_batch(rig_inlet(&crew.rig, inlet), batch, 0, NULL), FLOW_OK);
    flow_batch_free(batch);
}

static void await(const char *sink, int64_t count)
{
    rig_await(&crew.rig, sink, "EventDrainSuccessCount", count);
}

/* Time stands still, so nobody is woken by it. */
static void expect_both_drained(void)
{
    for (unsigned i = 0; i < 20; i++) {
        push_to("r2", i, 1);
        await("k2", i + 1);
    }
    for (unsigned i = 0; i < 20; i++) {
        push_to("r1", i, 1);
        while (crew_delivered(&crew, 0) + crew_delivered(&crew, 2) <= i)
            continue;
    }
}

/* In Flume the channel of a sink of lower priority fills up, as that sink is never asked. */
START_TEST(failover_drains_all_channels)
{
    up(TWO_CHANNELS FAILOVER);
    expect_both_drained();
    ck_assert_int_eq(crew_delivered(&crew, 2), 0);
}
END_TEST

START_TEST(load_balance_drains_all_channels)
{
    up(TWO_CHANNELS BALANCE);
    expect_both_drained();
}
END_TEST

START_TEST(a_full_channel_does_not_wait_for_an_empty_one)
{
    up(TWO_CHANNELS BALANCE);
    crew.probes[1].batch = 1;
    push_to("r2", 0, 100);
    await("k2", 100);
    ck_assert_int_eq(rig_now(&crew.rig), 0);
}
END_TEST

START_TEST(events_go_only_to_sinks_of_their_channel)
{
    up(TWO_CHANNELS FAILOVER);
    crew_fail(&crew, 0, INT_MAX);
    push_to("r1", 0, 10);
    await("k3", 10);
    push_to("r2", 50, 10);
    await("k2", 10);
    probe_expect(&crew.probes[2], 0, 10);
    probe_expect(&crew.probes[1], 50, 10);
}
END_TEST

/* A sink whose channel is empty says nothing of whether it works, so nobody is asked. */
START_TEST(a_group_with_several_channels_rests_when_all_are_empty)
{
    up(TWO_CHANNELS BALANCE);
    push_to("r1", 0, 1);
    push_to("r2", 0, 1);
    await("k2", 1);
    while (crew_delivered(&crew, 0) + crew_delivered(&crew, 2) < 1)
        continue;
    int asked = crew_asked(&crew, 0) + crew_asked(&crew, 1) + crew_asked(&crew, 2);
    for (int i = 0; i < 200; i++)
        rig_advance(&crew.rig, 1000);
    for (int i = 0; i < 5; i++)
        rig_tick(&crew.rig);
    ck_assert_int_eq(crew_asked(&crew, 0) + crew_asked(&crew, 1) + crew_asked(&crew, 2), asked);
    rig_stop(&crew.rig);
}
END_TEST

START_TEST(a_drain_empties_all_channels)
{
    up(TWO_CHANNELS FAILOVER);
    push_to("r1", 0, 100);
    push_to("r2", 0, 100);
    ck_assert_int_eq(flow_pipeline_drain(crew.rig.pipeline, 60000, NULL), FLOW_OK);
    ck_assert_int_eq(crew_delivered(&crew, 0), 100);
    ck_assert_int_eq(crew_delivered(&crew, 1), 100);
}
END_TEST

/* ---- a processor that knows nothing of channels ---- */

static int always_first(void *self, flow_group *group, flow_error **err)
{
    ++*(int *)self;
    return flow_group_run(group, 0, err);
}

static int in_turn(void *self, flow_group *group, flow_error **err)
{
    return flow_group_run(group, (size_t)(++*(int *)self % CREW), err);
}

START_TEST(a_processor_that_asks_all_in_turn_does_not_pause)
{
    int calls = 0;
    struct part_group group = {in_turn, &calls};

    part_add_group(crew.rig.lib, "in_turn", &group);
    up(TWO_CHANNELS CREW_PROCESSOR "type = in_turn\n");
    crew.probes[1].batch = 1;
    push_to("r2", 0, 100);
    await("k2", 100);
    ck_assert_int_eq(rig_now(&crew.rig), 0);
    rig_stop(&crew.rig);
}
END_TEST

/* It is asked again at once, once for each sink, and then with pauses. */
START_TEST(a_processor_that_stays_at_an_empty_channel_does_not_spin)
{
    int calls = 0;
    struct part_group group = {always_first, &calls};

    part_add_group(crew.rig.lib, "first", &group);
    up(TWO_CHANNELS CREW_PROCESSOR "type = first\n");
    push_to("r2", 0, 1);
    for (int i = 0; i < 100; i++)
        rig_tick(&crew.rig);
    rig_stop(&crew.rig);
    ck_assert_int_ge(calls, 3);
    ck_assert_int_le(calls, 3 * 6);
}
END_TEST

/* ---- consumers ---- */

#define FILE_CHANNEL                                                                               \
    "a1.channels.c1.type = file\n"                                                                 \
    "a1.channels.c1.checkpointDir = %s/c\n"                                                        \
    "a1.channels.c1.dataDirs = %s/d\n"                                                             \
    "a1.channels.c1.minimumRequiredSpace = 1048576\n"

static void up_on_disk(const struct places *places, const char *more)
{
    char text[4096];

    snprintf(text, sizeof text, FILE_CHANNEL "%s", places->root, places->root, more);
    up(text);
}

/* k1 and k3 share one consumer, and k2 has its own: both see every event. */
START_TEST(each_consumer_of_a_group_sees_every_event)
{
    struct places places;

    places_init(&places, 1);
    up_on_disk(&places, FAILOVER "a1.sinks.k1.consumer = one\n"
                                 "a1.sinks.k2.consumer = two\n"
                                 "a1.sinks.k3.consumer = one\n");
    crew_fail(&crew, 0, INT_MAX);
    push_to("r1", 0, 10);
    await("k2", 10);
    await("k3", 10);
    push_to("r1", 10, 10);
    await("k2", 20);
    await("k3", 20);
    probe_expect(&crew.probes[1], 0, 20);
    probe_expect(&crew.probes[2], 0, 20);
    rig_stop(&crew.rig);
    places_free(&places);
}
END_TEST

START_TEST(sinks_of_one_named_consumer_stand_in_for_each_other)
{
    struct places places;

    places_init(&places, 1);
    up_on_disk(&places, FAILOVER "a1.sinks.k1.consumer = one\n"
                                 "a1.sinks.k2.consumer = one\n"
                                 "a1.sinks.k3.consumer = one\n");
    crew_fail(&crew, 0, INT_MAX);
    crew_push(&crew, 10);
    crew_await_all(&crew);
    probe_expect(&crew.probes[1], 0, 10);
    rig_stop(&crew.rig);
    places_free(&places);
}
END_TEST

START_TEST(a_group_behind_a_durable_channel_says_what_it_is_worth)
{
    struct places places;

    places_init(&places, 1);
    up_on_disk(&places, FAILOVER);
    ck_assert_uint_eq(
        rig_logged(&crew.rig, "INFO group g1: delivers at least once from channel c1"), 1);
    rig_stop(&crew.rig);
    places_free(&places);
}
END_TEST

START_TEST(a_group_behind_memory_says_nothing)
{
    up(FAILOVER);
    ck_assert_uint_eq(rig_logged(&crew.rig, "delivers at least once"), 0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"failover", failover_drains_all_channels},
        {"load_balance", load_balance_drains_all_channels},
        {"full", a_full_channel_does_not_wait_for_an_empty_one},
        {"own channel", events_go_only_to_sinks_of_their_channel},
        {"rest", a_group_with_several_channels_rests_when_all_are_empty},
        {"drain", a_drain_empties_all_channels},
        {"no pause", a_processor_that_asks_all_in_turn_does_not_pause},
        {"no spin", a_processor_that_stays_at_an_empty_channel_does_not_spin},
        {"consumers", each_consumer_of_a_group_sees_every_event},
        {"one consumer", sinks_of_one_named_consumer_stand_in_for_each_other},
        {"durable", a_group_behind_a_durable_channel_says_what_it_is_worth},
        {"memory", a_group_behind_memory_says_nothing},
    };

    return RUN_SUITE_BETWEEN("component/group_channels", tests, set_up, tear_down);
}
