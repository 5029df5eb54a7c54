/* SPDX-License-Identifier: Apache-2.0 */

/* The spooldir source reading Avro containers: events, places, and files that are broken. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "await.h"
#include "codec/avro_file.h"
#include "container.h"
#include "io/file.h"
#include "mortal.h"
#include "spool.h"
#include "suite.h"

#define AVRO "deserializer", "AVRO"
#define META ".flumespool/.flumespool-main.meta"

/* "string" by Avro's CRC-64-AVRO, the lowest byte first. */
#define STRING_HASH "c70345637248018f"

static const uint8_t marker[FL_AVRO_SYNC_SIZE] = "0123456789abcdef";

/* Adds a container of COUNT numbers, as texts, BLOCK bytes of them a block. */
static void make_numbers(struct fl_buf *out, const char *codec, unsigned count, size_t block)
{
    const struct fl_avro_writer_options options = {
        .codec = codec, .sync_interval = block, .sync = marker};
    struct fl_avro_writer *writer;

    ck_assert_int_eq(fl_avro_writer_new(NULL, &options, &writer, NULL), FLOW_OK);
    fl_avro_writer_begin(writer, "\"string\"", 8, out, NULL);
    for (unsigned i = 0; i < count; i++) {
        char datum[16];
        int size = sprintf(datum + 1, "%u", i);
        datum[0] = (char)(2 * size);
        fl_avro_writer_datum(writer, datum, (size_t)size + 1, out, NULL);
    }
    fl_avro_writer_flush(writer, out, NULL);
    fl_avro_writer_free(writer);
}

static void put_numbers(struct spool *spool, const char *name, unsigned count, size_t block)
{
    struct fl_buf out;

    fl_buf_init(&out, NULL);
    make_numbers(&out, "deflate", count, block);
    spool_put(spool, name, out.data, out.size);
    spool_date(spool, name, 1000);
    fl_buf_free(&out);
}

/* Pulls COUNT events, which must be the numbers from FIRST on. */
static void expect_numbers(struct spool *spool, unsigned first, unsigned count)
{
    spool_pull(spool, count);
    for (unsigned i = 0; i < count; i++) {
        char wanted[16];
        size_t size;
        const char *body = flow_event_body(flow_batch_event(spool->stand.batch, i), &size);
        int digits = sprintf(wanted + 1, "%u", first + i);
        wanted[0] = (char)(2 * digits);
        ck_assert_msg(size == (size_t)digits + 1 && memcmp(body, wanted, size) == 0, "%.*s, not %s",
                      (int)size, body, wanted);
    }
}

static void check_header(const struct spool *spool, size_t index, const char *name,
                         const char *expected)
{
    const char *value = flow_event_header(flow_batch_event(spool->stand.batch, index), name, NULL);

    ck_assert_pstr_eq(value, expected);
}

START_TEST(an_event_is_made_of_each_record)
{
    struct spool spool;

    spool_init(&spool);
    put_numbers(&spool, "a.avro", 1000, 100);
    spool_start(&spool, SPOOL_SETTINGS("deserializer",
                                       "org.apache.flume.serialization.AvroEventDeserializer"
                                       "$Builder",
                                       "basenameHeader", "true"));
    expect_numbers(&spool, 0, 1000);
    for (size_t i = 0; i < 1000; i++) {
        check_header(&spool, i, "flume.avro.schema.hash", STRING_HASH);
        check_header(&spool, i, "flume.avro.schema.literal", NULL);
        check_header(&spool, i, "basename", "a.avro");
    }
    spool_await_file(&spool, "a.avro.COMPLETED");
    ck_assert(spool_is_empty(&spool));
    spool_free(&spool);
}
END_TEST

START_TEST(the_schema_itself_can_be_the_header)
{
    struct spool spool;

    spool_init(&spool);
    put_numbers(&spool, "a", 1, 100);
    spool_start(&spool, SPOOL_SETTINGS(AVRO, "deserializer.schemaType", "literal"));
    expect_numbers(&spool, 0, 1);
    check_header(&spool, 0, "flume.avro.schema.literal", "\"string\"");
    check_header(&spool, 0, "flume.avro.schema.hash", NULL);
    spool_free(&spool);
}
END_TEST

