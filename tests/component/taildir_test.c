/* SPDX-License-Identifier: Apache-2.0 */

/* The taildir source: which files it follows, where lines end, and every property. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/library.h"
#include "io/file.h"
#include "suite.h"
#include "tail.h"

static struct tail tail;

static void set_up(void)
{
    tail_init(&tail);
}

static void tear_down(void)
{
    tail_free(&tail);
}

static void date_file(const char *name, int64_t seconds)
{
    char path[256];
    struct timespec times[2] = {{.tv_sec = (time_t)seconds}, {.tv_sec = (time_t)seconds}};

    tail_path(path, &tail, name);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(follows_a_file)
{
    tail_append(&tail, "a.log", "one\ntwo\r\n\nthree\rthree\r\r\n\r\n");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "one|two||three\rthree\r||");
    ck_assert_uint_eq(flow_event_header_count(flow_batch_event(tail.stand.batch, 0)), 0);
    ck_assert_str_eq(tail_read(&tail), "");
    tail_append(&tail, "a.log", "four\n");
    ck_assert_str_eq(tail_read(&tail), "four|");
    tail_append(&tail, "b.log", "five\n");
    ck_assert_str_eq(tail_read(&tail), "five|");
    ck_assert_uint_eq(tail.stand.count, 0);
}
END_TEST

START_TEST(waits_for_the_end_of_a_line)
{
    tail_append(&tail, "a.log", "one\nt");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_append(&tail, "a.log", "wo\r");
    ck_assert_str_eq(tail_read(&tail), "");
    tail_append(&tail, "a.log", "\nthr");
    ck_assert_str_eq(tail_read(&tail), "two|");
}
END_TEST

START_TEST(takes_bytes_as_they_are)
{
    tail_append(&tail, "a.log", "\xff\xfe\x80\n");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "\xff\xfe\x80|");
}
END_TEST

START_TEST(answers_whether_there_was_something)
{
    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, NULL);
    ck_assert_int_eq(tail_look(&tail), FLOW_READY);
    ck_assert_int_eq(tail_look(&tail), FLOW_BACKOFF);
}
END_TEST

START_TEST(chooses_by_whole_names)
{
    char path[256];

    tail_append(&tail, "a.log", "a\n");
    tail_append(&tail, "a.log.gz", "b\n");
    tail_append(&tail, ".c.log", "c\n");
    tail_path(path, &tail, "folder.log");
    ck_assert_int_eq(mkdir(path, 0700), 0);
    tail_path(path, &tail, "pipe.log");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    date_file("a.log", 1000);
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "a|c|");
    ck_assert_uint_eq(tail.stand.count, 0);
}
END_TEST

START_TEST(reads_the_oldest_first)
{
    tail_append(&tail, "c.log", "c\n");
    tail_append(&tail, "a.log", "a\n");
    tail_append(&tail, "b.log", "b\n");
    date_file("a.log", 2000);
    date_file("b.log", 1000);
    date_file("c.log", 1000);
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "b|c|a|");
}
END_TEST

START_TEST(adds_headers_of_groups)
{
    char x[256];
    char y[256];
    char wanted[256];

    tail_path(x, &tail, "/x.*");
    tail_path(y, &tail, "y[0-9&&[^5]]/");
    tail_append(&tail, "x1", "one\nthree\r\nten\n");
    tail_append(&tail, "y1", "1\n");
    tail_append(&tail, "y5", "5\n");
    tail_start(&tail, TAIL_SETTINGS("filegroups", "gx  gy", "filegroups.gx", x, "filegroups.gy", y,
                                    "headers.gx.kind", "ex", "headers.gx.more.dots", "2",
                                    "headers.gy.kind", "why", "fileHeader", "true", "fileHeaderKey",
                                    "path", "byteOffsetHeader", "TRUE"));
    ck_assert_str_eq(tail_read(&tail), "one|three|ten|1|");
    tail_path(wanted, &tail, "x1");
    ck_assert_str_eq(tail_header(&tail, 0, "path"), wanted);
    ck_assert_str_eq(tail_header(&tail, 0, "kind"), "ex");
    ck_assert_str_eq(tail_header(&tail, 1, "more.dots"), "2");
    ck_assert_str_eq(tail_header(&tail, 0, "byteoffset"), "0");
    ck_assert_str_eq(tail_header(&tail, 1, "byteoffset"), "4");
    ck_assert_str_eq(tail_header(&tail, 2, "byteoffset"), "11");
    ck_assert_str_eq(tail_header(&tail, 3, "kind"), "why");
    ck_assert_uint_eq(flow_event_header_count(flow_batch_event(tail.stand.batch, 3)), 3);
    ck_assert_uint_eq(tail_logged(&tail, "filegroups.g "), 1); /* of the fixture, not listed */
}
END_TEST

