/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "failing.h"
#include "hex.h"
#include "suite.h"
#include "wire/thrift.h"

static const enum fl_thrift_protocol protocols[] = {FL_THRIFT_COMPACT, FL_THRIFT_BINARY,
                                                    FL_THRIFT_OLD_BINARY};

#define PROTOCOLS (sizeof protocols / sizeof protocols[0])

static struct fl_thrift_in whole(enum fl_thrift_protocol protocol, const struct fl_buf *bytes)
{
    return (struct fl_thrift_in){protocol, bytes->data, bytes->data + bytes->size, 0};
}

/* The bytes that DIGITS stand for, as a message of PROTOCOL; `bytes` keeps them. */
static struct fl_thrift_in in_hex(struct fl_buf *bytes, enum fl_thrift_protocol protocol,
                                  const char *digits)
{
    fl_buf_clear(bytes);
    hex_text(bytes, digits);
    return whole(protocol, bytes);
}

static const struct {
    uint8_t type;
    int64_t value;
    const char *compact;
    const char *binary;
} numbers[] = {
    {FL_THRIFT_BYTE, -1, "ff", "ff"},
    {FL_THRIFT_BYTE, INT8_MAX, "7f", "7f"},
    {FL_THRIFT_I16, 0, "00", "0000"},
    {FL_THRIFT_I16, INT16_MIN, "ffff03", "8000"},
    {FL_THRIFT_I32, 1, "02", "00000001"},
    {FL_THRIFT_I32, -64, "7f", "ffffffc0"},
    {FL_THRIFT_I32, INT32_MAX, "feffffff0f", "7fffffff"},
    {FL_THRIFT_I32, INT32_MIN, "ffffffff0f", "80000000"},
    {FL_THRIFT_I64, INT64_MAX, "feffffffffffffffff01", "7fffffffffffffff"},
    {FL_THRIFT_I64, INT64_MIN, "ffffffffffffffffff01", "8000000000000000"},
};

static void expect_number(struct fl_thrift_in in, uint8_t type, int64_t expected)
{
    int64_t value;

    ck_assert_int_eq(fl_thrift_get_number(&in, type, &value), FLOW_OK);
    ck_assert_int_eq(value, expected);
    ck_assert_ptr_eq(in.at, in.end);
}

START_TEST(numbers_are_read_by_the_specification)
{
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        expect_number(in_hex(&bytes, FL_THRIFT_COMPACT, numbers[i].compact), numbers[i].type,
                      numbers[i].value);
        expect_number(in_hex(&bytes, FL_THRIFT_BINARY, numbers[i].binary), numbers[i].type,
                      numbers[i].value);
    }
    fl_buf_free(&bytes);
}
END_TEST

START_TEST(numbers_of_32_bits_are_written_by_the_specification)
{
    struct fl_buf expected;
    struct fl_buf out;

    fl_buf_init(&expected, NULL);
    fl_buf_init(&out, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i].type != FL_THRIFT_I32)
            continue;
        hex_text(&expected, numbers[i].compact);
        hex_text(&expected, numbers[i].binary);
        int32_t value = (int32_t)numbers[i].value;
        ck_assert_int_eq(fl_thrift_put_i32(&out, FL_THRIFT_COMPACT, value), FLOW_OK);
        ck_assert_int_eq(fl_thrift_put_i32(&out, FL_THRIFT_BINARY, value), FLOW_OK);
    }
    ck_assert_uint_eq(out.size, expected.size);
    ck_assert_mem_eq(out.data, expected.data, out.size);
    fl_buf_free(&expected);
    fl_buf_free(&out);
}
END_TEST

START_TEST(numbers_that_are_too_wide_are_refused)
{
    static const struct {
        uint8_t type;
        const char *digits;
    } broken[] = {
        {FL_THRIFT_I16, "80800c"},                 /* a 17th bit */
        {FL_THRIFT_I32, "8080808010"},             /* a 33rd bit */
        {FL_THRIFT_I64, "80808080808080808002"},   /* a 65th bit */
        {FL_THRIFT_I64, "8080808080808080808000"}, /* an 11th byte */
    };
    struct fl_buf bytes;
    int64_t value;

    fl_buf_init(&bytes, NULL);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct fl_thrift_in in = in_hex(&bytes, FL_THRIFT_COMPACT, broken[i].digits);
        ck_assert_int_eq(fl_thrift_get_number(&in, broken[i].type, &value), FLOW_EPARSE);
    }
    fl_buf_free(&bytes);
}
END_TEST

static const struct fl_thrift_head some_head = {
    .seq = 300, .type = FL_THRIFT_CALL, .name = "Log", .name_size = 3};

