/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_CHANNEL_H
#define FLOW_CHANNEL_H

#include <flow/api.h>
#include <flow/component.h>
#include <flow/error.h>
#include <flow/event.h>
#include <flow/position.h>
#include <flow/schema.h>
#include <flow/span.h>

FLOW_BEGIN_DECLS

/* A buffer between sources and sinks.  Used by transactions; see flow/transaction.h. */
typedef struct flow_channel flow_channel;

/*
 * A transaction that was committed or rolled back can begin again: `begin` may find it in *TXN.  So
 * the library keeps the memory of transactions for the channel, and releases it before `destroy`.
 */
#define FLOW_CHANNEL_REUSES 1u

struct flow_channel_consumers;

/*
 * A type of channel.  Members marked (optional) may be NULL; struct_size is the sizeof of this
 * table.  `begin`, `put`, `take`, `commit`, `rollback` and `release` are called by many threads at
 * once, though for one transaction by one at a time.  None of them waits: the library does that,
 * and tries again when another transaction ended, and a put once more when its time is over.
 */
typedef struct flow_channel_ops {
    uint32_t struct_size;
    uint32_t flags;      /* FLOW_CHANNEL_... or 0 */
    const char *type;    /* for example "memory" */
    const char *aliases; /* other names, separated by '|'; (optional) */
    const flow_schema *schema;

    /* Makes the channel from its settings; starts nothing. */
    int (*create)(flow_context *ctx, void **self, flow_error **err);
    void (*destroy)(void *self);

    /* (both optional) Open and close what it stores in; may block.  `open` can follow `close`. */
    int (*open)(void *self, flow_error **err);
    int (*close)(void *self, flow_error **err);

    /* Stores in *TXN a transaction; what is there already, unless NULL, is to begin again. */
    int (*begin)(void *self, void **txn, flow_error **err);

    /*
     * Reserves room for COUNT events and keeps a reference to each.  All or nothing.  Returns
     * FLOW_EFULL, without an error object, when there is no room now.
     */
    int (*put)(void *self, void *txn, const flow_event *const *events, size_t count,
               flow_error **err);

    /*
     * Takes up to MAX events in order and stores them, lent until the transaction ends, in
     * EVENTS and their number in *COUNT; 0 when there are none now.
     */
    int (*take)(void *self, void *txn, size_t max, const flow_event **events, size_t *count,
                flow_error **err);

    int (*commit)(void *self, void *txn, flow_error **err);

    /* Drops what was put and returns to the head, in order, what was taken.  Cannot fail. */
    void (*rollback)(void *self, void *txn);

    /* Frees a transaction that was committed or rolled back. */
    void (*release)(void *self, void *txn);

    uint64_t (*size)(void *self);                 /* events that wait to be taken */
    uint64_t (*capacity)(void *self);             /* events it can hold */
    uint64_t (*transaction_capacity)(void *self); /* events in one transaction */
    int64_t (*keep_alive)(void *self);            /* ms to wait for room or for an event */

    /*
     * (both optional, together) What makes a channel durable.  `put_position` stores a copy of
     * POSITION with the transaction, also when it puts no events, and without a value forgets its
     * key.  `positions` calls FN with what is stored for the key, or for each when KEY is NULL; FN
     * does not call the channel.  When FN does not return FLOW_OK it returns that.
     */
    int (*put_position)(void *self, void *txn, const flow_position *position, flow_error **err);
    int (*positions)(void *self, const void *key, size_t key_size, flow_position_fn fn, void *arg);

    /*
     * (optional) What makes the marks of sinks durable, see flow_txn_set_mark: as `put_position`,
     * for a transaction that takes.  What is stored is gone or there together with what was taken;
     * keys differ from those of positions, and `positions` finds both.
     */
    int (*put_mark)(void *self, void *txn, const flow_position *mark, flow_error **err);

    /* (optional) What a channel has that can be read by several; see flow/consumer.h.  Static. */
    const struct flow_channel_consumers *consumers;

    /*
     * (optional) What makes a durable channel take no event of a sender twice.  Claims for a
     * transaction that puts, before it does, what the channel lacks of COUNT spans with keys,
     * SPAN_SIZE bytes apart; called once.  KEEP has a byte for each number, in order, and gets 1
     * for those that were claimed and 0 for those that the channel has, or that came before in the
     * same call.  What was claimed is stored with the transaction, also when it puts no events.
     * Returns FLOW_EFULL, without an error object, while another transaction has claimed one of the
     * numbers.
     */
    int (*put_spans)(void *self, void *txn, const flow_span *spans, size_t count, size_t span_size,
                     uint8_t *keep, flow_error **err);

    /* (optional) Calls FN for the events that TXN has taken, in order, with the spans that they
     * are; see flow_txn_spans. */
    int (*spans)(void *self, void *txn, flow_span_fn fn, void *arg);
} flow_channel_ops;

/*
 * Returns the channel's name.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_channel_name(const flow_channel *channel);

/*
 * Returns how many events wait to be taken.
 *
 * Since: 1.0
 */
FLOW_API uint64_t flow_channel_size(const flow_channel *channel);

/*
 * Returns how many events the channel can hold.
 *
 * Since: 1.0
 */
FLOW_API uint64_t flow_channel_capacity(const flow_channel *channel);

/*
 * Returns how many events one transaction can put or take.
 *
 * Since: 1.0
 */
FLOW_API uint64_t flow_channel_transaction_capacity(const flow_channel *channel);

/*
 * Tells whoever waits at the channel that events or room have appeared without a transaction of
 * libflow's; for channels whose content others change.
 *
 * Since: 1.0
 */
FLOW_API void flow_channel_notify(const flow_context *ctx);

FLOW_END_DECLS

#endif
