/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/le.h"
#include "store/reader.h"
#include "store/store_inner.h"

#define ACK_FRONT 8u
#define ACK_RANGE 16u
#define MOST_PROBED ((size_t)1 << 20)

int fl_cursor_new(struct fl_store *store, const char *name, uint32_t id, struct fl_cursor **cursor,
                  flow_error **err)
{
    const flow_allocator *mem = store->env.mem;
    struct fl_cursor *made = fl_zalloc(mem, sizeof *made);

    if (!made || fl_lock_init(&made->lock)) {
        fl_free(mem, made);
        return fl_error_nomem(err);
    }
    made->store = store;
    made->id = id;
    made->probe = 1;
    fl_vec_init(&made->letters, mem, sizeof(struct fl_letter));
    fl_ranges_init(&made->acked, mem);
    made->name = fl_strdup(mem, name);
    if (!made->name) {
        fl_cursor_free(made);
        return fl_error_nomem(err);
    }
    *cursor = made;
    return FLOW_OK;
}

static void free_lots(const flow_allocator *mem, struct fl_lot_ref *lots)
{
    for (struct fl_lot_ref *next; lots; lots = next) {
        next = lots->next;
        fl_run_unref(lots->run);
        fl_free(mem, lots);
    }
}

void fl_cursor_free(struct fl_cursor *cursor)
{
    const flow_allocator *mem = cursor->store->env.mem;

    free_lots(mem, cursor->returned);
    for (struct fl_lot_ref *lot = cursor->spare, *next; lot; lot = next) {
        next = lot->next;
        fl_free(mem, lot);
    }
    fl_run_unref(cursor->run);
    fl_reader_free(cursor->reader);
    fl_ranges_free(&cursor->acked);
    fl_vec_free(&cursor->letters);
    fl_lock_destroy(&cursor->lock);
    fl_free(mem, cursor->name);
    fl_free(mem, cursor);
}

void fl_cursor_set_terms(struct fl_cursor *cursor, const struct fl_terms *terms)
{
    cursor->terms = *terms;
    atomic_store(&cursor->paused, (terms->flags & FL_CURSOR_PAUSED) != 0);
    atomic_store(&cursor->blocks, !(terms->flags & FL_CURSOR_SKIPS));
    atomic_store(&cursor->max_events, terms->max_events);
}

static void begin(struct fl_cursor *cursor)
{
    uint64_t done = cursor->watermark + fl_ranges_total(&cursor->acked);

    cursor->next = cursor->horizon = cursor->noted = cursor->watermark;
    cursor->overtaken = 0;
    atomic_store(&cursor->gone, done);
    atomic_store(&cursor->settled, done);
}

void fl_cursor_begin(struct fl_cursor *cursor)
{
    fl_lock(&cursor->lock);
    fl_cursor_set_terms(cursor, &cursor->terms);
    begin(cursor);
    fl_unlock(&cursor->lock);
}

static uint64_t visible_beyond(const struct fl_cursor *cursor, const _Atomic uint64_t *passed)
{
    /* In this order, so that what is read late cannot be more than what was there. */
    uint64_t behind = atomic_load_explicit(passed, memory_order_acquire);
    uint64_t visible = atomic_load_explicit(&cursor->store->visible, memory_order_acquire);

    return visible > behind ? visible - behind : 0;
}

uint64_t fl_cursor_size(const struct fl_cursor *cursor)
{
    return visible_beyond(cursor, &cursor->gone);
}

uint64_t fl_cursor_held(const struct fl_cursor *cursor)
{
    return visible_beyond(cursor, &cursor->settled);
}

/* ---- taking ---- */

/* Goes past what was acknowledged before the store was opened. */
static void pass_acked(struct fl_cursor *cursor)
{
    if (cursor->next < cursor->watermark)
        cursor->next = cursor->watermark;
    const struct fl_range *range = fl_ranges_find(&cursor->acked, cursor->next);
    if (range && range->first <= cursor->next)
        cursor->next = range->end;
}