START_TEST(names_its_header_file_unless_told)
{
    char wanted[256];

    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, TAIL_SETTINGS("fileHeader", "true"));
    tail_read(&tail);
    tail_path(wanted, &tail, "a.log");
    ck_assert_str_eq(tail_header(&tail, 0, "file"), wanted);
}
END_TEST

START_TEST(skips_to_the_end_at_the_start_only)
{
    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, TAIL_SETTINGS("skipToEnd", "true"));
    tail_append(&tail, "a.log", "two\n");
    tail_append(&tail, "b.log", "three\n");
    date_file("a.log", 1000);
    ck_assert_str_eq(tail_read(&tail), "two|three|");
    tail_stop(&tail);
    /* What has a position goes on there. */
    tail_append(&tail, "a.log", "four\n");
    tail_append(&tail, "c.log", "five\n");
    tail_start(&tail, TAIL_SETTINGS("skipToEnd", "true"));
    ck_assert_str_eq(tail_read(&tail), "four|");
}
END_TEST

/* COUNT lines "0", "1" and so on. */
static void append_numbers(const char *name, unsigned count)
{
    char *text = malloc(count * 12 + 1);
    char *to = text;

    ck_assert_ptr_nonnull(text);
    for (unsigned i = 0; i < count; i++)
        to += sprintf(to, "%u\n", i);
    tail_append(&tail, name, text);
    free(text);
}

START_TEST(commits_in_batches)
{
    append_numbers("a.log", 10);
    tail_start(&tail, TAIL_SETTINGS("batchSize", "4"));
    ck_assert_str_eq(tail_read(&tail), "0|1|2|3|4|5|6|7|8|9|");
    ck_assert_int_eq(tail_count(&tail, "AppendBatchAcceptedCount"), 3);
    ck_assert_int_eq(tail_count(&tail, "EventAcceptedCount"), 10);
}
END_TEST

START_TEST(gives_other_files_their_turn)
{
    append_numbers("a.log", 10);
    tail_append(&tail, "b.log", "b\n");
    date_file("a.log", 1000);
    tail_start(&tail, TAIL_SETTINGS("batchSize", "2", "maxBatchCount", "2"));
    ck_assert_str_eq(tail_read(&tail), "0|1|2|3|b|");
    ck_assert_int_eq(tail_look(&tail), FLOW_READY);
    ck_assert_str_eq(tail_read(&tail), "4|5|6|7|8|9|");
    ck_assert_int_eq(tail_look(&tail), FLOW_BACKOFF);
    tail_stop(&tail);
    append_numbers("c.log", 300);
    tail_start(&tail, TAIL_SETTINGS("maxBatchCount", "-1")); /* as without any, like Flume */
    tail_read(&tail);
    ck_assert_uint_eq(flow_batch_count(tail.stand.batch), 300);
}
END_TEST

START_TEST(reads_more_than_one_block)
{
    enum { COUNT = 100000 };
    unsigned seen = 0;

    append_numbers("a.log", COUNT);
    tail_start(&tail, TAIL_SETTINGS("batchSize", "1000", "maxBatchCount", "10"));
    while (seen < COUNT) {
        tail_read(&tail);
        size_t count = flow_batch_count(tail.stand.batch);
        ck_assert_uint_gt(count, 0);
        for (size_t i = 0; i < count; i++, seen++) {
            char wanted[16];
            size_t size;
            const char *body = flow_event_body(flow_batch_event(tail.stand.batch, i), &size);
            int digits = snprintf(wanted, sizeof wanted, "%u", seen);
            ck_assert_msg(size == (size_t)digits && memcmp(body, wanted, size) == 0, "%.*s, not %s",
                          (int)size, body, wanted);
        }
    }
    ck_assert_str_eq(tail_read(&tail), "");
}
END_TEST

