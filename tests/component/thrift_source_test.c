/* SPDX-License-Identifier: Apache-2.0 */

/* The Thrift source in a pipeline without sinks: the test itself takes the events. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "hex.h"
#include "rig.h"
#include "suite.h"
#include "thrift_client.h"

enum { OK = 0, FAILED = 1 };

static const char *const protocols[] = {"compact", "binary"};

/* Which of them the tests speak. */
static int binary;

static void speak_compact(void)
{
    binary = 0;
}

static void speak_binary(void)
{
    binary = 1;
}

/* Builds and starts a source to channel c1 and, with SETTINGS, whatever else. */
static uint16_t start(struct rig *rig, int capacity, const char *settings)
{
    char text[2048];

    rig_init(rig, 0);
    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
             "a1.channels.c1.capacity = %d\na1.channels.c1.transactionCapacity = %d\n"
             "a1.channels.c1.keep-alive = 0\n"
             "a1.sources.r1.type = org.apache.flume.source.ThriftSource\n"
             "a1.sources.r1.channels = c1\na1.sources.r1.protocol = %s\n"
             "a1.sources.r1.bind = 127.0.0.1\na1.sources.r1.port = 0\n%s",
             capacity, capacity, protocols[binary], settings);
    rig_build(rig, text);
    rig_start(rig);
    return rig_port(rig);
}

static void finish(struct rig *rig)
{
    rig_stop(rig);
    rig_free(rig);
}

static uint64_t size_of(struct rig *rig, const char *channel)
{
    return flow_channel_size(rig_channel(rig, channel));
}

/* Takes exactly the numbers from FIRST on, COUNT of them. */
static void expect_numbers(struct rig *rig, const char *channel, unsigned first, unsigned count)
{
    struct rig_bodies *bodies = malloc(sizeof *bodies);

    rig_take(rig, channel, bodies);
    rig_expect(bodies, first, count);
    free(bodies);
}

struct expected {
    const char *name;
    const char *value;
    const void *body;
    size_t size;
};

