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
#include <string.h>

#include "history.h"
#include "images.h"
#include "log_world.h"

struct trial {
    struct world world;
    struct history history;
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
    world_must(world_put(world, step->first, count, &err), &err, "put");
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
    world_must(world_commit(world, taking, &err), &err, "commit");
    step->acked = sim_disk_ops(world->disk);
}

static void step_of_taking(struct trial *trial)
{
    struct world *world = &trial->world;
    struct taking *taking = &world->takings[world_random(world, WORLD_OPEN)];
    flow_error *err = NULL;

    if (!taking->count)
        world_must(world_take(world, taking, &err), &err, "take");
    else if (world_random(world, 4))
        commit(trial, taking);
    else
        world_give_back(world, taking);
}

static void checkpoint(struct world *world)
{
    flow_error *err = NULL;

    world_must(fl_store_checkpoint(world->store, 0, &err), &err, "checkpoint");
}

static void reopen(struct world *world)
{
    flow_error *err = NULL;

    world_must(world_close(world, &err), &err, "close");
    world_must(world_open(world, &err), &err, "open");
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
static const char *inspect(void *self, struct sim_disk *image, uint64_t at)
{
    struct trial *trial = self;
    static uint32_t numbers[HISTORY_EVENTS];
    static char text[1024];
    struct fl_store *store = NULL;
    struct fl_cursor *cursor = NULL;
    flow_error *err = NULL;
    const char *wrong = NULL;

    if (world_open_on(&trial->world, image, &store, &err) ||
        fl_store_cursor(store, "", &cursor, &err)) {
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

/* One run and all its crashes; returns 1 when something was wrong. */
static int run(const struct images_options *options, uint64_t seed, uint64_t *count)
{
    static struct trial trial;
    struct world *world = &trial.world;
    flow_error *err = NULL;

    memset(&trial, 0, sizeof trial);
    world_init(world, seed);
    sim_disk_record(world->disk);
    world_must(world_open(world, &err), &err, "open");
    play(&trial);
    world_must(world_close(world, &err), &err, "close");
    struct images images = {options, world->disk, inspect, &trial, 0};
    int failed = images_try(&images);
    *count += images.count;
    world_free(world);
    return failed;
}

int main(int argc, char **argv)
{
    world_wrap(argc, argv);
    return images_main("log_crash", argc, argv, run);
}
