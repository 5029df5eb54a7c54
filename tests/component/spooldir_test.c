/* SPDX-License-Identifier: Apache-2.0 */

/* The spooldir source: what it reads, in which order, and what becomes of the files. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "await.h"
#include "container.h"
#include "io/file.h"
#include "mortal.h"
#include "spool.h"
#include "suite.h"

static struct spool spool;

static void set_up(void)
{
    spool_init(&spool);
}

static void tear_down(void)
{
    spool_free(&spool);
}

/* For what one test does several times, each time with a folder of its own. */
static void begin_anew(void)
{
    tear_down();
    set_up();
}

static void make_folder(const char *name)
{
    char path[320];

    snprintf(path, sizeof path, "%s/%s", spool.path, name);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void remove_file(const char *name)
{
    char path[320];

    snprintf(path, sizeof path, "%s/%s", spool.path, name);
    ck_assert_int_eq(unlink(path), 0);
}

/* COUNT lines "0", "1" and so on. */
static void put_numbers(const char *name, unsigned count)
{
    char *text = malloc(count * 12 + 1);
    char *to = text;

    ck_assert_ptr_nonnull(text);
    for (unsigned i = 0; i < count; i++)
        to += sprintf(to, "%u\n", i);
    spool_put(&spool, name, text, (size_t)(to - text));
    free(text);
}

/* Pulls COUNT events, which must be the numbers from FIRST on. */
static void expect_numbers(unsigned first, unsigned count)
{
    spool_pull(&spool, count);
    for (unsigned i = 0; i < count; i++) {
        char wanted[16];
        size_t size;
        const char *body = flow_event_body(flow_batch_event(spool.stand.batch, i), &size);
        int digits = snprintf(wanted, sizeof wanted, "%u", first + i);
        ck_assert_msg(size == (size_t)digits && memcmp(body, wanted, size) == 0, "%.*s, not %s",
                      (int)size, body, wanted);
    }
}

START_TEST(reads_and_renames)
{
    spool_text(&spool, "a.log", "one\ntwo\r\n\nfour");
    spool_start(&spool, NULL);
    ck_assert_str_eq(spool_pull(&spool, 4), "one|two\r||four|");
    spool_await_file(&spool, "a.log.COMPLETED");
    ck_assert(!spool_has(&spool, "a.log"));
    ck_assert_uint_eq(flow_event_header_count(flow_batch_event(spool.stand.batch, 0)), 0);
    ck_assert(spool_is_empty(&spool));
}
END_TEST

START_TEST(notices_new_files)
{
    spool_start(&spool, NULL);
    spool_text(&spool, "a", "one\n");
    spool_advance(&spool, 500);
    ck_assert_str_eq(spool_pull(&spool, 1), "one|");
    spool_await_file(&spool, "a.COMPLETED");
}
END_TEST

START_TEST(adds_headers)
{
    char wanted[320];

    spool_text(&spool, "a.log", "one\n");
    spool_start(&spool, SPOOL_SETTINGS("fileHeader", "true", "basenameHeader", "TRUE",
                                       "basenameHeaderKey", "name"));
    spool_pull(&spool, 1);
    snprintf(wanted, sizeof wanted, "%s/a.log", spool.path);
    const flow_event *event = flow_batch_event(spool.stand.batch, 0);
    ck_assert_str_eq(flow_event_header(event, "file", NULL), wanted);
    ck_assert_str_eq(flow_event_header(event, "name", NULL), "a.log");
}
END_TEST

static void expect_order(const char *order, const char *wanted)
{
    spool_text(&spool, "b", "b1\nb2\n");
    spool_text(&spool, "a", "a\n");
    spool_text(&spool, "c", "c\n");
    spool_date(&spool, "b", 1000);
    spool_date(&spool, "a", 2000);
    spool_date(&spool, "c", 1000);
    spool_start(&spool, SPOOL_SETTINGS("consumeOrder", order));
    ck_assert_str_eq(spool_pull(&spool, 4), wanted);
    spool_await(&spool, "FileCompletedCount", 3);
}

START_TEST(keeps_the_order)
{
    expect_order("oldest", "b1|b2|c|a|");
    begin_anew();
    expect_order("youngest", "a|b1|b2|c|");
}
END_TEST

START_TEST(reads_all_in_random_order)
{
    char name[16];

    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "f%d", i);
        spool_text(&spool, name, "x\n");
    }
    spool_start(&spool, SPOOL_SETTINGS("consumeOrder", "random"));
    spool_pull(&spool, 50);
    spool_await(&spool, "FileCompletedCount", 50);
    ck_assert(spool_is_empty(&spool));
}
END_TEST

