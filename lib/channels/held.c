/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "channels/held.h"

/* Adds LOT to the one taken before, when it lay behind that in the queue; so a transaction that
 * takes one by one does not end up with as many lots. */
static int join(struct fl_held *held, const flow_allocator *mem, const struct fl_lot *lot)
{
    struct fl_lot *last = held->taken;

    if (!last || last->number + last->count != lot->number)
        return 0;
    struct fl_lot *grown = fl_lot_grow(mem, last, last->count + lot->count);
    if (!grown)
        return 0;
    memcpy(grown->events + grown->count, lot->events, lot->count * sizeof *lot->events);
    grown->count += lot->count;
    held->taken = grown;
    return 1;
}

/* Hands what was taken to the caller and remembers it. */
static size_t hand_over(struct fl_held *held, const flow_allocator *mem, const flow_event **events)
{
    struct fl_lot *lot = held->spare;
    size_t count = lot->count;

    memcpy(events, lot->events, count * sizeof *events);
    if (!join(held, mem, lot)) {
        lot->next = held->taken;
        held->taken = lot;
        held->spare = NULL;
    }
    return count;
}

int fl_held_take(struct fl_held *held, struct fl_queue *queue, uint64_t below, size_t max,
                 const flow_event **events, size_t *count)
{
    struct fl_span span = {0, below};

    *count = 0;
    while (*count < max) {
        if (fl_queue_take(queue, &span, max - *count, &held->spare)) {
            /* What came before the memory ran out is a take of its own. */
            return *count > 0 ? FLOW_OK : FLOW_ENOMEM;
        }
        if (held->spare->count == 0)
            break;
        /* What somebody returns meanwhile belongs in front of this, not behind it. */
        span.from = held->spare->number + held->spare->count;
        *count += hand_over(held, queue->mem, events + *count);
    }
    return FLOW_OK;
}

/* Keeps one lot for the next take. */
static void put_aside(struct fl_held *held, const flow_allocator *mem, struct fl_lot *lot)
{
    if (held->spare)
        fl_free(mem, lot);
    else
        held->spare = lot;
}

void fl_held_drop(struct fl_held *held, struct fl_queue *queue,
                  struct fl_load (*weigh)(const void *arg, const flow_event *const *events,
                                          size_t count),
                  const void *arg)
{
    for (struct fl_lot *lot = held->taken, *next; lot; lot = next) {
        struct fl_load load = weigh(arg, lot->events, lot->count);
        next = lot->next;
        flow_events_unref(lot->events, lot->count);
        fl_queue_release(queue, &load);
        put_aside(held, queue->mem, lot);
    }
    held->taken = NULL;
}

void fl_held_return(struct fl_held *held, struct fl_queue *queue)
{
    if (held->taken)
        fl_queue_return(queue, held->taken);
    held->taken = NULL;
}

void fl_held_free(struct fl_held *held, const flow_allocator *mem)
{
    fl_free(mem, held->spare);
}
