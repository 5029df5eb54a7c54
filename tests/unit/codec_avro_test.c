/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "codec/avro.h"
#include "failing.h"
#include "suite.h"

/* From the examples of the Avro specification, and the ends of the range. */
static const struct {
    int64_t value;
    const char *bytes;
    size_t size;
} longs[] = {
    {0, "\x00", 1},
    {-1, "\x01", 1},
    {1, "\x02", 1},
    {-2, "\x03", 1},
    {2, "\x04", 1},
    {-64, "\x7f", 1},
    {64, "\x80\x01", 2},
    {INT32_MAX, "\xfe\xff\xff\xff\x0f", 5},
    {INT32_MIN, "\xff\xff\xff\xff\x0f", 5},
    {INT64_MAX, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
    {INT64_MIN, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
};

START_TEST(numbers_are_encoded_by_the_specification)
{
    struct fl_buf out;
    fl_buf_init(&out, NULL);

    for (size_t i = 0; i < sizeof longs / sizeof longs[0]; i++) {
        fl_buf_clear(&out);
        ck_assert_int_eq(fl_avro_put_long(&out, longs[i].value), FLOW_OK);
        ck_assert_uint_eq(out.size, longs[i].size);
        ck_assert_mem_eq(out.data, longs[i].bytes, out.size);
    }
    fl_buf_free(&out);
}
END_TEST

START_TEST(numbers_come_back)
{
    for (size_t i = 0; i < sizeof longs / sizeof longs[0]; i++) {
        struct fl_avro_in in = fl_avro_in(longs[i].bytes, longs[i].size);
        int64_t value;
        ck_assert_int_eq(fl_avro_get_long(&in, &value), FLOW_OK);
        ck_assert_int_eq(value, longs[i].value);
        ck_assert_ptr_eq(in.at, in.end);
    }
}
END_TEST

START_TEST(numbers_that_break_the_format_are_refused)
{
    static const struct {
        const char *bytes;
        size_t size;
    } broken[] = {
        {"", 0},
        {"\x80", 1},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10},     /* a 65th bit */
        {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11}, /* an 11th byte */
    };

    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct fl_avro_in in = fl_avro_in(broken[i].bytes, broken[i].size);
        int64_t value;
        ck_assert_int_eq(fl_avro_get_long(&in, &value), FLOW_EPARSE);
    }
}
END_TEST

START_TEST(ints_are_longs_within_32_bits)
{
    struct fl_avro_in in = fl_avro_in("\xff\xff\xff\xff\x0f\x80\x80\x80\x80\x10", 10);
    int32_t value;

    ck_assert_int_eq(fl_avro_get_int(&in, &value), FLOW_OK);
    ck_assert_int_eq(value, INT32_MIN);
    ck_assert_int_eq(fl_avro_get_int(&in, &value), FLOW_EPARSE);
}
END_TEST

START_TEST(bytes_come_back)
{
    struct fl_buf out;
    const uint8_t *data;
    size_t size;
    int flag;
    fl_buf_init(&out, NULL);

    fl_avro_put_text(&out, "foo");
    fl_avro_put_bytes(&out, "", 0);
    fl_buf_byte(&out, 1);
    ck_assert_mem_eq(out.data,
                     "\x06"
                     "foo\x00\x01",
                     out.size);
    struct fl_avro_in in = fl_avro_in(out.data, out.size);
    ck_assert_int_eq(fl_avro_get_bytes(&in, &data, &size), FLOW_OK);
    ck_assert_uint_eq(size, 3);
    ck_assert_mem_eq(data, "foo", 3);
    ck_assert_int_eq(fl_avro_get_bytes(&in, &data, &size), FLOW_OK);
    ck_assert_uint_eq(size, 0);
    ck_assert_int_eq(fl_avro_get_bool(&in, &flag), FLOW_OK);
    ck_assert_int_eq(flag, 1);
    ck_assert_int_eq(fl_avro_get_bool(&in, &flag), FLOW_EPARSE);
    fl_buf_free(&out);
}
END_TEST

