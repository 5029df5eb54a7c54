/* SPDX-License-Identifier: Apache-2.0 */

#include <malloc.h>
#include <stdlib.h>

#include "failing.h"

/* Only the test's own thread allocates while an interrupt is set. */
static void interrupt(struct failing *failing)
{
    void (*fn)(void *arg) = failing->interrupt;

    if (fn && failing->until_interrupt-- == 0) {
        failing->interrupt = NULL;
        fn(failing->interrupt_arg);
    }
}

static int granted(struct failing *failing)
{
    interrupt(failing);
    if (atomic_load(&failing->grants) < 0)
        return 1;
    if (atomic_fetch_sub(&failing->grants, 1) > 0)
        return 1;
    atomic_store(&failing->grants, 0);
    atomic_fetch_add(&failing->refused, 1);
    return 0;
}

static void *allocate(void *self, size_t size)
{
    struct failing *failing = self;
    void *ptr = granted(failing) ? malloc(size) : NULL;

    if (ptr) {
        atomic_fetch_add(&failing->live, 1);
        atomic_fetch_add(&failing->bytes, (int64_t)malloc_usable_size(ptr));
    }
    return ptr;
}

static void *reallocate(void *self, void *ptr, size_t size)
{
    struct failing *failing = self;

    int64_t before = (int64_t)malloc_usable_size(ptr);
    ptr = granted(failing) ? realloc(ptr, size) : NULL;
    if (ptr)
        atomic_fetch_add(&failing->bytes, (int64_t)malloc_usable_size(ptr) - before);
    return ptr;
}

static void release(void *self, void *ptr)
{
    struct failing *failing = self;

    atomic_fetch_sub(&failing->live, 1);
    atomic_fetch_sub(&failing->bytes, (int64_t)malloc_usable_size(ptr));
    free(ptr);
}

void failing_init(struct failing *failing)
{
    *failing = (struct failing){
        .allocator =
            {
                .struct_size = sizeof failing->allocator,
                .self = failing,
                .allocate = allocate,
                .reallocate = reallocate,
                .release = release,
            },
        .grants = -1,
    };
}

void failing_after(struct failing *failing, int64_t count)
{
    atomic_store(&failing->grants, count);
}

void failing_interrupt(struct failing *failing, int64_t count, void (*fn)(void *arg), void *arg)
{
    failing->until_interrupt = count;
    failing->interrupt_arg = arg;
    failing->interrupt = fn;
}
