/* SPDX-License-Identifier: Apache-2.0 */

/* Several consumers of one file channel, in a pipeline, by its configuration and by the host. */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "rig.h"
#include "suite.h"

#define SINKS 3

/* What the function bound to a sink sees and does. */
struct host {
    struct rig_bodies bodies;
    _Atomic int fails; /* for ever */
    pthread_mutex_t lock;
};

static struct rig rig;
static struct folder folder;
static struct host hosts[SINKS];

static int receive(void *self, const flow_event *const *events, size_t count, flow_error **err)
{
    struct host *host = self;

    if (atomic_load(&host->fails))
        return flow_error_set(err, FLOW_ECALLBACK, "the host is busy");
    pthread_mutex_lock(&host->lock);
    for (size_t i = 0; i < count; i++)
        rig_note(&host->bodies, events[i]);
    pthread_mutex_unlock(&host->lock);
    return FLOW_OK;
}

static size_t count_of(unsigned sink)
{
    struct host *host = &hosts[sink];

    pthread_mutex_lock(&host->lock);
    size_t count = host->bodies.count;
    pthread_mutex_unlock(&host->lock);
    return count;
}

/* An inlet, the channel c1 and as many outlets as there are consumers; "" is none. */
static char *text_of(const char *more, const char *const *consumers)
{
    static char text[4096];
    char *end = text;

    end += sprintf(end,
                   "a1.sources = r1\na1.channels = c1\na1.sinks = %s\n"
                   "a1.sources.r1.type = inlet\na1.sources.r1.channels = c1\n"
                   "a1.channels.c1.type = file\na1.channels.c1.keep-alive = 0\n"
                   "a1.channels.c1.checkpointDir = %s/control\na1.channels.c1.dataDirs = %s/data\n"
                   "a1.channels.c1.minimumRequiredSpace = 1048576\n%s",
                   consumers[0] && consumers[1] ? consumers[2] ? "k0 k1 k2" : "k0 k1" : "k0",
                   folder.path, folder.path, more);
    for (unsigned i = 0; consumers[i]; i++) {
        end += sprintf(end,
                       "a1.sinks.k%u.type = outlet\na1.sinks.k%u.channel = c1\n"
                       "a1.sinks.k%u.batchSize = 10\n",
                       i, i, i);
        if (*consumers[i])
            end += sprintf(end, "a1.sinks.k%u.consumer = %s\n", i, consumers[i]);
    }
    return text;
}

static void build(const char *more, const char *const *consumers)
{
    char name[8];

    rig_build(&rig, text_of(more, consumers));
    for (unsigned i = 0; consumers[i]; i++) {
        sprintf(name, "k%u", i);
        ck_assert_int_eq(flow_pipeline_bind(rig.pipeline, name, receive, &hosts[i], NULL, NULL),
                         FLOW_OK);
    }
}

static void start(const char *more, const char *const *consumers)
{
    build(more, consumers);
    rig_start(&rig);
}

#define START(more, ...) start(more, (const char *const[]){__VA_ARGS__, NULL})

static void drain(void)
{
    ck_assert_int_eq(flow_pipeline_drain(rig.pipeline, 60000, NULL), FLOW_OK);
}

static void await_count(unsigned sink, size_t count)
{
    while (count_of(sink) < count)
        usleep(1000);
}

static flow_channel *channel(void)
{
    return rig_channel(&rig, "c1");
}

static flow_consumer_info info_of(const char *name)
{
    flow_consumer_info info = {.struct_size = sizeof info};

    ck_assert_int_eq(flow_consumer_get(channel(), name, &info, NULL), FLOW_OK);
    return info;
}

static uint64_t seek(const char *name, const char *where)
{
    flow_consumer_place place = {.struct_size = sizeof place};
    uint64_t offset = 0;

    ck_assert_int_eq(flow_consumer_place_read(where, &place, NULL), FLOW_OK);
    ck_assert_int_eq(flow_consumer_seek(channel(), name, &place, &offset, NULL), FLOW_OK);
    return offset;
}

static void set_up(void)
{
    memset(hosts, 0, sizeof hosts);
    for (unsigned i = 0; i < SINKS; i++)
        pthread_mutex_init(&hosts[i].lock, NULL);
    folder_init(&folder);
    rig_init(&rig, 0);
}

