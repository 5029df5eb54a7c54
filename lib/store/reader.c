/* SPDX-License-Identifier: Apache-2.0 */

#include "base/error.h"
#include "core/context.h"
#include "core/event.h"
#include "core/slab.h"
#include "store/payload.h"
#include "store/reader.h"

/* The place in one stripe. */
struct track {
    struct fl_stripe *stripe;
    struct fl_scan scan; /* of the segment `epoch` */
    uint64_t epoch;      /* 0: none so far */
    int sealed;
    int has_frame; /* `frame` is the next put */
    struct fl_frame frame;
};

struct fl_reader {
    struct fl_store *store;
    size_t count;
    struct track tracks[];
};

int fl_reader_new(struct fl_store *store, struct fl_reader **reader, flow_error **err)
{
    size_t size = sizeof **reader + store->stripe_count * sizeof(struct track);
    struct fl_reader *made = fl_zalloc(store->env.mem, size);

    if (!made)
        return fl_error_nomem(err);
    made->store = store;
    made->count = store->stripe_count;
    for (size_t i = 0; i < made->count; i++)
        made->tracks[i].stripe = &store->stripes[i];
    *reader = made;
    return FLOW_OK;
}

void fl_reader_free(struct fl_reader *reader)
{
    if (!reader)
        return;
    for (size_t i = 0; i < reader->count; i++)
        fl_scan_close(&reader->tracks[i].scan);
    fl_free(reader->store->env.mem, reader);
}

/* What is to be known of a segment. */
struct view {
    uint64_t epoch, end;
    int sealed;
};

/* Finds the segment behind EPOCH, or EPOCH itself when SAME, that may hold events from FROM on; 0
 * when there is none. */
static int find_segment(struct fl_stripe *stripe, uint64_t epoch, int same, uint64_t from,
                        struct view *view)
{
    int found = 0;

    fl_lock(&stripe->lock);
    for (const struct fl_segment *s = stripe->oldest; s && !found; s = s->newer) {
        if (same ? s->sum.epoch != epoch : s->sum.epoch <= epoch)
            continue;
        if (!same && s->sealed && s->sum.last <= from)
            continue;
        *view = (struct view){s->sum.epoch, s->sum.end, s->sealed};
        found = 1;
    }
    fl_unlock(&stripe->lock);
    return found;
}

/* Goes on to the next segment; 0 when there is none yet. */
static int open_next(struct fl_reader *reader, struct track *track, uint64_t from, int *opened,
                     flow_error **err)
{
    struct view view;

    *opened = find_segment(track->stripe, track->epoch, 0, from, &view);
    if (!*opened)
        return FLOW_OK;
    fl_scan_close(&track->scan);
    track->epoch = view.epoch;
    track->sealed = view.sealed;
    int rc = fl_scan_open(&track->scan, &reader->store->env, track->stripe->folder, view.epoch,
                          FL_SEGMENT_FRONT, err);
    if (!rc)
        track->scan.limit = view.end;
    else
        track->epoch = 0; /* tried again from the beginning */
    return rc;
}

/* Lets the scan of a growing segment go on to where that is now. */
static int raise_limit(struct track *track)
{
    struct view view;
    uint64_t before = track->scan.limit;

    if (track->sealed || !find_segment(track->stripe, track->epoch, 1, 0, &view))
        return 0;
    track->sealed = view.sealed;
    fl_scan_raise(&track->scan, view.end);
    return view.end > before;
}

/* A segment of which nothing was needed any more may have become another one meanwhile. */
static int still_there(const struct track *track)
{
    struct view view;

    return find_segment(track->stripe, track->epoch, 1, 0, &view);
}

static int damaged(const struct fl_scan *scan, flow_error **err)
{
    return flow_error_setf(err, FLOW_EPARSE,
                           "%s is damaged at byte %llu: no frame is there; see `flow log verify` "
                           "and `flow log repair`",
                           scan->path, (unsigned long long)scan->at);
}

