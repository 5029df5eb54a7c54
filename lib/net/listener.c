/* SPDX-License-Identifier: Apache-2.0 */

/* A listening socket.  A connection for which there is no memory is accepted and closed, since uv
 * accepts nothing else before it. */

#include <unistd.h>

#include "base/error.h"
#include "net/local.h"
#include "net/server_inside.h"

/* Connections that may wait to be accepted: as many as Flume's, or as the system allows. */
#define BACKLOG 1024

struct fl_listener {
    union {
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    };
    union {
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } refused;             /* a connection that is being closed */
    struct fl_local *file; /* of `pipe`; NULL for `tcp` */
    struct fl_server *server;
    struct fl_listener *next;
    uint16_t port;
    unsigned handles;
    int refusing;
    int waiting; /* another one came meanwhile, for which uv does not call again */
};

static void on_closed(uv_handle_t *handle)
{
    struct fl_listener *listener = handle->data;
    struct fl_server *server = listener->server;

    if (--listener->handles)
        return;
    fl_free(server->mem, listener);
    fl_server_closed_one(server);
}

static void accept_one(struct fl_listener *listener);

static void on_refused(uv_handle_t *handle)
{
    struct fl_listener *listener = handle->data;

    int waiting = listener->waiting;

    listener->refusing = 0;
    listener->waiting = 0;
    if (waiting && !uv_is_closing((uv_handle_t *)&listener->tcp))
        accept_one(listener);
    on_closed(handle);
}

static void refuse(struct fl_listener *listener)
{
    uv_stream_t *refused = (uv_stream_t *)&listener->refused;

    if (listener->refusing) {
        listener->waiting = 1;
        return;
    }
    if (listener->file)
        uv_pipe_init(listener->tcp.loop, &listener->refused.pipe, 0);
    else
        uv_tcp_init(listener->tcp.loop, &listener->refused.tcp);
    refused->data = listener;
    listener->refusing = 1;
    listener->handles++;
    if (uv_accept((uv_stream_t *)&listener->tcp, refused) == 0)
        flow_context_log(listener->server->ctx, FLOW_LOG_ERROR,
                         "refused a connection: out of memory");
    uv_close((uv_handle_t *)refused, on_refused);
}

static void accept_one(struct fl_listener *listener)
{
    if (fl_conn_accept(listener->server, (uv_stream_t *)&listener->tcp, listener->port))
        refuse(listener);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct fl_listener *listener = stream->data;

    if (status)
        flow_context_logf(listener->server->ctx, FLOW_LOG_WARN, "cannot accept a connection: %s",
                          fl_errno_text(-status));
    else
        accept_one(listener);
}

struct request {
    struct fl_server *server;
    struct sockaddr_storage *address; /* for TCP; NULL: */
    int fd;                           /* a local socket that is bound */
    struct fl_listener *listener;
};

static int bind_listener(struct fl_listener *listener, struct sockaddr_storage *address)
{
    int size = sizeof *address;
    int rc = uv_tcp_bind(&listener->tcp, (struct sockaddr *)address, 0);

    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
    if (rc == 0)
        rc = uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)address, &size);
    if (rc == 0)
        listener->port = fl_address_port(address);
    return rc;
}

/* Listens at a socket that is bound already, and belongs to the listener from now on. */
static int open_listener(struct fl_listener *listener, int fd)
{
    int rc = uv_pipe_open(&listener->pipe, fd);

    if (rc)
        close(fd);
    return rc ? rc : uv_listen((uv_stream_t *)&listener->pipe, BACKLOG, on_connection);
}

/* On the loop's thread; returns uv's error. */
static int listen_on_loop(void *arg)
{
    struct request *request = arg;
    struct fl_listener *listener = request->listener;
    struct fl_server *server = request->server;
    int rc;

    listener->server = server;
    listener->handles = 1;
    server->open++;
    if (listener->file) {
        uv_pipe_init(fl_loop_uv(server->loop), &listener->pipe, 0);
        listener->pipe.data = listener;
        rc = open_listener(listener, request->fd);
    } else {
        uv_tcp_init(fl_loop_uv(server->loop), &listener->tcp);
        listener->tcp.data = listener;
        rc = bind_listener(listener, request->address);
    }
    if (rc) {
        fl_local_remove(listener->file);
        listener->file = NULL;
        uv_close((uv_handle_t *)&listener->tcp, on_closed);
        return rc;
    }
    listener->next = server->listeners;
    server->listeners = listener;
    return 0;
}

int fl_server_listen(struct fl_server *server, const char *host, uint16_t port, uint16_t *actual,
                     flow_error **err)
{
    struct sockaddr_storage address;
    int rc = fl_resolve(host, port, &address, err);

    if (rc)
        return rc;
    struct request request = {
        .server = server,
        .address = &address,
        .listener = fl_zalloc(server->mem, sizeof *request.listener),
    };
    if (!request.listener)
        return fl_error_nomem(err);
    rc = fl_loop_call(server->loop, listen_on_loop, &request);
    if (rc) {
        flow_error_setf(err, FLOW_EIO, "cannot listen on %s:%u: %s", host, (unsigned)port,
                        fl_errno_text(-rc));
        flow_error_set_retriable(err, 1);
        return FLOW_EIO;
    }
    if (actual)
        *actual = fl_address_port(&address);
    return FLOW_OK;
}

int fl_server_listen_local(struct fl_server *server, const char *path, unsigned mode,
                           flow_error **err)
{
    struct request request = {
        .server = server,
        .listener = fl_zalloc(server->mem, sizeof *request.listener),
    };

    if (!request.listener)
        return fl_error_nomem(err);
    int rc = fl_local_listen(fl_io_of(server->ctx), server->mem, path, mode, &request.fd,
                             &request.listener->file, err);
    if (rc) {
        fl_free(server->mem, request.listener);
        return rc;
    }
    rc = fl_loop_call(server->loop, listen_on_loop, &request);
    return rc ? fl_error_errno(err, -rc, "cannot listen at", path) : FLOW_OK;
}

void fl_listeners_close(struct fl_server *server)
{
    while (server->listeners) {
        struct fl_listener *listener = server->listeners;
        server->listeners = listener->next;
        fl_local_remove(listener->file);
        uv_close((uv_handle_t *)&listener->tcp, on_closed);
    }
}
