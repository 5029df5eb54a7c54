/* SPDX-License-Identifier: Apache-2.0 */

/* The taildir source knows a file whatever it is called, and another one in its place. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

START_TEST(a_renamed_file_is_read_on)
{
    char wanted[256];

    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, TAIL_SETTINGS("fileHeader", "true"));
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_append(&tail, "a.log", "two\n");
    tail_rename(&tail, "a.log", "a.1.log");
    tail_append(&tail, "a.1.log", "three\n");
    ck_assert_str_eq(tail_read(&tail), "two|three|");
    tail_path(wanted, &tail, "a.1.log");
    ck_assert_str_eq(tail_header(&tail, 0, "file"), wanted);
    ck_assert_str_eq(tail_read(&tail), "");
}
END_TEST

START_TEST(a_chain_of_renames_repeats_nothing)
{
    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_rename(&tail, "a.log", "a.1.log");
    tail_append(&tail, "a.log", "two\n");
    ck_assert_str_eq(tail_read(&tail), "two|");
    tail_append(&tail, "a.log", "three\n");
    tail_rename(&tail, "a.1.log", "a.2.log");
    tail_rename(&tail, "a.log", "a.1.log");
    tail_append(&tail, "a.log", "four\n");
    /* In the order in which they were last written to; of one tick of the clock, by name. */
    const char *bodies = tail_read(&tail);
    ck_assert_uint_eq(strlen(bodies), strlen("three|four|"));
    ck_assert(strstr(bodies, "three|") && strstr(bodies, "four|"));
    ck_assert_str_eq(tail_read(&tail), "");
}
END_TEST

START_TEST(what_was_written_before_a_rename_is_read_after_it)
{
    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, TAIL_SETTINGS("idleTimeout", "1000"));
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_append(&tail, "a.log", "two\n");
    tail_rename(&tail, "a.log", "a.old"); /* a name that does not match */
    tail_append(&tail, "a.log", "new\n");
    ck_assert_uint_eq(strlen(tail_read(&tail)), strlen("two|new|"));
    tail_append(&tail, "a.old", "three"); /* its writer has not noticed so far */
    tail_advance(&tail, 500);
    ck_assert_str_eq(tail_read(&tail), "");
    tail_advance(&tail, 1001);
    ck_assert_str_eq(tail_read(&tail), "three|");
}
END_TEST

START_TEST(a_file_that_lost_its_name_is_known_when_it_has_one_again)
{
    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, TAIL_SETTINGS("idleTimeout", "1000"));
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_rename(&tail, "a.log", "hidden");
    tail_look(&tail);
    tail_advance(&tail, 5000);
    tail_look(&tail);
    tail_rename(&tail, "hidden", "b.log");
    tail_append(&tail, "b.log", "two\n");
    ck_assert_str_eq(tail_read(&tail), "two|");
    tail_rename(&tail, "b.log", "hidden");
    tail_look(&tail);
    tail_advance(&tail, 5000);
    tail_look(&tail);
    tail_stop(&tail);
    ck_assert_str_eq(tail_positions(&tail), "[]"); /* as Flume, only what is there */
    tail_rename(&tail, "hidden", "c.log");
    tail_append(&tail, "c.log", "three\n");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "three|");
}
END_TEST

START_TEST(a_rename_while_nobody_looks_changes_nothing)
{
    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_stop(&tail);
    tail_append(&tail, "a.log", "two\n");
    tail_rename(&tail, "a.log", "a.1.log");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "two|");
    ck_assert_uint_eq(tail.stand.count, 0);
}
END_TEST

START_TEST(a_second_name_is_the_same_file)
{
    char from[256];
    char to[256];

    tail_append(&tail, "a.log", "one\n");
    tail_path(from, &tail, "a.log");
    tail_path(to, &tail, "b.log");
    ck_assert_int_eq(link(from, to), 0);
    tail_path(to, &tail, "c.log");
    ck_assert_int_eq(symlink(from, to), 0);
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_append(&tail, "b.log", "two\n");
    ck_assert_str_eq(tail_read(&tail), "two|");
}
END_TEST

START_TEST(a_file_that_was_emptied_begins_anew)
{
    tail_append(&tail, "a.log", "one\ntwo\n");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "one|two|");
    tail_rewrite(&tail, "a.log", "new\n");
    ck_assert_str_eq(tail_read(&tail), "new|");
    tail_append(&tail, "a.log", "more\n");
    ck_assert_str_eq(tail_read(&tail), "more|");
    ck_assert_uint_eq(tail_logged(&tail, "is shorter than"), 1);
    ck_assert_uint_eq(tail.stand.count, 1);
    ck_assert_int_eq(tail_count(&tail, "FileTruncatedCount"), 1);
}
END_TEST

START_TEST(a_file_that_was_emptied_and_grew_again_begins_anew)
{
    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_rewrite(&tail, "a.log", "two\nthree\n"); /* larger than it was */
    ck_assert_str_eq(tail_read(&tail), "two|three|");
    ck_assert_uint_eq(tail_logged(&tail, "does not begin as it did"), 1);
    tail_stop(&tail);
    tail_rewrite(&tail, "a.log", "four\nfive\nsix\n");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "four|five|six|");
}
END_TEST

