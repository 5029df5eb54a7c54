/* SPDX-License-Identifier: Apache-2.0 */

/* Positions on their way from a source to its durable channels and back: after a restart each
 * channel gets what it lacks, and only that. */

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/avro_file.h"
#include "parts.h"
#include "places.h"
#include "rig.h"
#include "suite.h"

/* Two inlets, two file channels in folders of ROOT, and no sinks. */
#define PIPELINE                                                                                   \
    "a1.sources = r1 r2\n"                                                                         \
    "a1.channels = c1 c2\n"                                                                        \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1 c2\n"                                                             \
    "a1.sources.r2.type = inlet\n"                                                                 \
    "a1.sources.r2.channels = c1\n"                                                                \
    "a1.channels.c1.type = file\n"                                                                 \
    "a1.channels.c1.checkpointDir = %s/c1\n"                                                       \
    "a1.channels.c1.dataDirs = %s/d1\n"                                                            \
    "a1.channels.c1.minimumRequiredSpace = 1048576\n"                                              \
    "a1.channels.c1.keep-alive = 0\n"                                                              \
    "a1.channels.c1.transactionCapacity = 100\n"                                                   \
    "a1.channels.c2.type = file\n"                                                                 \
    "a1.channels.c2.checkpointDir = %s/c2\n"                                                       \
    "a1.channels.c2.dataDirs = %s/d2\n"                                                            \
    "a1.channels.c2.minimumRequiredSpace = 1048576\n"                                              \
    "a1.channels.c2.keep-alive = 0\n"                                                              \
    "a1.channels.c2.transactionCapacity = 10\n"

struct stage {
    struct places places;
    struct rig rig;
    struct part_selector selector;
    struct part_interceptor interceptor;
    const flow_channel_ops *channel; /* of a type "stub", or NULL */
};

/* Starts the pipeline, with MORE lines of configuration, on what is in the folders. */
static void up(struct stage *stage, const char *more)
{
    char text[4096];

    const char *root = stage->places.root;

    snprintf(text, sizeof text, PIPELINE "%s", root, root, root, root, more);
    rig_init(&stage->rig, 0);
    if (stage->selector.select)
        part_add_selector(stage->rig.lib, "mine", &stage->selector);
    if (stage->interceptor.intercept)
        part_add_interceptor(stage->rig.lib, "mine", &stage->interceptor);
    if (stage->channel) {
        flow_registry *registry = flow_library_registry(stage->rig.lib);
        int rc = flow_registry_add_channel(registry, stage->channel, NULL, NULL, NULL);
        ck_assert_int_eq(rc, FLOW_OK);
    }
    rig_build(&stage->rig, text);
    rig_start(&stage->rig);
}

static void down(struct stage *stage)
{
    rig_free(&stage->rig);
}

static void mark(flow_batch *batch, const char *key, const char *value)
{
    int rc = value ? flow_batch_set_position(batch, key, strlen(key), value, strlen(value), NULL)
                   : flow_batch_forget_position(batch, key, strlen(key), NULL);

    ck_assert_int_eq(rc, FLOW_OK);
}

/* The numbers from FIRST on, with a mark "in" behind each STEP of them. */
static flow_batch *marked_batch(struct stage *stage, unsigned first, unsigned count, unsigned step)
{
    flow_batch *batch = rig_batch(&stage->rig, 0, 0);
    char text[16];

    for (unsigned i = first; i < first + count; i++) {
        int size = snprintf(text, sizeof text, "%u", i);
        ck_assert_int_eq(flow_batch_add(batch, text, (size_t)size, NULL), FLOW_OK);
        if ((i + 1 - first) % step == 0) {
            snprintf(text, sizeof text, "%04u", i + 1);
            mark(batch, "in", text);
        }
    }
    return batch;
}

static int push(struct stage *stage, const char *inlet, flow_batch *batch)
{
    int rc = flow_inlet_push_batch(rig_inlet(&stage->rig, inlet), batch, 0, NULL);

    flow_batch_free(batch);
    return rc;
}

