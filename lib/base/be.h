/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_BE_H
#define FL_BASE_BE_H

/* Big-endian numbers at any place in memory: byte by byte they are ordered as the numbers are. */

#include <flow/api.h>

static inline uint32_t fl_be32_get(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t fl_be64_get(const uint8_t *at)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
}

/* Returns what is behind the number. */
static inline uint8_t *fl_be64_put(uint8_t *at, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
    return at + 8;
}

#endif