START_TEST(heads_come_back)
{
    for (size_t i = 0; i < PROTOCOLS; i++) {
        struct fl_thrift_head head;
        struct fl_buf out;
        fl_buf_init(&out, NULL);
        ck_assert_int_eq(fl_thrift_put_head(&out, protocols[i], &some_head), FLOW_OK);
        struct fl_thrift_in in = whole(protocols[i], &out);
        ck_assert_int_eq(fl_thrift_get_head(&in, &head), FLOW_OK);
        ck_assert_int_eq(head.seq, 300);
        ck_assert_uint_eq(head.type, FL_THRIFT_CALL);
        ck_assert_uint_eq(head.name_size, 3);
        ck_assert_mem_eq(head.name, "Log", 3);
        ck_assert_ptr_eq(in.at, in.end);
        fl_buf_free(&out);
    }
}
END_TEST

START_TEST(a_binary_head_tells_itself_whether_it_is_old)
{
    struct fl_thrift_head head;
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    struct fl_thrift_in in = in_hex(&bytes, FL_THRIFT_BINARY, "00000003 4c6f67 01 00000007");
    ck_assert_int_eq(fl_thrift_get_head(&in, &head), FLOW_OK);
    ck_assert_int_eq(in.protocol, FL_THRIFT_OLD_BINARY);
    ck_assert_int_eq(head.seq, 7);
    in = in_hex(&bytes, FL_THRIFT_OLD_BINARY, "80010001 00000003 4c6f67 00000007");
    ck_assert_int_eq(fl_thrift_get_head(&in, &head), FLOW_OK);
    ck_assert_int_eq(in.protocol, FL_THRIFT_BINARY);
    ck_assert_int_eq(head.seq, 7);
    fl_buf_free(&bytes);
}
END_TEST

START_TEST(heads_of_another_protocol_are_refused)
{
    static const struct {
        enum fl_thrift_protocol protocol;
        const char *digits;
    } broken[] = {
        {FL_THRIFT_COMPACT, "80010001 00000003 4c6f67 00000007"}, /* binary */
        {FL_THRIFT_COMPACT, "8222 07 03 4c6f67"},                 /* another version */
        {FL_THRIFT_BINARY, "8221 07 03 4c6f67 00000000"},         /* compact */
        {FL_THRIFT_BINARY, "80020001 00000003 4c6f67 00000007"},  /* another version */
        {FL_THRIFT_BINARY, "47455420 2f20485454502f312e31"},      /* HTTP: a name of 1.2 GB */
        {FL_THRIFT_COMPACT, "8221 07 8002"},                      /* a name of 256 bytes */
    };
    struct fl_thrift_head head;
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct fl_thrift_in in = in_hex(&bytes, broken[i].protocol, broken[i].digits);
        in.beyond = 1000;
        ck_assert_int_eq(fl_thrift_get_head(&in, &head), FLOW_EPARSE);
    }
    fl_buf_free(&bytes);
}
END_TEST

START_TEST(fields_come_back)
{
    static const int16_t ids[] = {1, 2, 17, 33, 32000, 3, -5, 0};

    for (size_t i = 0; i < PROTOCOLS; i++) {
        struct fl_thrift_field field = {0};
        struct fl_buf out;
        fl_buf_init(&out, NULL);
        for (size_t j = 0; j < sizeof ids / sizeof ids[0]; j++)
            ck_assert_int_eq(fl_thrift_put_field(&out, protocols[i], FL_THRIFT_BYTES, ids[j],
                                                 j ? ids[j - 1] : 0),
                             FLOW_OK);
        ck_assert_int_eq(fl_thrift_put_stop(&out), FLOW_OK);
        struct fl_thrift_in in = whole(protocols[i], &out);
        for (size_t j = 0; j < sizeof ids / sizeof ids[0]; j++) {
            ck_assert_int_eq(fl_thrift_get_field(&in, &field), FLOW_OK);
            ck_assert_uint_eq(field.type, FL_THRIFT_BYTES);
            ck_assert_int_eq(field.id, ids[j]);
        }
        ck_assert_int_eq(fl_thrift_get_field(&in, &field), FLOW_OK);
        ck_assert_uint_eq(field.type, FL_THRIFT_STOP);
        fl_buf_free(&out);
    }
}
END_TEST

