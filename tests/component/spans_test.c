/* SPDX-License-Identifier: Apache-2.0 */

/* Events with the numbers that a sender gave them: each channel gets each once, however they come.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "places.h"
#include "rig.h"
#include "suite.h"

#define THREADS 4
#define ALL 600u

/* Two inlets and two file channels in folders of ROOT. */
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
};

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
    rig_build(&stage->rig, text);
    rig_start(&stage->rig);
}

static void set_up(struct stage *stage, const char *more)
{
    places_init(&stage->places, 1);
    up(stage, more);
}

static void tear_down(struct stage *stage)
{
    rig_free(&stage->rig);
    places_free(&stage->places);
}

/* Adds the numbers from FIRST on, as the sender KEY sent them. */
static void add(flow_batch *batch, const char *key, unsigned first, unsigned count)
{
    const flow_span span = {key, (uint32_t)strlen(key), count, first, 0};
    size_t before = flow_batch_count(batch);
    char text[16];

    for (unsigned i = first; i < first + count; i++) {
        int size = snprintf(text, sizeof text, "%u", i);
        ck_assert_int_eq(flow_batch_add(batch, text, (size_t)size, NULL), FLOW_OK);
    }
    if (*key)
        ck_assert_int_eq(flow_batch_set_spans(batch, before, &span, 1, sizeof span, NULL), FLOW_OK);
}

static int push(struct stage *stage, const char *inlet, const char *key, unsigned first,
                unsigned count)
{
    flow_batch *batch = rig_batch(&stage->rig, 0, 0);

    add(batch, key, first, count);
    int rc = flow_inlet_push_batch(rig_inlet(&stage->rig, inlet), batch, 0, NULL);
    flow_batch_free(batch);
    return rc;
}

static void must_push(struct stage *stage, const char *key, unsigned first, unsigned count)
{
    ck_assert_int_eq(push(stage, "r1", key, first, count), FLOW_OK);
}

static void expect_bodies(struct stage *stage, const char *channel, const char *wanted)
{
    struct rig_bodies *bodies = calloc(1, sizeof(*bodies));
    char text[512] = "";

    rig_take(&stage->rig, channel, bodies);
    for (size_t i = 0; i < bodies->count; i++)
        sprintf(text + strlen(text), "%s ", bodies->text[i]);
    ck_assert_str_eq(text, wanted);
    free(bodies);
}

static void expect_both(struct stage *stage, const char *wanted)
{
    expect_bodies(stage, "c1", wanted);
    expect_bodies(stage, "c2", wanted);
}

START_TEST(what_comes_again_in_other_batches_arrives_once)
{
    struct stage stage = {0};

    set_up(&stage, "");
    must_push(&stage, "k", 3, 3);
    must_push(&stage, "k", 8, 2);
    must_push(&stage, "k", 1, 10);
    must_push(&stage, "k", 4, 6);
    expect_both(&stage, "3 4 5 8 9 1 2 6 7 10 ");
    ck_assert_int_eq(rig_metric(&stage.rig, "r1", "EventRepeatedCount"), 2 * (5 + 6));
    ck_assert_int_eq(rig_metric(&stage.rig, "r1", "EventAcceptedCount"), 21);
    must_push(&stage, "other", 8, 2);
    expect_both(&stage, "8 9 ");
    tear_down(&stage);
}
END_TEST

START_TEST(one_batch_may_have_the_same_events_twice)
{
    struct stage stage = {0};

    set_up(&stage, "");
    flow_batch *batch = rig_batch(&stage.rig, 0, 0);
    add(batch, "k", 5, 4);
    add(batch, "", 99, 1);
    add(batch, "k", 6, 5);
    add(batch, "", 99, 1);
    ck_assert_int_eq(flow_inlet_push_batch(rig_inlet(&stage.rig, "r1"), batch, 0, NULL), FLOW_OK);
    expect_both(&stage, "5 6 7 8 99 9 10 99 ");
    flow_batch_free(batch);
    tear_down(&stage);
}
END_TEST

