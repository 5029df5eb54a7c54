/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Damages logs and repairs them.  Bits of a small log are flipped in turn; larger ones lose
 * sectors, ends of files, whole files, at random.  A repaired log opens, is found without a fault,
 * lacks exactly those events that the repair has told, and knows the positions that were put with
 * those that it has; one that is interrupted by a power failure is finished by the next.
 *
 *     log_repair [--runs N] [--seed N] [--step BITS] [--wrap none|pack|seal|both]
 */

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow/logdir.h>

#include "core/library.h"
#include "log_world.h"
#include "store/logdir.h"

#define EVENTS 4096
#define FILES 64
#define PATH_SIZE 96
#define SMALL_SIZE 5200 /* the front and all frames of the small log lie in so many bytes */

static const char *const folders[] = {"/data0", "/data1", "/data2"};

/* What was put, by number, which is its offset. */
struct truth {
    uint32_t put;
    uint32_t ticks; /* positions that were put */
    uint8_t waiting[EVENTS];
};

struct outcome {
    uint64_t step; /* from bit to bit; odd, so that each bit of a byte has its turn */
    uint64_t repaired, sound, lost, again, interrupted;
};

/* ---- damage ---- */

static void poke(struct sim_disk *disk, const char *path, int64_t at, size_t size, int flip)
{
    const struct fl_io *io = sim_disk_io(disk);
    int fd = io->open(io->self, path, O_RDWR | O_CLOEXEC, 0);
    uint8_t bytes[512] = {0};

    if (fd < 0)
        return;
    if (flip) {
        io->pread(io->self, fd, bytes, 1, at);
        bytes[0] ^= (uint8_t)flip;
    }
    io->pwrite(io->self, fd, bytes, size, at);
    io->fdatasync(io->self, fd);
    io->close(io->self, fd);
}

struct names {
    char paths[FILES][PATH_SIZE];
    const char *folder;
    size_t count;
};

static int add_name(void *arg, const char *name)
{
    struct names *names = arg;

    if (strncmp(name, "in_use", 6) && names->count < FILES)
        snprintf(names->paths[names->count++], PATH_SIZE, "%s/%s", names->folder, name);
    return 0;
}

/* The files of the log. */
static void list_files(struct world *world, struct sim_disk *disk, struct names *names)
{
    const struct fl_io *io = sim_disk_io(disk);

    names->count = 0;
    for (unsigned i = 0; i < world->folders; i++) {
        names->folder = folders[i];
        io->list(io->self, folders[i], add_name, names);
    }
    names->folder = "/control";
    io->list(io->self, "/control", add_name, names);
}

static int64_t size_of(struct sim_disk *disk, const char *path)
{
    const struct fl_io *io = sim_disk_io(disk);
    struct stat found = {0};

    io->stat(io->self, path, &found);
    return found.st_size;
}

static void shorten(struct sim_disk *disk, const char *path, int64_t size)
{
    const struct fl_io *io = sim_disk_io(disk);
    int fd = io->open(io->self, path, O_RDWR | O_CLOEXEC, 0);

    io->ftruncate(io->self, fd, size);
    io->fdatasync(io->self, fd);
    io->close(io->self, fd);
}

/* Does one thing to one file.  Without the last control file nothing tells where the log has to
 * end, so those are only damaged ALONE. */
static void damage(struct world *world, struct sim_disk *disk, int alone)
{
    static struct names names;
    const struct fl_io *io = sim_disk_io(disk);

    list_files(world, disk, &names);
    const char *path = names.paths[world_random(world, (uint32_t)names.count)];
    int64_t size = size_of(disk, path);
    if (size <= 0 || (!alone && strstr(path, "/control/")))
        return;
    int64_t at = world_random(world, (uint32_t)size);
    switch (world_random(world, 8)) {
    case 0: io->unlink(io->self, path); break;
    case 1: shorten(disk, path, at); break;
    case 2:
    case 3: poke(disk, path, at / 512 * 512, 512, 0); break;
    case 4: poke(disk, path, 0, 512, 0); break;
    default: poke(disk, path, at, 1, 1 << world_random(world, 8)); break;
    }
}

/* ---- what is found afterwards ---- */

