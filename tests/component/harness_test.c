/* SPDX-License-Identifier: Apache-2.0 */

/* The harness that authors of components test with. */

#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "probe.h"
#include "suite.h"

struct bench {
    struct rig rig;
    struct probe probe;
    flow_harness *harness;
};

static void set_up_sink(struct bench *bench)
{
    rig_init(&bench->rig, 0);
    probe_register(&bench->probe, &bench->rig, "probe");
    ck_assert_int_eq(
        flow_harness_new(bench->rig.lib, FLOW_KIND_SINK, "probe", &bench->harness, NULL), FLOW_OK);
}

static void start(struct bench *bench)
{
    flow_error *err = NULL;
    int rc = flow_harness_start(bench->harness, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

static void push(struct bench *bench, unsigned first, unsigned count)
{
    flow_batch *batch = rig_batch(&bench->rig, first, count);

    ck_assert_int_eq(flow_harness_push(bench->harness, batch, NULL), FLOW_OK);
    flow_batch_free(batch);
}

static void tear_down(struct bench *bench)
{
    flow_harness_free(bench->harness);
    rig_free(&bench->rig);
    if (bench->probe.got)
        probe_free(&bench->probe);
}

static uint64_t left(struct bench *bench)
{
    return flow_channel_size(flow_harness_channel(bench->harness));
}

/* ---- sinks ---- */

START_TEST(test_a_sink_is_run_by_hand)
{
    struct bench bench = {0};

    set_up_sink(&bench);
    bench.probe.batch = 3;
    start(&bench);
    push(&bench, 0, 5);
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_READY);
    ck_assert_uint_eq(left(&bench), 2);
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_READY);
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_BACKOFF);
    probe_expect(&bench.probe, 0, 5);
    ck_assert_int_eq(flow_harness_counter(bench.harness, "EventDrainSuccessCount"), 5);
    ck_assert_int_eq(flow_harness_stop(bench.harness, NULL), FLOW_OK);
    ck_assert_int_eq(bench.probe.stops, 1);
    tear_down(&bench);
}
END_TEST

START_TEST(test_a_sinks_error_is_returned_and_rolls_back)
{
    struct bench bench = {0};
    flow_error *err = NULL;

    set_up_sink(&bench);
    bench.probe.fails = 1;
    start(&bench);
    push(&bench, 0, 5);
    ck_assert_int_eq(flow_harness_run(bench.harness, &err), FLOW_EDELIVERY);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "sink k1"));
    flow_error_free(err);
    ck_assert_uint_eq(left(&bench), 5);
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_READY);
    tear_down(&bench);
}
END_TEST

static void *finish(void *arg)
{
    struct probe *probe = arg;

    probe_await_held(probe, 2);
    probe_done(probe, 1, FLOW_OK);
    probe_done(probe, 0, FLOW_EIO);
    return NULL;
}

START_TEST(test_pending_answers_come_from_other_threads)
{
    struct bench bench = {0};
    pthread_t thread;
    flow_error *err = NULL;

    set_up_sink(&bench);
    bench.probe.batch = 2;
    bench.probe.max_pending = 2;
    start(&bench);
    push(&bench, 0, 6);
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_PENDING);
    ck_assert_int_eq(flow_harness_settle(bench.harness, 0, NULL), FLOW_ETIMEDOUT);
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_PENDING);
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_ESTATE);
    pthread_create(&thread, NULL, finish, &bench.probe);
    ck_assert_int_eq(flow_harness_settle(bench.harness, 60000, &err), FLOW_EIO);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "the upload failed"));
    flow_error_free(err);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(left(&bench), 4);
    tear_down(&bench);
}
END_TEST

START_TEST(test_time_moves_by_way_of_deadlines)
{
    struct bench bench = {0};

    set_up_sink(&bench);
    bench.probe.deadline = 500;
    start(&bench);
    ck_assert_int_eq(flow_harness_advance(bench.harness, 499, NULL), FLOW_OK);
    ck_assert_int_eq(bench.probe.timers, 0);
    ck_assert_int_eq(flow_harness_advance(bench.harness, 1, NULL), FLOW_OK);
    ck_assert_int_eq(bench.probe.timers, 1);
    ck_assert_int_eq(flow_harness_advance(bench.harness, 100000, NULL), FLOW_OK);
    ck_assert_int_eq(bench.probe.timers, 1);
    tear_down(&bench);
}
END_TEST

START_TEST(test_a_start_that_fails_can_be_tried_again)
{
    struct bench bench = {0};

    set_up_sink(&bench);
    bench.probe.start_fails = 1;
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_ESTATE);
    ck_assert_int_eq(flow_harness_start(bench.harness, NULL), FLOW_EIO);
    start(&bench);
    ck_assert_int_eq(flow_harness_start(bench.harness, NULL), FLOW_ESTATE);
    ck_assert_int_eq(flow_harness_set(bench.harness, "batch", "1", NULL), FLOW_ESTATE);
    tear_down(&bench);
}
END_TEST

/* ---- sources ---- */

struct feed {
    struct rig *rig;
    flow_batch *batch;
};

static int poll_feed(void *self, flow_emitter *emitter, flow_error **err)
{
    struct feed *feed = self;

    return flow_emitter_emit(emitter, feed->batch, err);
}

