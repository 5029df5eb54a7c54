/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CRC-32C by the processor's instructions.  One such instruction takes a word of 8 bytes and three
 * cycles, but a new one can begin in each cycle: three streams that lie behind each other run at
 * once, and their sums are joined at the end.
 */

#include <string.h>

#include "base/crc32c_inner.h"

#if FL_CRC32C_HARDWARE

#define INLINE static inline __attribute__((always_inline))

/* Below that many words a stream, joining costs more than it brings. */
#define STREAM_LEAST 4

#if defined(__x86_64__)

#include <nmmintrin.h>
#include <wmmintrin.h>

#define ONE __attribute__((target("sse4.2")))
#define THREE __attribute__((target("sse4.2,pclmul")))

INLINE ONE uint32_t add_word(uint32_t crc, uint64_t word)
{
    return (uint32_t)_mm_crc32_u64(crc, word);
}

INLINE ONE uint32_t add_byte(uint32_t crc, uint8_t byte)
{
    return _mm_crc32_u8(crc, byte);
}

INLINE THREE uint64_t multiply(uint32_t a, uint32_t b)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(a), _mm_cvtsi64_si128(b), 0);

    return (uint64_t)_mm_cvtsi128_si64(product);
}

int fl_crc32c_one_works(void)
{
    return __builtin_cpu_supports("sse4.2") != 0;
}

int fl_crc32c_three_works(void)
{
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

#else /* __aarch64__ */

#include <arm_acle.h>
#include <arm_neon.h>
#include <sys/auxv.h>

#if defined(__clang__)
#define ONE
#define THREE
#else
#define ONE __attribute__((target("+crc")))
#define THREE __attribute__((target("+crc+crypto")))
#endif

INLINE ONE uint32_t add_word(uint32_t crc, uint64_t word)
{
    return __crc32cd(crc, word);
}

INLINE ONE uint32_t add_byte(uint32_t crc, uint8_t byte)
{
    return __crc32cb(crc, byte);
}

INLINE THREE uint64_t multiply(uint32_t a, uint32_t b)
{
    return vgetq_lane_u64(vreinterpretq_u64_p128(vmull_p64(a, b)), 0);
}

int fl_crc32c_one_works(void)
{
    return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}

int fl_crc32c_three_works(void)
{
    return fl_crc32c_one_works() && (getauxval(AT_HWCAP) & HWCAP_PMULL) != 0;
}

#endif

/* All that follows is compiled once with a place TO copy to and once with NULL, which is known
 * while compiling. */

INLINE uint64_t move_word(uint8_t *to, const uint8_t *from)
{
    uint64_t word;

    memcpy(&word, from, sizeof word);
    if (to)
        memcpy(to, &word, sizeof word);
    return word;
}

INLINE ONE uint32_t one_stream(uint32_t crc, uint8_t *to, const uint8_t *from, size_t size)
{
    size_t at = 0;

    for (; at + 8 <= size; at += 8)
        crc = add_word(crc, move_word(to ? to + at : NULL, from + at));
    for (; at < size; at++) {
        if (to)
            to[at] = from[at];
        crc = add_byte(crc, from[at]);
    }
    return crc;
}

/* Three streams of WORDS words each. */
INLINE THREE uint32_t join_streams(uint32_t crc, uint8_t *to, const uint8_t *from, size_t words)
{
    size_t size = words * 8;
    uint32_t first = crc;
    uint32_t second = 0;
    uint32_t third = 0;

    for (size_t at = 0; at < size; at += 8) {
        first = add_word(first, move_word(to ? to + at : NULL, from + at));
        second = add_word(second, move_word(to ? to + size + at : NULL, from + size + at));
        third = add_word(third, move_word(to ? to + 2 * size + at : NULL, from + 2 * size + at));
    }
    uint64_t ahead = multiply(first, fl_crc32c_shift[2 * words - 1]) ^
                     multiply(second, fl_crc32c_shift[words - 1]);
    return add_word(0, ahead) ^ third;
}

INLINE THREE uint32_t three_streams(uint32_t crc, uint8_t *to, const uint8_t *from, size_t size)
{
    for (;;) {
        size_t words = size / 24;
        if (words < STREAM_LEAST)
            return one_stream(crc, to, from, size);
        if (words > FL_CRC32C_STREAM)
            words = FL_CRC32C_STREAM;
        crc = join_streams(crc, to, from, words);
        size -= words * 24;
        from += words * 24;
        if (to)
            to += words * 24;
    }
}

ONE uint32_t fl_crc32c_one_sum(uint32_t crc, const uint8_t *from, size_t size)
{
    return one_stream(crc, NULL, from, size);
}

ONE uint32_t fl_crc32c_one_copy(uint32_t crc, uint8_t *to, const uint8_t *from, size_t size)
{
    return one_stream(crc, to, from, size);
}

THREE uint32_t fl_crc32c_three_sum(uint32_t crc, const uint8_t *from, size_t size)
{
    return three_streams(crc, NULL, from, size);
}

THREE uint32_t fl_crc32c_three_copy(uint32_t crc, uint8_t *to, const uint8_t *from, size_t size)
{
    return three_streams(crc, to, from, size);
}

#endif
