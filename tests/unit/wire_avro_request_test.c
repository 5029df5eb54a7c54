/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow.h>

#include "failing.h"
#include "suite.h"
#include "wire/avro_request.h"

/* What a Flume 1.11 client sends, as it was captured; each payload cut into two buffers. */
static const char flume_hello[] = "86aadae2c45474c0fe93ffd0f2350a65"
                                  "00"
                                  "86aadae2c45474c0fe93ffd0f2350a65"
                                  "0200";
static const char own_hello[] = "86aadae2c45474c0fe93ffd0f2350a65"
                                "00"
                                "86aadae2c45474c0fe93ffd0f2350a65"
                                "02020e6c6962666c6f77023100"; /* {libflow: 1} */
static const char flume_append[] = "000c617070656e64"
                                   "0208686f7374087765623100"
                                   "0a68656c6c6f";
static const char flume_batch[] =
    "0016617070656e644261746368"
    "0602026e0231000a6669727374000c7365636f6e6404086bc3a9790c76c3a46c756502"
    "6e0233000ec3bc0a00e4b8ad00";

static flow_library *lib;
static flow_batch *batch;
static struct fl_avro_sending call;
static struct fl_avro_reply reply;
static struct fl_buf out;

static void set_up(void)
{
    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(lib, &batch, NULL), FLOW_OK);
    fl_avro_sending_init(&call, NULL);
    fl_avro_reply_init(&reply, NULL);
    fl_buf_init(&out, NULL);
}

static void tear_down(void)
{
    fl_avro_sending_free(&call);
    fl_avro_reply_free(&reply);
    fl_buf_free(&out);
    flow_batch_free(batch);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void put_hex(struct fl_buf *to, const char *hex)
{
    for (; *hex; hex++)
        if (*hex > ' ') {
            ck_assert_int_eq(fl_buf_byte(to, (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]))),
                             FLOW_OK);
            hex++;
        }
}

/* The bytes of HEX behind the front of a frame with one buffer. */
static void expect_frame(uint32_t serial, const char *first, const char *second)
{
    struct fl_buf payload;
    struct fl_buf frame;

    fl_buf_init(&payload, NULL);
    fl_buf_init(&frame, NULL);
    put_hex(&payload, first);
    put_hex(&payload, second);
    fl_buf_be32(&frame, serial);
    fl_buf_be32(&frame, 1);
    fl_buf_be32(&frame, (uint32_t)payload.size);
    fl_buf_append(&frame, payload.data, payload.size);
    ck_assert_uint_eq(out.size, frame.size);
    ck_assert_mem_eq(out.data, frame.data, frame.size);
    fl_buf_free(&payload);
    fl_buf_free(&frame);
}

static void add(const char *body, size_t size, const flow_header *headers, size_t count)
{
    ck_assert_int_eq(flow_batch_add_full(batch, body, size, headers, count, sizeof *headers, NULL),
                     FLOW_OK);
}

static const struct fl_avro_hello hello = {fl_avro_protocol_hash, NULL, fl_avro_protocol_hash};

/* Writes a call of the batch in pieces of ROOM. */
static void write_call(struct fl_avro_request request, size_t room)
{
    struct fl_buf piece;
    int rc;

    request.events = flow_batch_events(batch);
    request.count = flow_batch_count(batch);
    ck_assert_int_eq(fl_avro_sending_begin(&call, &request, NULL), FLOW_OK);
    fl_buf_init(&piece, NULL);
    fl_buf_clear(&out);
    do {
        fl_buf_clear(&piece);
        rc = fl_avro_sending_next(&call, room, &piece);
        ck_assert_int_ge(rc, 0);
        fl_buf_append(&out, piece.data, piece.size);
    } while (rc);
    fl_buf_free(&piece);
    ck_assert_uint_eq(out.size, call.size);
}

START_TEST(a_first_call_is_flumes_with_the_mark_of_a_libflow)
{
    flow_header header = {"host", "web1", 4, 4};

    ck_assert_ptr_nonnull(strstr(flume_hello, "0200"));
    add("hello", 5, &header, 1);
    write_call((struct fl_avro_request){.serial = 1, .hello = &hello}, 1000);
    expect_frame(1, own_hello, flume_append);
}
END_TEST

