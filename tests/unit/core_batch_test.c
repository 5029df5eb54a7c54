/* SPDX-License-Identifier: Apache-2.0 */

/* Batches: filling, changing in place and by copy, dropping, using memory again. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/batch.h"
#include "numbered.h"
#include "suite.h"

struct fixture {
    struct failing failing;
    flow_library *lib;
    flow_batch *batch;
};

static void set_up(struct fixture *f)
{
    failing_init(&f->failing);
    const flow_library_options options = {.struct_size = sizeof options,
                                          .allocator = &f->failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(f->lib, &f->batch, NULL), FLOW_OK);
}

static void tear_down(struct fixture *f)
{
    flow_batch_free(f->batch);
    ck_assert_int_eq(flow_library_free(f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(f->failing.live, 0);
}

static void add(struct fixture *f, const char *body)
{
    ck_assert_int_eq(flow_batch_add(f->batch, body, strlen(body), NULL), FLOW_OK);
}

static void set(struct fixture *f, size_t index, const char *name, const char *value)
{
    ck_assert_int_eq(flow_batch_set_header(f->batch, index, name, value, NULL), FLOW_OK);
}

static void drop(struct fixture *f, size_t index, const char *name)
{
    ck_assert_int_eq(flow_batch_remove_header(f->batch, index, name, NULL), FLOW_OK);
}

/* An event as text: "name=value name=value body". */
static const char *text_of(const flow_event *event, char room[256])
{
    flow_header header;
    size_t at = 0;
    size_t size;

    for (size_t i = 0; flow_event_header_at(event, i, &header, sizeof header) == FLOW_OK; i++)
        at += (size_t)snprintf(room + at, 256 - at, "%s=%s ", header.name, header.value);
    const char *body = flow_event_body(event, &size);
    snprintf(room + at, 256 - at, "%.*s", (int)size, body);
    return room;
}

static void expect_event(const flow_event *event, const char *text)
{
    char room[256];

    ck_assert_str_eq(text_of(event, room), text);
}

static void expect(struct fixture *f, size_t index, const char *text)
{
    expect_event(flow_batch_event(f->batch, index), text);
}

START_TEST(events_stay_in_order)
{
    struct fixture f;
    const flow_header header = {"k", "v", 1, 1};
    void *room;

    set_up(&f);
    add(&f, "one");
    ck_assert_int_eq(flow_batch_add_full(f.batch, "two", 3, &header, 1, sizeof header, NULL),
                     FLOW_OK);
    ck_assert_int_eq(flow_batch_reserve(f.batch, 5, &room, NULL), FLOW_OK);
    memcpy(room, "three", 5);
    ck_assert_uint_eq(flow_batch_count(f.batch), 3);
    expect(&f, 0, "one");
    expect(&f, 1, "k=v two");
    expect(&f, 2, "three");
    ck_assert_ptr_null(flow_batch_event(f.batch, 3));
    tear_down(&f);
}
END_TEST

START_TEST(headers_are_set_in_place_or_behind)
{
    struct fixture f;

    set_up(&f);
    add(&f, "body");
    const flow_event *before = flow_batch_event(f.batch, 0);
    set(&f, 0, "a", "1");
    set(&f, 0, "b", "2");
    set(&f, 0, "c", "3");
    set(&f, 0, "b", "longer than before");
    expect(&f, 0, "a=1 b=longer than before c=3 body");
    drop(&f, 0, "a");
    drop(&f, 0, "nothing");
    expect(&f, 0, "b=longer than before c=3 body");
    drop(&f, 0, "b");
    drop(&f, 0, "c");
    expect(&f, 0, "body");
    ck_assert_ptr_eq(flow_batch_event(f.batch, 0), before);
    tear_down(&f);
}
END_TEST

