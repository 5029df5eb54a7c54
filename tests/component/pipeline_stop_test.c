/* SPDX-License-Identifier: Apache-2.0 */

/* Stopping a pipeline while another thread starts it, drains it or stops it too. */

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "await.h"
#include "channels/channels.h"
#include "probe.h"
#include "suite.h"

/* Long enough to tell a wait that was ended from one that was not. */
#define LONG_MS 100000

/* ---- a component, "slow", that takes its time to start ---- */

static struct {
    flow_context *ctx;
    _Atomic int64_t wait_ms; /* `start` waits as long by flow_wait */
    _Atomic int deaf;        /* and then, whatever comes, until this is 0 */
    _Atomic int inside;      /* `start` runs */
    _Atomic int starts, stops;
    flow_pipeline *to_stop; /* `start` stops this one, unless it is NULL */
    int answer;             /* what came of that */
} slow;

static int start_slowly(flow_error **err)
{
    atomic_store(&slow.inside, 1);
    if (slow.to_stop)
        slow.answer = flow_pipeline_stop(slow.to_stop, -1, NULL);
    int rc = flow_wait(slow.ctx, atomic_load(&slow.wait_ms));
    AWAIT(!atomic_load(&slow.deaf));
    atomic_store(&slow.inside, 0);
    if (rc != FLOW_OK)
        return flow_error_set(err, rc, "the peer did not come");
    atomic_fetch_add(&slow.starts, 1);
    return FLOW_OK;
}

static int create(flow_context *ctx, void **self, flow_error **err)
{
    slow.ctx = ctx;
    *self = NULL;
    return FLOW_OK;
}

static void destroy(void *self)
{
}

static int start_source(void *self, flow_emitter *emitter, flow_error **err)
{
    return start_slowly(err);
}

static int start(void *self, flow_error **err)
{
    return start_slowly(err);
}

static int stop(void *self, flow_error **err)
{
    atomic_fetch_add(&slow.stops, 1);
    return FLOW_OK;
}

static int poll(void *self, flow_emitter *emitter, flow_error **err)
{
    return FLOW_BACKOFF;
}

static int process(void *self, flow_txn *txn, flow_error **err)
{
    return FLOW_BACKOFF;
}

static int create_channel(flow_context *ctx, void **self, flow_error **err)
{
    slow.ctx = ctx;
    return fl_memory_channel.create(ctx, self, err);
}

static const flow_schema schema = {
    .struct_size = sizeof(schema),
    .property_size = sizeof(flow_property),
    .summary = "Takes its time to start.",
};

static void add_source(flow_registry *registry, const char *type, int is_polled)
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

    ck_assert_int_eq(flow_registry_add_source(registry, &ops, NULL, NULL, NULL), FLOW_OK);
}

static void add_sink(flow_registry *registry)
{
    const flow_sink_ops ops = {
        .struct_size = sizeof(ops),
        .type = "slow",
        .schema = &schema,
        .create = create,
        .destroy = destroy,
        .start = start,
        .stop = stop,
        .process = process,
    };

    ck_assert_int_eq(flow_registry_add_sink(registry, &ops, NULL, NULL, NULL), FLOW_OK);
}

static void add_channel(flow_registry *registry)
{
    flow_channel_ops ops = fl_memory_channel;

    ops.type = "slow";
    ops.aliases = NULL;
    ops.create = create_channel;
    ops.open = start;
    ops.close = stop;
    ck_assert_int_eq(flow_registry_add_channel(registry, &ops, NULL, NULL, NULL), FLOW_OK);
}

static void set_up(struct rig *rig, struct probe *probe, const char *text)
{
    memset(&slow, 0, sizeof(slow));
    atomic_store(&slow.wait_ms, LONG_MS);
    probe_set_up(rig, probe, 0);
    add_source(flow_library_registry(rig->lib), "slow", 0);
    add_source(flow_library_registry(rig->lib), "slow_poll", 1);
    add_sink(flow_library_registry(rig->lib));
    add_channel(flow_library_registry(rig->lib));
    rig_build(rig, text);
}

/* ---- calls on threads of their own ---- */

struct call {
    flow_pipeline *pipeline;
    int (*run)(struct call *call);
    pthread_t thread;
    _Atomic long id; /* of the thread, for the kernel */
    flow_error *err;
    int result;
    _Atomic int done;
};

static int call_start(struct call *call)
{
    return flow_pipeline_start(call->pipeline, &call->err);
}

