/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Slabs and their pool.  Events are made in one thread and released in another, which is what
 * general allocators are worst at.  So blocks are recycled: each thread returns them to its own
 * shard of the pool and takes from there; a thread that only makes events finds its shard empty
 * and takes over, in one step, all that a thread which releases them has gathered.
 */

#include "base/stash.h"
#include "base/thread.h"
#include "base/error.h"
#include "core/event.h"
#include "core/library.h"
#include "core/slab.h"

/*
 * Blocks have one of a few sizes, four to each doubling, so at most a fifth of a block is lost by
 * rounding.  The numbers of the classes go from 0, the smallest, to CLASSES - 1, the largest.
 */
#define CLASS_MIN_BITS 7u
#define CLASS_MIN (1u << CLASS_MIN_BITS)
#define STEP_BITS 2u
#define STEPS (1u << STEP_BITS)
#define DOUBLINGS 11u
#define CLASSES (DOUBLINGS * STEPS + 1)
#define NO_CLASS CLASSES /* too large for the pool: freed at once */

_Static_assert((size_t)CLASS_MIN << DOUBLINGS == FL_ARENA_MAX, "the last class is the largest");

#define SHARDS FL_STASH_PLACES

/* What a shard keeps at most.  Enough for the events in flight between two busy threads; more only
 * while much is in use, of a sink that takes much at once: memory that the system has to map again
 * costs more than what is done with it. */
#define SHARD_MAX ((size_t)8 << 20)
#define SPARE_SHARE(bytes) ((bytes) / 4 * 3)

struct fl_block {
    struct fl_block *next;
    size_t size;
    uint32_t size_class;
    uint32_t reserved;
};

struct shard {
    struct fl_lock lock;
    struct fl_block *spare[CLASSES];
    _Atomic uint32_t counts[CLASSES]; /* read without the lock by those who look for blocks */
    _Atomic size_t bytes; /* changed under the lock */
    uint32_t hand; /* the class that has to give way next */
    char apart[FL_CACHE_LINE];
};

struct fl_slab_pool {
    flow_library *lib;
    const flow_allocator *mem;
    _Atomic size_t obtained; /* bytes of all blocks that there are, spare or in use */
    struct shard shards[SHARDS];
};

static size_t class_size(uint32_t size_class)
{
    size_t base = (size_t)CLASS_MIN << (size_class >> STEP_BITS);

    return base + (base >> STEP_BITS) * (size_class % STEPS);
}

/* The smallest class of at least SIZE bytes, or NO_CLASS. */
static uint32_t class_of(size_t size)
{
    if (size <= CLASS_MIN)
        return 0;
    if (size > FL_ARENA_MAX)
        return NO_CLASS;
    unsigned doubling = (unsigned)(63 - __builtin_clzll((size - 1) / CLASS_MIN));
    unsigned step_bits = CLASS_MIN_BITS + doubling - STEP_BITS;
    size_t base = (size_t)CLASS_MIN << doubling;
    return doubling * STEPS + (uint32_t)((size - base + ((size_t)1 << step_bits) - 1) >> step_bits);
}

