/* SPDX-License-Identifier: Apache-2.0 */

/* The ipc sink, with an ipc source or a peer of the test's own at the other end. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "await.h"
#include "base/buf.h"
#include "base/thread.h"
#include "client.h"
#include "folder.h"
#include "rig.h"
#include "suite.h"
#include "wire/ipc_reader.h"

static struct folder folder;
static struct rig near; /* with the sink, by a false clock */
static struct rig far;  /* with the source */

static void set_up(void)
{
    folder_init(&folder);
}

static void tear_down(void)
{
    folder_free(&folder);
}

static void start_near(const char *settings)
{
    char text[2048];

    rig_init(&near, 1);
    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.sinks = k1\n"
             "a1.sources.r1.type = inlet\na1.sources.r1.channels = c1\n"
             "a1.channels.c1.type = memory\na1.channels.c1.capacity = 20000\n"
             "a1.channels.c1.transactionCapacity = 5000\n"
             "a1.sinks.k1.type = ipc\na1.sinks.k1.channel = c1\n"
             "a1.sinks.k1.path = %s/socket\n%s",
             folder.path, settings);
    rig_build(&near, text);
    rig_start(&near);
}

static void start_far(int capacity)
{
    char text[2048];

    rig_init(&far, 0);
    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\n"
             "a1.sources.r1.type = ipc\na1.sources.r1.channels = c1\n"
             "a1.sources.r1.path = %s/socket\n"
             "a1.channels.c1.type = memory\na1.channels.c1.capacity = %d\n"
             "a1.channels.c1.transactionCapacity = %d\na1.channels.c1.keep-alive = 0\n",
             folder.path, capacity, capacity);
    rig_build(&far, text);
    rig_start(&far);
    rig_await_log(&far, "listening at ");
}

static void finish(struct rig *rig)
{
    rig_stop(rig);
    rig_free(rig);
}

/* Lets time pass at the sink until it has delivered COUNT events. */
static void await_delivery(int64_t count)
{
    rig_tick_until(&near, "k1", "EventDrainSuccessCount", count);
}

static void expect_far(unsigned first, unsigned count)
{
    struct rig_bodies bodies;

    rig_take(&far, "c1", &bodies);
    rig_expect(&bodies, first, count);
}

/* ---- a source at the other end ---- */

START_TEST(events_arrive_in_order_and_leave_the_channel)
{
    start_far(10000);
    start_near("a1.sinks.k1.batch-size = 100\n");
    for (unsigned i = 0; i < 4000; i += 400)
        rig_push(&near, i, 400);
    await_delivery(4000);
    expect_far(0, 4000);
    ck_assert_uint_eq(flow_channel_size(rig_channel(&near, "c1")), 0);
    ck_assert_int_eq(rig_metric(&near, "k1", "ConnectionCreatedCount"), 1);
    finish(&near);
    finish(&far);
}
END_TEST

#define LARGE ((size_t)1024 * 1024)

/* Events of all kinds: without a body, with every byte, of 1 MB; with and without headers. */
static flow_batch *make_mixture(void)
{
    static const flow_header headers[] = {
        {.name = "host", .name_size = 4, .value = "a\0b", .value_size = 3},
        {.name = "\xc3\xa4 empty", .name_size = 8, .value = "", .value_size = 0},
        {.name = "", .name_size = 0, .value = "\xff\xfe", .value_size = 2},
    };
    static uint8_t large[LARGE];
    uint8_t bytes[256];
    flow_batch *batch;

    for (size_t i = 0; i < LARGE; i++)
        large[i] = (uint8_t)(i * 31 >> 3);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    ck_assert_int_eq(flow_batch_new(near.lib, &batch, NULL), FLOW_OK);
    for (unsigned i = 0; i < 40; i++) {
        const void *body = i % 10 == 9 ? large : bytes;
        size_t size = i % 10 == 9 ? LARGE - i : i % 5 * 64;
        ck_assert_int_eq(
            flow_batch_add_full(batch, body, size, headers, i % 4, sizeof headers[0], NULL),
            FLOW_OK);
    }
    return batch;
}

static void expect_event(const flow_event *event, const flow_event *wanted)
{
    size_t size, wanted_size;
    const void *body = flow_event_body(event, &size);
    const void *wanted_body = flow_event_body(wanted, &wanted_size);
    size_t count = flow_event_header_count(wanted);

    ck_assert_uint_eq(size, wanted_size);
    ck_assert_int_eq(memcmp(body, wanted_body, size), 0);
    ck_assert_uint_eq(flow_event_header_count(event), count);
    for (size_t i = 0; i < count; i++) {
        flow_header a = {0}, b = {0};
        flow_event_header_at(event, i, &a, sizeof a);
        flow_event_header_at(wanted, i, &b, sizeof b);
        ck_assert_uint_eq(a.name_size, b.name_size);
        ck_assert_uint_eq(a.value_size, b.value_size);
        ck_assert_mem_eq(a.name, b.name, a.name_size);
        ck_assert_mem_eq(a.value, b.value, a.value_size);
    }
}