static int push_marked(struct stage *stage, unsigned first, unsigned count, unsigned step)
{
    return push(stage, "r1", marked_batch(stage, first, count, step));
}

static int push_mark(struct stage *stage, const char *inlet, const char *key, const char *value)
{
    flow_batch *batch = rig_batch(&stage->rig, 0, 0);

    mark(batch, key, value);
    return push(stage, inlet, batch);
}

/* Of flow_inlet_position and flow_inlet_position_latest. */
typedef int read_fn(flow_inlet *inlet, const void *key, size_t key_size, void *data, size_t room,
                    size_t *size, flow_error **err);

static void expect_read(struct stage *stage, read_fn *read, const char *inlet, const char *key,
                        const char *wanted)
{
    char value[64];
    size_t size = 99;
    int rc =
        read(rig_inlet(&stage->rig, inlet), key, strlen(key), value, sizeof value, &size, NULL);

    ck_assert_int_eq(rc, FLOW_OK);
    ck_assert_uint_lt(size, sizeof value);
    value[size] = '\0';
    ck_assert_str_eq(value, wanted);
}

static void expect_position(struct stage *stage, const char *inlet, const char *key,
                            const char *wanted)
{
    expect_read(stage, flow_inlet_position, inlet, key, wanted);
}

static void expect_latest(struct stage *stage, const char *inlet, const char *key,
                          const char *wanted)
{
    expect_read(stage, flow_inlet_position_latest, inlet, key, wanted);
}

static void expect_channel(struct stage *stage, const char *channel, unsigned first, unsigned count)
{
    struct rig_bodies *bodies = calloc(1, sizeof(*bodies));

    rig_take(&stage->rig, channel, bodies);
    rig_expect(bodies, first, count);
    free(bodies);
}

START_TEST(after_a_restart_each_channel_gets_what_it_lacks)
{
    struct stage stage = {0};

    places_init(&stage.places, 1);
    up(&stage, "a1.channels.c2.capacity = 15\n");
    expect_position(&stage, "r1", "in", "");
    ck_assert_int_eq(push_marked(&stage, 0, 10, 10), FLOW_OK);
    expect_position(&stage, "r1", "in", "0010");
    ck_assert_int_eq(push_marked(&stage, 10, 10, 10), FLOW_EFULL);
    expect_position(&stage, "r1", "in", "0010"); /* c1 has 0020 */
    down(&stage);

    up(&stage, "");
    expect_position(&stage, "r1", "in", "0010");
    ck_assert_int_eq(push_marked(&stage, 10, 25, 5), FLOW_OK);
    expect_position(&stage, "r1", "in", "0035");
    ck_assert_int_eq(push_marked(&stage, 0, 35, 35), FLOW_OK); /* all of it is there */
    expect_channel(&stage, "c1", 0, 35);
    expect_channel(&stage, "c2", 0, 35);
    down(&stage);
    places_free(&stage.places);
}
END_TEST

START_TEST(the_latest_position_ends_what_must_be_marked_one_by_one)
{
    struct stage stage = {0};

    places_init(&stage.places, 1);
    up(&stage, "a1.channels.c2.capacity = 15\n");
    expect_latest(&stage, "r1", "in", "");
    ck_assert_int_eq(push_marked(&stage, 0, 10, 10), FLOW_OK);
    expect_latest(&stage, "r1", "in", "0010");
    ck_assert_int_eq(push_marked(&stage, 10, 10, 10), FLOW_EFULL);
    ck_assert_int_eq(push_mark(&stage, "r2", "in", "0099"), FLOW_OK);
    down(&stage);

    up(&stage, "");
    expect_position(&stage, "r1", "in", "0010");
    expect_latest(&stage, "r1", "in", "0020");
    ck_assert_int_eq(push_marked(&stage, 10, 7, 7), FLOW_OK); /* not as it was before */
    ck_assert_int_eq(push_marked(&stage, 17, 3, 1), FLOW_OK);
    ck_assert_int_eq(push_marked(&stage, 20, 9, 9), FLOW_OK);
    expect_latest(&stage, "r1", "in", "0029");
    expect_channel(&stage, "c1", 0, 29);
    expect_channel(&stage, "c2", 0, 29);
    down(&stage);
    places_free(&stage.places);
}
END_TEST