int fl_slab_pool_new(flow_library *lib, struct fl_slab_pool **pool, flow_error **err)
{
    struct fl_slab_pool *made = fl_zalloc(&lib->allocator, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->lib = lib;
    made->mem = &lib->allocator;
    for (unsigned i = 0; i < SHARDS; i++) {
        if (fl_lock_init(&made->shards[i].lock)) {
            while (i-- > 0)
                fl_lock_destroy(&made->shards[i].lock);
            fl_free(made->mem, made);
            return fl_error_nomem(err);
        }
    }
    *pool = made;
    return FLOW_OK;
}

void fl_slab_pool_free(struct fl_slab_pool *pool)
{
    if (!pool)
        return;
    for (unsigned i = 0; i < SHARDS; i++) {
        for (unsigned k = 0; k < CLASSES; k++) {
            for (struct fl_block *b = pool->shards[i].spare[k], *next; b; b = next) {
                next = b->next;
                fl_free(pool->mem, b);
            }
        }
        fl_lock_destroy(&pool->shards[i].lock);
    }
    fl_free(pool->mem, pool);
}

static size_t shard_bytes(const struct shard *shard)
{
    return atomic_load_explicit(&shard->bytes, memory_order_relaxed);
}

static void shard_grow(struct shard *shard, size_t bytes)
{
    atomic_store_explicit(&shard->bytes, shard_bytes(shard) + bytes, memory_order_relaxed);
}

static void shard_shrink(struct shard *shard, size_t bytes)
{
    atomic_store_explicit(&shard->bytes, shard_bytes(shard) - bytes, memory_order_relaxed);
}

size_t fl_slab_pool_spare(const struct fl_slab_pool *pool)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < SHARDS; i++)
        bytes += shard_bytes(&pool->shards[i]);
    return bytes;
}

static uint32_t shard_count(const struct shard *shard, uint32_t size_class)
{
    return atomic_load_explicit(&shard->counts[size_class], memory_order_relaxed);
}

static void shard_push(struct shard *shard, struct fl_block *block)
{
    uint32_t k = block->size_class;

    block->next = shard->spare[k];
    shard->spare[k] = block;
    shard_grow(shard, class_size(k));
    atomic_store_explicit(&shard->counts[k], shard_count(shard, k) + 1, memory_order_relaxed);
}

static struct fl_block *shard_pop(struct shard *shard, uint32_t size_class)
{
    struct fl_block *block = shard->spare[size_class];

    if (block) {
        uint32_t count = shard_count(shard, size_class);
        shard->spare[size_class] = block->next;
        shard_shrink(shard, class_size(size_class));
        atomic_store_explicit(&shard->counts[size_class], count - 1, memory_order_relaxed);
    }
    return block;
}

/* Takes all blocks of a class at once, however many, and stores their number. */
static struct fl_block *shard_empty(struct shard *shard, uint32_t size_class, uint32_t *count)
{
    fl_lock(&shard->lock);
    struct fl_block *list = shard->spare[size_class];
    *count = shard_count(shard, size_class);
    shard->spare[size_class] = NULL;
    shard_shrink(shard, *count * class_size(size_class));
    atomic_store_explicit(&shard->counts[size_class], 0, memory_order_relaxed);
    fl_unlock(&shard->lock);
    return list;
}

/* Gives a shard COUNT blocks of a class, of which it mostly has none. */
static void shard_fill(struct shard *shard, uint32_t size_class, struct fl_block *list,
                       uint32_t count)
{
    fl_lock(&shard->lock);
    struct fl_block *old = shard->spare[size_class];
    uint32_t sum = count + shard_count(shard, size_class);
    shard->spare[size_class] = list;
    shard_grow(shard, count * class_size(size_class));
    atomic_store_explicit(&shard->counts[size_class], sum, memory_order_relaxed);
    while (old && list->next)
        list = list->next;
    if (old)
        list->next = old;
    fl_unlock(&shard->lock);
}

/* Takes a block from the shards of others; what else came with it goes to OWN. */
static struct fl_block *steal(struct fl_slab_pool *pool, struct shard *own, uint32_t size_class)
{
    struct fl_block *list = NULL;
    uint32_t count = 0;

    for (unsigned i = 0; i < SHARDS && !list; i++) {
        struct shard *shard = &pool->shards[i];
        if (shard != own && shard_count(shard, size_class) > 0)
            list = shard_empty(shard, size_class, &count);
    }
    if (list && count > 1)
        shard_fill(own, size_class, list->next, count - 1);
    return list;
}

/* A block of SIZE_CLASS; of SIZE bytes when that is NO_CLASS. */
static struct fl_block *block_new(struct fl_slab_pool *pool, uint32_t size_class, size_t size)
{
    struct fl_block *block = NULL;

