/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_CURSOR_H
#define FL_STORE_CURSOR_H

/*
 * Where a consumer stands in the log: everything below its watermark is acknowledged, and single
 * ranges above it.  Takes go on from `next`; what is returned is taken again first.
 *
 * A cursor that is moved begins a new life: it gets another id.  What was taken in an earlier life
 * is void: when it is committed or returned nothing changes, and what the log says of the old id
 * is nobody's.
 */

#include <flow/span.h>

#include "base/buf.h"
#include "base/thread.h"
#include "store/ranges.h"
#include "store/run.h"
#include "store/state.h"

struct fl_store;
struct fl_reader;

/* Events of one take that lie behind each other in one run. */
struct fl_lot_ref {
    struct fl_lot_ref *next;
    struct fl_run *run;
    size_t index;
    size_t count;
    uint32_t id;       /* the cursor's then */
    uint32_t failures; /* deliveries of all of it that failed */
    int letter;        /* it is a dead letter that was returned: long acknowledged */
};

static inline uint64_t fl_lot_first(const struct fl_lot_ref *lot)
{
    return lot->run->first + lot->index;
}

struct fl_cursor {
    struct fl_cursor *next_cursor;
    struct fl_store *store;
    char *name; /* "" for the one that sinks without a name of their own share */

    struct fl_lock lock; /* for all that follows */
    uint32_t id;         /* 0: it was removed */
    struct fl_terms terms;
    uint64_t watermark;
    uint64_t horizon;            /* see fl_cursor_horizon */
    uint64_t noted;              /* the watermark that the latest state has, or is to have */
    uint64_t overtaken;          /* events in somebody's hands that were given up */
    struct fl_ranges acked;      /* above it */
    size_t pledged;              /* ranges that commits under way will add */
    uint64_t next;               /* never taken from here on */
    struct fl_run *run;          /* the one `next` lies in, or before */
    struct fl_lot_ref *returned; /* in order */
    struct fl_lot_ref *spare;    /* to use again */
    struct fl_reader *reader;    /* for what is not in memory; NULL until it is needed */
    struct fl_vec letters;       /* of struct fl_letter, in the order of their numbers */
    size_t probe;                /* events of a take while one is sought that cannot be delivered */
    uint64_t skipped;            /* events that were given up for it */
    uint64_t told;               /* of these in the log of messages */
    int64_t tell_at;             /* the next time */

    uint64_t passed; /* memory below here is not needed any more; under the store's lock */

    /* Offsets that are below what is visible and not to be taken: size = visible - this. */
    _Atomic uint64_t gone;

    /* Offsets that it is done with: what it needs = visible - this. */
    _Atomic uint64_t settled;

    /* The same as `terms` says, to be read without the lock. */
    _Atomic int paused;
    _Atomic int blocks;
    _Atomic uint64_t max_events;

    /* After so many deliveries that failed an event becomes a dead letter; 0: never. */
    _Atomic uint32_t max_deliveries;
};

int fl_cursor_new(struct fl_store *store, const char *name, uint32_t id, struct fl_cursor **cursor,
                  flow_error **err);
void fl_cursor_free(struct fl_cursor *cursor);

/* Once `terms`, watermark and `acked` are set: begins to take there. */
void fl_cursor_begin(struct fl_cursor *cursor);

/* How many events wait for it, whether it is paused or not. */
uint64_t fl_cursor_size(const struct fl_cursor *cursor);

/* How many events it is not done with: those that wait, and those that were taken. */
uint64_t fl_cursor_held(const struct fl_cursor *cursor);

/* Under the cursor's lock: its terms are TERMS from now on. */
void fl_cursor_set_terms(struct fl_cursor *cursor, const struct fl_terms *terms);

/* Begins a new life with ID at WATERMARK; 0 ends it. */
void fl_cursor_move(struct fl_cursor *cursor, uint32_t id, uint64_t watermark);

/*
 * Under the cursor's lock: gives up what is not acknowledged below OFFSET, which is not above what
 * is visible, and counts it.  What somebody has in hand counts when it is returned.
 */
void fl_cursor_give_up(struct fl_cursor *cursor, uint64_t offset);

/*
 * Takes up to MAX events, in order, and stores them in EVENTS; they are lent by the lots, which
 * are put in front of *LOTS, newest first.  None when the cursor is paused or was removed.
 */
int fl_cursor_take(struct fl_cursor *cursor, size_t max, const flow_event **events, size_t *count,
                   struct fl_lot_ref **lots, flow_error **err);

