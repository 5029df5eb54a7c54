/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The memory channel: a bounded queue of references to events.  A transaction collects what it puts
 * in a lot and appends it when it commits; what it takes it holds as lots until it commits, or
 * returns them.  Nothing survives the process.
 */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "channels/channels.h"
#include "channels/held.h"

struct memory_channel {
    const flow_allocator *mem;
    uint64_t transaction_capacity;
    int64_t keep_alive_ms;
    struct fl_load most;
    struct fl_queue queue;
};

struct memory_txn {
    struct fl_lot *puts; /* with a reference to each; count 0 when there are none */
    struct fl_held held;
    struct fl_load load; /* of what was put */
};

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
     .default_value = FL_BYTE_CAPACITY,
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

static struct fl_load most_of(const flow_context *ctx)
{
    uint64_t bytes = (uint64_t)flow_context_int(ctx, "byteCapacity");
    uint64_t buffer = (uint64_t)flow_context_int(ctx, "byteCapacityBufferPercentage");

    return (struct fl_load){
        .events = (uint64_t)flow_context_int(ctx, "capacity"),
        .bytes = bound(bytes),
        .bodies = bound(fl_percent(bytes, 100 - buffer)),
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
    if (fl_queue_init(&channel->queue, mem, &channel->most)) {
        fl_free(mem, channel);
        return fl_error_nomem(err);
    }
    *self = channel;
    return FLOW_OK;
}

static void memory_destroy(void *self)
{
    struct memory_channel *channel = self;

    fl_queue_destroy(&channel->queue);
    fl_free(channel->mem, channel);
}

/* What was kept is as it was made but for spare memory. */
static int memory_begin(void *self, void **txn, flow_error **err)
{
    struct memory_channel *channel = self;

    if (!*txn)
        *txn = fl_zalloc(channel->mem, sizeof(struct memory_txn));
    return *txn ? FLOW_OK : fl_error_nomem(err);
}

static struct fl_load weigh(const void *arg, const flow_event *const *events, size_t count)
{
    (void)arg;
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
    struct fl_load load = weigh(NULL, events, count);
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

static int memory_take(void *self, void *inner, size_t max, const flow_event **events,
                       size_t *count, flow_error **err)
{
    struct memory_channel *channel = self;
    struct memory_txn *txn = inner;
    int rc = fl_held_take(&txn->held, &channel->queue, UINT64_MAX, max, events, count);

    return rc ? fl_error_nomem(err) : FLOW_OK;
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
    fl_held_drop(&txn->held, &channel->queue, weigh, NULL);
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
    fl_held_return(&txn->held, &channel->queue);
}

static void memory_release(void *self, void *inner)
{
    const struct memory_channel *channel = self;
    struct memory_txn *txn = inner;

    fl_free(channel->mem, txn->puts);
    fl_held_free(&txn->held, channel->mem);
    fl_free(channel->mem, txn);
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
    .flags = FLOW_CHANNEL_REUSES,
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
