/* SPDX-License-Identifier: Apache-2.0 */

/* What a cursor tells of where its events come from: who sees the same key and number twice sees
 * the same event, and none below a horizon is seen any more. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "places.h"
#include "store/store_inner.h"
#include "suite.h"

struct fixture {
    struct places places;
    struct memory_rig rig;
    struct fl_store *store;
    struct fl_cursor *cursor;
};

static void nothing(void *self)
{
    (void)self;
}

static void open_store(struct fixture *f)
{
    flow_error *err = NULL;
    const struct fl_store_options options = {
        .ctx = f->rig.ctx,
        .io = fl_io_of(f->rig.ctx),
        .control = f->places.control,
        .folders = (const char *const[]){f->places.data},
        .folder_count = 1,
        .segment_size = 65536,
        .memory = 1 << 20,
        .checkpoint_ms = 60000,
        .checkpoint_on_close = 1,
        .manual = 1,
        .visible = nothing,
    };

    ck_assert_msg(fl_store_open(&options, &f->store, &err) == FLOW_OK, "%s",
                  flow_error_message(err));
    ck_assert_int_eq(fl_store_cursor(f->store, "", &f->cursor, NULL), FLOW_OK);
}

static void set_up(struct fixture *f)
{
    places_init(&f->places, 1);
    ck_assert_int_eq(memory_rig_new(&f->rig, 0, SETTINGS("capacity", "100"), NULL), FLOW_OK);
    open_store(f);
}

static void reopen(struct fixture *f)
{
    ck_assert_int_eq(fl_store_close(f->store, NULL), FLOW_OK);
    open_store(f);
}

static void tear_down(struct fixture *f)
{
    ck_assert_int_eq(fl_store_close(f->store, NULL), FLOW_OK);
    ck_assert_int_eq(memory_rig_free(&f->rig), FLOW_OK);
    places_free(&f->places);
}

static void put(struct fixture *f, uint64_t first, size_t count)
{
    flow_batch *batch = numbered_batch(f->rig.lib, first, count);

    ck_assert_int_eq(fl_store_put(f->store, flow_batch_events(batch), count, NULL, NULL), FLOW_OK);
    flow_batch_free(batch);
}

static struct fl_lot_ref *take(struct fixture *f, size_t most)
{
    const flow_event *events[64];
    struct fl_lot_ref *lots = NULL;
    size_t count;

    ck_assert_int_eq(fl_cursor_take(f->cursor, most, events, &count, &lots, NULL), FLOW_OK);
    return lots;
}

static void commit_lots(struct fixture *f, struct fl_lot_ref *lots)
{
    ck_assert_int_eq(fl_cursor_commit(f->cursor, &lots, NULL, NULL), FLOW_OK);
}

/* As a text: "5+3<2 " is three events from 5 on, with the horizon 2; a letter for each key but the
 * first, 'a', which is that of PLAIN. */
struct text {
    char text[256];
    uint8_t keys[8][20];
    size_t count;
};

static char name_of(struct text *t, const flow_span *span)
{
    size_t i = 0;

    if (!span->key_size)
        return '-';
    ck_assert_uint_eq(span->key_size, sizeof t->keys[0]);
    while (i < t->count && memcmp(t->keys[i], span->key, span->key_size) != 0)
        i++;
    if (i == t->count)
        memcpy(t->keys[t->count++], span->key, span->key_size);
    return (char)('a' + i);
}

static int add_span(void *arg, const flow_span *span)
{
    struct text *t = arg;
    size_t used = strlen(t->text);

    if (span->horizon == FLOW_SPAN_CLOSED)
        snprintf(t->text + used, sizeof t->text - used, "%c. ", name_of(t, span));
    else
        snprintf(t->text + used, sizeof t->text - used, "%c%llu+%u<%llu ", name_of(t, span),
                 (unsigned long long)span->first, span->count, (unsigned long long)span->horizon);
    return FLOW_OK;
}

static void expect(struct fixture *f, struct text *t, const struct fl_lot_ref *lots,
                   const char *wanted)
{
    t->text[0] = '\0';
    ck_assert_int_eq(fl_cursor_spans(f->cursor, lots, add_span, t), FLOW_OK);
    ck_assert_str_eq(t->text, wanted);
}

START_TEST(events_have_the_same_numbers_however_they_are_taken)
{
    struct text t = {.count = 0};
    struct fixture f;

    set_up(&f);
    put(&f, 0, 3);
    put(&f, 3, 7);
    struct fl_lot_ref *one = take(&f, 4), *two = take(&f, 4);
    expect(&f, &t, one, "a0+4<0 ");
    expect(&f, &t, two, "a4+4<0 ");
    fl_cursor_return(f.cursor, &one);
    commit_lots(&f, two);
    one = take(&f, 10);
    expect(&f, &t, one, "a0+4<0 a8+2<0 ");
    commit_lots(&f, one);
    put(&f, 10, 2);
    one = take(&f, 10);
    expect(&f, &t, one, "a10+2<10 ");
    fl_cursor_return(f.cursor, &one);
    tear_down(&f);
}
END_TEST

START_TEST(each_life_of_the_log_has_a_key_and_ends)
{
    struct text t = {.count = 0};
    struct fixture f;

    set_up(&f);
    put(&f, 0, 4);
    struct fl_lot_ref *lots = take(&f, 1);
    expect(&f, &t, lots, "a0+1<0 ");
    commit_lots(&f, lots);
    reopen(&f);
    put(&f, 4, 2);
    lots = take(&f, 10);
    expect(&f, &t, lots, "a1+3<1 b4+2<1 ");
    commit_lots(&f, lots);
    put(&f, 6, 1);
    lots = take(&f, 10);
    expect(&f, &t, lots, "a. b6+1<6 ");
    fl_cursor_return(f.cursor, &lots);
    tear_down(&f);
}
END_TEST

