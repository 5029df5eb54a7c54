/* SPDX-License-Identifier: Apache-2.0 */

/* The source for Thrift of Flume 0.9, in a pipeline without sinks: the test takes the events. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "hex.h"
#include "rig.h"
#include "suite.h"

/* append(timestamp 1, INFO, BODY, nanos 2, "fooHost", {hello: world}), to which nothing is
 * answered; a body is its size and one byte. */
#define APPEND(body)                                                                               \
    "80010004 00000006 617070656e64 00000001 0c0001 0a0001 0000000000000001 080002 00000003"       \
    "0b0003 00000001" body "0a0004 0000000000000002 0b0005 00000007 666f6f486f7374"                \
    "0d0006 0b0b 00000001 00000005 68656c6c6f 00000005 776f726c64 00 00"
#define CLOSE "80010001 00000005 636c6f7365 00000002 00"
#define CLOSED "80010002 00000005 636c6f7365 00000002 00"

static uint16_t start(struct rig *rig, int capacity)
{
    char text[2048];

    rig_init(rig, 0);
    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
             "a1.channels.c1.capacity = %d\na1.channels.c1.transactionCapacity = %d\n"
             "a1.channels.c1.keep-alive = 0\n"
             "a1.sources.r1.type = org.apache.flume.source.thriftLegacy.ThriftLegacySource\n"
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

static void send_hex(int fd, const char *digits, size_t step)
{
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    hex_text(&bytes, digits);
    for (size_t at = 0; at < bytes.size; at += step)
        client_send(fd, bytes.data + at, bytes.size - at < step ? bytes.size - at : step);
    fl_buf_free(&bytes);
}

static void expect_closed(int fd)
{
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    hex_text(&bytes, CLOSED);
    client_expect_bytes(fd, bytes.data, bytes.size);
    fl_buf_free(&bytes);
}

static void expect_header(const flow_event *event, const char *name, const char *value)
{
    ck_assert_str_eq(flow_event_header(event, name, NULL), value);
}

/* Takes the next event, which may take its time, and looks at all of it. */
static void expect_event(struct rig *rig, char body)
{
    const flow_event *const *events;
    size_t count;
    size_t size;
    flow_txn *txn;

    ck_assert_int_eq(flow_txn_begin(rig_channel(rig, "c1"), &txn, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_take(txn, 1, 20000, &events, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(*(const char *)flow_event_body(events[0], &size), body);
    ck_assert_uint_eq(size, 1);
    ck_assert_uint_eq(flow_event_header_count(events[0]), 6);
    expect_header(events[0], "host", "fooHost");
    expect_header(events[0], "timestamp", "1");
    expect_header(events[0], "pri", "INFO");
    expect_header(events[0], "nanos", "2");
    expect_header(events[0], "hello", "world");
    expect_header(events[0], "FlumeOG", "yes");
    ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
}

START_TEST(old_events_arrive_and_close_is_answered)
{
    struct rig rig;
    uint16_t port = start(&rig, 100);

    for (size_t step = 1; step < 100; step = step * 5 + 1) {
        int fd = client_open(port);
        send_hex(fd, APPEND("61") APPEND("62") CLOSE, step);
        expect_closed(fd);
        expect_event(&rig, 'a');
        expect_event(&rig, 'b');
        close(fd);
    }
    finish(&rig);
}
END_TEST

START_TEST(a_full_channel_loses_nothing)
{
    struct rig rig;
    int fd = client_open(start(&rig, 1));

    send_hex(fd, APPEND("61") APPEND("62") APPEND("63") CLOSE, 1000);
    expect_event(&rig, 'a');
    expect_event(&rig, 'b');
    expect_event(&rig, 'c');
    expect_closed(fd);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventRefusedCount"), 0);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(what_waits_when_the_source_stops_is_counted)
{
    struct rig rig;
    int fd = client_open(start(&rig, 1));

    send_hex(fd, APPEND("61"), 1000);
    rig_await(&rig, "c1", "ChannelSize", 1);
    send_hex(fd, APPEND("62"), 1000);
    rig_await(&rig, "r1", "EventReceivedCount", 2);
    rig_stop(&rig);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventRefusedCount"), 1);
    client_expect_end(fd);
    close(fd);
    rig_free(&rig);
}
END_TEST

START_TEST(what_breaks_the_protocol_ends_the_connection)
{
    struct rig rig;
    int fd = client_open(start(&rig, 100));

    /* A good event, then one whose body has a negative size. */
    send_hex(fd, APPEND("61"), 1000);
    send_hex(fd, "80010004 00000006 617070656e64 00000001 0c0001 0b0003 ffffffff", 1000);
    client_expect_end(fd);
    expect_event(&rig, 'a');
    ck_assert_int_eq(rig_metric(&rig, "r1", "ConnectionBrokenCount"), 1);
    close(fd);
    finish(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"events", old_events_arrive_and_close_is_answered},
        {"full", a_full_channel_loses_nothing},
        {"stop", what_waits_when_the_source_stops_is_counted},
        {"broken", what_breaks_the_protocol_ends_the_connection},
    };

    return RUN_SUITE("thrift legacy source", tests);
}
