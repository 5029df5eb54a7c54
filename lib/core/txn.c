/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Transactions: the state machine, and waiting for room or events.  A call first tries without
 * looking at a gate; only one that finds nothing looks, tries again and waits, so that producers
 * and consumers who have work touch nothing of each other's but the channel itself.
 */

#include "base/error.h"
#include "core/batch.h"
#include "core/channel.h"
#include "core/library.h"

#define UNUSED 0u /* neither put nor taken so far */
#define PUTS 1u
#define TAKES 2u

/* Who may end it. */
#define OWN 0  /* whoever began it */
#define LENT 1 /* nobody, until it is done */
#define DONE 2 /* the owner, who was told */

struct flow_txn {
    flow_channel *channel;
    void *inner; /* the channel's own; of a spare transaction what can begin again, or NULL */
    const flow_event **events;
    size_t capacity;
    size_t count; /* put or taken */
    uint32_t state;
    uint32_t direction;
    int ran_dry; /* the last take got less than it asked for */
    int has_marks;
    int has_spans; /* others may wait for its end */
    _Atomic int lent;
    const struct fl_txn_owner *owner;
    void *tag;
};

struct fl_txn_cache {
    const flow_allocator *mem;
    struct fl_stash spare;
};

struct fl_txn_cache *fl_txn_cache_new(const flow_allocator *mem)
{
    struct fl_txn_cache *cache = fl_alloc(mem, sizeof *cache);

    if (cache) {
        cache->mem = mem;
        fl_stash_init(&cache->spare);
    }
    return cache;
}

static void release_inner(flow_txn *txn)
{
    if (txn->inner)
        txn->channel->ops->release(txn->channel->self, txn->inner);
    txn->inner = NULL;
}

static void txn_destroy(struct fl_txn_cache *cache, flow_txn *txn)
{
    release_inner(txn);
    fl_free(cache->mem, txn->events);
    fl_free(cache->mem, txn);
}

void fl_txn_cache_free(struct fl_txn_cache *cache)
{
    flow_txn *txn;

    if (!cache)
        return;
    while ((txn = fl_stash_take(&cache->spare)) != NULL)
        txn_destroy(cache, txn);
    fl_free(cache->mem, cache);
}

static int locate(const flow_txn *txn, flow_error **err, int rc)
{
    if (rc)
        flow_error_locate(err, txn->channel->ctx->label, NULL, NULL, 0, 0);
    return rc;
}

/* A transaction that was used before keeps its array of events, and the channel's own memory. */
static flow_txn *txn_obtain(struct fl_txn_cache *cache)
{
    flow_txn *txn = fl_stash_take(&cache->spare);

    return txn ? txn : fl_zalloc(cache->mem, sizeof *txn);
}

static void txn_recycle(struct fl_txn_cache *cache, flow_txn *txn)
{
    flow_txn *surplus = fl_stash_leave(&cache->spare, txn);

    if (surplus)
        txn_destroy(cache, surplus);
}

/* Begins the channel's own part; one of a view takes only. */
static int begin_inner(flow_txn *txn, const flow_channel *view, flow_error **err)
{
    flow_channel *channel = txn->channel;
    void *inner = txn->inner;
    int rc;

    if (view->consumer) {
        txn->direction = TAKES;
        rc = channel->consumers.begin(channel->self, view->consumer, &inner, err);
    } else {
        rc = channel->ops->begin(channel->self, &inner, err);
    }
    if (!rc)
        txn->inner = inner;
    return rc;
}

int flow_txn_begin(flow_channel *view, flow_txn **txn, flow_error **err)
{
    if (!view || !txn)
        return flow_error_set(err, FLOW_EINVAL, "no channel, or no place for the transaction");
    flow_channel *channel = view->base;
    int rc = fl_library_check(channel->ctx->lib, err);
    if (!rc)
        rc = fl_channel_check(channel, err);
    if (rc)
        return rc;
    flow_txn *made = txn_obtain(channel->cache);
    if (!made)
        return fl_error_nomem(err);
    made->channel = channel;
    made->state = FLOW_TXN_OPEN;
    made->direction = UNUSED;
    made->count = 0;
    made->ran_dry = 0;
    made->has_marks = 0;
    made->has_spans = 0;
    atomic_store_explicit(&made->lent, OWN, memory_order_relaxed);
    rc = begin_inner(made, view, err);
    if (rc) {
        locate(made, err, rc);
        txn_recycle(channel->cache, made);
        return rc;
    }
    *txn = made;
    return FLOW_OK;
}

