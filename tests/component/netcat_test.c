/* SPDX-License-Identifier: Apache-2.0 */

/* The netcat source in a pipeline without sinks: the test itself takes the events. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/thread.h"
#include "client.h"
#include "net/line.h"
#include "rig.h"
#include "suite.h"

/* Starts a source with SETTINGS, and a channel that holds CAPACITY events and never waits. */
static uint16_t start(struct rig *rig, int capacity, const char *settings)
{
    char text[2048];

    rig_init(rig, 0);
    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
             "a1.channels.c1.capacity = %d\na1.channels.c1.transactionCapacity = %d\n"
             "a1.channels.c1.keep-alive = 0\n"
             "a1.sources.r1.type = netcat\na1.sources.r1.channels = c1\n"
             "a1.sources.r1.bind = 127.0.0.1\na1.sources.r1.port = 0\n%s",
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

/* Takes one event and returns its body, which the caller frees. */
static struct fl_buf take(struct rig *rig)
{
    const flow_event *const *events;
    struct fl_buf body;
    size_t count;
    size_t size;
    flow_txn *txn;

    fl_buf_init(&body, NULL);
    ck_assert_int_eq(flow_txn_begin(rig_channel(rig, "c1"), &txn, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_take(txn, 1, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 1);
    const void *bytes = flow_event_body(events[0], &size);
    ck_assert_int_eq(fl_buf_append(&body, bytes, size), FLOW_OK);
    ck_assert_uint_eq(flow_event_header_count(events[0]), 0);
    ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
    return body;
}

static void expect_text(struct rig *rig, const char *text)
{
    struct fl_buf body = take(rig);

    ck_assert_str_eq(fl_buf_cstr(&body), text);
    ck_assert_uint_eq(body.size, strlen(text));
    fl_buf_free(&body);
}

/* The same, whatever empty events come before. */
static void expect_next(struct rig *rig, const char *text)
{
    struct fl_buf body = take(rig);

    while (body.size == 0) {
        fl_buf_free(&body);
        body = take(rig);
    }
    ck_assert_str_eq(fl_buf_cstr(&body), text);
    fl_buf_free(&body);
}

static void expect_none(struct rig *rig)
{
    ck_assert_uint_eq(flow_channel_size(rig_channel(rig, "c1")), 0);
}

/* COUNT times TEXT, which the caller frees. */
static char *repeat(const char *text, size_t count)
{
    struct fl_buf all;

    fl_buf_init(&all, NULL);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(fl_buf_text(&all, text), FLOW_OK);
    return fl_buf_detach(&all);
}

static void send_numbers(int fd, unsigned first, unsigned count)
{
    struct fl_buf lines;

    fl_buf_init(&lines, NULL);
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(fl_buf_printf(&lines, "%u\n", first + i), FLOW_OK);
    client_send(fd, lines.data, lines.size);
    fl_buf_free(&lines);
}

START_TEST(a_line_is_an_event)
{
    struct rig rig;
    int fd = client_open(start(&rig, 100, ""));

    client_text(fd, "hello\n\nwith return\r\n");
    client_expect(fd, "OK\nOK\nOK\n");
    expect_text(&rig, "hello");
    expect_text(&rig, "");
    expect_text(&rig, "with return\r");
    expect_none(&rig);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(lines_at_once_keep_their_order_and_are_all_answered)
{
    struct rig rig;
    struct rig_bodies *bodies = malloc(sizeof *bodies);
    int fd = client_open(start(&rig, 2000, ""));
    char *answers = repeat("OK\n", 1000);

    send_numbers(fd, 0, 1000);
    client_expect(fd, answers);
    client_end(fd);
    client_expect_end(fd);
    rig_take(&rig, "c1", bodies);
    rig_expect(bodies, 0, 1000);
    free(answers);
    free(bodies);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(a_full_channel_is_answered_with_failed)
{
    struct rig rig;
    int fd = client_open(start(&rig, 2, ""));
    char word[9] = "";

    client_text(fd, "one\n");
    client_expect(fd, "OK\n");
    client_text(fd, "two\n");
    client_expect(fd, "OK\n");
    client_text(fd, "three\n");
    ck_assert_int_eq(recv(fd, word, 8, MSG_WAITALL), 8);
    ck_assert_str_eq(word, "FAILED: ");
    while (recv(fd, word, 1, 0) == 1 && word[0] != '\n')
        ;
    expect_text(&rig, "one");
    client_text(fd, "four\n");
    client_expect(fd, "OK\n");
    expect_text(&rig, "two");
    expect_text(&rig, "four");
    expect_none(&rig);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventRefusedCount"), 1);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(without_acks_a_full_channel_loses_nothing)
{
    struct rig rig;
    struct rig_bodies *some = malloc(sizeof *some);
    struct rig_bodies *all = calloc(1, sizeof *all);
    int fd = client_open(start(&rig, 200, "a1.sources.r1.ack-every-event = false\n"));

    send_numbers(fd, 0, 1000);
    client_end(fd);
    while (all->count < 1000) {
        rig_take(&rig, "c1", some);
        memcpy(all->text[all->count], some->text, some->count * RIG_BODY);
        all->count += some->count;
    }
    rig_expect(all, 0, 1000);
    client_expect_end(fd);
    free(some);
    free(all);
    close(fd);
    finish(&rig);
}
END_TEST

#define TOO_LONG "FAILED: Event exceeds the maximum length (10 chars, including newline)\n"

/*
 * Sends SIZE bytes, each in a piece of its own: when OTHER, a second connection, has the answer to
 * its LINE, all that was sent before has been read.
 */
static void send_slowly(int fd, const char *data, size_t size, int other, struct fl_line line)
{
    for (size_t i = 0; i < size; i++) {
        client_send(fd, data + i, 1);
        client_send(other, line.data, line.size);
        client_expect(other, "OK\n");
    }
}

static const struct fl_line newline = {(const uint8_t *)"\n", 1};
static const struct fl_line wide_newline = {(const uint8_t *)"\0\n", 2};

/* Sends TEXT, which must end the connection, behind a line that is fine; the first FIRST bytes of
 * it in one piece. */
static void expect_too_long(uint16_t port, int other, const char *text, size_t first)
{
    int fd = client_open(port);

    client_text(fd, "fine\n");
    client_send(fd, text, first);
    send_slowly(fd, text + first, strlen(text + first), other, newline);
    client_expect(fd, "OK\n" TOO_LONG);
    client_expect_end(fd);
    close(fd);
}

START_TEST(a_line_that_is_too_long_ends_the_connection)
{
    static const char *const bad[] = {
        "0123456789",
        "0123456789\n",
        "0123456789 and more\nnext\n",
        /* Ten units of UTF-16: é, euro, and a clef that takes two. */
        "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xe2\x82\xac\xe2\x82\xac\xf0\x9d\x84\x9e\xf0\x9d\x84\x9e",
        /* Each byte that is no character counts as one. */
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    };
    struct rig rig;
    uint16_t port = start(&rig, 1000, "a1.sources.r1.max-line-length = 10\n");
    int other = client_open(port);
    size_t sent = 0;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_too_long(port, other, bad[i], 0);
        sent += 1 + strlen(bad[i]); /* the line that is fine, and one of the other's for each */
    }
    /* Whichever bytes of its last character are looked at. */
    for (size_t first = 9; first < strlen(bad[3]); first++) {
        expect_too_long(port, other, bad[3], first);
        sent += 1 + strlen(bad[3] + first);
    }
    ck_assert_uint_eq(flow_channel_size(rig_channel(&rig, "c1")), sent);
    close(other);
    ck_assert_int_eq(rig_metric(&rig, "r1", "LineTooLongCount"), 5 + 13);
    finish(&rig);
}
END_TEST

START_TEST(a_line_as_long_as_allowed_is_fine)
{
    static const char euros[] = "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
                                "\xe2\x82\xac\xe2\x82\xac\xf0\x9d\x84\x9e";
    struct rig rig;
    uint16_t port = start(&rig, 100, "a1.sources.r1.max-line-length = 10\n");
    int fd = client_open(port);
    int other = client_open(port);

    client_text(fd, "012345678\n");
    client_expect(fd, "OK\n");
    expect_text(&rig, "012345678");
    /* Each length on the way is looked at. */
    send_slowly(fd, euros, strlen(euros), other, newline);
    client_text(fd, "\n");
    client_expect(fd, "OK\n");
    expect_next(&rig, euros);
    close(other);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_replaced)
{
    struct rig rig;
    int fd = client_open(start(&rig, 100, ""));

    client_text(fd, "a\xff"
                    "b\xe2\x82\n");
    client_expect(fd, "OK\n");
    expect_text(&rig, "a\xef\xbf\xbd"
                      "b\xef\xbf\xbd");
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(other_character_sets_become_utf8)
{
    struct rig rig;
    int fd = client_open(start(&rig, 100, "a1.sources.r1.encoding = ISO-8859-1\n"));

    client_text(fd, "caf\xe9\n");
    client_expect(fd, "OK\n");
    expect_text(&rig, "caf\xc3\xa9");
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(characters_of_several_bytes_may_come_in_pieces)
{
    /* U+0A0A consists of newlines, as bytes. */
    static const char text[] = "\xfe\xff\0a\x0a\x0a\0\n\0b\0\n\0c";
    struct rig rig;
    uint16_t port = start(&rig, 100, "a1.sources.r1.encoding = UTF-16\n");
    int fd = client_open(port);
    int other = client_open(port);

    send_slowly(fd, text, sizeof text - 1, other, wide_newline);
    client_expect(fd, "OK\nOK\n");
    expect_next(&rig, "a\xe0\xa8\x8a");
    expect_next(&rig, "b");
    close(other);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(text_without_a_newline_at_the_end_is_discarded_and_counted)
{
    struct rig rig;
    int fd = client_open(start(&rig, 100, ""));

    client_text(fd, "whole\nhalf");
    client_end(fd);
    client_expect(fd, "OK\n");
    client_expect_end(fd);
    expect_text(&rig, "whole");
    expect_none(&rig);
    ck_assert_int_eq(rig_metric(&rig, "r1", "LineUnfinishedCount"), 1);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(a_slow_sender_holds_nobody_up)
{
    struct rig rig;
    uint16_t port = start(&rig, 100, "");
    int slow = client_open(port);
    int quick = client_open(port);

    for (const char *at = "slow"; *at; at++) {
        client_send(slow, at, 1);
        client_text(quick, "quick\n");
        client_expect(quick, "OK\n");
        expect_text(&rig, "quick");
        expect_none(&rig);
    }
    client_text(slow, "\n");
    client_expect(slow, "OK\n");
    expect_text(&rig, "slow");
    close(slow);
    close(quick);
    finish(&rig);
}
END_TEST

#define CROWD 300

START_TEST(many_connections_are_served)
{
    struct rig rig;
    uint16_t port = start(&rig, 4096, "");
    int fds[CROWD];

    for (unsigned i = 0; i < CROWD; i++) {
        fds[i] = client_open(port);
        send_numbers(fds[i], i * 10, 10);
    }
    for (unsigned i = 0; i < CROWD; i++) {
        client_expect(fds[i], "OK\nOK\nOK\nOK\nOK\nOK\nOK\nOK\nOK\nOK\n");
        close(fds[i]);
    }
    ck_assert_uint_eq(flow_channel_size(rig_channel(&rig, "c1")), CROWD * 10);
    finish(&rig);
}
END_TEST

START_TEST(a_connection_that_is_reset_disturbs_nobody)
{
    const struct linger reset = {.l_onoff = 1};
    struct rig rig;
    uint16_t port = start(&rig, 4096, "");
    int fd = client_open(port);

    for (int i = 0; i < 50; i++) {
        int rude = client_open(port);
        client_text(rude, "line\nhalf");
        setsockopt(rude, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(rude);
    }
    client_text(fd, "polite\n");
    client_expect(fd, "OK\n");
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(stopping_ends_open_connections_and_starting_again_works)
{
    struct rig rig;
    int fds[20];
    uint16_t port = start(&rig, 100, "");

    for (int i = 0; i < 20; i++) {
        fds[i] = client_open(port);
        client_text(fds[i], "x\n");
        client_expect(fds[i], "OK\n");
    }
    rig_stop(&rig);
    for (int i = 0; i < 20; i++) {
        client_expect_end(fds[i]);
        close(fds[i]);
    }
    rig_start(&rig);
    int fd = client_open(rig_port(&rig));
    client_text(fd, "again\n");
    client_expect(fd, "OK\n");
    close(fd);
    finish(&rig);
}
END_TEST

static void send_zeros(void *arg)
{
    char *lines = repeat("000000000000000\n", 4096);

    for (int i = 0; i < 512; i++) {
        if (send(*(int *)arg, lines, strlen(lines), MSG_NOSIGNAL) <= 0)
            break;
    }
    free(lines);
}

START_TEST(stopping_does_not_wait_for_room)
{
    struct rig rig;
    struct fl_thread sender;
    int fd = client_open(start(&rig, 100, "a1.sources.r1.ack-every-event = false\n"));

    ck_assert_int_eq(fl_thread_start(&sender, "sender", send_zeros, &fd), FLOW_OK);
    rig_await(&rig, "c1", "ChannelSize", 100);
    rig_stop(&rig);
    fl_thread_join(&sender);
    /* What was read and found no room is told, not forgotten. */
    ck_assert_uint_ge(rig_logged(&rig, "refused"), 1);
    ck_assert_int_ge(rig_metric(&rig, "r1", "EventRefusedCount"), 1);
    close(fd);
    rig_free(&rig);
}
END_TEST

START_TEST(a_port_in_use_is_tried_again)
{
    struct rig rig;
    char text[1024];
    char line[128];
    int occupied;
    uint16_t port = client_occupy(&occupied);

    rig_init(&rig, 1);
    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
             "a1.sources.r1.type = org.apache.flume.source.NetcatSource\n"
             "a1.sources.r1.channels = c1\na1.sources.r1.bind = 127.0.0.1\n"
             "a1.sources.r1.port = %u\n",
             (unsigned)port);
    rig_build(&rig, text);
    rig_start(&rig);
    snprintf(line, sizeof line, "cannot listen on 127.0.0.1:%u: Address already in use",
             (unsigned)port);
    rig_await_log(&rig, line);
    close(occupied);
    rig_advance(&rig, 3000);
    int fd = client_open(rig_port(&rig));
    client_text(fd, "x\n");
    client_expect(fd, "OK\n");
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(nothing_stays_open)
{
    struct rig rig;
    int before = 0;

    /* The first round opens what libuv keeps for the whole process. */
    for (int round = 0; round < 2; round++) {
        int fd = client_open(start(&rig, 100, ""));
        client_text(fd, "x\n");
        client_expect(fd, "OK\n");
        finish(&rig);
        close(fd);
        if (round == 0)
            before = client_descriptors();
    }
    ck_assert_int_eq(client_descriptors(), before);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"line", a_line_is_an_event},
        {"order", lines_at_once_keep_their_order_and_are_all_answered},
        {"full channel", a_full_channel_is_answered_with_failed},
        {"full channel without acks", without_acks_a_full_channel_loses_nothing},
        {"too long", a_line_that_is_too_long_ends_the_connection},
        {"just as long", a_line_as_long_as_allowed_is_fine},
        {"no text", bytes_that_are_no_text_are_replaced},
        {"charset", other_character_sets_become_utf8},
        {"wide charset", characters_of_several_bytes_may_come_in_pieces},
        {"unfinished", text_without_a_newline_at_the_end_is_discarded_and_counted},
        {"slow sender", a_slow_sender_holds_nobody_up},
        {"crowd", many_connections_are_served},
        {"reset", a_connection_that_is_reset_disturbs_nobody},
        {"stop", stopping_ends_open_connections_and_starting_again_works},
        {"stop when full", stopping_does_not_wait_for_room},
        {"port in use", a_port_in_use_is_tried_again},
        {"descriptors", nothing_stays_open},
    };

    return RUN_SUITE("netcat", tests);
}
