/* SPDX-License-Identifier: Apache-2.0 */

/* Events from the bytes of their connections into the batch of a transaction. */

#include "base/error.h"
#include "sources/requests/inside.h"
#include "wire/stamp.h"

static int new_batch(struct fl_request_worker *worker, flow_batch **batch, flow_error **err)
{
    if (worker->spare_count == 0)
        return flow_batch_new(flow_context_library(worker->requests->ctx), batch, err);
    *batch = worker->spares[--worker->spare_count];
    return FLOW_OK;
}

void fl_gather_return(struct fl_request_worker *worker, flow_batch *batch)
{
    if (!batch || worker->spare_count == FL_REQUEST_SPARES) {
        flow_batch_free(batch);
        return;
    }
    flow_batch_clear(batch);
    worker->spares[worker->spare_count++] = batch;
}

void fl_gather_trim(struct fl_request_worker *worker, size_t keep)
{
    while (worker->spare_count > keep)
        flow_batch_free(worker->spares[--worker->spare_count]);
}

int fl_gather_open(struct fl_request_peer *peer, flow_error **err)
{
    return peer->batch ? FLOW_OK : new_batch(peer->worker, &peer->batch, err);
}

size_t fl_gather_tail(const struct fl_request_peer *peer)
{
    return peer->batch ? flow_batch_count(peer->batch) - peer->done : 0;
}

void fl_gather_drop_tail(struct fl_request_peer *peer)
{
    peer->tail_bytes = 0;
    if (!peer->batch)
        return;
    if (peer->done > 0) {
        flow_batch_truncate(peer->batch, peer->done);
        return;
    }
    fl_gather_return(peer->worker, peer->batch);
    peer->batch = NULL;
}

static int bad_stamp(flow_error **err)
{
    return flow_error_set(err, FLOW_EPARSE,
                          "the numbers that a call gives its events make no sense");
}

/* Reads the spans of TAIL events into SPANS. */
static int read_stamp(const void *data, size_t size, size_t tail, struct fl_vec *spans,
                      flow_error **err)
{
    struct fl_stamp_in stamp;
    flow_span span;
    int rc = fl_stamp_begin(&stamp, data, size);

    while (!rc && (rc = fl_stamp_next(&stamp, &span)) > 0) {
        if (span.count > tail)
            return bad_stamp(err);
        tail -= span.count;
        rc = fl_vec_push(spans, &span) ? FLOW_OK : fl_error_nomem(err);
    }
    return rc == FLOW_EPARSE || (!rc && tail) ? bad_stamp(err) : rc;
}

int fl_requests_stamp(struct fl_request_peer *peer, const void *data, size_t size, flow_error **err)
{
    struct fl_vec spans;

    /* Now, since what is settled later would have to leave the numbers behind. */
    fl_requests_make_room(peer->worker, fl_gather_tail(peer));
    size_t tail = fl_gather_tail(peer);
    if (!tail)
        return FLOW_OK;
    fl_vec_init(&spans, peer->worker->requests->mem, sizeof(flow_span));
    int rc = read_stamp(data, size, tail, &spans, err);
    if (!rc)
        rc = flow_batch_set_spans(peer->batch, peer->done, spans.items, spans.count,
                                  sizeof(flow_span), err);
    fl_vec_free(&spans);
    return rc;
}

void fl_gather_complete(struct fl_request_peer *peer)
{
    struct fl_request_worker *worker = peer->worker;
    size_t events = fl_gather_tail(peer);

    if (events == 0)
        return;
    if (!peer->ready) {
        peer->ready = 1;
        peer->next_ready = NULL;
        *worker->last_ready = peer;
        worker->last_ready = &peer->next_ready;
    }
    worker->ready_events += events;
    worker->ready_bytes += peer->tail_bytes;
    peer->done += events;
    peer->tail_bytes = 0;
}

/* Adds references to the events of FROM, from the one at FIRST on, which have no numbers so far. */
static int append(flow_batch *batch, const flow_batch *from, size_t first, flow_error **err)
{
    const flow_event *const *events = flow_batch_events(from);
    size_t count = flow_batch_count(from);
    int rc = FLOW_OK;

    for (size_t i = first; i < count && !rc; i++)
        rc = flow_batch_append(batch, events[i], err);
    return rc;
}

/* Moves what is not complete into another batch, *TAIL; NULL when there is nothing. */
static int split(struct fl_request_peer *peer, flow_batch **tail, flow_error **err)
{
    *tail = NULL;
    if (fl_gather_tail(peer) == 0)
        return FLOW_OK;
    int rc = new_batch(peer->worker, tail, err);
    if (!rc)
        rc = append(*tail, peer->batch, peer->done, err);
    flow_batch_truncate(peer->batch, peer->done);
    if (!rc)
        return FLOW_OK;
    fl_gather_return(peer->worker, *tail);
    *tail = NULL;
    return rc;
}

/* Takes the complete requests of PEER, which keeps the one under way. */
static flow_batch *detach(struct fl_request_peer *peer)
{
    flow_error *fault = NULL;
    flow_batch *tail;
    int rc = split(peer, &tail, &fault);
    flow_batch *batch = peer->batch;

    peer->batch = tail;
    peer->done = 0;
    peer->ready = 0;
    if (rc)
        fl_requests_hang_up(peer, flow_error_message(fault));
    flow_error_free(fault);
    return batch;
}

int fl_gather_take(struct fl_request_worker *worker, flow_batch **batch, flow_error **err)
{
    flow_batch *joined = NULL;
    int rc = FLOW_OK;

    for (struct fl_request_peer *peer = worker->ready, *next; peer; peer = next) {
        next = peer->next_ready;
        flow_batch *more = detach(peer);
        if (!joined) {
            joined = more;
            continue;
        }
        if (!rc)
            rc = flow_batch_append_batch(joined, more, err);
        fl_gather_return(worker, more);
    }
    worker->ready = NULL;
    worker->last_ready = &worker->ready;
    worker->ready_events = 0;
    worker->ready_bytes = 0;
    if (rc) {
        fl_gather_return(worker, joined);
        joined = NULL;
    }
    *batch = joined;
    return rc;
}
