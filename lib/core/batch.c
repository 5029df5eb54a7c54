/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Batches: an array of pointers to events, and the slabs that most of them were made in.  The batch
 * holds one reference to each of its slabs, however many events are in them; events from elsewhere
 * it holds one by one.
 */

#include <string.h>

#include "base/error.h"
#include "core/batch.h"
#include "core/library.h"

/* No slab is worth looking for a better one below this. */
#define KEEP_ANY 4096u

/* How many bytes of such slabs a batch waits for: those of the events that are on their way while
 * whoever takes them keeps up.  The pool, where they would meet again, costs both threads more than
 * a small event. */
#define LENT_MAX 32768u

int flow_batch_new(flow_library *lib, flow_batch **batch, flow_error **err)
{
    int rc = fl_library_check(lib, err);

    if (!rc && !batch)
        rc = flow_error_set(err, FLOW_EINVAL, "no place for the batch");
    if (rc)
        return rc;
    flow_batch *made = fl_zalloc(&lib->allocator, sizeof *made);
    if (!made)
        return fl_error_nomem(err);
    made->lib = lib;
    fl_marks_init(&made->marks, &lib->allocator);
    fl_stamps_init(&made->stamps, &lib->allocator);
    *batch = made;
    return FLOW_OK;
}

/* Drops the batch's references to foreign events from FROM to the end, without moving any. */
static void drop_foreign(flow_batch *batch, size_t from, size_t to)
{
    for (size_t i = from; i < to && batch->foreign > 0;) {
        size_t n = 0;
        while (i + n < to && !fl_batch_made(batch, batch->events[i + n]))
            n++;
        fl_events_unref(batch->events + i, n);
        batch->foreign -= n;
        i += n > 0 ? n : 1;
    }
}

static void give_up_arena(struct fl_arena *arena)
{
    atomic_store_explicit(&arena->owner, NULL, memory_order_relaxed);
    fl_slab_unref(&arena->slab, 1);
}

static void give_up_arenas(struct fl_arena *list)
{
    for (struct fl_arena *arena = list, *next; arena; arena = next) {
        next = arena->next;
        give_up_arena(arena);
    }
}

void flow_batch_free(flow_batch *batch)
{
    if (!batch)
        return;
    drop_foreign(batch, 0, batch->count);
    give_up_arenas(batch->arenas);
    give_up_arenas(batch->lent);
    fl_free(&batch->lib->allocator, batch->events);
    fl_free(&batch->lib->allocator, batch->progress);
    fl_marks_free(&batch->marks);
    fl_stamps_free(&batch->stamps);
    fl_free(&batch->lib->allocator, batch);
}

static size_t at_most_arena(size_t size)
{
    size_t most = FL_ARENA_MAX - sizeof(struct fl_arena);

    return size < most ? size : most;
}

/* Whether the next filling may go into ARENA again: nobody else uses it, and it has about the size
 * that is expected.  A much larger one would be held in memory by few events. */
static int can_refill(const struct fl_arena *arena, size_t expected)
{
    size_t fit = fl_arena_fit(at_most_arena(expected)) + sizeof(struct fl_arena);
    size_t size = arena->slab.size;

    return size >= fit / 2 && (size <= 2 * fit || size <= KEEP_ANY) && fl_slab_alone(&arena->slab);
}

/* Lets go of an arena that is not filled again now: for ever, unless it is small. */
static void lend_arena(flow_batch *batch, struct fl_arena *arena)
{
    size_t size = arena->slab.size;

    if (size > KEEP_ANY || size > LENT_MAX - batch->lent_bytes) {
        give_up_arena(arena);
        return;
    }
    arena->next = NULL;
    if (batch->lent)
        batch->lent_last->next = arena;
    else
        batch->lent = arena;
    batch->lent_last = arena;
    batch->lent_bytes += size;
}

/* The oldest of the small ones, if nobody holds it and it has room for SIZE bytes, or NULL. */
static struct fl_arena *take_back(flow_batch *batch, size_t size)
{
    struct fl_arena *arena = batch->lent;

    if (!arena || !fl_slab_alone(&arena->slab))
        return NULL;
    batch->lent = arena->next;
    batch->lent_bytes -= arena->slab.size;
    fl_arena_reset(arena);
    if ((size_t)(arena->end - arena->at) >= size)
        return arena;
    give_up_arena(arena);
    return NULL;
}

