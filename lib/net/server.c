/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The life of a server, and the ways between its threads: an inbox to each worker, and a list of
 * connections that a worker wants something of to the loop.
 */

#include "base/error.h"
#include "net/server_inside.h"

/* Bytes that may wait for a worker. */
#define WAITING_MAX (4 * 1024 * 1024)

static struct fl_conn *next_dirty(struct fl_server *server)
{
    fl_lock(&server->lock);
    struct fl_conn *conn = server->dirty;
    if (conn) {
        server->dirty = conn->next_dirty;
        conn->dirty = 0;
    }
    fl_unlock(&server->lock);
    return conn;
}

static int take_resume(struct fl_server *server)
{
    fl_lock(&server->lock);
    int resume = server->resume;
    server->resume = 0;
    fl_unlock(&server->lock);
    return resume;
}

/* On the loop's thread: does what the worker wants. */
static void serve(void *self)
{
    struct fl_server *server = self;
    struct fl_conn *conn;

    while ((conn = next_dirty(server)))
        fl_conn_serve(conn);
    if (!take_resume(server))
        return;
    for (conn = server->conns; conn; conn = conn->next)
        fl_conn_resume(conn);
}

static void drop_inboxes(struct fl_server *server)
{
    for (unsigned i = 0; i < server->workers; i++)
        fl_inbox_destroy(&server->inboxes[i]);
    fl_free(server->mem, server->inboxes);
}

static int make_inboxes(struct fl_server *server, unsigned workers)
{
    server->inboxes = fl_calloc(server->mem, workers, sizeof *server->inboxes);
    while (server->inboxes && server->workers < workers) {
        if (fl_inbox_init(&server->inboxes[server->workers], server->mem, WAITING_MAX))
            break;
        server->workers++;
    }
    if (server->inboxes && server->workers == workers)
        return FLOW_OK;
    drop_inboxes(server);
    return FLOW_ENOMEM;
}

int fl_server_new_for(flow_context *ctx, size_t state_size, unsigned workers,
                      struct fl_server **server, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct fl_server *made = fl_zalloc(mem, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->ctx = ctx;
    made->mem = mem;
    made->state_size = state_size;
    made->task = (struct fl_loop_task){.fn = serve, .self = made};

    int rc = fl_loop_get(ctx, &made->loop, err);
    if (rc)
        goto fail;
    rc = FLOW_ENOMEM;
    if (fl_lock_init(&made->lock)) {
        fl_error_nomem(err);
        goto fail;
    }
    if (make_inboxes(made, workers)) {
        fl_lock_destroy(&made->lock);
        fl_error_nomem(err);
        goto fail;
    }
    *server = made;
    return FLOW_OK;

fail:
    fl_free(mem, made);
    return rc;
}

int fl_server_new(flow_context *ctx, size_t state_size, struct fl_server **server, flow_error **err)
{
    return fl_server_new_for(ctx, state_size, 1, server, err);
}

void fl_server_count_open(struct fl_server *server, flow_counter *counter)
{
    server->count_open = counter;
}

void fl_server_count_refused(struct fl_server *server, flow_counter *counter)
{
    server->count_refused = counter;
}

void fl_server_meet_within(struct fl_server *server, unsigned ms)
{
    server->meet_ms = ms;
}

int fl_server_filter(struct fl_server *server, const struct fl_ip_filter *filter, flow_error **err)
{
    return fl_admission_new(server->mem, server->loop, filter, fl_conn_admitted, &server->admission,
                            err);
}

static int close_on_loop(void *arg)
{
    struct fl_server *server = arg;

    server->closing = 1;
    fl_listeners_close(server);
    if (server->admission)
        fl_admission_close(server->admission);
    for (struct fl_conn *conn = server->conns; conn; conn = conn->next) {
        if (conn->undecided) /* no worker has heard of it */
            fl_conn_drop(conn);
        fl_conn_end_input(conn);
        fl_conn_serve(conn);
    }
    for (unsigned i = 0; i < server->workers; i++)
        fl_inbox_close(&server->inboxes[i]);
    return FLOW_OK;
}

void fl_server_close(struct fl_server *server)
{
    fl_loop_call(server->loop, close_on_loop, server);
}

void fl_server_closed_one(struct fl_server *server)
{
    if (--server->open || !server->closing)
        return;
    fl_lock(&server->lock);
    server->all_closed = 1;
    fl_lock_wake(&server->lock);
    fl_unlock(&server->lock);
}

static int drop_on_loop(void *arg)
{
    struct fl_server *server = arg;

    server->closing = 1;
    fl_listeners_close(server);
    if (server->admission)
        fl_admission_close(server->admission);
    for (struct fl_conn *conn = server->conns; conn; conn = conn->next)
        fl_conn_drop(conn);
    return server->open == 0;
}

void fl_server_free(struct fl_server *server)
{
    if (!server)
        return;
    int all_closed = fl_loop_call(server->loop, drop_on_loop, server);
    fl_lock(&server->lock);
    while (!all_closed && !server->all_closed)
        fl_lock_wait(&server->lock, fl_clock_system(), FL_NEVER);
    fl_unlock(&server->lock);

    fl_admission_free(server->admission);
    drop_inboxes(server);
    fl_lock_destroy(&server->lock);
    fl_free(server->mem, server);
}

struct fl_piece *fl_server_take(struct fl_server *server, int wait)
{
    return fl_server_take_for(server, 0, wait);
}

struct fl_piece *fl_server_take_for(struct fl_server *server, unsigned worker, int wait)
{
    return fl_inbox_take(&server->inboxes[worker], wait);
}

void fl_server_release(struct fl_server *server, struct fl_piece *piece)
{
    /* With the last one the connection may be gone. */
    if (piece->size)
        atomic_fetch_sub_explicit(&piece->conn->waiting, 1, memory_order_relaxed);
    if (!fl_inbox_release(piece->inbox, piece))
        return;
    fl_lock(&server->lock);
    server->resume = 1;
    fl_unlock(&server->lock);
    fl_loop_post(server->loop, &server->task);
}