static void expect_all_of_codec(const char *codec)
{
    struct spool spool;
    struct fl_buf out;

    spool_init(&spool);
    fl_buf_init(&out, NULL);
    make_numbers(&out, codec, 3000, 5000);
    spool_put(&spool, "a", out.data, out.size);
    spool_start(&spool, SPOOL_SETTINGS(AVRO));
    expect_numbers(&spool, 0, 3000);
    spool_await_file(&spool, "a.COMPLETED");
    fl_buf_free(&out);
    spool_free(&spool);
}

START_TEST(every_codec_is_read)
{
    expect_all_of_codec("null");
    expect_all_of_codec("deflate");
    expect_all_of_codec("zstandard");
#if FL_WITH_BZIP2
    expect_all_of_codec("bzip2");
#endif
#if FL_WITH_SNAPPY
    expect_all_of_codec("snappy");
#endif
}
END_TEST

/* Each file has a schema of its own. */
START_TEST(headers_are_those_of_the_file)
{
    struct spool spool;
    struct fl_buf out;
    char path[512];

    spool_init(&spool);
    fl_buf_init(&out, NULL);
    snprintf(path, sizeof path, "%s/avro/null.avro", TEST_DATA);
    ck_assert_int_eq(fl_file_load(fl_io_system(), path, 100000, &out, NULL), FLOW_OK);
    put_numbers(&spool, "a", 2, 100);
    spool_put(&spool, "b", out.data, out.size);
    spool_start(&spool, SPOOL_SETTINGS(AVRO));
    spool_pull(&spool, 62);
    check_header(&spool, 1, "flume.avro.schema.hash", STRING_HASH);
    check_header(&spool, 2, "flume.avro.schema.hash", "8457199584c87691"); /* by Flume itself */
    spool_await_file(&spool, "b.COMPLETED");
    fl_buf_free(&out);
    spool_free(&spool);
}
END_TEST

/* As Flume has it: an event without a body, even of a container without records. */
START_TEST(a_container_without_records_is_an_empty_event)
{
    struct spool spool;

    spool_init(&spool);
    put_numbers(&spool, "a", 0, 100);
    spool_start(&spool, SPOOL_SETTINGS(AVRO, "basenameHeader", "true"));
    ck_assert_str_eq(spool_pull(&spool, 1), "|");
    check_header(&spool, 0, "basename", "a");
    check_header(&spool, 0, "flume.avro.schema.hash", NULL);
    spool_await_file(&spool, "a.COMPLETED");
    ck_assert(spool_is_empty(&spool));
    spool_free(&spool);
}
END_TEST

/* Holds the source within a file: a channel of 10,000 events takes whole batches of seven. */
static unsigned fill_up(struct spool *spool, size_t block)
{
    put_numbers(spool, "a", 10500, block);
    spool_start(spool, SPOOL_SETTINGS(AVRO, "batchSize", "7"));
    spool_await(spool, "EventAcceptedCount", 9996);
    return (unsigned)flow_harness_counter(spool->stand.harness, "EventAcceptedCount");
}

static void expect_to_go_on(size_t block)
{
    struct spool spool;

    spool_init(&spool);
    unsigned accepted = fill_up(&spool, block);
    spool_stop(&spool);
    spool_start(&spool, SPOOL_SETTINGS(AVRO));
    expect_numbers(&spool, accepted, 10500 - accepted);
    spool_await_file(&spool, "a.COMPLETED");
    ck_assert(spool_is_empty(&spool));
    AWAIT(!spool_has(&spool, META)); /* removed behind the renaming */
    spool_free(&spool);
}

/* Nothing is lost and nothing comes twice, wherever in a block the source stops. */
START_TEST(a_restart_goes_on_behind_the_last_record)
{
    expect_to_go_on(1);      /* a block a record */
    expect_to_go_on(1000);   /* some batches a block */
    expect_to_go_on(100000); /* all in one */
}
END_TEST