START_TEST(a_batch_emitted_again_goes_on_where_it_stopped)
{
    struct stage stage = {0};

    places_init(&stage.places, 1);
    up(&stage, "a1.channels.c2.capacity = 15\n");
    flow_batch *batch = marked_batch(&stage, 0, 20, 3);
    flow_inlet *inlet = rig_inlet(&stage.rig, "r1");
    ck_assert_int_eq(flow_inlet_push_batch(inlet, batch, 0, NULL), FLOW_EFULL);
    expect_position(&stage, "r1", "in", "0009"); /* nine fit into a transaction of ten */
    expect_channel(&stage, "c2", 0, 9);
    ck_assert_int_eq(flow_inlet_push_batch(inlet, batch, 0, NULL), FLOW_OK);
    expect_channel(&stage, "c2", 9, 11);
    expect_channel(&stage, "c1", 0, 20);
    expect_position(&stage, "r1", "in", "0018");
    flow_batch_free(batch);
    down(&stage);
    places_free(&stage.places);
}
END_TEST

START_TEST(what_arrived_of_a_large_batch_does_not_come_again)
{
    struct stage stage = {0};

    places_init(&stage.places, 1);
    up(&stage, "a1.channels.c2.capacity = 15\n");
    ck_assert_int_eq(push_marked(&stage, 0, 20, 4), FLOW_EFULL);
    expect_position(&stage, "r1", "in", "0008");
    down(&stage);
    up(&stage, "");
    ck_assert_int_eq(push_marked(&stage, 8, 12, 4), FLOW_OK);
    expect_channel(&stage, "c1", 0, 20);
    expect_channel(&stage, "c2", 0, 20);
    down(&stage);
    places_free(&stage.places);
}
END_TEST

START_TEST(a_position_needs_no_events)
{
    struct stage stage = {0};

    places_init(&stage.places, 1);
    up(&stage, "");
    ck_assert_int_eq(push_mark(&stage, "r1", "in", "0007"), FLOW_OK);
    expect_position(&stage, "r1", "in", "0007");
    ck_assert_int_eq(push_mark(&stage, "r1", "other", "1"), FLOW_OK);
    ck_assert_int_eq(push_mark(&stage, "r1", "in", NULL), FLOW_OK);
    down(&stage);
    up(&stage, "");
    expect_position(&stage, "r1", "in", "");
    expect_position(&stage, "r1", "other", "1");
    ck_assert_int_eq(rig_metric(&stage.rig, "r1", "AppendBatchReceivedCount"), 0);
    down(&stage);
    places_free(&stage.places);
}
END_TEST

START_TEST(events_without_a_position_are_never_skipped)
{
    struct stage stage = {0};

    places_init(&stage.places, 1);
    up(&stage, "");
    ck_assert_int_eq(push_marked(&stage, 0, 3, 3), FLOW_OK);
    flow_batch *batch = marked_batch(&stage, 0, 4, 3); /* the fourth is behind the mark */
    mark(batch, "gone", NULL);
    ck_assert_int_eq(push(&stage, "r1", batch), FLOW_OK);
    expect_channel(&stage, "c1", 0, 4);
    expect_channel(&stage, "c2", 0, 4);
    down(&stage);
    places_free(&stage.places);
}
END_TEST

