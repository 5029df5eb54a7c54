/* SPDX-License-Identifier: Apache-2.0 */

/* Whole pipelines: their life from start to free, and that their counters add up. */

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "await.h"
#include "channels/channels.h"
#include "probe.h"
#include "suite.h"

static void set_up(struct rig *rig, struct probe *probe, const char *text)
{
    probe_set_up(rig, probe, 0);
    rig_build(rig, text);
}

START_TEST(test_events_reach_the_sink_in_order)
{
    struct rig rig;
    struct probe probe;

    set_up(&rig, &probe, PROBE_PIPELINE);
    rig_start(&rig);
    for (unsigned i = 0; i < 10; i++)
        rig_push(&rig, i * 50, 50);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 500);
    probe_expect(&probe, 0, 500);
    probe_tear_down(&rig, &probe);
}
END_TEST

START_TEST(test_states_follow_the_calls)
{
    struct rig rig;
    struct probe probe;

    set_up(&rig, &probe, PROBE_PIPELINE);
    ck_assert_int_eq(flow_pipeline_state(rig.pipeline), FLOW_PIPELINE_NEW);
    ck_assert_int_eq(flow_pipeline_drain(rig.pipeline, 0, NULL), FLOW_ESTATE);
    rig_start(&rig);
    ck_assert_int_eq(flow_pipeline_state(rig.pipeline), FLOW_PIPELINE_RUNNING);
    ck_assert_int_eq(flow_pipeline_start(rig.pipeline, NULL), FLOW_ESTATE);
    ck_assert_int_eq(flow_pipeline_free(rig.pipeline, NULL), FLOW_ESTATE);
    ck_assert_int_eq(flow_library_free(rig.lib, NULL), FLOW_ESTATE);
    ck_assert_int_eq(flow_pipeline_drain(rig.pipeline, 60000, NULL), FLOW_OK);
    ck_assert_int_eq(flow_pipeline_state(rig.pipeline), FLOW_PIPELINE_STOPPING);
    rig_stop(&rig);
    ck_assert_int_eq(flow_pipeline_state(rig.pipeline), FLOW_PIPELINE_STOPPED);
    probe_tear_down(&rig, &probe);
}
END_TEST

START_TEST(test_a_stopped_pipeline_starts_again)
{
    struct rig rig;
    struct probe probe;

    set_up(&rig, &probe, PROBE_PIPELINE);
    for (unsigned round = 0; round < 3; round++) {
        rig_start(&rig);
        rig_push(&rig, round * 10, 10);
        ck_assert_int_eq(flow_pipeline_drain(rig.pipeline, 60000, NULL), FLOW_OK);
        rig_stop(&rig);
    }
    probe_expect(&probe, 0, 30);
    ck_assert_int_eq(probe.starts, 3);
    ck_assert_int_eq(probe.stops, 3);
    probe_tear_down(&rig, &probe);
}
END_TEST

START_TEST(test_drain_empties_the_channels_and_asks_for_what_is_held_back)
{
    struct rig rig;
    struct probe probe;
    flow_inlet *inlet;

    set_up(&rig, &probe, PROBE_PIPELINE);
    rig_start(&rig);
    rig_push(&rig, 0, 1000);
    ck_assert_int_eq(flow_pipeline_drain(rig.pipeline, 60000, NULL), FLOW_OK);
    probe_expect(&probe, 0, 1000);
    ck_assert_int_ge(probe_read(&probe, &probe.flushes), 1);

    inlet = rig_inlet(&rig, "r1");
    flow_batch *batch = rig_batch(&rig, 0, 1);
    ck_assert_int_eq(flow_inlet_push_batch(inlet, batch, 0, NULL), FLOW_ECLOSED);
    flow_batch_free(batch);
    probe_tear_down(&rig, &probe);
}
END_TEST

START_TEST(test_drain_tells_how_much_is_left)
{
    struct rig rig;
    struct probe probe;
    flow_error *err = NULL;

    set_up(&rig, &probe, PROBE_PIPELINE);
    probe.batch = 10;
    probe.blocked = 1;
    rig_start(&rig);
    rig_push(&rig, 0, 25);
    probe_await_inside(&probe);
    ck_assert_int_eq(flow_pipeline_drain(rig.pipeline, 10, &err), FLOW_ETIMEDOUT);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "15 events are left"));
    flow_error_free(err);
    probe_unblock(&probe);
    ck_assert_int_eq(flow_pipeline_drain(rig.pipeline, 60000, NULL), FLOW_OK);
    probe_expect(&probe, 0, 25);
    probe_tear_down(&rig, &probe);
}
END_TEST

