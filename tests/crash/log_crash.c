/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lets a store work on a simulated disk, stops the world at every operation of that, and opens the
 * store again on what a crash could have left then.
 *
 *     log_crash [--seed N] [--runs N] [--seconds N] [--torn N] [--at OPERATION] [--wrap WAY]
 *
 * Each run has a seed of its own, which is printed when something is wrong, and which makes the
 * same run again; so does the seed of an image.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "history.h"
#include "log_world.h"

struct options {
    uint64_t seed, runs, torn, only;
    double seconds;
};

struct trial {
    struct world world;
    struct history history;
    uint64_t images;
};

/* ---- the run ---- */

static void put(struct trial *trial)
{
    struct history *history = &trial->history;
    struct world *world = &trial->world;
    uint32_t count = 1 + world_random(world, WORLD_MOST);
    flow_error *err = NULL;
    struct step *step = history_begin(history, STEP_PUT, sim_disk_ops(world->disk));

    step->first = history->events;
    step->count = count;
    world_must(world_put(world, step->first, count, &err), err, "put");
    step->acked = sim_disk_ops(world->disk);
    history->events += count;
}

static void commit(struct trial *trial, struct taking *taking)
{
    struct history *history = &trial->history;
    struct world *world = &trial->world;
    flow_error *err = NULL;
    struct step *step = history_begin(history, STEP_TAKE, sim_disk_ops(world->disk));

    step->first = history->taken_count;
    step->count = (uint32_t)taking->count;
    for (size_t i = 0; i < taking->count; i++)
        history->taken[history->taken_count++] = taking->numbers[i];
    world_must(world_commit(world, taking, &err), err, "commit");
    step->acked = sim_disk_ops(world->disk);
}

static void step_of_taking(struct trial *trial)
{
    struct world *world = &trial->world;
    struct taking *taking = &world->takings[world_random(world, WORLD_OPEN)];
    flow_error *err = NULL;

    if (!taking->count)
        world_must(world_take(world, taking, &err), err, "take");
    else if (world_random(world, 4))
        commit(trial, taking);
    else
        world_give_back(world, taking);
}

static void checkpoint(struct world *world)
{
    flow_error *err = NULL;

    world_must(fl_store_checkpoint(world->store, 0, &err), err, "checkpoint");
}

static void reopen(struct world *world)
{
    flow_error *err = NULL;

    world_must(world_close(world, &err), err, "close");
    world_must(world_open(world, &err), err, "open");
}

static void play(struct trial *trial)
{
    struct world *world = &trial->world;
    uint32_t steps = 20 + world_random(world, 60);

    for (uint32_t i = 0; i < steps && trial->history.events + WORLD_MOST < HISTORY_EVENTS; i++) {
        uint32_t what = world_random(world, 100);
        if (what < 45)
            put(trial);
        else if (what < 85)
            step_of_taking(trial);
        else if (what < 92)
            checkpoint(world);
        else if (what < 97)
            fl_store_tend(world->store);
        else
            reopen(world);
    }
}

/* ---- the crashes ---- */

/* What is wrong with a store on IMAGE, of which all that came before operation AT is promised. */
static const char *inspect(struct trial *trial, struct sim_disk *image, uint64_t at)
{
    static uint32_t numbers[HISTORY_EVENTS];
    static char text[1024];
    struct fl_store *store = NULL;
    struct fl_cursor *cursor = NULL;
    flow_error *err = NULL;
    const char *wrong = NULL;

    if (world_open_on(&trial->world, image, &store, &err) || fl_store_cursor(store, "", &cursor, &err)) {
        snprintf(text, sizeof text, "cannot be opened: %s", flow_error_message(err));
        flow_error_free(err);
        return text;
    }
    size_t count = world_read(cursor, numbers, HISTORY_EVENTS, &err);
    if (err) {
        snprintf(text, sizeof text, "cannot be read: %s", flow_error_message(err));
        wrong = text;
    } else {
        wrong = history_check(&trial->history, at, numbers, count);
        if (!wrong && fl_cursor_size(cursor) != count) {
            snprintf(text, sizeof text, "says it has %llu events and has %zu",
                     (unsigned long long)fl_cursor_size(cursor), count);
            wrong = text;
        }
    }
    flow_error_free(err);
    fl_store_close(store, NULL);
    return wrong;
}

