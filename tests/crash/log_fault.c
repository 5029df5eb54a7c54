/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Makes each call of a store's to the disk fail in turn, in every way that calls fail, and sees
 * that what was acknowledged stays, what failed does not come back, and that the store goes on when
 * the cause is gone: in the same process, after a stop, and after a crash.
 *
 *     log_fault [--wrap none|pack|seal|both]
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_world.h"

#define EVENTS 1024

struct way {
    const char *name;
    struct sim_fault fault;
};

static const struct way ways[] = {
    {"EIO once", {.error = EIO}},
    {"EIO from then on", {.error = EIO, .lasts = 1}},
    {"ENOSPC once", {.error = ENOSPC, .calls = SIM_CALL_WRITE | SIM_CALL_OPEN_TO_CHANGE}},
    {"no space from then on",
     {.error = ENOSPC, .lasts = 1, .calls = SIM_CALL_WRITE | SIM_CALL_OPEN_TO_CHANGE}},
    {"quota", {.error = EDQUOT, .lasts = 1, .calls = SIM_CALL_WRITE | SIM_CALL_OPEN_TO_CHANGE}},
    {"short writes", {.error = 0, .bytes = 100, .calls = SIM_CALL_WRITE}},
    {"interrupted", {.error = EINTR, .calls = SIM_CALL_WRITE | SIM_CALL_SYNC | SIM_CALL_READ}},
    {"read-only", {.error = EROFS, .lasts = 1, .calls = SIM_CALL_CHANGES}},
    {"a sync that loses all", {.error = EIO, .calls = SIM_CALL_SYNC, .loss = SIM_LOST}},
    {"a sync that worked all the same",
     {.error = EIO, .calls = SIM_CALL_SYNC, .loss = SIM_REACHED}},
    {"a sync that worked in part",
     {.error = EIO, .calls = SIM_CALL_SYNC, .loss = SIM_PARTLY, .seed = 7}},
};

struct trial {
    struct world world;
    uint8_t there[EVENTS]; /* acknowledged and not taken */
    uint32_t events;
    int refused; /* operations that failed */
};

static void put(struct trial *trial)
{
    uint32_t count = 1 + world_random(&trial->world, 8);
    int rc = world_put(&trial->world, trial->events, count, NULL);

    trial->refused += rc != FLOW_OK;
    for (uint32_t i = 0; i < count; i++)
        trial->there[trial->events + i] = rc == FLOW_OK;
    trial->events += count;
}

static void take(struct trial *trial)
{
    struct world *world = &trial->world;
    struct taking *taking = &world->takings[0];

    if (world_take(world, taking, NULL) || !taking->count)
        return;
    size_t count = taking->count;
    if (world_commit(world, taking, NULL)) {
        trial->refused++;
        world_give_back(world, taking);
        return;
    }
    for (size_t i = 0; i < count; i++)
        trial->there[taking->numbers[i]] = 0;
}

static void play(struct trial *trial)
{
    for (int i = 0; i < 30; i++) {
        put(trial);
        if (i % 3 == 2)
            take(trial);
        if (i % 7 == 6)
            fl_store_checkpoint(trial->world.store, 0, NULL);
        if (i % 10 == 9)
            fl_store_tend(trial->world.store);
    }
}

static int complain(const char *when, const char *what, uint32_t number)
{
    fprintf(stderr, "%s: event %u %s\n", when, number, what);
    return 1;
}

/* Whether the store holds exactly what it should. */
static int check(const struct trial *trial, struct fl_cursor *cursor, const char *when)
{
    static uint32_t numbers[EVENTS];
    flow_error *err = NULL;
    size_t count = world_read(cursor, numbers, EVENTS, &err), at = 0;

    if (err) {
        fprintf(stderr, "%s: %s\n", when, flow_error_message(err));
        flow_error_free(err);
        return 1;
    }
    for (uint32_t i = 0; i < trial->events; i++) {
        int found = at < count && numbers[at] == i;
        at += (size_t)found;
        if (found != trial->there[i])
            return complain(when, found ? "should not be there" : "is lost", i);
    }
    return at == count ? 0 : complain(when, "is there twice or out of order", numbers[at]);
}

