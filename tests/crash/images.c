/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "images.h"

static int try_image(struct images *images, struct sim_disk *past, uint64_t at, enum sim_mode mode,
                     uint64_t seed)
{
    struct sim_disk *image = sim_disk_crash(past, mode, seed);
    const char *wrong = images->inspect(images->self, image, at);
    char op[256] = "";

    images->count++;
    if (wrong) {
        if (at)
            sim_op_text(sim_disk_op(images->disk, at - 1), op, sizeof op);
        fprintf(stderr, "after operation %llu (%s), %s, image seed %llu: %s\n",
                (unsigned long long)at, op, sim_mode_name(mode), (unsigned long long)seed, wrong);
    }
    if (wrong && getenv("LOG_CRASH_DUMP")) {
        for (uint64_t i = 0; i <= at && i < sim_disk_ops(images->disk); i++)
            fprintf(stderr, "%4llu %s\n", (unsigned long long)i + 1,
                    sim_op_text(sim_disk_op(images->disk, i), op, sizeof op));
        sim_disk_export(image, getenv("LOG_CRASH_DUMP"));
    }
    sim_disk_free(image);
    return wrong != NULL;
}

int images_try(struct images *images)
{
    const struct images_options *options = images->options;
    struct sim_disk *past = sim_disk_past(images->disk, 0);
    uint64_t ops = sim_disk_ops(images->disk);
    int failed = 0;

    for (uint64_t at = 0; at <= ops && !failed; at++) {
        sim_disk_advance(past, at);
        if (options->only && at != options->only)
            continue;
        failed = try_image(images, past, at, SIM_KILLED, 0) ||
                 try_image(images, past, at, SIM_SYNCED, 0);
        for (uint64_t i = 0; i < options->torn && !failed; i++)
            failed = try_image(images, past, at, i % 4 == 3 ? SIM_JUMBLED : SIM_TORN,
                               options->seed * 1000003 + at * 64 + i);
    }
    sim_disk_free(past);
    return failed;
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int read_options(struct images_options *options, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t number = strtoull(argv[i + 1], NULL, 10);
        if (!strcmp(argv[i], "--seed"))
            options->seed = number;
        else if (!strcmp(argv[i], "--runs"))
            options->runs = number;
        else if (!strcmp(argv[i], "--torn"))
            options->torn = number;
        else if (!strcmp(argv[i], "--at"))
            options->only = number;
        else if (!strcmp(argv[i], "--seconds"))
            options->seconds = (double)number;
        else if (strcmp(argv[i], "--wrap") != 0) /* the world's */
            return 2;
    }
    return argc % 2 == 1 ? 0 : 2;
}

int images_main(const char *program, int argc, char **argv,
                int (*run)(const struct images_options *options, uint64_t seed, uint64_t *images))
{
    struct images_options options = {
        .program = program, .seed = 1, .runs = 20, .torn = 4, .seconds = 1e9};
    uint64_t images = 0, runs = 0;
    int failed = 0;

    if (read_options(&options, argc, argv)) {
        fprintf(stderr, "usage: %s [--seed N] [--runs N] [--seconds N] [--torn N] [--at N] "
                        "[--wrap none|pack|seal|both]\n",
                program);
        return 2;
    }
    double end = seconds_now() + options.seconds;
    uint64_t first = options.seed;
    for (; runs < options.runs && seconds_now() < end && !failed; runs++) {
        options.seed = first + runs;
        failed = run(&options, options.seed, &images);
    }
    if (failed)
        fprintf(stderr, "again: %s --runs 1 --torn %llu --seed %llu\n", program,
                (unsigned long long)options.torn, (unsigned long long)options.seed);
    printf("%llu images of %llu runs: %s\n", (unsigned long long)images, (unsigned long long)runs,
           failed ? "wrong" : "all as promised");
    return failed;
}
