/* SPDX-License-Identifier: Apache-2.0 */

/*
 * POSIX TZ texts, which zone files carry for the years behind their table: offsets and the two
 * days of a year on which the clocks change.  Includes what RFC 8536 adds: names in angle brackets
 * and times of day from -167 to 167 hours.
 */

#include "base/zone_data.h"

#include <string.h>

#define HOUR_S 3600

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes an abbreviation; 0 when there is none. */
static int take_name(const char **at, char *name)
{
    const char *p = *at;
    int quoted = *p == '<';

    p += quoted;
    const char *start = p;
    while (is_letter(*p) || (quoted && (is_digit(*p) || *p == '+' || *p == '-')))
        p++;
    ptrdiff_t size = p - start;
    if (size < 3 || size >= FL_ZONE_NAME_ROOM || (quoted && *p++ != '>'))
        return 0;
    memcpy(name, start, (size_t)size);
    name[size] = '\0';
    *at = p;
    return 1;
}

/* A number without sign of at most MAX; -1 when there is none. */
static int32_t number(const char **at, int32_t max)
{
    const char *p = *at;
    int32_t value = 0;

    if (!is_digit(*p))
        return -1;
    while (is_digit(*p)) {
        value = 10 * value + (*p++ - '0');
        if (value > max)
            return -1;
    }
    *at = p;
    return value;
}

/* [+-]hh[:mm[:ss]] in seconds; 0 when it is not one. */
static int time_of_day(const char **at, int32_t max_hours, int32_t *seconds)
{
    int negative = **at == '-';

    *at += negative || **at == '+';
    int32_t parts[3] = {number(at, max_hours), 0, 0};
    for (int i = 1; i < 3 && **at == ':'; i++) {
        (*at)++;
        parts[i] = number(at, 59);
    }
    if (parts[0] < 0 || parts[1] < 0 || parts[2] < 0)
        return 0;
    *seconds = parts[0] * HOUR_S + parts[1] * 60 + parts[2];
    *seconds = negative ? -*seconds : *seconds;
    return 1;
}

static int in_range(int32_t value, int32_t min, int32_t max)
{
    return value >= min && value <= max;
}

/* Mm.w.d */
static int month_week_day(const char **at, struct fl_zone_switch *when)
{
    when->month = number(at, 12);
    if (when->month < 1 || *(*at)++ != '.')
        return 0;
    when->week = number(at, 5);
    if (when->week < 1 || *(*at)++ != '.')
        return 0;
    when->day = number(at, 6);
    return when->day >= 0;
}

/* ,date[/time] */
static int switch_parse(const char **at, struct fl_zone_switch *when)
{
    if (*(*at)++ != ',')
        return 0;
    if (**at == 'M') {
        (*at)++;
        when->kind = 'M';
        if (!month_week_day(at, when))
            return 0;
    } else {
        when->kind = **at == 'J' ? 'J' : 'n';
        *at += **at == 'J';
        when->day = number(at, 365);
        if (!in_range(when->day, when->kind == 'J', 365))
            return 0;
    }
    when->time = 2 * HOUR_S;
    if (**at != '/')
        return 1;
    (*at)++;
    return time_of_day(at, 167, &when->time);
}

/* Offset, name of summer time and so on: everything behind the first name. */
static int rule_tail(const char **at, struct fl_zone_rule *rule)
{
    if (!time_of_day(at, 24, &rule->standard))
        return 0;
    rule->standard = -rule->standard; /* POSIX counts west of Greenwich */
    if (**at == '\0')
        return 1;
    rule->has_summer = 1;
    if (!take_name(at, rule->summer_name))
        return 0;
    rule->summer = rule->standard + HOUR_S;
    if (**at != ',') {
        if (!time_of_day(at, 24, &rule->summer))
            return 0;
        rule->summer = -rule->summer;
    }
    return switch_parse(at, &rule->begin) && switch_parse(at, &rule->end) && **at == '\0';
}

int fl_zone_rule_parse(const char *text, struct fl_zone_rule *rule)
{
    memset(rule, 0, sizeof *rule);
    if (!take_name(&text, rule->standard_name) || !rule_tail(&text, rule)) {
        memset(rule, 0, sizeof *rule);
        return FLOW_EPARSE;
    }
    rule->is_set = 1;
    return FLOW_OK;
}

static int is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The day, counted from 1970, on which WHEN falls in YEAR. */
static int64_t switch_day(const struct fl_zone_switch *when, int64_t year)
{
    if (when->kind == 'n')
        return fl_days_of(year, 1, 1) + when->day;
    if (when->kind == 'J')
        return fl_days_of(year, 1, 1) + when->day - 1 + (is_leap(year) && when->day >= 60);
    int64_t first = fl_days_of(year, when->month, 1);
    int64_t next =
        when->month == 12 ? fl_days_of(year + 1, 1, 1) : fl_days_of(year, when->month + 1, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1 January 1970 was a Thursday */
    int64_t day = first + (when->day - weekday + 7) % 7 + 7 * (when->week - 1);
    return day >= next ? day - 7 : day;
}

static int is_summer(const struct fl_zone_rule *rule, int64_t time_s)
{
    if (!rule->has_summer)
        return 0;
    struct fl_civil civil;
    struct fl_zone standard = {.rule = {.is_set = 1, .standard = rule->standard}};
    fl_zone_civil(&standard, time_s, &civil);

    /* Summer time begins by the standard clock and ends by its own. */
    int64_t begin =
        switch_day(&rule->begin, civil.year) * FL_DAY_S + rule->begin.time - rule->standard;
    int64_t end = switch_day(&rule->end, civil.year) * FL_DAY_S + rule->end.time - rule->summer;
    return begin < end ? time_s >= begin && time_s < end : time_s >= begin || time_s < end;
}

int32_t fl_zone_rule_offset(const struct fl_zone_rule *rule, int64_t time_s)
{
    return is_summer(rule, time_s) ? rule->summer : rule->standard;
}

const char *fl_zone_rule_name(const struct fl_zone_rule *rule, int64_t time_s)
{
    return is_summer(rule, time_s) ? rule->summer_name : rule->standard_name;
}