    if (size_class < NO_CLASS) {
        struct shard *own = &pool->shards[fl_thread_place()];
        size = class_size(size_class);
        if (shard_count(own, size_class) > 0) {
            fl_lock(&own->lock);
            block = shard_pop(own, size_class);
            fl_unlock(&own->lock);
        }
        if (!block)
            block = steal(pool, own, size_class);
    }
    if (!block && (block = fl_alloc(pool->mem, size)) && size_class < NO_CLASS)
        atomic_fetch_add_explicit(&pool->obtained, size, memory_order_relaxed);
    return block;
}

/* Whether a shard has to give up blocks: it is large, and most blocks of the pool are spare. */
static int has_too_much(const struct fl_slab_pool *pool, const struct shard *shard)
{
    size_t obtained = atomic_load_explicit(&pool->obtained, memory_order_relaxed);

    return shard_bytes(shard) > SHARD_MAX && fl_slab_pool_spare(pool) > SPARE_SHARE(obtained);
}

/* Makes room for what was just pushed: takes blocks from one class after the other, so that sizes
 * nobody asks for any more do not stay for ever. */
static struct fl_block *evict(struct fl_slab_pool *pool, struct shard *shard)
{
    struct fl_block *list = NULL;

    while (has_too_much(pool, shard)) {
        shard->hand = (shard->hand + 1) % CLASSES;
        struct fl_block *block = shard_pop(shard, shard->hand);
        if (block) {
            block->next = list;
            list = block;
            atomic_fetch_sub_explicit(&pool->obtained, class_size(shard->hand),
                                      memory_order_relaxed);
        }
    }
    return list;
}

static void block_free(struct fl_slab_pool *pool, void *memory, uint32_t size_class)
{
    /* In a forked child a lock may be held by a thread that is not there any more. */
    if (fl_forked(&pool->lib->guard))
        return;
    if (size_class == NO_CLASS) {
        fl_free(pool->mem, memory);
        return;
    }

    struct shard *own = &pool->shards[fl_thread_place()];
    struct fl_block *block = memory;
    block->size_class = size_class;
    fl_lock(&own->lock);
    shard_push(own, block);
    struct fl_block *surplus = evict(pool, own);
    fl_unlock(&own->lock);
    while (surplus) {
        block = surplus;
        surplus = block->next;
        fl_free(pool->mem, block);
    }
}

