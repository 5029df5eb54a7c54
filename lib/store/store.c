/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Puts.  Offsets are given out in the order in which frames are queued.  A put becomes visible once
 * it and all before it are known to be durable or to have failed, so that cursors never see a later
 * event first.  A put of positions alone takes part in all that, with no event.
 */

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "codec/pack.h"
#include "core/context.h"
#include "store/payload.h"
#include "store/reader.h"

/* run->state, while it is among the pending. */
#define RUN_WAITING 10
#define RUN_DURABLE 11
#define RUN_FAILED 12

/* Fewer bytes are not worth compressing. */
#define PACK_LEAST 64u

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
    entry->needed = run->count ? store->next_offset : 0;
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
    struct fl_run *useless = NULL;
    int others = 0;

    fl_lock(&store->lock);
    run->state = outcome;
    while (store->pending && store->pending->state != RUN_WAITING) {
        struct fl_run *next = pop_pending(store);
        if (next->state == RUN_FAILED || !next->count) {
            next->next = useless;
            useless = next;
            continue;
        }
        others |= next != run;
        atomic_store_explicit(&store->visible, fl_run_end(next), memory_order_release);
        fl_recent_add(&store->recent, next);
    }
    fl_unlock(&store->lock);
    for (struct fl_run *next; useless; useless = next) {
        next = useless->next;
        fl_run_unref(useless);
    }
    return others;
}

/* ---- putting ---- */

/* What is put at once. */
struct put {
    struct fl_run *run;
    struct fl_buf *positions; /* or NULL */
    struct fl_claim *claim;   /* or NULL */
    struct fl_workspace *workspace;
    struct fl_entry entry;
};

static size_t positions_size(const struct put *put)
{
    return put->positions ? put->positions->size : 0;
}

static size_t spans_size(const struct put *put)
{
    return put->claim ? put->claim->records.size : 0;
}

static struct fl_workspace *take_workspace(struct fl_store *store)
{
    struct fl_workspace *workspace = fl_stash_take(&store->workspaces);

    if (!workspace && (workspace = fl_zalloc(store->env.mem, sizeof *workspace)))
        fl_buf_init(&workspace->bytes, store->env.mem);
    return workspace;
}

void fl_workspace_free(struct fl_store *store, struct fl_workspace *workspace)
{
    fl_buf_free(&workspace->bytes);
    fl_packer_free(workspace->packer);
    fl_free(store->env.mem, workspace);
}

/* SIZE bytes, rounded up, and as many for what they are compressed to; NULL without memory. */
static uint8_t *take_room(struct fl_store *store, struct put *put, uint64_t size)
{
    size_t room = (size_t)FL_FRAME_ROUND(size);

    put->workspace = take_workspace(store);
    if (!put->workspace)
        return NULL;
    fl_buf_clear(&put->workspace->bytes);
    return fl_buf_reserve(&put->workspace->bytes, store->env.level ? 2 * room : room);
}

static void leave_workspace(struct fl_store *store, struct fl_workspace *workspace)
{
    if (workspace && fl_stash_leave(&store->workspaces, workspace))
        fl_workspace_free(store, workspace);
}

/* Compresses the SIZE bytes of a put, unless they do not get less; then they are written as they
 * are, as without memory. */
static void pack(struct fl_store *store, struct put *put, uint8_t *bytes, size_t size)
{
    struct fl_workspace *workspace = put->workspace;
    struct fl_frame *frame = &put->entry.frame;
    uint8_t *out = bytes + FL_FRAME_ROUND(size);

    if (!workspace->packer)
        workspace->packer = fl_packer_new(store->env.mem, store->env.level);
    size_t packed =
        workspace->packer ? fl_packer_pack(workspace->packer, bytes, size, out, size - 1) : 0;
    if (!packed)
        return;
    memset(out + packed, 0, FL_FRAME_ROUND(packed) - packed);
    put->entry.payload = out;
    frame->flags |= FL_FRAME_PACKED;
    frame->raw = frame->size;
    frame->size = (uint32_t)packed;
    frame->crc = fl_crc32c(0, out, packed);
}

