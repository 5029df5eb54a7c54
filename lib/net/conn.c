/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One accepted connection.  It is read while there is room in the inbox and the peer takes its
 * answers; it ends in two steps: the last piece goes to the worker, and when the worker has closed
 * it and all was sent, the handles are closed.
 */

#include <string.h>
#include <sys/resource.h>

#include "net/local.h"
#include "net/server_inside.h"

/* After a hang-up the peer may still be sending.  Closing at once would reset the connection, and
 * the peer would lose the answer that tells why. */
#define LINGER_MS 1000
#define LINGER_BYTES (16u * 1024 * 1024)

/* Bytes that all peers of a server together may leave unread of what they were sent, and those that
 * each may whatever the others do.  A request of a few bytes can have an answer of a kilobyte. */
#define UNSENT_MAX ((size_t)64 * 1024 * 1024)
#define UNSENT_SMALL ((size_t)64 * 1024)

/* What is left of them for files, child processes and the like. */
#define SPARE_DESCRIPTORS 16u

/* What the worker sends itself: more would hold up the loop, which needs the same lock. */
#define DIRECT_MAX ((size_t)16 * 1024)

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct fl_conn *conn = handle->data;
    struct fl_inbox *inbox = conn->inbox;

    *buf = uv_buf_init(NULL, 0);
    conn->paused = !conn->lingering && fl_inbox_full(inbox);
    if (conn->paused)
        return;
    conn->reading = fl_inbox_room(inbox);
    if (conn->reading)
        *buf = uv_buf_init((char *)conn->reading->data, (unsigned)conn->reading->room);
}

static void discard(struct fl_conn *conn, ssize_t count)
{
    if (count > 0)
        conn->discarded += (size_t)count;
    if (count < 0 || conn->discarded > LINGER_BYTES)
        fl_conn_drop(conn);
}

/* The input ended: by the peer's wish, or because the connection is of no use any more. */
static void end_of_stream(struct fl_conn *conn, ssize_t why)
{
    if (why == UV_ENOBUFS && conn->paused) {
        uv_read_stop((uv_stream_t *)&conn->tcp);
        return;
    }
    if (why == UV_ENOBUFS)
        flow_context_logf(conn->server->ctx, FLOW_LOG_ERROR,
                          "closing the connection from %s: out of memory", conn->peer);
    conn->broken = why != UV_EOF;
    fl_conn_end_input(conn);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct fl_conn *conn = stream->data;
    struct fl_inbox *inbox = conn->inbox;
    struct fl_piece *piece = conn->reading;

    conn->reading = NULL;
    if (count > 0 && !conn->lingering) {
        piece->conn = conn;
        piece->size = (size_t)count;
        atomic_fetch_add_explicit(&conn->waiting, 1, memory_order_relaxed);
        fl_inbox_put(inbox, piece);
        return;
    }
    if (piece)
        fl_inbox_return(inbox, piece);
    if (conn->lingering)
        discard(conn, count);
    else if (count < 0)
        end_of_stream(conn, count);
}

static void read_on(struct fl_conn *conn)
{
    if (conn->last && !conn->paused && !conn->writing && !conn->undecided)
        uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read);
}

void fl_conn_resume(struct fl_conn *conn)
{
    if (!conn->paused)
        return;
    conn->paused = 0;
    read_on(conn);
}

void fl_conn_end_input(struct fl_conn *conn)
{
    struct fl_piece *last = conn->last;

    /* The worker never hears of a connection that was closed before anything was read. */
    if (!last || conn->closed)
        return;
    uv_read_stop((uv_stream_t *)&conn->tcp);
    conn->last = NULL;
    last->conn = conn;
    fl_inbox_put(conn->inbox, last);
}

static void free_conn(struct fl_conn *conn)
{
    const flow_allocator *mem = conn->server->mem;

    fl_free(mem, conn->last);
    fl_buf_free(&conn->sending);
    fl_buf_free(&conn->out);
    fl_free(mem, conn);
}

/* Takes it off the list of those that the worker wanted something of last, and what it has not sent
 * off the account. */
static void forget(struct fl_conn *conn)
{
    struct fl_server *server = conn->server;

    fl_lock(&server->lock);
    server->unsent -= conn->unsent;
    for (struct fl_conn **at = &server->dirty; conn->dirty && *at; at = &(*at)->next_dirty) {
        if (*at == conn) {
            *at = conn->next_dirty;
            break;
        }
    }
    fl_unlock(&server->lock);
}

