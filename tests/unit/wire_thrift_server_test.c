/* SPDX-License-Identifier: Apache-2.0 */

/* The server's side: captured calls of Flume 1.11's client, and what no client should send. */

#include <stdio.h>
#include <string.h>

#include <flow/batch.h>

#include "failing.h"
#include "hex.h"
#include "suite.h"
#include "wire/thrift_call.h"
#include "wire/thrift_server.h"

#define LIMIT 100000

static flow_library *lib;
static flow_batch *batch;
static struct fl_thrift_server server;
static struct fl_draft draft;
static struct fl_buf bytes;
static struct fl_buf stamp;
static unsigned calls;

static void set_up(void)
{
    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(lib, &batch, NULL), FLOW_OK);
    fl_draft_init(&draft, NULL);
    fl_buf_init(&bytes, NULL);
    fl_buf_init(&stamp, NULL);
    fl_thrift_server_init(&server, NULL, &fl_thrift_flume, FL_THRIFT_COMPACT, LIMIT);
}

static void tear_down(void)
{
    fl_thrift_server_free(&server);
    fl_draft_free(&draft);
    fl_buf_free(&bytes);
    fl_buf_free(&stamp);
    flow_batch_free(batch);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
}

/* Begins a new connection to SERVICE. */
static void begin(const struct fl_thrift_service *service, enum fl_thrift_protocol protocol)
{
    fl_thrift_server_free(&server);
    fl_thrift_server_init(&server, NULL, service, protocol, LIMIT);
    flow_batch_clear(batch);
    fl_buf_clear(&stamp);
    calls = 0;
}

/* Takes what the server found; returns 1 unless that was nothing. */
static int take(int item)
{
    if (item == FL_THRIFT_AN_EVENT)
        ck_assert_int_eq(flow_batch_add_full(batch, draft.body, draft.size, draft.headers.items,
                                             draft.headers.count, sizeof(flow_header), NULL),
                         FLOW_OK);
    if (item == FL_THRIFT_A_STAMP)
        ck_assert_int_eq(fl_buf_append(&stamp, draft.body, draft.size), FLOW_OK);
    calls += item == FL_THRIFT_THE_END;
    return item != FL_THRIFT_NOTHING;
}

/* Feeds all of `bytes` in pieces of STEP, each in memory of its own. */
static int feed(size_t step, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t at = 0; rc >= 0 && at < bytes.size; at += step) {
        size_t size = bytes.size - at < step ? bytes.size - at : step;
        struct fl_buf piece;
        fl_buf_init(&piece, NULL);
        ck_assert_int_eq(fl_buf_append(&piece, bytes.data + at, size), FLOW_OK);
        const uint8_t *data = piece.data;
        while ((rc = fl_thrift_server_next(&server, &data, &size, &draft, err)) >= 0 && take(rc))
            ;
        fl_buf_free(&piece);
    }
    return rc;
}

static int feed_hex(const char *digits, flow_error **err)
{
    fl_buf_clear(&bytes);
    hex_text(&bytes, digits);
    return feed(bytes.size, err);
}

static void expect_header(size_t event, size_t index, const char *name, const char *value)
{
    flow_header header;

    ck_assert_int_eq(
        flow_event_header_at(flow_batch_event(batch, event), index, &header, sizeof header),
        FLOW_OK);
    ck_assert_str_eq(header.name, name);
    ck_assert_str_eq(header.value, value);
}

static void expect_event(size_t event, const char *body, size_t size, size_t headers)
{
    const flow_event *found = flow_batch_event(batch, event);
    size_t found_size;
    const void *found_body = flow_event_body(found, &found_size);

    ck_assert_uint_eq(found_size, size);
    if (size)
        ck_assert_mem_eq(found_body, body, size);
    ck_assert_uint_eq(flow_event_header_count(found), headers);
}