START_TEST(cuts_lines_that_are_too_long)
{
    enum { SIZE = (16 << 20) + 10 };
    char *text = malloc(SIZE + 2);
    size_t size;

    memset(text, 'x', SIZE);
    memcpy(text + (16 << 20) - 1, "\u00e4", 2); /* across the limit */
    strcpy(text + SIZE, "\n");
    tail_append(&tail, "a.log", text);
    tail_append(&tail, "a.log", "y\n");
    tail_start(&tail, NULL);
    tail_read(&tail);
    ck_assert_uint_eq(flow_batch_count(tail.stand.batch), 3);
    (void)flow_event_body(flow_batch_event(tail.stand.batch, 0), &size);
    ck_assert_uint_eq(size, (16 << 20) - 1);
    const void *rest = flow_event_body(flow_batch_event(tail.stand.batch, 1), &size);
    ck_assert_uint_eq(size, 11);
    ck_assert_mem_eq(rest, text + (16 << 20) - 1, 11);
    ck_assert_int_eq(tail_count(&tail, "LineCutCount"), 1);
    free(text);
}
END_TEST

START_TEST(closes_idle_files_with_their_last_line)
{
    tail_append(&tail, "a.log", "one\ntwo\r");
    tail_start(&tail, TAIL_SETTINGS("idleTimeout", "1000"));
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_advance(&tail, 900);
    tail_append(&tail, "a.log", "+");
    ck_assert_str_eq(tail_read(&tail), "");
    tail_advance(&tail, 1000);
    ck_assert_str_eq(tail_read(&tail), "");
    tail_advance(&tail, 1);
    ck_assert_str_eq(tail_read(&tail), "two\r+|");
    tail_advance(&tail, 5000);
    ck_assert_str_eq(tail_read(&tail), "");
    tail_append(&tail, "a.log", "more\n");
    ck_assert_str_eq(tail_read(&tail), "more|");
}
END_TEST

/* However many there are: of files that nobody writes to any more few are open at a time. */
START_TEST(closes_old_files_at_once)
{
    char name[16];

    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        tail_append(&tail, name, "x\ny");
        date_file(name, 1000);
    }
    struct rlimit kept;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &kept), 0);
    const struct rlimit few = {.rlim_cur = 60, .rlim_max = kept.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    tail_start(&tail, TAIL_SETTINGS("idleTimeout", "5000"));
    flow_harness_set_time(tail.stand.harness, 1006000);
    tail_read(&tail);
    ck_assert_uint_eq(flow_batch_count(tail.stand.batch), 600);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &kept), 0);
    tail_append(&tail, "7.log", "+\n");
    ck_assert_str_eq(tail_read(&tail), "+|");
    ck_assert_uint_eq(tail.stand.count, 0);
}
END_TEST

/* Counts how often folders are listed, and opens fail with `open_fault` for names with "bad". */
static struct {
    unsigned lists;
    int list_fault;
    int read_fault;
    int write_fault;
} disk;

static int list_on_disk(void *self, const char *path, int (*each)(void *arg, const char *name),
                        void *arg)
{
    disk.lists++;
    return disk.list_fault != 0 ? disk.list_fault : fl_io_system()->list(self, path, each, arg);
}

static int64_t pread_on_disk(void *self, int fd, void *data, size_t size, int64_t offset)
{
    return disk.read_fault != 0 ? disk.read_fault
                                : fl_io_system()->pread(self, fd, data, size, offset);
}

static int64_t write_on_disk(void *self, int fd, const void *data, size_t size)
{
    return disk.write_fault != 0 ? disk.write_fault : fl_io_system()->write(self, fd, data, size);
}

static struct fl_io faulty;

/* Starts the source on a disk that fails as `disk` says. */
static void start_on_disk(const char *const *settings)
{
    char group[256];
    char positions[128];

    memset(&disk, 0, sizeof disk);
    faulty = *fl_io_system();
    faulty.list = list_on_disk;
    faulty.pread = pread_on_disk;
    faulty.write = write_on_disk;
    tail_path(group, &tail, ".*\\.log");
    snprintf(positions, sizeof positions, "%s/state/p.json", tail.path);
    stand_init(&tail.stand, FLOW_KIND_SOURCE, "taildir", FLOW_LOG_WARN,
               TAIL_SETTINGS("filegroups", "g", "filegroups.g", group, "positionFile", positions));
    stand_set(&tail.stand, settings);
    tail.stand.lib->io = &faulty;
    stand_start(&tail.stand);
}

