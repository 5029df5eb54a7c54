/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Several threads put into one store and take from it, with its keeper at work, on the simulated
 * disk, while a second consumer is made, read, moved, paused and removed, and some of its events
 * become dead letters.  Afterwards every event
 * was taken once; and at random moments of the run the disk is crashed and opened: every put that
 * had been acknowledged is there as a whole, unless its take had begun, and no take that had been
 * acknowledged comes back.
 *
 *     log_threads [--seed N] [--runs N] [--images N] [--wrap none|pack|seal|both]
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_world.h"

#define PRODUCERS 3
#define CONSUMERS 2
#define EACH 300 /* events of a producer */
#define MOST 8

/* What is known of an event, in operations of the disk; 0: not yet.  A time is read before a call,
 * or after it, so that it is never too late for a promise, nor too early for a doubt. */
struct fate {
    _Atomic uint64_t put_begun, put_acked, take_begun, take_acked;
    uint32_t mates; /* events of the same put, from `first` on */
    uint32_t first;
};

struct party {
    struct world world;
    struct fate fates[PRODUCERS * EACH];
    _Atomic uint32_t taken;
    _Atomic int wrong;
    uint64_t seed;
};

struct member {
    struct party *party;
    unsigned number;
    uint64_t random;
};

static uint32_t random_below(struct member *member, uint32_t limit)
{
    member->random = member->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(member->random >> 33) % limit;
}

static uint64_t now(struct party *party)
{
    return sim_disk_ops(party->world.disk) + 1;
}

static void *produce(void *arg)
{
    struct member *member = arg;
    struct party *party = member->party;

    for (uint32_t done = 0; done < EACH;) {
        uint32_t first = member->number * EACH + done, count = 1 + random_below(member, MOST);
        flow_error *err = NULL;
        if (count > EACH - done)
            count = EACH - done;
        for (uint32_t i = 0; i < count; i++) {
            struct fate *fate = &party->fates[first + i];
            fate->first = first;
            fate->mates = count;
            atomic_store(&fate->put_begun, now(party));
        }
        world_must(world_put(&party->world, first, count, &err), &err, "put");
        uint64_t acked = now(party);
        for (uint32_t i = 0; i < count; i++)
            atomic_store(&party->fates[first + i].put_acked, acked);
        done += count;
    }
    return NULL;
}

static void end_taking(struct party *party, struct taking *taking)
{
    uint64_t begun = now(party);
    size_t count = taking->count;
    flow_error *err = NULL;

    for (size_t i = 0; i < count; i++)
        atomic_store(&party->fates[taking->numbers[i]].take_begun, begun);
    world_must(world_commit(&party->world, taking, &err), &err, "commit");
    uint64_t acked = now(party);
    for (size_t i = 0; i < count; i++) {
        if (atomic_exchange(&party->fates[taking->numbers[i]].take_acked, acked))
            atomic_store(&party->wrong, 1); /* it was taken before */
    }
    atomic_fetch_add(&party->taken, (uint32_t)count);
}

static void *consume(void *arg)
{
    struct member *member = arg;
    struct party *party = member->party;

    while (atomic_load(&party->taken) < PRODUCERS * EACH) {
        struct taking taking = {.count = 0};
        flow_error *err = NULL;
        world_must(world_take_most(&party->world, &taking, 1 + random_below(member, MOST), &err),
                   &err, "take");
        if (!taking.count)
            sched_yield();
        else if (random_below(member, 5))
            end_taking(party, &taking);
        else
            world_give_back(&party->world, &taking);
    }
    return NULL;
}

static void *keep(void *arg)
{
    struct party *party = ((struct member *)arg)->party;

    while (atomic_load(&party->taken) < PRODUCERS * EACH) {
        fl_store_checkpoint(party->world.store, 0, NULL);
        fl_store_tend(party->world.store);
        sched_yield();
    }
    return NULL;
}

/* ---- the second consumer ---- */

