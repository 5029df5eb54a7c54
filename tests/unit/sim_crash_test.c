/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the simulated disk keeps over a crash: all that has to last, and of the rest everything that
 * may happen does happen by some seed, and nothing else by any.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_bytes.h"
#include "sim_rig.h"
#include "suite.h"

/* How many of the seeds leave that. */
static int times(const struct sim_rig *rig, const char *wanted)
{
    char room[64];
    int count = 0;

    for (uint64_t seed = 0; seed < SIM_SEEDS; seed++)
        count += strcmp(sim_after_crash(rig, SIM_TORN, seed, room), wanted) == 0;
    return count;
}

/* ---- bytes ---- */

START_TEST(what_was_synced_lasts)
{
    struct sim_rig rig = sim_rig_make();

    sim_put(&rig, 'a', 0, 4);
    sim_put(&rig, 'b', 2, 4);
    sim_sync(&rig);
    sim_assert_always(&rig, "aabbbb");
    ck_assert_int_eq(rig.io->ftruncate(rig.io->self, rig.fd, 3 * SIM_SECTOR), 0);
    sim_sync(&rig);
    sim_assert_always(&rig, "aab");
    sim_rig_free(&rig);
}
END_TEST

START_TEST(each_mode_keeps_what_it_says)
{
    struct sim_rig rig = sim_rig_make();
    char room[64];

    sim_put(&rig, 'a', 0, 2);
    sim_sync(&rig);
    sim_put(&rig, 'b', 1, 2);
    ck_assert_str_eq(sim_after_crash(&rig, SIM_KILLED, 0, room), "abb");
    ck_assert_str_eq(sim_after_crash(&rig, SIM_FLUSHED, 0, room), "abb");
    ck_assert_str_eq(sim_after_crash(&rig, SIM_SYNCED, 0, room), "aa");
    sim_rig_free(&rig);
}
END_TEST

/* Three sectors written over twice without a sync: 27 mixtures. */
START_TEST(each_sector_has_any_of_its_versions)
{
    struct sim_rig rig = sim_rig_make();
    char wanted[4] = "";
    int total = 0;

    sim_put(&rig, 'a', 0, 3);
    sim_sync(&rig);
    sim_put(&rig, 'b', 0, 3);
    sim_put(&rig, 'c', 0, 3);
    for (int i = 0; i < 27; i++) {
        snprintf(wanted, sizeof wanted, "%c%c%c", "abc"[i % 3], "abc"[i / 3 % 3], "abc"[i / 9]);
        int count = times(&rig, wanted);
        ck_assert_msg(count > 0, "%s never comes", wanted);
        total += count;
    }
    ck_assert_int_eq(total, SIM_SEEDS);
    sim_rig_free(&rig);
}
END_TEST

/* In a long write, one lost sector is as likely as a lost half. */
START_TEST(single_sectors_are_lost)
{
    struct sim_rig rig = sim_rig_make();
    char room[64];
    int lone = 0;
    int first_part = 0;

    sim_put(&rig, 'a', 0, 16);
    sim_sync(&rig);
    sim_put(&rig, 'b', 0, 16);
    for (uint64_t seed = 0; seed < SIM_SEEDS; seed++) {
        int lost = 0;
        sim_after_crash(&rig, SIM_TORN, seed, room);
        for (const char *c = room; *c; c++)
            lost += *c == 'a';
        lone += lost == 1;
        first_part += lost > 4 && lost < 12;
    }
    ck_assert_int_gt(lone, SIM_SEEDS / 20);
    ck_assert_int_gt(first_part, SIM_SEEDS / 20);
    sim_rig_free(&rig);
}
END_TEST

