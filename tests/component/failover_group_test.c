/* SPDX-License-Identifier: Apache-2.0 */

/* Which sink of a failover group gets the events, when, and what becomes of them when it fails. */

#include <limits.h>
#include <string.h>

#include "crew.h"
#include "suite.h"

#define FAILOVER CREW_PROCESSOR "type = failover\n"
#define PRIORITY CREW_PROCESSOR "priority."
#define FALLING FAILOVER PRIORITY "k1 = 30\n" PRIORITY "k2 = 20\n" PRIORITY "k3 = 10\n"

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

/* Expects that SINK alone gets the next event. */
static void expect_sent_to(size_t sink)
{
    ck_assert_uint_eq(crew_send(&crew), sink);
}

/* ---- the choice ---- */

START_TEST(the_largest_priority_gets_everything)
{
    up(FAILOVER PRIORITY "k1 = 5\n" PRIORITY "k2 = 10\n" PRIORITY "k3 = -7\n");
    for (int i = 0; i < 10; i++)
        expect_sent_to(1);
    ck_assert_int_eq(crew_asked(&crew, 0) + crew_asked(&crew, 2), 0);
}
END_TEST

/* Lets the sinks fail one by one and expects that the next event goes to those of ORDER. */
static void expect_order(const size_t *order)
{
    for (size_t i = 0; i < CREW; i++) {
        expect_sent_to(order[i]);
        crew_fail(&crew, order[i], INT_MAX);
    }
}

START_TEST(sinks_without_a_priority_come_in_the_order_of_the_list)
{
    up(FAILOVER "a1.sinkgroups.g1.sinks = k3 k1 k2\n");
    expect_order((const size_t[]){2, 0, 1});
}
END_TEST

/* k1 has -1 and k3 has -2, of their own accord. */
START_TEST(a_missing_priority_lies_between_negative_ones)
{
    up(FAILOVER PRIORITY "k2 = -2\n" CREW_PROCESSOR "maxpenalty = 1000\n");
    expect_order((const size_t[]){0, 1, 2});
    ck_assert_uint_eq(rig_logged(&crew.rig, "sinks k2 and k3 have the priority -2"), 1);
}
END_TEST

/* Flume never uses the second of two. */
START_TEST(equal_priorities_are_told_of_and_used_in_order)
{
    up(FAILOVER PRIORITY "k1 = 1\n" PRIORITY "k2 = 5\n" PRIORITY "k3 = 5\n");
    ck_assert_uint_eq(
        rig_logged(&crew.rig, "WARN group g1: sinks k2 and k3 have the priority 5; k2 comes first"),
        1);
    expect_order((const size_t[]){1, 2, 0});
}
END_TEST

START_TEST(a_priority_of_nobody_is_told_of)
{
    up(FALLING PRIORITY "k4 = 100\n");
    ck_assert_uint_eq(
        rig_logged(&crew.rig, "'priority.k4' has no effect: the group has no sink 'k4'"), 1);
    expect_sent_to(0);
}
END_TEST

START_TEST(a_priority_that_is_no_number_is_refused)
{
    flow_error *err = NULL;

    ck_assert_int_eq(
        rig_try_build(&crew.rig, CREW_PIPELINE FAILOVER PRIORITY "k1 = high\n", 0, &err),
        FLOW_ECONFIG);
    ck_assert_str_eq(flow_error_key(err), PRIORITY "k1");
    flow_error_free(err);
}
END_TEST

/* ---- failures ---- */

START_TEST(the_next_sink_gets_what_one_could_not_deliver)
{
    up(FALLING);
    crew_fail(&crew, 0, INT_MAX);
    crew_fail(&crew, 1, INT_MAX);
    crew_push(&crew, 50);
    crew_await_all(&crew);
    probe_expect(&crew.probes[2], 0, 50);
    ck_assert_int_eq(rig_metric(&crew.rig, "g1", "SinkFailureCount"), 2);
    ck_assert_int_eq(rig_metric(&crew.rig, "g1", "FailoverCount"), 1);
    ck_assert_int_eq(rig_metric(&crew.rig, "g1", "GroupFailureCount"), 0);
    ck_assert_int_eq(rig_metric(&crew.rig, "k1", "EventWriteFail"), 1);
    ck_assert_uint_eq(rig_logged(&crew.rig, "WARN group g1: sink k1 failed"), 1);
    ck_assert_uint_eq(rig_logged(&crew.rig, "INFO group g1: events go to sink k3 now"), 1);
    ck_assert_uint_eq(rig_logged(&crew.rig, "ERROR"), 0);
}
END_TEST