/* A list from outside may name a header twice; afterwards it is there once. */
START_TEST(a_doubled_header_is_set_or_removed_as_one)
{
    struct fixture f;
    const flow_header twice[] = {{"k", "1", 1, 1}, {"x", "2", 1, 1}, {"k", "3", 1, 1}};

    set_up(&f);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(flow_batch_add_full(f.batch, "", 0, twice, 3, sizeof twice[0], NULL),
                         FLOW_OK);
    set(&f, 0, "k", "new");
    drop(&f, 1, "k");
    expect(&f, 0, "k=new x=2 ");
    expect(&f, 1, "x=2 ");
    tear_down(&f);
}
END_TEST

START_TEST(bodies_are_replaced)
{
    struct fixture f;
    size_t size;

    set_up(&f);
    add(&f, "0123456789");
    set(&f, 0, "k", "v");
    const char *old = flow_event_body(flow_batch_event(f.batch, 0), &size);
    ck_assert_int_eq(flow_batch_set_body(f.batch, 0, old + 3, 4, NULL), FLOW_OK);
    expect(&f, 0, "k=v 3456");
    ck_assert_int_eq(flow_batch_set_body(f.batch, 0, "much longer than before", 23, NULL), FLOW_OK);
    expect(&f, 0, "k=v much longer than before");
    ck_assert_int_eq(flow_batch_set_body(f.batch, 0, NULL, 0, NULL), FLOW_OK);
    expect(&f, 0, "k=v ");
    tear_down(&f);
}
END_TEST

START_TEST(who_shares_an_event_does_not_see_the_change)
{
    struct fixture f;
    flow_event *kept;

    set_up(&f);
    add(&f, "body");
    set(&f, 0, "k", "old");
    ck_assert_int_eq(flow_event_keep(flow_batch_event(f.batch, 0), &kept, NULL), FLOW_OK);
    set(&f, 0, "k", "new");
    ck_assert_int_eq(flow_batch_set_body(f.batch, 0, "other", 5, NULL), FLOW_OK);
    expect(&f, 0, "k=new other");
    expect_event(kept, "k=old body");
    flow_event_unref(kept);
    tear_down(&f);
}
END_TEST

