/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_CHANNEL_H
#define FL_CORE_CHANNEL_H

/*
 * The inside of a flow_channel: the table's functions never wait, so that waiting, stopping, the
 * clock and the counters are in one place, here.
 */

#include <stdatomic.h>

#include <flow/channel.h>
#include <flow/consumer.h>
#include <flow/transaction.h>

#include "base/stash.h"
#include "base/thread.h"
#include "core/context.h"

/* What is read in every call, what putting writes and what taking writes are kept apart, so that
 * producers and consumers do not pull one cache line to and fro. */
struct flow_channel {
    flow_context *ctx; /* owned by whoever made it */
    const flow_channel_ops *ops;
    void *self;
    flow_channel *base;               /* itself; of a view, the channel whose events it takes */
    void *consumer;                   /* of a view: through which consumer */
    flow_channel_consumers consumers; /* struct_size 0: it has none */
    flow_counter *put_attempts, *put_successes, *take_attempts, *take_successes;
    struct fl_txn_cache *cache; /* transactions to use again */
    _Atomic int is_open;
    struct fl_lock calls; /* about consumers; held while one is at work, and to close */
    char apart1[FL_CACHE_LINE];
    struct fl_gate events; /* opened when events can be taken */
    char apart2[FL_CACHE_LINE];
    struct fl_gate room;           /* opened when there may be room */
    _Atomic uint32_t without_room; /* puts that wait for some */
};

/* Makes the channel of CTX, whose type is TYPE. */
int fl_channel_new(flow_context *ctx, const struct fl_type *type, flow_channel **channel,
                   flow_error **err);
int fl_channel_open(flow_channel *channel, flow_error **err);

/* Ends all waiting with FLOW_ECLOSED, then closes. */
int fl_channel_close(flow_channel *channel, flow_error **err);
void fl_channel_free(flow_channel *channel);

/*
 * A view of CHANNEL: the same channel, of which a transaction takes through the consumer NAME and
 * cannot put.  It has gates and state of the channel's, and is freed before that.
 */
int fl_channel_view(flow_channel *channel, const char *name, flow_channel **view, flow_error **err);
void fl_channel_view_free(flow_channel *view); /* NULL is allowed */

static inline int fl_channel_has_consumers(const flow_channel *channel)
{
    return channel->consumers.struct_size != 0;
}

/* Whether a consumer may be called NAME; "" is what those without a name share. */
int fl_consumer_name_ok(const char *name);

/* Waits for an event to take: FLOW_OK when there may be one, FLOW_ETIMEDOUT at DEADLINE,
 * FLOW_ECLOSED when the channel closed or *STOP became 1 and the gate `events` was opened. */
int fl_channel_wait(flow_channel *channel, int64_t deadline, const _Atomic int *stop);

/* Waits at GATE, which showed SEEN, as described above, but without a look at the events. */
int fl_channel_wait_at(flow_channel *channel, struct fl_gate *gate, uint32_t seen, int64_t deadline,
                       const _Atomic int *stop);

/* The error of a check that failed. */
int fl_channel_refuse(const flow_channel *channel, flow_error **err);

/* FLOW_ECLOSED with an error unless the channel is open. */
static inline int fl_channel_check(const flow_channel *channel, flow_error **err)
{
    return atomic_load_explicit(&channel->base->is_open, memory_order_acquire)
               ? FLOW_OK
               : fl_channel_refuse(channel, err);
}

/* Whether it keeps positions. */
static inline int fl_channel_is_durable(const flow_channel *channel)
{
    return channel->ops->put_position && channel->ops->positions;
}

struct fl_txn_cache *fl_txn_cache_new(const flow_allocator *mem);
void fl_txn_cache_free(struct fl_txn_cache *cache);

/* As flow_txn_put_batch for COUNT events, waiting up to WAIT_MS (negative: the keep-alive).
 * Returns FLOW_ECLOSED too when STOP, unless NULL, became 1 and the gate `room` was opened. */
int fl_txn_put_events(flow_txn *txn, const flow_event *const *events, size_t count, int64_t wait_ms,
                      const _Atomic int *stop, flow_error **err);

/* Stores POSITION with what the transaction puts; the channel is durable. */
int fl_txn_put_position(flow_txn *txn, const flow_position *position, flow_error **err);

/* Whether it takes no event of a sender twice. */
static inline int fl_channel_keeps_spans(const flow_channel *channel)
{
    return channel->ops->put_spans != NULL;
}

/*
 * Claims what the channel, which keeps spans, lacks of COUNT of them, before anything is put; see
 * flow_channel_ops.  Waits as fl_txn_put_events does while others have claimed some.
 */
int fl_txn_put_spans(flow_txn *txn, const flow_span *spans, size_t count, uint8_t *keep,
                     int64_t wait_ms, const _Atomic int *stop, flow_error **err);

/* Whether it keeps marks of sinks. */
static inline int fl_channel_keeps_marks(const flow_channel *channel)
{
    return channel->ops->put_mark && channel->ops->positions;
}

/* Stores MARK with what the transaction takes; the channel keeps marks. */
int fl_txn_put_mark(flow_txn *txn, const flow_position *mark, flow_error **err);

/*
 * A transaction lent to a sink: the sink cannot end it, and flow_txn_done calls DONE, once, from
 * any thread; its owner then commits or rolls back with the functions below.
 */
struct fl_txn_owner {
    void *self;
    void (*done)(void *self, flow_txn *txn, int result, flow_error *cause); /* owns CAUSE */
    const flow_context *ctx; /* the sink's */
};

void fl_txn_lend(flow_txn *txn, const struct fl_txn_owner *owner, void *tag);
void *fl_txn_tag(const flow_txn *txn);
int fl_txn_take_back(flow_txn *txn); /* afterwards the owner may end it; FLOW_ESTATE when done */
size_t fl_txn_taken(const flow_txn *txn);


/* The sink that TXN is lent to, or NULL. */
const flow_context *fl_txn_sink(const flow_txn *txn);

/* 1 when it stores marks. */
int fl_txn_has_marks(const flow_txn *txn);

/* 1 when the last take has seen the end of the channel. */
int fl_txn_ran_dry(const flow_txn *txn);

#endif