static void disturb(struct member *member, struct fl_cursor *cursor)
{
    struct fl_place place = {.kind = (enum fl_place_kind)random_below(member, 4)};
    struct fl_terms terms = {.flags = FL_CURSOR_SKIPS | random_below(member, 2), .max_events = 40};
    struct fl_cursor_info info;
    uint64_t offset;
    flow_error *err = NULL;

    place.offset = random_below(member, PRODUCERS * EACH);
    if (random_below(member, 2))
        world_must(fl_store_seek(cursor, &place, &offset, &err), &err, "seek");
    else
        world_must(fl_store_set_terms(cursor, &terms, &err), &err, "terms");
    fl_cursor_look(cursor, &info);
}

/* Lets events become dead letters, and returns the first of them. */
static void disturb_letters(struct fl_cursor *cursor)
{
    struct fl_letter letter;
    flow_error *err = NULL;

    atomic_store(&cursor->max_deliveries, 1);
    if (fl_cursor_letter(cursor, 0, &letter, NULL, NULL, NULL) == FLOW_OK &&
        fl_cursor_replay(cursor, letter.offset, &err) != FLOW_OK)
        flow_error_free(err); /* it was delivered meanwhile */
}

static void *move(void *arg)
{
    struct member *member = arg;
    struct party *party = member->party;
    struct fl_store *store = party->world.store;
    const struct fl_cursor_plan plan = {.name = "audit", .from = {.kind = FL_AT_LATEST}};

    while (atomic_load(&party->taken) < PRODUCERS * EACH) {
        struct fl_cursor *cursor = fl_store_find_cursor(store, "audit");
        flow_error *err = NULL;
        if (!cursor)
            world_must(fl_store_add_cursor_at(store, &plan, &cursor, &err), &err, "add");
        else if (random_below(member, 3))
            disturb_letters(cursor);
        else if (random_below(member, 8))
            disturb(member, cursor);
        else
            world_must(fl_store_remove_cursor(cursor, &err), &err, "remove");
        fl_store_used(store, 100);
        sched_yield();
    }
    return NULL;
}

/* Takes in order, but for what was returned, as long as nobody moves it. */
static void *read_along(void *arg)
{
    struct member *member = arg;
    struct party *party = member->party;

    while (atomic_load(&party->taken) < PRODUCERS * EACH) {
        struct fl_cursor *cursor = fl_store_find_cursor(party->world.store, "audit");
        const flow_event *events[MOST];
        struct fl_lot_ref *lots = NULL;
        flow_error *err = NULL;
        size_t count = 0;
        if (cursor)
            world_must(fl_cursor_take(cursor, MOST, events, &count, &lots, &err), &err, "take");
        if (count && !random_below(member, 8))
            fl_cursor_reject(cursor, &lots, "for no reason");
        else if (count && random_below(member, 3))
            world_must(fl_cursor_commit(cursor, &lots, NULL, &err), &err, "commit");
        else if (count)
            fl_cursor_return(cursor, &lots);
        else
            sched_yield();
    }
    return NULL;
}

static void play(struct party *party)
{
    static void *(*const parts[])(void *) = {produce, produce, produce, consume,
                                             consume, keep,    move,    read_along};
    pthread_t threads[sizeof parts / sizeof parts[0]];
    struct member members[sizeof parts / sizeof parts[0]];

    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        members[i] = (struct member){party, i, party->seed * 31 + i};
        pthread_create(&threads[i], NULL, parts[i], &members[i]);
    }
    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++)
        pthread_join(threads[i], NULL);
}

static int complain(uint64_t at, uint32_t number, const char *what)
{
    fprintf(stderr, "crashed after operation %llu: event %u of producer %u %s\n",
            (unsigned long long)at, number % EACH, number / EACH, what);
    return 1;
}

