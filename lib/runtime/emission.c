/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which events of a batch a channel gets, and with which positions.  A source that resumes emits
 * from the smallest position that a channel has on; a channel that is further ahead is spared what
 * it has.
 */

#include <string.h>

#include "base/error.h"
#include "runtime/emission.h"
#include "runtime/standing.h"

static const struct fl_marks *marks_of(const struct fl_emission *e)
{
    return &e->batch->marks;
}

static size_t mark_words(const struct fl_emission *e)
{
    return (marks_of(e)->list.count + 63) / 64;
}

/* Words of routes. */
static size_t route_words(const struct fl_emission *e)
{
    const flow_emitter *emitter = e->emitter;

    if (emitter->constant)
        return 0;
    return flow_batch_count(e->batch) * fl_route_words(emitter->channel_count);
}

int fl_emission_recall(struct fl_emission *e, int all, flow_error **err)
{
    size_t channels = e->emitter->channel_count;
    size_t slots = FL_SLOT_CHANNELS + channels * FL_CHANNEL_SLOTS;

    if (all)
        slots += route_words(e) + channels * mark_words(e);
    return fl_batch_progress(e->batch, e->emitter->number, slots, &e->slots, err);
}

void fl_emission_init(struct fl_emission *e, flow_emitter *emitter, flow_batch *batch)
{
    *e = (struct fl_emission){.emitter = emitter, .batch = batch, .deadline = FL_KEEP_ALIVE};
    fl_stamps_init(&e->stamps, emitter->mem);
    fl_vec_init(&e->spans, emitter->mem, sizeof(flow_span));
    fl_buf_init(&e->keep, emitter->mem);
    fl_buf_init(&e->wanted, emitter->mem);
    fl_vec_init(&e->fresh, emitter->mem, sizeof(const flow_event *));
}

void fl_emission_free(struct fl_emission *e)
{
    fl_stamps_free(&e->stamps);
    fl_vec_free(&e->spans);
    fl_buf_free(&e->keep);
    fl_buf_free(&e->wanted);
    fl_vec_free(&e->fresh);
    fl_free(e->emitter->mem, e->chosen);
    fl_free(e->emitter->mem, e->picked);
    fl_free(e->emitter->mem, e->ends);
}

uint64_t *fl_emission_channel(const struct fl_emission *e, size_t channel)
{
    return e->slots + FL_SLOT_CHANNELS + channel * FL_CHANNEL_SLOTS;
}

uint64_t *fl_emission_routes(const struct fl_emission *e)
{
    return fl_emission_channel(e, e->emitter->channel_count);
}

/* ---- what a channel has already ---- */

static uint64_t *had(const struct fl_emission *e, size_t channel)
{
    return fl_emission_routes(e) + route_words(e) + channel * mark_words(e);
}

static int has_mark(const struct fl_emission *e, size_t channel, size_t mark)
{
    return (int)(had(e, channel)[mark / 64] >> mark % 64 & 1);
}

/* Whether the batch forgets the key of MARK before that: what is stored is of another time then. */
static int begins_anew(const struct fl_emission *e, size_t mark)
{
    const struct fl_marks *marks = marks_of(e);

    for (size_t i = 0; i < mark; i++) {
        if (fl_marks_at(marks, i)->value_size == 0 && fl_marks_same_key(marks, i, mark))
            return 1;
    }
    return 0;
}

/* Finds out which marks CHANNEL has, once: later it also has those of this batch. */
static int look(struct fl_emission *e, size_t channel, flow_error **err)
{
    uint64_t *slots = fl_emission_channel(e, channel);
    uint64_t *bits = had(e, channel);
    size_t count = marks_of(e)->list.count;

    if (slots[FL_CHANNEL_LOOKED] != 0)
        return FLOW_OK;
    memset(bits, 0, mark_words(e) * sizeof(*bits));
    int forgets = 0;
    for (size_t i = 0; i < count; i++) {
        const flow_position position = fl_marks_position(marks_of(e), i);
        int has = 0;
        int rc = fl_standing_has(e->emitter, channel, &position, &has, err);
        if (rc != FLOW_OK)
            return rc;
        if (has && !(forgets && begins_anew(e, i)))
            bits[i / 64] |= UINT64_C(1) << i % 64;
        forgets |= position.value_size == 0;
    }
    slots[FL_CHANNEL_LOOKED] = 1;
    return FLOW_OK;
}

