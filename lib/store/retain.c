/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which segments stay: those of which a cursor needs something, and those that are kept for a while
 * so that somebody can read them again.  And what a cursor that is behind has to give up.
 */

#include "base/clock.h"
#include "core/context.h"
#include "store/store_inner.h"

#define SPARES_KEPT 2u
#define TELL_MS 60000 /* between two messages about one cursor */

/* ---- how much of the log is behind an offset ---- */

/* A segment that holds OFFSET counts by the part of its offsets that is behind. */
static uint64_t bytes_behind(const struct fl_segment *segment, uint64_t offset)
{
    uint64_t last = segment->sum.last;
    uint64_t first = segment->first > segment->before ? segment->first : segment->before;

    if (last <= offset)
        return 0;
    if (offset <= first)
        return segment->sum.end;
    return (uint64_t)((double)segment->sum.end * (double)(last - offset) / (double)(last - first));
}

static uint64_t log_total(struct fl_store *store)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < store->stripe_count; i++) {
        struct fl_stripe *stripe = &store->stripes[i];
        fl_lock(&stripe->lock);
        for (const struct fl_segment *s = stripe->oldest; s; s = s->newer)
            bytes += s->sum.end;
        fl_unlock(&stripe->lock);
    }
    return bytes;
}

uint64_t fl_store_bytes_behind(struct fl_store *store, uint64_t offset)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < store->stripe_count; i++) {
        struct fl_stripe *stripe = &store->stripes[i];
        fl_lock(&stripe->lock);
        for (const struct fl_segment *s = stripe->oldest; s; s = s->newer)
            bytes += bytes_behind(s, offset);
        fl_unlock(&stripe->lock);
    }
    return bytes;
}

/* The smallest offset from FROM on behind which there are no more than BYTES. */
static uint64_t offset_within(struct fl_store *store, uint64_t from, uint64_t bytes)
{
    uint64_t to = fl_store_visible(store);

    while (from < to) {
        uint64_t middle = from + (to - from) / 2;
        if (fl_store_bytes_behind(store, middle) > bytes)
            from = middle + 1;
        else
            to = middle;
    }
    return to;
}

/* ---- limits of cursors ---- */

/* The offset before which COUNT events lie that the cursor is not done with. */
static uint64_t offset_behind(const struct fl_cursor *cursor, uint64_t count)
{
    uint64_t at = cursor->watermark;

    while (count) {
        const struct fl_range *range = fl_ranges_find(&cursor->acked, at);
        uint64_t room = range ? range->first - at : UINT64_MAX - at;
        if (range && range->first <= at) {
            at = range->end;
            continue;
        }
        room = room < count ? room : count;
        at += room;
        count -= room;
    }
    return at;
}

void fl_cursor_obey_limit(struct fl_cursor *cursor)
{
    uint64_t most = cursor->terms.max_events, held = fl_cursor_held(cursor);

    if (most && held > most)
        fl_cursor_give_up(cursor, offset_behind(cursor, held - most));
}

static void obey(struct fl_store *store, struct fl_cursor *cursor)
{
    fl_lock(&cursor->lock);
    uint64_t from = cursor->watermark, most = cursor->terms.max_bytes;
    int skips = (cursor->terms.flags & FL_CURSOR_SKIPS) != 0;
    if (skips)
        fl_cursor_obey_limit(cursor);
    fl_unlock(&cursor->lock);
    if (!skips || !most || fl_store_bytes_behind(store, from) <= most)
        return;
    uint64_t to = offset_within(store, from, most);
    fl_lock(&cursor->lock);
    fl_cursor_give_up(cursor, to);
    fl_unlock(&cursor->lock);
}

/* The first loss is told at once, what follows once a minute. */
static void tell(struct fl_store *store, struct fl_cursor *cursor)
{
    int64_t now = fl_clock_now(store->env.ctx->clock);

    fl_lock(&cursor->lock);
    uint64_t lost = cursor->skipped - cursor->told;
    int wanted = lost && (!cursor->tell_at || now >= cursor->tell_at);
    if (wanted) {
        cursor->told = cursor->skipped;
        cursor->tell_at = fl_clock_after(store->env.ctx->clock, TELL_MS);
    }
    fl_unlock(&cursor->lock);
    if (wanted)
        flow_context_logf(store->env.ctx, FLOW_LOG_WARN,
                          "consumer '%s' is behind its limits; %llu events were given up for it",
                          cursor->name, (unsigned long long)lost);
}