static const char *state_name(const flow_txn *txn)
{
    switch (txn->state) {
    case FLOW_TXN_OPEN: return "OPEN";
    case FLOW_TXN_COMMITTED: return "COMMITTED";
    default: return "ROLLED_BACK";
    }
}

/* Whether CALL is possible now. */
static int check_open(const flow_txn *txn, const char *call, flow_error **err)
{
    if (!txn)
        return flow_error_setf(err, FLOW_EINVAL, "%s() called without a transaction", call);
    int rc = fl_library_check(txn->channel->ctx->lib, err);
    if (rc || txn->state == FLOW_TXN_OPEN)
        return rc;
    rc = flow_error_setf(err, FLOW_ESTATE, "%s() called when transaction is %s; begin a new one",
                         call, state_name(txn));
    return locate(txn, err, rc);
}

/* Whether the transaction puts, or takes, and not the other. */
static int check_direction(flow_txn *txn, uint32_t direction, flow_error **err)
{
    const char *call = direction == PUTS ? "put" : "take";
    int rc = check_open(txn, call, err);

    if (rc || txn->direction == direction)
        return rc;
    if (txn->direction != UNUSED || (direction == PUTS && atomic_load(&txn->lent) != OWN)) {
        rc = flow_error_setf(err, FLOW_ESTATE, "%s() called on a transaction that %s", call,
                             direction == PUTS ? "takes" : "puts");
        return locate(txn, err, rc);
    }
    txn->direction = direction;
    return FLOW_OK;
}

/* Whether the caller may end the transaction. */
static int check_end(const flow_txn *txn, const char *call, flow_error **err)
{
    int rc = check_open(txn, call, err);

    if (rc || atomic_load_explicit(&txn->lent, memory_order_acquire) != LENT)
        return rc;
    rc = flow_error_setf(err, FLOW_ESTATE,
                         "%s() called on a transaction that is lent to a sink; what the sink "
                         "returns ends it",
                         call);
    return locate(txn, err, rc);
}

/* Turns the end of waiting into an error. */
static int no_room(const flow_txn *txn, int why, size_t count, flow_error **err)
{
    flow_channel *channel = txn->channel;

    if (why == FLOW_ECLOSED)
        return flow_error_set(err, FLOW_ECLOSED, "stopped while waiting for room in the channel");
    int rc = flow_error_setf(err, FLOW_EFULL,
                             "space for %zu events couldn't be acquired, %llu of %llu wait in the "
                             "channel; sinks are likely not keeping up with sources, or the "
                             "capacity is too small",
                             count, (unsigned long long)flow_channel_size(channel),
                             (unsigned long long)flow_channel_capacity(channel));
    flow_error_set_retriable(err, 1);
    return rc;
}

/* The same where it is not room that lacks. */
static int no_claim(int why, flow_error **err)
{
    if (why == FLOW_ECLOSED)
        return flow_error_set(err, FLOW_ECLOSED, "stopped while waiting for another transaction");
    int rc = flow_error_set(err, FLOW_EFULL,
                            "another transaction puts the same events of a sender and has not "
                            "ended");
    flow_error_set_retriable(err, 1);
    return rc;
}

/* What is to be put, or claimed, and for how long to wait. */
struct put {
    const flow_event *const *events;
    size_t count;
    int64_t wait_ms;         /* negative: the keep-alive */
    const _Atomic int *stop; /* or NULL */
    const flow_span *spans;  /* `count` of them, or NULL: it is events */
    uint8_t *keep;
};

static int try_put(flow_txn *txn, const struct put *put, flow_error **err)
{
    flow_channel *channel = txn->channel;

    if (put->spans)
        return channel->ops->put_spans(channel->self, txn->inner, put->spans, put->count,
                                       sizeof *put->spans, put->keep, err);
    return channel->ops->put(channel->self, txn->inner, put->events, put->count, err);
}

