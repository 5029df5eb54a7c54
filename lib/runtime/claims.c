/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/error.h"
#include "runtime/claims.h"
#include "runtime/standing.h"

/* Stamps that stand and fall together, and the events that have them. */
struct unit {
    size_t from, to;   /* stamps */
    size_t first, end; /* events of the channel */
    int open;          /* some of the events have no numbers */
};

/* Moves to the next unit; behind the last stamp there may be events without one. */
static int next_unit(const struct fl_share *share, struct unit *unit)
{
    const struct fl_stamps *stamps = share->stamps;
    size_t count = stamps->list.count, i = unit->to;

    *unit = (struct unit){.from = i, .first = unit->end};
    for (; i < count && fl_stamps_at(stamps, i)->joined; i++)
        unit->open |= !fl_stamps_at(stamps, i)->key_size;
    unit->open |= i == count || !fl_stamps_at(stamps, i)->key_size;
    unit->to = i < count ? i + 1 : count;
    unit->end = i < count ? fl_stamps_at(stamps, i)->end : share->total;
    return unit->from < unit->to || unit->first < unit->end;
}

/* How many events of UNIT are in SHARE, and which is the first. */
static size_t part_of(const struct unit *unit, const struct fl_share *share, size_t *first)
{
    size_t limit = share->done + share->count;
    size_t end = unit->end < limit ? unit->end : limit;

    *first = unit->first > share->done ? unit->first : share->done;
    return end > *first ? end - *first : 0;
}

/* Whether each event of UNIT has a number of its own. */
static int is_each(const struct fl_share *share, const struct unit *unit)
{
    return unit->from + 1 == unit->to && !unit->open && unit->end > unit->first &&
           fl_stamps_at(share->stamps, unit->from)->kind == FL_STAMP_EACH;
}

/* Whether SHARE has the end of UNIT, where numbers go that are not of one event each. */
static int has_end(const struct fl_share *share, const struct unit *unit)
{
    return unit->end <= share->done + share->count &&
           (unit->end > share->done || (unit->end == 0 && !share->claimed));
}

/* ---- the numbers of a transaction ---- */

static flow_span span_of(const struct fl_stamps *stamps, const struct fl_stamp *stamp)
{
    return (flow_span){fl_stamps_key(stamps, stamp), stamp->key_size, stamp->count, stamp->first,
                       stamp->horizon};
}

/* Whether MORE goes on where SPAN ends. */
static int goes_on(const flow_span *span, const flow_span *more)
{
    return span->key_size == more->key_size && !memcmp(span->key, more->key, more->key_size) &&
           span->horizon == more->horizon && span->first + span->count == more->first &&
           span->count <= UINT32_MAX - more->count;
}

static int add_span(struct fl_emission *e, const flow_span *span)
{
    flow_span *last = e->spans.count ? fl_vec_at(&e->spans, e->spans.count - 1) : NULL;

    if (!span->key_size)
        return FLOW_OK;
    e->numbers += span->count;
    if (last && goes_on(last, span)) {
        last->count += span->count;
        return FLOW_OK;
    }
    return fl_vec_push(&e->spans, span) ? FLOW_OK : FLOW_ENOMEM;
}

static int add_unit(struct fl_emission *e, const struct fl_share *share, const struct unit *unit)
{
    const struct fl_stamps *stamps = share->stamps;
    size_t first, count = part_of(unit, share, &first);
    int rc = FLOW_OK;

    if (is_each(share, unit)) {
        flow_span span = span_of(stamps, fl_stamps_at(stamps, unit->from));
        span.first += first - unit->first;
        span.count = (uint32_t)count;
        return count ? add_span(e, &span) : FLOW_OK;
    }
    for (size_t i = unit->from; i < unit->to && has_end(share, unit) && !rc; i++) {
        const flow_span span = span_of(stamps, fl_stamps_at(stamps, i));
        rc = add_span(e, &span);
    }
    return rc;
}

