/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CHANNELS_DISK_H
#define FL_CHANNELS_DISK_H

/*
 * A store as the channels that have one use it: opened by their settings, see log_properties.inc,
 * and bounded in events.
 */

#include <stdatomic.h>

#include <flow/channel.h>

#include "channels/disk_keys.h"
#include "store/store.h"

struct fl_disk {
    flow_context *ctx;
    const flow_allocator *mem;
    uint64_t capacity;
    int64_t retain_ms; /* see struct fl_store_options; set before it is opened */
    uint64_t retain_bytes;
    struct fl_disk_keys keys; /* while it is open, as the next */
    struct fl_store *store;
    struct fl_cursor *cursor;  /* of takes that name no other; NULL: nobody takes so */
    _Atomic uint64_t reserved; /* put and not committed */
    flow_counter *put_errors, *take_errors;
    flow_counter *open, *closed;
};

/* What a transaction has taken.  All zeroes: nothing. */
struct fl_disk_taken {
    struct fl_lot_ref *lots;
    struct fl_cursor *cursor; /* through which it takes; NULL: the log's */
};

/* Whether the settings fit together; KEY is the one that says how many events the log holds. */
int fl_disk_check(const flow_context *ctx, const char *key, flow_error **err);

/* A log that is not open.  CAPACITY is in events. */
void fl_disk_init(struct fl_disk *log, flow_context *ctx, uint64_t capacity);

/* Both block: as long as the disk does.  The log that is open has no cursor yet. */
int fl_disk_open(struct fl_disk *log, flow_error **err);
int fl_disk_close(struct fl_disk *log, flow_error **err);

/* Lets takes that name no cursor have the one that is called "". */
int fl_disk_use_first(struct fl_disk *log, flow_error **err);

/* Makes room for COUNT events: FLOW_EFULL when there is none now. */
int fl_disk_reserve(struct fl_disk *log, uint64_t count);
void fl_disk_unreserve(struct fl_disk *log, uint64_t count);

/*
 * Appends PUT, for whose events room is reserved, durably.  On failure the room is still reserved.
 * The caller keeps its references.
 *
 * Blocks: as long as the disk does.
 */
int fl_disk_append(struct fl_disk *log, struct fl_put *put, flow_error **err);

/* Takes up to MAX events with offsets less than BELOW, through the cursor that TAKEN has. */
int fl_disk_take(struct fl_disk *log, uint64_t below, size_t max, const flow_event **events,
                 size_t *count, struct fl_disk_taken *taken, flow_error **err);

/* Makes what was taken gone and MARKS stored, which may be NULL, as fl_cursor_commit does; blocks
 * as long as the disk does. */
int fl_disk_commit(struct fl_disk *log, struct fl_disk_taken *taken, struct fl_buf *marks,
                   flow_error **err);

/* Tells where what was taken comes from; see fl_cursor_spans. */
int fl_disk_spans(const struct fl_disk *log, const struct fl_disk_taken *taken, flow_span_fn fn,
                  void *arg);

/* Returns what was taken to its place. */
void fl_disk_return(struct fl_disk *log, struct fl_disk_taken *taken);

/* The same when it could not be delivered, for REASON; see fl_cursor_reject. */
void fl_disk_reject(struct fl_disk *log, struct fl_disk_taken *taken, const char *reason);

/* How many events can be taken by those that name no cursor. */
uint64_t fl_disk_size(const struct fl_disk *log);

#endif
