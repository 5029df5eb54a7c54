/* SPDX-License-Identifier: Apache-2.0 */

/* How a sink's answers end its transactions, under a clock that only the test moves. */

#include <string.h>

#include "parts.h"
#include "probe.h"
#include "suite.h"

static struct rig rig;
static struct probe probe;

static void set_up(void)
{
    probe_set_up(&rig, &probe, 1);
    rig_build(&rig, PROBE_PIPELINE);
}

static void tear_down(void)
{
    probe_tear_down(&rig, &probe);
}

/* The sink holds up to MAX transactions of two events each; COUNT of them are begun. */
static void begin_pending(uint32_t max, unsigned count)
{
    probe.batch = 2;
    probe.max_pending = max;
    rig_start(&rig);
    rig_push(&rig, 0, count * 2);
    probe_await_held(&probe, count);
}

static void await_delivered(int64_t count)
{
    rig_await(&rig, "k1", "EventDrainSuccessCount", count);
}

/* Lets time pass until the sink, which pauses, holds COUNT transactions. */
static void await_after_pause(int count)
{
    while (probe_read(&probe, &probe.processes) < count)
        rig_tick(&rig);
    probe_await_held(&probe, (size_t)count);
}

/* ---- answers at once ---- */

START_TEST(test_an_error_rolls_back_and_pauses_five_seconds)
{
    probe.batch = 3;
    probe.fails = 2;
    rig_start(&rig);
    rig_push(&rig, 0, 3);
    rig_tick_until(&rig, "k1", "EventDrainSuccessCount", 3);
    rig_stop(&rig);
    for (int i = 1; i <= 2; i++) {
        ck_assert_int_ge(probe.times[i] - probe.times[i - 1], 5000);
        ck_assert_str_eq(probe.got->text[i * 3], "0");
        ck_assert_str_eq(probe.got->text[i * 3 + 2], "2");
    }
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventWriteFail"), 2);
    ck_assert_uint_eq(rig_logged(&rig, "ERROR sink k1: events not delivered"), 1);
    ck_assert_uint_eq(rig_logged(&rig, "the peer refused"), 2);
    ck_assert_uint_eq(rig_logged(&rig, "works again after 2 failures"), 1);
}
END_TEST

START_TEST(test_back_off_with_events_waiting_pauses_longer_each_time)
{
    probe.batch = 1;
    probe.answer = FLOW_BACKOFF;
    rig_start(&rig);
    rig_push(&rig, 0, 8);
    const int pauses[] = {1000, 2000, 3000, 4000, 5000, 5000};
    rig_tick_until(&rig, "k1", "EventDrainSuccessCount", 7);
    rig_stop(&rig);
    for (int i = 0; i < 6; i++)
        ck_assert_int_ge(probe.times[i + 1] - probe.times[i], pauses[i]);
}
END_TEST

START_TEST(test_an_empty_channel_is_no_reason_to_pause)
{
    probe.answer = FLOW_BACKOFF;
    rig_start(&rig);
    for (unsigned i = 0; i < 20; i++) {
        rig_push(&rig, i, 1);
        await_delivered(i + 1); /* though time stands still */
    }
    probe_expect(&probe, 0, 20);
    ck_assert_int_eq(rig_metric(&rig, "k1", "BatchUnderflowCount"), 20);
}
END_TEST

START_TEST(test_batches_are_counted_by_how_full_they_were)
{
    probe.batch = 4;
    rig_start(&rig);
    rig_push(&rig, 0, 10);
    await_delivered(10);
    ck_assert_int_eq(rig_metric(&rig, "k1", "BatchCompleteCount"), 2);
    ck_assert_int_eq(rig_metric(&rig, "k1", "BatchUnderflowCount"), 1);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventDrainAttemptCount"), 10);
}
END_TEST

static int answer_nonsense(struct probe *self, flow_txn *txn, flow_error **err)
{
    const flow_event *const *events;
    size_t count;

    flow_txn_take(txn, 100, 0, &events, &count, err);
    return 42;
}

START_TEST(test_an_answer_without_meaning_is_an_error)
{
    probe.hook = answer_nonsense;
    rig_start(&rig);
    rig_push(&rig, 0, 1);
    rig_await_log(&rig, "'process' returned 42");
    rig_await(&rig, "k1", "EventWriteFail", 1);
    ck_assert_uint_eq(flow_channel_size(rig_channel(&rig, "c1")), 1);
}
END_TEST

static int end_it_oneself(struct probe *self, flow_txn *txn, flow_error **err)
{
    const flow_event *const *events;
    size_t count;

    flow_txn_take(txn, 100, 0, &events, &count, err);
    pthread_mutex_lock(&self->lock);
    self->answer = flow_txn_commit(txn, NULL);
    pthread_mutex_unlock(&self->lock);
    return FLOW_READY;
}

