/* SPDX-License-Identifier: Apache-2.0 */

/* Spare objects: nothing is lost, nothing is handed out twice. */

#include "base/stash.h"
#include "base/thread.h"
#include "suite.h"

START_TEST(what_was_left_is_found)
{
    struct fl_stash stash;
    int item;

    fl_stash_init(&stash);
    ck_assert_ptr_null(fl_stash_take(&stash));
    ck_assert_ptr_null(fl_stash_leave(&stash, &item));
    ck_assert_ptr_eq(fl_stash_take(&stash), &item);
    ck_assert_ptr_null(fl_stash_take(&stash));
}
END_TEST

START_TEST(what_has_no_place_comes_back)
{
    struct fl_stash stash;
    int items[FL_STASH_PLACES + 1];

    fl_stash_init(&stash);
    for (int i = 0; i < FL_STASH_PLACES; i++)
        ck_assert_ptr_null(fl_stash_leave(&stash, &items[i]));
    ck_assert_ptr_eq(fl_stash_leave(&stash, &items[FL_STASH_PLACES]), &items[FL_STASH_PLACES]);
    for (int i = 0; i < FL_STASH_PLACES; i++)
        ck_assert_ptr_nonnull(fl_stash_take(&stash));
    ck_assert_ptr_null(fl_stash_take(&stash));
}
END_TEST

#define THREADS 4
#define TURNS 20000

struct shared {
    struct fl_stash stash;
    _Atomic int users[THREADS]; /* how many hold each item: never more than one */
};

static void take_and_leave(void *arg)
{
    struct shared *shared = arg;

    for (int i = 0; i < TURNS; i++) {
        _Atomic int *item = fl_stash_take(&shared->stash);
        if (!item)
            continue;
        ck_assert_int_eq(atomic_fetch_add(item, 1), 0);
        atomic_fetch_sub(item, 1);
        ck_assert_ptr_null(fl_stash_leave(&shared->stash, (void *)item));
    }
}

START_TEST(an_item_is_with_one_thread_at_a_time)
{
    struct shared shared = {.users = {0}};
    struct fl_thread threads[THREADS];
    int found = 0;

    fl_stash_init(&shared.stash);
    for (int i = 0; i < THREADS; i++)
        ck_assert_ptr_null(fl_stash_leave(&shared.stash, (void *)&shared.users[i]));
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(fl_thread_start(&threads[i], "stash", take_and_leave, &shared), FLOW_OK);
    for (int i = 0; i < THREADS; i++)
        fl_thread_join(&threads[i]);
    while (fl_stash_take(&shared.stash))
        found++;
    ck_assert_int_eq(found, THREADS);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"what_was_left_is_found", what_was_left_is_found},
        {"what_has_no_place_comes_back", what_has_no_place_comes_back},
        {"an_item_is_with_one_thread_at_a_time", an_item_is_with_one_thread_at_a_time},
    };

    return RUN_SUITE("base_stash", tests);
}
