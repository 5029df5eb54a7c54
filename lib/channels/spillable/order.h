/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CHANNELS_SPILLABLE_ORDER_H
#define FL_CHANNELS_SPILLABLE_ORDER_H

/*
 * In which order memory and log are to be read: a list of stretches, each of one of them, up to
 * where the next stretch begins.  Only the last one grows.
 *
 * Whoever puts calls fl_order_put alone.  All the rest is for who takes, one at a time.
 */

#include "base/thread.h"

enum fl_medium { FL_IN_MEMORY, FL_IN_LOG };

struct fl_stretch {
    struct fl_stretch *next;
    enum fl_medium place;
    uint64_t end;    /* behind its last event, as its place counts */
    uint64_t number; /* of the stretch; they rise */
    _Atomic uint32_t pins;
};

struct fl_order {
    const flow_allocator *mem;
    struct fl_lock lock; /* for `tail` and `ends`, and what they point to */
    struct fl_stretch *head, *tail;
    uint64_t ends[2]; /* of the last stretch in each place */
};

int fl_order_init(struct fl_order *order, const flow_allocator *mem);
void fl_order_destroy(struct fl_order *order);

/* A stretch for fl_order_put, or NULL without memory. */
struct fl_stretch *fl_stretch_new(const flow_allocator *mem);

/* What is below END in PLACE comes behind all that was noted before, unless it was noted with it.
 * Uses up *SPARE when a stretch begins, which is then NULL. */
void fl_order_put(struct fl_order *order, enum fl_medium place, uint64_t end,
                  struct fl_stretch **spare);

/* The stretch behind STRETCH, and in *END how far STRETCH goes; that is final unless the answer is
 * NULL. */
struct fl_stretch *fl_order_look(struct fl_order *order, const struct fl_stretch *stretch,
                                 uint64_t *end);

/* Notes in *PIN that events of STRETCH, and maybe of later ones, are taken and not committed. */
void fl_order_pin(struct fl_stretch *stretch, struct fl_stretch **pin);

/* Ends that.  Anybody may call it, at any time. */
void fl_order_unpin(struct fl_stretch **pin);

/* Forgets STRETCH, all of which was taken, if it is the first and no transaction needs it.  NEXT is
 * what fl_order_look has said: when that was NULL, STRETCH may have grown since, and stays. */
void fl_order_drop(struct fl_order *order, struct fl_stretch *stretch, struct fl_stretch *next);

#endif