static void expect_captured(void)
{
    ck_assert_uint_eq(flow_batch_count(batch), 5);
    expect_event(0, "hello", 5, 1);
    expect_header(0, 0, "host", "web1");
    expect_event(1, "", 0, 0);
    expect_event(2, "first", 5, 1);
    expect_header(2, 0, "n", "1");
    expect_event(3, "second", 6, 0);
    expect_event(4, "\xc3\xbc\n\0\xe4\xb8\xad", 7, 2);
    expect_header(4, 0, "n", "3");
    expect_header(4, 1, "k\xc3\xa9y", "v\xc3\xa4lue");
}

START_TEST(calls_of_flume_are_read_in_pieces_of_any_size)
{
    static const struct {
        enum fl_thrift_protocol protocol;
        const char *paths[3];
    } captures[] = {
        {FL_THRIFT_COMPACT,
         {TEST_DATA "/thrift/compact-append-request.hex",
          TEST_DATA "/thrift/compact-append-empty-request.hex",
          TEST_DATA "/thrift/compact-appendBatch-request.hex"}},
        {FL_THRIFT_BINARY,
         {TEST_DATA "/thrift/binary-append-request.hex",
          TEST_DATA "/thrift/binary-append-empty-request.hex",
          TEST_DATA "/thrift/binary-appendBatch-request.hex"}},
    };

    for (size_t i = 0; i < 2; i++) {
        fl_buf_clear(&bytes);
        for (size_t j = 0; j < 3; j++)
            hex_file(&bytes, captures[i].paths[j]);
        for (size_t step = 1; step <= bytes.size; step++) {
            begin(&fl_thrift_flume, captures[i].protocol);
            ck_assert_int_eq(feed(step, NULL), FL_THRIFT_NOTHING);
            ck_assert_uint_eq(calls, 3);
            ck_assert(fl_thrift_server_good(&server));
            ck_assert_int_eq(server.seq, 3);
            ck_assert_str_eq(server.method->name, "appendBatch");
            ck_assert_uint_eq(fl_thrift_server_held(&server), 0);
            expect_captured();
        }
    }
}
END_TEST

/* The client's own bytes, with bodies that are longer than pieces and than what is carried. */
START_TEST(large_calls_come_back_event_by_event)
{
    static char body[3000];
    struct fl_thrift_request request = {.seq = -5, .batch = 1, .stamp = "mark", .stamp_size = 4};
    struct fl_thrift_call call;
    flow_batch *sent;

    memset(body, 'x', sizeof body);
    ck_assert_int_eq(flow_batch_new(lib, &sent, NULL), FLOW_OK);
    for (size_t i = 0; i < 30; i++)
        ck_assert_int_eq(flow_batch_add(sent, body, i * 100, NULL), FLOW_OK);
    request.events = flow_batch_events(sent);
    request.count = flow_batch_count(sent);
    fl_thrift_call_init(&call, NULL);
    ck_assert_int_eq(fl_thrift_call_begin(&call, &request, NULL), FLOW_OK);
    ck_assert_int_eq(fl_thrift_call_next(&call, SIZE_MAX, &bytes), 0);
    for (size_t step = 1; step < 5000; step = step * 3 + 1) {
        begin(&fl_thrift_flume, FL_THRIFT_COMPACT);
        ck_assert_int_eq(feed(step, NULL), FL_THRIFT_NOTHING);
        ck_assert_uint_eq(calls, 1);
        ck_assert_int_eq(server.seq, -5);
        ck_assert_uint_eq(flow_batch_count(batch), 30);
        for (size_t i = 0; i < 30; i++)
            expect_event(i, body, i * 100, 0);
        ck_assert_uint_eq(stamp.size, 4);
        ck_assert_mem_eq(stamp.data, "mark", 4);
    }
    fl_thrift_call_free(&call);
    flow_batch_free(sent);
}
END_TEST