static int call_drain(struct call *call)
{
    return flow_pipeline_drain(call->pipeline, LONG_MS, &call->err);
}

static int call_stop(struct call *call)
{
    return flow_pipeline_stop(call->pipeline, LONG_MS / 2, &call->err);
}

static void *run_call(void *arg)
{
    struct call *call = arg;

    atomic_store(&call->id, syscall(SYS_gettid));
    call->result = call->run(call);
    atomic_store(&call->done, 1);
    return NULL;
}

static void begin(struct call *call, struct rig *rig, int (*run)(struct call *call))
{
    memset(call, 0, sizeof(*call));
    call->pipeline = rig->pipeline;
    call->run = run;
    ck_assert_int_eq(pthread_create(&call->thread, NULL, run_call, call), 0);
}

/* Ends the test unless the call answers RESULT, with a message that has WORDS. */
static void expect(struct call *call, int result, const char *words)
{
    pthread_join(call->thread, NULL);
    ck_assert_msg(call->result == result, "%d: %s", call->result, flow_error_message(call->err));
    if (words)
        ck_assert_msg(strstr(flow_error_message(call->err), words) != NULL, "%s",
                      flow_error_message(call->err));
    flow_error_free(call->err);
}

/* Whether the call can only be waiting for its turn, as nothing else lets its thread sleep. */
static int is_asleep(struct call *call)
{
    char path[64];
    char state = 'R';

    snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", atomic_load(&call->id));
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    int count = fscanf(file, "%*d %*s %c", &state);
    fclose(file);
    return count == 1 && state == 'S';
}

/* ---- a start that is cut short ---- */

/* Stops the pipeline TEXT while "slow" starts, and starts it again. */
static void cut_and_start_again(const char *text)
{
    struct rig rig;
    struct probe probe;
    struct call starting;

    set_up(&rig, &probe, text);
    begin(&starting, &rig, call_start);
    AWAIT(atomic_load(&slow.inside));
    rig_stop(&rig);
    expect(&starting, FLOW_ECLOSED, "the pipeline was stopped meanwhile");
    ck_assert_int_eq(atomic_load(&slow.stops), 0);
    ck_assert_int_ne(flow_pipeline_state(rig.pipeline), FLOW_PIPELINE_RUNNING);
    ck_assert_uint_eq(rig_logged(&rig, "ERROR"), 0);

    atomic_store(&slow.wait_ms, 0);
    rig_start(&rig);
    ck_assert_int_eq(flow_pipeline_state(rig.pipeline), FLOW_PIPELINE_RUNNING);
    rig_stop(&rig);
    ck_assert_int_eq(atomic_load(&slow.starts), 1);
    ck_assert_int_eq(atomic_load(&slow.stops), 1);
    probe_tear_down(&rig, &probe);
}

START_TEST(test_a_stop_ends_the_waits_of_a_source_that_starts)
{
    cut_and_start_again(PROBE_PIPELINE "a1.sources.r1.type = slow\n");
}
END_TEST

START_TEST(test_a_stop_ends_the_waits_of_a_polled_source_that_starts)
{
    cut_and_start_again(PROBE_PIPELINE "a1.sources.r1.type = slow_poll\n");
}
END_TEST

START_TEST(test_a_stop_ends_the_waits_of_a_sink_that_starts)
{
    cut_and_start_again(PROBE_PIPELINE "a1.sinks.k1.type = slow\n");
}
END_TEST

START_TEST(test_a_stop_ends_the_waits_of_a_grouped_sink_that_starts)
{
    cut_and_start_again(PROBE_PIPELINE "a1.sinks = k1 k2\n"
                                       "a1.sinks.k2.type = slow\n"
                                       "a1.sinks.k2.channel = c1\n"
                                       "a1.sinkgroups = g1\n"
                                       "a1.sinkgroups.g1.sinks = k2\n"
                                       "a1.sinkgroups.g1.processor.type = default\n");
}
END_TEST

START_TEST(test_a_stop_ends_the_waits_of_a_channel_that_opens)
{
    cut_and_start_again(PROBE_PIPELINE "a1.channels.c1.type = slow\n");
}
END_TEST

