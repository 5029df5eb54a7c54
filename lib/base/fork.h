/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_FORK_H
#define FL_BASE_FORK_H

/*
 * Notices a fork by a page that the kernel wipes in the child (MADV_WIPEONFORK), so that asking
 * costs one load and no system call.
 */

#include "base/mem.h"

struct fl_fork_guard {
    volatile uint32_t *page;
};

int fl_fork_guard_init(struct fl_fork_guard *guard);
void fl_fork_guard_free(struct fl_fork_guard *guard);

/* 1 in a child of the process that made GUARD. */
static inline int fl_forked(const struct fl_fork_guard *guard)
{
    return guard->page && *guard->page == 0;
}

#endif
