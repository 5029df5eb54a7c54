/* SPDX-License-Identifier: Apache-2.0 */

/* A link with a peer that the test plays on the same thread, since the system accepts connections
 * and keeps what was sent without its help. */

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "await.h"
#include "base/thread.h"
#include "client.h"
#include "core/context.h"
#include "failing.h"
#include "folder.h"
#include "net/link.h"
#include "net/tls.h"
#include "suite.h"

/* Only a broken build waits as long. */
#define LONG_MS 60000
#define SHORT_MS 30

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);

/* A host called "twofold" has two addresses, and nobody listens on the first. */
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found)
{
    if (strcmp(host, "twofold") || hints->ai_flags & AI_NUMERICHOST)
        return __real_getaddrinfo(host, service, hints, found);
    int rc = __real_getaddrinfo("127.0.0.9", service, hints, found);
    return rc ? rc : __real_getaddrinfo("127.0.0.1", service, hints, &(*found)->ai_next);
}

static const struct fl_type type = {.kind = FLOW_KIND_SINK, .name = "t", .aliases = ""};

struct fixture {
    struct failing failing;
    flow_library *lib;
    flow_context *ctx;
    struct fl_link *link;
    int listener;
    uint16_t port;
    int peer; /* the other end */
    struct fl_buf in;
};

