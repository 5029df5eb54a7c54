/* SPDX-License-Identifier: Apache-2.0 */

/* The ipc source and its peers: what programs send that speak the protocol, and that do not. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "await.h"
#include "base/buf.h"
#include "client.h"
#include "folder.h"
#include "mortal.h"
#include "rig.h"
#include "suite.h"
#include "wire/ipc.h"

static struct folder folder;
static struct rig rig;

/* Starts a source with SETTINGS, and a channel that holds CAPACITY events and never waits. */
static void start(int capacity, const char *settings)
{
    char text[2048];

    folder_init(&folder);
    rig_init(&rig, 0);
    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
             "a1.channels.c1.capacity = %d\na1.channels.c1.transactionCapacity = %d\n"
             "a1.channels.c1.keep-alive = 0\n"
             "a1.sources.r1.type = ipc\na1.sources.r1.channels = c1\n"
             "a1.sources.r1.path = %s/socket\n%s",
             capacity, capacity, folder.path, settings);
    rig_build(&rig, text);
    rig_start(&rig);
    rig_await_log(&rig, "listening at ");
}

static void finish(void)
{
    rig_stop(&rig);
    rig_free(&rig);
    folder_free(&folder);
}

static int try_dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder.path);
    return connect(fd, (struct sockaddr *)&address, sizeof address) ? -1 : fd;
}

static int dial(void)
{
    int fd = try_dial();

    ck_assert_int_ge(fd, 0);
    return fd;
}

/* A request of COUNT events whose bodies are the numbers from FIRST on. */
static void add_request(struct fl_buf *out, uint64_t number, unsigned first, unsigned count)
{
    flow_batch *batch = rig_batch(&rig, first, count);
    size_t size;

    flow_events_pack(flow_batch_events(batch), count, NULL, 0, &size, NULL);
    const struct fl_ipc_request request = {.number = number, .size = size, .events = count};
    fl_ipc_request_write(out, &request);
    void *at = fl_buf_reserve(out, size);
    flow_events_pack(flow_batch_events(batch), count, at, size, &size, NULL);
    out->size += size;
    flow_batch_free(batch);
}

static void send_request(int fd, uint64_t number, unsigned first, unsigned count)
{
    struct fl_buf out;

    fl_buf_init(&out, NULL);
    add_request(&out, number, first, count);
    client_send(fd, out.data, out.size);
    fl_buf_free(&out);
}

static void receive(int fd, void *data, size_t size)
{
    while (size > 0) {
        ssize_t got = recv(fd, data, size, 0);
        ck_assert_int_gt(got, 0);
        data = (char *)data + got;
        size -= (size_t)got;
    }
}

/* Expects the answer to request NUMBER, with STATUS and a text that holds WORDS. */
static void expect_answer(int fd, uint64_t number, unsigned status, const char *words)
{
    uint8_t data[FL_IPC_ANSWER_FRONT + FL_IPC_TEXT_MAX + 1] = {0};
    struct fl_ipc_answer answer;
    size_t used;

    receive(fd, data, FL_IPC_ANSWER_FRONT);
    size_t text = data[6] | (size_t)data[7] << 8;
    ck_assert_uint_le(text, FL_IPC_TEXT_MAX);
    receive(fd, data + FL_IPC_ANSWER_FRONT, text);
    ck_assert_int_eq(fl_ipc_answer_read(data, FL_IPC_ANSWER_FRONT + text, &answer, &used, NULL), 1);
    ck_assert_uint_eq(answer.number, number);
    ck_assert_uint_eq(answer.status, status);
    ck_assert_ptr_nonnull(answer.text);
    ck_assert_msg(strstr(answer.text, words) != NULL, "%s", answer.text);
}

static void expect_numbers(unsigned first, unsigned count)
{
    struct rig_bodies bodies;

    rig_take(&rig, "c1", &bodies);
    rig_expect(&bodies, first, count);
}

START_TEST(a_request_is_answered_once_it_is_committed)
{
    start(100, "");
    int fd = dial();

    send_request(fd, 1, 0, 3);
    expect_answer(fd, 1, FL_IPC_OK, "");
    expect_numbers(0, 3);
    send_request(fd, 2, 3, 1);
    expect_answer(fd, 2, FL_IPC_OK, "");
    expect_numbers(3, 1);
    close(fd);
    finish();
}
END_TEST