static int is_lost(const flow_logdir *dir, uint64_t offset)
{
    uint64_t first, end;

    for (size_t i = 0; flow_logdir_lost_at(dir, i, &first, &end) == FLOW_OK; i++) {
        if (offset >= first && offset < end)
            return 1;
    }
    return 0;
}

static const char *told(flow_error *err, const char *what)
{
    fprintf(stderr, "%s\n", flow_error_message(err));
    flow_error_free(err);
    return what;
}

/* The number up to which a source has read, as the position says. */
static int note_position(void *arg, const flow_position *position)
{
    uint32_t number = 0;

    memcpy(&number, position->value, sizeof number);
    *(uint32_t *)arg = ntohl(number);
    return FLOW_OK;
}

static int is_right(uint32_t position, const uint32_t *numbers, size_t count, uint32_t put)
{
    return position <= put && (!count || position > numbers[count - 1]);
}

/* Marks what the repaired log gives, which has to be in order and once. */
static const char *read_all(struct world *world, struct sim_disk *disk, uint8_t *found,
                            const struct truth *truth)
{
    static uint32_t numbers[EVENTS];
    struct fl_store *store = NULL;
    struct fl_cursor *cursor;
    uint32_t position = 0;
    flow_error *err = NULL;

    memset(found, 0, EVENTS);
    if (world_open_on(world, disk, &store, &err))
        return told(err, "the repaired log does not open");
    world_must(fl_store_cursor(store, "", &cursor, NULL), NULL, "cursor");
    size_t count = world_read(cursor, numbers, EVENTS, &err);
    fl_store_positions(store, "here", 4, note_position, &position);
    world_must(fl_store_close(store, NULL), NULL, "close");
    if (err)
        return told(err, "the repaired log cannot be read");
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] >= truth->put || (i && numbers[i] <= numbers[i - 1]))
            return "what is found is not what was put";
        found[numbers[i]] = 1;
    }
    return is_right(position, numbers, count, truth->put) ? NULL : "a position is lost";
}

static const char *compare(const flow_logdir *dir, const struct truth *truth, const uint8_t *found,
                           struct outcome *outcome)
{
    for (uint32_t i = 0; i < truth->put; i++) {
        const char *what = NULL;
        if (truth->waiting[i] && !found[i] && !is_lost(dir, i))
            what = "it is missing, and the repair did not say so";
        if (found[i] && is_lost(dir, i))
            what = "it is said to be lost and is there";
        if (what) {
            fprintf(stderr, "event %u: ", i);
            return what;
        }
        outcome->lost += truth->waiting[i] && !found[i];
        outcome->again += !truth->waiting[i] && found[i];
    }
    return NULL;
}

static void show(const flow_logdir *dir)
{
    flow_logdir_fault fault = {.struct_size = sizeof fault};

    for (size_t i = 0; flow_logdir_fault_at(dir, i, &fault) == FLOW_OK; i++)
        fprintf(stderr, "  %s:%" PRIu64 "-%" PRIu64 ": %s%s\n", fault.file, fault.at, fault.end,
                fault.message, fault.repaired ? " (repaired)" : "");
}

/* Where the log is encrypted, with its keys and without them in turn. */
static flow_logdir *look(struct world *world, struct sim_disk *disk, flow_error **err)
{
    static unsigned turn;
    const struct fl_logdir_place place = {"/control", folders, world->folders};
    int with_keys = world->sealing && turn++ % 2;
    flow_logdir *dir = NULL;

    world->rig.lib->io = sim_disk_io(disk);
    fl_logdir_open(world->rig.lib, &place, with_keys ? &world->keys.provider : NULL, &dir, err);
    return dir;
}

static uint64_t count_faults(const flow_logdir *dir)
{
    flow_logdir_stat stat = {.struct_size = sizeof stat};

    flow_logdir_stat_get(dir, &stat);
    return stat.faults;
}

/* Opens and reads what a power failure leaves of DISK, and looks for faults once more. */
static const char *check_after(struct world *world, struct sim_disk *disk, uint8_t *found,
                               const struct truth *truth)
{
    struct sim_disk *image = sim_disk_crash(disk, SIM_SYNCED, 0);
    const char *what = read_all(world, image, found, truth);
    flow_logdir *dir = what ? NULL : look(world, image, NULL);

    if (!what && (!dir || count_faults(dir)))
        what = "there are still faults after the repair";
    if (what && dir)
        show(dir);
    flow_logdir_free(dir);
    sim_disk_free(image);
    return what;
}

