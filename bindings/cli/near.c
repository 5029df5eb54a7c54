/* SPDX-License-Identifier: Apache-2.0 */

#include "near.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "text.h"

#define MOST_EDITS 2u
#define ROOM 64u /* longer names nobody types by hand */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters have to be put in, left out or changed to make B of A. */
static size_t distance(const char *a, const char *b)
{
    size_t size = strlen(b);
    size_t row[ROOM + 1];

    for (size_t j = 0; j <= size; j++)
        row[j] = j;
    for (size_t i = 1; *a; i++, a++) {
        size_t before = row[0];
        row[0] = i;
        for (size_t j = 1; j <= size; j++) {
            size_t other = before + (*a != b[j - 1]);
            before = row[j];
            row[j] = least(other, 1 + least(row[j - 1], before));
        }
    }
    return row[size];
}

/* Two edits turn any short word into any other, and so count only in a longer one. */
static size_t how_far(const char *a, const char *b)
{
    size_t shorter = least(strlen(a), strlen(b));

    if (strlen(a) > ROOM || strlen(b) > ROOM)
        return SIZE_MAX;
    if (strcasecmp(a, b) == 0)
        return 0;
    size_t edits = distance(a, b);
    if (edits <= MOST_EDITS && edits < shorter)
        return edits;
    return shorter >= 3 && strncmp(a, b, shorter) == 0 ? MOST_EDITS + 1 : SIZE_MAX;
}

struct near near_begin(const char *wanted)
{
    return (struct near){.wanted = wanted, .distance = SIZE_MAX};
}

void near_offer(struct near *near, const char *name)
{
    size_t far = how_far(near->wanted, name);

    if (far >= near->distance)
        return;
    near->best = name;
    near->distance = far;
}

char *near_hint(const struct near *near)
{
    return near->best ? text_format(" (did you mean '%s'?)", near->best) : text_copy("");
}
