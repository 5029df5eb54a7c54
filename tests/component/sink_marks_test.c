/* SPDX-License-Identifier: Apache-2.0 */

/* Marks of sinks: whose they are, and in which order they become durable. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/channel.h"
#include "places.h"
#include "rig.h"
#include "suite.h"

#define HELD 8

/* A sink that holds its transactions until the test ends them. */
struct marker {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    flow_context *ctx; /* of the sink made last */
    flow_txn *held[HELD];
    size_t count;
    int results[HELD]; /* of `ended`, in the order of the calls; 99: not yet */
    const flow_txn *ended[HELD];
    size_t ended_count;
    int at_once;   /* the transaction with this index is answered at once, behind the end of that
                      before; -1: none */
    int fails;     /* commits of these two */
    int stop_done; /* what is held is done by `stop`, which sees it committed */
    int stops;
    char seen[256]; /* the marks that were there at the last start */
};

static struct rig rig;
static struct places places;
static struct marker marker;

static struct {
    flow_channel_ops ops;
    const flow_channel_ops *real;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int inside; /* a commit waits */
    int open;   /* no commit waits any more */
    int fails;  /* so many commits fail */
} gate;

static int create(flow_context *ctx, void **self, flow_error **err)
{
    (void)err;
    marker.ctx = ctx;
    *self = ctx;
    return FLOW_OK;
}

static void destroy(void *self)
{
    (void)self;
}

static int add_text(void *arg, const flow_position *mark)
{
    char *text = arg;

    sprintf(text + strlen(text), "%.*s=%.*s ", (int)mark->key_size, (const char *)mark->key,
            (int)mark->value_size, (const char *)mark->value);
    return FLOW_OK;
}

static int start(void *self, flow_error **err)
{
    char text[256] = "";
    int rc = flow_sink_marks(self, add_text, text, err);

    pthread_mutex_lock(&marker.lock);
    memcpy(marker.seen, text, sizeof text);
    pthread_mutex_unlock(&marker.lock);
    return rc;
}

static int process(void *self, flow_txn *txn, flow_error **err)
{
    const flow_event *const *events;
    size_t count;

    (void)self;
    ck_assert_int_eq(flow_txn_take(txn, 2, 0, &events, &count, err), FLOW_OK);
    pthread_mutex_lock(&marker.lock);
    int at_once = marker.at_once == (int)marker.count, fails = marker.fails;
    marker.held[marker.count++] = txn;
    pthread_cond_broadcast(&marker.changed);
    pthread_mutex_unlock(&marker.lock);
    if (at_once) {
        pthread_mutex_lock(&gate.lock);
        gate.fails = fails;
        pthread_mutex_unlock(&gate.lock);
        ck_assert_int_eq(flow_txn_done(marker.held[0], FLOW_OK, NULL, NULL), 0);
        ck_assert_int_eq(flow_txn_set_mark(txn, "f", 1, "9", 1, err), FLOW_OK);
    }
    return at_once ? FLOW_READY : FLOW_PENDING;
}

static void ended(void *self, const flow_txn *txn, int result)
{
    (void)self;
    pthread_mutex_lock(&marker.lock);
    if (marker.ended_count < HELD) {
        marker.ended[marker.ended_count] = txn;
        marker.results[marker.ended_count++] = result;
    }
    pthread_cond_broadcast(&marker.changed);
    pthread_mutex_unlock(&marker.lock);
}

static uint32_t max_pending(void *self)
{
    (void)self;
    return HELD;
}

static int stop(void *self, flow_error **err)
{
    (void)self;
    (void)err;
    if (!marker.stop_done)
        return FLOW_OK;
    if (marker.stops++ == 0) {
        for (size_t i = 0; i < marker.count; i++)
            ck_assert_int_eq(flow_txn_done(marker.held[i], FLOW_OK, NULL, NULL), FLOW_OK);
        return FLOW_PENDING;
    }
    return FLOW_OK;
}

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .summary = "Holds its transactions.",
};