/* A gap counts as acknowledged, so that the watermark gets over it. */
static int pass_gap(struct fl_cursor *cursor, uint64_t offset, flow_error **err)
{
    if (fl_ranges_reserve(&cursor->acked, cursor->pledged + 1))
        return fl_error_nomem(err);
    uint64_t fresh = fl_ranges_add(&cursor->acked, cursor->next, offset);
    fl_mark_settle(&cursor->watermark, &cursor->acked);
    atomic_fetch_add(&cursor->gone, fresh);
    atomic_fetch_add(&cursor->settled, fresh);
    cursor->next = offset;
    return FLOW_OK;
}

static int read_back(struct fl_cursor *cursor, uint64_t below, flow_error **err)
{
    int rc = FLOW_OK;

    if (!cursor->reader)
        rc = fl_reader_new(cursor->store, &cursor->reader, err);
    return rc ? rc : fl_reader_next(cursor->reader, cursor->next, below, &cursor->run, err);
}

/* Makes `run` the one that holds `next`; NULL when there is nothing to take. */
static int find_run(struct fl_cursor *cursor, flow_error **err)
{
    uint64_t below = 0;
    int rc = FLOW_OK;

    for (;;) {
        pass_acked(cursor);
        if (cursor->run && cursor->next < fl_run_end(cursor->run)) {
            if (cursor->run->first <= cursor->next)
                return FLOW_OK;
            rc = pass_gap(cursor, cursor->run->first, err);
        } else if (!fl_recent_find(cursor, &below)) {
            if (below <= cursor->next)
                return FLOW_OK;
            rc = read_back(cursor, below, err);
            if (!rc && !cursor->run)
                rc = pass_gap(cursor, below, err);
        }
        if (rc)
            return rc;
    }
}

struct fl_lot_ref *fl_lot_new(struct fl_cursor *cursor, struct fl_run *run, size_t index,
                              size_t count)
{
    struct fl_lot_ref *lot = cursor->spare;

    if (lot)
        cursor->spare = lot->next;
    else
        lot = fl_alloc(cursor->store->env.mem, sizeof *lot);
    if (lot)
        *lot = (struct fl_lot_ref){
            .run = fl_run_ref(run), .index = index, .count = count, .id = cursor->id};
    return lot;
}

static void lot_free(struct fl_cursor *cursor, struct fl_lot_ref *lot)
{
    fl_run_unref(lot->run);
    lot->next = cursor->spare;
    cursor->spare = lot;
}

/* What one take wants. */
struct want {
    uint64_t below; /* only offsets less than this */
    size_t max;
    int suspects; /* only those of which one may be impossible to deliver, or none of them */
};

/* How many events from `next` on lie in its run, are wanted and were not acknowledged. */
static size_t fresh_count(const struct fl_cursor *cursor, const struct want *want)
{
    const struct fl_range *range = fl_ranges_find(&cursor->acked, cursor->next);
    uint64_t end = fl_run_end(cursor->run);

    if (range && range->first < end)
        end = range->first;
    if (want->below < end)
        end = want->below;
    return end - cursor->next < want->max ? (size_t)(end - cursor->next) : want->max;
}

static int take_fresh(struct fl_cursor *cursor, const struct want *want, struct fl_lot_ref **lot,
                      flow_error **err)
{
    *lot = NULL;
    if (cursor->next >= want->below)
        return FLOW_OK;
    int rc = find_run(cursor, err);
    if (rc || !cursor->run || cursor->next >= want->below)
        return rc;
    size_t count = fresh_count(cursor, want);
    *lot = fl_lot_new(cursor, cursor->run, (size_t)(cursor->next - cursor->run->first), count);
    if (!*lot)
        return fl_error_nomem(err);
    cursor->next += count;
    return FLOW_OK;
}

/* Takes what was returned, all of a lot or its beginning. */
static int take_returned(struct fl_cursor *cursor, const struct want *want, struct fl_lot_ref **lot,
                         flow_error **err)
{
    struct fl_lot_ref *first = cursor->returned;
    uint64_t room = want->below - fl_lot_first(first);
    size_t most = room < want->max ? (size_t)room : want->max;

    if (first->count <= most) {
        cursor->returned = first->next;
        *lot = first;
        return FLOW_OK;
    }
    *lot = fl_lot_new(cursor, first->run, first->index, most);
    if (!*lot)
        return fl_error_nomem(err);
    (*lot)->failures = first->failures;
    first->index += most;
    first->count -= most;
    return FLOW_OK;
}