static void tear_down(void)
{
    char command[192];

    rig_free(&rig);
    sprintf(command, "rm -rf %s/control %s/data", folder.path, folder.path);
    ck_assert_int_eq(system(command), 0);
    folder_free(&folder);
}

/* ---- by the configuration ---- */

START_TEST(each_consumer_gets_everything_once)
{
    START("", "", "audit", "audit");
    rig_push(&rig, 0, 500);
    rig_push(&rig, 500, 500);
    drain();
    rig_stop(&rig);
    rig_expect(&hosts[0].bodies, 0, 1000);
    ck_assert_uint_eq(hosts[1].bodies.count + hosts[2].bodies.count, 1000);
}
END_TEST

START_TEST(a_dead_consumer_slows_no_other)
{
    atomic_store(&hosts[1].fails, 1);
    START("a1.channels.c1.capacity = 10000\na1.channels.c1.consumers.audit.maxEvents = 100\n", "",
          "audit");
    for (unsigned i = 0; i < 40; i++) {
        rig_push(&rig, i * 100, 100);
        await_count(0, (i + 1) * 100);
    }
    rig_expect(&hosts[0].bodies, 0, 4000);
    ck_assert_int_eq(rig_metric(&rig, "c1.audit", "ConsumerLag"), 4000);
    rig_stop(&rig);
    rig_start(&rig); /* at a checkpoint what is too much is given up */
    ck_assert_int_eq(rig_metric(&rig, "c1.audit", "ConsumerLag"), 100);
    ck_assert_int_eq(rig_metric(&rig, "c1.audit", "ConsumerSkippedCount"), 3900);
    ck_assert_uint_eq(rig_logged(&rig, "3900 events were given up for it"), 1);
    atomic_store(&hosts[1].fails, 0);
    drain();
    rig_stop(&rig);
    rig_expect(&hosts[1].bodies, 3900, 100);
}
END_TEST

START_TEST(a_consumer_that_blocks_holds_up_the_puts)
{
    flow_batch *batch;

    atomic_store(&hosts[1].fails, 1);
    START("a1.channels.c1.capacity = 100\na1.channels.c1.transactionCapacity = 100\n"
          "a1.channels.c1.consumers.audit.whenBehind = block\n"
          "a1.channels.c1.consumers.audit.maxEvents = 20\n",
          "", "audit");
    rig_push(&rig, 0, 20);
    await_count(0, 20);
    batch = rig_batch(&rig, 20, 1);
    ck_assert_int_eq(flow_inlet_push_batch(rig_inlet(&rig, "r1"), batch, 0, NULL), FLOW_EFULL);
    atomic_store(&hosts[1].fails, 0);
    ck_assert_int_eq(flow_inlet_push_batch(rig_inlet(&rig, "r1"), batch, 60000, NULL), FLOW_OK);
    flow_batch_free(batch);
    drain();
    rig_stop(&rig);
    rig_expect(&hosts[1].bodies, 0, 21);
}
END_TEST

START_TEST(consumers_go_on_where_they_were)
{
    START("", "", "audit");
    rig_push(&rig, 0, 100);
    drain();
    rig_stop(&rig);
    rig_start(&rig);
    rig_push(&rig, 100, 100);
    drain();
    rig_stop(&rig);
    rig_expect(&hosts[0].bodies, 0, 200);
    rig_expect(&hosts[1].bodies, 0, 200);
}
END_TEST

/* Without a sink that names none, nobody would ever empty that consumer. */
START_TEST(nothing_is_kept_for_a_consumer_that_no_sink_has)
{
    flow_consumer_info info = {.struct_size = sizeof info};

    START("a1.channels.c1.capacity = 100\na1.channels.c1.transactionCapacity = 100\n", "audit",
          "other");
    for (unsigned i = 0; i < 10; i++) {
        rig_push(&rig, i * 50, 50);
        await_count(0, (i + 1) * 50);
        await_count(1, (i + 1) * 50);
    }
    drain();
    ck_assert_int_eq(flow_consumer_get(channel(), "", &info, NULL), FLOW_ENOENT);
    rig_stop(&rig);
    rig_expect(&hosts[0].bodies, 0, 500);
    rig_expect(&hosts[1].bodies, 0, 500);
}
END_TEST

