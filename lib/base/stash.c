/* SPDX-License-Identifier: Apache-2.0 */

/* Spare objects: each place holds one, and whoever exchanges it owns what it got. */

#include <pthread.h>

#include "base/stash.h"

void fl_stash_init(struct fl_stash *stash)
{
    for (unsigned i = 0; i < FL_STASH_PLACES; i++)
        atomic_init(&stash->places[i].item, NULL);
}

/* Thread descriptors lie a stack apart from each other; the multiplication spreads them evenly. */
unsigned fl_thread_place(void)
{
    uint64_t id = (uint64_t)(uintptr_t)pthread_self() >> 8;

    return (unsigned)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 60);
}

_Static_assert(FL_STASH_PLACES == 1 << (64 - 60), "a place is the top four bits of a product");

void *fl_stash_take(struct fl_stash *stash)
{
    unsigned first = fl_thread_place();

    for (unsigned i = 0; i < FL_STASH_PLACES; i++) {
        _Atomic(void *) *item = &stash->places[(first + i) % FL_STASH_PLACES].item;
        /* Looking before taking keeps the lines of other threads shared while they are empty. */
        if (!atomic_load_explicit(item, memory_order_relaxed))
            continue;
        void *found = atomic_exchange_explicit(item, NULL, memory_order_acquire);
        if (found)
            return found;
    }
    return NULL;
}

void *fl_stash_leave(struct fl_stash *stash, void *item)
{
    unsigned first = fl_thread_place();

    for (unsigned i = 0; i < FL_STASH_PLACES; i++) {
        _Atomic(void *) *place = &stash->places[(first + i) % FL_STASH_PLACES].item;
        void *none = NULL;
        if (atomic_load_explicit(place, memory_order_relaxed))
            continue;
        if (atomic_compare_exchange_strong_explicit(place, &none, item, memory_order_release,
                                                    memory_order_relaxed))
            return NULL;
    }
    return item;
}