START_TEST(chooses_by_patterns)
{
    spool_text(&spool, "a.log", "a\n");
    spool_text(&spool, "b.txt", "b\n");
    spool_text(&spool, "c.log", "c\n");
    spool_text(&spool, "xc.log.gz", "d\n");
    spool_text(&spool, ".hidden.log", "e\n");
    spool_text(&spool, "f.log.COMPLETED", "f\n");
    spool_start(&spool,
                SPOOL_SETTINGS("includePattern", "[a-z&&[^x]]\\.log", "ignorePattern", "c.*"));
    ck_assert_str_eq(spool_pull(&spool, 1), "a|");
    spool_await_file(&spool, "a.log.COMPLETED");
    spool_stop(&spool);
    ck_assert(spool_has(&spool, "b.txt") && spool_has(&spool, "c.log"));
}
END_TEST

START_TEST(descends_when_told_to)
{
    make_folder("sub");
    make_folder("sub/deeper");
    make_folder("skipped");
    make_folder(".hidden");
    spool_text(&spool, "sub/deeper/a", "a\n");
    spool_text(&spool, "skipped/b", "b\n");
    spool_text(&spool, ".hidden/c", "c\n");
    spool_start(&spool, SPOOL_SETTINGS("ignorePattern", "skip.*"));
    ck_assert(spool_is_empty(&spool));
    spool_stop(&spool);
    spool_start(&spool, SPOOL_SETTINGS("recursiveDirectorySearch", "true", "ignorePattern",
                                       "skip.*", "basenameHeader", "true"));
    ck_assert_str_eq(spool_pull(&spool, 1), "a|");
    ck_assert_str_eq(flow_event_header(flow_batch_event(spool.stand.batch, 0), "basename", NULL),
                     "a");
    spool_await_file(&spool, "sub/deeper/a.COMPLETED");
    spool_stop(&spool);
    ck_assert(spool_has(&spool, "skipped/b") && spool_has(&spool, ".hidden/c"));
}
END_TEST

START_TEST(deletes_when_told_to)
{
    spool_text(&spool, "a", "a\n");
    spool_start(&spool, SPOOL_SETTINGS("deletePolicy", "immediate"));
    ck_assert_str_eq(spool_pull(&spool, 1), "a|");
    spool_await(&spool, "FileCompletedCount", 1);
    ck_assert(!spool_has(&spool, "a") && !spool_has(&spool, "a.COMPLETED"));
}
END_TEST

START_TEST(marks_in_the_tracker_folder)
{
    static const char *const settings[] = {
        "trackingPolicy",           "tracker_dir", "trackerDir", "state",
        "recursiveDirectorySearch", "true",        NULL};

    make_folder("sub");
    spool_text(&spool, "a", "a\n");
    spool_text(&spool, "sub/b", "b\n");
    spool_date(&spool, "a", 1000);
    spool_start(&spool, settings);
    ck_assert_str_eq(spool_pull(&spool, 2), "a|b|");
    spool_await_file(&spool, "state/a.COMPLETED");
    spool_await_file(&spool, "state/sub/b.COMPLETED");
    spool_stop(&spool);
    ck_assert(spool_has(&spool, "a") && spool_has(&spool, "sub/b"));
    /* Known as done after a restart too; nor are the markers themselves files to read. */
    spool_text(&spool, "z", "z\n");
    spool_start(&spool, settings);
    ck_assert_str_eq(spool_pull(&spool, 1), "z|");
    spool_await_file(&spool, "state/z.COMPLETED");
    ck_assert(spool_is_empty(&spool));
}
END_TEST