static int take_one(struct fl_cursor *cursor, const struct want *want, struct fl_lot_ref **lot,
                    flow_error **err)
{
    *lot = NULL;
    if (!cursor->returned)
        return want->suspects ? FLOW_OK : take_fresh(cursor, want, lot, err);
    if (fl_lot_is_suspect(cursor, cursor->returned) != want->suspects)
        return FLOW_OK;
    if (fl_lot_first(cursor->returned) >= want->below)
        return FLOW_OK;
    return take_returned(cursor, want, lot, err);
}

/* How many of MAX events the terms allow to be taken; what is above the limit is given up first. */
static size_t heed_terms(struct fl_cursor *cursor, size_t max)
{
    const struct fl_terms *terms = &cursor->terms;

    if (terms->flags & FL_CURSOR_SKIPS)
        fl_cursor_obey_limit(cursor);
    return terms->flags & FL_CURSOR_PAUSED ? 0 : max;
}

/* Those that may hold the event that cannot be delivered are taken by themselves, few at once. */
static void heed_suspects(const struct fl_cursor *cursor, struct want *want)
{
    want->suspects = fl_lot_is_suspect(cursor, cursor->returned);
    if (want->suspects && want->max > cursor->probe)
        want->max = cursor->probe;
}

int fl_cursor_take_below(struct fl_cursor *cursor, uint64_t below, size_t max,
                         const flow_event **events, size_t *count, struct fl_lot_ref **lots,
                         flow_error **err)
{
    struct want want = {below, max, 0};
    struct fl_lot_ref *lot = NULL;
    flow_error *fault = NULL;
    int rc = FLOW_OK;

    *count = 0;
    fl_lock(&cursor->lock);
    if (cursor->terms.flags)
        want.max = heed_terms(cursor, max);
    if (cursor->returned)
        heed_suspects(cursor, &want);
    while (want.max && !(rc = take_one(cursor, &want, &lot, &fault)) && lot) {
        memcpy(events + *count, lot->run->events + lot->index, lot->count * sizeof *events);
        *count += lot->count;
        want.max -= lot->count;
        lot->next = *lots;
        *lots = lot;
    }
    atomic_fetch_add(&cursor->gone, *count);
    fl_unlock(&cursor->lock);
    if (*count) { /* what came before the fault is a take of its own */
        flow_error_free(fault);
        return FLOW_OK;
    }
    if (rc)
        fl_error_pass(err, fault);
    return rc;
}

int fl_cursor_take(struct fl_cursor *cursor, size_t max, const flow_event **events, size_t *count,
                   struct fl_lot_ref **lots, flow_error **err)
{
    return fl_cursor_take_below(cursor, UINT64_MAX, max, events, count, lots, err);
}

int fl_cursor_passed(struct fl_cursor *cursor, uint64_t offset)
{
    fl_lock(&cursor->lock);
    int passed =
        cursor->next >= offset && (!cursor->returned || fl_lot_first(cursor->returned) >= offset);
    fl_unlock(&cursor->lock);
    return passed;
}

static int is_void(const struct fl_cursor *cursor, const struct fl_lot_ref *lot)
{
    return lot->id != cursor->id;
}

void fl_cursor_drop_void(struct fl_cursor *cursor, struct fl_lot_ref **lots)
{
    while (*lots) {
        struct fl_lot_ref *lot = *lots;
        if (is_void(cursor, lot)) {
            *lots = lot->next;
            lot_free(cursor, lot);
        } else {
            lots = &lot->next;
        }
    }
}

/* Takes off LOT, which comes back, what was given up meanwhile; returns how many are left. */
static size_t cut_given_up(struct fl_cursor *cursor, struct fl_lot_ref *lot)
{
    uint64_t first = fl_lot_first(lot);
    uint64_t lost = first < cursor->watermark ? cursor->watermark - first : 0;

    if (lot->letter)
        return lot->count;
    if (lost > lot->count)
        lost = lot->count;
    lot->index += (size_t)lost;
    lot->count -= (size_t)lost;
    cursor->skipped += lost;
    cursor->overtaken -= lost;
    return lot->count;
}