void flow_batch_clear(flow_batch *batch)
{
    struct fl_arena *kept = NULL;

    drop_foreign(batch, 0, batch->count);
    batch->count = 0;
    batch->progress_owner = 0;
    fl_marks_clear(&batch->marks);
    fl_stamps_clear(&batch->stamps);

    /* Sinks down slowly, so that a short batch now and then changes nothing. */
    size_t faded = batch->expected - batch->expected / 8;
    batch->expected = batch->filled > faded ? batch->filled : faded;
    batch->filled = 0;

    for (struct fl_arena *arena = batch->arenas, *next; arena; arena = next) {
        next = arena->next;
        if (!kept && can_refill(arena, batch->expected))
            kept = arena;
        else
            lend_arena(batch, arena);
    }
    if (kept) {
        kept->next = NULL;
        fl_arena_reset(kept);
    }
    batch->arenas = kept;
}

size_t flow_batch_count(const flow_batch *batch)
{
    return batch->count;
}

const flow_event *flow_batch_event(const flow_batch *batch, size_t index)
{
    return index < batch->count ? batch->events[index] : NULL;
}

const flow_event *const *flow_batch_events(const flow_batch *batch)
{
    return batch && batch->count > 0 ? batch->events : NULL;
}

int fl_batch_room(flow_batch *batch, size_t count, flow_error **err)
{
    size_t wanted;

    if (count <= batch->capacity - batch->count)
        return FLOW_OK;
    if (__builtin_add_overflow(batch->count, count, &wanted) || wanted > SIZE_MAX / 32)
        return fl_error_nomem(err);
    size_t capacity = batch->capacity ? batch->capacity : 16;
    while (capacity < wanted)
        capacity *= 2;
    void *grown =
        fl_realloc(&batch->lib->allocator, batch->events, capacity * sizeof(*batch->events));
    if (!grown)
        return fl_error_nomem(err);
    batch->events = grown;
    batch->capacity = capacity;
    return FLOW_OK;
}

/* Another slab: as large as what is still expected, or, beyond that, as what is there already. */
static int add_arena(flow_batch *batch, size_t size, flow_error **err)
{
    int rc = fl_library_check(batch->lib, err);

    if (rc)
        return rc;
    size_t rest = batch->expected > batch->filled ? batch->expected - batch->filled : 0;
    if (rest < size)
        rest = batch->filled;
    rest = at_most_arena(rest);
    if (rest < size)
        rest = size;
    struct fl_arena *arena = take_back(batch, rest);
    if (!arena)
        arena = fl_arena_new(batch->lib->pool, fl_arena_fit(rest), batch);
    if (!arena)
        return fl_error_nomem(err);
    arena->next = batch->arenas;
    batch->arenas = arena;
    return FLOW_OK;
}

int fl_batch_take(flow_batch *batch, size_t size, size_t body, struct fl_slab **slab, void **memory,
                  flow_error **err)
{
    void *taken = batch->arenas ? fl_arena_take(batch->arenas, size) : NULL;

    if (!taken) {
        int rc = add_arena(batch, size, err);
        if (rc)
            return rc;
        taken = fl_arena_take(batch->arenas, size);
    }
    fl_arena_count(batch->arenas, size, body);
    batch->filled += size;
    *slab = &batch->arenas->slab;
    *memory = taken;
    return FLOW_OK;
}

static int add_parts(flow_batch *batch, const struct fl_parts *parts, flow_event **event,
                     flow_error **err)
{
    struct fl_slab *slab = NULL;
    void *memory = NULL;
    size_t bytes = 0;
    int rc = fl_event_measure(parts, &bytes, err);

    if (!rc)
        rc = fl_batch_room(batch, 1, err);
    if (!rc)
        rc = fl_batch_take(batch, bytes, parts->size, &slab, &memory, err);
    if (rc)
        return rc;
    *event = fl_event_make(slab, memory, parts);
    batch->events[batch->count++] = *event;
    return FLOW_OK;
}

int flow_batch_add_full(flow_batch *batch, const void *body, size_t size,
                        const flow_header *headers, size_t count, size_t header_size,
                        flow_error **err)
{
    const struct fl_parts parts = {body, size, headers, count, header_size};
    flow_event *event;

    if (!batch || (!body && size > 0))
        return flow_error_set(err, FLOW_EINVAL, "no batch, or a size but no body");
    return add_parts(batch, &parts, &event, err);
}

/* Nearly all events of a source come this way and find room in slab and array, so this path is kept
 * free of everything else. */