START_TEST(events_of_all_kinds_arrive_unchanged)
{
    const flow_event *const *events;
    size_t count;
    flow_txn *txn;

    start_far(1000);
    /* 1 MB does not fit into a request with others. */
    start_near("a1.sinks.k1.max-request-size = 900000\n");
    flow_batch *batch = make_mixture();
    ck_assert_int_eq(flow_inlet_push_batch(rig_inlet(&near, "r1"), batch, 0, NULL), FLOW_OK);
    await_delivery(40);
    ck_assert_int_eq(flow_txn_begin(rig_channel(&far, "c1"), &txn, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_take(txn, 100, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 40);
    for (size_t i = 0; i < count; i++)
        expect_event(events[i], flow_batch_event(batch, i));
    ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
    flow_batch_free(batch);
    finish(&near);
    finish(&far);
}
END_TEST

START_TEST(a_source_that_is_not_there_yet_is_waited_for)
{
    start_near("");
    rig_push(&near, 0, 10);
    rig_await(&near, "k1", "ConnectionFailedCount", 1);
    start_far(100);
    await_delivery(10);
    expect_far(0, 10);
    finish(&near);
    finish(&far);
}
END_TEST

START_TEST(a_source_that_was_started_anew_is_found_again)
{
    start_far(100);
    start_near("");
    rig_push(&near, 0, 10);
    await_delivery(10);
    expect_far(0, 10);
    finish(&far);
    start_far(100);
    /* Nothing was under way, so nothing fails. */
    rig_push(&near, 10, 10);
    await_delivery(20);
    expect_far(10, 10);
    ck_assert_int_eq(rig_metric(&near, "k1", "EventWriteFail"), 0);
    finish(&near);
    finish(&far);
}
END_TEST

START_TEST(what_a_full_channel_does_not_take_stays_in_the_other)
{
    start_far(50);
    start_near("a1.sinks.k1.batch-size = 10\n");
    rig_push(&near, 0, 100);
    rig_tick_until(&near, "k1", "EventWriteFail", 1);
    for (unsigned got = 0; got < 100;) {
        struct rig_bodies bodies;
        rig_take(&far, "c1", &bodies);
        got += (unsigned)bodies.count;
        rig_tick(&near);
    }
    ck_assert_uint_gt(rig_logged(&near, "did not take the events"), 0);
    await_delivery(100);
    finish(&near);
    finish(&far);
}
END_TEST

START_TEST(of_two_agents_the_second_waits_for_the_path)
{
    struct rig second;
    char text[1024];

    start_far(100);
    rig_init(&second, 1);
    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
             "a1.sources.r1.type = ipc\na1.sources.r1.channels = c1\n"
             "a1.sources.r1.path = %s/socket\n",
             folder.path);
    rig_build(&second, text);
    rig_start(&second);
    rig_await_log(&second, "does already");
    start_near("");
    rig_push(&near, 0, 10);
    await_delivery(10);
    expect_far(0, 10);
    finish(&far);
    while (!rig_logged(&second, "listening at "))
        rig_tick(&second);
    rig_push(&near, 10, 5);
    await_delivery(15);
    ck_assert_uint_eq(flow_channel_size(rig_channel(&second, "c1")), 5);
    finish(&near);
    finish(&second);
}
END_TEST

START_TEST(a_path_that_no_socket_can_have_is_refused)
{
    flow_error *err = NULL;
    char text[512] = "a1.sources = r1\na1.channels = c1\na1.sinks = k1\n"
                     "a1.sources.r1.type = inlet\na1.sources.r1.channels = c1\n"
                     "a1.channels.c1.type = memory\n"
                     "a1.sinks.k1.type = ipc\na1.sinks.k1.channel = c1\n"
                     "a1.sinks.k1.path = /tmp/";
    size_t size = strlen(text);

    memset(text + size, 'x', 110);
    rig_init(&near, 1);
    ck_assert_int_ne(rig_try_build(&near, text, 0, &err), FLOW_OK);
    ck_assert_msg(strstr(flow_error_message(err), "longer than 107 bytes") != NULL, "%s",
                  flow_error_message(err));
    flow_error_free(err);
    rig_free(&near);
}
END_TEST

/* ---- a peer of the test's own ---- */

/* Listens where the sink sends to. */
static int listen_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder.path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 10), 0);
    return fd;
}

