/* SPDX-License-Identifier: Apache-2.0 */

/* Calls and replies against the bytes that passed between Flume 1.11's client and source. */

#include <stdio.h>
#include <string.h>

#include <flow/batch.h>

#include "failing.h"
#include "hex.h"
#include "suite.h"
#include "wire/thrift_call.h"

static flow_library *lib;
static flow_batch *batch;

static void set_up(void)
{
    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(lib, &batch, NULL), FLOW_OK);
}

static void tear_down(void)
{
    flow_batch_free(batch);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
}

static void add(const char *body, size_t size, const flow_header *headers, size_t count)
{
    ck_assert_int_eq(flow_batch_add_full(batch, body, size, headers, count, sizeof *headers, NULL),
                     FLOW_OK);
}

static flow_header header(const char *name, const char *value)
{
    return (flow_header){name, value, (uint32_t)strlen(name), (uint32_t)strlen(value)};
}

/* The events of the captured batch. */
static void add_captured(void)
{
    const flow_header first[] = {header("n", "1")};
    const flow_header third[] = {header("n", "3"), header("k\xc3\xa9y", "v\xc3\xa4lue")};

    add("first", 5, first, 1);
    add("second", 6, NULL, 0);
    add("\xc3\xbc\n\0\xe4\xb8\xad", 7, third, 2);
}

/* Writes a whole call, in pieces of about ROOM bytes. */
static int write_call(struct fl_buf *out, const struct fl_thrift_request *request, size_t room,
                      flow_error **err)
{
    struct fl_thrift_call call;
    struct fl_buf piece;
    int more;

    fl_buf_init(&piece, out->mem);
    fl_thrift_call_init(&call, out->mem);
    int rc = fl_thrift_call_begin(&call, request, err);
    while (!rc) {
        fl_buf_clear(&piece);
        more = fl_thrift_call_next(&call, room, &piece);
        rc = more < 0 ? more : fl_buf_append(out, piece.data, piece.size);
        if (!more)
            break;
    }
    if (!rc)
        ck_assert_uint_eq(out->size, call.size);
    fl_thrift_call_free(&call);
    fl_buf_free(&piece);
    return rc;
}

static void expect_file(const struct fl_buf *bytes, const char *path)
{
    struct fl_buf expected;

    fl_buf_init(&expected, NULL);
    hex_file(&expected, path);
    ck_assert_uint_eq(bytes->size, expected.size);
    ck_assert_mem_eq(bytes->data, expected.data, bytes->size);
    fl_buf_free(&expected);
}

static const struct {
    enum fl_thrift_protocol protocol;
    const char *folder;
} protocols[] = {
    {FL_THRIFT_COMPACT, TEST_DATA "/thrift/compact"},
    {FL_THRIFT_BINARY, TEST_DATA "/thrift/binary"},
};

static void expect_call(size_t protocol, const char *name, struct fl_thrift_request *request)
{
    char path[256];

    snprintf(path, sizeof path, "%s-%s-request.hex", protocols[protocol].folder, name);
    request->protocol = protocols[protocol].protocol;
    request->events = flow_batch_events(batch);
    request->count = flow_batch_count(batch);
    for (size_t room = 1; room < 300; room += 7) {
        struct fl_buf out;
        fl_buf_init(&out, NULL);
        ck_assert_int_eq(write_call(&out, request, room, NULL), FLOW_OK);
        expect_file(&out, path);
        fl_buf_free(&out);
    }
}

START_TEST(calls_are_those_of_flume)
{
    const flow_header host[] = {header("host", "web1")};

    for (size_t i = 0; i < 2; i++) {
        flow_batch_clear(batch);
        add("hello", 5, host, 1);
        expect_call(i, "append", &(struct fl_thrift_request){.seq = 1});
        flow_batch_clear(batch);
        add("", 0, NULL, 0);
        expect_call(i, "append-empty", &(struct fl_thrift_request){.seq = 2});
        flow_batch_clear(batch);
        add_captured();
        expect_call(i, "appendBatch", &(struct fl_thrift_request){.seq = 3, .batch = 1});
    }
}
END_TEST

