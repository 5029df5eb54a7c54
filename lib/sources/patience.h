/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SOURCES_PATIENCE_H
#define FL_SOURCES_PATIENCE_H

/* For sources that keep a batch until the channels take it, rather than give it up; and say where
 * its events come from. */

#include <flow/source.h>

/*
 * Emits BATCH until it is committed, with pauses from FIRST_MS doubling to MOST_MS between the
 * attempts.  Returns FLOW_OK, or FLOW_ECLOSED when the source is to stop.  A fault is logged when
 * it is a new one, and so is its end.
 */
int fl_emit_patiently(flow_context *ctx, flow_emitter *emitter, flow_batch *batch, int64_t first_ms,
                      int64_t most_ms);

/*
 * How many events a batch should hold that may hold SIZE.  One that is larger than a transaction
 * would be cut where there is no position, and after a crash its first part would come again.
 */
size_t fl_batch_size(const flow_emitter *emitter, size_t size);

#endif