int flow_batch_add(flow_batch *batch, const void *body, size_t size, flow_error **err)
{
    if (!batch || !body || size > FL_ARENA_MAX || batch->count == batch->capacity || !batch->arenas)
        return flow_batch_add_full(batch, body, size, NULL, 0, 0, err);
    struct fl_arena *arena = batch->arenas;
    size_t bytes = FL_SLAB_ROUND(sizeof(flow_event) + size);
    flow_event *event = fl_arena_take(arena, bytes);
    if (!event)
        return flow_batch_add_full(batch, body, size, NULL, 0, 0, err);
    fl_arena_count(arena, bytes, size);
    batch->filled += bytes;
    batch->events[batch->count++] = event;
    *event = (flow_event){
        .slab = &arena->slab, .body = (uint8_t *)(event + 1), .body_size = (uint32_t)size};
    memcpy(event + 1, body, size);
    return FLOW_OK;
}

int flow_batch_reserve(flow_batch *batch, size_t size, void **body, flow_error **err)
{
    const struct fl_parts parts = {.size = size};
    flow_event *event;

    if (!batch || !body)
        return flow_error_set(err, FLOW_EINVAL, "no batch, or no place for the body");
    int rc = add_parts(batch, &parts, &event, err);
    if (!rc)
        *body = (void *)event->body;
    return rc;
}

/* An event of the batch's own slabs is copied: two places in one batch can be changed apart. */
static int append_own(flow_batch *batch, const flow_event *event, flow_error **err)
{
    struct fl_slab *slab = NULL;
    void *memory = NULL;
    int rc = fl_batch_take(batch, fl_event_size(event), event->body_size, &slab, &memory, err);

    if (!rc)
        batch->events[batch->count++] = fl_event_copy(slab, memory, event);
    return rc;
}

int flow_batch_append(flow_batch *batch, const flow_event *event, flow_error **err)
{
    if (!batch || !event)
        return flow_error_set(err, FLOW_EINVAL, "no batch, or no event");
    int rc = fl_batch_room(batch, 1, err);
    if (rc)
        return rc;
    if (fl_batch_made(batch, event))
        return append_own(batch, event, err);
    fl_events_ref(&event, 1);
    batch->foreign++;
    batch->events[batch->count++] = event;
    return FLOW_OK;
}

void fl_batch_replace(flow_batch *batch, size_t index, const flow_event *event)
{
    const flow_event *old = batch->events[index];

    batch->events[index] = event;
    if (!fl_batch_made(batch, old)) {
        fl_events_unref(&old, 1);
        batch->foreign--;
    }
}

void flow_batch_filter(flow_batch *batch, const uint8_t *keep)
{
    size_t kept = 0;

    fl_marks_filter(&batch->marks, keep);
    fl_stamps_filter(&batch->stamps, keep);
    for (size_t i = 0; i < batch->count; i++) {
        if (keep[i])
            batch->events[kept++] = batch->events[i];
        else
            drop_foreign(batch, i, i + 1);
    }
    batch->count = kept;
}

void flow_batch_truncate(flow_batch *batch, size_t count)
{
    if (count >= batch->count)
        return;
    fl_marks_truncate(&batch->marks, count);
    fl_stamps_truncate(&batch->stamps, count);
    drop_foreign(batch, count, batch->count);
    batch->count = count;
}

void fl_batch_drop_front(flow_batch *batch, size_t count)
{
    drop_foreign(batch, 0, count);
    batch->count -= count;
    memmove(batch->events, batch->events + count, batch->count * sizeof(*batch->events));
}

static int add_mark(flow_batch *batch, const flow_position *position, flow_error **err)
{
    if (!batch || !position->key || !position->key_size)
        return flow_error_set(err, FLOW_EINVAL, "no batch, or no key of the position");
    if (position->key_size > FLOW_POSITION_MAX || position->value_size > FLOW_POSITION_MAX)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "key and value of a position have %zu and %zu bytes, of which %u "
                               "each are allowed",
                               position->key_size, position->value_size, FLOW_POSITION_MAX);
    return fl_marks_add(&batch->marks, position, batch->count) ? fl_error_nomem(err) : FLOW_OK;
}

int flow_batch_set_position(flow_batch *batch, const void *key, size_t key_size, const void *value,
                            size_t value_size, flow_error **err)
{
    const flow_position position = {key, value, key_size, value_size};

    if (!value || !value_size)
        return flow_error_set(err, FLOW_EINVAL, "no value of the position");
    return add_mark(batch, &position, err);
}

int flow_batch_forget_position(flow_batch *batch, const void *key, size_t key_size,
                               flow_error **err)
{
    const flow_position position = {.key = key, .key_size = key_size};

    return add_mark(batch, &position, err);
}

