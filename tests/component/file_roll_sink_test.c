/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/library.h"
#include "folder.h"
#include "stand.h"
#include "suite.h"

#define NOW_MS 1700000000123
#define SERIES "1700000000123"

struct fixture {
    struct folder folder;
    struct stand stand;
};

/* SETTINGS as in stand_init, besides the folder. */
static void set_up(struct fixture *f, const char *const *settings)
{
    folder_init(&f->folder);
    stand_init(&f->stand, FLOW_KIND_SINK, "file_roll", FLOW_LOG_WARN, settings);
    flow_harness_set(f->stand.harness, "sink.directory", f->folder.path, NULL);
    flow_harness_set_time(f->stand.harness, NOW_MS);
}

static void start(struct fixture *f, const char *const *settings)
{
    set_up(f, settings);
    stand_start(&f->stand);
}

static void tear_down(struct fixture *f)
{
    stand_free(&f->stand);
    folder_free(&f->folder);
}

static void check_file(const struct fixture *f, const char *name, const char *expected)
{
    char *text = folder_read(&f->folder, name, NULL);

    ck_assert_str_eq(text, expected);
    free(text);
}

static void check_names(struct fixture *f, size_t count, const char *const *expected)
{
    folder_list(&f->folder);
    ck_assert_uint_eq(f->folder.count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_str_eq(f->folder.names[i], expected[i]);
}

START_TEST(events_are_lines_of_a_file)
{
    static const char *const names[] = {SERIES "-1"};
    struct fixture f;
    start(&f, NULL);

    stand_push(&f.stand, "one");
    stand_push(&f.stand, "two");
    stand_run(&f.stand);
    check_names(&f, 1, names);
    check_file(&f, SERIES "-1", "one\ntwo\n"); /* before it is closed */
    stand_push(&f.stand, "three");
    stand_run(&f.stand);
    check_file(&f, SERIES "-1", "one\ntwo\nthree\n");
    tear_down(&f);
}
END_TEST

START_TEST(a_new_file_begins_when_the_time_is_over)
{
    static const char *const settings[] = {"sink.rollInterval", "2", NULL};
    static const char *const names[] = {SERIES "-1", SERIES "-2"};
    struct fixture f;
    start(&f, settings);

    stand_push(&f.stand, "one");
    stand_run(&f.stand);
    flow_harness_advance(f.stand.harness, 1999, NULL);
    stand_push(&f.stand, "two");
    stand_run(&f.stand);
    flow_harness_advance(f.stand.harness, 1, NULL);
    ck_assert_int_eq(flow_harness_counter(f.stand.harness, "ConnectionClosedCount"), 1);
    stand_push(&f.stand, "three");
    stand_run(&f.stand);
    check_names(&f, 2, names);
    check_file(&f, SERIES "-1", "one\ntwo\n");
    check_file(&f, SERIES "-2", "three\n");
    tear_down(&f);
}
END_TEST

START_TEST(no_file_is_empty)
{
    static const char *const names[] = {SERIES "-1"};
    struct fixture f;
    start(&f, NULL);

    check_names(&f, 0, NULL);
    stand_run(&f.stand); /* finds nothing */
    check_names(&f, 0, NULL);
    stand_push(&f.stand, "one");
    stand_run(&f.stand);
    for (int i = 0; i < 10; i++) {
        flow_harness_advance(f.stand.harness, 30000, NULL);
        stand_run(&f.stand);
    }
    check_names(&f, 1, names);
    ck_assert_int_eq(flow_harness_counter(f.stand.harness, "ConnectionCreatedCount"), 1);
    tear_down(&f);
}
END_TEST

START_TEST(an_interval_of_0_keeps_one_file)
{
    static const char *const settings[] = {"sink.rollInterval", "0", NULL};
    static const char *const names[] = {SERIES "-1"};
    struct fixture f;
    start(&f, settings);

    for (int i = 0; i < 3; i++) {
        stand_push(&f.stand, "x");
        stand_run(&f.stand);
        flow_harness_advance(f.stand.harness, 1000000, NULL);
    }
    check_names(&f, 1, names);
    check_file(&f, SERIES "-1", "x\nx\nx\n");
    tear_down(&f);
}
END_TEST

START_TEST(names_have_prefix_and_extension)
{
    static const char *const settings[] = {"sink.pathManager.prefix", "log-",
                                           "sink.pathManager.extension", "txt", NULL};
    static const char *const names[] = {"log-" SERIES "-1.txt"};
    struct fixture f;
    start(&f, settings);

    stand_push(&f.stand, "x");
    stand_run(&f.stand);
    check_names(&f, 1, names);
    tear_down(&f);
}
END_TEST

START_TEST(names_can_be_local_times)
{
    static const char *const settings[] = {
        "sink.pathManager", "org.apache.flume.formatter.output.RollTimePathManager$Builder",
        "sink.rollInterval", "1", NULL};
    static const char *const names[] = {"20231114221320-1", "20231114221321-1"};
    struct fixture f;
    setenv("TZ", "Etc/GMT", 1); /* this process is the test's own */
    start(&f, settings);

    for (int i = 0; i < 2; i++) {
        stand_push(&f.stand, "x");
        stand_run(&f.stand);
        flow_harness_advance(f.stand.harness, 1000, NULL);
    }
    check_names(&f, 2, names);
    tear_down(&f);
}
END_TEST

START_TEST(a_file_that_exists_is_left_alone)
{
    struct fixture f;
    start(&f, NULL);

    folder_write(&f.folder, SERIES "-1", "somebody else's");
    stand_push(&f.stand, "mine");
    stand_run(&f.stand);
    check_file(&f, SERIES "-1", "somebody else's");
    check_file(&f, SERIES "-2", "mine\n");
    tear_down(&f);
}
END_TEST

START_TEST(the_serializer_decides_what_is_written)
{
    static const char *const settings[] = {"sink.serializer", "HEADER_AND_TEXT",
                                           "sink.serializer.appendNewline", "false", NULL};
    struct fixture f;
    start(&f, settings);

    stand_push(&f.stand, "x");
    stand_run(&f.stand);
    check_file(&f, SERIES "-1", "{} x");
    tear_down(&f);
}
END_TEST

START_TEST(every_file_is_whole_in_itself)
{
    static const char *const settings[] = {"sink.serializer", "AVRO_EVENT", NULL};
    struct fixture f;
    start(&f, settings);

    for (int i = 0; i < 2; i++) {
        stand_push(&f.stand, "x");
        stand_run(&f.stand);
        flow_harness_advance(f.stand.harness, 30000, NULL);
    }
    folder_list(&f.folder);
    ck_assert_uint_eq(f.folder.count, 2);
    for (size_t i = 0; i < 2; i++) {
        char *bytes = folder_read(&f.folder, f.folder.names[i], NULL);
        ck_assert_mem_eq(bytes, "Obj\x01", 4);
        free(bytes);
    }
    tear_down(&f);
}
END_TEST

START_TEST(a_folder_that_is_missing_fails_the_start)
{
    static const char *const settings[] = {"sink.directory", "/no/such/folder", NULL};
    struct stand stand;
    flow_error *err = NULL;
    stand_init(&stand, FLOW_KIND_SINK, "file_roll", FLOW_LOG_OFF, settings);

    ck_assert_int_lt(flow_harness_start(stand.harness, &err), 0);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "/no/such/folder"));
    flow_error_free(err);
    stand_free(&stand);
}
END_TEST

