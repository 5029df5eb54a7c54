/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_TRANSACTION_H
#define FLOW_TRANSACTION_H

#include <flow/api.h>
#include <flow/batch.h>
#include <flow/channel.h>
#include <flow/error.h>
#include <flow/event.h>
#include <flow/span.h>

FLOW_BEGIN_DECLS

/*
 * Events on their way into or out of a channel, all or none of them.  Used by one thread at a
 * time, which need not always be the same.
 *
 *     begin -> put... | take... -> commit | rollback -> free
 *
 * A call that is out of turn returns FLOW_ESTATE and changes nothing.
 */
typedef struct flow_txn flow_txn;

#define FLOW_TXN_OPEN 1
#define FLOW_TXN_COMMITTED 2
#define FLOW_TXN_ROLLED_BACK 3

/*
 * Begins a transaction.  The caller ends it with flow_txn_free.
 *
 * Errors: FLOW_ECLOSED when the channel is not open.
 * Since: 1.0
 */
FLOW_API int flow_txn_begin(flow_channel *channel, flow_txn **txn, flow_error **err);

/*
 * Puts one event.  TXN keeps a reference of its own; the caller's is untouched, whatever is
 * returned.  A transaction that has taken cannot put.
 *
 * Thread: the one that uses TXN.  Blocks: up to the channel's keep-alive while it is full.
 * Errors: FLOW_EFULL, FLOW_ETOOBIG above the channel's transaction capacity, FLOW_ESTATE,
 * FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_txn_put(flow_txn *txn, const flow_event *event, flow_error **err);

/*
 * Puts all events of a batch, or none; else as flow_txn_put.
 *
 * Thread: the one that uses TXN.  Blocks: up to the channel's keep-alive while it is full.
 * Errors: as flow_txn_put.
 * Since: 1.0
 */
FLOW_API int flow_txn_put_batch(flow_txn *txn, const flow_batch *batch, flow_error **err);

/*
 * Takes up to MAX events.  *EVENTS, an array of *COUNT, is lent until the next take or the end of
 * the transaction, the events until its end.  More than the transaction's capacity are never
 * taken.  Waits up to WAIT_MS for the first event (negative: the channel's keep-alive) and never
 * for more; *COUNT is 0 when none came.  A transaction that has put cannot take.
 *
 * Thread: the one that uses TXN.  Blocks: up to WAIT_MS.
 * Errors: FLOW_ESTATE, FLOW_ECLOSED, FLOW_EIO.
 * Since: 1.0
 */
FLOW_API int flow_txn_take(flow_txn *txn, size_t max, int64_t wait_ms,
                           const flow_event *const **events, size_t *count, flow_error **err);

/*
 * Makes what was put available, or what was taken gone.  On failure the transaction is still open
 * and can be tried again or rolled back.
 *
 * Thread: the one that uses TXN.  Blocks: as long as the channel's storage does.
 * Errors: FLOW_ESTATE, FLOW_EIO.
 * Since: 1.0
 */
FLOW_API int flow_txn_commit(flow_txn *txn, flow_error **err);

/*
 * Drops what was put and returns what was taken to the head of the channel, in order.
 *
 * Thread: the one that uses TXN.
 * Errors: FLOW_ESTATE.
 * Since: 1.0
 */
FLOW_API int flow_txn_rollback(flow_txn *txn, flow_error **err);

/*
 * The same for events that could not be delivered, with the CAUSE (copied from, not kept).  A
 * channel that has dead letters counts it for each of them, unless the cause passes
 * (flow_error_retriable): see flow_consumer_letters.  The answer of a sink does so by itself.
 *
 * Thread: the one that uses TXN.  Blocks: as long as the channel's storage does.
 * Errors: FLOW_ESTATE.
 * Since: 1.0
 */
FLOW_API int flow_txn_reject(flow_txn *txn, const flow_error *cause, flow_error **err);

/*
 * Ends a transaction; an open one is rolled back first.  NULL is allowed.
 *
 * Thread: the one that uses TXN.
 * Since: 1.0
 */
FLOW_API void flow_txn_free(flow_txn *txn);

/*
 * Returns FLOW_TXN_OPEN, FLOW_TXN_COMMITTED or FLOW_TXN_ROLLED_BACK.
 *
 * Thread: the one that uses TXN.
 * Since: 1.0
 */
FLOW_API uint32_t flow_txn_state(const flow_txn *txn);

/*
 * Says, in a transaction that a sink was given, where its output stands: KEY names that, for
 * example a file, and VALUE says how far it is complete with what the transaction delivers.  A
 * durable channel stores it in the very step that makes the events gone, so that after a crash the
 * sink finds, by flow_sink_marks, just what it has delivered, and can cut off what comes again.
 * Of two values of one key the later one is larger, byte by byte and then by size; so numbers are
 * big-endian.  Without a value: the key is forgotten.  Keys are the sink's own.
 *
 * Where the channel is not durable nothing is stored, and that is no error: there events may come
 * twice after a crash, whatever a sink does.
 *
 * Transactions commit in the order in which they were done; a mark may only cover what was
 * delivered in this one and in those that were done before.
 *
 * Thread: the one that uses TXN.
 * Errors: FLOW_ESTATE for a transaction that no sink was given, or that is done already;
 * FLOW_ETOOBIG above FLOW_POSITION_MAX.
 * Since: 1.0
 */
FLOW_API int flow_txn_set_mark(flow_txn *txn, const void *key, size_t key_size, const void *value,
                               size_t value_size, flow_error **err);

/*
 * Tells where the events that TXN has taken so far come from: FN gets spans, in the order of the
 * events and with as many, and before them maybe some without events.  A sink that sends them on
 * together with the events lets a receiver with durable channels take none twice; see
 * flow_batch_set_spans.  What is taken again, in whatever batches, has the same keys and numbers;
 * but events of a consumer that was moved have others, since they are meant to be read again, and
 * dead letters that are delivered once more have none.
 *
 * Where the channel does not number its events FN gets one span without a key, see
 * flow_sink_has_spans.  When FN does not return FLOW_OK it returns that; FN does not use TXN.
 *
 * Thread: the one that uses TXN.
 * Errors: FLOW_ESTATE for a transaction that has ended or puts.
 * Since: 1.0
 */
FLOW_API int flow_txn_spans(flow_txn *txn, flow_span_fn fn, void *self, flow_error **err);

/*
 * Ends a transaction for which a sink's `process` answered FLOW_PENDING, once, from any thread:
 * RESULT FLOW_OK commits it, a FLOW_E... rolls it back, with CAUSE (copied from, not kept; may be
 * NULL) as the reason.  Those that succeeded are committed in the order of these calls; how that
 * went, the sink's `ended` is told.  May be called before `process` has returned.  The transaction
 * and its events are not to be touched afterwards.
 *
 * Errors: FLOW_ESTATE when it is not a sink's transaction or was done already.
 * Since: 1.0
 */
FLOW_API int flow_txn_done(flow_txn *txn, int result, const flow_error *cause, flow_error **err);

FLOW_END_DECLS

#endif
