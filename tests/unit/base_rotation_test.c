/* SPDX-License-Identifier: Apache-2.0 */

#include "base/rotation.h"
#include "failing.h"
#include "suite.h"

#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)

static const struct fl_rotation_rules in_turn = {.most_ms = FL_PENALTY_MS};
static const struct fl_rotation_rules in_turn_backing_off = {.backs_off = 1,
                                                             .most_ms = FL_PENALTY_MS};

/* Begins at NOW, and expects the members that DIGITS names, in that order. */
static void expect_order(struct fl_rotation *rotation, int64_t now, const char *digits)
{
    const size_t *order;
    char found[16] = "";
    size_t count = fl_rotation_begin(rotation, now, &order);

    for (size_t i = 0; i < count && i < sizeof found - 1; i++)
        found[i] = (char)('0' + order[i]);
    ck_assert_str_eq(found, digits);
}

/* Lets INDEX fail at NOW, and expects it to be back after MS and not before. */
static void expect_pause(struct fl_rotation *rotation, size_t index, int64_t now, int64_t ms)
{
    const size_t *order;

    fl_rotation_failed(rotation, index, now);
    ck_assert_int_eq(fl_rotation_due(rotation, now), now + ms);
    ck_assert_uint_eq(fl_rotation_begin(rotation, now + ms - 1, &order), 0);
    ck_assert_uint_eq(fl_rotation_begin(rotation, now + ms, &order), 1);
}

START_TEST(each_in_turn_comes_first)
{
    struct fl_rotation *rotation = fl_rotation_new(NULL, 3, &in_turn);

    expect_order(rotation, 0, "012");
    expect_order(rotation, 0, "120");
    expect_order(rotation, 0, "201");
    expect_order(rotation, 0, "012");
    fl_rotation_free(rotation);
}
END_TEST

START_TEST(the_turn_begins_anew_when_fewer_are_left)
{
    struct fl_rotation *rotation = fl_rotation_new(NULL, 4, &in_turn_backing_off);

    expect_order(rotation, 0, "0123");
    expect_order(rotation, 0, "1230");
    expect_order(rotation, 0, "2301");
    fl_rotation_failed(rotation, 2, 0);
    expect_order(rotation, 1, "013");
    expect_order(rotation, 1, "130");
    expect_order(rotation, 1, "301");
    expect_order(rotation, 2 * SECOND, "0123");
    fl_rotation_free(rotation);
}
END_TEST

START_TEST(without_back_off_all_are_tried_always)
{
    struct fl_rotation *rotation = fl_rotation_new(NULL, 2, &in_turn);

    fl_rotation_failed(rotation, 0, 0);
    ck_assert_int_eq(fl_rotation_due(rotation, 0), 0);
    expect_order(rotation, 0, "01");
    expect_order(rotation, 0, "10");
    fl_rotation_free(rotation);
}
END_TEST

START_TEST(nobody_is_left_when_all_failed)
{
    struct fl_rotation *rotation = fl_rotation_new(NULL, 2, &in_turn_backing_off);

    fl_rotation_failed(rotation, 0, 100);
    fl_rotation_failed(rotation, 1, 300);
    expect_order(rotation, 500, "");
    ck_assert_int_eq(fl_rotation_due(rotation, 500), 100 + 2 * SECOND);
    expect_order(rotation, 100 + 2 * SECOND, "0");
    ck_assert_int_eq(fl_rotation_due(rotation, 100 + 2 * SECOND), 300 + 2 * SECOND);
    expect_order(rotation, 300 + 2 * SECOND, "01");
    ck_assert_int_eq(fl_rotation_due(rotation, 300 + 2 * SECOND), 300 + 2 * SECOND);
    fl_rotation_free(rotation);
}
END_TEST

START_TEST(pauses_double_up_to_the_longest)
{
    struct fl_rotation *rotation = fl_rotation_new(NULL, 1, &in_turn_backing_off);
    static const int64_t pauses[] = {2, 4, 8, 16, 30, 30};
    int64_t now = 7;

    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        expect_pause(rotation, 0, now, pauses[i] * SECOND);
        now += pauses[i] * SECOND;
    }
    fl_rotation_free(rotation);
}
END_TEST

