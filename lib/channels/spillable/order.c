/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "channels/spillable/order.h"

struct fl_stretch *fl_stretch_new(const flow_allocator *mem)
{
    return fl_zalloc(mem, sizeof(struct fl_stretch));
}

int fl_order_init(struct fl_order *order, const flow_allocator *mem)
{
    memset(order, 0, sizeof *order);
    order->mem = mem;
    order->head = order->tail = fl_stretch_new(mem); /* in memory, up to 0: nothing */
    if (!order->head)
        return FLOW_ENOMEM;
    int rc = fl_lock_init(&order->lock);
    if (rc)
        fl_free(mem, order->head);
    return rc;
}

void fl_order_destroy(struct fl_order *order)
{
    for (struct fl_stretch *stretch = order->head, *next; stretch; stretch = next) {
        next = stretch->next;
        fl_free(order->mem, stretch);
    }
    fl_lock_destroy(&order->lock);
}

static void append(struct fl_order *order, enum fl_medium place, struct fl_stretch *stretch)
{
    stretch->place = place;
    stretch->number = order->tail->number + 1;
    order->tail->next = stretch;
    order->tail = stretch;
}

void fl_order_put(struct fl_order *order, enum fl_medium place, uint64_t end,
                  struct fl_stretch **spare)
{
    fl_lock(&order->lock);
    /* Else a put that came later in the place was noted earlier; the two were there at once. */
    if (order->ends[place] < end) {
        if (order->tail->place != place) {
            append(order, place, *spare);
            *spare = NULL;
        }
        order->tail->end = end;
        order->ends[place] = end;
    }
    fl_unlock(&order->lock);
}

struct fl_stretch *fl_order_look(struct fl_order *order, const struct fl_stretch *stretch,
                                 uint64_t *end)
{
    fl_lock(&order->lock);
    struct fl_stretch *next = stretch->next;
    *end = stretch->end;
    fl_unlock(&order->lock);
    return next;
}

void fl_order_pin(struct fl_stretch *stretch, struct fl_stretch **pin)
{
    if (*pin && (*pin)->number <= stretch->number)
        return;
    atomic_fetch_add(&stretch->pins, 1);
    fl_order_unpin(pin);
    *pin = stretch;
}

void fl_order_unpin(struct fl_stretch **pin)
{
    if (*pin)
        atomic_fetch_sub(&(*pin)->pins, 1);
    *pin = NULL;
}

void fl_order_drop(struct fl_order *order, struct fl_stretch *stretch, struct fl_stretch *next)
{
    if (stretch != order->head || !next || atomic_load(&stretch->pins))
        return;
    order->head = next;
    fl_free(order->mem, stretch);
}
