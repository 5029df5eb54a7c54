/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "await.h"
#include "stand.h"
#include "suite.h"

#define SHELL "shell", "/bin/sh -c"

static void begin(struct stand *stand, const char *const *settings)
{
    stand_init(stand, FLOW_KIND_SOURCE, "exec", FLOW_LOG_INFO, settings);
    stand_start(stand);
}

static void check_body(const struct stand *stand, size_t index, const char *expected)
{
    size_t size;
    const char *body = flow_event_body(flow_batch_event(stand->batch, index), &size);
    ck_assert_uint_eq(size, strlen(expected));
    ck_assert(memcmp(body, expected, size) == 0);
}

START_TEST(lines_end_as_java_ends_them)
{
    static const char *const settings[] = {SHELL, "command", "printf 'a\\nb\\rc\\r\\n\\nd'", NULL};
    static const char *const expected[] = {"a", "b", "c", "", "d"};
    struct stand stand;
    begin(&stand, settings);
    stand_pull(&stand, 5);
    for (size_t i = 0; i < 5; i++)
        check_body(&stand, i, expected[i]);
    stand_free(&stand);
}
END_TEST

START_TEST(without_a_shell_words_are_split_at_blanks_only)
{
    static const char *const settings[] = {"command", "printf %s|%s\\n  \"x $HOME", NULL};
    struct stand stand;
    begin(&stand, settings);
    stand_pull(&stand, 1);
    check_body(&stand, 0, "\"x|$HOME");
    stand_free(&stand);
}
END_TEST

START_TEST(a_line_does_not_wait_longer_than_the_timeout)
{
    static const char *const settings[] = {SHELL,          "command", "echo one; exec sleep 1000",
                                           "batchTimeout", "0",       NULL};
    struct stand stand;
    begin(&stand, settings);
    stand_pull(&stand, 1);
    check_body(&stand, 0, "one");
    stand_free(&stand);
}
END_TEST

START_TEST(output_in_another_charset_becomes_utf8)
{
    static const char *const settings[] = {SHELL,     "command",    "printf 'gr\\374n\\n'",
                                           "charset", "ISO-8859-1", NULL};
    struct stand stand;
    begin(&stand, settings);
    stand_pull(&stand, 1);
    check_body(&stand, 0, "gr\xc3\xbcn");
    stand_free(&stand);
}
END_TEST

START_TEST(bytes_that_are_no_character_are_replaced)
{
    static const char *const settings[] = {SHELL, "command", "printf 'a\\377b\\n'", NULL};
    struct stand stand;
    begin(&stand, settings);
    stand_pull(&stand, 1);
    check_body(&stand, 0,
               "a\xef\xbf\xbd"
               "b");
    stand_free(&stand);
}
END_TEST

static uint64_t channel_size(const struct stand *stand)
{
    return flow_channel_size(flow_harness_channel(stand->harness));
}

/* Pulls COUNT numbers, moving the clock by which the source waits while the channel is full. */
static void pull_numbers(struct stand *stand, size_t count)
{
    char expected[16];

    for (size_t got = 0; got < count; got = flow_batch_count(stand->batch)) {
        ck_assert_int_eq(flow_harness_advance(stand->harness, 60000, NULL), FLOW_OK);
        ck_assert_int_eq(flow_harness_pull(stand->harness, 10000, 0, stand->batch, NULL), FLOW_OK);
        ck_assert_uint_gt(flow_batch_count(stand->batch), got);
    }
    ck_assert_uint_eq(flow_batch_count(stand->batch), count);
    for (size_t i = 0; i < count; i++) {
        snprintf(expected, sizeof(expected), "%zu", i);
        check_body(stand, i, expected);
    }
}

START_TEST(a_full_channel_makes_the_command_wait_and_loses_nothing)
{
    static const char *const settings[] = {"command", "seq 0 29999", "batchSize", "100", NULL};
    struct stand stand;
    begin(&stand, settings);
    pull_numbers(&stand, 30000);
    stand_free(&stand);
}
END_TEST

START_TEST(a_command_that_ended_is_started_again_after_the_pause)
{
    static const char *const settings[] = {"command",         "echo x", "restart", "true",
                                           "restartThrottle", "7000",   NULL};
    struct stand stand;
    begin(&stand, settings);
    stand_pull(&stand, 1);
    stand_await_log(&stand, "Command [echo x] exited with 0");
    flow_harness_advance(stand.harness, 6999, NULL);
    ck_assert_uint_eq(flow_channel_size(flow_harness_channel(stand.harness)), 0);
    flow_harness_advance(stand.harness, 1, NULL);
    ck_assert_uint_eq(flow_channel_size(flow_harness_channel(stand.harness)), 1);
    stand_free(&stand);
}
END_TEST

