/* SPDX-License-Identifier: Apache-2.0 */

#include "base/vec.h"
#include "failing.h"
#include "suite.h"

static void push(struct fl_vec *vec, int number)
{
    ck_assert_ptr_nonnull(fl_vec_push(vec, &number));
}

static int at(const struct fl_vec *vec, size_t index)
{
    return *(int *)fl_vec_at(vec, index);
}

START_TEST(items_keep_their_order)
{
    struct fl_vec vec;
    fl_vec_init(&vec, NULL, sizeof(int));

    for (int i = 0; i < 1000; i++)
        push(&vec, i);
    ck_assert_uint_eq(vec.count, 1000);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(at(&vec, (size_t)i), i);
    fl_vec_free(&vec);
}
END_TEST

START_TEST(item_without_a_value_is_zeroed)
{
    struct fl_vec vec;
    fl_vec_init(&vec, NULL, sizeof(int));

    push(&vec, 7);
    vec.count = 0;
    ck_assert_int_eq(*(int *)fl_vec_push(&vec, NULL), 0);
    fl_vec_free(&vec);
}
END_TEST

START_TEST(removal_closes_the_gap)
{
    struct fl_vec vec;
    fl_vec_init(&vec, NULL, sizeof(int));

    for (int i = 0; i < 4; i++)
        push(&vec, i);
    fl_vec_remove(&vec, 1);
    fl_vec_remove(&vec, 2);
    ck_assert_uint_eq(vec.count, 2);
    ck_assert_int_eq(at(&vec, 0), 0);
    ck_assert_int_eq(at(&vec, 1), 2);
    fl_vec_free(&vec);
}
END_TEST

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

START_TEST(sorting_orders_any_number_of_items)
{
    struct fl_vec vec;
    fl_vec_init(&vec, NULL, sizeof(int));

    fl_vec_sort(&vec, compare);
    for (int i = 0; i < 100; i++)
        push(&vec, i * 37 % 100);
    fl_vec_sort(&vec, compare);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(at(&vec, (size_t)i), i);
    fl_vec_free(&vec);
}
END_TEST

START_TEST(lack_of_memory_leaves_the_items)
{
    struct failing failing;
    struct fl_vec vec;
    failing_init(&failing);
    fl_vec_init(&vec, &failing.allocator, sizeof(int));
    push(&vec, 1);

    failing_after(&failing, 0);
    ck_assert_int_eq(fl_vec_reserve(&vec, 1000), FLOW_ENOMEM);
    while (vec.count < vec.capacity)
        push(&vec, 2);
    ck_assert_ptr_null(fl_vec_push(&vec, NULL));
    ck_assert_uint_eq(vec.count, vec.capacity);
    ck_assert_int_eq(at(&vec, 0), 1);
    fl_vec_free(&vec);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

START_TEST(product_that_overflows_is_refused)
{
    struct fl_vec vec;
    fl_vec_init(&vec, NULL, sizeof(int));

    ck_assert_int_eq(fl_vec_reserve(&vec, SIZE_MAX / 2), FLOW_ENOMEM);
    fl_vec_free(&vec);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"push", items_keep_their_order},
        {"zeroed", item_without_a_value_is_zeroed},
        {"remove", removal_closes_the_gap},
        {"sort", sorting_orders_any_number_of_items},
        {"no memory", lack_of_memory_leaves_the_items},
        {"overflow", product_that_overflows_is_refused},
    };

    return RUN_SUITE("base/vec", tests);
}