/* Whether FRAME is a put with events from FROM on.  What a repair gave up is counted. */
static int is_wanted(struct fl_reader *reader, const struct fl_frame *frame, uint64_t from)
{
    if (!frame->count || frame->first + frame->count <= from)
        return 0;
    if (frame->type == FL_FRAME_LOST) {
        flow_context *ctx = reader->store->env.ctx;
        flow_counter_add(flow_context_counter(ctx, "EventDamagedCount"), frame->count);
        flow_context_logf(ctx, FLOW_LOG_WARN,
                          "%u events from offset %llu on were lost before a repair; the next ones "
                          "follow",
                          frame->count, (unsigned long long)frame->first);
    }
    return frame->type == FL_FRAME_PUT;
}

/* Makes `frame` the next put that has events from FROM on, if there is one. */
static int advance(struct fl_reader *reader, struct track *track, uint64_t from, flow_error **err)
{
    int rc = FLOW_OK, more = 1;

    while (!rc && more && !track->has_frame) {
        int found = 0;
        if (track->epoch)
            rc = fl_scan_next(&track->scan, &track->frame, &found, err);
        if (rc)
            break;
        if (found)
            track->has_frame = is_wanted(reader, &track->frame, from);
        else if (track->epoch && track->scan.at < track->scan.limit && still_there(track))
            rc = damaged(&track->scan, err);
        else if (!track->epoch || !raise_limit(track))
            rc = open_next(reader, track, from, &more, err);
    }
    return rc;
}

/* The track whose next put is the first of all. */
static struct track *first_of(struct fl_reader *reader)
{
    struct track *best = NULL;

    for (size_t i = 0; i < reader->count; i++) {
        struct track *track = &reader->tracks[i];
        if (track->has_frame && (!best || track->frame.first < best->frame.first))
            best = track;
    }
    return best;
}

/* Reads the payload of a put into a slab, of which the events become part. */
static int read_run(const struct fl_store_env *env, struct fl_scan *scan,
                    const struct fl_frame *frame, struct fl_run *run, flow_error **err)
{
    size_t count = frame->count, table = count * sizeof(flow_event);
    size_t size = fl_frame_plain(frame);
    struct fl_slab *slab = fl_slab_exact(env->pool, table + size, (uint32_t)count);

    if (!slab)
        return fl_error_nomem(err);
    flow_event *places = (flow_event *)(slab + 1);
    uint8_t *bytes = (uint8_t *)(slab + 1) + table;
    int rc = fl_scan_payload(scan, frame, bytes, err);
    if (!rc && fl_payload_read(slab, bytes, size - frame->positions, places, run->events, count))
        rc = damaged(scan, err);
    if (rc)
        fl_slab_unref(slab, (uint32_t)count);
    else
        run->count = count;
    return rc;
}

int fl_reader_load(const struct fl_store_env *env, struct fl_scan *scan,
                   const struct fl_frame *frame, struct fl_run **run, flow_error **err)
{
    if (frame->count > fl_frame_plain(frame)) /* each event has more than a byte */
        return damaged(scan, err);
    struct fl_run *made = fl_run_new(env->mem, frame->count);
    if (!made)
        return fl_error_nomem(err);
    made->first = frame->first;
    int rc = read_run(env, scan, frame, made, err);
    if (rc)
        fl_run_unref(made);
    else
        *run = made;
    return rc;
}

static int take_run(struct fl_reader *reader, struct track *track, struct fl_run **run,
                    flow_error **err)
{
    int rc = fl_reader_load(&reader->store->env, &track->scan, &track->frame, run, err);

    if (!rc)
        track->has_frame = 0;
    return rc;
}

int fl_reader_next(struct fl_reader *reader, uint64_t from, uint64_t limit, struct fl_run **run,
                   flow_error **err)
{
    int rc = FLOW_OK;

    *run = NULL;
    for (size_t i = 0; i < reader->count && !rc; i++) {
        struct track *track = &reader->tracks[i];
        if (track->has_frame && track->frame.first + track->frame.count <= from)
            track->has_frame = 0; /* taken from memory meanwhile */
        rc = advance(reader, track, from, err);
    }
    struct track *track = rc ? NULL : first_of(reader);
    if (!track || track->frame.first >= limit)
        return rc;
    return take_run(reader, track, run, err);
}