void fl_cursor_insert(struct fl_cursor *cursor, struct fl_lot_ref *lot)
{
    struct fl_lot_ref **at = &cursor->returned;

    while (*at && fl_lot_first(*at) < fl_lot_first(lot))
        at = &(*at)->next;
    lot->next = *at;
    *at = lot;
}

void fl_cursor_return_locked(struct fl_cursor *cursor, struct fl_lot_ref **lots)
{
    uint64_t count = 0;

    fl_cursor_drop_void(cursor, lots);
    for (struct fl_lot_ref *lot = *lots, *next; lot; lot = next) {
        next = lot->next;
        size_t left = cut_given_up(cursor, lot);
        count += left;
        if (left)
            fl_cursor_insert(cursor, lot);
        else
            lot_free(cursor, lot);
    }
    atomic_fetch_sub(&cursor->gone, count);
    *lots = NULL;
}

void fl_cursor_return(struct fl_cursor *cursor, struct fl_lot_ref **lots)
{
    fl_lock(&cursor->lock);
    fl_cursor_return_locked(cursor, lots);
    fl_unlock(&cursor->lock);
}

/* ---- moving ---- */

static void drop_returned(struct fl_cursor *cursor)
{
    while (cursor->returned) {
        struct fl_lot_ref *lot = cursor->returned;
        cursor->returned = lot->next;
        lot_free(cursor, lot);
    }
}

/* A reader never goes back, so the old one is of no use. */
void fl_cursor_move(struct fl_cursor *cursor, uint32_t id, uint64_t watermark)
{
    fl_lock(&cursor->lock);
    cursor->id = id;
    drop_returned(cursor);
    for (size_t i = 0; i < cursor->letters.count; i++)
        ((struct fl_letter *)fl_vec_at(&cursor->letters, i))->replayed = 0;
    fl_run_unref(cursor->run);
    cursor->run = NULL;
    fl_reader_free(cursor->reader);
    cursor->reader = NULL;
    fl_ranges_trim(&cursor->acked, UINT64_MAX);
    cursor->watermark = watermark;
    begin(cursor);
    fl_unlock(&cursor->lock);
}

/* Drops what is below OFFSET of a lot that was returned; returns how many events that are. */
static uint64_t cut_returned(struct fl_cursor *cursor, struct fl_lot_ref **at, uint64_t offset)
{
    struct fl_lot_ref *lot = *at;
    uint64_t below = offset - fl_lot_first(lot);

    if (below < lot->count) {
        lot->index += (size_t)below;
        lot->count -= (size_t)below;
        return below;
    }
    below = lot->count;
    *at = lot->next;
    lot_free(cursor, lot);
    return below;
}

/* How many events below OFFSET were returned; they are dropped, but for dead letters. */
static uint64_t give_up_returned(struct fl_cursor *cursor, uint64_t offset)
{
    struct fl_lot_ref **at = &cursor->returned;
    uint64_t lost = 0;

    while (*at && fl_lot_first(*at) < offset) {
        if ((*at)->letter)
            at = &(*at)->next;
        else
            lost += cut_returned(cursor, at, offset);
    }
    return lost;
}

/* How many below OFFSET were neither taken nor acknowledged in another process; passes them. */
static uint64_t give_up_fresh(struct fl_cursor *cursor, uint64_t offset)
{
    uint64_t lost = 0;

    while (cursor->next < offset) {
        const struct fl_range *range = fl_ranges_find(&cursor->acked, cursor->next);
        if (range && range->first <= cursor->next) {
            cursor->next = range->end;
            continue;
        }
        uint64_t end = range && range->first < offset ? range->first : offset;
        lost += end - cursor->next;
        cursor->next = end;
    }
    return lost;
}

static uint64_t acked_below(const struct fl_cursor *cursor, uint64_t offset)
{
    uint64_t total = 0;

    for (size_t i = 0; i < cursor->acked.list.count; i++) {
        const struct fl_range *range = fl_vec_at(&cursor->acked.list, i);
        if (range->first >= offset)
            break;
        total += (range->end < offset ? range->end : offset) - range->first;
    }
    return total;
}