START_TEST(a_deleted_file_is_read_to_its_end)
{
    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, TAIL_SETTINGS("idleTimeout", "1000"));
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_append(&tail, "a.log", "two\nthree");
    tail_remove(&tail, "a.log");
    ck_assert_str_eq(tail_read(&tail), "two|");
    tail_advance(&tail, 1001);
    ck_assert_str_eq(tail_read(&tail), "three|");
    tail_append(&tail, "a.log", "new\n");
    ck_assert_str_eq(tail_read(&tail), "new|");
    ck_assert_uint_eq(tail.stand.count, 0);
}
END_TEST

/* A new file gets the inode of one that was read: while the source runs, and while it does not. */
static void reuse_inode(int running)
{
    tail_append(&tail, "a.log", "same\n");
    tail_start(&tail, TAIL_SETTINGS("idleTimeout", "1000"));
    ck_assert_str_eq(tail_read(&tail), "same|");
    tail_advance(&tail, 1001);
    tail_look(&tail); /* closed: else the inode is not free */
    unsigned long inode = tail_inode(&tail, "a.log");
    if (!running)
        tail_stop(&tail);
    tail_remove(&tail, "a.log");
    if (!tail_reuse(&tail, "b.log", inode, "same\nnew\n"))
        return; /* this file system does not */
    if (!running)
        tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "same|new|");
    ck_assert_int_eq(
        tail_count(&tail, "InodeReusedCount") + tail_count(&tail, "FileTruncatedCount"), 1);
}

START_TEST(another_file_with_the_inode_is_told)
{
    reuse_inode(1);
}
END_TEST

START_TEST(another_file_with_the_inode_is_told_after_a_restart)
{
    reuse_inode(0);
}
END_TEST

/* Inodes and births as a test wants them. */
static struct {
    uint64_t inode;
    int64_t birth;
} made;

static int stat_made(void *self, const char *path, struct stat *out)
{
    int rc = fl_io_system()->stat(self, path, out);

    if (rc == 0 && S_ISREG(out->st_mode))
        out->st_ino = made.inode;
    return rc;
}

static int fstat_made(void *self, int fd, struct stat *out)
{
    int rc = fl_io_system()->fstat(self, fd, out);

    if (rc == 0)
        out->st_ino = made.inode;
    return rc;
}

static int birth_made(void *self, int fd, int64_t *ns)
{
    *ns = made.birth;
    return made.birth != 0 ? 0 : -ENOTSUP;
}

static struct fl_io forging;

static void start_forged(int64_t birth)
{
    char group[256];
    char positions[128];

    made.inode = 4711;
    made.birth = birth;
    forging = *fl_io_system();
    forging.stat = stat_made;
    forging.fstat = fstat_made;
    forging.birth = birth_made;
    tail_path(group, &tail, ".*\\.log");
    snprintf(positions, sizeof positions, "%s/state/p.json", tail.path);
    stand_init(&tail.stand, FLOW_KIND_SOURCE, "taildir", FLOW_LOG_WARN,
               TAIL_SETTINGS("filegroups", "g", "filegroups.g", group, "positionFile", positions));
    tail.stand.lib->io = &forging;
    stand_start(&tail.stand);
}

/* One file is read; then another one, with TEXT, that was made at BIRTH has its inode and name. */
static const char *replace(int64_t first, int64_t birth, const char *text)
{
    tail_append(&tail, "a.log", "same\n");
    start_forged(first);
    ck_assert_str_eq(tail_read(&tail), "same|");
    tail_stop(&tail);
    tail_rewrite(&tail, "a.log", text);
    start_forged(birth);
    return tail_read(&tail);
}

START_TEST(the_time_of_its_making_tells_a_file)
{
    ck_assert_str_eq(replace(1000, 1000, "same\nmore\n"), "more|");
    tail_free(&tail);
    tail_init(&tail);
    ck_assert_str_eq(replace(1000, 2000, "same\nmore\n"), "same|more|");
    ck_assert_int_eq(tail_count(&tail, "InodeReusedCount"), 1);
}
END_TEST

START_TEST(its_beginning_tells_a_file_where_nobody_knows_when_it_was_made)
{
    ck_assert_str_eq(replace(0, 0, "same\nmore\n"), "more|");
    tail_free(&tail);
    tail_init(&tail);
    ck_assert_str_eq(replace(0, 0, "other\nmore\n"), "other|more|");
}
END_TEST

