/* SPDX-License-Identifier: Apache-2.0 */

/* Where the taildir source goes on: Flume's position file, restarts, and sudden ends. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mortal.h"
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

/* Adds to TEXT a position as Flume writes it. */
static void add_position(char *text, const char *name, unsigned long inode, long pos)
{
    char path[256];

    tail_path(path, &tail, name);
    sprintf(text + strlen(text), "%c{\"inode\":%lu,\"pos\":%ld,\"file\":\"%s\"}",
            *text == '\0' ? '[' : ',', inode, pos, path);
}

START_TEST(writes_what_flume_writes)
{
    char wanted[1024] = "";

    tail_append(&tail, "a.log", "one\ntwo");
    tail_append(&tail, "b.log", "");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_stop(&tail);
    add_position(wanted, "a.log", tail_inode(&tail, "a.log"), 4);
    add_position(wanted, "b.log", tail_inode(&tail, "b.log"), 0);
    strcat(wanted, "]");
    char other[1024] = "";
    add_position(other, "b.log", tail_inode(&tail, "b.log"), 0);
    add_position(other, "a.log", tail_inode(&tail, "a.log"), 4);
    strcat(other, "]");
    const char *text = tail_positions(&tail); /* in the order of the folder */
    ck_assert_msg(strcmp(text, wanted) == 0 || strcmp(text, other) == 0, "%s", text);
}
END_TEST

START_TEST(escapes_as_flume_does)
{
    tail_append(&tail, "a=b'&<c>\"\\\t.log", "one\n");
    tail_start(&tail, NULL);
    tail_look(&tail);
    tail_stop(&tail);
    ck_assert_ptr_nonnull(strstr(tail_positions(&tail),
                                 "/a\\u003db\\u0027\\u0026\\u003cc\\u003e\\\"\\\\\\u0009.log\""));
    tail_append(&tail, "a=b'&<c>\"\\\t.log", "two\n");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "two|");
    ck_assert_uint_eq(tail.stand.count, 0);
}
END_TEST

START_TEST(writes_in_time)
{
    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, TAIL_SETTINGS("writePosInterval", "500"));
    tail_advance(&tail, 499);
    tail_look(&tail);
    ck_assert_str_eq(tail_positions(&tail), "");
    tail_advance(&tail, 1);
    tail_look(&tail);
    ck_assert_ptr_nonnull(strstr(tail_positions(&tail), "\"pos\":4,"));
    tail_append(&tail, "a.log", "two\n");
    tail_look(&tail);
    ck_assert_ptr_nonnull(strstr(tail_positions(&tail), "\"pos\":4,"));
    tail_advance(&tail, 500);
    tail_look(&tail);
    ck_assert_ptr_nonnull(strstr(tail_positions(&tail), "\"pos\":8,"));
}
END_TEST

/* Puts into FROM, a position file of Flume's, the inodes of files here and this folder. */
static void adopt(const char *sample)
{
    char path[512];
    char text[4096];
    char adopted[4096] = "";
    const char *const names[] = {"plain.log", "a=b'c.log"};

    snprintf(path, sizeof path, "%s/taildir/%s", TEST_DATA, sample);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    const char *at = text;
    for (size_t i = 0; i < 2; i++) {
        const char *number = strstr(at, "\"inode\":") + 8;
        const char *folder = strstr(number, "/tmp/app/logs/");
        strncat(adopted, at, (size_t)(number - at));
        sprintf(adopted + strlen(adopted), "%lu", tail_inode(&tail, names[i]));
        number += strspn(number, "0123456789");
        strncat(adopted, number, (size_t)(folder - number));
        sprintf(adopted + strlen(adopted), "%s/log/", tail.path);
        at = folder + strlen("/tmp/app/logs/");
    }
    strcat(adopted, at);
    tail_set_positions(&tail, adopted);
}