static int put_waiting(flow_txn *txn, const struct put *put, flow_error **err)
{
    flow_channel *channel = txn->channel;
    int64_t wait_ms = put->wait_ms < 0 ? channel->ops->keep_alive(channel->self) : put->wait_ms;
    int64_t deadline = fl_clock_after(channel->ctx->clock, wait_ms);
    int why = FLOW_OK;

    /* Once more behind the deadline: a channel may have another place for who has waited. */
    while (why != FLOW_ECLOSED) {
        uint32_t seen = fl_gate_look(&channel->room);
        int rc = try_put(txn, put, err);
        if (rc != FLOW_EFULL)
            return rc;
        if (why)
            break;
        atomic_fetch_add(&channel->without_room, !put->spans);
        why = fl_channel_wait_at(channel, &channel->room, seen, deadline, put->stop);
        atomic_fetch_sub(&channel->without_room, !put->spans);
    }
    return put->spans ? no_claim(why, err) : no_room(txn, why, put->count, err);
}

static int check_capacity(const flow_txn *txn, size_t count, flow_error **err)
{
    uint64_t most = flow_channel_transaction_capacity(txn->channel);

    if (count <= most && txn->count <= most - count)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_ETOOBIG,
                           "put of %zu events into a transaction that has %zu of at most %llu; "
                           "commit more often, put fewer at once or raise transactionCapacity",
                           count, txn->count, (unsigned long long)most);
}

static int put_checked(flow_txn *txn, const struct put *put, flow_error **err)
{
    flow_channel *channel = txn->channel;
    int rc = check_capacity(txn, put->count, err);

    if (!rc)
        rc = fl_channel_check(channel, err);
    if (rc)
        return rc;
    flow_counter_add(channel->put_attempts, (int64_t)put->count);
    rc = try_put(txn, put, err);
    if (rc == FLOW_EFULL)
        rc = put_waiting(txn, put, err);
    if (!rc)
        txn->count += put->count;
    else if (rc != FLOW_EFULL)
        fl_gate_open(&channel->room); /* what the failed put had reserved meanwhile is free again */
    return rc;
}

int fl_txn_put_events(flow_txn *txn, const flow_event *const *events, size_t count, int64_t wait_ms,
                      const _Atomic int *stop, flow_error **err)
{
    const struct put put = {.events = events, .count = count, .wait_ms = wait_ms, .stop = stop};
    int rc = check_direction(txn, PUTS, err);

    if (rc || count == 0)
        return rc;
    return locate(txn, err, put_checked(txn, &put, err));
}

int fl_txn_put_position(flow_txn *txn, const flow_position *position, flow_error **err)
{
    int rc = check_direction(txn, PUTS, err);

    if (!rc)
        rc = fl_channel_check(txn->channel, err);
    if (rc)
        return rc;
    const flow_channel *channel = txn->channel;
    return locate(txn, err, channel->ops->put_position(channel->self, txn->inner, position, err));
}

int fl_txn_put_spans(flow_txn *txn, const flow_span *spans, size_t count, uint8_t *keep,
                     int64_t wait_ms, const _Atomic int *stop, flow_error **err)
{
    const struct put put = {
        .count = count, .wait_ms = wait_ms, .stop = stop, .spans = spans, .keep = keep};
    int rc = check_direction(txn, PUTS, err);

    if (!rc)
        rc = fl_channel_check(txn->channel, err);
    if (rc || !count)
        return rc;
    txn->has_spans = 1;
    rc = try_put(txn, &put, err);
    if (rc == FLOW_EFULL)
        rc = put_waiting(txn, &put, err);
    return locate(txn, err, rc);
}

static int tell_nothing(const flow_txn *txn, flow_span_fn fn, void *self)
{
    const flow_span span = {.count = (uint32_t)txn->count};

    return txn->count ? fn(self, &span) : FLOW_OK;
}

int flow_txn_spans(flow_txn *txn, flow_span_fn fn, void *self, flow_error **err)
{
    int rc = check_direction(txn, TAKES, err);

    if (!rc && !fn)
        rc = flow_error_set(err, FLOW_EINVAL, "spans() called without a function");
    if (rc)
        return rc;
    const flow_channel *channel = txn->channel;
    rc = channel->ops->spans ? channel->ops->spans(channel->self, txn->inner, fn, self)
                             : tell_nothing(txn, fn, self);
    return rc == FLOW_ENOMEM ? fl_error_nomem(err) : rc;
}