/* Whether an event was there or not as it has to be, when all before AT had happened. */
static int judge(const struct party *party, const uint8_t *found, uint32_t number, uint64_t at)
{
    const struct fate *fate = &party->fates[number];
    int put_sure = fate->put_acked <= at, put_may = fate->put_begun <= at;
    int take_may = fate->take_begun <= at, take_sure = fate->take_acked <= at;

    if (found[number] > 1)
        return complain(at, number, "is there twice");
    if (found[number] && (!put_may || take_sure))
        return complain(at, number, put_may ? "came back" : "is there before it was put");
    if (!found[number] && put_sure && !take_may)
        return complain(at, number, "is lost");
    /* Of a put in doubt all or nothing is there, unless some were taken meanwhile. */
    if (!put_sure && !take_may && found[number] != found[fate->first] &&
        party->fates[fate->first].take_begun > at)
        return complain(at, number, "is not as the others of its put");
    return 0;
}

static int crash(struct party *party, struct sim_disk *past, uint64_t at, enum sim_mode mode)
{
    struct sim_disk *image = sim_disk_crash(past, mode, party->seed * 7919 + at);
    static uint32_t numbers[PRODUCERS * EACH * 2];
    uint8_t found[PRODUCERS * EACH] = {0};
    struct fl_store *store;
    struct fl_cursor *cursor;
    flow_error *err = NULL;
    int failed = 0;

    world_must(world_open_on(&party->world, image, &store, &err), &err, "open an image");
    world_must(fl_store_cursor(store, "", &cursor, &err), &err, "cursor");
    size_t count = world_read(cursor, numbers, PRODUCERS * EACH * 2, &err);
    world_must(err ? FLOW_EIO : FLOW_OK, &err, "read an image");
    for (size_t i = 0; i < count && !failed; i++) {
        if (numbers[i] >= PRODUCERS * EACH)
            failed = complain(at, numbers[i], "has a wrong body");
        else
            found[numbers[i]]++;
    }
    for (uint32_t i = 0; i < PRODUCERS * EACH && !failed; i++)
        failed = judge(party, found, i, at);
    fl_store_close(store, NULL);
    sim_disk_free(image);
    return failed;
}

static int crash_all(struct party *party, uint64_t images)
{
    struct sim_disk *past = sim_disk_past(party->world.disk, 0);
    uint64_t ops = sim_disk_ops(party->world.disk), step = ops / images + 1;
    int failed = 0;

    for (uint64_t at = party->seed % step; at <= ops && !failed; at += step) {
        sim_disk_advance(past, at);
        failed = crash(party, past, at, SIM_SYNCED) || crash(party, past, at, SIM_TORN) ||
                 crash(party, past, at, SIM_KILLED);
    }
    sim_disk_free(past);
    return failed;
}

static int run(uint64_t seed, uint64_t images)
{
    static struct party party;
    flow_error *err = NULL;

    memset(&party, 0, sizeof party);
    party.seed = seed;
    world_init(&party.world, seed);
    sim_disk_record(party.world.disk);
    world_must(world_open(&party.world, &err), &err, "open");
    play(&party);
    int failed = atomic_load(&party.wrong);
    if (failed)
        fprintf(stderr, "an event was taken twice\n");
    if (fl_cursor_size(party.world.cursor) != 0) {
        fprintf(stderr, "%llu events are left\n",
                (unsigned long long)fl_cursor_size(party.world.cursor));
        failed = 1;
    }
    world_must(world_close(&party.world, &err), &err, "close");
    failed = failed || crash_all(&party, images);
    world_free(&party.world);
    if (failed)
        fprintf(stderr, "seed %llu (threads: it may take several tries)\n",
                (unsigned long long)seed);
    return failed;
}

int main(int argc, char **argv)
{
    uint64_t seed = world_option(argc, argv, "--seed", 1);
    uint64_t runs = world_option(argc, argv, "--runs", 5);
    uint64_t images = world_option(argc, argv, "--images", 60);

    world_wrap(argc, argv);
    for (uint64_t i = 0; i < runs; i++) {
        if (run(seed + i, images))
            return 1;
    }
    printf("%llu runs, all as promised\n", (unsigned long long)runs);
    return 0;
}
