/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_SOURCE_H
#define FLOW_SOURCE_H

#include <flow/api.h>
#include <flow/batch.h>
#include <flow/component.h>
#include <flow/error.h>
#include <flow/position.h>
#include <flow/schema.h>

FLOW_BEGIN_DECLS

/* Where a source's batches go: interceptors, selector, and a put transaction for each channel. */
typedef struct flow_emitter flow_emitter;

/*
 * A type of source.  With `poll` the library calls it again and again from a thread of its own;
 * without, the source emits from threads it starts itself.
 */
typedef struct flow_source_ops {
    uint32_t struct_size;
    uint32_t flags;      /* 0 */
    const char *type;    /* for example "netcat" */
    const char *aliases; /* other names, separated by '|'; (optional) */
    const flow_schema *schema;

    /* Makes the source from its settings; starts nothing. */
    int (*create)(flow_context *ctx, void **self, flow_error **err);
    void (*destroy)(void *self);

    /*
     * (optional) Begins.  EMITTER may be used until `stop` has returned.  When it fails it is
     * called again every 3 s.
     */
    int (*start)(void *self, flow_emitter *emitter, flow_error **err);

    /* (optional) Ends: after it has returned, no thread of the source's emits. */
    int (*stop)(void *self, flow_error **err);

    /*
     * (optional) Emits what there is now.  Returns FLOW_READY (call again at once), FLOW_BACKOFF
     * (nothing there: the pause grows by backoffSleepIncrement up to maxBackoffSleep) or an error
     * (pause of maxBackoffSleep).
     */
    int (*poll)(void *self, flow_emitter *emitter, flow_error **err);
} flow_source_ops;

/*
 * Hands a batch to all required channels and waits until each has committed it; optional channels
 * are tried once.  When some committed and one failed, emitting the same unchanged batch again
 * goes on with the rest, so nothing arrives twice.  The batch stays the caller's, to be cleared
 * and filled again; its events must not be changed once it was emitted.
 *
 * A batch may also hold positions and no events.
 *
 * Blocks: up to the channels' keep-alive while they are full.
 * Errors: FLOW_EFULL, FLOW_ECLOSED, FLOW_EIO, or what an interceptor returned.
 * Since: 1.0
 */
FLOW_API int flow_emitter_emit(flow_emitter *emitter, flow_batch *batch, flow_error **err);

/*
 * As flow_emitter_emit, for a batch that joins what came in several calls of clients: SINGLES calls
 * with one event each, and BATCHES calls with any number.  Flume's counters of appends and batches
 * of appends count them so.
 *
 * Blocks: up to the channels' keep-alive while they are full.
 * Errors: as flow_emitter_emit.
 * Since: 1.0
 */
FLOW_API int flow_emitter_emit_calls(flow_emitter *emitter, flow_batch *batch, size_t singles,
                                     size_t batches, flow_error **err);

/*
 * Returns how many events a batch may hold so that every channel takes it in one transaction.
 * Larger batches are taken in several.
 *
 * Since: 1.0
 */
FLOW_API size_t flow_emitter_max_batch(const flow_emitter *emitter);

/*
 * Stores in DATA from where on KEY is to be read, so that nothing is missing anywhere: the smallest
 * value that one of the durable channels has.  *SIZE is 0 when one of them has none, or none is
 * durable.  Emitting from there on brings each channel what it does not have; see
 * flow_batch_set_position.  Keys are the source's own: what others call the same is another one.
 *
 * Errors: FLOW_ETOOBIG with the size in *SIZE when ROOM is too small, FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_emitter_position(flow_emitter *emitter, const void *key, size_t key_size,
                                   void *data, size_t room, size_t *size, flow_error **err);

/*
 * Stores in DATA how far KEY has come anywhere: the largest value that one of the durable channels
 * has.  *SIZE is 0 when none has one.  What lies between flow_emitter_position and here some of
 * them have and others lack; behind it, all lack everything.
 *
 * Errors: FLOW_ETOOBIG with the size in *SIZE when ROOM is too small, FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_emitter_position_latest(flow_emitter *emitter, const void *key, size_t key_size,
                                          void *data, size_t room, size_t *size, flow_error **err);

/*
 * Calls FN with each key of the source that a durable channel has, and with what
 * flow_emitter_position says of it.  When FN does not return FLOW_OK it returns that.
 *
 * Errors: FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_emitter_positions(flow_emitter *emitter, flow_position_fn fn, void *self,
                                    flow_error **err);

FLOW_END_DECLS

#endif
