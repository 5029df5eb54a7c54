/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What happens to one batch that a source emits.  Everything learnt about it (how far the
 * interceptors got, where each event goes, what each channel has committed) is kept with the
 * batch, so that emitting it again goes on where it stopped and nothing arrives twice.
 */

#include <string.h>

#include "base/error.h"
#include "runtime/claims.h"
#include "runtime/emission.h"
#include "runtime/standing.h"

static void count_calls(const struct fl_emission *e, flow_counter *singles, flow_counter *batches)
{
    if (e->calls.singles > 0)
        flow_counter_add(singles, (int64_t)e->calls.singles);
    if (e->calls.batches > 0)
        flow_counter_add(batches, (int64_t)e->calls.batches);
}

static void receive(struct fl_emission *e)
{
    const struct fl_emitter_counters *counters = &e->emitter->counters;
    size_t count = flow_batch_count(e->batch);

    if (e->slots[FL_SLOT_RECEIVED] != 0)
        return;
    e->slots[FL_SLOT_RECEIVED] = count + 1;
    if (count == 0)
        return;
    flow_counter_add(counters->received, (int64_t)count);
    count_calls(e, counters->singles_received, counters->batches_received);
}

int fl_intercept(const struct fl_vec *interceptors, flow_batch *batch, uint64_t *done,
                 flow_error **err)
{
    for (; *done < interceptors->count; ++*done) {
        const struct fl_interceptor *next = fl_vec_at(interceptors, (size_t)*done);
        if (flow_batch_count(batch) == 0)
            continue;
        int rc = next->ops->intercept(next->self, batch, err);
        rc = fl_answer(next->ctx, "intercept", rc, FLOW_OK, err);
        if (rc != FLOW_OK)
            return rc;
    }
    return FLOW_OK;
}

static int intercept(struct fl_emission *e, flow_error **err)
{
    uint64_t done = e->slots[FL_SLOT_INTERCEPTED];
    uint64_t received = e->slots[FL_SLOT_RECEIVED];
    int rc = done == 0 && e->slots[FL_SLOT_REPEATED] == 0 ? fl_claims_trim(e, err) : FLOW_OK;
    uint64_t repeated = e->slots[FL_SLOT_REPEATED];
    if (rc == FLOW_OK)
        rc = fl_intercept(&e->emitter->interceptors, e->batch, &done, err);
    int again = fl_emission_recall(e, 0, rc == FLOW_OK ? err : NULL);

    /* An interceptor may have replaced the batch's content, and with it what was remembered. */
    if (again == FLOW_OK) {
        e->slots[FL_SLOT_RECEIVED] = received;
        e->slots[FL_SLOT_INTERCEPTED] = done;
        e->slots[FL_SLOT_REPEATED] = repeated;
    }
    return rc == FLOW_OK ? again : rc;
}

static int route_events(struct fl_emission *e, flow_error **err)
{
    const struct fl_selector *selector = &e->emitter->selector;
    size_t channels = e->emitter->channel_count;
    size_t words = fl_route_words(channels);
    size_t count = flow_batch_count(e->batch);
    flow_route route = {fl_emission_routes(e), channels};

    e->slots[FL_SLOT_UNROUTED] = 0;
    for (size_t i = 0; i < count; i++, route.words += words) {
        memset(route.words, 0, words * sizeof(*route.words));
        int rc = selector->ops->select(selector->self, flow_batch_event(e->batch, i), &route, err);
        rc = fl_answer(selector->ctx, "select", rc, FLOW_OK, err);
        if (rc != FLOW_OK)
            return rc;
        if (fl_route_empty(&route))
            e->slots[FL_SLOT_UNROUTED]++;
    }
    int rc = fl_claims_reroute(e, err);
    e->slots[FL_SLOT_ROUTED] = rc == FLOW_OK;
    return rc;
}

static int route(struct fl_emission *e, flow_error **err)
{
    int rc = fl_emission_recall(e, 1, err);

    if (rc == FLOW_OK && !e->emitter->constant && e->slots[FL_SLOT_ROUTED] == 0)
        rc = route_events(e, err);
    return rc;
}

/* Runs the host's code over the batch, one batch at a time. */
static int prepare(struct fl_emission *e, flow_error **err)
{
    flow_emitter *emitter = e->emitter;
    int rc = FLOW_OK;

    if (emitter->constant && e->slots[FL_SLOT_INTERCEPTED] == emitter->interceptors.count)
        return fl_emission_recall(e, 1, err);

    fl_lock(&emitter->chain);
    atomic_store(&emitter->holder, (uintptr_t)pthread_self());
    if (e->slots[FL_SLOT_INTERCEPTED] < emitter->interceptors.count)
        rc = intercept(e, err);
    if (rc == FLOW_OK)
        rc = route(e, err);
    atomic_store(&emitter->holder, 0);
    fl_unlock(&emitter->chain);
    if (rc != FLOW_OK)
        flow_counter_add(emitter->counters.processing_fails, 1);
    return rc;
}

