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

/* A mark for ID that has the name of CURSOR. */
static struct fl_mark *named_mark(struct fl_state *state, const struct fl_cursor *cursor,
                                  uint32_t id)
{
    struct fl_mark *mark = fl_state_mark(state, id);

    if (mark)
        mark->name = fl_strdup(state->mem, cursor->name);
    return mark && mark->name ? mark : NULL;
}

/* Under the cursor's lock. */
static int copy_letters(struct fl_mark *mark, const struct fl_cursor *cursor)
{
    for (size_t i = 0; i < cursor->letters.count; i++) {
        if (!fl_vec_push(&mark->letters, fl_vec_at(&cursor->letters, i)))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

static int note_cursor(struct fl_state *state, struct fl_cursor *cursor)
{
    struct fl_mark *mark = named_mark(state, cursor, cursor->id);

    if (!mark)
        return FLOW_ENOMEM;
    fl_lock(&cursor->lock);
    int rc = fl_ranges_reserve(&mark->acked, cursor->acked.list.count);
    if (!rc) {
        mark->terms = cursor->terms;
        mark->skipped = cursor->skipped;
        rc = copy_letters(mark, cursor);
    }
    if (!rc) {
        mark->watermark = cursor->watermark;
        if (!cursor->overtaken)
            cursor->noted = cursor->watermark;
        mark->acked.list.count = cursor->acked.list.count;
        if (mark->acked.list.count)
            memcpy(mark->acked.list.items, cursor->acked.list.items,
                   mark->acked.list.count * sizeof(struct fl_range));
    }
    fl_unlock(&cursor->lock);
    return rc;
}

/* The cursor of CHANGE, as it will be. */
static int note_change(struct fl_state *state, const struct fl_change *change)
{
    struct fl_cursor *cursor = change->cursor;

    if (change->kind == FL_CHANGE_REMOVE)
        return FLOW_OK;
    if (change->kind == FL_CHANGE_TERMS) {
        struct fl_mark *mark = fl_state_named(state, cursor->name);
        mark->terms = change->terms;
        return FLOW_OK;
    }
    struct fl_mark *mark = named_mark(state, cursor, change->id);
    if (!mark)
        return FLOW_ENOMEM;
    mark->terms = change->terms;
    mark->watermark = change->watermark;
    fl_lock(&cursor->lock);
    mark->skipped = cursor->skipped;
    int rc = copy_letters(mark, cursor);
    fl_unlock(&cursor->lock);
    return rc;
}

/* Whether CHANGE leaves nothing of what CURSOR is now. */
static int is_replaced(const struct fl_change *change, const struct fl_cursor *cursor)
{
    return change && change->cursor == cursor && change->kind != FL_CHANGE_TERMS;
}

/* After the points were noted: what was in flight then may be in the state, what was not is.  The
 * list of cursors changes only under the checkpoint's lock. */
static int note_state(struct fl_store *store, const struct fl_change *change,
                      struct fl_state *state)
{
    int rc = FLOW_OK;

    fl_lock(&store->lock);
    state->next_offset = store->next_offset;
    state->next_id = store->next_id;
    state->next_letter = store->next_letter;
    fl_unlock(&store->lock);
    state->generation = store->generation + 1;
    for (struct fl_cursor *c = store->cursors; c && !rc; c = c->next_cursor)
        rc = is_replaced(change, c) ? FLOW_OK : note_cursor(state, c);
    if (!rc && change)
        rc = note_change(state, change);
    uint64_t floor = fl_state_floor(state);
    state->released = floor > store->released ? floor : store->released;
    return rc;
}

/* Writes the state to the log itself. */
static int write_frame(struct fl_store *store, struct fl_buf *bytes,
                       const struct fl_control *control, uint64_t *epoch, flow_error **err)
{
    struct fl_stripe *stripe = fl_store_stripe(store);
    struct fl_entry entry = {.frame = {.type = FL_FRAME_STATE, .first = control->floor},
                             .secret = 1};
    size_t size = bytes->size;
    uint8_t *pad = fl_buf_reserve(bytes, FL_FRAME_ALIGN);

    if (!pad)
        return fl_error_nomem(err);
    memset(pad, 0, FL_FRAME_ALIGN);
    entry.payload = bytes->data;
    entry.frame.flags = control->has_spans ? FL_FRAME_SPANS : 0;
    entry.frame.size = (uint32_t)size;
    entry.frame.time = flow_context_time(store->env.ctx);
    entry.frame.crc = fl_crc32c(0, bytes->data, size);
    int rc = fl_stripe_write(stripe, &entry, NULL, NULL, err);
    *epoch = entry.epoch;
    fl_stripe_land(stripe, &entry);
    return rc;
}

/* What was given up before the state was noted is so for good now. */
static void raise_horizons(struct fl_store *store)
{
    for (struct fl_cursor *c = store->cursors; c; c = c->next_cursor) {
        fl_lock(&c->lock);
        if (c->horizon < c->noted)
            c->horizon = c->noted;
        fl_unlock(&c->lock);
    }
}

static int write_control(struct fl_store *store, const struct fl_control *control,
                         const struct fl_buf *bytes, flow_error **err)
{
    int rc = fl_control_write(&store->env, store->options.control, control, bytes, err);

    if (!rc && store->options.backup)
        rc = fl_control_write(&store->env, store->options.backup, control, bytes, err);
    return rc;
}

/* ---- all of it ---- */

static int write_all(struct fl_store *store, struct fl_control *control, struct fl_state *state,
                     flow_error **err)
{
    struct fl_buf bytes;
    uint64_t epoch = 0;

    fl_buf_init(&bytes, store->env.mem);
    control->floor = fl_state_floor(state);
    int rc = fl_state_write(state, &bytes, &control->has_spans) ? fl_error_nomem(err) : FLOW_OK;
    if (!rc)
        rc = write_frame(store, &bytes, control, &epoch, err);
    if (!rc && control->clean) { /* the points are behind the frame */
        control->points.count = 0;
        rc = note_points(store, control) ? fl_error_nomem(err) : FLOW_OK;
    }
    if (!rc) {
        store->generation = state->generation;
        store->released = state->released;
        store->keeper.state_epoch = epoch;
        raise_horizons(store);
        rc = write_control(store, control, &bytes, err);
    }
    if (!rc)
        fl_store_release(store, control->floor, control);
    fl_buf_free(&bytes);
    return rc;
}

/* What is forgotten is in no state from now on. */
static void forget_senders(struct fl_store *store)
{
    uint64_t count = fl_spans_expire(&store->spans, flow_context_time(store->env.ctx));

    if (count)
        flow_context_logf(store->env.ctx, FLOW_LOG_WARN,
                          "%llu accounts of what senders have sent were forgotten, as nothing was "
                          "heard of them for long, or there were too many; what these send once "
                          "more comes twice",
                          (unsigned long long)count);
}

/* Under the lock. */
static int checkpoint(struct fl_store *store, int clean, const struct fl_change *change,
                      flow_error **err)
{
    struct fl_control control = {.clean = clean};
    struct fl_state state;

    fl_state_init(&state, store->env.mem, &store->positions, &store->spans);
    fl_vec_init(&control.points, store->env.mem, sizeof(struct fl_scan_point));
    fl_store_move_letters(store);
    forget_senders(store);
    memcpy(control.id, store->env.id, FL_STORE_ID);
    int rc = note_points(store, &control) || note_state(store, change, &state) ? fl_error_nomem(err)
                                                                               : FLOW_OK;
    control.generation = state.generation;
    if (!rc)
        rc = write_all(store, &control, &state, err);
    fl_vec_free(&control.points);
    fl_state_free(&state);
    return rc;
}

int fl_store_checkpoint(struct fl_store *store, int clean, flow_error **err)
{
    fl_lock(&store->checkpoint_lock);
    fl_store_obey_limits(store);
    int rc = checkpoint(store, clean, NULL, err);
    fl_unlock(&store->checkpoint_lock);
    return rc;
}

/* The change has happened once the log has the state, whatever becomes of the control file. */
int fl_store_write_change(struct fl_store *store, const struct fl_change *change, flow_error **err)
{
    uint64_t before = store->generation;
    flow_error *fault = NULL;
    int rc = checkpoint(store, 0, change, &fault);

    if (rc && store->generation != before) {
        flow_context_logf(store->env.ctx, FLOW_LOG_WARN, "no checkpoint was made: %s",
                          flow_error_message(fault));
        flow_error_free(fault);
        return FLOW_OK;
    }
    if (rc)
        fl_error_pass(err, fault);
    return rc;
}
