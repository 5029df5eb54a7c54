/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Writes where things stand, so that a crash does not have to be read further back, and so that
 * files of which nothing is needed any more can be used again.
 */

#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "core/context.h"
#include "store/store_inner.h"

#define SPARES_KEPT 2u

static int note_points(struct fl_store *store, struct fl_control *control)
{
    for (size_t i = 0; i < store->stripe_count; i++) {
        struct fl_stripe *stripe = &store->stripes[i];
        struct fl_scan_point point = {0};
        fl_stripe_scan_point(stripe, &point);
        if (!fl_vec_push(&control->points, &point))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

static int note_cursor(struct fl_state *state, struct fl_cursor *cursor)
{
    struct fl_mark *mark = fl_state_mark(state, cursor->id);

    if (!mark)
        return FLOW_ENOMEM;
    mark->name = fl_strdup(state->mem, cursor->name);
    fl_lock(&cursor->lock);
    int rc = mark->name ? fl_ranges_reserve(&mark->acked, cursor->acked.list.count) : FLOW_ENOMEM;
    if (!rc) {
        mark->watermark = cursor->watermark;
        mark->acked.list.count = cursor->acked.list.count;
        if (mark->acked.list.count)
            memcpy(mark->acked.list.items, cursor->acked.list.items,
                   mark->acked.list.count * sizeof(struct fl_range));
    }
    fl_unlock(&cursor->lock);
    return rc;
}

/* After the points were noted: what was in flight then may be in the state, what was not is. */
static int note_state(struct fl_store *store, struct fl_state *state)
{
    int rc = FLOW_OK;

    fl_lock(&store->lock);
    state->next_offset = store->next_offset;
    state->next_id = store->next_id;
    struct fl_cursor *first = store->cursors;
    fl_unlock(&store->lock);
    state->generation = store->generation + 1;
    for (struct fl_cursor *c = first; c && !rc; c = c->next_cursor)
        rc = note_cursor(state, c);
    return rc;
}

/* Writes the state to the log itself. */
static int write_frame(struct fl_store *store, struct fl_buf *bytes, uint64_t floor,
                       uint64_t *epoch, flow_error **err)
{
    struct fl_stripe *stripe = fl_store_stripe(store);
    struct fl_entry entry = {.frame = {.type = FL_FRAME_STATE, .first = floor}, .secret = 1};
    size_t size = bytes->size;
    uint8_t *pad = fl_buf_reserve(bytes, FL_FRAME_ALIGN);

    if (!pad)
        return fl_error_nomem(err);
    memset(pad, 0, FL_FRAME_ALIGN);
    entry.payload = bytes->data;
    entry.frame.size = (uint32_t)size;
    entry.frame.time = flow_context_time(store->env.ctx);
    entry.frame.crc = fl_crc32c(0, bytes->data, size);
    int rc = fl_stripe_write(stripe, &entry, NULL, NULL, err);
    *epoch = entry.epoch;
    fl_stripe_land(stripe, &entry);
    return rc;
}

static int write_control(struct fl_store *store, const struct fl_control *control,
                         const struct fl_buf *bytes, flow_error **err)
{
    int rc = fl_control_write(&store->env, store->options.control, control, bytes, err);

    if (!rc && store->options.backup)
        rc = fl_control_write(&store->env, store->options.backup, control, bytes, err);
    return rc;
}

/* ---- files of which nothing is needed ---- */

/* Takes the oldest segment off the list, under the lock, when nothing of it is needed.  In order
 * only: a segment's successor says how much of it counts. */
static struct fl_segment *detach(struct fl_stripe *stripe, uint64_t floor, uint64_t keep,
                                 uint64_t point)
{
    struct fl_segment *oldest = stripe->oldest;

    if (!oldest || !oldest->sealed || oldest->sum.needed > floor || oldest->sum.epoch == keep ||
        oldest->sum.epoch >= point)
        return NULL;
    stripe->oldest = oldest->newer;
    return oldest;
}

/* Makes a spare file of a segment, or removes it when there are enough, or when it would keep
 * events readable that were put before anything was encrypted. */
static void recycle(struct fl_store *store, struct fl_stripe *stripe, struct fl_segment *segment)
{
    const struct fl_store_env *env = &store->env;
    char name[FL_SEGMENT_NAME];
    uint64_t number = segment->sum.epoch;

    fl_segment_name(name, number);
    char *path = fl_store_path(env->mem, stripe->folder, name);
    fl_spare_name(name, number);
    char *spare = fl_store_path(env->mem, stripe->folder, name);
    fl_lock(&stripe->lock);
    int wanted = stripe->spares.count < SPARES_KEPT && segment->sum.end >= env->segment_size / 2 &&
                 (segment->encrypted || !fl_sealing_is_active(env->sealing));
    fl_unlock(&stripe->lock);
    if (path && spare && wanted && !env->io->rename(env->io->self, path, spare)) {
        fl_lock(&stripe->lock);
        fl_vec_push(&stripe->spares, &number);
        fl_unlock(&stripe->lock);
    } else if (path) {
        env->io->unlink(env->io->self, path);
    }
    fl_free(env->mem, path);
    fl_free(env->mem, spare);
    fl_free(env->mem, segment);
}

static void release_files(struct fl_store *store, uint64_t floor, const struct fl_control *control)
{
    for (size_t i = 0; i < store->stripe_count; i++) {
        const struct fl_scan_point *point = fl_vec_at(&control->points, i);
        struct fl_stripe *stripe = &store->stripes[i];
        struct fl_segment *segment;
        do {
            fl_lock(&stripe->lock);
            segment = detach(stripe, floor, store->keeper.state_epoch, point->epoch);
            fl_unlock(&stripe->lock);
            if (segment)
                recycle(store, stripe, segment);
        } while (segment);
    }
}

/* ---- all of it ---- */

static int write_all(struct fl_store *store, struct fl_control *control, struct fl_state *state,
                     flow_error **err)
{
    struct fl_buf bytes;
    uint64_t epoch = 0;

    fl_buf_init(&bytes, store->env.mem);
    control->floor = fl_state_floor(state);
    int rc = fl_state_write(state, &bytes) ? fl_error_nomem(err) : FLOW_OK;
    if (!rc)
        rc = write_frame(store, &bytes, control->floor, &epoch, err);
    if (!rc && control->clean) { /* the points are behind the frame */
        control->points.count = 0;
        rc = note_points(store, control) ? fl_error_nomem(err) : FLOW_OK;
    }
    if (!rc) {
        store->generation = state->generation;
        store->keeper.state_epoch = epoch;
        rc = write_control(store, control, &bytes, err);
    }
    if (!rc)
        release_files(store, control->floor, control);
    fl_buf_free(&bytes);
    return rc;
}

int fl_store_checkpoint(struct fl_store *store, int clean, flow_error **err)
{
    struct fl_control control = {.clean = clean};
    struct fl_state state;

    fl_state_init(&state, store->env.mem, &store->positions);
    fl_vec_init(&control.points, store->env.mem, sizeof(struct fl_scan_point));
    memcpy(control.id, store->env.id, FL_STORE_ID);
    fl_lock(&store->checkpoint_lock);
    int rc = note_points(store, &control) || note_state(store, &state) ? fl_error_nomem(err)
                                                                       : FLOW_OK;
    control.generation = state.generation;
    if (!rc)
        rc = write_all(store, &control, &state, err);
    fl_unlock(&store->checkpoint_lock);
    fl_vec_free(&control.points);
    fl_state_free(&state);
    return rc;
}