START_TEST(a_key_that_is_forgotten_begins_anew)
{
    struct stage stage = {0};

    places_init(&stage.places, 1);
    up(&stage, "");
    ck_assert_int_eq(push_marked(&stage, 0, 9, 9), FLOW_OK);
    flow_batch *batch = rig_batch(&stage.rig, 9, 1);
    mark(batch, "in", NULL);
    flow_batch_add(batch, "10", 2, NULL);
    mark(batch, "in", "0001");
    ck_assert_int_eq(push(&stage, "r1", batch), FLOW_OK);
    expect_position(&stage, "r1", "in", "0001");
    expect_channel(&stage, "c1", 0, 11);
    expect_channel(&stage, "c2", 0, 11);
    down(&stage);
    places_free(&stage.places);
}
END_TEST

static int count_positions(void *self, const flow_position *position)
{
    char *text = self;

    sprintf(text + strlen(text), "%.*s=%.*s ", (int)position->key_size, (const char *)position->key,
            (int)position->value_size, position->value ? (const char *)position->value : "");
    return FLOW_OK;
}

START_TEST(sources_do_not_see_each_others_keys)
{
    struct stage stage = {0};
    char text[256] = "";

    places_init(&stage.places, 1);
    up(&stage, "");
    ck_assert_int_eq(push_mark(&stage, "r1", "in", "9"), FLOW_OK);
    expect_position(&stage, "r2", "in", "");
    ck_assert_int_eq(push_mark(&stage, "r2", "in", "5"), FLOW_OK);
    expect_position(&stage, "r1", "in", "9");
    expect_position(&stage, "r2", "in", "5");
    int rc = flow_inlet_positions(rig_inlet(&stage.rig, "r1"), count_positions, text, NULL);
    ck_assert_int_eq(rc, FLOW_OK);
    ck_assert_str_eq(text, "in=9 ");
    down(&stage);
    places_free(&stage.places);
}
END_TEST

START_TEST(a_key_that_one_channel_lacks_is_told_without_a_value)
{
    struct stage stage = {0};
    char text[256] = "";

    places_init(&stage.places, 1);
    up(&stage, "a1.channels.c2.capacity = 10\n");
    ck_assert_int_eq(push_marked(&stage, 0, 10, 20), FLOW_OK); /* no mark */
    ck_assert_int_eq(push_marked(&stage, 10, 1, 1), FLOW_EFULL);
    int rc = flow_inlet_positions(rig_inlet(&stage.rig, "r1"), count_positions, text, NULL);
    ck_assert_int_eq(rc, FLOW_OK);
    ck_assert_str_eq(text, "in= ");
    expect_latest(&stage, "r1", "in", "0011");
    down(&stage);
    places_free(&stage.places);
}
END_TEST

/* ---- interceptors and selectors ---- */

static int drop_odd(void *self, flow_batch *batch, flow_error **err)
{
    uint8_t keep[64] = {0};

    (void)self;
    (void)err;
    for (size_t i = 0; i < flow_batch_count(batch); i++) {
        size_t size;
        const char *body = flow_event_body(flow_batch_event(batch, i), &size);
        keep[i] = (body[size - 1] - '0') % 2 == 0;
    }
    flow_batch_filter(batch, keep);
    return FLOW_OK;
}

#define INTERCEPTED "a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = mine\n"

static void expect_bodies(struct stage *stage, const char *channel, const char *wanted)
{
    struct rig_bodies *bodies = calloc(1, sizeof(*bodies));
    char text[256] = "";

    rig_take(&stage->rig, channel, bodies);
    for (size_t i = 0; i < bodies->count; i++)
        sprintf(text + strlen(text), "%s ", bodies->text[i]);
    ck_assert_str_eq(text, wanted);
    free(bodies);
}

START_TEST(a_position_passes_events_that_an_interceptor_dropped)
{
    struct stage stage = {.interceptor = {drop_odd, NULL}};

    places_init(&stage.places, 1);
    up(&stage, INTERCEPTED);
    ck_assert_int_eq(push_marked(&stage, 1, 1, 1), FLOW_OK); /* nothing is left of it */
    expect_position(&stage, "r1", "in", "0002");
    ck_assert_int_eq(push_marked(&stage, 2, 2, 2), FLOW_OK);
    ck_assert_int_eq(push_marked(&stage, 1, 6, 1), FLOW_OK);
    expect_bodies(&stage, "c1", "2 4 6 ");
    expect_bodies(&stage, "c2", "2 4 6 ");
    down(&stage);
    places_free(&stage.places);
}
END_TEST