START_TEST(goes_on_where_flume_stopped)
{
    tail_append(&tail, "plain.log", "x\ny\n");
    tail_append(&tail, "a=b'c.log", "one\ntwo\r\nthree\n");
    adopt("flume-1.11.json");
    tail_start(&tail, NULL);
    const char *bodies = tail_read(&tail);
    ck_assert_msg(strcmp(bodies, "y|three|") == 0 || strcmp(bodies, "three|y|") == 0, "%s", bodies);
    ck_assert_uint_eq(tail.stand.count, 0);
}
END_TEST

START_TEST(goes_on_where_flume_stopped_before_a_rename)
{
    char text[1024] = "";

    tail_append(&tail, "a.log", "one\ntwo\n");
    add_position(text, "a.log", tail_inode(&tail, "a.log"), 4);
    strcat(text, "]");
    tail_set_positions(&tail, text);
    tail_rename(&tail, "a.log", "a.1.log");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "two|");
}
END_TEST

START_TEST(reads_anew_what_is_removed_from_the_positions)
{
    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_stop(&tail);
    tail_set_positions(&tail, "[]");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_stop(&tail);
    char path[256];
    snprintf(path, sizeof path, "%s/state/p.json", tail.path);
    ck_assert_int_eq(unlink(path), 0);
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "one|");
}
END_TEST

START_TEST(reads_a_position_file_as_flume_does)
{
    static const char *const same[] = {
        "[{\"inode\":%lu,\"pos\":4,\"file\":\"x\"}]",
        " [ { \"pos\" : 4 , \"file\" : \"\\ud83d\\ude00\\/\\n\" , \"inode\" : %lu } ] \n",
        "[{\"inode\":%lu,\"pos\":4,\"file\":\"x\",\"more\":true,\"text\":\"[{\"}]",
        "[{\"inode\":%lu,\"pos\":4,\"file\":\"x\"},{\"inode\":1,\"pos\":2,\"file\":\"y\"}]",
    };

    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char text[256];
        tail_append(&tail, "a.log", "one\ntwo\n");
        snprintf(text, sizeof text, "%.*s%lu%s", (int)(strstr(same[i], "%lu") - same[i]), same[i],
                 tail_inode(&tail, "a.log"), strstr(same[i], "%lu") + 3);
        tail_set_positions(&tail, text);
        tail_start(&tail, NULL);
        ck_assert_str_eq(tail_read(&tail), "two|");
        ck_assert_uint_eq(tail.stand.count, 0);
        tail_free(&tail);
        tail_init(&tail);
    }
}
END_TEST

/* What comes before the damage counts, as in Flume; Flume writes its file over itself. */
START_TEST(says_that_a_position_file_is_damaged)
{
    static const char *const damaged[] = {
        ",{\"inode\":1",
        ",{\"inode\":1,\"pos\":2}]",
        ",{\"inode\":\"x\"}]",
        ",17]",
        "",
        ",{\"file\":\"\\q",
        ",{\"inode\":99999999999999999999,\"pos\":1,\"file\":\"x\"}]",
    };

    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        char text[1024] = "";
        tail_append(&tail, "a.log", "one\ntwo\n");
        add_position(text, "a.log", tail_inode(&tail, "a.log"), 4);
        strcat(text, damaged[i]);
        tail_set_positions(&tail, text);
        tail_start(&tail, NULL);
        ck_assert_uint_eq(tail_logged(&tail, "is damaged"), 1);
        ck_assert_uint_eq(tail_logged(&tail, "at byte"), 1);
        ck_assert_str_eq(tail_read(&tail), "two|");
        tail_free(&tail);
        tail_init(&tail);
    }
}
END_TEST

START_TEST(does_not_start_when_it_cannot_read_positions)
{
    flow_error *err = NULL;
    char path[256];

    snprintf(path, sizeof path, "%s/log", tail.path); /* a folder */
    int rc = tail_try_start(&tail, TAIL_SETTINGS("positionFile", path), &err);
    ck_assert_int_lt(rc, 0);
    ck_assert_msg(strstr(flow_error_message(err), path) != NULL, "%s", flow_error_message(err));
    flow_error_free(err);
}
END_TEST

