/* SPDX-License-Identifier: Apache-2.0 */

/* A process that is killed at any moment, again and again: what its source resumes from is what is
 * in its channels, no event more and none less, in each of them. */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "await.h"
#include "base/clock.h"
#include "codec/avro_file.h"
#include "core/channel.h"
#include "mortal.h"
#include "places.h"
#include "rig.h"
#include "suite.h"

#define RUN_MS 2000 /* of each test, about */
#define ROUNDS_MIN 12
#define BATCH_MAX 200u
#define ROUNDS_AT_ONCE 8 /* between two looks at the channels */

#define CHANNELS                                                                                   \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1 c2\n"                                                                        \
    "a1.sources.r1.channels = c1 c2\n"                                                             \
    "a1.channels.c1.type = file\n"                                                                 \
    "a1.channels.c1.checkpointDir = %s/c1\n"                                                       \
    "a1.channels.c1.dataDirs = %s/d1\n"                                                            \
    "a1.channels.c1.minimumRequiredSpace = 1048576\n"                                              \
    "a1.channels.c1.checkpointInterval = 1000\n"                                                   \
    "a1.channels.c2.type = file\n"                                                                 \
    "a1.channels.c2.checkpointDir = %s/c2\n"                                                       \
    "a1.channels.c2.dataDirs = %s/d2, %s/d3\n"                                                     \
    "a1.channels.c2.minimumRequiredSpace = 1048576\n"                                              \
    "a1.channels.c2.maxFileSize = 1048576\n"

struct scene {
    struct places places;
    unsigned seed;
    unsigned next[2]; /* the number that comes next in each channel */
    unsigned made;    /* numbers that were written to files */
    void (*write)(struct scene *scene, FILE *file, unsigned count);
    const char *source;
    void (*work)(struct scene *scene, struct rig *rig);
    unsigned batch_size;
};

static unsigned below(struct scene *scene, unsigned limit)
{
    return (unsigned)rand_r(&scene->seed) % limit;
}

static void nap(unsigned us)
{
    const struct timespec time = {us / 1000000, (long)(us % 1000000) * 1000};

    nanosleep(&time, NULL);
}

static void up(struct scene *scene, struct rig *rig)
{
    const char *root = scene->places.root;
    char text[4096];
    int used = snprintf(text, sizeof text, CHANNELS, root, root, root, root, root);

    snprintf(text + used, sizeof text - (size_t)used, scene->source, root, scene->batch_size);
    rig_init(rig, 0);
    rig_build(rig, text);
    rig_start(rig);
}

/* Runs the source in a process that is killed: soon after it has started, or while it starts. */
static void run_and_kill(struct scene *scene)
{
    int ready[2];
    char byte = 0;

    scene->batch_size = 1 + below(scene, 400);
    unsigned wait_us = below(scene, 40000), seed = scene->seed;
    int early = below(scene, 4) == 0;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork_muted();
    if (child == 0) {
        struct rig rig;
        scene->seed = seed;
        up(scene, &rig);
        ck_assert_int_eq(write(ready[1], &byte, 1), 1);
        scene->work(scene, &rig);
    }
    close(ready[1]);
    if (!early)
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    nap(wait_us);
    kill_muted(child);
    close(ready[0]);
}

/* Takes all there is; the numbers must go on where they ended. */
static void take_channel(struct scene *scene, struct rig *rig, unsigned channel)
{
    const flow_event *const *events;
    size_t count = 1;

    while (count > 0) {
        flow_txn *txn = begin(rig_channel(rig, channel ? "c2" : "c1"));
        ck_assert_int_eq(flow_txn_take(txn, 100, 0, &events, &count, NULL), FLOW_OK);
        for (size_t i = 0; i < count; i++, scene->next[channel]++) {
            size_t size;
            const char *body = flow_event_body(events[i], &size);
            char text[16] = "";
            ck_assert_uint_lt(size, sizeof text);
            memcpy(text, body, size);
            ck_assert_msg(size > 0 && strtoul(text, NULL, 10) == scene->next[channel],
                          "channel c%u has '%s' instead of %u", channel + 1, text,
                          scene->next[channel]);
        }
        commit(txn);
    }
}

static void scene_up(struct scene *scene)
{
    places_init(&scene->places, 1);
    scene->seed = (unsigned)time(NULL) ^ (unsigned)getpid();
    fprintf(stderr, "seed %u\n", scene->seed);
}

/* ---- a host that pushes ---- */

static unsigned position_of(struct rig *rig)
{
    char text[16] = "";
    size_t size;
    int rc =
        flow_inlet_position(rig_inlet(rig, "r1"), "numbers", 7, text, sizeof text, &size, NULL);

    ck_assert_int_eq(rc, FLOW_OK);
    return (unsigned)strtoul(text, NULL, 10);
}

