/* SPDX-License-Identifier: Apache-2.0 */

/* Memory: every request goes to the library's allocator, or to malloc where there is none. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void *fl_alloc(const flow_allocator *mem, size_t size)
{
    /* malloc(0) may return NULL, which here would read as "no memory". */
    if (size == 0)
        size = 1;
    return mem ? mem->allocate(mem->self, size) : malloc(size);
}

void *fl_zalloc(const flow_allocator *mem, size_t size)
{
    void *ptr = fl_alloc(mem, size);

    if (ptr)
        memset(ptr, 0, size);
    return ptr;
}

void *fl_calloc(const flow_allocator *mem, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return fl_zalloc(mem, total);
}

void *fl_realloc(const flow_allocator *mem, void *ptr, size_t size)
{
    /* A host's `reallocate` need not know what to do with NULL. */
    if (!ptr)
        return fl_alloc(mem, size);
    if (size == 0)
        size = 1;
    return mem ? mem->reallocate(mem->self, ptr, size) : realloc(ptr, size);
}

void fl_free(const flow_allocator *mem, void *ptr)
{
    if (!ptr)
        return;
    if (mem)
        mem->release(mem->self, ptr);
    else
        free(ptr);
}

char *fl_strdup(const flow_allocator *mem, const char *text)
{
    return text ? fl_strndup(mem, text, strlen(text)) : NULL;
}

char *fl_strndup(const flow_allocator *mem, const char *text, size_t size)
{
    char *copy = size < SIZE_MAX ? fl_alloc(mem, size + 1) : NULL;

    if (copy) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}
