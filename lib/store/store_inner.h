/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_STORE_INNER_H
#define FL_STORE_STORE_INNER_H

/* The inside of a store, shared by the files it is made of. */

#include "base/stash.h"
#include "base/thread.h"
#include "store/control.h"
#include "store/folder_lock.h"
#include "store/positions.h"
#include "store/spans.h"
#include "store/store.h"
#include "store/stripe.h"

/* Runs that can be taken from memory: everything visible from the first one's offset on. */
struct fl_recent {
    struct fl_run *oldest, *newest;
    uint64_t first; /* below this nothing is in memory */
    uint64_t weight;
    uint64_t most; /* bytes */
};

/* The thread that checkpoints, recycles segments and prepares new ones. */
struct fl_keeper {
    struct fl_thread thread;
    struct fl_gate gate;
    _Atomic int stopping;
    _Atomic int wanted; /* a checkpoint, soon */
    _Atomic int idle;   /* sleeps until something changes */
    _Atomic uint64_t changes;
    uint64_t seen;           /* of these at the last checkpoint */
    uint64_t state_epoch;    /* the segment that holds the latest state */
    int64_t checkpoint_due;  /* FL_NEVER: nothing has changed */
    int64_t sync_due;
    _Atomic int64_t retain_due; /* when time is over for a segment that only that keeps */
    uint64_t spare_number;
    flow_counter *failures;
};

struct fl_store {
    struct fl_store_env env;
    struct fl_store_options options; /* its texts are the store's own */
    struct fl_stripe *stripes;
    size_t stripe_count;
    struct fl_vec locks; /* of struct fl_folder_lock */
    _Atomic uint32_t turn;
    struct fl_stash workspaces; /* of struct fl_workspace, to use again */
    struct fl_positions positions;
    struct fl_spans spans;
    struct fl_vec lives; /* of struct fl_life, by offset; they do not change while it is open */

    struct fl_lock lock; /* for all that follows; taken inside the locks of stripes and cursors */
    uint64_t next_offset;
    struct fl_run *pending, **pending_end; /* puts in order, until their outcome is known */
    struct fl_recent recent;
    struct fl_cursor *cursors; /* changed under the checkpoint's lock too */
    struct fl_cursor *removed; /* kept since somebody may still have them */
    uint32_t cursor_count;
    uint32_t next_id;
    int has_skipped_ids; /* since it was opened */
    uint64_t next_letter;
    _Atomic uint32_t blockers;
    _Atomic uint64_t visible; /* behind the last offset that can be taken */

    struct fl_lock checkpoint_lock; /* one at a time; taken before all others */
    uint64_t generation;
    uint64_t released; /* see struct fl_state */
    struct fl_keeper keeper;
};

/* Whose events begin at the `first` of its origin, and end where the next life begins. */
struct fl_life {
    struct fl_origin origin;
    uint64_t epoch; /* of one of its segments; of two that begin there, the later has the events */
};

/* What a put needs to become a frame. */
struct fl_workspace {
    struct fl_buf bytes;
    struct fl_packer *packer; /* NULL until it is needed */
};

void fl_workspace_free(struct fl_store *store, struct fl_workspace *workspace);

/* Which stripe writes next. */
struct fl_stripe *fl_store_stripe(struct fl_store *store);

/* Notes that there is something for the next checkpoint. */
void fl_store_changed(struct fl_store *store);

/*
 * Moves the cursor's `run` to the one in memory that holds its `next` or follows it.  Returns 1, or
 * 0 when there is none, in which case `run` is NULL; *BELOW is then where memory begins, which is
 * at `next` when there is nothing more.
 */
int fl_recent_find(struct fl_cursor *cursor, uint64_t *below);

/* Adds a run that is visible from now on, with the caller's reference. */
void fl_recent_add(struct fl_recent *recent, struct fl_run *run);
void fl_recent_free(struct fl_recent *recent);

/* Finds segments, reads what a crash left open and fills in the cursors. */
int fl_store_recover(struct fl_store *store, flow_error **err);

/* While it recovers: notes of which life the segment of FRONT is. */
int fl_store_note_life(struct fl_store *store, const struct fl_segment_front *front);

/* Then: begins another life, at the next offset, and puts those before it in order. */
int fl_store_begin_life(struct fl_store *store, flow_error **err);

/* Writes where things stand; CLEAN: for the last time. */
int fl_store_checkpoint(struct fl_store *store, int clean, flow_error **err);

/* What the next state says of a cursor that memory does not know yet. */
enum fl_change_kind {
    FL_CHANGE_ADD, /* the cursor, which is not in the list */
    FL_CHANGE_MOVE,
    FL_CHANGE_TERMS,
    FL_CHANGE_REMOVE,
};

struct fl_change {
    enum fl_change_kind kind;
    struct fl_cursor *cursor;
    uint32_t id; /* of a move, as the next */
    uint64_t watermark;
    struct fl_terms terms;
};

/* Under the checkpoint's lock: makes CHANGE durable.  Memory is for the caller to change. */
int fl_store_write_change(struct fl_store *store, const struct fl_change *change, flow_error **err);

/* Puts CURSOR among those of the store. */
void fl_store_add_cursor(struct fl_store *store, struct fl_cursor *cursor);

/* The offset of PLACE.  Under the checkpoint's lock, so that no segment goes meanwhile. */
int fl_store_find_place(struct fl_store *store, const struct fl_place *place, uint64_t *offset,
                        flow_error **err);

/* ---- retention, see retain.c ---- */

/* Makes every cursor that skips keep to its limits, and tells in the log what was given up. */
void fl_store_obey_limits(struct fl_store *store);

/* Under the cursor's lock: the same for one, as far as it is about events. */
void fl_cursor_obey_limit(struct fl_cursor *cursor);

/* The bytes of the log from OFFSET on, reckoned by the segments. */
uint64_t fl_store_bytes_behind(struct fl_store *store, uint64_t offset);

/* Writes the letters anew that are in segments which could go otherwise.  Under the checkpoint's
 * lock, before the state is noted. */
void fl_store_move_letters(struct fl_store *store);

/* Whether a letter lies in the segment EPOCH. */
int fl_store_has_letters(struct fl_store *store, uint64_t epoch);

/* What decides whether a segment may go. */
struct fl_verge {
    uint64_t floor;
    uint64_t keep;  /* the segment that has the latest state */
    uint64_t total; /* bytes of all segments */
    int64_t now;
    int64_t due; /* when the next one may go, in ms from now; -1: nobody knows */
};

struct fl_verge fl_store_verge(struct fl_store *store, uint64_t floor);

/* Whether nothing of SEGMENT is needed, or kept for later.  Under the stripe's lock. */
int fl_segment_is_spent(const struct fl_store *store, const struct fl_segment *segment,
                        struct fl_verge *verge);

/* Frees the segments of which nothing is needed, nor kept for later; FLOOR and CONTROL are as they
 * were written. */
void fl_store_release(struct fl_store *store, uint64_t floor, const struct fl_control *control);

int fl_keeper_start(struct fl_store *store, flow_error **err);
void fl_keeper_stop(struct fl_store *store);

#endif
