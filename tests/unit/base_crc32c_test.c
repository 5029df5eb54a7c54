/* SPDX-License-Identifier: Apache-2.0 */

/*
 * CRC-32C against a division bit by bit: each way to compute it that this processor has, in turn,
 * over all sizes up to a few joined streams, and over random ones, placed and split at random.
 */

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/crc32c_inner.h"
#include "suite.h"

#define POLYNOMIAL 0x82f63b78u /* mirrored: the lowest bit is x^31 */
#define GUARD 16

/* All sizes up to this one are tried: two rounds of the longest streams, and some rest. */
#define EACH_SIZE (2 * 24 * FL_CRC32C_STREAM + 100)
#define LARGE 200000

static uint32_t times_x(uint32_t crc)
{
    return crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
}

static uint32_t add_byte(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = times_x(crc);
    return crc;
}

static uint32_t oracle(uint32_t crc, const uint8_t *data, size_t size)
{
    crc = ~crc;
    for (size_t i = 0; i < size; i++)
        crc = add_byte(crc, data[i]);
    return ~crc;
}

static uint32_t random_word(void)
{
    return (uint32_t)rand() << 16 ^ (uint32_t)rand();
}

static uint8_t *random_bytes(size_t size)
{
    uint8_t *data = malloc(size);

    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(random_word() >> 8);
    return data;
}

static uint32_t sum_by(const struct fl_crc32c_way *way, uint32_t crc, const uint8_t *from,
                       size_t size)
{
    return ~way->sum(~crc, from, size);
}

/* Copies and sums, and makes sure that the copy is one and that nothing around it is touched. */
static uint32_t copy_by(const struct fl_crc32c_way *way, uint32_t crc, const uint8_t *from,
                        size_t size)
{
    static const uint8_t untouched[GUARD] = {0};
    uint8_t *room = calloc(1, size + 2 * GUARD + 8);
    uint8_t *to = room + GUARD + random_word() % 8;

    ck_assert_ptr_nonnull(room);
    crc = ~way->copy(~crc, to, from, size);
    ck_assert_mem_eq(to - GUARD, untouched, GUARD);
    ck_assert_mem_eq(to + size, untouched, GUARD);
    if (size > 0)
        ck_assert_mem_eq(to, from, size);
    free(room);
    return crc;
}

START_TEST(known_sums)
{
    uint8_t bytes[32];

    ck_assert_uint_eq(fl_crc32c(0, "123456789", 9), 0xe3069283);
    ck_assert_uint_eq(fl_crc32c(0, NULL, 0), 0);
    ck_assert_uint_eq(fl_crc32c(0x12345678, "", 0), 0x12345678);

    /* RFC 3720, B.4 */
    memset(bytes, 0, sizeof bytes);
    ck_assert_uint_eq(fl_crc32c(0, bytes, sizeof bytes), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    ck_assert_uint_eq(fl_crc32c(0, bytes, sizeof bytes), 0x62a8ab43);
    for (uint8_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i;
    ck_assert_uint_eq(fl_crc32c(0, bytes, sizeof bytes), 0x46dd794e);
}
END_TEST

static void assert_each_size(const struct fl_crc32c_way *way, const uint8_t *data, uint32_t start)
{
    uint32_t crc = ~start;

    for (size_t size = 0; size <= EACH_SIZE; size++) {
        ck_assert_msg(sum_by(way, start, data, size) == ~crc, "%s: sum of %zu bytes", way->name,
                      size);
        ck_assert_msg(copy_by(way, start, data, size) == ~crc, "%s: copy of %zu bytes", way->name,
                      size);
        crc = add_byte(crc, data[size]);
    }
}

START_TEST(each_way_sums_each_size)
{
    uint8_t *data = random_bytes(EACH_SIZE + 9);

    for (size_t i = 0; i < FL_CRC32C_WAYS; i++) {
        if (!fl_crc32c_ways[i].works())
            continue;
        for (size_t offset = 0; offset <= 8; offset += 1 + offset * 2) /* 0, 1, 4 */
            assert_each_size(&fl_crc32c_ways[i], data + offset, offset ? random_word() : 0);
    }
    free(data);
}
END_TEST

/* The sum of pieces, each continued from the one before, is that of the whole. */
static void assert_pieces(const struct fl_crc32c_way *way, const uint8_t *data, size_t size,
                          uint32_t wanted)
{
    uint32_t crc = 0;

    for (size_t at = 0; at < size;) {
        size_t piece = random_word() % (random_word() % 8 ? 600 : 20000);
        if (piece > size - at)
            piece = size - at;
        crc = random_word() % 2 ? sum_by(way, crc, data + at, piece)
                                : copy_by(way, crc, data + at, piece);
        at += piece;
    }
    ck_assert_msg(crc == wanted, "%s: pieces of %zu bytes", way->name, size);
}

START_TEST(each_way_sums_large_pieces_and_small_ones)
{
    uint8_t *data = random_bytes(LARGE);

    for (int round = 0; round < 40; round++) {
        size_t offset = random_word() % 64;
        size_t size = random_word() % (LARGE - offset);
        uint32_t wanted = oracle(0, data + offset, size);
        for (size_t i = 0; i < FL_CRC32C_WAYS; i++) {
            const struct fl_crc32c_way *way = &fl_crc32c_ways[i];
            if (!way->works())
                continue;
            ck_assert_msg(sum_by(way, 0, data + offset, size) == wanted, "%s: %zu bytes", way->name,
                          size);
            assert_pieces(way, data + offset, size, wanted);
        }
    }
    free(data);
}
END_TEST

START_TEST(what_callers_see_is_the_same)
{
    uint8_t *data = random_bytes(5000);
    uint8_t copy[5000];
    uint32_t wanted = oracle(77, data, 5000);

    ck_assert_uint_eq(fl_crc32c(77, data, 5000), wanted);
    ck_assert_uint_eq(fl_crc32c_copy(77, copy, data, 5000), wanted);
    ck_assert_mem_eq(copy, data, 5000);
    ck_assert(fl_crc32c_ways[FL_CRC32C_WAYS - 1].works());
    free(data);
}
END_TEST

/* Some of the numbers wait for sizes that no stream has today. */
START_TEST(every_number_of_the_tables_is_right)
{
    uint32_t power = 1; /* x^31, which is x^(64 - 33) */

    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = add_byte(0, (uint8_t)byte);
        for (int zeros = 0; zeros < 8; zeros++) {
            ck_assert_uint_eq(fl_crc32c_table[zeros][byte], crc);
            crc = add_byte(crc, 0);
        }
    }
    for (size_t words = 1; words <= 2 * FL_CRC32C_STREAM; words++) {
        ck_assert_uint_eq(fl_crc32c_shift[words - 1], power);
        for (int bit = 0; bit < 64; bit++)
            power = times_x(power);
    }
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"known sums", known_sums},
        {"each size", each_way_sums_each_size},
        {"pieces", each_way_sums_large_pieces_and_small_ones},
        {"callers", what_callers_see_is_the_same},
        {"tables", every_number_of_the_tables_is_right},
    };

    return RUN_SUITE("base/crc32c", tests);
}
