/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_BATCH_H
#define FLOW_BATCH_H

#include <flow/api.h>
#include <flow/error.h>
#include <flow/event.h>
#include <flow/library.h>
#include <flow/span.h>

FLOW_BEGIN_DECLS

/*
 * Events in order, made in one piece of memory.  A batch is used by one thread at a time.  While
 * it is being filled its events can be changed in place; an event that others share is copied when
 * it is changed, so nobody else notices.  Clear and fill it again rather than making a new one.
 */
typedef struct flow_batch flow_batch;

/*
 * Makes an empty batch.  The caller frees it with flow_batch_free.
 *
 * Since: 1.0
 */
FLOW_API int flow_batch_new(flow_library *lib, flow_batch **batch, flow_error **err);

/*
 * Frees a batch and its references.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_batch_free(flow_batch *batch);

/*
 * Empties a batch and forgets what an emitter remembered of it.
 *
 * Since: 1.0
 */
FLOW_API void flow_batch_clear(flow_batch *batch);

/*
 * Returns the number of events.
 *
 * Since: 1.0
 */
FLOW_API size_t flow_batch_count(const flow_batch *batch);

/*
 * Returns the event at INDEX, which counts from 0, or NULL behind the last.  It is lent: valid
 * until the batch is changed, cleared or freed.
 *
 * Since: 1.0
 */
FLOW_API const flow_event *flow_batch_event(const flow_batch *batch, size_t index);

/*
 * Returns all events, flow_batch_count of them, as an array; lent like those of flow_batch_event.
 * NULL when there are none.
 *
 * Since: 1.0
 */
FLOW_API const flow_event *const *flow_batch_events(const flow_batch *batch);

/*
 * Adds an event with a copy of SIZE bytes at BODY and without headers.
 *
 * Errors: FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_batch_add(flow_batch *batch, const void *body, size_t size, flow_error **err);

/*
 * Adds an event with COUNT headers, HEADER_SIZE bytes apart (sizeof(flow_header)).
 *
 * Errors: FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_batch_add_full(flow_batch *batch, const void *body, size_t size,
                                 const flow_header *headers, size_t count, size_t header_size,
                                 flow_error **err);

/*
 * Adds an event whose body of SIZE bytes the caller then writes to *BODY, before the next call on
 * the batch.  Saves a copy where the bytes are made on the spot.
 *
 * Errors: FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_batch_reserve(flow_batch *batch, size_t size, void **body, flow_error **err);

/*
 * Adds an event that exists already.  The batch takes a reference of its own.
 *
 * Since: 1.0
 */
FLOW_API int flow_batch_append(flow_batch *batch, const flow_event *event, flow_error **err);

/*
 * Adds all events of another batch as flow_batch_append does, with the numbers that they have; see
 * flow_batch_set_spans.  On failure some may have been added.
 *
 * Since: 1.0
 */
FLOW_API int flow_batch_append_batch(flow_batch *batch, const flow_batch *from, flow_error **err);

/*
 * Adds all events of a packed text in one call; for languages in which a call costs much.
 *
 * A packed text is, for each event: number of headers and size of the body, 4 bytes each; then for
 * each header the sizes of name and value, 4 bytes each; then each name and value in turn; then
 * the body.  Numbers are little-endian, nothing is aligned, nothing ends in NUL.  All or none of
 * the events are added.
 *
 * Errors: FLOW_EPARSE with the byte offset at fault, FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_batch_add_packed(flow_batch *batch, const void *data, size_t size,
                                   flow_error **err);

/*
 * Writes COUNT events to DATA in the packed form of flow_batch_add_packed and stores the size of
 * the text in *SIZE.  When ROOM is too small nothing is written and FLOW_ETOOBIG returned, with
 * the size that is needed in *SIZE.
 *
 * Errors: FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_events_pack(const flow_event *const *events, size_t count, void *data,
                              size_t room, size_t *size, flow_error **err);

/*
 * Sets the header NAME of the event at INDEX, in its old place or behind the others.
 *
 * Errors: FLOW_ENOENT, FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_batch_set_header(flow_batch *batch, size_t index, const char *name,
                                   const char *value, flow_error **err);

/*
 * Removes the header NAME of the event at INDEX, if it has it.
 *
 * Errors: FLOW_ENOENT when there is no such event.
 * Since: 1.0
 */