static void mark(flow_batch *batch, unsigned next)
{
    char text[16];

    snprintf(text, sizeof text, "%010u", next);
    ck_assert_int_eq(flow_batch_set_position(batch, "numbers", 7, text, 10, NULL), FLOW_OK);
}

/* Pushes numbers, each time with another number of them and of marks, until it is killed.  What one
 * channel may have got of the last batch before another is marked event by event. */
static void push_for_ever(struct scene *scene, struct rig *rig)
{
    unsigned next = position_of(rig), unsure = next + BATCH_MAX;
    flow_batch *batch = rig_batch(rig, 0, 0);
    char text[16];

    for (;;) {
        unsigned count = 1 + below(scene, BATCH_MAX);
        unsigned step = next < unsure ? 1 : 1 + below(scene, 20);
        flow_batch_clear(batch);
        for (unsigned i = 0; i < count; i++) {
            int size = snprintf(text, sizeof text, "%u", next++);
            ck_assert_int_eq(flow_batch_add(batch, text, (size_t)size, NULL), FLOW_OK);
            if (i % step == 0 || i + 1 == count)
                mark(batch, next);
        }
        int rc = flow_inlet_push_batch(rig_inlet(rig, "r1"), batch, -1, NULL);
        ck_assert_int_eq(rc, FLOW_OK);
    }
}

static void look_at_both(struct scene *scene)
{
    struct rig rig;

    scene->batch_size = 1;
    up(scene, &rig);
    unsigned position = position_of(&rig);
    take_channel(scene, &rig, 0);
    take_channel(scene, &rig, 1);
    unsigned least = scene->next[0] < scene->next[1] ? scene->next[0] : scene->next[1];
    ck_assert_uint_eq(position, least);
    rig_free(&rig);
}

START_TEST(a_host_resumes_from_the_position_it_reads_back)
{
    struct scene scene = {.source = "a1.sources.r1.type = inlet\n# %s %u\n", .work = push_for_ever};
    int64_t end = fl_clock_after(fl_clock_system(), RUN_MS);

    scene_up(&scene);
    for (int round = 0; round < ROUNDS_MIN || fl_clock_now(fl_clock_system()) < end; round++) {
        run_and_kill(&scene);
        if (round % ROUNDS_AT_ONCE == 0)
            look_at_both(&scene);
    }
    look_at_both(&scene);
    fprintf(stderr, "%u numbers\n", scene.next[0]);
    ck_assert_uint_gt(scene.next[0], 0);
    places_free(&scene.places);
}
END_TEST

/* ---- a source that reads files ---- */

static void wait_for_ever(struct scene *scene, struct rig *rig)
{
    (void)scene;
    (void)rig;
    for (;;)
        pause();
}

static void write_lines(struct scene *scene, FILE *file, unsigned count)
{
    for (; count > 0; count--)
        fprintf(file, "%u\n", scene->made++);
}

static void write_digits(struct scene *scene, FILE *file, unsigned count)
{
    for (; count > 0; count--)
        fprintf(file, "%010u", scene->made++);
}

/* A container whose blocks have one number, or some, or all of them. */
static void write_avro(struct scene *scene, FILE *file, unsigned count)
{
    static const char schema[] = "{\"type\":\"fixed\",\"name\":\"number\",\"size\":10}";
    static const size_t blocks[] = {1, 64, 1000, 1000000};
    static const uint8_t marker[FL_AVRO_SYNC_SIZE] = "0123456789abcdef";
    const struct fl_avro_writer_options options = {
        .codec = "deflate", .sync_interval = blocks[below(scene, 4)], .sync = marker};
    struct fl_avro_writer *writer;
    struct fl_buf out;
    char text[16];

    fl_buf_init(&out, NULL);
    ck_assert_int_eq(fl_avro_writer_new(NULL, &options, &writer, NULL), FLOW_OK);
    fl_avro_writer_begin(writer, schema, strlen(schema), &out, NULL);
    for (; count > 0; count--) {
        snprintf(text, sizeof text, "%010u", scene->made++);
        fl_avro_writer_datum(writer, text, 10, &out, NULL);
    }
    ck_assert_int_eq(fl_avro_writer_flush(writer, &out, NULL), FLOW_OK);
    fwrite(out.data, 1, out.size, file);
    fl_avro_writer_free(writer);
    fl_buf_free(&out);
}

/* Puts a file of the next numbers into the folder. */
static void add_file(struct scene *scene)
{
    static unsigned serial;
    char beside[96], path[128];

    snprintf(beside, sizeof beside, "%s/beside", scene->places.root);
    snprintf(path, sizeof path, "%s/spool/f%06u", scene->places.root, serial++);
    FILE *file = fopen(beside, "w");
    ck_assert_ptr_nonnull(file);
    scene->write(scene, file, 1 + below(scene, 5000));
    fclose(file);
    ck_assert_int_eq(rename(beside, path), 0);
}

