/* SPDX-License-Identifier: Apache-2.0 */

/* What the hdfs sink writes to a local folder from a file channel is there once, and can be read,
 * whenever the process is killed. */

#include <stdlib.h>
#include <string.h>

#include "hdfs_rig.h"
#include "sink_kill.h"
#include "suite.h"
#include "unpack.h"

#define RUN_MS 2000 /* of each test, about */
#define ROUNDS_MIN 12

#define HDFS                                                                                       \
    "type = hdfs_here", "hdfs.path = file://%s", "hdfs.rollSize = 0", "hdfs.inUsePrefix = _",      \
        "hdfs.batchSize = 97"

START_TEST(lines_are_there_once)
{
    static const char *const lines[] = {HDFS, "hdfs.fileType = DataStream", "hdfs.rollInterval = 1",
                                        "hdfs.rollCount = 1000", NULL};
    struct sink_kill kill = {
        .lines = lines, .most = 200, .read = sink_kill_lines, .prepare = hdfs_rig_register};

    sink_kill_run(&kill, RUN_MS, ROUNDS_MIN);
}
END_TEST

/* The names end in what the bytes are packed with. */
static void read_packed(struct sink_kill *kill, const char *name, const char *data, size_t size)
{
    const char *format = strstr(name, ".gz") ? "gzip" : "snappy";
    struct fl_buf text;

    fl_buf_init(&text, NULL);
    unpack(format, data, size, &text);
    sink_kill_lines(kill, name, (const char *)text.data, text.size);
    fl_buf_free(&text);
}

static void kill_packed(const char *const *lines)
{
    struct sink_kill kill = {
        .lines = lines, .most = 200, .read = read_packed, .prepare = hdfs_rig_register};

    sink_kill_run(&kill, RUN_MS, ROUNDS_MIN);
}

START_TEST(gzip_streams_are_whole)
{
    static const char *const lines[] = {HDFS, "hdfs.fileType = CompressedStream",
                                        "hdfs.codeC = gzip", "hdfs.rollCount = 5000", NULL};

    kill_packed(lines);
}
END_TEST

START_TEST(blocks_of_snappy_are_whole)
{
    static const char *const lines[] = {HDFS, "hdfs.fileType = CompressedStream",
                                        "hdfs.codeC = snappy", "hdfs.rollCount = 0", NULL};

    if (can_unpack("snappy"))
        kill_packed(lines);
}
END_TEST

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Records behind the front, which ends with the marker that stands between some of them. */
static void read_records(struct sink_kill *kill, const char *name, const char *data, size_t size)
{
    static const char writable[] = "org.apache.hadoop.io.BytesWritable";
    const uint8_t *at = memmem(data, size, writable, strlen(writable));
    const uint8_t *end = (const uint8_t *)data + size;

    ck_assert_ptr_nonnull(at);
    at += strlen(writable) + 2 + 4; /* no compression, no metadata */
    const uint8_t *marker = at;
    at += 16;
    while (at < end) {
        ck_assert_msg(end - at >= 20, "%s ends within a record", name);
        if (be32(at) == UINT32_MAX) {
            ck_assert_int_eq(memcmp(at + 4, marker, 16), 0);
            at += 20;
            continue;
        }
        uint32_t length = be32(at), key = be32(at + 4), value = be32(at + 8 + key);
        ck_assert_uint_eq(length, key + 4 + value);
        ck_assert_msg((size_t)(end - at) >= 8 + length, "%s ends within a record", name);
        sink_kill_number(kill, name, (const char *)at + 8 + key + 4, value);
        at += 8 + length;
    }
}

START_TEST(sequence_files_are_whole)
{
    static const char *const lines[] = {HDFS, "hdfs.fileType = SequenceFile",
                                        "hdfs.rollInterval = 1", "hdfs.rollCount = 0", NULL};
    struct sink_kill kill = {
        .lines = lines, .most = 200, .read = read_records, .prepare = hdfs_rig_register};

    sink_kill_run(&kill, RUN_MS, ROUNDS_MIN);
}
END_TEST

static const char *const in_steps[] = {HDFS, "hdfs.fileType = CompressedStream",
                                       "hdfs.codeC = gzip", "hdfs.rollCount = 7", NULL};

static void kill_steps(int in_half)
{
    struct sink_kill kill = {
        .lines = in_steps, .most = 10, .read = read_packed, .prepare = hdfs_rig_register};

    sink_kill_steps(&kill, in_half);
}

START_TEST(each_step_can_be_the_last)
{
    kill_steps(0);
}
END_TEST

START_TEST(each_write_can_be_the_last)
{
    kill_steps(1);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"lines_are_there_once", lines_are_there_once},
        {"gzip_streams_are_whole", gzip_streams_are_whole},
        {"blocks_of_snappy_are_whole", blocks_of_snappy_are_whole},
        {"sequence_files_are_whole", sequence_files_are_whole},
        {"each_step_can_be_the_last", each_step_can_be_the_last},
        {"each_write_can_be_the_last", each_write_can_be_the_last},
    };

    return RUN_SUITE("hdfs_kill", tests);
}
