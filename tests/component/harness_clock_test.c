/* SPDX-License-Identifier: Apache-2.0 */

/* The harness's clock and the threads of components that wait by it: what happens on time in a test
 * does so in every run, however slow its threads are. */

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"
#include "suite.h"

#define THREADS 2

/* One thread of a component: it waits, notes when that ended and does something, in a loop. */
struct ticker {
    struct bench *bench;
    pthread_t thread;
    int64_t period;
    int late_us; /* it is busy as long before its first wait, and now and then later */
    int rounds;
    int last_round; /* it ends after as many, unless 0 */
    int wrong;      /* rounds that did not come on time */
    int pipe[2];    /* round 1 reads a byte, unless that is 0 */
};

/* The component, its harness, and what it has in common. */
struct bench {
    struct rig rig;
    flow_harness *harness;
    flow_context *ctx;
    flow_emitter *emitter;
    struct ticker tickers[THREADS];
    int count;         /* of threads */
    int64_t notes[64]; /* when something happened, in order */
    int noted, timers;
    int64_t poll_ms, stop_ms; /* `poll` and `process`, and `stop`, wait as long */
};

static void note(struct bench *bench)
{
    if (bench->noted < 64)
        bench->notes[bench->noted++] = flow_context_now(bench->ctx);
}

static void emit(struct bench *bench)
{
    flow_batch *batch = rig_batch(&bench->rig, 0, 1);

    ck_assert_int_eq(flow_emitter_emit(bench->emitter, batch, NULL), FLOW_OK);
    flow_batch_free(batch);
}

static void *tick(void *arg)
{
    struct ticker *one = arg;
    struct bench *bench = one->bench;
    int64_t began = flow_context_now(bench->ctx);
    char byte;

    for (int round = 1;; round++) {
        usleep((useconds_t)(round % 64 == 1 ? one->late_us : 0));
        if (flow_wait(bench->ctx, one->period) != FLOW_OK)
            return NULL;
        one->rounds++;
        one->wrong += flow_context_now(bench->ctx) != began + round * one->period;
        if (bench->emitter)
            emit(bench);
        else
            note(bench);
        if (round == 1 && one->pipe[0] > 0)
            ck_assert_int_eq(read(one->pipe[0], &byte, 1), 1);
        if (round == one->last_round)
            return NULL;
    }
}

static int create(flow_context *ctx, void **self, flow_error **err)
{
    struct bench *bench = flow_context_user(ctx);

    bench->ctx = ctx;
    *self = bench;
    return FLOW_OK;
}

static void destroy(void *self)
{
}

static int start(void *self, flow_error **err)
{
    struct bench *bench = self;

    for (int i = 0; i < bench->count; i++) {
        bench->tickers[i].bench = bench;
        ck_assert_int_eq(pthread_create(&bench->tickers[i].thread, NULL, tick, &bench->tickers[i]),
                         0);
    }
    return FLOW_OK;
}

static int start_source(void *self, flow_emitter *emitter, flow_error **err)
{
    struct bench *bench = self;

    bench->emitter = emitter;
    return start(self, err);
}

static int stop(void *self, flow_error **err)
{
    struct bench *bench = self;

    for (int i = 0; i < bench->count; i++)
        pthread_join(bench->tickers[i].thread, NULL);
    if (bench->stop_ms > 0)
        ck_assert_int_eq(flow_wait(bench->ctx, bench->stop_ms), FLOW_ECLOSED);
    return FLOW_OK;
}

static int poll(void *self, flow_emitter *emitter, flow_error **err)
{
    struct bench *bench = self;

    return flow_wait(bench->ctx, bench->poll_ms) == FLOW_OK ? FLOW_READY : FLOW_BACKOFF;
}

static int process(void *self, flow_txn *txn, flow_error **err)
{
    return poll(self, NULL, err);
}

static int64_t deadline(void *self)
{
    const struct bench *bench = self;

    return bench->timers == 0 ? 500 : INT64_MAX;
}

static int timer(void *self, flow_error **err)
{
    struct bench *bench = self;

    bench->timers++;
    note(bench);
    return FLOW_OK;
}

static const flow_schema schema = {
    .struct_size = sizeof(schema),
    .property_size = sizeof(flow_property),
    .summary = "Waits.",
};

static void add_source(struct bench *bench, const char *type, int is_polled)
{
    const flow_source_ops ops = {
        .struct_size = sizeof(ops),
        .type = type,
        .schema = &schema,
        .create = create,
        .destroy = destroy,
        .start = start_source,
        .stop = stop,
        .poll = is_polled ? poll : NULL,
    };

    ck_assert_int_eq(
        flow_registry_add_source(flow_library_registry(bench->rig.lib), &ops, bench, NULL, NULL),
        FLOW_OK);
}

