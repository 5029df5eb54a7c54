/* SPDX-License-Identifier: Apache-2.0 */

/* Numbers of events on the wire: what is written is read, and nothing else is. */

#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "suite.h"
#include "wire/stamp.h"

#define SPANS 12u
#define SEEDS 3000u

static struct failing failing;

struct fixture {
    struct fl_stamp_list list;
    struct fl_buf out;
};

static void set_up(struct fixture *f)
{
    failing_init(&failing);
    fl_stamp_list_init(&f->list, &failing.allocator);
    fl_buf_init(&f->out, &failing.allocator);
}

static void tear_down(struct fixture *f)
{
    fl_stamp_list_free(&f->list);
    fl_buf_free(&f->out);
    ck_assert_int_eq(failing.live, 0);
}

static void add(struct fixture *f, const char *key, uint64_t first, uint32_t count,
                uint64_t horizon)
{
    const flow_span span = {*key ? key : NULL, (uint32_t)strlen(key), count, first, horizon};

    ck_assert_int_eq(fl_stamp_list_add(&f->list, &span), FLOW_OK);
}

/* The number of each event, by the spans, and 0 for those that have none. */
static size_t numbers_of(const struct fl_buf *bytes, uint64_t *numbers, char *keys)
{
    struct fl_stamp_in stamp;
    flow_span span;
    size_t n = 0;
    int rc;

    ck_assert_int_eq(fl_stamp_begin(&stamp, bytes->data, bytes->size), FLOW_OK);
    while ((rc = fl_stamp_next(&stamp, &span)) > 0) {
        for (uint32_t i = 0; i < span.count; i++) {
            keys[n] = span.key_size ? *(const char *)span.key : ' ';
            numbers[n++] = span.key_size ? span.first + i : 0;
        }
    }
    ck_assert_int_eq(rc, 0);
    return n;
}

START_TEST(what_is_written_is_read)
{
    struct fl_stamp_in stamp;
    flow_span span;
    struct fixture f;

    set_up(&f);
    add(&f, "old", 0, 0, FLOW_SPAN_CLOSED);
    add(&f, "key", UINT64_C(1) << 40, 300, 1000);
    add(&f, "key", 5000, 2, 1000);
    add(&f, "", 0, 1, 0);
    ck_assert_int_eq(fl_stamp_write(&f.out, &f.list, 0, 303), FLOW_OK);
    ck_assert_uint_lt(f.out.size, 60);
    ck_assert_int_eq(fl_stamp_begin(&stamp, f.out.data, f.out.size), FLOW_OK);
    ck_assert_int_eq(fl_stamp_next(&stamp, &span), 1);
    ck_assert_uint_eq(span.horizon, FLOW_SPAN_CLOSED);
    ck_assert_uint_eq(span.count, 0);
    ck_assert_mem_eq(span.key, "old", 3);
    ck_assert_int_eq(fl_stamp_next(&stamp, &span), 1);
    ck_assert_uint_eq(span.first, UINT64_C(1) << 40);
    ck_assert_uint_eq(span.horizon, 1000);
    ck_assert_int_eq(fl_stamp_next(&stamp, &span), 1);
    ck_assert_uint_eq(span.first, 5000);
    ck_assert_uint_eq(span.horizon, 1000);
    ck_assert_mem_eq(span.key, "key", 3);
    ck_assert_int_eq(fl_stamp_next(&stamp, &span), 1);
    ck_assert_ptr_null(span.key);
    ck_assert_int_eq(fl_stamp_next(&stamp, &span), 0);
    tear_down(&f);
}
END_TEST

START_TEST(events_without_numbers_need_no_stamp)
{
    struct fixture f;

    set_up(&f);
    add(&f, "old", 0, 0, FLOW_SPAN_CLOSED);
    add(&f, "", 0, 4, 0);
    add(&f, "a", 7, 1, 0);
    ck_assert_int_eq(fl_stamp_write(&f.out, &f.list, 0, 4), FLOW_OK);
    ck_assert_uint_eq(f.out.size, 0);
    ck_assert_int_eq(fl_stamp_write(&f.out, &f.list, 0, 5), FLOW_OK);
    ck_assert_uint_gt(f.out.size, 0);
    tear_down(&f);
}
END_TEST