static const struct {
    const char *path;
    int32_t seq;
    int32_t status;
} replies[] = {
    {"append", 1, FL_THRIFT_STATUS_OK},
    {"append-empty", 2, FL_THRIFT_STATUS_OK},
    {"appendBatch", 3, FL_THRIFT_STATUS_OK},
    {"refused-append", 1, FL_THRIFT_STATUS_OK},
    {"refused-appendBatch", 2, FL_THRIFT_STATUS_FAILED},
};

/* Feeds BYTES, which are one reply, in pieces of STEP. */
static void feed(struct fl_thrift_reply *reply, const struct fl_buf *bytes, size_t step)
{
    fl_thrift_reply_clear(reply);
    for (size_t at = 0; at < bytes->size; at += step) {
        size_t size = bytes->size - at < step ? bytes->size - at : step;
        size_t used;
        int done = fl_thrift_reply_feed(reply, bytes->data + at, size, &used, NULL);
        ck_assert_int_eq(done, at + size == bytes->size);
        ck_assert_uint_eq(used, size);
    }
}

static void expect_reply(size_t protocol, size_t index)
{
    struct fl_thrift_reply reply;
    struct fl_thrift_answer answer;
    struct fl_buf bytes;
    char path[256];

    snprintf(path, sizeof path, "%s-%s-response.hex", protocols[protocol].folder,
             replies[index].path);
    fl_buf_init(&bytes, NULL);
    fl_thrift_reply_init(&reply, NULL);
    hex_file(&bytes, path);
    for (size_t step = 1; step <= bytes.size; step++) {
        feed(&reply, &bytes, step);
        ck_assert_int_eq(fl_thrift_reply_read(&reply, protocols[protocol].protocol, &answer, NULL),
                         FLOW_OK);
        ck_assert_int_eq(answer.seq, replies[index].seq);
        ck_assert_int_eq(answer.status, replies[index].status);
        ck_assert(!answer.is_error);
    }
    fl_thrift_reply_free(&reply);
    fl_buf_free(&bytes);
}

START_TEST(replies_of_flume_are_read)
{
    for (size_t i = 0; i < 5; i++)
        expect_reply(0, i);
    for (size_t i = 0; i < 3; i++)
        expect_reply(1, i);
}
END_TEST

static int read_hex(enum fl_thrift_protocol protocol, const char *digits,
                    struct fl_thrift_reply *reply, struct fl_thrift_answer *answer,
                    flow_error **err)
{
    struct fl_buf bytes;
    size_t used;

    fl_buf_init(&bytes, NULL);
    hex_text(&bytes, digits);
    fl_thrift_reply_clear(reply);
    ck_assert_int_eq(fl_thrift_reply_feed(reply, bytes.data, bytes.size, &used, NULL), 1);
    ck_assert_uint_eq(used, bytes.size);
    fl_buf_free(&bytes);
    return fl_thrift_reply_read(reply, protocol, answer, err);
}

START_TEST(an_exception_is_read_with_its_text)
{
    struct fl_thrift_reply reply;
    struct fl_thrift_answer answer;

    fl_thrift_reply_init(&reply, NULL);
    ck_assert_int_eq(read_hex(FL_THRIFT_COMPACT, "0000000e 8261 07 01 78 18 04 6f6f7073 15 0c 00",
                              &reply, &answer, NULL),
                     FLOW_OK);
    ck_assert(answer.is_error);
    ck_assert_int_eq(answer.seq, 7);
    ck_assert_int_eq(answer.reason, FL_THRIFT_INTERNAL_ERROR);
    ck_assert_uint_eq(answer.text_size, 4);
    ck_assert_mem_eq(answer.text, "oops", 4);

    /* Without a text, and with a field that we do not know. */
    ck_assert_int_eq(read_hex(FL_THRIFT_BINARY,
                              "00000019 80010003 00000001 78 00000007 02 0009 01 08 0002 00000001"
                              "00",
                              &reply, &answer, NULL),
                     FLOW_OK);
    ck_assert(answer.is_error);
    ck_assert_int_eq(answer.reason, FL_THRIFT_UNKNOWN_METHOD);
    ck_assert_ptr_null(answer.text);
    fl_thrift_reply_free(&reply);
}
END_TEST

