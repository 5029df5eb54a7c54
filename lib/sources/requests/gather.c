/* SPDX-License-Identifier: Apache-2.0 */

/* Events from the bytes of their connections into the batch of a transaction. */

#include "base/error.h"
#include "sources/requests/inside.h"

/* Room for the spans of a request that a connection keeps. */
#define SPANS_KEPT 16u

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
    fl_stamp_list_clear(&peer->spans);
    if (!peer->batch)
        return;
    if (peer->done > 0) {
        flow_batch_truncate(peer->batch, peer->done);
        return;
    }
    fl_gather_return(peer->worker, peer->batch);
    peer->batch = NULL;
}

int fl_requests_span(struct fl_request_peer *peer, const flow_span *span, flow_error **err)
{
    if (fl_stamp_list_add(&peer->spans, span))
        return fl_error_nomem(err);
    return fl_requests_hold(peer, sizeof *span + sizeof(size_t) + span->key_size, err);
}

int fl_requests_stamp(struct fl_request_peer *peer, const void *data, size_t size, flow_error **err)
{
    struct fl_stamp_in stamp;
    flow_span span;
    int rc = fl_stamp_begin(&stamp, data, size);

    peer->told = 1;
    while (!rc && (rc = fl_stamp_next(&stamp, &span)) > 0)
        rc = fl_requests_span(peer, &span, err);
    if (rc == FLOW_EPARSE)
        flow_error_set(err, rc, "what a call tells of the numbers of its events makes no sense");
    return rc;
}

static size_t count_numbered(const struct fl_stamp_list *list)
{
    size_t count = 0;

    for (size_t i = 0; i < list->spans.count; i++)
        count += ((const flow_span *)fl_vec_at(&list->spans, i))->count;
    return count;
}

int fl_gather_number_tail(struct fl_request_peer *peer, flow_error **err)
{
    struct fl_stamp_list *list = &peer->spans;
    size_t events = fl_gather_tail(peer), count = list->spans.count;
    int rc = FLOW_OK;

    if (!count)
        return FLOW_OK;
    if (count_numbered(list) != events)
        rc = flow_error_setf(err, FLOW_EPARSE, "a call of %zu events tells the numbers of %zu",
                             events, count_numbered(list));
    else if (events)
        rc = flow_batch_set_spans(peer->batch, peer->done, fl_stamp_list_spans(list), count,
                                  sizeof(flow_span), err);
    if (list->spans.capacity <= SPANS_KEPT) {
        fl_stamp_list_clear(list);
    } else {
        fl_stamp_list_free(list);
        fl_stamp_list_init(list, peer->worker->requests->mem);
    }
    return rc;
}

void fl_gather_complete(struct fl_request_peer *peer)
{
    struct fl_request_worker *worker = peer->worker;
    size_t events = fl_gather_tail(peer);
    size_t bytes = peer->tail_bytes;

    peer->tail_bytes = 0;
    if (events == 0)
        return;
    if (!peer->ready) {
        peer->ready = 1;
        peer->next_ready = NULL;
        *worker->last_ready = peer;
        worker->last_ready = &peer->next_ready;
    }
    worker->ready_events += events;
    worker->ready_bytes += bytes;
    peer->done += events;
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
