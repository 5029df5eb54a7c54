/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "failing.h"
#include "suite.h"

static void *number(size_t n)
{
    return (void *)(uintptr_t)n;
}

static const char *key_of(size_t n, char room[32])
{
    snprintf(room, 32, "key%zu", n);
    return room;
}

static void fill(struct fl_map *map, size_t count)
{
    char room[32];

    for (size_t i = 1; i <= count; i++)
        ck_assert_int_eq(fl_map_put(map, key_of(i, room), number(i)), FLOW_OK);
}

START_TEST(every_key_is_found_again)
{
    struct fl_map map;
    char room[32];
    fl_map_init(&map, NULL);

    fill(&map, 5000);
    for (size_t i = 1; i <= 5000; i++)
        ck_assert_ptr_eq(fl_map_get(&map, key_of(i, room)), number(i));
    ck_assert_ptr_null(fl_map_get(&map, "key0"));
    ck_assert_ptr_null(fl_map_get(&map, ""));
    fl_map_free(&map);
}
END_TEST

START_TEST(empty_map_has_nothing)
{
    struct fl_map map;
    fl_map_init(&map, NULL);

    ck_assert_ptr_null(fl_map_get(&map, "a"));
    ck_assert_ptr_null(fl_map_remove(&map, "a"));
    fl_map_free(&map);
}
END_TEST

START_TEST(order_is_that_of_insertion)
{
    struct fl_map map;
    char room[32];
    fl_map_init(&map, NULL);

    fill(&map, 100);
    fl_map_put(&map, "key1", number(1000));
    ck_assert_ptr_eq(fl_map_remove(&map, "key50"), number(50));
    ck_assert_uint_eq(map.count, 99);
    ck_assert_ptr_eq(map.entries[0].value, number(1000));
    for (size_t i = 50; i < 99; i++)
        ck_assert_str_eq(map.entries[i - 1].key, key_of(i + 1, room));
    fl_map_free(&map);
}
END_TEST

START_TEST(removal_loses_nothing_else)
{
    struct fl_map map;
    char room[32];
    fl_map_init(&map, NULL);

    fill(&map, 200);
    for (size_t i = 1; i <= 200; i += 2)
        ck_assert_ptr_eq(fl_map_remove(&map, key_of(i, room)), number(i));
    for (size_t i = 1; i <= 200; i++)
        ck_assert_ptr_eq(fl_map_get(&map, key_of(i, room)), i % 2 ? NULL : number(i));
    ck_assert_ptr_null(fl_map_remove(&map, "key1"));
    fl_map_free(&map);
}
END_TEST

START_TEST(part_of_a_text_can_be_the_key)
{
    struct fl_map map;
    fl_map_init(&map, NULL);

    fl_map_put(&map, "a", number(1));
    fl_map_put(&map, "abcdefghij", number(2));
    ck_assert_ptr_eq(fl_map_get_sized(&map, "abc", 1), number(1));
    ck_assert_ptr_eq(fl_map_get_sized(&map, "abcdefghijk", 10), number(2));
    ck_assert_ptr_null(fl_map_get_sized(&map, "a\0b", 3));
    ck_assert_ptr_null(fl_map_get_sized(&map, "abc", 2));
    fl_map_free(&map);
}
END_TEST

START_TEST(maps_hash_each_in_its_own_way)
{
    struct fl_map maps[2];

    for (size_t i = 0; i < 2; i++) {
        fl_map_init(&maps[i], NULL);
        fl_map_put(&maps[i], "key", number(1));
    }
    ck_assert_uint_ne(maps[0].entries[0].hash, maps[1].entries[0].hash);
    fl_map_free(&maps[0]);
    fl_map_free(&maps[1]);
}
END_TEST

START_TEST(lack_of_memory_leaves_the_map)
{
    struct failing failing;
    struct fl_map map;
    char room[32];
    failing_init(&failing);
    fl_map_init(&map, &failing.allocator);

    /* Every insertion is tried with one allocation less than it needs. */
    for (size_t i = 1; i <= 40; i++) {
        int64_t grants = 0;
        failing_after(&failing, grants);
        while (fl_map_put(&map, key_of(i, room), number(i))) {
            ck_assert_uint_eq(map.count, i - 1);
            ck_assert_ptr_null(fl_map_get(&map, room));
            failing_after(&failing, ++grants);
        }
        ck_assert_int_ge(grants, 1);
    }
    for (size_t i = 1; i <= 40; i++)
        ck_assert_ptr_eq(fl_map_get(&map, key_of(i, room)), number(i));
    fl_map_free(&map);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"put and get", every_key_is_found_again},     {"empty", empty_map_has_nothing},
        {"order", order_is_that_of_insertion},         {"remove", removal_loses_nothing_else},
        {"sized keys", part_of_a_text_can_be_the_key}, {"seed", maps_hash_each_in_its_own_way},
        {"no memory", lack_of_memory_leaves_the_map},
    };

    return RUN_SUITE("base/map", tests);
}
