/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAILING_H
#define TESTS_SUPPORT_FAILING_H

/*
 * An allocator that runs out of memory on request and knows what was not returned to it.  A test
 * runs a piece of work again and again, each time with one more allocation granted, until it
 * succeeds: then every allocation in it has failed once.
 */

#include <stdatomic.h>

#include <flow/library.h>

struct failing {
    flow_allocator allocator; /* hand out &allocator */
    _Atomic int64_t grants;   /* allocations that still succeed; negative: all */
    _Atomic int64_t refused;  /* allocations that did not */
    _Atomic int64_t live;     /* pieces that were not returned */
    _Atomic int64_t bytes;    /* of memory they hold */
    int64_t until_interrupt;
    void (*interrupt)(void *arg);
    void *interrupt_arg;
};

/* Calls FN once, before the allocation that follows COUNT more of them. */
void failing_interrupt(struct failing *failing, int64_t count, void (*fn)(void *arg), void *arg);

/* Grants everything until `failing_after`. */
void failing_init(struct failing *failing);

/* Grants COUNT more allocations and none after that; -1: all. */
void failing_after(struct failing *failing, int64_t count);

#endif
