/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/le.h"
#include "base/map.h"
#include "store/spans.h"

#define RECORD_FRONT 16u
#define RANGE_SIZE 16u
#define FEWEST_SLOTS 16u
#define SURPLUS (FL_SPANS_MOST / 8) /* keys above the most before the oldest are forgotten */

/* Numbers that somebody is about to put. */
struct busy {
    struct fl_range range;
    const struct fl_claim *claim;
};

struct fl_sender {
    struct fl_sender *next; /* in its slot */
    uint64_t hash;
    int64_t time;
    struct fl_ranges had;
    struct fl_vec busy; /* of struct busy */
    size_t pins;        /* parts of claims, for each of which there is room in `had` */
    uint32_t key_size;
    uint8_t key[];
};

struct fl_claim_part {
    struct fl_sender *sender;
    struct fl_range range;
    int promise; /* a horizon, and no numbers that are put */
};

struct record {
    const uint8_t *key, *ranges;
    uint32_t key_size, count;
    int64_t time;
    size_t size;
};

int fl_spans_init(struct fl_spans *spans, const flow_allocator *mem)
{
    *spans = (struct fl_spans){.mem = mem};
    spans->seed = fl_hash_seed(spans);
    return fl_lock_init(&spans->lock);
}

static void sender_free(struct fl_spans *spans, struct fl_sender *sender)
{
    fl_ranges_free(&sender->had);
    fl_vec_free(&sender->busy);
    fl_free(spans->mem, sender);
}

void fl_spans_free(struct fl_spans *spans)
{
    for (size_t i = 0; i < spans->slot_count; i++) {
        for (struct fl_sender *sender = spans->slots[i], *next; sender; sender = next) {
            next = sender->next;
            sender_free(spans, sender);
        }
    }
    fl_free(spans->mem, spans->slots);
    fl_lock_destroy(&spans->lock);
}

void fl_claim_init(struct fl_claim *claim, const flow_allocator *mem)
{
    claim->promiser = NULL;
    fl_vec_init(&claim->parts, mem, sizeof(struct fl_claim_part));
    fl_buf_init(&claim->records, mem);
}

void fl_claim_free(struct fl_claim *claim)
{
    fl_vec_free(&claim->parts);
    fl_buf_free(&claim->records);
}

/* ---- the table ---- */

static struct fl_sender **slot_of(const struct fl_spans *spans, uint64_t hash)
{
    return &spans->slots[hash & (spans->slot_count - 1)];
}

/* Where the sender of a key hangs, or would. */
static struct fl_sender **find(const struct fl_spans *spans, uint64_t hash, const void *key,
                               size_t size)
{
    struct fl_sender **at = slot_of(spans, hash);

    while (*at && ((*at)->hash != hash || (*at)->key_size != size || memcmp((*at)->key, key, size)))
        at = &(*at)->next;
    return at;
}

static int grow(struct fl_spans *spans)
{
    size_t count = spans->slot_count ? 2 * spans->slot_count : FEWEST_SLOTS;
    struct fl_sender **old = spans->slots;
    size_t old_count = spans->slot_count;
    struct fl_sender **slots = fl_calloc(spans->mem, count, sizeof(*slots));

    if (!slots)
        return FLOW_ENOMEM;
    spans->slots = slots;
    spans->slot_count = count;
    for (size_t i = 0; i < old_count; i++) {
        for (struct fl_sender *sender = old[i], *next; sender; sender = next) {
            next = sender->next;
            struct fl_sender **slot = slot_of(spans, sender->hash);
            sender->next = *slot;
            *slot = sender;
        }
    }
    fl_free(spans->mem, old);
    return FLOW_OK;
}

static struct fl_sender *sender_new(struct fl_spans *spans, const void *key, uint32_t size)
{
    struct fl_sender *made = fl_zalloc(spans->mem, sizeof *made + size);

    if (!made)
        return NULL;
    fl_ranges_init(&made->had, spans->mem);
    fl_vec_init(&made->busy, spans->mem, sizeof(struct busy));
    made->time = INT64_MIN;
    made->key_size = size;
    memcpy(made->key, key, size);
    return made;
}

