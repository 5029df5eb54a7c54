/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_STASH_H
#define FL_BASE_STASH_H

/*
 * A few spare objects that many threads leave and take without a lock.  A thread begins at a place
 * of its own, so that it mostly finds again what it left itself, still warm in its cache.
 */

#include <stdatomic.h>

#include "base/mem.h"

#define FL_CACHE_LINE 64
#define FL_STASH_PLACES 16

struct fl_stash {
    struct {
        _Atomic(void *) item;
        char apart[FL_CACHE_LINE - sizeof(void *)];
    } places[FL_STASH_PLACES];
};

void fl_stash_init(struct fl_stash *stash);

/* A spare object, now the caller's, or NULL. */
void *fl_stash_take(struct fl_stash *stash);

/* Leaves ITEM.  Returns NULL, or ITEM when there is no place for it and the caller has to free it.
 */
void *fl_stash_leave(struct fl_stash *stash, void *item);

/* A number below FL_STASH_PLACES that is the same for each call of a thread and mostly differs
 * between threads. */
unsigned fl_thread_place(void);

#endif
