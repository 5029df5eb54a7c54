/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_SERVER_H
#define FL_NET_SERVER_H

/*
 * The network side of a source: listening sockets and their connections, which live on the loop's
 * thread, and workers, threads of the source's own, which get what was read and answer.  Each
 * connection has one of them for life.
 *
 *     new -> listen... -> (worker: take, send, close, release ...) -> close -> (join workers) ->
 * free
 *
 * When much waits for a worker, reading pauses and the peers are slowed down; a connection whose
 * peer does not read its answers is not read either.
 */

#include <flow/component.h>

#include "net/inbox.h"

struct fl_server;
struct fl_conn;

/* Makes a server with one worker, whose connections carry STATE_SIZE bytes, zeroed, for it. */
int fl_server_new(flow_context *ctx, size_t state_size, struct fl_server **server,
                  flow_error **err);

/* The same with WORKERS workers, which get the connections in turn. */
int fl_server_new_for(flow_context *ctx, size_t state_size, unsigned workers,
                      struct fl_server **server, flow_error **err);

/* Lets COUNTER, which lives longer, tell how many connections are open; before listening. */
void fl_server_count_open(struct fl_server *server, flow_counter *counter);

/* Lets COUNTER, which lives longer, count the connections that were refused, by the filter or
 * because the process has hardly any descriptors left; before listening. */
void fl_server_count_refused(struct fl_server *server, flow_counter *counter);

/* Ends connections that the worker has not called fl_conn_met for within MS; before listening. */
void fl_server_meet_within(struct fl_server *server, unsigned ms);

struct fl_ip_filter;

/* Refuses whom FILTER, which lives longer, does not allow; before listening. */
int fl_server_filter(struct fl_server *server, const struct fl_ip_filter *filter, flow_error **err);

/*
 * Listens on HOST and PORT; with PORT 0 on any free one.  *ACTUAL, unless NULL, becomes the port.
 * Connections are accepted from now on.
 *
 * Blocks: as long as the system's resolver does.
 */
int fl_server_listen(struct fl_server *server, const char *host, uint16_t port, uint16_t *actual,
                     flow_error **err);

/*
 * Listens at PATH, as fl_local_listen does; the file goes when the server closes.  The peers of
 * such connections are called "process 12 of user 1000", and their port is 0.
 *
 * Blocks: as fl_local_listen.
 */
int fl_server_listen_local(struct fl_server *server, const char *path, unsigned mode,
                           flow_error **err);

/*
 * Stops listening and reading.  The workers still get what was read, then the end of each
 * connection.
 */
void fl_server_close(struct fl_server *server);

/* Closes whatever is left and frees, once no worker uses it any more.  NULL is allowed. */
void fl_server_free(struct fl_server *server);

/*
 * The worker's calls.
 *
 * A connection is known from its first piece.  Its last piece is empty: the peer has sent all, or
 * is gone.  The worker answers it with fl_conn_close and must not touch the connection afterwards.
 */

/* The next piece; NULL when none waits.  With WAIT, waits, and NULL means that all has ended. */
struct fl_piece *fl_server_take(struct fl_server *server, int wait);

/* The same for the worker WORKER, counted from 0. */
struct fl_piece *fl_server_take_for(struct fl_server *server, unsigned worker, int wait);

/* Gives a piece back. */
void fl_server_release(struct fl_server *server, struct fl_piece *piece);

/* The bytes that the connection carries for the worker. */
void *fl_conn_state(struct fl_conn *conn);

/* The peer, as "1.2.3.4:567", and the port that it connected to. */
const char *fl_conn_peer(const struct fl_conn *conn);
uint16_t fl_conn_port(const struct fl_conn *conn);

/*
 * Sends bytes, in order, as the peer takes them; lost when it is gone.  FLOW_ENOMEM: they may
 * have been sent in part, and the connection is of no more use.  FLOW_ETOOBIG, once: so much waits
 * for peers that do not read, as this one, that it is given up; its last piece comes, and what it
 * is sent is lost.
 */
int fl_conn_send(struct fl_conn *conn, const void *data, size_t size);

/* The peer has shown that it speaks what is spoken here. */
void fl_conn_met(struct fl_conn *conn);

/* From the last piece on: 1 when it comes because the peer took too long to be met. */
int fl_conn_late(const struct fl_conn *conn);

/* Reads no more: the last piece comes soon, behind those that wait already. */
void fl_conn_hang_up(struct fl_conn *conn);

/* Closes a connection when all was sent. */
void fl_conn_close(struct fl_conn *conn);

#endif
