/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include <flow/error.h>

#include "base/number.h"
#include "suite.h"

static void expect_number(const char *text, int64_t expected)
{
    int64_t value = 0;

    ck_assert_msg(fl_parse_int(text, strlen(text), &value) == FLOW_OK, "'%s' refused", text);
    ck_assert_int_eq(value, expected);
}

static void expect_none(const char *text, size_t size)
{
    int64_t value = 77;

    ck_assert_msg(fl_parse_int(text, size, &value) == FLOW_EPARSE, "'%s' accepted", text);
    ck_assert_int_eq(value, 77);
}

START_TEST(whole_numbers_are_read)
{
    expect_number("0", 0);
    expect_number("-0", 0);
    expect_number("+7", 7);
    expect_number("007", 7);
    expect_number("-42", -42);
    expect_number("9223372036854775807", INT64_MAX);
    expect_number("-9223372036854775808", INT64_MIN);
}
END_TEST

START_TEST(anything_else_is_refused)
{
    static const char *const bad[] = {
        "", "+", "-", "--1", "+-1", " 1", "1 ", "1.0", "0x10", "1e3", "12a", "\xd9\xa3",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_none(bad[i], strlen(bad[i]));
    expect_none("1\0002", 3);
}
END_TEST

START_TEST(numbers_that_do_not_fit_are_refused)
{
    static const char *const big[] = {
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "99999999999999999999999999",
    };

    for (size_t i = 0; i < sizeof big / sizeof big[0]; i++)
        expect_none(big[i], strlen(big[i]));
}
END_TEST

START_TEST(only_the_given_size_is_read)
{
    int64_t value;

    ck_assert_int_eq(fl_parse_int("123456", 3, &value), FLOW_OK);
    ck_assert_int_eq(value, 123);
}
END_TEST

START_TEST(case_is_ascii_only)
{
    ck_assert(fl_equal_ignore_case("NetCat", "netcat"));
    ck_assert(!fl_equal_ignore_case("netcat", "netca"));
    ck_assert(!fl_equal_ignore_case("", "n"));
    ck_assert(!fl_equal_ignore_case("\xc3\x84", "\xc3\xa4"));
    ck_assert(!fl_equal_ignore_case("@", "`"));
    ck_assert_int_eq(fl_lower('Z'), 'z');
    ck_assert_int_eq(fl_lower('['), '[');
}
END_TEST

START_TEST(space_is_what_java_trims)
{
    ck_assert(fl_is_space(' '));
    ck_assert(fl_is_space('\t'));
    ck_assert(fl_is_space('\0'));
    ck_assert(!fl_is_space('!'));
    ck_assert(!fl_is_space((char)0xa0));
}
END_TEST

START_TEST(edits_are_counted)
{
    ck_assert_uint_eq(fl_edit_distance("", "", 2), 0);
    ck_assert_uint_eq(fl_edit_distance("same", "same", 0), 0);
    ck_assert_uint_eq(fl_edit_distance("capacity", "capcity", 2), 1);
    ck_assert_uint_eq(fl_edit_distance("capcity", "capacity", 2), 1);
    ck_assert_uint_eq(fl_edit_distance("port", "pert", 2), 1);
    ck_assert_uint_eq(fl_edit_distance("netcta", "netcat", 2), 2);
    ck_assert_uint_eq(fl_edit_distance("kitten", "sitting", 5), 3);
    ck_assert_uint_eq(fl_edit_distance("", "abc", 3), 3);
}
END_TEST

START_TEST(more_edits_than_the_limit_are_one_more)
{
    ck_assert_uint_eq(fl_edit_distance("kitten", "sitting", 2), 3);
    ck_assert_uint_eq(fl_edit_distance("a", "b", 0), 1);
    ck_assert_uint_eq(fl_edit_distance("", "abcdef", 3), 4);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"numbers", whole_numbers_are_read},
        {"no numbers", anything_else_is_refused},
        {"overflow", numbers_that_do_not_fit_are_refused},
        {"size", only_the_given_size_is_read},
        {"case", case_is_ascii_only},
        {"space", space_is_what_java_trims},
        {"edits", edits_are_counted},
        {"edit limit", more_edits_than_the_limit_are_one_more},
    };

    return RUN_SUITE("base/number", tests);
}