START_TEST(what_waits_for_sinks_without_a_name_is_told)
{
    atomic_store(&hosts[0].fails, 1);
    START("", "");
    rig_push(&rig, 0, 100);
    rig_stop(&rig);
    flow_pipeline_free(rig.pipeline, NULL);
    atomic_store(&hosts[0].fails, 0);
    START("", "audit");
    ck_assert_uint_eq(rig_logged(&rig, "100 events wait for sinks that name no consumer"), 1);
    ck_assert_uint_eq(info_of("").held, 100);
    drain();
    ck_assert_uint_eq(count_of(0), 100); /* a new one begins with the earliest */
    ck_assert_int_eq(flow_consumer_remove(channel(), "", NULL), FLOW_OK);
    rig_stop(&rig);
}
END_TEST

START_TEST(a_new_consumer_begins_where_it_is_told_to)
{
    START("a1.channels.c1.retentionTime = 3600\n", "");
    rig_push(&rig, 0, 100);
    drain();
    rig_stop(&rig);
    flow_pipeline_free(rig.pipeline, NULL);
    START("a1.channels.c1.retentionTime = 3600\n"
          "a1.channels.c1.consumers.late.start = latest\n"
          "a1.channels.c1.consumers.middle.start = 40\n",
          "", "late", "middle");
    ck_assert_uint_eq(rig_logged(&rig, "consumer 'late' is new and begins at offset 100"), 1);
    ck_assert_uint_eq(rig_logged(&rig, "consumer 'middle' is new and begins at offset 40"), 1);
    rig_push(&rig, 100, 100);
    drain();
    rig_stop(&rig);
    rig_expect(&hosts[0].bodies, 0, 200);
    rig_expect(&hosts[1].bodies, 100, 100);
    rig_expect(&hosts[2].bodies, 40, 160);
}
END_TEST

START_TEST(what_is_retained_can_be_read_again)
{
    START("a1.channels.c1.retentionTime = 3600\n", "");
    rig_push(&rig, 0, 100);
    await_count(0, 100);
    rig_stop(&rig);
    rig_start(&rig);
    ck_assert_uint_eq(seek("", "earliest"), 0);
    await_count(0, 200);
    rig_stop(&rig);
    ck_assert_str_eq(hosts[0].bodies.text[100], "0");
}
END_TEST

/* ---- faults of the configuration ---- */

static void expect_fault(const char *more, const char *consumer, const char *wanted)
{
    const char *const consumers[] = {consumer, NULL};
    flow_error *err = NULL;

    ck_assert_int_eq(rig_try_build(&rig, text_of(more, consumers), 0, &err), FLOW_ECONFIG);
    ck_assert_msg(strstr(flow_error_message(err), wanted) != NULL, "%s", flow_error_message(err));
    uint32_t line = 0, column = 0;
    flow_error_place(err, &line, &column);
    ck_assert_uint_gt(line, 0);
    flow_error_free(err);
}

START_TEST(faults_of_settings_are_told)
{
    expect_fault("a1.channels.c1.type = memory\n", "audit", "of type memory has none");
    expect_fault("", "audit other", "one consumer only");
    expect_fault("", "au.dit", "'au.dit' is no name of a consumer");
    expect_fault("a1.channels.c1.consumers.audit.strat = latest\n", "audit",
                 "did you mean 'start'");
    expect_fault("a1.channels.c1.consumers.audit.start = sometimes\n", "audit",
                 "'sometimes' is not earliest");
    expect_fault("a1.channels.c1.consumers.audit.start = 2026-02-29\n", "audit",
                 "'2026-02-29' is not earliest");
    expect_fault("a1.channels.c1.consumers.audit.whenBehind = wait\n", "audit", "skip or block");
    expect_fault("a1.channels.c1.consumers.audit.maxEvents = 0\n", "audit", "from 1 on");
    expect_fault("a1.channels.c1.consumers.audit.maxBytes = 1\n"
                 "a1.channels.c1.consumers.audit.whenBehind = block\n",
                 "audit", "bounded in events");
    expect_fault("a1.channels.c1.consumers.audit.maxDeliveries = many\n", "audit", "whole number");
    expect_fault("a1.channels.c1.consumers.audit = latest\n", "audit", "a name and a property");
}
END_TEST

/* ---- by the host ---- */

