/* SPDX-License-Identifier: Apache-2.0 */

/* The Scribe source in a pipeline without sinks: the test itself takes the events. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "hex.h"
#include "rig.h"
#include "suite.h"

/* Log(["web": "one\n", no category: "two"]), number 9, with an old head; and the answers. */
#define CALL                                                                                       \
    "00000036 00000003 4c6f67 01 00000009 0f0001 0c 00000002"                                      \
    "0b0001 00000003 776562 0b0002 00000004 6f6e650a 00 0b0002 00000003 74776f 00 00"
#define OK "00000014 00000003 4c6f67 02 00000009 08 0000 00000000 00"
#define TRY_LATER "00000014 00000003 4c6f67 02 00000009 08 0000 00000001 00"

static uint16_t start(struct rig *rig, int capacity, const char *settings)
{
    char text[2048];

    rig_init(rig, 0);
    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
             "a1.channels.c1.capacity = %d\na1.channels.c1.transactionCapacity = %d\n"
             "a1.channels.c1.keep-alive = 0\n"
             "a1.sources.r1.type = org.apache.flume.source.scribe.ScribeSource\n"
             "a1.sources.r1.channels = c1\na1.sources.r1.host = 127.0.0.1\n"
             "a1.sources.r1.port = 0\n%s",
             capacity, capacity, settings);
    rig_build(rig, text);
    rig_start(rig);
    return rig_port(rig);
}

static void finish(struct rig *rig)
{
    rig_stop(rig);
    rig_free(rig);
}

static void send_hex(int fd, const char *digits)
{
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    hex_text(&bytes, digits);
    client_send(fd, bytes.data, bytes.size);
    fl_buf_free(&bytes);
}

static void expect_hex(int fd, const char *digits)
{
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    hex_text(&bytes, digits);
    client_expect_bytes(fd, bytes.data, bytes.size);
    fl_buf_free(&bytes);
}

/* Takes one event with that body and category, which may be NULL. */
static void expect_event(struct rig *rig, const char *body, const char *category)
{
    const flow_event *const *events;
    size_t count;
    size_t size;
    flow_txn *txn;

    ck_assert_int_eq(flow_txn_begin(rig_channel(rig, "c1"), &txn, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_take(txn, 1, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 1);
    const void *bytes = flow_event_body(events[0], &size);
    ck_assert_uint_eq(size, strlen(body));
    ck_assert_mem_eq(bytes, body, size);
    ck_assert_uint_eq(flow_event_header_count(events[0]), category != NULL);
    if (category)
        ck_assert_str_eq(flow_event_header(events[0], "category", NULL), category);
    ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
}

START_TEST(entries_become_events_with_their_category)
{
    struct rig rig;
    int fd = client_open(start(&rig, 100, ""));

    send_hex(fd, CALL);
    expect_hex(fd, OK);
    expect_event(&rig, "one\n", "web");
    expect_event(&rig, "two", NULL);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(what_is_not_taken_is_to_be_tried_later)
{
    struct rig rig;
    int fd = client_open(start(&rig, 3, ""));

    send_hex(fd, CALL);
    expect_hex(fd, OK);
    send_hex(fd, CALL);
    expect_hex(fd, TRY_LATER);
    expect_event(&rig, "one\n", "web");
    expect_event(&rig, "two", NULL);
    send_hex(fd, CALL);
    expect_hex(fd, OK);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(a_call_without_a_list_is_to_be_tried_later)
{
    struct rig rig;
    int fd = client_open(start(&rig, 100, ""));

    send_hex(fd, "0000000d 00000003 4c6f67 01 00000009 00");
    expect_hex(fd, TRY_LATER);
    /* An empty one is fine. */
    send_hex(fd, "00000015 00000003 4c6f67 01 00000009 0f0001 0c 00000000 00");
    expect_hex(fd, OK);
    ck_assert_uint_eq(flow_channel_size(rig_channel(&rig, "c1")), 0);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(a_call_above_the_limit_ends_the_connection)
{
    struct rig rig;
    uint16_t port = start(&rig, 100, "a1.sources.r1.maxReadBufferBytes = 54\n");
    int fd = client_open(port);

    send_hex(fd, CALL);
    expect_hex(fd, OK);
    send_hex(fd, "00000037");
    client_expect_end(fd);
    close(fd);
    ck_assert_int_eq(rig_metric(&rig, "r1", "ConnectionBrokenCount"), 1);
    finish(&rig);
}
END_TEST

/* As Flume has it: a limit that is none means the default. */
START_TEST(a_limit_of_nothing_is_the_default)
{
    struct rig rig;
    int fd = client_open(start(&rig, 100,
                               "a1.sources.r1.maxReadBufferBytes = 0\n"
                               "a1.sources.r1.workerThreads = -1\n"));

    send_hex(fd, CALL);
    expect_hex(fd, OK);
    close(fd);
    finish(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"entries", entries_become_events_with_their_category},
        {"try later", what_is_not_taken_is_to_be_tried_later},
        {"no list", a_call_without_a_list_is_to_be_tried_later},
        {"limit", a_call_above_the_limit_ends_the_connection},
        {"no limit", a_limit_of_nothing_is_the_default},
    };

    return RUN_SUITE("scribe source", tests);
}