/* The sender of KEY, made when there is none; NULL without memory. */
static struct fl_sender *obtain(struct fl_spans *spans, const void *key, uint32_t size)
{
    uint64_t hash = fl_hash(spans->seed, key, size);

    if (spans->count >= spans->slot_count && grow(spans))
        return NULL;
    struct fl_sender **at = find(spans, hash, key, size);
    if (*at)
        return *at;
    *at = sender_new(spans, key, size);
    if (!*at)
        return NULL;
    (*at)->hash = hash;
    spans->count++;
    return *at;
}

static void unhook(struct fl_spans *spans, struct fl_sender **at)
{
    struct fl_sender *sender = *at;

    *at = sender->next;
    spans->count--;
    sender_free(spans, sender);
}

/* ---- what is there ---- */

/* Adds RANGE, for which room is reserved.  What is too much for one key goes at the front: the
 * oldest is what comes again least. */
static void add(struct fl_spans *spans, struct fl_sender *sender, const struct fl_range *range)
{
    struct fl_ranges *had = &sender->had;

    fl_ranges_add(had, range->first, range->end);
    if (had->list.count <= FL_SPANS_RANGES)
        return;
    const struct fl_range *second = fl_vec_at(&had->list, 1);
    fl_ranges_trim(had, second->first);
    spans->forgotten++;
}

static int is_had(const struct fl_sender *sender, uint64_t number, uint64_t *end)
{
    const struct fl_range *range = fl_ranges_find(&sender->had, number);

    if (!range || range->first > number)
        return 0;
    *end = range->end;
    return 1;
}

static int is_closed(const struct fl_sender *sender)
{
    uint64_t end;

    return is_had(sender, 0, &end) && end == FLOW_SPAN_CLOSED;
}

/* ---- claims ---- */

static const struct busy *busy_at(const struct fl_sender *sender, size_t index)
{
    return (const struct busy *)sender->busy.items + index;
}