START_TEST(a_host_adds_moves_pauses_and_removes_consumers)
{
    const flow_consumer_place late = {.struct_size = sizeof late, .start = FLOW_START_LATEST};
    const flow_consumer_options options = {
        .struct_size = sizeof options, .max_events = 7, .place = &late};
    flow_consumer_info info = {.struct_size = sizeof info};

    START("a1.channels.c1.retentionTime = 3600\n", "", "audit");
    rig_push(&rig, 0, 100);
    await_count(0, 100);
    await_count(1, 100);
    ck_assert_int_eq(flow_consumer_add(channel(), "mine", &options, NULL), FLOW_OK);
    info = info_of("mine");
    ck_assert_uint_eq(info.offset, 100);
    ck_assert_uint_eq(info.max_events, 7);
    ck_assert_uint_eq(info.flags, 0);
    ck_assert_int_eq(flow_consumer_add(channel(), "mine", NULL, NULL), FLOW_EEXIST);
    ck_assert_int_eq(flow_consumer_next(channel(), NULL, &info, NULL), FLOW_OK);
    ck_assert_str_eq(info.name, "");
    ck_assert_int_eq(flow_consumer_next(channel(), "", &info, NULL), FLOW_OK);
    ck_assert_str_eq(info.name, "audit");
    ck_assert_uint_eq(info.flags, FLOW_CONSUMER_USED);
    ck_assert_int_eq(flow_consumer_next(channel(), "mine", &info, NULL), FLOW_ENOENT);

    ck_assert_int_eq(flow_consumer_pause(channel(), "audit", NULL), FLOW_OK);
    ck_assert_uint_eq(seek("audit", "50"), 50);
    rig_push(&rig, 100, 100);
    await_count(0, 200);
    ck_assert_uint_eq(count_of(1), 100);
    ck_assert_int_eq(flow_consumer_resume(channel(), "audit", NULL), FLOW_OK);
    await_count(1, 250);
    ck_assert_str_eq(hosts[1].bodies.text[100], "50");

    ck_assert_int_eq(flow_consumer_remove(channel(), "audit", NULL), FLOW_ESTATE);
    ck_assert_int_eq(flow_consumer_remove(channel(), "", NULL), FLOW_ESTATE);
    ck_assert_int_eq(flow_consumer_remove(channel(), "mine", NULL), FLOW_OK);
    ck_assert_int_eq(flow_consumer_remove(channel(), "mine", NULL), FLOW_ENOENT);
    rig_stop(&rig);
    ck_assert_int_eq(flow_consumer_pause(channel(), "audit", NULL), FLOW_ECLOSED);
}
END_TEST

