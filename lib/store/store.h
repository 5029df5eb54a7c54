/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_STORE_H
#define FL_STORE_STORE_H

/*
 * A durable log of events in one or several folders, read by cursors.  What fl_store_put has
 * returned FLOW_OK for survives a crash of process and machine, and so does what a cursor has
 * committed.
 *
 *     data folders    segments: puts, and what cursors acknowledged, in order
 *     control folder  where reading has to begin after a crash, see control.h
 *
 * Offsets count the events that were ever put; a put that failed may leave a gap.
 */

#include "store/cursor.h"
#include "store/env.h"
#include "store/positions.h"
#include "store/spans.h"

struct fl_store_options {
    flow_context *ctx;
    const struct fl_io *io;
    const char *control; /* folder */
    const char *backup;  /* folder of a second copy, or NULL */
    const char *const *folders;
    size_t folder_count;
    uint64_t segment_size;
    uint64_t required_space;
    uint64_t memory;       /* bytes of recent events that are kept */
    int64_t checkpoint_ms; /* between two checkpoints while something changes */
    int64_t sync_ms;       /* between two syncs; 0: every commit is synced */
    int level;             /* of the compression of puts, 1 to 19; 0: they are not compressed */
    struct fl_sealing *sealing; /* keys, which outlive the store, or NULL: nothing is encrypted */
    int64_t retain_ms;     /* how long events are kept that all cursors are done with; 0: not */
    uint64_t retain_bytes; /* how much of the log is; 0: any, while the time allows it */
    int checkpoint_on_close;
    int manual; /* there is no thread: whoever uses the store calls fl_store_tend */

    /* Called when events became visible that whoever put them was not told of. */
    void (*visible)(void *self);
    void *self;
};

struct fl_store;

/* Opens the folders, making them where they are missing, and recovers what is in them. */
int fl_store_open(const struct fl_store_options *options, struct fl_store **store,
                  flow_error **err);

/* Closes it; nobody uses it any more.  An error says what could not be written; all is freed. */
int fl_store_close(struct fl_store *store, flow_error **err);

/* What is put at once. */
struct fl_put {
    const flow_event *const *events;
    size_t count;
    struct fl_buf *positions; /* or NULL */
    struct fl_claim *claim;   /* of the store's, or NULL; ends when the put succeeds */
    uint64_t end;             /* set by the put: the offset behind the last of the events */
};

/*
 * Appends COUNT events, of which it keeps references, together with POSITIONS, which
 * fl_position_append made and which are changed, and returns when both are durable; either may be
 * none.
 *
 * Blocks: as long as the disk does.
 */
int fl_store_put(struct fl_store *store, const flow_event *const *events, size_t count,
                 struct fl_buf *positions, flow_error **err);

/* As fl_store_put, which tells where the events are. */
int fl_store_put_at(struct fl_store *store, struct fl_put *put, flow_error **err);

/* As fl_spans_claim. */
int fl_store_claim(struct fl_store *store, const flow_span *list, size_t count,
                   struct fl_claim *claim, uint8_t *keep);

/* Ends a claim of which nothing is put. */
void fl_store_disclaim(struct fl_store *store, struct fl_claim *claim);

/* Calls FN with the position of KEY, or with all when that is NULL. */
int fl_store_positions(struct fl_store *store, const void *key, size_t key_size,
                       flow_position_fn fn, void *arg);

/* The offset behind the last event that can be taken. */
uint64_t fl_store_visible(const struct fl_store *store);

/* Does what is due now, in place of the thread: checkpoints, syncs, files for later. */
void fl_store_tend(struct fl_store *store);

/* ---- cursors; they stay valid until the store is closed, also when they were removed ---- */

/* Where a cursor begins. */
enum fl_place_kind {
    FL_AT_EARLIEST, /* the first offset from which on nothing was given up */
    FL_AT_LATEST,   /* behind all that can be taken */
    FL_AT_OFFSET,   /* `offset`, as far as it is between these */
    FL_AT_TIME,     /* at the first event that was put at `time` or later */
};

struct fl_place {
    enum fl_place_kind kind;
    uint64_t offset;
    int64_t time; /* ms since 1970 */
};

/* A cursor to be made. */
struct fl_cursor_plan {
    const char *name;
    struct fl_place from;
    struct fl_terms terms;
};

/* The most cursors of a store, and the longest name of one. */
#define FL_CURSORS_MOST 1000u
#define FL_CURSOR_NAME 64u

/* The cursor called NAME, made at the beginning of the log when there is none; the store's. */
int fl_store_cursor(struct fl_store *store, const char *name, struct fl_cursor **cursor,
                    flow_error **err);

/* The cursor called NAME, or NULL. */
struct fl_cursor *fl_store_find_cursor(struct fl_store *store, const char *name);

/* The cursor whose name follows AFTER in the order of bytes, or, when that is NULL, the first. */
struct fl_cursor *fl_store_next_cursor(struct fl_store *store, const char *after);

/*
 * Changes of cursors.  Each is durable when it returns FLOW_OK, and otherwise did not happen; what
 * a crash interrupts has happened or not.  They block as long as the disk does, and to look for a
 * time as long as it takes to read one segment of each folder.
 */

/* Makes a cursor; FLOW_EEXIST when there is one of that name. */
int fl_store_add_cursor_at(struct fl_store *store, const struct fl_cursor_plan *plan,
                           struct fl_cursor **cursor, flow_error **err);

/* Moves CURSOR, forwards or back, and stores in *OFFSET where to.  What was taken and not committed
 * is void: see cursor.h. */
int fl_store_seek(struct fl_cursor *cursor, const struct fl_place *to, uint64_t *offset,
                  flow_error **err);
int fl_store_set_terms(struct fl_cursor *cursor, const struct fl_terms *terms, flow_error **err);

/* FLOW_ESTATE for the only one, since without any nobody knows what is needed of the log. */
int fl_store_remove_cursor(struct fl_cursor *cursor, flow_error **err);

/* What there is to know of a cursor. */
struct fl_cursor_info {
    const char *name;
    struct fl_terms terms;
    uint64_t offset;  /* of the first event that it is not done with */
    uint64_t waiting; /* events that it has not taken */
    uint64_t held;    /* these, and those that it took and is not done with */
    uint64_t bytes;   /* of the log from `offset` on, reckoned by the segments */
    uint64_t skipped;
    uint64_t letters; /* dead ones */
};

void fl_cursor_look(struct fl_cursor *cursor, struct fl_cursor_info *info);

/* How much of CAPACITY events the slowest of those cursors has used up that hold up the puts. */
uint64_t fl_store_used(struct fl_store *store, uint64_t capacity);

/* How many cursors hold up the puts. */
uint32_t fl_store_blockers(const struct fl_store *store);

/* Stores in *OFFSET that of the first event from which on nothing was given up. */
int fl_store_earliest(struct fl_store *store, uint64_t *offset, flow_error **err);

#endif