/* Repairs the disk of DIR and holds what is then found against what was told. */
static const char *repair(struct world *world, flow_logdir *dir, struct sim_disk *disk,
                          const struct truth *truth, struct outcome *outcome)
{
    static uint8_t found[EVENTS];
    flow_error *err = NULL;
    const char *what = NULL;

    if (flow_logdir_repair(dir, &err))
        what = told(err, "it cannot be repaired");
    if (!what)
        what = check_after(world, disk, found, truth);
    if (!what)
        what = compare(dir, truth, found, outcome);
    if (what)
        show(dir);
    return what;
}

/* The power fails at some moment of the repair that DIR was for; the next one finishes it. */
static const char *finish(struct world *world, const flow_logdir *dir, struct sim_disk *disk,
                          const struct truth *truth, struct outcome *outcome)
{
    static uint8_t found[EVENTS];
    uint32_t ops = (uint32_t)sim_disk_ops(disk);
    uint32_t at = world_random(world, ops + 1);
    struct sim_disk *past = sim_disk_past(disk, at);
    struct sim_disk *image = sim_disk_crash(past, SIM_TORN, world_random(world, 1 << 30));
    flow_error *err = NULL;
    const char *what = NULL;

    world_forget_owners(image);
    flow_logdir *next = look(world, image, &err);
    if (!next || flow_logdir_repair(next, &err))
        what = told(err, "a repair that was interrupted cannot be finished");
    if (!what)
        what = check_after(world, image, found, truth);
    if (!what)
        what = compare(dir, truth, found, outcome);
    if (what) {
        fprintf(stderr, "interrupted at %u of %u; first, then next:\n", at, ops);
        show(dir);
        show(next);
    }
    flow_logdir_free(next);
    outcome->interrupted++;
    sim_disk_free(image);
    sim_disk_free(past);
    return what;
}

/* All that is done with one damaged disk. */
static const char *try_disk(struct world *world, struct sim_disk *disk, const struct truth *truth,
                            struct outcome *outcome)
{
    flow_error *err = NULL;
    flow_logdir *dir = look(world, disk, &err);

    if (!dir)
        return told(err, "it cannot be looked at");
    uint64_t faults = count_faults(dir);
    outcome->repaired += faults > 0;
    outcome->sound += faults == 0;
    sim_disk_record(disk);
    const char *what = repair(world, dir, disk, truth, outcome);
    if (!what && faults)
        what = finish(world, dir, disk, truth, outcome);
    flow_logdir_free(dir);
    return what;
}

/* ---- logs ---- */

static void take_some(struct world *world, struct truth *truth)
{
    struct taking *taking = &world->takings[0];
    flow_error *err = NULL;

    world_must(world_take(world, taking, &err), &err, "take");
    if (!taking->count)
        return;
    for (size_t i = 0; i < taking->count; i++)
        truth->waiting[taking->numbers[i]] = 0;
    world_must(world_commit(world, taking, &err), &err, "commit");
}

/* Puts COUNT events, or none, and that the source is behind them. */
static void put_some(struct world *world, struct truth *truth, uint32_t count)
{
    const uint32_t value[] = {htonl(truth->put + count), htonl(++truth->ticks)};
    const flow_position position = {"here", value, 4, sizeof value};
    struct fl_buf positions;
    flow_error *err = NULL;

    fl_buf_init(&positions, &world->rig.lib->allocator);
    world_must(fl_position_append(&positions, &position), NULL, "position");
    world_must(world_put_from(world, truth->put, count, &positions, &err), &err, "put");
    fl_buf_free(&positions);
    memset(truth->waiting + truth->put, 1, count);
    truth->put += count;
}

static int complain(const char *where, uint64_t number, const char *what)
{
    fprintf(stderr, "%s %" PRIu64 ": %s\n", where, number, what);
    return 1;
}

/* Flips bits of the first SIZE bytes of a log in one folder. */
static int flip_bits(struct world *world, uint64_t size, const struct truth *truth,
                     struct outcome *outcome)
{
    const char *what = NULL;
    uint64_t bit = 0;