static int commit_at_gate(void *self, void *txn, flow_error **err)
{
    pthread_mutex_lock(&gate.lock);
    gate.inside = 1;
    pthread_cond_broadcast(&gate.changed);
    while (!gate.open)
        pthread_cond_wait(&gate.changed, &gate.lock);
    int fails = gate.fails > 0;
    gate.fails -= fails;
    pthread_mutex_unlock(&gate.lock);
    return fails ? flow_error_set(err, FLOW_EIO, "the disk is gone")
                 : gate.real->commit(self, txn, err);
}

/* Before the channel is used by others. */
static void set_gate(flow_channel *channel)
{
    gate.open = 1;
    gate.fails = 0;
    gate.real = channel->ops;
    gate.ops = *channel->ops;
    gate.ops.commit = commit_at_gate;
    channel->ops = &gate.ops;
}

#define PIPELINE                                                                                   \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sinks = %s\n"                                                                              \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.channels.c1.type = %s\n"                                                                   \
    "a1.channels.c1.checkpointDir = %s\n"                                                          \
    "a1.channels.c1.dataDirs = %s\n"                                                               \
    "a1.channels.c1.minimumRequiredSpace = 1048576\n"                                              \
    "a1.sinks.k1.type = marker\n"                                                                  \
    "a1.sinks.k1.channel = c1\n"                                                                   \
    "a1.sinks.k2.type = marker\n"                                                                  \
    "a1.sinks.k2.channel = c1\n"

static void up(const char *sinks, const char *channel)
{
    const flow_sink_ops ops = {
        .struct_size = sizeof(ops),
        .type = "marker",
        .schema = &schema,
        .create = create,
        .destroy = destroy,
        .start = start,
        .stop = stop,
        .process = process,
        .max_pending = max_pending,
        .ended = ended,
    };
    int memory = !strcmp(channel, "memory");
    char text[2048];

    marker.count = marker.ended_count = 0;
    rig_init(&rig, 1);
    ck_assert_int_eq(flow_registry_add_sink(flow_library_registry(rig.lib), &ops, NULL, NULL, NULL),
                     FLOW_OK);
    snprintf(text, sizeof text, PIPELINE, sinks, channel, places.control, places.data);
    if (memory)
        ck_assert_ptr_nonnull(strcpy(strstr(text, "a1.channels.c1.checkpointDir"),
                                     "a1.sinks.k1.type = marker\na1.sinks.k1.channel = c1\n"));
    rig_build(&rig, text);
    set_gate(rig_channel(&rig, "c1"));
    rig_start(&rig);
}

static void set_up(void)
{
    places_init(&places, 2);
    memset(&marker, 0, sizeof marker);
    marker.at_once = -1;
    pthread_mutex_init(&marker.lock, NULL);
    pthread_cond_init(&marker.changed, NULL);
    pthread_mutex_init(&gate.lock, NULL);
    pthread_cond_init(&gate.changed, NULL);
    up("k1", "file");
}

static void tear_down(void)
{
    rig_free(&rig);
    places_free(&places);
    pthread_cond_destroy(&gate.changed);
    pthread_mutex_destroy(&gate.lock);
    pthread_cond_destroy(&marker.changed);
    pthread_mutex_destroy(&marker.lock);
}

static void await(const size_t *number, size_t value)
{
    pthread_mutex_lock(&marker.lock);
    while (*number < value)
        pthread_cond_wait(&marker.changed, &marker.lock);
    pthread_mutex_unlock(&marker.lock);
}

static void set_mark(size_t index, const char *value)
{
    int rc = flow_txn_set_mark(marker.held[index], "f", 1, value, strlen(value), NULL);

    ck_assert_int_eq(rc, FLOW_OK);
}

static void done(size_t index)
{
    ck_assert_int_eq(flow_txn_done(marker.held[index], FLOW_OK, NULL, NULL), FLOW_OK);
}

static void begin_pending(unsigned count)
{
    rig_push(&rig, 0, count * 2);
    await(&marker.count, count);
}

static void expect_ended(size_t index, size_t held, int result)
{
    ck_assert_ptr_eq(marker.ended[index], marker.held[held]);
    ck_assert_int_eq(marker.results[index], result);
}

/* ---- commits that wait for the test, and may fail ---- */