START_TEST(requests_that_come_together_are_answered_in_order)
{
    struct fl_buf out;

    start(1000, "");
    int fd = dial();
    fl_buf_init(&out, NULL);
    for (unsigned i = 0; i < 50; i++)
        add_request(&out, 100 + i, i * 4, i == 20 ? 0 : 4);
    client_send(fd, out.data, out.size);
    for (unsigned i = 0; i < 50; i++)
        expect_answer(fd, 100 + i, FL_IPC_OK, "");
    ck_assert_uint_eq(flow_channel_size(rig_channel(&rig, "c1")), 49 * 4);
    fl_buf_free(&out);
    close(fd);
    finish();
}
END_TEST

START_TEST(a_slow_sender_holds_nobody_up)
{
    struct fl_buf out;

    start(100, "");
    int slow = dial();
    int quick = dial();
    fl_buf_init(&out, NULL);
    add_request(&out, 1, 50, 2);
    for (size_t i = 0; i + 1 < out.size; i++) {
        client_send(slow, out.data + i, 1);
        send_request(quick, i, (unsigned)i, 1);
        expect_answer(quick, i, FL_IPC_OK, "");
        expect_numbers((unsigned)i, 1);
    }
    client_send(slow, out.data + out.size - 1, 1);
    expect_answer(slow, 1, FL_IPC_OK, "");
    expect_numbers(50, 2);
    fl_buf_free(&out);
    close(slow);
    close(quick);
    finish();
}
END_TEST

START_TEST(a_full_channel_refuses_and_the_sender_may_try_again)
{
    struct rig_bodies bodies;

    start(5, "");
    int fd = dial();
    send_request(fd, 1, 0, 4);
    expect_answer(fd, 1, FL_IPC_OK, "");
    send_request(fd, 2, 4, 2);
    expect_answer(fd, 2, FL_IPC_FAILED, "space for 2 events");
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventRefusedCount"), 2);
    rig_take(&rig, "c1", &bodies);
    rig_expect(&bodies, 0, 4);
    send_request(fd, 3, 4, 2);
    expect_answer(fd, 3, FL_IPC_OK, "");
    expect_numbers(4, 2);
    close(fd);
    finish();
}
END_TEST

START_TEST(bytes_that_are_no_request_end_the_connection)
{
    start(100, "");
    int fd = dial();

    send_request(fd, 1, 0, 2);
    client_text(fd, "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n");
    expect_answer(fd, 1, FL_IPC_OK, "");
    client_expect_end(fd);
    close(fd);
    expect_numbers(0, 2);
    rig_await_log(&rig, "begins with 47 45 54 20");
    rig_await(&rig, "r1", "ConnectionBrokenCount", 1);
    fd = dial();
    send_request(fd, 1, 2, 1);
    expect_answer(fd, 1, FL_IPC_OK, "");
    expect_numbers(2, 1);
    close(fd);
    finish();
}
END_TEST

START_TEST(a_request_that_is_too_large_is_refused_by_its_front)
{
    const struct fl_ipc_request request = {.number = 7, .events = 1, .size = UINT64_C(1) << 41};
    struct fl_buf out;

    start(100, "a1.sources.r1.max-request-size = 5000\n");
    int fd = dial();
    fl_buf_init(&out, NULL);
    fl_ipc_request_write(&out, &request);
    client_send(fd, out.data, out.size);
    expect_answer(fd, 7, FL_IPC_REFUSED, "more than the 5000");
    client_expect_end(fd);
    fl_buf_free(&out);
    close(fd);
    finish();
}
END_TEST

START_TEST(a_request_that_breaks_the_format_is_refused_as_a_whole)
{
    struct fl_buf out;

    start(100, "");
    int fd = dial();
    fl_buf_init(&out, NULL);
    add_request(&out, 9, 0, 10);
    memset(out.data + out.size - 9, 0xff, 8); /* the front of the last event */
    client_send(fd, out.data, out.size);
    expect_answer(fd, 9, FL_IPC_REFUSED, "request 9, events at byte 81");
    client_expect_end(fd);
    ck_assert_uint_eq(flow_channel_size(rig_channel(&rig, "c1")), 0);
    fl_buf_free(&out);
    close(fd);
    finish();
}
END_TEST