void fl_store_obey_limits(struct fl_store *store)
{
    for (struct fl_cursor *c = store->cursors; c; c = c->next_cursor) {
        obey(store, c);
        tell(store, c);
    }
}

/* ---- files of which nothing is needed ---- */

/* Since when nothing was put to a segment that has a successor. */
static int64_t ended_at(const struct fl_segment *segment)
{
    return segment->end_time ? segment->end_time : segment->newer->time;
}

/* Whether a segment that nobody needs is kept all the same. */
static int is_retained(const struct fl_store *store, const struct fl_segment *segment,
                       struct fl_verge *verge)
{
    int64_t time = store->options.retain_ms;
    uint64_t bytes = store->options.retain_bytes;

    if ((!time && !bytes) || (bytes && verge->total > bytes))
        return 0;
    int64_t left = time ? ended_at(segment) + time - verge->now : 1;
    if (time && left > 0 && (verge->due < 0 || left < verge->due))
        verge->due = left;
    return left > 0;
}

int fl_segment_is_spent(const struct fl_store *store, const struct fl_segment *segment,
                        struct fl_verge *verge)
{
    return segment->sealed && segment->sum.needed <= verge->floor &&
           segment->sum.epoch != verge->keep && !is_retained(store, segment, verge);
}

/* Takes the oldest segment off the list when nothing of it is needed.  In order only: a segment's
 * successor says how much of it counts. */
static struct fl_segment *detach(const struct fl_store *store, struct fl_stripe *stripe,
                                 uint64_t point, struct fl_verge *verge)
{
    struct fl_segment *oldest = stripe->oldest;

    if (!oldest || !fl_segment_is_spent(store, oldest, verge) || oldest->sum.epoch >= point)
        return NULL;
    stripe->oldest = oldest->newer;
    verge->total -= oldest->sum.end < verge->total ? oldest->sum.end : verge->total;
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

/* Whether a letter lies in the oldest segment, which only this thread takes off the list.  Locks of
 * cursors are not taken inside those of stripes. */
static int holds_letters(struct fl_store *store, struct fl_stripe *stripe)
{
    fl_lock(&stripe->lock);
    uint64_t epoch = stripe->oldest ? stripe->oldest->sum.epoch : 0;
    fl_unlock(&stripe->lock);
    return epoch && fl_store_has_letters(store, epoch);
}

static void release_stripe(struct fl_store *store, struct fl_stripe *stripe, uint64_t point,
                           struct fl_verge *verge)
{
    struct fl_segment *segment;

    do {
        if (holds_letters(store, stripe))
            return;
        fl_lock(&stripe->lock);
        segment = detach(store, stripe, point, verge);
        fl_unlock(&stripe->lock);
        if (segment)
            recycle(store, stripe, segment);
    } while (segment);
}

/* A day at most, since the clock of the day may be set. */
static int64_t due_in(const struct fl_store *store, int64_t ms)
{
    const int64_t day = 86400000;

    return ms < 0 ? FL_NEVER : fl_clock_after(store->env.ctx->clock, ms < day ? ms : day);
}

struct fl_verge fl_store_verge(struct fl_store *store, uint64_t floor)
{
    return (struct fl_verge){
        .floor = floor,
        .keep = store->keeper.state_epoch,
        .total = log_total(store),
        .now = flow_context_time(store->env.ctx),
        .due = -1,
    };
}

void fl_store_release(struct fl_store *store, uint64_t floor, const struct fl_control *control)
{
    struct fl_verge verge = fl_store_verge(store, floor);

    for (size_t i = 0; i < store->stripe_count; i++) {
        const struct fl_scan_point *point = fl_vec_at(&control->points, i);
        release_stripe(store, &store->stripes[i], point->epoch, &verge);
    }
    atomic_store(&store->keeper.retain_due, due_in(store, verge.due));
}