/* Whether it holds that after a crash now. */
static int check_crash(struct trial *trial, enum sim_mode mode)
{
    struct sim_disk *image = sim_disk_crash(trial->world.disk, mode, trial->events);
    struct fl_store *store = NULL;
    struct fl_cursor *cursor = NULL;
    flow_error *err = NULL;
    int failed = 1;

    if (world_open_on(&trial->world, image, &store, &err) ||
        fl_store_cursor(store, "", &cursor, &err))
        fprintf(stderr, "after a crash: %s\n", flow_error_message(err));
    else
        failed = check(trial, cursor, "after a crash");
    flow_error_free(err);
    if (store)
        fl_store_close(store, NULL);
    sim_disk_free(image);
    return failed;
}

/* The cause is gone: everything works again, and nothing was lost. */
static int check_after(struct trial *trial)
{
    struct world *world = &trial->world;
    flow_error *err = NULL;

    sim_disk_fail(world->disk, NULL);
    int before = trial->refused;
    put(trial);
    put(trial);
    if (trial->refused != before) {
        fprintf(stderr, "still fails when the cause is gone\n");
        return 1;
    }
    int failed = check(trial, world->cursor, "in the same process") ||
                 check_crash(trial, SIM_SYNCED) || check_crash(trial, SIM_TORN);
    world_must(world_close(world, &err), &err, "close");
    world_must(world_open(world, &err), &err, "open");
    return failed || check(trial, world->cursor, "after a stop");
}

/* Call AT of the scenario fails; *REACHED is 0 when there are not as many. */
static int run(const struct way *way, uint64_t at, unsigned folders, int *reached)
{
    static struct trial trial;
    struct sim_fault fault = way->fault;
    flow_error *err = NULL;

    memset(&trial, 0, sizeof trial);
    world_init(&trial.world, 5);
    trial.world.folders = folders;
    world_must(world_open(&trial.world, &err), &err, "open");
    fault.at = at;
    sim_disk_fail(trial.world.disk, &fault);
    play(&trial);
    *reached = sim_disk_failures(trial.world.disk) > 0;
    int failed = check_after(&trial);
    world_must(world_close(&trial.world, &err), &err, "close");
    world_free(&trial.world);
    return failed;
}

/* Call AT of an opening fails: that is told, and the next opening finds all that there was. */
static int run_opening(const struct way *way, uint64_t at, unsigned folders, int *reached)
{
    static struct trial trial;
    struct sim_fault fault = way->fault;
    struct world *world = &trial.world;
    flow_error *err = NULL;

    memset(&trial, 0, sizeof trial);
    world_init(world, 6);
    world->folders = folders;
    world_must(world_open(world, &err), &err, "open");
    play(&trial);
    world_must(world_close(world, &err), &err, "close");
    fault.at = at;
    sim_disk_fail(world->disk, &fault);
    int rc = world_open(world, &err);
    *reached = sim_disk_failures(world->disk) > 0;
    int failed = rc && !flow_error_message(err)[0];
    flow_error_free(err);
    err = NULL;
    sim_disk_fail(world->disk, NULL);
    if (rc)
        world_must(world_open(world, &err), &err, "open again");
    failed = failed || check(&trial, world->cursor, "opened again");
    world_must(world_close(world, &err), &err, "close");
    world_free(world);
    return failed;
}

int main(int argc, char **argv)
{
    uint64_t runs = 0;

    world_wrap(argc, argv);
    for (unsigned folders = 1; folders <= 2; folders++) {
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            int reached = 1;
            for (uint64_t at = 1; reached; at++, runs++) {
                int again = 1;
                if (run(&ways[i], at, folders, &reached) ||
                    run_opening(&ways[i], at, folders, &again)) {
                    fprintf(stderr, "%s, call %llu, %u folder(s)\n", ways[i].name,
                            (unsigned long long)at, folders);
                    return 1;
                }
            }
        }
    }
    printf("%llu faults, all endured\n", (unsigned long long)runs);
    return 0;
}