int fl_claims_collect(struct fl_emission *e, const struct fl_share *share, flow_error **err)
{
    struct unit unit = {0};
    int rc = FLOW_OK;

    e->spans.count = 0;
    e->numbers = 0;
    while (share->stamps && !rc && next_unit(share, &unit))
        rc = add_unit(e, share, &unit);
    fl_buf_clear(&e->keep);
    if (!rc && e->numbers && !fl_buf_reserve(&e->keep, e->numbers))
        rc = FLOW_ENOMEM;
    return rc ? fl_error_nomem(err) : FLOW_OK;
}

/* ---- what is left ---- */

/* How many numbers UNIT has in SHARE, of which COUNT events are there. */
static size_t numbers_of(const struct fl_share *share, const struct unit *unit, size_t count)
{
    size_t numbers = 0;

    if (is_each(share, unit))
        return count;
    for (size_t i = unit->from; i < unit->to && has_end(share, unit); i++) {
        const struct fl_stamp *stamp = fl_stamps_at(share->stamps, i);
        numbers += stamp->key_size ? stamp->count : 0;
    }
    return numbers;
}

/* Stores in WANTED, for each event of SHARE, whether the channel lacks it, by what KEEP says of the
 * numbers.  Events that share their numbers with what another transaction gets are wanted. */
static void find_wanted(const struct fl_share *share, const uint8_t *keep, uint8_t *wanted)
{
    struct unit unit = {0};

    while (next_unit(share, &unit)) {
        size_t first, count = part_of(&unit, share, &first);
        size_t numbers = numbers_of(share, &unit, count);
        uint8_t *to = wanted + (first - share->done);
        int all = unit.open || !has_end(share, &unit) || (numbers && memchr(keep, 1, numbers));
        if (count && is_each(share, &unit))
            memcpy(to, keep, count);
        else if (count)
            memset(to, all, count);
        keep += numbers;
    }
}

/* Takes the events that are not wanted out of SHARE. */
static int narrow(struct fl_emission *e, struct fl_share *share, flow_error **err)
{
    uint8_t *wanted = fl_buf_reserve(&e->wanted, share->count);

    e->fresh.count = 0;
    if (!wanted || fl_vec_reserve(&e->fresh, share->count))
        return fl_error_nomem(err);
    find_wanted(share, e->keep.data, wanted);
    for (size_t i = 0; i < share->count; i++) {
        if (wanted[i])
            fl_vec_push(&e->fresh, &share->events[i]);
    }
    flow_counter_add(e->emitter->counters.repeated, (int64_t)(share->count - e->fresh.count));
    share->events = e->fresh.items;
    share->count = e->fresh.count;
    return FLOW_OK;
}

int fl_claims_make(struct fl_emission *e, struct fl_share *share, flow_txn *txn, int64_t wait_ms,
                   flow_error **err)
{
    int rc = fl_txn_put_spans(txn, e->spans.items, e->spans.count, e->keep.data, wait_ms,
                              &e->emitter->hurry, err);

    if (rc || !share->count || !e->numbers || !memchr(e->keep.data, 0, e->numbers))
        return rc;
    return narrow(e, share, err);
}

/* ---- before the interceptors ---- */

/* Adds to WANTED what CHANNEL lacks of the whole batch; all, if that cannot be told now. */
static int look(struct fl_emission *e, size_t channel, const struct fl_share *share,
                uint8_t *wanted, flow_error **err)
{
    uint8_t *here = fl_buf_reserve(&e->wanted, share->count);
    flow_txn *txn;
    int rc = here ? flow_txn_begin(e->emitter->channels[channel], &txn, err) : fl_error_nomem(err);

    if (rc)
        return rc;
    memset(here, 1, share->count);
    if (!fl_txn_put_spans(txn, e->spans.items, e->spans.count, e->keep.data, 0, NULL, NULL))
        find_wanted(share, e->keep.data, here);
    flow_txn_free(txn); /* which gives it all up */
    for (size_t i = 0; i < share->count; i++)
        wanted[i] |= here[i];
    return FLOW_OK;
}

/* Whether a channel gets all of a batch whatever its numbers are. */
static int takes_all(const flow_emitter *emitter, size_t channel)
{
    int optional =
        emitter->constant && fl_route_get(emitter->constant, channel) != FL_ROUTE_REQUIRED;

    return !optional && (!fl_standing_keeps(emitter, channel) ||
                         !fl_channel_keeps_spans(emitter->channels[channel]));
}

