/* SPDX-License-Identifier: Apache-2.0 */

/* Looks at a log in three folders from outside: numbers, consumers, frames, and what is exported is
 * in the order of the offsets, whichever folder it lies in. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <flow/logdir.h>

#include "core/library.h"
#include "log_world.h"

#define PUTS 9u /* see check_export */
#define EACH 4u

static int failures;

static void expect(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "not so: %s\n", what);
        failures++;
    }
}

static void make_log(struct world *world, size_t *taken)
{
    flow_error *err = NULL;

    world_init(world, 7);
    world->folders = 3;
    world_must(world_open(world, &err), &err, "open");
    for (uint32_t i = 0; i < PUTS; i++)
        world_must(world_put(world, i * EACH, EACH, &err), &err, "put");
    world_must(world_take(world, &world->takings[0], &err), &err, "take");
    *taken = world->takings[0].count;
    world_must(world_commit(world, &world->takings[0], &err), &err, "commit");
}

static void check_numbers(const flow_logdir *dir, size_t taken)
{
    flow_logdir_stat stat = {.struct_size = sizeof stat};
    flow_logdir_cursor cursor = {.struct_size = sizeof cursor};
    uint64_t first, end;

    expect(flow_logdir_stat_get(dir, &stat) == FLOW_OK, "there are numbers");
    expect(stat.events == PUTS * EACH && stat.first == 0, "all events are there");
    expect(stat.waiting == stat.events - taken, "those that were taken do not wait");
    expect(stat.end == PUTS * EACH && stat.cursors == 1, "there is one consumer");
    expect(stat.faults == 0 && stat.lost == 0, "nothing is damaged");
    expect(flow_logdir_cursor_at(dir, 0, &cursor) == FLOW_OK, "the consumer is told");
    expect(cursor.watermark == taken && cursor.backlog == stat.waiting, "and how far it is");
    expect(flow_logdir_cursor_at(dir, 1, &cursor) == FLOW_ENOENT, "it is the only one");
    expect(flow_logdir_lost_at(dir, 0, &first, &end) == FLOW_ENOENT, "nothing is lost");
    expect(!flow_logdir_is_waiting(dir, taken - 1) && flow_logdir_is_waiting(dir, taken),
           "single offsets wait or not");
}

static void check_frames(flow_logdir *dir)
{
    flow_logdir_frame frame = {.struct_size = sizeof frame};
    uint64_t events = 0, acks = 0;

    flow_logdir_rewind(dir);
    while (flow_logdir_next(dir, &frame, NULL) == FLOW_OK) {
        expect(!frame.fault, "the frame is sound");
        acks += frame.type == FLOW_LOGDIR_ACK;
        for (size_t i = 0; flow_logdir_event(dir, i); i++)
            events++;
    }
    expect(events == PUTS * EACH && acks == 1, "frames hold what was put and taken");
}

/* As text, each is a line that begins with its number. */
static void check_export(flow_logdir *dir, uint32_t flags, uint32_t from)
{
    static char bytes[1 << 18];
    int fd = memfd_create("export", 0);
    uint64_t count = 0;

    expect(flow_logdir_export(dir, "TEXT", flags, fd, &count, NULL) == FLOW_OK, "it is exported");
    expect(count == PUTS * EACH - from, "so many events are");
    ssize_t size = pread(fd, bytes, sizeof bytes, 0);
    const char *at = bytes;
    for (uint32_t number = from; number < PUTS * EACH; number++) {
        size_t left = (size_t)(bytes + size - at);
        expect(left >= sizeof number && !memcmp(at, &number, sizeof number),
               "events are in the order of their offsets");
        at += sizeof number;
        while (at < bytes + size && *at != '\n') /* no number below 38 is followed by such bytes */
            at++;
        at++;
    }
    close(fd);
}

static void check_refusals(struct world *world, flow_logdir *dir)
{
    static const char *const folders[] = {"/data1", "/data0", "/data2"};
    flow_error *err = NULL;
    flow_logdir *other = NULL;
    uint64_t count;

    expect(flow_logdir_export(dir, "NOTHING", 0, 1, &count, NULL) == FLOW_ENOENT,
           "a serializer that is not there is refused");
    expect(flow_logdir_export(dir, "TEXT", 8, 1, &count, NULL) == FLOW_EINVAL,
           "unknown flags are refused");
    int rc = flow_logdir_open(world->rig.lib, "/control", folders, 3, &other, &err);
    expect(rc == FLOW_ECONFIG && !other, "folders in another order are refused");
    flow_error_free(err);
    rc = flow_logdir_open(world->rig.lib, "/control", folders, 2, &other, NULL);
    expect(rc == FLOW_ECONFIG && !other, "and too few of them");
    rc = flow_logdir_open(world->rig.lib, "/nowhere", folders, 3, &other, NULL);
    expect(rc == FLOW_ENOENT && !other, "and one that is not there");
}

int main(void)
{
    static const char *const folders[] = {"/data0", "/data1", "/data2"};
    static struct world world;
    flow_logdir *dir = NULL;
    flow_error *err = NULL;
    size_t taken;

    make_log(&world, &taken);
    world.rig.lib->io = sim_disk_io(world.disk);
    int rc = flow_logdir_open(world.rig.lib, "/control", folders, 3, &dir, &err);
    expect(rc == FLOW_EIO && !dir, "a log that is open is refused");
    flow_error_free(err);
    world_must(world_close(&world, NULL), NULL, "close");
    uint64_t before = sim_disk_hash(world.disk);
    rc = flow_logdir_open(world.rig.lib, "/control", folders, 3, &dir, NULL);
    expect(rc == FLOW_OK, "a log that is closed can be looked at");
    check_numbers(dir, taken);
    check_frames(dir);
    check_export(dir, 0, (uint32_t)taken);
    check_export(dir, FLOW_LOGDIR_ALL, 0);
    check_refusals(&world, dir);
    flow_logdir_free(dir);
    expect(sim_disk_hash(world.disk) == before, "looking writes nothing");
    expect(sim_disk_open_files(world.disk) == 0, "and leaves nothing open");
    world_free(&world);
    return failures != 0;
}
