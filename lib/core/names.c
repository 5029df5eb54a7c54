/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lists of names and "did you mean".  A candidate is near when it differs by case, by up to two
 * letters, or when one of the two is the other's beginning or its last part behind a dot: the
 * mistakes people make with keys such as "hdfs.rollInterval".
 */

#include "core/names.h"

#include <string.h>

#include <flow/error.h>

#include "base/buf.h"
#include "base/number.h"

#define MAX_EDITS 2u
#define SAME_PART 3u /* worse than any number of edits that counts as near */
#define FAR 4u

/* Longer names than this are compared as they are cut: nobody types them by hand. */
#define NAME_ROOM 128

int fl_names_next(const char **rest, const char **item, size_t *size)
{
    if (!*rest || **rest == '\0')
        return 0;
    *item = *rest;
    *size = strcspn(*rest, "|");
    *rest += *size;
    if (**rest == '|')
        ++*rest;
    return 1;
}

int fl_names_index_sized(const char *list, const char *name, size_t size)
{
    const char *item;
    size_t item_size;

    for (int index = 0; fl_names_next(&list, &item, &item_size); index++) {
        if (item_size == size && fl_equal_bytes_ignore_case(item, name, size))
            return index;
    }
    return -1;
}

int fl_names_index(const char *list, const char *name)
{
    return fl_names_index_sized(list, name, strlen(name));
}

int fl_names_has(const char *list, const char *name)
{
    const char *item;
    size_t size;

    while (fl_names_next(&list, &item, &size)) {
        if (strlen(name) == size && memcmp(name, item, size) == 0)
            return 1;
    }
    return 0;
}

static void lower_into(char room[NAME_ROOM], const char *text, size_t size)
{
    size_t i = 0;

    for (; i < size && i < NAME_ROOM - 1; i++)
        room[i] = fl_lower(text[i]);
    room[i] = '\0';
}

static int is_last_part(const char *whole, const char *part)
{
    size_t whole_size = strlen(whole);
    size_t part_size = strlen(part);

    return whole_size > part_size && whole[whole_size - part_size - 1] == '.' &&
           memcmp(whole + whole_size - part_size, part, part_size) == 0;
}

static int is_beginning(const char *whole, const char *part)
{
    size_t size = strlen(part);

    return size >= 3 && strncmp(whole, part, size) == 0;
}

static unsigned distance_of(const char *a, const char *b)
{
    unsigned edits = fl_edit_distance(a, b, MAX_EDITS);
    size_t shorter = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

    /* Two edits turn any short word into any other. */
    if (edits <= MAX_EDITS && edits < shorter)
        return edits;
    if (is_last_part(a, b) || is_last_part(b, a) || is_beginning(a, b) || is_beginning(b, a))
        return SAME_PART;
    return FAR;
}

void fl_nearest_init(struct fl_nearest *nearest, const char *wanted)
{
    *nearest = (struct fl_nearest){.wanted = wanted, .distance = FAR};
}

static void offer(struct fl_nearest *nearest, const char *candidate, size_t size)
{
    char wanted[NAME_ROOM];
    char other[NAME_ROOM];

    lower_into(wanted, nearest->wanted, strlen(nearest->wanted));
    lower_into(other, candidate, size);
    unsigned distance = distance_of(wanted, other);
    if (distance < nearest->distance) {
        nearest->best = candidate;
        nearest->best_size = size;
        nearest->distance = distance;
    }
}

void fl_nearest_offer(struct fl_nearest *nearest, const char *candidate)
{
    offer(nearest, candidate, strlen(candidate));
}

void fl_nearest_offer_list(struct fl_nearest *nearest, const char *list)
{
    const char *item;
    size_t size;

    while (fl_names_next(&list, &item, &size))
        offer(nearest, item, size);
}

int fl_nearest_hint(const struct fl_nearest *nearest, const flow_allocator *mem, char **hint)
{
    struct fl_buf text;

    *hint = NULL;
    if (!nearest->best)
        return FLOW_OK;
    fl_buf_init(&text, mem);
    if (fl_buf_printf(&text, "did you mean '%.*s'?", (int)nearest->best_size, nearest->best) ==
        FLOW_OK)
        *hint = fl_buf_detach(&text);
    fl_buf_free(&text);
    return *hint ? FLOW_OK : FLOW_ENOMEM;
}