static void unlink_conn(struct fl_conn *conn)
{
    if (conn->next)
        conn->next->previous = conn->previous;
    if (conn->previous)
        conn->previous->next = conn->next;
    else
        conn->server->conns = conn->next;
}

/* One less knows of the connection. */
static void release(struct fl_conn *conn)
{
    struct fl_server *server = conn->server;

    if (--conn->handles)
        return;
    forget(conn);
    unlink_conn(conn);
    if (server->count_open)
        flow_counter_add(server->count_open, -1);
    free_conn(conn);
    fl_server_closed_one(server);
}

static void on_closed(uv_handle_t *handle)
{
    release(handle->data);
}

void fl_conn_drop(struct fl_conn *conn)
{
    if (conn->closed)
        return;
    conn->closed = 1;
    fl_lock(&conn->server->lock);
    conn->fd = -1;
    fl_unlock(&conn->server->lock);
    uv_close((uv_handle_t *)&conn->tcp, on_closed);
    uv_close((uv_handle_t *)&conn->timer, on_closed);
}

static void on_lingered(uv_timer_t *timer)
{
    fl_conn_drop(timer->data);
}

/* A peer whose bytes wait for the worker, or that waits for the filter, has done its part. */
static void on_late(uv_timer_t *timer)
{
    struct fl_conn *conn = timer->data;

    if (conn->undecided || atomic_load_explicit(&conn->waiting, memory_order_relaxed)) {
        uv_timer_start(timer, on_late, conn->server->meet_ms, 0);
        return;
    }
    conn->late = conn->last != NULL;
    conn->broken = 1;
    fl_conn_end_input(conn);
    fl_conn_serve(conn);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    /* Whether it worked or not, what comes next is the end of what the peer sends. */
}

/* All was sent and the worker wants no more. */
static void finish(struct fl_conn *conn, int hung_up)
{
    uv_stream_t *stream = (uv_stream_t *)&conn->tcp;

    if (conn->lingering || conn->closed)
        return;
    if (!hung_up || conn->broken || conn->server->closing) {
        fl_conn_drop(conn);
        return;
    }
    conn->lingering = 1;
    if (uv_shutdown(&conn->shutdown, stream, on_shutdown) ||
        uv_timer_start(&conn->timer, on_lingered, LINGER_MS, 0) ||
        uv_read_start(stream, on_alloc, on_read))
        fl_conn_drop(conn);
}

static void on_written(uv_write_t *request, int status)
{
    struct fl_conn *conn = request->handle->data;

    conn->writing = 0;
    fl_buf_clear(&conn->sending);
    if (conn->closed)
        return;
    if (status)
        conn->broken = 1;
    fl_conn_serve(conn);
    read_on(conn);
}

/* Sends what the peer takes at once and leaves the rest to uv. */
static int send_now(struct fl_conn *conn)
{
    uv_stream_t *stream = (uv_stream_t *)&conn->tcp;
    struct fl_buf *sending = &conn->sending;
    uv_buf_t buf = uv_buf_init((char *)sending->data, (unsigned)sending->size);
    int sent = uv_try_write(stream, &buf, 1);

    if (sent < 0 && sent != UV_EAGAIN)
        return sent;
    if (sent > 0)
        fl_buf_consume(sending, (size_t)sent);
    if (sending->size == 0)
        return 0;
    buf = uv_buf_init((char *)sending->data, (unsigned)sending->size);
    int rc = uv_write(&conn->write, stream, &buf, 1, on_written);
    if (rc)
        return rc;
    conn->writing = 1;
    uv_read_stop(stream);
    return 0;
}

/* Says how many bytes CONN has still to send; locked. */
static void account(struct fl_conn *conn, size_t unsent)
{
    conn->server->unsent += unsent - conn->unsent;
    conn->unsent = unsent;
}

/* Takes over what the worker has to send, and tells what else it wants. */
static void collect(struct fl_conn *conn, int *hang_up, int *released)
{
    fl_lock(&conn->server->lock);
    if (!conn->writing) {
        struct fl_buf empty = conn->sending;
        conn->sending = conn->out;
        conn->out = empty;
    }
    conn->busy = conn->sending.size > 0;
    *hang_up = conn->hang_up;
    *released = conn->released;
    if (conn->given_up)
        conn->broken = 1;
    if (conn->met && !conn->lingering)
        uv_timer_stop(&conn->timer);
    fl_unlock(&conn->server->lock);
}

/* What could be sent no longer counts, and when that was all the worker may send again; where some
 * of it is lost, nothing may follow. */