START_TEST(growth_comes_whole_in_part_or_without_its_bytes)
{
    static const char *const possible[] = {"a",    "a0",   "ab",   "a00",  "a0b",
                                           "ab0",  "abb",  "a000", "a00b", "a0b0",
                                           "a0bb", "ab00", "ab0b", "abb0", "abbb"};
    struct sim_rig rig = sim_rig_make();
    int total = 0;

    sim_put(&rig, 'a', 0, 1);
    sim_sync(&rig);
    sim_put(&rig, 'b', 1, 3);
    for (size_t i = 0; i < sizeof possible / sizeof possible[0]; i++) {
        int count = times(&rig, possible[i]);
        ck_assert_msg(count > 0, "%s never comes", possible[i]);
        total += count;
    }
    ck_assert_int_eq(total, SIM_SEEDS);
    sim_rig_free(&rig);
}
END_TEST

/* Bytes that came to the disk without the size that they belong to. */
START_TEST(nothing_lies_behind_the_end)
{
    struct sim_rig rig = sim_rig_make();
    uint8_t data[4 * SIM_SECTOR];

    sim_put(&rig, 'a', 0, 1);
    sim_sync(&rig);
    sim_put(&rig, 'b', 1, 3);
    for (uint64_t seed = 0; seed < SIM_SEEDS; seed++) {
        struct sim_disk *image = sim_disk_crash(rig.disk, SIM_TORN, seed);
        const struct fl_io *io = sim_disk_io(image);
        int fd = sim_make(io, "/file");
        int64_t size = sim_load(image, "/file", data, sizeof data);
        ck_assert_int_eq(io->ftruncate(io->self, fd, sizeof data), 0);
        ck_assert_int_eq(sim_load(image, "/file", data, sizeof data), sizeof data);
        for (; size < (int64_t)sizeof data; size += SIM_SECTOR)
            ck_assert_int_eq(data[size], 0);
        sim_disk_free(image);
    }
    sim_rig_free(&rig);
}
END_TEST

/* Old bytes behind a truncation never come back once the new size is there; a new write behind it
 * is not there without it. */
START_TEST(truncations_are_done_or_not)
{
    struct sim_rig rig = sim_rig_make();
    int total = 0;

    sim_put(&rig, 'a', 0, 3);
    sim_sync(&rig);
    ck_assert_int_eq(rig.io->ftruncate(rig.io->self, rig.fd, SIM_SECTOR), 0);
    sim_put(&rig, 'b', 2, 1);
    static const char *const possible[] = {"aaa", "a", "a0", "a00", "a0b"};
    for (size_t i = 0; i < sizeof possible / sizeof possible[0]; i++)
        total += times(&rig, possible[i]);
    ck_assert_int_eq(total, SIM_SEEDS);
    ck_assert_int_gt(times(&rig, "aaa"), 0);
    ck_assert_int_gt(times(&rig, "a0b"), 0);
    ck_assert_int_gt(times(&rig, "a00"), 0);
    sim_rig_free(&rig);
}
END_TEST

/* ---- names ---- */

/* What of some names is there after a crash, a letter each. */
static const char *names_after(const struct sim_rig *rig, enum sim_mode mode, uint64_t seed,
                               char room[64])
{
    static const char *const names[] = {"/a", "/b", "/c", "/d/a", "/d/b"};
    struct sim_disk *image = sim_disk_crash(rig->disk, mode, seed);
    const struct fl_io *io = sim_disk_io(image);
    struct stat info;
    size_t count = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (io->stat(io->self, names[i], &info) == 0)
            room[count++] = i < 3 ? names[i][1] : (char)(names[i][3] - 'a' + 'A');
    }
    room[count] = '\0';
    sim_disk_free(image);
    return room;
}

/* Each of the COUNT outcomes comes, and no other. */
static void assert_names(const struct sim_rig *rig, enum sim_mode mode, const char *const *possible,
                         size_t count)
{
    char room[64];
    int total = 0;

    for (size_t i = 0; i < count; i++) {
        int times_seen = 0;
        for (uint64_t seed = 0; seed < SIM_SEEDS; seed++)
            times_seen += strcmp(names_after(rig, mode, seed, room), possible[i]) == 0;
        ck_assert_msg(times_seen > 0, "'%s' never comes", possible[i]);
        total += times_seen;
    }
    ck_assert_int_eq(total, SIM_SEEDS);
}

