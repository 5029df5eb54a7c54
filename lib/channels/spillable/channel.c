/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The spillable memory channel: the queue of the memory channel before the log of the file channel.
 * A transaction puts all it has into one of them, and takes from one of them; the order notes which
 * comes when.
 */

#include "base/error.h"
#include "base/vec.h"
#include "channels/channels.h"
#include "channels/held.h"
#include "channels/disk.h"
#include "channels/spillable/order.h"
#include "channels/spillable/schema.h"

#define NOT_FULL INT64_MAX /* as a time since when */

struct spill_channel {
    flow_context *ctx;
    const flow_allocator *mem;
    struct fl_load most; /* in memory; bodies in units */
    uint64_t unit;       /* bytes */
    uint64_t threshold;  /* percent of `most` */
    uint64_t transaction_capacity;
    int64_t timeout_ms;
    struct fl_queue queue;
    struct fl_disk log;
    struct fl_order order;
    struct fl_lock takes; /* of who takes or returns */
    _Atomic int spilling;
    _Atomic int64_t full_since; /* memory, for everybody */
};

struct spill_txn {
    struct fl_vec puts;        /* of const flow_event *, with a reference to each */
    struct fl_load load;       /* of these */
    enum fl_medium place;      /* where room for them is reserved */
    int64_t full_since;        /* memory, for this transaction */
    struct fl_stretch *spare;  /* for the order */
    struct fl_held held;       /* taken from memory */
    struct fl_disk_taken taken; /* or from the log */
    struct fl_stretch *pin;    /* NULL: nothing is taken */
};

/* ---- settings ---- */

static struct fl_load most_of(const flow_context *ctx)
{
    uint64_t bytes = (uint64_t)flow_context_int(ctx, "byteCapacity");
    uint64_t buffer = (uint64_t)flow_context_int(ctx, "byteCapacityBufferPercentage");
    uint64_t unit = (uint64_t)flow_context_int(ctx, "avgEventSize");
    uint64_t units = fl_percent(bytes, 100 - buffer) / unit;

    /* As in Flume, 0 (or too little for one unit) is no limit. */
    return (struct fl_load){
        .events = (uint64_t)flow_context_int(ctx, "memoryCapacity"),
        .bytes = units ? bytes : INT64_MAX,
        .bodies = units ? units : INT64_MAX,
    };
}

/* What the log may hold; as in Flume, the channel has to hold something. */
static uint64_t overflow_of(const flow_context *ctx)
{
    int64_t overflow = flow_context_int(ctx, "overflowCapacity");

    if (overflow || flow_context_int(ctx, "memoryCapacity"))
        return (uint64_t)overflow;
    flow_context_log(ctx, FLOW_LOG_WARN,
                     "overflowCapacity and memoryCapacity are both 0; overflowCapacity is taken "
                     "as 100000000");
    return 100000000;
}

static uint64_t transaction_capacity_of(const struct spill_channel *channel)
{
    uint64_t capacity = (uint64_t)flow_context_int(channel->ctx, "transactionCapacity");

    /* Flume looks at it only where something can be spilled. */
    return !channel->log.capacity && channel->most.events < capacity ? channel->most.events
                                                                     : capacity;
}

static int init_parts(struct spill_channel *channel)
{
    if (fl_queue_init(&channel->queue, channel->mem, &channel->most))
        return FLOW_ENOMEM;
    if (!fl_order_init(&channel->order, channel->mem)) {
        if (!fl_lock_init(&channel->takes))
            return FLOW_OK;
        fl_order_destroy(&channel->order);
    }
    fl_queue_destroy(&channel->queue);
    return FLOW_ENOMEM;
}

static int spill_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    int spills = flow_context_int(ctx, "overflowCapacity") > 0;
    int rc = fl_disk_check(ctx, spills ? "overflowCapacity" : NULL, err);

    if (rc)
        return rc;
    struct spill_channel *channel = fl_zalloc(mem, sizeof *channel);
    if (!channel)
        return fl_error_nomem(err);
    channel->ctx = ctx;
    channel->mem = mem;
    channel->most = most_of(ctx);
    channel->unit = (uint64_t)flow_context_int(ctx, "avgEventSize");
    channel->threshold = (uint64_t)flow_context_int(ctx, "overflowDeactivationThreshold");
    channel->timeout_ms = flow_context_int(ctx, "overflowTimeout") * 1000;
    atomic_init(&channel->full_since, NOT_FULL);
    fl_disk_init(&channel->log, ctx, overflow_of(ctx));
    channel->transaction_capacity = transaction_capacity_of(channel);
    if (init_parts(channel)) {
        fl_free(mem, channel);
        return fl_error_nomem(err);
    }
    *self = channel;
    return FLOW_OK;
}