/* Flume's arithmetic turns negative at 22 failures of a failover sink, and into no pause at 29. */
START_TEST(pauses_never_shrink_however_often_it_fails)
{
    const struct fl_rotation_rules patient = {.backs_off = 1, .most_ms = INT64_MAX};
    struct fl_rotation *rotation = fl_rotation_new(NULL, 1, &patient);
    int64_t now = 0;

    for (int failures = 1; failures <= 100; failures++) {
        int64_t pause = SECOND << (failures < 16 ? failures : 16);
        expect_pause(rotation, 0, now, pause);
        now += pause;
        ck_assert_int_eq(fl_penalty((unsigned)failures, INT64_MAX), pause);
    }
    ck_assert_int_eq(fl_penalty(~0u, INT64_MAX), SECOND << 16);
    ck_assert_int_eq(fl_penalty(~0u, 5), 5);
    fl_rotation_free(rotation);
}
END_TEST

START_TEST(failures_are_forgotten_an_hour_after_the_pause)
{
    struct fl_rotation *rotation = fl_rotation_new(NULL, 1, &in_turn_backing_off);

    expect_pause(rotation, 0, 0, 2 * SECOND);
    expect_pause(rotation, 0, 2 * SECOND + HOUR - 1, 4 * SECOND);
    expect_pause(rotation, 0, 6 * SECOND + HOUR - 1 + HOUR, 2 * SECOND);
    fl_rotation_free(rotation);
}
END_TEST

/* Which of the six orders of three DIGITS are. */
static size_t rank(const size_t *order)
{
    return order[0] * 2 + (order[1] > order[2]);
}

START_TEST(at_random_every_order_is_as_likely)
{
    const struct fl_rotation_rules rules = {.at_random = 1, .seed = 42};
    struct fl_rotation *rotation = fl_rotation_new(NULL, 3, &rules);
    int times[6] = {0};
    const size_t *order;

    for (int i = 0; i < 60000; i++) {
        ck_assert_uint_eq(fl_rotation_begin(rotation, 0, &order), 3);
        ck_assert_uint_eq(order[0] + order[1] + order[2], 3);
        ck_assert(order[0] != order[1] && order[1] != order[2] && order[0] != order[2]);
        times[rank(order)]++;
    }
    for (int i = 0; i < 6; i++)
        ck_assert_msg(times[i] > 9600 && times[i] < 10400, "order %d came %d times", i, times[i]);
    fl_rotation_free(rotation);
}
END_TEST

START_TEST(at_random_those_that_failed_are_left_out)
{
    const struct fl_rotation_rules rules = {.at_random = 1, .backs_off = 1, .most_ms = 10};
    struct fl_rotation *rotation = fl_rotation_new(NULL, 2, &rules);

    fl_rotation_failed(rotation, 0, 0);
    expect_order(rotation, 1, "1");
    fl_rotation_failed(rotation, 1, 1);
    expect_order(rotation, 2, "");
    expect_order(rotation, 10, "0");
    fl_rotation_free(rotation);
}
END_TEST

START_TEST(without_memory_there_is_no_rotation)
{
    struct failing failing;

    failing_init(&failing);
    failing_after(&failing, 0);
    ck_assert_ptr_null(fl_rotation_new(&failing.allocator, 2, &in_turn));
    ck_assert_ptr_null(fl_rotation_new(NULL, SIZE_MAX / 8, &in_turn));
    fl_rotation_free(NULL);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"in turn", each_in_turn_comes_first},
        {"fewer are left", the_turn_begins_anew_when_fewer_are_left},
        {"no back-off", without_back_off_all_are_tried_always},
        {"nobody left", nobody_is_left_when_all_failed},
        {"doubling", pauses_double_up_to_the_longest},
        {"no overflow", pauses_never_shrink_however_often_it_fails},
        {"forgetting", failures_are_forgotten_an_hour_after_the_pause},
        {"at random", at_random_every_order_is_as_likely},
        {"at random with back-off", at_random_those_that_failed_are_left_out},
        {"out of memory", without_memory_there_is_no_rotation},
    };

    return RUN_SUITE("base_rotation", tests);
}
