/* SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "await.h"
#include "core/channel.h"
#include "core/library.h"
#include "rig.h"
#include "sim_disk.h"
#include "sink_crash.h"

#define BATCHES 3

#define PIPELINE                                                                                   \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sinks = k1\n"                                                                              \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.channels.c1.type = file\n"                                                                 \
    "a1.channels.c1.checkpointDir = /control\n"                                                    \
    "a1.channels.c1.dataDirs = /data1, /data2\n"                                                   \
    "a1.channels.c1.minimumRequiredSpace = 1048576\n"                                              \
    "a1.channels.c1.maxFileSize = 1048576\n"                                                       \
    "a1.sinks.k1.channel = c1\n"

struct scene {
    const struct sink_crash *crash;
    struct rig rig;
    const struct fl_io *io;
    unsigned next; /* the number that is expected next, while files are read */
    const char *what;
};

static void up(struct scene *scene, struct sim_disk *disk)
{
    char text[4096];

    scene->io = sim_disk_io(disk);
    snprintf(text, sizeof text, "%s%s", PIPELINE, scene->crash->sink);
    rig_init(&scene->rig, 0);
    scene->rig.lib->io = scene->io;
    if (scene->crash->prepare)
        scene->crash->prepare(scene->rig.lib);
    rig_build(&scene->rig, text);
    rig_start(&scene->rig);
}

static unsigned position_of(struct rig *rig)
{
    char text[16] = "";
    size_t size;
    int rc =
        flow_inlet_position(rig_inlet(rig, "r1"), "numbers", 7, text, sizeof text, &size, NULL);

    ck_assert_int_eq(rc, FLOW_OK);
    return (unsigned)strtoul(text, NULL, 10);
}

/* Delivers some numbers and stops. */
static void deliver(struct scene *scene)
{
    struct rig *rig = &scene->rig;
    unsigned next = position_of(rig);
    char text[16];

    for (unsigned i = 0; i < BATCHES; i++) {
        flow_batch *batch = rig_batch(rig, next, 2 + i);
        next += 2 + i;
        snprintf(text, sizeof text, "%010u", next);
        ck_assert_int_eq(flow_batch_set_position(batch, "numbers", 7, text, 10, NULL), FLOW_OK);
        ck_assert_int_eq(flow_inlet_push_batch(rig_inlet(rig, "r1"), batch, -1, NULL), FLOW_OK);
        flow_batch_free(batch);
        AWAIT(flow_channel_size(rig_channel(rig, "c1")) == 0);
    }
    rig_free(rig);
}

/* ---- what is in the files ---- */

struct names {
    char *items[64];
    size_t count;
};

static int add_name(void *arg, const char *name)
{
    struct names *names = arg;

    ck_assert_uint_lt(names->count, 64);
    names->items[names->count++] = strdup(name);
    return 0;
}

/* Shorter numbers come first. */
static int by_number(const void *one, const void *other)
{
    const char *a = *(char *const *)one, *b = *(char *const *)other;

    return strlen(a) != strlen(b) ? (strlen(a) > strlen(b) ? 1 : -1) : strcmp(a, b);
}

static void read_file(struct scene *scene, const char *name)
{
    struct fl_buf bytes;
    char path[300];

    snprintf(path, sizeof path, "/out/%s", name);
    fl_buf_init(&bytes, NULL);
    ck_assert_int_eq(fl_file_load(scene->io, path, 1 << 20, &bytes, NULL), FLOW_OK);
    for (const char *at = fl_buf_cstr(&bytes); *at; at++, scene->next++) {
        char *end;
        unsigned number = (unsigned)strtoul(at, &end, 10);
        ck_assert_msg(*end == '\n' && number == scene->next, "%s: %s has '%.20s' instead of %u",
                      scene->what, name, at, scene->next);
        at = end;
    }
    fl_buf_free(&bytes);
}

