/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the library promises to the program it lives in, as that program sees it: threads,
 * descriptors, signals, output, fork, and any number of pipelines beside each other.
 */

#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "suite.h"

#define MANY 1000

static flow_library *new_library(void)
{
    flow_library *lib;

    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    return lib;
}

static void free_library(flow_library *lib)
{
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
}

#define ck_ok(call)                                                                                \
    do {                                                                                           \
        flow_error *err = NULL;                                                                    \
        int result_ = (call);                                                                      \
        ck_assert_msg(result_ == FLOW_OK, "%s", flow_error_message(err));                          \
    } while (0)

/* A whole life of an agent of TEXT. */
static void live(flow_library *lib, const char *text)
{
    struct agent agent;

    ck_ok(agent_start(&agent, lib, text, &err));
    ck_ok(agent_push(&agent, 250, &err));
    ck_ok(agent_finish(&agent, &err));
    ck_assert_uint_eq(agent.seen, 250);
}

/* ---- nothing is left behind ---- */

static size_t count_entries(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t count = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

START_TEST(threads_and_descriptors_are_gone_afterwards)
{
    flow_library *lib = new_library();

    live(lib, agent_network); /* libuv keeps two descriptors for the process from now on */
    free_library(lib);
    size_t threads = count_entries("/proc/self/task");
    size_t descriptors = count_entries("/proc/self/fd");
    ck_assert_uint_eq(threads, 3); /* ".", ".." and this one */
    for (int i = 0; i < 5; i++) {
        lib = new_library();
        live(lib, agent_memory);
        live(lib, agent_network);
        free_library(lib);
        ck_assert_uint_eq(count_entries("/proc/self/task"), threads);
        ck_assert_uint_eq(count_entries("/proc/self/fd"), descriptors);
    }
}
END_TEST

START_TEST(every_descriptor_is_closed_on_exec)
{
    flow_library *lib = new_library();
    struct agent agent;
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    fd_set before;

    FD_ZERO(&before);
    for (int fd = 0; fd < 256; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            FD_SET(fd, &before);
    }
    ck_ok(agent_start(&agent, lib, agent_network, &err));
    size_t ours = 0;
    while ((entry = readdir(dir)) != NULL) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] == '.' || FD_ISSET(fd, &before))
            continue;
        ours++;
        ck_assert_msg((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "descriptor %d is left open", fd);
    }
    ck_assert_uint_gt(ours, 0);
    closedir(dir);
    ck_ok(agent_finish(&agent, &err));
    free_library(lib);
}
END_TEST

/* ---- the process stays as it was ---- */

struct surroundings {
    void (*handlers[NSIG])(int);
    int flags[NSIG];
    int blocked[NSIG];
    mode_t mask_of_files;
    char folder[512];
    char locale[512];
};

static void look_around(struct surroundings *now)
{
    sigset_t blocked;

    memset(now, 0, sizeof(*now));
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action = {.sa_flags = 0};
        sigaction(i, NULL, &action);
        now->handlers[i] = action.sa_handler;
        now->flags[i] = action.sa_flags;
        now->blocked[i] = sigismember(&blocked, i);
    }
    now->mask_of_files = umask(0);
    umask(now->mask_of_files);
    ck_assert_ptr_nonnull(getcwd(now->folder, sizeof(now->folder)));
    snprintf(now->locale, sizeof(now->locale), "%s", setlocale(LC_ALL, NULL));
}

START_TEST(the_surroundings_are_not_changed)
{
    struct surroundings before;
    struct surroundings now;
    flow_library *lib;
    struct agent agent;

    look_around(&before);
    lib = new_library();
    ck_ok(agent_start(&agent, lib, agent_network, &err));
    look_around(&now);
    ck_assert_mem_eq(&now, &before, sizeof(now));
    ck_ok(agent_finish(&agent, &err));
    free_library(lib);
    look_around(&now);
    ck_assert_mem_eq(&now, &before, sizeof(now));
}
END_TEST

START_TEST(nothing_is_printed)
{
    char path[] = "/tmp/flow-output-XXXXXX";
    int out = mkstemp(path);
    struct stat info;
    int status;

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        flow_library *lib = new_library();
        live(lib, agent_network);
        flow_plugin_load(lib, "/nowhere/at/all.so", NULL);
        free_library(lib);
        exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(fstat(out, &info), 0);
    ck_assert_int_eq(info.st_size, 0);
    close(out);
    unlink(path);
}
END_TEST

static pthread_t handled_by;
static volatile sig_atomic_t handled;

static void note_thread(int number)
{
    (void)number;
    handled_by = pthread_self();
    handled++;
}

START_TEST(signals_are_handled_by_the_hosts_threads)
{
    flow_library *lib = new_library();
    struct sigaction action = {.sa_handler = note_thread};
    struct agent agent;
    sigset_t usr1;

    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
    ck_ok(agent_start(&agent, lib, agent_network, &err));
    /* While this thread does not take it, nobody may: a thread of ours would at once. */
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    kill(getpid(), SIGUSR1);
    ck_ok(agent_push(&agent, 250, &err));
    ck_ok(agent_finish(&agent, &err));
    ck_assert_int_eq(handled, 0);
    pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
    ck_assert_int_eq(handled, 1);
    ck_assert(pthread_equal(handled_by, pthread_self()));
    free_library(lib);
}
END_TEST

/* ---- many ---- */