START_TEST(believes_no_impossible_position)
{
    char text[1024] = "";

    tail_append(&tail, "a.log", "one\n");
    tail_append(&tail, "b.log", "two\n");
    add_position(text, "a.log", tail_inode(&tail, "a.log"), 9223372036854775807);
    add_position(text, "b.log", tail_inode(&tail, "b.log"), -5);
    strcat(text, "]");
    tail_set_positions(&tail, text);
    tail_start(&tail, NULL);
    ck_assert_uint_eq(strlen(tail_read(&tail)), strlen("one|two|"));
}
END_TEST

START_TEST(repeats_after_a_crash_what_was_not_noted)
{
    tail_append(&tail, "a.log", "one\n");
    tail_start(&tail, NULL);
    tail_advance(&tail, 3000);
    ck_assert_str_eq(tail_read(&tail), "one|");
    tail_append(&tail, "a.log", "two\n");
    ck_assert_str_eq(tail_read(&tail), "two|");
    tail_crash(&tail);
    tail_append(&tail, "a.log", "three\n");
    tail_start(&tail, NULL);
    ck_assert_str_eq(tail_read(&tail), "two|three|");
}
END_TEST

/* Runs a source that notes its positions at any time until it is killed, and tells how far it came:
 * what it has emitted is what its channel holds. */
static void run_until_killed(int told)
{
    tail_start(&tail,
               TAIL_SETTINGS("batchSize", "7", "maxBatchCount", "1", "writePosInterval", "1"));
    for (uint32_t emitted = 0;;) {
        tail_advance(&tail, 1);
        tail_read(&tail);
        emitted += (uint32_t)flow_batch_count(tail.stand.batch);
        ck_assert_int_eq(write(told, &emitted, sizeof emitted), sizeof emitted);
    }
}

/* The batch after the last that was told may have been emitted and noted, or not. */
static uint32_t kill_after(uint32_t events)
{
    int told[2];
    uint32_t emitted = 0;

    ck_assert_int_eq(pipe(told), 0);
    pid_t child = fork_muted();
    if (child == 0)
        run_until_killed(told[1]);
    close(told[1]);
    while (emitted < events)
        ck_assert_int_eq(read(told[0], &emitted, sizeof emitted), sizeof emitted);
    kill_muted(child);
    while (read(told[0], &emitted, sizeof emitted) == sizeof emitted)
        ;
    close(told[0]);
    return emitted;
}

START_TEST(loses_nothing_when_it_is_killed)
{
    enum { COUNT = 70000 };
    char *text = malloc(COUNT * 8);
    char *to = text;

    for (unsigned i = 0; i < COUNT; i++)
        to += sprintf(to, "%u\n", i);
    for (int round = 0; round < 3; round++) {
        tail_append(&tail, "a.log", text);
        uint32_t emitted = kill_after(700);
        tail_rename(&tail, "a.log", "a.1.log");
        tail_start(&tail, TAIL_SETTINGS("maxBatchCount", "1"));
        tail_read(&tail);
        uint32_t first = (uint32_t)tail_number(&tail, 0);
        ck_assert_msg(first <= emitted + 7 && first + 14 >= emitted, "%u after %u", first, emitted);
        ck_assert_uint_eq(first % 7, 0);
        tail_free(&tail);
        tail_init(&tail);
    }
    free(text);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"writes what flume writes", writes_what_flume_writes},
        {"escapes as flume does", escapes_as_flume_does},
        {"writes in time", writes_in_time},
        {"goes on where flume stopped", goes_on_where_flume_stopped},
        {"flume stopped before a rename", goes_on_where_flume_stopped_before_a_rename},
        {"reads anew what is removed", reads_anew_what_is_removed_from_the_positions},
        {"reads as flume does", reads_a_position_file_as_flume_does},
        {"says that it is damaged", says_that_a_position_file_is_damaged},
        {"does not start", does_not_start_when_it_cannot_read_positions},
        {"believes no impossible position", believes_no_impossible_position},
        {"repeats after a crash", repeats_after_a_crash_what_was_not_noted},
        {"loses nothing when killed", loses_nothing_when_it_is_killed},
    };
    return RUN_SUITE_BETWEEN("taildir position", tests, set_up, tear_down);
}