/* The index of the first of those ranges, which are in order, that ends behind NUMBER. */
static size_t find_busy(const struct fl_sender *sender, uint64_t number)
{
    size_t low = 0, high = sender->busy.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (busy_at(sender, middle)->range.end <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether somebody else is about to put one of the numbers. */
static int is_contested(const struct fl_sender *sender, const struct fl_claim *claim,
                        uint64_t first, uint64_t end)
{
    for (size_t i = find_busy(sender, first); i < sender->busy.count; i++) {
        const struct busy *busy = busy_at(sender, i);
        if (busy->range.first >= end)
            return 0;
        if (busy->claim != claim)
            return 1;
    }
    return 0;
}

/* Whether NUMBER is claimed, and up to where. */
static int is_busy(const struct fl_sender *sender, uint64_t number, uint64_t *end)
{
    size_t i = find_busy(sender, number);

    if (i == sender->busy.count || busy_at(sender, i)->range.first > number)
        return 0;
    *end = busy_at(sender, i)->range.end;
    return 1;
}

/* Where what begins at NUMBER, which is free, stops being so, at END at the latest. */
static uint64_t end_of_free(const struct fl_sender *sender, uint64_t number, uint64_t end)
{
    const struct fl_range *range = fl_ranges_find(&sender->had, number);
    size_t i = find_busy(sender, number);

    if (range && range->first < end)
        end = range->first;
    if (i < sender->busy.count && busy_at(sender, i)->range.first < end)
        end = busy_at(sender, i)->range.first;
    return end;
}

/* Room for one part more; a set that grows gets some ahead. */
static int make_room(struct fl_sender *sender)
{
    struct fl_vec *list = &sender->had.list;
    size_t wanted = list->count + sender->pins + 1;

    return wanted <= list->capacity ? FLOW_OK : fl_vec_reserve(list, wanted + wanted / 2);
}

static int add_part(struct fl_claim *claim, const struct fl_claim_part *part)
{
    struct fl_sender *sender = part->sender;

    if (make_room(sender) || !fl_vec_push(&claim->parts, part))
        return FLOW_ENOMEM;
    sender->pins++;
    return FLOW_OK;
}

/* Adds a range for which there is room. */
static void add_busy(struct fl_sender *sender, const struct busy *busy)
{
    size_t i = find_busy(sender, busy->range.first);
    struct busy *at = (struct busy *)sender->busy.items + i;

    memmove(at + 1, at, (sender->busy.count - i) * sizeof *at);
    *at = *busy;
    sender->busy.count++;
}

static int claim_range(struct fl_sender *sender, struct fl_claim *claim, uint64_t first,
                       uint64_t end)
{
    const struct fl_claim_part part = {sender, {first, end}, 0};
    const struct busy busy = {{first, end}, claim};
    struct fl_vec *list = &sender->busy;

    if (list->count == list->capacity && fl_vec_reserve(list, 2 * list->count + 1))
        return FLOW_ENOMEM;
    if (add_part(claim, &part))
        return FLOW_ENOMEM;
    add_busy(sender, &busy);
    return FLOW_OK;
}

/* Claims what is free of SPAN. */
static int claim_numbers(struct fl_sender *sender, const flow_span *span, struct fl_claim *claim,
                         uint8_t *keep)
{
    uint64_t end = span->first + span->count;
    int rc = FLOW_OK;

    if (is_contested(sender, claim, span->first, end))
        return FLOW_EFULL;
    if (span->count)
        memset(keep, 0, span->count);
    for (uint64_t at = span->first, behind; at < end && !rc; at = behind) {
        if (is_had(sender, at, &behind) || is_busy(sender, at, &behind))
            continue;
        behind = end_of_free(sender, at, end);
        memset(keep + (at - span->first), 1, (size_t)(behind - at));
        rc = claim_range(sender, claim, at, behind);
    }
    return rc;
}

/* What SPAN promises, unless it is known. */
static int claim_horizon(struct fl_sender *sender, const flow_span *span, struct fl_claim *claim)
{
    const struct fl_claim_part part = {sender, {0, span->horizon}, 1};
    uint64_t end = 0;

    if (!span->horizon || (is_had(sender, 0, &end) && end >= span->horizon))
        return FLOW_OK;
    if (claim->promiser == sender && claim->promise >= span->horizon)
        return FLOW_OK;
    if (add_part(claim, &part))
        return FLOW_ENOMEM;
    claim->promiser = sender;
    claim->promise = span->horizon;
    return FLOW_OK;
}

static int claim_all(struct fl_spans *spans, const flow_span *list, size_t count, int64_t now,
                     struct fl_claim *claim, uint8_t *keep)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < count && !rc; keep += list[i++].count) {
        struct fl_sender *sender = obtain(spans, list[i].key, list[i].key_size);
        if (!sender)
            return FLOW_ENOMEM;
        if (sender->time < now)
            sender->time = now;
        rc = claim_horizon(sender, &list[i], claim);
        if (!rc)
            rc = claim_numbers(sender, &list[i], claim, keep);
    }
    return rc;
}

static void drop_busy(struct fl_sender *sender, const struct fl_claim *claim)
{
    struct busy *list = sender->busy.items;
    size_t kept = 0;

    for (size_t i = 0; i < sender->busy.count; i++) {
        if (list[i].claim != claim)
            list[kept++] = list[i];
    }
    sender->busy.count = kept;
}

/* Under the lock. */
static void end_claim(struct fl_spans *spans, struct fl_claim *claim, int durable)
{
    for (size_t i = 0; i < claim->parts.count; i++) {
        const struct fl_claim_part *part = fl_vec_at(&claim->parts, i);
        if (!i || part[-1].sender != part->sender)
            drop_busy(part->sender, claim);
        part->sender->pins--;
        if (durable)
            add(spans, part->sender, &part->range);
    }
    claim->parts.count = 0;
    claim->promiser = NULL;
    fl_buf_clear(&claim->records);
}

/* ---- records ---- */

/* The front of a record of COUNT ranges, behind which these go; NULL without memory. */
static uint8_t *put_record(struct fl_buf *out, const struct fl_sender *sender, size_t count)
{
    size_t size = RECORD_FRONT + sender->key_size + count * RANGE_SIZE;
    uint8_t *at = fl_buf_reserve(out, size);

    if (!at)
        return NULL;
    out->size += size;
    at = fl_le32_put(fl_le32_put(at, sender->key_size), (uint32_t)count);
    at = fl_le64_put(at, (uint64_t)sender->time);
    memcpy(at, sender->key, sender->key_size);
    return at + sender->key_size;
}