static void set_up(struct fixture *f, const struct fl_stack_plan *plan)
{
    memset(f, 0, sizeof *f);
    failing_init(&f->failing);
    const flow_library_options options = {.struct_size = sizeof options,
                                          .allocator = &f->failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(fl_context_new(f->lib, &type, "k1", NULL, NULL, &f->ctx, NULL), FLOW_OK);
    struct fl_link_options link = {.mem = &f->failing.allocator, .ctx = f->ctx};
    if (plan)
        link.stack = *plan;
    ck_assert_int_eq(fl_link_new(&link, &f->link, NULL), FLOW_OK);
    f->port = client_occupy(&f->listener);
    f->peer = -1;
    fl_buf_init(&f->in, &f->failing.allocator);
}

static void tear_down(struct fixture *f)
{
    fl_link_free(f->link);
    fl_buf_free(&f->in);
    if (f->peer >= 0)
        close(f->peer);
    if (f->listener >= 0)
        close(f->listener);
    fl_context_free(f->ctx);
    ck_assert_int_eq(flow_library_free(f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(f->failing.live, 0);
}

static struct fl_link_target target(const struct fixture *f)
{
    return (struct fl_link_target){.host = "127.0.0.1", .port = f->port};
}

static void connect_to(struct fixture *f, const struct fl_link_target *to)
{
    flow_error *err = NULL;
    int rc = fl_link_connect(f->link, to, LONG_MS, &err);

    ck_assert_msg(!rc, "%s", flow_error_message(err));
    f->peer = accept(f->listener, NULL, NULL);
    ck_assert_int_ge(f->peer, 0);
}

static void set_up_connected(struct fixture *f)
{
    set_up(f, NULL);
    const struct fl_link_target to = target(f);
    connect_to(f, &to);
}

static int64_t in_ms(int64_t ms)
{
    return fl_clock_after(fl_clock_system(), ms);
}

/* Receives until SIZE bytes are there. */
static void expect(struct fixture *f, const void *data, size_t size)
{
    while (f->in.size < size)
        ck_assert_int_eq(fl_link_receive(f->link, &f->in, in_ms(LONG_MS), NULL), 1);
    ck_assert_uint_eq(f->in.size, size);
    ck_assert_mem_eq(f->in.data, data, size);
    fl_buf_clear(&f->in);
}

static void expect_error(int rc, int code, flow_error *err, const char *format, unsigned port)
{
    char text[200];

    snprintf(text, sizeof text, format, port);
    ck_assert_int_eq(rc, code);
    ck_assert_str_eq(flow_error_message(err), text);
    ck_assert_int_eq(flow_error_retriable(err), 1);
    flow_error_free(err);
}

START_TEST(bytes_go_both_ways)
{
    struct fixture f;
    set_up_connected(&f);

    ck_assert_int_eq(fl_link_send(f.link, "hello", 5, in_ms(LONG_MS), NULL), FLOW_OK);
    client_expect(f.peer, "hello");
    client_text(f.peer, "world");
    expect(&f, "world", 5);
    tear_down(&f);
}
END_TEST

START_TEST(a_port_where_nobody_listens_is_named)
{
    struct fixture f;
    flow_error *err = NULL;
    set_up(&f, NULL);
    const struct fl_link_target to = target(&f);

    close(f.listener);
    f.listener = -1;
    int rc = fl_link_connect(f.link, &to, LONG_MS, &err);
    expect_error(rc, FLOW_EIO, err, "cannot connect to 127.0.0.1:%u: Connection refused", f.port);
    ck_assert_int_eq(fl_link_send(f.link, "x", 1, in_ms(0), NULL), FLOW_ESTATE);
    ck_assert_int_eq(fl_link_receive(f.link, &f.in, in_ms(0), NULL), FLOW_ESTATE);
    ck_assert_int_eq(fl_link_alive(f.link), 0);
    tear_down(&f);
}
END_TEST

START_TEST(every_address_of_a_host_is_tried)
{
    struct fixture f;
    set_up(&f, NULL);
    const struct fl_link_target to = {.host = "twofold", .port = f.port};

    connect_to(&f, &to);
    ck_assert_int_eq(fl_link_send(f.link, "hello", 5, in_ms(LONG_MS), NULL), FLOW_OK);
    client_expect(f.peer, "hello");
    tear_down(&f);
}
END_TEST

#define CROWD 16

START_TEST(a_connection_that_nobody_accepts_ends_in_time)
{
    struct fixture f;
    struct fl_link *crowd[CROWD] = {NULL};
    flow_error *err = NULL;
    set_up(&f, NULL);
    const struct fl_link_target to = target(&f);
    const struct fl_link_options options = {.mem = &f.failing.allocator};
    int rc = FLOW_OK;

    for (size_t i = 0; i < CROWD && !rc; i++) {
        flow_error_free(err);
        err = NULL;
        ck_assert_int_eq(fl_link_new(&options, &crowd[i], NULL), FLOW_OK);
        rc = fl_link_connect(crowd[i], &to, SHORT_MS, &err);
    }
    expect_error(rc, FLOW_ETIMEDOUT, err, "cannot connect to 127.0.0.1:%u: no answer in time",
                 f.port);
    for (size_t i = 0; i < CROWD; i++)
        fl_link_free(crowd[i]);
    tear_down(&f);
}
END_TEST

START_TEST(a_peer_that_never_answers_is_waited_for_in_time)
{
    struct fixture f;
    flow_error *err = NULL;
    set_up_connected(&f);
    int64_t deadline = in_ms(SHORT_MS);

    int rc = fl_link_receive(f.link, &f.in, deadline, &err);
    expect_error(rc, FLOW_ETIMEDOUT, err, "waiting for 127.0.0.1:%u: no answer in time", f.port);
    ck_assert_int_ge(fl_clock_now(fl_clock_system()), deadline);
    client_text(f.peer, "late");
    expect(&f, "late", 4);
    tear_down(&f);
}
END_TEST

START_TEST(a_peer_that_does_not_read_is_given_up_in_time)
{
    static const size_t much = 64 * 1024 * 1024;
    struct fixture f;
    flow_error *err = NULL;
    set_up_connected(&f);
    void *zeros = fl_zalloc(NULL, much);

    int rc = fl_link_send(f.link, zeros, much, in_ms(SHORT_MS), &err);
    expect_error(rc, FLOW_ETIMEDOUT, err, "cannot send to 127.0.0.1:%u: no answer in time", f.port);
    fl_free(NULL, zeros);
    tear_down(&f);
}
END_TEST

static void interrupt(void *link)
{
    fl_link_interrupt(link);
}

START_TEST(another_thread_ends_a_wait)
{
    struct fixture f;
    struct fl_thread thread;
    flow_error *err = NULL;
    set_up_connected(&f);

    ck_assert_int_eq(fl_thread_start(&thread, "other", interrupt, f.link), FLOW_OK);
    int rc = fl_link_receive(f.link, &f.in, FL_NEVER, &err);
    expect_error(rc, FLOW_ECLOSED, err, "waiting for 127.0.0.1:%u: stopped meanwhile", f.port);
    fl_thread_join(&thread);
    ck_assert_int_eq(fl_link_receive(f.link, &f.in, FL_NEVER, NULL), FLOW_ECLOSED);
    fl_link_resume(f.link);
    client_text(f.peer, "on");
    expect(&f, "on", 2);
    tear_down(&f);
}
END_TEST

static void stop(void *ctx)
{
    fl_context_stop(ctx);
}

START_TEST(the_stop_of_the_component_ends_a_wait)
{
    struct fixture f;
    struct fl_thread thread;
    set_up_connected(&f);

    ck_assert_int_eq(fl_thread_start(&thread, "other", stop, f.ctx), FLOW_OK);
    ck_assert_int_eq(fl_link_receive(f.link, &f.in, FL_NEVER, NULL), FLOW_ECLOSED);
    fl_thread_join(&thread);
    client_text(f.peer, "there");
    expect(&f, "there", 5);
    const struct fl_link_target to = target(&f);
    fl_context_resume(f.ctx);
    ck_assert_int_eq(fl_link_connect(f.link, &to, LONG_MS, NULL), FLOW_OK);
    tear_down(&f);
}
END_TEST

static void answer_late(void *peer)
{
    poll(NULL, 0, SHORT_MS);
    client_text(*(int *)peer, "late");
}

START_TEST(what_was_asked_before_the_stop_may_still_be_answered)
{
    struct fixture f;
    struct fl_thread thread;
    struct fl_link *patient;
    set_up(&f, NULL);
    const struct fl_link_options options = {
        .mem = &f.failing.allocator, .ctx = f.ctx, .grace_ms = LONG_MS};
    const struct fl_link_target to = target(&f);

    ck_assert_int_eq(fl_link_new(&options, &patient, NULL), FLOW_OK);
    fl_link_free(f.link);
    f.link = patient;
    connect_to(&f, &to);
    fl_context_stop(f.ctx);
    ck_assert_int_eq(fl_thread_start(&thread, "peer", answer_late, &f.peer), FLOW_OK);
    expect(&f, "late", 4);
    fl_thread_join(&thread);
    ck_assert_int_eq(fl_link_receive(f.link, &f.in, in_ms(SHORT_MS), NULL), FLOW_ETIMEDOUT);
    tear_down(&f);
}
END_TEST

START_TEST(a_peer_that_closed_while_nobody_looked_is_noticed)
{
    struct fixture f;
    set_up_connected(&f);

    ck_assert_int_eq(fl_link_alive(f.link), 1);
    client_text(f.peer, "unasked");
    ck_assert_int_eq(fl_link_alive(f.link), 1);
    expect(&f, "unasked", 7);
    client_end(f.peer);
    AWAIT(!fl_link_alive(f.link));
    ck_assert_int_eq(fl_link_receive(f.link, &f.in, in_ms(LONG_MS), NULL), 0);
    tear_down(&f);
}
END_TEST

START_TEST(what_comes_unasked_is_not_kept_without_end)
{
    enum { PIECE = 65536, PIECES = 1000 };
    static const char piece[PIECE];
    struct fixture f;
    size_t sent = 0;
    set_up_connected(&f);

    for (int i = 0; i < PIECES; i++) {
        ssize_t more = send(f.peer, piece, PIECE, MSG_DONTWAIT);
        sent += more > 0 ? (size_t)more : 0;
        ck_assert_int_eq(fl_link_alive(f.link), 1);
    }
    ck_assert_uint_lt(sent, (size_t)PIECE * PIECES / 2);
    tear_down(&f);
}
END_TEST

START_TEST(a_peer_that_only_stopped_sending_still_gets_bytes)
{
    struct fixture f;
    set_up_connected(&f);

    client_text(f.peer, "bye");
    client_end(f.peer);
    expect(&f, "bye", 3);
    ck_assert_int_eq(fl_link_receive(f.link, &f.in, FL_NEVER, NULL), 0);
    ck_assert_int_eq(fl_link_receive(f.link, &f.in, FL_NEVER, NULL), 0);
    ck_assert_int_eq(fl_link_send(f.link, "hello", 5, in_ms(LONG_MS), NULL), FLOW_OK);
    client_expect(f.peer, "hello");
    tear_down(&f);
}
END_TEST

START_TEST(a_peer_that_is_gone_is_an_error_and_no_signal)
{
    struct fixture f;
    set_up_connected(&f);
    int rc = FLOW_OK;

    close(f.peer);
    f.peer = -1;
    while (!rc)
        rc = fl_link_send(f.link, "x", 1, in_ms(LONG_MS), NULL);
    ck_assert_int_eq(rc, FLOW_EIO);
    tear_down(&f);
}
END_TEST

static int listen_on(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 0), 0);
    return fd;
}

START_TEST(a_path_is_a_peer_too)
{
    struct fixture f;
    flow_error *err = NULL;
    char path[100];
    struct fl_link *second;
    struct folder folder;
    set_up(&f, NULL);
    const struct fl_link_options options = {.mem = &f.failing.allocator};
    const struct fl_link_target to = {.path = path};

    folder_init(&folder);
    snprintf(path, sizeof path, "%s/socket", folder.path);
    ck_assert_int_eq(fl_link_connect(f.link, &to, LONG_MS, &err), FLOW_EIO);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), path));
    flow_error_free(err);
    close(f.listener);
    f.listener = listen_on(path);
    connect_to(&f, &to);
    ck_assert_str_eq(fl_link_peer(f.link), path);
    client_text(f.peer, "hello");
    expect(&f, "hello", 5);

    /* One may wait to be accepted; the next one is told so at once, and waits itself. */
    ck_assert_int_eq(fl_link_connect(f.link, &to, LONG_MS, NULL), FLOW_OK);
    ck_assert_int_eq(fl_link_new(&options, &second, NULL), FLOW_OK);
    ck_assert_int_eq(fl_link_connect(second, &to, SHORT_MS, NULL), FLOW_ETIMEDOUT);
    fl_link_free(second);
    folder_free(&folder);
    tear_down(&f);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_refused)
{
    char path[200];
    struct fixture f;
    const struct fl_link_target to = {.path = path};
    set_up(&f, NULL);

    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    ck_assert_int_eq(fl_link_connect(f.link, &to, LONG_MS, NULL), FLOW_EINVAL);
    tear_down(&f);
}
END_TEST

