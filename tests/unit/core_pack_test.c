/* SPDX-License-Identifier: Apache-2.0 */

/* The packed form: round trips, and texts that break the format. */

#include <stdlib.h>
#include <string.h>

#include "core/batch.h"
#include "numbered.h"
#include "suite.h"

struct fixture {
    struct failing failing;
    flow_library *lib;
    flow_batch *batch;
    uint8_t text[512]; /* the packed form of `batch` */
    size_t size;
};

static const flow_header headers[] = {{"k", "value", 1, 5}, {"a\0b", "", 3, 0}};

static void set_up(struct fixture *f)
{
    failing_init(&f->failing);
    const flow_library_options options = {.struct_size = sizeof options,
                                          .allocator = &f->failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(f->lib, &f->batch, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_add(f->batch, "one", 3, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_add_full(f->batch, "two", 3, headers, 2, sizeof headers[0], NULL),
                     FLOW_OK);
    ck_assert_int_eq(flow_batch_add(f->batch, "", 0, NULL), FLOW_OK);
    ck_assert_int_eq(
        flow_events_pack(flow_batch_events(f->batch), 3, f->text, sizeof f->text, &f->size, NULL),
        FLOW_OK);
}

static void tear_down(struct fixture *f)
{
    flow_batch_free(f->batch);
    ck_assert_int_eq(flow_library_free(f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(f->failing.live, 0);
}

static void expect_packed(struct fixture *f, size_t from, size_t count)
{
    uint8_t again[512];
    size_t size;

    ck_assert_int_eq(flow_events_pack(flow_batch_events(f->batch) + from, count, again,
                                      sizeof again, &size, NULL),
                     FLOW_OK);
    ck_assert_uint_eq(size, f->size);
    ck_assert_int_eq(memcmp(again, f->text, size), 0);
}

START_TEST(the_form_is_the_documented_one)
{
    struct fixture f;
    static const uint8_t one[] = {0, 0, 0, 0, 3, 0, 0, 0, 'o', 'n', 'e'};
    static const uint8_t two[] = {2,   0,   0,   0,   3,   0,   0,   0, 1,   0,   0,   0,
                                  5,   0,   0,   0,   3,   0,   0,   0, 0,   0,   0,   0,
                                  'k', 'v', 'a', 'l', 'u', 'e', 'a', 0, 'b', 't', 'w', 'o'};

    set_up(&f);
    ck_assert_uint_eq(f.size, sizeof one + sizeof two + 8);
    ck_assert_int_eq(memcmp(f.text, one, sizeof one), 0);
    ck_assert_int_eq(memcmp(f.text + sizeof one, two, sizeof two), 0);
    tear_down(&f);
}
END_TEST

START_TEST(what_is_packed_can_be_added)
{
    struct fixture f;

    set_up(&f);
    ck_assert_int_eq(flow_batch_add_packed(f.batch, f.text, f.size, NULL), FLOW_OK);
    ck_assert_uint_eq(flow_batch_count(f.batch), 6);
    expect_packed(&f, 0, 3);
    expect_packed(&f, 3, 3);
    ck_assert_int_eq(flow_batch_add_packed(f.batch, NULL, 0, NULL), FLOW_OK);
    ck_assert_uint_eq(flow_batch_count(f.batch), 6);
    tear_down(&f);
}
END_TEST

START_TEST(a_batch_is_replaced_or_unchanged)
{
    struct fixture f;
    flow_batch *other;

    set_up(&f);
    other = numbered_batch(f.lib, 5, 2);
    ck_assert_int_eq(flow_batch_append(f.batch, flow_batch_event(other, 1), NULL), FLOW_OK);
    flow_batch_free(other);
    ck_assert_int_eq(flow_batch_set_packed(f.batch, f.text, f.size - 1, NULL), FLOW_EPARSE);
    ck_assert_uint_eq(flow_batch_count(f.batch), 4);
    ck_assert_uint_eq(number_of(flow_batch_event(f.batch, 3)), 6);
    ck_assert_int_eq(flow_batch_set_packed(f.batch, f.text, f.size, NULL), FLOW_OK);
    ck_assert_uint_eq(flow_batch_count(f.batch), 3);
    expect_packed(&f, 0, 3);
    tear_down(&f);
}
END_TEST

/* Between two events a text may end; anywhere else it is cut. */
START_TEST(every_cut_is_noticed)
{
    struct fixture f;

    set_up(&f);
    for (size_t size = 1; size < f.size; size++) {
        uint8_t *cut = malloc(size); /* its end is where the sanitizer sees it */
        flow_error *err = NULL;
        memcpy(cut, f.text, size);
        int rc = flow_batch_add_packed(f.batch, cut, size, &err);
        if (size == 11 || size == f.size - 8) {
            ck_assert_int_eq(rc, FLOW_OK);
            flow_batch_truncate(f.batch, 3);
        } else {
            expect_error(rc, FLOW_EPARSE, err, "packed text at byte");
        }
        ck_assert_uint_eq(flow_batch_count(f.batch), 3);
        free(cut);
    }
    tear_down(&f);
}
END_TEST

START_TEST(sizes_that_lie_are_noticed)
{
    struct fixture f;
    static const size_t numbers[] = {0, 4, 11, 15, 19, 23, 27, 31};

    set_up(&f);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        for (unsigned value = 0x7f; value <= 0xff; value += 0x80) {
            uint8_t text[sizeof f.text];
            memcpy(text, f.text, f.size);
            memset(text + numbers[i], (int)value, 4);
            int rc = flow_batch_add_packed(f.batch, text, f.size, NULL);
            ck_assert_int_eq(rc, FLOW_EPARSE);
            ck_assert_uint_eq(flow_batch_count(f.batch), 3);
        }
    }
    tear_down(&f);
}
END_TEST

/* Whatever bytes come, the answer is one of three. */
START_TEST(random_changes_do_no_harm)
{
    struct fixture f;
    uint32_t random = 1;

    set_up(&f);
    for (int i = 0; i < 20000; i++) {
        uint8_t text[sizeof f.text];
        memcpy(text, f.text, f.size);
        for (int k = 0; k < 3; k++) {
            random = random * 1664525u + 1013904223u;
            text[(random >> 8) % f.size] = (uint8_t)(random >> 24);
        }
        int rc = flow_batch_add_packed(f.batch, text, f.size, NULL);
        ck_assert(rc == FLOW_OK || rc == FLOW_EPARSE || rc == FLOW_ETOOBIG);
        flow_batch_truncate(f.batch, 3);
        if (i % 100 == 0)
            expect_packed(&f, 0, 3);
    }
    tear_down(&f);
}
END_TEST

START_TEST(too_little_room_is_told_with_the_size)
{
    struct fixture f;
    flow_error *err = NULL;
    uint8_t text[4] = {1, 2, 3, 4};
    size_t size = 0;

    set_up(&f);
    int rc = flow_events_pack(flow_batch_events(f.batch), 3, text, sizeof text, &size, &err);
    expect_error(rc, FLOW_ETOOBIG, err, "need");
    ck_assert_uint_eq(size, f.size);
    ck_assert_uint_eq(text[0], 1);
    tear_down(&f);
}
END_TEST

START_TEST(without_memory_nothing_is_added)
{
    struct fixture f;
    int rc = FLOW_ENOMEM;

    set_up(&f);
    for (int64_t grants = 0; rc == FLOW_ENOMEM; grants++) {
        failing_after(&f.failing, grants);
        rc = flow_batch_add_packed(f.batch, f.text, f.size, NULL);
        failing_after(&f.failing, -1);
        ck_assert_uint_eq(flow_batch_count(f.batch), rc ? 3 : 6);
    }
    ck_assert_int_eq(rc, FLOW_OK);
    tear_down(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"the_form_is_the_documented_one", the_form_is_the_documented_one},
        {"what_is_packed_can_be_added", what_is_packed_can_be_added},
        {"a_batch_is_replaced_or_unchanged", a_batch_is_replaced_or_unchanged},
        {"every_cut_is_noticed", every_cut_is_noticed},
        {"sizes_that_lie_are_noticed", sizes_that_lie_are_noticed},
        {"random_changes_do_no_harm", random_changes_do_no_harm},
        {"too_little_room_is_told_with_the_size", too_little_room_is_told_with_the_size},
        {"without_memory_nothing_is_added", without_memory_nothing_is_added},
    };

    return RUN_SUITE("core_pack", tests);
}
