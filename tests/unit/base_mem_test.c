/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/mem.h"
#include "failing.h"
#include "suite.h"

START_TEST(zeroed_memory_is_zeroed)
{
    uint8_t *bytes = fl_calloc(NULL, 7, 3);

    for (size_t i = 0; i < 21; i++)
        ck_assert_uint_eq(bytes[i], 0);
    fl_free(NULL, bytes);
}
END_TEST

START_TEST(nothing_of_size_zero_looks_like_no_memory)
{
    void *ptr = fl_alloc(NULL, 0);

    ck_assert_ptr_nonnull(ptr);
    ptr = fl_realloc(NULL, ptr, 0);
    ck_assert_ptr_nonnull(ptr);
    fl_free(NULL, ptr);
}
END_TEST

START_TEST(product_that_overflows_is_refused)
{
    ck_assert_ptr_null(fl_calloc(NULL, SIZE_MAX / 2, 3));
}
END_TEST

START_TEST(everything_comes_from_the_allocator_and_returns_to_it)
{
    struct failing failing;
    failing_init(&failing);
    const flow_allocator *mem = &failing.allocator;

    char *text = fl_strdup(mem, "abc");
    void *block = fl_realloc(mem, fl_realloc(mem, NULL, 10), 1000);
    ck_assert_int_eq(failing.live, 2);
    ck_assert_str_eq(text, "abc");
    fl_free(mem, text);
    fl_free(mem, block);
    fl_free(mem, NULL);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

START_TEST(copy_of_a_part_ends_in_nul)
{
    char *text = fl_strndup(NULL, "abcdef", 3);

    ck_assert_str_eq(text, "abc");
    fl_free(NULL, text);
    ck_assert_ptr_null(fl_strdup(NULL, NULL));
}
END_TEST

START_TEST(lack_of_memory_is_reported)
{
    struct failing failing;
    failing_init(&failing);
    failing_after(&failing, 0);

    ck_assert_ptr_null(fl_alloc(&failing.allocator, 1));
    ck_assert_ptr_null(fl_zalloc(&failing.allocator, 1));
    ck_assert_ptr_null(fl_calloc(&failing.allocator, 1, 1));
    ck_assert_ptr_null(fl_strdup(&failing.allocator, "x"));
    ck_assert_ptr_null(fl_strndup(NULL, "x", SIZE_MAX));
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"zeroed", zeroed_memory_is_zeroed},
        {"size zero", nothing_of_size_zero_looks_like_no_memory},
        {"overflow", product_that_overflows_is_refused},
        {"allocator", everything_comes_from_the_allocator_and_returns_to_it},
        {"copies", copy_of_a_part_ends_in_nul},
        {"no memory", lack_of_memory_is_reported},
    };

    return RUN_SUITE("base/mem", tests);
}