FLOW_API int flow_batch_remove_header(flow_batch *batch, size_t index, const char *name,
                                      flow_error **err);

/*
 * Replaces the body of the event at INDEX by a copy of SIZE bytes.
 *
 * Errors: FLOW_ENOENT, FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_batch_set_body(flow_batch *batch, size_t index, const void *body, size_t size,
                                 flow_error **err);

/*
 * Replaces the whole batch by the events of a packed text; see flow_batch_add_packed.  On failure
 * the batch is unchanged.
 *
 * Errors: FLOW_EPARSE, FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_batch_set_packed(flow_batch *batch, const void *data, size_t size,
                                   flow_error **err);

/*
 * Drops every event whose byte in KEEP, an array of flow_batch_count bytes, is 0.  The others keep
 * their order.
 *
 * Since: 1.0
 */
FLOW_API void flow_batch_filter(flow_batch *batch, const uint8_t *keep);

/*
 * Drops all events from COUNT on.
 *
 * Since: 1.0
 */
FLOW_API void flow_batch_truncate(flow_batch *batch, size_t count);

/*
 * Says that the events added since the last such call, or since the batch was cleared, were read
 * from KEY, and that KEY goes on behind them at VALUE; see flow_position.  Durable channels store
 * it together with the events, and skip events that they have already: those of a value that is
 * not larger than the one they have.  It stays true when an interceptor drops events; where one
 * replaces the whole batch, all its events are skipped or none.
 *
 * Several positions in one batch let a channel skip a part of it, and a batch that is larger than
 * a transaction is cut at them; events between two of them that are more than that are committed in
 * pieces, and after a crash in between the first ones come twice.  A channel skips all that lies
 * between two positions or nothing: after a restart, when of several channels one may be ahead of
 * another, set them where they were set before, or behind each event up to
 * flow_emitter_position_latest.
 *
 * Batches of one key are emitted one after the other, in order, each until it has arrived: a later
 * position says that everything before it did.
 *
 * Errors: FLOW_EINVAL without key or value, FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_batch_set_position(flow_batch *batch, const void *key, size_t key_size,
                                     const void *value, size_t value_size, flow_error **err);

/*
 * Says that KEY is at its end and can be forgotten.  Say so only when nothing that was read from it
 * could be read again, in a batch of its own after those were emitted; and when the key may come
 * back with smaller values, not before this batch was emitted too.
 *
 * Errors: FLOW_EINVAL without a key, FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_batch_forget_position(flow_batch *batch, const void *key, size_t key_size,
                                        flow_error **err);

/*
 * Says that the events from FIRST on are those of COUNT spans, SPAN_SIZE bytes apart
 * (sizeof(flow_span)), in their order: what a sender told of them, see flow_txn_spans.  All or
 * nothing.  Durable channels store the numbers together with the events, and skip, event by event,
 * those that they have already, however batches form anew when they are sent again, and also while
 * the first copy is still on its way into the channel.  Unlike positions, numbers come in any
 * order, and from any number of sources and threads at once.  Events that are in no span have no
 * numbers and are never skipped.
 *
 * It stays true when an interceptor drops events; where one replaces the whole batch, its events
 * are skipped together, once the channel has all of their numbers.
 *
 * Errors: FLOW_EINVAL when there are not so many events, or when some of them, or later ones, have
 * a span already, or when a span begins before its horizon; FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_batch_set_spans(flow_batch *batch, size_t first, const flow_span *spans,
                                  size_t count, size_t span_size, flow_error **err);

FLOW_END_DECLS

#endif