/* Takes one event, which is as EXPECTED. */
static void take_one(struct rig *rig, const char *channel, const struct expected *expected)
{
    const flow_event *const *events;
    size_t count;
    size_t size;
    flow_txn *txn;

    ck_assert_int_eq(flow_txn_begin(rig_channel(rig, channel), &txn, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_take(txn, 1, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 1);
    const void *body = flow_event_body(events[0], &size);
    ck_assert_uint_eq(size, expected->size);
    if (size > 0)
        ck_assert_mem_eq(body, expected->body, size);
    ck_assert_uint_eq(flow_event_header_count(events[0]), expected->name != NULL);
    if (expected->name)
        ck_assert_str_eq(flow_event_header(events[0], expected->name, NULL), expected->value);
    ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
}

START_TEST(headers_and_bodies_arrive_as_they_are)
{
    static const struct expected all[] = {
        {NULL, NULL, "plain", 5},
        {NULL, NULL, NULL, 0},
        {"name", "value", "\0\1\n\r\xff\xfe", 6},
        {"", "", "empty names", 11},
        {"k\xc3\xa9y", "\xe4\xb8\xad", "", 0},
    };
    size_t count = sizeof all / sizeof all[0];
    struct rig rig;
    struct fl_buf events;
    struct fl_buf call;
    int fd = client_open(start(&rig, 100, ""));

    fl_buf_init(&events, NULL);
    fl_buf_init(&call, NULL);
    for (size_t i = 0; i < count; i++)
        say_event(&events, binary, all[i].name, all[i].value, all[i].body, all[i].size);
    say_batch(&call, binary, 1, &events, count);
    client_send(fd, call.data, call.size);
    thrift_client_expect(fd, binary, 1, "appendBatch", OK);
    for (size_t i = 0; i < count; i++)
        take_one(&rig, "c1", &all[i]);
    fl_buf_free(&events);
    fl_buf_free(&call);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(large_bodies_arrive_whole)
{
    const size_t size = 3 << 20;
    struct rig rig;
    char *body = malloc(size);
    int fd = client_open(start(&rig, 100, ""));

    for (size_t i = 0; i < size; i++)
        body[i] = (char)(i * 7 + i / 8192);
    for (uint32_t i = 0; i < 4; i++) {
        struct fl_buf event;
        struct fl_buf call;
        fl_buf_init(&event, NULL);
        fl_buf_init(&call, NULL);
        say_event(&event, binary, "n", "1", body, size - i);
        say_append(&call, binary, i, &event);
        client_send(fd, call.data, call.size);
        fl_buf_free(&event);
        fl_buf_free(&call);
    }
    for (uint32_t i = 0; i < 4; i++) {
        thrift_client_expect(fd, binary, i, "append", OK);
        take_one(&rig, "c1", &(struct expected){"n", "1", body, size - i});
    }
    free(body);
    close(fd);
    finish(&rig);
}
END_TEST

/* Sends a request of Flume's client and expects the answer of Flume's source. */
static void exchange(int fd, const char *name)
{
    struct fl_buf bytes;
    char path[256];

    fl_buf_init(&bytes, NULL);
    snprintf(path, sizeof path, TEST_DATA "/thrift/%s-%s-request.hex", protocols[binary], name);
    hex_file(&bytes, path);
    client_send(fd, bytes.data, bytes.size);
    fl_buf_clear(&bytes);
    snprintf(path, sizeof path, TEST_DATA "/thrift/%s-%s-response.hex", protocols[binary], name);
    hex_file(&bytes, path);
    client_expect_bytes(fd, bytes.data, bytes.size);
    fl_buf_free(&bytes);
}

START_TEST(flumes_client_gets_flumes_answers)
{
    struct rig rig;
    int fd = client_open(start(&rig, 100, ""));

    exchange(fd, "append");
    exchange(fd, "append-empty");
    exchange(fd, "appendBatch");
    ck_assert_uint_eq(size_of(&rig, "c1"), 5);
    close(fd);
    finish(&rig);
}
END_TEST

static int has_answer(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

START_TEST(ok_comes_once_every_required_channel_has_committed)
{
    struct rig rig;
    int fd = client_open(start(&rig, 100,
                               "a1.channels = c1 c2\na1.sources.r1.channels = c1 c2\n"
                               "a1.channels.c2.type = memory\na1.channels.c2.capacity = 2\n"
                               "a1.channels.c2.transactionCapacity = 2\n"
                               "a1.channels.c2.keep-alive = 60\n"));

    thrift_client_send(fd, binary, 1, 0, 2);
    thrift_client_expect(fd, binary, 1, "appendBatch", OK);
    thrift_client_send(fd, binary, 2, 2, 2);
    rig_await(&rig, "c1", "ChannelSize", 4);
    ck_assert(!has_answer(fd));
    take_one(&rig, "c2", &(struct expected){.body = "0", .size = 1});
    take_one(&rig, "c2", &(struct expected){.body = "1", .size = 1});
    thrift_client_expect(fd, binary, 2, "appendBatch", OK);
    expect_numbers(&rig, "c2", 2, 2);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(a_full_channel_is_answered_with_failed)
{
    struct rig rig;
    int fd = client_open(start(&rig, 3, ""));

    thrift_client_send(fd, binary, 1, 0, 2);
    thrift_client_expect(fd, binary, 1, "appendBatch", OK);
    thrift_client_send(fd, binary, 2, 2, 2);
    thrift_client_expect(fd, binary, 2, "appendBatch", FAILED);
    expect_numbers(&rig, "c1", 0, 2);
    thrift_client_send(fd, binary, 3, 2, 2);
    thrift_client_expect(fd, binary, 3, "appendBatch", OK);
    expect_numbers(&rig, "c1", 2, 2);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventRefusedCount"), 2);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventAcceptedCount"), 4);
    close(fd);
    finish(&rig);
}
END_TEST

/* A call that cannot be executed, and the answer that it gets. */
static void send_bad(int fd, uint32_t seq, const char *method, const char *arguments)
{
    struct fl_buf bytes;
    struct fl_buf call;

    fl_buf_init(&bytes, NULL);
    fl_buf_init(&call, NULL);
    hex_text(&bytes, arguments);
    say_call(&call, binary, seq, method, &bytes);
    client_send(fd, call.data, call.size);
    fl_buf_free(&bytes);
    fl_buf_free(&call);
}

/* Good calls, calls of no method, of no event and with half an event, all sent before an answer. */
START_TEST(calls_in_flight_are_answered_in_order)
{
    static const char *const half[] = {"1c1b0000", "0c00010d00010b0b000000000000"};
    struct rig rig;
    int fd = client_open(start(&rig, 2000, ""));

    for (uint32_t i = 0; i < 100; i++) {
        thrift_client_send(fd, binary, i, i * 5, 5);
        send_bad(fd, i, "ping", "00");
        thrift_client_send(fd, binary, i, 0, 0);
        send_bad(fd, i, "append", half[binary]);
        send_bad(fd, i, "append", "00");
    }
    for (uint32_t i = 0; i < 100; i++) {
        thrift_client_expect(fd, binary, i, "appendBatch", OK);
        thrift_client_expect_error(fd, binary, i, "Invalid method name: 'ping'");
        thrift_client_expect(fd, binary, i, "appendBatch", OK);
        thrift_client_expect_error(fd, binary, i, "append: an event has no body");
        thrift_client_expect_error(fd, binary, i, "the call has no argument 1 of the right type");
    }
    expect_numbers(&rig, "c1", 0, 500);
    ck_assert_int_eq(rig_metric(&rig, "r1", "CallRefusedCount"), 300);
    close(fd);
    finish(&rig);
}
END_TEST

/* The events before the one that is broken are not kept either. */
START_TEST(a_broken_call_brings_nothing)
{
    struct rig rig;
    struct fl_buf events;
    struct fl_buf call;
    int fd = client_open(start(&rig, 100, ""));

    fl_buf_init(&events, NULL);
    fl_buf_init(&call, NULL);
    say_event(&events, binary, NULL, NULL, "one", 3);
    say_event(&events, binary, NULL, NULL, "two", 3);
    ck_assert_int_eq(fl_buf_append(&events, "\0", 1), FLOW_OK);
    say_batch(&call, binary, 1, &events, 3);
    say_numbers(&call, binary, 2, 7, 1);
    client_send(fd, call.data, call.size);
    thrift_client_expect_error(fd, binary, 1, "appendBatch: an event has no body");
    thrift_client_expect(fd, binary, 2, "appendBatch", OK);
    expect_numbers(&rig, "c1", 7, 1);
    fl_buf_free(&events);
    fl_buf_free(&call);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(a_slow_sender_holds_nobody_up)
{
    struct rig rig;
    struct fl_buf call;
    uint16_t port = start(&rig, 4000, "");
    int slow = client_open(port);
    int quick = client_open(port);

    fl_buf_init(&call, NULL);
    say_numbers(&call, binary, 9, 1000, 20);
    for (uint32_t i = 0; i < call.size; i++) {
        client_send(slow, call.data + i, 1);
        thrift_client_send(quick, binary, i, i, 1);
        thrift_client_expect(quick, binary, i, "appendBatch", OK);
        if (i + 1 < call.size)
            ck_assert_uint_eq(size_of(&rig, "c1"), i + 1);
    }
    thrift_client_expect(slow, binary, 9, "appendBatch", OK);
    ck_assert_uint_eq(size_of(&rig, "c1"), call.size + 20);
    fl_buf_free(&call);
    close(slow);
    close(quick);
    finish(&rig);
}
END_TEST

START_TEST(a_call_without_an_end_is_not_delivered)
{
    struct rig rig;
    struct fl_buf call;
    int fd = client_open(start(&rig, 4000, ""));

    fl_buf_init(&call, NULL);
    say_numbers(&call, binary, 1, 0, 100);
    client_send(fd, call.data, call.size - 1);
    client_end(fd);
    client_expect_end(fd);
    ck_assert_uint_eq(size_of(&rig, "c1"), 0);
    ck_assert_int_eq(rig_metric(&rig, "r1", "RequestUnfinishedCount"), 1);
    fl_buf_free(&call);
    close(fd);
    finish(&rig);
}
END_TEST

/* Sends what ends the connection, behind a call that is still answered. */
static void expect_refused(struct rig *rig, uint16_t port, const void *bytes, size_t size)
{
    int fd = client_open(port);

    thrift_client_send(fd, binary, 2, 0, 10);
    client_send(fd, bytes, size);
    thrift_client_expect(fd, binary, 2, "appendBatch", OK);
    client_expect_end(fd);
    expect_numbers(rig, "c1", 0, 10);
    close(fd);
}

START_TEST(what_is_no_call_ends_the_connection_alone)
{
    static const char http[] = "GET / HTTP/1.0\r\n\r\n";
    struct rig rig;
    struct fl_buf foreign;
    uint16_t port = start(&rig, 4000, "");
    int other = client_open(port);

    fl_buf_init(&foreign, NULL);
    say_numbers(&foreign, !binary, 1, 0, 1);
    thrift_client_send(other, binary, 1, 10, 10);
    thrift_client_expect(other, binary, 1, "appendBatch", OK);
    expect_numbers(&rig, "c1", 10, 10);
    expect_refused(&rig, port, "\x7f\xff\xff\xff", 4);
    expect_refused(&rig, port, "\0\0\0\0", 4);
    expect_refused(&rig, port, http, sizeof http - 1);
    expect_refused(&rig, port, foreign.data, foreign.size);
    thrift_client_send(other, binary, 2, 20, 10);
    thrift_client_expect(other, binary, 2, "appendBatch", OK);
    expect_numbers(&rig, "c1", 20, 10);
    ck_assert_int_eq(rig_metric(&rig, "r1", "ConnectionBrokenCount"), 4);
    ck_assert_uint_eq(rig_logged(&rig, "a Thrift frame of 2147483647 bytes"), 1);
    ck_assert_uint_eq(rig_logged(&rig, binary ? "the peer speaks Thrift's compact protocol"
                                              : "the peer speaks Thrift's binary protocol"),
                      1);
    fl_buf_free(&foreign);
    close(other);
    finish(&rig);
}
END_TEST

START_TEST(stopping_does_not_wait_for_room_and_says_failed)
{
    struct rig rig;
    int fd = client_open(start(&rig, 2, "a1.channels.c1.keep-alive = 3600\n"));

    thrift_client_send(fd, binary, 1, 0, 2);
    thrift_client_expect(fd, binary, 1, "appendBatch", OK);
    thrift_client_send(fd, binary, 2, 2, 2);
    rig_await(&rig, "r1", "EventReceivedCount", 4);
    rig_stop(&rig);
    thrift_client_expect(fd, binary, 2, "appendBatch", FAILED);
    client_expect_end(fd);
    close(fd);
    rig_free(&rig);
}
END_TEST

START_TEST(kerberos_is_refused_at_the_start)
{
    struct rig rig;
    flow_error *err = NULL;

    rig_init(&rig, 0);
    ck_assert_int_eq(rig_try_build(&rig,
                                   "a1.sources = r1\na1.channels = c1\n"
                                   "a1.channels.c1.type = memory\na1.sources.r1.type = thrift\n"
                                   "a1.sources.r1.channels = c1\na1.sources.r1.bind = 127.0.0.1\n"
                                   "a1.sources.r1.port = 0\na1.sources.r1.kerberos = true\n",
                                   0, &err),
                     FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "Kerberos"));
    flow_error_free(err);
    rig_free(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"bytes", headers_and_bodies_arrive_as_they_are},
        {"large bodies", large_bodies_arrive_whole},
        {"flume", flumes_client_gets_flumes_answers},
        {"commit", ok_comes_once_every_required_channel_has_committed},
        {"full channel", a_full_channel_is_answered_with_failed},
        {"order", calls_in_flight_are_answered_in_order},
        {"broken", a_broken_call_brings_nothing},
        {"slow sender", a_slow_sender_holds_nobody_up},
        {"unfinished", a_call_without_an_end_is_not_delivered},
        {"no call", what_is_no_call_ends_the_connection_alone},
        {"stop when full", stopping_does_not_wait_for_room_and_says_failed},
        {"kerberos", kerberos_is_refused_at_the_start},
    };
    int compact = RUN_SUITE_BETWEEN("thrift source, compact", tests, speak_compact, NULL);

    return RUN_SUITE_BETWEEN("thrift source, binary", tests, speak_binary, NULL) || compact;
}
