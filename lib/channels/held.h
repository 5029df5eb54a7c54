/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CHANNELS_HELD_H
#define FL_CHANNELS_HELD_H

/* What a transaction has taken from a queue and not committed. */

#include "channels/queue.h"

/* All zeroes: nothing. */
struct fl_held {
    struct fl_lot *taken; /* newest first */
    struct fl_lot *spare; /* for the next take */
};

/*
 * Takes up to MAX events with numbers less than BELOW, in order, and stores them in EVENTS and
 * their number in *COUNT.  FLOW_ENOMEM when memory ran out before the first.
 */
int fl_held_take(struct fl_held *held, struct fl_queue *queue, uint64_t below, size_t max,
                 const flow_event **events, size_t *count);

/* Drops the references of what was taken and frees the room that WEIGH says each part has. */
void fl_held_drop(struct fl_held *held, struct fl_queue *queue,
                  struct fl_load (*weigh)(const void *arg, const flow_event *const *events,
                                          size_t count),
                  const void *arg);

/* Returns what was taken to its place. */
void fl_held_return(struct fl_held *held, struct fl_queue *queue);

/* Frees what is spare; nothing is taken any more. */
void fl_held_free(struct fl_held *held, const flow_allocator *mem);

#endif
