/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The memory channel: a bounded queue of references to events.  A transaction collects what it puts
 * in a lot and appends it when it commits; what it takes it holds as lots until it commits, or
 * returns them.  Nothing survives the process.
 */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/stash.h"
#include "channels/channels.h"
#include "channels/queue.h"

struct memory_channel {
    const flow_allocator *mem;
    uint64_t transaction_capacity;
    int64_t keep_alive_ms;
    struct fl_load most;
    struct fl_stash spare; /* transactions to use again */
    struct fl_queue queue;
};

struct memory_txn {
    struct fl_lot *puts;  /* with a reference to each; count 0 when there are none */
    struct fl_lot *taken; /* newest first */
    struct fl_lot *spare; /* for the next take */
    struct fl_load load;  /* of what was put */
};

#define BYTE_CAPACITY_DEFAULT "858993459" /* 80 % of 1 GiB */

static const flow_property properties[] = {
    {.name = "capacity",
     .type = FLOW_TYPE_INT,
     .default_value = "100",
     .unit = "events",
     .min = 1,
     .max = INT32_MAX,
     .flags = FLOW_PROPERTY_LENIENT,
     .help = "The number of events the channel holds at most."},
    {.name = "transactionCapacity",
     .type = FLOW_TYPE_INT,
     .default_value = "100",
     .unit = "events",
     .min = 1,
     .max = INT32_MAX,
     .flags = FLOW_PROPERTY_LENIENT,
     .help = "The number of events that one transaction puts or takes at most. It may not be more "
             "than capacity."},
    {.name = "keep-alive",
     .type = FLOW_TYPE_INT,
     .default_value = "3",
     .unit = "s",
     .min = 0,
     .max = INT32_MAX,
     .flags = FLOW_PROPERTY_LENIENT,
     .help = "How long a put waits for room, and a take for an event."},
    {.name = "byteCapacity",
     .type = FLOW_TYPE_INT,
     .default_value = BYTE_CAPACITY_DEFAULT,
     .unit = "bytes",
     .min = 0,
     .max = INT64_MAX,
     .flags = FLOW_PROPERTY_LENIENT,
     .help = "How many bytes the events may count for: their bodies, their headers and 64 each. "
             "Small events that come one by one may take up to twice that memory. The default is "
             "80 % of 1 GiB, whatever memory the machine has; 0: any number."},
    {.name = "byteCapacityBufferPercentage",
     .type = FLOW_TYPE_INT,
     .default_value = "20",
     .unit = "%",
     .min = 0,
     .max = 100,
     .flags = FLOW_PROPERTY_LENIENT,
     .help = "The share of byteCapacity that is kept for headers and bookkeeping; bodies fill the "
             "rest at most."},
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Holds events in memory: the fastest channel, which loses them when the process "
               "ends.",
};

/* As in Flume, 0 (or too little for one of its slots of 100 bytes) is no limit. */
static uint64_t bound(uint64_t bytes)
{
    return bytes < 100 ? INT64_MAX : bytes;
}

/* PERCENTAGE of VALUE, which may be large. */
static uint64_t percent(uint64_t value, uint64_t percentage)
{
    return value / 100 * percentage + value % 100 * percentage / 100;
}

static struct fl_load most_of(const flow_context *ctx)
{
    uint64_t bytes = (uint64_t)flow_context_int(ctx, "byteCapacity");
    uint64_t buffer = (uint64_t)flow_context_int(ctx, "byteCapacityBufferPercentage");

    return (struct fl_load){
        .events = (uint64_t)flow_context_int(ctx, "capacity"),
        .bytes = bound(bytes),
        .bodies = bound(percent(bytes, 100 - buffer)),
    };
}

