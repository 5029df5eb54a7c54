/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

/*
 * Measuring one thing against another.  All entries of a contest run in turn, round by round, so
 * that whatever else the machine does meets all of them; what counts is the median, and the ratio
 * to the first entry, which is the limit.
 */

#include <stddef.h>
#include <stdint.h>

#define BENCH_ROUNDS_MAX 101
#define BENCH_ENTRIES_MAX 6

struct bench_options {
    int json;          /* --json: one object a line instead of a table */
    unsigned rounds;   /* --rounds N */
    double scale;      /* --scale X: as much more work a round */
    const char *only;  /* --only TEXT: contests whose name holds it */
    const char *flume; /* --flume COMMAND: Flume at the same work, see beside.h; or NULL */
};

struct bench_entry {
    const char *name; /* "limit", "libflow", ... */
    /* Does the work once, WORK units of it, and returns the seconds that took; negative when it
     * failed. */
    double (*run)(void *arg, uint64_t work);
    void *arg;
    double rates[BENCH_ROUNDS_MAX]; /* units a second */
    double median;
};

struct bench_contest {
    const char *name;
    const char *unit; /* "events" */
    uint64_t work;    /* units a round */
    double goal;      /* units a second of the last entry; 0: none */
    struct bench_entry entries[BENCH_ENTRIES_MAX];
    size_t count;
};

/* Reads the command line; returns 0, or 2 after a message. */
int bench_options_read(struct bench_options *options, int argc, char **argv);

/* Whether the options ask for the contest NAME, which may take long to prepare. */
int bench_wanted(const struct bench_options *options, const char *name);

/* Runs a contest and prints its result; returns 0, or 1 when an entry failed. */
int bench_run(const struct bench_options *options, struct bench_contest *contest);

/* Seconds of a clock that only goes forward. */
double bench_now(void);

/* Runs PRODUCE and CONSUME with ARG on a thread each; returns the seconds until both ended. */
double bench_pair(void (*produce)(void *arg), void (*consume)(void *arg), void *arg);

#endif