START_TEST(containers_come_back)
{
    static const uint32_t counts[] = {0, 1, 14, 15, 200};
    static const char zeros[2000];

    for (size_t i = 0; i < PROTOCOLS * 5; i++) {
        enum fl_thrift_protocol protocol = protocols[i % PROTOCOLS];
        uint32_t count = counts[i / PROTOCOLS];
        struct fl_thrift_items items;
        struct fl_buf out;
        fl_buf_init(&out, NULL);
        ck_assert_int_eq(fl_thrift_put_list(&out, protocol, FL_THRIFT_STRUCT, count), FLOW_OK);
        ck_assert_int_eq(fl_thrift_put_text_map(&out, protocol, count), FLOW_OK);
        ck_assert_int_eq(fl_buf_append(&out, zeros, sizeof zeros), FLOW_OK);
        struct fl_thrift_in in = whole(protocol, &out);
        ck_assert_int_eq(fl_thrift_get_list(&in, &items), FLOW_OK);
        ck_assert_uint_eq(items.count, count);
        ck_assert_uint_eq(items.value, count ? FL_THRIFT_STRUCT : FL_THRIFT_STOP);
        ck_assert_int_eq(fl_thrift_get_map(&in, &items), FLOW_OK);
        ck_assert_uint_eq(items.count, count);
        ck_assert_uint_eq(items.key, count ? FL_THRIFT_BYTES : FL_THRIFT_STOP);
        ck_assert_uint_eq(items.value, count ? FL_THRIFT_BYTES : FL_THRIFT_STOP);
        ck_assert_uint_eq((size_t)(in.end - in.at), sizeof zeros);
        fl_buf_free(&out);
    }
}
END_TEST

/* A message that says how large it is cannot hold what is larger; nothing is waited for. */
START_TEST(sizes_that_the_message_cannot_hold_are_refused)
{
    static const struct {
        enum fl_thrift_protocol protocol;
        uint8_t type;
        const char *digits;
    } broken[] = {
        {FL_THRIFT_COMPACT, FL_THRIFT_BYTES, "65"},         /* 101 bytes */
        {FL_THRIFT_COMPACT, FL_THRIFT_BYTES, "ffffffff0f"}, /* 4 GB */
        {FL_THRIFT_BINARY, FL_THRIFT_BYTES, "80000000"},    /* -2 GB */
        {FL_THRIFT_COMPACT, FL_THRIFT_LIST, "fc65"},        /* 101 structs */
        {FL_THRIFT_BINARY, FL_THRIFT_LIST, "0a 0000000d"},  /* 13 numbers of 8 bytes */
        {FL_THRIFT_BINARY, FL_THRIFT_MAP, "0b0b 0000000d"}, /* 13 times two texts */
        {FL_THRIFT_COMPACT, FL_THRIFT_MAP, "33 88"},        /* 51 times two texts */
        {FL_THRIFT_COMPACT, FL_THRIFT_LIST, "1f"},          /* no such type */
        {FL_THRIFT_BINARY, FL_THRIFT_LIST, "05 00000001"},  /* no such type */
    };
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct fl_thrift_in in = in_hex(&bytes, broken[i].protocol, broken[i].digits);
        struct fl_thrift_skip skip;
        in.beyond = 100;
        fl_thrift_skip_begin(&skip, broken[i].type);
        ck_assert_msg(fl_thrift_skip(&skip, &in) == FLOW_EPARSE, "%s", broken[i].digits);
    }
    fl_buf_free(&bytes);
}
END_TEST

/* A struct with a field of each kind, as it is written by each protocol. */
static const struct {
    enum fl_thrift_protocol protocol;
    const char *digits;
} everything[] = {
    {FL_THRIFT_COMPACT,
     "11 12 13ff 14 8a01 15 01 16 ffffffffffffffffff01 17 0001020304050607"
     "18 03616263 19 31 0102 01 1a 28 0161 00"
     "1b 01 8c 016b 11 00 1b 00 1c 1c 00 00 1d 000102030405060708090a0b0c0d0e0f 00"},
    {FL_THRIFT_BINARY,
     "02 0001 01 03 0002 ff 06 0003 0007 08 0004 00000001 0a 0005 0000000000000001"
     "04 0006 0001020304050607 0b 0007 00000003 616263 0f 0008 02 00000003 010001"
     "0e 0009 0b 00000002 00000001 61 00000000"
     "0d 000a 0b0c 00000001 00000001 6b 02 0001 01 00 0d 000b 0b0b 00000000 0c 000c 0c 0001 00 00"
     "10 000d 000102030405060708090a0b0c0d0e0f 00"},
};

START_TEST(whatever_a_struct_holds_is_skipped)
{
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct fl_thrift_in in = in_hex(&bytes, everything[i].protocol, everything[i].digits);
        ck_assert_int_eq(fl_thrift_skip_value(&in, FL_THRIFT_STRUCT), FLOW_OK);
        ck_assert_ptr_eq(in.at, in.end);
    }
    fl_buf_free(&bytes);
}
END_TEST

