/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An array of pointers and a table of slots that finds their places.  A removed pointer leaves a 0
 * in the array, which its slot still names, so that searches go on behind it; when the array is
 * full the gaps are closed and the slots filled anew.
 */

#include <string.h>

#include "base/random.h"
#include "store/flume_queue.h"

#define SMALLEST 64

uint64_t fl_flume_seed(void)
{
    uint64_t seed = 0;

    /* Without randomness the order of the slots can be foretold, and all else is the same. */
    (void)fl_random(&seed, sizeof seed, NULL);
    return seed;
}

uint64_t fl_flume_hash(uint64_t seed, uint64_t value)
{
    value ^= seed;
    value = (value ^ value >> 33) * 0xff51afd7ed558ccd;
    value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53;
    return value ^ value >> 33;
}

void fl_flume_queue_init(struct fl_flume_queue *queue, const flow_allocator *mem)
{
    *queue = (struct fl_flume_queue){.mem = mem, .seed = fl_flume_seed()};
}

void fl_flume_queue_free(struct fl_flume_queue *queue)
{
    fl_free(queue->mem, queue->items);
    fl_free(queue->mem, queue->slots);
    *queue = (struct fl_flume_queue){.mem = queue->mem, .seed = queue->seed};
}

/* The slot of POINTER, or the empty one where it would go; there are slots, and empty ones. */
static uint32_t *find_slot(const struct fl_flume_queue *queue, uint64_t pointer)
{
    size_t mask = (size_t)queue->capacity * 2 - 1;
    size_t at = (size_t)fl_flume_hash(queue->seed, pointer) & mask;

    while (queue->slots[at] && queue->items[queue->slots[at] - 1] != pointer)
        at = (at + 1) & mask;
    return &queue->slots[at];
}

static void close_gaps(struct fl_flume_queue *queue)
{
    uint32_t used = queue->used;

    queue->used = 0;
    memset(queue->slots, 0, (size_t)queue->capacity * 2 * sizeof *queue->slots);
    for (uint32_t i = 0; i < used; i++) {
        uint64_t pointer = queue->items[i];
        if (pointer) {
            queue->items[queue->used] = pointer;
            *find_slot(queue, pointer) = ++queue->used;
        }
    }
}

static int make_room(struct fl_flume_queue *queue)
{
    uint32_t capacity = queue->capacity ? queue->capacity * 2 : SMALLEST;

    if (queue->capacity && queue->live <= queue->capacity / 2) {
        close_gaps(queue);
        return FLOW_OK;
    }
    if (capacity > UINT32_MAX / 2)
        return FLOW_ENOMEM;
    uint32_t *slots = fl_calloc(queue->mem, (size_t)capacity * 2, sizeof *slots);
    if (!slots)
        return FLOW_ENOMEM;
    uint64_t *items = fl_realloc(queue->mem, queue->items, capacity * sizeof *items);
    if (!items) {
        fl_free(queue->mem, slots);
        return FLOW_ENOMEM;
    }
    fl_free(queue->mem, queue->slots);
    queue->items = items;
    queue->slots = slots;
    queue->capacity = capacity;
    close_gaps(queue);
    return FLOW_OK;
}

int fl_flume_queue_add(struct fl_flume_queue *queue, uint64_t pointer)
{
    if (queue->used == queue->capacity && make_room(queue))
        return FLOW_ENOMEM;
    uint32_t *slot = find_slot(queue, pointer);
    if (*slot)
        return FLOW_OK;
    queue->items[queue->used] = pointer;
    *slot = ++queue->used;
    queue->live++;
    return FLOW_OK;
}

/* The slot that holds POINTER, or NULL.  A 0 would be found where one was removed. */
static uint32_t *filled_slot(const struct fl_flume_queue *queue, uint64_t pointer)
{
    uint32_t *slot = queue->capacity && pointer ? find_slot(queue, pointer) : NULL;

    return slot && *slot ? slot : NULL;
}

int fl_flume_queue_remove(struct fl_flume_queue *queue, uint64_t pointer)
{
    const uint32_t *slot = filled_slot(queue, pointer);

    if (!slot)
        return 0;
    queue->items[*slot - 1] = 0;
    queue->live--;
    return 1;
}

int fl_flume_queue_has(const struct fl_flume_queue *queue, uint64_t pointer)
{
    return filled_slot(queue, pointer) != NULL;
}