START_TEST(bytes_beyond_the_end_are_refused)
{
    static const char *const broken[] = {
        "\x08"
        "foo",                          /* one byte too few */
        "\x05",                         /* a negative size */
        "\xfe\xff\xff\xff\xff\xff\x7f", /* a size without end */
    };

    for (size_t i = 0; i < 3; i++) {
        struct fl_avro_in in = fl_avro_in(broken[i], strlen(broken[i]));
        const uint8_t *data;
        size_t size;
        ck_assert_int_eq(fl_avro_get_bytes(&in, &data, &size), FLOW_EPARSE);
    }
}
END_TEST

static int64_t sum_items(const char *bytes, size_t size)
{
    struct fl_avro_in in = fl_avro_in(bytes, size);
    struct fl_avro_items items = {0};
    int64_t sum = 0;
    int64_t value;
    int rc;

    while ((rc = fl_avro_next(&in, &items)) > 0) {
        if (fl_avro_get_long(&in, &value))
            return FLOW_EPARSE;
        sum += value;
    }
    return rc ? rc : sum;
}

START_TEST(items_come_in_blocks)
{
    ck_assert_int_eq(sum_items("\x00", 1), 0);
    ck_assert_int_eq(sum_items("\x04\x06\x36\x00", 4), 30); /* the specification's [3, 27] */
    ck_assert_int_eq(sum_items("\x02\x06\x02\x36\x00", 5), 30);
    ck_assert_int_eq(sum_items("\x03\x04\x06\x36\x00", 5), 30); /* with its size in bytes */
    ck_assert_int_eq(sum_items("\x04\x06\x36", 3), FLOW_EPARSE);
    ck_assert_int_eq(sum_items("\x03", 1), FLOW_EPARSE);
    ck_assert_int_eq(sum_items("", 0), FLOW_EPARSE);
    ck_assert_int_eq(sum_items("\x7f", 1), FLOW_EPARSE);
}
END_TEST

static flow_event *new_event(flow_library *lib)
{
    const flow_header headers[] = {{"host", "a", 4, 1}, {"k", "", 1, 0}};
    flow_event *event;

    ck_assert_int_eq(flow_event_new(lib, "hi", 2, headers, 2, sizeof headers[0], &event, NULL),
                     FLOW_OK);
    return event;
}

START_TEST(events_are_headers_and_body)
{
    static const char expected[] = "\x04\x08host\x02"
                                   "a\x02k\x00\x00\x04hi";
    flow_library *lib;
    flow_event *empty;
    struct fl_buf out;
    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    fl_buf_init(&out, NULL);

    flow_event *event = new_event(lib);
    ck_assert_int_eq(fl_avro_put_event(&out, event), FLOW_OK);
    ck_assert_uint_eq(out.size, sizeof expected - 1);
    ck_assert_mem_eq(out.data, expected, out.size);
    flow_event_unref(event);

    fl_buf_clear(&out);
    flow_event_new(lib, NULL, 0, NULL, 0, sizeof(flow_header), &empty, NULL);
    fl_avro_put_event(&out, empty);
    ck_assert_uint_eq(out.size, 2); /* an empty map is one 0, not two */
    flow_event_unref(empty);
    fl_buf_free(&out);
    flow_library_free(lib, NULL);
}
END_TEST

START_TEST(lack_of_memory_is_reported)
{
    struct failing failing;
    struct fl_buf out;
    flow_library *lib;
    failing_init(&failing);
    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    flow_event *event = new_event(lib);

    fl_buf_init(&out, &failing.allocator);
    failing_after(&failing, 0);
    ck_assert_int_eq(fl_avro_put_event(&out, event), FLOW_ENOMEM);
    flow_event_unref(event);
    flow_library_free(lib, NULL);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"put numbers", numbers_are_encoded_by_the_specification},
        {"get numbers", numbers_come_back},
        {"broken numbers", numbers_that_break_the_format_are_refused},
        {"ints", ints_are_longs_within_32_bits},
        {"bytes", bytes_come_back},
        {"broken bytes", bytes_beyond_the_end_are_refused},
        {"items", items_come_in_blocks},
        {"events", events_are_headers_and_body},
        {"no memory", lack_of_memory_is_reported},
    };

    return RUN_SUITE("codec/avro", tests);
}
