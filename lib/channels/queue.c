/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The queue of the memory channel: a list of chunks of pointers.  Producers write at one end and
 * publish by one counter; consumers read at the other.  A chunk belongs to the producers until one
 * behind it was published, then to the consumers.
 */

#include <string.h>

#include "channels/queue.h"

#define CHUNK_EVENTS 510u /* with its front, one page */

struct fl_chunk {
    struct fl_chunk *next;
    uint64_t reserved;
    const flow_event *events[CHUNK_EVENTS];
};

static uint64_t get(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_acquire);
}

int fl_queue_init(struct fl_queue *queue, const flow_allocator *mem, const struct fl_load *most)
{
    memset(queue, 0, sizeof *queue);
    queue->mem = mem;
    queue->most = *most;
    queue->tail = fl_zalloc(mem, sizeof *queue->tail);
    if (!queue->tail)
        return FLOW_ENOMEM;
    queue->head = queue->tail;
    queue->room = CHUNK_EVENTS;
    if (fl_lock_init(&queue->tail_lock))
        goto fail;
    if (!fl_lock_init(&queue->head_lock))
        return FLOW_OK;
    fl_lock_destroy(&queue->tail_lock);
fail:
    fl_free(mem, queue->tail);
    return FLOW_ENOMEM;
}

static void free_chunks(const flow_allocator *mem, struct fl_chunk *chunk)
{
    for (struct fl_chunk *next; chunk; chunk = next) {
        next = chunk->next;
        fl_free(mem, chunk);
    }
}

/* Drops the references of what is in the chunks. */
static void unref_chunks(struct fl_queue *queue)
{
    for (struct fl_chunk *chunk = queue->head; chunk; chunk = chunk->next) {
        size_t end = chunk == queue->tail ? queue->tail_count : CHUNK_EVENTS;
        flow_events_unref(chunk->events + queue->head_taken, end - queue->head_taken);
        queue->head_taken = 0;
    }
}

void fl_queue_destroy(struct fl_queue *queue)
{
    for (struct fl_lot *lot = queue->returned, *next; lot; lot = next) {
        next = lot->next;
        flow_events_unref(lot->events, lot->count);
        fl_free(queue->mem, lot);
    }
    unref_chunks(queue);
    free_chunks(queue->mem, queue->head);
    free_chunks(queue->mem, queue->spare);
    free_chunks(queue->mem, atomic_load(&queue->drained));
    fl_lock_destroy(&queue->tail_lock);
    fl_lock_destroy(&queue->head_lock);
}

struct fl_lot *fl_lot_grow(const flow_allocator *mem, struct fl_lot *lot, size_t capacity)
{
    if (lot && capacity <= lot->capacity)
        return lot;
    size_t twice = lot ? 2 * lot->capacity : 8;
    if (capacity < twice)
        capacity = twice;
    if (capacity > (SIZE_MAX - sizeof *lot) / sizeof lot->events[0])
        return NULL;
    struct fl_lot *grown = fl_realloc(mem, lot, sizeof *lot + capacity * sizeof lot->events[0]);
    if (!grown)
        return NULL;
    if (!lot)
        memset(grown, 0, sizeof *grown);
    grown->capacity = capacity;
    return grown;
}

static int fits_now(const struct fl_queue *queue, const struct fl_load *load)
{
    const struct fl_load *most = &queue->most;
    const struct fl_load *reserved = &queue->reserved;
    const struct fl_load *seen = &queue->seen;

    return load->events <= most->events - (reserved->events - seen->events) &&
           load->bytes <= most->bytes - (reserved->bytes - seen->bytes) &&
           load->bodies <= most->bodies - (reserved->bodies - seen->bodies);
}

/* Whether LOAD fits.  Looks at the consumers' counts only when it must. */
static int fits(struct fl_queue *queue, const struct fl_load *load)
{
    if (fits_now(queue, load))
        return 1;
    queue->seen.bodies = get(&queue->released.bodies);
    queue->seen.bytes = get(&queue->released.bytes);
    queue->seen.events = get(&queue->released.events);
    return fits_now(queue, load);
}