START_TEST(a_later_batch_is_flumes_to_the_byte_however_it_is_cut)
{
    static const char utf8_key[] = "k\xc3\xa9y";
    static const char utf8_value[] = "v\xc3\xa4lue";
    const flow_header first = {"n", "1", 1, 1};
    const flow_header third[] = {{utf8_key, utf8_value, 4, 6}, {"n", "3", 1, 1}};

    add("first", 5, &first, 1);
    add("second", 6, NULL, 0);
    add("\xc3\xbc\n\0\xe4\xb8\xad", 7, third, 2);
    for (size_t room = 1; room < 100; room++) {
        write_call((struct fl_avro_request){.serial = 3, .batch = 1}, room);
        expect_frame(3, "", flume_batch);
    }
}
END_TEST

START_TEST(a_piece_is_no_larger_than_its_room_and_one_event_front)
{
    static char body[100000];
    struct fl_avro_request request = {.serial = 1, .batch = 1, .count = 1};

    add(body, sizeof body, NULL, 0);
    request.events = flow_batch_events(batch);
    ck_assert_int_eq(fl_avro_sending_begin(&call, &request, NULL), FLOW_OK);
    ck_assert_int_eq(fl_avro_sending_next(&call, 4096, &out), 1);
    ck_assert_uint_le(out.size, 4096);
    ck_assert_uint_le(out.capacity, 16384);
}
END_TEST

START_TEST(an_empty_batch_and_metadata_have_their_bytes)
{
    static const struct fl_avro_meta meta[] = {{"a", "xy", 2}, {"bc", "", 0}};
    struct fl_avro_request request = {.serial = 7, .batch = 1, .meta = meta, .meta_count = 2};

    write_call(request, 1000);
    expect_frame(7, "0402610478790462630000", "16617070656e64426174636800");
}
END_TEST

START_TEST(a_call_above_two_gigabytes_is_refused)
{
    static char body[1 << 20];
    flow_error *err = NULL;
    const flow_event **many = malloc(3000 * sizeof *many);
    struct fl_avro_request request = {.serial = 1, .batch = 1, .events = many, .count = 3000};

    add(body, sizeof body, NULL, 0);
    for (size_t i = 0; i < request.count; i++)
        many[i] = flow_batch_event(batch, 0);
    ck_assert_int_eq(fl_avro_sending_begin(&call, &request, &err), FLOW_ETOOBIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "3000 events"));
    flow_error_free(err);
    free(many);
}
END_TEST

/* Feeds what HEX stands for in steps of STEP bytes; returns the last answer of the parser. */
static int feed(const char *hex, size_t step, flow_error **err)
{
    struct fl_buf bytes;
    size_t at = 0;
    int rc = 0;

    fl_avro_reply_clear(&reply);
    fl_buf_init(&bytes, NULL);
    put_hex(&bytes, hex);
    while (rc == 0 && at < bytes.size) {
        size_t used;
        size_t part = bytes.size - at < step ? bytes.size - at : step;
        rc = fl_avro_reply_feed(&reply, bytes.data + at, part, &used, err);
        ck_assert_uint_le(used, part);
        at += used;
    }
    if (rc == 1)
        ck_assert_uint_eq(at, bytes.size);
    fl_buf_free(&bytes);
    return rc;
}

static const struct {
    const char *hex;
    uint32_t serial;
    int handshake;
    int32_t status;
} answers[] = {
    {"000000010000000300000004000000000000000100000000020000", 1, 1, FL_AVRO_OK},
    {"0000000200000003000000000000000100000000020000", 2, 0, FL_AVRO_OK},
    {"0000000200000003000000000000000100000000020002", 2, 0, FL_AVRO_FAILED},
    {"00000009000000010000000700000000000004", 9, 1, FL_AVRO_UNKNOWN}, /* in one buffer */
};

