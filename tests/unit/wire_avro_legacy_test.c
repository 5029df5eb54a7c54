/* SPDX-License-Identifier: Apache-2.0 */

/* Against the bytes that passed between Flume 1.11's AvroLegacySource and its own client. */

#include <string.h>

#include "codec/avro.h"
#include "failing.h"
#include "hex.h"
#include "suite.h"
#include "wire/avro_legacy.h"
#include "wire/md5.h"

#define FOLDER TEST_DATA "/avro-legacy"
#define OUR_HASH "84f26a5a74af5726d8bc68105669c996"

static struct fl_buf bytes;
static struct fl_buf out;
static struct fl_draft draft;
static struct fl_avro_legacy_call call;

static void set_up(void)
{
    fl_buf_init(&bytes, NULL);
    fl_buf_init(&out, NULL);
    fl_draft_init(&draft, NULL);
}

static void tear_down(void)
{
    fl_buf_free(&bytes);
    fl_buf_free(&out);
    fl_draft_free(&draft);
}

static int read_hex(const char *digits)
{
    fl_buf_clear(&bytes);
    hex_text(&bytes, digits);
    return fl_avro_legacy_read(bytes.data, bytes.size, &call, &draft);
}

static void expect_header(size_t index, const char *name, const char *value)
{
    const flow_header *header = fl_vec_at(&draft.headers, index);

    ck_assert_uint_lt(index, draft.headers.count);
    ck_assert_uint_eq(header->name_size, strlen(name));
    ck_assert_mem_eq(header->name, name, header->name_size);
    ck_assert_uint_eq(header->value_size, strlen(value));
    ck_assert_mem_eq(header->value, value, header->value_size);
}

static void expect_captured(void)
{
    ck_assert_int_eq(call.kind, FL_AVRO_LEGACY_APPEND);
    ck_assert(call.knows_us);
    ck_assert_ptr_null(draft.fault);
    ck_assert_uint_eq(draft.size, 6);
    ck_assert_mem_eq(draft.body, "body 0", 6);
    ck_assert_uint_eq(draft.headers.count, 6);
    expect_header(0, "hello", "w\xc3\xb6rld");
    expect_header(1, "host", "myhost");
    expect_header(2, "timestamp", "1000");
    expect_header(3, "pri", "WARN");
    expect_header(4, "nanos", "7");
    expect_header(5, "FlumeOG", "yes");
}

START_TEST(flumes_client_is_understood)
{
    hex_file(&bytes, FOLDER "/append-request.hex");
    ck_assert_int_eq(fl_avro_legacy_read(bytes.data, bytes.size, &call, &draft), FLOW_OK);
    expect_captured();
}
END_TEST

/* The captured request with its payload in buffers of SIZE bytes. */
static void cut(struct fl_buf *cut, const uint8_t *payload, size_t total, size_t size)
{
    for (size_t at = 0; at < total; at += size) {
        size_t part = total - at < size ? total - at : size;
        ck_assert_int_eq(fl_buf_be32(cut, (uint32_t)part), FLOW_OK);
        ck_assert_int_eq(fl_buf_append(cut, payload + at, part), FLOW_OK);
    }
    ck_assert_int_eq(fl_buf_be32(cut, 0), FLOW_OK);
}

START_TEST(where_buffers_are_cut_means_nothing)
{
    struct fl_buf payload;

    fl_buf_init(&payload, NULL);
    hex_file(&bytes, FOLDER "/append-request.hex");
    ck_assert_int_eq(fl_buf_append(&payload, bytes.data + 4, 43), FLOW_OK);
    ck_assert_int_eq(fl_buf_append(&payload, bytes.data + 51, 33), FLOW_OK);
    for (size_t size = 1; size <= payload.size; size++) {
        struct fl_buf body;
        fl_buf_init(&body, NULL);
        cut(&body, payload.data, payload.size, size);
        ck_assert_int_eq(fl_avro_legacy_read(body.data, body.size, &call, &draft), FLOW_OK);
        expect_captured();
        fl_buf_free(&body);
    }
    fl_buf_free(&payload);
}
END_TEST

START_TEST(the_answer_is_flumes)
{
    hex_file(&bytes, FOLDER "/append-response.hex");
    call = (struct fl_avro_legacy_call){FL_AVRO_LEGACY_APPEND, 1};
    ck_assert_int_eq(fl_avro_legacy_put_answer(&out, &call, NULL), FLOW_OK);
    ck_assert_uint_eq(out.size, bytes.size);
    ck_assert_mem_eq(out.data, bytes.data, out.size);
}
END_TEST

/* A client of another protocol, whose text comes too, asks for nothing but a handshake. */
START_TEST(who_does_not_know_the_protocol_is_shown_it)
{
    uint8_t digest[FL_MD5_SIZE];
    struct fl_avro_in in;
    const uint8_t *text;
    const uint8_t *hash;
    size_t size;
    int64_t number;

    ck_assert_int_eq(read_hex("00000028 00000000000000000000000000000000 02 04 7b7d"
                              "00000000000000000000000000000000 02 00 00 00 00000000"),
                     FLOW_OK);
    ck_assert_int_eq(call.kind, FL_AVRO_LEGACY_PING);
    ck_assert(!call.knows_us);
    ck_assert_int_eq(fl_avro_legacy_put_answer(&out, &call, NULL), FLOW_OK);
    in = fl_avro_in(out.data + 4, out.size - 8);
    ck_assert_int_eq(fl_avro_get_long(&in, &number), FLOW_OK);
    ck_assert_int_eq(number, 1); /* CLIENT */
    ck_assert_int_eq(fl_avro_get_long(&in, &number), FLOW_OK);
    ck_assert_int_eq(number, 1);
    ck_assert_int_eq(fl_avro_get_bytes(&in, &text, &size), FLOW_OK);
    ck_assert_uint_eq(size, 1385);
    ck_assert_int_eq(fl_avro_get_long(&in, &number), FLOW_OK);
    ck_assert_int_eq(fl_avro_get_fixed(&in, 16, &hash), FLOW_OK);
    fl_md5(text, size, digest);
    ck_assert_mem_eq(digest, hash, 16);
    hex_text(&bytes, OUR_HASH);
    ck_assert_mem_eq(bytes.data + bytes.size - 16, hash, 16);
}
END_TEST