static void load_meta(const struct spool *spool, struct fl_buf *out)
{
    char path[320];

    snprintf(path, sizeof path, "%s/" META, spool->path);
    ck_assert_int_eq(fl_file_load(fl_io_system(), path, 1000000, out, NULL), FLOW_OK);
}

/* The position is what Flume remembers, the marker before a block, and a number beside it that
 * Flume passes over, since its own schema does not have it. */
START_TEST(the_position_is_the_marker_of_a_block)
{
    struct spool spool;
    struct container container;
    struct fl_avro_block block;
    struct fl_buf meta;
    struct fl_buf file;
    char path[320];
    size_t size;
    int64_t offset = 0;
    int64_t records = 0;

    spool_init(&spool);
    unsigned left = fill_up(&spool, 1000);
    spool_stop(&spool);
    fl_buf_init(&meta, NULL);
    fl_buf_init(&file, NULL);
    load_meta(&spool, &meta);
    snprintf(path, sizeof path, "%s/a", spool.path);
    ck_assert_int_eq(fl_file_load(fl_io_system(), path, 1000000, &file, NULL), FLOW_OK);
    ck_assert_int_eq(container_open(&container, meta.data, meta.size, NULL), FLOW_OK);
    const uint8_t *schema = fl_avro_reader_meta(container.reader, "avro.schema", &size);
    ck_assert_ptr_nonnull(memmem(schema, size, "TransferStateFileMeta", 21));
    while (container_next(&container, &block) > 0) {
        ck_assert_int_eq(fl_avro_get_long(&block.records, &offset), FLOW_OK);
        ck_assert_int_eq(fl_avro_get_long(&block.records, &records), FLOW_OK);
        ck_assert_ptr_eq(block.records.at, block.records.end);
        ck_assert_mem_eq(file.data + offset, marker, sizeof marker);
    }
    container_close(&container);

    /* All records before the marker, and that number behind it, are those that were accepted. */
    ck_assert_int_eq(container_open(&container, file.data, file.size, NULL), FLOW_OK);
    while (container.rest.offset < offset) {
        ck_assert_int_gt(container_next(&container, &block), 0);
        left -= (unsigned)block.count;
    }
    ck_assert_uint_eq(left, records);
    container_close(&container);
    fl_buf_free(&meta);
    fl_buf_free(&file);
    spool_free(&spool);
}
END_TEST

/* Puts a position where Flume, or LINE before, could have left it. */
static void put_position(struct spool *spool, const char *name, int64_t offset)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"TransferStateFileMeta\",\"namespace\":"
        "\"org.apache.flume.serialization\",\"fields\":[{\"name\":\"offset\",\"type\":\"long\"}]}";
    struct fl_buf out;
    struct fl_buf datum;
    char path[320];

    snprintf(path, sizeof path, "%s/.flumespool", spool->path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/%s", spool->path, name);
    fl_buf_init(&out, NULL);
    fl_buf_init(&datum, NULL);
    fl_buf_text(&out, "Obj\1");
    fl_avro_put_long(&out, 2);
    fl_avro_put_text(&out, "avro.schema");
    fl_avro_put_text(&out, schema);
    fl_avro_put_text(&out, "file");
    fl_avro_put_text(&out, path);
    fl_avro_put_long(&out, 0);
    fl_buf_append(&out, marker, sizeof marker);
    fl_avro_put_long(&datum, offset);
    fl_avro_put_long(&out, 1);
    fl_avro_put_bytes(&out, datum.data, datum.size);
    fl_buf_append(&out, marker, sizeof marker);
    spool_put(spool, META, out.data, out.size);
    fl_buf_free(&datum);
    fl_buf_free(&out);
}

START_TEST(reading_goes_on_where_flume_stopped)
{
    struct spool spool;
    struct fl_buf out;

    spool_init(&spool);
    fl_buf_init(&out, NULL);
    make_numbers(&out, "null", 10, 6); /* three of one digit a block */
    spool_put(&spool, "a", out.data, out.size);
    const uint8_t *first = memmem(out.data, out.size, marker, sizeof marker);
    const uint8_t *rest = first + sizeof marker;
    const uint8_t *second =
        memmem(rest, out.size - (size_t)(rest - out.data), marker, sizeof marker);
    put_position(&spool, "a", second - out.data);
    spool_start(&spool, SPOOL_SETTINGS(AVRO));
    expect_numbers(&spool, 3, 7);
    spool_await_file(&spool, "a.COMPLETED");
    fl_buf_free(&out);
    spool_free(&spool);
}
END_TEST

