/* SPDX-License-Identifier: Apache-2.0 */

/* One transaction for all requests that are complete, and their answers. */

#include <string.h>

#include "base/error.h"
#include "sources/requests/inside.h"

/* Between two attempts to emit, on top of the time for which a full channel was waited for. */
#define RETRY_MS 100

/* Connections that were hung up on, of which a minute's log tells by name: peers that mean harm
 * come again and again. */
#define TOLD_MAX 64u
#define TOLD_MS 60000

void fl_requests_close(struct fl_request_peer *peer)
{
    if (peer->deaf)
        return;
    peer->deaf = 1;
    fl_gather_drop_tail(peer);
    fl_requests_account(peer, 0);
    fl_conn_hang_up(peer->conn);
}

/* Whether a warning about a peer is not yet one too many. */
static int may_tell(struct fl_request_worker *worker)
{
    const flow_context *ctx = worker->requests->ctx;
    int64_t now = flow_context_now(ctx);

    if (!worker->told || now - worker->told_since >= TOLD_MS) {
        worker->told_since = now;
        worker->told = 0;
    }
    if (worker->told == TOLD_MAX)
        return 0;
    if (++worker->told == TOLD_MAX)
        flow_context_log(ctx, FLOW_LOG_WARN,
                         "hanging up on many; for a minute others are only counted "
                         "(ConnectionBrokenCount)");
    return worker->told < TOLD_MAX;
}

void fl_requests_hang_up(struct fl_request_peer *peer, const char *why)
{
    const struct fl_requests *requests = peer->worker->requests;

    if (peer->deaf)
        return;
    flow_counter_add(requests->broken, 1);
    flow_context_logf(requests->ctx, may_tell(peer->worker) ? FLOW_LOG_WARN : FLOW_LOG_DEBUG,
                      "hung up on %s: %s", fl_conn_peer(peer->conn), why);
    fl_requests_close(peer);
}

void fl_requests_make_room(struct fl_request_worker *worker, size_t events)
{
    size_t ready = worker->ready_events;

    if (worker->turn_count == FL_REQUEST_TURNS ||
        (ready > 0 && ready + events > worker->requests->batch_max))
        fl_requests_settle(worker);
}

struct fl_request_turn *fl_requests_turn(struct fl_request_peer *peer,
                                         enum fl_request_turn_kind kind)
{
    struct fl_request_worker *worker = peer->worker;
    struct fl_request_turn *turn = &worker->turns[worker->turn_count++];
    *turn = (struct fl_request_turn){.peer = peer, .kind = kind};
    fl_buf_init(&turn->ready, worker->requests->mem);
    return turn;
}

/* Says how it went: a fault that lasts is told once. */
static void tell(struct fl_request_worker *worker, size_t events, const flow_error *fault)
{
    const struct fl_requests *requests = worker->requests;

    if (!fault) {
        worker->failing = 0;
        return;
    }
    flow_counter_add(requests->refused, (int64_t)events);
    if (!worker->failing)
        flow_context_logf(requests->ctx, FLOW_LOG_WARN, "refused %zu events: %s", events,
                          flow_error_message(fault));
    worker->failing = 1;
}

/* Emits; for the patient, until it succeeds, fails for good, or the source stops. */
static int emit(struct fl_request_worker *worker, flow_batch *batch, flow_error **err)
{
    const struct fl_requests *requests = worker->requests;

    for (;;) {
        flow_error *fault = NULL;
        int rc = flow_emitter_emit_calls(requests->emitter, batch, worker->singles, worker->batches,
                                         &fault);
        if (!rc || !requests->patient || !flow_error_retriable(fault) ||
            flow_wait(requests->ctx, RETRY_MS)) {
            *err = fault;
            return rc;
        }
        flow_error_free(fault);
    }
}

static int deliver(struct fl_request_worker *worker, flow_error **fault)
{
    size_t events = worker->ready_events;
    flow_batch *batch;

    if (events == 0)
        return FLOW_OK;
    int rc = fl_gather_take(worker, &batch, fault);
    if (!rc)
        rc = emit(worker, batch, fault);
    worker->singles = 0;
    worker->batches = 0;
    tell(worker, events, rc ? *fault : NULL);
    fl_gather_return(worker, batch);
    return rc;
}

/* Adds the answer of one turn to `out`. */
static int word(struct fl_request_worker *worker, struct fl_request_turn *turn, int result,
                const flow_error *fault)
{
    const struct fl_requests *requests = worker->requests;

    if (turn->kind == FL_TURN_READY)
        return fl_buf_append(&worker->out, turn->ready.data, turn->ready.size);
    if (turn->events == 0) {
        result = FLOW_OK;
        fault = NULL;
    }
    return requests->protocol->answer(requests->self, turn->peer->state, turn->token, result, fault,
                                      &worker->out);
}

/* What a libflow has sent behind what was refused must not overtake it.  It all comes again, over
 * another connection. */
static void keep_order(struct fl_request_peer *peer, const struct fl_request_turn *turn, int result)
{
    if (result && turn->kind == FL_TURN_RESULT && turn->events > 0 && peer->told)
        fl_requests_close(peer);
}

static void send_out(struct fl_request_worker *worker, struct fl_request_peer *peer)
{
    struct fl_buf *out = &worker->out;

    if (out->size > 0 && fl_request_layers_send(peer, out)) {
        peer->mute = 1;
        fl_requests_hang_up(peer, "the answer could not be sent");
    }
    fl_buf_clear(out);
}

/* A peer that counts answers must not take the next one for one that is missing. */
static void speak(struct fl_request_worker *worker, struct fl_request_turn *turn, int result,
                  const flow_error *fault)
{
    struct fl_request_peer *peer = turn->peer;
    size_t before = worker->out.size;

    if (peer->mute || !word(worker, turn, result, fault))
        return;
    worker->out.size = before;
    peer->mute = 1;
    fl_requests_hang_up(peer, "out of memory for the answer");
}

static void end(struct fl_request_peer *peer)
{
    const struct fl_requests *requests = peer->worker->requests;
    const struct fl_request_protocol *protocol = requests->protocol;

    if (peer->known && !peer->deaf &&
        (peer->batch || protocol->held(requests->self, peer->state) > 0))
        flow_counter_add(requests->unfinished, 1);
    fl_gather_drop_tail(peer);
    fl_requests_account(peer, 0);
    if (peer->known)
        protocol->close(requests->self, peer->state);
    fl_stamp_list_free(&peer->spans);
    fl_request_layers_end(peer);
    fl_request_layers_free(peer);
    fl_conn_close(peer->conn);
}

/* Answers all turns; neighbours of one connection in one piece. */
static void answer(struct fl_request_worker *worker, int result, const flow_error *fault)
{
    for (size_t i = 0; i < worker->turn_count; i++) {
        struct fl_request_turn *turn = &worker->turns[i];
        struct fl_request_peer *peer = turn->peer;
        int last = i + 1 == worker->turn_count || turn[1].peer != peer;

        if (turn->kind != FL_TURN_END)
            speak(worker, turn, result, fault);
        fl_buf_free(&turn->ready);
        if (last)
            send_out(worker, peer);
        keep_order(peer, turn, result);
        if (turn->kind == FL_TURN_END)
            end(peer);
    }
    worker->turn_count = 0;
}

void fl_requests_settle(struct fl_request_worker *worker)
{
    flow_error *fault = NULL;
    int rc = deliver(worker, &fault);

    answer(worker, rc, fault);
    flow_error_free(fault);
}