START_TEST(lists_a_folder_when_it_changed)
{
    tail_append(&tail, "a.log", "one\n");
    start_on_disk(NULL);
    flow_harness_set_time(tail.stand.harness, INT64_C(4000000000000)); /* long after */
    tail_look(&tail);
    unsigned before = disk.lists;
    tail_look(&tail);
    tail_append(&tail, "a.log", "two\n");
    ck_assert_str_eq(tail_read(&tail), "one|two|");
    ck_assert_uint_eq(disk.lists, before);
    tail_append(&tail, "b.log", "three\n");
    ck_assert_str_eq(tail_read(&tail), "three|");
    ck_assert_uint_eq(disk.lists, before + 1);
    tail_stop(&tail);
    start_on_disk(TAIL_SETTINGS("cachePatternMatching", "false"));
    flow_harness_set_time(tail.stand.harness, INT64_C(4000000000000));
    before = disk.lists;
    tail_look(&tail);
    tail_look(&tail);
    ck_assert_uint_eq(disk.lists, before + 2);
}
END_TEST

START_TEST(lists_again_while_a_change_could_be_missed)
{
    tail_append(&tail, "a.log", "one\n");
    start_on_disk(NULL); /* the false clock is before the folder's time */
    unsigned before = disk.lists;
    tail_look(&tail);
    tail_look(&tail);
    ck_assert_uint_eq(disk.lists, before + 2);
}
END_TEST

START_TEST(goes_on_when_a_folder_cannot_be_read_for_a_while)
{
    tail_append(&tail, "a.log", "one\n");
    start_on_disk(TAIL_SETTINGS("idleTimeout", "1000"));
    tail_look(&tail);
    disk.list_fault = -EIO;
    tail_advance(&tail, 2000);
    tail_append(&tail, "a.log", "two\n");
    tail_look(&tail);
    tail_look(&tail);
    ck_assert_uint_eq(tail_logged(&tail, "cannot look at"), 1);
    disk.list_fault = 0;
    ck_assert_str_eq(tail_read(&tail), "one|two|");
}
END_TEST

START_TEST(goes_on_when_a_file_cannot_be_read_for_a_while)
{
    tail_append(&tail, "a.log", "one\n");
    start_on_disk(NULL);
    disk.read_fault = -EIO;
    tail_look(&tail);
    tail_look(&tail);
    ck_assert_uint_eq(tail_logged(&tail, "a.log"), 1);
    ck_assert_int_eq(tail_count(&tail, "EventReadFail"), 1);
    disk.read_fault = 0;
    ck_assert_str_eq(tail_read(&tail), "one|");
}
END_TEST

START_TEST(says_that_positions_are_not_kept)
{
    tail_append(&tail, "a.log", "one\n");
    start_on_disk(NULL);
    disk.write_fault = -ENOSPC;
    tail_advance(&tail, 3000);
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_advance(&tail, 3000);
    tail_look(&tail);
    ck_assert_uint_eq(tail_logged(&tail, "positions are not kept"), 1);
    ck_assert_int_eq(tail_count(&tail, "PositionWriteFail"), 2);
    disk.write_fault = 0;
    tail_advance(&tail, 3000);
    tail_look(&tail);
    ck_assert_ptr_nonnull(strstr(tail_positions(&tail), "\"pos\":4,"));
}
END_TEST

START_TEST(tells_of_an_unreadable_file_once_and_reads_the_others)
{
    char path[256];

    if (geteuid() == 0)
        return; /* may read everything; a file that fails is tested above */
    tail_append(&tail, "a.log", "one\n");
    tail_append(&tail, "b.log", "two\n");
    tail_path(path, &tail, "a.log");
    ck_assert_int_eq(chmod(path, 0), 0);
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "two|");
    tail_look(&tail);
    ck_assert_uint_eq(tail_logged(&tail, "a.log"), 1);
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_str_eq(tail_read(&tail), "one|");
}
END_TEST

START_TEST(emits_a_batch_again_until_it_is_taken)
{
    append_numbers("a.log", 5);
    tail_start(&tail, TAIL_SETTINGS("batchSize", "2"));
    flow_harness_fail(tail.stand.harness, 2, FLOW_EFULL);
    ck_assert_int_eq(flow_harness_run(tail.stand.harness, NULL), FLOW_EFULL);
    tail_append(&tail, "a.log", "5\n");
    tail_remove(&tail, "a.log"); /* nor is it lost with its file */
    ck_assert_int_eq(flow_harness_run(tail.stand.harness, NULL), FLOW_EFULL);
    ck_assert_str_eq(tail_read(&tail), "0|1|2|3|4|5|");
}
END_TEST