static uint32_t reach_of(size_t size)
{
    return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

static void slab_init(struct fl_slab *slab, struct fl_slab_pool *pool, uint32_t refs)
{
    atomic_init(&slab->refs, refs);
    slab->pool = pool;
}

struct fl_slab *fl_slab_exact(struct fl_slab_pool *pool, size_t size, uint32_t refs)
{
    struct fl_slab *slab = fl_alloc(pool->mem, sizeof *slab + size);

    if (!slab)
        return NULL;
    slab_init(slab, pool, refs);
    slab->size_class = FL_SLAB_EXACT;
    slab->size = sizeof *slab + size;
    slab->reach = reach_of(slab->size);
    return slab;
}

struct fl_arena *fl_arena_new(struct fl_slab_pool *pool, size_t size, const void *owner)
{
    size_t whole = sizeof(struct fl_arena) + size;
    uint32_t size_class = class_of(whole);
    struct fl_arena *arena = (void *)block_new(pool, size_class, whole);

    if (!arena)
        return NULL;
    slab_init(&arena->slab, pool, 1);
    arena->slab.size_class = size_class;
    arena->slab.size = size_class < NO_CLASS ? class_size(size_class) : whole;
    arena->slab.reach = reach_of(arena->slab.size);
    atomic_init(&arena->owner, owner);
    arena->next = NULL;
    arena->more = NULL;
    fl_arena_reset(arena);
    return arena;
}

size_t fl_arena_fit(size_t size)
{
    uint32_t size_class = class_of(sizeof(struct fl_arena) + size);

    return size_class < NO_CLASS ? class_size(size_class) - sizeof(struct fl_arena) : size;
}

/* Further blocks hold what is changed afterwards, such as headers that an interceptor adds: much
 * less than what was there before. */
void *fl_arena_grow(struct fl_arena *arena, size_t size)
{
    void *taken = fl_arena_take(arena, size);

    if (taken)
        return taken;
    size_t eighth = arena->slab.size / 8 < FL_ARENA_MAX ? arena->slab.size / 8 : FL_ARENA_MAX;
    size_t whole = sizeof(struct fl_block) + (size > eighth ? size : eighth);
    uint32_t size_class = class_of(whole);
    if (size_class < NO_CLASS)
        whole = class_size(size_class);
    struct fl_block *block = block_new(arena->slab.pool, size_class, whole);
    if (!block)
        return NULL;
    block->size_class = size_class;
    block->size = whole;
    block->next = arena->more;
    arena->more = block;
    arena->slab.size += whole;
    arena->at = (uint8_t *)(block + 1);
    arena->end = (uint8_t *)block + (whole & ~(size_t)(FL_SLAB_ALIGN - 1));
    return fl_arena_take(arena, size);
}

static void drop_more(struct fl_arena *arena)
{
    for (struct fl_block *block = arena->more, *next; block; block = next) {
        next = block->next;
        arena->slab.size -= block->size;
        block_free(arena->slab.pool, block, block->size_class);
    }
    arena->more = NULL;
}

void fl_arena_reset(struct fl_arena *arena)
{
    drop_more(arena);
    arena->at = (uint8_t *)(arena + 1);
    arena->end = (uint8_t *)arena + (arena->slab.size & ~(size_t)(FL_SLAB_ALIGN - 1));
    atomic_store_explicit(&arena->slab.made, 0, memory_order_relaxed);
    atomic_store_explicit(&arena->bytes, 0, memory_order_relaxed);
    atomic_store_explicit(&arena->bodies, 0, memory_order_relaxed);
}

void fl_arena_recount(struct fl_arena *arena, size_t bytes, size_t body)
{
    const uint32_t all = atomic_load_explicit(&arena->bytes, memory_order_relaxed);
    const uint32_t bodies = atomic_load_explicit(&arena->bodies, memory_order_relaxed);

    atomic_store_explicit(&arena->bytes, all + (uint32_t)bytes, memory_order_relaxed);
    atomic_store_explicit(&arena->bodies, bodies + (uint32_t)body, memory_order_relaxed);
}

int fl_arena_is_whole(const struct fl_arena *arena, size_t count, size_t *bytes, size_t *bodies)
{
    if (arena->slab.size > UINT32_MAX)
        return 0; /* the sums may have overflowed */
    *bodies = atomic_load_explicit(&arena->bodies, memory_order_acquire);
    *bytes = atomic_load_explicit(&arena->bytes, memory_order_acquire);
    return atomic_load_explicit(&arena->slab.made, memory_order_relaxed) == count;
}

int fl_slab_alone(const struct fl_slab *slab)
{
    return atomic_load_explicit(&slab->refs, memory_order_acquire) == 1;
}

void fl_slab_ref(struct fl_slab *slab, uint32_t count)
{
    atomic_fetch_add_explicit(&slab->refs, count, memory_order_relaxed);
}

static void slab_free(struct fl_slab *slab)
{
    struct fl_slab_pool *pool = slab->pool;

    if (!fl_slab_is_arena(slab)) {
        fl_free(pool->mem, slab);
        return;
    }
    struct fl_arena *arena = (struct fl_arena *)slab;
    drop_more(arena);
    block_free(pool, arena, slab->size_class);
}

void fl_slab_unref(struct fl_slab *slab, uint32_t count)
{
    if (atomic_fetch_sub_explicit(&slab->refs, count, memory_order_acq_rel) == count)
        slab_free(slab);
}

flow_library *fl_slab_library(const struct fl_slab *slab)
{
    return slab->pool->lib;
}
