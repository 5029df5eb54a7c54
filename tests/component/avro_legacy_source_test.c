/* SPDX-License-Identifier: Apache-2.0 */

/* The source for Avro of Flume 0.9, in a pipeline without sinks: the test takes the events. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "hex.h"
#include "rig.h"
#include "suite.h"

#define HEAD "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: avro/binary\r\n"
#define LENGTH "Content-Length: 88\r\n"

static uint16_t start(struct rig *rig, int capacity)
{
    char text[2048];

    rig_init(rig, 0);
    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
             "a1.channels.c1.capacity = %d\na1.channels.c1.transactionCapacity = %d\n"
             "a1.channels.c1.keep-alive = 0\n"
             "a1.sources.r1.type = org.apache.flume.source.avroLegacy.AvroLegacySource\n"
             "a1.sources.r1.channels = c1\na1.sources.r1.host = 127.0.0.1\n"
             "a1.sources.r1.port = 0\n",
             capacity, capacity);
    rig_build(rig, text);
    rig_start(rig);
    return rig_port(rig);
}

static void finish(struct rig *rig)
{
    rig_stop(rig);
    rig_free(rig);
}

/* The body of a request by Flume's own client, with the digit of its event replaced. */
static void say_append(struct fl_buf *out, char digit)
{
    size_t start = out->size;

    hex_file(out, TEST_DATA "/avro-legacy/append-request.hex");
    uint8_t *place = memmem(out->data + start, out->size - start, "body 0", 6);
    place[5] = (uint8_t)digit;
}

/* A whole request with HEAD, further header lines, and such a body. */
static void say_request(struct fl_buf *out, const char *more, char digit)
{
    ck_assert_int_eq(fl_buf_printf(out, HEAD "%s\r\n", more), FLOW_OK);
    say_append(out, digit);
}

/* Sends BYTES in pieces of STEP, and frees them. */
static void send_all(int fd, struct fl_buf *bytes, size_t step)
{
    for (size_t at = 0; at < bytes->size; at += step)
        client_send(fd, bytes->data + at, bytes->size - at < step ? bytes->size - at : step);
    fl_buf_free(bytes);
}

static void send_request(int fd, const char *more, char digit)
{
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    say_request(&bytes, more, digit);
    send_all(fd, &bytes, 1000);
}

/* The answer to an append that went well; KEPT: the connection goes on. */
static void expect_done(int fd, int kept)
{
    struct fl_buf answer;

    fl_buf_init(&answer, NULL);
    ck_assert_int_eq(fl_buf_printf(&answer,
                                   "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n"
                                   "Content-Type: avro/binary\r\nConnection: %s\r\n\r\n",
                                   kept ? "keep-alive" : "close"),
                     FLOW_OK);
    hex_file(&answer, TEST_DATA "/avro-legacy/append-response.hex");
    client_expect_bytes(fd, answer.data, answer.size);
    fl_buf_free(&answer);
}

static void expect_header(const flow_event *event, const char *name, const char *value)
{
    ck_assert_str_eq(flow_event_header(event, name, NULL), value);
}