START_TEST(does_not_follow_its_own_positions)
{
    char group[256];
    char positions[256];

    tail_path(group, &tail, ".*");
    tail_path(positions, &tail, "p.json");
    tail_append(&tail, "a", "one\n");
    tail_start(&tail, TAIL_SETTINGS("filegroups.g", group, "positionFile", positions));
    tail_advance(&tail, 3000);
    ck_assert_str_eq(tail_read(&tail), "one|");
    ck_assert_str_eq(tail_read(&tail), "");
    ck_assert_ptr_nonnull(strstr(tail_positions(&tail), "")); /* both are there by now */
    ck_assert_int_gt((int)tail_inode(&tail, "p.json.ids"), 0);
}
END_TEST

START_TEST(needs_its_folders_at_the_start)
{
    flow_error *err = NULL;

    int rc = tail_try_start(&tail, TAIL_SETTINGS("filegroups.g", "/no/such/folder/x.*"), &err);
    ck_assert_int_eq(rc, FLOW_ENOENT);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "/no/such/folder"));
    flow_error_free(err);
}
END_TEST

START_TEST(refuses_settings_that_mean_nothing)
{
    static const char *const bad[][3] = {
        {"filegroups", "h", "filegroups"},     {"filegroups.g", "name", "filegroups.g"},
        {"filegroups.g", "/", "filegroups.g"}, {"filegroups.g", "/tmp/[", "filegroups.g"},
        {"headers.g", "x", "headers.g"},       {"batchSize", "0", "batchSize"},
        {"idleTimeout", "-1", "idleTimeout"},  {"writePosInterval", "0", "writePosInterval"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        flow_error *err = NULL;
        int rc = tail_try_start(&tail, TAIL_SETTINGS(bad[i][0], bad[i][1]), &err);
        ck_assert_msg(rc == FLOW_ECONFIG, "%s = %s: %d", bad[i][0], bad[i][1], rc);
        ck_assert_msg(strstr(flow_error_message(err), bad[i][2]) != NULL, "%s",
                      flow_error_message(err));
        flow_error_free(err);
        tail_stop(&tail);
    }
}
END_TEST

START_TEST(warns_of_what_has_no_effect)
{
    tail_start(&tail,
               TAIL_SETTINGS("filegroups", "g h", "headers.x.y", "z", "filegroups.i", "/x/y"));
    ck_assert_uint_eq(tail_logged(&tail, "filegroups.h"), 1);
    ck_assert_uint_eq(tail_logged(&tail, "headers.x.y"), 1);
    ck_assert_uint_eq(tail_logged(&tail, "filegroups.i"), 1);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"follows a file", follows_a_file},
        {"waits for the end of a line", waits_for_the_end_of_a_line},
        {"takes bytes as they are", takes_bytes_as_they_are},
        {"answers whether there was something", answers_whether_there_was_something},
        {"chooses by whole names", chooses_by_whole_names},
        {"reads the oldest first", reads_the_oldest_first},
        {"adds headers of groups", adds_headers_of_groups},
        {"names its header file", names_its_header_file_unless_told},
        {"skips to the end", skips_to_the_end_at_the_start_only},
        {"commits in batches", commits_in_batches},
        {"gives other files their turn", gives_other_files_their_turn},
        {"reads more than one block", reads_more_than_one_block},
        {"cuts lines that are too long", cuts_lines_that_are_too_long},
        {"closes idle files", closes_idle_files_with_their_last_line},
        {"closes old files at once", closes_old_files_at_once},
        {"lists a folder when it changed", lists_a_folder_when_it_changed},
        {"lists again while unsure", lists_again_while_a_change_could_be_missed},
        {"folder cannot be read", goes_on_when_a_folder_cannot_be_read_for_a_while},
        {"file cannot be read", goes_on_when_a_file_cannot_be_read_for_a_while},
        {"says that positions are not kept", says_that_positions_are_not_kept},
        {"tells of an unreadable file", tells_of_an_unreadable_file_once_and_reads_the_others},
        {"emits a batch again", emits_a_batch_again_until_it_is_taken},
        {"does not follow its own positions", does_not_follow_its_own_positions},
        {"needs its folders", needs_its_folders_at_the_start},
        {"refuses settings that mean nothing", refuses_settings_that_mean_nothing},
        {"warns of what has no effect", warns_of_what_has_no_effect},
    };
    return RUN_SUITE_BETWEEN("taildir", tests, set_up, tear_down);
}