static void expect_all(struct scene *scene, unsigned count)
{
    struct names names = {.count = 0};

    ck_assert_int_ge(scene->io->list(scene->io->self, "/out", add_name, &names), 0);
    qsort(names.items, names.count, sizeof names.items[0], by_number);
    scene->next = 0;
    for (size_t i = 0; i < names.count; i++) {
        read_file(scene, names.items[i]);
        free(names.items[i]);
    }
    ck_assert_msg(scene->next == count, "%s: %u of %u numbers are there", scene->what, scene->next,
                  count);
}

static int count_mark(void *arg, const flow_position *position)
{
    *(unsigned *)arg += *(const char *)position->key == '\0';
    return FLOW_OK;
}

struct owned {
    const struct fl_io *io;
    const char *folder;
};

static int disown(void *arg, const char *name)
{
    const struct owned *owned = arg;
    char path[300];

    if (!strncmp(name, "in_use.", 7) && strcmp(name, "in_use.lock")) {
        snprintf(path, sizeof path, "%s/%s", owned->folder, name);
        owned->io->unlink(owned->io->self, path);
    }
    return 0;
}

/* The channel's process is gone, though this one has its number. */
static void forget_process(const struct fl_io *io)
{
    static const char *const folders[] = {"/control", "/data1", "/data2"};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        struct owned owned = {io, folders[i]};
        io->list(io->self, folders[i], disown, &owned);
    }
}

/* Lets the sink deliver and finish what is left on DISK, and looks at it. */
static void look(struct scene *scene, struct sim_disk *disk)
{
    struct rig *rig = &scene->rig;
    unsigned marks = 0;

    forget_process(sim_disk_io(disk));
    up(scene, disk);
    unsigned count = position_of(rig);
    const flow_channel *channel = rig_channel(rig, "c1");
    AWAIT(flow_channel_size(channel) == 0);
    rig_stop(rig);
    expect_all(scene, count);
    rig_start(rig); /* for a look at the marks */
    channel->ops->positions(channel->self, NULL, 0, count_mark, &marks);
    ck_assert_msg(marks == 0, "%s: %u marks are left", scene->what, marks);
    rig_free(rig);
}

/* Tries what a crash in MODE leaves; FOUND is what was tried last in this mode. */
static unsigned crash_once(struct scene *scene, struct sim_disk *past, uint64_t ops, unsigned mode,
                           uint64_t seed, uint64_t *found)
{
    char what[64];
    struct sim_disk *image = sim_disk_crash(past, (enum sim_mode)mode, seed);
    uint64_t hash = sim_disk_hash(image);
    int is_new = hash != *found;

    snprintf(what, sizeof what, "%s behind operation %" PRIu64, sim_mode_name((enum sim_mode)mode),
             ops);
    scene->what = what;
    *found = hash;
    if (is_new)
        look(scene, image);
    sim_disk_free(image);
    return is_new;
}

void sink_crash_everywhere(const struct sink_crash *crash)
{
    struct scene scene = {.crash = crash};
    struct sim_disk *disk = sim_disk_new();
    uint64_t found[SIM_MODES][2] = {{0}};
    unsigned images = 0;

    const struct fl_io *io = sim_disk_io(disk);
    ck_assert_int_eq(io->mkdir(io->self, "/out", 0777), 0);
    ck_assert_int_eq(fl_folder_sync(io, "/", NULL), FLOW_OK);
    sim_disk_record(disk);
    up(&scene, disk);
    deliver(&scene);
    struct sim_disk *past = sim_disk_past(disk, 0);
    for (uint64_t ops = 0; ops <= sim_disk_ops(disk); ops++) {
        sim_disk_advance(past, ops);
        for (unsigned mode = 0; mode < crash->modes; mode++)
            for (uint64_t seed = 0; seed < 2; seed++)
                images += crash_once(&scene, past, ops, mode, seed * (ops + 1), &found[mode][seed]);
    }
    fprintf(stderr, "%u images\n", images);
    sim_disk_free(past);
    sim_disk_free(disk);
}
