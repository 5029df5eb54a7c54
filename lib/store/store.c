/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Puts.  Offsets are given out in the order in which frames are queued.  A put becomes visible once
 * it and all before it are known to be durable or to have failed, so that cursors never see a later
 * event first.
 */

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "core/context.h"
#include "store/payload.h"
#include "store/reader.h"

/* run->state, while it is among the pending. */
#define RUN_WAITING 10
#define RUN_DURABLE 11
#define RUN_FAILED 12

/* What a run costs in memory besides its bytes on disk, for each event. */
#define EVENT_WEIGHT 64u

struct fl_stripe *fl_store_stripe(struct fl_store *store)
{
    if (store->stripe_count == 1)
        return store->stripes;
    return &store->stripes[atomic_fetch_add(&store->turn, 1) % store->stripe_count];
}

void fl_store_changed(struct fl_store *store)
{
    struct fl_keeper *keeper = &store->keeper;

    atomic_fetch_add(&keeper->changes, 1);
    if (atomic_load(&keeper->idle) && atomic_exchange(&keeper->idle, 0))
        fl_gate_open(&keeper->gate);
}

/* ---- visibility ---- */

/* Called in the order of the frames. */
static void give_offset(void *arg, struct fl_entry *entry)
{
    struct fl_run *run = arg;
    struct fl_store *store = run->store;

    fl_lock(&store->lock);
    run->first = store->next_offset;
    entry->frame.first = run->first;
    store->next_offset += run->count;
    entry->needed = store->next_offset;
    run->state = RUN_WAITING;
    run->next = NULL;
    *store->pending_end = run;
    store->pending_end = &run->next;
    fl_unlock(&store->lock);
}

static struct fl_run *pop_pending(struct fl_store *store)
{
    struct fl_run *run = store->pending;

    store->pending = run->next;
    if (!store->pending)
        store->pending_end = &store->pending;
    return run;
}

/* Notes the outcome of RUN and makes visible what waits for nothing more.  Returns 1 when that is
 * more than RUN, or not RUN itself. */
static int settle(struct fl_store *store, struct fl_run *run, int outcome)
{
    struct fl_run *failed = NULL;
    int others = 0;

    fl_lock(&store->lock);
    run->state = outcome;
    while (store->pending && store->pending->state != RUN_WAITING) {
        struct fl_run *next = pop_pending(store);
        if (next->state == RUN_FAILED) {
            next->next = failed;
            failed = next;
            continue;
        }
        others |= next != run;
        atomic_store_explicit(&store->visible, fl_run_end(next), memory_order_release);
        fl_recent_add(&store->recent, next);
    }
    fl_unlock(&store->lock);
    for (struct fl_run *next; failed; failed = next) {
        next = failed->next;
        fl_run_unref(failed);
    }
    return others;
}

/* ---- putting ---- */

/* Serializes the events of RUN into a buffer, which may be one that was used before. */
static int serialize(struct fl_store *store, const struct fl_run *run, struct fl_entry *entry,
                     struct fl_buf **buffer, flow_error **err)
{
    uint64_t size = fl_payload_size(run->events, run->count);
    uint32_t crc = 0;

    if (size > FL_FRAME_MAX)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "the events of a transaction have %llu bytes, of which a durable "
                               "channel takes at most %u; put fewer at once",
                               (unsigned long long)size, FL_FRAME_MAX);
    struct fl_buf *buf = fl_stash_take(&store->buffers);
    if (!buf && (buf = fl_alloc(store->env.mem, sizeof *buf)))
        fl_buf_init(buf, store->env.mem);
    *buffer = buf;
    uint8_t *bytes = NULL;
    if (buf) {
        fl_buf_clear(buf);
        bytes = fl_buf_reserve(buf, (size_t)FL_FRAME_ROUND(size));
    }
    if (!bytes)
        return fl_error_nomem(err);
    uint8_t *end = fl_payload_write(bytes, run->events, run->count, &crc);
    memset(end, 0, (size_t)(FL_FRAME_ROUND(size) - size));
    *entry = (struct fl_entry){.payload = bytes};
    entry->frame.type = FL_FRAME_PUT;
    entry->frame.size = (uint32_t)size;
    entry->frame.count = (uint32_t)run->count;
    entry->frame.time = flow_context_time(store->env.ctx);
    entry->frame.crc = crc;
    return FLOW_OK;
}

static void free_buffer(struct fl_store *store, struct fl_buf *buffer)
{
    if (!buffer || !fl_stash_leave(&store->buffers, buffer))
        return;
    fl_buf_free(buffer);
    fl_free(store->env.mem, buffer);
}

static int write_run(struct fl_store *store, struct fl_run *run, struct fl_entry *entry,
                     flow_error **err)
{
    struct fl_stripe *stripe = fl_store_stripe(store);
    int rc = fl_stripe_write(stripe, entry, give_offset, run, err);
    int others = settle(store, run, rc ? RUN_FAILED : RUN_DURABLE);

    fl_stripe_land(stripe, entry);
    fl_store_changed(store);
    if (others)
        store->options.visible(store->options.self);
    return rc;
}

int fl_store_put(struct fl_store *store, const flow_event *const *events, size_t count,
                 flow_error **err)
{
    struct fl_run *run = fl_run_new(store->env.mem, count);
    struct fl_buf *buffer = NULL;
    struct fl_entry entry;

    if (!run)
        return fl_error_nomem(err);
    run->store = store;
    int rc = flow_events_keep(events, count, run->events, err);
    if (!rc) {
        run->count = count;
        rc = serialize(store, run, &entry, &buffer, err);
    }
    if (rc) {
        fl_run_unref(run);
    } else {
        run->weight = entry.frame.size + count * EVENT_WEIGHT;
        rc = write_run(store, run, &entry, err); /* `run` is the store's now */
    }
    free_buffer(store, buffer);
    return rc;
}

/* ---- cursors ---- */

static struct fl_cursor *find_cursor(struct fl_store *store, const char *name)
{
    struct fl_cursor *cursor = store->cursors;

    while (cursor && strcmp(cursor->name, name))
        cursor = cursor->next_cursor;
    return cursor;
}

static uint64_t oldest_offset(struct fl_store *store)
{
    uint64_t first = atomic_load(&store->visible);

    for (size_t i = 0; i < store->stripe_count; i++) {
        struct fl_stripe *stripe = &store->stripes[i];
        fl_lock(&stripe->lock);
        if (stripe->oldest && stripe->oldest->first < first)
            first = stripe->oldest->first;
        fl_unlock(&stripe->lock);
    }
    return first;
}

int fl_store_cursor(struct fl_store *store, const char *name, struct fl_cursor **cursor,
                    flow_error **err)
{
    fl_lock(&store->lock);
    struct fl_cursor *found = find_cursor(store, name);
    uint32_t id = store->next_id;
    fl_unlock(&store->lock);
    if (found) {
        *cursor = found;
        return FLOW_OK;
    }
    int rc = fl_cursor_new(store, name, id, &found, err);
    if (rc)
        return rc;
    found->watermark = oldest_offset(store);
    fl_cursor_begin(found);
    fl_lock(&store->lock);
    store->next_id = id + 1;
    found->next_cursor = store->cursors;
    store->cursors = found;
    fl_unlock(&store->lock);
    *cursor = found;
    return fl_store_checkpoint(store, 0, err);
}