/* A sink that holds what it got until it is asked for it. */
static int hold(struct probe *probe, flow_txn *txn, flow_error **err)
{
    const flow_event *const *events;
    size_t count;

    flow_txn_take(txn, 100, 0, &events, &count, err);
    pthread_mutex_lock(&probe->lock);
    for (size_t i = 0; i < count; i++)
        rig_note(probe->got, events[i]);
    probe->held[probe->held_count++] = txn;
    pthread_cond_broadcast(&probe->changed);
    pthread_mutex_unlock(&probe->lock);
    return FLOW_PENDING;
}

static void *release_when_flushed(void *arg)
{
    struct probe *probe = arg;

    pthread_mutex_lock(&probe->lock);
    while (probe->flushes == 0)
        pthread_cond_wait(&probe->changed, &probe->lock);
    pthread_mutex_unlock(&probe->lock);
    probe_done(probe, 0, FLOW_OK);
    return NULL;
}

START_TEST(test_drain_waits_for_pending_transactions)
{
    struct rig rig;
    struct probe probe;
    pthread_t thread;

    set_up(&rig, &probe, PROBE_PIPELINE);
    probe.hook = hold;
    probe.max_pending = 4;
    rig_start(&rig);
    rig_push(&rig, 0, 5);
    probe_await_held(&probe, 1);
    ck_assert_int_eq(flow_pipeline_drain(rig.pipeline, 0, NULL), FLOW_ETIMEDOUT);
    pthread_create(&thread, NULL, release_when_flushed, &probe);
    ck_assert_int_eq(flow_pipeline_drain(rig.pipeline, 60000, NULL), FLOW_OK);
    pthread_join(thread, NULL);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventDrainSuccessCount"), 5);
    probe_tear_down(&rig, &probe);
}
END_TEST

static void *drain(void *arg)
{
    return (void *)(intptr_t)flow_pipeline_drain(arg, 60000, NULL);
}

/* K1 pauses while there is an event, which K2 then takes: k1 is asked all the same, at once. */
START_TEST(test_drain_asks_a_sink_whose_events_another_took)
{
    struct rig rig;
    struct probe probes[2];
    pthread_t thread;
    void *result;

    probe_set_up(&rig, &probes[0], 1);
    probe_register(&probes[1], &rig, "other");
    probes[0].fails = 1;
    probes[1].start_fails = 1;
    rig_build(&rig, PROBE_PIPELINE "a1.sinks = k1 k2\n"
                                   "a1.sinks.k2.type = other\n"
                                   "a1.sinks.k2.channel = c1\n");
    rig_start(&rig);
    rig_push(&rig, 0, 1);
    rig_await_log(&rig, "the peer refused");
    pthread_create(&thread, NULL, drain, rig.pipeline);
    AWAIT(flow_pipeline_state(rig.pipeline) == FLOW_PIPELINE_STOPPING);
    usleep(20000); /* so that k1 has seen the event when it is asked first */
    rig_advance(&rig, 3000);
    pthread_join(thread, &result);
    ck_assert_int_eq((intptr_t)result, FLOW_OK);
    ck_assert_int_eq(rig_metric(&rig, "k2", "EventDrainSuccessCount"), 1);
    ck_assert_int_ge(probe_read(&probes[0], &probes[0].flushes), 1);
    probe_tear_down(&rig, &probes[0]);
    probe_free(&probes[1]);
}
END_TEST

START_TEST(test_stop_is_bounded_and_can_be_waited_on)
{
    struct rig rig;
    struct probe probe;
    flow_error *err = NULL;

    set_up(&rig, &probe, PROBE_PIPELINE);
    probe.blocked = 1;
    rig_start(&rig);
    rig_push(&rig, 0, 1);
    probe_await_inside(&probe);
    ck_assert_int_eq(flow_pipeline_stop(rig.pipeline, 10, &err), FLOW_ETIMEDOUT);
    ck_assert_str_eq(flow_error_component(err), "sink k1");
    flow_error_free(err);
    ck_assert_int_eq(flow_pipeline_free(rig.pipeline, NULL), FLOW_ESTATE);
    ck_assert_int_eq(flow_pipeline_state(rig.pipeline), FLOW_PIPELINE_STOPPING);

    probe_unblock(&probe);
    rig_stop(&rig);
    ck_assert_int_eq(probe.stops, 1);
    probe_tear_down(&rig, &probe);
}
END_TEST

static _Atomic int may_close;

