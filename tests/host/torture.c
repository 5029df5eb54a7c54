/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fails every allocation of a pipeline's life in turn, process-wide: ours and those of the
 * libraries beneath.  The allocator below stands before the C library's for all of them.  Each
 * failing run is a fork of the same program, so that one run cannot spoil the next:
 *
 *     the run must end, with an error or, where the allocation could be done without, as it should;
 *     it must not die, except where libuv itself aborts: it does when it cannot grow the table of
 *     what it watches, and offers no way to make it grow before;
 *     and a further run in the same process must work and leave no more memory behind than a run
 *     in which nothing failed.
 *
 *     torture [FIRST [LAST]]     only these allocations
 */

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

/* glibc's own, which remain reachable when a program defines malloc. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *ptr);

static _Atomic long requests;     /* since `arm` */
static _Atomic long fail_at = -1; /* the number of the request that fails; -1: none */
static _Atomic long live;         /* pieces in use */
static const void *refused;       /* who made the request that failed */

/* ---- the allocator ---- */

/* The build hides what is not marked; the libraries must find these. */
#define EXPORT __attribute__((visibility("default")))

static int granted(const void *caller)
{
    long number = atomic_fetch_add(&requests, 1);

    if (number != atomic_load(&fail_at))
        return 1;
    refused = caller;
    errno = ENOMEM;
    return 0;
}

static void *count(void *piece)
{
    if (piece != NULL)
        atomic_fetch_add(&live, 1);
    return piece;
}

EXPORT void *malloc(size_t size)
{
    return granted(__builtin_return_address(0)) ? count(__libc_malloc(size)) : NULL;
}

EXPORT void *calloc(size_t number, size_t size)
{
    return granted(__builtin_return_address(0)) ? count(__libc_calloc(number, size)) : NULL;
}

EXPORT void *realloc(void *ptr, size_t size)
{
    if (!granted(__builtin_return_address(0)))
        return NULL;
    void *moved = __libc_realloc(ptr, size);
    return ptr == NULL ? count(moved) : moved;
}

EXPORT void *memalign(size_t alignment, size_t size)
{
    return granted(__builtin_return_address(0)) ? count(__libc_memalign(alignment, size)) : NULL;
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

EXPORT int posix_memalign(void **ptr, size_t alignment, size_t size)
{
    void *piece = memalign(alignment, size);

    if (piece == NULL)
        return ENOMEM;
    *ptr = piece;
    return 0;
}

EXPORT void free(void *ptr)
{
    if (ptr != NULL)
        atomic_fetch_sub(&live, 1);
    __libc_free(ptr);
}

static void arm(long number)
{
    atomic_store(&requests, 0);
    atomic_store(&fail_at, number);
}

/* ---- one life ---- */

static int live_once(const char *text, flow_error **err)
{
    flow_library *lib = NULL;
    struct agent agent;
    int result = flow_library_new(NULL, &lib, err);

    if (result != FLOW_OK)
        return result;
    result = agent_start(&agent, lib, text, err);
    if (result == FLOW_OK) {
        int pushed = agent_push(&agent, 20, err);
        result = agent_finish(&agent, pushed == FLOW_OK ? err : NULL);
        result = pushed != FLOW_OK ? pushed : result;
    }
    int freed = flow_library_free(lib, result == FLOW_OK ? err : NULL);
    return result != FLOW_OK ? result : freed;
}

/* Exit codes of a child. */
enum { FINE = 0, WRONG = 1, NO_MORE = 2, LIBUV_ABORTS = 3 };

/* Lets an abort pass that libuv commits because it got no memory itself. */
static void at_abort(int number)
{
    Dl_info from;

    (void)number;
    if (refused != NULL && dladdr(refused, &from) != 0 && strstr(from.dli_fname, "libuv") != NULL)
        _exit(LIBUV_ABORTS);
}

static int complain(long number, const char *what, const flow_error *err)
{
    fprintf(stderr, "allocation %ld: %s: %s\n", number, what, flow_error_message(err));
    return WRONG;
}

/* Runs with allocation NUMBER failing; NO_MORE when the run makes do with fewer. */
static int try_number(const char *text, long number)
{
    flow_error *err = NULL;

    long before = atomic_load(&live);
    arm(number);
    int result = live_once(text, &err);
    long made = atomic_load(&requests);
    arm(-1);
    if (made <= number)
        return result == FLOW_OK ? NO_MORE : complain(number, "fails with nothing failing", err);
    if (result != FLOW_OK && flow_error_code(err) != result)
        return complain(number, "the error object says something else", err);
    flow_error_free(err);
    err = NULL;
    long left = atomic_load(&live) - before;
    if (left > 0) {
        fprintf(stderr, "allocation %ld: %ld pieces are left behind\n", number, left);
        return WRONG;
    }
    if (live_once(text, &err) != FLOW_OK)
        return complain(number, "the next run fails", err);
    return FINE;
}

/* ---- many lives ---- */

/* So many at once, because most of a failing run is waiting: a sink pauses for seconds. */
#define AT_ONCE 16

struct lives {
    pid_t children[AT_ONCE];
    long numbers[AT_ONCE];
    int failed;
    int libuv_aborts;
    long end; /* the first number that is more than a run needs; LONG_MAX: not known yet */
};

static void judge(struct lives *lives, long number, int status)
{
    if (WIFSIGNALED(status))
        fprintf(stderr, "allocation %ld: died of signal %d\n", number, WTERMSIG(status));
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_MORE && number < lives->end)
        lives->end = number;
    else if (WIFEXITED(status) && WEXITSTATUS(status) == LIBUV_ABORTS)
        lives->libuv_aborts++;
    else if (!WIFEXITED(status) || WEXITSTATUS(status) == WRONG)
        lives->failed++;
}

/* Waits for one child; its place is free then. */
static size_t collect(struct lives *lives)
{
    int status;
    pid_t child = waitpid(-1, &status, 0);

    for (size_t i = 0; i < AT_ONCE; i++) {
        if (lives->children[i] == child && child > 0) {
            judge(lives, lives->numbers[i], status);
            lives->children[i] = 0;
            return i;
        }
    }
    return AT_ONCE;
}

static void begin(struct lives *lives, size_t place, const char *text, long number)
{
    pid_t child = fork();

    if (child == 0) {
        signal(SIGABRT, at_abort);
        _exit(try_number(text, number));
    }
    lives->failed += child < 0;
    lives->children[place] = child;
    lives->numbers[place] = number;
}

static size_t free_place(struct lives *lives)
{
    for (size_t i = 0; i < AT_ONCE; i++) {
        if (lives->children[i] <= 0)
            return i;
    }
    return collect(lives);
}

static int torture(const char *name, const char *text, long first, long last)
{
    struct lives lives = {.end = LONG_MAX};
    flow_error *err = NULL;

    /* Once without faults, so that what the libraries beneath keep for good is there already. */
    if (live_once(text, &err) != FLOW_OK)
        return complain(-1, "the run without faults fails", err);
    for (long number = first; number <= last && number < lives.end; number++)
        begin(&lives, free_place(&lives), text, number);
    while (collect(&lives) < AT_ONCE)
        ;
    if (lives.end != LONG_MAX)
        printf("%s: each of %ld allocations failed once, libuv aborted at %d\n", name,
               lives.end - first, lives.libuv_aborts);
    return lives.failed;
}

int main(int argc, char **argv)
{
    long first = argc > 1 ? atol(argv[1]) : 0;
    long last = argc > 2 ? atol(argv[2]) : 100000;

    int failed = torture("memory", agent_memory, first, last);
    failed += torture("network", agent_network, first, last);
    return failed != 0;
}