static void expect_all_despite(int64_t offset, const char *message)
{
    struct spool spool;

    spool_init(&spool);
    put_numbers(&spool, "a", 100, 50);
    put_position(&spool, "a", offset);
    spool_start(&spool, SPOOL_SETTINGS(AVRO));
    expect_numbers(&spool, 0, 100);
    if (message)
        stand_await_log(&spool.stand, message);
    spool_await_file(&spool, "a.COMPLETED");
    spool_free(&spool);
}

/* Rather all of it than a part of what is perhaps another file. */
START_TEST(a_position_that_cannot_be_this_files_is_not_used)
{
    expect_all_despite(0, NULL);
    expect_all_despite(200, "has no Avro block where what was committed of it ends");
    expect_all_despite(1000000, "is shorter than what was committed of it");
}
END_TEST

static void run_until_killed(struct spool *spool, int told)
{
    spool_start(spool, SPOOL_SETTINGS(AVRO, "batchSize", "7"));
    spool_await(spool, "EventAcceptedCount", 700);
    ck_assert_int_eq(write(told, "x", 1), 1);
    for (;;)
        pause();
}

/* Whenever it is killed, the position is that of a committed batch. */
START_TEST(a_kill_costs_nothing_but_its_last_batch)
{
    for (int round = 0; round < 3; round++) {
        struct spool spool;
        int told[2];
        char byte;
        spool_init(&spool);
        put_numbers(&spool, "a", 7000, 1000);
        ck_assert_int_eq(pipe(told), 0);
        pid_t child = fork_muted();
        if (child == 0)
            run_until_killed(&spool, told[1]);
        ck_assert_int_eq(read(told[0], &byte, 1), 1);
        kill_muted(child);
        close(told[0]);
        close(told[1]);
        if (!spool_has(&spool, "a.COMPLETED")) {
            spool_start(&spool, SPOOL_SETTINGS(AVRO));
            spool_await_file(&spool, "a.COMPLETED");
            unsigned left = (unsigned)flow_channel_size(flow_harness_channel(spool.stand.harness));
            ck_assert_uint_le(left, 7000 - 693);
            ck_assert_uint_eq(left % 7, 0);
            if (left > 0)
                expect_numbers(&spool, 7000 - left, left);
        }
        spool_free(&spool);
    }
}
END_TEST

/* What is in front of the fault is delivered, the file is moved out of the way, and the next one is
 * read. */
static void expect_aside(const void *data, size_t size, unsigned count, const char *message)
{
    struct spool spool;

    spool_init(&spool);
    spool_put(&spool, "a", data, size);
    spool_date(&spool, "a", 1);
    put_numbers(&spool, "b", 2, 100);
    spool_start(&spool, SPOOL_SETTINGS(AVRO));
    if (count > 0)
        expect_numbers(&spool, 0, count);
    expect_numbers(&spool, 0, 2);
    spool_await_file(&spool, "a.undecodable.COMPLETED");
    spool_await_file(&spool, "b.COMPLETED");
    spool_await(&spool, "FileSetAsideCount", 1);
    spool_await(&spool, "EventReadFail", 1);
    stand_await_log(&spool.stand, spool.path);
    stand_await_log(&spool.stand, message);
    spool_free(&spool);
}