int fl_txn_put_mark(flow_txn *txn, const flow_position *mark, flow_error **err)
{
    int rc = check_direction(txn, TAKES, err);

    if (!rc)
        rc = fl_channel_check(txn->channel, err);
    if (rc)
        return rc;
    const flow_channel *channel = txn->channel;
    txn->has_marks = 1;
    return locate(txn, err, channel->ops->put_mark(channel->self, txn->inner, mark, err));
}

int flow_txn_put(flow_txn *txn, const flow_event *event, flow_error **err)
{
    if (!event)
        return flow_error_set(err, FLOW_EINVAL, "put() called without an event");
    return fl_txn_put_events(txn, &event, 1, -1, NULL, err);
}

int flow_txn_put_batch(flow_txn *txn, const flow_batch *batch, flow_error **err)
{
    if (!batch)
        return flow_error_set(err, FLOW_EINVAL, "put() called without a batch");
    return fl_txn_put_events(txn, flow_batch_events(batch), flow_batch_count(batch), -1, NULL, err);
}

static int take_room(flow_txn *txn, size_t max, flow_error **err)
{
    const flow_allocator *mem = txn->channel->cache->mem;

    if (max <= txn->capacity)
        return FLOW_OK;
    const flow_event **grown = NULL;
    if (max <= SIZE_MAX / sizeof *grown)
        grown = fl_alloc(mem, max * sizeof *grown);
    if (!grown)
        return fl_error_nomem(err);
    fl_free(mem, txn->events);
    txn->events = grown;
    txn->capacity = max;
    return FLOW_OK;
}

static int take_waiting(flow_txn *txn, size_t max, int64_t deadline, size_t *count,
                        flow_error **err)
{
    flow_channel *channel = txn->channel;

    for (;;) {
        uint32_t seen = fl_gate_look(&channel->events);
        int rc = channel->ops->take(channel->self, txn->inner, max, txn->events, count, err);
        if (rc || *count > 0)
            return rc;
        rc = fl_channel_wait_at(channel, &channel->events, seen, deadline, NULL);
        if (rc == FLOW_ETIMEDOUT)
            return FLOW_OK;
        if (rc)
            return flow_error_set(err, rc, "the channel was closed while waiting for events");
    }
}

static int take_checked(flow_txn *txn, size_t max, int64_t wait_ms, size_t *count, flow_error **err)
{
    flow_channel *channel = txn->channel;
    int rc = fl_channel_check(channel, err);

    if (!rc)
        rc = take_room(txn, max, err);
    if (!rc)
        rc = channel->ops->take(channel->self, txn->inner, max, txn->events, count, err);
    if (!rc && *count == 0 && wait_ms != 0) {
        if (wait_ms < 0)
            wait_ms = channel->ops->keep_alive(channel->self);
        rc = take_waiting(txn, max, fl_clock_after(channel->ctx->clock, wait_ms), count, err);
    }
    if (rc)
        return rc;
    /* Flume takes one by one, and once more to see that there are none left. */
    flow_counter_add(channel->take_attempts, (int64_t)(*count < max ? *count + 1 : *count));
    txn->count += *count;
    txn->ran_dry = *count < max;
    return FLOW_OK;
}

int flow_txn_take(flow_txn *txn, size_t max, int64_t wait_ms, const flow_event *const **events,
                  size_t *count, flow_error **err)
{
    if (!events || !count || max == 0)
        return flow_error_set(err, FLOW_EINVAL, "take() called without a place for events");
    *events = NULL;
    *count = 0;
    int rc = check_direction(txn, TAKES, err);
    if (rc)
        return rc;
    uint64_t rest = flow_channel_transaction_capacity(txn->channel) - txn->count;
    if (max > rest)
        max = (size_t)rest;
    if (max == 0)
        return FLOW_OK;
    rc = take_checked(txn, max, wait_ms, count, err);
    *events = txn->events;
    return locate(txn, err, rc);
}

