/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_INLET_H
#define FLOW_INLET_H

#include <flow/api.h>
#include <flow/batch.h>
#include <flow/error.h>
#include <flow/event.h>
#include <flow/position.h>

FLOW_BEGIN_DECLS

/*
 * Where a host pushes events into its pipeline: a source of type `inlet`.  Any number of threads
 * may push at once.  Lent by flow_pipeline_inlet, valid until the pipeline is freed.
 */
typedef struct flow_inlet flow_inlet;

/*
 * Pushes one event: COUNT headers, HEADER_SIZE bytes apart (sizeof(flow_header)), and SIZE bytes
 * of body, all copied.  Returns FLOW_OK when every required channel has committed it, FLOW_EFULL
 * when one was still full after TIMEOUT_MS (0: at once, negative: the channel's keep-alive), or
 * why it failed.  Unless FLOW_OK is returned the event is the caller's to push again; where several
 * channels are required, some may have it already, and a batch knows which.
 *
 * Blocks: up to TIMEOUT_MS, and as long as a durable channel's storage does.
 * Errors: FLOW_EFULL, FLOW_ECLOSED, FLOW_EIO, FLOW_ETOOBIG, or what an interceptor returned.
 * Since: 1.0
 */
FLOW_API int flow_inlet_push(flow_inlet *inlet, const void *body, size_t size,
                             const flow_header *headers, size_t count, size_t header_size,
                             int64_t timeout_ms, flow_error **err);

/*
 * Pushes a batch; else as flow_inlet_push.  The batch stays the caller's, to be cleared and filled
 * again.  Pushing the same unchanged batch again after a failure goes on where it stopped, so that
 * no channel gets an event twice.
 *
 * Blocks: up to TIMEOUT_MS, and as long as a durable channel's storage does.
 * Errors: as flow_inlet_push.
 * Since: 1.0
 */
FLOW_API int flow_inlet_push_batch(flow_inlet *inlet, flow_batch *batch, int64_t timeout_ms,
                                   flow_error **err);

/*
 * Stores in DATA the position KEY that the host gave with flow_batch_set_position and that every
 * durable channel has: from there on it pushes again after a restart, and nothing is lost or comes
 * twice.  The pipeline must be started.  Else as flow_emitter_position.
 *
 * Errors: FLOW_ETOOBIG with the size in *SIZE when ROOM is too small, FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_inlet_position(flow_inlet *inlet, const void *key, size_t key_size, void *data,
                                 size_t room, size_t *size, flow_error **err);

/*
 * The same with the largest position that one of the durable channels has; see
 * flow_emitter_position_latest.  Up to there the host pushes with a position behind each event.
 *
 * Errors: FLOW_ETOOBIG with the size in *SIZE when ROOM is too small, FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_inlet_position_latest(flow_inlet *inlet, const void *key, size_t key_size,
                                        void *data, size_t room, size_t *size, flow_error **err);

/*
 * Calls FN with each position of the inlet; see flow_emitter_positions.
 *
 * Errors: FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_inlet_positions(flow_inlet *inlet, flow_position_fn fn, void *self,
                                  flow_error **err);

FLOW_END_DECLS

#endif