static void expect_reply(const char *path, const char *method, enum fl_thrift_protocol protocol,
                         int32_t seq, int32_t status)
{
    const struct fl_thrift_reply_to to = {.protocol = protocol, .method = method, .seq = seq};
    struct fl_buf out;

    fl_buf_init(&out, NULL);
    fl_buf_clear(&bytes);
    hex_file(&bytes, path);
    ck_assert_int_eq(fl_thrift_put_status(&out, &to, status), FLOW_OK);
    ck_assert_uint_eq(out.size, bytes.size);
    ck_assert_mem_eq(out.data, bytes.data, out.size);
    fl_buf_free(&out);
}

START_TEST(replies_are_those_of_flume)
{
    expect_reply(TEST_DATA "/thrift/compact-append-response.hex", "append", FL_THRIFT_COMPACT, 1,
                 FL_THRIFT_STATUS_OK);
    expect_reply(TEST_DATA "/thrift/compact-refused-appendBatch-response.hex", "appendBatch",
                 FL_THRIFT_COMPACT, 2, FL_THRIFT_STATUS_FAILED);
    expect_reply(TEST_DATA "/thrift/binary-appendBatch-response.hex", "appendBatch",
                 FL_THRIFT_BINARY, 3, FL_THRIFT_STATUS_OK);
}
END_TEST

/* The exception that answers the call that was complete. */
static void expect_refusal(int32_t seq, int32_t reason, const char *text)
{
    struct fl_thrift_reply reply;
    struct fl_thrift_answer answer;
    struct fl_buf out;
    size_t used;

    ck_assert(!fl_thrift_server_good(&server));
    fl_buf_init(&out, NULL);
    fl_thrift_reply_init(&reply, NULL);
    ck_assert_int_eq(fl_thrift_put_refusal(&out, &server), FLOW_OK);
    ck_assert_int_eq(fl_thrift_reply_feed(&reply, out.data, out.size, &used, NULL), 1);
    ck_assert_uint_eq(used, out.size);
    ck_assert_int_eq(fl_thrift_reply_read(&reply, server.protocol, &answer, NULL), FLOW_OK);
    ck_assert(answer.is_error);
    ck_assert_int_eq(answer.seq, seq);
    ck_assert_int_eq(answer.reason, reason);
    ck_assert_uint_eq(answer.text_size, strlen(text));
    ck_assert_mem_eq(answer.text, text, answer.text_size);
    fl_thrift_reply_free(&reply);
    fl_buf_free(&out);
}

START_TEST(an_unknown_method_is_refused_by_its_name)
{
    /* ping(1: "x", 2: {1: true}) and, on the same connection, a good call. */
    ck_assert_int_eq(feed_hex("0000000f 8221 07 04 70696e67 18 01 78 1c 11 00 00", NULL),
                     FL_THRIFT_NOTHING);
    ck_assert_uint_eq(calls, 1);
    expect_refusal(7, FL_THRIFT_UNKNOWN_METHOD, "Invalid method name: 'ping'");
    ck_assert_int_eq(feed_hex("00000011 8221 08 06 617070656e64 1c 1b 00 18 00 00 00", NULL),
                     FL_THRIFT_NOTHING);
    ck_assert_uint_eq(calls, 2);
    ck_assert(fl_thrift_server_good(&server));
    ck_assert_uint_eq(flow_batch_count(batch), 1);
}
END_TEST

