/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CHANNELS_QUEUE_H
#define FL_CHANNELS_QUEUE_H

/*
 * A queue of events in memory, bounded in number and bytes.  Producers share one lock, consumers
 * another; neither is held for longer than it takes to copy pointers.
 *
 * What is appended has been reserved before, so appending cannot fail.  What is taken stays
 * reserved until it is released, so there is always room to return it, and it returns to where it
 * was: events that were returned go first, in their old order, whatever else was taken meanwhile.
 */

#include <flow/event.h>

#include "base/mem.h"
#include "base/stash.h"
#include "base/thread.h"

/* Events of one take, or of a part of it: they lay behind each other in the queue. */
struct fl_lot {
    struct fl_lot *next;
    uint64_t number; /* of the first, counted from the queue's beginning */
    size_t count;
    size_t capacity;
    const flow_event *events[];
};

/* How much of a queue something takes. */
struct fl_load {
    uint64_t events;
    uint64_t bytes;  /* of memory */
    uint64_t bodies; /* bytes of those */
};

/* What a channel's events may weigh unless its settings say so: 80 % of 1 GiB, in bytes. */
#define FL_BYTE_CAPACITY "858993459"

/* PERCENTAGE of VALUE, which may be large. */
static inline uint64_t fl_percent(uint64_t value, uint64_t percentage)
{
    return value / 100 * percentage + value % 100 * percentage / 100;
}

struct fl_chunk;

struct fl_queue {
    const flow_allocator *mem;
    struct fl_load most;
    char apart1[FL_CACHE_LINE];

    /* Producers'. */
    struct fl_lock tail_lock;
    struct fl_chunk *tail;   /* where the next event goes */
    struct fl_chunk *spare;  /* for what is reserved and does not fit the tail */
    size_t tail_count;       /* events in the tail */
    uint64_t pending;        /* events reserved but not appended */
    uint64_t room;           /* places in the tail and the spare chunks */
    struct fl_load reserved; /* all that ever was */
    struct fl_load seen;     /* what producers know of `released` */
    char apart2[FL_CACHE_LINE];
    _Atomic uint64_t appended;
    char apart3[FL_CACHE_LINE];

    /* Consumers'. */
    struct fl_lock head_lock;
    struct fl_chunk *head;
    size_t head_taken;       /* events of the head that are gone */
    struct fl_lot *returned; /* by number */
    uint64_t next;           /* number of the first event that was never taken */
    uint64_t known;          /* what consumers know of `appended` */
    char apart4[FL_CACHE_LINE];
    _Atomic uint64_t held; /* taken and not returned */
    struct {
        _Atomic uint64_t events, bytes, bodies;
    } released; /* all that ever was */
    char apart5[FL_CACHE_LINE];

    _Atomic(struct fl_chunk *) drained; /* one that producers may use again */
};

int fl_queue_init(struct fl_queue *queue, const flow_allocator *mem, const struct fl_load *most);

/* Frees the queue and the references to what is in it. */
void fl_queue_destroy(struct fl_queue *queue);

/* Makes room for LOAD: FLOW_EFULL when there is none now, FLOW_ENOMEM. */
int fl_queue_reserve(struct fl_queue *queue, const struct fl_load *load);

/* Gives back what was reserved and not appended. */
void fl_queue_unreserve(struct fl_queue *queue, const struct fl_load *load);

/* Appends COUNT events, for which room is reserved, with the caller's references.  Returns the
 * number behind the last of them. */
uint64_t fl_queue_append(struct fl_queue *queue, const flow_event *const *events, size_t count);

/* Numbers that are wanted: `from` and those behind it that are less than `below`. */
struct fl_span {
    uint64_t from;
    uint64_t below;
};

/*
 * Takes up to MAX events that lie behind each other and that SPAN has into a lot: *LOT, or a larger
 * one in its place, or one of the queue's.  Its count is 0 when there are none, or others come
 * first.  FLOW_ENOMEM takes nothing.
 */
int fl_queue_take(struct fl_queue *queue, const struct fl_span *span, size_t max,
                  struct fl_lot **lot);

/* Whether every event below NUMBER was taken, and none of them returned since. */
int fl_queue_passed(struct fl_queue *queue, uint64_t number);

/* Returns a list of lots, each to its place. */
void fl_queue_return(struct fl_queue *queue, struct fl_lot *lots);

/* Frees the room of what was taken. */
void fl_queue_release(struct fl_queue *queue, const struct fl_load *load);

/* What is reserved and not released. */
struct fl_load fl_queue_load(struct fl_queue *queue);

/* How many events can be taken. */
uint64_t fl_queue_size(const struct fl_queue *queue);

/* A lot with room for CAPACITY events: LOT, which may be NULL, or a larger one with the events of
 * LOT in its place; NULL without memory, LOT as it was then. */
struct fl_lot *fl_lot_grow(const flow_allocator *mem, struct fl_lot *lot, size_t capacity);

#endif