/* Replaces everything by the bodies it had. */
static int repack(void *self, flow_batch *batch, flow_error **err)
{
    static uint8_t packed[4096];
    size_t size;
    int rc = flow_events_pack(flow_batch_events(batch), flow_batch_count(batch), packed,
                              sizeof packed, &size, err);

    (void)self;
    return rc == FLOW_OK ? flow_batch_set_packed(batch, packed, size, err) : rc;
}

START_TEST(replaced_events_are_skipped_together_or_not_at_all)
{
    struct stage stage = {.interceptor = {repack, NULL}};

    places_init(&stage.places, 1);
    up(&stage, INTERCEPTED);
    ck_assert_int_eq(push_marked(&stage, 0, 4, 2), FLOW_OK);
    ck_assert_int_eq(push_marked(&stage, 0, 4, 2), FLOW_OK); /* all of it was there */
    expect_channel(&stage, "c1", 0, 4);
    expect_channel(&stage, "c2", 0, 4);
    ck_assert_int_eq(push_marked(&stage, 2, 4, 2), FLOW_OK); /* a part of it was */
    expect_channel(&stage, "c1", 2, 4);
    expect_channel(&stage, "c2", 2, 4);
    expect_position(&stage, "r1", "in", "0006");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(push_marked(&stage, 6, 5, 2), FLOW_OK); /* the last is of no mark */
        expect_channel(&stage, "c1", 6, 5);
    }
    down(&stage);
    places_free(&stage.places);
}
END_TEST

static int by_parity(void *self, const flow_event *event, flow_route *route, flow_error **err)
{
    size_t size;
    const char *body = flow_event_body(event, &size);

    (void)self;
    (void)err;
    return flow_route_require(route, (size_t)(body[size - 1] - '0') % 2);
}

#define SELECTED "a1.sources.r1.selector.type = mine\n"

START_TEST(channels_that_got_nothing_have_the_position_too)
{
    struct stage stage = {.selector = {by_parity, NULL, 0}};

    places_init(&stage.places, 1);
    up(&stage, SELECTED);
    ck_assert_int_eq(push_marked(&stage, 0, 1, 1), FLOW_OK);
    expect_position(&stage, "r1", "in", "0001");
    down(&stage);
    up(&stage, SELECTED "a1.channels.c2.capacity = 11\n");
    ck_assert_int_eq(push_marked(&stage, 1, 31, 1), FLOW_EFULL);
    expect_position(&stage, "r1", "in", "0021"); /* ten odd ones */
    down(&stage);
    up(&stage, SELECTED);
    ck_assert_int_eq(push_marked(&stage, 21, 11, 11), FLOW_OK);
    expect_bodies(&stage, "c1", "0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 ");
    expect_bodies(&stage, "c2", "1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31 ");
    down(&stage);
    places_free(&stage.places);
}
END_TEST

/* A durable channel that cannot keep positions, and holds nothing. */
static int stub_create(flow_context *ctx, void **self, flow_error **err)
{
    (void)err;
    *self = ctx;
    return FLOW_OK;
}

static void stub_destroy(void *self)
{
    (void)self;
}

static int stub_begin(void *self, void **txn, flow_error **err)
{
    (void)err;
    *txn = self;
    return FLOW_OK;
}

static int stub_put(void *self, void *txn, const flow_event *const *events, size_t count,
                    flow_error **err)
{
    return FLOW_OK;
}

static int stub_take(void *self, void *txn, size_t max, const flow_event **events, size_t *count,
                     flow_error **err)
{
    *count = 0;
    return FLOW_OK;
}