START_TEST(the_exit_status_is_told)
{
    static const char *const settings[] = {SHELL, "command", "exit 7", NULL};
    struct stand stand;
    begin(&stand, settings);
    stand_await_log(&stand, "Command [exit 7] exited with 7");
    stand_free(&stand);
}
END_TEST

START_TEST(a_host_that_ignores_its_children_gets_their_lines)
{
    static const char *const settings[] = {"command", "echo x", NULL};
    struct stand stand;
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 20; i++) {
        begin(&stand, settings);
        stand_pull(&stand, 1);
        check_body(&stand, 0, "x");
        stand_await_log(&stand, "Command [echo x] exited");
        stand_free(&stand);
    }
}
END_TEST

START_TEST(standard_error_is_logged_when_asked_for)
{
    static const char *const settings[] = {SHELL,       "command", "echo oh dear >&2",
                                           "logStdErr", "true",    NULL};
    struct stand stand;
    begin(&stand, settings);
    stand_await_log(&stand, "stderr: oh dear");
    stand_free(&stand);
}
END_TEST

/*
 * Runs a command whose output fills the channel.  Once that is so it prints more to standard error
 * than a pipe holds, although nobody takes events, and comes to its end.
 */
static void print_beside_a_full_channel(struct stand *stand, const char *is_logged)
{
    char path[] = "/tmp/flow-exec-XXXXXX";
    char command[256];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    snprintf(command, sizeof(command),
             "seq 0 10499; while test -e %s; do sleep 0.01; done; "
             "head -c 150000 /dev/zero | tr '\\000' x >&2; echo >&2; echo all is out >&2; touch %s",
             path, path);
    const char *const settings[] = {SHELL, "command", command, "logStdErr", is_logged, NULL};
    begin(stand, settings);
    AWAIT(channel_size(stand) >= 10000);
    ck_assert_uint_eq(channel_size(stand), 10000);
    ck_assert_int_eq(unlink(path), 0);
    AWAIT(access(path, F_OK) == 0);
    ck_assert_int_eq(unlink(path), 0);
}

START_TEST(a_full_channel_does_not_hold_up_standard_error)
{
    struct stand stand;
    print_beside_a_full_channel(&stand, "true");
    stand_await_log(&stand, "stderr: all is out");
    ck_assert_uint_eq(channel_size(&stand), 10000);
    pull_numbers(&stand, 10500);
    stand_await_log(&stand, "exited with 0");
    stand_free(&stand);
}
END_TEST

START_TEST(standard_error_is_read_when_nobody_asked_for_it)
{
    struct stand stand;
    print_beside_a_full_channel(&stand, "false");
    pull_numbers(&stand, 10500);
    for (size_t i = 0; i < stand.count && i < STAND_MESSAGES; i++)
        ck_assert_ptr_null(strstr(stand.messages[i], "stderr: "));
    stand_free(&stand);
}
END_TEST

/* The end of the command is told behind all that it said, and a last line may have no end. */
START_TEST(no_line_of_standard_error_is_lost)
{
    static const char *const settings[] = {
        SHELL, "command", "seq 1 20000 >&2; printf last >&2", "logStdErr", "true", NULL};
    struct stand stand;
    begin(&stand, settings);
    AWAIT(stand.count >= 20002);
    ck_assert_uint_eq(stand.count, 20002); /* the lines, and the end */
    stand_free(&stand);
}
END_TEST

static size_t count_messages(const struct stand *stand, const char *begin)
{
    size_t count = 0;

    for (size_t n = 0; n < stand->count && n < STAND_MESSAGES; n++)
        count += strncmp(stand->messages[n], begin, strlen(begin)) == 0;
    return count;
}

START_TEST(standard_error_of_each_run_is_logged)
{
    static const char *const settings[] = {SHELL,  "command", "echo oh $$ >&2", "logStdErr",
                                           "true", "restart", "true",           "restartThrottle",
                                           "7000", NULL};
    struct stand stand;
    begin(&stand, settings);
    stand_await_log(&stand, "stderr: oh");
    stand_await_log(&stand, "exited with 0");
    flow_harness_advance(stand.harness, 7000, NULL);
    AWAIT(count_messages(&stand, "stderr: oh") >= 2);
    stand_free(&stand);
}
END_TEST

/* The process left behind holds standard error open; the command is over all the same. */
START_TEST(a_process_left_behind_does_not_hold_up_the_end)
{
    static const char *const settings[] = {
        SHELL, "command", "sleep 1000 >/dev/null & echo $!", "logStdErr", "true", NULL};
    struct stand stand;
    char text[32] = "";
    size_t size;
    begin(&stand, settings);
    stand_await_log(&stand, "exited with 0");
    stand_pull(&stand, 1);
    const char *body = flow_event_body(flow_batch_event(stand.batch, 0), &size);
    memcpy(text, body, size);
    ck_assert_int_eq(kill((pid_t)atoi(text), SIGKILL), 0);
    stand_free(&stand);
}
END_TEST