START_TEST(what_is_read_again_on_purpose_has_another_key)
{
    const struct fl_place beginning = {.kind = FL_AT_OFFSET};
    struct text t = {.count = 0};
    uint64_t offset;
    struct fixture f;

    set_up(&f);
    put(&f, 0, 4);
    struct fl_lot_ref *lots = take(&f, 4);
    expect(&f, &t, lots, "a0+4<0 ");
    ck_assert_int_eq(fl_store_seek(f.cursor, &beginning, &offset, NULL), FLOW_OK);
    expect(&f, &t, lots, "a0+4<0 "); /* of the life before */
    fl_cursor_return(f.cursor, &lots);
    lots = take(&f, 4);
    expect(&f, &t, lots, "b0+4<0 ");
    fl_cursor_return(f.cursor, &lots);
    tear_down(&f);
}
END_TEST

/* Copies FROM to TO, which is not kept. */
static void copy(const char *from, const char *to)
{
    char command[256];

    snprintf(command, sizeof command, "rm -rf %s && cp -a %s %s", to, from, to);
    ck_assert_int_eq(system(command), 0);
}

/* Reads from the beginning on purpose. */
static void expect_again(struct fixture *f, struct text *t, const char *wanted)
{
    const struct fl_place beginning = {.kind = FL_AT_OFFSET};
    uint64_t offset;

    ck_assert_int_eq(fl_store_seek(f->cursor, &beginning, &offset, NULL), FLOW_OK);
    struct fl_lot_ref *lots = take(f, 4);
    expect(f, t, lots, wanted);
    fl_cursor_return(f->cursor, &lots);
}

/* The copy knows nothing of who has read again since it was made. */
START_TEST(what_is_read_again_from_a_copy_that_was_put_back_has_another_key_still)
{
    struct text t = {.count = 0};
    struct places kept;
    struct fixture f;

    places_init(&kept, 1);
    set_up(&f);
    put(&f, 0, 4);
    expect_again(&f, &t, "a0+4<0 ");
    ck_assert_int_eq(fl_store_close(f.store, NULL), FLOW_OK);
    copy(f.places.root, kept.root);
    open_store(&f);
    expect_again(&f, &t, "b0+4<0 ");
    ck_assert_int_eq(fl_store_close(f.store, NULL), FLOW_OK);
    copy(kept.root, f.places.root);
    places_free(&kept);
    open_store(&f);
    expect_again(&f, &t, "c0+4<0 ");
    tear_down(&f);
}
END_TEST

START_TEST(a_dead_letter_that_is_delivered_once_more_has_no_number)
{
    struct text t = {.count = 0};
    struct fixture f;

    set_up(&f);
    atomic_store(&f.cursor->max_deliveries, 1);
    put(&f, 0, 1);
    put(&f, 1, 2);
    struct fl_lot_ref *lots = take(&f, 1);
    fl_cursor_reject(f.cursor, &lots, "bad");
    ck_assert_uint_eq(f.cursor->letters.count, 1);
    ck_assert_int_eq(fl_cursor_replay(f.cursor, 0, NULL), FLOW_OK);
    lots = take(&f, 10);
    expect(&f, &t, lots, "-0+1<0 a1+2<1 ");
    fl_cursor_return(f.cursor, &lots);
    tear_down(&f);
}
END_TEST

/* A cursor that gives events up tells so once that is for good, and nobody has one in hand. */
START_TEST(a_horizon_does_not_pass_what_is_in_hand_or_may_come_back)
{
    const struct fl_terms terms = {FL_CURSOR_SKIPS, 4, 0};
    struct text t = {.count = 0};
    struct fixture f;

    set_up(&f);
    ck_assert_int_eq(fl_store_set_terms(f.cursor, &terms, NULL), FLOW_OK);
    put(&f, 0, 4);
    struct fl_lot_ref *early = take(&f, 2);
    put(&f, 4, 4);
    struct fl_lot_ref *late = take(&f, 2); /* from here on what is above the limit is gone */
    ck_assert_uint_eq(f.cursor->watermark, 4);
    expect(&f, &t, early, "a0+2<0 ");
    expect(&f, &t, late, "a4+2<0 ");
    ck_assert_int_eq(fl_store_checkpoint(f.store, 0, NULL), FLOW_OK);
    expect(&f, &t, late, "a4+2<0 ");
    commit_lots(&f, early); /* it had been delivered all the same */
    expect(&f, &t, late, "a4+2<0 ");
    ck_assert_int_eq(fl_store_checkpoint(f.store, 0, NULL), FLOW_OK);
    expect(&f, &t, late, "a4+2<4 ");
    fl_cursor_return(f.cursor, &late);
    ck_assert_uint_eq(f.cursor->overtaken, 0);
    tear_down(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"events_have_the_same_numbers_however_they_are_taken",
         events_have_the_same_numbers_however_they_are_taken},
        {"each_life_of_the_log_has_a_key_and_ends", each_life_of_the_log_has_a_key_and_ends},
        {"what_is_read_again_on_purpose_has_another_key",
         what_is_read_again_on_purpose_has_another_key},
        {"what_is_read_again_from_a_copy_that_was_put_back_has_another_key_still",
         what_is_read_again_from_a_copy_that_was_put_back_has_another_key_still},
        {"a_dead_letter_that_is_delivered_once_more_has_no_number",
         a_dead_letter_that_is_delivered_once_more_has_no_number},
        {"a_horizon_does_not_pass_what_is_in_hand_or_may_come_back",
         a_horizon_does_not_pass_what_is_in_hand_or_may_come_back},
    };

    return RUN_SUITE("store_sender", tests);
}