static int stub_commit(void *self, void *txn, flow_error **err)
{
    return FLOW_OK;
}

static void stub_end(void *self, void *txn)
{
}

static uint64_t stub_size(void *self)
{
    return 0;
}

static uint64_t stub_capacity(void *self)
{
    return 100;
}

static int64_t stub_keep_alive(void *self)
{
    return 0;
}

static int stub_put_position(void *self, void *txn, const flow_position *position, flow_error **err)
{
    return flow_error_set(err, FLOW_EIO, "no disk for positions");
}

static int stub_positions(void *self, const void *key, size_t key_size, flow_position_fn fn,
                          void *arg)
{
    return FLOW_OK;
}

static const flow_schema stub_schema = {.struct_size = sizeof stub_schema,
                                        .summary = "Holds nothing.",
                                        .property_size = sizeof(flow_property)};

static const flow_channel_ops stub_channel = {
    .struct_size = sizeof stub_channel,
    .type = "stub",
    .schema = &stub_schema,
    .create = stub_create,
    .destroy = stub_destroy,
    .begin = stub_begin,
    .put = stub_put,
    .take = stub_take,
    .commit = stub_commit,
    .rollback = stub_end,
    .release = stub_end,
    .size = stub_size,
    .capacity = stub_capacity,
    .transaction_capacity = stub_capacity,
    .keep_alive = stub_keep_alive,
    .put_position = stub_put_position,
    .positions = stub_positions,
};

START_TEST(a_channel_without_events_that_fails_holds_up_nobody)
{
    struct stage stage = {.selector = {by_parity, NULL, 0}};
    const char *more = SELECTED "a1.channels = c1 c2 c3\na1.channels.c3.type = stub\n"
                                "a1.sources.r1.channels = c1 c3\n";

    stage.channel = &stub_channel;
    places_init(&stage.places, 1);
    up(&stage, more);
    ck_assert_int_eq(push_marked(&stage, 0, 1, 1), FLOW_OK);
    rig_await_log(&stage.rig, "no disk for positions");
    ck_assert_int_eq(push_marked(&stage, 1, 1, 1), FLOW_EIO); /* goes to the stub */
    expect_channel(&stage, "c1", 0, 1);
    expect_position(&stage, "r1", "in", "");
    down(&stage);
    places_free(&stage.places);
}
END_TEST

START_TEST(a_channel_of_an_older_plugin_keeps_no_positions)
{
    struct stage stage = {0};
    flow_channel_ops older = stub_channel;

    older.struct_size = offsetof(flow_channel_ops, put_position);
    stage.channel = &older;
    places_init(&stage.places, 1);
    up(&stage, "a1.channels = c1 c2 c3\na1.channels.c3.type = stub\n"
               "a1.sources.r1.channels = c1 c3\n");
    ck_assert_int_eq(push_marked(&stage, 0, 2, 1), FLOW_OK);
    rig_await_log(&stage.rig, "channel c3 keeps no positions");
    expect_position(&stage, "r1", "in", "0002");
    down(&stage);
    places_free(&stage.places);
}
END_TEST

START_TEST(a_channel_in_memory_is_told_of_once_a_start)
{
    const char *end_of_it = "channel c3 keeps no positions";
    struct stage stage = {0};

    places_init(&stage.places, 1);
    up(&stage, "a1.channels = c1 c2 c3\na1.channels.c3.type = memory\n"
               "a1.sources.r1.channels = c1 c2 c3\n");
    rig_push(&stage.rig, 0, 2);
    ck_assert_uint_eq(rig_logged(&stage.rig, end_of_it), 0);
    for (unsigned i = 2; i < 8; i += 2)
        ck_assert_int_eq(push_marked(&stage, i, 2, 2), FLOW_OK);
    expect_position(&stage, "r1", "in", "0008");
    ck_assert_uint_eq(rig_logged(&stage.rig, end_of_it), 1);
    expect_channel(&stage, "c3", 0, 8);
    down(&stage);
    places_free(&stage.places);
}
END_TEST