/* The peer's end of a link with layers. */
struct layered_peer {
    int fd;
    struct fl_stack *stack;
    struct fl_buf plain, wire;
};

static int keep(void *self, const uint8_t *data, size_t size, flow_error **err)
{
    return fl_buf_append(self, data, size);
}

/* Reads until SIZE plain bytes have come. */
static void peer_receive(struct layered_peer *peer, size_t size)
{
    const struct fl_stack_taker taker = {keep, &peer->plain};
    char room[4096];

    while (peer->plain.size < size) {
        ssize_t got = recv(peer->fd, room, sizeof room, 0);
        ck_assert_int_gt(got, 0);
        ck_assert_int_eq(
            fl_stack_receive(peer->stack, room, (size_t)got, &taker, &peer->wire, NULL), FLOW_OK);
    }
}

START_TEST(layers_pack_what_is_sent_and_unpack_what_comes)
{
    const struct fl_stack_plan plan = {.deflates = 1, .level = 6};
    struct layered_peer peer = {0};
    struct fixture f;
    set_up(&f, &plan);
    const struct fl_link_target to = target(&f);

    connect_to(&f, &to);
    peer.fd = f.peer;
    ck_assert_int_eq(fl_stack_new(NULL, &plan, &peer.stack, NULL), FLOW_OK);
    fl_link_send(f.link, "hello", 5, in_ms(LONG_MS), NULL);
    peer_receive(&peer, 5);
    ck_assert_mem_eq(peer.plain.data, "hello", 5);
    fl_stack_send(peer.stack, "world", 5, &peer.wire, NULL);
    fl_stack_send_end(peer.stack, &peer.wire, NULL);
    client_send(f.peer, peer.wire.data, peer.wire.size);
    expect(&f, "world", 5);
    ck_assert_int_eq(fl_link_receive(f.link, &f.in, FL_NEVER, NULL), 0);
    fl_stack_free(peer.stack);
    fl_buf_free(&peer.plain);
    fl_buf_free(&peer.wire);
    tear_down(&f);
}
END_TEST