static void settle(struct fl_conn *conn)
{
    fl_lock(&conn->server->lock);
    account(conn, conn->sending.size + conn->out.size);
    if (!conn->broken)
        conn->busy = conn->sending.size > 0;
    fl_unlock(&conn->server->lock);
}

void fl_conn_serve(struct fl_conn *conn)
{
    int hang_up;
    int released;

    collect(conn, &hang_up, &released);
    if (!conn->writing && conn->sending.size && (conn->broken || send_now(conn)))
        conn->broken = 1;
    if (conn->broken && !conn->writing)
        fl_buf_clear(&conn->sending);
    settle(conn);
    if (hang_up || conn->broken)
        fl_conn_end_input(conn);
    /* A server that closes does not wait for a peer that does not read. */
    if (released && (!conn->writing || conn->broken || conn->server->closing))
        finish(conn, hang_up);
}

/* Answers are small and awaited: Nagle's algorithm would hold them back.  And a peer whose machine
 * is gone is noticed some day. */
static int tune(struct fl_conn *conn, uv_os_fd_t fd)
{
    const int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return uv_tcp_nodelay(&conn->tcp, 1);
}

static int refuse(struct fl_conn *conn)
{
    flow_counter_add(conn->server->count_refused, 1);
    flow_context_logf(conn->server->ctx, FLOW_LOG_DEBUG, "refused the connection from %s",
                      conn->peer);
    return UV_EACCES;
}

static int refuse_for_want_of_room(struct fl_conn *conn, rlim_t limit)
{
    struct fl_server *server = conn->server;

    if (!server->crowded)
        flow_context_logf(server->ctx, FLOW_LOG_WARN,
                          "refusing connections: nearly all %llu descriptors are in use",
                          (unsigned long long)limit);
    server->crowded = 1;
    return refuse(conn);
}

/* Peers may not take the descriptors that the rest of the process needs.  Descriptors are given
 * from the lowest on, so a high number means that they are nearly all in use. */
static int find_room(struct fl_conn *conn, uv_os_fd_t fd)
{
    struct fl_server *server = conn->server;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) || (rlim_t)fd + 2 * SPARE_DESCRIPTORS < limit.rlim_cur)
        server->crowded = 0;
    else if ((rlim_t)fd + SPARE_DESCRIPTORS >= limit.rlim_cur)
        return refuse_for_want_of_room(conn, limit.rlim_cur);
    return 0;
}

void fl_conn_admitted(struct fl_conn *conn, int is_allowed)
{
    conn->undecided = 0;
    if (!conn->closed && is_allowed) {
        read_on(conn);
    } else if (!conn->closed) {
        refuse(conn);
        fl_conn_drop(conn);
    }
    release(conn);
}

/* Asks the filter, which may answer later. */
static int admit(struct fl_conn *conn, const struct sockaddr_storage *address)
{
    struct fl_admission *admission = conn->server->admission;
    int verdict = admission ? fl_admission_ask(admission, conn, address) : FL_IP_ALLOWED;

    if (verdict == FL_IP_REFUSED)
        return refuse(conn);
    conn->undecided = verdict == FL_IP_UNKNOWN;
    conn->handles += conn->undecided;
    return 0;
}

static int accept_tcp(struct fl_conn *conn, uv_stream_t *listener)
{
    struct sockaddr_storage address = {0};
    int size = sizeof address;
    uv_os_fd_t fd = -1;
    int rc = uv_accept(listener, (uv_stream_t *)&conn->tcp);

    if (rc == 0)
        rc = uv_fileno((uv_handle_t *)&conn->tcp, &fd);
    if (rc == 0)
        rc = uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&address, &size);
    fl_address_text(&address, conn->peer);
    if (rc == 0)
        rc = tune(conn, fd);
    if (rc == 0)
        rc = find_room(conn, fd);
    return rc ? rc : admit(conn, &address);
}

static int accept_local(struct fl_conn *conn, uv_stream_t *listener)
{
    uv_os_fd_t fd = -1;
    int rc = uv_accept(listener, (uv_stream_t *)&conn->pipe);

    if (rc == 0)
        rc = uv_fileno((uv_handle_t *)&conn->pipe, &fd);
    fl_local_peer(fd, conn->peer);
    return rc ? rc : find_room(conn, fd);
}

