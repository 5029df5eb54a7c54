/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The worker of the netcat source: gathers lines of all connections into one batch, emits it, and
 * answers in the order in which the lines came.  While it emits, the next batch waits in the
 * server.
 */

#include <string.h>

#include "sources/netcat/netcat.h"

/* Bodies in one batch: more would only take memory. */
#define BATCH_BYTES ((size_t)4 * 1024 * 1024)

/* Between two attempts to emit, on top of the time for which a full channel was waited for. */
#define RETRY_MS 100

static struct netcat_peer *peer_of(struct fl_conn *conn)
{
    return fl_conn_state(conn);
}

static void hang_up(struct fl_conn *conn)
{
    peer_of(conn)->deaf = 1;
    fl_conn_hang_up(conn);
}

/* Sends TEXT; a peer that cannot be answered must not wait for it. */
static void send_text(struct netcat *nc, struct fl_conn *conn, const char *text, size_t size)
{
    int rc = fl_conn_send(conn, text, size);

    if (!rc)
        return;
    flow_context_logf(nc->ctx, FLOW_LOG_ERROR, "cannot answer %s: %s", fl_conn_peer(conn),
                      rc == FLOW_ENOMEM ? "out of memory" : "it does not read its answers");
    hang_up(conn);
}

/* Makes one answer to a batch: OK, or the fault on one line. */
static int word_answer(struct netcat *nc, const flow_error *fault)
{
    fl_buf_clear(&nc->answer);
    if (!fault)
        return fl_buf_text(&nc->answer, "OK\n");

    int rc = fl_buf_printf(&nc->answer, "FAILED: %s", flow_error_message(fault));
    for (size_t i = 0; i < nc->answer.size; i++) {
        if (nc->answer.data[i] == '\n' || nc->answer.data[i] == '\r')
            nc->answer.data[i] = ' ';
    }
    return rc ? rc : fl_buf_byte(&nc->answer, '\n');
}

/* One answer for each line of a turn, in one piece. */
static void answer(struct netcat *nc, const struct netcat_turn *turn)
{
    const char *word = (const char *)nc->answer.data;
    size_t size = nc->answer.size;
    struct fl_buf all;
    int rc = FLOW_OK;

    fl_buf_init(&all, nc->mem);
    for (uint64_t i = 0; i < turn->lines && !rc; i++)
        rc = fl_buf_append(&all, word, size);
    if (rc)
        hang_up(turn->conn);
    else if (all.size)
        send_text(nc, turn->conn, (const char *)all.data, all.size);
    fl_buf_free(&all);
}

static void refuse_too_long(struct netcat *nc, struct fl_conn *conn)
{
    fl_buf_clear(&nc->answer);
    if (fl_buf_printf(&nc->answer,
                      "FAILED: Event exceeds the maximum length (%zu chars, including newline)\n",
                      nc->longest) == FLOW_OK)
        send_text(nc, conn, (const char *)nc->answer.data, nc->answer.size);
    fl_conn_hang_up(conn);
}

/*
 * Emits until it succeeds, fails for good, or the source stops.  Peers that get acknowledgements
 * hear of a fault and decide themselves; for the others a full channel only takes longer.
 */
static int emit(struct netcat *nc, flow_error **err)
{
    for (;;) {
        flow_error *fault = NULL;
        int rc = flow_emitter_emit(nc->emitter, nc->batch, &fault);
        if (rc == FLOW_OK || nc->ack || !flow_error_retriable(fault) ||
            flow_wait(nc->ctx, RETRY_MS)) {
            *err = fault;
            return rc;
        }
        flow_error_free(fault);
    }
}

static void deliver(struct netcat *nc)
{
    flow_error *fault = NULL;
    size_t count = flow_batch_count(nc->batch);
    int rc = count ? emit(nc, &fault) : FLOW_OK;

    if (rc) {
        flow_counter_add(nc->refused, (int64_t)count);
        flow_context_logf(nc->ctx, FLOW_LOG_WARN, "refused %zu lines: %s", count,
                          flow_error_message(fault));
    }
    if (rc || nc->ack)
        rc = word_answer(nc, fault);
    else
        fl_buf_clear(&nc->answer);
    for (size_t i = 0; i < nc->turn_count; i++) {
        if (rc)
            hang_up(nc->turns[i].conn);
        else if (nc->answer.size)
            answer(nc, &nc->turns[i]);
    }
    flow_error_free(fault);
}

/* Emits what was gathered, answers, and ends the connections that have ended. */
static void settle(struct netcat *nc)
{
    deliver(nc);
    for (size_t i = 0; i < nc->turn_count; i++) {
        struct netcat_turn *turn = &nc->turns[i];
        if (turn->too_long)
            refuse_too_long(nc, turn->conn);
        if (turn->ended) {
            netcat_forget(nc, turn->conn);
            fl_conn_close(turn->conn);
        }
    }
    nc->turn_count = 0;
    nc->batch_bytes = 0;
    flow_batch_clear(nc->batch);
}

/* The turn of CONN that is open: the last one, or a new one. */
static struct netcat_turn *turn_of(struct netcat *nc, struct fl_conn *conn)
{
    struct netcat_turn *last = nc->turn_count ? &nc->turns[nc->turn_count - 1] : NULL;

    if (last && last->conn == conn)
        return last;
    if (nc->turn_count == NETCAT_TURNS)
        settle(nc);
    nc->turns[nc->turn_count] = (struct netcat_turn){.conn = conn};
    return &nc->turns[nc->turn_count++];
}

void netcat_add(struct netcat *nc, struct fl_conn *conn, const void *line, size_t size)
{
    struct netcat_turn *turn = turn_of(nc, conn);

    if (flow_batch_add(nc->batch, line, size, NULL)) {
        /* Emitting frees memory; a line for which there is none then is the peer's to repeat. */
        settle(nc);
        turn = turn_of(nc, conn);
        if (flow_batch_add(nc->batch, line, size, NULL)) {
            netcat_no_memory(nc, conn);
            return;
        }
    }
    turn->lines++;
    nc->batch_bytes += size;
    if (flow_batch_count(nc->batch) >= nc->batch_max || nc->batch_bytes >= BATCH_BYTES)
        settle(nc);
}

void netcat_too_long(struct netcat *nc, struct fl_conn *conn)
{
    turn_of(nc, conn)->too_long = 1;
    peer_of(conn)->deaf = 1;
    flow_counter_add(nc->too_long, 1);
    flow_context_logf(nc->ctx, FLOW_LOG_WARN, "a line from %s is longer than %zu characters",
                      fl_conn_peer(conn), nc->longest - 1);
}

void netcat_no_memory(struct netcat *nc, struct fl_conn *conn)
{
    if (peer_of(conn)->deaf)
        return;
    flow_context_logf(nc->ctx, FLOW_LOG_ERROR, "hung up on %s: out of memory", fl_conn_peer(conn));
    flow_counter_add(nc->refused, 1);
    hang_up(conn);
}

static void take(struct netcat *nc, struct fl_piece *piece)
{
    if (piece->size)
        netcat_feed(nc, piece->conn, piece->data, piece->size);
    else
        turn_of(nc, piece->conn)->ended = 1;
    fl_server_release(nc->server, piece);
}

void netcat_work(void *self)
{
    struct netcat *nc = self;

    for (;;) {
        struct fl_piece *piece = fl_server_take(nc->server, nc->turn_count == 0);
        if (piece)
            take(nc, piece);
        else if (nc->turn_count)
            settle(nc);
        else
            return;
    }
}