START_TEST(test_a_sink_cannot_end_its_transaction_itself)
{
    probe.hook = end_it_oneself;
    rig_start(&rig);
    rig_push(&rig, 0, 1);
    await_delivered(1);
    ck_assert_int_eq(probe_read(&probe, &probe.answer), FLOW_ESTATE);
}
END_TEST

/* ---- time ---- */

START_TEST(test_the_timer_is_called_when_it_is_due)
{
    probe.deadline = 500;
    rig_start(&rig);
    while (probe_read(&probe, &probe.timers) == 0)
        rig_tick(&rig);
    rig_tick(&rig);
    ck_assert_int_ge(probe.timer_time, 500);
    ck_assert_int_eq(probe_read(&probe, &probe.timers), 1);
}
END_TEST

/* ---- pending ---- */

START_TEST(test_pending_transactions_are_committed_as_they_are_done)
{
    begin_pending(3, 3);
    probe_done(&probe, 2, FLOW_OK);
    await_delivered(2);
    probe_done(&probe, 0, FLOW_OK);
    await_delivered(4);
    ck_assert_int_eq(rig_metric(&rig, "c1", "EventTakeSuccessCount"), 4);
    probe_done(&probe, 1, FLOW_OK);
    await_delivered(6);
}
END_TEST

START_TEST(test_no_more_are_pending_than_the_sink_may_hold)
{
    begin_pending(2, 2);
    rig_push(&rig, 4, 4);
    probe_done(&probe, 1, FLOW_OK);
    probe_await_held(&probe, 3);
    ck_assert_int_eq(probe_read(&probe, &probe.processes), 3);
    probe_done(&probe, 0, FLOW_OK);
    probe_await_held(&probe, 4);
    probe_done(&probe, 2, FLOW_OK);
    probe_done(&probe, 3, FLOW_OK);
    await_delivered(8);
    probe_expect(&probe, 0, 8);
}
END_TEST

START_TEST(test_a_failure_in_the_middle_waits_for_newer_ones_and_spares_them)
{
    begin_pending(8, 3); /* 0 1, 2 3, 4 5 */
    probe_done(&probe, 1, FLOW_EIO);
    rig_push(&rig, 6, 2); /* must come behind what failed */
    probe_done(&probe, 0, FLOW_OK);
    await_delivered(2);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventWriteFail"), 0);
    probe_done(&probe, 2, FLOW_OK);
    await_delivered(4);
    rig_await(&rig, "k1", "EventWriteFail", 1);
    rig_await_log(&rig, "the upload failed");
    ck_assert_int_eq(probe_read(&probe, &probe.processes), 3);

    await_after_pause(5);
    ck_assert_str_eq(probe.got->text[6], "2");
    ck_assert_str_eq(probe.got->text[7], "3");
    ck_assert_str_eq(probe.got->text[8], "6");
    probe_done(&probe, 3, FLOW_OK);
    probe_done(&probe, 4, FLOW_OK);
    await_delivered(8);
}
END_TEST

START_TEST(test_several_failures_come_back_in_order)
{
    begin_pending(4, 4);
    probe_done(&probe, 0, FLOW_EIO);
    probe_done(&probe, 2, FLOW_EIO);
    probe_done(&probe, 3, FLOW_OK);
    probe_done(&probe, 1, FLOW_EIO);
    rig_await(&rig, "k1", "EventWriteFail", 3);
    await_delivered(2);
    await_after_pause(7);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_int_eq(probe.got->text[8 + i][0], '0' + (int)i);
    for (size_t i = 4; i < 7; i++)
        probe_done(&probe, i, FLOW_OK);
    await_delivered(8);
}
END_TEST

/* Done before `process` has returned, and once more. */
static int done_early(struct probe *self, flow_txn *txn, flow_error **err)
{
    const flow_event *const *events;
    size_t count;

    flow_txn_take(txn, 1, 0, &events, &count, err);
    int rc = flow_txn_done(txn, FLOW_OK, NULL, NULL);
    int again = flow_txn_done(txn, FLOW_EIO, NULL, NULL);
    pthread_mutex_lock(&self->lock);
    self->answer = rc == FLOW_OK ? again : rc;
    int pending = self->processes++ % 2 == 0;
    pthread_mutex_unlock(&self->lock);
    return pending ? FLOW_PENDING : flow_error_set(err, FLOW_EIO, "a second opinion");
}

START_TEST(test_done_counts_once_and_before_process_returns)
{
    probe.hook = done_early;
    rig_start(&rig);
    rig_push(&rig, 0, 4);
    await_delivered(4);
    ck_assert_int_eq(probe_read(&probe, &probe.answer), FLOW_ESTATE);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventWriteFail"), 0);
    ck_assert_uint_eq(rig_logged(&rig, "must answer FLOW_PENDING"), 2);
}
END_TEST

START_TEST(test_stop_rolls_back_what_is_still_pending)
{
    begin_pending(3, 3);
    probe_done(&probe, 1, FLOW_OK);
    rig_stop(&rig);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventDrainSuccessCount"), 2);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventWriteFail"), 2);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventDrainAttemptCount"), 6);
}
END_TEST

