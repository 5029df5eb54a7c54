/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where in the log a cursor may begin.  Times are those of frames: of each folder only the segment
 * is read that was begun last before the time that is looked for, and the beginning of the next.
 */

#include "store/reader.h"

/* From here on no stripe has given anything up. */
static uint64_t oldest_offset(struct fl_store *store)
{
    uint64_t first = 0;

    for (size_t i = 0; i < store->stripe_count; i++) {
        struct fl_stripe *stripe = &store->stripes[i];
        fl_lock(&stripe->lock);
        if (stripe->oldest && stripe->oldest->before > first)
            first = stripe->oldest->before;
        fl_unlock(&stripe->lock);
    }
    return first;
}

/* Moves *OFFSET to the first event at it or behind. */
static int settle_on_event(struct fl_store *store, uint64_t *offset, flow_error **err)
{
    uint64_t visible = fl_store_visible(store);
    struct fl_reader *reader = NULL;
    struct fl_run *run = NULL;

    if (*offset >= visible) {
        *offset = visible;
        return FLOW_OK;
    }
    int rc = fl_reader_new(store, &reader, err);
    if (!rc)
        rc = fl_reader_next(reader, *offset, visible, &run, err);
    if (!rc && !run)
        *offset = visible;
    else if (!rc && run->first > *offset)
        *offset = run->first;
    fl_run_unref(run);
    fl_reader_free(reader);
    return rc;
}

/* ---- times ---- */

struct view {
    uint64_t epoch, end;
};

/* The last segment that was begun before TIME, or else the oldest; 0 when there is none. */
static int find_segment(struct fl_stripe *stripe, int64_t time, struct view *view)
{
    fl_lock(&stripe->lock);
    const struct fl_segment *found = stripe->oldest;
    while (found && found->newer && found->newer->time < time)
        found = found->newer;
    if (found)
        *view = (struct view){found->sum.epoch, found->sum.end};
    fl_unlock(&stripe->lock);
    return found != NULL;
}

/* Goes on to the segment behind that of VIEW. */
static int next_segment(struct fl_stripe *stripe, struct view *view)
{
    fl_lock(&stripe->lock);
    const struct fl_segment *found = stripe->oldest;
    while (found && found->sum.epoch <= view->epoch)
        found = found->newer;
    if (found)
        *view = (struct view){found->sum.epoch, found->sum.end};
    fl_unlock(&stripe->lock);
    return found != NULL;
}

/* Looks for the first put in a segment at TIME or later; *OFFSET stays as it is without one. */
static int find_frame(struct fl_store *store, struct fl_stripe *stripe, const struct view *view,
                      int64_t time, uint64_t *offset, flow_error **err)
{
    struct fl_frame frame;
    struct fl_scan scan;
    int found = 1;
    int rc = fl_scan_open(&scan, &store->env, stripe->folder, view->epoch, FL_SEGMENT_FRONT, err);

    if (rc)
        return rc;
    scan.limit = view->end;
    while (!rc && found) {
        rc = fl_scan_next(&scan, &frame, &found, err);
        if (!rc && found && frame.type == FL_FRAME_PUT && frame.count && frame.time >= time) {
            *offset = frame.first;
            break;
        }
    }
    fl_scan_close(&scan);
    return rc;
}

/* The first put of a folder at TIME or later; a segment that was begun later has only such. */
static int find_in_stripe(struct fl_store *store, struct fl_stripe *stripe, int64_t time,
                          uint64_t *offset, flow_error **err)
{
    struct view view;
    int more = find_segment(stripe, time, &view);
    int rc = FLOW_OK;

    *offset = UINT64_MAX;
    while (!rc && more && *offset == UINT64_MAX) {
        rc = find_frame(store, stripe, &view, time, offset, err);
        more = next_segment(stripe, &view);
    }
    return rc;
}

static int find_time(struct fl_store *store, int64_t time, uint64_t *offset, flow_error **err)
{
    int rc = FLOW_OK;

    *offset = UINT64_MAX;
    for (size_t i = 0; i < store->stripe_count && !rc; i++) {
        uint64_t here = UINT64_MAX;
        rc = find_in_stripe(store, &store->stripes[i], time, &here, err);
        *offset = here < *offset ? here : *offset;
    }
    return rc;
}

/* ---- all of them ---- */

int fl_store_find_place(struct fl_store *store, const struct fl_place *place, uint64_t *offset,
                        flow_error **err)
{
    uint64_t oldest = oldest_offset(store);
    int rc = FLOW_OK;

    *offset = oldest;
    if (place->kind == FL_AT_LATEST)
        *offset = UINT64_MAX;
    else if (place->kind == FL_AT_OFFSET)
        *offset = place->offset;
    else if (place->kind == FL_AT_TIME)
        rc = find_time(store, place->time, offset, err);
    if (*offset < oldest)
        *offset = oldest;
    return rc ? rc : settle_on_event(store, offset, err);
}

int fl_store_earliest(struct fl_store *store, uint64_t *offset, flow_error **err)
{
    const struct fl_place earliest = {.kind = FL_AT_EARLIEST};

    fl_lock(&store->checkpoint_lock);
    int rc = fl_store_find_place(store, &earliest, offset, err);
    fl_unlock(&store->checkpoint_lock);
    return rc;
}
