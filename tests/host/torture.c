/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fails every allocation of a scene's life in turn, process-wide: ours and those of the libraries
 * beneath.  The allocator below stands before the C library's for all of them.  Each
 * failing run is a fork of the same program, so that one run cannot spoil the next:
 *
 *     the run must end, with an error or, where the allocation could be done without, as it should;
 *     it must not die, except where libuv itself aborts: it does when it cannot grow the table of
 *     what it watches, and offers no way to make it grow before;
 *     it must leave no memory, descriptor or thread behind;
 *     it must recover, where that is the scene's promise: all arrives in the end;
 *     and a further run in the same process must work.
 *
 *     torture PLUGIN SCENE              a sample of the allocations, spread evenly
 *     torture PLUGIN SCENE --long       every allocation, with patience for the pauses after faults
 *     torture PLUGIN SCENE FIRST LAST   these
 */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture_scenes.h"

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
    if (piece)
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

    if (!piece)
        return ENOMEM;
    *ptr = piece;
    return 0;
}

EXPORT void free(void *ptr)
{
    if (ptr)
        atomic_fetch_sub(&live, 1);
    __libc_free(ptr);
}

static void arm(long number)
{
    atomic_store(&requests, 0);
    atomic_store(&fail_at, number);
}

/* ---- one life ---- */

/* How many allocations fail in a sample. */
#define SAMPLE 400

/* Whoever has not ended by then hangs. */
#define HANGS_S 240

#define PATIENT_MS 60000 /* where all must arrive */
#define BRISK_MS 200     /* where a pause after a fault may come between */

struct torture {
    const struct torture_scene *scene;
    const char *plugin;
    const char *folder; /* of which each life gets one */
    long first, last, step;
    int patience_ms;
};

/* What a life must not leave behind. */
struct belongings {
    long pieces;
    long descriptors;
    long threads;
};