START_TEST(test_a_source_is_polled_and_its_events_pulled)
{
    struct bench bench = {0};
    struct feed feed = {.rig = &bench.rig};
    struct part_source part = {NULL, NULL, poll_feed, &feed};
    static struct rig_bodies bodies;

    rig_init(&bench.rig, 0);
    part_add_source(bench.rig.lib, "feed", &part);
    ck_assert_int_eq(
        flow_harness_new(bench.rig.lib, FLOW_KIND_SOURCE, "feed", &bench.harness, NULL), FLOW_OK);
    start(&bench);
    feed.batch = rig_batch(&bench.rig, 0, 4);
    flow_harness_fail(bench.harness, 2, FLOW_EIO);
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_EIO);
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_EIO);
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_READY);

    flow_batch *batch = rig_batch(&bench.rig, 0, 0);
    ck_assert_int_eq(flow_harness_pull(bench.harness, 3, 0, batch, NULL), FLOW_OK);
    ck_assert_uint_eq(flow_batch_count(batch), 3);
    ck_assert_int_eq(flow_harness_pull(bench.harness, 3, 0, batch, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_pull(bench.harness, 3, 1, batch, NULL), FLOW_OK);
    bodies.count = 0;
    for (size_t i = 0; i < flow_batch_count(batch); i++)
        rig_note(&bodies, flow_batch_event(batch, i));
    rig_expect(&bodies, 0, 4);
    ck_assert_int_eq(flow_harness_counter(bench.harness, "EventAcceptedCount"), 4);
    flow_batch_free(batch);
    flow_batch_free(feed.batch);
    tear_down(&bench);
}
END_TEST

/* ---- the others ---- */

static int keep_two(void *self, flow_batch *batch, flow_error **err)
{
    if (flow_batch_count(batch) == 0)
        return flow_error_set(err, FLOW_EINVAL, "an empty batch");
    flow_batch_truncate(batch, 2);
    return FLOW_OK;
}

START_TEST(test_an_interceptor_runs_over_a_batch)
{
    struct bench bench = {0};
    struct part_interceptor part = {keep_two, NULL};

    rig_init(&bench.rig, 0);
    part_add_interceptor(bench.rig.lib, "two", &part);
    ck_assert_int_eq(
        flow_harness_new(bench.rig.lib, FLOW_KIND_INTERCEPTOR, "two", &bench.harness, NULL),
        FLOW_OK);
    start(&bench);
    flow_batch *batch = rig_batch(&bench.rig, 0, 5);
    ck_assert_int_eq(flow_harness_intercept(bench.harness, batch, NULL), FLOW_OK);
    ck_assert_uint_eq(flow_batch_count(batch), 2);
    flow_batch_clear(batch);
    ck_assert_int_eq(flow_harness_intercept(bench.harness, batch, NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_ESTATE);
    flow_batch_free(batch);
    tear_down(&bench);
}
END_TEST

START_TEST(test_a_channel_is_tested_with_its_own_settings)
{
    struct bench bench = {0};
    flow_error *err = NULL;

    rig_init(&bench.rig, 0);
    ck_assert_int_eq(
        flow_harness_new(bench.rig.lib, FLOW_KIND_CHANNEL, "memory", &bench.harness, NULL),
        FLOW_OK);
    ck_assert_int_eq(flow_harness_set(bench.harness, "capacity", "3", NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_set(bench.harness, "transactionCapacity", "3", NULL), FLOW_OK);
    start(&bench);
    push(&bench, 0, 3);
    flow_batch *batch = rig_batch(&bench.rig, 3, 1);
    ck_assert_int_eq(flow_harness_push(bench.harness, batch, &err), FLOW_EFULL);
    flow_error_free(err);
    flow_batch_free(batch);
    tear_down(&bench);
}
END_TEST

START_TEST(test_a_bad_setting_fails_the_start)
{
    struct bench bench = {0};
    flow_error *err = NULL;

    rig_init(&bench.rig, 0);
    ck_assert_int_eq(
        flow_harness_new(bench.rig.lib, FLOW_KIND_SINK, "outlet", &bench.harness, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_set(bench.harness, "batchSize", "0", NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_start(bench.harness, &err), FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "batchSize"));
    flow_error_free(err);
    ck_assert_int_eq(flow_library_free(bench.rig.lib, NULL), FLOW_ESTATE);
    tear_down(&bench);
}
END_TEST

START_TEST(test_there_is_no_harness_for_what_does_not_exist)
{
    struct bench bench = {0};

    rig_init(&bench.rig, 0);
    ck_assert_int_eq(
        flow_harness_new(bench.rig.lib, FLOW_KIND_SINK, "nonsense", &bench.harness, NULL),
        FLOW_ENOENT);
    ck_assert_int_eq(
        flow_harness_new(bench.rig.lib, FLOW_KIND_GROUP, "default", &bench.harness, NULL),
        FLOW_EINVAL);
    tear_down(&bench);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"sink", test_a_sink_is_run_by_hand},
        {"sink error", test_a_sinks_error_is_returned_and_rolls_back},
        {"pending", test_pending_answers_come_from_other_threads},
        {"time", test_time_moves_by_way_of_deadlines},
        {"start", test_a_start_that_fails_can_be_tried_again},
        {"source", test_a_source_is_polled_and_its_events_pulled},
        {"interceptor", test_an_interceptor_runs_over_a_batch},
        {"channel", test_a_channel_is_tested_with_its_own_settings},
        {"bad setting", test_a_bad_setting_fails_the_start},
        {"unknown", test_there_is_no_harness_for_what_does_not_exist},
    };

    return RUN_SUITE("harness", tests);
}