START_TEST(statuses_are_read_however_they_are_cut)
{
    struct fl_avro_answer answer;

    for (size_t step = 1; step < 30; step++)
        for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
            ck_assert_int_eq(feed(answers[i].hex, step, NULL), 1);
            ck_assert_uint_eq(reply.serial, answers[i].serial);
            ck_assert_int_eq(fl_avro_reply_read(&reply, answers[i].handshake, &answer, NULL),
                             FLOW_OK);
            ck_assert_int_eq(answer.status, answers[i].status);
            ck_assert(!answer.is_error && !answer.is_libflow);
        }
}
END_TEST

START_TEST(a_libflow_is_known_by_its_metadata)
{
    struct fl_avro_answer answer;

    ck_assert_int_eq(feed("00000001 00000001 00000013"
                          "00 00 00 02 02 0e 6c6962666c6f77 02 31 00"
                          "00 00 00",
                          100, NULL),
                     1);
    ck_assert_int_eq(fl_avro_reply_read(&reply, 1, &answer, NULL), FLOW_OK);
    ck_assert(answer.is_libflow);
}
END_TEST

/* What the server of libflow's answers to the first call, of a libflow or of Flume. */
static void answer_first_call(int from_libflow)
{
    struct fl_avro_answer answer;
    struct fl_avro_ipc server;
    size_t used;

    add("x", 1, NULL, 0);
    write_call((struct fl_avro_request){.serial = 1, .hello = &hello}, 1000);
    if (!from_libflow)
        out.data[49] ^= 1; /* the first letter of the key */
    fl_avro_ipc_init(&server, NULL, 1 << 20);
    struct fl_avro_in in = fl_avro_in(out.data, out.size);
    ck_assert_int_eq(fl_avro_ipc_next(&server, &in, NULL), FL_AVRO_IPC_EVENT);
    ck_assert_int_eq(fl_avro_ipc_next(&server, &in, NULL), FL_AVRO_IPC_CALL);
    fl_buf_clear(&out);
    ck_assert_int_eq(fl_avro_put_status(&out, &server.call, FL_AVRO_OK), FLOW_OK);
    ck_assert_int_eq(fl_avro_reply_feed(&reply, out.data, out.size, &used, NULL), 1);
    ck_assert_int_eq(fl_avro_reply_read(&reply, 1, &answer, NULL), FLOW_OK);
    ck_assert_int_eq(answer.status, FL_AVRO_OK);
    ck_assert_int_eq(answer.match, FL_AVRO_BOTH);
    ck_assert_int_eq(answer.is_libflow, from_libflow);
    fl_avro_ipc_free(&server);
}

START_TEST(two_libflows_know_each_other)
{
    answer_first_call(1);
}
END_TEST

START_TEST(others_are_told_nothing_of_it)
{
    answer_first_call(0);
    ck_assert_uint_eq(out.size, 27); /* as Flume's answer */
}
END_TEST

static char *read_data(const char *name)
{
    static char text[8192];
    char path[512];

    snprintf(path, sizeof path, TEST_DATA "/avro-ipc/%s", name);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

START_TEST(a_server_that_does_not_know_the_protocol_tells_its_own)
{
    struct fl_avro_answer answer;

    ck_assert_int_eq(feed(read_data("foreign-none-response.hex"), 7, NULL), 1);
    ck_assert_int_eq(fl_avro_reply_read(&reply, 1, &answer, NULL), FLOW_OK);
    ck_assert_int_eq(answer.match, FL_AVRO_NONE);
    ck_assert_mem_eq(answer.server_hash, fl_avro_protocol_hash, FL_AVRO_HASH);
}
END_TEST

START_TEST(an_error_comes_with_the_text_of_the_server)
{
    static const char expected[] = "org.apache.avro.AvroRuntimeException: No such remote message";
    struct fl_avro_answer answer;

    ck_assert_int_eq(feed(read_data("foreign-unknown-message-response.hex"), 100, NULL), 1);
    ck_assert_int_eq(fl_avro_reply_read(&reply, 0, &answer, NULL), FLOW_OK);
    ck_assert(answer.is_error);
    ck_assert_uint_gt(answer.text_size, sizeof expected);
    ck_assert_mem_eq(answer.text, "org.apache.avro.AvroRuntimeException", 36);
}
END_TEST

START_TEST(what_is_no_answer_is_refused)
{
    static const struct {
        const char *hex;
        int code;
    } frames[] = {
        {"00000001 00000000", FLOW_EPARSE},
        {"48545450 2f312e31", FLOW_EPARSE}, /* HTTP/1.1 */
        {"00000001 00000001 7fffffff", FLOW_ETOOBIG},
        {"00000001 00000002 00000001 00 00100000", FLOW_ETOOBIG},
    };

    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        flow_error *err = NULL;
        ck_assert_int_eq(feed(frames[i].hex, 100, &err), frames[i].code);
        ck_assert_int_eq(flow_error_code(err), frames[i].code);
        ck_assert_uint_le(reply.bytes.capacity, 4096);
        flow_error_free(err);
    }
}
END_TEST

