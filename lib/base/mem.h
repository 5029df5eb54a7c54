/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_MEM_H
#define FL_BASE_MEM_H

/*
 * Memory by way of a library's allocator; NULL stands for malloc.  Everything returns NULL when
 * there is none and never aborts.
 */

#include <flow/library.h>

void *fl_alloc(const flow_allocator *mem, size_t size);
void *fl_zalloc(const flow_allocator *mem, size_t size);

/* COUNT items of SIZE bytes, zeroed; NULL also when the product overflows. */
void *fl_calloc(const flow_allocator *mem, size_t count, size_t size);
void *fl_realloc(const flow_allocator *mem, void *ptr, size_t size);
void fl_free(const flow_allocator *mem, void *ptr);

/* A copy that ends in NUL; fl_strdup(mem, NULL) is NULL. */
char *fl_strdup(const flow_allocator *mem, const char *text);
char *fl_strndup(const flow_allocator *mem, const char *text, size_t size);

#endif
