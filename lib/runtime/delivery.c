/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What happens to one batch that a source emits.  Everything learnt about it (how far the
 * interceptors got, where each event goes, what each channel has committed) is kept with the
 * batch, so that emitting it again goes on where it stopped and nothing arrives twice.
 */

#include <string.h>

#include "base/error.h"
#include "core/batch.h"
#include "runtime/emitter.h"

/* What is remembered of a batch: these, then the events each channel has, then the routes. */
enum slot {
    SLOT_RECEIVED,    /* events there were at first, plus 1; 0 for a new batch */
    SLOT_INTERCEPTED, /* interceptors that are done with it */
    SLOT_ROUTED,      /* 1 when every event has its route */
    SLOT_UNROUTED,    /* events that go nowhere */
    SLOT_CHANNELS,
};

struct emission {
    flow_emitter *emitter;
    flow_batch *batch;
    int64_t deadline; /* FL_KEEP_ALIVE, or when waiting for room ends */
    int single;
    uint64_t *slots;
    const flow_event **picked; /* events of one channel, where routes differ */
};

/* Looks up what is remembered, with room for the routes of ROUTED events. */
static int recall(struct emission *e, size_t routed, flow_error **err)
{
    size_t channels = e->emitter->channel_count;
    size_t slots = SLOT_CHANNELS + channels + routed * fl_route_words(channels);

    return fl_batch_progress(e->batch, e->emitter->number, slots, &e->slots, err);
}

