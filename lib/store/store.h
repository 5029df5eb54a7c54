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

/* Calls FN with the position of KEY, or with all when that is NULL. */
int fl_store_positions(struct fl_store *store, const void *key, size_t key_size,
                       flow_position_fn fn, void *arg);

/* The offset behind the last event that can be taken. */
uint64_t fl_store_visible(const struct fl_store *store);

/* Does what is due now, in place of the thread: checkpoints, syncs, files for later. */
void fl_store_tend(struct fl_store *store);

/* The cursor called NAME, made at the beginning of the log when there is none; the store's. */
int fl_store_cursor(struct fl_store *store, const char *name, struct fl_cursor **cursor,
                    flow_error **err);

#endif
