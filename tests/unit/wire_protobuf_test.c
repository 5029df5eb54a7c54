/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "flume_writer.h"
#include "suite.h"
#include "wire/protobuf.h"

static int read_one(const void *data, size_t size, struct fl_proto_field *field)
{
    struct fl_proto in = fl_proto(data, size);

    return fl_proto_next(&in, field);
}

START_TEST(fields_of_all_kinds_are_read)
{
    struct fl_proto_field field;
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    proto_write_varint(&bytes, 1, UINT64_MAX);
    proto_write_fixed64(&bytes, 2, 0x0123456789abcdef);
    proto_write_bytes(&bytes, 300, "hello", 5);
    proto_write_fixed32(&bytes, 4, 0xfffffffe);
    struct fl_proto in = fl_proto(bytes.data, bytes.size);

    ck_assert_int_eq(fl_proto_next(&in, &field), 1);
    ck_assert_uint_eq(field.tag, FL_PROTO_VARINT(1));
    ck_assert_uint_eq(field.number, UINT64_MAX);
    ck_assert_int_eq(fl_proto_next(&in, &field), 1);
    ck_assert_uint_eq(field.tag, FL_PROTO_FIXED64(2));
    ck_assert_uint_eq(field.number, 0x0123456789abcdef);
    ck_assert_int_eq(fl_proto_next(&in, &field), 1);
    ck_assert_uint_eq(field.tag, FL_PROTO_BYTES(300));
    ck_assert_uint_eq(fl_proto_left(&field.bytes), 5);
    ck_assert_mem_eq(field.bytes.at, "hello", 5);
    ck_assert_int_eq(fl_proto_next(&in, &field), 1);
    ck_assert_uint_eq(field.tag, FL_PROTO_FIXED32(4));
    ck_assert_uint_eq(field.number, 0xfffffffe);
    ck_assert_int_eq(fl_proto_next(&in, &field), 0);
    fl_buf_free(&bytes);
}
END_TEST

START_TEST(a_field_that_is_cut_breaks_the_format)
{
    struct fl_proto_field field;
    struct fl_buf bytes;

    for (int kind = 0; kind < 4; kind++) {
        fl_buf_init(&bytes, NULL);
        if (kind == 0)
            proto_write_varint(&bytes, 1, 300);
        else if (kind == 1)
            proto_write_fixed64(&bytes, 1, 1);
        else if (kind == 2)
            proto_write_bytes(&bytes, 1, "hello", 5);
        else
            proto_write_fixed32(&bytes, 1, 1);
        for (size_t size = 1; size < bytes.size; size++)
            ck_assert_int_eq(read_one(bytes.data, size, &field), FLOW_EPARSE);
        fl_buf_free(&bytes);
    }
}
END_TEST

#define READ(text) read_one(text, sizeof(text) - 1, &field)

START_TEST(what_no_encoder_writes_is_refused)
{
    struct fl_proto_field field;

    ck_assert_int_eq(READ("\x00\x00"), FLOW_EPARSE); /* field 0 */
    ck_assert_int_eq(READ("\x0b\x0c"), FLOW_EPARSE); /* a group */
    ck_assert_int_eq(READ("\x0e\x00"), FLOW_EPARSE); /* kinds that there are not */
    ck_assert_int_eq(READ("\x0f\x00"), FLOW_EPARSE);
    /* A number of eleven bytes, a tag of more than 32 bits, more bytes than there can be. */
    ck_assert_int_eq(READ("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), FLOW_EPARSE);
    ck_assert_int_eq(READ("\x88\x80\x80\x80\x80\x01\x01"), FLOW_EPARSE);
    ck_assert_int_eq(READ("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"), FLOW_EPARSE);
}
END_TEST

START_TEST(a_message_is_led_by_its_size)
{
    struct fl_proto in = fl_proto("\x02hi\x05nope", 8);
    struct fl_proto message;

    ck_assert_int_eq(fl_proto_delimited(&in, &message), FLOW_OK);
    ck_assert_uint_eq(fl_proto_left(&message), 2);
    ck_assert_mem_eq(message.at, "hi", 2);
    ck_assert_int_eq(fl_proto_delimited(&in, &message), FLOW_EPARSE);
    in = fl_proto("", 0);
    ck_assert_int_eq(fl_proto_delimited(&in, &message), FLOW_EPARSE);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"kinds", fields_of_all_kinds_are_read},
        {"cut", a_field_that_is_cut_breaks_the_format},
        {"refused", what_no_encoder_writes_is_refused},
        {"delimited", a_message_is_led_by_its_size},
    };

    return RUN_SUITE("protobuf", tests);
}