/* Expects that k1, which goes on failing, is tried again MS after now and not before. */
static void expect_penalty(int64_t ms)
{
    int asked = crew_asked(&crew, 0);

    rig_advance(&crew.rig, ms);
    expect_sent_to(1);
    ck_assert_int_eq(crew_asked(&crew, 0), asked);
    rig_advance(&crew.rig, 1);
    expect_sent_to(1);
    ck_assert_msg(crew_asked(&crew, 0) == asked + 1, "not tried after %d ms", (int)ms);
}

/* Flume's penalty turns negative with 22 failures, and there is none with 29. */
START_TEST(the_penalty_doubles_and_never_shrinks)
{
    static const int64_t penalties[] = {2000, 4000, 8000, 16000};

    up(FALLING);
    crew_fail(&crew, 0, INT_MAX);
    expect_sent_to(1);
    for (size_t i = 0; i < 4; i++)
        expect_penalty(penalties[i]);
    for (size_t i = 4; i < 40; i++)
        expect_penalty(30000);
    ck_assert_uint_eq(rig_logged(&crew.rig, "WARN group g1: sink k1 failed"), 1);
}
END_TEST

START_TEST(maxpenalty_bounds_the_penalty)
{
    up(FALLING CREW_PROCESSOR "maxpenalty = 5000\n");
    crew_fail(&crew, 0, INT_MAX);
    expect_sent_to(1);
    expect_penalty(2000);
    expect_penalty(4000);
    expect_penalty(5000);
    expect_penalty(5000);
}
END_TEST

START_TEST(a_bad_maxpenalty_means_the_default)
{
    up(FALLING CREW_PROCESSOR "maxpenalty = never\n");
    crew_fail(&crew, 0, INT_MAX);
    expect_sent_to(1);
    expect_penalty(2000);
    expect_penalty(4000);
    expect_penalty(8000);
}
END_TEST

START_TEST(a_sink_that_works_again_has_its_place_again)
{
    up(FALLING);
    crew_fail(&crew, 0, 2);
    expect_sent_to(1);
    rig_advance(&crew.rig, 2001);
    expect_sent_to(1);
    rig_advance(&crew.rig, 4001);
    expect_sent_to(0);
    expect_sent_to(0);
    ck_assert_uint_eq(rig_logged(&crew.rig, "INFO group g1: sink k1 works again after 2 failures"),
                      1);
    ck_assert_uint_eq(rig_logged(&crew.rig, "INFO group g1: events go to sink k1 now"), 1);
    crew_fail(&crew, 0, 1); /* and its failures count from one */
    expect_sent_to(1);
    rig_advance(&crew.rig, 2001);
    expect_sent_to(0);
}
END_TEST

START_TEST(when_all_fail_the_events_stay_and_come_later)
{
    up(FALLING);
    for (size_t i = 0; i < CREW; i++)
        crew_fail(&crew, i, 1);
    crew_push(&crew, 20);
    rig_await_log(&crew.rig, "ERROR group g1: events not delivered");
    ck_assert_uint_eq(flow_channel_size(rig_channel(&crew.rig, "c1")), 20);
    ck_assert_uint_eq(rig_logged(&crew.rig, "no sink of the group took the events"), 1);
    ck_assert_uint_eq(rig_logged(&crew.rig, "the peer refused"), CREW + 1);
    crew_tick_until_all(&crew);
    ck_assert_int_ge(rig_now(&crew.rig), 5000);
    rig_stop(&crew.rig);
    ck_assert_int_eq(rig_metric(&crew.rig, "g1", "GroupFailureCount"), 1);
    ck_assert_uint_eq(crew.probes[0].got->count, 40);
    for (unsigned i = 0; i < 20; i++)
        ck_assert_str_eq(crew.probes[0].got->text[i], crew.probes[0].got->text[20 + i]);
}
END_TEST

