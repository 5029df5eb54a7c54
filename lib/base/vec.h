/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_VEC_H
#define FL_BASE_VEC_H

/* A growing array of items of one size. */

#include "base/mem.h"

struct fl_vec {
    const flow_allocator *mem;
    void *items;
    size_t count;
    size_t capacity;
    size_t item_size;
};

void fl_vec_init(struct fl_vec *vec, const flow_allocator *mem, size_t item_size);
void fl_vec_free(struct fl_vec *vec);
int fl_vec_reserve(struct fl_vec *vec, size_t capacity);

/* Adds a copy of ITEM at the end, or zeroes when ITEM is NULL; returns its place, NULL without
 * memory. */
void *fl_vec_push(struct fl_vec *vec, const void *item);

/* The item at INDEX, which exists. */
void *fl_vec_at(const struct fl_vec *vec, size_t index);
void fl_vec_remove(struct fl_vec *vec, size_t index);
void fl_vec_sort(struct fl_vec *vec, int (*compare)(const void *, const void *));

#endif
