/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_RUN_H
#define FL_STORE_RUN_H

/*
 * Events of one put, in memory: just put, or read back.  Shared by the memory of recent events and
 * by whoever is taking them.
 */

#include <stdatomic.h>

#include <flow/event.h>

#include "base/mem.h"

struct fl_store;

struct fl_run {
    _Atomic uint32_t refs;
    struct fl_store *store; /* of one that is put */
    int state;              /* see store.c and recent.c; this and the next: under its lock */
    struct fl_run *next;
    const flow_allocator *mem;
    uint64_t first; /* offset of the first */
    size_t count;
    uint64_t weight;            /* bytes of memory, see flow_events_weight */
    const flow_event *events[]; /* with a reference to each */
};

/* A run without events, for COUNT of them; NULL without memory. */
struct fl_run *fl_run_new(const flow_allocator *mem, size_t count);

struct fl_run *fl_run_ref(struct fl_run *run);
void fl_run_unref(struct fl_run *run); /* NULL is allowed */

static inline uint64_t fl_run_end(const struct fl_run *run)
{
    return run->first + run->count;
}

#endif