static uint8_t *put_range(uint8_t *at, const struct fl_range *range)
{
    return fl_le64_put(fl_le64_put(at, range->first), range->end);
}

/* Parts of one sender that follow each other share a record. */
static int write_claim(struct fl_claim *claim)
{
    const struct fl_claim_part *parts = claim->parts.items;

    for (size_t i = 0, n; i < claim->parts.count; i += n) {
        for (n = 1; i + n < claim->parts.count && parts[i + n].sender == parts[i].sender;)
            n++;
        uint8_t *at = put_record(&claim->records, parts[i].sender, n);
        if (!at)
            return FLOW_ENOMEM;
        for (size_t k = i; k < i + n; k++)
            at = put_range(at, &parts[k].range);
    }
    return FLOW_OK;
}

static int has_numbers(const struct fl_claim *claim)
{
    for (size_t i = 0; i < claim->parts.count; i++) {
        if (!((const struct fl_claim_part *)fl_vec_at(&claim->parts, i))->promise)
            return 1;
    }
    return 0;
}

static void forget_surplus(struct fl_spans *spans);

int fl_spans_claim(struct fl_spans *spans, const flow_span *list, size_t count, int64_t now,
                   struct fl_claim *claim, uint8_t *keep)
{
    fl_lock(&spans->lock);
    if (spans->count > FL_SPANS_MOST + SURPLUS)
        forget_surplus(spans);
    int rc = claim_all(spans, list, count, now, claim, keep);
    /* Promises alone are not worth a frame: they come again with the next events. */
    int wanted = !rc && has_numbers(claim);
    if (wanted)
        rc = write_claim(claim);
    if (rc || !wanted)
        end_claim(spans, claim, 0);
    fl_unlock(&spans->lock);
    return rc;
}

void fl_spans_land(struct fl_spans *spans, struct fl_claim *claim, int durable)
{
    fl_lock(&spans->lock);
    end_claim(spans, claim, durable);
    fl_unlock(&spans->lock);
}

static int write_sender(const struct fl_sender *sender, struct fl_buf *out)
{
    uint8_t *at = put_record(out, sender, sender->had.list.count);

    for (size_t i = 0; at && i < sender->had.list.count; i++)
        at = put_range(at, fl_vec_at(&sender->had.list, i));
    return at ? FLOW_OK : FLOW_ENOMEM;
}

int fl_spans_write(struct fl_spans *spans, struct fl_buf *out)
{
    int rc = FLOW_OK;

    fl_lock(&spans->lock);
    for (size_t i = 0; i < spans->slot_count && !rc; i++) {
        for (const struct fl_sender *s = spans->slots[i]; s && !rc; s = s->next)
            rc = s->had.list.count ? write_sender(s, out) : FLOW_OK;
    }
    fl_unlock(&spans->lock);
    return rc;
}

/* Reads the record that begins at AT; 0 when it is none. */
static int read_record(const uint8_t *at, size_t left, struct record *record)
{
    if (left < RECORD_FRONT)
        return 0;
    record->key_size = fl_le32_get(at);
    record->count = fl_le32_get(at + 4);
    record->time = (int64_t)fl_le64_get(at + 8);
    if (!record->key_size || record->key_size > FLOW_SPAN_KEY_MAX)
        return 0;
    record->key = at + RECORD_FRONT;
    record->ranges = record->key + record->key_size;
    record->size = RECORD_FRONT + record->key_size;
    if (record->size > left || record->count > (left - record->size) / RANGE_SIZE)
        return 0;
    record->size += (size_t)record->count * RANGE_SIZE;
    return 1;
}

/* Takes over the ranges of RECORD, or, with SENDER NULL, only checks them. */
static int join_ranges(struct fl_spans *spans, struct fl_sender *sender,
                       const struct record *record)
{
    const uint8_t *at = record->ranges;

    if (sender && fl_ranges_reserve(&sender->had, record->count))
        return FLOW_ENOMEM;
    for (uint32_t i = 0; i < record->count; i++, at += RANGE_SIZE) {
        const struct fl_range range = {fl_le64_get(at), fl_le64_get(at + 8)};
        if (range.first >= range.end)
            return FLOW_EPARSE;
        if (sender)
            add(spans, sender, &range);
    }
    return FLOW_OK;
}

