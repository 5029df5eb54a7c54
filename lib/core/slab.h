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

/* The size class of what is no arena. */
#define FL_SLAB_EXACT UINT32_MAX

/* What every event points to.  The memory behind it holds the events. */
struct fl_slab {
    _Atomic uint32_t refs;
    uint32_t size_class; /* of the first block, see slab.c */
    struct fl_slab_pool *pool;
    size_t size; /* of all its memory, this included */
    /* An event less than this behind the beginning is the slab's; others may be too. */
    uint32_t reach;
    _Atomic uint32_t made; /* events; of an arena, see fl_arena_count */
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
    _Atomic uint32_t bytes; /* of the events made in it */
    _Atomic uint32_t bodies;
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

/*
 * The owner counts each event: its BYTES, rounded, of which BODY are the body.  So whoever has all
 * events of an arena need not look at each, which by then often is in another thread's cache.
 */
static inline void fl_arena_count(struct fl_arena *arena, size_t bytes, size_t body)
{
    const uint32_t made = atomic_load_explicit(&arena->slab.made, memory_order_relaxed);
    const uint32_t all = atomic_load_explicit(&arena->bytes, memory_order_relaxed);
    const uint32_t bodies = atomic_load_explicit(&arena->bodies, memory_order_relaxed);

    /* The number first: who sees an old one with the new sums would take it for a whole. */
    atomic_store_explicit(&arena->slab.made, made + 1, memory_order_relaxed);
    atomic_store_explicit(&arena->bytes, all + (uint32_t)bytes, memory_order_release);
    atomic_store_explicit(&arena->bodies, bodies + (uint32_t)body, memory_order_release);
}

/* The owner, who alone has a reference, has made events larger by BYTES, BODY of them in bodies; by
 * numbers that wrap around where they became smaller. */
void fl_arena_recount(struct fl_arena *arena, size_t bytes, size_t body);

/* Whether the arena has just COUNT events, and the sums of their bytes and bodies. */
int fl_arena_is_whole(const struct fl_arena *arena, size_t count, size_t *bytes, size_t *bodies);

/* Empties an arena of which nobody else holds a reference. */
void fl_arena_reset(struct fl_arena *arena);

/* Whether it is the beginning of a struct fl_arena. */
static inline int fl_slab_is_arena(const struct fl_slab *slab)
{
    return slab->size_class != FL_SLAB_EXACT;
}

/* 1 when the caller's is the only reference; what others did to the events is over then. */
int fl_slab_alone(const struct fl_slab *slab);

void fl_slab_ref(struct fl_slab *slab, uint32_t count);
void fl_slab_unref(struct fl_slab *slab, uint32_t count);

/* Bytes of memory that wait in the pool; for tests. */
size_t fl_slab_pool_spare(const struct fl_slab_pool *pool);

flow_library *fl_slab_library(const struct fl_slab *slab);

#endif
