/* SPDX-License-Identifier: Apache-2.0 */

/* What file_roll writes from a file channel is there once, whenever the process is killed. */

#include "container.h"
#include "sink_kill.h"
#include "suite.h"

#define RUN_MS 3000 /* of each test, about */
#define ROUNDS_MIN 16

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
        {"avro_containers_are_whole", avro_containers_are_whole},
    };

    return RUN_SUITE("file_roll_kill", tests);
}