/* Reads a request with a good handshake and what DIGITS say of the call. */
static int read_call_hex(const char *digits)
{
    struct fl_buf payload;

    fl_buf_init(&payload, NULL);
    fl_buf_clear(&bytes);
    hex_text(&payload, OUR_HASH "00" OUR_HASH "00 00");
    hex_text(&payload, digits);
    cut(&bytes, payload.data, payload.size, 1000);
    fl_buf_free(&payload);
    return fl_avro_legacy_read(bytes.data, bytes.size, &call, &draft);
}

START_TEST(fields_win_over_the_parts_of_an_event)
{
    /* timestamp 1, FATAL, "x", nanos 0, host "a", {host: "b", FlumeOG: "no"} in a sized block */
    ck_assert_int_eq(read_call_hex("0c617070656e64 02 00 0278 00 0261"
                                   "03 24 08686f7374 0262 0e466c756d654f47 046e6f 00"),
                     FLOW_OK);
    ck_assert_int_eq(call.kind, FL_AVRO_LEGACY_APPEND);
    ck_assert_uint_eq(draft.headers.count, 5);
    expect_header(0, "host", "b");
    expect_header(1, "timestamp", "1");
    expect_header(2, "pri", "FATAL");
    expect_header(3, "nanos", "0");
    expect_header(4, "FlumeOG", "yes");
}
END_TEST

static void expect_refused(const char *digits, const char *text)
{
    ck_assert_int_eq(read_call_hex(digits), FLOW_OK);
    ck_assert_int_eq(call.kind, FL_AVRO_LEGACY_REFUSED);
    ck_assert_ptr_nonnull(strstr(draft.fault, text));
}

START_TEST(what_makes_no_sense_is_refused)
{
    expect_refused("0870696e67", "No such remote message");
    expect_refused("", "Malformed data");
    expect_refused("0c617070656e64", "Malformed data");
    expect_refused("0c617070656e64 02 0c 0278 00 0261 00", "Malformed data");  /* priority 6 */
    expect_refused("0c617070656e64 02 00 7f 78 00 0261 00", "Malformed data"); /* a negative size */
    expect_refused("0c617070656e64 02 00 0278 00 0261 0202", "Malformed data"); /* cut */
    ck_assert_int_eq(fl_avro_legacy_put_answer(&out, &call, "oops"), FLOW_OK);
    fl_buf_clear(&bytes);
    hex_text(&bytes, "00000004 00000000 00000001 00 00000007 01 00 08 6f6f7073 00000000");
    ck_assert_uint_eq(out.size, bytes.size);
    ck_assert_mem_eq(out.data, bytes.data, out.size);
}
END_TEST

START_TEST(bodies_without_a_handshake_are_none)
{
    static const char *const broken[] = {
        "",
        "00000000",
        "000000",
        "00000001 00",          /* no end */
        "7fffffff 00 00000000", /* a buffer of 2 GB */
        "ffffffff 00 00000000",
        "00000010 " OUR_HASH "00000000",
        "00000021 " OUR_HASH "04" OUR_HASH "00000000", /* no such branch of a union */
    };

    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        ck_assert_msg(read_hex(broken[i]) == FLOW_EPARSE, "%s", broken[i]);
}
END_TEST

START_TEST(memory_may_run_out_anywhere)
{
    struct failing failing;
    int64_t granted = 0;
    int rc;

    failing_init(&failing);
    do {
        struct fl_draft poor;
        struct fl_buf answer;
        fl_draft_init(&poor, &failing.allocator);
        fl_buf_init(&answer, &failing.allocator);
        fl_buf_clear(&bytes);
        hex_file(&bytes, FOLDER "/append-request.hex");
        failing_after(&failing, granted++);
        rc = fl_avro_legacy_read(bytes.data, bytes.size, &call, &poor);
        call.knows_us = 0;
        if (!rc)
            rc = fl_avro_legacy_put_answer(&answer, &call, "oops");
        failing_after(&failing, -1);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
        fl_draft_free(&poor);
        fl_buf_free(&answer);
        ck_assert_int_eq(failing.live, 0);
    } while (rc);
    ck_assert_int_gt(granted, 2);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"request", flumes_client_is_understood},
        {"buffers", where_buffers_are_cut_means_nothing},
        {"answer", the_answer_is_flumes},
        {"protocol", who_does_not_know_the_protocol_is_shown_it},
        {"fields", fields_win_over_the_parts_of_an_event},
        {"refused", what_makes_no_sense_is_refused},
        {"no handshake", bodies_without_a_handshake_are_none},
        {"memory", memory_may_run_out_anywhere},
    };

    return RUN_SUITE_BETWEEN("legacy avro", tests, set_up, tear_down);
}
