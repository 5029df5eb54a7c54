/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/buf.h"
#include "failing.h"
#include "suite.h"

START_TEST(pieces_follow_each_other)
{
    static const uint8_t expected[] = "ab\x01\x02\x03\x04\x00\x00\x00\x05\x06\x07\x08\x09!n=42";
    struct fl_buf buf;
    fl_buf_init(&buf, NULL);

    ck_assert_int_eq(fl_buf_append(&buf, "ab", 2), FLOW_OK);
    ck_assert_int_eq(fl_buf_be32(&buf, 0x01020304), FLOW_OK);
    ck_assert_int_eq(fl_buf_be64(&buf, 0x0000000506070809), FLOW_OK);
    ck_assert_int_eq(fl_buf_byte(&buf, '!'), FLOW_OK);
    ck_assert_int_eq(fl_buf_text(&buf, "n="), FLOW_OK);
    ck_assert_int_eq(fl_buf_printf(&buf, "%d", 42), FLOW_OK);
    ck_assert_uint_eq(buf.size, sizeof expected - 1);
    ck_assert_mem_eq(buf.data, expected, buf.size);
    fl_buf_free(&buf);
}
END_TEST

START_TEST(nothing_can_be_appended_to_nothing)
{
    struct fl_buf buf;
    fl_buf_init(&buf, NULL);

    ck_assert_int_eq(fl_buf_append(&buf, NULL, 0), FLOW_OK);
    ck_assert_str_eq(fl_buf_cstr(&buf), "");
    fl_buf_free(&buf);
}
END_TEST

START_TEST(text_longer_than_the_room_is_printed_whole)
{
    struct fl_buf buf;
    fl_buf_init(&buf, NULL);

    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(fl_buf_printf(&buf, "%0*d", i, i), FLOW_OK);
    ck_assert_uint_eq(buf.size, 1 + 99 * 100 / 2);
    ck_assert_mem_eq(buf.data + buf.size - 5, "00099", 5);
    fl_buf_free(&buf);
}
END_TEST

START_TEST(front_can_be_dropped)
{
    struct fl_buf buf;
    fl_buf_init(&buf, NULL);

    fl_buf_text(&buf, "abcdef");
    fl_buf_consume(&buf, 2);
    ck_assert_str_eq(fl_buf_cstr(&buf), "cdef");
    ck_assert_uint_eq(buf.size, 4);
    fl_buf_consume(&buf, 100);
    ck_assert_uint_eq(buf.size, 0);
    fl_buf_free(&buf);
}
END_TEST

START_TEST(detached_text_belongs_to_the_caller)
{
    struct fl_buf buf;
    fl_buf_init(&buf, NULL);

    fl_buf_text(&buf, "mine");
    char *text = fl_buf_detach(&buf);
    fl_buf_text(&buf, "yours");
    fl_buf_free(&buf);
    ck_assert_str_eq(text, "mine");
    fl_free(NULL, text);
}
END_TEST

START_TEST(reserved_bytes_count_when_size_is_raised)
{
    struct fl_buf buf;
    fl_buf_init(&buf, NULL);

    fl_buf_text(&buf, "x");
    memset(fl_buf_reserve(&buf, 5000), 'y', 5000);
    ck_assert_uint_eq(buf.size, 1);
    buf.size += 5000;
    ck_assert_uint_eq(strlen(fl_buf_cstr(&buf)), 5001);
    fl_buf_free(&buf);
}
END_TEST

START_TEST(impossible_sizes_are_refused)
{
    struct fl_buf buf;
    fl_buf_init(&buf, NULL);

    fl_buf_text(&buf, "abc");
    ck_assert_ptr_null(fl_buf_reserve(&buf, SIZE_MAX));
    ck_assert_ptr_null(fl_buf_reserve(&buf, SIZE_MAX - 3));
    ck_assert_uint_eq(buf.size, 3);
    fl_buf_free(&buf);
}
END_TEST

START_TEST(lack_of_memory_leaves_the_buffer_as_it_was)
{
    struct failing failing;
    struct fl_buf buf;
    char big[200] = "";
    failing_init(&failing);
    fl_buf_init(&buf, &failing.allocator);
    fl_buf_text(&buf, "abc");

    failing_after(&failing, 0);
    ck_assert_int_eq(fl_buf_append(&buf, big, sizeof big), FLOW_ENOMEM);
    ck_assert_int_eq(fl_buf_printf(&buf, "%200d", 1), FLOW_ENOMEM);
    ck_assert_str_eq(fl_buf_cstr(&buf), "abc");
    fl_buf_free(&buf);
    ck_assert_ptr_null(fl_buf_cstr(&buf));
    ck_assert_ptr_null(fl_buf_detach(&buf));
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"append", pieces_follow_each_other},
        {"nothing", nothing_can_be_appended_to_nothing},
        {"printf", text_longer_than_the_room_is_printed_whole},
        {"consume", front_can_be_dropped},
        {"detach", detached_text_belongs_to_the_caller},
        {"reserve", reserved_bytes_count_when_size_is_raised},
        {"too big", impossible_sizes_are_refused},
        {"no memory", lack_of_memory_leaves_the_buffer_as_it_was},
    };

    return RUN_SUITE("base/buf", tests);
}