static int close_slowly(void *self, flow_error **err)
{
    AWAIT(atomic_load(&may_close));
    return FLOW_OK;
}

/* A memory channel that takes its time to close. */
static void add_slow_channel(flow_library *lib)
{
    flow_channel_ops ops = fl_memory_channel;

    atomic_store(&may_close, 0);
    ops.type = "slow";
    ops.aliases = NULL;
    ops.close = close_slowly;
    ck_assert_int_eq(flow_registry_add_channel(flow_library_registry(lib), &ops, NULL, NULL, NULL),
                     FLOW_OK);
}

START_TEST(test_a_channel_that_is_slow_to_close_is_named)
{
    struct rig rig;
    struct probe probe;
    flow_error *err = NULL;

    probe_set_up(&rig, &probe, 0);
    add_slow_channel(rig.lib);
    /* The first channel is left out, so there is nothing of it that could be named. */
    ck_assert_int_eq(rig_try_build(&rig,
                                   PROBE_PIPELINE "a1.channels = c0 c1\n"
                                                  "a1.channels.c0.type = memory\n"
                                                  "a1.channels.c0.capacity = 1\n"
                                                  "a1.channels.c0.transactionCapacity = 2\n"
                                                  "a1.channels.c1.type = slow\n",
                                   FLOW_PIPELINE_LENIENT, NULL),
                     FLOW_OK);
    rig_start(&rig);
    do {
        flow_error_free(err);
        err = NULL;
        ck_assert_int_eq(flow_pipeline_stop(rig.pipeline, 0, &err), FLOW_ETIMEDOUT);
    } while (strstr(flow_error_message(err), "did not close") == NULL);
    ck_assert_str_eq(flow_error_component(err), "channel c1");
    flow_error_free(err);
    atomic_store(&may_close, 1);
    probe_tear_down(&rig, &probe);
}
END_TEST

/* Calls what a callback must not call, and notes the answers. */
static int stop_own_pipeline(struct probe *probe, flow_txn *txn, flow_error **err)
{
    struct rig *rig = probe->hook_self;
    const flow_event *const *events;
    size_t count;

    flow_txn_take(txn, 100, 0, &events, &count, err);
    pthread_mutex_lock(&probe->lock);
    probe->answer = flow_pipeline_stop(rig->pipeline, -1, NULL);
    pthread_mutex_unlock(&probe->lock);
    return FLOW_READY;
}

START_TEST(test_a_callback_cannot_stop_its_own_pipeline)
{
    struct rig rig;
    struct probe probe;

    set_up(&rig, &probe, PROBE_PIPELINE);
    probe.hook = stop_own_pipeline;
    probe.hook_self = &rig;
    rig_start(&rig);
    rig_push(&rig, 0, 1);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 1);
    ck_assert_int_eq(probe_read(&probe, &probe.answer), FLOW_ESTATE);
    ck_assert_int_eq(flow_pipeline_state(rig.pipeline), FLOW_PIPELINE_RUNNING);
    probe_tear_down(&rig, &probe);
}
END_TEST

START_TEST(test_a_stop_cuts_a_drain_short)
{
    struct rig rig;
    struct probe probe;
    pthread_t thread;
    void *result;

    set_up(&rig, &probe, PROBE_PIPELINE);
    probe.fails = 1;
    rig_start(&rig);
    rig_push(&rig, 0, 1);
    rig_await_log(&rig, "the peer refused");
    /* The sink now pauses for 5 s, for which the drain waits and the stop does not. */
    pthread_create(&thread, NULL, drain, rig.pipeline);
    AWAIT(flow_pipeline_state(rig.pipeline) == FLOW_PIPELINE_STOPPING);
    rig_stop(&rig);
    pthread_join(thread, &result);
    ck_assert_int_eq((intptr_t)result, FLOW_ECLOSED);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventDrainSuccessCount"), 0);
    probe_tear_down(&rig, &probe);
}
END_TEST

START_TEST(test_two_pipelines_share_a_library_and_nothing_else)
{
    struct rig rig;
    struct probe probe;
    flow_pipeline *first;

    set_up(&rig, &probe, PROBE_PIPELINE);
    first = rig.pipeline;
    rig_start(&rig);
    rig_push(&rig, 0, 10);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 10);

    rig_build(&rig, PROBE_PIPELINE);
    rig_start(&rig);
    rig_push(&rig, 10, 10);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 10);
    probe_expect(&probe, 0, 20);
    rig_stop(&rig);
    ck_assert_int_eq(flow_pipeline_state(first), FLOW_PIPELINE_RUNNING);
    ck_assert_int_eq(flow_pipeline_free(rig.pipeline, NULL), FLOW_OK);
    rig.pipeline = first;
    probe_tear_down(&rig, &probe);
}
END_TEST

