/* SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>

#include "plain_ring.h"

int ring_init(struct ring *ring, size_t size)
{
    *ring = (struct ring){.size = size};
    ring->items = malloc(size * sizeof *ring->items);
    pthread_mutex_init(&ring->mutex, NULL);
    pthread_cond_init(&ring->changed, NULL);
    return ring->items ? 0 : -1;
}

void ring_destroy(struct ring *ring)
{
    pthread_cond_destroy(&ring->changed);
    pthread_mutex_destroy(&ring->mutex);
    free(ring->items);
}

static void wait_change(struct ring *ring)
{
    ring->waiting++;
    pthread_cond_wait(&ring->changed, &ring->mutex);
    ring->waiting--;
}

static void leave(struct ring *ring)
{
    int waiting = ring->waiting;

    pthread_mutex_unlock(&ring->mutex);
    if (waiting)
        pthread_cond_broadcast(&ring->changed);
}

void ring_push(struct ring *ring, void *const *items, size_t count)
{
    pthread_mutex_lock(&ring->mutex);
    while (ring->size - (ring->tail - ring->head) < count)
        wait_change(ring);
    for (size_t i = 0; i < count; i++)
        ring->items[ring->tail++ & (ring->size - 1)] = items[i];
    leave(ring);
}

size_t ring_pop(struct ring *ring, void **items, size_t max)
{
    pthread_mutex_lock(&ring->mutex);
    while (ring->tail == ring->head)
        wait_change(ring);
    size_t count = ring->tail - ring->head;
    if (count > max)
        count = max;
    for (size_t i = 0; i < count; i++)
        items[i] = ring->items[ring->head++ & (ring->size - 1)];
    leave(ring);
    return count;
}

int pool_init(struct pool *pool, size_t block_size)
{
    *pool = (struct pool){.block_size = sizeof(struct block) + block_size};
    return pthread_mutex_init(&pool->mutex, NULL);
}

void pool_destroy(struct pool *pool)
{
    for (struct block *block = pool->spare, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    pthread_mutex_destroy(&pool->mutex);
}

struct block *pool_take(struct pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    struct block *block = pool->spare;
    if (block)
        pool->spare = block->next;
    pthread_mutex_unlock(&pool->mutex);
    return block ? block : malloc(pool->block_size);
}

void pool_release(struct pool *pool, struct block *block, unsigned count)
{
    if (atomic_fetch_sub(&block->refs, count) != count)
        return;
    pthread_mutex_lock(&pool->mutex);
    block->next = pool->spare;
    pool->spare = block;
    pthread_mutex_unlock(&pool->mutex);
}
