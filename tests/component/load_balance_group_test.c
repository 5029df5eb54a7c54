/* SPDX-License-Identifier: Apache-2.0 */

/* How a load_balance group spreads transactions, and whom it leaves out. */

#include <limits.h>
#include <string.h>

#include "crew.h"
#include "suite.h"

#define BALANCE CREW_PROCESSOR "type = load_balance\n"
#define BACKOFF BALANCE CREW_PROCESSOR "backoff = true\n"

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

/* Sends one event after another and expects that DIGITS are the numbers of those who get them. */
static void expect_sent_to(const char *digits)
{
    char found[32] = "";

    for (size_t i = 0; digits[i]; i++)
        found[i] = (char)('1' + crew_send(&crew));
    ck_assert_str_eq(found, digits);
}

/* Sends six events and expects that k2 and k3 have half of them each. */
static void expect_first_left_out(void)
{
    int asked = crew_asked(&crew, 0);
    int64_t second = crew_delivered(&crew, 1), third = crew_delivered(&crew, 2);

    for (int i = 0; i < 6; i++)
        crew_send(&crew);
    ck_assert_int_eq(crew_asked(&crew, 0), asked);
    ck_assert_int_eq(crew_delivered(&crew, 1), second + 3);
    ck_assert_int_eq(crew_delivered(&crew, 2), third + 3);
}

/* Expects that k1, which has just failed, is left out for MS and then tried again. */
static void expect_pause(int64_t ms)
{
    int asked = crew_asked(&crew, 0);

    expect_first_left_out();
    rig_advance(&crew.rig, ms - 1);
    expect_first_left_out();
    rig_advance(&crew.rig, 1);
    while (crew_asked(&crew, 0) == asked)
        crew_send(&crew);
}

START_TEST(each_sink_in_turn_gets_a_transaction)
{
    up(BALANCE);
    expect_sent_to("123123123");
    ck_assert_int_eq(rig_metric(&crew.rig, "g1", "SinkFailureCount"), 0);
}
END_TEST

START_TEST(at_random_all_get_some_and_nothing_is_lost)
{
    up(BALANCE CREW_PROCESSOR "selector = RANDOM\n");
    for (size_t i = 0; i < CREW; i++)
        crew.probes[i].batch = 1;
    crew_push(&crew, 600);
    crew_await_all(&crew);
    for (size_t i = 0; i < CREW; i++)
        ck_assert_int_gt(crew_delivered(&crew, i), 130);
}
END_TEST

START_TEST(another_takes_what_one_could_not_deliver)
{
    up(BALANCE);
    crew_fail(&crew, 0, INT_MAX);
    expect_sent_to("223223223");
    ck_assert_int_eq(crew_asked(&crew, 0), 3);
    ck_assert_int_eq(rig_metric(&crew.rig, "g1", "SinkFailureCount"), 3);
    ck_assert_int_eq(rig_metric(&crew.rig, "g1", "FailoverCount"), 3);
    ck_assert_uint_eq(rig_logged(&crew.rig, "WARN group g1: sink k1 failed"), 1);
}
END_TEST

START_TEST(with_back_off_a_sink_that_failed_is_left_out_for_a_while)
{
    up(BACKOFF);
    crew_fail(&crew, 0, INT_MAX);
    expect_sent_to("2");
    expect_pause(2000);
    expect_pause(4000);
    expect_pause(8000);
    expect_pause(16000);
    expect_pause(30000);
    expect_pause(30000);
    crew_fail(&crew, 0, 0);
    rig_advance(&crew.rig, 30000);
    while (crew_send(&crew) != 0)
        continue;
    expect_sent_to("231231");
    ck_assert_uint_eq(rig_logged(&crew.rig, "sink k1 works again after 7 failures"), 1);
}
END_TEST

START_TEST(max_time_out_bounds_the_pause)
{
    up(BACKOFF CREW_PROCESSOR "selector.maxTimeOut = 3000\n");
    crew_fail(&crew, 0, INT_MAX);
    expect_sent_to("2");
    expect_pause(2000);
    expect_pause(3000);
    expect_pause(3000);
}
END_TEST