START_TEST(test_a_faulty_configuration_builds_nothing)
{
    struct rig rig;
    struct probe probe;
    flow_error *err = NULL;

    probe_set_up(&rig, &probe, 0);
    ck_assert_int_eq(
        rig_try_build(&rig, PROBE_PIPELINE "a1.channels.c1.capacity = many\n", 0, &err),
        FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "capacity"));
    ck_assert_ptr_null(rig.pipeline);
    flow_error_free(err);
    probe_tear_down(&rig, &probe);
}
END_TEST

START_TEST(test_lenient_leaves_out_what_is_broken)
{
    struct rig rig;
    struct probe probe;

    probe_set_up(&rig, &probe, 0);
    ck_assert_int_eq(rig_try_build(&rig,
                                   PROBE_PIPELINE "a1.sinks = k1 k2\n"
                                                  "a1.sinks.k2.type = nonsense\n"
                                                  "a1.sinks.k2.channel = c1\n",
                                   FLOW_PIPELINE_LENIENT, NULL),
                     FLOW_OK);
    rig_start(&rig);
    rig_push(&rig, 0, 3);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 3);
    probe_tear_down(&rig, &probe);
}
END_TEST

START_TEST(test_names_that_are_not_there_are_told)
{
    struct rig rig;
    struct probe probe;
    flow_inlet *inlet;
    flow_channel *channel;

    set_up(&rig, &probe, PROBE_PIPELINE);
    ck_assert_int_eq(flow_pipeline_inlet(rig.pipeline, "r2", &inlet, NULL), FLOW_ENOENT);
    ck_assert_int_eq(flow_pipeline_channel(rig.pipeline, "k1", &channel, NULL), FLOW_ENOENT);
    ck_assert_str_eq(flow_channel_name(rig_channel(&rig, "c1")), "c1");
    probe_tear_down(&rig, &probe);
}
END_TEST

/* in = out + held + refused, whatever happened to the sink meanwhile. */
START_TEST(test_counters_add_up)
{
    struct rig rig;
    struct probe probe;
    flow_inlet *inlet;

    set_up(&rig, &probe, PROBE_PIPELINE "a1.channels.c1.keep-alive = 0\n");
    probe.batch = 7;
    probe.fails = 1;
    rig_start(&rig);
    inlet = rig_inlet(&rig, "r1");
    for (unsigned i = 0; i < 40; i++) {
        flow_batch *batch = rig_batch(&rig, i * 100, 100);
        int rc = flow_inlet_push_batch(inlet, batch, 0, NULL);
        ck_assert(rc == FLOW_OK || rc == FLOW_EFULL);
        flow_batch_free(batch);
    }
    rig_stop(&rig);

    int64_t in = rig_metric(&rig, "r1", "EventReceivedCount");
    int64_t accepted = rig_metric(&rig, "r1", "EventAcceptedCount");
    int64_t out = rig_metric(&rig, "k1", "EventDrainSuccessCount");
    int64_t put = rig_metric(&rig, "c1", "EventPutSuccessCount");
    int64_t taken = rig_metric(&rig, "c1", "EventTakeSuccessCount");
    ck_assert_int_eq(in, 4000);
    ck_assert_int_eq(accepted, put);
    ck_assert_int_eq(out, taken);
    ck_assert_int_le(put - taken, 1000);
    ck_assert_int_eq(rig_metric(&rig, "r1", "ChannelWriteFail"), (in - accepted) / 100);
    probe_tear_down(&rig, &probe);
}
END_TEST

/* How often the threads of this process went to sleep, except the one that asks. */
static long context_switches(void)
{
    long total = 0;
    char line[256];
    FILE *list = popen("cat /proc/$PPID/task/*/status", "r");
    int is_ours = 0;

    while (fgets(line, sizeof(line), list) != NULL) {
        long count;
        if (strncmp(line, "Name:", 5) == 0)
            is_ours = strstr(line, "flow-") != NULL;
        if (is_ours && sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1)
            total += count;
    }
    pclose(list);
    return total;
}

START_TEST(test_an_idle_pipeline_wakes_nobody)
{
    struct rig rig;
    struct probe probe;

    set_up(&rig, &probe, PROBE_PIPELINE);
    rig_start(&rig);
    rig_push(&rig, 0, 10);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 10);
    usleep(100000); /* the runner goes to sleep */
    long before = context_switches();
    ck_assert_int_gt(before, 0);
    usleep(1000000);
    ck_assert_int_eq(context_switches(), before);
    probe_tear_down(&rig, &probe);
}
END_TEST