START_TEST(a_sink_that_has_not_started_counts_as_failed)
{
    crew.probes[0].start_fails = 1;
    up(FALLING);
    expect_sent_to(1);
    ck_assert_uint_eq(rig_logged(&crew.rig, "sink k1 has not started"), 1);
    ck_assert_int_eq(rig_metric(&crew.rig, "g1", "SinkFailureCount"), 1);
    rig_tick_until(&crew.rig, "k1", "StartTime", 1);
    expect_sent_to(0);
}
END_TEST

/* As in Flume: it had no events, or wanted none. */
START_TEST(a_back_off_is_no_failure)
{
    up(FALLING);
    crew.probes[0].answer = FLOW_BACKOFF;
    crew.probes[0].batch = 1;
    crew_push(&crew, 3);
    crew_tick_until_all(&crew);
    probe_expect(&crew.probes[0], 0, 3);
    ck_assert_int_eq(rig_metric(&crew.rig, "g1", "SinkFailureCount"), 0);
}
END_TEST

START_TEST(a_pending_transaction_that_fails_goes_to_the_next_sink)
{
    crew.probes[0].max_pending = 4;
    up(FALLING);
    crew_push(&crew, 10);
    probe_await_held(&crew.probes[0], 1);
    probe_done(&crew.probes[0], 0, FLOW_EIO);
    crew_await_all(&crew);
    probe_expect(&crew.probes[1], 0, 10);
    ck_assert_uint_eq(rig_logged(&crew.rig, "the upload failed"), 1);
}
END_TEST

/* It gets nothing more before that, so what it holds back would be held back for ever. */
START_TEST(a_sink_with_a_pending_transaction_is_asked_for_what_it_holds_back)
{
    crew.probes[0].max_pending = 4;
    up(FALLING);
    crew_push(&crew, 1);
    probe_await_held(&crew.probes[0], 1);
    while (probe_read(&crew.probes[0], &crew.probes[0].flushes) == 0)
        rig_tick(&crew.rig);
    probe_done(&crew.probes[0], 0, FLOW_OK);
    crew_await_all(&crew);
}
END_TEST

/* ---- stop and rest ---- */

START_TEST(a_stop_is_no_failure)
{
    crew.probes[0].max_pending = 1;
    up(FALLING);
    crew_push(&crew, 10);
    probe_await_held(&crew.probes[0], 1);
    rig_stop(&crew.rig);
    ck_assert_int_eq(crew_asked(&crew, 1) + crew_asked(&crew, 2), 0);
    ck_assert_int_eq(rig_metric(&crew.rig, "g1", "SinkFailureCount"), 0);
    ck_assert_uint_eq(rig_logged(&crew.rig, "sink k1 failed"), 0);
}
END_TEST

START_TEST(a_group_without_events_rests)
{
    up(FALLING);
    expect_sent_to(0);
    for (int i = 0; i < 200; i++)
        rig_advance(&crew.rig, 1000);
    for (int i = 0; i < 5; i++)
        rig_tick(&crew.rig);
    ck_assert_int_eq(crew_asked(&crew, 0), 1);
    expect_sent_to(0);
    ck_assert_int_eq(crew_asked(&crew, 0), 2);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"largest", the_largest_priority_gets_everything},
        {"no priority", sinks_without_a_priority_come_in_the_order_of_the_list},
        {"negative", a_missing_priority_lies_between_negative_ones},
        {"equal", equal_priorities_are_told_of_and_used_in_order},
        {"of nobody", a_priority_of_nobody_is_told_of},
        {"no number", a_priority_that_is_no_number_is_refused},
        {"next", the_next_sink_gets_what_one_could_not_deliver},
        {"penalty", the_penalty_doubles_and_never_shrinks},
        {"maxpenalty", maxpenalty_bounds_the_penalty},
        {"bad maxpenalty", a_bad_maxpenalty_means_the_default},
        {"again", a_sink_that_works_again_has_its_place_again},
        {"all fail", when_all_fail_the_events_stay_and_come_later},
        {"not started", a_sink_that_has_not_started_counts_as_failed},
        {"back-off", a_back_off_is_no_failure},
        {"pending", a_pending_transaction_that_fails_goes_to_the_next_sink},
        {"held back", a_sink_with_a_pending_transaction_is_asked_for_what_it_holds_back},
        {"stop", a_stop_is_no_failure},
        {"rest", a_group_without_events_rests},
    };

    return RUN_SUITE_BETWEEN("component/failover_group", tests, set_up, tear_down);
}