static size_t take(flow_consumer *consumer, size_t max, int keep)
{
    const flow_event *const *events;
    flow_txn *txn;
    size_t count;

    ck_assert_int_eq(flow_consumer_begin(consumer, &txn, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_take(txn, max, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_int_eq(keep ? flow_txn_rollback(txn, NULL) : flow_txn_commit(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
    return count;
}

START_TEST(a_host_takes_through_a_handle)
{
    const flow_event *const *events;
    flow_consumer *mine;
    flow_batch *batch = rig_batch(&rig, 0, 1);
    flow_txn *txn;
    size_t count;

    START("", "");
    ck_assert_int_eq(flow_consumer_open(channel(), "mine", &mine, NULL), FLOW_ENOENT);
    ck_assert_int_eq(flow_consumer_add(channel(), "mine", NULL, NULL), FLOW_OK);
    ck_assert_int_eq(flow_consumer_open(channel(), "mine", &mine, NULL), FLOW_OK);
    ck_assert_int_eq(flow_consumer_remove(channel(), "mine", NULL), FLOW_ESTATE);
    rig_push(&rig, 0, 100);
    ck_assert_uint_eq(take(mine, 60, 0), 60);
    ck_assert_uint_eq(take(mine, 60, 1), 40);
    ck_assert_uint_eq(info_of("mine").held, 40);

    ck_assert_int_eq(flow_consumer_begin(mine, &txn, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_put_batch(txn, batch, NULL), FLOW_ESTATE);
    ck_assert_int_eq(flow_txn_take(txn, 10, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(seek("mine", "earliest"), 0);
    ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
    ck_assert_uint_eq(info_of("mine").held, 100);

    rig_stop(&rig);
    ck_assert_int_eq(flow_consumer_begin(mine, &txn, NULL), FLOW_ECLOSED);
    rig_start(&rig);
    ck_assert_uint_eq(take(mine, 1000, 0), 100);
    flow_consumer_close(mine);
    ck_assert_int_eq(flow_consumer_remove(channel(), "mine", NULL), FLOW_OK);
    flow_batch_free(batch);
    rig_stop(&rig);
}
END_TEST

/* Somebody who waits in a take is woken by a put, and by a change of the consumer. */
static void *wait_for_event(void *arg)
{
    const flow_event *const *events;
    flow_txn *txn;
    size_t count = 0;

    if (flow_consumer_begin(arg, &txn, NULL))
        return NULL;
    flow_txn_take(txn, 1, 60000, &events, &count, NULL);
    flow_txn_commit(txn, NULL);
    flow_txn_free(txn);
    return (void *)(uintptr_t)count;
}

START_TEST(a_put_wakes_every_consumer)
{
    pthread_t threads[2];
    flow_consumer *handles[2];
    static const char *const names[] = {"one", "two"};

    START("", "");
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(flow_consumer_add(channel(), names[i], NULL, NULL), FLOW_OK);
        ck_assert_int_eq(flow_consumer_open(channel(), names[i], &handles[i], NULL), FLOW_OK);
    }
    ck_assert_int_eq(flow_consumer_pause(channel(), "two", NULL), FLOW_OK);
    for (unsigned i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, wait_for_event, handles[i]);
    rig_push(&rig, 0, 1);
    void *count;
    pthread_join(threads[0], &count);
    ck_assert_uint_eq((uintptr_t)count, 1);
    ck_assert_int_eq(flow_consumer_resume(channel(), "two", NULL), FLOW_OK);
    pthread_join(threads[1], &count);
    ck_assert_uint_eq((uintptr_t)count, 1);
    for (unsigned i = 0; i < 2; i++)
        flow_consumer_close(handles[i]);
    rig_stop(&rig);
}
END_TEST

START_TEST(nobody_waits_for_a_consumer_that_is_paused)
{
    START("", "", "audit");
    ck_assert_int_eq(flow_consumer_pause(channel(), "", NULL), FLOW_OK);
    rig_push(&rig, 0, 100);
    drain();
    rig_expect(&hosts[1].bodies, 0, 100);
    ck_assert_int_eq(rig_metric(&rig, "c1", "ChannelSize"), 100);
    rig_stop(&rig);
    rig_start(&rig);
    ck_assert_uint_eq(count_of(0), 0);
    ck_assert_int_eq(flow_consumer_resume(channel(), "", NULL), FLOW_OK);
    drain();
    rig_stop(&rig);
    rig_expect(&hosts[0].bodies, 0, 100);
}
END_TEST

/* ---- dead letters ---- */

/* Fails for each batch with the number 7 in it. */
static int refuse_seven(void *self, const flow_event *const *events, size_t count, flow_error **err)
{
    for (size_t i = 0; i < count; i++) {
        size_t size;
        const char *body = flow_event_body(events[i], &size);
        if (size == 1 && *body == '7' && !atomic_load(&((struct host *)self)->fails))
            return flow_error_set(err, FLOW_ECALLBACK, "seven is not for me");
    }
    return FLOW_OK;
}

struct found {
    int count;
    uint32_t deliveries;
    uint64_t offset;
    char reason[64];
};

static int find_letter(void *self, const flow_letter *letter)
{
    struct found *found = self;
    size_t size;

    ck_assert_mem_eq(flow_event_body(letter->event, &size), "7", 1);
    found->count++;
    found->deliveries = letter->deliveries;
    found->offset = letter->offset;
    snprintf(found->reason, sizeof found->reason, "%s", letter->reason);
    return FLOW_OK;
}

static int stop_at_first(void *self, const flow_letter *letter)
{
    return letter->offset == 7 ? FLOW_ENOENT : FLOW_OK;
}

/* What a handle takes fails at once, so that nothing pauses. */
START_TEST(an_event_that_cannot_be_delivered_is_put_aside)
{
    struct found found = {0};
    const flow_event *const *events;
    flow_consumer *mine;
    flow_txn *txn;
    size_t count = 1, delivered = 0;
    uint64_t replayed = 0;

    START("a1.channels.c1.consumers.mine.maxDeliveries = 2\n", "");
    ck_assert_int_eq(flow_consumer_open(channel(), "mine", &mine, NULL), FLOW_OK);
    rig_push(&rig, 0, 100);
    while (count) {
        flow_error *cause = NULL;
        ck_assert_int_eq(flow_consumer_begin(mine, &txn, NULL), FLOW_OK);
        ck_assert_int_eq(flow_txn_take(txn, 50, 0, &events, &count, NULL), FLOW_OK);
        if (refuse_seven(&hosts[2], events, count, &cause)) {
            ck_assert_int_eq(flow_txn_reject(txn, cause, NULL), FLOW_OK);
        } else {
            ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
            delivered += count;
        }
        flow_error_free(cause);
        flow_txn_free(txn);
    }
    ck_assert_uint_eq(delivered, 99);
    ck_assert_uint_eq(info_of("mine").letters, 1);
    ck_assert_int_eq(rig_metric(&rig, "c1.mine", "ConsumerLetters"), 1);
    ck_assert_int_eq(rig_metric(&rig, "c1", "DeadLetters"), 1);
    rig_stop(&rig);
    rig_start(&rig);
    ck_assert_int_eq(flow_consumer_letters(channel(), "mine", find_letter, &found, NULL), FLOW_OK);
    ck_assert_int_eq(found.count, 1);
    ck_assert_uint_eq(found.offset, 7);
    ck_assert_uint_gt(found.deliveries, 2);
    ck_assert_str_eq(found.reason, "seven is not for me");
    ck_assert_int_eq(flow_consumer_letters(channel(), "mine", stop_at_first, NULL, NULL),
                     FLOW_ENOENT);
    ck_assert_int_eq(flow_consumer_replay(channel(), "mine", 8, NULL, NULL), FLOW_ENOENT);
    ck_assert_int_eq(flow_consumer_replay(channel(), "mine", FLOW_LETTERS_ALL, &replayed, NULL),
                     FLOW_OK);
    ck_assert_uint_eq(replayed, 1);
    ck_assert_uint_eq(take(mine, 10, 0), 1);
    ck_assert_uint_eq(info_of("mine").letters, 0);
    flow_consumer_close(mine);
    rig_stop(&rig);
}
END_TEST

/* With a false clock, as a sink that failed pauses. */
START_TEST(a_sink_that_fails_for_one_event_delivers_the_others)
{
    struct found found = {0};

    rig_free(&rig);
    rig_init(&rig, 1);
    build("a1.channels.c1.maxDeliveries = 3\n", (const char *const[]){"", NULL});
    ck_assert_int_eq(flow_pipeline_bind(rig.pipeline, "k0", refuse_seven, &hosts[0], NULL, NULL),
                     FLOW_OK);
    rig_start(&rig);
    rig_push(&rig, 0, 100);
    rig_tick_until(&rig, "k0", "EventDrainSuccessCount", 99);
    rig_tick_until(&rig, "c1", "DeadLetters", 1);
    ck_assert_uint_eq(rig_logged(&rig, "event 7 is a dead letter of consumer ''"), 1);
    ck_assert_int_eq(flow_consumer_letters(channel(), "", find_letter, &found, NULL), FLOW_OK);
    ck_assert_str_eq(found.reason, "sink k0: seven is not for me");
    atomic_store(&hosts[0].fails, 1);
    ck_assert_int_eq(flow_consumer_replay(channel(), "", 7, NULL, NULL), FLOW_OK);
    rig_tick_until(&rig, "k0", "EventDrainSuccessCount", 100);
    ck_assert_int_eq(rig_metric(&rig, "c1", "DeadLetters"), 0);
    rig_stop(&rig);
}
END_TEST

START_TEST(failures_that_pass_do_not_count)
{
    const flow_event *const *events;
    flow_error *cause = NULL;
    flow_consumer *mine;
    flow_txn *txn;
    size_t count;

    START("a1.channels.c1.consumers.mine.maxDeliveries = 1\n", "");
    ck_assert_int_eq(flow_consumer_open(channel(), "mine", &mine, NULL), FLOW_OK);
    rig_push(&rig, 0, 1);
    flow_error_set(&cause, FLOW_EIO, "the server is away");
    flow_error_set_retriable(&cause, 1);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(flow_consumer_begin(mine, &txn, NULL), FLOW_OK);
        ck_assert_int_eq(flow_txn_take(txn, 50, 0, &events, &count, NULL), FLOW_OK);
        ck_assert_uint_eq(count, 1);
        ck_assert_int_eq(flow_txn_reject(txn, cause, NULL), FLOW_OK);
        flow_txn_free(txn);
    }
    ck_assert_uint_eq(info_of("mine").letters, 0);
    flow_error_free(cause);
    flow_consumer_close(mine);
    rig_stop(&rig);
}
END_TEST

START_TEST(a_channel_in_memory_has_no_consumers)
{
    flow_consumer_info info = {.struct_size = sizeof info};
    flow_error *err = NULL;

    rig_build(&rig, "a1.sources = r1\na1.channels = c1\na1.sources.r1.type = inlet\n"
                    "a1.sources.r1.channels = c1\na1.channels.c1.type = memory\n");
    rig_start(&rig);
    ck_assert_int_eq(flow_consumer_next(channel(), NULL, &info, &err), FLOW_ENOENT);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(flow_consumer_add(channel(), "audit", NULL, &err), FLOW_ENOENT);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "of type memory has no consumers"));
    flow_error_free(err);
    rig_stop(&rig);
}
END_TEST

START_TEST(places_are_read)
{
    static const struct {
        const char *text;
        uint32_t start;
        uint64_t offset;
        int64_t time;
    } good[] = {
        {"earliest", FLOW_START_EARLIEST, 0, 0},
        {"latest", FLOW_START_LATEST, 0, 0},
        {"4711", FLOW_START_OFFSET, 4711, 0},
        {"1970-01-02", FLOW_START_TIME, 0, 86400000},
        {"2026-11-26T10:00:00Z", FLOW_START_TIME, 0, 1795687200000},
        {"2024-02-29T23:59:59.123", FLOW_START_TIME, 0, 1709251199123},
        {"2024-02-29T23:59", FLOW_START_TIME, 0, 1709251140000},
    };
    static const char *const bad[] = {"",
                                      "-1",
                                      "now",
                                      "1970-13-01",
                                      "2026-1-1",
                                      "2025-02-29",
                                      "2026-11-26T25:00",
                                      "2026-11-26T10:00:00+01",
                                      "2026-11-26T10"};
    flow_consumer_place place = {.struct_size = sizeof place};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_int_eq(flow_consumer_place_read(good[i].text, &place, NULL), FLOW_OK);
        ck_assert_uint_eq(place.start, good[i].start);
        ck_assert_uint_eq(place.offset, good[i].offset);
        ck_assert_int_eq(place.time, good[i].time);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(flow_consumer_place_read(bad[i], &place, NULL) == FLOW_EINVAL, "%s", bad[i]);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"each_consumer_gets_everything_once", each_consumer_gets_everything_once},
        {"a_dead_consumer_slows_no_other", a_dead_consumer_slows_no_other},
        {"a_consumer_that_blocks_holds_up_the_puts", a_consumer_that_blocks_holds_up_the_puts},
        {"consumers_go_on_where_they_were", consumers_go_on_where_they_were},
        {"nothing_is_kept_for_a_consumer_that_no_sink_has",
         nothing_is_kept_for_a_consumer_that_no_sink_has},
        {"what_waits_for_sinks_without_a_name_is_told",
         what_waits_for_sinks_without_a_name_is_told},
        {"a_new_consumer_begins_where_it_is_told_to", a_new_consumer_begins_where_it_is_told_to},
        {"what_is_retained_can_be_read_again", what_is_retained_can_be_read_again},
        {"faults_of_settings_are_told", faults_of_settings_are_told},
        {"a_host_adds_moves_pauses_and_removes_consumers",
         a_host_adds_moves_pauses_and_removes_consumers},
        {"a_host_takes_through_a_handle", a_host_takes_through_a_handle},
        {"a_put_wakes_every_consumer", a_put_wakes_every_consumer},
        {"nobody_waits_for_a_consumer_that_is_paused", nobody_waits_for_a_consumer_that_is_paused},
        {"an_event_that_cannot_be_delivered_is_put_aside",
         an_event_that_cannot_be_delivered_is_put_aside},
        {"a_sink_that_fails_for_one_event_delivers_the_others",
         a_sink_that_fails_for_one_event_delivers_the_others},
        {"failures_that_pass_do_not_count", failures_that_pass_do_not_count},
        {"a_channel_in_memory_has_no_consumers", a_channel_in_memory_has_no_consumers},
        {"places_are_read", places_are_read},
    };

    return RUN_SUITE_BETWEEN("consumers", tests, set_up, tear_down);
}