/* Entries of a folder, but "." and "..". */
static unsigned count_entries(const char *path)
{
    DIR *folder = opendir(path);
    unsigned count = 0;

    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* Threads of the library's. */
static unsigned count_threads(void)
{
    DIR *folder = opendir("/proc/self/task");
    unsigned count = 0;

    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[sizeof(entry->d_name) + 32];
        char name[32] = "";
        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file)
            continue;
        count += fgets(name, sizeof(name), file) != NULL && strncmp(name, "flow-", 5) == 0;
        fclose(file);
    }
    closedir(folder);
    return count;
}

START_TEST(test_threads_and_descriptors_live_between_start_and_stop)
{
    struct rig rig;
    struct probe probe;
    flow_pipeline *many[200];
    unsigned descriptors = count_entries("/proc/self/fd");

    set_up(&rig, &probe, PROBE_PIPELINE);
    many[0] = rig.pipeline;
    for (int i = 1; i < 200; i++) {
        rig_build(&rig, PROBE_PIPELINE);
        many[i] = rig.pipeline;
    }
    ck_assert_uint_eq(count_threads(), 0);
    for (int i = 0; i < 200; i++)
        ck_assert_int_eq(flow_pipeline_start(many[i], NULL), FLOW_OK);
    /* The inlets need none. */
    ck_assert_uint_eq(count_threads(), 200);
    for (int i = 0; i < 200; i++)
        ck_assert_int_eq(flow_pipeline_stop(many[i], -1, NULL), FLOW_OK);
    ck_assert_uint_eq(count_threads(), 0);
    for (int i = 1; i < 200; i++)
        ck_assert_int_eq(flow_pipeline_free(many[i], NULL), FLOW_OK);
    rig.pipeline = many[0];
    probe_tear_down(&rig, &probe);
    ck_assert_uint_eq(count_entries("/proc/self/fd"), descriptors);
}
END_TEST

START_TEST(test_a_forked_child_is_refused_and_hurts_nobody)
{
    struct rig rig;
    struct probe probe;
    int status;

    set_up(&rig, &probe, PROBE_PIPELINE);
    rig_start(&rig);
    flow_inlet *inlet = rig_inlet(&rig, "r1");
    flow_batch *batch = rig_batch(&rig, 0, 1);
    pid_t child = fork();
    if (child == 0) {
        int ok = flow_pipeline_stop(rig.pipeline, -1, NULL) == FLOW_EFORKED &&
                 flow_pipeline_free(rig.pipeline, NULL) == FLOW_EFORKED &&
                 flow_library_free(rig.lib, NULL) == FLOW_EFORKED &&
                 flow_inlet_push_batch(inlet, batch, -1, NULL) == FLOW_EFORKED;
        _exit(ok ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_int_eq(flow_inlet_push_batch(inlet, batch, -1, NULL), FLOW_OK);
    flow_batch_free(batch);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 1);
    probe_tear_down(&rig, &probe);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"order", test_events_reach_the_sink_in_order},
        {"states", test_states_follow_the_calls},
        {"restart", test_a_stopped_pipeline_starts_again},
        {"drain", test_drain_empties_the_channels_and_asks_for_what_is_held_back},
        {"drain left", test_drain_tells_how_much_is_left},
        {"drain pending", test_drain_waits_for_pending_transactions},
        {"drain competing", test_drain_asks_a_sink_whose_events_another_took},
        {"bounded stop", test_stop_is_bounded_and_can_be_waited_on},
        {"stop from callback", test_a_callback_cannot_stop_its_own_pipeline},
        {"stop after drain", test_a_stop_cuts_a_drain_short},
        {"two pipelines", test_two_pipelines_share_a_library_and_nothing_else},
        {"faulty", test_a_faulty_configuration_builds_nothing},
        {"slow channel", test_a_channel_that_is_slow_to_close_is_named},
        {"lenient", test_lenient_leaves_out_what_is_broken},
        {"names", test_names_that_are_not_there_are_told},
        {"counters", test_counters_add_up},
        {"idle", test_an_idle_pipeline_wakes_nobody},
        {"threads", test_threads_and_descriptors_live_between_start_and_stop},
        {"fork", test_a_forked_child_is_refused_and_hurts_nobody},
    };

    return RUN_SUITE("pipeline", tests);
}
