/* SPDX-License-Identifier: Apache-2.0 */

#include <sys/wait.h>
#include <unistd.h>

#include "base/fork.h"
#include "suite.h"

/* What FN answers in a child process. */
static int in_child(int (*fn)(struct fl_fork_guard *guard), struct fl_fork_guard *guard)
{
    int status = 0;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(fn(guard));
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int forked(struct fl_fork_guard *guard)
{
    return fl_forked(guard);
}

static int forked_again(struct fl_fork_guard *guard)
{
    return in_child(forked, guard);
}

static int new_guard_forked(struct fl_fork_guard *guard)
{
    struct fl_fork_guard own;

    return fl_fork_guard_init(&own) != FLOW_OK || fl_forked(&own);
}

START_TEST(child_is_noticed_and_parent_is_not)
{
    struct fl_fork_guard guard;

    ck_assert_int_eq(fl_fork_guard_init(&guard), FLOW_OK);
    ck_assert_int_eq(fl_forked(&guard), 0);
    ck_assert_int_eq(in_child(forked, &guard), 1);
    ck_assert_int_eq(fl_forked(&guard), 0);
    fl_fork_guard_free(&guard);
}
END_TEST

START_TEST(grandchild_is_noticed_too)
{
    struct fl_fork_guard guard;

    ck_assert_int_eq(fl_fork_guard_init(&guard), FLOW_OK);
    ck_assert_int_eq(in_child(forked_again, &guard), 1);
    fl_fork_guard_free(&guard);
}
END_TEST

START_TEST(child_can_have_a_guard_of_its_own)
{
    struct fl_fork_guard guard;

    ck_assert_int_eq(fl_fork_guard_init(&guard), FLOW_OK);
    ck_assert_int_eq(in_child(new_guard_forked, &guard), 0);
    fl_fork_guard_free(&guard);
    fl_fork_guard_free(&guard);
    ck_assert_int_eq(fl_forked(&guard), 0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"child", child_is_noticed_and_parent_is_not},
        {"grandchild", grandchild_is_noticed_too},
        {"own guard", child_can_have_a_guard_of_its_own},
    };

    return RUN_SUITE("base/fork", tests);
}