START_TEST(makes_an_event_of_an_empty_file)
{
    spool_text(&spool, "a", "");
    spool_start(&spool, SPOOL_SETTINGS("fileHeader", "true"));
    ck_assert_str_eq(spool_pull(&spool, 1), "|");
    ck_assert_ptr_nonnull(flow_event_header(flow_batch_event(spool.stand.batch, 0), "file", NULL));
    spool_await_file(&spool, "a.COMPLETED");
    ck_assert(spool_is_empty(&spool));
}
END_TEST

START_TEST(makes_one_event_of_a_blob)
{
    spool_put(&spool, "a", "ab\ncd\xff\n", 7);
    spool_start(&spool, SPOOL_SETTINGS("deserializer",
                                       "org.apache.flume.sink.solr.morphline.BlobDeserializer"
                                       "$Builder",
                                       "deserializer.maxBlobLength", "5"));
    ck_assert_str_eq(spool_pull(&spool, 2), "ab\ncd|\xff\n|");
    spool_await_file(&spool, "a.COMPLETED");
}
END_TEST

START_TEST(cuts_long_lines)
{
    spool_text(&spool, "a", "abcdefg\nh\n");
    spool_start(&spool, SPOOL_SETTINGS("deserializer.maxLineLength", "3"));
    ck_assert_str_eq(spool_pull(&spool, 4), "abc|def|g|h|");
    spool_await(&spool, "LineCutCount", 2);
    spool_stop(&spool);
    spool_text(&spool, "b", "abcde\n");
    spool_start(&spool, SPOOL_SETTINGS("bufferMaxLineLength", "4"));
    ck_assert_str_eq(spool_pull(&spool, 2), "abcd|e|");
}
END_TEST

START_TEST(converts_character_sets)
{
    spool_put(&spool, "a", "\xff\xfe\xe4\0\n\0b\0", 8);
    spool_start(&spool, SPOOL_SETTINGS("inputCharset", "UTF-16", "deserializer.outputCharset",
                                       "ISO-8859-1"));
    ck_assert_str_eq(spool_pull(&spool, 2), "\xe4|b|");
}
END_TEST

START_TEST(replaces_or_ignores_what_it_cannot_decode)
{
    spool_text(&spool, "a",
               "a\xff"
               "b\n");
    spool_start(&spool, SPOOL_SETTINGS("decodeErrorPolicy", "REPLACE"));
    ck_assert_str_eq(spool_pull(&spool, 1), "a\ufffdb|");
    spool_await_file(&spool, "a.COMPLETED");
    spool_stop(&spool);
    spool_text(&spool, "b",
               "a\xff"
               "b\n");
    spool_start(&spool, SPOOL_SETTINGS("decodeErrorPolicy", "ignore"));
    ck_assert_str_eq(spool_pull(&spool, 1), "ab|");
    spool_await_file(&spool, "b.COMPLETED");
}
END_TEST

START_TEST(sets_aside_what_it_cannot_decode)
{
    spool_text(&spool, "a", "one\ntwo\xff\nthree\n");
    spool_text(&spool, "b", "b\n");
    spool_date(&spool, "a", 1000);
    spool_start(&spool, NULL);
    ck_assert_str_eq(spool_pull(&spool, 2), "one|b|");
    spool_await_file(&spool, "a.undecodable.COMPLETED");
    spool_await_file(&spool, "b.COMPLETED");
    spool_await(&spool, "FileSetAsideCount", 1);
    stand_await_log(&spool.stand, "at byte 4,");
}
END_TEST

START_TEST(numbers_files_whose_names_were_used_before)
{
    spool_text(&spool, "a.COMPLETED", "first\n");
    spool_text(&spool, "a.1.COMPLETED", "second\n");
    spool_text(&spool, "a", "third\n");
    spool_start(&spool, NULL);
    ck_assert_str_eq(spool_pull(&spool, 1), "third|");
    spool_await_file(&spool, "a.2.COMPLETED");
    spool_await(&spool, "FileNameReusedCount", 1);
    stand_await_log(&spool.stand, "was used before");
    ck_assert(spool_has(&spool, "a.COMPLETED") && !spool_has(&spool, "a"));
}
END_TEST

/* Holds the source within a file: the channel around it has room for 10,000 events, and takes as
 * many whole batches as fit. */
