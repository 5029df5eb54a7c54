/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_FLUME_TRANSACTIONS_H
#define FL_STORE_FLUME_TRANSACTIONS_H

/* Transactions that have not ended, with the pointers that they put or took, in that order. */

#include "base/vec.h"

struct fl_flume_transaction {
    struct fl_flume_transaction *next; /* in its slot */
    int64_t id;
    struct fl_vec pointers; /* of uint64_t; of a take with a mark in its highest bit */
    uint64_t takes;         /* how many of them are takes */
};

struct fl_flume_transactions {
    const flow_allocator *mem;
    struct fl_flume_transaction **slots;
    size_t slot_count;
    size_t count;
    uint64_t seed;
};

void fl_flume_transactions_init(struct fl_flume_transactions *open, const flow_allocator *mem);
void fl_flume_transactions_free(struct fl_flume_transactions *open);

/* Adds POINTER to the transaction ID, which begins when it is new. */
int fl_flume_transactions_add(struct fl_flume_transactions *open, int64_t id, uint64_t pointer,
                              int is_take);

/* Ends a transaction and hands it to the caller; NULL when it is not there. */
struct fl_flume_transaction *fl_flume_transactions_end(struct fl_flume_transactions *open,
                                                       int64_t id);

/* The pointer at INDEX, which exists; returns 1 for a take. */
int fl_flume_transaction_at(const struct fl_flume_transaction *transaction, size_t index,
                            uint64_t *pointer);

/* NULL is allowed. */
void fl_flume_transaction_free(struct fl_flume_transaction *transaction);

/* Any transaction behind AFTER, or the first for NULL; NULL at the end. */
struct fl_flume_transaction *fl_flume_transactions_next(const struct fl_flume_transactions *open,
                                                        const struct fl_flume_transaction *after);

#endif
