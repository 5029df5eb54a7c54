/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_CRC32C_INNER_H
#define FL_BASE_CRC32C_INNER_H

/* What CRC-32C is made of; for its own files, and for the test, which tries each way in turn. */

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define FL_CRC32C_HARDWARE 1
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ &&                         \
    (!defined(__clang__) || (defined(__ARM_FEATURE_CRC32) && defined(__ARM_FEATURE_AES)))
#define FL_CRC32C_HARDWARE 1 /* an older clang gives the instructions to whole programs only */
#else
#define FL_CRC32C_HARDWARE 0
#endif

/* A way to compute the sum.  CRC and result are the register's: what callers see, inverted. */
struct fl_crc32c_way {
    const char *name;
    int (*works)(void); /* whether this processor can */
    uint32_t (*sum)(uint32_t crc, const uint8_t *from, size_t size);
    uint32_t (*copy)(uint32_t crc, uint8_t *to, const uint8_t *from, size_t size);
};

/* All there are, the fastest first; the last one always works. */
extern const struct fl_crc32c_way fl_crc32c_ways[];

#define FL_CRC32C_WAYS (FL_CRC32C_HARDWARE ? 3 : 1)

#if FL_CRC32C_HARDWARE
/* Three streams at once, which the carry-less multiplication joins. */
int fl_crc32c_three_works(void);
uint32_t fl_crc32c_three_sum(uint32_t crc, const uint8_t *from, size_t size);
uint32_t fl_crc32c_three_copy(uint32_t crc, uint8_t *to, const uint8_t *from, size_t size);

/* One stream, for processors that cannot multiply so. */
int fl_crc32c_one_works(void);
uint32_t fl_crc32c_one_sum(uint32_t crc, const uint8_t *from, size_t size);
uint32_t fl_crc32c_one_copy(uint32_t crc, uint8_t *to, const uint8_t *from, size_t size);
#endif

/* [K][B]: what the byte B does to the register when K bytes of zeros follow it. */
extern const uint32_t fl_crc32c_table[8][256];

/* The longest stream, in words of 8 bytes, that fl_crc32c_shift allows for. */
#define FL_CRC32C_STREAM 128

/* [N - 1]: x to the power of 64 N - 33, modulo the polynomial, the bit of x^31 being the lowest.
 * Times that and times x^33, which is what CRC instruction and multiplication of mirrored numbers
 * bring by themselves, a register has moved on by N words of zeros. */
extern const uint32_t fl_crc32c_shift[2 * FL_CRC32C_STREAM];

#endif
