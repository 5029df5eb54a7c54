/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_FLUME_QUEUE_H
#define FL_STORE_FLUME_QUEUE_H

/*
 * Pointers to events in the order in which they were added, each of which can be removed wherever
 * it is.  16 to 32 bytes a pointer.  No pointer is 0.
 */

#include "base/mem.h"

struct fl_flume_queue {
    const flow_allocator *mem;
    uint64_t *items; /* 0 where one was removed */
    uint32_t *slots; /* index + 1 into items, or 0; twice as many as items */
    uint32_t used;   /* of the items */
    uint32_t live;   /* of these, not removed */
    uint32_t capacity;
    uint64_t seed;
};

void fl_flume_queue_init(struct fl_flume_queue *queue, const flow_allocator *mem);
void fl_flume_queue_free(struct fl_flume_queue *queue);

/* Adds POINTER at the end, unless it is there already. */
int fl_flume_queue_add(struct fl_flume_queue *queue, uint64_t pointer);

/* Returns 1, or 0 when POINTER is not there. */
int fl_flume_queue_remove(struct fl_flume_queue *queue, uint64_t pointer);
int fl_flume_queue_has(const struct fl_flume_queue *queue, uint64_t pointer);

/* A number that nobody can foretell, so that nobody can choose what meets in one slot. */
uint64_t fl_flume_seed(void);
uint64_t fl_flume_hash(uint64_t seed, uint64_t value);

#endif