/* What is left of one piece goes to the front of the next, as a reader would do it. */
START_TEST(skipping_goes_on_from_piece_to_piece)
{
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct fl_thrift_in in = in_hex(&bytes, everything[i].protocol, everything[i].digits);
        const uint8_t *end = in.end;
        struct fl_thrift_skip skip;
        fl_thrift_skip_begin(&skip, FL_THRIFT_STRUCT);
        for (in.end = in.at; in.end < end; in.end++) {
            in.beyond = (uint64_t)(end - in.end);
            ck_assert_int_eq(fl_thrift_skip(&skip, &in), FL_THRIFT_MORE);
        }
        in.beyond = 0;
        ck_assert_int_eq(fl_thrift_skip(&skip, &in), FLOW_OK);
        ck_assert_ptr_eq(in.at, end);
    }
    fl_buf_free(&bytes);
}
END_TEST

START_TEST(a_struct_that_is_cut_is_refused)
{
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct fl_thrift_in all = in_hex(&bytes, everything[i].protocol, everything[i].digits);
        for (size_t size = 0; size < bytes.size; size++) {
            struct fl_thrift_in in = all;
            in.end = in.at + size;
            ck_assert_int_eq(fl_thrift_skip_value(&in, FL_THRIFT_STRUCT), FLOW_EPARSE);
        }
    }
    fl_buf_free(&bytes);
}
END_TEST

START_TEST(nesting_is_bounded)
{
    for (unsigned depth = FL_THRIFT_DEPTH; depth <= FL_THRIFT_DEPTH + 1; depth++) {
        struct fl_buf bytes;
        fl_buf_init(&bytes, NULL);
        for (unsigned i = 1; i < depth; i++)
            ck_assert_int_eq(fl_buf_byte(&bytes, 0x1c), FLOW_OK);
        for (unsigned i = 0; i < depth; i++)
            ck_assert_int_eq(fl_buf_byte(&bytes, 0), FLOW_OK);
        struct fl_thrift_in in = whole(FL_THRIFT_COMPACT, &bytes);
        int rc = fl_thrift_skip_value(&in, FL_THRIFT_STRUCT);
        ck_assert_int_eq(rc, depth > FL_THRIFT_DEPTH ? FLOW_EPARSE : FLOW_OK);
        fl_buf_free(&bytes);
    }
}
END_TEST

START_TEST(frames_have_a_size_in_front)
{
    uint8_t head[FL_THRIFT_FRAME_HEAD];
    flow_error *err = NULL;
    uint32_t size;

    fl_thrift_write_frame(head, 0x01020304);
    ck_assert_mem_eq(head, "\1\2\3\4", 4);
    ck_assert_int_eq(fl_thrift_get_frame(head, INT32_MAX, &size, NULL), FLOW_OK);
    ck_assert_uint_eq(size, 0x01020304);
    ck_assert_int_eq(fl_thrift_get_frame(head, 1000, &size, &err), FLOW_ETOOBIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "16909060 bytes"));
    flow_error_free(err);
    fl_thrift_write_frame(head, 0);
    ck_assert_int_eq(fl_thrift_get_frame(head, 1000, &size, NULL), FLOW_EPARSE);
    fl_thrift_write_frame(head, 0xffffffff);
    ck_assert_int_eq(fl_thrift_get_frame(head, INT32_MAX, &size, NULL), FLOW_EPARSE);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"numbers_are_read_by_the_specification", numbers_are_read_by_the_specification},
        {"numbers_of_32_bits_are_written_by_the_specification",
         numbers_of_32_bits_are_written_by_the_specification},
        {"numbers_that_are_too_wide_are_refused", numbers_that_are_too_wide_are_refused},
        {"heads_come_back", heads_come_back},
        {"a_binary_head_tells_itself_whether_it_is_old",
         a_binary_head_tells_itself_whether_it_is_old},
        {"heads_of_another_protocol_are_refused", heads_of_another_protocol_are_refused},
        {"fields_come_back", fields_come_back},
        {"containers_come_back", containers_come_back},
        {"sizes_that_the_message_cannot_hold_are_refused",
         sizes_that_the_message_cannot_hold_are_refused},
        {"whatever_a_struct_holds_is_skipped", whatever_a_struct_holds_is_skipped},
        {"skipping_goes_on_from_piece_to_piece", skipping_goes_on_from_piece_to_piece},
        {"a_struct_that_is_cut_is_refused", a_struct_that_is_cut_is_refused},
        {"nesting_is_bounded", nesting_is_bounded},
        {"frames_have_a_size_in_front", frames_have_a_size_in_front},
    };

    return RUN_SUITE("thrift", tests);
}