    for (; !what && bit < size * 8; bit += outcome->step) {
        struct sim_disk *image = sim_disk_crash(world->disk, SIM_KILLED, 0);
        world_forget_owners(image);
        poke(image, "/data0/segment-0000000000000001", (int64_t)(bit / 8), 1, 1 << bit % 8);
        what = try_disk(world, image, truth, outcome);
        sim_disk_free(image);
    }
    return what ? complain("bit", bit - outcome->step, what) : 0;
}

static void begin_small(struct world *world, struct truth *truth)
{
    world_init(world, 3);
    world->folders = 1;
    world_must(world_open(world, NULL), NULL, "open");
    for (uint32_t i = 0; i < 4; i++)
        put_some(world, truth, 4);
    put_some(world, truth, 0);
    take_some(world, truth);
}

static int flip_small(struct outcome *outcome)
{
    static struct world world;
    struct truth truth = {0};

    begin_small(&world, &truth);
    world_must(world_close(&world, NULL), NULL, "close");
    int failed = flip_bits(&world, SMALL_SIZE, &truth, outcome);
    world_free(&world);
    return failed;
}

static uint64_t last_put(struct world *world)
{
    struct sim_disk *image = sim_disk_crash(world->disk, SIM_KILLED, 0);
    flow_logdir_frame frame = {.struct_size = sizeof frame};
    uint64_t at = 0;

    world_forget_owners(image);
    flow_logdir *dir = look(world, image, NULL);
    while (flow_logdir_next(dir, &frame, NULL) == FLOW_OK)
        at = frame.type == FLOW_LOGDIR_PUT ? frame.at : at;
    flow_logdir_free(dir);
    sim_disk_free(image);
    return at;
}

/* Nobody closed it, so that all of it is read, and what positions say is nowhere else.  The last
 * put proves that there was what is before it, and nothing proves the last. */
static int flip_unclosed(struct outcome *outcome)
{
    static struct world world;
    struct truth truth = {0};

    begin_small(&world, &truth);
    put_some(&world, &truth, 4);
    int failed = flip_bits(&world, last_put(&world), &truth, outcome);
    world_must(world_close(&world, NULL), NULL, "close");
    world_free(&world);
    return failed;
}

static int run_large(uint64_t seed, struct outcome *outcome)
{
    static struct world world;
    struct truth truth = {0};
    const char *what = NULL;

    world_init(&world, seed);
    world_must(world_open(&world, NULL), NULL, "open");
    for (uint32_t i = 30 + world_random(&world, 150); i > 0; i--) {
        if (world_random(&world, 3))
            put_some(&world, &truth, world_random(&world, 1 + WORLD_MOST));
        else
            take_some(&world, &truth);
        if (!world_random(&world, 20))
            world_must(fl_store_checkpoint(world.store, 0, NULL), NULL, "checkpoint");
    }
    world_must(world_close(&world, NULL), NULL, "close");
    for (int i = 0; i < 20 && !what; i++) {
        struct sim_disk *image = sim_disk_crash(world.disk, SIM_KILLED, 0);
        uint32_t count = 1 + world_random(&world, 3);
        for (uint32_t n = 0; n < count; n++)
            damage(&world, image, count == 1);
        struct sim_disk *damaged = sim_disk_crash(image, SIM_KILLED, 0); /* all of which lasts */
        what = try_disk(&world, damaged, &truth, outcome);
        sim_disk_free(damaged);
        sim_disk_free(image);
    }
    world_free(&world);
    return what ? complain("seed", seed, what) : 0;
}

int main(int argc, char **argv)
{
    uint64_t seed = world_option(argc, argv, "--seed", 1);
    uint64_t runs = world_option(argc, argv, "--runs", 20);
    struct outcome outcome = {.step = world_option(argc, argv, "--step", 3)};

    world_wrap(argc, argv);
    int failed = flip_small(&outcome) || flip_unclosed(&outcome);
    for (uint64_t i = 0; i < runs && !failed; i++)
        failed = run_large(seed + i, &outcome);
    printf("%llu logs repaired, %llu without a fault, %llu repairs interrupted; %llu events lost, "
           "%llu delivered again\n",
           (unsigned long long)outcome.repaired, (unsigned long long)outcome.sound,
           (unsigned long long)outcome.interrupted, (unsigned long long)outcome.lost,
           (unsigned long long)outcome.again);
    return failed;
}