/* ---- groups ---- */

/* A group of `probe` and a second sink, its processor a function of the test's. */
static struct probe second;
static struct {
    int calls;
    flow_group *group;
} turns;

/* The first sink, and when it fails the second. */
static int first_then_second(void *self, flow_group *group, flow_error **err)
{
    flow_error *cause = NULL;

    ck_assert_uint_eq(flow_group_count(group), 2);
    ck_assert_str_eq(flow_group_name(group, 1), "k2");
    turns.group = group;
    turns.calls++;
    int rc = flow_group_run(group, 0, &cause);
    if (rc < 0)
        rc = flow_group_run(group, 1, err);
    flow_error_free(cause);
    return rc;
}

static void set_up_group(void)
{
    static struct part_group group = {first_then_second, NULL};

    probe_set_up(&rig, &probe, 1);
    probe_register(&second, &rig, "other");
    part_add_group(rig.lib, "turns", &group);
    rig_build(&rig, PROBE_PIPELINE "a1.sinks = k1 k2\n"
                                   "a1.sinks.k2.type = other\n"
                                   "a1.sinks.k2.channel = c1\n"
                                   "a1.sinkgroups = g1\n"
                                   "a1.sinkgroups.g1.sinks = k1 k2\n"
                                   "a1.sinkgroups.g1.processor.type = turns\n");
}

static void tear_down_group(void)
{
    probe_tear_down(&rig, &probe);
    probe_free(&second);
}

START_TEST(test_a_group_tries_another_sink)
{
    probe.fails = 1;
    rig_start(&rig);
    rig_push(&rig, 0, 10);
    rig_await(&rig, "k2", "EventDrainSuccessCount", 10);
    probe_expect(&second, 0, 10);
    rig_push(&rig, 10, 10);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 10);
    ck_assert_int_eq(flow_group_run(turns.group, 0, NULL), FLOW_ESTATE);
}
END_TEST

START_TEST(test_a_group_waits_for_a_pending_sink)
{
    probe.max_pending = 1;
    rig_start(&rig);
    rig_push(&rig, 0, 10);
    probe_await_held(&probe, 1);
    probe_done(&probe, 0, FLOW_EIO);
    rig_await(&rig, "k2", "EventDrainSuccessCount", 10);
    probe_expect(&second, 0, 10);
    rig_push(&rig, 10, 10);
    probe_await_held(&probe, 2);
    probe_done(&probe, 1, FLOW_OK);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 10);
    rig_stop(&rig);
    ck_assert_int_eq(turns.calls, 2);
}
END_TEST

START_TEST(test_a_group_without_a_working_sink_pauses)
{
    probe.fails = 1;
    second.fails = 1;
    rig_start(&rig);
    rig_push(&rig, 0, 10);
    rig_await_log(&rig, "group g1: events not delivered");
    rig_tick_until(&rig, "k1", "EventDrainSuccessCount", 10);
    rig_stop(&rig);
    ck_assert_int_ge(probe.times[1] - probe.times[0], 5000);
    ck_assert_int_eq(turns.calls, 2);
}
END_TEST

START_TEST(test_a_group_stops_while_a_sink_is_pending)
{
    probe.max_pending = 1;
    rig_start(&rig);
    rig_push(&rig, 0, 10);
    probe_await_held(&probe, 1);
    rig_stop(&rig);
    ck_assert_uint_eq(second.got->count, 0);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventWriteFail"), 1);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"error", test_an_error_rolls_back_and_pauses_five_seconds},
        {"back-off", test_back_off_with_events_waiting_pauses_longer_each_time},
        {"empty", test_an_empty_channel_is_no_reason_to_pause},
        {"batches", test_batches_are_counted_by_how_full_they_were},
        {"nonsense", test_an_answer_without_meaning_is_an_error},
        {"commit", test_a_sink_cannot_end_its_transaction_itself},
        {"timer", test_the_timer_is_called_when_it_is_due},
        {"pending", test_pending_transactions_are_committed_as_they_are_done},
        {"max pending", test_no_more_are_pending_than_the_sink_may_hold},
        {"middle", test_a_failure_in_the_middle_waits_for_newer_ones_and_spares_them},
        {"failures", test_several_failures_come_back_in_order},
        {"done early", test_done_counts_once_and_before_process_returns},
        {"stop", test_stop_rolls_back_what_is_still_pending},
    };
    const struct test_entry group_tests[] = {
        {"group", test_a_group_tries_another_sink},
        {"group pending", test_a_group_waits_for_a_pending_sink},
        {"group pauses", test_a_group_without_a_working_sink_pauses},
        {"group stops", test_a_group_stops_while_a_sink_is_pending},
    };

    int rc = RUN_SUITE_BETWEEN("sink_runner", tests, set_up, tear_down);
    int group_rc =
        RUN_SUITE_BETWEEN("sink_runner groups", group_tests, set_up_group, tear_down_group);
    return rc != 0 ? rc : group_rc;
}