static void set_up(struct fl_conn *conn, uv_stream_t *listener)
{
    struct fl_server *server = conn->server;
    int local = listener->type == UV_NAMED_PIPE;

    conn->next = server->conns;
    if (conn->next)
        conn->next->previous = conn;
    server->conns = conn;
    server->open++;
    conn->inbox = &server->inboxes[server->next_worker++ % server->workers];
    if (server->count_open)
        flow_counter_add(server->count_open, 1);
    if (local)
        uv_pipe_init(listener->loop, &conn->pipe, 0);
    else
        uv_tcp_init(listener->loop, &conn->tcp);
    uv_timer_init(listener->loop, &conn->timer);
    conn->handles = 2;
    conn->tcp.data = conn;
    conn->timer.data = conn;
    if ((local ? accept_local(conn, listener) : accept_tcp(conn, listener)) ||
        uv_fileno((uv_handle_t *)&conn->tcp, &conn->fd))
        fl_conn_drop(conn);
    else if (server->meet_ms && uv_timer_start(&conn->timer, on_late, server->meet_ms, 0))
        fl_conn_drop(conn);
    else
        read_on(conn);
}

int fl_conn_accept(struct fl_server *server, uv_stream_t *listener, uint16_t port)
{
    struct fl_conn *conn = fl_zalloc(server->mem, sizeof *conn + server->state_size);
    struct fl_piece *last = fl_piece_new(server->mem, 0);

    if (!conn || !last) {
        fl_free(server->mem, conn);
        fl_free(server->mem, last);
        return FLOW_ENOMEM;
    }
    conn->server = server;
    conn->fd = -1;
    conn->last = last;
    conn->port = port;
    fl_buf_init(&conn->sending, server->mem);
    fl_buf_init(&conn->out, server->mem);
    set_up(conn, listener);
    return FLOW_OK;
}

void *fl_conn_state(struct fl_conn *conn)
{
    return conn->state;
}

const char *fl_conn_peer(const struct fl_conn *conn)
{
    return conn->peer;
}

uint16_t fl_conn_port(const struct fl_conn *conn)
{
    return conn->port;
}

/* Tells the loop that the worker wants something of CONN; locked. */
static void mark(struct fl_conn *conn)
{
    struct fl_server *server = conn->server;

    if (!conn->dirty) {
        conn->dirty = 1;
        conn->next_dirty = server->dirty;
        server->dirty = conn;
    }
    fl_loop_post(server->loop, &server->task);
}

/* Sends what the peer takes at once, so that the loop need not be woken for an answer; locked.
 * Returns how much that is.  What goes wrong the loop will see too. */
static size_t send_direct(struct fl_conn *conn, const void *data, size_t size)
{
    if (conn->fd < 0 || conn->busy || conn->out.size || size > DIRECT_MAX)
        return 0;
    ssize_t sent = send(conn->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent > 0 ? (size_t)sent : 0;
}

/* Nothing more is sent to a peer that does not read, or has got a part; locked. */
static int give_up(struct fl_conn *conn, int why)
{
    conn->given_up = 1;
    fl_buf_free(&conn->out);
    mark(conn);
    return why;
}

/* Locked. */
static int send_more(struct fl_conn *conn, const uint8_t *data, size_t size)
{
    if (conn->given_up)
        return FLOW_OK;
    size_t sent = send_direct(conn, data, size);
    size_t left = size - sent;
    if (left == 0)
        return FLOW_OK;
    if (conn->unsent + left > UNSENT_SMALL && conn->server->unsent + left > UNSENT_MAX)
        return give_up(conn, FLOW_ETOOBIG);
    if (fl_buf_append(&conn->out, data + sent, left))
        return sent ? give_up(conn, FLOW_ENOMEM) : FLOW_ENOMEM;
    account(conn, conn->unsent + left);
    mark(conn);
    return FLOW_OK;
}

int fl_conn_send(struct fl_conn *conn, const void *data, size_t size)
{
    fl_lock(&conn->server->lock);
    int rc = send_more(conn, data, size);
    fl_unlock(&conn->server->lock);
    return rc;
}

void fl_conn_met(struct fl_conn *conn)
{
    struct fl_server *server = conn->server;

    fl_lock(&server->lock);
    conn->met = 1;
    mark(conn);
    fl_unlock(&server->lock);
}

int fl_conn_late(const struct fl_conn *conn)
{
    return conn->late;
}

void fl_conn_hang_up(struct fl_conn *conn)
{
    struct fl_server *server = conn->server;

    fl_lock(&server->lock);
    conn->hang_up = 1;
    mark(conn);
    fl_unlock(&server->lock);
}

void fl_conn_close(struct fl_conn *conn)
{
    struct fl_server *server = conn->server;

    fl_lock(&server->lock);
    conn->released = 1;
    mark(conn);
    fl_unlock(&server->lock);
}