START_TEST(a_payload_that_breaks_the_format_is_refused)
{
    static const char *const payloads[] = {
        "00000001 00000001 00000000",          /* nothing at all */
        "00000001 00000001 00000002 0000",     /* no result */
        "00000001 00000001 00000004 00000000", /* something behind it */
        "00000001 00000001 00000003 000200",   /* neither error nor none */
        "00000001 00000001 00000004 00010202", /* no branch of the union */
        "00000001 00000001 00000004 00010020", /* a text that is not there */
    };
    struct fl_avro_answer answer;

    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        flow_error *err = NULL;
        ck_assert_int_eq(feed(payloads[i], 100, NULL), 1);
        ck_assert_int_eq(fl_avro_reply_read(&reply, 0, &answer, &err), FLOW_EPARSE);
        ck_assert_ptr_nonnull(strstr(flow_error_message(err), "byte"));
        flow_error_free(err);
    }
}
END_TEST

START_TEST(memory_may_fail_at_any_time)
{
    struct failing failing;
    struct fl_avro_request request = {.serial = 1, .batch = 1, .hello = &hello};
    int rc;

    failing_init(&failing);
    add("body", 4, NULL, 0);
    request.events = flow_batch_events(batch);
    request.count = 1;
    for (int64_t grants = 0;; grants++) {
        struct fl_avro_sending mine;
        struct fl_buf piece;
        failing_after(&failing, grants);
        fl_avro_sending_init(&mine, &failing.allocator);
        fl_buf_init(&piece, &failing.allocator);
        rc = fl_avro_sending_begin(&mine, &request, NULL);
        if (!rc)
            rc = fl_avro_sending_next(&mine, 1000, &piece);
        fl_avro_sending_free(&mine);
        fl_buf_free(&piece);
        ck_assert_int_eq(failing.live, 0);
        if (!rc)
            break;
        ck_assert_int_eq(rc, FLOW_ENOMEM);
    }
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"call", a_first_call_is_flumes_with_the_mark_of_a_libflow},
        {"call", a_later_batch_is_flumes_to_the_byte_however_it_is_cut},
        {"call", a_piece_is_no_larger_than_its_room_and_one_event_front},
        {"call", an_empty_batch_and_metadata_have_their_bytes},
        {"call", a_call_above_two_gigabytes_is_refused},
        {"reply", statuses_are_read_however_they_are_cut},
        {"reply", a_libflow_is_known_by_its_metadata},
        {"reply", two_libflows_know_each_other},
        {"reply", others_are_told_nothing_of_it},
        {"reply", a_server_that_does_not_know_the_protocol_tells_its_own},
        {"reply", an_error_comes_with_the_text_of_the_server},
        {"reply", what_is_no_answer_is_refused},
        {"reply", a_payload_that_breaks_the_format_is_refused},
        {"memory", memory_may_fail_at_any_time},
    };

    return RUN_SUITE_BETWEEN("wire_avro_request", tests, set_up, tear_down);
}