static void add_sink(struct bench *bench)
{
    const flow_sink_ops ops = {
        .struct_size = sizeof(ops),
        .type = "ticker",
        .schema = &schema,
        .create = create,
        .destroy = destroy,
        .start = start,
        .stop = stop,
        .process = process,
        .deadline = deadline,
        .timer = timer,
    };

    ck_assert_int_eq(
        flow_registry_add_sink(flow_library_registry(bench->rig.lib), &ops, bench, NULL, NULL),
        FLOW_OK);
}

static void set_up(struct bench *bench, uint32_t kind, const char *type)
{
    memset(bench, 0, sizeof(*bench));
    rig_init(&bench->rig, 0);
    add_source(bench, "ticker", 0);
    add_source(bench, "poller", 1);
    add_sink(bench);
    ck_assert_int_eq(flow_harness_new(bench->rig.lib, kind, type, &bench->harness, NULL), FLOW_OK);
}

static void begin(struct bench *bench)
{
    ck_assert_int_eq(flow_harness_start(bench->harness, NULL), FLOW_OK);
}

static void advance(struct bench *bench, int64_t ms)
{
    ck_assert_int_eq(flow_harness_advance(bench->harness, ms, NULL), FLOW_OK);
}

/* Ends the test unless COUNT events were emitted, and all are there already. */
static void pull(struct bench *bench, size_t count)
{
    flow_batch *batch = rig_batch(&bench->rig, 0, 0);

    ck_assert_int_eq(flow_harness_pull(bench->harness, count + 1, 0, batch, NULL), FLOW_OK);
    ck_assert_uint_eq(flow_batch_count(batch), count);
    flow_batch_free(batch);
}

static void tear_down(struct bench *bench)
{
    flow_harness_free(bench->harness);
    rig_free(&bench->rig);
}

START_TEST(test_rounds_of_a_source_are_exact)
{
    static struct bench bench;

    set_up(&bench, FLOW_KIND_SOURCE, "ticker");
    bench.count = 1;
    bench.tickers[0].period = 10;
    bench.tickers[0].late_us = 500;
    begin(&bench);
    for (int i = 1; i <= 5000; i++) {
        advance(&bench, 10);
        ck_assert_int_eq(bench.tickers[0].rounds, i);
    }
    pull(&bench, 5000);
    advance(&bench, 9);
    ck_assert_int_eq(bench.tickers[0].rounds, 5000);
    advance(&bench, 1);
    ck_assert_int_eq(bench.tickers[0].rounds, 5001);
    /* Many rounds in one move. */
    advance(&bench, 49990);
    pull(&bench, 5000);
    ck_assert_int_eq(bench.tickers[0].wrong, 0);
    tear_down(&bench);
}
END_TEST

START_TEST(test_a_source_that_is_started_again_is_as_exact)
{
    static struct bench bench;

    set_up(&bench, FLOW_KIND_SOURCE, "ticker");
    bench.count = 1;
    bench.tickers[0].period = 7;
    bench.tickers[0].late_us = 2000;
    for (int i = 1; i <= 100; i++) {
        begin(&bench);
        advance(&bench, 13);
        ck_assert_int_eq(bench.tickers[0].rounds, i);
        pull(&bench, 1);
        ck_assert_int_eq(flow_harness_stop(bench.harness, NULL), FLOW_OK);
        advance(&bench, 100);
    }
    ck_assert_int_eq(bench.tickers[0].wrong, 0);
    tear_down(&bench);
}
END_TEST

START_TEST(test_all_threads_that_are_expected_are_exact)
{
    static struct bench bench;

    set_up(&bench, FLOW_KIND_SOURCE, "ticker");
    bench.count = 2;
    bench.tickers[0].period = 3;
    bench.tickers[1].period = 5;
    bench.tickers[1].late_us = 20000;
    flow_harness_expect(bench.harness, 2);
    begin(&bench);
    for (int i = 1; i <= 200; i++) {
        advance(&bench, 15);
        ck_assert_int_eq(bench.tickers[0].rounds, 5 * i);
        ck_assert_int_eq(bench.tickers[1].rounds, 3 * i);
    }
    ck_assert_int_eq(bench.tickers[0].wrong + bench.tickers[1].wrong, 0);
    tear_down(&bench);
}
END_TEST

START_TEST(test_nobody_waits_for_a_thread_that_has_ended)
{
    static struct bench bench;

    set_up(&bench, FLOW_KIND_SOURCE, "ticker");
    bench.count = 1;
    bench.tickers[0].period = 10;
    bench.tickers[0].last_round = 3;
    begin(&bench);
    advance(&bench, 1000);
    pull(&bench, 3);
    advance(&bench, 1000);
    ck_assert_uint_eq(rig_logged(&bench.rig, "WARN"), 0);
    tear_down(&bench);
}
END_TEST