/* How long the next put may wait for room. */
static int64_t time_left(const struct fl_emission *e)
{
    if (e->deadline == FL_KEEP_ALIVE)
        return FL_KEEP_ALIVE;

    int64_t left = e->deadline - flow_context_now(e->emitter->ctx);
    return left > 0 ? left : 0;
}

static int fill(struct fl_emission *e, size_t index, const struct fl_share *share, flow_txn *txn,
                flow_error **err)
{
    struct fl_share fresh = *share;
    int rc = FLOW_OK;

    if (e->spans.count > 0)
        rc = fl_claims_make(e, &fresh, txn, time_left(e), err);
    if (rc == FLOW_OK)
        rc = fl_txn_put_events(txn, fresh.events, fresh.count, time_left(e), &e->emitter->hurry,
                               err);
    return rc == FLOW_OK ? fl_emission_put_marks(e, index, share->marks, txn, err) : rc;
}

static int put_once(struct fl_emission *e, size_t index, const struct fl_share *share,
                    flow_error **err)
{
    flow_txn *txn;
    int rc = fl_claims_collect(e, share, err);

    if (rc != FLOW_OK)
        return rc;
    if (share->count == 0 && e->spans.count == 0 && !fl_emission_lacks(e, index, share->marks))
        return FLOW_OK;
    rc = flow_txn_begin(e->emitter->channels[index], &txn, err);
    if (rc != FLOW_OK)
        return rc;
    rc = fill(e, index, share, txn, err);
    if (rc == FLOW_OK)
        rc = flow_txn_commit(txn, err);
    flow_txn_free(txn);
    return rc;
}

/* Puts what a channel does not have yet, in as many transactions as it takes. */
static int put_share(struct fl_emission *e, size_t index, const struct fl_share *share,
                     flow_error **err)
{
    uint64_t *slots = fl_emission_channel(e, index);
    uint64_t most = flow_channel_transaction_capacity(e->emitter->channels[index]);
    int rc = FLOW_OK;

    while (rc == FLOW_OK &&
           (slots[FL_CHANNEL_DONE] < share->count || slots[FL_CHANNEL_MARKED] < share->marks ||
            (share->stamps && !slots[FL_CHANNEL_CLAIMED]))) {
        const struct fl_share next = fl_emission_cut(e, index, share, most);
        rc = put_once(e, index, &next, err);
        if (rc == FLOW_OK) {
            slots[FL_CHANNEL_DONE] += next.count;
            slots[FL_CHANNEL_MARKED] += next.marks;
            slots[FL_CHANNEL_CLAIMED] = 1;
        }
    }
    return rc;
}

static void tell(flow_emitter *emitter, const char *what, flow_error *fault)
{
    fl_lock(&emitter->chain);
    fl_fault_log_add(&emitter->optional_faults, FLOW_LOG_WARN, what, fault);
    fl_unlock(&emitter->chain);
}

/* Where routes differ, a channel that gets no event may lack the position too: it only means that
 * the source will resume further back.  So a channel that is out of order holds up nobody else. */
static int put_required(struct fl_emission *e, size_t index, flow_error **err)
{
    struct fl_share share;
    flow_error *fault = NULL;
    int rc = fl_emission_pick(e, index, FL_ROUTE_REQUIRED, &share, &fault);
    int can_wait = !e->emitter->constant && rc == FLOW_OK && share.count == 0;

    if (rc == FLOW_OK)
        rc = put_share(e, index, &share, &fault);
    if (rc != FLOW_OK && can_wait) {
        tell(e->emitter, "a channel without events did not store a position", fault);
        return FLOW_OK;
    }
    if (rc != FLOW_OK) {
        flow_counter_add(e->emitter->counters.write_fails, 1);
        fl_error_pass(err, fault);
    }
    return rc;
}

/* Tries an optional channel once; what it does not take is counted and told. */
static void offer(struct fl_emission *e, size_t index)
{
    flow_emitter *emitter = e->emitter;
    struct fl_share share = {0};
    flow_error *fault = NULL;
    int rc = fl_emission_pick(e, index, FL_ROUTE_OPTIONAL, &share, &fault);

    if (rc == FLOW_OK)
        rc = put_share(e, index, &share, &fault);
    if (rc == FLOW_OK)
        return;
    flow_counter_add(emitter->counters.write_fails, 1);
    if (share.count > 0)
        flow_counter_add(emitter->counters.optional_lost,
                         (int64_t)(share.count - fl_emission_channel(e, index)[FL_CHANNEL_DONE]));
    tell(emitter, "an optional channel lost events", fault);
}

