/* SPDX-License-Identifier: Apache-2.0 */

/* What file_roll does to its files by the marks that its channel has. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
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
    "a1.sinks.k1.type = file_roll\n"                                                               \
    "a1.sinks.k1.channel = c1\n"                                                                   \
    "a1.sinks.k1.sink.directory = %s\n"

static struct places places;
static struct folder folder;
static struct rig rig;

static void up(int false_clock)
{
    char text[2048];

    snprintf(text, sizeof text, PIPELINE, places.control, places.data, folder.path);
    rig_init(&rig, false_clock);
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

static void expect_file(size_t index, const char *expected)
{
    folder_list(&folder);
    ck_assert_uint_lt(index, folder.count);
    char *text = folder_read(&folder, folder.names[index], NULL);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(a_batch_whose_commit_fails_is_cut_off)
{
    up(1);
    rig_push(&rig, 0, 2);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 2);
    spoil_next();
    rig_push(&rig, 2, 2);
    rig_await(&rig, "k1", "EventWriteFail", 1);
    expect_file(0, "0\n1\n");
    rig_tick_until(&rig, "k1", "EventDrainSuccessCount", 4);
    rig_stop(&rig);
    expect_file(0, "0\n1\n");
    expect_file(1, "2\n3\n");
    tear_down();
}
END_TEST

/* ---- files that are not what they were ---- */

static void deliver_and_die(const struct places *unused)
{
    (void)unused;
    up(0);
    rig_push(&rig, 0, 2);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 2);
}

/* The name of the one file there is. */
static const char *the_file(void)
{
    folder_list(&folder);
    ck_assert_uint_eq(folder.count, 1);
    return folder.names[0];
}

static void add_text(const char *name, const char *text)
{
    char path[160];

    snprintf(path, sizeof path, "%s/%s", folder.path, name);
    FILE *file = fopen(path, "a");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(what_was_not_delivered_is_cut_off_once)
{
    places_dies(&places, deliver_and_die);
    const char *name = the_file();
    add_text(name, "2\n3");
    up(0);
    ck_assert_uint_eq(rig_logged(&rig, "3 bytes behind the first 4 are cut off"), 1);
    expect_file(0, "0\n1\n");
    add_text(name, "of another\n");
    rig_stop(&rig);
    rig_start(&rig);
    expect_file(0, "0\n1\nof another\n"); /* the sink is done with it */
    tear_down();
}
END_TEST

/* The file was moved away, and its name leads to it, or to another. */
static void look_at_moved(int by_link)
{
    char path[160], beside[176];

    places_dies(&places, deliver_and_die);
    snprintf(path, sizeof path, "%s/%s", folder.path, the_file());
    snprintf(beside, sizeof beside, "%s.moved", path);
    ck_assert_int_eq(rename(path, beside), 0);
    add_text(strrchr(beside, '/') + 1, "more\n");
    if (by_link)
        ck_assert_int_eq(symlink(beside, path), 0);
    else
        add_text(strrchr(path, '/') + 1, "somebody else's\n");
    up(0);
    ck_assert_uint_eq(rig_logged(&rig, "is not there any more"), 1);
    expect_file(0, by_link ? "0\n1\nmore\n" : "somebody else's\n");
    expect_file(1, "0\n1\nmore\n");
    tear_down();
}

START_TEST(another_file_of_the_same_name_is_not_touched)
{
    look_at_moved(0);
}
END_TEST

START_TEST(a_link_to_the_file_is_not_followed)
{
    look_at_moved(1);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_batch_whose_commit_fails_is_cut_off", a_batch_whose_commit_fails_is_cut_off},
        {"what_was_not_delivered_is_cut_off_once", what_was_not_delivered_is_cut_off_once},
        {"another_file_of_the_same_name_is_not_touched",
         another_file_of_the_same_name_is_not_touched},
        {"a_link_to_the_file_is_not_followed", a_link_to_the_file_is_not_followed},
    };

    return RUN_SUITE_BETWEEN("file_roll_marks", tests, set_up, NULL);
}
