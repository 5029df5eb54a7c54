/* SPDX-License-Identifier: Apache-2.0 */

/* The Avro source in a pipeline without sinks: the test itself takes the events. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zlib.h>

#include "avro_client.h"
#include "await.h"
#include "client.h"
#include "parts.h"
#include "rig.h"
#include "suite.h"

/* Builds and starts a source to channels c1 and, with SETTINGS, whatever else, in a rig that is
 * made. */
static uint16_t start_in(struct rig *rig, int capacity, const char *settings)
{
    char text[2048];

    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
             "a1.channels.c1.capacity = %d\na1.channels.c1.transactionCapacity = %d\n"
             "a1.channels.c1.keep-alive = 0\n"
             "a1.sources.r1.type = avro\na1.sources.r1.channels = c1\n"
             "a1.sources.r1.bind = 127.0.0.1\na1.sources.r1.port = 0\n%s",
             capacity, capacity, settings);
    rig_build(rig, text);
    rig_start(rig);
    return rig_port(rig);
}

static uint16_t start(struct rig *rig, int capacity, const char *settings)
{
    rig_init(rig, 0);
    return start_in(rig, capacity, settings);
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

/* Takes one event, of which FN looks at what it wants. */
static void take_one(struct rig *rig, const char *channel,
                     void (*fn)(const flow_event *event, const void *arg), const void *arg)
{
    const flow_event *const *events;
    size_t count;
    flow_txn *txn;

    ck_assert_int_eq(flow_txn_begin(rig_channel(rig, channel), &txn, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_take(txn, 1, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 1);
    fn(events[0], arg);
    ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
}

/* ---- what arrives ---- */

struct expected {
    const char *name;
    const char *value;
    const void *body;
    size_t size;
};

static void look(const flow_event *event, const void *arg)
{
    const struct expected *expected = arg;
    size_t size;
    const void *body = flow_event_body(event, &size);

    ck_assert_uint_eq(size, expected->size);
    if (size > 0)
        ck_assert_mem_eq(body, expected->body, size);
    ck_assert_uint_eq(flow_event_header_count(event), expected->name != NULL);
    if (expected->name)
        ck_assert_str_eq(flow_event_header(event, expected->name, NULL), expected->value);
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
    struct fl_buf arguments;
    int fd = avro_client_open(start(&rig, 100, ""));

    fl_buf_init(&arguments, NULL);
    speak_long(&arguments, (int64_t)count);
    for (size_t i = 0; i < count; i++)
        speak_event(&arguments, all[i].name, all[i].value, all[i].body, all[i].size);
    speak_long(&arguments, 0);
    avro_client_call(fd, 2, "appendBatch", &arguments);
    avro_client_expect(fd, 2, FL_AVRO_OK);
    for (size_t i = 0; i < count; i++)
        take_one(&rig, "c1", look, &all[i]);
    fl_buf_free(&arguments);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(large_bodies_arrive_whole)
{
    const size_t size = 3 << 20;
    struct rig rig;
    char *body = malloc(size);
    int fd = avro_client_open(start(&rig, 100, ""));

    for (size_t i = 0; i < size; i++)
        body[i] = (char)(i * 7 + i / 8192);
    for (uint32_t i = 0; i < 4; i++)
        avro_client_append(fd, 2 + i, body, size - i);
    for (uint32_t i = 0; i < 4; i++) {
        const struct expected expected = {.body = body, .size = size - i};
        avro_client_expect(fd, 2 + i, FL_AVRO_OK);
        take_one(&rig, "c1", look, &expected);
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
    char file[64];

    fl_buf_init(&bytes, NULL);
    snprintf(file, sizeof file, "%s-request", name);
    speak_hex(&bytes, TEST_DATA "/avro-ipc", file);
    client_send(fd, bytes.data, bytes.size);
    fl_buf_clear(&bytes);
    snprintf(file, sizeof file, "%s-response", name);
    speak_hex(&bytes, TEST_DATA "/avro-ipc", file);
    client_expect_bytes(fd, bytes.data, bytes.size);
    fl_buf_free(&bytes);
}

START_TEST(flumes_client_gets_flumes_answers)
{
    struct rig rig;
    uint16_t port = start(&rig, 100, "");
    int fd = client_open(port);
    int foreign = client_open(port);

    exchange(fd, "append");
    exchange(fd, "append-empty");
    exchange(foreign, "foreign-none");
    exchange(fd, "appendBatch");
    exchange(foreign, "foreign-append");
    exchange(foreign, "foreign-unknown-message");
    ck_assert_uint_eq(size_of(&rig, "c1"), 6);
    close(fd);
    close(foreign);
    finish(&rig);
}
END_TEST

/* The answers are compressed by another zlib than Flume's: what counts is what they unpack to. */
static void deflated_exchange(int fd, z_stream *in, const char *name)
{
    uint8_t packed[4096];
    uint8_t plain[4096];
    struct fl_buf bytes;
    char file[64];

    fl_buf_init(&bytes, NULL);
    snprintf(file, sizeof file, "deflate-%s-request", name);
    speak_hex(&bytes, TEST_DATA "/avro-ipc", file);
    client_send(fd, bytes.data, bytes.size);
    fl_buf_clear(&bytes);
    snprintf(file, sizeof file, "%s-response", name);
    speak_hex(&bytes, TEST_DATA "/avro-ipc", file);
    in->next_out = plain;
    in->avail_out = sizeof plain;
    while (sizeof plain - in->avail_out < bytes.size) {
        ssize_t size = recv(fd, packed, sizeof packed, 0);
        ck_assert_int_gt(size, 0);
        in->next_in = packed;
        in->avail_in = (unsigned)size;
        ck_assert_int_eq(inflate(in, Z_SYNC_FLUSH), Z_OK);
    }
    ck_assert_uint_eq(sizeof plain - in->avail_out, bytes.size);
    ck_assert_mem_eq(plain, bytes.data, bytes.size);
    fl_buf_free(&bytes);
}

/* Says hello as a client with HASH and perhaps its PROTOCOL; returns how it matches. */
static unsigned hello(uint16_t port, const uint8_t *hash, const char *protocol)
{
    struct fl_buf payload;
    struct fl_buf frame;
    int fd = client_open(port);

    fl_buf_init(&payload, NULL);
    fl_buf_init(&frame, NULL);
    speak_handshake(&payload, hash, protocol, speak_flume_hash);
    speak_call(&payload, "");
    speak_frame(&frame, 1, &payload, 0);
    client_send(fd, frame.data, frame.size);
    fl_buf_free(&payload);
    fl_buf_free(&frame);
    ck_assert_uint_eq(avro_client_read(fd, &payload), 1);
    unsigned match = payload.data[0] / 2u;
    fl_buf_free(&payload);
    close(fd);
    return match;
}

START_TEST(a_protocol_is_shown_once_for_all_connections)
{
    static const uint8_t hash[SPEAK_HASH] = "one of theirs...";
    static const uint8_t other[SPEAK_HASH] = "and another.....";
    struct rig rig;
    uint16_t port = start(&rig, 100, "a1.sources.r1.threads = 2\n");

    ck_assert_uint_eq(hello(port, hash, NULL), FL_AVRO_NONE);
    ck_assert_uint_eq(hello(port, hash, "{}"), FL_AVRO_BOTH);
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(hello(port, hash, NULL), FL_AVRO_BOTH);
    ck_assert_uint_eq(hello(port, other, NULL), FL_AVRO_NONE);
    finish(&rig);
}
END_TEST

START_TEST(flumes_client_may_compress)
{
    struct rig rig;
    struct fl_buf end;
    z_stream in = {0};
    int fd = client_open(start(&rig, 100, "a1.sources.r1.compression-type = deflate\n"));

    ck_assert_int_eq(inflateInit(&in), Z_OK);
    deflated_exchange(fd, &in, "append");
    deflated_exchange(fd, &in, "append-empty");
    deflated_exchange(fd, &in, "appendBatch");
    fl_buf_init(&end, NULL);
    speak_hex(&end, TEST_DATA "/avro-ipc", "deflate-end-request");
    client_send(fd, end.data, end.size);
    client_end(fd);
    ck_assert_uint_eq(size_of(&rig, "c1"), 5);
    fl_buf_free(&end);
    inflateEnd(&in);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(what_is_not_compressed_ends_the_connection)
{
    struct rig rig;
    uint16_t port = start(&rig, 100, "a1.sources.r1.compression-type = deflate\n");
    int fd = client_open(port);

    client_text(fd, "\001\001\001\001\001\001\001\001");
    client_refused(fd);
    rig_await(&rig, "r1", "ConnectionBrokenCount", 1);
    close(fd);
    finish(&rig);
}
END_TEST

/* ---- answers ---- */

static int has_answer(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

START_TEST(ok_comes_once_every_required_channel_has_committed)
{
    static const struct expected first[] = {{.body = "0", .size = 1}, {.body = "1", .size = 1}};
    struct rig rig;
    uint16_t port = start(&rig, 100,
                          "a1.channels = c1 c2\na1.sources.r1.channels = c1 c2\n"
                          "a1.channels.c2.type = memory\na1.channels.c2.capacity = 2\n"
                          "a1.channels.c2.transactionCapacity = 2\n"
                          "a1.channels.c2.keep-alive = 60\n");
    int fd = avro_client_open(port);

    avro_client_send(fd, 2, 0, 2);
    avro_client_expect(fd, 2, FL_AVRO_OK);
    avro_client_send(fd, 3, 2, 2);
    rig_await(&rig, "c1", "ChannelSize", 4);
    ck_assert(!has_answer(fd));
    take_one(&rig, "c2", look, &first[0]);
    ck_assert(!has_answer(fd));
    take_one(&rig, "c2", look, &first[1]);
    avro_client_expect(fd, 3, FL_AVRO_OK);
    expect_numbers(&rig, "c2", 2, 2);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(a_full_channel_is_answered_with_failed)
{
    struct rig rig;
    int fd = avro_client_open(start(&rig, 3, ""));

    avro_client_send(fd, 2, 0, 2);
    avro_client_expect(fd, 2, FL_AVRO_OK);
    avro_client_send(fd, 3, 2, 2);
    avro_client_expect(fd, 3, FL_AVRO_FAILED);
    expect_numbers(&rig, "c1", 0, 2);
    avro_client_send(fd, 4, 2, 2);
    avro_client_expect(fd, 4, FL_AVRO_OK);
    expect_numbers(&rig, "c1", 2, 2);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventRefusedCount"), 2);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventAcceptedCount"), 4);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(a_call_larger_than_a_transaction_is_taken)
{
    struct rig rig;
    int fd = avro_client_open(start(&rig, 2000, "a1.channels.c1.transactionCapacity = 7\n"));

    avro_client_send(fd, 2, 0, 1000);
    avro_client_send(fd, 3, 1000, 3);
    avro_client_expect(fd, 2, FL_AVRO_OK);
    avro_client_expect(fd, 3, FL_AVRO_OK);
    expect_numbers(&rig, "c1", 0, 1003);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(calls_in_flight_are_answered_in_order)
{
    struct rig rig;
    struct fl_buf none;
    int fd = avro_client_open(start(&rig, 2000, ""));
    uint32_t serial = 2;

    fl_buf_init(&none, NULL);
    for (unsigned i = 0; i < 200; i++) {
        avro_client_send(fd, serial++, i * 5, 5);
        avro_client_call(fd, serial++, "nothing", &none);
        avro_client_send(fd, serial++, 0, 0);
        avro_client_call(fd, serial++, "appendBatch", &none);
    }
    serial = 2;
    for (unsigned i = 0; i < 200; i++) {
        avro_client_expect(fd, serial++, FL_AVRO_OK);
        avro_client_expect_error(fd, serial++, "No such remote message: nothing");
        avro_client_expect(fd, serial++, FL_AVRO_OK);
        avro_client_expect_error(fd, serial++, "java.io.EOFException");
    }
    expect_numbers(&rig, "c1", 0, 1000);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(a_failure_is_told_to_those_who_shared_it)
{
    struct rig rig;
    uint16_t port = start(&rig, 4, "");
    int fds[3];

    for (int i = 0; i < 3; i++)
        fds[i] = avro_client_open(port);
    avro_client_send(fds[0], 2, 0, 3);
    avro_client_expect(fds[0], 2, FL_AVRO_OK);
    for (int i = 0; i < 3; i++)
        avro_client_send(fds[i], 3, 100, 2);
    for (int i = 0; i < 3; i++)
        avro_client_expect(fds[i], 3, FL_AVRO_FAILED);
    expect_numbers(&rig, "c1", 0, 3);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    finish(&rig);
}
END_TEST

/* An interceptor that lets batches through one by one, and notes their sizes. */
struct gate {
    _Atomic int arrived;
    _Atomic int admitted;
    size_t sizes[16];
};

static int pass_gate(void *self, flow_batch *batch, flow_error **err)
{
    struct gate *gate = self;
    int number = gate->arrived;

    gate->sizes[number] = flow_batch_count(batch);
    gate->arrived = number + 1;
    AWAIT(gate->admitted > number);
    return FLOW_OK;
}

START_TEST(calls_that_wait_share_the_next_transaction)
{
    struct rig rig;
    struct gate gate = {0};
    struct part_interceptor part = {pass_gate, &gate};
    int fds[4];

    rig_init(&rig, 0);
    part_add_interceptor(rig.lib, "gate", &part);
    uint16_t port = start_in(&rig, 100,
                             "a1.sources.r1.threads = 1\na1.sources.r1.interceptors = i1\n"
                             "a1.sources.r1.interceptors.i1.type = gate\n");
    for (int i = 0; i < 4; i++)
        fds[i] = avro_client_open(port);
    avro_client_send(fds[0], 2, 0, 10);
    AWAIT(gate.arrived == 1);
    for (int i = 0; i < 4; i++)
        avro_client_send(fds[i], 3, 0, 7);
    avro_client_send(fds[0], 4, 0, 1);
    /* The loop looks at all that has happened before it looks again: when it has accepted the
     * second of these, one after the other, it has read what was sent before the first. */
    int late = client_open(port);
    rig_await(&rig, "r1", "OpenConnectionCount", 5);
    int later = client_open(port);
    rig_await(&rig, "r1", "OpenConnectionCount", 6);
    gate.admitted = 2;
    avro_client_expect(fds[0], 2, FL_AVRO_OK);
    for (int i = 0; i < 4; i++)
        avro_client_expect(fds[i], 3, FL_AVRO_OK);
    avro_client_expect(fds[0], 4, FL_AVRO_OK);
    ck_assert_int_eq(gate.arrived, 2);
    ck_assert_uint_eq(gate.sizes[0], 10);
    ck_assert_uint_eq(gate.sizes[1], 4 * 7 + 1);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    close(late);
    close(later);
    finish(&rig);
}
END_TEST

START_TEST(counters_are_flumes)
{
    struct rig rig;
    int fd = avro_client_open(start(&rig, 12, ""));

    avro_client_append(fd, 2, "x", 1);
    avro_client_append(fd, 3, "x", 1);
    avro_client_send(fd, 4, 0, 3);
    avro_client_send(fd, 5, 0, 0);
    avro_client_append(fd, 6, "x", 1);
    for (uint32_t serial = 2; serial <= 6; serial++)
        avro_client_expect(fd, serial, FL_AVRO_OK);
    avro_client_send(fd, 7, 0, 10);
    avro_client_expect(fd, 7, FL_AVRO_FAILED);
    ck_assert_int_eq(rig_metric(&rig, "r1", "AppendReceivedCount"), 3);
    ck_assert_int_eq(rig_metric(&rig, "r1", "AppendAcceptedCount"), 3);
    ck_assert_int_eq(rig_metric(&rig, "r1", "AppendBatchReceivedCount"), 2);
    ck_assert_int_eq(rig_metric(&rig, "r1", "AppendBatchAcceptedCount"), 1);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventReceivedCount"), 16);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventAcceptedCount"), 6);
    ck_assert_int_eq(rig_metric(&rig, "r1", "ChannelWriteFail"), 1);
    ck_assert_int_eq(rig_metric(&rig, "r1", "OpenConnectionCount"), 1);
    close(fd);
    finish(&rig);
}
END_TEST

/* ---- peers that are slow, rude, or gone ---- */

START_TEST(a_slow_sender_holds_nobody_up)
{
    struct rig rig;
    struct fl_buf frame;
    uint16_t port = start(&rig, 4000, "");
    int slow = client_open(port);
    int quick = avro_client_open(port);

    fl_buf_init(&frame, NULL);
    speak_batch(&frame, 1, 1, 1000, 20);
    for (size_t i = 0; i < frame.size; i++) {
        client_send(slow, frame.data + i, 1);
        avro_client_send(quick, (uint32_t)(i + 2), (unsigned)i, 1);
        avro_client_expect(quick, (uint32_t)(i + 2), FL_AVRO_OK);
        ck_assert_uint_ge(size_of(&rig, "c1"), i + 1);
        ck_assert_uint_le(size_of(&rig, "c1"), i + 1 + (i + 1 == frame.size ? 20 : 0));
    }
    struct fl_buf payload;
    ck_assert_uint_eq(avro_client_read(slow, &payload), 1);
    fl_buf_free(&payload);
    ck_assert_uint_eq(size_of(&rig, "c1"), frame.size + 20);
    fl_buf_free(&frame);
    close(slow);
    close(quick);
    finish(&rig);
}
END_TEST

START_TEST(a_call_without_an_end_is_not_delivered)
{
    struct rig rig;
    struct fl_buf frame;
    uint16_t port = start(&rig, 4000, "");
    int fd = client_open(port);

    fl_buf_init(&frame, NULL);
    speak_batch(&frame, 1, 1, 0, 100);
    client_send(fd, frame.data, frame.size - 1);
    client_end(fd);
    client_expect_end(fd);
    ck_assert_uint_eq(size_of(&rig, "c1"), 0);
    ck_assert_int_eq(rig_metric(&rig, "r1", "RequestUnfinishedCount"), 1);
    fl_buf_free(&frame);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(what_came_before_the_end_is_answered)
{
    struct rig rig;
    int fd = avro_client_open(start(&rig, 4000, ""));

    avro_client_send(fd, 2, 0, 100);
    avro_client_send(fd, 3, 100, 100);
    client_end(fd);
    avro_client_expect(fd, 2, FL_AVRO_OK);
    avro_client_expect(fd, 3, FL_AVRO_OK);
    client_expect_end(fd);
    expect_numbers(&rig, "c1", 0, 200);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(what_is_no_avro_ends_the_connection_alone)
{
    static const uint8_t two_gigabytes[] = {0, 0, 0, 3, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff};
    struct rig rig;
    uint16_t port = start(&rig, 4000, "");
    int fd = avro_client_open(port);
    int other = avro_client_open(port);

    avro_client_send(fd, 2, 0, 10);
    client_send(fd, two_gigabytes, sizeof two_gigabytes);
    avro_client_expect(fd, 2, FL_AVRO_OK);
    client_expect_end(fd);
    close(fd);
    fd = client_open(port);
    client_text(fd, "GET / HTTP/1.0\r\n\r\n");
    client_expect_end(fd);
    close(fd);
    avro_client_send(other, 2, 10, 10);
    avro_client_expect(other, 2, FL_AVRO_OK);
    expect_numbers(&rig, "c1", 0, 20);
    ck_assert_int_eq(rig_metric(&rig, "r1", "ConnectionBrokenCount"), 2);
    ck_assert_uint_eq(rig_logged(&rig, "an Avro frame"), 2);
    close(other);
    finish(&rig);
}
END_TEST

START_TEST(a_connection_that_is_reset_disturbs_nobody)
{
    const struct linger reset = {.l_onoff = 1};
    struct rig rig;
    uint16_t port = start(&rig, 4000, "");
    int fd = avro_client_open(port);

    for (int i = 0; i < 50; i++) {
        int rude = avro_client_open(port);
        avro_client_send(rude, 2, 0, 10);
        client_send(rude, "\0\0\0", 3);
        setsockopt(rude, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(rude);
    }
    avro_client_send(fd, 2, 0, 1);
    avro_client_expect(fd, 2, FL_AVRO_OK);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(stopping_does_not_wait_for_room_and_says_failed)
{
    struct rig rig;
    int fd = avro_client_open(start(&rig, 2, "a1.channels.c1.keep-alive = 3600\n"));

    avro_client_send(fd, 2, 0, 2);
    avro_client_expect(fd, 2, FL_AVRO_OK);
    avro_client_send(fd, 3, 2, 2);
    rig_await(&rig, "r1", "EventReceivedCount", 4);
    rig_stop(&rig);
    avro_client_expect(fd, 3, FL_AVRO_FAILED);
    client_expect_end(fd);
    close(fd);
    rig_free(&rig);
}
END_TEST

START_TEST(stopping_ends_open_connections_and_starting_again_works)
{
    struct rig rig;
    int fds[20];
    uint16_t port = start(&rig, 100, "");

    for (unsigned i = 0; i < 20; i++) {
        fds[i] = avro_client_open(port);
        if (i % 2)
            client_send(fds[i], "\0\0\0\2\0", 5);
    }
    rig_stop(&rig);
    for (unsigned i = 0; i < 20; i++) {
        ck_assert(client_refused(fds[i]));
        close(fds[i]);
    }
    rig_start(&rig);
    int fd = avro_client_open(rig_port(&rig));
    avro_client_send(fd, 2, 0, 1);
    avro_client_expect(fd, 2, FL_AVRO_OK);
    close(fd);
    finish(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"bytes", headers_and_bodies_arrive_as_they_are},
        {"large bodies", large_bodies_arrive_whole},
        {"flume", flumes_client_gets_flumes_answers},
        {"known protocols", a_protocol_is_shown_once_for_all_connections},
        {"deflate", flumes_client_may_compress},
        {"no deflate", what_is_not_compressed_ends_the_connection},
        {"commit", ok_comes_once_every_required_channel_has_committed},
        {"full channel", a_full_channel_is_answered_with_failed},
        {"large call", a_call_larger_than_a_transaction_is_taken},
        {"order", calls_in_flight_are_answered_in_order},
        {"shared failure", a_failure_is_told_to_those_who_shared_it},
        {"shared transaction", calls_that_wait_share_the_next_transaction},
        {"counters", counters_are_flumes},
        {"slow sender", a_slow_sender_holds_nobody_up},
        {"unfinished", a_call_without_an_end_is_not_delivered},
        {"half-closed", what_came_before_the_end_is_answered},
        {"no avro", what_is_no_avro_ends_the_connection_alone},
        {"reset", a_connection_that_is_reset_disturbs_nobody},
        {"stop when full", stopping_does_not_wait_for_room_and_says_failed},
        {"stop", stopping_ends_open_connections_and_starting_again_works},
    };

    return RUN_SUITE("avro source", tests);
}