START_TEST(what_is_not_whole_is_dropped_and_counted)
{
    struct fl_buf out;

    start(100, "");
    fl_buf_init(&out, NULL);
    add_request(&out, 1, 0, 10);
    for (size_t cut = 1; cut < out.size; cut += 17) {
        int fd = dial();
        client_send(fd, out.data, out.size - cut);
        client_end(fd);
        client_expect_end(fd);
        close(fd);
    }
    ck_assert_uint_eq(flow_channel_size(rig_channel(&rig, "c1")), 0);
    ck_assert_int_gt(rig_metric(&rig, "r1", "RequestUnfinishedCount"), 5);
    fl_buf_free(&out);
    finish();
}
END_TEST

/* Whether a process without any rights can connect. */
static int stranger_can_connect(void)
{
    int status;
    pid_t child = fork_muted();

    if (child == 0)
        _exit(setgid(65534) || setuid(65534) ? 2 : try_dial() >= 0);
    waitpid(child, &status, 0);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status);
}

START_TEST(the_file_says_who_may_connect)
{
    char path[128];

    if (geteuid() != 0)
        return; /* nobody else can be played */
    start(10, "a1.sources.r1.mode = 0600\n");
    ck_assert_int_eq(chmod(folder.path, 0755), 0);
    ck_assert_int_eq(stranger_can_connect(), 0);
    finish();
    start(10, "a1.sources.r1.mode = 0666\n");
    ck_assert_int_eq(chmod(folder.path, 0755), 0);
    ck_assert_int_eq(stranger_can_connect(), 1);
    snprintf(path, sizeof path, "%s/socket", folder.path);
    rig_stop(&rig);
    ck_assert_int_ne(access(path, F_OK), 0);
    rig_free(&rig);
    folder_free(&folder);
}
END_TEST

/* Starts an agent whose mode or path is wrong. */
static void expect_fault(const char *settings, const char *words)
{
    flow_error *err = NULL;
    char text[512];

    rig_init(&rig, 0);
    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
             "a1.sources.r1.type = ipc\na1.sources.r1.channels = c1\n%s",
             settings);
    ck_assert_int_ne(rig_try_build(&rig, text, 0, &err), FLOW_OK);
    ck_assert_msg(strstr(flow_error_message(err), words) != NULL, "%s", flow_error_message(err));
    flow_error_free(err);
    rig_free(&rig);
}

START_TEST(settings_that_make_no_sense_are_refused)
{
    char long_path[200] = "a1.sources.r1.path = /tmp/";
    size_t size = strlen(long_path);

    memset(long_path + size, 'x', 110);
    long_path[size + 110] = '\n';
    expect_fault(long_path, "longer than 107 bytes");
    expect_fault("", "path");
    expect_fault("a1.sources.r1.path = /tmp/x\na1.sources.r1.mode = rw-rw----\n", "octal");
    expect_fault("a1.sources.r1.path = /tmp/x\na1.sources.r1.mode = 0680\n", "octal");
    expect_fault("a1.sources.r1.path = /tmp/x\na1.sources.r1.mode = 4755\n", "more than 0777");
}
END_TEST

START_TEST(many_connections_leave_nothing_behind)
{
    start(10000, "");
    int before = client_descriptors();

    for (unsigned i = 0; i < 500; i++) {
        int fd = dial();
        send_request(fd, 1, i, 1);
        expect_answer(fd, 1, FL_IPC_OK, "");
        close(fd);
    }
    AWAIT(client_descriptors() == before);
    expect_numbers(0, 500);
    finish();
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"answer", a_request_is_answered_once_it_is_committed},
        {"order", requests_that_come_together_are_answered_in_order},
        {"slow", a_slow_sender_holds_nobody_up},
        {"full", a_full_channel_refuses_and_the_sender_may_try_again},
        {"foreign", bytes_that_are_no_request_end_the_connection},
        {"too large", a_request_that_is_too_large_is_refused_by_its_front},
        {"broken", a_request_that_breaks_the_format_is_refused_as_a_whole},
        {"unfinished", what_is_not_whole_is_dropped_and_counted},
        {"permission", the_file_says_who_may_connect},
        {"settings", settings_that_make_no_sense_are_refused},
        {"descriptors", many_connections_leave_nothing_behind},
    };

    return RUN_SUITE("ipc source", tests);
}