START_TEST(test_what_had_started_is_stopped_and_what_had_not_is_left_alone)
{
    struct rig rig;
    struct probe probe;
    struct call starting;

    set_up(&rig, &probe, PROBE_PIPELINE "a1.sources.r1.type = slow\n");
    begin(&starting, &rig, call_start);
    AWAIT(atomic_load(&slow.inside));
    ck_assert_int_eq(probe_read(&probe, &probe.starts), 1);
    rig_stop(&rig);
    ck_assert_int_eq(probe_read(&probe, &probe.stops), 1);
    expect(&starting, FLOW_ECLOSED, NULL);
    ck_assert_int_eq(flow_channel_size(rig_channel(&rig, "c1")), 0);
    probe_tear_down(&rig, &probe);

    set_up(&rig, &probe, PROBE_PIPELINE "a1.channels.c1.type = slow\n");
    begin(&starting, &rig, call_start);
    AWAIT(atomic_load(&slow.inside));
    rig_stop(&rig);
    expect(&starting, FLOW_ECLOSED, NULL);
    ck_assert_int_eq(probe_read(&probe, &probe.starts), 0);
    probe_tear_down(&rig, &probe);
}
END_TEST

/* What ignores flow_wait is named, and the start that waits for it gives up all the same. */
START_TEST(test_a_start_gives_up_though_the_stop_did_not_wait_for_it)
{
    struct rig rig;
    struct probe probe;
    struct call starting;
    flow_error *err = NULL;

    set_up(&rig, &probe, PROBE_PIPELINE "a1.sources.r1.type = slow\n");
    atomic_store(&slow.wait_ms, 0);
    atomic_store(&slow.deaf, 1);
    begin(&starting, &rig, call_start);
    AWAIT(atomic_load(&slow.inside));
    ck_assert_int_eq(flow_pipeline_stop(rig.pipeline, 10, &err), FLOW_ETIMEDOUT);
    ck_assert_str_eq(flow_error_component(err), "source r1");
    flow_error_free(err);
    ck_assert_int_eq(flow_pipeline_free(rig.pipeline, NULL), FLOW_ESTATE);

    atomic_store(&slow.deaf, 0);
    expect(&starting, FLOW_ECLOSED, "the pipeline was stopped meanwhile");
    ck_assert_int_eq(atomic_load(&slow.starts), 1);
    ck_assert_int_eq(atomic_load(&slow.stops), 1);
    rig_stop(&rig);
    rig_start(&rig);
    probe_tear_down(&rig, &probe);
}
END_TEST

START_TEST(test_one_stop_that_gives_up_takes_nothing_from_another)
{
    struct rig rig;
    struct probe probe;
    struct call starting;
    struct call stopping;

    set_up(&rig, &probe, PROBE_PIPELINE "a1.sources.r1.type = slow\n");
    atomic_store(&slow.deaf, 1);
    begin(&starting, &rig, call_start);
    AWAIT(atomic_load(&slow.inside));
    begin(&stopping, &rig, call_stop);
    AWAIT(is_asleep(&stopping));
    ck_assert_int_eq(flow_pipeline_stop(rig.pipeline, 0, NULL), FLOW_ETIMEDOUT);
    atomic_store(&slow.deaf, 0);
    expect(&stopping, FLOW_OK, NULL);
    expect(&starting, FLOW_ECLOSED, NULL);
    probe_tear_down(&rig, &probe);
}
END_TEST

START_TEST(test_a_callback_of_the_start_cannot_stop_it)
{
    struct rig rig;
    struct probe probe;

    set_up(&rig, &probe, PROBE_PIPELINE "a1.channels.c1.type = slow\n");
    atomic_store(&slow.wait_ms, 0);
    slow.to_stop = rig.pipeline;
    rig_start(&rig);
    ck_assert_int_eq(slow.answer, FLOW_ESTATE);
    ck_assert_int_eq(flow_pipeline_state(rig.pipeline), FLOW_PIPELINE_RUNNING);
    probe_tear_down(&rig, &probe);
}
END_TEST

/* A start and a second drain wait for the first one, which the stop ends. */
START_TEST(test_a_stop_goes_before_calls_that_came_earlier_and_ends_them)
{
    struct rig rig;
    struct probe probe;
    struct call calls[3];

    set_up(&rig, &probe, PROBE_PIPELINE);
    probe.fails = 1;
    rig_start(&rig);
    rig_push(&rig, 0, 1);
    rig_await_log(&rig, "the peer refused"); /* the sink pauses for 5 s, with the event left */
    begin(&calls[0], &rig, call_drain);
    AWAIT(flow_pipeline_state(rig.pipeline) == FLOW_PIPELINE_STOPPING);
    begin(&calls[1], &rig, call_start);
    AWAIT(is_asleep(&calls[1]));
    begin(&calls[2], &rig, call_drain);
    AWAIT(is_asleep(&calls[2]));
    rig_stop(&rig);
    for (int i = 0; i < 3; i++)
        expect(&calls[i], FLOW_ECLOSED, "the pipeline was stopped meanwhile");
    ck_assert_int_eq(flow_pipeline_state(rig.pipeline), FLOW_PIPELINE_STOPPED);
    ck_assert_int_eq(probe_read(&probe, &probe.starts), 1);
    rig_start(&rig);
    ck_assert_int_eq(flow_pipeline_drain(rig.pipeline, LONG_MS, NULL), FLOW_OK);
    probe_tear_down(&rig, &probe);
}
END_TEST

