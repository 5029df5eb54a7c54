/* SPDX-License-Identifier: Apache-2.0 */

/* zstd from memory to memory, held against its own library. */

#include <stdlib.h>
#include <string.h>

#include "codec/pack.h"
#include "failing.h"
#include "suite.h"
#include "unpack.h"

#define SIZE 100000

static uint8_t plain[SIZE], packed[2 * SIZE], out[SIZE];

/* Text that repeats, or bytes that do not. */
static void fill(int random)
{
    uint32_t state = 7;

    for (size_t i = 0; i < SIZE; i++) {
        state = state * 1664525u + 1013904223u;
        plain[i] = random ? (uint8_t)(state >> 24) : (uint8_t)"a line of a log\n"[i % 16];
    }
}

static size_t pack(int level, size_t size, size_t room)
{
    struct fl_packer *packer = fl_packer_new(NULL, level);

    ck_assert_ptr_nonnull(packer);
    size_t got = fl_packer_pack(packer, plain, size, packed, room);
    ck_assert_uint_eq(fl_packer_pack(packer, plain, size, packed, room), got);
    fl_packer_free(packer);
    return got;
}

static int unpack_to(const void *bytes, size_t size, size_t wanted)
{
    struct fl_unpacker *unpacker = fl_unpacker_new(NULL);
    int rc = fl_unpacker_unpack(unpacker, bytes, size, out, wanted);

    fl_unpacker_free(unpacker);
    return rc;
}

START_TEST(what_was_compressed_comes_back)
{
    for (int level = 1; level <= FL_PACK_LEVEL_MOST; level += 3) {
        struct fl_buf by_zstd;
        fill(0);
        size_t size = pack(level, SIZE, SIZE - 1);
        ck_assert(size > 0 && size < SIZE / 100);
        fl_buf_init(&by_zstd, NULL);
        unpack("zstd", packed, size, &by_zstd);
        ck_assert_uint_eq(by_zstd.size, SIZE);
        ck_assert_mem_eq(by_zstd.data, plain, SIZE);
        fl_buf_free(&by_zstd);
        ck_assert_int_eq(unpack_to(packed, size, SIZE), FLOW_OK);
        ck_assert_mem_eq(out, plain, SIZE);
    }
}
END_TEST

START_TEST(what_does_not_shrink_is_left)
{
    fill(1);
    ck_assert_uint_eq(pack(1, SIZE, SIZE - 1), 0);
    fill(0);
    size_t size = pack(1, SIZE, SIZE);
    ck_assert_uint_eq(pack(1, SIZE, size - 1), 0);
}
END_TEST

START_TEST(another_size_than_was_told_is_refused)
{
    fill(0);
    size_t size = pack(1, 1000, SIZE);

    ck_assert_int_eq(unpack_to(packed, size, 1000), FLOW_OK);
    ck_assert_int_eq(unpack_to(packed, size, 999), FLOW_EPARSE);
    ck_assert_int_eq(unpack_to(packed, size, 1001), FLOW_EPARSE);
    for (size_t less = 0; less < size; less++)
        ck_assert_int_eq(unpack_to(packed, less, 1000), FLOW_EPARSE);
    ck_assert_int_eq(unpack_to(packed, size + 1, 1000), FLOW_EPARSE);
}
END_TEST

/* Whatever a bit turns it into, it stays within its room. */
START_TEST(damage_writes_nowhere_else)
{
    fill(0);
    size_t size = pack(3, 500, SIZE);
    uint8_t *room = malloc(500); /* of which a sanitizer knows the end */
    struct fl_unpacker *unpacker = fl_unpacker_new(NULL);

    for (size_t bit = 0; bit < 8 * size; bit++) {
        packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        int rc = fl_unpacker_unpack(unpacker, packed, size, room, 500);
        ck_assert(rc == FLOW_OK || rc == FLOW_EPARSE);
        packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    ck_assert_int_eq(fl_unpacker_unpack(unpacker, packed, size, room, 500), FLOW_OK);
    ck_assert_mem_eq(room, plain, 500);
    fl_unpacker_free(unpacker);
    free(room);
}
END_TEST

/* The bound by which a claim is held against the bytes that are there. */
START_TEST(no_byte_stands_for_more_than_the_bound)
{
    size_t size = (size_t)32 << 20;
    uint8_t *zeroes = calloc(1, size), *small = malloc(size / 1000);
    struct fl_packer *packer = fl_packer_new(NULL, FL_PACK_LEVEL_MOST);

    size_t got = fl_packer_pack(packer, zeroes, size, small, size / 1000);
    ck_assert(got > 0 && size / got <= FL_PACK_RATIO_MOST);
    fl_packer_free(packer);
    free(zeroes);
    free(small);
}
END_TEST

START_TEST(every_lack_of_memory_is_told)
{
    struct failing failing;

    failing_init(&failing);
    failing_after(&failing, 0);
    ck_assert_ptr_null(fl_packer_new(&failing.allocator, 1));
    ck_assert_ptr_null(fl_unpacker_new(&failing.allocator));
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"round trip", what_was_compressed_comes_back},
        {"no gain", what_does_not_shrink_is_left},
        {"size", another_size_than_was_told_is_refused},
        {"damage", damage_writes_nowhere_else},
        {"bound", no_byte_stands_for_more_than_the_bound},
        {"memory", every_lack_of_memory_is_told},
    };

    return RUN_SUITE("unit/codec_pack", tests);
}