static long count_entries(const char *path)
{
    DIR *dir = opendir(path);
    long count = 0;

    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

static struct belongings take_stock(void)
{
    return (struct belongings){
        .pieces = atomic_load(&live),
        .descriptors = count_entries("/proc/self/fd"),
        .threads = count_entries("/proc/self/task"),
    };
}

/* Lives once in a folder of its own. */
static int live_once(const struct torture *t, int patience_ms, flow_error **err)
{
    struct torture_place place = {.plugin = t->plugin, .patience_ms = patience_ms};

    for (int i = 0; i < 10; i++) {
        snprintf(place.folder, sizeof(place.folder), "%s/%ld-%d", t->folder, (long)getpid(), i);
        if (mkdir(place.folder, 0700) == 0)
            return torture_live(t->scene, &place, err);
    }
    return flow_error_set(err, FLOW_EIO, "there is no folder to live in");
}

/* Exit codes of a child. */
enum { FINE = 0, WRONG = 1, NO_MORE = 2, LIBUV_ABORTS = 3 };

/* Lets an abort pass that libuv commits because it got no memory itself. */
static void at_abort(int number)
{
    Dl_info from;

    (void)number;
    if (refused && dladdr(refused, &from) != 0 && strstr(from.dli_fname, "libuv"))
        _exit(LIBUV_ABORTS);
}

static int complain(long number, const char *what, const flow_error *err)
{
    fprintf(stderr, "allocation %ld: %s: %s\n", number, what, flow_error_message(err));
    return WRONG;
}

/* Returns 1 when there is more than BEFORE; says so when TOLD. */
static int has_left(long number, const struct belongings *before, int told)
{
    struct belongings after = take_stock();

    if (after.pieces <= before->pieces && after.descriptors <= before->descriptors &&
        after.threads <= before->threads)
        return 0;
    if (told)
        fprintf(stderr, "allocation %ld leaves behind: %ld pieces, %ld descriptors, %ld threads\n",
                number, after.pieces - before->pieces, after.descriptors - before->descriptors,
                after.threads - before->threads);
    return 1;
}

/* Lives with allocation NUMBER failing. */
static int fail_number(const struct torture *t, long number, long *made)
{
    flow_error *err = NULL;

    arm(number);
    int result = live_once(t, t->patience_ms, &err);
    *made = atomic_load(&requests);
    arm(-1);
    if (*made > number && result != FLOW_OK && flow_error_code(err) != result)
        return complain(number, "the error object says something else", err);
    if (t->scene->recovers && result == FLOW_ETIMEDOUT)
        return complain(number, "it never recovers", err);
    flow_error_free(err);
    return FINE;
}

/*
 * Runs with allocation NUMBER failing; NO_MORE when the run makes do with fewer.  What is left
 * behind counts only when it is left again: a failure may lead the C library where it has not been
 * before, to another way of finding names for example, of which it keeps something for good.
 */
static int try_number(const struct torture *t, long number)
{
    flow_error *err = NULL;
    long made = 0;
    int left = 1;

    alarm(HANGS_S);
    for (int i = 0; i < 2 && left; i++) {
        struct belongings before = take_stock();
        if (fail_number(t, number, &made) != FINE)
            return WRONG;
        left = has_left(number, &before, i > 0);
    }
    if (left)
        return WRONG;
    if (live_once(t, PATIENT_MS, &err) != FLOW_OK)
        return complain(number, "the next run fails", err);
    return made > number ? FINE : NO_MORE;
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

static void begin(struct lives *lives, size_t place, const struct torture *t, long number)
{
    pid_t child = fork();

    if (child == 0) {
        signal(SIGABRT, at_abort);
        _exit(try_number(t, number));
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

static int torture(const struct torture *t)
{
    struct lives lives = {.end = LONG_MAX};
    long tried = 0;

    for (long number = t->first; number <= t->last && number < lives.end; number += t->step) {
        begin(&lives, free_place(&lives), t, number);
        tried++;
    }
    while (collect(&lives) < AT_ONCE)
        ;
    printf("%s: %ld allocations failed once, libuv aborted at %d\n", t->scene->name, tried,
           lives.libuv_aborts);
    return lives.failed;
}

/* Lives without faults, so that what the libraries beneath keep for good is there already, and once
 * more to count the allocations for a sample. */
static int rehearse(struct torture *t)
{
    flow_error *err = NULL;

    for (int i = 0; i < 2; i++) {
        arm(-1);
        if (live_once(t, PATIENT_MS, &err) != FLOW_OK)
            return complain(-1, "the run without faults fails", err);
    }
    if (t->step == 0)
        t->step = 1 + atomic_load(&requests) / SAMPLE;
    return FINE;
}

static int read_arguments(struct torture *t, int argc, char **argv)
{
    *t = (struct torture){.scene = torture_scenes, .last = 1000000};
    if (argc < 3)
        return 0;
    t->plugin = argv[1];
    while (t->scene->name && strcmp(t->scene->name, argv[2]) != 0)
        t->scene++;
    t->step = argc > 3;
    t->patience_ms = argc > 3 || t->scene->recovers ? PATIENT_MS : BRISK_MS;
    if (argc > 4) {
        t->first = atol(argv[3]);
        t->last = atol(argv[4]);
    }
    return t->scene->name != NULL;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

int main(int argc, char **argv)
{
    const char *base = getenv("TMPDIR");
    char folder[TORTURE_PATH / 2];
    struct torture t;

    if (!read_arguments(&t, argc, argv)) {
        fprintf(stderr, "usage: torture PLUGIN SCENE [--long | FIRST LAST]\n");
        return 2;
    }
    snprintf(folder, sizeof(folder), "%s/flow-torture-XXXXXX", base ? base : "/tmp");
    t.folder = mkdtemp(folder);
    int failed = !t.folder || rehearse(&t) != FINE || torture(&t) != 0;
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed;
}
