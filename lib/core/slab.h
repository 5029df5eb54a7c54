/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_SLAB_H
#define FL_CORE_SLAB_H

/*
 * Memory for events, counted as a whole.  A slab is either exact, made for events that are known
 * beforehand, or an arena, which a batch fills piece by piece.  The blocks of arenas come from the
 * library's pool and return to it.
 */

#include <stdatomic.h>

#include <flow/library.h>

struct fl_slab_pool;

/* What every event points to.  The memory behind it holds the events. */
struct fl_slab {
    _Atomic uint32_t refs;
    uint32_t size_class; /* of the first block, see slab.c */
    struct fl_slab_pool *pool;
    size_t size; /* of all its memory, this included */
};

struct fl_block; /* a further piece of an arena's memory */

struct fl_arena {
    struct fl_slab slab;
    struct fl_arena *next; /* for the batch: its other arenas */
    /* The batch that fills it.  Other threads compare this with a batch of theirs. */
    _Atomic(const void *) owner;
    uint8_t *at; /* the free rest of the newest block */
    uint8_t *end;
    struct fl_block *more;
};

/* Every piece of an arena begins and ends at a multiple of this. */
#define FL_SLAB_ALIGN 8u
#define FL_SLAB_ROUND(size) (((size) + FL_SLAB_ALIGN - 1) & ~(size_t)(FL_SLAB_ALIGN - 1))

/* A larger arena is made only for a single event that needs it. */
#define FL_ARENA_MAX ((size_t)262144)

/* A slab with SIZE bytes behind it and REFS references; NULL without memory. */
struct fl_slab *fl_slab_exact(struct fl_slab_pool *pool, size_t size, uint32_t refs);

/* An arena with room for at least SIZE bytes and one reference, OWNER's; NULL without memory. */
struct fl_arena *fl_arena_new(struct fl_slab_pool *pool, size_t size, const void *owner);

/* How many bytes fl_arena_new has to be asked for to get an arena of the next larger size. */
size_t fl_arena_fit(size_t size);

/* SIZE bytes, a multiple of FL_SLAB_ALIGN, or NULL when the newest block has no room for them. */
static inline void *fl_arena_take(struct fl_arena *arena, size_t size)
{
    uint8_t *taken = arena->at;

    if ((size_t)(arena->end - taken) < size)
        return NULL;
    arena->at = taken + size;
    return taken;
}

/* The same, but adds a block where there is no room; NULL without memory.  Nobody else may hold a
 * reference. */
void *fl_arena_grow(struct fl_arena *arena, size_t size);

/* Empties an arena of which nobody else holds a reference. */
void fl_arena_reset(struct fl_arena *arena);

/* Whether it is the beginning of a struct fl_arena. */
int fl_slab_is_arena(const struct fl_slab *slab);

/* 1 when the caller's is the only reference; what others did to the events is over then. */
int fl_slab_alone(const struct fl_slab *slab);

void fl_slab_ref(struct fl_slab *slab, uint32_t count);
void fl_slab_unref(struct fl_slab *slab, uint32_t count);

/* Bytes of memory that wait in the pool; for tests. */
size_t fl_slab_pool_spare(const struct fl_slab_pool *pool);

flow_library *fl_slab_library(const struct fl_slab *slab);

#endif