void fl_cursor_give_up(struct fl_cursor *cursor, uint64_t offset)
{
    if (offset <= cursor->watermark)
        return;
    uint64_t lost = give_up_returned(cursor, offset) + give_up_fresh(cursor, offset);
    cursor->overtaken += offset - cursor->watermark - lost - acked_below(cursor, offset);
    cursor->watermark = offset;
    fl_mark_settle(&cursor->watermark, &cursor->acked);
    cursor->skipped += lost;
    atomic_fetch_add(&cursor->gone, lost);
    atomic_store(&cursor->settled, cursor->watermark + fl_ranges_total(&cursor->acked));
}

/* ---- acknowledging ---- */

/* The offsets of LOTS, newest first, that lie behind each other; the lots behind them. */
static const struct fl_lot_ref *join_lots(const struct fl_lot_ref *lots, struct fl_range *range)
{
    range->first = fl_lot_first(lots);
    range->end = range->first + lots->count;
    for (lots = lots->next; lots && fl_lot_first(lots) + lots->count == range->first;
         lots = lots->next)
        range->first = fl_lot_first(lots);
    return lots;
}

static size_t count_ranges(const struct fl_lot_ref *lots)
{
    struct fl_range range;
    size_t count = 0;

    for (; lots; count++)
        lots = join_lots(lots, &range);
    return count;
}

/* What is acknowledged at once. */
struct ack {
    struct fl_lot_ref **lots;
    size_t count;         /* ranges */
    struct fl_buf *marks; /* may be empty */
    uint8_t *payload;
    uint8_t small[ACK_FRONT + 8 * ACK_RANGE];
    struct fl_entry entry;
};

static size_t payload_size(const struct ack *ack)
{
    return ACK_FRONT + ack->count * ACK_RANGE + ack->marks->size;
}

/* Writes the offsets, in ranges, and behind them the marks. */
static void write_payload(const struct ack *ack)
{
    const struct fl_lot_ref *lots = *ack->lots;
    size_t size = payload_size(ack);
    uint8_t *at = ack->payload;
    struct fl_range range;

    fl_le32_put(fl_le32_put(at, lots ? lots->id : 0), (uint32_t)ack->count);
    at += ACK_FRONT + ack->count * ACK_RANGE;
    if (ack->marks->size)
        memcpy(at, ack->marks->data, ack->marks->size);
    memset(ack->payload + size, 0, (size_t)(FL_FRAME_ROUND(size) - size));
    while (lots) {
        lots = join_lots(lots, &range);
        at -= ACK_RANGE;
        fl_le64_put(fl_le64_put(at, range.first), range.end);
    }
}

static void fill_entry(const struct fl_store *store, struct ack *ack)
{
    size_t size = payload_size(ack);
    struct fl_entry *entry = &ack->entry;

    *entry = (struct fl_entry){.payload = ack->payload, .secret = ack->marks->size > 0};
    entry->frame.type = FL_FRAME_ACK;
    entry->frame.size = (uint32_t)size;
    entry->frame.positions = (uint32_t)ack->marks->size;
    entry->frame.time = flow_context_time(store->env.ctx);
    entry->frame.crc = fl_crc32c(0, ack->payload, size);
    for (const struct fl_lot_ref *lot = *ack->lots; lot; lot = lot->next) {
        uint64_t end = fl_lot_first(lot) + lot->count;
        if (entry->needed < end)
            entry->needed = end;
    }
    entry->frame.first = entry->needed;
}

/* Forgets letters with offsets of [FIRST, END) that are on disk: they were delivered. */
static void forget_letters(struct fl_cursor *cursor, uint64_t first, uint64_t end)
{
    for (size_t i = cursor->letters.count; i-- > 0;) {
        const struct fl_letter *letter = fl_vec_at(&cursor->letters, i);
        if (letter->offset >= first && letter->offset < end && letter->epoch)
            fl_vec_remove(&cursor->letters, i);
    }
}

/* One of several that were under suspicion was not it. */
static void widen(struct fl_cursor *cursor, const struct fl_lot_ref *lots)
{
    if (lots && fl_lot_is_suspect(cursor, lots) && cursor->probe < MOST_PROBED)
        cursor->probe *= 2;
}

