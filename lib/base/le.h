/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_LE_H
#define FL_BASE_LE_H

/* Little-endian numbers at any place in memory. */

#include <flow/api.h>

static inline uint32_t fl_le32_get(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t fl_le64_get(const uint8_t *at)
{
    return (uint64_t)fl_le32_get(at) | (uint64_t)fl_le32_get(at + 4) << 32;
}

/* Each of these returns what is behind the number. */
static inline uint8_t *fl_le16_put(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

static inline uint8_t *fl_le32_put(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    at[2] = (uint8_t)(value >> 16);
    at[3] = (uint8_t)(value >> 24);
    return at + 4;
}

static inline uint8_t *fl_le64_put(uint8_t *at, uint64_t value)
{
    return fl_le32_put(fl_le32_put(at, (uint32_t)value), (uint32_t)(value >> 32));
}

#endif