int flow_txn_commit(flow_txn *txn, flow_error **err)
{
    int rc = check_end(txn, "commit", err);

    if (rc)
        return rc;
    flow_channel *channel = txn->channel;
    rc = channel->ops->commit(channel->self, txn->inner, err);
    if (rc)
        return locate(txn, err, rc);
    txn->state = FLOW_TXN_COMMITTED;
    if (txn->has_spans)
        fl_gate_open(&channel->room);
    if (txn->count == 0)
        return FLOW_OK;
    int puts = txn->direction == PUTS;
    flow_counter_add(puts ? channel->put_successes : channel->take_successes, (int64_t)txn->count);
    fl_gate_open(puts ? &channel->events : &channel->room);
    return FLOW_OK;
}

/* What was taken failed for REASON, or for none that counts (NULL). */
static void roll_back(flow_txn *txn, const char *reason)
{
    flow_channel *channel = txn->channel;

    if (reason && channel->consumers.reject && fl_txn_taken(txn))
        channel->consumers.reject(channel->self, txn->inner, reason);
    else
        channel->ops->rollback(channel->self, txn->inner);
    txn->state = FLOW_TXN_ROLLED_BACK;
    if (txn->count > 0 || txn->has_spans)
        fl_gate_open(txn->direction == PUTS ? &channel->room : &channel->events);
}

int flow_txn_rollback(flow_txn *txn, flow_error **err)
{
    int rc = check_end(txn, "rollback", err);

    if (!rc)
        roll_back(txn, NULL);
    return rc;
}

int flow_txn_reject(flow_txn *txn, const flow_error *cause, flow_error **err)
{
    int rc = check_end(txn, "reject", err);
    const char *reason = cause ? flow_error_message(cause) : "no reason was given";

    if (!rc)
        roll_back(txn, flow_error_retriable(cause) ? NULL : reason);
    return rc;
}

void flow_txn_free(flow_txn *txn)
{
    if (!txn)
        return;
    flow_channel *channel = txn->channel;
    /* In a forked child nobody ever unlocks what another thread had locked. */
    if (fl_forked(&channel->ctx->lib->guard))
        return;
    if (atomic_load_explicit(&txn->lent, memory_order_acquire) == LENT)
        return;
    if (txn->state == FLOW_TXN_OPEN)
        roll_back(txn, NULL);
    if (!(channel->ops->flags & FLOW_CHANNEL_REUSES))
        release_inner(txn);
    txn_recycle(channel->cache, txn);
}

uint32_t flow_txn_state(const flow_txn *txn)
{
    return txn->state;
}

void fl_txn_lend(flow_txn *txn, const struct fl_txn_owner *owner, void *tag)
{
    txn->owner = owner;
    txn->tag = tag;
    atomic_store_explicit(&txn->lent, LENT, memory_order_release);
}

void *fl_txn_tag(const flow_txn *txn)
{
    return txn->tag;
}

int fl_txn_take_back(flow_txn *txn)
{
    int lent = LENT;

    return atomic_compare_exchange_strong(&txn->lent, &lent, OWN) ? FLOW_OK : FLOW_ESTATE;
}

const flow_context *fl_txn_sink(const flow_txn *txn)
{
    int lent = atomic_load_explicit(&txn->lent, memory_order_acquire) == LENT;

    return lent ? txn->owner->ctx : NULL;
}

int fl_txn_has_marks(const flow_txn *txn)
{
    return txn->has_marks;
}

size_t fl_txn_taken(const flow_txn *txn)
{
    return txn->direction == TAKES ? txn->count : 0;
}

int fl_txn_ran_dry(const flow_txn *txn)
{
    return txn->ran_dry;
}

int flow_txn_done(flow_txn *txn, int result, const flow_error *cause, flow_error **err)
{
    int lent = LENT;

    if (!txn || result > 0)
        return flow_error_set(err, FLOW_EINVAL,
                              "done() called without a transaction, or with a result that is "
                              "neither FLOW_OK nor an error");
    int rc = fl_library_check(txn->channel->ctx->lib, err);
    if (rc)
        return rc;
    if (!atomic_compare_exchange_strong(&txn->lent, &lent, DONE)) {
        rc = flow_error_set(err, FLOW_ESTATE,
                            lent == DONE ? "done() called a second time for one transaction"
                                         : "done() called for a transaction that no sink holds");
        return locate(txn, err, rc);
    }
    const struct fl_txn_owner *owner = txn->owner;
    owner->done(owner->self, txn, result, fl_error_copy(cause));
    return FLOW_OK;
}