static unsigned count_files(const struct scene *scene)
{
    char path[96];
    unsigned count = 0;

    snprintf(path, sizeof path, "%s/spool", scene->places.root);
    DIR *folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] == 'f' && !strchr(entry->d_name, '.');
    closedir(folder);
    return count;
}

/* The tracker's file is not there, or an older one is. */
static void spoil_tracker(struct scene *scene)
{
    char meta[128], old[96], command[256];

    snprintf(meta, sizeof meta, "%s/spool/.flumespool/.flumespool-main.meta", scene->places.root);
    snprintf(old, sizeof old, "%s/old.meta", scene->places.root);
    switch (below(scene, 4)) {
    case 0: unlink(meta); break;
    case 1:
        snprintf(command, sizeof command, "cp %s %s 2>/dev/null", meta, old);
        (void)!system(command);
        break;
    case 2:
        snprintf(command, sizeof command, "cp %s %s 2>/dev/null", old, meta);
        (void)!system(command);
        break;
    default: break;
    }
}

static int count_position(void *arg, const flow_position *position)
{
    (void)position;
    ++*(unsigned *)arg;
    return FLOW_OK;
}

static unsigned count_positions(struct rig *rig, const char *name)
{
    const flow_channel *channel = rig_channel(rig, name);
    unsigned count = 0;

    channel->ops->positions(channel->self, NULL, 0, count_position, &count);
    return count;
}

/* Lets the source read all there is, and sees that it leaves no trace. */
static void finish(struct scene *scene)
{
    struct rig rig;

    scene->batch_size = 1000;
    up(scene, &rig);
    while (count_files(scene) > 0 || count_positions(&rig, "c1") > 0 ||
           count_positions(&rig, "c2") > 0)
        nap(5000);
    take_channel(scene, &rig, 0);
    take_channel(scene, &rig, 1);
    rig_free(&rig);
    ck_assert_uint_eq(scene->next[0], scene->made);
    ck_assert_uint_eq(scene->next[1], scene->made);
}

#define SPOOLDIR                                                                                   \
    "a1.sources.r1.type = spooldir\n"                                                              \
    "a1.sources.r1.spoolDir = %s/spool\n"                                                          \
    "a1.sources.r1.pollDelay = 10\n"                                                               \
    "a1.sources.r1.batchSize = %u\n"

static void read_and_kill(const char *source,
                          void (*write)(struct scene *scene, FILE *file, unsigned count))
{
    struct scene scene = {.source = source, .work = wait_for_ever, .write = write};
    int64_t end = fl_clock_after(fl_clock_system(), RUN_MS);
    char path[96];

    scene_up(&scene);
    snprintf(path, sizeof path, "mkdir %s/spool", scene.places.root);
    ck_assert_int_eq(system(path), 0);
    for (int round = 0; round < ROUNDS_MIN || fl_clock_now(fl_clock_system()) < end; round++) {
        while (count_files(&scene) < 3)
            add_file(&scene);
        run_and_kill(&scene);
        spoil_tracker(&scene);
    }
    finish(&scene);
    fprintf(stderr, "%u numbers\n", scene.made);
    places_free(&scene.places);
}

START_TEST(a_folder_is_read_once_and_its_files_are_renamed)
{
    read_and_kill(SPOOLDIR, write_lines);
}
END_TEST

START_TEST(a_folder_is_read_once_and_its_files_are_deleted)
{
    read_and_kill(SPOOLDIR "a1.sources.r1.deletePolicy = immediate\n", write_lines);
}
END_TEST

START_TEST(records_of_avro_files_are_read_once)
{
    read_and_kill(SPOOLDIR "a1.sources.r1.deserializer = AVRO\n", write_avro);
}
END_TEST

START_TEST(pieces_of_large_files_are_read_once)
{
    read_and_kill(SPOOLDIR "a1.sources.r1.deserializer = BLOB\n"
                           "a1.sources.r1.deserializer.maxBlobLength = 10\n",
                  write_digits);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_host_resumes_from_the_position_it_reads_back",
         a_host_resumes_from_the_position_it_reads_back},
        {"a_folder_is_read_once_and_its_files_are_renamed",
         a_folder_is_read_once_and_its_files_are_renamed},
        {"a_folder_is_read_once_and_its_files_are_deleted",
         a_folder_is_read_once_and_its_files_are_deleted},
        {"records_of_avro_files_are_read_once", records_of_avro_files_are_read_once},
        {"pieces_of_large_files_are_read_once", pieces_of_large_files_are_read_once},
    };

    return RUN_SUITE("positions_kill", tests);
}