static void fill_entry(struct fl_store *store, struct put *put, uint8_t *bytes, uint64_t size)
{
    const struct fl_run *run = put->run;
    size_t spans = spans_size(put), more = positions_size(put) + spans;
    uint32_t crc = 0;
    uint8_t *end = fl_payload_write(bytes, run->events, run->count, &crc);

    if (more > spans)
        memcpy(end, put->positions->data, more - spans);
    if (spans)
        memcpy(end + more - spans, put->claim->records.data, spans);
    crc = fl_crc32c(crc, end, more);
    memset(end + more, 0, (size_t)(FL_FRAME_ROUND(size) - size));
    put->entry = (struct fl_entry){.payload = bytes, .secret = 1};
    put->entry.frame.type = FL_FRAME_PUT;
    put->entry.frame.size = (uint32_t)size;
    put->entry.frame.count = (uint32_t)run->count;
    put->entry.frame.positions = (uint32_t)more;
    put->entry.frame.spans = (uint32_t)spans;
    put->entry.frame.flags = spans ? FL_FRAME_SPANS : 0;
    put->entry.frame.time = flow_context_time(store->env.ctx);
    put->entry.frame.crc = crc;
    if (store->env.level && size >= PACK_LEAST)
        pack(store, put, bytes, (size_t)size);
}

/* Makes the frame; when it succeeds, the positions must land. */
static int serialize(struct fl_store *store, struct put *put, flow_error **err)
{
    uint64_t size =
        fl_payload_size(put->run->events, put->run->count) + positions_size(put) + spans_size(put);

    if (size > FL_PUT_MAX)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "the events of a transaction have %llu bytes, of which a durable "
                               "channel takes at most %u; put fewer at once",
                               (unsigned long long)size, FL_PUT_MAX);
    uint8_t *bytes = take_room(store, put, size);
    if (!bytes)
        return fl_error_nomem(err);
    int rc = FLOW_OK;
    if (positions_size(put))
        rc = fl_positions_begin(&store->positions, put->positions, err);
    if (!rc)
        fill_entry(store, put, bytes, size);
    return rc;
}

/* Positions and spans are taken over before the frame lands, so that no checkpoint passes it
 * without. */
static int write_put(struct fl_store *store, struct put *put, flow_error **err)
{
    struct fl_stripe *stripe = fl_store_stripe(store);
    int rc = fl_stripe_write(stripe, &put->entry, give_offset, put->run, err);

    if (positions_size(put))
        fl_positions_land(&store->positions, put->positions, !rc);
    if (put->claim && !rc)
        fl_spans_land(&store->spans, put->claim, 1);
    int others = settle(store, put->run, rc ? RUN_FAILED : RUN_DURABLE);
    fl_stripe_land(stripe, &put->entry);
    fl_store_changed(store);
    if (others)
        store->options.visible(store->options.self);
    return rc;
}

int fl_store_put_at(struct fl_store *store, struct fl_put *what, flow_error **err)
{
    size_t count = what->count;
    struct put put = {.run = fl_run_new(store->env.mem, count),
                      .positions = what->positions,
                      .claim = what->claim};

    if (!put.run)
        return fl_error_nomem(err);
    put.run->store = store;
    int rc = flow_events_keep(what->events, count, put.run->events, err);
    if (!rc) {
        put.run->count = count;
        rc = serialize(store, &put, err);
    }
    if (rc) {
        fl_run_unref(put.run);
    } else {
        put.run->weight = fl_frame_plain(&put.entry.frame) + count * EVENT_WEIGHT;
        rc = write_put(store, &put, err); /* the run is the store's now */
        what->end = put.entry.needed;
    }
    leave_workspace(store, put.workspace);
    return rc;
}

int fl_store_put(struct fl_store *store, const flow_event *const *events, size_t count,
                 struct fl_buf *positions, flow_error **err)
{
    struct fl_put put = {.events = events, .count = count, .positions = positions};

    return fl_store_put_at(store, &put, err);
}

int fl_store_claim(struct fl_store *store, const flow_span *list, size_t count,
                   struct fl_claim *claim, uint8_t *keep)
{
    return fl_spans_claim(&store->spans, list, count, flow_context_time(store->env.ctx), claim,
                          keep);
}

void fl_store_disclaim(struct fl_store *store, struct fl_claim *claim)
{
    fl_spans_land(&store->spans, claim, 0);
}

int fl_store_positions(struct fl_store *store, const void *key, size_t key_size,
                       flow_position_fn fn, void *arg)
{
    return fl_positions_each(&store->positions, key, key_size, fn, arg);
}

uint64_t fl_store_visible(const struct fl_store *store)
{
    return atomic_load_explicit(&store->visible, memory_order_acquire);
}