START_TEST(a_broken_file_is_set_aside)
{
    struct fl_buf out;
    char message[80];

    fl_buf_init(&out, NULL);
    make_numbers(&out, "null", 9, 6);
    expect_aside("", 0, 0, "not an Avro file");
    expect_aside("one\ntwo\n", 8, 0, "not an Avro file");
    expect_aside(out.data, 20, 0, "a bad header at byte 18");
    snprintf(message, sizeof message, "a block cut short at byte %zu", out.size - 17);
    expect_aside(out.data, out.size - 17, 6, message);
    out.data[out.size - 1] ^= 1;
    snprintf(message, sizeof message, "a wrong marker at byte %zu", out.size - sizeof marker);
    expect_aside(out.data, out.size, 6, message);
    out.data[out.size - 1] ^= 1;
    out.data[out.size - sizeof marker - 2] = 100; /* the size of the last text */
    expect_aside(out.data, out.size, 8, "no record of the schema behind 2 records of the block");
    fl_buf_free(&out);
}
END_TEST

/* Somebody is still at it, so that is what its new name says. */
START_TEST(a_file_that_is_still_being_written_is_told_apart)
{
    struct spool spool;
    struct fl_buf out;
    char path[320];

    spool_init(&spool);
    fl_buf_init(&out, NULL);
    make_numbers(&out, "null", 10500, 1); /* a block a record */
    spool_put(&spool, "a", out.data, out.size - 5);
    spool_date(&spool, "a", 1000);
    spool_start(&spool, SPOOL_SETTINGS(AVRO));
    spool_await(&spool, "EventAcceptedCount", 10000);
    snprintf(path, sizeof path, "%s/a", spool.path);
    FILE *file = fopen(path, "a");
    ck_assert_ptr_nonnull(file);
    fwrite(out.data + out.size - 5, 1, 5, file);
    fclose(file);
    expect_numbers(&spool, 0, 10000);
    spool_advance(&spool, 4000);
    expect_numbers(&spool, 10000, 499);
    spool_await_file(&spool, "a.modified.COMPLETED");
    snprintf(path, sizeof path, "a block cut short at byte %zu", out.size - FL_AVRO_SYNC_SIZE);
    stand_await_log(&spool.stand, path);
    stand_await_log(&spool.stand, "was modified while it was read");
    fl_buf_free(&out);
    spool_free(&spool);
}
END_TEST

/* Another libflow, or this one on another day, may be able to read it. */
START_TEST(a_file_of_an_unknown_codec_is_left_alone)
{
    static const char file[] = "Obj\1\4\26avro.schema\12\"int\"\24avro.codec\4xz\0"
                               "0123456789abcdef";
    struct spool spool;

    spool_init(&spool);
    spool_put(&spool, "a", file, sizeof file - 1);
    spool_date(&spool, "a", 1);
    put_numbers(&spool, "b", 2, 100);
    spool_start(&spool, SPOOL_SETTINGS(AVRO));
    expect_numbers(&spool, 0, 2);
    stand_await_log(&spool.stand, "cannot read the Avro codec 'xz'");
    ck_assert(spool_has(&spool, "a"));
    spool_free(&spool);
}
END_TEST

START_TEST(settings_that_mean_nothing_are_refused)
{
    struct spool spool;
    flow_error *err = NULL;

    spool_init(&spool);
    int rc = spool_try_start(&spool, SPOOL_SETTINGS(AVRO, "deserializer.schemaType", "URL"), &err);
    ck_assert_int_eq(rc, FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "deserializer.schemaType"));
    flow_error_free(err);
    spool_free(&spool);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"records", an_event_is_made_of_each_record},
        {"literal", the_schema_itself_can_be_the_header},
        {"codecs", every_codec_is_read},
        {"headers", headers_are_those_of_the_file},
        {"no records", a_container_without_records_is_an_empty_event},
        {"restart", a_restart_goes_on_behind_the_last_record},
        {"position", the_position_is_the_marker_of_a_block},
        {"flume's position", reading_goes_on_where_flume_stopped},
        {"wrong position", a_position_that_cannot_be_this_files_is_not_used},
        {"kill", a_kill_costs_nothing_but_its_last_batch},
        {"broken", a_broken_file_is_set_aside},
        {"being written", a_file_that_is_still_being_written_is_told_apart},
        {"unknown codec", a_file_of_an_unknown_codec_is_left_alone},
        {"settings", settings_that_mean_nothing_are_refused},
    };
    return RUN_SUITE("component/spooldir_avro", tests);
}
