/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_BATCH_H
#define FL_CORE_BATCH_H

/* The inside of a flow_batch, and what the emitter needs of it beyond <flow/batch.h>. */

#include <flow/batch.h>

#include "core/event.h"
#include "core/marks.h"
#include "core/slab.h"
#include "core/stamps.h"

struct flow_batch {
    flow_library *lib;
    const flow_event **events;
    size_t count;
    size_t capacity;
    struct fl_arena *arenas; /* its own; the first is the one being filled */
    struct fl_arena *lent;   /* earlier ones that others may hold yet, the oldest first */
    struct fl_arena *lent_last;
    size_t lent_bytes;
    size_t filled;           /* bytes taken from them since the batch was last cleared */
    size_t expected;         /* bytes the next filling probably takes */
    size_t foreign;          /* events of other slabs, each with a reference of the batch */
    struct fl_marks marks;
    struct fl_stamps stamps;

    /* What an emitter remembers, see fl_batch_progress. */
    uint64_t progress_owner;
    uint64_t *progress;
    size_t progress_slots;
    size_t progress_capacity;
};

/*
 * What an emitter, by its number OWNER, remembers of a batch that it could not deliver everywhere:
 * SLOTS numbers, all 0 for a batch that OWNER has not seen since it was cleared.  When they become
 * more the old ones keep their values.  *PROGRESS is valid until the next call.
 */
int fl_batch_progress(flow_batch *batch, uint64_t owner, size_t slots, uint64_t **progress,
                      flow_error **err);

/* Makes room for COUNT more pointers; FLOW_ENOMEM. */
int fl_batch_room(flow_batch *batch, size_t count, flow_error **err);

/* SIZE bytes, rounded already, for an event with a body of BODY, in one of the batch's own slabs,
 * *SLAB. */
int fl_batch_take(flow_batch *batch, size_t size, size_t body, struct fl_slab **slab, void **memory,
                  flow_error **err);

/* Whether the batch made the event, in a slab of its own. */
static inline int fl_batch_made(const flow_batch *batch, const flow_event *event)
{
    const struct fl_arena *arena = (const struct fl_arena *)event->slab;

    return fl_slab_is_arena(event->slab) &&
           atomic_load_explicit(&arena->owner, memory_order_relaxed) == batch;
}

/* Puts EVENT, which is in a slab of the batch, in the place of the one at INDEX. */
void fl_batch_replace(flow_batch *batch, size_t index, const flow_event *event);

/* Drops the first COUNT events. */
void fl_batch_drop_front(flow_batch *batch, size_t count);

#endif
