/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A range of numbers as a regular expression, for numbers that stand in quotes.  Numbers of one
 * length are compared from the left: at the first digit that differs the range falls into those
 * that begin like its least number, those in the middle, and those that begin like its greatest.
 */

#include <inttypes.h>
#include <string.h>

#include "schema.h"

/* Digits of a uint64_t and the NUL. */
#define DIGITS_ROOM 21

static const char zeros[] = "00000000000000000000";
static const char nines[] = "99999999999999999999";

static void any_digits(FILE *out, size_t count)
{
    if (count > 0)
        fputs("[0-9]", out);
    if (count > 1)
        fprintf(out, "{%zu}", count);
}

static void one_digit(FILE *out, char from, char to)
{
    if (from == to)
        putc(from, out);
    else
        fprintf(out, "[%c-%c]", from, to);
}

/* Writes the numbers from A to B, both of SIZE digits. */
static void between(FILE *out, const char *a, const char *b, size_t size)
{
    if (size == 0)
        return;
    if (*a == *b) {
        putc(*a, out);
        between(out, a + 1, b + 1, size - 1);
        return;
    }
    int has_start = strncmp(a + 1, zeros, size - 1) != 0;
    int has_end = strncmp(b + 1, nines, size - 1) != 0;
    int has_middle = *b - *a + 1 > has_start + has_end;
    fputs("(?:", out);
    if (has_start) {
        putc(*a, out);
        between(out, a + 1, nines, size - 1);
    }
    if (has_middle) {
        fputs(has_start ? "|" : "", out);
        one_digit(out, (char)(*a + has_start), (char)(*b - has_end));
        any_digits(out, size - 1);
    }
    if (has_end) {
        fputs(has_start || has_middle ? "|" : "", out);
        putc(*b, out);
        between(out, zeros, b + 1, size - 1);
    }
    putc(')', out);
}

/* Writes the numbers from MIN to MAX, with any zeros before them. */
static void magnitudes(FILE *out, uint64_t min, uint64_t max)
{
    char least[DIGITS_ROOM];
    char greatest[DIGITS_ROOM];
    char one[DIGITS_ROOM] = "1";

    size_t from = (size_t)snprintf(least, sizeof least, "%" PRIu64, min);
    size_t to = (size_t)snprintf(greatest, sizeof greatest, "%" PRIu64, max);
    fputs("0*(?:", out);
    for (size_t size = from; size <= to; size++) {
        memcpy(one + 1, zeros, size);
        fputs(size > from ? "|" : "", out);
        between(out, size == from ? least : one, size == to ? greatest : nines, size);
    }
    putc(')', out);
}

void schema_digits(FILE *out, int64_t min, int64_t max)
{
    fputs("(?:", out);
    if (max >= 0) {
        fputs("[+]?", out);
        magnitudes(out, min > 0 ? (uint64_t)min : 0, (uint64_t)max);
    }
    if (min < 0) {
        fputs(max >= 0 ? "|-" : "-", out);
        magnitudes(out, max < 0 ? -(uint64_t)max : 0, -(uint64_t)min);
    }
    putc(')', out);
}