/* How many of [FIRST, END) are below the watermark: given up while somebody had them. */
static uint64_t count_below(const struct fl_cursor *cursor, uint64_t first, uint64_t end)
{
    uint64_t limit = cursor->watermark < end ? cursor->watermark : end;

    return limit > first ? limit - first : 0;
}

void fl_cursor_acknowledge(struct fl_cursor *cursor, struct fl_lot_ref **lots, size_t count)
{
    uint64_t fresh = 0;

    fl_lock(&cursor->lock);
    cursor->pledged -= count;
    fl_cursor_drop_void(cursor, lots);
    widen(cursor, *lots);
    for (struct fl_lot_ref *lot = *lots, *next; lot; lot = next) {
        next = lot->next;
        uint64_t first = fl_lot_first(lot), end = first + lot->count;
        if (cursor->letters.count)
            forget_letters(cursor, first, end);
        if (!lot->letter)
            cursor->overtaken -= count_below(cursor, first, end);
        first = first < cursor->watermark ? cursor->watermark : first;
        fresh += fl_ranges_add(&cursor->acked, first, end);
        lot_free(cursor, lot);
    }
    fl_mark_settle(&cursor->watermark, &cursor->acked);
    atomic_fetch_add(&cursor->settled, fresh);
    fl_unlock(&cursor->lock);
    *lots = NULL;
}

int fl_cursor_pledge(struct fl_cursor *cursor, struct fl_lot_ref **lots, size_t *count)
{
    fl_lock(&cursor->lock);
    fl_cursor_drop_void(cursor, lots);
    *count = count_ranges(*lots);
    int rc = fl_ranges_reserve(&cursor->acked, cursor->pledged + *count);
    if (!rc)
        cursor->pledged += *count;
    fl_unlock(&cursor->lock);
    return rc;
}

void fl_cursor_unpledge(struct fl_cursor *cursor, size_t count)
{
    fl_lock(&cursor->lock);
    cursor->pledged -= count;
    fl_unlock(&cursor->lock);
}

/* Makes the frame, for which room is pledged; when it succeeds, the marks must land. */
static int prepare(struct fl_cursor *cursor, struct ack *ack, flow_error **err)
{
    struct fl_store *store = cursor->store;
    size_t room = (size_t)FL_FRAME_ROUND(payload_size(ack));

    ack->payload = room <= sizeof ack->small ? ack->small : fl_alloc(store->env.mem, room);
    if (!ack->payload)
        return fl_error_nomem(err);
    if (ack->marks->size) {
        int rc = fl_positions_begin(&store->positions, ack->marks, err);
        if (rc)
            return rc;
    }
    write_payload(ack);
    fill_entry(store, ack);
    return FLOW_OK;
}

/* Marks are taken over before the frame lands, as positions are. */
static int write_ack(struct fl_cursor *cursor, struct ack *ack, flow_error **err)
{
    struct fl_store *store = cursor->store;
    struct fl_stripe *stripe = fl_store_stripe(store);
    int rc = fl_stripe_write(stripe, &ack->entry, NULL, NULL, err);

    if (rc)
        fl_cursor_unpledge(cursor, ack->count);
    else
        fl_cursor_acknowledge(cursor, ack->lots, ack->count);
    if (ack->marks->size)
        fl_positions_land(&store->positions, ack->marks, !rc);
    fl_stripe_land(stripe, &ack->entry);
    fl_store_changed(store);
    return rc;
}

int fl_cursor_commit(struct fl_cursor *cursor, struct fl_lot_ref **lots, struct fl_buf *marks,
                     flow_error **err)
{
    struct fl_buf none = {.size = 0};
    struct ack ack = {.lots = lots, .marks = marks ? marks : &none};

    if (fl_cursor_pledge(cursor, lots, &ack.count))
        return fl_error_nomem(err);
    if (!*lots && !ack.marks->size)
        return FLOW_OK;
    int rc = prepare(cursor, &ack, err);
    if (rc)
        fl_cursor_unpledge(cursor, ack.count);
    else
        rc = write_ack(cursor, &ack, err);
    if (ack.payload != ack.small)
        fl_free(cursor->store->env.mem, ack.payload);
    return rc;
}
