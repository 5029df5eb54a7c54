/* SPDX-License-Identifier: Apache-2.0 */

/* A growing array: like fl_buf, in items instead of bytes. */

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

#define SMALLEST 8

void fl_vec_init(struct fl_vec *vec, const flow_allocator *mem, size_t item_size)
{
    *vec = (struct fl_vec){.mem = mem, .item_size = item_size};
}

void fl_vec_free(struct fl_vec *vec)
{
    fl_free(vec->mem, vec->items);
    fl_vec_init(vec, vec->mem, vec->item_size);
}

int fl_vec_reserve(struct fl_vec *vec, size_t capacity)
{
    size_t size;

    if (capacity <= vec->capacity)
        return FLOW_OK;
    if (__builtin_mul_overflow(capacity, vec->item_size, &size))
        return FLOW_ENOMEM;

    void *items = fl_realloc(vec->mem, vec->items, size);
    if (!items)
        return FLOW_ENOMEM;
    vec->items = items;
    vec->capacity = capacity;
    return FLOW_OK;
}

void *fl_vec_push(struct fl_vec *vec, const void *item)
{
    if (vec->count == vec->capacity) {
        size_t capacity = vec->capacity ? vec->capacity * 2 : SMALLEST;
        if (fl_vec_reserve(vec, capacity))
            return NULL;
    }

    void *place = fl_vec_at(vec, vec->count++);
    if (item)
        memcpy(place, item, vec->item_size);
    else
        memset(place, 0, vec->item_size);
    return place;
}

void *fl_vec_at(const struct fl_vec *vec, size_t index)
{
    return (uint8_t *)vec->items + index * vec->item_size;
}

void fl_vec_remove(struct fl_vec *vec, size_t index)
{
    vec->count--;
    memmove(fl_vec_at(vec, index), fl_vec_at(vec, index + 1),
            (vec->count - index) * vec->item_size);
}

void fl_vec_sort(struct fl_vec *vec, int (*compare)(const void *, const void *))
{
    /* qsort must not be given the NULL of an empty array. */
    if (vec->count > 1)
        qsort(vec->items, vec->count, vec->item_size, compare);
}