static void close_gate(int fails)
{
    pthread_mutex_lock(&gate.lock);
    gate.inside = gate.open = 0;
    gate.fails = fails;
    pthread_mutex_unlock(&gate.lock);
}

static void await_at_gate(void)
{
    pthread_mutex_lock(&gate.lock);
    while (!gate.inside)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void open_gate(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.open = 1;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

/* ---- order ---- */

START_TEST(transactions_commit_in_the_order_in_which_they_were_done)
{
    begin_pending(4);
    close_gate(0);
    done(2);
    await_at_gate();
    done(3);
    done(1);
    done(0);
    open_gate();
    await(&marker.ended_count, 4);
    expect_ended(0, 2, FLOW_OK);
    expect_ended(1, 3, FLOW_OK);
    expect_ended(2, 1, FLOW_OK);
    expect_ended(3, 0, FLOW_OK);
}
END_TEST

/* What a failed commit's transaction has delivered may be covered by the next mark. */
START_TEST(behind_a_commit_that_fails_no_mark_is_stored)
{
    begin_pending(4);
    close_gate(1);
    set_mark(0, "2");
    done(0);
    await_at_gate();
    set_mark(1, "4");
    done(1);
    done(2); /* has no mark */
    set_mark(3, "8");
    done(3);
    open_gate();
    await(&marker.ended_count, 4);
    expect_ended(0, 0, FLOW_EIO);
    expect_ended(1, 1, FLOW_EDELIVERY);
    expect_ended(2, 2, FLOW_OK);
    expect_ended(3, 3, FLOW_EDELIVERY);
    rig_stop(&rig);
    rig_free(&rig);
    up("k1", "file");
    await(&marker.count, 3); /* 0, 1, 3 come again */
    ck_assert_str_eq(marker.seen, "");
    for (size_t i = 0; i < 3; i++) { /* and the failure is over */
        set_mark(i, "9");
        done(i);
    }
    await(&marker.ended_count, 3);
    expect_ended(2, 2, FLOW_OK);
    ck_assert_uint_eq(flow_channel_size(rig_channel(&rig, "c1")), 0);
}
END_TEST

START_TEST(an_answer_at_once_comes_after_what_was_done_before)
{
    for (int fails = 0; fails < 2; fails++) {
        begin_pending(1);
        set_mark(0, "2");
        pthread_mutex_lock(&marker.lock);
        marker.at_once = 1;
        marker.fails = fails;
        pthread_mutex_unlock(&marker.lock);
        rig_push(&rig, 2, 2);
        await(&marker.ended_count, 2);
        expect_ended(0, 0, fails ? FLOW_EIO : FLOW_OK);
        expect_ended(1, 1, fails ? FLOW_EDELIVERY : FLOW_OK);
        rig_free(&rig);
        marker.at_once = -1;
        up("k1", "file");
        ck_assert_str_eq(marker.seen, "f=9 "); /* of the first round, in which none failed */
    }
}
END_TEST

START_TEST(a_stop_can_see_its_transactions_committed)
{
    begin_pending(3);
    marker.stop_done = 1;
    set_mark(2, "6");
    rig_stop(&rig);
    ck_assert_int_eq(marker.stops, 2);
    ck_assert_uint_eq(marker.ended_count, 3);
    for (size_t i = 0; i < 3; i++)
        expect_ended(i, i, FLOW_OK);
    marker.stop_done = 0;
    rig_free(&rig);
    up("k1", "file");
    ck_assert_str_eq(marker.seen, "f=6 ");
}
END_TEST

/* ---- whose they are ---- */

static void set_now(const char *key, const char *value)
{
    int rc =
        flow_sink_set_mark(marker.ctx, key, strlen(key), value, value ? strlen(value) : 0, NULL);

    ck_assert_int_eq(rc, FLOW_OK);
}

START_TEST(a_sink_finds_its_own_marks_and_no_others)
{
    flow_batch *batch = rig_batch(&rig, 0, 0);

    ck_assert_int_eq(flow_sink_keeps_marks(marker.ctx), 1);
    ck_assert_int_eq(flow_batch_set_position(batch, "f", 1, "77", 2, NULL), FLOW_OK);
    ck_assert_int_eq(flow_inlet_push_batch(rig_inlet(&rig, "r1"), batch, -1, NULL), FLOW_OK);
    flow_batch_free(batch);
    set_now("f", "1");
    set_now("g", "2");
    set_now("g", NULL);
    rig_free(&rig);
    up("k2", "file");
    ck_assert_str_eq(marker.seen, "");
    set_now("f", "5");
    rig_free(&rig);
    up("k1", "file");
    ck_assert_str_eq(marker.seen, "f=1 ");
    char position[8];
    size_t size;
    ck_assert_int_eq(
        flow_inlet_position(rig_inlet(&rig, "r1"), "f", 1, position, sizeof position, &size, NULL),
        FLOW_OK);
    ck_assert_uint_eq(size, 2);
}
END_TEST

START_TEST(a_channel_in_memory_stores_none)
{
    rig_free(&rig);
    up("k1", "memory");
    ck_assert_int_eq(flow_sink_keeps_marks(marker.ctx), 0);
    set_now("f", "1");
    begin_pending(1);
    set_mark(0, "2");
    done(0);
    await(&marker.ended_count, 1);
    expect_ended(0, 0, FLOW_OK);
    char text[64] = "";
    ck_assert_int_eq(flow_sink_marks(marker.ctx, add_text, text, NULL), FLOW_OK);
    ck_assert_str_eq(text, "");
}
END_TEST

static void expect_refused(int rc, int code, flow_error **err, const char *part)
{
    ck_assert_int_eq(rc, code);
    ck_assert_ptr_nonnull(strstr(flow_error_message(*err), part));
    flow_error_free(*err);
    *err = NULL;
}

START_TEST(marks_that_cannot_be_are_refused)
{
    static char large[FLOW_POSITION_MAX + 1];
    flow_error *err = NULL;
    flow_txn *txn;

    ck_assert_int_eq(flow_txn_begin(rig_channel(&rig, "c1"), &txn, NULL), FLOW_OK);
    expect_refused(flow_txn_set_mark(txn, "f", 1, "1", 1, &err), FLOW_ESTATE, &err,
                   "a transaction that a sink was given");
    flow_txn_free(txn);
    expect_refused(flow_txn_set_mark(NULL, "f", 1, "1", 1, &err), FLOW_ESTATE, &err, "set_mark()");
    begin_pending(1);
    expect_refused(flow_txn_set_mark(marker.held[0], large, sizeof large, "1", 1, &err),
                   FLOW_ETOOBIG, &err, "more than 8192 bytes");
    expect_refused(flow_txn_set_mark(marker.held[0], "f", 0, "1", 1, &err), FLOW_EINVAL, &err,
                   "needs a key");
    flow_txn *held = marker.held[0];
    close_gate(0);
    done(0);
    await_at_gate();
    expect_refused(flow_txn_set_mark(held, "f", 1, "1", 1, &err), FLOW_ESTATE, &err,
                   "has not ended");
    open_gate();
    rig_stop(&rig);
    expect_refused(flow_sink_set_mark(marker.ctx, "f", 1, "1", 1, &err), FLOW_ECLOSED, &err,
                   "not open");
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"transactions_commit_in_the_order_in_which_they_were_done",
         transactions_commit_in_the_order_in_which_they_were_done},
        {"behind_a_commit_that_fails_no_mark_is_stored",
         behind_a_commit_that_fails_no_mark_is_stored},
        {"an_answer_at_once_comes_after_what_was_done_before",
         an_answer_at_once_comes_after_what_was_done_before},
        {"a_stop_can_see_its_transactions_committed", a_stop_can_see_its_transactions_committed},
        {"a_sink_finds_its_own_marks_and_no_others", a_sink_finds_its_own_marks_and_no_others},
        {"a_channel_in_memory_stores_none", a_channel_in_memory_stores_none},
        {"marks_that_cannot_be_are_refused", marks_that_cannot_be_are_refused},
    };

    return RUN_SUITE_BETWEEN("sink_marks", tests, set_up, tear_down);
}