/* As fl_cursor_take, but only events whose offsets are less than BELOW. */
int fl_cursor_take_below(struct fl_cursor *cursor, uint64_t below, size_t max,
                         const flow_event **events, size_t *count, struct fl_lot_ref **lots,
                         flow_error **err);

/* Whether every event below OFFSET was taken, and none of them returned since. */
int fl_cursor_passed(struct fl_cursor *cursor, uint64_t offset);

/*
 * Under its lock: below this offset nothing is taken any more, in this life of the cursor, nor in
 * anybody's hands; but for dead letters.  A crash does not change that.
 */
uint64_t fl_cursor_horizon(struct fl_cursor *cursor);

/*
 * Tells where the events of LOTS come from, in their order, as spans: of one key are those of one
 * life of the log and one of the cursor.  A dead letter that was returned has no number.  Before
 * them come spans without events, that close keys of earlier lives.
 */
int fl_cursor_spans(struct fl_cursor *cursor, const struct fl_lot_ref *lots, flow_span_fn fn,
                    void *arg);

/*
 * Makes the events of *LOTS gone and MARKS stored, durably and at once, and frees the lots; on
 * failure those that are not void are as they were.  MARKS, which fl_position_append made and which
 * are changed, may be none; they are stored also when all lots are void.
 */
int fl_cursor_commit(struct fl_cursor *cursor, struct fl_lot_ref **lots, struct fl_buf *marks,
                     flow_error **err);

/* Returns the events of *LOTS to their place. */
void fl_cursor_return(struct fl_cursor *cursor, struct fl_lot_ref **lots);

/*
 * The same when they could not be delivered, for REASON.  Once that has happened to all of them as
 * often as the cursor allows, takes have fewer and fewer of them, until there is the one that
 * fails; it becomes a dead letter.
 *
 * Blocks: as long as the disk does, when there is a dead letter.
 */
void fl_cursor_reject(struct fl_cursor *cursor, struct fl_lot_ref **lots, const char *reason);

/*
 * Finds the dead letter with the smallest offset from FROM on; FLOW_ENOENT, without an error, when
 * there is none.  REASON, unless NULL, gets the reason and *RUN the event, the caller's.
 *
 * Blocks: as the next.
 */
int fl_cursor_letter(struct fl_cursor *cursor, uint64_t from, struct fl_letter *letter,
                     struct fl_buf *reason, struct fl_run **run, flow_error **err);

/* Lets the dead letter at OFFSET be taken again; one that was is passed over.  FLOW_ENOENT.  It is
 * a letter until it is committed.  Blocks: on the disk, and for a checkpoint under way. */
int fl_cursor_replay(struct fl_cursor *cursor, uint64_t offset, flow_error **err);

/* ---- for the files that a cursor is made of; the first two take its lock ---- */

/* Makes room for the ranges of *LOTS, whose number it stores; drops those that are void. */
int fl_cursor_pledge(struct fl_cursor *cursor, struct fl_lot_ref **lots, size_t *count);
void fl_cursor_unpledge(struct fl_cursor *cursor, size_t count);

/* Everything is durable: notes it, for which room was reserved.  What was given up meanwhile counts
 * as settled already; what was delivered is no letter any more. */
void fl_cursor_acknowledge(struct fl_cursor *cursor, struct fl_lot_ref **lots, size_t count);

/* As fl_cursor_return, under its lock. */
void fl_cursor_return_locked(struct fl_cursor *cursor, struct fl_lot_ref **lots);

/* Puts LOT among those that were returned, by offset.  Under its lock. */
void fl_cursor_insert(struct fl_cursor *cursor, struct fl_lot_ref *lot);

/* Frees what is void of *LOTS.  Under its lock. */
void fl_cursor_drop_void(struct fl_cursor *cursor, struct fl_lot_ref **lots);

/* Whether its deliveries have failed so often that it may hold an event that cannot be delivered.
 */
static inline int fl_lot_is_suspect(const struct fl_cursor *cursor, const struct fl_lot_ref *lot)
{
    uint32_t most = atomic_load_explicit(&cursor->max_deliveries, memory_order_relaxed);

    return most && lot->failures >= most;
}

/* A lot of COUNT events of RUN from INDEX on; NULL without memory. */
struct fl_lot_ref *fl_lot_new(struct fl_cursor *cursor, struct fl_run *run, size_t index,
                              size_t count);

#endif