static void fill_up(const char *name, const char *const *settings)
{
    int by_seven = settings && strcmp(settings[0], "batchSize") == 0;

    put_numbers(name, 10500);
    spool_date(&spool, name, 1000);
    spool_start(&spool, settings);
    spool_await(&spool, "EventAcceptedCount", by_seven ? 9996 : 10000);
}

START_TEST(sets_aside_a_file_that_grows_while_it_is_read)
{
    char path[320];

    fill_up("a", SPOOL_SETTINGS("deletePolicy", "immediate"));
    snprintf(path, sizeof path, "%s/a", spool.path);
    FILE *file = fopen(path, "a");
    ck_assert_ptr_nonnull(file);
    fputs("10500\n", file);
    fclose(file);
    expect_numbers(0, 10000);
    spool_advance(&spool, 4000);
    expect_numbers(10000, 500);
    /* Neither deleted, although that is the policy, nor read again. */
    spool_await_file(&spool, "a.modified.COMPLETED");
    stand_await_log(&spool.stand, "was modified while it was read");
}
END_TEST

START_TEST(reads_the_file_that_replaces_another)
{
    fill_up("a", NULL);
    spool_text(&spool, "a", "new\n");
    expect_numbers(0, 10000);
    spool_advance(&spool, 4000);
    expect_numbers(10000, 500);
    ck_assert_str_eq(spool_pull(&spool, 1), "new|");
    spool_await_file(&spool, "a.COMPLETED");
}
END_TEST

START_TEST(goes_on_when_a_file_vanishes)
{
    fill_up("a", NULL);
    spool_text(&spool, "b", "b\n");
    remove_file("a");
    expect_numbers(0, 10000);
    spool_advance(&spool, 4000);
    expect_numbers(10000, 500);
    stand_await_log(&spool.stand, "was removed");
    spool_advance(&spool, 500);
    ck_assert_str_eq(spool_pull(&spool, 1), "b|");
}
END_TEST

/* Nothing is lost and nothing comes twice, though the source stops where it is. */
START_TEST(goes_on_within_a_file_after_a_restart)
{
    fill_up("b", SPOOL_SETTINGS("batchSize", "7"));
    int64_t accepted = flow_harness_counter(spool.stand.harness, "EventAcceptedCount");
    spool_stop(&spool);
    spool_text(&spool, "a", "older\n");
    spool_date(&spool, "a", 1);
    spool_start(&spool, SPOOL_SETTINGS("consumeOrder", "youngest"));
    expect_numbers((unsigned)accepted, 10500 - (unsigned)accepted);
    ck_assert_str_eq(spool_pull(&spool, 1), "older|");
    spool_await_file(&spool, "b.COMPLETED");
    spool_stop(&spool);
    AWAIT(!spool_has(&spool, ".flumespool/.flumespool-main.meta"));
}
END_TEST

/* What Flume's Avro writer makes of two transactions and a third that a crash cut short. */
static void put_flume_position(const char *name, int torn)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"TransferStateFileMeta\",\"namespace\":"
        "\"org.apache.flume.serialization\",\"fields\":[{\"name\":\"offset\",\"type\":\"long\"}]}";
    static const char sync[] = "0123456789abcdef";
    struct fl_buf out;
    char path[320];

    snprintf(path, sizeof path, "%s/%s", spool.path, name);
    fl_buf_init(&out, NULL);
    fl_buf_text(&out, "Obj\1");
    fl_avro_put_long(&out, -2); /* two entries, and the size of both */
    fl_avro_put_long(&out, (int64_t)(strlen("avro.schema") + sizeof schema + strlen(path) + 9));
    fl_avro_put_text(&out, "avro.schema");
    fl_avro_put_text(&out, schema);
    fl_avro_put_text(&out, "file");
    fl_avro_put_text(&out, path);
    fl_avro_put_long(&out, 0);
    fl_buf_text(&out, sync);
    for (int64_t offset = 4; offset <= 8; offset += 4) {
        fl_avro_put_long(&out, 1);
        fl_avro_put_long(&out, 1);
        fl_avro_put_long(&out, offset);
        fl_buf_text(&out, sync);
    }
    if (torn)
        fl_buf_text(&out, "\2\2\30"
                          "0123");
    spool_put(&spool, ".flumespool/.flumespool-main.meta", out.data, out.size);
    fl_buf_free(&out);
}