static int check_span(const flow_span *span, flow_error **err)
{
    if (!span->key != !span->key_size)
        return flow_error_set(err, FLOW_EINVAL, "a span has a key without a size, or the reverse");
    if (span->key_size > FLOW_SPAN_KEY_MAX)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "the key of a span has %u bytes, of which %u are allowed",
                               span->key_size, FLOW_SPAN_KEY_MAX);
    if (span->key_size && span->count &&
        (span->first < span->horizon || span->first >= FLOW_SPAN_CLOSED - span->count))
        return flow_error_set(err, FLOW_EINVAL,
                              "a span begins before its own horizon, or does not end");
    return FLOW_OK;
}

/* Spans of a caller for whom they may be larger. */
struct given {
    const uint8_t *at;
    size_t count, size;
};

static const flow_span *given_span(const struct given *given, size_t index)
{
    return (const flow_span *)(const void *)(given->at + index * given->size);
}

static int check_spans(const flow_batch *batch, size_t first, const struct given *given,
                       flow_error **err)
{
    size_t known = fl_stamps_end(&batch->stamps), left = batch->count - first;
    int rc = FLOW_OK;

    if (first < known || first > batch->count)
        return flow_error_setf(err, FLOW_EINVAL,
                               "spans of event %zu and later ones, where the first %zu of %zu "
                               "have some",
                               first, known, batch->count);
    for (size_t i = 0; i < given->count && !rc; i++) {
        const flow_span *span = given_span(given, i);
        rc = check_span(span, err);
        if (!rc && span->count > left)
            rc = flow_error_set(err, FLOW_EINVAL, "spans of more events than there are");
        left -= rc ? 0 : span->count;
    }
    return rc;
}

/* Notes that the events up to END that have no span have no numbers. */
static int pass_unnumbered(flow_batch *batch, size_t end)
{
    const flow_span none = {.count = (uint32_t)(end - fl_stamps_end(&batch->stamps))};

    return none.count ? fl_stamps_add(&batch->stamps, &none, end) : FLOW_OK;
}

static int add_spans(flow_batch *batch, size_t first, const struct given *given)
{
    int rc = pass_unnumbered(batch, first);

    for (size_t i = 0; i < given->count && !rc; i++) {
        const flow_span *span = given_span(given, i);
        first += span->count;
        rc = fl_stamps_add(&batch->stamps, span, first);
    }
    return rc;
}

int flow_batch_set_spans(flow_batch *batch, size_t first, const flow_span *spans, size_t count,
                         size_t span_size, flow_error **err)
{
    const struct given given = {(const uint8_t *)spans, count, span_size};

    if (!batch || (!spans && count) || span_size < sizeof *spans)
        return flow_error_set(err, FLOW_EINVAL, "no batch, no spans, or spans of another size");
    int rc = check_spans(batch, first, &given, err);
    if (rc)
        return rc;
    const struct fl_stamps before = batch->stamps;
    if (!add_spans(batch, first, &given))
        return FLOW_OK;
    batch->stamps.list.count = before.list.count;
    batch->stamps.keys.size = before.keys.size;
    return fl_error_nomem(err);
}

int flow_batch_append_batch(flow_batch *batch, const flow_batch *from, flow_error **err)
{
    size_t before = batch ? batch->count : 0;
    int rc = FLOW_OK;

    if (!batch || !from || batch == from)
        return flow_error_set(err, FLOW_EINVAL, "no batch, or no other one");
    for (size_t i = 0; i < from->count && !rc; i++)
        rc = flow_batch_append(batch, from->events[i], err);
    if (rc || !from->stamps.list.count)
        return rc;
    if (pass_unnumbered(batch, before) || fl_stamps_append(&batch->stamps, &from->stamps, before))
        return fl_error_nomem(err);
    return FLOW_OK;
}

int fl_batch_progress(flow_batch *batch, uint64_t owner, size_t slots, uint64_t **progress,
                      flow_error **err)
{
    size_t known = batch->progress_owner == owner ? batch->progress_slots : 0;

    if (slots > batch->progress_capacity) {
        void *grown = NULL;
        if (slots <= SIZE_MAX / sizeof(*batch->progress))
            grown = fl_realloc(&batch->lib->allocator, batch->progress,
                               slots * sizeof(*batch->progress));
        if (!grown)
            return fl_error_nomem(err);
        batch->progress = grown;
        batch->progress_capacity = slots;
    }
    if (slots > known) {
        memset(batch->progress + known, 0, (slots - known) * sizeof(*batch->progress));
        batch->progress_slots = slots;
    }
    batch->progress_owner = owner;
    *progress = batch->progress;
    return FLOW_OK;
}