START_TEST(numbers_survive_a_restart_and_the_loss_of_the_control_files)
{
    struct stage stage = {0};
    char command[160];

    set_up(&stage, "");
    must_push(&stage, "k", 1, 4);
    rig_free(&stage.rig);
    up(&stage, "");
    must_push(&stage, "k", 3, 4);
    rig_free(&stage.rig);
    snprintf(command, sizeof command, "rm -r %s/c1 %s/c2", stage.places.root, stage.places.root);
    ck_assert_int_eq(system(command), 0);
    up(&stage, "");
    must_push(&stage, "k", 1, 7);
    expect_both(&stage, "1 2 3 4 5 6 7 ");
    tear_down(&stage);
}
END_TEST

START_TEST(sources_share_what_they_know_of_a_sender)
{
    struct stage stage = {0};

    set_up(&stage, "");
    must_push(&stage, "k", 1, 4);
    ck_assert_int_eq(push(&stage, "r2", "k", 3, 4), FLOW_OK);
    expect_bodies(&stage, "c1", "1 2 3 4 5 6 ");
    expect_bodies(&stage, "c2", "1 2 3 4 ");
    must_push(&stage, "k", 1, 6);
    expect_bodies(&stage, "c1", "");
    expect_bodies(&stage, "c2", "5 6 ");
    tear_down(&stage);
}
END_TEST

START_TEST(a_large_batch_goes_on_where_a_channel_was_full)
{
    struct stage stage = {0};
    struct rig_bodies *bodies = calloc(1, sizeof(*bodies));

    set_up(&stage, "a1.channels.c2.capacity = 25\n");
    flow_batch *batch = rig_batch(&stage.rig, 0, 0);
    add(batch, "k", 0, 17);
    add(batch, "k", 17, 18);
    flow_inlet *inlet = rig_inlet(&stage.rig, "r1");
    ck_assert_int_eq(flow_inlet_push_batch(inlet, batch, 0, NULL), FLOW_EFULL);
    rig_take(&stage.rig, "c2", bodies);
    rig_expect(bodies, 0, 20);
    /* In other batches, which the sender may make after it was told so. */
    must_push(&stage, "k", 12, 11);
    must_push(&stage, "k", 20, 10);
    ck_assert_int_eq(flow_inlet_push_batch(inlet, batch, 0, NULL), FLOW_OK);
    rig_take(&stage.rig, "c2", bodies);
    rig_expect(bodies, 20, 15);
    rig_take(&stage.rig, "c1", bodies);
    rig_expect(bodies, 0, 35);
    flow_batch_free(batch);
    free(bodies);
    tear_down(&stage);
}
END_TEST

/* ---- interceptors and selectors ---- */

#define INTERCEPTED "a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = mine\n"
#define SELECTED "a1.sources.r1.selector.type = mine\n"

static int last_digit(const flow_event *event)
{
    size_t size;
    const char *body = flow_event_body(event, &size);

    return body[size - 1] - '0';
}

static int drop_odd(void *self, flow_batch *batch, flow_error **err)
{
    uint8_t keep[64] = {0};

    (void)self;
    (void)err;
    for (size_t i = 0; i < flow_batch_count(batch); i++)
        keep[i] = last_digit(flow_batch_event(batch, i)) % 2 == 0;
    flow_batch_filter(batch, keep);
    return FLOW_OK;
}