static int try_image(struct trial *trial, struct sim_disk *past, uint64_t at, enum sim_mode mode,
                     uint64_t seed)
{
    struct sim_disk *image = sim_disk_crash(past, mode, seed);
    const char *wrong = inspect(trial, image, at);
    char op[256] = "";

    trial->images++;
    if (wrong) {
        if (at)
            sim_op_text(sim_disk_op(trial->world.disk, at - 1), op, sizeof op);
        fprintf(stderr, "after operation %llu (%s), %s, image seed %llu: %s\n",
                (unsigned long long)at, op, sim_mode_name(mode), (unsigned long long)seed, wrong);
    }
    if (wrong && getenv("LOG_CRASH_DUMP")) {
        for (uint64_t i = 0; i <= at && i < sim_disk_ops(trial->world.disk); i++)
            fprintf(stderr, "%4llu %s\n", (unsigned long long)i + 1,
                    sim_op_text(sim_disk_op(trial->world.disk, i), op, sizeof op));
        sim_disk_export(image, getenv("LOG_CRASH_DUMP"));
    }
    sim_disk_free(image);
    return wrong != NULL;
}

static int try_all(struct trial *trial, const struct options *options)
{
    struct sim_disk *past = sim_disk_past(trial->world.disk, 0);
    uint64_t ops = sim_disk_ops(trial->world.disk);
    int failed = 0;

    for (uint64_t at = 0; at <= ops && !failed; at++) {
        sim_disk_advance(past, at);
        if (options->only && at != options->only)
            continue;
        failed = try_image(trial, past, at, SIM_KILLED, 0) ||
                 try_image(trial, past, at, SIM_SYNCED, 0);
        for (uint64_t i = 0; i < options->torn && !failed; i++)
            failed = try_image(trial, past, at, i % 4 == 3 ? SIM_JUMBLED : SIM_TORN,
                               options->seed * 1000003 + at * 64 + i);
    }
    sim_disk_free(past);
    return failed;
}

/* One run and all its crashes; returns 1 when something was wrong. */
static int run(const struct options *options, uint64_t seed, uint64_t *images)
{
    static struct trial trial;
    struct world *world = &trial.world;
    flow_error *err = NULL;

    memset(&trial, 0, sizeof trial);
    world_init(world, seed);
    sim_disk_record(world->disk);
    world_must(world_open(world, &err), err, "open");
    play(&trial);
    world_must(world_close(world, &err), err, "close");
    int failed = try_all(&trial, options);
    *images += trial.images;
    if (failed)
        fprintf(stderr, "again: log_crash --runs 1 --torn %llu --seed %llu\n",
                (unsigned long long)options->torn, (unsigned long long)seed);
    world_free(world);
    return failed;
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int read_options(struct options *options, int argc, char **argv)
{
    *options = (struct options){.seed = 1, .runs = 20, .torn = 4, .seconds = 1e9};
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
        else if (!strcmp(argv[i], "--wrap"))
            world_wrap(argc, argv);
        else
            return 2;
    }
    return argc % 2 == 1 ? 0 : 2;
}

int main(int argc, char **argv)
{
    struct options options;
    uint64_t images = 0, runs = 0;
    double end;
    int failed = 0;

    if (read_options(&options, argc, argv)) {
        fprintf(stderr, "usage: log_crash [--seed N] [--runs N] [--seconds N] [--torn N] [--at N] "
                        "[--wrap none|pack|seal|both]\n");
        return 2;
    }
    for (end = seconds_now() + options.seconds;
         runs < options.runs && seconds_now() < end && !failed; runs++)
        failed = run(&options, options.seed + runs, &images);
    printf("%llu images of %llu runs: %s\n", (unsigned long long)images, (unsigned long long)runs,
           failed ? "wrong" : "all as promised");
    return failed;
}