/* Reads requests until COUNT have come; returns the number of the last. */
static uint64_t read_requests(int fd, struct fl_ipc_reader *reader, unsigned count)
{
    uint64_t number = 0;
    uint8_t byte;

    while (count > 0) {
        struct fl_ipc_item item;
        const uint8_t *data = &byte;
        size_t size = 1;
        int kind;
        ck_assert_int_eq(recv(fd, &byte, 1, 0), 1);
        while ((kind = fl_ipc_reader_next(reader, &data, &size, &item, NULL)) > 0) {
            number = item.request.number;
            count -= kind == FL_IPC_END;
        }
        ck_assert_int_eq(kind, 0);
    }
    return number;
}

static void send_answer(int fd, uint64_t number, uint16_t status, const char *text)
{
    const struct fl_ipc_answer answer = {
        .number = number, .status = status, .text = text, .text_size = (uint16_t)strlen(text)};
    struct fl_buf out;

    fl_buf_init(&out, NULL);
    fl_ipc_answer_write(&out, &answer);
    client_send(fd, out.data, out.size);
    fl_buf_free(&out);
}

/* 1 when nothing comes for a while. */
static int is_silent(int fd)
{
    struct timeval patience = {.tv_usec = 50000};
    uint8_t byte;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int silent = recv(fd, &byte, 1, MSG_PEEK) < 0;
    patience.tv_usec = 0;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return silent;
}

START_TEST(several_transactions_are_in_flight)
{
    struct fl_ipc_reader reader;
    int listener = listen_here();

    fl_ipc_reader_init(&reader, NULL, 1000000);
    start_near("a1.sinks.k1.batch-size = 10\na1.sinks.k1.max-in-flight = 3\n");
    rig_push(&near, 0, 100);
    int fd = accept(listener, NULL, NULL);
    ck_assert_uint_eq(read_requests(fd, &reader, 3), 3);
    ck_assert(is_silent(fd));
    ck_assert_int_eq(rig_metric(&near, "k1", "EventDrainSuccessCount"), 0);
    send_answer(fd, 1, FL_IPC_OK, "");
    ck_assert_uint_eq(read_requests(fd, &reader, 1), 4);
    rig_await(&near, "k1", "EventDrainSuccessCount", 10);
    for (uint64_t i = 2; i <= 10; i++) {
        if (i >= 3 && i <= 8)
            ck_assert_uint_eq(read_requests(fd, &reader, 1), i + 2);
        send_answer(fd, i, FL_IPC_OK, "");
    }
    await_delivery(100);
    close(fd);
    close(listener);
    fl_ipc_reader_free(&reader);
    finish(&near);
}
END_TEST

START_TEST(what_was_not_answered_is_sent_again)
{
    struct fl_ipc_reader reader;
    int listener = listen_here();

    fl_ipc_reader_init(&reader, NULL, 1000000);
    start_near("a1.sinks.k1.batch-size = 10\n");
    rig_push(&near, 0, 30);
    int fd = accept(listener, NULL, NULL);
    read_requests(fd, &reader, 3);
    send_answer(fd, 1, FL_IPC_OK, "");
    close(fd);
    close(listener);
    fl_ipc_reader_free(&reader);
    rig_tick_until(&near, "k1", "ConnectionClosedCount", 1);
    start_far(1000);
    await_delivery(30);
    expect_far(10, 20);
    ck_assert_uint_gt(rig_logged(&near, "closed the connection before it answered"), 0);
    finish(&near);
    finish(&far);
}
END_TEST

/* Answers one request with ANSWER, and expects that the sink complains of it in WORDS. */
static void expect_complaint(const void *answer, size_t size, const char *words)
{
    struct fl_ipc_reader reader;
    int listener = listen_here();

    fl_ipc_reader_init(&reader, NULL, 1000000);
    start_near("");
    rig_push(&near, 0, 10);
    int fd = accept(listener, NULL, NULL);
    read_requests(fd, &reader, 1);
    client_send(fd, answer, size);
    client_expect_end(fd);
    rig_await_log(&near, words);
    ck_assert_uint_eq(flow_channel_size(rig_channel(&near, "c1")), 10);
    close(fd);
    close(listener);
    fl_ipc_reader_free(&reader);
    finish(&near);
    char path[128];
    snprintf(path, sizeof path, "%s/socket", folder.path);
    unlink(path);
}