START_TEST(nonsense_and_closed_inlets_are_refused)
{
    struct stage stage = {0};
    char value[4];
    size_t size;
    flow_error *err = NULL;

    places_init(&stage.places, 1);
    up(&stage, "");
    flow_inlet *inlet = rig_inlet(&stage.rig, "r1");
    int rc = flow_inlet_position(inlet, NULL, 0, value, sizeof value, &size, &err);
    expect_error(rc, FLOW_EINVAL, err, "needs");
    ck_assert_int_eq(push_mark(&stage, "r1", "in", "12345"), FLOW_OK);
    err = NULL;
    rc = flow_inlet_position(inlet, "in", 2, value, sizeof value, &size, &err);
    expect_error(rc, FLOW_ETOOBIG, err, "5 bytes");
    ck_assert_uint_eq(size, 5);
    rig_stop(&stage.rig);
    err = NULL;
    rc = flow_inlet_position(inlet, "in", 2, value, sizeof value, &size, &err);
    expect_error(rc, FLOW_ECLOSED, err, "does not run");
    down(&stage);
    places_free(&stage.places);
}
END_TEST

/* ---- spooldir ---- */

#define SPOOLDIR                                                                                   \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sources.r1.type = spooldir\n"                                                              \
    "a1.sources.r1.spoolDir = %s/spool\n"                                                          \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.sources.r1.batchSize = 4\n"                                                                \
    "a1.sources.r1.pollDelay = 10\n"                                                               \
    "a1.channels.c1.keep-alive = 0\n"                                                              \
    "a1.channels.c1.transactionCapacity = 4\n"

#define TO_FILE                                                                                    \
    "a1.channels.c1.type = file\n"                                                                 \
    "a1.channels.c1.checkpointDir = %s/c1\n"                                                       \
    "a1.channels.c1.dataDirs = %s/d1\n"                                                            \
    "a1.channels.c1.minimumRequiredSpace = 1048576\n"
#define TO_MEMORY "a1.channels.c1.type = memory\n# %s%s\n"

/* Reads on until CHANNEL has COUNT events and can take no more. */
static void read_some(struct stage *stage, const char *channel, unsigned count)
{
    const char *root = stage->places.root;
    char text[4096];
    int used = snprintf(text, sizeof text, SPOOLDIR "a1.channels.c1.capacity = %u\n", root, count);

    snprintf(text + used, sizeof text - (size_t)used, channel, root, root);
    rig_init(&stage->rig, 0);
    rig_build(&stage->rig, text);
    rig_start(&stage->rig);
    rig_await(&stage->rig, "c1", "EventPutSuccessCount", count < 10 ? count : 6);
    if (count < 10)
        rig_await_log(&stage->rig, "were not taken");
}

START_TEST(what_the_channel_knows_of_a_file_beats_the_tracker)
{
    struct stage stage = {0};
    char path[192];

    places_init(&stage.places, 1);
    snprintf(path, sizeof path, "mkdir %s/spool; seq 0 9 > %s/spool/f", stage.places.root,
             stage.places.root);
    ck_assert_int_eq(system(path), 0);
    read_some(&stage, TO_FILE, 4);
    down(&stage);
    read_some(&stage, TO_MEMORY, 4); /* the tracker says where that goes on, and so it does */
    expect_channel(&stage, "c1", 4, 4);
    down(&stage);
    read_some(&stage, TO_FILE, 100); /* the channel does not have what went to memory */
    rig_await(&stage.rig, "r1", "FileCompletedCount", 1);
    expect_channel(&stage, "c1", 0, 10);
    down(&stage);
    places_free(&stage.places);
}
END_TEST

