/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Zone files (RFC 8536).  A file holds its data twice, with 4-byte times for readers of the
 * eighties and with 8-byte times; the second form is used where there is one.
 */

#include "base/be.h"
#include "base/zone_data.h"

#include <string.h>

/* Far more than any zone has, and little enough that sizes cannot overflow. */
#define MOST_SWITCHES 65536
#define LONGEST_FOOTER 255

/* Names begin at one of 256 places. */
#define MOST_LETTERS (256 + FL_ZONE_NAME_ROOM)
#define HEADER_SIZE 44

struct block {
    const uint8_t *times;
    const uint8_t *indexes;
    const uint8_t *types; /* 6 bytes each: offset, is summer, name */
    const uint8_t *letters;
    uint32_t time_count;
    uint32_t type_count;
    uint32_t letter_count;
    uint32_t leap_count;
    size_t time_size;
    size_t size; /* with its header */
};

static int64_t be_time(const uint8_t *p, size_t size)
{
    if (size == 4)
        return (int32_t)fl_be32_get(p);
    return (int64_t)((uint64_t)fl_be32_get(p) << 32 | fl_be32_get(p + 4));
}

/* Finds the parts of the block at DATA; 0 when it is damaged. */
static int block_find(const uint8_t *data, size_t size, size_t time_size, struct block *block)
{
    if (size < HEADER_SIZE || memcmp(data, "TZif", 4) != 0)
        return 0;
    uint32_t counts[6]; /* of UT marks, standard marks, leap seconds, times, types, letters */
    for (int i = 0; i < 6; i++) {
        counts[i] = fl_be32_get(data + 20 + 4 * i);
        if (counts[i] > MOST_SWITCHES)
            return 0;
    }
    block->time_size = time_size;
    block->time_count = counts[3];
    block->type_count = counts[4];
    block->letter_count = counts[5];
    block->leap_count = counts[2];
    block->times = data + HEADER_SIZE;
    block->indexes = block->times + counts[3] * time_size;
    block->types = block->indexes + counts[3];
    block->letters = block->types + 6 * (size_t)counts[4];
    block->size = HEADER_SIZE + counts[3] * (time_size + 1) + counts[4] * (size_t)6 + counts[5] +
                  counts[2] * (time_size + 4) + counts[1] + counts[0];
    return block->type_count > 0 && block->type_count <= 256 && block->size <= size;
}

/* The offset and the place of the name of a type; 0 when it is damaged. */
static int type_read(const struct block *block, uint32_t type, int32_t *offset, uint8_t *name)
{
    if (type >= block->type_count)
        return 0;
    *offset = (int32_t)fl_be32_get(block->types + 6 * (size_t)type);
    *name = block->types[6 * (size_t)type + 5];
    return *offset > -7 * FL_DAY_S && *offset < 7 * FL_DAY_S && *name < block->letter_count;
}

static int names_read(struct fl_zone *zone, const struct block *block)
{
    size_t size = block->letter_count < MOST_LETTERS ? block->letter_count : MOST_LETTERS;

    zone->names = fl_alloc(zone->mem, size + 1);
    if (!zone->names)
        return FLOW_ENOMEM;
    memcpy(zone->names, block->letters, size);
    zone->names[size] = '\0';
    return FLOW_OK;
}

/* Copies the table; its times must ascend, as the search relies on it. */
static int table_read(struct fl_zone *zone, const struct block *block)
{
    if (!type_read(block, 0, &zone->before, &zone->called_before))
        return FLOW_EPARSE;
    if (block->time_count == 0)
        return FLOW_OK;
    zone->times = fl_calloc(zone->mem, block->time_count, sizeof *zone->times);
    zone->after = fl_calloc(zone->mem, block->time_count, sizeof *zone->after);
    zone->called = fl_calloc(zone->mem, block->time_count, sizeof *zone->called);
    if (!zone->times || !zone->after || !zone->called)
        return FLOW_ENOMEM;
    zone->count = block->time_count;
    for (size_t i = 0; i < zone->count; i++) {
        zone->times[i] = be_time(block->times + i * block->time_size, block->time_size);
        if (!type_read(block, block->indexes[i], &zone->after[i], &zone->called[i]) ||
            (i > 0 && zone->times[i] <= zone->times[i - 1]))
            return FLOW_EPARSE;
    }
    return FLOW_OK;
}

/* The rule for later years stands between two newlines, and may be empty. */
static int footer_read(struct fl_zone *zone, const uint8_t *data, size_t size)
{
    char text[LONGEST_FOOTER + 1];
    const uint8_t *end = size > 1 && data[0] == '\n' ? memchr(data + 1, '\n', size - 1) : NULL;
    size_t length = end ? (size_t)(end - data) - 1 : 0;

    if (!end || length > LONGEST_FOOTER)
        return FLOW_EPARSE;
    if (length == 0)
        return FLOW_OK;
    memcpy(text, data + 1, length);
    text[length] = '\0';
    return strlen(text) == length ? fl_zone_rule_parse(text, &zone->rule) : FLOW_EPARSE;
}

int fl_tzif_read(struct fl_zone *zone, const uint8_t *data, size_t size)
{
    struct block block;

    if (!block_find(data, size, 4, &block))
        return FLOW_EPARSE;
    int has_second = data[4] >= '2';
    if (has_second) {
        data += block.size;
        size -= block.size;
        if (!block_find(data, size, 8, &block))
            return FLOW_EPARSE;
    }
    /* Zones with leap seconds ("right/...") count another time than the system's clock. */
    if (block.leap_count > 0)
        return FLOW_EPARSE;
    int rc = table_read(zone, &block);
    if (rc == FLOW_OK)
        rc = names_read(zone, &block);
    if (rc == FLOW_OK && has_second)
        rc = footer_read(zone, data + block.size, size - block.size);
    return rc;
}