#define ASSERT_NAMES(rig, mode, ...)                                                               \
    assert_names(rig, mode, (const char *const[]){__VA_ARGS__},                                    \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void make_synced(const struct sim_rig *rig, const char *path)
{
    int fd = sim_make(rig->io, path);

    ck_assert_int_eq(rig->io->fdatasync(rig->io->self, fd), 0);
    fl_file_close(rig->io, fd);
}

START_TEST(names_last_when_their_folder_was_synced)
{
    struct sim_rig rig = sim_rig_make();

    make_synced(&rig, "/a");
    make_synced(&rig, "/b");
    ASSERT_NAMES(&rig, SIM_SYNCED, "");
    ASSERT_NAMES(&rig, SIM_FLUSHED, "ab");
    ASSERT_NAMES(&rig, SIM_KILLED, "ab");
    ASSERT_NAMES(&rig, SIM_TORN, "", "a", "ab");
    ASSERT_NAMES(&rig, SIM_JUMBLED, "", "a", "b", "ab");
    sim_sync_folder(&rig, "/");
    ASSERT_NAMES(&rig, SIM_JUMBLED, "ab");
    ck_assert_int_eq(rig.io->unlink(rig.io->self, "/a"), 0);
    ck_assert_int_eq(rig.io->unlink(rig.io->self, "/b"), 0);
    ASSERT_NAMES(&rig, SIM_SYNCED, "ab");
    ASSERT_NAMES(&rig, SIM_TORN, "ab", "b", "");
    sim_sync_folder(&rig, "/");
    ASSERT_NAMES(&rig, SIM_JUMBLED, "");
    sim_rig_free(&rig);
}
END_TEST

START_TEST(renames_are_done_or_not)
{
    struct sim_rig rig = sim_rig_make();

    make_synced(&rig, "/a");
    ck_assert_int_eq(rig.io->mkdir(rig.io->self, "/d", 0700), 0);
    sim_sync_folder(&rig, "/");
    ck_assert_int_eq(rig.io->rename(rig.io->self, "/a", "/b"), 0);
    ASSERT_NAMES(&rig, SIM_TORN, "a", "b");
    ASSERT_NAMES(&rig, SIM_JUMBLED, "a", "b");
    ck_assert_int_eq(rig.io->rename(rig.io->self, "/b", "/d/a"), 0);
    ASSERT_NAMES(&rig, SIM_TORN, "a", "b", "A");
    make_synced(&rig, "/d/b");
    sim_sync_folder(&rig, "/d"); /* which brings both renames with it */
    ASSERT_NAMES(&rig, SIM_TORN, "AB");
    ck_assert_int_eq(rig.io->unlink(rig.io->self, "/d/b"), 0);
    ck_assert_int_eq(rig.io->rename(rig.io->self, "/d/a", "/c"), 0);
    ASSERT_NAMES(&rig, SIM_TORN, "AB", "A", "c");
    sim_sync_folder(&rig, "/"); /* which brings what came before in the other folder */
    ASSERT_NAMES(&rig, SIM_TORN, "c");
    make_synced(&rig, "/d/b");
    ck_assert_int_eq(rig.io->rename(rig.io->self, "/c", "/d/a"), 0);
    sim_sync_folder(&rig, "/");
    ASSERT_NAMES(&rig, SIM_TORN, "AB");
    sim_rig_free(&rig);
}
END_TEST

/* The old content or the new one, or nothing of it where it was not synced. */
START_TEST(a_replaced_file_is_one_of_both)
{
    struct sim_rig rig = sim_rig_make();
    char room[64];
    int counts[3] = {0};

    sim_put(&rig, 'a', 0, 1);
    sim_sync(&rig);
    fl_file_close(rig.io, rig.fd);
    rig.fd = sim_make(rig.io, "/new");
    sim_put(&rig, 'b', 0, 1);
    ck_assert_int_eq(rig.io->rename(rig.io->self, "/new", "/file"), 0);
    for (uint64_t seed = 0; seed < SIM_SEEDS; seed++) {
        sim_after_crash(&rig, SIM_TORN, seed, room);
        counts[0] += strcmp(room, "a") == 0;
        counts[1] += strcmp(room, "b") == 0;
        counts[2] += room[0] == '\0' || strcmp(room, "0") == 0;
    }
    ck_assert_int_eq(counts[0] + counts[1] + counts[2], SIM_SEEDS);
    ck_assert(counts[0] > 0 && counts[1] > 0 && counts[2] > 0);
    sim_sync(&rig);
    ck_assert_int_eq(times(&rig, "a") + times(&rig, "b"), SIM_SEEDS);
    sim_rig_free(&rig);
}
END_TEST

/* What was made in a folder that is gone is gone; nothing of it is seen again. */
START_TEST(a_lost_folder_takes_its_files_with_it)
{
    struct sim_rig rig = sim_rig_make();

    ck_assert_int_eq(rig.io->mkdir(rig.io->self, "/d", 0700), 0);
    make_synced(&rig, "/d/a");
    sim_sync_folder(&rig, "/d");
    ASSERT_NAMES(&rig, SIM_SYNCED, "");
    ASSERT_NAMES(&rig, SIM_TORN, "", "A");
    sim_rig_free(&rig);
}
END_TEST

/* ---- syncs that fail, and that take long ---- */

/* As Linux has it: the second sync says that all is well, and it is not. */
START_TEST(a_failed_sync_loses_its_data)
{
    struct sim_rig rig = sim_rig_make();
    char room[64];

    sim_put(&rig, 'a', 0, 2);
    sim_sync(&rig);
    sim_put(&rig, 'b', 0, 2);
    sim_fail_sync(&rig, SIM_LOST, 0);
    sim_sync(&rig);
    ck_assert_str_eq(sim_letters(rig.disk, "/file", room), "bb");
    ck_assert_str_eq(sim_after_crash(&rig, SIM_KILLED, 0, room), "bb");
    ck_assert_str_eq(sim_after_crash(&rig, SIM_FLUSHED, 0, room), "aa");
    ck_assert_int_eq(times(&rig, "aa"), SIM_SEEDS);
    sim_put(&rig, 'c', 1, 1);
    sim_sync(&rig);
    ck_assert_int_eq(times(&rig, "ac"), SIM_SEEDS);
    sim_disk_evict(rig.disk);
    ck_assert_str_eq(sim_letters(rig.disk, "/file", room), "ac");
    sim_rig_free(&rig);
}
END_TEST

START_TEST(a_failed_sync_may_have_reached_the_disk)
{
    struct sim_rig rig = sim_rig_make();
    int partly = 0;

    sim_put(&rig, 'a', 0, 2);
    sim_fail_sync(&rig, SIM_REACHED, 0);
    sim_assert_always(&rig, "aa");
    sim_put(&rig, 'b', 0, 2);
    sim_fail_sync(&rig, SIM_KEPT, 0);
    ck_assert_int_gt(times(&rig, "aa"), 0);
    sim_sync(&rig);
    sim_assert_always(&rig, "bb");
    for (uint64_t seed = 0; seed < 50; seed++) {
        sim_put(&rig, 'b', 0, 2);
        sim_sync(&rig);
        sim_put(&rig, 'c', 0, 2);
        sim_fail_sync(&rig, SIM_PARTLY, seed);
        sim_sync(&rig);
        partly += times(&rig, "bc") == SIM_SEEDS;
    }
    ck_assert_int_gt(partly, 0);
    sim_rig_free(&rig);
}
END_TEST

START_TEST(a_failed_sync_of_a_folder_keeps_its_changes)
{
    struct sim_rig rig = sim_rig_make();
    char room[64];

    make_synced(&rig, "/a");
    ck_assert_int_eq(fl_file_open(rig.io, "/", O_RDONLY | O_DIRECTORY, 0, &rig.fd, NULL), 0);
    sim_fail_sync(&rig, SIM_LOST, 0);
    ASSERT_NAMES(&rig, SIM_TORN, "", "a");
    sim_fail_sync(&rig, SIM_REACHED, 0);
    ASSERT_NAMES(&rig, SIM_TORN, "a");
    make_synced(&rig, "/b");
    for (uint64_t seed = 0; strcmp(names_after(&rig, SIM_SYNCED, 0, room), "ab") != 0; seed++) {
        ck_assert_uint_lt(seed, 100);
        sim_fail_sync(&rig, SIM_PARTLY, seed);
    }
    sim_rig_free(&rig);
}
END_TEST

static void put_b(void *arg)
{
    sim_put(arg, 'b', 0, 1);
}

static void sync_meanwhile(void *arg)
{
    struct sim_rig *rig = arg;

    sim_disk_on_sync(rig->disk, NULL, NULL);
    sim_put(rig, 'c', 1, 1);
    sim_sync(rig);
}

/* What is written while a sync is under way may be lost, though the sync ends later. */
START_TEST(a_sync_covers_what_was_there_when_it_began)
{
    struct sim_rig rig = sim_rig_make();

    sim_put(&rig, 'a', 0, 2);
    sim_disk_on_sync(rig.disk, put_b, &rig);
    sim_sync(&rig);
    ck_assert_int_gt(times(&rig, "aa"), 0);
    ck_assert_int_gt(times(&rig, "ba"), 0);
    ck_assert_int_eq(times(&rig, "aa") + times(&rig, "ba"), SIM_SEEDS);
    sim_disk_on_sync(rig.disk, sync_meanwhile, &rig);
    sim_sync(&rig);
    sim_assert_always(&rig, "bc");
    sim_rig_free(&rig);
}
END_TEST

static void make_b(void *arg)
{
    const struct sim_rig *rig = arg;

    fl_file_close(rig->io, sim_make(rig->io, "/b"));
}

START_TEST(a_sync_of_a_folder_covers_what_was_there_when_it_began)
{
    struct sim_rig rig = sim_rig_make();

    make_synced(&rig, "/a");
    sim_disk_on_sync(rig.disk, make_b, &rig);
    sim_sync_folder(&rig, "/");
    ASSERT_NAMES(&rig, SIM_TORN, "a", "ab");
    sim_rig_free(&rig);
}
END_TEST

/* ---- against a history of all that there was ---- */

#define BYTES (10 * SIM_SECTOR)
#define HISTORY 64

struct history {
    uint8_t versions[HISTORY][BYTES]; /* of the file since the last sync, the first being that */
    int64_t sizes[HISTORY];
    size_t count;
};

static void remember(const struct sim_rig *rig, struct history *history)
{
    struct stat info;

    ck_assert_uint_lt(history->count, HISTORY);
    uint8_t *version = history->versions[history->count];
    memset(version, 0, BYTES);
    ck_assert_int_eq(rig->io->fstat(rig->io->self, rig->fd, &info), 0);
    history->sizes[history->count++] = info.st_size;
    ck_assert_int_eq(rig->io->pread(rig->io->self, rig->fd, version, BYTES, 0), info.st_size);
}

static void change(const struct sim_rig *rig, struct history *history)
{
    uint8_t data[BYTES];
    size_t offset = (size_t)rand() % BYTES;
    size_t size = 1 + (size_t)rand() % (rand() % 3 ? 700 : BYTES);

    if (history->count == HISTORY || rand() % 6 == 0) {
        sim_sync(rig);
        history->count = 0;
    } else if (rand() % 6 == 0) {
        ck_assert_int_eq(rig->io->ftruncate(rig->io->self, rig->fd, (int64_t)offset), 0);
    } else {
        for (size_t i = 0; i < BYTES; i++)
            data[i] = (uint8_t)rand();
        size = size > BYTES - offset ? BYTES - offset : size;
        ck_assert_int_eq(rig->io->pwrite(rig->io->self, rig->fd, data, size, (int64_t)offset),
                         (int64_t)size);
    }
    remember(rig, history);
}

/* Whether the first SIZE bytes of a sector are those of WANTED, but for zeros from some size on. */
static int is_version(const struct history *history, size_t at, const uint8_t *found, size_t size,
                      const uint8_t *wanted)
{
    if (memcmp(found + at, wanted + at, size) == 0)
        return 1;
    for (size_t i = 0; i < history->count; i++) {
        static const uint8_t zeros[SIM_SECTOR];
        size_t cut = history->sizes[i] > (int64_t)at ? (size_t)history->sizes[i] - at : 0;
        if (cut < size && memcmp(found + at, wanted + at, cut) == 0 &&
            memcmp(found + at + cut, zeros, size - cut) == 0)
            return 1;
    }
    return 0;
}

static int size_may_be(const struct history *history, int64_t size)
{
    for (size_t i = 0; i < history->count; i++) {
        if (size == history->sizes[i])
            return 1;
        if (i > 0 && size % SIM_SECTOR == 0 && size > history->sizes[i - 1] &&
            size < history->sizes[i])
            return 1;
    }
    return 0;
}

static void assert_possible(struct sim_disk *image, const struct history *history, uint64_t seed)
{
    uint8_t data[BYTES];
    int64_t size = sim_load(image, "/file", data, sizeof data);

    ck_assert_msg(size_may_be(history, size), "seed %d: %d bytes", (int)seed, (int)size);
    for (size_t at = 0; (int64_t)at < size; at += SIM_SECTOR) {
        size_t some = (size_t)size - at < SIM_SECTOR ? (size_t)size - at : SIM_SECTOR;
        int known = 0;
        for (size_t i = 0; i < history->count && !known; i++)
            known = is_version(history, at, data, some, history->versions[i]);
        ck_assert_msg(known, "seed %d: sector %zu is none of its versions", (int)seed,
                      at / SIM_SECTOR);
    }
}

START_TEST(nothing_is_found_that_never_was)
{
    struct sim_rig rig = sim_rig_make();
    static struct history history;

    srand(2);
    remember(&rig, &history);
    for (uint64_t seed = 0; seed < 4000; seed++) {
        change(&rig, &history);
        struct sim_disk *image = sim_disk_crash(rig.disk, SIM_TORN, seed);
        assert_possible(image, &history, seed);
        sim_disk_free(image);
    }
    sim_rig_free(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"synced", what_was_synced_lasts},
        {"modes", each_mode_keeps_what_it_says},
        {"versions", each_sector_has_any_of_its_versions},
        {"single sectors", single_sectors_are_lost},
        {"growth", growth_comes_whole_in_part_or_without_its_bytes},
        {"end", nothing_lies_behind_the_end},
        {"truncation", truncations_are_done_or_not},
        {"names", names_last_when_their_folder_was_synced},
        {"renames", renames_are_done_or_not},
        {"replaced", a_replaced_file_is_one_of_both},
        {"lost folder", a_lost_folder_takes_its_files_with_it},
        {"failed sync", a_failed_sync_loses_its_data},
        {"failed sync, reached", a_failed_sync_may_have_reached_the_disk},
        {"failed sync of a folder", a_failed_sync_of_a_folder_keeps_its_changes},
        {"sync and write", a_sync_covers_what_was_there_when_it_began},
        {"sync and create", a_sync_of_a_folder_covers_what_was_there_when_it_began},
        {"history", nothing_is_found_that_never_was},
    };

    return RUN_SUITE("sim crash", tests);
}