/* Puts a container of 200 numbers, a block each, into the folder. */
static void put_container(struct stage *stage)
{
    static const uint8_t marker[FL_AVRO_SYNC_SIZE] = "0123456789abcdef";
    const struct fl_avro_writer_options options = {
        .codec = "null", .sync_interval = 1, .sync = marker};
    struct fl_avro_writer *writer;
    struct fl_buf out;
    char path[192];

    snprintf(path, sizeof path, "mkdir %s/spool", stage->places.root);
    ck_assert_int_eq(system(path), 0);
    fl_buf_init(&out, NULL);
    ck_assert_int_eq(fl_avro_writer_new(NULL, &options, &writer, NULL), FLOW_OK);
    fl_avro_writer_begin(writer, "\"int\"", 5, &out, NULL);
    for (unsigned i = 0; i < 200; i++)
        fl_avro_writer_datum(writer, "\2", 1, &out, NULL);
    fl_avro_writer_free(writer);
    snprintf(path, sizeof path, "%s/spool/f", stage->places.root);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(out.data, 1, out.size, file), out.size);
    fclose(file);
    fl_buf_free(&out);
}

/* The channel has a part of the file, but not as records: none of these may be taken for had. */
START_TEST(a_file_whose_deserializer_was_changed_is_read_anew)
{
    struct stage stage = {0};

    places_init(&stage.places, 1);
    put_container(&stage);
    read_some(&stage,
              TO_FILE "a1.sources.r1.deserializer = BLOB\n"
                      "a1.sources.r1.deserializer.maxBlobLength = 100\n",
              4);
    down(&stage);
    read_some(&stage, TO_FILE "a1.sources.r1.deserializer = AVRO\n", 1000);
    rig_await(&stage.rig, "c1", "EventPutSuccessCount", 200);
    rig_await(&stage.rig, "r1", "FileCompletedCount", 1);
    down(&stage);
    places_free(&stage.places);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"after_a_restart_each_channel_gets_what_it_lacks",
         after_a_restart_each_channel_gets_what_it_lacks},
        {"the_latest_position_ends_what_must_be_marked_one_by_one",
         the_latest_position_ends_what_must_be_marked_one_by_one},
        {"a_batch_emitted_again_goes_on_where_it_stopped",
         a_batch_emitted_again_goes_on_where_it_stopped},
        {"what_arrived_of_a_large_batch_does_not_come_again",
         what_arrived_of_a_large_batch_does_not_come_again},
        {"a_position_needs_no_events", a_position_needs_no_events},
        {"events_without_a_position_are_never_skipped",
         events_without_a_position_are_never_skipped},
        {"a_key_that_is_forgotten_begins_anew", a_key_that_is_forgotten_begins_anew},
        {"sources_do_not_see_each_others_keys", sources_do_not_see_each_others_keys},
        {"a_key_that_one_channel_lacks_is_told_without_a_value",
         a_key_that_one_channel_lacks_is_told_without_a_value},
        {"a_position_passes_events_that_an_interceptor_dropped",
         a_position_passes_events_that_an_interceptor_dropped},
        {"replaced_events_are_skipped_together_or_not_at_all",
         replaced_events_are_skipped_together_or_not_at_all},
        {"channels_that_got_nothing_have_the_position_too",
         channels_that_got_nothing_have_the_position_too},
        {"a_channel_without_events_that_fails_holds_up_nobody",
         a_channel_without_events_that_fails_holds_up_nobody},
        {"a_channel_of_an_older_plugin_keeps_no_positions",
         a_channel_of_an_older_plugin_keeps_no_positions},
        {"a_channel_in_memory_is_told_of_once_a_start",
         a_channel_in_memory_is_told_of_once_a_start},
        {"nonsense_and_closed_inlets_are_refused", nonsense_and_closed_inlets_are_refused},
        {"what_the_channel_knows_of_a_file_beats_the_tracker",
         what_the_channel_knows_of_a_file_beats_the_tracker},
        {"a_file_whose_deserializer_was_changed_is_read_anew",
         a_file_whose_deserializer_was_changed_is_read_anew},
    };

    return RUN_SUITE("positions", tests);
}
