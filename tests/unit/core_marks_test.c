/* SPDX-License-Identifier: Apache-2.0 */

/* Positions in batches: which events they stand for, whatever happens to the events. */

#include <stdio.h>
#include <string.h>

#include "core/batch.h"
#include "numbered.h"
#include "suite.h"

struct fixture {
    struct failing failing;
    flow_library *lib;
    flow_batch *batch;
    char text[512];
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

static void add(struct fixture *f, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(flow_batch_add(f->batch, "x", 1, NULL), FLOW_OK);
}

static void set(struct fixture *f, const char *key, const char *value)
{
    int rc = flow_batch_set_position(f->batch, key, strlen(key), value, strlen(value), NULL);

    ck_assert_int_eq(rc, FLOW_OK);
}

/* All marks as one text: "3:key=value ", with '+' behind those that are mixed. */
static const char *marks_of(struct fixture *f)
{
    const struct fl_marks *marks = &f->batch->marks;
    size_t used = 0;

    f->text[0] = '\0';
    for (size_t i = 0; i < marks->list.count; i++) {
        flow_position p = fl_marks_position(marks, i);
        const struct fl_batch_mark *mark = fl_marks_at(marks, i);
        used += (size_t)snprintf(f->text + used, sizeof f->text - used, "%zu:%.*s=%.*s%s ",
                                 mark->end, (int)p.key_size, (const char *)p.key, (int)p.value_size,
                                 p.value ? (const char *)p.value : "", mark->mixed ? "+" : "");
    }
    return f->text;
}

/* Two events of a, none of b, one of a, and one that is of nothing. */
static void fill(struct fixture *f)
{
    add(f, 2);
    set(f, "a", "2");
    set(f, "b", "7");
    add(f, 1);
    set(f, "a", "3");
    add(f, 1);
}

START_TEST(a_mark_stands_behind_the_events_before_it)
{
    struct fixture f;

    set_up(&f);
    fill(&f);
    ck_assert_str_eq(marks_of(&f), "2:a=2 2:b=7 3:a=3 ");
    ck_assert_int_eq(flow_batch_forget_position(f.batch, "b", 1, NULL), FLOW_OK);
    ck_assert_str_eq(marks_of(&f), "2:a=2 2:b=7 3:a=3 4:b= ");
    flow_batch_clear(f.batch);
    ck_assert_str_eq(marks_of(&f), "");
    tear_down(&f);
}
END_TEST

START_TEST(marks_stay_right_when_events_are_dropped)
{
    struct fixture f;

    set_up(&f);
    fill(&f);
    flow_batch_filter(f.batch, (const uint8_t[]){0, 1, 0, 1});
    ck_assert_str_eq(marks_of(&f), "1:a=2 1:b=7 1:a=3 ");
    flow_batch_truncate(f.batch, 0);
    ck_assert_str_eq(marks_of(&f), "0:a=2 0:b=7 0:a=3 ");
    flow_batch_clear(f.batch);
    fill(&f);
    flow_batch_truncate(f.batch, 2);
    ck_assert_str_eq(marks_of(&f), "2:a=2 2:b=7 2:a=3 ");
    tear_down(&f);
}
END_TEST

START_TEST(events_that_replace_all_others_are_of_all_marks)
{
    struct fixture f;
    const uint8_t packed[] = {0, 0, 0, 0, 1, 0, 0, 0, 'y', 0, 0, 0, 0, 0, 0, 0, 0};

    set_up(&f);
    fill(&f);
    ck_assert_int_eq(flow_batch_set_packed(f.batch, packed, sizeof packed, NULL), FLOW_OK);
    ck_assert_str_eq(marks_of(&f), "2:a=2+ 2:b=7+ 2:a=3+ ");
    flow_batch_clear(f.batch);
    add(&f, 5);
    set(&f, "a", "5");
    ck_assert_int_eq(flow_batch_set_packed(f.batch, packed, 8, NULL), FLOW_EPARSE);
    ck_assert_str_eq(marks_of(&f), "5:a=5 ");
    ck_assert_int_eq(flow_batch_set_packed(f.batch, packed, sizeof packed, NULL), FLOW_OK);
    ck_assert_str_eq(marks_of(&f), "2:a=5 ");
    tear_down(&f);
}
END_TEST

START_TEST(nonsense_is_refused)
{
    static char large[FLOW_POSITION_MAX + 1];
    struct fixture f;
    flow_error *err = NULL;

    set_up(&f);
    int rc = flow_batch_set_position(f.batch, "k", 1, "", 0, &err);
    expect_error(rc, FLOW_EINVAL, err, "no value");
    err = NULL;
    rc = flow_batch_set_position(f.batch, "k", 0, "v", 1, &err);
    expect_error(rc, FLOW_EINVAL, err, "no key");
    err = NULL;
    rc = flow_batch_set_position(f.batch, "k", 1, large, sizeof large, &err);
    expect_error(rc, FLOW_ETOOBIG, err, "8193");
    err = NULL;
    rc = flow_batch_forget_position(f.batch, large, sizeof large, &err);
    expect_error(rc, FLOW_ETOOBIG, err, "8193");
    ck_assert_str_eq(marks_of(&f), "");
    tear_down(&f);
}
END_TEST

START_TEST(a_mark_without_memory_is_none)
{
    struct fixture f;
    flow_error *err = NULL;

    set_up(&f);
    for (int fails = 0, rc = FLOW_ENOMEM; rc != FLOW_OK; fails++) {
        failing_after(&f.failing, fails);
        rc = flow_batch_set_position(f.batch, "k", 1, "v", 1, NULL);
        failing_after(&f.failing, -1);
        ck_assert_uint_eq(f.batch->marks.list.count, rc == FLOW_OK);
    }
    ck_assert_ptr_null(err);
    ck_assert_str_eq(marks_of(&f), "0:k=v ");
    tear_down(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_mark_stands_behind_the_events_before_it", a_mark_stands_behind_the_events_before_it},
        {"marks_stay_right_when_events_are_dropped", marks_stay_right_when_events_are_dropped},
        {"events_that_replace_all_others_are_of_all_marks",
         events_that_replace_all_others_are_of_all_marks},
        {"nonsense_is_refused", nonsense_is_refused},
        {"a_mark_without_memory_is_none", a_mark_without_memory_is_none},
    };

    return RUN_SUITE("core_marks", tests);
}