START_TEST(layers_that_the_peer_does_not_have_are_an_error)
{
    const struct fl_stack_plan plan = {.deflates = 1, .level = 6};
    flow_error *err = NULL;
    char text[100];
    struct fixture f;
    set_up(&f, &plan);
    const struct fl_link_target to = target(&f);

    connect_to(&f, &to);
    client_text(f.peer, "HTTP/1.0 400 Bad Request");
    ck_assert_int_eq(fl_link_receive(f.link, &f.in, FL_NEVER, &err), FLOW_EPARSE);
    snprintf(text, sizeof text, "127.0.0.1:%u: what was received", (unsigned)f.port);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), text));
    flow_error_free(err);
    tear_down(&f);
}
END_TEST

/* A link that speaks TLS with a peer that may say anything. */
static struct fl_tls *set_up_tls(struct fixture *f)
{
    const struct fl_tls_options options = {.trust_all = 1};
    struct fl_tls *tls;
    const char *property;

    ck_assert_int_eq(fl_tls_new(NULL, fl_io_system(), &options, &tls, &property, NULL), FLOW_OK);
    const struct fl_stack_plan plan = {.tls = tls};
    set_up(f, &plan);
    return tls;
}

START_TEST(a_handshake_is_part_of_the_connection)
{
    struct fixture f;
    flow_error *err = NULL;
    struct fl_tls *tls = set_up_tls(&f);
    const struct fl_link_target to = target(&f);

    int rc = fl_link_connect(f.link, &to, SHORT_MS, &err);
    expect_error(rc, FLOW_ETIMEDOUT, err, "no handshake with 127.0.0.1:%u: no answer in time",
                 f.port);
    ck_assert_int_eq(fl_link_send(f.link, "x", 1, in_ms(0), NULL), FLOW_ESTATE);
    tear_down(&f);
    fl_tls_free(tls);
}
END_TEST

