/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include <uv.h>

#include "base/thread.h"
#include "core/context.h"
#include "failing.h"
#include "net/loop.h"
#include "suite.h"

/* A context with nothing but a loop. */
static flow_context context_on(struct fl_loop_host *host)
{
    return (flow_context){.loop = host};
}

static struct fl_loop_host *new_host(const flow_allocator *mem)
{
    struct fl_loop_host *host = NULL;

    ck_assert_int_eq(fl_loop_host_new(mem, "loop", &host, NULL), FLOW_OK);
    return host;
}

static struct fl_loop *get(struct fl_loop_host *host)
{
    flow_context ctx = context_on(host);
    struct fl_loop *loop = NULL;

    ck_assert_int_eq(fl_loop_get(&ctx, &loop, NULL), FLOW_OK);
    return loop;
}

START_TEST(host_without_users_ends)
{
    fl_loop_host_free(new_host(NULL));
    fl_loop_host_free(NULL);
}
END_TEST

static int read_name(void *arg)
{
    char room[16];

    strcpy(arg, fl_thread_name(room, sizeof room));
    return 42;
}

START_TEST(calls_run_on_the_loops_thread)
{
    struct fl_loop_host *host = new_host(NULL);
    struct fl_loop *loop = get(host);
    char name[16] = "";

    ck_assert_ptr_eq(get(host), loop);
    ck_assert_int_eq(fl_loop_call(loop, read_name, name), 42);
    ck_assert_str_eq(name, "flow-loop");
    fl_loop_host_free(host);
}
END_TEST

static int call_again(void *arg)
{
    char name[16];

    return fl_loop_call(arg, read_name, name);
}

START_TEST(a_call_within_a_call_runs_at_once)
{
    struct fl_loop_host *host = new_host(NULL);
    struct fl_loop *loop = get(host);

    ck_assert_int_eq(fl_loop_call(loop, call_again, loop), 42);
    fl_loop_host_free(host);
}
END_TEST

static void count(void *self)
{
    (*(int *)self)++;
}

static int read_count(void *arg)
{
    return *(int *)arg;
}

START_TEST(tasks_run_before_a_later_call)
{
    struct fl_loop_host *host = new_host(NULL);
    struct fl_loop *loop = get(host);
    int counter = 0;
    struct fl_loop_task tasks[3] = {{0}};

    for (int i = 0; i < 3; i++) {
        tasks[i].fn = count;
        tasks[i].self = &counter;
        fl_loop_post(loop, &tasks[i]);
    }
    ck_assert_int_eq(fl_loop_call(loop, read_count, &counter), 3);
    fl_loop_host_free(host);
}
END_TEST

static int post_twice(void *arg)
{
    struct fl_loop_task **task_of_loop = arg;
    struct fl_loop *loop = (struct fl_loop *)task_of_loop[1];

    fl_loop_post(loop, task_of_loop[0]);
    fl_loop_post(loop, task_of_loop[0]);
    return 0;
}

START_TEST(a_task_that_waits_runs_once)
{
    struct fl_loop_host *host = new_host(NULL);
    struct fl_loop *loop = get(host);
    int counter = 0;
    struct fl_loop_task task = {.fn = count, .self = &counter};
    void *both[] = {&task, loop};

    /* Posted from the loop itself, so that it cannot run in between. */
    fl_loop_call(loop, post_twice, both);
    ck_assert_int_eq(fl_loop_call(loop, read_count, &counter), 1);
    fl_loop_post(loop, &task);
    ck_assert_int_eq(fl_loop_call(loop, read_count, &counter), 2);
    fl_loop_host_free(host);
}
END_TEST

struct many {
    struct fl_loop *loop;
    int *counter;
};

static int add_one(void *arg)
{
    return ++*(int *)arg;
}

static void call_often(void *arg)
{
    struct many *many = arg;

    for (int i = 0; i < 500; i++)
        fl_loop_call(many->loop, add_one, many->counter);
}

START_TEST(many_threads_can_call)
{
    struct fl_loop_host *host = new_host(NULL);
    int counter = 0;
    struct many many = {get(host), &counter};
    struct fl_thread threads[4];

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(fl_thread_start(&threads[i], "call", call_often, &many), FLOW_OK);
    for (int i = 0; i < 4; i++)
        fl_thread_join(&threads[i]);
    ck_assert_int_eq(fl_loop_call(many.loop, read_count, &counter), 2000);
    fl_loop_host_free(host);
}
END_TEST

START_TEST(without_a_host_there_is_no_loop)
{
    flow_context ctx = context_on(NULL);
    struct fl_loop *loop = NULL;
    flow_error *err = NULL;

    ck_assert_int_eq(fl_loop_get(&ctx, &loop, &err), FLOW_ESTATE);
    ck_assert_ptr_nonnull(err);
    flow_error_free(err);
}
END_TEST

START_TEST(lack_of_memory_is_reported)
{
    struct failing failing;
    struct fl_loop_host *host = NULL;
    struct fl_loop *loop = NULL;
    failing_init(&failing);

    for (int64_t grants = 0; grants < 2; grants++) {
        failing_after(&failing, grants);
        ck_assert_int_eq(fl_loop_host_new(&failing.allocator, "loop", &host, NULL), FLOW_ENOMEM);
        ck_assert_int_eq(failing.live, 0);
    }
    failing_after(&failing, -1);
    host = new_host(&failing.allocator);
    flow_context ctx = context_on(host);
    failing_after(&failing, 0);
    ck_assert_int_eq(fl_loop_get(&ctx, &loop, NULL), FLOW_ENOMEM);
    failing_after(&failing, -1);
    ck_assert_int_eq(fl_loop_get(&ctx, &loop, NULL), FLOW_OK);
    fl_loop_host_free(host);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"no users", host_without_users_ends},
        {"call", calls_run_on_the_loops_thread},
        {"nested call", a_call_within_a_call_runs_at_once},
        {"tasks", tasks_run_before_a_later_call},
        {"posted twice", a_task_that_waits_runs_once},
        {"threads", many_threads_can_call},
        {"no host", without_a_host_there_is_no_loop},
        {"no memory", lack_of_memory_is_reported},
    };

    return RUN_SUITE("net/loop", tests);
}
