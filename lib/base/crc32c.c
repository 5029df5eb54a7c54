/* SPDX-License-Identifier: Apache-2.0 */

/* CRC-32C: which way this processor takes, and the way without any help of its. */

#include "base/crc32c.h"

#include <string.h>

#include "base/crc32c_inner.h"

static int always_works(void)
{
    return 1;
}

/* As the processor has it in memory or not: the first byte is the lowest. */
static uint32_t little_endian(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/* Eight bytes a step: each table brings its byte to the end of the step. */
static uint32_t table_sum(uint32_t crc, const uint8_t *from, size_t size)
{
    const uint32_t (*table)[256] = fl_crc32c_table;

    for (; size >= 8; size -= 8, from += 8) {
        uint32_t low = crc ^ little_endian(from);
        uint32_t high = little_endian(from + 4);
        crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^
              table[4][low >> 24] ^ table[3][high & 255] ^ table[2][high >> 8 & 255] ^
              table[1][high >> 16 & 255] ^ table[0][high >> 24];
    }
    for (; size > 0; size--, from++)
        crc = crc >> 8 ^ table[0][(crc ^ *from) & 255];
    return crc;
}

/* The table is slower than any memory, so that nothing is gained by one pass. */
static uint32_t table_copy(uint32_t crc, uint8_t *to, const uint8_t *from, size_t size)
{
    memcpy(to, from, size);
    return table_sum(crc, from, size);
}

const struct fl_crc32c_way fl_crc32c_ways[FL_CRC32C_WAYS] = {
#if FL_CRC32C_HARDWARE
    {"three streams", fl_crc32c_three_works, fl_crc32c_three_sum, fl_crc32c_three_copy},
    {"one stream", fl_crc32c_one_works, fl_crc32c_one_sum, fl_crc32c_one_copy},
#endif
    {"table", always_works, table_sum, table_copy},
};

/* Asked anew by each call: what is known of the processor lies in memory already, and nothing of
 * ours has to be written. */
static const struct fl_crc32c_way *best_way(void)
{
    const struct fl_crc32c_way *way = fl_crc32c_ways;

    while (!way->works())
        way++;
    return way;
}

uint32_t fl_crc32c(uint32_t crc, const void *data, size_t size)
{
    return ~best_way()->sum(~crc, data, size);
}

uint32_t fl_crc32c_copy(uint32_t crc, void *to, const void *from, size_t size)
{
    return ~best_way()->copy(~crc, to, from, size);
}