static int look_everywhere(struct fl_emission *e, const struct fl_share *share, uint8_t *wanted,
                           flow_error **err)
{
    int rc = FLOW_OK;

    memset(wanted, 0, share->count);
    for (size_t i = 0; i < e->emitter->channel_count && !rc; i++) {
        if (takes_all(e->emitter, i))
            memset(wanted, 1, share->count);
        else if (fl_standing_keeps(e->emitter, i))
            rc = look(e, i, share, wanted, err);
    }
    return rc;
}

int fl_claims_trim(struct fl_emission *e, flow_error **err)
{
    size_t count = flow_batch_count(e->batch);
    const struct fl_share share = {.count = count, .total = count, .stamps = &e->batch->stamps};

    if (!count || !share.stamps->list.count)
        return FLOW_OK;
    uint8_t *wanted = fl_alloc(e->emitter->mem, count);
    if (!wanted)
        return fl_error_nomem(err);
    int rc = fl_claims_collect(e, &share, err);
    if (!rc && e->numbers)
        rc = look_everywhere(e, &share, wanted, err);
    if (!rc && e->numbers && memchr(wanted, 0, count)) {
        flow_batch_filter(e->batch, wanted);
        e->slots[FL_SLOT_REPEATED] = count - flow_batch_count(e->batch);
    }
    fl_free(e->emitter->mem, wanted);
    return rc;
}

/* ---- behind the selector ---- */

#define NOWHERE UINT32_MAX

static flow_route route_of(const struct fl_emission *e, size_t event)
{
    size_t channels = e->emitter->channel_count;

    return (flow_route){fl_emission_routes(e) + event * fl_route_words(channels), channels};
}

static int requires(const flow_route *route, size_t channel)
{
    return fl_route_get(route->words, channel) == FL_ROUTE_REQUIRED;
}

/* The one channel that must have the event, or NOWHERE when there are none or several. */
static uint32_t only_channel(const flow_route *route)
{
    uint32_t only = NOWHERE;

    for (size_t i = 0; i < route->channels; i++) {
        if (!requires(route, i))
            continue;
        if (only != NOWHERE)
            return NOWHERE;
        only = (uint32_t)i;
    }
    return only;
}

/* Stores for each event a channel that has it, rather one that it goes to; LACKS is room. */
static int find_homes(struct fl_emission *e, const struct fl_share *share, uint32_t *homes,
                      uint8_t *lacks, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < share->count; i++)
        homes[i] = NOWHERE;
    for (size_t c = 0; c < e->emitter->channel_count && !rc; c++) {
        if (!fl_channel_keeps_spans(e->emitter->channels[c]))
            continue;
        memset(lacks, 0, share->count);
        rc = look(e, c, share, lacks, err);
        for (size_t i = 0; i < share->count && !rc; i++) {
            const flow_route route = route_of(e, i);
            if (!lacks[i] && (homes[i] == NOWHERE || requires(&route, c)))
                homes[i] = (uint32_t)c;
        }
    }
    return rc;
}

static void move_home(const struct fl_emission *e, const uint32_t *homes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const flow_route route = route_of(e, i);
        uint32_t only = homes[i] == NOWHERE ? NOWHERE : only_channel(&route);
        if (only != NOWHERE && only != homes[i])
            fl_route_move(&route, only, homes[i]);
    }
}

int fl_claims_reroute(struct fl_emission *e, flow_error **err)
{
    size_t count = flow_batch_count(e->batch);
    const struct fl_share share = {.count = count, .total = count, .stamps = &e->batch->stamps};

    if (!count || !share.stamps->list.count)
        return FLOW_OK;
    int rc = fl_claims_collect(e, &share, err);
    if (rc || !e->numbers)
        return rc;
    uint32_t *homes = fl_alloc(e->emitter->mem, count * (sizeof *homes + 1));
    if (!homes)
        return fl_error_nomem(err);
    rc = find_homes(e, &share, homes, (uint8_t *)(homes + count), err);
    if (!rc)
        move_home(e, homes, count);
    fl_free(e->emitter->mem, homes);
    return rc;
}