static void expect_to_go_on_from_flume(int torn)
{
    make_folder(".flumespool");
    spool_text(&spool, "a", "one\ntwo\nthree\n");
    put_flume_position("a", torn);
    spool_start(&spool, NULL);
    ck_assert_str_eq(spool_pull(&spool, 1), "three|");
    spool_await_file(&spool, "a.COMPLETED");
    spool_stop(&spool);
    AWAIT(!spool_has(&spool, ".flumespool/.flumespool-main.meta"));
}

START_TEST(goes_on_where_flume_stopped)
{
    expect_to_go_on_from_flume(0);
    begin_anew();
    expect_to_go_on_from_flume(1);
}
END_TEST

/* The other way round: what we write is a container that names the file and holds its position. */
START_TEST(writes_what_flume_reads)
{
    struct fl_buf data;
    struct container container;
    struct fl_avro_block block;
    char path[320];
    size_t size;
    int64_t offset = 0;
    int64_t last = 0;

    fill_up("a", NULL);
    spool_stop(&spool);
    snprintf(path, sizeof path, "%s/.flumespool/.flumespool-main.meta", spool.path);
    fl_buf_init(&data, NULL);
    ck_assert_int_eq(fl_file_load(fl_io_system(), path, 100000, &data, NULL), FLOW_OK);
    ck_assert_int_eq(container_open(&container, data.data, data.size, NULL), FLOW_OK);
    snprintf(path, sizeof path, "%s/a", spool.path);
    const uint8_t *file = fl_avro_reader_meta(container.reader, "file", &size);
    ck_assert_uint_eq(size, strlen(path));
    ck_assert_mem_eq(file, path, size);
    ck_assert_ptr_nonnull(fl_avro_reader_meta(container.reader, "avro.schema", &size));
    while (container_next(&container, &block) > 0) {
        ck_assert_int_eq(block.count, 1); /* a block a transaction, as Flume has it */
        last = offset;
        ck_assert_int_eq(fl_avro_get_long(&block.records, &offset), FLOW_OK);
        ck_assert_int_gt(offset, last);
    }
    ck_assert_int_eq(offset, 48890); /* of 10,000 numbers and newlines */
    container_close(&container);
    fl_buf_free(&data);
}
END_TEST

START_TEST(refuses_a_position_it_cannot_read)
{
    flow_error *err = NULL;

    make_folder(".flumespool");
    spool_text(&spool, ".flumespool/.flumespool-main.meta", "nonsense");
    ck_assert_int_eq(spool_try_start(&spool, NULL, &err), FLOW_EPARSE);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "remove it"));
    flow_error_free(err);
    spool_stop(&spool);
    spool_text(&spool, ".flumespool/.flumespool-main.meta", ""); /* Flume takes that for none */
    spool_start(&spool, NULL);
}
END_TEST

/* Runs the source until it is killed, with nobody to take its events. */
static void run_until_killed(int told)
{
    spool_start(&spool, SPOOL_SETTINGS("batchSize", "7"));
    spool_await(&spool, "EventAcceptedCount", 700);
    ck_assert_int_eq(write(told, "x", 1), 1);
    for (;;)
        pause();
}

/* Whenever it is killed, the position is that of a committed batch. */
START_TEST(survives_being_killed)
{
    for (int round = 0; round < 5; round++) {
        int told[2];
        char byte;
        put_numbers("a", 7000);
        ck_assert_int_eq(pipe(told), 0);
        pid_t child = fork_muted();
        if (child == 0)
            run_until_killed(told[1]);
        ck_assert_int_eq(read(told[0], &byte, 1), 1);
        kill_muted(child);
        close(told[0]);
        close(told[1]);

        if (!spool_has(&spool, "a.COMPLETED")) {
            spool_start(&spool, NULL);
            spool_await_file(&spool, "a.COMPLETED");
            /* The rest, in whole batches; none when only the name had to change. */
            unsigned left = (unsigned)flow_channel_size(flow_harness_channel(spool.stand.harness));
            ck_assert_uint_le(left, 7000 - 693);
            ck_assert_uint_eq(left % 7, 0);
            if (left > 0)
                expect_numbers(7000 - left, left);
        }
        begin_anew();
    }
}
END_TEST