START_TEST(broken_arguments_are_refused_and_the_connection_goes_on)
{
    static const struct {
        const char *digits;
        const char *text;
    } broken[] = {
        {"0000000f 8221 07 06 617070656e64 1c 28 00 00 00", "append: an event has no headers"},
        {"0000000f 8221 07 06 617070656e64 1c 1b 00 00 00", "append: an event has no body"},
        /* Headers that are a list, which is skipped as an unknown field is. */
        {"00000011 8221 07 06 617070656e64 1c 19 08 18 00 00 00",
         "append: an event has no headers"},
        /* A body that is longer than the frame. */
        {"00000010 8221 07 06 617070656e64 1c 1b 00 18 02 00",
         "append breaks Thrift's compact protocol at byte 14"},
        /* A map of numbers. */
        {"00000011 8221 07 06 617070656e64 1c 1b 01 55 01 01 00",
         "append breaks Thrift's compact protocol at byte 14"},
        /* No stop behind the arguments. */
        {"00000010 8221 07 06 617070656e64 1c 1b 00 18 00 00",
         "append breaks Thrift's compact protocol at byte 16"},
        /* A type that there is not. */
        {"0000000c 8221 07 06 617070656e64 1f 00",
         "append breaks Thrift's compact protocol at byte 10"},
    };

    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        fl_buf_clear(&bytes);
        hex_text(&bytes, broken[i].digits);
        for (size_t step = 1; step <= bytes.size; step++) {
            begin(&fl_thrift_flume, FL_THRIFT_COMPACT);
            ck_assert_int_eq(feed(step, NULL), FL_THRIFT_NOTHING);
            ck_assert_uint_eq(calls, 1);
            expect_refusal(7, FL_THRIFT_PROTOCOL_ERROR, broken[i].text);
        }
        feed_hex("00000011 8221 08 06 617070656e64 1c 1b 00 18 00 00 00", NULL);
        ck_assert_uint_eq(calls, 2);
        ck_assert(fl_thrift_server_good(&server));
    }
}
END_TEST

START_TEST(a_call_without_its_argument_is_refused)
{
    /* Nothing, and a number in its place. */
    ck_assert_int_eq(feed_hex("0000000b 8221 07 06 617070656e64 00", NULL), FL_THRIFT_NOTHING);
    expect_refusal(7, FL_THRIFT_INTERNAL_ERROR, "the call has no argument 1 of the right type");
    ck_assert_int_eq(feed_hex("0000000d 8221 07 06 617070656e64 15 02 00", NULL),
                     FL_THRIFT_NOTHING);
    expect_refusal(7, FL_THRIFT_INTERNAL_ERROR, "the call has no argument 1 of the right type");
    ck_assert_uint_eq(calls, 2);
}
END_TEST

START_TEST(unknown_fields_are_skipped)
{
    /* Arguments 7 (a list) and 32000 (a number) around the event, which has a field 3 (a map). */
    ck_assert_int_eq(feed_hex("00000021 8221 07 06 617070656e64 79 25 02 04 0c 02 1b 00 18 01 78"
                              "1b 01 55 02 02 00 05 80f403 06 00",
                              NULL),
                     FL_THRIFT_NOTHING);
    ck_assert_uint_eq(calls, 1);
    ck_assert(fl_thrift_server_good(&server));
    expect_event(0, "x", 1, 0);
    ck_assert_uint_eq(stamp.size, 0);
}
END_TEST

/* Refuses DIGITS, the beginning of a connection, with an error that holds TEXT. */
static void expect_error(enum fl_thrift_protocol protocol, const char *digits, int code,
                         const char *text)
{
    flow_error *err = NULL;

    begin(&fl_thrift_flume, protocol);
    ck_assert_int_eq(feed_hex(digits, &err), code);
    ck_assert_msg(strstr(flow_error_message(err), text), "%s", flow_error_message(err));
    ck_assert_uint_lt(fl_thrift_server_held(&server), 1000);
    flow_error_free(err);
}

START_TEST(what_is_no_call_ends_the_connection)
{
    expect_error(FL_THRIFT_COMPACT, "00000010 80010001 00000003 4c6f67 00000007 00", FLOW_EPARSE,
                 "the peer speaks Thrift's binary protocol, not the compact one");
    expect_error(FL_THRIFT_BINARY, "00000011 8221 08 06 617070656e64 1c 1b 00 18 00 00 00",
                 FLOW_EPARSE, "the peer speaks Thrift's compact protocol, not the binary one");
    expect_error(FL_THRIFT_COMPACT, "00000008 8241 08 01 78 05 00 00", FLOW_EPARSE,
                 "no call of Thrift's compact protocol"); /* a reply */
    expect_error(FL_THRIFT_COMPACT, "00000000", FLOW_EPARSE, "cannot have the size 0");
    expect_error(FL_THRIFT_COMPACT, "ffffffff", FLOW_EPARSE, "cannot have the size -1");
    expect_error(FL_THRIFT_COMPACT, "000186a1", FLOW_ETOOBIG, "100001 bytes is larger than");
    expect_error(FL_THRIFT_COMPACT, "7fffffff", FLOW_ETOOBIG, "2147483647 bytes is larger than");
    expect_error(FL_THRIFT_BINARY, "474554202f20485454502f312e310d0a", FLOW_ETOOBIG,
                 "larger than the 100000"); /* HTTP */
}
END_TEST