START_TEST(answers_that_are_none_end_the_connection)
{
    static const char other[] = "FLA1\0\0\0\0\x07\0\0\0\0\0\0";

    expect_complaint("HTTP/1.1 400 Bad Request\r\n", 26, "does not begin with \"FLA1\"");
    expect_complaint(other, sizeof other, "answered request 7 instead of 1");
}
END_TEST

START_TEST(a_source_that_does_not_answer_is_given_up)
{
    struct fl_ipc_reader reader;
    int listener = listen_here();

    fl_ipc_reader_init(&reader, NULL, 1000000);
    start_near("a1.sinks.k1.request-timeout = 50\n");
    rig_push(&near, 0, 10);
    int fd = accept(listener, NULL, NULL);
    read_requests(fd, &reader, 1);
    client_expect_end(fd);
    close(fd);
    rig_await_log(&near, "no answer in time");
    rig_advance(&near, 5000);
    fd = accept(listener, NULL, NULL);
    fl_ipc_reader_free(&reader);
    fl_ipc_reader_init(&reader, NULL, 1000000);
    send_answer(fd, read_requests(fd, &reader, 1), FL_IPC_OK, "");
    await_delivery(10);
    close(fd);
    close(listener);
    fl_ipc_reader_free(&reader);
    finish(&near);
}
END_TEST

START_TEST(a_refusal_is_told_and_the_events_stay)
{
    struct fl_ipc_reader reader;
    int listener = listen_here();

    fl_ipc_reader_init(&reader, NULL, 1000000);
    start_near("");
    rig_push(&near, 0, 10);
    int fd = accept(listener, NULL, NULL);
    send_answer(fd, read_requests(fd, &reader, 1), FL_IPC_REFUSED, "they smell");
    rig_await_log(&near, "refuses the events: they smell");
    ck_assert_uint_eq(flow_channel_size(rig_channel(&near, "c1")), 10);
    rig_advance(&near, 5000);
    send_answer(fd, read_requests(fd, &reader, 1), FL_IPC_OK, "");
    await_delivery(10);
    close(fd);
    close(listener);
    fl_ipc_reader_free(&reader);
    finish(&near);
}
END_TEST

static void answer_slowly(void *arg)
{
    int fd = *(int *)arg;

    usleep(20000);
    send_answer(fd, 1, FL_IPC_OK, "");
}

START_TEST(a_stop_waits_for_the_answer)
{
    struct fl_ipc_reader reader;
    struct fl_thread thread = {0};
    int listener = listen_here();

    fl_ipc_reader_init(&reader, NULL, 1000000);
    start_near("");
    rig_push(&near, 0, 10);
    int fd = accept(listener, NULL, NULL);
    read_requests(fd, &reader, 1);
    fl_thread_start(&thread, "peer", answer_slowly, &fd);
    rig_stop(&near);
    fl_thread_join(&thread);
    ck_assert_int_eq(rig_metric(&near, "k1", "EventDrainSuccessCount"), 10);
    close(fd);
    close(listener);
    fl_ipc_reader_free(&reader);
    rig_free(&near);
}
END_TEST

/* A group hands over one batch at a time, so the sink must not wait for a next one: time stands
 * still, and whatever is put off for a moment never comes. */
START_TEST(in_a_group_each_batch_is_answered_at_once)
{
    start_far(1000);
    start_near("a1.sinks.k1.batch-size = 10\na1.sinkgroups = g1\na1.sinkgroups.g1.sinks = k1\n"
               "a1.sinkgroups.g1.processor.type = default\n");
    rig_push(&near, 0, 30);
    rig_await(&near, "k1", "EventDrainSuccessCount", 30);
    expect_far(0, 30);
    finish(&near);
    finish(&far);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"group", in_a_group_each_batch_is_answered_at_once},
        {"order", events_arrive_in_order_and_leave_the_channel},
        {"kinds", events_of_all_kinds_arrive_unchanged},
        {"late", a_source_that_is_not_there_yet_is_waited_for},
        {"anew", a_source_that_was_started_anew_is_found_again},
        {"full", what_a_full_channel_does_not_take_stays_in_the_other},
        {"second", of_two_agents_the_second_waits_for_the_path},
        {"path", a_path_that_no_socket_can_have_is_refused},
        {"in flight", several_transactions_are_in_flight},
        {"again", what_was_not_answered_is_sent_again},
        {"no answers", answers_that_are_none_end_the_connection},
        {"no answer", a_source_that_does_not_answer_is_given_up},
        {"refusal", a_refusal_is_told_and_the_events_stay},
        {"stop", a_stop_waits_for_the_answer},
    };

    return RUN_SUITE_BETWEEN("ipc", tests, set_up, tear_down);
}