/* ---- whenever it comes ---- */

/* The start never ends by itself, so that a stop it does not see leaves it waiting. */
START_TEST(test_no_moment_of_a_start_is_lost_to_a_stop)
{
    struct rig rig;
    struct probe probe;

    set_up(&rig, &probe, PROBE_PIPELINE "a1.sources.r1.type = slow\n");
    for (int round = 0; round < 1000; round++) {
        struct call starting;
        begin(&starting, &rig, call_start);
        for (volatile int i = 0; i < round * 20; i++)
            continue;
        rig_stop(&rig);
        /* That one may have come before the start. */
        while (!atomic_load(&starting.done))
            rig_stop(&rig);
        expect(&starting, FLOW_ECLOSED, NULL);
    }
    ck_assert_int_eq(probe.starts, probe.stops);
    ck_assert_int_eq(atomic_load(&slow.starts), 0);
    probe_tear_down(&rig, &probe);
}
END_TEST

struct crowd {
    flow_pipeline *pipeline;
    int (*run)(struct call *call);
    const int *answers; /* that may come; 0 ends them, and may come too */
    pthread_t thread;
};

static int is_among(int answer, const int *answers)
{
    while (*answers != 0 && *answers != answer)
        answers++;
    return *answers == answer;
}

static void *call_often(void *arg)
{
    const struct crowd *one = arg;

    for (int i = 0; i < 300; i++) {
        struct call call = {.pipeline = one->pipeline};
        int answer = one->run(&call);
        ck_assert_msg(is_among(answer, one->answers), "%s", flow_error_message(call.err));
        flow_error_free(call.err);
    }
    return NULL;
}

START_TEST(test_any_calls_may_come_together)
{
    static const int others[] = {FLOW_ESTATE, FLOW_ECLOSED, 0};
    static const int only_ok[] = {0};
    struct rig rig;
    struct probe probe;

    set_up(&rig, &probe, PROBE_PIPELINE "a1.sources.r1.type = slow\n");
    atomic_store(&slow.wait_ms, 1);
    struct crowd crowd[] = {
        {rig.pipeline, call_start, others, 0}, {rig.pipeline, call_stop, only_ok, 0},
        {rig.pipeline, call_start, others, 0}, {rig.pipeline, call_stop, only_ok, 0},
        {rig.pipeline, call_drain, others, 0},
    };
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(pthread_create(&crowd[i].thread, NULL, call_often, &crowd[i]), 0);
    for (int i = 0; i < 5; i++)
        pthread_join(crowd[i].thread, NULL);
    rig_stop(&rig);
    ck_assert_int_eq(probe.starts, probe.stops);
    ck_assert_int_eq(atomic_load(&slow.starts), atomic_load(&slow.stops));
    probe_tear_down(&rig, &probe);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"source", test_a_stop_ends_the_waits_of_a_source_that_starts},
        {"polled source", test_a_stop_ends_the_waits_of_a_polled_source_that_starts},
        {"sink", test_a_stop_ends_the_waits_of_a_sink_that_starts},
        {"grouped sink", test_a_stop_ends_the_waits_of_a_grouped_sink_that_starts},
        {"channel", test_a_stop_ends_the_waits_of_a_channel_that_opens},
        {"half started", test_what_had_started_is_stopped_and_what_had_not_is_left_alone},
        {"deaf", test_a_start_gives_up_though_the_stop_did_not_wait_for_it},
        {"two stops", test_one_stop_that_gives_up_takes_nothing_from_another},
        {"callback", test_a_callback_of_the_start_cannot_stop_it},
        {"turns", test_a_stop_goes_before_calls_that_came_earlier_and_ends_them},
        {"moments", test_no_moment_of_a_start_is_lost_to_a_stop},
        {"crowd", test_any_calls_may_come_together},
    };

    return RUN_SUITE("pipeline stop", tests);
}
