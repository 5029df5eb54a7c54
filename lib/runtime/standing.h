/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_STANDING_H
#define FL_RUNTIME_STANDING_H

/*
 * Where a source stands in the eyes of its durable channels.  There its keys have its name and a
 * NUL before them, so that two sources never take each other's for their own.
 */

#include "runtime/emitter.h"

/* Whether the channel at INDEX is durable and may not lack an event: it gets positions. */
int fl_standing_keeps(const flow_emitter *emitter, size_t index);

/* Whether the channel at INDEX has stored what POSITION says, or something later.  *HAS for a key
 * that is to be forgotten: it has none. */
int fl_standing_has(flow_emitter *emitter, size_t index, const flow_position *position, int *has,
                    flow_error **err);

int fl_standing_put(flow_emitter *emitter, flow_txn *txn, const flow_position *position,
                    flow_error **err);

/* Tells, once a start, where exactly-once ends; for sources that use positions. */
void fl_standing_tell(flow_emitter *emitter);

/* The same for batches whose events have numbers. */
void fl_standing_tell_spans(flow_emitter *emitter);

#endif