static void spill_destroy(void *self)
{
    struct spill_channel *channel = self;

    fl_lock_destroy(&channel->takes);
    fl_order_destroy(&channel->order);
    fl_queue_destroy(&channel->queue);
    fl_free(channel->mem, channel);
}

/* What an earlier run has left comes before all that is put. */
static int spill_open(void *self, flow_error **err)
{
    struct spill_channel *channel = self;
    struct fl_stretch *spare = fl_stretch_new(channel->mem);
    int rc = spare ? fl_disk_open(&channel->log, err) : fl_error_nomem(err);

    if (!rc && (rc = fl_disk_use_first(&channel->log, err)) != FLOW_OK)
        fl_disk_close(&channel->log, NULL);
    if (!rc)
        fl_order_put(&channel->order, FL_IN_LOG, fl_store_visible(channel->log.store), &spare);
    fl_free(channel->mem, spare);
    return rc;
}

static int spill_close(void *self, flow_error **err)
{
    return fl_disk_close(&((struct spill_channel *)self)->log, err);
}

/* ---- putting ---- */

static int spill_begin(void *self, void **txn, flow_error **err)
{
    struct spill_channel *channel = self;
    struct spill_txn *made = *txn;

    if (!made && (made = fl_zalloc(channel->mem, sizeof *made)))
        fl_vec_init(&made->puts, channel->mem, sizeof(const flow_event *));
    if (!made)
        return fl_error_nomem(err);
    made->place = FL_IN_MEMORY;
    made->full_since = NOT_FULL;
    *txn = made;
    return FLOW_OK;
}

static struct fl_load weigh(const void *arg, const flow_event *const *events, size_t count)
{
    const struct spill_channel *channel = arg;
    struct fl_load load = {.events = count};

    load.bytes = flow_events_weight(events, count, NULL);
    for (size_t i = 0; i < count; i++) {
        size_t size;
        flow_event_body(events[i], &size);
        load.bodies += size ? (size - 1) / channel->unit + 1 : 1;
    }
    return load;
}

/* What a transaction has in all once LOAD is put. */
static struct fl_load sum(const struct spill_txn *txn, const struct fl_load *load)
{
    return (struct fl_load){
        .events = txn->load.events + load->events,
        .bytes = txn->load.bytes + load->bytes,
        .bodies = txn->load.bodies + load->bodies,
    };
}

static int fits(const struct spill_channel *channel, const struct fl_load *whole)
{
    const struct fl_load *most = &channel->most;

    return whole->events <= most->events && whole->bytes <= most->bytes &&
           whole->bodies <= most->bodies;
}

static int too_large(const struct spill_channel *channel, const struct fl_load *whole,
                     flow_error **err)
{
    const struct fl_load *most = &channel->most;

    return flow_error_setf(err, FLOW_ETOOBIG,
                           "the events of a transaction have %llu bytes and bodies of %llu units "
                           "of avgEventSize, but byteCapacity allows %llu and %llu, and "
                           "overflowCapacity is 0; raise one or put fewer at once",
                           (unsigned long long)whole->bytes, (unsigned long long)whole->bodies,
                           (unsigned long long)most->bytes, (unsigned long long)most->bodies);
}

static int reserve_memory(struct spill_channel *channel, const struct fl_load *load,
                          flow_error **err)
{
    int rc = fl_queue_reserve(&channel->queue, load);

    if (!rc && atomic_load(&channel->full_since) != NOT_FULL)
        atomic_store(&channel->full_since, NOT_FULL);
    return rc == FLOW_ENOMEM ? fl_error_nomem(err) : rc;
}

/* Reserves room in the log for the whole transaction, which then has none in memory. */
static int reserve_log(struct spill_channel *channel, struct spill_txn *txn,
                       const struct fl_load *load)
{
    uint64_t before = txn->place == FL_IN_LOG ? 0 : txn->load.events;
    int rc = fl_disk_reserve(&channel->log, before + load->events);

    if (!rc && before)
        fl_queue_unreserve(&channel->queue, &txn->load);
    if (!rc)
        txn->place = FL_IN_LOG;
    return rc;
}

/* Memory is full: whether it has been long enough, for this transaction or for those that came and
 * went meanwhile. */
static int has_waited(struct spill_channel *channel, struct spill_txn *txn)
{
    int64_t now = flow_context_now(channel->ctx), since = NOT_FULL;

    if (atomic_compare_exchange_strong(&channel->full_since, &since, now))
        since = now;
    if (txn->full_since == NOT_FULL)
        txn->full_since = now;
    if (txn->full_since < since)
        since = txn->full_since;
    return now - since >= channel->timeout_ms;
}