/* Adds chunks until all that is pending has a place. */
static int make_room(struct fl_queue *queue, uint64_t pending)
{
    while (queue->room < pending) {
        struct fl_chunk *chunk = atomic_exchange(&queue->drained, NULL);
        if (!chunk)
            chunk = fl_alloc(queue->mem, sizeof *chunk);
        if (!chunk)
            return FLOW_ENOMEM;
        chunk->next = queue->spare;
        queue->spare = chunk;
        queue->room += CHUNK_EVENTS;
    }
    return FLOW_OK;
}

int fl_queue_reserve(struct fl_queue *queue, const struct fl_load *load)
{
    int rc = FLOW_EFULL;

    fl_lock(&queue->tail_lock);
    if (fits(queue, load))
        rc = make_room(queue, queue->pending + load->events);
    if (!rc) {
        queue->pending += load->events;
        queue->reserved.events += load->events;
        queue->reserved.bytes += load->bytes;
        queue->reserved.bodies += load->bodies;
    }
    fl_unlock(&queue->tail_lock);
    return rc;
}

void fl_queue_unreserve(struct fl_queue *queue, const struct fl_load *load)
{
    fl_lock(&queue->tail_lock);
    queue->pending -= load->events;
    queue->reserved.events -= load->events;
    queue->reserved.bytes -= load->bytes;
    queue->reserved.bodies -= load->bodies;
    fl_unlock(&queue->tail_lock);
}

/* Goes on to a spare chunk, which make_room has seen to. */
static void next_tail(struct fl_queue *queue)
{
    struct fl_chunk *chunk = queue->spare;

    queue->spare = chunk->next;
    chunk->next = NULL;
    queue->tail->next = chunk;
    queue->tail = chunk;
    queue->tail_count = 0;
}

uint64_t fl_queue_append(struct fl_queue *queue, const flow_event *const *events, size_t count)
{
    fl_lock(&queue->tail_lock);
    for (size_t done = 0, n; done < count; done += n) {
        if (queue->tail_count == CHUNK_EVENTS)
            next_tail(queue);
        n = CHUNK_EVENTS - queue->tail_count;
        if (n > count - done)
            n = count - done;
        memcpy(queue->tail->events + queue->tail_count, events + done, n * sizeof *events);
        queue->tail_count += n;
    }
    queue->pending -= count;
    queue->room -= count;
    uint64_t before = atomic_load_explicit(&queue->appended, memory_order_relaxed);
    atomic_store_explicit(&queue->appended, before + count, memory_order_release);
    fl_unlock(&queue->tail_lock);
    return before + count;
}

/* A chunk that consumers have emptied goes back to the producers, or one of the two is freed. */
static void drain(struct fl_queue *queue)
{
    struct fl_chunk *old = queue->head;

    queue->head = old->next;
    queue->head_taken = 0;
    old->next = NULL;
    fl_free(queue->mem, atomic_exchange(&queue->drained, old));
}

/* Takes from the chunks: COUNT events, which are there. */
static void take_fresh(struct fl_queue *queue, size_t count, struct fl_lot *lot)
{
    lot->number = queue->next;
    lot->count = count;
    for (size_t done = 0, n; done < count; done += n) {
        if (queue->head_taken == CHUNK_EVENTS)
            drain(queue);
        n = CHUNK_EVENTS - queue->head_taken;
        if (n > count - done)
            n = count - done;
        memcpy(lot->events + done, queue->head->events + queue->head_taken,
               n * sizeof *lot->events);
        queue->head_taken += n;
    }
    queue->next += count;
}

/* Takes COUNT events of the first returned lot. */
static void take_returned(struct fl_queue *queue, size_t count, struct fl_lot **lot)
{
    struct fl_lot *first = queue->returned;

    if (count == first->count) {
        queue->returned = first->next;
        fl_free(queue->mem, *lot);
        *lot = first;
        return;
    }
    (*lot)->number = first->number;
    (*lot)->count = count;
    memcpy((*lot)->events, first->events, count * sizeof *first->events);
    first->number += count;
    first->count -= count;
    memmove(first->events, first->events + count, first->count * sizeof *first->events);
}