START_TEST(emits_a_batch_again_until_it_is_taken)
{
    spool_start(&spool, SPOOL_SETTINGS("batchSize", "2", "maxBackoff", "300"));
    spool_advance(&spool, 0); /* it has looked at the folder, and waits */
    flow_harness_fail(spool.stand.harness, 3, FLOW_EIO);
    spool_text(&spool, "a", "1\n2\n3\n");
    spool_advance(&spool, 500);
    for (int i = 1; i <= 3; i++) {
        spool_await(&spool, "ChannelWriteFail", i);
        ck_assert(spool_has(&spool, "a"));
        spool_advance(&spool, 300);
    }
    ck_assert_str_eq(spool_pull(&spool, 3), "1|2|3|");
    spool_await_file(&spool, "a.COMPLETED");
    ck_assert(spool_is_empty(&spool));
}
END_TEST

START_TEST(refuses_a_folder_that_is_not_there)
{
    flow_error *err = NULL;

    ck_assert_int_eq(spool_try_start(&spool, SPOOL_SETTINGS("spoolDir", "/nonexistent/x"), &err),
                     FLOW_ENOENT);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "/nonexistent/x"));
    flow_error_free(err);
}
END_TEST

START_TEST(refuses_settings_that_mean_nothing)
{
    static const char *const bad[][2] = {
        {"deletePolicy", "delay"},    {"consumeOrder", "newest"}, {"includePattern", "["},
        {"inputCharset", "nonsense"}, {"batchSize", "0"},         {"deserializer", "XML"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        flow_error *err = NULL;
        int rc = spool_try_start(&spool, SPOOL_SETTINGS(bad[i][0], bad[i][1]), &err);
        ck_assert_msg(rc == FLOW_ECONFIG, "%s = %s: %d", bad[i][0], bad[i][1], rc);
        flow_error_free(err);
        begin_anew();
    }
}
END_TEST

START_TEST(leaves_no_trace_of_its_check)
{
    char command[160];

    spool_start(&spool, NULL);
    snprintf(command, sizeof command, "test \"$(ls %s)\" = \"\"", spool.path);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"reads and renames", reads_and_renames},
        {"notices new files", notices_new_files},
        {"adds headers", adds_headers},
        {"keeps the order", keeps_the_order},
        {"reads all in random order", reads_all_in_random_order},
        {"chooses by patterns", chooses_by_patterns},
        {"descends when told to", descends_when_told_to},
        {"deletes when told to", deletes_when_told_to},
        {"marks in the tracker folder", marks_in_the_tracker_folder},
        {"makes an event of an empty file", makes_an_event_of_an_empty_file},
        {"makes one event of a blob", makes_one_event_of_a_blob},
        {"cuts long lines", cuts_long_lines},
        {"converts character sets", converts_character_sets},
        {"replaces or ignores", replaces_or_ignores_what_it_cannot_decode},
        {"sets aside what it cannot decode", sets_aside_what_it_cannot_decode},
        {"numbers names that were used", numbers_files_whose_names_were_used_before},
        {"sets aside a file that grows", sets_aside_a_file_that_grows_while_it_is_read},
        {"reads the file that replaces another", reads_the_file_that_replaces_another},
        {"goes on when a file vanishes", goes_on_when_a_file_vanishes},
        {"goes on after a restart", goes_on_within_a_file_after_a_restart},
        {"goes on where flume stopped", goes_on_where_flume_stopped},
        {"writes what flume reads", writes_what_flume_reads},
        {"refuses a position it cannot read", refuses_a_position_it_cannot_read},
        {"survives being killed", survives_being_killed},
        {"emits a batch again", emits_a_batch_again_until_it_is_taken},
        {"refuses a folder that is not there", refuses_a_folder_that_is_not_there},
        {"refuses settings that mean nothing", refuses_settings_that_mean_nothing},
        {"leaves no trace of its check", leaves_no_trace_of_its_check},
    };
    return RUN_SUITE_BETWEEN("spooldir", tests, set_up, tear_down);
}