START_TEST(many_lost_files_are_forgotten_at_last)
{
    char name[32];
    char lost[32];
    char ids[256];
    char *line = NULL;
    size_t room = 0;
    size_t count = 0;

    tail_start(&tail, TAIL_SETTINGS("idleTimeout", "0"));
    for (int i = 0; i < 1010; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        snprintf(lost, sizeof lost, "%d.old", i);
        tail_append(&tail, name, "x\n");
        tail_look(&tail);
        tail_advance(&tail, 1);
        tail_rename(&tail, name, lost);
        tail_look(&tail);
    }
    tail_stop(&tail);
    snprintf(ids, sizeof ids, "%s/state/p.json.ids", tail.path);
    FILE *file = fopen(ids, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_gt(getline(&line, &room, file), 0);
    fclose(file);
    for (const char *at = line; (at = strstr(at, "\"inode\"")) != NULL; at++)
        count++;
    ck_assert_uint_eq(count, 1000);
    ck_assert_ptr_null(strstr(line, "/9.log"));
    ck_assert_ptr_nonnull(strstr(line, "/1009.log"));
    free(line);
}
END_TEST

/* What is read of two lines of which Flume has noted the first, under the name NAMED, when the file
 * was made at BIRTH. */
static const char *go_on_for_flume(const char *named, int64_t birth)
{
    char path[256];
    char text[512];

    tail_append(&tail, "a.log", "one\ntwo\n");
    tail_path(path, &tail, named);
    snprintf(text, sizeof text, "[{\"inode\":4711,\"pos\":4,\"file\":\"%s\"}]", path);
    tail_set_positions(&tail, text);
    start_forged(birth);
    return tail_read(&tail);
}

/* Flume notes no more than inode and name, but a file that was made later is another one. */
START_TEST(the_time_of_its_making_tells_what_flume_knew)
{
    ck_assert_str_eq(go_on_for_flume("b.log", 1000), "two|");
    tail_free(&tail);
    tail_init(&tail);
    ck_assert_str_eq(go_on_for_flume("a.log", INT64_MAX), "one|two|");
    ck_assert_int_eq(tail_count(&tail, "InodeReusedCount"), 1);
}
END_TEST

START_TEST(its_name_tells_what_flume_knew_where_nobody_knows_when_it_was_made)
{
    ck_assert_str_eq(go_on_for_flume("a.log", 0), "two|");
    tail_free(&tail);
    tail_init(&tail);
    ck_assert_str_eq(go_on_for_flume("b.log", 0), "one|two|");
}
END_TEST

/* Fewer than the channel holds, so that nobody need be fast. */
#define ROTATED_LINES 9500u

/* Writes numbers to a.log and now and then renames it and all that were renamed before. */
static void write_and_rotate(void)
{
    char line[16];
    char from[32];
    char to[32];

    for (unsigned i = 0; i < ROTATED_LINES; i++) {
        snprintf(line, sizeof line, "%u\n", i);
        tail_append(&tail, "a.log", line);
        if (i % 397 != 396)
            continue;
        for (unsigned j = i / 397; j > 0; j--) {
            snprintf(from, sizeof from, "a.%u.log", j);
            snprintf(to, sizeof to, "a.%u.log", j + 1);
            tail_rename(&tail, from, to);
        }
        tail_rename(&tail, "a.log", "a.1.log");
    }
    _exit(0);
}

START_TEST(each_line_arrives_once_while_files_rotate)
{
    unsigned char *arrived = calloc(ROTATED_LINES, 1);
    unsigned count = 0;

    tail_start(&tail, TAIL_SETTINGS("batchSize", "50"));
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        write_and_rotate();
    int ended = 0;
    for (int last = 0; !last;) {
        last = ended;
        ended = ended || waitpid(child, NULL, WNOHANG) == child;
        tail_read(&tail);
        for (size_t i = 0; i < flow_batch_count(tail.stand.batch); i++, count++) {
            unsigned long number = tail_number(&tail, i);
            ck_assert_uint_lt(number, ROTATED_LINES);
            ck_assert_msg(!arrived[number], "%lu twice", number);
            arrived[number] = 1;
        }
    }
    ck_assert_uint_eq(count, ROTATED_LINES);
    ck_assert_uint_eq(tail.stand.count, 0);
    free(arrived);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a renamed file is read on", a_renamed_file_is_read_on},
        {"a chain of renames", a_chain_of_renames_repeats_nothing},
        {"written before a rename", what_was_written_before_a_rename_is_read_after_it},
        {"lost its name", a_file_that_lost_its_name_is_known_when_it_has_one_again},
        {"a rename while nobody looks", a_rename_while_nobody_looks_changes_nothing},
        {"a second name", a_second_name_is_the_same_file},
        {"emptied", a_file_that_was_emptied_begins_anew},
        {"emptied and grown", a_file_that_was_emptied_and_grew_again_begins_anew},
        {"deleted", a_deleted_file_is_read_to_its_end},
        {"another with the inode", another_file_with_the_inode_is_told},
        {"another after a restart", another_file_with_the_inode_is_told_after_a_restart},
        {"the time of its making", the_time_of_its_making_tells_a_file},
        {"its beginning", its_beginning_tells_a_file_where_nobody_knows_when_it_was_made},
        {"what flume knew", the_time_of_its_making_tells_what_flume_knew},
        {"what flume knew by name",
         its_name_tells_what_flume_knew_where_nobody_knows_when_it_was_made},
        {"each line once", each_line_arrives_once_while_files_rotate},
        {"forgotten at last", many_lost_files_are_forgotten_at_last},
    };
    return RUN_SUITE_BETWEEN("taildir rename", tests, set_up, tear_down);
}