/* The number behind the last event.  Looks at the producers' count only for MAX events. */
static uint64_t end_of(struct fl_queue *queue, size_t max)
{
    if (queue->known - queue->next < max)
        queue->known = get(&queue->appended);
    return queue->known;
}

/* How many events that SPAN has lie behind each other at the head, at most MAX. */
static size_t available(struct fl_queue *queue, const struct fl_span *span, size_t max)
{
    const struct fl_lot *lot = queue->returned;
    uint64_t first = lot ? lot->number : queue->next;
    uint64_t end = lot ? lot->number + lot->count : end_of(queue, max);

    if (span->below < end)
        end = span->below;
    uint64_t count = end > first && first >= span->from ? end - first : 0;
    return count < max ? (size_t)count : max;
}

int fl_queue_take(struct fl_queue *queue, const struct fl_span *span, size_t max,
                  struct fl_lot **lot)
{
    struct fl_lot *grown = fl_lot_grow(queue->mem, *lot, 1);

    if (!grown)
        return FLOW_ENOMEM;
    *lot = grown;
    grown->count = 0;

    fl_lock(&queue->head_lock);
    size_t count = available(queue, span, max);
    if (count > grown->capacity) {
        /* Rarely: a transaction that takes more than the last one that used this lot. */
        grown = fl_lot_grow(queue->mem, grown, count);
        if (!grown) {
            fl_unlock(&queue->head_lock);
            return FLOW_ENOMEM;
        }
        *lot = grown;
    }
    if (count > 0) {
        if (queue->returned)
            take_returned(queue, count, lot);
        else
            take_fresh(queue, count, *lot);
        uint64_t held = atomic_load_explicit(&queue->held, memory_order_relaxed);
        atomic_store_explicit(&queue->held, held + count, memory_order_release);
    }
    fl_unlock(&queue->head_lock);
    return FLOW_OK;
}

int fl_queue_passed(struct fl_queue *queue, uint64_t number)
{
    fl_lock(&queue->head_lock);
    int passed = queue->next >= number && (!queue->returned || queue->returned->number >= number);
    fl_unlock(&queue->head_lock);
    return passed;
}

/* Puts LOT among those that were returned before, by number. */
static void insert(struct fl_queue *queue, struct fl_lot *lot)
{
    struct fl_lot **at = &queue->returned;

    while (*at && (*at)->number < lot->number)
        at = &(*at)->next;
    lot->next = *at;
    *at = lot;
}

void fl_queue_return(struct fl_queue *queue, struct fl_lot *lots)
{
    fl_lock(&queue->head_lock);
    uint64_t held = atomic_load_explicit(&queue->held, memory_order_relaxed);
    for (struct fl_lot *lot = lots, *next; lot; lot = next) {
        next = lot->next;
        held -= lot->count;
        insert(queue, lot);
    }
    atomic_store_explicit(&queue->held, held, memory_order_release);
    fl_unlock(&queue->head_lock);
}

void fl_queue_release(struct fl_queue *queue, const struct fl_load *load)
{
    atomic_fetch_add_explicit(&queue->released.bodies, load->bodies, memory_order_release);
    atomic_fetch_add_explicit(&queue->released.bytes, load->bytes, memory_order_release);
    atomic_fetch_add_explicit(&queue->released.events, load->events, memory_order_release);
}

struct fl_load fl_queue_load(struct fl_queue *queue)
{
    fl_lock(&queue->tail_lock);
    struct fl_load load = {
        .events = queue->reserved.events - get(&queue->released.events),
        .bytes = queue->reserved.bytes - get(&queue->released.bytes),
        .bodies = queue->reserved.bodies - get(&queue->released.bodies),
    };
    fl_unlock(&queue->tail_lock);
    return load;
}

uint64_t fl_queue_size(const struct fl_queue *queue)
{
    /* In this order, so that what is read late cannot be more than what was there. */
    uint64_t held = get(&queue->held);
    uint64_t appended = get(&queue->appended);

    return appended > held ? appended - held : 0;
}