static uint64_t unrouted(const struct fl_emission *e)
{
    const flow_route every = {e->emitter->constant, e->emitter->channel_count};

    if (!every.words)
        return e->slots[FL_SLOT_UNROUTED];
    return fl_route_empty(&every) ? flow_batch_count(e->batch) : 0;
}

/* What no channel is to have is gone on purpose, or so the selector's settings say; that much is
 * told, once a start. */
static void count_unrouted(const struct fl_emission *e)
{
    flow_emitter *emitter = e->emitter;
    uint64_t count = unrouted(e);

    if (count == 0)
        return;
    flow_counter_add(emitter->counters.unrouted, (int64_t)count);
    if (!atomic_exchange(&emitter->told_unrouted, 1))
        flow_context_log(emitter->selector.ctx, FLOW_LOG_WARN,
                         "sends events to no channel: they are dropped, and counted as "
                         "EventUnroutedCount");
}

/* Counts a batch that arrived and forgets it: emitted once more, it is a new one. */
static void accept(struct fl_emission *e)
{
    const struct fl_emitter_counters *counters = &e->emitter->counters;
    uint64_t received = e->slots[FL_SLOT_RECEIVED] - 1;
    uint64_t repeated = e->slots[FL_SLOT_REPEATED];
    size_t left = flow_batch_count(e->batch);

    count_unrouted(e);
    memset(e->slots, 0,
           (FL_SLOT_CHANNELS + e->emitter->channel_count * FL_CHANNEL_SLOTS) * sizeof(*e->slots));
    if (received == 0)
        return;
    flow_counter_add(counters->accepted, (int64_t)received);
    count_calls(e, counters->singles_accepted, counters->batches_accepted);
    if (repeated > 0)
        flow_counter_add(counters->repeated, (int64_t)repeated);
    if (left + repeated < received)
        flow_counter_add(counters->filtered, (int64_t)(received - left - repeated));
}

static int deliver(struct fl_emission *e, flow_error **err)
{
    size_t channels = e->emitter->channel_count;
    int rc = fl_emission_recall(e, 0, err);

    if (rc != FLOW_OK)
        return rc;
    if (e->batch->marks.list.count > 0)
        fl_standing_tell(e->emitter);
    if (e->batch->stamps.list.count > 0)
        fl_standing_tell_spans(e->emitter);
    receive(e);
    rc = prepare(e, err);
    for (size_t i = 0; i < channels && rc == FLOW_OK; i++)
        rc = put_required(e, i, err);
    if (rc != FLOW_OK)
        return rc;
    for (size_t i = 0; i < channels; i++)
        offer(e, i);
    accept(e);
    return FLOW_OK;
}

int fl_emitter_enter(flow_emitter *emitter, flow_error **err)
{
    fl_lock(&emitter->door);
    int is_open = emitter->is_open;
    emitter->inside += is_open ? 1 : 0;
    fl_unlock(&emitter->door);
    if (is_open)
        return FLOW_OK;
    flow_error_setf(err, FLOW_ECLOSED, "%s takes no events, because it does not run",
                    emitter->ctx->label);
    return FLOW_ECLOSED;
}

void fl_emitter_leave(flow_emitter *emitter)
{
    fl_lock(&emitter->door);
    if (--emitter->inside == 0)
        fl_lock_wake(&emitter->door);
    fl_unlock(&emitter->door);
}

int fl_emitter_emit(flow_emitter *emitter, flow_batch *batch, int64_t wait_ms,
                    struct fl_calls calls, flow_error **err)
{
    int rc = fl_library_check(emitter->ctx->lib, err);

    if (rc != FLOW_OK)
        return rc;
    if (flow_batch_count(batch) == 0 && batch->marks.list.count == 0 &&
        batch->stamps.list.count == 0)
        return FLOW_OK;
    rc = fl_emitter_enter(emitter, err);
    if (rc != FLOW_OK)
        return rc;

    struct fl_emission e;
    fl_emission_init(&e, emitter, batch);
    e.calls = calls;
    if (wait_ms >= 0)
        e.deadline = fl_clock_after(emitter->ctx->clock, wait_ms);
    rc = deliver(&e, err);
    fl_emission_free(&e);
    fl_emitter_leave(emitter);
    return rc;
}

int flow_emitter_emit(flow_emitter *emitter, flow_batch *batch, flow_error **err)
{
    return flow_emitter_emit_calls(emitter, batch, 0, 1, err);
}

int flow_emitter_emit_calls(flow_emitter *emitter, flow_batch *batch, size_t singles,
                            size_t batches, flow_error **err)
{
    const struct fl_calls calls = {singles, batches};

    if (!emitter || !batch)
        return flow_error_set(err, FLOW_EINVAL, "emit needs an emitter and a batch");
    return fl_emitter_emit(emitter, batch, FL_KEEP_ALIVE, calls, err);
}