START_TEST(the_folder_must_be_given)
{
    struct stand stand;
    stand_init(&stand, FLOW_KIND_SINK, "org.apache.flume.sink.RollingFileSink", FLOW_LOG_OFF, NULL);

    ck_assert_int_eq(flow_harness_start(stand.harness, NULL), FLOW_ECONFIG);
    stand_free(&stand);
}
END_TEST

/* A disk that has room for so many bytes more. */
static struct {
    int64_t room;
    int truncate_fails;
} disk;

static int64_t write_to_disk(void *self, int fd, const void *data, size_t size)
{
    if (disk.room == 0)
        return -ENOSPC;
    if ((int64_t)size > disk.room)
        size = (size_t)disk.room;
    int64_t done = write(fd, data, size);
    disk.room -= done;
    return done;
}

static int truncate_on_disk(void *self, int fd, int64_t size)
{
    if (disk.truncate_fails)
        return -EIO;
    return ftruncate(fd, size) < 0 ? -errno : 0;
}

/* Puts the sink of a fixture on a disk with ROOM bytes. */
static void use_disk(struct fixture *f, struct fl_io *io, int64_t room)
{
    *io = *fl_io_system();
    io->write = write_to_disk;
    io->ftruncate = truncate_on_disk;
    f->stand.lib->io = io;
    disk.room = room;
    disk.truncate_fails = 0;
}

