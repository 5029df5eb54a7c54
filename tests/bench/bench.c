/* SPDX-License-Identifier: Apache-2.0 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

static int usage(const char *program)
{
    fprintf(stderr,
            "usage: %s [--json] [--rounds N] [--scale X] [--only TEXT] [--flume COMMAND]\n",
            program);
    return 2;
}

int bench_options_read(struct bench_options *options, int argc, char **argv)
{
    *options = (struct bench_options){.rounds = 7, .scale = 1};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--json") == 0) {
            options->json = 1;
            continue;
        }
        if (!value)
            return usage(argv[0]);
        if (strcmp(argv[i], "--rounds") == 0)
            options->rounds = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--scale") == 0)
            options->scale = strtod(value, NULL);
        else if (strcmp(argv[i], "--only") == 0)
            options->only = value;
        else if (strcmp(argv[i], "--flume") == 0)
            options->flume = value;
        else
            return usage(argv[0]);
        i++;
    }
    if (options->rounds < 1 || options->rounds > BENCH_ROUNDS_MAX || options->scale <= 0)
        return usage(argv[0]);
    return 0;
}

double bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct side {
    void (*run)(void *arg);
    void *arg;
};

static void *run_side(void *arg)
{
    struct side *side = arg;

    side->run(side->arg);
    return NULL;
}

double bench_pair(void (*produce)(void *arg), void (*consume)(void *arg), void *arg)
{
    struct side consumer = {consume, arg};
    pthread_t thread;
    double start = bench_now();

    if (pthread_create(&thread, NULL, run_side, &consumer))
        return -1;
    produce(arg);
    pthread_join(thread, NULL);
    return bench_now() - start;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, compare);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static int measure(const struct bench_options *options, struct bench_contest *contest)
{
    uint64_t work = (uint64_t)((double)contest->work * options->scale);

    /* The first round warms up and does not count. */
    for (unsigned round = 0; round <= options->rounds; round++) {
        for (size_t i = 0; i < contest->count; i++) {
            struct bench_entry *entry = &contest->entries[i];
            double seconds = entry->run(entry->arg, work);
            if (seconds <= 0) {
                fprintf(stderr, "%s: %s failed\n", contest->name, entry->name);
                return 1;
            }
            if (round > 0)
                entry->rates[round - 1] = (double)work / seconds;
        }
    }
    for (size_t i = 0; i < contest->count; i++)
        contest->entries[i].median = median(contest->entries[i].rates, options->rounds);
    return 0;
}

static void print_table(const struct bench_contest *contest)
{
    printf("%s\n", contest->name);
    for (size_t i = 0; i < contest->count; i++) {
        const struct bench_entry *entry = &contest->entries[i];
        printf("  %-28s %10.3f M %s/s  %5.2f of %s", entry->name, entry->median / 1e6,
               contest->unit, entry->median / contest->entries[0].median, contest->entries[0].name);
        if (i + 1 == contest->count && contest->goal > 0)
            printf("  %5.2f of the goal", entry->median / contest->goal);
        printf("\n");
    }
    fflush(stdout);
}

static void print_json(const struct bench_options *options, const struct bench_contest *contest)
{
    printf("{\"contest\":\"%s\",\"unit\":\"%s\",\"rounds\":%u", contest->name, contest->unit,
           options->rounds);
    if (contest->goal > 0)
        printf(",\"goal\":%.0f", contest->goal);
    printf(",\"entries\":[");
    for (size_t i = 0; i < contest->count; i++) {
        const struct bench_entry *entry = &contest->entries[i];
        printf("%s{\"name\":\"%s\",\"median\":%.0f,\"min\":%.0f,\"max\":%.0f,\"ratio\":%.3f}",
               i ? "," : "", entry->name, entry->median, entry->rates[0],
               entry->rates[options->rounds - 1], entry->median / contest->entries[0].median);
    }
    printf("]}\n");
    fflush(stdout);
}

int bench_wanted(const struct bench_options *options, const char *name)
{
    return !options->only || strstr(name, options->only);
}

int bench_run(const struct bench_options *options, struct bench_contest *contest)
{
    if (!bench_wanted(options, contest->name))
        return 0;
    if (measure(options, contest))
        return 1;
    if (options->json)
        print_json(options, contest);
    else
        print_table(contest);
    return 0;
}
