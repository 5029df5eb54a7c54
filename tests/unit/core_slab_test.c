/* SPDX-License-Identifier: Apache-2.0 */

/* Slabs and their pool: sizes, references, recycling between threads, bounds. */

#include <string.h>

#include "base/thread.h"
#include "core/event.h"
#include "core/library.h"
#include "core/slab.h"
#include "failing.h"
#include "suite.h"

struct fixture {
    struct failing failing;
    flow_library *lib;
};

static void set_up(struct fixture *f)
{
    failing_init(&f->failing);
    const flow_library_options options = {.struct_size = sizeof options,
                                          .allocator = &f->failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &f->lib, NULL), FLOW_OK);
}

static void tear_down(struct fixture *f)
{
    ck_assert_int_eq(flow_library_free(f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(f->failing.live, 0);
}

/* Every byte that was asked for is there to be written, and little more is taken than that. */
START_TEST(an_arena_has_the_room_it_was_asked_for)
{
    struct fixture f;

    set_up(&f);
    for (size_t size = 8; size < 2 * FL_ARENA_MAX; size += 8 + FL_SLAB_ROUND(size / 16)) {
        struct fl_arena *arena = fl_arena_new(f.lib->pool, size, &f);
        ck_assert_ptr_nonnull(arena);
        void *memory = fl_arena_take(arena, size);
        ck_assert_ptr_nonnull(memory);
        memset(memory, 0xff, size);
        ck_assert_uint_le(arena->slab.size, (size + sizeof *arena) * 5 / 4 + 128);
        fl_slab_unref(&arena->slab, 1);
    }
    tear_down(&f);
}
END_TEST

START_TEST(an_arena_of_the_fitting_size_is_filled_to_its_end)
{
    struct fixture f;

    set_up(&f);
    for (size_t size = 8; size < FL_ARENA_MAX / 2; size = size * 3 / 2 + 8) {
        size_t fit = fl_arena_fit(size) & ~(size_t)7;
        struct fl_arena *arena = fl_arena_new(f.lib->pool, fit, &f);
        ck_assert_uint_ge(fit, FL_SLAB_ROUND(size));
        ck_assert_ptr_nonnull(fl_arena_take(arena, fit));
        ck_assert_ptr_null(fl_arena_take(arena, 8));
        fl_slab_unref(&arena->slab, 1);
    }
    tear_down(&f);
}
END_TEST

START_TEST(the_last_reference_returns_the_block)
{
    struct fixture f;

    set_up(&f);
    struct fl_arena *arena = fl_arena_new(f.lib->pool, 1000, &f);
    size_t size = arena->slab.size;
    fl_slab_ref(&arena->slab, 2);
    ck_assert(!fl_slab_alone(&arena->slab));
    fl_slab_unref(&arena->slab, 2);
    ck_assert(fl_slab_alone(&arena->slab));
    ck_assert_uint_eq(fl_slab_pool_spare(f.lib->pool), 0);
    fl_slab_unref(&arena->slab, 1);
    ck_assert_uint_eq(fl_slab_pool_spare(f.lib->pool), size);

    ck_assert_ptr_eq(fl_arena_new(f.lib->pool, 1000, &f), arena);
    ck_assert_uint_eq(fl_slab_pool_spare(f.lib->pool), 0);
    fl_slab_unref(&arena->slab, 1);
    tear_down(&f);
}
END_TEST

START_TEST(an_arena_grows_by_blocks_that_go_with_it)
{
    struct fixture f;

    set_up(&f);
    struct fl_arena *arena = fl_arena_new(f.lib->pool, 1000, &f);
    size_t before = arena->slab.size;
    for (int i = 0; i < 100; i++) {
        void *memory = fl_arena_grow(arena, 96);
        ck_assert_ptr_nonnull(memory);
        memset(memory, 0xff, 96);
    }
    ck_assert_uint_gt(arena->slab.size, 9600);
    fl_arena_reset(arena);
    ck_assert_uint_eq(arena->slab.size, before);
    ck_assert_ptr_nonnull(fl_arena_take(arena, 1000));
    ck_assert_ptr_nonnull(fl_arena_grow(arena, 2 * FL_ARENA_MAX));
    fl_slab_unref(&arena->slab, 1);
    tear_down(&f);
}
END_TEST

#define BLOCKS 400 /* of 64 KB: many times what a shard keeps */

/* What a sink returns at once will be wanted again, while others are still in use. */
START_TEST(the_pool_keeps_what_a_busy_library_returns)
{
    struct fixture f;
    static struct fl_arena *arenas[BLOCKS];

    set_up(&f);
    for (int i = 0; i < BLOCKS; i++)
        arenas[i] = fl_arena_new(f.lib->pool, 60000, &f);
    for (int i = 0; i < BLOCKS / 2; i++)
        fl_slab_unref(&arenas[i]->slab, 1);
    ck_assert_uint_ge(fl_slab_pool_spare(f.lib->pool), BLOCKS / 2 * 60000u);
    for (int i = BLOCKS / 2; i < BLOCKS; i++)
        fl_slab_unref(&arenas[i]->slab, 1);
    ck_assert_uint_le(fl_slab_pool_spare(f.lib->pool), 8u << 20);
    tear_down(&f);
}
END_TEST

START_TEST(the_pool_keeps_only_so_much)
{
    struct fixture f;
    static struct fl_arena *arenas[BLOCKS];

    set_up(&f);
    for (int i = 0; i < BLOCKS; i++)
        arenas[i] = fl_arena_new(f.lib->pool, 60000, &f);
    for (int i = 0; i < BLOCKS; i++)
        fl_slab_unref(&arenas[i]->slab, 1);
    ck_assert_uint_gt(fl_slab_pool_spare(f.lib->pool), 1u << 20);
    ck_assert_uint_le(fl_slab_pool_spare(f.lib->pool), 8u << 20);
    tear_down(&f);
}
END_TEST

/* Blocks of a size that nobody asks for any more must not fill the pool for ever. */
START_TEST(old_sizes_give_way_to_new_ones)
{
    struct fixture f;
    static struct fl_arena *arenas[BLOCKS];

    set_up(&f);
    for (size_t size = 60000; size >= 30000; size -= 30000) {
        for (int i = 0; i < BLOCKS; i++)
            arenas[i] = fl_arena_new(f.lib->pool, size, &f);
        for (int i = 0; i < BLOCKS; i++)
            fl_slab_unref(&arenas[i]->slab, 1);
    }
    int64_t before = f.failing.live;
    for (int i = 0; i < 100; i++)
        arenas[i] = fl_arena_new(f.lib->pool, 30000, &f);
    ck_assert_int_eq(f.failing.live, before);
    for (int i = 0; i < 100; i++)
        fl_slab_unref(&arenas[i]->slab, 1);
    tear_down(&f);
}
END_TEST

static void release_all(void *arg)
{
    struct fl_arena **arenas = arg;

    for (int i = 0; i < 100; i++)
        fl_slab_unref(&arenas[i]->slab, 1);
}

START_TEST(what_another_thread_released_is_used_again)
{
    struct fixture f;
    struct fl_arena *arenas[100];
    struct fl_thread thread;

    set_up(&f);
    for (int i = 0; i < 100; i++)
        arenas[i] = fl_arena_new(f.lib->pool, 5000, &f);
    ck_assert_int_eq(fl_thread_start(&thread, "release", release_all, arenas), FLOW_OK);
    fl_thread_join(&thread);

    failing_after(&f.failing, 0);
    for (int i = 0; i < 100; i++) {
        arenas[i] = fl_arena_new(f.lib->pool, 5000, &f);
        ck_assert_ptr_nonnull(arenas[i]);
    }
    ck_assert_ptr_null(fl_arena_new(f.lib->pool, 5000, &f));
    failing_after(&f.failing, -1);
    release_all(arenas);
    tear_down(&f);
}
END_TEST

struct traffic {
    flow_library *lib;
    _Atomic(struct fl_arena *) handed[64];
    _Atomic int done;
};

static void make_many(void *arg)
{
    struct traffic *traffic = arg;

    for (unsigned i = 0; i < 20000; i++) {
        size_t size = 64 + (i % 7) * 100;
        struct fl_arena *arena = fl_arena_new(traffic->lib->pool, size, traffic);
        memset(fl_arena_take(arena, FL_SLAB_ROUND(size)), (int)i, size);
        arena = atomic_exchange(&traffic->handed[i % 64], arena);
        if (arena)
            fl_slab_unref(&arena->slab, 1);
    }
    atomic_fetch_add(&traffic->done, 1);
}

static void release_many(void *arg)
{
    struct traffic *traffic = arg;

    while (atomic_load(&traffic->done) < 2) {
        for (unsigned i = 0; i < 64; i++) {
            struct fl_arena *arena = atomic_exchange(&traffic->handed[i], NULL);
            if (arena)
                fl_slab_unref(&arena->slab, 1);
        }
    }
}

START_TEST(threads_make_and_release_at_once)
{
    struct fixture f;
    struct traffic traffic = {.done = 0};
    struct fl_thread threads[4];

    set_up(&f);
    traffic.lib = f.lib;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(
            fl_thread_start(&threads[i], "traffic", i < 2 ? make_many : release_many, &traffic),
            FLOW_OK);
    for (int i = 0; i < 4; i++)
        fl_thread_join(&threads[i]);
    for (unsigned i = 0; i < 64; i++) {
        if (traffic.handed[i])
            fl_slab_unref(&traffic.handed[i]->slab, 1);
    }
    tear_down(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"an_arena_has_the_room_it_was_asked_for", an_arena_has_the_room_it_was_asked_for},
        {"an_arena_of_the_fitting_size_is_filled_to_its_end",
         an_arena_of_the_fitting_size_is_filled_to_its_end},
        {"the_last_reference_returns_the_block", the_last_reference_returns_the_block},
        {"an_arena_grows_by_blocks_that_go_with_it", an_arena_grows_by_blocks_that_go_with_it},
        {"the_pool_keeps_only_so_much", the_pool_keeps_only_so_much},
        {"the_pool_keeps_what_a_busy_library_returns", the_pool_keeps_what_a_busy_library_returns},
        {"old_sizes_give_way_to_new_ones", old_sizes_give_way_to_new_ones},
        {"what_another_thread_released_is_used_again", what_another_thread_released_is_used_again},
        {"threads_make_and_release_at_once", threads_make_and_release_at_once},
    };

    return RUN_SUITE("core_slab", tests);
}
