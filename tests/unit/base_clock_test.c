/* SPDX-License-Identifier: Apache-2.0 */

#include <time.h>

#include "base/clock.h"
#include "failing.h"
#include "suite.h"

START_TEST(system_clock_goes_forward)
{
    const struct fl_clock *clock = fl_clock_system();
    int64_t before = fl_clock_now(clock);
    int64_t wall = fl_clock_wall(clock);

    ck_assert_int_gt(before, 0);
    ck_assert_int_ge(fl_clock_now(clock), before);
    ck_assert_int_le((int64_t)time(NULL) - 1, wall / 1000);
    ck_assert(!fl_clock_is_false(clock));
}
END_TEST

START_TEST(false_clock_moves_only_when_told)
{
    struct fl_clock *clock = fl_clock_false_new(NULL, 1000000);

    ck_assert(fl_clock_is_false(clock));
    ck_assert_int_eq(fl_clock_now(clock), 0);
    ck_assert_int_eq(fl_clock_wall(clock), 1000000);
    fl_clock_false_advance(clock, 250);
    ck_assert_int_eq(fl_clock_now(clock), 250);
    ck_assert_int_eq(fl_clock_wall(clock), 1000250);
    fl_clock_false_free(NULL, clock);
}
END_TEST

START_TEST(wall_time_can_be_set_apart_from_the_clock)
{
    struct fl_clock *clock = fl_clock_false_new(NULL, 0);

    fl_clock_false_advance(clock, 40);
    fl_clock_false_set_wall(clock, 5000);
    ck_assert_int_eq(fl_clock_wall(clock), 5000);
    fl_clock_false_advance(clock, 5);
    ck_assert_int_eq(fl_clock_wall(clock), 5005);
    ck_assert_int_eq(fl_clock_now(clock), 45);
    fl_clock_false_free(NULL, clock);
}
END_TEST

START_TEST(time_that_cannot_be_counted_is_never)
{
    struct fl_clock *clock = fl_clock_false_new(NULL, 0);

    fl_clock_false_advance(clock, 10);
    ck_assert_int_eq(fl_clock_after(clock, 5), 15);
    ck_assert_int_eq(fl_clock_after(clock, 0), 10);
    ck_assert_int_eq(fl_clock_after(clock, -1), FL_NEVER);
    ck_assert_int_eq(fl_clock_after(clock, INT64_MAX), FL_NEVER);
    fl_clock_false_free(NULL, clock);
}
END_TEST

START_TEST(lack_of_memory_makes_no_clock)
{
    struct failing failing;
    failing_init(&failing);
    failing_after(&failing, 0);

    ck_assert_ptr_null(fl_clock_false_new(&failing.allocator, 0));
    fl_clock_false_free(&failing.allocator, NULL);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"system", system_clock_goes_forward},
        {"false", false_clock_moves_only_when_told},
        {"wall", wall_time_can_be_set_apart_from_the_clock},
        {"never", time_that_cannot_be_counted_is_never},
        {"no memory", lack_of_memory_makes_no_clock},
    };

    return RUN_SUITE("base/clock", tests);
}
