/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_SINK_H
#define FLOW_SINK_H

#include <flow/api.h>
#include <flow/component.h>
#include <flow/error.h>
#include <flow/position.h>
#include <flow/schema.h>
#include <flow/transaction.h>

FLOW_BEGIN_DECLS

/*
 * A type of sink.  All members but `create` and `destroy` are called by the sink's own thread.
 */
typedef struct flow_sink_ops {
    uint32_t struct_size;
    uint32_t flags;      /* 0 */
    const char *type;    /* for example "file_roll" */
    const char *aliases; /* other names, separated by '|'; (optional) */
    const flow_schema *schema;

    /* Makes the sink from its settings; starts nothing. */
    int (*create)(flow_context *ctx, void **self, flow_error **err);
    void (*destroy)(void *self);

    /* (optional) Begins.  When it fails it is called again every 3 s. */
    int (*start)(void *self, flow_error **err);

    /*
     * (optional) Ends.  Before it is called no further transaction is begun; pending ones may
     * still be done until it has returned, and are rolled back after that.  FLOW_PENDING asks for
     * those that are done to be committed and for another call.
     */
    int (*stop)(void *self, flow_error **err);

    /*
     * Takes events from TXN, which is open, and delivers them.  Never commits or rolls back: the
     * answer decides.  FLOW_READY commits; FLOW_BACKOFF commits and pauses, longer each time, up
     * to 5 s; FLOW_PENDING leaves it open until flow_txn_done; an error rolls back and pauses 5 s.
     * Called when the channel has events.
     */
    int (*process)(void *self, flow_txn *txn, flow_error **err);

    /*
     * (optional) Returns when, on the clock of flow_context_now, `timer` wants to be called;
     * INT64_MAX for never.  Asked after each call of `process` and `timer`.
     */
    int64_t (*deadline)(void *self);

    /* (optional) Does what is due without events, such as closing an idle file. */
    int (*timer)(void *self, flow_error **err);

    /* (optional) Returns how many transactions may be pending at once; without it, 1. */
    uint32_t (*max_pending)(void *self);

    /*
     * (optional) Asks for what is held back to be delivered now, because no more events come for
     * a while: the channel is being drained.
     */
    void (*flush)(void *self);

    /*
     * (optional) Tells what became of TXN, which only its address is used of: RESULT FLOW_OK when
     * it was committed, durably in a durable channel, or the error for which its events come again.
     * Transactions that were pending are told in the order in which they were done.  When a commit
     * fails, so do those of transactions with marks that are done before all that failed is rolled
     * back.  Not called once `stop` has ended.
     */
    void (*ended)(void *self, const flow_txn *txn, int result);
} flow_sink_ops;

/*
 * Returns 1 when the channel that the sink takes from stores marks, see flow_txn_set_mark.
 *
 * Since: 1.0
 */
FLOW_API int flow_sink_keeps_marks(const flow_context *ctx);

/*
 * Returns 1 when the channel that the sink takes from numbers its events, see flow_txn_spans.
 *
 * Since: 1.0
 */
FLOW_API int flow_sink_has_spans(const flow_context *ctx);

/*
 * Returns 1 when the channel that the sink takes from has nothing more to take and puts wait for
 * the room of what was taken: more comes once something is committed.  A sink that keeps
 * transactions pending to deliver many of them at once has no reason to wait any longer then.
 *
 * Thread: any, between the sink's `start` and the end of its `stop`.  Does not block.
 * Since: 1.0
 */
FLOW_API int flow_sink_is_awaited(const flow_context *ctx);

/*
 * Calls FN with each mark that the sink has in its channel, for a sink that starts.  FN calls
 * nothing that sets one.  When FN does not return FLOW_OK it returns that.
 *
 * Thread: any, between the sink's `start` and the end of its `stop`.
 * Errors: FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_sink_marks(const flow_context *ctx, flow_position_fn fn, void *self,
                             flow_error **err);

/*
 * Sets a mark, or forgets it when there is no value, at once and without a transaction: when it
 * returns FLOW_OK the mark is stored.  For what has to be known of output before anything is
 * delivered to it, and for output that is finished.
 *
 * Thread: any, between the sink's `start` and the end of its `stop`.  Blocks: as long as the
 * channel's storage does.
 * Errors: FLOW_EIO, FLOW_ECLOSED, FLOW_ETOOBIG above FLOW_POSITION_MAX.
 * Since: 1.0
 */
FLOW_API int flow_sink_set_mark(const flow_context *ctx, const void *key, size_t key_size,
                                const void *value, size_t value_size, flow_error **err);

FLOW_END_DECLS

#endif