START_TEST(stopping_ends_a_command_that_fills_both_pipes)
{
    static const char *const settings[] = {
        SHELL, "command", "yes error >&2 & exec yes output", "logStdErr", "true", NULL};
    struct stand stand;
    begin(&stand, settings);
    stand_await_log(&stand, "stderr: error");
    AWAIT(channel_size(&stand) >= 10000);
    ck_assert_int_eq(flow_harness_stop(stand.harness, NULL), FLOW_OK);
    size_t told = stand.count;
    usleep(20000);
    ck_assert_uint_eq(stand.count, told);
    stand_free(&stand);
}
END_TEST

START_TEST(a_command_that_cannot_be_run_fails_the_start)
{
    static const char *const settings[] = {"command", "/no/such/program at all", NULL};
    struct stand stand;
    flow_error *err = NULL;
    stand_init(&stand, FLOW_KIND_SOURCE, "exec", FLOW_LOG_INFO, settings);
    ck_assert_int_lt(flow_harness_start(stand.harness, &err), FLOW_OK);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "/no/such/program"));
    flow_error_free(err);
    stand_free(&stand);
}
END_TEST

/* Whether nothing runs any more in a process, which nobody may have awaited yet. */
static int has_ended(pid_t process)
{
    char path[64];
    char state;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "r");
    if (!file)
        return kill(process, 0) != 0 && errno == ESRCH;
    int count = fscanf(file, "%*d %*s %c", &state);
    fclose(file);
    return count != 1 || state == 'Z';
}

START_TEST(stopping_ends_the_command_and_all_it_started)
{
    static const char *const settings[] = {SHELL,          "command", "sleep 1000 & echo $!; wait",
                                           "batchTimeout", "0",       NULL};
    struct stand stand;
    char text[32] = "";
    size_t size;
    begin(&stand, settings);
    stand_pull(&stand, 1);
    const char *body = flow_event_body(flow_batch_event(stand.batch, 0), &size);
    memcpy(text, body, size);
    pid_t grandchild = (pid_t)atoi(text);
    ck_assert_int_eq(kill(grandchild, 0), 0);
    ck_assert_int_eq(flow_harness_stop(stand.harness, NULL), FLOW_OK);
    AWAIT(has_ended(grandchild));
    stand_free(&stand);
}
END_TEST

START_TEST(what_was_printed_before_the_stop_arrives)
{
    static const char *const settings[] = {
        SHELL,          "command", "echo first; echo ready >&2; exec sleep 1000",
        "batchTimeout", "1000000", "logStdErr",
        "true",         NULL};
    struct stand stand;
    begin(&stand, settings);
    stand_await_log(&stand, "stderr: ready");
    ck_assert_int_eq(flow_harness_stop(stand.harness, NULL), FLOW_OK);
    ck_assert_uint_eq(flow_channel_size(flow_harness_channel(stand.harness)), 1);
    ck_assert_int_eq(flow_harness_counter(stand.harness, "EventLostCount"), 0);
    stand_free(&stand);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"line ends", lines_end_as_java_ends_them},
        {"words", without_a_shell_words_are_split_at_blanks_only},
        {"timeout", a_line_does_not_wait_longer_than_the_timeout},
        {"charset", output_in_another_charset_becomes_utf8},
        {"replaced", bytes_that_are_no_character_are_replaced},
        {"full", a_full_channel_makes_the_command_wait_and_loses_nothing},
        {"restart", a_command_that_ended_is_started_again_after_the_pause},
        {"status", the_exit_status_is_told},
        {"ignored children", a_host_that_ignores_its_children_gets_their_lines},
        {"stderr", standard_error_is_logged_when_asked_for},
        {"stderr and a full channel", a_full_channel_does_not_hold_up_standard_error},
        {"stderr unasked", standard_error_is_read_when_nobody_asked_for_it},
        {"all of stderr", no_line_of_standard_error_is_lost},
        {"stderr of runs", standard_error_of_each_run_is_logged},
        {"left behind", a_process_left_behind_does_not_hold_up_the_end},
        {"stop and stderr", stopping_ends_a_command_that_fills_both_pipes},
        {"no program", a_command_that_cannot_be_run_fails_the_start},
        {"group", stopping_ends_the_command_and_all_it_started},
        {"stop", what_was_printed_before_the_stop_arrives},
    };

    return RUN_SUITE("component/exec", tests);
}