/* Flume's selector `random` throws an exception in this case.  After the third failure, at 10 s,
 * all are left out for 8 s, which is longer than the pause that follows an error. */
static void expect_patience(const char *selector)
{
    up(selector);
    for (size_t i = 0; i < CREW; i++)
        crew_fail(&crew, i, 3);
    crew_push(&crew, 20);
    rig_await_log(&crew.rig, "ERROR group g1: events not delivered");
    ck_assert_uint_eq(flow_channel_size(rig_channel(&crew.rig, "c1")), 20);
    crew_tick_until_all(&crew);
    ck_assert_int_eq(rig_metric(&crew.rig, "g1", "SinkFailureCount"), 3 * CREW);
    ck_assert_int_eq(rig_metric(&crew.rig, "g1", "GroupFailureCount"), 3);
    ck_assert_int_ge(rig_now(&crew.rig), 18000);
    ck_assert_int_le(rig_now(&crew.rig), 23000);
}

START_TEST(when_all_are_left_out_it_waits_for_the_first)
{
    expect_patience(BACKOFF CREW_PROCESSOR "selector.maxTimeOut = 9000\n");
}
END_TEST

START_TEST(at_random_too_it_waits_for_the_first)
{
    expect_patience(BACKOFF CREW_PROCESSOR "selector = random\n");
}
END_TEST

START_TEST(a_sink_that_has_not_started_is_passed_over)
{
    crew.probes[1].start_fails = 1;
    up(BALANCE);
    expect_sent_to("133");
    rig_tick_until(&crew.rig, "k2", "StartTime", 1);
    expect_sent_to("123");
}
END_TEST

START_TEST(flumes_names_are_known)
{
    up(CREW_PROCESSOR "type = org.apache.flume.sink.LoadBalancingSinkProcessor\n" CREW_PROCESSOR
                      "selector = ROUND_ROBIN\n" CREW_PROCESSOR "backoff = TRUE\n" CREW_PROCESSOR
                      "selector.maxTimeOut=10000\n");
    expect_sent_to("123");
}
END_TEST

/* ---- settings ---- */

static void expect_refusal(const char *more, const char *key, const char *why)
{
    char text[4096];
    flow_error *err = NULL;

    strcpy(text, CREW_PIPELINE BALANCE);
    strcat(text, more);
    ck_assert_int_eq(rig_try_build(&crew.rig, text, 0, &err), FLOW_ECONFIG);
    ck_assert_str_eq(flow_error_key(err), key);
    ck_assert_msg(strstr(flow_error_message(err), why), "%s", flow_error_message(err));
    flow_error_free(err);
}

START_TEST(a_selector_of_somebody_is_refused)
{
    expect_refusal(CREW_PROCESSOR "selector = com.example.Mine\n", CREW_PROCESSOR "selector",
                   "round_robin");
}
END_TEST

START_TEST(one_sink_alone_is_refused)
{
    expect_refusal("a1.sinkgroups.g1.sinks = k1\n", "", "there is nothing to balance");
}
END_TEST

START_TEST(a_time_out_without_back_off_is_told_of)
{
    up(BALANCE CREW_PROCESSOR "selector.maxTimeOut = 10000\n");
    ck_assert_uint_eq(rig_logged(&crew.rig, "'selector.maxTimeOut' has no effect"), 1);
    expect_sent_to("123");
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"in turn", each_sink_in_turn_gets_a_transaction},
        {"at random", at_random_all_get_some_and_nothing_is_lost},
        {"another", another_takes_what_one_could_not_deliver},
        {"back-off", with_back_off_a_sink_that_failed_is_left_out_for_a_while},
        {"maxTimeOut", max_time_out_bounds_the_pause},
        {"all left out", when_all_are_left_out_it_waits_for_the_first},
        {"all left out at random", at_random_too_it_waits_for_the_first},
        {"not started", a_sink_that_has_not_started_is_passed_over},
        {"names", flumes_names_are_known},
        {"class", a_selector_of_somebody_is_refused},
        {"one", one_sink_alone_is_refused},
        {"no back-off", a_time_out_without_back_off_is_told_of},
    };

    return RUN_SUITE_BETWEEN("component/load_balance_group", tests, set_up, tear_down);
}