static int memory_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    int64_t capacity = flow_context_int(ctx, "capacity");
    int64_t transaction_capacity = flow_context_int(ctx, "transactionCapacity");

    if (transaction_capacity > capacity) {
        char why[160];
        snprintf(why, sizeof why,
                 "transactionCapacity %lld is more than capacity %lld; raise capacity or lower "
                 "transactionCapacity",
                 (long long)transaction_capacity, (long long)capacity);
        return flow_context_refuse(ctx, "transactionCapacity", why, err);
    }
    struct memory_channel *channel = fl_zalloc(mem, sizeof *channel);
    if (!channel)
        return fl_error_nomem(err);
    channel->mem = mem;
    channel->transaction_capacity = (uint64_t)transaction_capacity;
    channel->keep_alive_ms = flow_context_int(ctx, "keep-alive") * 1000;
    channel->most = most_of(ctx);
    fl_stash_init(&channel->spare);
    if (fl_queue_init(&channel->queue, mem, &channel->most)) {
        fl_free(mem, channel);
        return fl_error_nomem(err);
    }
    *self = channel;
    return FLOW_OK;
}

static void txn_destroy(const flow_allocator *mem, struct memory_txn *txn)
{
    fl_free(mem, txn->puts);
    fl_free(mem, txn->spare);
    fl_free(mem, txn);
}

static void memory_destroy(void *self)
{
    struct memory_channel *channel = self;
    const flow_allocator *mem = channel->mem;
    struct memory_txn *txn;

    while ((txn = fl_stash_take(&channel->spare)) != NULL)
        txn_destroy(mem, txn);
    fl_queue_destroy(&channel->queue);
    fl_free(mem, channel);
}

static int memory_begin(void *self, void **txn, flow_error **err)
{
    struct memory_channel *channel = self;
    struct memory_txn *made = fl_stash_take(&channel->spare);

    if (!made)
        made = fl_zalloc(channel->mem, sizeof *made);
    if (!made)
        return fl_error_nomem(err);
    *txn = made;
    return FLOW_OK;
}

static struct fl_load load_of(const flow_event *const *events, size_t count)
{
    struct fl_load load = {.events = count};

    load.bytes = flow_events_weight(events, count, &load.bodies);
    return load;
}

/* A transaction that the empty channel could not hold would wait in vain. */
static int check_load(const struct memory_channel *channel, const struct memory_txn *txn,
                      const struct fl_load *load, flow_error **err)
{
    const struct fl_load *most = &channel->most;
    uint64_t bytes = txn->load.bytes + load->bytes;
    uint64_t bodies = txn->load.bodies + load->bodies;

    if (bytes <= most->bytes && bodies <= most->bodies)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_ETOOBIG,
                           "the events of a transaction have %llu bytes, %llu of them bodies, but "
                           "byteCapacity allows %llu and %llu; raise it or put fewer at once",
                           (unsigned long long)bytes, (unsigned long long)bodies,
                           (unsigned long long)most->bytes, (unsigned long long)most->bodies);
}

static int memory_put(void *self, void *inner, const flow_event *const *events, size_t count,
                      flow_error **err)
{
    struct memory_channel *channel = self;
    struct memory_txn *txn = inner;
    size_t before = txn->puts ? txn->puts->count : 0;
    struct fl_load load = load_of(events, count);
    int rc = check_load(channel, txn, &load, err);

    if (rc)
        return rc;
    struct fl_lot *puts = fl_lot_grow(channel->mem, txn->puts, before + count);
    if (!puts)
        return fl_error_nomem(err);
    txn->puts = puts;

    rc = fl_queue_reserve(&channel->queue, &load);
    if (rc)
        return rc == FLOW_ENOMEM ? fl_error_nomem(err) : rc;
    rc = flow_events_keep(events, count, puts->events + before, err);
    if (rc) {
        fl_queue_unreserve(&channel->queue, &load);
        return rc;
    }
    puts->count = before + count;
    txn->load.events += load.events;
    txn->load.bytes += load.bytes;
    txn->load.bodies += load.bodies;
    return FLOW_OK;
}

/* Adds LOT to the one taken before, when it lay behind that in the queue; so a transaction that
 * takes one by one does not end up with as many lots. */
static int join(struct memory_channel *channel, struct memory_txn *txn, const struct fl_lot *lot)
{
    struct fl_lot *last = txn->taken;

    if (!last || last->number + last->count != lot->number)
        return 0;
    struct fl_lot *grown = fl_lot_grow(channel->mem, last, last->count + lot->count);
    if (!grown)
        return 0;
    memcpy(grown->events + grown->count, lot->events, lot->count * sizeof *lot->events);
    grown->count += lot->count;
    txn->taken = grown;
    return 1;
}

