/* SPDX-License-Identifier: Apache-2.0 */

/* Zones against the C library's, which a test may ask by way of TZ. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/zone_data.h"
#include "suite.h"

#define DAY 86400

static struct fl_zone *loaded(const char *name)
{
    struct fl_zone *zone;

    ck_assert_msg(fl_zone_load(NULL, name, &zone) == FLOW_OK, "no zone %s",
                  name ? name : "of the system");
    return zone;
}

static void assert_same(const struct fl_zone *zone, const char *name, int64_t at)
{
    struct fl_civil civil;
    struct tm tm;
    time_t when = at;

    fl_zone_civil(zone, at, &civil);
    ck_assert_ptr_nonnull(localtime_r(&when, &tm));
    int same = civil.year == tm.tm_year + 1900 && civil.month == tm.tm_mon + 1 &&
               civil.day == tm.tm_mday && civil.hour == tm.tm_hour && civil.minute == tm.tm_min &&
               civil.second == tm.tm_sec && civil.weekday == tm.tm_wday &&
               civil.yearday == tm.tm_yday + 1 && civil.offset == tm.tm_gmtoff &&
               strcmp(fl_zone_abbreviation(zone, at), tm.tm_zone) == 0;
    ck_assert_msg(same, "%s at %lld: %d-%02d-%02d %02d:%02d:%02d %+d, not %+ld", name,
                  (long long)at, civil.year, civil.month, civil.day, civil.hour, civil.minute,
                  civil.second, civil.offset, tm.tm_gmtoff);
}

/* Every switch of the table and its neighbours, and each tenth day up to the year 2300. */
static void compare_zone(const char *name)
{
    struct fl_zone *zone = loaded(name);

    setenv("TZ", name, 1);
    tzset();
    for (size_t i = 0; i < zone->count; i++) {
        assert_same(zone, name, zone->times[i] - 1);
        assert_same(zone, name, zone->times[i]);
        assert_same(zone, name, zone->times[i] + 1);
    }
    for (int64_t at = -3000000000; at < INT64_C(10413792000); at += 10 * DAY + 12345)
        assert_same(zone, name, at);
    fl_zone_free(zone);
    unsetenv("TZ");
}

/* Offsets of minutes, two hours, summer time in winter (Dublin), changes at odd hours (Nuuk,
 * Gaza, Cairo), skipped days (Apia), half an hour (Lord Howe), and no rule at all (Casablanca). */
static const char *const many[] = {
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "Europe/Moscow",
    "Europe/Istanbul",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Nuuk",
    "America/Havana",
    "America/Asuncion",
    "Asia/Shanghai",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Pyongyang",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Africa/Monrovia",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Australia/Eucla",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Auckland",
    "Antarctica/Troll",
    "Etc/GMT+12",
    "EST5EDT",
    "CET",
};

START_TEST(agrees_with_the_c_library)
{
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        compare_zone(many[i]);
}
END_TEST

START_TEST(turns_fields_back_into_times)
{
    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        struct fl_zone *zone = loaded(many[i]);
        for (int64_t at = -1000000000; at < INT64_C(5000000000); at += 3 * DAY + 4321) {
            struct fl_civil civil;
            struct fl_civil again;
            fl_zone_civil(zone, at, &civil);
            int64_t back = fl_zone_time(zone, &civil);
            fl_zone_civil(zone, back, &again);
            /* The same time, or of two with the same fields the earlier. */
            ck_assert_msg(back <= at && back > at - DAY - 1, "%s at %lld", many[i], (long long)at);
            ck_assert_int_eq(civil.minute, again.minute);
            ck_assert_int_eq(civil.hour, again.hour);
        }
        fl_zone_free(zone);
    }
}
END_TEST

static int64_t time_of(const struct fl_zone *zone, int month, int day, int hour, int minute)
{
    struct fl_civil civil = {
        .year = 2021, .month = month, .day = day, .hour = hour, .minute = minute};

    return fl_zone_time(zone, &civil);
}