static void begin_spilling(struct spill_channel *channel)
{
    if (atomic_exchange(&channel->spilling, 1))
        return;
    atomic_store(&channel->full_since, NOT_FULL);
    flow_context_log(channel->ctx, FLOW_LOG_DEBUG, "memory is full; puts go to the log");
    flow_channel_notify(channel->ctx); /* the others need not wait either */
}

/* Reserves room where the transaction is to have it.  The order is kept wherever that is, so when
 * the log is full there may be some in memory. */
static int reserve(struct spill_channel *channel, struct spill_txn *txn, const struct fl_load *load,
                   flow_error **err)
{
    struct fl_load whole = sum(txn, load);
    int may_stay = fits(channel, &whole);

    if (txn->place == FL_IN_LOG)
        return reserve_log(channel, txn, load);
    if (!channel->log.capacity)
        return may_stay ? reserve_memory(channel, load, err) : too_large(channel, &whole, err);
    if (may_stay && !atomic_load(&channel->spilling)) {
        int rc = reserve_memory(channel, load, err);
        if (rc != FLOW_EFULL || !has_waited(channel, txn))
            return rc;
        begin_spilling(channel);
    }
    int rc = reserve_log(channel, txn, load);
    return rc && may_stay ? reserve_memory(channel, load, err) : rc;
}

static void unreserve(struct spill_channel *channel, enum fl_medium place,
                      const struct fl_load *load)
{
    if (place == FL_IN_LOG)
        fl_disk_unreserve(&channel->log, load->events);
    else
        fl_queue_unreserve(&channel->queue, load);
}

static int prepare(struct spill_channel *channel, struct spill_txn *txn, size_t count,
                   flow_error **err)
{
    if (!txn->spare)
        txn->spare = fl_stretch_new(channel->mem);
    if (!txn->spare || fl_vec_reserve(&txn->puts, txn->puts.count + count))
        return fl_error_nomem(err);
    return FLOW_OK;
}

static int spill_put(void *self, void *inner, const flow_event *const *events, size_t count,
                     flow_error **err)
{
    struct spill_channel *channel = self;
    struct spill_txn *txn = inner;
    struct fl_load load = weigh(channel, events, count);
    int rc = prepare(channel, txn, count, err);

    if (!rc)
        rc = reserve(channel, txn, &load, err);
    if (rc)
        return rc;
    const flow_event **kept = (const flow_event **)txn->puts.items + txn->puts.count;
    rc = flow_events_keep(events, count, kept, err);
    if (rc) {
        unreserve(channel, txn->place, &load);
        return rc;
    }
    txn->puts.count += count;
    txn->load = sum(txn, &load);
    return FLOW_OK;
}

static void forget_puts(struct spill_txn *txn)
{
    txn->puts.count = 0;
    txn->load = (struct fl_load){.events = 0};
}

/* Noted once it is there, and before anybody is told that it is. */
static int commit_puts(struct spill_channel *channel, struct spill_txn *txn, flow_error **err)
{
    struct fl_put put = {.events = txn->puts.items, .count = txn->puts.count};

    if (txn->place == FL_IN_LOG) {
        int rc = fl_disk_append(&channel->log, &put, err);
        if (rc)
            return rc;
        flow_events_unref(txn->puts.items, put.count);
    } else {
        put.end = fl_queue_append(&channel->queue, txn->puts.items, put.count);
    }
    fl_order_put(&channel->order, txn->place, put.end, &txn->spare);
    forget_puts(txn);
    return FLOW_OK;
}

/* ---- taking ---- */

/* What one call of `take` wants, and has got. */
struct want {
    size_t max;
    const flow_event **events;
    size_t count;
};

static int take_from(struct spill_channel *channel, struct spill_txn *txn, enum fl_medium place,
                     uint64_t end, struct want *want, flow_error **err)
{
    if (place == FL_IN_LOG)
        return fl_disk_take(&channel->log, end, want->max, want->events, &want->count, &txn->taken,
                           err);
    int rc = fl_held_take(&txn->held, &channel->queue, end, want->max, want->events, &want->count);
    return rc ? fl_error_nomem(err) : FLOW_OK;
}

static int passed(struct spill_channel *channel, enum fl_medium place, uint64_t end)
{
    return place == FL_IN_LOG ? fl_cursor_passed(channel->log.cursor, end)
                              : fl_queue_passed(&channel->queue, end);
}

/* Takes from the first stretch that has events, unless the transaction has some of the other place;
 * what follows a stretch is taken when all of that is. */