static void hang_up(void *listener)
{
    int peer = accept(*(int *)listener, NULL, NULL);
    uint8_t hello[1024];

    /* All of it, so that the end is no reset. */
    ck_assert_int_gt(recv(peer, hello, sizeof hello, 0), 0);
    close(peer);
}

START_TEST(a_peer_that_hangs_up_in_the_handshake_is_named)
{
    struct fixture f;
    struct fl_thread thread;
    flow_error *err = NULL;
    struct fl_tls *tls = set_up_tls(&f);
    const struct fl_link_target to = target(&f);

    ck_assert_int_eq(fl_thread_start(&thread, "peer", hang_up, &f.listener), FLOW_OK);
    int rc = fl_link_connect(f.link, &to, LONG_MS, &err);
    expect_error(rc, FLOW_EIO, err,
                 "127.0.0.1:%u: the peer ended the connection in the TLS handshake", f.port);
    fl_thread_join(&thread);
    tear_down(&f);
    fl_tls_free(tls);
}
END_TEST

START_TEST(a_handshake_ends_when_the_component_stops)
{
    struct fixture f;
    struct fl_thread thread;
    struct fl_tls *tls = set_up_tls(&f);
    const struct fl_link_target to = target(&f);

    ck_assert_int_eq(fl_thread_start(&thread, "other", stop, f.ctx), FLOW_OK);
    ck_assert_int_eq(fl_link_connect(f.link, &to, LONG_MS, NULL), FLOW_ECLOSED);
    fl_thread_join(&thread);
    tear_down(&f);
    fl_tls_free(tls);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"both ways", bytes_go_both_ways},
        {"nobody listens", a_port_where_nobody_listens_is_named},
        {"addresses", every_address_of_a_host_is_tried},
        {"nobody accepts", a_connection_that_nobody_accepts_ends_in_time},
        {"no answer", a_peer_that_never_answers_is_waited_for_in_time},
        {"no reading", a_peer_that_does_not_read_is_given_up_in_time},
        {"interrupt", another_thread_ends_a_wait},
        {"stop", the_stop_of_the_component_ends_a_wait},
        {"grace", what_was_asked_before_the_stop_may_still_be_answered},
        {"idle", a_peer_that_closed_while_nobody_looked_is_noticed},
        {"idle", what_comes_unasked_is_not_kept_without_end},
        {"half closed", a_peer_that_only_stopped_sending_still_gets_bytes},
        {"no signal", a_peer_that_is_gone_is_an_error_and_no_signal},
        {"path", a_path_is_a_peer_too},
        {"long path", a_path_that_is_too_long_is_refused},
        {"layers", layers_pack_what_is_sent_and_unpack_what_comes},
        {"handshake", a_handshake_is_part_of_the_connection},
        {"handshake cut", a_peer_that_hangs_up_in_the_handshake_is_named},
        {"handshake stopped", a_handshake_ends_when_the_component_stops},
        {"no layers", layers_that_the_peer_does_not_have_are_an_error},
    };

    return RUN_SUITE("net/link", tests);
}
