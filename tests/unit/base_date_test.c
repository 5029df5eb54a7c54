/* SPDX-License-Identifier: Apache-2.0 */

/* Dates against what Flume's own formatter makes of the same patterns. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "suite.h"

static struct fl_zone *loaded(const char *name)
{
    struct fl_zone *zone;

    ck_assert_msg(fl_zone_load(NULL, name, &zone) == FLOW_OK, "no zone %s", name);
    return zone;
}

/* Expects TEXT, or a fault when it is "!". */
static void expect(const char *zone_name, int64_t at, const char *pattern, const char *text)
{
    struct fl_zone *zone = loaded(zone_name);
    struct fl_buf out;
    const char *fault;

    fl_buf_init(&out, NULL);
    int rc = fl_date_write(zone, at, pattern, &out, &fault);
    const char *got = rc == FLOW_EPARSE ? "!" : fl_buf_cstr(&out);
    ck_assert_msg(strcmp(got, text) == 0, "'%s' at %lld in %s: '%s', not '%s'", pattern,
                  (long long)at, zone_name, got, text);
    ck_assert_int_eq(fault != NULL, rc == FLOW_EPARSE);
    fl_buf_free(&out);
    fl_zone_free(zone);
}

START_TEST(patterns_mean_what_flume_says_they_mean)
{
    FILE *table = fopen(TEST_DATA "/dates/fast.tsv", "r");
    char line[1024];
    unsigned cases = 0;

    ck_assert_ptr_nonnull(table);
    while (fgets(line, sizeof line, table)) {
        char *rest = line;
        if (line[0] == '#')
            continue;
        line[strcspn(line, "\n")] = '\0';
        const char *zone = strsep(&rest, "\t");
        const char *at = strsep(&rest, "\t");
        const char *pattern = strsep(&rest, "\t");
        ck_assert_ptr_nonnull(rest);
        expect(zone, strtoll(at, NULL, 10), pattern, rest);
        cases++;
    }
    fclose(table);
    ck_assert_uint_eq(cases, 1180);
}
END_TEST

static size_t fault_at(const char *pattern)
{
    struct fl_zone *zone = loaded("UTC");
    struct fl_buf out;
    const char *fault;

    fl_buf_init(&out, NULL);
    ck_assert_int_eq(fl_date_write(zone, 0, pattern, &out, &fault), FLOW_EPARSE);
    fl_buf_free(&out);
    fl_zone_free(zone);
    return (size_t)(fault - pattern);
}

START_TEST(a_fault_has_its_place)
{
    ck_assert_uint_eq(fault_at("Q"), 0);
    ck_assert_uint_eq(fault_at("yyyy-'Q'-QQ"), 9);
    ck_assert_uint_eq(fault_at("HH:XXXX"), 3);
    ck_assert_uint_eq(fault_at("HH'it''s"), 2);
}
END_TEST

/* Zones that the zone files have no word for, and one that only an offset stands for. */
START_TEST(a_zone_without_a_name_is_its_offset)
{
    expect("Asia/Dubai", 1700000000000, "z|zzzz", "GMT+04:00|GMT+04:00");
    expect("America/Sao_Paulo", 1700000000000, "z", "GMT-03:00");
    expect("Asia/Kathmandu", 1700000000000, "z", "GMT+05:45");
    expect("GMT-03:30", 1700000000000, "z zzzz", "GMT-03:30 GMT-03:30");
    expect("GMT+0", 1700000000000, "z", "GMT");
}
END_TEST

START_TEST(times_before_1970_and_christ)
{
    expect("UTC", -1, "yyyy-MM-dd HH:mm:ss.SSS", "1969-12-31 23:59:59.999");
    expect("UTC", -1000, "ss.SSS", "59.000");
    expect("UTC", INT64_C(-62135596800000), "yyyy G", "0001 AD");
    expect("UTC", INT64_C(-62135596800001), "yyyy G", "0001 BC");
}
END_TEST

START_TEST(zeros_are_as_many_as_letters)
{
    char pattern[3001];
    char text[3001];

    memset(pattern, 'd', 3000);
    memset(text, '0', 3000);
    pattern[3000] = text[3000] = '\0';
    text[2999] = '1';
    expect("UTC", 0, pattern, text);
    memset(pattern, 'y', 3000);
    memcpy(text + 2996, "1970", 4);
    expect("UTC", 0, pattern, text);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"patterns mean what flume says", patterns_mean_what_flume_says_they_mean},
        {"a fault has its place", a_fault_has_its_place},
        {"a zone without a name", a_zone_without_a_name_is_its_offset},
        {"times before 1970 and Christ", times_before_1970_and_christ},
        {"zeros are as many as letters", zeros_are_as_many_as_letters},
    };
    return RUN_SUITE("date", tests);
}
