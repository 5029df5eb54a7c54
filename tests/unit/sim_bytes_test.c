/* SPDX-License-Identifier: Apache-2.0 */

/* The contents of the simulated disk's files, against plain arrays. */

#include <stdlib.h>
#include <string.h>

#include "sim_bytes.h"
#include "suite.h"

#define ROOM ((size_t)SIM_SECTOR * 200)
#define CONTENTS 4

/* A content and what it ought to be. */
struct pair {
    struct sim_bytes bytes;
    uint8_t wanted[ROOM];
    size_t size;
};

static uint32_t below(uint32_t limit)
{
    return ((uint32_t)rand() << 15 ^ (uint32_t)rand()) % limit;
}

static void write_some(struct pair *pair)
{
    size_t offset = below(ROOM);
    size_t size = below(below(4) ? 1500 : 20000);
    uint8_t byte = (uint8_t)below(3); /* often zeros */

    if (size > ROOM - offset)
        size = ROOM - offset;
    memset(pair->wanted + offset, byte, size);
    if (size > 0 && offset + size > pair->size)
        pair->size = offset + size;
    sim_bytes_write(&pair->bytes, pair->wanted + offset, size, (int64_t)offset);
}

static void resize(struct pair *pair)
{
    size_t size = below(ROOM + 1);

    if (size < pair->size)
        memset(pair->wanted + size, 0, ROOM - size);
    pair->size = size;
    sim_bytes_resize(&pair->bytes, (int64_t)size);
}

static void share(struct pair *pair, const struct pair *from)
{
    size_t sectors = (pair->size < from->size ? pair->size : from->size) / SIM_SECTOR;

    if (sectors == 0)
        return;
    size_t sector = below((uint32_t)sectors);
    memcpy(pair->wanted + sector * SIM_SECTOR, from->wanted + sector * SIM_SECTOR, SIM_SECTOR);
    sim_bytes_share(&pair->bytes, (int64_t)sector, &from->bytes);
}

static void assign(struct pair *pair, const struct pair *from)
{
    memcpy(pair->wanted, from->wanted, ROOM);
    pair->size = from->size;
    sim_bytes_assign(&pair->bytes, &from->bytes);
}

static void assert_same(const struct pair *pair)
{
    static uint8_t found[ROOM];

    sim_bytes_read(&pair->bytes, found, ROOM, 0);
    ck_assert_int_eq(pair->bytes.size, (int64_t)pair->size);
    ck_assert_mem_eq(found, pair->wanted, ROOM);
}

/* A number that only what is there decides, not how it came about. */
static void assert_hash(const struct pair *pair)
{
    struct sim_bytes anew = {0};

    sim_bytes_write(&anew, pair->wanted, pair->size, 0);
    ck_assert_uint_eq(sim_bytes_hash(&anew), sim_bytes_hash(&pair->bytes));
    if (pair->size > 0) {
        size_t at = below((uint32_t)pair->size);
        uint8_t other = (uint8_t)(pair->wanted[at] + 1);
        sim_bytes_write(&anew, &other, 1, (int64_t)at);
        ck_assert_uint_ne(sim_bytes_hash(&anew), sim_bytes_hash(&pair->bytes));
    }
    sim_bytes_free(&anew);
}

START_TEST(is_as_an_array_and_so_are_its_copies)
{
    static struct pair pairs[CONTENTS];

    for (int step = 0; step < 4000; step++) {
        struct pair *pair = &pairs[below(CONTENTS)];
        const struct pair *other = &pairs[below(CONTENTS)];
        switch (below(8)) {
        case 0: resize(pair); break;
        case 1: assign(pair, other); break;
        case 2:
        case 3: share(pair, other); break;
        default: write_some(pair); break;
        }
        for (int i = 0; i < CONTENTS; i++)
            assert_same(&pairs[i]);
        if (step % 20 == 0)
            assert_hash(pair);
    }
    for (int i = 0; i < CONTENTS; i++)
        sim_bytes_free(&pairs[i].bytes);
}
END_TEST

START_TEST(holes_are_told_from_zeros)
{
    static const uint8_t zeros[3 * SIM_SECTOR];
    struct sim_bytes bytes = {0};

    sim_bytes_write(&bytes, zeros, sizeof zeros, 2 * SIM_SECTOR);
    sim_bytes_resize(&bytes, 100 * SIM_SECTOR);
    ck_assert_uint_eq(sim_bytes_sectors(&bytes), 3);
    ck_assert(!sim_bytes_has(&bytes, 1));
    ck_assert(sim_bytes_has(&bytes, 2));
    ck_assert(!sim_bytes_has(&bytes, 5));
    sim_bytes_resize(&bytes, 3 * SIM_SECTOR + 1);
    ck_assert_uint_eq(sim_bytes_sectors(&bytes), 2);
    sim_bytes_free(&bytes);
}
END_TEST

START_TEST(large_offsets_are_reached)
{
    static const int64_t offset = SIM_BYTES_MAX - 3;
    struct sim_bytes bytes = {0};
    char text[8] = "";

    sim_bytes_write(&bytes, "abc", 3, 0);
    sim_bytes_write(&bytes, "xyz", 3, offset);
    ck_assert_int_eq(bytes.size, SIM_BYTES_MAX);
    sim_bytes_read(&bytes, text, 3, offset);
    ck_assert_str_eq(text, "xyz");
    sim_bytes_read(&bytes, text, 3, 0);
    ck_assert_str_eq(text, "abc");
    sim_bytes_resize(&bytes, 2);
    ck_assert_uint_eq(sim_bytes_sectors(&bytes), 1);
    sim_bytes_read(&bytes, text, 3, 0);
    ck_assert_str_eq(text, "ab");
    sim_bytes_free(&bytes);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"as an array", is_as_an_array_and_so_are_its_copies},
        {"holes", holes_are_told_from_zeros},
        {"large offsets", large_offsets_are_reached},
    };

    return RUN_SUITE("sim bytes", tests);
}
