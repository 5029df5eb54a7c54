/* SPDX-License-Identifier: Apache-2.0 */

#include "base/date.h"

#include <string.h>

#include <flow/error.h>

/* A time with what its fields are made of. */
struct moment {
    const struct fl_zone *zone;
    int64_t time_s;
    int32_t ms;
    struct fl_civil civil;
};

static const char *const months[] = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December",
};

static const char *const weekdays[] = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
};

/* What is short of a month or weekday is its first three letters. */
#define SHORT_SIZE 3
#define LONG_SIZE 32

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- weeks ---- */

static int32_t days_of_year(int32_t year)
{
    return 365 + (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/* Whether the week of the day ends in the next year, whose first week it then is. */
static int is_of_next_year(const struct fl_civil *civil)
{
    return civil->yearday + (6 - civil->weekday) > days_of_year(civil->year);
}

/* The week of a day that is the DAYth, from 1, of a year or month. */
static int32_t week_at(const struct fl_civil *civil, int32_t day)
{
    return (day + 6 - civil->weekday + 6) / 7;
}

/* ---- fields ---- */

/* A negative answer: the letter is no number. */
static int32_t number_of(const struct moment *now, char letter)
{
    const struct fl_civil *civil = &now->civil;
    int32_t next = letter == 'Y' && is_of_next_year(civil);

    switch (letter) {
    case 'y':
    case 'Y': return civil->year > 0 ? civil->year + next : 1 - civil->year;
    case 'M': return civil->month;
    case 'w': return is_of_next_year(civil) ? 1 : week_at(civil, civil->yearday);
    case 'W': return week_at(civil, civil->day);
    case 'D': return civil->yearday;
    case 'd': return civil->day;
    case 'F': return (civil->day + 6) / 7;
    case 'u': return (civil->weekday + 6) % 7 + 1;
    case 'H': return civil->hour;
    case 'k': return (civil->hour + 23) % 24 + 1;
    case 'K': return civil->hour % 12;
    case 'h': return (civil->hour + 11) % 12 + 1;
    case 'm': return civil->minute;
    case 's': return civil->second;
    case 'S': return now->ms;
    default: return -1;
    }
}

/* A year is cut to two digits, or has four at least. */
static int add_year(int32_t year, size_t count, struct fl_buf *out)
{
    if (count == 2)
        return fl_buf_printf(out, "%02d", year % 100);
    return fl_buf_printf(out, "%0*d", count < 4 ? 4 : (int)count, year);
}

/* Digits and zeros before them, up to COUNT, which may be as large as the pattern. */
static int add_number(int32_t number, size_t count, struct fl_buf *out)
{
    int rc = FLOW_OK;

    for (; count > 10 && !rc; count--)
        rc = fl_buf_byte(out, '0');
    return rc ? rc : fl_buf_printf(out, "%0*d", (int)count, number);
}

/* The word that COUNT letters stand for, of which *SIZE bytes are meant, or NULL. */
static const char *word_of(const struct moment *now, char letter, size_t count, size_t *size)
{
    *size = count > SHORT_SIZE ? LONG_SIZE : SHORT_SIZE;
    switch (letter) {
    case 'G': return now->civil.year > 0 ? "AD" : "BC";
    case 'M': return count >= SHORT_SIZE ? months[now->civil.month - 1] : NULL;
    case 'E': return weekdays[now->civil.weekday];
    case 'a': return now->civil.hour < 12 ? "AM" : "PM";
    default: return NULL;
    }
}

/* ---- zones ---- */

/* "+0130", with ":" between when COLON says so, or only "+01" without minutes. */
static int add_offset(int32_t offset, const char *colon, struct fl_buf *out)
{
    int32_t minutes = (offset < 0 ? -offset : offset) / 60;
    char sign = offset < 0 ? '-' : '+';

    if (!colon)
        return fl_buf_printf(out, "%c%02d", sign, minutes / 60);
    return fl_buf_printf(out, "%c%02d%s%02d", sign, minutes / 60, colon, minutes % 60);
}

/* A zone without a word of its own is called by its offset. */
static int add_zone_name(const struct moment *now, size_t count, struct fl_buf *out)
{
    const char *abbreviation = fl_zone_abbreviation(now->zone, now->time_s);
    const char *name = abbreviation;

    if (count > SHORT_SIZE)
        name = fl_date_zone_name(abbreviation, fl_zone_id(now->zone));
    if (name && is_letter(*name))
        return fl_buf_text(out, name);
    int rc = fl_buf_text(out, "GMT");
    return rc || !now->civil.offset ? rc : add_offset(now->civil.offset, ":", out);
}

static int add_iso_offset(int32_t offset, size_t count, struct fl_buf *out)
{
    static const char *const colons[] = {NULL, "", ":"};

    return offset ? add_offset(offset, colons[count - 1], out) : fl_buf_byte(out, 'Z');
}

static int add_zone(const struct moment *now, char letter, size_t count, struct fl_buf *out)
{
    int32_t offset = now->civil.offset;

    if (letter == 'z')
        return add_zone_name(now, count, out);
    if (letter == 'X')
        return count > 3 ? FLOW_EPARSE : add_iso_offset(offset, count, out);
    if (letter != 'Z')
        return FLOW_EPARSE;
    return count == 2 ? add_iso_offset(offset, 3, out)
                      : add_offset(offset, count > 2 ? ":" : "", out);
}

/* ---- patterns ---- */

static int add_field(const struct moment *now, char letter, size_t count, struct fl_buf *out)
{
    size_t size;
    const char *word = word_of(now, letter, count, &size);
    int32_t number = number_of(now, letter);

    if (word)
        return fl_buf_append(out, word, strnlen(word, size));
    if (letter == 'y' || letter == 'Y')
        return add_year(number, count, out);
    if (number >= 0)
        return add_number(number, count, out);
    return add_zone(now, letter, count, out);
}

/* The size of the quoted text at QUOTE, its quotes included; 0 when the second one is missing. */
static size_t quoted_size(const char *quote)
{
    size_t at = 1;

    for (; quote[at]; at++) {
        if (quote[at] == '\'' && quote[at + 1] != '\'')
            return at + 1;
        at += quote[at] == '\'';
    }
    return 0;
}

/* Adds the quoted text at QUOTE and stores its size; two quotes, in it and by themselves, are
 * one. */
static int add_quoted(const char *quote, struct fl_buf *out, size_t *size)
{
    int rc = FLOW_OK;

    *size = quote[1] == '\'' ? 2 : quoted_size(quote);
    if (*size == 0)
        return FLOW_EPARSE;
    if (*size == 2)
        return fl_buf_byte(out, '\'');
    for (size_t i = 1; i < *size - 1 && !rc; i++) {
        rc = fl_buf_byte(out, (uint8_t)quote[i]);
        i += quote[i] == '\'';
    }
    return rc;
}

/* Adds what the pattern at AT begins with, and stores its size. */
static int add_part(const struct moment *now, const char *at, struct fl_buf *out, size_t *size)
{
    const char letter[] = {*at, '\0'};

    *size = is_letter(*at) ? strspn(at, letter) : 1;
    if (is_letter(*at))
        return add_field(now, *at, *size, out);
    return *at == '\'' ? add_quoted(at, out, size) : fl_buf_byte(out, (uint8_t)*at);
}

int fl_date_write(const struct fl_zone *zone, int64_t time_ms, const char *pattern,
                  struct fl_buf *out, const char **fault)
{
    int32_t ms = (int32_t)(time_ms % 1000);
    struct moment now = {.zone = zone, .ms = ms < 0 ? ms + 1000 : ms};
    int rc = FLOW_OK;

    now.time_s = time_ms / 1000 - (ms < 0);
    fl_zone_civil(zone, now.time_s, &now.civil);
    for (size_t size; *pattern && !rc; pattern += rc ? 0 : size)
        rc = add_part(&now, pattern, out, &size);
    *fault = rc == FLOW_EPARSE ? pattern : NULL;
    return rc;
}