START_TEST(takes_the_earlier_of_two_and_counts_on_in_a_gap)
{
    struct fl_zone *zone = loaded("Europe/Berlin");

    ck_assert_int_eq(time_of(zone, 10, 31, 2, 30), 1635640200); /* still summer time */
    ck_assert_int_eq(time_of(zone, 10, 31, 3, 0), 1635645600);
    ck_assert_int_eq(time_of(zone, 3, 28, 2, 30), 1616895000); /* 3:30 in summer time */
    ck_assert_int_eq(time_of(zone, 3, 28, 3, 30), 1616895000);
    fl_zone_free(zone);
}
END_TEST

static void assert_offset(const char *name, int32_t offset)
{
    struct fl_zone *zone = loaded(name);
    struct fl_civil civil;

    fl_zone_civil(zone, 1700000000, &civil);
    ck_assert_msg(civil.offset == offset, "%s: %d", name, civil.offset);
    fl_zone_free(zone);
}

START_TEST(knows_java_s_names)
{
    assert_offset("GMT+02:00", 7200);
    assert_offset("GMT-3:30", -12600);
    assert_offset("GMT+0200", 7200);
    assert_offset("GMT+230", 9000);
    assert_offset("GMT+2", 7200);
    assert_offset("UTC+2", 7200);
    assert_offset("+05:30", 19800);
    assert_offset("UTC", 0);
    assert_offset("GMT", 0);
    assert_offset("GMT0", 0);
    assert_offset("Z", 0);
    assert_offset("EST", -5 * 3600);
    assert_offset("HST", -10 * 3600);
    assert_offset("PST", -8 * 3600);
    assert_offset("CTT", 8 * 3600);
    assert_offset("Etc/GMT-14", 14 * 3600);
}
END_TEST

START_TEST(refuses_other_names)
{
    static const char *const names[] = {
        "",         "Europe/Nowhere", "GMT+24:00",    "GMT+2:60",    "GMT+",
        "GMT+2:",   "GMT++2",         "../localtime", "/etc/passwd", "Europe",
        "zone.tab", "Europe/../CET",  "right/CET",    "GMT+12345",   "+-1",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct fl_zone *zone;
        ck_assert_msg(fl_zone_load(NULL, names[i], &zone) == FLOW_ENOENT, "%s", names[i]);
        ck_assert_ptr_null(zone);
    }
}
END_TEST

static int32_t system_offset(const char *tz, int64_t at)
{
    struct fl_civil civil;

    setenv("TZ", tz, 1);
    struct fl_zone *zone = loaded(NULL);
    fl_zone_civil(zone, at, &civil);
    fl_zone_free(zone);
    unsetenv("TZ");
    return civil.offset;
}

START_TEST(follows_the_environment)
{
    ck_assert_int_eq(system_offset("Asia/Tokyo", 0), 9 * 3600);
    ck_assert_int_eq(system_offset(":Asia/Tokyo", 0), 9 * 3600);
    ck_assert_int_eq(system_offset("CET-1CEST,M3.5.0,M10.5.0/3", 1625000000), 7200);
    ck_assert_int_eq(system_offset("CET-1CEST,M3.5.0,M10.5.0/3", 1611000000), 3600);
    ck_assert_int_eq(system_offset("<+0345>-3:45", 0), 13500);
    ck_assert_int_eq(system_offset("/usr/share/zoneinfo/Asia/Tokyo", 0), 9 * 3600);
    ck_assert_int_eq(system_offset("nonsense", 0), 0);
    ck_assert_int_eq(system_offset("", 0), 0);
}
END_TEST

static void assert_called(const char *tz, const char *id, const char *abbreviation)
{
    setenv("TZ", tz, 1);
    struct fl_zone *zone = loaded(NULL);
    ck_assert_str_eq(fl_zone_id(zone), id);
    ck_assert_str_eq(fl_zone_abbreviation(zone, 1700000000), abbreviation);
    fl_zone_free(zone);
    unsetenv("TZ");
}