int fl_spans_join(struct fl_spans *spans, const uint8_t *data, size_t size)
{
    struct record record;
    int rc = FLOW_OK;

    for (; size && !rc; data += record.size, size -= record.size) {
        struct fl_sender *sender = NULL;
        if (!read_record(data, size, &record))
            return FLOW_EPARSE;
        if (spans && !(sender = obtain(spans, record.key, record.key_size)))
            return FLOW_ENOMEM;
        if (sender && sender->time < record.time)
            sender->time = record.time;
        rc = join_ranges(spans, sender, &record);
    }
    return rc;
}

/* ---- forgetting ---- */

/* Whether nothing is to be expected of SENDER any more; *EARLY: it never said so. */
static int is_over(const struct fl_sender *sender, int64_t now, int *early)
{
    int closed = is_closed(sender);

    *early = !closed && sender->had.list.count;
    if (sender->pins)
        return 0;
    return !sender->had.list.count ||
           now - sender->time > (closed ? FL_SPANS_CLOSED_MS : FL_SPANS_IDLE_MS);
}

static void forget_idle(struct fl_spans *spans, int64_t now)
{
    int early = 0;

    for (size_t i = 0; i < spans->slot_count; i++) {
        for (struct fl_sender **at = &spans->slots[i]; *at;) {
            if (!is_over(*at, now, &early)) {
                at = &(*at)->next;
                continue;
            }
            spans->forgotten += (uint64_t)early;
            unhook(spans, at);
        }
    }
}

static int by_time(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return one < other ? -1 : one > other;
}

/* When those were heard of that are one too many; 0, without an answer, without memory. */
static int find_limit(const struct fl_spans *spans, int64_t *limit)
{
    struct fl_vec times;

    fl_vec_init(&times, spans->mem, sizeof(int64_t));
    if (fl_vec_reserve(&times, spans->count))
        return 0;
    for (size_t i = 0; i < spans->slot_count; i++) {
        for (const struct fl_sender *s = spans->slots[i]; s; s = s->next)
            fl_vec_push(&times, &s->time);
    }
    fl_vec_sort(&times, by_time);
    *limit = *(int64_t *)fl_vec_at(&times, times.count - FL_SPANS_MOST - 1);
    fl_vec_free(&times);
    return 1;
}

/* Forgets those that were heard of least lately. */
static void forget_surplus(struct fl_spans *spans)
{
    int64_t limit;

    if (spans->count <= FL_SPANS_MOST || !find_limit(spans, &limit))
        return;
    for (size_t i = 0; i < spans->slot_count; i++) {
        for (struct fl_sender **at = &spans->slots[i]; *at && spans->count > FL_SPANS_MOST;) {
            if ((*at)->pins || (*at)->time > limit) {
                at = &(*at)->next;
                continue;
            }
            spans->forgotten += !is_closed(*at);
            unhook(spans, at);
        }
    }
}

uint64_t fl_spans_expire(struct fl_spans *spans, int64_t now)
{
    fl_lock(&spans->lock);
    forget_idle(spans, now);
    forget_surplus(spans);
    uint64_t forgotten = spans->forgotten;
    spans->forgotten = 0;
    fl_unlock(&spans->lock);
    return forgotten;
}

/* ---- looking ---- */

int fl_spans_each(struct fl_spans *spans, int (*fn)(void *arg, const struct fl_sender_info *info),
                  void *arg)
{
    int rc = FLOW_OK;

    fl_lock(&spans->lock);
    for (size_t i = 0; i < spans->slot_count && !rc; i++) {
        for (const struct fl_sender *s = spans->slots[i]; s && !rc; s = s->next) {
            const struct fl_sender_info info = {s->key, s->key_size, s->time, &s->had};
            rc = fn(arg, &info);
        }
    }
    fl_unlock(&spans->lock);
    return rc;
}