/* An event that claims much and brings little holds no more than it brought. */
START_TEST(what_is_claimed_is_not_allocated)
{
    ck_assert_int_eq(feed_hex("00018000 8221 07 06 617070656e64 1c 1b 00 18 e0ff05 7878", NULL),
                     FL_THRIFT_NOTHING);
    ck_assert_uint_eq(calls, 0);
    ck_assert_uint_lt(fl_thrift_server_held(&server), 1000);
}
END_TEST

START_TEST(scribe_entries_become_events)
{
    static const char digits[] =
        /* Log(["web": "one\n", no category: "two", "empty": no message]) with an old head. */
        "00000043 00000003 4c6f67 01 00000009 0f0001 0c 00000003"
        "0b0001 00000003 776562 0b0002 00000004 6f6e650a 00"
        "0b0002 00000003 74776f 00"
        "0b0001 00000005 656d707479 00 00"
        /* And with a new one. */
        "00000018 80010001 00000003 4c6f67 0000000a 0f0001 0c 00000000 00";
    const struct fl_thrift_reply_to to = {
        .protocol = FL_THRIFT_OLD_BINARY, .method = "Log", .seq = 9};
    struct fl_buf out;

    fl_buf_init(&out, NULL);
    hex_text(&bytes, digits);
    for (size_t step = 1; step <= bytes.size; step++) {
        begin(&fl_thrift_scribe, FL_THRIFT_OLD_BINARY);
        ck_assert_int_eq(feed(step, NULL), FL_THRIFT_NOTHING);
        ck_assert_uint_eq(calls, 2);
        ck_assert_uint_eq(flow_batch_count(batch), 3);
        expect_event(0, "one\n", 4, 1);
        expect_header(0, 0, "category", "web");
        expect_event(1, "two", 3, 0);
        expect_event(2, "", 0, 1);
        expect_header(2, 0, "category", "empty");
    }
    fl_buf_clear(&bytes);
    hex_text(&bytes, "00000014 00000003 4c6f67 02 00000009 08 0000 00000001 00");
    ck_assert_int_eq(fl_thrift_put_status(&out, &to, 1), FLOW_OK);
    ck_assert_uint_eq(out.size, bytes.size);
    ck_assert_mem_eq(out.data, bytes.data, out.size);
    fl_buf_free(&out);
}
END_TEST

/* append(timestamp 1, INFO, "foo", nanos 2, "fooHost", {hello: world}), then close(), unframed. */
static const char legacy_calls[] =
    "80010004 00000006 617070656e64 00000001 0c0001"
    "0a0001 0000000000000001 080002 00000003 0b0003 00000003 666f6f 0a0004 0000000000000002"
    "0b0005 00000007 666f6f486f7374 0d0006 0b0b 00000001 00000005 68656c6c6f 00000005 776f726c64"
    "00 00"
    "80010001 00000005 636c6f7365 00000002 00";