/* Events that stand and fall together, and the marks they belong to. */
struct stretch {
    size_t first, end;
    size_t mark, next_mark;
};

/* Moves to the next stretch; behind the last mark it has none.  0 at the end of the batch. */
static int next_stretch(const struct fl_emission *e, struct stretch *stretch)
{
    const struct fl_marks *marks = marks_of(e);
    size_t count = marks->list.count;
    size_t i = stretch->next_mark;

    stretch->first = stretch->end;
    stretch->mark = i;
    while (i < count && fl_marks_at(marks, i)->mixed)
        i++;
    stretch->next_mark = i < count ? i + 1 : count;
    stretch->end = i < count ? fl_marks_at(marks, i)->end : flow_batch_count(e->batch);
    return stretch->mark < count || stretch->first < stretch->end;
}

/* What is of no position, or of one that is forgotten, was never there before. */
static int is_there(const struct fl_emission *e, size_t channel, const struct stretch *stretch)
{
    const struct fl_marks *marks = marks_of(e);

    for (size_t i = stretch->mark; i < stretch->next_mark; i++) {
        const struct fl_batch_mark *mark = fl_marks_at(marks, i);
        int open = mark->mixed && i + 1 == stretch->next_mark;
        if (mark->value_size == 0 || open || !has_mark(e, channel, i))
            return 0;
    }
    return stretch->mark < stretch->next_mark;
}

/* ---- the share of a channel ---- */

static int make_room(struct fl_emission *e, flow_error **err)
{
    const flow_allocator *mem = e->emitter->mem;
    size_t total = flow_batch_count(e->batch);
    size_t marks = marks_of(e)->list.count;

    if (!e->picked && total > 0)
        e->picked = fl_calloc(mem, total, sizeof(*e->picked));
    if (!e->chosen && total > 0)
        e->chosen = fl_calloc(mem, total, sizeof(*e->chosen));
    if (!e->ends && marks > 0)
        e->ends = fl_calloc(mem, marks, sizeof(*e->ends));
    int lacks = ((!e->picked || !e->chosen) && total > 0) || (!e->ends && marks > 0);
    return lacks ? fl_error_nomem(err) : FLOW_OK;
}

static int goes(const struct fl_emission *e, size_t event, size_t channel, unsigned wanted)
{
    const flow_emitter *emitter = e->emitter;
    const uint64_t *route = emitter->constant;

    if (!route)
        route = fl_emission_routes(e) + event * fl_route_words(emitter->channel_count);
    return fl_route_get(route, channel) == wanted;
}

/* Picks one by one. */
static void pick_some(struct fl_emission *e, size_t channel, unsigned wanted, int marked,
                      struct fl_share *share)
{
    const flow_event *const *all = flow_batch_events(e->batch);
    struct stretch stretch = {0};

    if (flow_batch_count(e->batch) > 0)
        memset(e->chosen, 0, flow_batch_count(e->batch));
    while (next_stretch(e, &stretch)) {
        int skip = marked && is_there(e, channel, &stretch);
        for (size_t i = stretch.first; i < stretch.end && !skip; i++) {
            e->chosen[i] = (uint8_t)goes(e, i, channel, wanted);
            if (e->chosen[i])
                e->picked[share->count++] = all[i];
        }
        for (size_t i = stretch.mark; i < stretch.next_mark; i++)
            e->ends[i] = share->count;
    }
    share->events = e->picked;
    share->ends = e->ends;
    share->marks = marked ? marks_of(e)->list.count : 0;
}

/* Picks what a channel gets, in the WANTED way. */
static int pick(struct fl_emission *e, size_t channel, unsigned wanted, struct fl_share *share,
                flow_error **err)
{
    size_t marks = marks_of(e)->list.count;
    int marked = marks > 0 && wanted == FL_ROUTE_REQUIRED && fl_standing_keeps(e->emitter, channel);

    if (e->emitter->constant && !marked) {
        if (goes(e, 0, channel, wanted))
            share->count = flow_batch_count(e->batch);
        return FLOW_OK;
    }
    int rc = marked ? look(e, channel, err) : FLOW_OK;
    if (rc == FLOW_OK)
        rc = make_room(e, err);
    if (rc == FLOW_OK)
        pick_some(e, channel, wanted, marked, share);
    return rc;
}

