/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/library.h"
#include "log_world.h"

#define SEGMENT 16384u

static int wrap_packs, wrap_seals;

void world_wrap(int argc, char **argv)
{
    const char *way = "none";

    for (int i = 0; i + 1 < argc; i++) {
        if (!strcmp(argv[i], "--wrap"))
            way = argv[i + 1];
    }
    wrap_packs = !strcmp(way, "pack") || !strcmp(way, "both");
    wrap_seals = !strcmp(way, "seal") || !strcmp(way, "both");
}

uint64_t world_option(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (!strcmp(argv[i], name))
            return strtoull(argv[i + 1], NULL, 10);
    }
    return otherwise;
}

void world_must(int rc, flow_error *const *err, const char *what)
{
    if (rc) {
        fprintf(stderr, "%s: %s\n", what, flow_error_message(err ? *err : NULL));
        abort();
    }
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint32_t world_random(struct world *world, uint32_t limit)
{
    return (uint32_t)(next_random(&world->random) % limit);
}

void world_init(struct world *world, uint64_t seed)
{
    flow_error *err = NULL;

    memset(world, 0, sizeof *world);
    world->random = seed;
    world->disk = sim_disk_new();
    world->folders = 1 + world_random(world, 3);
    world_must(memory_rig_new(&world->rig, RIG_FALSE_CLOCK | RIG_FAILING, NULL, &err), &err, "rig");
    world->level = wrap_packs;
    keyring_init(&world->keys, "old new k16 k24 k32 ", 32);
    if (wrap_seals)
        world_must(fl_sealing_open(&world->rig.lib->allocator, &world->keys.provider, "new",
                                   &world->sealing, &err),
                   &err, "keys");
}

void world_free(struct world *world)
{
    fl_sealing_close(world->sealing);
    memory_rig_free(&world->rig);
    sim_disk_free(world->disk);
}

/* ---- opening ---- */

struct owned {
    const struct fl_io *io;
    const char *folder;
};

static int forget_owner(void *arg, const char *name)
{
    const struct owned *owned = arg;
    const struct fl_io *io = owned->io;
    char path[96];

    snprintf(path, sizeof path, "%s/%s", owned->folder, name);
    if (!strncmp(name, "in_use.", 7) && strcmp(name, "in_use.lock"))
        io->unlink(io->self, path);
    return 0;
}

void world_forget_owners(struct sim_disk *disk)
{
    static const char *const folders[] = {"/control", "/data0", "/data1", "/data2"};
    const struct fl_io *io = sim_disk_io(disk);

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        struct owned owned = {io, folders[i]};
        io->list(io->self, folders[i], forget_owner, &owned);
    }
}

static void nothing(void *self)
{
    (void)self;
}

int world_open_on(struct world *world, struct sim_disk *disk, struct fl_store **store,
                  flow_error **err)
{
    static const char *const folders[] = {"/data0", "/data1", "/data2"};
    const struct fl_store_options options = {
        .ctx = world->rig.ctx,
        .io = sim_disk_io(disk),
        .control = "/control",
        .folders = folders,
        .folder_count = world->folders,
        .segment_size = SEGMENT,
        .memory = 4096, /* so that much is read back */
        .level = world->level,
        .sealing = world->sealing,
        .checkpoint_ms = 1000,
        .checkpoint_on_close = 1,
        .retain_bytes = world->retain_bytes,
        .retain_ms = world->retain_ms,
        .manual = 1,
        .visible = nothing,
    };

    world_forget_owners(disk);
    return fl_store_open(&options, store, err);
}

int world_open(struct world *world, flow_error **err)
{
    int rc = world_open_on(world, world->disk, &world->store, err);

    return rc ? rc : fl_store_cursor(world->store, "", &world->cursor, err);
}

int world_close(struct world *world, flow_error **err)
{
    for (int i = 0; i < WORLD_OPEN; i++)
        world_give_back(world, &world->takings[i]);
    return fl_store_close(world->store, err);
}

/* ---- events ---- */

static void add_event(flow_batch *batch, uint32_t number, size_t extra)
{
    uint8_t body[1200];

    memcpy(body, &number, sizeof number);
    memset(body + sizeof number, (int)(number * 7), extra);
    world_must(flow_batch_add(batch, body, sizeof number + extra, NULL), NULL, "add");
}

static uint32_t number_in(const flow_event *event)
{
    size_t size;
    const uint8_t *body = flow_event_body(event, &size);
    uint32_t number;

    memcpy(&number, body, sizeof number);
    for (size_t i = sizeof number; i < size; i++) {
        if (body[i] != (uint8_t)(number * 7))
            return UINT32_MAX;
    }
    return number;
}

/* Bytes behind the number: mostly few. */
static size_t extra_of(uint32_t number)
{
    uint64_t state = number;
    uint64_t random = next_random(&state);

    return random % 5 ? random / 5 % 40 : 1000;
}

int world_put(struct world *world, uint32_t first, uint32_t count, flow_error **err)
{
    return world_put_from(world, first, count, NULL, err);
}

int world_put_from(struct world *world, uint32_t first, uint32_t count, struct fl_buf *positions,
                   flow_error **err)
{
    flow_batch *batch;

    world_must(flow_batch_new(world->rig.lib, &batch, NULL), NULL, "batch");
    for (uint32_t i = 0; i < count; i++)
        add_event(batch, first + i, extra_of(first + i));
    int rc = fl_store_put(world->store, flow_batch_events(batch), count, positions, err);
    flow_batch_free(batch);
    return rc;
}

int world_take(struct world *world, struct taking *taking, flow_error **err)
{
    return world_take_most(world, taking, 1 + world_random(world, WORLD_MOST), err);
}

int world_take_most(struct world *world, struct taking *taking, size_t most, flow_error **err)
{
    const flow_event *events[WORLD_MOST];
    int rc =
        fl_cursor_take(world->cursor, most, events, &taking->count, &taking->lots, err);

    for (size_t i = 0; i < taking->count; i++)
        taking->numbers[i] = number_in(events[i]);
    return rc;
}

int world_commit(struct world *world, struct taking *taking, flow_error **err)
{
    int rc = fl_cursor_commit(world->cursor, &taking->lots, NULL, err);

    if (!rc)
        taking->count = 0;
    return rc;
}

void world_give_back(struct world *world, struct taking *taking)
{
    if (taking->count)
        fl_cursor_return(world->cursor, &taking->lots);
    taking->count = 0;
}

size_t world_read(struct fl_cursor *cursor, uint32_t *numbers, size_t most, flow_error **err)
{
    const flow_event *events[64];
    struct fl_lot_ref *lots = NULL;
    size_t total = 0, count = 0;

    do {
        if (fl_cursor_take(cursor, 64, events, &count, &lots, err))
            break;
        for (size_t i = 0; i < count && total < most; i++)
            numbers[total++] = number_in(events[i]);
    } while (count);
    if (lots)
        fl_cursor_return(cursor, &lots);
    return total;
}