/* Hands what was taken to the caller and remembers it. */
static size_t hand_over(struct memory_channel *channel, struct memory_txn *txn,
                        const flow_event **events)
{
    struct fl_lot *lot = txn->spare;
    size_t count = lot->count;

    memcpy(events, lot->events, count * sizeof *events);
    if (!join(channel, txn, lot)) {
        lot->next = txn->taken;
        txn->taken = lot;
        txn->spare = NULL;
    }
    return count;
}

static int memory_take(void *self, void *inner, size_t max, const flow_event **events,
                       size_t *count, flow_error **err)
{
    struct memory_channel *channel = self;
    struct memory_txn *txn = inner;

    *count = 0;
    while (*count < max) {
        if (fl_queue_take(&channel->queue, max - *count, &txn->spare)) {
            /* What came before the memory ran out is a take of its own. */
            return *count > 0 ? FLOW_OK : fl_error_nomem(err);
        }
        if (txn->spare->count == 0)
            break;
        *count += hand_over(channel, txn, events + *count);
    }
    return FLOW_OK;
}

/* Keeps one lot for the next take. */
static void put_aside(struct memory_channel *channel, struct memory_txn *txn, struct fl_lot *lot)
{
    if (txn->spare)
        fl_free(channel->mem, lot);
    else
        txn->spare = lot;
}

static void drop_taken(struct memory_channel *channel, struct memory_txn *txn)
{
    for (struct fl_lot *lot = txn->taken, *next; lot; lot = next) {
        struct fl_load load = load_of(lot->events, lot->count);
        next = lot->next;
        flow_events_unref(lot->events, lot->count);
        fl_queue_release(&channel->queue, &load);
        put_aside(channel, txn, lot);
    }
    txn->taken = NULL;
}

static void forget_puts(struct memory_txn *txn)
{
    txn->puts->count = 0;
    txn->load = (struct fl_load){.events = 0};
}

static int memory_commit(void *self, void *inner, flow_error **err)
{
    struct memory_channel *channel = self;
    struct memory_txn *txn = inner;

    if (txn->load.events > 0) {
        fl_queue_append(&channel->queue, txn->puts->events, txn->puts->count);
        forget_puts(txn);
    }
    drop_taken(channel, txn);
    return FLOW_OK;
}

static void memory_rollback(void *self, void *inner)
{
    struct memory_channel *channel = self;
    struct memory_txn *txn = inner;

    if (txn->load.events > 0) {
        fl_queue_unreserve(&channel->queue, &txn->load);
        flow_events_unref(txn->puts->events, txn->puts->count);
        forget_puts(txn);
    }
    if (txn->taken)
        fl_queue_return(&channel->queue, txn->taken);
    txn->taken = NULL;
}

static void memory_release(void *self, void *inner)
{
    struct memory_channel *channel = self;
    struct memory_txn *surplus = fl_stash_leave(&channel->spare, inner);

    if (surplus)
        txn_destroy(channel->mem, surplus);
}

static uint64_t memory_size(void *self)
{
    return fl_queue_size(&((struct memory_channel *)self)->queue);
}

static uint64_t memory_capacity(void *self)
{
    return ((struct memory_channel *)self)->most.events;
}

static uint64_t memory_transaction_capacity(void *self)
{
    return ((struct memory_channel *)self)->transaction_capacity;
}

static int64_t memory_keep_alive(void *self)
{
    return ((struct memory_channel *)self)->keep_alive_ms;
}

const flow_channel_ops fl_memory_channel = {
    .struct_size = sizeof(flow_channel_ops),
    .type = "memory",
    .aliases = "org.apache.flume.channel.MemoryChannel",
    .schema = &schema,
    .create = memory_create,
    .destroy = memory_destroy,
    .begin = memory_begin,
    .put = memory_put,
    .take = memory_take,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .release = memory_release,
    .size = memory_size,
    .capacity = memory_capacity,
    .transaction_capacity = memory_transaction_capacity,
    .keep_alive = memory_keep_alive,
};
