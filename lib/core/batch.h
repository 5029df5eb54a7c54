/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_BATCH_H
#define FL_CORE_BATCH_H

/* What the emitter needs of a batch beyond <flow/batch.h>. */

#include <flow/batch.h>

/* The events as an array of flow_batch_count; valid until the batch is changed. */
const flow_event *const *fl_batch_events(const flow_batch *batch);

/*
 * What an emitter remembers of a batch it could not deliver everywhere: for each of CHANNELS, how
 * many of the batch's events it has committed.  All 0 for a batch that OWNER has not seen since it
 * was cleared; *FRESH is 1 then.
 */
int fl_batch_progress(flow_batch *batch, const void *owner, size_t channels, uint64_t **done,
                      int *fresh, flow_error **err);

#endif