START_TEST(old_events_become_todays)
{
    const struct fl_thrift_reply_to to = {
        .protocol = FL_THRIFT_BINARY, .unframed = 1, .method = "close", .seq = 2};
    struct fl_buf out;

    fl_buf_init(&out, NULL);
    hex_text(&bytes, legacy_calls);
    for (size_t step = 1; step <= bytes.size; step++) {
        begin(&fl_thrift_legacy, FL_THRIFT_BINARY);
        ck_assert_int_eq(feed(step, NULL), FL_THRIFT_NOTHING);
        ck_assert_uint_eq(calls, 2);
        ck_assert_str_eq(server.method->name, "close");
        ck_assert_uint_eq(flow_batch_count(batch), 1);
        expect_event(0, "foo", 3, 6);
        expect_header(0, 0, "hello", "world");
        expect_header(0, 1, "host", "fooHost");
        expect_header(0, 2, "timestamp", "1");
        expect_header(0, 3, "pri", "INFO");
        expect_header(0, 4, "nanos", "2");
        expect_header(0, 5, "FlumeOG", "yes");
    }
    fl_buf_clear(&bytes);
    hex_text(&bytes, "80010002 00000005 636c6f7365 00000002 00");
    ck_assert_int_eq(fl_thrift_put_done(&out, &to), FLOW_OK);
    ck_assert_uint_eq(out.size, bytes.size);
    ck_assert_mem_eq(out.data, bytes.data, out.size);
    fl_buf_free(&out);
}
END_TEST

/* As Flume's map of headers would have it: fields replace, only FlumeOG is ours. */
START_TEST(fields_of_old_events_come_before_their_parts)
{
    begin(&fl_thrift_legacy, FL_THRIFT_BINARY);
    ck_assert_int_eq(feed_hex("80010004 00000006 617070656e64 00000001 0c0001 080002 00000009"
                              "0d0006 0b0b 00000002 00000004 686f7374 00000001 78"
                              "00000007 466c756d654f47 00000002 6e6f 0b0005 00000001 79 00 00",
                              NULL),
                     FL_THRIFT_NOTHING);
    expect_event(0, "", 0, 4);
    expect_header(0, 0, "host", "x");
    expect_header(0, 1, "timestamp", "0");
    expect_header(0, 2, "nanos", "0");
    expect_header(0, 3, "FlumeOG", "yes");
}
END_TEST

START_TEST(memory_may_run_out_anywhere)
{
    struct failing failing;
    int64_t granted = 0;
    int rc;

    failing_init(&failing);
    hex_file(&bytes, TEST_DATA "/thrift/compact-appendBatch-request.hex");
    hex_text(&bytes, "0000000f 8221 07 04 70696e67 18 01 78 1c 11 00 00");
    do {
        flow_error *err = NULL;
        struct fl_buf out;
        fl_thrift_server_free(&server);
        fl_draft_free(&draft);
        fl_thrift_server_init(&server, &failing.allocator, &fl_thrift_flume, FL_THRIFT_COMPACT,
                              LIMIT);
        fl_draft_init(&draft, &failing.allocator);
        fl_buf_init(&out, &failing.allocator);
        failing_after(&failing, granted++);
        rc = feed(10, &err);
        if (!rc)
            rc = fl_thrift_put_refusal(&out, &server);
        failing_after(&failing, -1);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
        flow_error_free(err);
        fl_buf_free(&out);
    } while (rc);
    ck_assert_int_gt(granted, 4);
    tear_down();
    ck_assert_int_eq(failing.live, 0);
    set_up();
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"calls", calls_of_flume_are_read_in_pieces_of_any_size},
        {"large", large_calls_come_back_event_by_event},
        {"replies", replies_are_those_of_flume},
        {"unknown_method", an_unknown_method_is_refused_by_its_name},
        {"broken", broken_arguments_are_refused_and_the_connection_goes_on},
        {"no_argument", a_call_without_its_argument_is_refused},
        {"unknown_fields", unknown_fields_are_skipped},
        {"no_call", what_is_no_call_ends_the_connection},
        {"claimed", what_is_claimed_is_not_allocated},
        {"scribe", scribe_entries_become_events},
        {"legacy", old_events_become_todays},
        {"legacy_fields", fields_of_old_events_come_before_their_parts},
        {"memory", memory_may_run_out_anywhere},
    };

    return RUN_SUITE_BETWEEN("thrift server", tests, set_up, tear_down);
}
