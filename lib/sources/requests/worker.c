/* SPDX-License-Identifier: Apache-2.0 */

/* What a worker does with the pieces of its connections, and what a protocol may ask of it. */

#include "base/error.h"
#include "sources/requests/inside.h"

/* Events of one transaction, as bytes: more would only take memory. */
#define BATCH_BYTES ((size_t)4 * 1024 * 1024)

/* As much may be added to a request before it is accounted for. */
#define HELD_SLACK ((size_t)256 * 1024)

/* A request that holds no more is never too much, whatever others hold. */
#define HELD_SMALL ((size_t)64 * 1024)

/* What an event, and each of its headers, takes beside its own bytes. */
#define EVENT_BYTES 64u
#define HEADER_BYTES 10u

void fl_requests_account(struct fl_request_peer *peer, size_t held)
{
    struct fl_requests *requests = peer->worker->requests;

    if (held == peer->held)
        return;
    atomic_fetch_add_explicit(&requests->held, held - peer->held, memory_order_relaxed);
    peer->held = held;
}

/* Whether the incomplete requests, of which this one holds HELD bytes, are too much. */
static int too_much(struct fl_request_peer *peer, size_t held)
{
    const struct fl_requests *requests = peer->worker->requests;

    fl_requests_account(peer, held);
    return held > HELD_SMALL &&
           atomic_load_explicit(&requests->held, memory_order_relaxed) > requests->held_max;
}

static int refuse_more(const struct fl_request_peer *peer, flow_error **err)
{
    return flow_error_setf(err, FLOW_ETOOBIG, "unfinished requests hold more than %zu bytes",
                           peer->worker->requests->held_max);
}

int fl_requests_hold(struct fl_request_peer *peer, size_t bytes, flow_error **err)
{
    peer->tail_bytes += bytes;
    if (peer->tail_bytes > peer->held + HELD_SLACK && too_much(peer, peer->tail_bytes))
        return refuse_more(peer, err);
    return FLOW_OK;
}

int fl_requests_add(struct fl_request_peer *peer, const void *body, size_t size,
                    const flow_header *headers, size_t count, size_t header_size, flow_error **err)
{
    size_t bytes = size + EVENT_BYTES;

    if (peer->deaf)
        return flow_error_set(err, FLOW_ECLOSED, "the connection was given up");
    for (size_t i = 0; i < count; i++) {
        const flow_header *header = (const void *)((const uint8_t *)headers + i * header_size);
        bytes += HEADER_BYTES + (size_t)header->name_size + header->value_size;
    }
    int rc = fl_gather_open(peer, err);
    if (!rc)
        rc = flow_batch_add_full(peer->batch, body, size, headers, count, header_size, err);
    return rc ? rc : fl_requests_hold(peer, bytes, err);
}

void fl_requests_drop(struct fl_request_peer *peer)
{
    fl_gather_drop_tail(peer);
}

/* Gives the events of the request their numbers; where these make no sense, it is the last one. */
static int number(struct fl_request_peer *peer)
{
    flow_error *fault = NULL;
    int rc = fl_gather_number_tail(peer, &fault);

    if (rc)
        fl_requests_hang_up(peer, flow_error_message(fault));
    flow_error_free(fault);
    return rc;
}

void fl_requests_end(struct fl_request_peer *peer, uint64_t token, enum fl_request_kind kind)
{
    struct fl_request_worker *worker = peer->worker;
    size_t events = fl_gather_tail(peer);
    size_t most = worker->requests->batch_max;

    fl_requests_make_room(worker, events);
    /* Not before: what is settled goes without the events of this one. */
    if (peer->deaf || number(peer))
        return;
    struct fl_request_turn *turn = fl_requests_turn(peer, FL_TURN_RESULT);
    turn->token = token;
    turn->events = events;
    fl_gather_complete(peer);
    if (events > 0)
        *(kind == FL_REQUEST_SINGLE ? &worker->singles : &worker->batches) += 1;
    /* Another one of this size would find no room, and would have to be moved. */
    if (worker->ready_events + events > most || worker->ready_bytes >= BATCH_BYTES)
        fl_requests_settle(worker);
}

void fl_requests_reply(struct fl_request_peer *peer, struct fl_buf *answer)
{
    fl_gather_drop_tail(peer);
    fl_requests_make_room(peer->worker, 0);
    if (peer->deaf)
        return;
    struct fl_request_turn *turn = fl_requests_turn(peer, FL_TURN_READY);
    turn->ready = *answer;
    fl_buf_init(answer, answer->mem);
}

/* Before the first bytes of a connection. */
static int meet(struct fl_request_peer *peer, flow_error **err)
{
    const struct fl_requests *requests = peer->worker->requests;

    if (peer->known)
        return FLOW_OK;
    peer->known = 1;
    fl_stamp_list_init(&peer->spans, requests->mem);
    int rc = requests->protocol->open ? requests->protocol->open(requests->self, peer->state, err)
                                      : FLOW_OK;
    return rc ? rc : fl_request_layers_open(peer, err);
}

static int feed(struct fl_request_peer *peer, const uint8_t *data, size_t size, flow_error **err)
{
    const struct fl_requests *requests = peer->worker->requests;
    const struct fl_request_protocol *protocol = requests->protocol;
    int rc = meet(peer, err);

    if (!rc)
        rc = fl_request_layers_receive(peer, data, size, err);
    if (rc)
        return rc;
    size_t held = peer->tail_bytes + protocol->held(requests->self, peer->state);
    return too_much(peer, held) ? refuse_more(peer, err) : FLOW_OK;
}

static void take_bytes(struct fl_request_peer *peer, const struct fl_piece *piece)
{
    flow_error *fault = NULL;

    if (!peer->deaf && feed(peer, piece->data, piece->size, &fault))
        fl_requests_hang_up(peer, flow_error_message(fault));
    flow_error_free(fault);
}

/* No more bytes come: a turn for the end, behind what is still to be answered. */
static void take_end(struct fl_request_peer *peer)
{
    flow_error *fault = NULL;

    if (!peer->deaf && fl_request_layers_receive_end(peer, &fault))
        fl_requests_hang_up(peer, flow_error_message(fault));
    flow_error_free(fault);
    fl_requests_make_room(peer->worker, 0);
    fl_requests_turn(peer, FL_TURN_END);
}

static void take(struct fl_request_worker *worker, struct fl_piece *piece)
{
    struct fl_request_peer *peer = fl_conn_state(piece->conn);

    peer->worker = worker;
    peer->conn = piece->conn;
    if (piece->size)
        take_bytes(peer, piece);
    else
        take_end(peer);
    fl_server_release(worker->requests->server, piece);
}

/* The next piece; while there is none, settles, and then waits.  NULL at the end. */
static struct fl_piece *next(struct fl_request_worker *worker)
{
    struct fl_server *server = worker->requests->server;
    struct fl_piece *piece = fl_server_take_for(server, worker->index, 0);

    if (!piece && worker->turn_count > 0) {
        fl_requests_settle(worker);
        piece = fl_server_take_for(server, worker->index, 0);
    }
    if (piece)
        return piece;
    fl_gather_trim(worker, 1);
    return fl_server_take_for(server, worker->index, 1);
}

void fl_requests_work(void *self)
{
    struct fl_request_worker *worker = self;
    struct fl_piece *piece;

    while ((piece = next(worker)))
        take(worker, piece);
}
