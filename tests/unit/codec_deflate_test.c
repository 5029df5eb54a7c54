/* SPDX-License-Identifier: Apache-2.0 */

/* zlib streams of connections, packed and unpacked in every cut. */

#include <string.h>

#include "codec/deflate.h"
#include "failing.h"
#include "suite.h"

/* Text that compresses, but not to nothing. */
static void fill(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)("flume"[i % 5] + i / 701 % 7);
}

/* Unpacks DATA, fed in pieces of STEP bytes, into OUT. */
static void unpack(struct fl_inflater *inflater, const uint8_t *data, size_t size, size_t step,
                   struct fl_buf *out)
{
    uint8_t room[100];
    size_t got;

    while (size > 0) {
        size_t some = size < step ? size : step;
        fl_inflater_feed(inflater, data, some);
        do {
            ck_assert_int_eq(fl_inflater_next(inflater, room, sizeof room, &got, NULL), FLOW_OK);
            fl_buf_append(out, room, got);
        } while (got > 0);
        data += some;
        size -= some;
    }
}

START_TEST(every_write_can_be_read_at_once)
{
    static uint8_t data[100000];
    struct fl_deflater *deflater;
    struct fl_inflater *inflater;
    struct fl_buf packed, plain;

    fill(data, sizeof data);
    fl_buf_init(&packed, NULL);
    fl_buf_init(&plain, NULL);
    ck_assert_int_eq(fl_deflater_new(NULL, 6, FL_DEFLATE_WHOLE, &deflater, NULL), FLOW_OK);
    ck_assert_int_eq(fl_inflater_new(NULL, &inflater, NULL), FLOW_OK);
    for (size_t at = 0, size = 1; at + size <= sizeof data; at += size, size = size * 3 / 2 + 1) {
        fl_buf_clear(&packed);
        fl_buf_clear(&plain);
        ck_assert_int_eq(fl_deflater_write(deflater, data + at, size, &packed, NULL), FLOW_OK);
        ck_assert_mem_eq(packed.data + packed.size - 4, "\0\0\xff\xff", 4);
        unpack(inflater, packed.data, packed.size, 1 + size % 17, &plain);
        ck_assert_uint_eq(plain.size, size);
        ck_assert_mem_eq(plain.data, data + at, size);
    }
    fl_deflater_free(deflater);
    fl_inflater_free(inflater);
    fl_buf_free(&packed);
    fl_buf_free(&plain);
}
END_TEST

START_TEST(a_small_stream_is_read_as_any_other)
{
    static uint8_t data[30000];
    struct failing failing;
    struct fl_deflater *deflater;
    struct fl_inflater *inflater;
    struct fl_buf packed, plain;

    failing_init(&failing);
    fill(data, sizeof data);
    fl_buf_init(&packed, NULL);
    fl_buf_init(&plain, NULL);
    ck_assert_int_eq(fl_deflater_new(&failing.allocator, 6, FL_DEFLATE_SMALL, &deflater, NULL),
                     FLOW_OK);
    ck_assert_int_lt(failing.bytes, 20000);
    ck_assert_int_eq(fl_inflater_new(NULL, &inflater, NULL), FLOW_OK);
    for (size_t size = 1; size <= sizeof data; size = size * 2 + 1) {
        fl_buf_clear(&packed);
        fl_buf_clear(&plain);
        ck_assert_int_eq(fl_deflater_write(deflater, data, size, &packed, NULL), FLOW_OK);
        unpack(inflater, packed.data, packed.size, 999, &plain);
        ck_assert_uint_eq(plain.size, size);
        ck_assert_mem_eq(plain.data, data, size);
    }
    fl_deflater_free(deflater);
    fl_inflater_free(inflater);
    fl_buf_free(&packed);
    fl_buf_free(&plain);
}
END_TEST

START_TEST(what_follows_the_end_is_thrown_away)
{
    struct fl_deflater *deflater;
    struct fl_inflater *inflater;
    struct fl_buf packed, plain;

    fl_buf_init(&packed, NULL);
    fl_buf_init(&plain, NULL);
    ck_assert_int_eq(fl_deflater_new(NULL, 9, FL_DEFLATE_WHOLE, &deflater, NULL), FLOW_OK);
    ck_assert_int_eq(fl_inflater_new(NULL, &inflater, NULL), FLOW_OK);
    fl_deflater_write(deflater, "last", 4, &packed, NULL);
    ck_assert_int_eq(fl_deflater_finish(deflater, &packed, NULL), FLOW_OK);
    ck_assert_int_eq(fl_inflater_ended(inflater), 0);
    fl_buf_text(&packed, "and something that is no stream");
    unpack(inflater, packed.data, packed.size, 3, &plain);
    ck_assert_uint_eq(plain.size, 4);
    ck_assert_mem_eq(plain.data, "last", 4);
    ck_assert_int_eq(fl_inflater_ended(inflater), 1);
    ck_assert_int_eq(fl_deflater_write(deflater, "more", 4, &packed, NULL), FLOW_ESTATE);
    fl_deflater_free(deflater);
    fl_inflater_free(inflater);
    fl_buf_free(&packed);
    fl_buf_free(&plain);
}
END_TEST

START_TEST(what_is_no_stream_is_refused_with_its_place)
{
    struct fl_inflater *inflater;
    flow_error *err = NULL;
    uint8_t room[100];
    size_t got;

    ck_assert_int_eq(fl_inflater_new(NULL, &inflater, NULL), FLOW_OK);
    fl_inflater_feed(inflater, "GET / HTTP/1.0", 14);
    ck_assert_int_eq(fl_inflater_next(inflater, room, sizeof room, &got, &err), FLOW_EPARSE);
    ck_assert_str_eq(flow_error_message(err),
                     "what was received is not compressed as expected, at byte 2: "
                     "incorrect header check");
    flow_error_free(err);
    fl_inflater_free(inflater);
}
END_TEST

static int round_trip(const flow_allocator *mem)
{
    struct fl_deflater *deflater = NULL;
    struct fl_inflater *inflater = NULL;
    struct fl_buf packed;
    uint8_t room[8];
    size_t got;

    fl_buf_init(&packed, mem);
    int rc = fl_deflater_new(mem, 6, FL_DEFLATE_WHOLE, &deflater, NULL);
    if (!rc)
        rc = fl_inflater_new(mem, &inflater, NULL);
    if (!rc)
        rc = fl_deflater_write(deflater, "text", 4, &packed, NULL);
    if (!rc) {
        fl_inflater_feed(inflater, packed.data, packed.size);
        rc = fl_inflater_next(inflater, room, sizeof room, &got, NULL);
    }
    fl_deflater_free(deflater);
    fl_inflater_free(inflater);
    fl_buf_free(&packed);
    return rc;
}

START_TEST(out_of_memory_is_an_error)
{
    struct failing failing;
    int rc = FLOW_ENOMEM;

    failing_init(&failing);
    for (int64_t grants = 0; rc == FLOW_ENOMEM; grants++) {
        failing_after(&failing, grants);
        rc = round_trip(&failing.allocator);
        ck_assert_int_eq(failing.live, 0);
    }
    ck_assert_int_eq(rc, FLOW_OK);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"flush", every_write_can_be_read_at_once},
        {"small", a_small_stream_is_read_as_any_other},
        {"end", what_follows_the_end_is_thrown_away},
        {"damage", what_is_no_stream_is_refused_with_its_place},
        {"no memory", out_of_memory_is_an_error},
    };

    return RUN_SUITE("codec/deflate", tests);
}