/* The stamps of what was picked: a channel that does not get an event must not seem to have it, in
 * case it comes again and goes another way. */
static int pick_stamps(struct fl_emission *e, struct fl_share *share, flow_error **err)
{
    const struct fl_stamps *all = &e->batch->stamps;

    share->stamps = all;
    if (share->events != e->picked || share->count == flow_batch_count(e->batch))
        return FLOW_OK;
    fl_stamps_clear(&e->stamps);
    if (fl_stamps_append(&e->stamps, all, 0))
        return fl_error_nomem(err);
    fl_stamps_pick(&e->stamps, e->chosen);
    share->stamps = &e->stamps;
    return FLOW_OK;
}

int fl_emission_pick(struct fl_emission *e, size_t channel, unsigned wanted, struct fl_share *share,
                     flow_error **err)
{
    int stamped = e->batch->stamps.list.count > 0 && wanted == FL_ROUTE_REQUIRED &&
                  fl_standing_keeps(e->emitter, channel) &&
                  fl_channel_keeps_spans(e->emitter->channels[channel]);

    *share = (struct fl_share){.events = flow_batch_events(e->batch)};
    int rc = pick(e, channel, wanted, share, err);
    return rc == FLOW_OK && stamped ? pick_stamps(e, share, err) : rc;
}

/* Where a transaction ends that can go up to END: at a mark, if one is there. */
static size_t end_at_mark(const struct fl_share *share, size_t done, size_t end)
{
    size_t best = end;

    for (size_t i = 0; i < share->marks && share->ends[i] <= end; i++) {
        if (share->ends[i] > done)
            best = share->ends[i];
    }
    return best;
}

struct fl_share fl_emission_cut(const struct fl_emission *e, size_t channel,
                                const struct fl_share *share, uint64_t most)
{
    const uint64_t *slots = fl_emission_channel(e, channel);
    size_t done = (size_t)slots[FL_CHANNEL_DONE];
    size_t marked = (size_t)slots[FL_CHANNEL_MARKED];
    size_t end = share->count;

    if (most > 0 && end - done > most)
        end = end_at_mark(share, done, done + (size_t)most);
    size_t next = marked;
    while (next < share->marks && share->ends[next] <= end)
        next++;
    return (struct fl_share){.events = share->events + done,
                             .count = end - done,
                             .marks = next - marked,
                             .stamps = share->stamps,
                             .done = done,
                             .total = share->count,
                             .claimed = slots[FL_CHANNEL_CLAIMED] != 0};
}

/* ---- positions of a transaction ---- */

/* Whether a mark says what a channel lacks and no later one up to END says better. */
static int is_news(const struct fl_emission *e, size_t channel, size_t mark, size_t end)
{
    const struct fl_marks *marks = marks_of(e);

    if (has_mark(e, channel, mark))
        return 0;
    if (fl_marks_at(marks, mark)->value_size == 0)
        return 1;
    for (size_t i = mark + 1; i < end; i++) {
        if (fl_marks_same_key(marks, mark, i))
            return 0;
    }
    return 1;
}

int fl_emission_lacks(const struct fl_emission *e, size_t channel, size_t count)
{
    size_t first = (size_t)fl_emission_channel(e, channel)[FL_CHANNEL_MARKED];

    for (size_t i = first; i < first + count; i++) {
        if (!has_mark(e, channel, i))
            return 1;
    }
    return 0;
}

int fl_emission_put_marks(const struct fl_emission *e, size_t channel, size_t count, flow_txn *txn,
                          flow_error **err)
{
    size_t first = (size_t)fl_emission_channel(e, channel)[FL_CHANNEL_MARKED];
    int rc = FLOW_OK;

    for (size_t i = first; i < first + count && rc == FLOW_OK; i++) {
        if (!is_news(e, channel, i, first + count))
            continue;
        const flow_position position = fl_marks_position(marks_of(e), i);
        rc = fl_standing_put(e->emitter, txn, &position, err);
    }
    return rc;
}
