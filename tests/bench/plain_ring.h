/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_PLAIN_RING_H
#define TESTS_BENCH_PLAIN_RING_H

/*
 * What a channel in memory costs at least: a ring of pointers under one mutex, and a recycled pool
 * of blocks with one counter each.  Plain C, no library, no transactions, no bounds in bytes.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

struct ring {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    void **items;
    size_t size; /* a power of two */
    size_t head;
    size_t tail;
    int waiting;
};

int ring_init(struct ring *ring, size_t size);
void ring_destroy(struct ring *ring);

/* Waits until all COUNT fit. */
void ring_push(struct ring *ring, void *const *items, size_t count);

/* Waits for the first and takes up to MAX. */
size_t ring_pop(struct ring *ring, void **items, size_t max);

struct pool {
    pthread_mutex_t mutex;
    struct block *spare;
    size_t block_size;
};

/* As many pieces as the counter says lie behind it. */
struct block {
    struct block *next;
    _Atomic unsigned refs;
};

int pool_init(struct pool *pool, size_t block_size);
void pool_destroy(struct pool *pool);
struct block *pool_take(struct pool *pool);

/* Drops COUNT references; the last one returns the block. */
void pool_release(struct pool *pool, struct block *block, unsigned count);

#endif