START_TEST(any_part_of_the_events_has_its_stamp)
{
    static const char *const keys[] = {"a", "b", ""};

    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        uint64_t all[SPANS * 9], part[SPANS * 9];
        char all_keys[SPANS * 9], part_keys[SPANS * 9];
        unsigned state = seed;
        size_t total = 0;
        struct fixture f;

        set_up(&f);
        for (unsigned i = 0; i < SPANS; i++) {
            const char *key = keys[rand_r(&state) % 3];
            uint32_t count = (uint32_t)rand_r(&state) % 9;
            uint64_t first = (uint64_t)rand_r(&state) << (rand_r(&state) % 33);
            add(&f, key, first, count, rand_r(&state) % 2 ? first : 0);
            for (uint32_t k = 0; k < count; k++) {
                all_keys[total] = *key ? *key : ' ';
                all[total++] = *key ? first + k : 0;
            }
        }
        size_t from = total ? (size_t)rand_r(&state) % total : 0;
        size_t count = total > from ? 1 + (size_t)rand_r(&state) % (total - from) : 0;
        ck_assert_int_eq(fl_stamp_write(&f.out, &f.list, from, count), FLOW_OK);
        if (f.out.size) {
            ck_assert_uint_eq(numbers_of(&f.out, part, part_keys), count);
            ck_assert_mem_eq(part, all + from, count * sizeof *all);
            ck_assert_mem_eq(part_keys, all_keys + from, count);
        }
        tear_down(&f);
    }
}
END_TEST

START_TEST(what_is_no_stamp_is_refused)
{
    static const uint8_t whole[] = {1, 3, 1, 'k', 5, 2, 9};
    struct fl_stamp_in stamp;
    flow_span span;

    ck_assert_int_eq(fl_stamp_begin(&stamp, whole, 0), FLOW_EPARSE);
    ck_assert_int_eq(fl_stamp_begin(&stamp, "\2", 1), FLOW_EPARSE);
    for (size_t size = 2; size < sizeof whole; size++) {
        ck_assert_int_eq(fl_stamp_begin(&stamp, whole, size), FLOW_OK);
        ck_assert_int_eq(fl_stamp_next(&stamp, &span), FLOW_EPARSE);
    }
    ck_assert_int_eq(fl_stamp_begin(&stamp, whole, sizeof whole), FLOW_OK);
    ck_assert_int_eq(fl_stamp_next(&stamp, &span), 1);
    ck_assert_int_eq(fl_stamp_next(&stamp, &span), 0);
    ck_assert_int_eq(fl_stamp_begin(&stamp, "\1\4\1\1", 4), FLOW_OK);
    ck_assert_int_eq(fl_stamp_next(&stamp, &span), FLOW_EPARSE);
    ck_assert_int_eq(fl_stamp_begin(&stamp, "\1\0\377\377\377\377\377\377\377\377\377\2\0", 13), 0);
    ck_assert_int_eq(fl_stamp_next(&stamp, &span), FLOW_EPARSE);
}
END_TEST

START_TEST(a_stamp_is_not_too_long)
{
    struct fixture f;

    set_up(&f);
    for (uint32_t i = 0; i < FL_STAMP_MAX; i++)
        add(&f, i % 2 ? "a" : "b", i, 1, 0);
    ck_assert_int_eq(fl_stamp_write(&f.out, &f.list, 0, FL_STAMP_MAX), FLOW_ETOOBIG);
    ck_assert_uint_eq(f.out.size, 0);
    tear_down(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"what_is_written_is_read", what_is_written_is_read},
        {"events_without_numbers_need_no_stamp", events_without_numbers_need_no_stamp},
        {"any_part_of_the_events_has_its_stamp", any_part_of_the_events_has_its_stamp},
        {"what_is_no_stamp_is_refused", what_is_no_stamp_is_refused},
        {"a_stamp_is_not_too_long", a_stamp_is_not_too_long},
    };

    return RUN_SUITE("wire_stamp", tests);
}
