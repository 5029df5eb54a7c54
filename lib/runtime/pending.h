/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_PENDING_H
#define FL_RUNTIME_PENDING_H

/* The transactions a sink holds, in the order in which they were begun. */

#include <flow/transaction.h>

#include "base/mem.h"

struct fl_pending {
    struct fl_pending *older, *newer;
    struct fl_pending *next_done;
    flow_txn *txn;
    flow_error *cause; /* owned */
    int result;        /* with `cause` and `finished`: written by flow_txn_done */
    int finished;
    int failed;  /* seen by the runner as to be rolled back */
    int refused; /* by the sink; else what it delivered could not be committed */
};

struct fl_pending_list {
    const flow_allocator *mem;
    struct fl_pending *oldest, *newest;
    struct fl_pending *spare; /* linked by `newer` */
    size_t count;
};

void fl_pending_init(struct fl_pending_list *list, const flow_allocator *mem);

/* Frees an empty list. */
void fl_pending_free(struct fl_pending_list *list);

/* Adds an entry as the newest; NULL without memory. */
struct fl_pending *fl_pending_add(struct fl_pending_list *list);

/* Removes ENTRY, whose transaction has ended. */
void fl_pending_remove(struct fl_pending_list *list, struct fl_pending *entry);

/* 1 when all that is newer than the oldest failed entry has failed too, so that they can be rolled
 * back newest first and every event comes to lie where it was. */
int fl_pending_can_roll_back(const struct fl_pending_list *list);

#endif