static int take_first(struct spill_channel *channel, struct spill_txn *txn, struct want *want,
                      flow_error **err)
{
    for (struct fl_stretch *stretch = channel->order.head, *next; stretch; stretch = next) {
        enum fl_medium place = stretch->place;
        int rc = FLOW_OK;
        uint64_t end;
        next = fl_order_look(&channel->order, stretch, &end);
        if (!txn->pin || txn->pin->place == place)
            rc = take_from(channel, txn, place, end, want, err);
        if (want->count)
            fl_order_pin(stretch, &txn->pin);
        if (rc || want->count || !passed(channel, place, end))
            return rc;
        fl_order_drop(&channel->order, stretch, next);
    }
    return FLOW_OK;
}

static int spill_take(void *self, void *inner, size_t max, const flow_event **events, size_t *count,
                      flow_error **err)
{
    struct spill_channel *channel = self;
    struct want want = {max, events, 0};

    fl_lock(&channel->takes);
    int rc = take_first(channel, inner, &want, err);
    fl_unlock(&channel->takes);
    *count = want.count;
    return rc;
}

static int is_free(uint64_t most, uint64_t used, uint64_t threshold)
{
    return most - used >= fl_percent(most, threshold);
}

/* Room has appeared: ends spilling if it is enough. */
static void look_at_memory(struct spill_channel *channel)
{
    const struct fl_load *most = &channel->most;

    if (!atomic_load(&channel->spilling))
        return;
    struct fl_load used = fl_queue_load(&channel->queue);
    if (is_free(most->events, used.events, channel->threshold) &&
        is_free(most->bytes, used.bytes, channel->threshold) &&
        is_free(most->bodies, used.bodies, channel->threshold) &&
        atomic_exchange(&channel->spilling, 0))
        flow_context_log(channel->ctx, FLOW_LOG_DEBUG, "memory has room again; puts go there");
}

static int commit_takes(struct spill_channel *channel, struct spill_txn *txn, flow_error **err)
{
    int rc = fl_disk_commit(&channel->log, &txn->taken, NULL, err);

    if (rc)
        return rc;
    fl_held_drop(&txn->held, &channel->queue, weigh, channel);
    fl_order_unpin(&txn->pin);
    look_at_memory(channel);
    return FLOW_OK;
}

/* ---- ends of transactions ---- */

static int spill_commit(void *self, void *inner, flow_error **err)
{
    struct spill_txn *txn = inner;

    return txn->puts.count ? commit_puts(self, txn, err) : commit_takes(self, txn, err);
}

static void return_takes(struct spill_channel *channel, struct spill_txn *txn)
{
    fl_lock(&channel->takes);
    fl_held_return(&txn->held, &channel->queue);
    fl_disk_return(&channel->log, &txn->taken);
    fl_order_unpin(&txn->pin);
    fl_unlock(&channel->takes);
}

static void spill_rollback(void *self, void *inner)
{
    struct spill_channel *channel = self;
    struct spill_txn *txn = inner;

    if (txn->puts.count) {
        unreserve(channel, txn->place, &txn->load);
        flow_events_unref(txn->puts.items, txn->puts.count);
        forget_puts(txn);
        look_at_memory(channel);
    }
    if (txn->pin)
        return_takes(channel, txn);
}

static void spill_release(void *self, void *inner)
{
    const struct spill_channel *channel = self;
    struct spill_txn *txn = inner;

    fl_vec_free(&txn->puts);
    fl_held_free(&txn->held, channel->mem);
    fl_free(channel->mem, txn->spare);
    fl_free(channel->mem, txn);
}

/* ---- numbers ---- */

static uint64_t spill_size(void *self)
{
    const struct spill_channel *channel = self;

    return fl_queue_size(&channel->queue) + fl_disk_size(&channel->log);
}

static uint64_t spill_capacity(void *self)
{
    const struct spill_channel *channel = self;

    return channel->most.events + channel->log.capacity;
}

static uint64_t spill_transaction_capacity(void *self)
{
    return ((struct spill_channel *)self)->transaction_capacity;
}

static int64_t spill_keep_alive(void *self)
{
    return ((struct spill_channel *)self)->timeout_ms;
}

const flow_channel_ops fl_spillable_channel = {
    .struct_size = sizeof(flow_channel_ops),
    .flags = FLOW_CHANNEL_REUSES,
    .type = "spillablememory",
    .aliases = "org.apache.flume.channel.SpillableMemoryChannel",
    .schema = &fl_spillable_channel_schema,
    .create = spill_create,
    .destroy = spill_destroy,
    .open = spill_open,
    .close = spill_close,
    .begin = spill_begin,
    .put = spill_put,
    .take = spill_take,
    .commit = spill_commit,
    .rollback = spill_rollback,
    .release = spill_release,
    .size = spill_size,
    .capacity = spill_capacity,
    .transaction_capacity = spill_transaction_capacity,
    .keep_alive = spill_keep_alive,
};
