/* SPDX-License-Identifier: Apache-2.0 */

/* The server with the test's own thread as its worker. */

#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include "await.h"
#include "client.h"
#include "core/context.h"
#include "core/registry.h"
#include "failing.h"
#include "mortal.h"
#include "net/server_inside.h"
#include "suite.h"

static const struct fl_type type = {.kind = FLOW_KIND_SOURCE, .name = "t", .aliases = ""};

struct fixture {
    struct failing failing;
    flow_library *lib;
    flow_context *ctx;
    struct fl_loop_host *host;
    struct fl_server *server;
    uint16_t port;
    _Atomic int warnings;
};

static void note_warning(void *self, const flow_log_record *record)
{
    struct fixture *f = self;

    if (record->level == FLOW_LOG_WARN)
        atomic_fetch_add(&f->warnings, 1);
}

/* What the worker keeps for a connection. */
struct state {
    size_t bytes;
};

static void set_up(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    failing_init(&f->failing);
    const flow_library_options options = {
        .struct_size = sizeof options,
        .allocator = &f->failing.allocator,
        .log = note_warning,
        .log_self = f,
    };
    ck_assert_int_eq(flow_library_new(&options, &f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(fl_context_new(f->lib, &type, "r1", NULL, NULL, &f->ctx, NULL), FLOW_OK);
    ck_assert_int_eq(fl_loop_host_new(&f->failing.allocator, "loop", &f->host, NULL), FLOW_OK);
    f->ctx->loop = f->host;
    ck_assert_int_eq(fl_server_new(f->ctx, sizeof(struct state), &f->server, NULL), FLOW_OK);
    ck_assert_int_eq(fl_server_listen(f->server, "127.0.0.1", 0, &f->port, NULL), FLOW_OK);
}

static void tear_down(struct fixture *f)
{
    fl_server_free(f->server);
    fl_loop_host_free(f->host);
    fl_context_free(f->ctx);
    ck_assert_int_eq(flow_library_free(f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(f->failing.live, 0);
}

static struct fl_piece *take(struct fixture *f)
{
    struct fl_piece *piece = fl_server_take(f->server, 1);

    ck_assert_ptr_nonnull(piece);
    return piece;
}

/* Takes pieces of one connection until SIZE bytes have come; returns the connection. */
static struct fl_conn *receive(struct fixture *f, size_t size)
{
    struct fl_conn *conn = NULL;

    for (size_t got = 0; got < size;) {
        struct fl_piece *piece = take(f);
        ck_assert(!conn || conn == piece->conn);
        ck_assert_uint_gt(piece->size, 0);
        conn = piece->conn;
        got += piece->size;
        fl_server_release(f->server, piece);
    }
    return conn;
}

/* Takes the last piece of a connection, and with it the connection. */
static struct fl_conn *take_last(struct fixture *f)
{
    struct fl_piece *piece = take(f);
    struct fl_conn *conn = piece->conn;

    ck_assert_uint_eq(piece->size, 0);
    fl_server_release(f->server, piece);
    return conn;
}

START_TEST(worker_gets_bytes_and_answers)
{
    struct fixture f;
    set_up(&f);
    int fd = client_open(f.port);

    client_text(fd, "hello");
    struct fl_conn *conn = receive(&f, 5);
    ck_assert_uint_eq(fl_conn_port(conn), f.port);
    ck_assert_ptr_nonnull(strstr(fl_conn_peer(conn), "127.0.0.1:"));
    ck_assert_int_eq(fl_conn_send(conn, "wor", 3), FLOW_OK);
    ck_assert_int_eq(fl_conn_send(conn, "ld", 2), FLOW_OK);
    client_expect(fd, "world");
    client_end(fd);
    ck_assert_ptr_eq(take_last(&f), conn);
    fl_conn_send(conn, "!", 1);
    fl_conn_close(conn);
    client_expect(fd, "!");
    client_expect_end(fd);
    close(fd);
    tear_down(&f);
}
END_TEST

START_TEST(each_connection_carries_its_own_state)
{
    struct fixture f;
    set_up(&f);
    int one = client_open(f.port);
    int two = client_open(f.port);

    client_text(one, "1");
    struct state *first = fl_conn_state(receive(&f, 1));
    client_text(two, "2");
    struct state *second = fl_conn_state(receive(&f, 1));
    ck_assert_ptr_ne(first, second);
    ck_assert_uint_eq(first->bytes, 0);
    first->bytes = 77;
    ck_assert_uint_eq(second->bytes, 0);
    client_text(one, "1");
    ck_assert_ptr_eq(fl_conn_state(receive(&f, 1)), first);
    ck_assert_uint_eq(first->bytes, 77);
    close(one);
    close(two);
    tear_down(&f);
}
END_TEST

#define FLOOD ((size_t)32 * 1024 * 1024)

static void flood(void *arg)
{
    static const char zeros[65536];
    int fd = *(int *)arg;

    for (size_t sent = 0; sent < FLOOD; sent += sizeof zeros)
        client_send(fd, zeros, sizeof zeros);
    client_end(fd);
}

/* How much waits once reading has paused; 0 before. */
static size_t waiting_at_pause(struct fl_inbox *inbox)
{
    fl_lock(&inbox->lock);
    size_t waiting = inbox->starved ? inbox->waiting : 0;
    fl_unlock(&inbox->lock);
    return waiting;
}

START_TEST(a_slow_worker_slows_the_peer_and_loses_nothing)
{
    struct fixture f;
    set_up(&f);
    struct fl_inbox *inbox = &f.server->inboxes[0];
    struct fl_thread sender;
    size_t waiting;
    int fd = client_open(f.port);

    fl_thread_start(&sender, "flood", flood, &fd);
    while ((waiting = waiting_at_pause(inbox)) == 0)
        usleep(1000);
    /* One read more than the limit, at most. */
    ck_assert_uint_le(waiting, inbox->limit + 256 * 1024);
    struct fl_conn *conn = receive(&f, FLOOD);
    ck_assert_ptr_eq(take_last(&f), conn);
    fl_conn_close(conn);
    fl_thread_join(&sender);
    client_expect_end(fd);
    close(fd);
    tear_down(&f);
}
END_TEST

START_TEST(a_peer_that_does_not_read_is_not_read)
{
    struct fixture f;
    set_up(&f);
    int fd = client_open(f.port);
    char *answer = fl_calloc(NULL, 1, FLOOD);
    memset(answer, 1, FLOOD);

    client_text(fd, "x");
    struct fl_conn *conn = receive(&f, 1);
    ck_assert_int_eq(fl_conn_send(conn, answer, FLOOD), FLOW_OK);
    client_text(fd, "y");
    ck_assert_uint_eq(client_drain(fd, FLOOD), FLOOD);
    ck_assert_ptr_eq(receive(&f, 1), conn);
    fl_free(NULL, answer);
    close(fd);
    tear_down(&f);
}
END_TEST

/* Others may still be sent something, and get it. */
static size_t unsent(struct fl_server *server)
{
    fl_lock(&server->lock);
    size_t size = server->unsent;
    fl_unlock(&server->lock);
    return size;
}

START_TEST(a_peer_that_never_reads_is_given_up)
{
    struct fixture f;
    set_up(&f);
    int fd = client_open(f.port);
    int other = client_open(f.port);
    char *answer = fl_calloc(NULL, 1, FLOOD);
    int rc = FLOW_OK;

    client_text(fd, "x");
    struct fl_conn *conn = receive(&f, 1);
    client_text(other, "y");
    struct fl_conn *good = receive(&f, 1);
    for (int i = 0; i < 20 && !rc; i++)
        rc = fl_conn_send(conn, answer, FLOOD);
    ck_assert_int_eq(rc, FLOW_ETOOBIG);
    ck_assert_int_eq(fl_conn_send(conn, answer, FLOOD), FLOW_OK);
    ck_assert_int_eq(fl_conn_send(good, "ok", 2), FLOW_OK);
    client_expect(other, "ok");
    ck_assert_ptr_eq(take_last(&f), conn);
    fl_conn_close(conn);
    do
        rc = (int)read(fd, answer, FLOOD);
    while (rc > 0);
    AWAIT(unsent(f.server) == 0);
    ck_assert_int_eq(fl_conn_send(good, answer, FLOOD), FLOW_OK);
    ck_assert_uint_eq(client_drain(other, FLOOD), 0);
    fl_free(NULL, answer);
    close(fd);
    close(other);
    tear_down(&f);
}
END_TEST

START_TEST(hanging_up_delivers_the_answer_first)
{
    static const char much[1024 * 1024];
    struct fixture f;
    set_up(&f);
    int fd = client_open(f.port);

    client_text(fd, "x");
    struct fl_conn *conn = receive(&f, 1);
    fl_conn_send(conn, "go away", 7);
    fl_conn_hang_up(conn);
    struct fl_piece *piece = take(&f);
    ck_assert_uint_eq(piece->size, 0);
    fl_server_release(f.server, piece);
    fl_conn_close(conn);
    /* What is sent now is thrown away, but does not reset the connection. */
    client_send(fd, much, sizeof much);
    client_expect(fd, "go away");
    client_expect_end(fd);
    close(fd);
    tear_down(&f);
}
END_TEST

START_TEST(closing_ends_every_connection)
{
    struct fixture f;
    set_up(&f);
    int fds[50];

    for (int i = 0; i < 50; i++) {
        fds[i] = client_open(f.port);
        client_text(fds[i], "x");
        receive(&f, 1);
    }
    fl_server_close(f.server);
    for (int i = 0; i < 50; i++)
        fl_conn_close(take_last(&f));
    ck_assert_ptr_null(fl_server_take(f.server, 1));
    for (int i = 0; i < 50; i++) {
        client_expect_end(fds[i]);
        close(fds[i]);
    }
    tear_down(&f);
}
END_TEST

START_TEST(closing_does_not_wait_for_a_peer_that_does_not_read)
{
    struct fixture f;
    set_up(&f);
    int fd = client_open(f.port);
    char *answer = fl_calloc(NULL, 1, FLOOD);

    client_text(fd, "x");
    struct fl_conn *conn = receive(&f, 1);
    fl_conn_send(conn, answer, FLOOD);
    fl_server_close(f.server);
    fl_conn_close(take_last(&f));
    tear_down(&f);
    fl_free(NULL, answer);
    close(fd);
}
END_TEST

/* Closes the server in the turn of the loop in which a connection was accepted. */
static void close_on_accept(uv_check_t *check)
{
    struct fixture *f = check->data;

    if (!f->server->conns)
        return;
    fl_server_close(f->server);
    uv_close((uv_handle_t *)check, NULL);
}

/* On the loop's thread, so that the connection is gone before it can be accepted. */
static int connect_and_reset(void *arg)
{
    const struct linger at_once = {.l_onoff = 1};
    uv_check_t *check = arg;
    struct fixture *f = check->data;

    uv_check_init(fl_loop_uv(f->server->loop), check);
    uv_check_start(check, close_on_accept);
    int fd = client_open(f->port);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    return close(fd);
}

START_TEST(closing_gives_out_no_connection_that_was_never_there)
{
    struct fixture f;
    uv_check_t check = {.data = &f};
    set_up(&f);

    ck_assert_int_eq(fl_loop_call(f.server->loop, connect_and_reset, &check), 0);
    ck_assert_ptr_null(fl_server_take(f.server, 1));
    tear_down(&f);
}
END_TEST

START_TEST(nothing_stays_open)
{
    struct fixture f;
    set_up(&f);
    tear_down(&f); /* once before, since libuv keeps two descriptors for the whole process */
    int before = client_descriptors();

    set_up(&f);
    int fd = client_open(f.port);
    client_text(fd, "x");
    receive(&f, 1);
    tear_down(&f);
    close(fd);
    ck_assert_int_eq(client_descriptors(), before);
}
END_TEST

START_TEST(a_port_in_use_is_named)
{
    struct fixture f;
    set_up(&f);
    flow_error *err = NULL;
    char expected[64];
    int fd;
    uint16_t port = client_occupy(&fd);

    ck_assert_int_eq(fl_server_listen(f.server, "localhost", port, NULL, &err), FLOW_EIO);
    snprintf(expected, sizeof expected, "cannot listen on localhost:%u: Address already in use",
             (unsigned)port);
    ck_assert_str_eq(flow_error_message(err), expected);
    ck_assert_int_eq(flow_error_retriable(err), 1);
    flow_error_free(err);
    close(fd);
    tear_down(&f);
}
END_TEST

static int turn(void *arg)
{
    return *(int *)arg;
}

START_TEST(refusing_is_done_once_for_each_connection)
{
    struct fixture f;
    int zero = 0;
    set_up(&f);

    failing_after(&f.failing, 0);
    int fd = client_open(f.port);
    ck_assert(client_refused(fd));
    /* Each call is a turn of the loop, in which it could try again. */
    int64_t refused = f.failing.refused;
    for (int i = 0; i < 10; i++)
        fl_loop_call(f.server->loop, turn, &zero);
    ck_assert_int_eq(f.failing.refused, refused);
    failing_after(&f.failing, -1);
    close(fd);
    tear_down(&f);
}
END_TEST

START_TEST(without_memory_a_connection_is_refused_and_the_next_is_not)
{
    struct fixture f;
    set_up(&f);

    failing_after(&f.failing, 0);
    for (int i = 0; i < 5; i++) {
        int fd = client_open(f.port);
        ck_assert(client_refused(fd));
        close(fd);
    }
    failing_after(&f.failing, -1);
    int fd = client_open(f.port);
    client_text(fd, "x");
    receive(&f, 1);
    close(fd);
    tear_down(&f);
}
END_TEST

/* Sends SIZE bytes, as small answers and as large ones. */
static void answer_in_parts(struct fl_conn *conn, const uint8_t *bytes, size_t size)
{
    for (size_t at = 0, i = 0; at < size; i++) {
        size_t part = i % 7 == 6 ? 100000 : 1 + i * 37 % 3000;
        part = part < size - at ? part : size - at;
        ck_assert_int_eq(fl_conn_send(conn, bytes + at, part), FLOW_OK);
        at += part;
    }
}

START_TEST(answers_of_all_sizes_stay_in_order)
{
    struct fixture f;
    set_up(&f);
    int fd = client_open(f.port);
    uint8_t *sent = fl_alloc(NULL, FLOOD);
    uint8_t *came = fl_alloc(NULL, FLOOD);

    for (size_t i = 0; i < FLOOD; i++)
        sent[i] = (uint8_t)(i * 2654435761u >> 13);
    client_text(fd, "x");
    answer_in_parts(receive(&f, 1), sent, FLOOD);
    for (size_t at = 0; at < FLOOD;) {
        ssize_t got = recv(fd, came + at, FLOOD - at, 0);
        ck_assert_int_gt(got, 0);
        at += (size_t)got;
    }
    ck_assert_int_eq(memcmp(sent, came, FLOOD), 0);
    fl_free(NULL, sent);
    fl_free(NULL, came);
    close(fd);
    tear_down(&f);
}
END_TEST

#define ANSWER 10007u

/* Of what follows an answer of which there is only a part, nothing may be taken for the rest. */
START_TEST(nothing_follows_a_part_of_an_answer)
{
    static char answer[ANSWER], got[ANSWER];
    struct fixture f;
    set_up(&f);
    int fd = client_open(f.port);
    size_t size = 0;
    ssize_t count;

    client_text(fd, "x");
    struct fl_conn *conn = receive(&f, 1);
    failing_after(&f.failing, 0);
    while (fl_conn_send(conn, answer, sizeof answer) == FLOW_OK)
        size += sizeof answer;
    ck_assert_uint_gt(size, 0);
    client_drain(fd, size);
    fl_conn_send(conn, "z", 1);
    failing_after(&f.failing, -1);
    client_end(fd);
    ck_assert_ptr_eq(take_last(&f), conn);
    fl_conn_close(conn);
    for (size = 0; size < sizeof got && (count = read(fd, got + size, sizeof got - size)) > 0;)
        size += (size_t)count;
    ck_assert_ptr_eq(memchr(got, 'z', size), size == 1 ? got : NULL);
    close(fd);
    tear_down(&f);
}
END_TEST

START_TEST(without_memory_to_read_a_connection_ends)
{
    static const char large[100000]; /* more than is sent at once */
    struct fixture f;
    set_up(&f);
    int fd = client_open(f.port);

    client_text(fd, "x");
    struct fl_conn *conn = receive(&f, 1);
    /* The large piece of the first read is kept, but is in use while a second one is read. */
    struct fl_piece *kept = fl_inbox_room(&f.server->inboxes[0]);
    failing_after(&f.failing, 0);
    ck_assert_int_eq(fl_conn_send(conn, large, sizeof large), FLOW_ENOMEM);
    client_text(fd, "y");
    ck_assert_ptr_eq(take_last(&f), conn);
    fl_conn_close(conn);
    ck_assert(client_refused(fd));
    failing_after(&f.failing, -1);
    fl_inbox_return(&f.server->inboxes[0], kept);
    close(fd);
    tear_down(&f);
}
END_TEST

#define CROWD 40

static void limit_descriptors(rlim_t count)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = count;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Connects CROWD times, tells the parent, and ends all when it is killed. */
static pid_t crowd(uint16_t port, rlim_t limit, int *ready)
{
    int pipe_fds[2];
    char byte = 1;

    ck_assert_int_eq(pipe(pipe_fds), 0);
    pid_t child = fork_muted();
    if (child == 0) {
        limit_descriptors(limit);
        for (int i = 0; i < CROWD; i++)
            client_open(port);
        ck_assert_int_eq(write(pipe_fds[1], &byte, 1), 1);
        for (;;)
            pause();
    }
    close(pipe_fds[1]);
    *ready = pipe_fds[0];
    return child;
}

START_TEST(peers_leave_descriptors_to_others)
{
    struct fixture f;
    struct rlimit before;
    struct fl_piece *piece;
    int ready;
    char byte;
    set_up(&f);

    getrlimit(RLIMIT_NOFILE, &before);
    limit_descriptors((rlim_t)client_descriptors() + 24);
    pid_t child = crowd(f.port, before.rlim_cur, &ready);
    ck_assert_int_eq(read(ready, &byte, 1), 1);
    AWAIT(atomic_load(&f.warnings) > 0);
    int own = eventfd(0, 0);
    ck_assert_int_ge(own, 0);
    close(own);
    limit_descriptors(before.rlim_cur);
    kill_muted(child);
    close(ready);
    int fd = client_open(f.port);
    client_text(fd, "x");
    while ((piece = take(&f))->size == 0) {
        fl_conn_close(piece->conn);
        fl_server_release(f.server, piece);
    }
    fl_server_release(f.server, piece);
    ck_assert_int_eq(atomic_load(&f.warnings), 1);
    close(fd);
    tear_down(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"answer", worker_gets_bytes_and_answers},
        {"state", each_connection_carries_its_own_state},
        {"slow worker", a_slow_worker_slows_the_peer_and_loses_nothing},
        {"slow peer", a_peer_that_does_not_read_is_not_read},
        {"order", answers_of_all_sizes_stay_in_order},
        {"never reads", a_peer_that_never_reads_is_given_up},
        {"hang up", hanging_up_delivers_the_answer_first},
        {"close", closing_ends_every_connection},
        {"close at once", closing_does_not_wait_for_a_peer_that_does_not_read},
        {"close on accept", closing_gives_out_no_connection_that_was_never_there},
        {"descriptors", nothing_stays_open},
        {"port in use", a_port_in_use_is_named},
        {"refuse once", refusing_is_done_once_for_each_connection},
        {"no memory to accept", without_memory_a_connection_is_refused_and_the_next_is_not},
        {"no descriptors", peers_leave_descriptors_to_others},
        {"part", nothing_follows_a_part_of_an_answer},
        {"no memory to read", without_memory_to_read_a_connection_ends},
    };

    return RUN_SUITE("net/server", tests);
}
