/* SPDX-License-Identifier: Apache-2.0 */

/* A process that is killed at any moment, again and again: what its source resumes from is what is
 * in its channels, no event more and none less, in each of them. */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "codec/avro_file.h"
#include "core/channel.h"
#include "suite.h"
#include "twins.h"

#define RUN_MS 2000 /* of each test, about */
#define ROUNDS_MIN 12
#define BATCH_MAX 200u
#define ROUNDS_AT_ONCE 8 /* between two looks at the channels */

struct scene {
    struct twins twins;
    unsigned next[2]; /* the number that comes next in each channel */
    unsigned made;    /* numbers that were written to files */
    void (*write)(struct scene *scene, FILE *file, unsigned count);
};

/* A channel on which numbers must go on where they ended. */
struct end {
    const char *name;
    unsigned *next;
};

static void expect_next(void *arg, const char *body)
{
    const struct end *end = arg;

    ck_assert_msg(*body != '\0' && strtoul(body, NULL, 10) == *end->next,
                  "channel %s has '%s' instead of %u", end->name, body, *end->next);
    ++*end->next;
}

static void take_both(struct scene *scene, struct rig *rig)
{
    struct end ends[] = {{"c1", &scene->next[0]}, {"c2", &scene->next[1]}};

    twins_take(rig, "c1", expect_next, &ends[0]);
    twins_take(rig, "c2", expect_next, &ends[1]);
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

static unsigned latest_of(struct rig *rig)
{
    char text[16] = "";
    size_t size;
    int rc = flow_inlet_position_latest(rig_inlet(rig, "r1"), "numbers", 7, text, sizeof text,
                                        &size, NULL);

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
 * channel has got of the last batch and another has not is marked event by event. */
static void push_for_ever(void *arg, struct rig *rig)
{
    struct scene *scene = arg;
    unsigned next = position_of(rig), unsure = latest_of(rig);
    flow_batch *batch = rig_batch(rig, 0, 0);
    char text[16];

    for (;;) {
        unsigned count = 1 + twins_below(&scene->twins, BATCH_MAX);
        unsigned step = next < unsure ? 1 : 1 + twins_below(&scene->twins, 20);
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

    twins_start(&scene->twins, &rig);
    unsigned position = position_of(&rig), latest = latest_of(&rig);
    take_both(scene, &rig);
    int is_first_ahead = scene->next[0] > scene->next[1];
    ck_assert_uint_eq(position, scene->next[is_first_ahead]);
    ck_assert_uint_eq(latest, scene->next[!is_first_ahead]);
    rig_free(&rig);
}

START_TEST(a_host_resumes_from_the_position_it_reads_back)
{
    struct scene scene = {
        .twins = {.source = "a1.sources.r1.type = inlet\n", .work = push_for_ever, .arg = &scene}};
    int64_t end = fl_clock_after(fl_clock_system(), RUN_MS);

    twins_init(&scene.twins);
    for (int round = 0; round < ROUNDS_MIN || fl_clock_now(fl_clock_system()) < end; round++) {
        twins_kill(&scene.twins);
        if (round % ROUNDS_AT_ONCE == 0)
            look_at_both(&scene);
    }
    look_at_both(&scene);
    fprintf(stderr, "%u numbers\n", scene.next[0]);
    ck_assert_uint_gt(scene.next[0], 0);
    twins_free(&scene.twins);
}
END_TEST

/* ---- a source that reads files ---- */

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
        .codec = "deflate", .sync_interval = blocks[twins_below(&scene->twins, 4)], .sync = marker};
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

    snprintf(beside, sizeof beside, "%s/beside", scene->twins.places.root);
    snprintf(path, sizeof path, "%s/spool/f%06u", scene->twins.places.root, serial++);
    FILE *file = fopen(beside, "w");
    ck_assert_ptr_nonnull(file);
    scene->write(scene, file, 1 + twins_below(&scene->twins, 5000));
    fclose(file);
    ck_assert_int_eq(rename(beside, path), 0);
}

static unsigned count_files(const struct scene *scene)
{
    char path[96];
    unsigned count = 0;

    snprintf(path, sizeof path, "%s/spool", scene->twins.places.root);
    DIR *folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] == 'f' && !strchr(entry->d_name, '.');
    closedir(folder);
    return count;
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

    scene->twins.batch_size = 1000;
    twins_start(&scene->twins, &rig);
    while (count_files(scene) > 0 || count_positions(&rig, "c1") > 0 ||
           count_positions(&rig, "c2") > 0)
        twins_nap(5000);
    take_both(scene, &rig);
    rig_free(&rig);
    ck_assert_uint_eq(scene->next[0], scene->made);
    ck_assert_uint_eq(scene->next[1], scene->made);
}

#define SPOOLDIR                                                                                   \
    "a1.sources.r1.type = spooldir\n"                                                              \
    "a1.sources.r1.spoolDir = @/spool\n"                                                           \
    "a1.sources.r1.pollDelay = 10\n"                                                               \
    "a1.sources.r1.batchSize = %\n"

static void read_and_kill(const char *source,
                          void (*write)(struct scene *scene, FILE *file, unsigned count))
{
    struct scene scene = {.twins = {.source = source}, .write = write};
    int64_t end = fl_clock_after(fl_clock_system(), RUN_MS);
    char path[96];

    twins_init(&scene.twins);
    snprintf(path, sizeof path, "mkdir %s/spool", scene.twins.places.root);
    ck_assert_int_eq(system(path), 0);
    for (int round = 0; round < ROUNDS_MIN || fl_clock_now(fl_clock_system()) < end; round++) {
        while (count_files(&scene) < 3)
            add_file(&scene);
        twins_kill(&scene.twins);
        twins_spoil(&scene.twins, "spool/.flumespool/.flumespool-main.meta");
    }
    finish(&scene);
    fprintf(stderr, "%u numbers\n", scene.made);
    twins_free(&scene.twins);
}

START_TEST(a_folder_is_read_once_and_its_files_are_renamed)
{
    read_and_kill(SPOOLDIR "a1.channels.c1.transactionCapacity = 50\n", write_lines);
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
