/* SPDX-License-Identifier: Apache-2.0 */
/* MD5 over a piece of memory: blocks of 64 bytes, the last one or two padded. */

#include <string.h>

#include "wire/md5.h"

#define BLOCK 64

/* 2^32 times |sin(i + 1)|, the constants of the RFC. */
static const uint32_t sines[BLOCK] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/* By how much each round turns; every fourth step the same. */
static const uint8_t turns[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static uint32_t get_le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_le32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* The function of step I over three words, and which word of the block the step takes. */
static uint32_t mix(unsigned i, const uint32_t v[4], unsigned *word)
{
    switch (i / 16) {
    case 0: *word = i; return (v[1] & v[2]) | (~v[1] & v[3]);
    case 1: *word = (5 * i + 1) % 16; return (v[3] & v[1]) | (~v[3] & v[2]);
    case 2: *word = (3 * i + 5) % 16; return v[1] ^ v[2] ^ v[3];
    default: *word = (7 * i) % 16; return v[2] ^ (v[1] | ~v[3]);
    }
}

static void add_block(uint32_t state[4], const uint8_t *block)
{
    uint32_t v[4];
    unsigned word;

    memcpy(v, state, sizeof v);
    for (unsigned i = 0; i < BLOCK; i++) {
        uint32_t sum = mix(i, v, &word) + v[0] + sines[i];
        sum += get_le32(block + 4 * (size_t)word);
        unsigned turn = turns[i / 16][i % 4];
        v[0] = v[3];
        v[3] = v[2];
        v[2] = v[1];
        v[1] += sum << turn | sum >> (32 - turn);
    }
    for (unsigned i = 0; i < 4; i++)
        state[i] += v[i];
}

void fl_md5(const void *data, size_t size, uint8_t digest[FL_MD5_SIZE])
{
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    const uint8_t *at = data;
    size_t left = size;
    uint8_t tail[2 * BLOCK] = {0};

    for (; left >= BLOCK; left -= BLOCK, at += BLOCK)
        add_block(state, at);
    if (left > 0)
        memcpy(tail, at, left);
    tail[left] = 0x80;
    /* One block more where the length in bits, 8 bytes, has no room behind the mark. */
    size_t end = left < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    put_le32(tail + end - 8, (uint32_t)(size << 3));
    put_le32(tail + end - 4, (uint32_t)((uint64_t)size >> 29));
    for (size_t i = 0; i < end; i += BLOCK)
        add_block(state, tail + i);
    for (unsigned i = 0; i < 4; i++)
        put_le32(digest + 4 * (size_t)i, state[i]);
}
