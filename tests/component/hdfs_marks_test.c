/* SPDX-License-Identifier: Apache-2.0 */

/* What the hdfs sink does to its files by the marks that its channel has. */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "hdfs_rig.h"
#include "places.h"
#include "rig.h"
#include "spoil.h"
#include "suite.h"

#define PIPELINE                                                                                   \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sinks = k1\n"                                                                              \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.channels.c1.type = file\n"                                                                 \
    "a1.channels.c1.checkpointDir = %s\n"                                                          \
    "a1.channels.c1.dataDirs = %s\n"                                                               \
    "a1.channels.c1.minimumRequiredSpace = 1048576\n"                                              \
    "a1.sinks.k1.type = hdfs_here\n"                                                               \
    "a1.sinks.k1.channel = c1\n"                                                                   \
    "a1.sinks.k1.hdfs.path = file://%s\n"                                                          \
    "a1.sinks.k1.hdfs.fileType = DataStream\n"                                                     \
    "a1.sinks.k1.hdfs.rollInterval = 0\n"                                                          \
    "a1.sinks.k1.hdfs.rollSize = 0\n"                                                              \
    "a1.sinks.k1.hdfs.batchSize = 4\n"                                                             \
    "%s"

static struct places places;
static struct folder folder;
static struct rig rig;

static void up(int false_clock, const char *more)
{
    char text[2048];

    snprintf(text, sizeof text, PIPELINE, places.control, places.data, folder.path, more);
    rig_init(&rig, false_clock);
    hdfs_rig_register(rig.lib);
    rig_build(&rig, text);
    spoil(rig_channel(&rig, "c1"));
    rig_start(&rig);
}

static void set_up(void)
{
    places_init(&places, 1);
    folder_init(&folder);
}

static void tear_down(void)
{
    rig_free(&rig);
    folder_free(&folder);
    places_free(&places);
}

/* The lines of all files, sorted; each file name ends as it has to. */
static void expect_lines(unsigned count)
{
    char have[1024] = "", wanted[1024] = "";

    folder_list(&folder);
    for (size_t i = 0; i < folder.count; i++) {
        char *text = folder_read(&folder, folder.names[i], NULL);
        strcat(have, text);
        free(text);
        ck_assert_msg(!strstr(folder.names[i], ".tmp"), "%s is left", folder.names[i]);
    }
    for (unsigned i = 0; i < count; i++)
        sprintf(wanted + strlen(wanted), "%u\n", i);
    ck_assert_str_eq(have, wanted);
}

/* Transactions of two files each: where a commit fails, both are cut. */
static void fail_a_commit(const char *more)
{
    up(1, more);
    rig_push(&rig, 0, 4);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 4);
    spoil_next();
    rig_push(&rig, 4, 12);
    rig_await(&rig, "k1", "EventWriteFail", 1);
    rig_tick_until(&rig, "k1", "EventDrainSuccessCount", 16);
    rig_stop(&rig);
    expect_lines(16);
    tear_down();
}

START_TEST(what_could_not_be_committed_is_cut_off)
{
    fail_a_commit("a1.sinks.k1.hdfs.rollCount = 0\n");
}
END_TEST

START_TEST(what_could_not_be_committed_is_cut_off_of_all_its_files)
{
    fail_a_commit("a1.sinks.k1.hdfs.rollCount = 3\n");
}
END_TEST

static void deliver_and_die(const struct places *unused)
{
    (void)unused;
    up(0, "a1.sinks.k1.hdfs.rollCount = 0\n"
          "a1.sinks.k1.hdfs.fileSuffix = .txt\n"
          "a1.sinks.k1.hdfs.inUsePrefix = _\n");
    rig_push(&rig, 0, 4);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 4);
}

static void add_text(const char *name, const char *text)
{
    char path[200];

    snprintf(path, sizeof path, "%s/%s", folder.path, name);
    FILE *file = fopen(path, "a");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* By other names than those that it has now, and next to another's. */
START_TEST(a_file_of_an_earlier_run_is_cut_and_gets_the_name_it_was_to_have)
{
    char other[64];

    places_dies(&places, deliver_and_die);
    folder_list(&folder);
    ck_assert_uint_eq(folder.count, 1);
    char *name = strdup(folder.names[0]);
    ck_assert_ptr_eq(strstr(name, "_FlumeData."), name);
    ck_assert_ptr_nonnull(strstr(name, ".txt."));
    add_text(name, "4\n5\n");
    snprintf(other, sizeof other, "%s", name);
    other[strlen(other) - 6] ^= 1; /* of what was chosen by chance */
    add_text(other, "of another\n");
    up(0, "a1.sinks.k1.hdfs.inUseSuffix = .open\n"
          "a1.sinks.k1.hdfs.fileSuffix = .log\n");
    rig_await_log(&rig, ".txt: 8 bytes");
    rig_free(&rig);
    folder_list(&folder);
    ck_assert_uint_eq(folder.count, 2);
    char *text = folder_read(&folder, folder.names[0], NULL); /* "F" is before "_" */
    ck_assert_str_eq(text, "0\n1\n2\n3\n");
    ck_assert_str_eq(folder.names[0] + strlen(folder.names[0]) - 4, ".txt");
    free(text);
    text = folder_read(&folder, other, NULL);
    ck_assert_str_eq(text, "of another\n");
    free(text);
    free(name);
    folder_free(&folder);
    places_free(&places);
}
END_TEST

START_TEST(a_file_that_has_lost_something_is_told_and_finished)
{
    char path[160];

    places_dies(&places, deliver_and_die);
    folder_list(&folder);
    snprintf(path, sizeof path, "%s/%s", folder.path, folder.names[0]);
    ck_assert_int_eq(truncate(path, 6), 0);
    up(0, "");
    rig_await_log(&rig, "has 6 bytes, but 8 were delivered to it: the rest is lost");
    rig_await_log(&rig, ".txt: 6 bytes");
    expect_lines(3);
    tear_down();
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"what_could_not_be_committed_is_cut_off", what_could_not_be_committed_is_cut_off},
        {"what_could_not_be_committed_is_cut_off_of_all_its_files",
         what_could_not_be_committed_is_cut_off_of_all_its_files},
        {"a_file_of_an_earlier_run_is_cut_and_gets_the_name_it_was_to_have",
         a_file_of_an_earlier_run_is_cut_and_gets_the_name_it_was_to_have},
        {"a_file_that_has_lost_something_is_told_and_finished",
         a_file_that_has_lost_something_is_told_and_finished},
    };

    return RUN_SUITE_BETWEEN("hdfs_marks", tests, set_up, NULL);
}