static void receive(struct emission *e)
{
    const struct fl_emitter_counters *counters = &e->emitter->counters;
    size_t count = flow_batch_count(e->batch);

    if (e->slots[SLOT_RECEIVED] != 0)
        return;
    e->slots[SLOT_RECEIVED] = count + 1;
    flow_counter_add(counters->received, (int64_t)count);
    flow_counter_add(e->single ? counters->singles_received : counters->batches_received, 1);
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

static int intercept(struct emission *e, flow_error **err)
{
    uint64_t done = e->slots[SLOT_INTERCEPTED];
    uint64_t received = e->slots[SLOT_RECEIVED];
    int rc = fl_intercept(&e->emitter->interceptors, e->batch, &done, err);
    int again = recall(e, 0, rc == FLOW_OK ? err : NULL);

    /* An interceptor may have replaced the batch's content, and with it what was remembered. */
    if (again == FLOW_OK) {
        e->slots[SLOT_RECEIVED] = received;
        e->slots[SLOT_INTERCEPTED] = done;
    }
    return rc == FLOW_OK ? again : rc;
}

static int route_events(struct emission *e, flow_error **err)
{
    const struct fl_selector *selector = &e->emitter->selector;
    size_t channels = e->emitter->channel_count;
    size_t words = fl_route_words(channels);
    size_t count = flow_batch_count(e->batch);
    flow_route route = {e->slots + SLOT_CHANNELS + channels, channels};

    e->slots[SLOT_UNROUTED] = 0;
    for (size_t i = 0; i < count; i++, route.words += words) {
        memset(route.words, 0, words * sizeof(*route.words));
        int rc = selector->ops->select(selector->self, flow_batch_event(e->batch, i), &route, err);
        rc = fl_answer(selector->ctx, "select", rc, FLOW_OK, err);
        if (rc != FLOW_OK)
            return rc;
        if (fl_route_empty(&route))
            e->slots[SLOT_UNROUTED]++;
    }
    e->slots[SLOT_ROUTED] = 1;
    return FLOW_OK;
}

static int route(struct emission *e, flow_error **err)
{
    if (e->emitter->constant != NULL)
        return FLOW_OK;

    int rc = recall(e, flow_batch_count(e->batch), err);
    if (rc == FLOW_OK && e->slots[SLOT_ROUTED] == 0)
        rc = route_events(e, err);
    return rc;
}

/* Runs the host's code over the batch, one batch at a time. */
static int prepare(struct emission *e, flow_error **err)
{
    flow_emitter *emitter = e->emitter;
    int rc = FLOW_OK;

    if (emitter->constant != NULL && e->slots[SLOT_INTERCEPTED] == emitter->interceptors.count)
        return FLOW_OK;

    fl_lock(&emitter->chain);
    atomic_store(&emitter->holder, (uintptr_t)pthread_self());
    if (e->slots[SLOT_INTERCEPTED] < emitter->interceptors.count)
        rc = intercept(e, err);
    if (rc == FLOW_OK)
        rc = route(e, err);
    atomic_store(&emitter->holder, 0);
    fl_unlock(&emitter->chain);
    if (rc != FLOW_OK)
        flow_counter_add(emitter->counters.processing_fails, 1);
    return rc;
}

/* Events of a batch, lent. */
struct share {
    const flow_event *const *events;
    size_t count;
};

/* Finds the events that go to CHANNEL in the WANTED way. */
static int pick(struct emission *e, size_t channel, unsigned wanted, struct share *share,
                flow_error **err)
{
    const flow_event *const *all = flow_batch_events(e->batch);
    size_t total = flow_batch_count(e->batch);

    *share = (struct share){all, 0};
    if (e->emitter->constant != NULL) {
        if (fl_route_get(e->emitter->constant, channel) == wanted)
            share->count = total;
        return FLOW_OK;
    }
    if (e->picked == NULL)
        e->picked = fl_calloc(e->emitter->mem, total, sizeof(*e->picked));
    if (e->picked == NULL && total > 0)
        return fl_error_nomem(err);

    size_t words = fl_route_words(e->emitter->channel_count);
    const uint64_t *routes = e->slots + SLOT_CHANNELS + e->emitter->channel_count;
    for (size_t i = 0; i < total; i++) {
        if (fl_route_get(routes + i * words, channel) == wanted)
            e->picked[share->count++] = all[i];
    }
    share->events = e->picked;
    return FLOW_OK;
}

/* How long the next put may wait for room. */
static int64_t time_left(const struct emission *e)
{
    if (e->deadline == FL_KEEP_ALIVE)
        return FL_KEEP_ALIVE;

    int64_t left = e->deadline - flow_context_now(e->emitter->ctx);
    return left > 0 ? left : 0;
}

static int put_once(struct emission *e, flow_channel *channel, const struct share *share,
                    flow_error **err)
{
    flow_txn *txn;
    int rc = flow_txn_begin(channel, &txn, err);

    if (rc != FLOW_OK)
        return rc;
    rc = fl_txn_put_events(txn, share->events, share->count, time_left(e), &e->emitter->hurry, err);
    if (rc == FLOW_OK)
        rc = flow_txn_commit(txn, err);
    flow_txn_free(txn);
    return rc;
}

/* Puts what CHANNEL does not have yet, in as many transactions as it takes. */
static int put(struct emission *e, size_t index, unsigned wanted, flow_error **err)
{
    flow_channel *channel = e->emitter->channels[index];
    uint64_t *done = &e->slots[SLOT_CHANNELS + index];
    uint64_t most = flow_channel_transaction_capacity(channel);
    struct share share;
    int rc = pick(e, index, wanted, &share, err);

    while (rc == FLOW_OK && *done < share.count) {
        struct share next = {share.events + *done, share.count - (size_t)*done};
        if (most > 0 && next.count > most)
            next.count = (size_t)most;
        rc = put_once(e, channel, &next, err);
        if (rc == FLOW_OK)
            *done += next.count;
    }
    if (rc != FLOW_OK)
        flow_counter_add(e->emitter->counters.write_fails, 1);
    return rc;
}

/* Tries an optional channel once; what it does not take is counted and told. */
static void offer(struct emission *e, size_t index)
{
    flow_emitter *emitter = e->emitter;
    struct share share;
    flow_error *fault = NULL;
    int rc = put(e, index, FL_ROUTE_OPTIONAL, &fault);

    if (rc == FLOW_OK)
        return;
    if (pick(e, index, FL_ROUTE_OPTIONAL, &share, NULL) == FLOW_OK)
        flow_counter_add(emitter->counters.optional_lost,
                         (int64_t)(share.count - e->slots[SLOT_CHANNELS + index]));
    fl_lock(&emitter->chain);
    fl_fault_log_add(&emitter->optional_faults, FLOW_LOG_WARN, "an optional channel lost events",
                     fault);
    fl_unlock(&emitter->chain);
}

/* Counts a batch that arrived and forgets it: emitted once more, it is a new one. */
static void accept(struct emission *e)
{
    const struct fl_emitter_counters *counters = &e->emitter->counters;
    uint64_t received = e->slots[SLOT_RECEIVED] - 1;
    size_t left = flow_batch_count(e->batch);

    flow_counter_add(counters->accepted, (int64_t)received);
    flow_counter_add(e->single ? counters->singles_accepted : counters->batches_accepted, 1);
    if (left < received)
        flow_counter_add(counters->filtered, (int64_t)(received - left));
    if (e->slots[SLOT_UNROUTED] > 0)
        flow_counter_add(counters->unrouted, (int64_t)e->slots[SLOT_UNROUTED]);
    memset(e->slots, 0, (SLOT_CHANNELS + e->emitter->channel_count) * sizeof(*e->slots));
}

static int deliver(struct emission *e, flow_error **err)
{
    size_t channels = e->emitter->channel_count;
    int rc = recall(e, 0, err);

    if (rc != FLOW_OK)
        return rc;
    receive(e);
    rc = prepare(e, err);
    for (size_t i = 0; i < channels && rc == FLOW_OK; i++)
        rc = put(e, i, FL_ROUTE_REQUIRED, err);
    if (rc != FLOW_OK)
        return rc;
    for (size_t i = 0; i < channels; i++)
        offer(e, i);
    accept(e);
    return FLOW_OK;
}

static int enter(flow_emitter *emitter, flow_error **err)
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

static void leave(flow_emitter *emitter)
{
    fl_lock(&emitter->door);
    if (--emitter->inside == 0)
        fl_lock_wake(&emitter->door);
    fl_unlock(&emitter->door);
}

int fl_emitter_emit(flow_emitter *emitter, flow_batch *batch, int64_t wait_ms, int single,
                    flow_error **err)
{
    int rc = fl_library_check(emitter->ctx->lib, err);

    if (rc != FLOW_OK)
        return rc;
    if (flow_batch_count(batch) == 0)
        return FLOW_OK;
    rc = enter(emitter, err);
    if (rc != FLOW_OK)
        return rc;

    struct emission e = {
        .emitter = emitter, .batch = batch, .deadline = FL_KEEP_ALIVE, .single = single};
    if (wait_ms >= 0)
        e.deadline = fl_clock_after(emitter->ctx->clock, wait_ms);
    rc = deliver(&e, err);
    fl_free(emitter->mem, e.picked);
    leave(emitter);
    return rc;
}

int flow_emitter_emit(flow_emitter *emitter, flow_batch *batch, flow_error **err)
{
    if (emitter == NULL || batch == NULL)
        return flow_error_set(err, FLOW_EINVAL, "emit needs an emitter and a batch");
    return fl_emitter_emit(emitter, batch, FL_KEEP_ALIVE, 0, err);
}