START_TEST(what_an_interceptor_dropped_is_known_too)
{
    struct stage stage = {.interceptor = {drop_odd, NULL}};

    set_up(&stage, INTERCEPTED);
    must_push(&stage, "k", 3, 1); /* nothing is left of it */
    must_push(&stage, "k", 1, 6);
    rig_free(&stage.rig);
    stage.interceptor.intercept = NULL;
    up(&stage, "");
    must_push(&stage, "k", 1, 8);
    expect_both(&stage, "2 4 6 7 8 ");
    tear_down(&stage);
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

START_TEST(an_interceptor_that_replaces_all_gets_only_what_is_new)
{
    struct stage stage = {.interceptor = {repack, NULL}};

    set_up(&stage, INTERCEPTED);
    must_push(&stage, "k", 0, 15);
    must_push(&stage, "k", 10, 15);
    must_push(&stage, "k", 0, 25);
    must_push(&stage, "k", 0, 26);
    expect_both(&stage, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 ");
    ck_assert_int_eq(rig_metric(&stage.rig, "r1", "EventRepeatedCount"), 5 + 25 + 25);
    ck_assert_int_eq(rig_metric(&stage.rig, "r1", "EventFilteredCount"), 0);
    tear_down(&stage);
}
END_TEST

/* Odd numbers go to the first channel alone, even ones to the second, and 0 to both. */
static int sort_out(void *self, const flow_event *event, flow_route *route, flow_error **err)
{
    int digit = last_digit(event);

    (void)self;
    (void)err;
    if (!digit)
        flow_route_require(route, 0);
    return flow_route_require(route, digit % 2 ? 0 : 1);
}

/* A route that changes may let an event come to more channels, but to none never. */
START_TEST(a_channel_lacks_what_went_to_another)
{
    struct stage stage = {.selector = {sort_out, NULL, 0}};

    set_up(&stage, SELECTED);
    must_push(&stage, "k", 3, 4);
    must_push(&stage, "k", 1, 10);
    expect_bodies(&stage, "c1", "3 5 1 7 9 10 ");
    expect_bodies(&stage, "c2", "4 6 2 8 10 ");
    rig_free(&stage.rig);
    stage.selector.select = NULL;
    up(&stage, "");
    must_push(&stage, "k", 1, 11);
    expect_bodies(&stage, "c1", "2 4 6 8 11 ");
    expect_bodies(&stage, "c2", "1 3 5 7 9 11 ");
    tear_down(&stage);
}
END_TEST

/* Turns go on where they were, so that what comes again is shared out in another way. */
START_TEST(events_that_channels_share_by_turns_are_neither_lost_nor_doubled)
{
    struct stage stage = {0};

    set_up(&stage, "a1.sources.r1.selector.type = load_balancing\n"
                   "a1.channels.c2.capacity = 10\n");
    must_push(&stage, "", 20, 20);
    ck_assert_int_eq(push(&stage, "r1", "k", 0, 3), FLOW_EFULL);
    expect_bodies(&stage, "c1", "20 22 24 26 28 30 32 34 36 38 0 2 ");
    expect_bodies(&stage, "c2", "21 23 25 27 29 31 33 35 37 39 ");
    must_push(&stage, "k", 0, 3);
    expect_bodies(&stage, "c1", "1 ");
    expect_bodies(&stage, "c2", "");
    ck_assert_int_eq(rig_metric(&stage.rig, "r1", "EventRepeatedCount"), 2);
    tear_down(&stage);
}
END_TEST

START_TEST(where_a_channel_remembers_nothing_that_is_told)
{
    struct stage stage = {0};

    set_up(&stage, "a1.channels = c1 c2 c3\n"
                   "a1.sources.r2.channels = c1 c3\n"
                   "a1.channels.c3.type = memory\n");
    ck_assert_int_eq(push(&stage, "r2", "k", 1, 4), FLOW_OK);
    ck_assert_int_eq(push(&stage, "r2", "k", 1, 4), FLOW_OK);
    expect_bodies(&stage, "c1", "1 2 3 4 ");
    expect_bodies(&stage, "c3", "1 2 3 4 1 2 3 4 ");
    ck_assert_uint_eq(rig_logged(&stage.rig, "channel c3 does not remember what senders have sent"),
                      1);
    tear_down(&stage);
}
END_TEST

static void expect_sender(const flow_logdir *dir, const char *key, uint64_t ranges, uint64_t end,
                          uint32_t closed)
{
    flow_logdir_sender sender = {.struct_size = sizeof sender};
    size_t i = 0;

    do {
        ck_assert_int_eq(flow_logdir_sender_at(dir, i++, &sender), FLOW_OK);
    } while (sender.key_size != strlen(key) || memcmp(sender.key, key, sender.key_size));
    ck_assert_uint_eq(sender.ranges, ranges);
    ck_assert_uint_eq(sender.end, end);
    ck_assert_uint_eq(sender.closed, closed);
    ck_assert_int_gt(sender.time, 0);
}

START_TEST(the_log_tells_of_its_senders)
{
    const flow_span closes[] = {{"old", 3, 0, 0, FLOW_SPAN_CLOSED}, {"k", 1, 1, 40, 12}};
    flow_logdir_sender none = {.struct_size = sizeof none};
    char control[96], data[96];
    flow_library *lib;
    flow_logdir *dir;
    struct stage stage = {0};

    set_up(&stage, "");
    must_push(&stage, "old", 1, 4);
    must_push(&stage, "k", 1, 4);
    flow_batch *batch = rig_batch(&stage.rig, 0, 1);
    ck_assert_int_eq(flow_batch_set_spans(batch, 0, closes, 2, sizeof *closes, NULL), FLOW_OK);
    ck_assert_int_eq(flow_inlet_push_batch(rig_inlet(&stage.rig, "r1"), batch, 0, NULL), FLOW_OK);
    flow_batch_free(batch);
    rig_free(&stage.rig);
    snprintf(control, sizeof control, "%s/c1", stage.places.root);
    snprintf(data, sizeof data, "%s/d1", stage.places.root);
    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_logdir_open(lib, control, (const char *const[]){data}, 1, &dir, NULL),
                     FLOW_OK);
    expect_sender(dir, "old", 1, FLOW_SPAN_CLOSED, 1);
    expect_sender(dir, "k", 2, 41, 0);
    ck_assert_int_eq(flow_logdir_sender_at(dir, 2, &none), FLOW_ENOENT);
    flow_logdir_free(dir);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
    places_free(&stage.places);
}
END_TEST

/* ---- several at once ---- */

struct pusher {
    struct stage *stage;
    pthread_t thread;
    unsigned seed;
};

/* Pushes pieces of the same numbers, in an order of its own, until all were accepted. */
static void *push_all(void *arg)
{
    struct pusher *pusher = arg;

    for (unsigned round = 0; round < 60; round++) {
        unsigned count = 1 + (unsigned)rand_r(&pusher->seed) % 40;
        unsigned first = (unsigned)rand_r(&pusher->seed) % (ALL - count);
        while (push(pusher->stage, "r2", "k", first, count) != FLOW_OK)
            ;
    }
    for (unsigned first = 0; first < ALL; first += 20) {
        while (push(pusher->stage, "r2", "k", first, 20) != FLOW_OK)
            ;
    }
    return NULL;
}

START_TEST(copies_that_come_at_once_arrive_once)
{
    struct stage stage = {0};
    struct pusher pushers[THREADS];
    struct rig_bodies *bodies = calloc(1, sizeof(*bodies));
    uint8_t seen[ALL] = {0};

    set_up(&stage, "");
    for (unsigned i = 0; i < THREADS; i++) {
        pushers[i] = (struct pusher){.stage = &stage, .seed = i + 1};
        ck_assert_int_eq(pthread_create(&pushers[i].thread, NULL, push_all, &pushers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(pushers[i].thread, NULL);
    rig_take(&stage.rig, "c1", bodies);
    ck_assert_uint_eq(bodies->count, ALL);
    for (size_t i = 0; i < bodies->count; i++)
        ck_assert_int_eq(seen[atoi(bodies->text[i])]++, 0);
    free(bodies);
    tear_down(&stage);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"what_comes_again_in_other_batches_arrives_once",
         what_comes_again_in_other_batches_arrives_once},
        {"one_batch_may_have_the_same_events_twice", one_batch_may_have_the_same_events_twice},
        {"numbers_survive_a_restart_and_the_loss_of_the_control_files",
         numbers_survive_a_restart_and_the_loss_of_the_control_files},
        {"sources_share_what_they_know_of_a_sender", sources_share_what_they_know_of_a_sender},
        {"a_large_batch_goes_on_where_a_channel_was_full",
         a_large_batch_goes_on_where_a_channel_was_full},
        {"what_an_interceptor_dropped_is_known_too", what_an_interceptor_dropped_is_known_too},
        {"an_interceptor_that_replaces_all_gets_only_what_is_new",
         an_interceptor_that_replaces_all_gets_only_what_is_new},
        {"a_channel_lacks_what_went_to_another", a_channel_lacks_what_went_to_another},
        {"events_that_channels_share_by_turns_are_neither_lost_nor_doubled",
         events_that_channels_share_by_turns_are_neither_lost_nor_doubled},
        {"where_a_channel_remembers_nothing_that_is_told",
         where_a_channel_remembers_nothing_that_is_told},
        {"the_log_tells_of_its_senders", the_log_tells_of_its_senders},
        {"copies_that_come_at_once_arrive_once", copies_that_come_at_once_arrive_once},
    };

    return RUN_SUITE("spans", tests);
}