START_TEST(knows_what_it_is_called)
{
    assert_called("Asia/Tokyo", "Asia/Tokyo", "JST");
    assert_called("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo", "JST");
    assert_called("CTT", "Asia/Shanghai", "CST");
    assert_called("CET-1CEST,M3.5.0,M10.5.0/3", "", "CET");
    assert_called("<+0345>-3:45", "", "+0345");
    assert_called("GMT+02:00", "", "");
    assert_called("UT", "", "UTC");
    assert_called("", "", "UTC");
    assert_called("nonsense", "", "UTC");
}
END_TEST

START_TEST(reads_rules)
{
    static const char *const bad[] = {
        "",
        "C",
        "CE1",
        "CET",
        "CET-25",
        "CET-1CEST,",
        "CET-1CE",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J365",
        "CET-1CEST,J366,1",
        "CET-1CEST,1/168,2",
        "CET-1CEST,1,2x",
        "<C!T>1",
    };
    struct fl_zone_rule rule;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(fl_zone_rule_parse(bad[i], &rule) == FLOW_EPARSE, "%s", bad[i]);
    /* All year round, and by days of the year with and without leap days. */
    ck_assert_int_eq(fl_zone_rule_parse("XXX3EDT4,0/0,J365/23", &rule), FLOW_OK);
    for (int64_t at = 0; at < 200 * INT64_C(31556952); at += DAY * 7 + 3600)
        ck_assert_int_eq(fl_zone_rule_offset(&rule, at), -4 * 3600);
    ck_assert_int_eq(fl_zone_rule_parse("AAA0BBB,J60/0,J61/0", &rule), FLOW_OK);
    ck_assert_int_eq(fl_zone_rule_offset(&rule, 951868800), 3600); /* 1 March 2000, a leap year */
    ck_assert_int_eq(fl_zone_rule_parse("AAA0BBB,59/0,60/0", &rule), FLOW_OK);
    ck_assert_int_eq(fl_zone_rule_offset(&rule, 951868800 - DAY), 3600);
}
END_TEST

/* Every prefix of a good file, and every byte of it changed, is refused or read; never more. */
START_TEST(survives_damaged_files)
{
    static uint8_t data[8192];
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");

    ck_assert_ptr_nonnull(file);
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    for (size_t i = 0; i < size; i++) {
        struct fl_zone zone = {0};
        uint8_t *copy = malloc(i > 0 ? i : 1); /* exact, so that a sanitizer sees one byte more */
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, data, i);
        ck_assert_int_eq(fl_tzif_read(&zone, copy, i), FLOW_EPARSE);
        free(copy);
        fl_zone_clear(&zone);
    }
    for (size_t i = 0; i < size; i++) {
        struct fl_zone zone = {0};
        data[i] ^= 0xff;
        (void)fl_tzif_read(&zone, data, size);
        data[i] ^= 0xff;
        fl_zone_clear(&zone);
    }
}
END_TEST

START_TEST(bears_the_ends_of_time)
{
    struct fl_zone *zone = loaded("Europe/Berlin");
    struct fl_civil civil;

    fl_zone_civil(zone, INT64_MAX, &civil);
    ck_assert_int_gt(civil.year, 2000000000);
    fl_zone_civil(zone, INT64_MIN, &civil);
    ck_assert_int_lt(civil.year, -2000000000);
    fl_zone_free(zone);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"agrees with the c library", agrees_with_the_c_library},
        {"turns fields back into times", turns_fields_back_into_times},
        {"takes the earlier of two", takes_the_earlier_of_two_and_counts_on_in_a_gap},
        {"knows java's names", knows_java_s_names},
        {"refuses other names", refuses_other_names},
        {"follows the environment", follows_the_environment},
        {"knows what it is called", knows_what_it_is_called},
        {"reads rules", reads_rules},
        {"survives damaged files", survives_damaged_files},
        {"bears the ends of time", bears_the_ends_of_time},
    };
    return RUN_SUITE("zone", tests);
}