START_TEST(a_thousand_pipelines_live_in_one_process)
{
    flow_library *lib = new_library();
    struct agent *agents = calloc(MANY, sizeof(*agents));
    struct rlimit files;

    /* Some may need a descriptor each. */
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
    for (size_t i = 0; i < MANY; i++)
        ck_ok(agent_start(&agents[i], lib, agent_memory, &err));
    for (size_t i = 0; i < MANY; i++)
        ck_ok(agent_push(&agents[i], 1 + i % 3, &err));
    for (size_t i = 0; i < MANY; i++) {
        ck_ok(agent_finish(&agents[i], &err));
        ck_assert_uint_eq(agents[i].seen, 1 + i % 3);
    }
    free(agents);
    free_library(lib);
    ck_assert_uint_eq(count_entries("/proc/self/task"), 3);
}
END_TEST

static void count_record(void *self, const flow_log_record *record)
{
    (void)record;
    atomic_fetch_add((_Atomic size_t *)self, 1);
}

START_TEST(two_libraries_live_side_by_side)
{
    _Atomic size_t records = 0;
    const flow_library_options options = {.struct_size = sizeof(options),
                                          .log_level = FLOW_LOG_TRACE,
                                          .log = count_record,
                                          .log_self = (void *)&records};
    flow_library *loud;
    flow_library *silent = new_library();
    struct agent one;
    struct agent two;

    ck_assert_int_eq(flow_library_new(&options, &loud, NULL), FLOW_OK);
    ck_ok(agent_start(&two, silent, agent_network, &err));
    ck_ok(agent_push(&two, 10, &err));
    ck_assert_uint_eq(records, 0);
    ck_ok(agent_start(&one, loud, agent_network, &err));
    ck_ok(agent_finish(&one, &err));
    free_library(loud);
    ck_assert_uint_gt(records, 0);
    size_t heard = records;
    ck_ok(agent_push(&two, 10, &err));
    ck_ok(agent_finish(&two, &err));
    ck_assert_uint_eq(two.seen, 20);
    ck_assert_uint_eq(records, heard);
    free_library(silent);
}
END_TEST

START_TEST(a_library_with_a_pipeline_is_not_freed)
{
    flow_library *lib = new_library();
    struct agent agent;
    flow_error *refused = NULL;

    ck_ok(agent_start(&agent, lib, agent_memory, &err));
    ck_assert_int_eq(flow_library_free(lib, &refused), FLOW_ESTATE);
    flow_error_free(refused);
    ck_ok(agent_finish(&agent, &err));
    free_library(lib);
}
END_TEST

/* ---- fork ---- */

#ifndef __SANITIZE_ADDRESS__
/* What the child of a process with a running pipeline finds, as an exit code. */
static int in_child(struct agent *agent)
{
    flow_error *err = NULL;

    if (agent_push(agent, 1, &err) != FLOW_EFORKED || flow_error_code(err) != FLOW_EFORKED)
        return 1;
    flow_error_free(err);
    if (flow_pipeline_drain(agent->pipeline, 1000, NULL) != FLOW_EFORKED)
        return 2;
    if (flow_pipeline_stop(agent->pipeline, 1000, NULL) != FLOW_EFORKED)
        return 3;
    if (flow_pipeline_free(agent->pipeline, NULL) != FLOW_EFORKED)
        return 4;
    if (flow_library_free(agent->lib, NULL) != FLOW_EFORKED)
        return 5;
    flow_metrics *metrics = NULL;
    if (flow_pipeline_metrics(agent->pipeline, &metrics, NULL) != FLOW_EFORKED)
        return 6;
    return 0;
}

/* A child may have a life of its own. */
static int new_life(void)
{
    flow_library *lib;
    struct agent agent;

    if (flow_library_new(NULL, &lib, NULL) != FLOW_OK)
        return 10;
    if (agent_start(&agent, lib, agent_memory, NULL) != FLOW_OK)
        return 11;
    if (agent_push(&agent, 5, NULL) != FLOW_OK || agent_finish(&agent, NULL) != FLOW_OK)
        return 12;
    return flow_library_free(lib, NULL) == FLOW_OK && agent.seen == 5 ? 0 : 13;
}

START_TEST(a_child_gets_errors_and_exits_cleanly)
{
    flow_library *lib = new_library();
    struct agent agent;
    int status;

    ck_ok(agent_start(&agent, lib, agent_network, &err));
    ck_ok(agent_push(&agent, 10, &err));
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int result = in_child(&agent);
        exit(result != 0 ? result : new_life()); /* with all that runs at exit */
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "the child died of signal %d", WTERMSIG(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);

    /* The parent has not noticed. */
    ck_ok(agent_push(&agent, 10, &err));
    ck_ok(agent_finish(&agent, &err));
    ck_assert_uint_eq(agent.seen, 20);
    free_library(lib);
}
END_TEST
#endif

int main(void)
{
    const struct test_entry tests[] = {
        {"threads_and_descriptors_are_gone_afterwards",
         threads_and_descriptors_are_gone_afterwards},
        {"every_descriptor_is_closed_on_exec", every_descriptor_is_closed_on_exec},
        {"the_surroundings_are_not_changed", the_surroundings_are_not_changed},
        {"nothing_is_printed", nothing_is_printed},
        {"signals_are_handled_by_the_hosts_threads", signals_are_handled_by_the_hosts_threads},
        {"a_thousand_pipelines_live_in_one_process", a_thousand_pipelines_live_in_one_process},
        {"two_libraries_live_side_by_side", two_libraries_live_side_by_side},
        {"a_library_with_a_pipeline_is_not_freed", a_library_with_a_pipeline_is_not_freed},
#ifndef __SANITIZE_ADDRESS__
        /* The sanitizer's allocator, unlike libc's, may be left locked in a child of a process that
         * has other threads. */
        {"a_child_gets_errors_and_exits_cleanly", a_child_gets_errors_and_exits_cleanly},
#endif
    };

    return RUN_SUITE("host_promise", tests);
}
