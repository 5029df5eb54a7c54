/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Flips bits of a small log in turn.  Either all is found all the same, because nothing needs
 * that bit any more, or something is refused with its place; never is anything found that is
 * wrong, twice or silently missing.
 *
 *     log_flip [--step BITS] [--wrap none|pack|seal|both]
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_world.h"

#define EVENTS 64
#define FILE_MOST ((size_t)1 << 16)

struct outcome {
    uint64_t step; /* from bit to bit; odd, so that each bit of a byte has its turn */
    uint64_t whole, refused, cut;
};

static void flip(struct sim_disk *disk, const char *path, uint64_t bit)
{
    const struct fl_io *io = sim_disk_io(disk);
    int fd = io->open(io->self, path, O_RDWR | O_CLOEXEC, 0);
    uint8_t byte = 0;

    io->pread(io->self, fd, &byte, 1, (int64_t)(bit / 8));
    byte ^= (uint8_t)(1u << (bit % 8));
    io->pwrite(io->self, fd, &byte, 1, (int64_t)(bit / 8));
    io->close(io->self, fd);
}

static int complain(const char *path, uint64_t bit, const char *what)
{
    fprintf(stderr, "%s, bit %llu of byte %llu: %s\n", path, (unsigned long long)bit % 8,
            (unsigned long long)bit / 8, what);
    return 1;
}

/* What was read before the fault, if there was one, has to be right. */
static int judge(const uint32_t *wanted, size_t count, const uint32_t *found, size_t got,
                 const flow_error *err, const char **what)
{
    *what = NULL;
    if (got > count || memcmp(wanted, found, got * sizeof *found))
        *what = "what was found is not what was put";
    else if (!err && got != count)
        *what = "events are missing, and nothing says so";
    else if (err && !strstr(flow_error_message(err), "/data"))
        *what = "the error does not say where";
    return *what != NULL;
}

static int try_bit(struct world *world, const char *path, uint64_t bit, const uint32_t *wanted,
                   size_t count, struct outcome *outcome)
{
    struct sim_disk *image = sim_disk_crash(world->disk, SIM_KILLED, 0);
    uint32_t found[EVENTS];
    struct fl_store *store = NULL;
    struct fl_cursor *cursor;
    flow_error *err = NULL;
    const char *what = NULL;
    size_t got = 0;

    flip(image, path, bit);
    if (world_open_on(world, image, &store, &err)) {
        outcome->refused++;
        if (!strstr(flow_error_message(err), "/"))
            what = "the error does not say where";
    } else {
        world_must(fl_store_cursor(store, "", &cursor, NULL), NULL, "cursor");
        got = world_read(cursor, found, EVENTS, &err);
        judge(wanted, count, found, got, err, &what);
        outcome->whole += !err;
        outcome->cut += err != NULL;
        fl_store_close(store, NULL);
    }
    flow_error_free(err);
    sim_disk_free(image);
    return what ? complain(path, bit, what) : 0;
}

/* How much of the file is in use, up to its zeroes. */
static size_t used_size(struct sim_disk *disk, const char *path)
{
    static uint8_t bytes[FILE_MOST];
    const struct fl_io *io = sim_disk_io(disk);
    int fd = io->open(io->self, path, O_RDONLY | O_CLOEXEC, 0);

    if (fd < 0)
        return 0;
    int64_t size = io->pread(io->self, fd, bytes, sizeof bytes, 0);
    io->close(io->self, fd);
    while (size > 0 && !bytes[size - 1])
        size--;
    return (size_t)size;
}

static int try_file(struct world *world, const char *path, const uint32_t *wanted, size_t count,
                    struct outcome *outcome)
{
    size_t size = used_size(world->disk, path);

    for (uint64_t bit = 0; bit < size * 8; bit += outcome->step) {
        if (try_bit(world, path, bit, wanted, count, outcome))
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct world world;
    struct outcome outcome = {.step = world_option(argc, argv, "--step", 1)};
    uint32_t wanted[EVENTS];
    flow_error *err = NULL;

    world_wrap(argc, argv);
    world_init(&world, 3);
    world.folders = 1;
    world_must(world_open(&world, &err), &err, "open");
    for (uint32_t i = 0; i < 5; i++)
        world_must(world_put(&world, i * 4, 4, &err), &err, "put");
    world_must(world_take(&world, &world.takings[0], &err), &err, "take");
    size_t taken = world.takings[0].count;
    world_must(world_commit(&world, &world.takings[0], &err), &err, "commit");
    world_must(world_close(&world, &err), &err, "close");
    for (uint32_t i = (uint32_t)taken; i < 20; i++)
        wanted[i - taken] = i;

    int failed =
        try_file(&world, "/data0/segment-0000000000000001", wanted, 20 - taken, &outcome) ||
        try_file(&world, "/control/control-0", wanted, 20 - taken, &outcome) ||
        try_file(&world, "/control/control-1", wanted, 20 - taken, &outcome);
    printf("%llu bits without effect, %llu refused, %llu read up to there\n",
           (unsigned long long)outcome.whole, (unsigned long long)outcome.refused,
           (unsigned long long)outcome.cut);
    world_free(&world);
    return failed;
}
