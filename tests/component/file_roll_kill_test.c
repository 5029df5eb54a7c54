/* SPDX-License-Identifier: Apache-2.0 */

/* What file_roll writes from a file channel is there once, whenever the process is killed. */

#include <stdio.h>

#include "container.h"
#include "sink_kill.h"
#include "suite.h"

#define RUN_MS 2000 /* of each test, about */
#define ROUNDS_MIN 12

START_TEST(lines_are_there_once)
{
    static const char *const lines[] = {"type = file_roll", "sink.directory = %s",
                                        "sink.rollInterval = 1", "sink.batchSize = 97", NULL};
    struct sink_kill kill = {.lines = lines, .most = 200, .read = sink_kill_lines};

    sink_kill_run(&kill, RUN_MS, ROUNDS_MIN);
}
END_TEST

/* Small events: a body and no headers, so each length has one byte. */
static void read_records(struct sink_kill *kill, const char *name,
                         const struct fl_avro_block *block)
{
    const uint8_t *at = block->records.at;

    for (int64_t i = 0; i < block->count; i++) {
        ck_assert_uint_eq(*at++, 0);
        size_t size = *at++ / 2;
        sink_kill_number(kill, name, (const char *)at, size);
        at += size;
    }
    ck_assert_ptr_eq(at, block->records.end);
}

/* An empty one was just made by a process that was killed. */
static void read_avro(struct sink_kill *kill, const char *name, const char *data, size_t size)
{
    struct container container;
    struct fl_avro_block block;
    int rc;

    if (size == 0)
        return;
    ck_assert_int_eq(container_open(&container, data, size, NULL), FLOW_OK);
    while ((rc = container_next(&container, &block)) > 0)
        read_records(kill, name, &block);
    ck_assert_msg(rc == 0, "%s is damaged", name);
    container_close(&container);
}

START_TEST(avro_containers_are_whole)
{
    static const char *const lines[] = {"type = file_roll",
                                        "sink.directory = %s",
                                        "sink.rollInterval = 1",
                                        "sink.batchSize = 1000",
                                        "sink.serializer = AVRO_EVENT",
                                        "sink.serializer.compressionCodec = deflate",
                                        "sink.serializer.syncIntervalBytes = 1000",
                                        "sink.fsyncPerTransaction = true",
                                        NULL};
    struct sink_kill kill = {.lines = lines, .most = 1000, .read = read_avro};

    sink_kill_run(&kill, RUN_MS, ROUNDS_MIN);
}
END_TEST

/* ---- from file to file ---- */

static void write_numbers(struct sink_kill *kill, FILE *file, unsigned count)
{
    ck_assert_ptr_nonnull(file);
    for (; count > 0; count--)
        fprintf(file, "%u\n", kill->made++);
    ck_assert_int_eq(fclose(file), 0);
}

static void add_file(struct sink_kill *kill, const char *folder, unsigned count)
{
    char beside[160], path[160];

    snprintf(beside, sizeof beside, "%s/../beside", folder);
    snprintf(path, sizeof path, "%s/%010u", folder, kill->made);
    write_numbers(kill, fopen(beside, "w"), count);
    ck_assert_int_eq(rename(beside, path), 0);
}

static void grow_file(struct sink_kill *kill, const char *folder, unsigned count)
{
    char path[160];

    snprintf(path, sizeof path, "%s/log", folder);
    write_numbers(kill, fopen(path, "a"), count);
}

static void kill_from_files(const char *source, void (*feed)(struct sink_kill *kill,
                                                             const char *folder, unsigned count))
{
    static const char *const lines[] = {"type = file_roll", "sink.directory = %s",
                                        "sink.batchSize = 97", NULL};
    struct sink_kill kill = {
        .lines = lines, .source = source, .feed = feed, .read = sink_kill_lines};

    sink_kill_run(&kill, RUN_MS, ROUNDS_MIN);
}

START_TEST(a_spool_folder_is_written_once)
{
    kill_from_files("a1.sources.r1.type = spooldir\n"
                    "a1.sources.r1.pollDelay = 10\n"
                    "a1.sources.r1.spoolDir = %s\n",
                    add_file);
}
END_TEST

START_TEST(a_growing_file_is_written_once)
{
    kill_from_files("a1.sources.r1.type = taildir\n"
                    "a1.sources.r1.filegroups = g\n"
                    "a1.sources.r1.filegroups.g = %s/log\n"
                    "a1.sources.r1.positionFile = %s/../positions.json\n",
                    grow_file);
}
END_TEST

static const char *const in_steps[] = {"type = file_roll", "sink.directory = %s",
                                       "sink.serializer = AVRO_EVENT", NULL};

START_TEST(each_step_can_be_the_last)
{
    struct sink_kill kill = {.lines = in_steps, .most = 10, .read = read_avro};

    sink_kill_steps(&kill, 0);
}
END_TEST

START_TEST(each_write_can_be_the_last)
{
    struct sink_kill kill = {.lines = in_steps, .most = 10, .read = read_avro};

    sink_kill_steps(&kill, 1);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"each_step_can_be_the_last", each_step_can_be_the_last},
        {"each_write_can_be_the_last", each_write_can_be_the_last},
        {"lines_are_there_once", lines_are_there_once},
        {"a_spool_folder_is_written_once", a_spool_folder_is_written_once},
        {"a_growing_file_is_written_once", a_growing_file_is_written_once},
        {"avro_containers_are_whole", avro_containers_are_whole},
    };

    return RUN_SUITE("file_roll_kill", tests);
}