/* Takes the next event, which may take its time, and looks at all of it. */
static void expect_event(struct rig *rig, char digit)
{
    const flow_event *const *events;
    size_t count;
    size_t size;
    flow_txn *txn;

    ck_assert_int_eq(flow_txn_begin(rig_channel(rig, "c1"), &txn, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_take(txn, 1, 20000, &events, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 1);
    const char *body = flow_event_body(events[0], &size);
    ck_assert_uint_eq(size, 6);
    ck_assert_mem_eq(body, "body ", 5);
    ck_assert_int_eq(body[5], digit);
    ck_assert_uint_eq(flow_event_header_count(events[0]), 6);
    expect_header(events[0], "host", "myhost");
    expect_header(events[0], "timestamp", "1000");
    expect_header(events[0], "pri", "WARN");
    expect_header(events[0], "nanos", "7");
    expect_header(events[0], "hello", "w\xc3\xb6rld");
    expect_header(events[0], "FlumeOG", "yes");
    ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
}

START_TEST(requests_of_flumes_client_become_events)
{
    struct rig rig;
    int fd = client_open(start(&rig, 100));

    for (size_t step = 1; step < 1000; step = step * 7 + 1) {
        struct fl_buf bytes;
        fl_buf_init(&bytes, NULL);
        say_request(&bytes, LENGTH, '1');
        say_request(&bytes, LENGTH, '2');
        send_all(fd, &bytes, step);
        expect_done(fd, 1);
        expect_done(fd, 1);
        expect_event(&rig, '1');
        expect_event(&rig, '2');
    }
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(bodies_may_come_in_chunks)
{
    struct rig rig;
    struct fl_buf bytes;
    struct fl_buf body;
    int fd = client_open(start(&rig, 100));

    fl_buf_init(&bytes, NULL);
    fl_buf_init(&body, NULL);
    say_append(&body, '1');
    ck_assert_int_eq(fl_buf_text(&bytes, HEAD "Transfer-Encoding: chunked\r\n\r\n8\r\n"), FLOW_OK);
    ck_assert_int_eq(fl_buf_append(&bytes, body.data, 8), FLOW_OK);
    ck_assert_int_eq(fl_buf_text(&bytes, "\r\n50\r\n"), FLOW_OK);
    ck_assert_int_eq(fl_buf_append(&bytes, body.data + 8, 80), FLOW_OK);
    ck_assert_int_eq(fl_buf_text(&bytes, "\r\n0\r\n\r\n"), FLOW_OK);
    send_all(fd, &bytes, 1000);
    expect_done(fd, 1);
    expect_event(&rig, '1');
    fl_buf_free(&body);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(who_waits_for_a_word_gets_it)
{
    struct rig rig;
    struct fl_buf body;
    int fd = client_open(start(&rig, 100));

    fl_buf_init(&body, NULL);
    say_append(&body, '1');
    client_text(fd, HEAD LENGTH "Expect: 100-continue\r\n\r\n");
    client_expect(fd, "HTTP/1.1 100 Continue\r\n\r\n");
    send_all(fd, &body, 1000);
    expect_done(fd, 1);
    expect_event(&rig, '1');
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(the_connection_ends_when_the_peer_wants_it)
{
    struct rig rig;
    int fd = client_open(start(&rig, 100));

    send_request(fd, LENGTH "Connection: close\r\n", '1');
    expect_done(fd, 0);
    client_expect_end(fd);
    expect_event(&rig, '1');
    ck_assert_int_eq(rig_metric(&rig, "r1", "ConnectionBrokenCount"), 0);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(an_answer_waits_for_room)
{
    struct rig rig;
    int fd = client_open(start(&rig, 1));

    send_request(fd, LENGTH, '1');
    expect_done(fd, 1);
    send_request(fd, LENGTH, '2');
    rig_await(&rig, "r1", "EventReceivedCount", 2);
    expect_event(&rig, '1');
    expect_done(fd, 1);
    expect_event(&rig, '2');
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(what_waits_when_the_source_stops_is_answered_with_an_error)
{
    struct rig rig;
    char answer[200] = "";
    int fd = client_open(start(&rig, 1));

    send_request(fd, LENGTH, '1');
    expect_done(fd, 1);
    send_request(fd, LENGTH, '2');
    rig_await(&rig, "r1", "EventReceivedCount", 2);
    rig_stop(&rig);
    client_read(fd, answer, 60);
    ck_assert_ptr_nonnull(strstr(answer, "HTTP/1.1 200 OK\r\n"));
    ck_assert_ptr_null(strstr(answer, "Content-Length: 22\r\n"));
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventRefusedCount"), 1);
    close(fd);
    rig_free(&rig);
}
END_TEST

/* What is no call, and the answer that it gets before the connection ends. */
static void expect_status(uint16_t port, const char *text, const char *answer)
{
    int fd = client_open(port);

    client_text(fd, text);
    client_expect(fd, answer);
    client_expect_end(fd);
    close(fd);
}

#define ENDS "Content-Length: 0\r\nConnection: close\r\n\r\n"

START_TEST(what_is_no_call_is_told_why)
{
    struct rig rig;
    uint16_t port = start(&rig, 100);

    expect_status(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                  "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nAllow: POST\r\n"
                  "Connection: close\r\n\r\n");
    expect_status(port, HEAD "\r\n", "HTTP/1.1 411 Length Required\r\n" ENDS);
    expect_status(port, HEAD "Content-Length: 268435457\r\n\r\n",
                  "HTTP/1.1 413 Payload Too Large\r\n" ENDS);
    expect_status(port, "hello\r\n", "HTTP/1.1 400 Bad Request\r\n" ENDS);
    expect_status(port, HEAD "Content-Length: 2\r\n\r\n{}", "HTTP/1.1 400 Bad Request\r\n" ENDS);
    ck_assert_int_eq(rig_metric(&rig, "r1", "ConnectionBrokenCount"), 5);
    ck_assert_uint_eq(flow_channel_size(rig_channel(&rig, "c1")), 0);
    finish(&rig);
}
END_TEST

/* What answers a call of no message, as the client of Avro expects it. */
static void expect_unknown(int fd)
{
    struct fl_buf answer;

    fl_buf_init(&answer, NULL);
    ck_assert_int_eq(fl_buf_text(&answer, "HTTP/1.1 200 OK\r\nContent-Length: 84\r\n"
                                          "Content-Type: avro/binary\r\n"
                                          "Connection: keep-alive\r\n\r\n"),
                     FLOW_OK);
    hex_text(&answer, "00000004 00000000 00000001 00 0000003f 01 00 78");
    ck_assert_int_eq(fl_buf_text(&answer, "org.apache.avro.AvroRuntimeException: "
                                          "No such remote message"),
                     FLOW_OK);
    hex_text(&answer, "00000000");
    client_expect_bytes(fd, answer.data, answer.size);
    fl_buf_free(&answer);
}

START_TEST(a_call_of_another_message_is_refused_and_the_connection_goes_on)
{
    struct rig rig;
    struct fl_buf bytes;
    int fd = client_open(start(&rig, 100));

    fl_buf_init(&bytes, NULL);
    say_request(&bytes, LENGTH, '1');
    uint8_t *name = memmem(bytes.data, bytes.size, "append", 6);
    memcpy(name, "remove", 6);
    say_request(&bytes, LENGTH, '2');
    send_all(fd, &bytes, 1000);
    expect_unknown(fd);
    expect_done(fd, 1);
    expect_event(&rig, '2');
    ck_assert_int_eq(rig_metric(&rig, "r1", "CallRefusedCount"), 1);
    close(fd);
    finish(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"flume", requests_of_flumes_client_become_events},
        {"chunks", bodies_may_come_in_chunks},
        {"continue", who_waits_for_a_word_gets_it},
        {"close", the_connection_ends_when_the_peer_wants_it},
        {"full", an_answer_waits_for_room},
        {"stop", what_waits_when_the_source_stops_is_answered_with_an_error},
        {"no call", what_is_no_call_is_told_why},
        {"another message", a_call_of_another_message_is_refused_and_the_connection_goes_on},
    };

    return RUN_SUITE("avro legacy source", tests);
}