static void run_into(struct fixture *f, const char *why)
{
    flow_error *err = NULL;

    ck_assert_int_lt(flow_harness_run(f->stand.harness, &err), 0);
    ck_assert_msg(strstr(flow_error_message(err), why) != NULL, "%s", flow_error_message(err));
    flow_error_free(err);
}

START_TEST(a_full_disk_loses_nothing_and_writes_nothing_twice)
{
    struct fixture f;
    struct fl_io io;
    start(&f, NULL);
    use_disk(&f, &io, 6);

    stand_push(&f.stand, "one");
    stand_run(&f.stand);
    stand_push(&f.stand, "two");
    run_into(&f, "No space left on device"); /* after half a batch was written */
    check_file(&f, SERIES "-1", "one\n");
    run_into(&f, "No space left on device");
    ck_assert_uint_eq(flow_channel_size(flow_harness_channel(f.stand.harness)), 1);
    ck_assert_int_eq(flow_harness_counter(f.stand.harness, "EventWriteFail"), 2);

    disk.room = 1000;
    stand_push(&f.stand, "three");
    stand_run(&f.stand);
    folder_list(&f.folder);
    ck_assert_uint_eq(f.folder.count, 2); /* the attempts in between left no empty files */
    check_file(&f, f.folder.names[0], "one\n");
    check_file(&f, f.folder.names[1], "two\nthree\n");
    ck_assert_uint_eq(f.stand.count, 0);
    tear_down(&f);
}
END_TEST

START_TEST(a_batch_that_cannot_be_cut_off_is_reported)
{
    struct fixture f;
    struct fl_io io;
    start(&f, NULL);
    use_disk(&f, &io, 2);

    disk.truncate_fails = 1;
    stand_push(&f.stand, "one");
    run_into(&f, "No space left on device");
    ck_assert_uint_eq(f.stand.count, 1);
    ck_assert_ptr_nonnull(strstr(f.stand.messages[0], "cannot undo a failed write"));
    tear_down(&f);
}
END_TEST

START_TEST(stop_closes_the_file)
{
    struct fixture f;
    start(&f, NULL);

    stand_push(&f.stand, "one");
    stand_run(&f.stand);
    ck_assert_int_eq(flow_harness_stop(f.stand.harness, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_counter(f.stand.harness, "ConnectionClosedCount"), 1);
    check_file(&f, SERIES "-1", "one\n");
    tear_down(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"lines", events_are_lines_of_a_file},
        {"roll", a_new_file_begins_when_the_time_is_over},
        {"no empty files", no_file_is_empty},
        {"no interval", an_interval_of_0_keeps_one_file},
        {"names", names_have_prefix_and_extension},
        {"local times", names_can_be_local_times},
        {"existing file", a_file_that_exists_is_left_alone},
        {"serializer", the_serializer_decides_what_is_written},
        {"whole files", every_file_is_whole_in_itself},
        {"no folder", a_folder_that_is_missing_fails_the_start},
        {"folder unset", the_folder_must_be_given},
        {"full disk", a_full_disk_loses_nothing_and_writes_nothing_twice},
        {"no truncation", a_batch_that_cannot_be_cut_off_is_reported},
        {"stop", stop_closes_the_file},
    };

    return RUN_SUITE("component/file_roll_sink", tests);
}