START_TEST(test_a_thread_that_waits_elsewhere_is_told_of_and_may_come_back)
{
    static struct bench bench;

    set_up(&bench, FLOW_KIND_SOURCE, "ticker");
    bench.count = 1;
    bench.tickers[0].period = 10;
    ck_assert_int_eq(pipe(bench.tickers[0].pipe), 0);
    begin(&bench);
    advance(&bench, 10);
    ck_assert_uint_eq(rig_logged(&bench.rig, "WARN r1: the clock moves though"), 1);
    ck_assert_int_eq(write(bench.tickers[0].pipe[1], "x", 1), 1);
    flow_harness_expect(bench.harness, 1);
    advance(&bench, 100);
    ck_assert_int_eq(bench.tickers[0].rounds, 11);
    ck_assert_int_eq(bench.tickers[0].wrong, 0);
    ck_assert_uint_eq(rig_logged(&bench.rig, "WARN"), 1);
    tear_down(&bench);
}
END_TEST

START_TEST(test_a_source_that_never_waits_need_not_be_expected)
{
    static struct bench bench;

    set_up(&bench, FLOW_KIND_SOURCE, "ticker");
    flow_harness_expect(bench.harness, 0);
    begin(&bench);
    advance(&bench, 10);
    ck_assert_uint_eq(rig_logged(&bench.rig, "WARN"), 0);
    tear_down(&bench);
}
END_TEST

START_TEST(test_waits_and_timers_of_a_sink_come_in_order)
{
    static const int64_t expected[] = {200, 400, 500, 600, 800};
    static struct bench bench;

    set_up(&bench, FLOW_KIND_SINK, "ticker");
    bench.count = 1;
    bench.tickers[0].period = 200;
    bench.tickers[0].late_us = 2000;
    flow_harness_expect(bench.harness, 1);
    begin(&bench);
    advance(&bench, 900);
    ck_assert_int_eq(bench.noted, 5);
    ck_assert_mem_eq(bench.notes, expected, sizeof(expected));
    tear_down(&bench);
}
END_TEST

/* On the thread of the test, where nobody else could move the clock. */
START_TEST(test_a_wait_of_a_callback_moves_the_clock)
{
    static struct bench bench;

    set_up(&bench, FLOW_KIND_SOURCE, "poller");
    bench.poll_ms = 250;
    bench.stop_ms = 1000;
    begin(&bench);
    int64_t before = flow_context_time(bench.ctx);
    for (int i = 1; i <= 1000; i++) {
        ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_READY);
        ck_assert_int_eq(flow_context_time(bench.ctx) - before, i * 250);
    }
    ck_assert_int_eq(flow_harness_stop(bench.harness, NULL), FLOW_OK);
    ck_assert_int_eq(flow_context_time(bench.ctx) - before, 250000);
    tear_down(&bench);

    set_up(&bench, FLOW_KIND_SINK, "ticker");
    bench.count = 1;
    bench.tickers[0].period = 10;
    bench.poll_ms = 1000;
    flow_harness_expect(bench.harness, 1);
    begin(&bench);
    ck_assert_int_eq(flow_harness_run(bench.harness, NULL), FLOW_READY);
    ck_assert_int_eq(bench.tickers[0].rounds, 100);
    tear_down(&bench);
}
END_TEST

START_TEST(test_time_has_an_end)
{
    static struct bench bench;

    set_up(&bench, FLOW_KIND_SINK, "ticker");
    begin(&bench);
    ck_assert_int_eq(flow_harness_advance(bench.harness, -1, NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_harness_advance(bench.harness, INT64_MAX, NULL), FLOW_EINVAL);
    flow_harness_set_time(bench.harness, 5);
    ck_assert_int_eq(flow_context_time(bench.ctx), 5);
    tear_down(&bench);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"rounds", test_rounds_of_a_source_are_exact},
        {"restart", test_a_source_that_is_started_again_is_as_exact},
        {"threads", test_all_threads_that_are_expected_are_exact},
        {"ended", test_nobody_waits_for_a_thread_that_has_ended},
        {"elsewhere", test_a_thread_that_waits_elsewhere_is_told_of_and_may_come_back},
        {"never", test_a_source_that_never_waits_need_not_be_expected},
        {"sink", test_waits_and_timers_of_a_sink_come_in_order},
        {"callback", test_a_wait_of_a_callback_moves_the_clock},
        {"end of time", test_time_has_an_end},
    };

    return RUN_SUITE("harness clock", tests);
}