START_TEST(what_is_no_reply_is_refused)
{
    static const char *const broken[] = {
        "00000007 8221 07 01 78 05 00",          /* a call */
        "00000006 8241 07 01 78 00",             /* no status */
        "00000008 8241 07 01 78 05 00 80",       /* a status that is cut */
        "0000000b 8241 07 01 78 15 00 7fffffff", /* no status, and a broken field */
        "00000004 47455420",                     /* another protocol */
    };
    struct fl_thrift_reply reply;
    struct fl_thrift_answer answer;
    flow_error *err = NULL;

    fl_thrift_reply_init(&reply, NULL);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        ck_assert_msg(read_hex(FL_THRIFT_COMPACT, broken[i], &reply, &answer, NULL) == FLOW_EPARSE,
                      "%s", broken[i]);
    ck_assert_int_eq(read_hex(FL_THRIFT_COMPACT, broken[2], &reply, &answer, &err), FLOW_EPARSE);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "at byte 7"));
    flow_error_free(err);
    fl_thrift_reply_free(&reply);
}
END_TEST

START_TEST(a_reply_that_claims_too_much_is_refused_at_once)
{
    struct fl_thrift_reply reply;
    size_t used;

    fl_thrift_reply_init(&reply, NULL);
    ck_assert_int_eq(fl_thrift_reply_feed(&reply, "\x7f\xff\xff\xff", 4, &used, NULL),
                     FLOW_ETOOBIG);
    ck_assert_uint_lt(reply.bytes.capacity, 1000);
    fl_thrift_reply_clear(&reply);
    ck_assert_int_eq(fl_thrift_reply_feed(&reply, "HTTP/1.1", 8, &used, NULL), FLOW_ETOOBIG);
    fl_thrift_reply_free(&reply);
}
END_TEST

START_TEST(a_reply_ends_where_the_next_begins)
{
    struct fl_thrift_reply reply;
    size_t used;

    fl_thrift_reply_init(&reply, NULL);
    ck_assert_int_eq(fl_thrift_reply_feed(&reply, "\0\0\0\2abcd", 8, &used, NULL), 1);
    ck_assert_uint_eq(used, 6);
    fl_thrift_reply_free(&reply);
}
END_TEST

/* A stamp goes behind the events, as bytes in a field of its own. */
START_TEST(a_stamp_is_a_field_behind_the_events)
{
    struct fl_thrift_request request = {
        .protocol = FL_THRIFT_BINARY, .seq = 1, .batch = 1, .stamp = "mark", .stamp_size = 4};
    struct fl_buf out;
    struct fl_buf expected;

    fl_buf_init(&out, NULL);
    fl_buf_init(&expected, NULL);
    ck_assert_int_eq(write_call(&out, &request, 100, NULL), FLOW_OK);
    hex_text(&expected, "0000002b 80010001 0000000b 617070656e644261746368 00000001"
                        "0f0001 0c 00000000 0b7d00 00000004 6d61726b 00");
    ck_assert_uint_eq(out.size, expected.size);
    ck_assert_mem_eq(out.data, expected.data, out.size);
    fl_buf_free(&expected);
    fl_buf_free(&out);
}
END_TEST

START_TEST(memory_may_run_out_anywhere)
{
    struct fl_thrift_request request = {.seq = 1, .batch = 1, .stamp = "mark", .stamp_size = 4};
    struct failing failing;
    struct fl_buf out;
    int64_t granted = 0;
    int rc;

    add_captured();
    request.events = flow_batch_events(batch);
    request.count = flow_batch_count(batch);
    failing_init(&failing);
    do {
        flow_error *err = NULL;
        fl_buf_init(&out, &failing.allocator);
        failing_after(&failing, granted++);
        rc = write_call(&out, &request, 10, &err);
        failing_after(&failing, -1);
        flow_error_free(err);
        fl_buf_free(&out);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
        ck_assert_int_eq(failing.live, 0);
    } while (rc);
    ck_assert_int_gt(granted, 3);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"calls", calls_are_those_of_flume},
        {"replies", replies_of_flume_are_read},
        {"exception", an_exception_is_read_with_its_text},
        {"refused", what_is_no_reply_is_refused},
        {"too_much", a_reply_that_claims_too_much_is_refused_at_once},
        {"end", a_reply_ends_where_the_next_begins},
        {"stamp", a_stamp_is_a_field_behind_the_events},
        {"memory", memory_may_run_out_anywhere},
    };

    return RUN_SUITE_BETWEEN("thrift calls", tests, set_up, tear_down);
}
