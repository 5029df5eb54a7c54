/* SPDX-License-Identifier: Apache-2.0 */

/* Numbers and words in text: ASCII throughout, whatever the host's locale is. */

#include "base/number.h"

#include <flow/error.h>

int fl_parse_int(const char *text, size_t size, int64_t *value)
{
    int negative = size && text[0] == '-';
    size_t at = negative || (size && text[0] == '+');
    int64_t number = 0;

    if (at == size)
        return FLOW_EPARSE;
    for (; at < size; at++) {
        if (text[at] < '0' || text[at] > '9')
            return FLOW_EPARSE;
        int64_t digit = text[at] - '0';
        /* Counts away from zero in the number's own sign, so that INT64_MIN fits. */
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, negative ? -digit : digit, &number))
            return FLOW_EPARSE;
    }
    *value = number;
    return FLOW_OK;
}

char fl_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int fl_is_space(char c)
{
    return (unsigned char)c <= ' ';
}

int fl_equal_ignore_case(const char *a, const char *b)
{
    while (*a && fl_lower(*a) == fl_lower(*b)) {
        a++;
        b++;
    }
    return fl_lower(*a) == fl_lower(*b);
}

int fl_equal_bytes_ignore_case(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (fl_lower(a[i]) != fl_lower(b[i]))
            return 0;
    }
    return 1;
}

/*
 * Skips what is equal, then tries each edit at the first difference.  That is 3^LIMIT paths in the
 * worst case, but needs no memory, and nobody asks for more than a few edits.
 */
unsigned fl_edit_distance(const char *a, const char *b, unsigned limit)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    if (*a == *b)
        return 0;

    unsigned best = limit + 1;
    const char *const edits[][2] = {
        {a + 1, b + 1}, /* replaced */
        {a + 1, b},     /* left out */
        {a, b + 1},     /* added */
    };
    for (unsigned i = 0; i < 3 && best > 1; i++) {
        if ((edits[i][0] != a && !*a) || (edits[i][1] != b && !*b))
            continue;
        /* Only what beats the best so far is worth a search. */
        unsigned distance = 1 + fl_edit_distance(edits[i][0], edits[i][1], best - 2);
        if (distance < best)
            best = distance;
    }
    return best;
}
