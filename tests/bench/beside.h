/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_BESIDE_H
#define TESTS_BENCH_BESIDE_H

/*
 * Another program that does the same work in turn: told on its standard input "BATCH THREADS WORK",
 * a line, it answers with the seconds that took.  THREADS put and take by themselves; 0: one puts
 * and another one takes.
 */

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct beside {
    FILE *to, *from;
    pid_t child;
    size_t batch; /* what it is told */
    unsigned threads;
    unsigned share; /* it does one SHARE-th of the work, and its seconds count as many times */
};

/* Starts COMMAND by the shell; returns 0 or -1. */
int beside_start(struct beside *beside, const char *command);
void beside_stop(struct beside *beside);

/* Runs it; an entry's `run`. */
double beside_run(void *arg, uint64_t work);

#endif