START_TEST(an_appended_event_is_shared_until_it_is_changed)
{
    struct fixture f;
    flow_event *event;

    set_up(&f);
    ck_assert_int_eq(flow_event_new(f.lib, "body", 4, NULL, 0, 0, &event, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_append(f.batch, event, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_append(f.batch, event, NULL), FLOW_OK);
    ck_assert_ptr_eq(flow_batch_event(f.batch, 0), event);
    set(&f, 1, "k", "v");
    flow_event_unref(event);
    expect(&f, 0, "body");
    expect(&f, 1, "k=v body");
    tear_down(&f);
}
END_TEST

START_TEST(two_places_of_one_batch_are_changed_apart)
{
    struct fixture f;

    set_up(&f);
    add(&f, "body");
    set(&f, 0, "k", "v");
    ck_assert_int_eq(flow_batch_append(f.batch, flow_batch_event(f.batch, 0), NULL), FLOW_OK);
    set(&f, 0, "k", "changed");
    expect(&f, 1, "k=v body");
    tear_down(&f);
}
END_TEST

START_TEST(what_is_not_wanted_is_dropped)
{
    struct fixture f;
    flow_event *event;
    const uint8_t keep[] = {0, 1, 1, 0, 1};

    set_up(&f);
    ck_assert_int_eq(flow_event_new(f.lib, "own", 3, NULL, 0, 0, &event, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_append(f.batch, event, NULL), FLOW_OK);
    add(&f, "1");
    ck_assert_int_eq(flow_batch_append(f.batch, event, NULL), FLOW_OK);
    add(&f, "3");
    add(&f, "4");
    flow_batch_filter(f.batch, keep);
    ck_assert_uint_eq(flow_batch_count(f.batch), 3);
    expect(&f, 0, "1");
    expect(&f, 1, "own");
    expect(&f, 2, "4");
    flow_batch_truncate(f.batch, 1);
    flow_batch_truncate(f.batch, 7);
    ck_assert_uint_eq(flow_batch_count(f.batch), 1);
    ck_assert(fl_slab_alone(event->slab));
    flow_event_unref(event);
    tear_down(&f);
}
END_TEST

START_TEST(what_is_impossible_is_refused)
{
    struct fixture f;
    flow_error *err = NULL;
    void *room;

    set_up(&f);
    add(&f, "body");
    int rc = flow_batch_set_header(f.batch, 1, "k", "v", &err);
    expect_error(rc, FLOW_ENOENT, err, "no event 1 in a batch of 1");
    ck_assert_int_eq(flow_batch_remove_header(f.batch, 9, "k", NULL), FLOW_ENOENT);
    ck_assert_int_eq(flow_batch_set_body(f.batch, 9, "", 0, NULL), FLOW_ENOENT);
    ck_assert_int_eq(flow_batch_set_header(f.batch, 0, NULL, "", NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_batch_set_header(f.batch, 0, "k", NULL, NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_batch_append(f.batch, NULL, NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_batch_add(f.batch, NULL, 1, NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_batch_reserve(f.batch, (size_t)1 << 31, &room, NULL), FLOW_ETOOBIG);
    ck_assert_int_eq(flow_batch_set_body(f.batch, 0, "", (size_t)1 << 31, NULL), FLOW_ETOOBIG);
    ck_assert_uint_eq(flow_batch_count(f.batch), 1);
    tear_down(&f);
}
END_TEST

START_TEST(headers_have_a_limit_together)
{
    struct fixture f;
    flow_error *err = NULL;
    char *half = malloc(FLOW_EVENT_HEADERS_MAX / 2 + 1);

    memset(half, 'x', FLOW_EVENT_HEADERS_MAX / 2);
    half[FLOW_EVENT_HEADERS_MAX / 2] = '\0';
    set_up(&f);
    add(&f, "body");
    set(&f, 0, "a", half);
    int rc = flow_batch_set_header(f.batch, 0, "b", half, &err);
    expect_error(rc, FLOW_ETOOBIG, err, "headers of an event");
    set(&f, 0, "b", "small");
    ck_assert_uint_eq(flow_event_header_count(flow_batch_event(f.batch, 0)), 2);
    tear_down(&f);
    free(half);
}
END_TEST

/* In the long run a source that clears and fills one batch asks for no memory at all. */
START_TEST(a_cleared_batch_uses_its_memory_again)
{
    struct fixture f;
    static const size_t counts[] = {1, 10, 1000};
    char body[500] = "";

    set_up(&f);
    for (size_t k = 0; k < 3; k++) {
        for (int round = 0; round < 60; round++) {
            flow_batch_clear(f.batch);
            if (round == 50)
                failing_after(&f.failing, 0);
            for (size_t i = 0; i < counts[k]; i++)
                ck_assert_int_eq(flow_batch_add(f.batch, body, sizeof body, NULL), FLOW_OK);
        }
        failing_after(&f.failing, -1);
    }
    tear_down(&f);
}
END_TEST

START_TEST(events_outlive_the_clearing_of_their_batch)
{
    struct fixture f;
    const flow_event *kept[1];

    set_up(&f);
    for (int i = 0; i < 3; i++) {
        flow_batch_clear(f.batch);
        add(&f, "first");
    }
    const flow_event *event = flow_batch_event(f.batch, 0);
    ck_assert_int_eq(flow_events_keep(&event, 1, kept, NULL), FLOW_OK);
    ck_assert_ptr_eq(kept[0], event);
    flow_batch_clear(f.batch);
    add(&f, "other");
    expect_event(kept[0], "first");
    flow_events_unref(kept, 1);
    tear_down(&f);
}
END_TEST

/* A batch of one event, the NTH, of which the caller gets a reference. */
static const flow_event *make_one(struct fixture *f, uint64_t nth)
{
    char body[200] = "";
    const flow_event *kept[1];

    memcpy(body, &nth, sizeof nth);
    flow_batch_clear(f->batch);
    ck_assert_int_eq(flow_batch_add(f->batch, body, sizeof body, NULL), FLOW_OK);
    ck_assert_int_eq(flow_events_keep(flow_batch_events(f->batch), 1, kept, NULL), FLOW_OK);
    ck_assert_ptr_eq(kept[0], flow_batch_event(f->batch, 0));
    return kept[0];
}

/* Sees that the event is the NTH yet, and drops the reference. */
static void drop_one(const flow_event *event, uint64_t nth)
{
    size_t size;

    ck_assert_mem_eq(flow_event_body(event, &size), &nth, sizeof nth);
    flow_events_unref(&event, 1);
}

/* Neither the system nor the pool is asked for what comes back soon. */
START_TEST(a_batch_has_small_events_again_when_others_drop_them)
{
    enum { LATE = 16, ROUNDS = 500 };
    struct fixture f;
    const flow_event *kept[LATE];

    set_up(&f);
    for (uint64_t i = 0; i < ROUNDS; i++) {
        if (i >= LATE)
            drop_one(kept[i % LATE], i - LATE);
        if (i == ROUNDS / 2)
            failing_after(&f.failing, 0);
        if (i >= ROUNDS / 2)
            ck_assert_uint_eq(fl_slab_pool_spare(f.lib->pool), 0);
        kept[i % LATE] = make_one(&f, i);
    }
    for (uint64_t i = ROUNDS - LATE; i < ROUNDS; i++)
        drop_one(kept[i % LATE], i);
    tear_down(&f);
}
END_TEST

START_TEST(what_others_keep_for_long_is_not_waited_for)
{
    enum { COUNT = 1000 };
    struct fixture f;
    const flow_event *kept[COUNT];

    set_up(&f);
    for (uint64_t i = 0; i < COUNT; i++)
        kept[i] = make_one(&f, i);
    size_t size = kept[COUNT - 1]->slab->size;
    for (uint64_t i = 0; i < COUNT; i++)
        drop_one(kept[i], i);
    /* Some 32 KiB wait in the batch, and the one that it is filling. */
    ck_assert_uint_ge(fl_slab_pool_spare(f.lib->pool), COUNT * size - 33 * 1024);
    drop_one(make_one(&f, 0), 0);
    tear_down(&f);
}
END_TEST

static uint64_t *progress_of(struct fixture *f, uint64_t owner, size_t slots)
{
    uint64_t *progress;

    ck_assert_int_eq(fl_batch_progress(f->batch, owner, slots, &progress, NULL), FLOW_OK);
    return progress;
}

START_TEST(progress_belongs_to_one_owner_and_one_filling)
{
    struct fixture f;

    set_up(&f);
    progress_of(&f, 1, 2)[1] = 7;
    ck_assert_uint_eq(progress_of(&f, 1, 2)[1], 7);
    ck_assert_uint_eq(progress_of(&f, 1, 30)[1], 7);
    ck_assert_uint_eq(progress_of(&f, 1, 30)[29], 0);
    ck_assert_uint_eq(progress_of(&f, 2, 3)[1], 0);
    progress_of(&f, 2, 3)[1] = 8;
    flow_batch_clear(f.batch);
    ck_assert_uint_eq(progress_of(&f, 2, 3)[1], 0);
    tear_down(&f);
}
END_TEST

/* One of each call that may ask for memory; stops at the first that fails. */
static int do_everything(struct fixture *f, const flow_event *foreign)
{
    char large[3000] = "";
    int rc = flow_batch_add(f->batch, large, sizeof large, NULL);

    if (!rc)
        rc = flow_batch_append(f->batch, foreign, NULL);
    if (!rc)
        rc = flow_batch_set_header(f->batch, 0, "name", "value", NULL);
    if (!rc)
        rc = flow_batch_set_header(f->batch, 1, "name", "value", NULL);
    if (!rc)
        rc = flow_batch_set_body(f->batch, 0, large, sizeof large, NULL);
    for (int i = 0; i < 20 && !rc; i++)
        rc = flow_batch_add(f->batch, large, sizeof large, NULL);
    return rc;
}

START_TEST(every_allocation_may_fail)
{
    struct fixture f;
    flow_event *foreign;
    int rc = FLOW_ENOMEM;

    set_up(&f);
    ck_assert_int_eq(flow_event_new(f.lib, "body", 4, NULL, 0, 0, &foreign, NULL), FLOW_OK);
    for (int64_t grants = 0; rc == FLOW_ENOMEM; grants++) {
        flow_batch_free(f.batch);
        ck_assert_int_eq(flow_batch_new(f.lib, &f.batch, NULL), FLOW_OK);
        failing_after(&f.failing, grants);
        rc = do_everything(&f, foreign);
        failing_after(&f.failing, -1);
        for (size_t i = 0; i < flow_batch_count(f.batch); i++)
            ck_assert_ptr_nonnull(flow_event_body(flow_batch_event(f.batch, i), NULL));
    }
    ck_assert_int_eq(rc, FLOW_OK);
    flow_event_unref(foreign);
    tear_down(&f);
}
END_TEST

/* ---- random changes against texts ---- */

#define PLACES 40

struct model {
    char value[PLACES][2][24]; /* of the headers "a" and "b"; "" where there is none */
    char body[PLACES][24];
    size_t count;
};

static void model_text(const struct model *model, size_t i, char room[256])
{
    int at = 0;

    if (model->value[i][0][0])
        at += sprintf(room + at, "a=%s ", model->value[i][0]);
    if (model->value[i][1][0])
        at += sprintf(room + at, "b=%s ", model->value[i][1]);
    sprintf(room + at, "%s", model->body[i]);
}

static void change_header(struct fixture *f, struct model *model, size_t i, uint32_t random)
{
    /* "b" stays behind "a", so that the model needs no order. */
    int which = random & 1;
    const char *name = which ? "b" : "a";

    if (random & 2 || (!which && !model->value[i][0][0] && model->value[i][1][0])) {
        drop(f, i, name);
        model->value[i][which][0] = '\0';
    } else {
        sprintf(model->value[i][which], "%.*s", (int)(random >> 4) % 20 + 1,
                "abcdefghijklmnopqrstuvwxyz");
        set(f, i, name, model->value[i][which]);
    }
}

static void model_step(struct fixture *f, struct model *model, flow_event **kept, uint32_t random)
{
    size_t i = model->count ? (random >> 12) % model->count : 0;
    uint32_t what = random % 16;

    random >>= 4;
    if (what < 5 && model->count < PLACES) {
        memset(model->value[model->count], 0, sizeof model->value[0]);
        sprintf(model->body[model->count++], "%u", random);
        add(f, model->body[model->count - 1]);
    } else if (what < 11 && model->count > 0) {
        change_header(f, model, i, random);
    } else if (what < 13 && model->count > 0) {
        sprintf(model->body[i], "%.*s", (int)random % 20, "01234567890123456789");
        ck_assert_int_eq(
            flow_batch_set_body(f->batch, i, model->body[i], strlen(model->body[i]), NULL),
            FLOW_OK);
    } else if (what == 13 && model->count > 0) {
        flow_event_unref(*kept);
        ck_assert_int_eq(flow_event_keep(flow_batch_event(f->batch, i), kept, NULL), FLOW_OK);
    } else if (what == 14 && random % 8 == 0) {
        flow_batch_clear(f->batch);
        model->count = 0;
    }
}

/* Channels reserve by the weight of many and release by that of others: only sums may count. */
static void expect_sum(const flow_event *const *events, size_t count)
{
    uint64_t weight = 0, bodies = 0, body;

    for (size_t i = 0; i < count; i++) {
        weight += flow_events_weight(events + i, 1, &body);
        bodies += body;
    }
    ck_assert_uint_eq(flow_events_weight(events, count, &body), weight);
    ck_assert_uint_eq(body, bodies);
}

static void expect_sums(const struct fixture *f, size_t split)
{
    const flow_event *const *events = flow_batch_events(f->batch);
    size_t count = flow_batch_count(f->batch);

    expect_sum(events, count);
    expect_sum(events, split % (count + 1));
    expect_sum(events + split % (count + 1), count - split % (count + 1));
}

START_TEST(random_changes_match_a_model)
{
    struct fixture f;
    struct model model = {.count = 0};
    flow_event *kept = NULL;
    uint32_t random = 1;
    char room[256];

    set_up(&f);
    for (int step = 0; step < 30000; step++) {
        random = random * 1664525u + 1013904223u;
        model_step(&f, &model, &kept, random >> 8);
        ck_assert_uint_eq(flow_batch_count(f.batch), model.count);
        for (size_t i = 0; i < model.count; i++) {
            model_text(&model, i, room);
            expect(&f, i, room);
        }
        expect_sums(&f, random >> 16);
    }
    flow_event_unref(kept);
    tear_down(&f);
}
END_TEST

START_TEST(many_weigh_what_each_weighs)
{
    static const char body[3000];
    static uint8_t keep[PLACES];
    const flow_event *twice[4];
    struct fixture f;

    set_up(&f);
    for (unsigned i = 0; i < PLACES; i++) {
        ck_assert_int_eq(flow_batch_add(f.batch, body, i * 7 % sizeof body, NULL), FLOW_OK);
        keep[i] = i % 3 != 0;
    }
    expect_sums(&f, 100);

    /* As many as the batch has made, but not those. */
    flow_batch_truncate(f.batch, 4);
    expect_sums(&f, 2);
    flow_batch_clear(f.batch);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(flow_batch_add(f.batch, body, i * 100, NULL), FLOW_OK);
        twice[i] = flow_batch_event(f.batch, i / 2);
    }
    expect_sum(twice, 4);
    for (size_t i = 0; i < 4; i++)
        twice[i] = flow_batch_event(f.batch, 3 - i);
    expect_sum(twice, 4);

    flow_batch_clear(f.batch);
    for (unsigned i = 0; i < PLACES; i++)
        ck_assert_int_eq(flow_batch_add(f.batch, body, i, NULL), FLOW_OK);
    flow_batch_filter(f.batch, keep);
    expect_sums(&f, 7);
    tear_down(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"events_stay_in_order", events_stay_in_order},
        {"headers_are_set_in_place_or_behind", headers_are_set_in_place_or_behind},
        {"a_doubled_header_is_set_or_removed_as_one", a_doubled_header_is_set_or_removed_as_one},
        {"bodies_are_replaced", bodies_are_replaced},
        {"who_shares_an_event_does_not_see_the_change",
         who_shares_an_event_does_not_see_the_change},
        {"an_appended_event_is_shared_until_it_is_changed",
         an_appended_event_is_shared_until_it_is_changed},
        {"two_places_of_one_batch_are_changed_apart", two_places_of_one_batch_are_changed_apart},
        {"what_is_not_wanted_is_dropped", what_is_not_wanted_is_dropped},
        {"what_is_impossible_is_refused", what_is_impossible_is_refused},
        {"headers_have_a_limit_together", headers_have_a_limit_together},
        {"a_cleared_batch_uses_its_memory_again", a_cleared_batch_uses_its_memory_again},
        {"events_outlive_the_clearing_of_their_batch", events_outlive_the_clearing_of_their_batch},
        {"a_batch_has_small_events_again_when_others_drop_them",
         a_batch_has_small_events_again_when_others_drop_them},
        {"what_others_keep_for_long_is_not_waited_for",
         what_others_keep_for_long_is_not_waited_for},
        {"progress_belongs_to_one_owner_and_one_filling",
         progress_belongs_to_one_owner_and_one_filling},
        {"every_allocation_may_fail", every_allocation_may_fail},
        {"random_changes_match_a_model", random_changes_match_a_model},
        {"many_weigh_what_each_weighs", many_weigh_what_each_weighs},
    };

    return RUN_SUITE("core_batch", tests);
}
