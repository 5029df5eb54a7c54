/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Several consumers of one store are made, moved, paused, limited and removed, while events are put
 * and taken through them; held against a model, and on every state that a crash could leave.
 * Nothing fails here, so the number of an event is its offset.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "images.h"
#include "log_world.h"

#define NAMES 4
#define LIVES 256
#define TAKES 1024
#define LOSSES 2048
#define EVENTS 4096
#define STATE 16384 /* bytes that a checkpoint may add to the log: a segment */
#define FULL 20    /* events of a consumer that gives up the oldest */

/* From `begun` on a consumer may be so, from `acked` on it is. */
struct life {
    uint64_t begun, acked;
    unsigned name;
    int there;
    uint64_t start;
};

struct take {
    uint64_t begun, acked;
    uint32_t life; /* index */
    uint32_t numbers[WORLD_MOST];
    size_t count;
};

/* Below `offset` events may have been given up for a consumer since operation `begun`. */
struct loss {
    uint64_t begun, offset;
    unsigned name;
};

struct put {
    uint64_t begun, acked;
    int64_t time;
};

struct open_take {
    struct taking taking;
    uint32_t life;
};

struct trial {
    struct world world;
    struct life lives[LIVES];
    struct take takes[TAKES];
    struct loss losses[LOSSES];
    struct put puts[EVENTS]; /* of each event */
    uint32_t life_count, take_count, loss_count, events;
    uint32_t current[NAMES]; /* life of each, UINT32_MAX: none */
    struct open_take open[NAMES];
    uint64_t before; /* of the step at work: operations when it began */
};

static const char *const names[NAMES] = {"", "audit", "b", "c"};

static uint64_t now(const struct trial *trial)
{
    return sim_disk_ops(trial->world.disk);
}

static uint64_t seed_at_work;

static void give_up(const char *what, unsigned name)
{
    fprintf(stderr, "seed %llu: consumer '%s': %s\n", (unsigned long long)seed_at_work, names[name],
            what);
    exit(1);
}

static struct fl_cursor *cursor_of(struct trial *trial, unsigned name)
{
    return fl_store_find_cursor(trial->world.store, names[name]);
}

/* ---- steps ---- */

static void put(struct trial *trial)
{
    struct world *world = &trial->world;
    uint32_t count = 1 + world_random(world, WORLD_MOST);
    flow_error *err = NULL;
    uint64_t begun = now(trial);
    int64_t time = flow_context_time(world->rig.ctx);

    for (uint32_t i = 0; i < count; i++)
        trial->puts[trial->events + i] = (struct put){begun, UINT64_MAX, time};
    world_must(world_put(world, trial->events, count, &err), &err, "put");
    for (uint32_t i = 0; i < count; i++)
        trial->puts[trial->events + i].acked = now(trial);
    trial->events += count;
}

static void begin_life(struct trial *trial, unsigned name, int there, uint64_t start)
{
    if (trial->life_count == LIVES)
        give_up("has too many lives", name);
    trial->current[name] = there ? trial->life_count : UINT32_MAX;
    trial->lives[trial->life_count++] =
        (struct life){trial->before, now(trial), name, there, start};
}

static struct fl_place any_place(struct trial *trial)
{
    struct world *world = &trial->world;
    struct fl_place place = {.kind = (enum fl_place_kind)world_random(world, 4)};
    uint32_t number = world_random(world, trial->events + 1);

    place.offset = number;
    place.time = number < trial->events ? trial->puts[number].time : INT64_MAX;
    return place;
}

/* Where PLACE is when the log begins at EARLIEST. */
static uint64_t expected(const struct trial *trial, const struct fl_place *place, uint64_t earliest)
{
    uint64_t offset = earliest;

    if (place->kind == FL_AT_LATEST)
        offset = trial->events;
    else if (place->kind == FL_AT_OFFSET)
        offset = place->offset;
    while (place->kind == FL_AT_TIME && offset < trial->events &&
           trial->puts[offset].time < place->time)
        offset++;
    return offset < earliest ? earliest : offset;
}

static void check_place(struct trial *trial, unsigned name, const struct fl_place *place,
                        uint64_t earliest, uint64_t offset)
{
    if (offset != expected(trial, place, earliest)) {
        fprintf(stderr, "kind %d, earliest %llu: at %llu instead of %llu\n", (int)place->kind,
                (unsigned long long)earliest, (unsigned long long)offset,
                (unsigned long long)expected(trial, place, earliest));
        give_up("begins elsewhere", name);
    }
}

static void add(struct trial *trial, unsigned name)
{
    struct world *world = &trial->world;
    struct fl_cursor_plan plan = {.name = names[name], .from = any_place(trial)};
    struct fl_cursor *made = NULL;
    uint64_t earliest = 0;
    flow_error *err = NULL;

    if (world_random(world, 2))
        plan.terms = (struct fl_terms){FL_CURSOR_SKIPS, FULL, 0};
    else if (world_random(world, 2))
        plan.terms = (struct fl_terms){FL_CURSOR_SKIPS, 0, 20000};
    world_must(fl_store_earliest(world->store, &earliest, &err), &err, "earliest");
    trial->before = now(trial);
    world_must(fl_store_add_cursor_at(world->store, &plan, &made, &err), &err, "add");
    check_place(trial, name, &plan.from, earliest, made->watermark);
    begin_life(trial, name, 1, made->watermark);
}

static void seek(struct trial *trial, unsigned name)
{
    struct fl_place place = any_place(trial);
    uint64_t earliest = 0, offset = 0;
    flow_error *err = NULL;

    world_must(fl_store_earliest(trial->world.store, &earliest, &err), &err, "earliest");
    trial->before = now(trial);
    world_must(fl_store_seek(cursor_of(trial, name), &place, &offset, &err), &err, "seek");
    check_place(trial, name, &place, earliest, offset);
    begin_life(trial, name, 1, offset);
}

static void change_terms(struct trial *trial, unsigned name)
{
    struct fl_cursor *cursor = cursor_of(trial, name);
    struct fl_terms terms = cursor->terms;
    flow_error *err = NULL;

    terms.flags ^= FL_CURSOR_PAUSED;
    world_must(fl_store_set_terms(cursor, &terms, &err), &err, "set terms");
}

static void drop(struct trial *trial, unsigned name)
{
    flow_error *err = NULL;

    trial->before = now(trial);
    world_must(fl_store_remove_cursor(cursor_of(trial, name), &err), &err, "remove");
    begin_life(trial, name, 0, 0);
}

/* A take of a life that is over counts for nothing. */
static void commit(struct trial *trial, unsigned name)
{
    struct open_take *open = &trial->open[name];
    struct take *take = &trial->takes[trial->take_count++];
    flow_error *err = NULL;

    if (trial->take_count == TAKES)
        give_up("takes too much", name);
    *take = (struct take){.begun = now(trial), .life = open->life, .count = open->taking.count};
    memcpy(take->numbers, open->taking.numbers, sizeof take->numbers);
    world_must(world_commit(&trial->world, &open->taking, &err), &err, "commit");
    take->acked = now(trial);
}

static void step_of_taking(struct trial *trial, unsigned name)
{
    struct world *world = &trial->world;
    struct open_take *open = &trial->open[name];
    struct fl_cursor *cursor = cursor_of(trial, name);
    flow_error *err = NULL;

    if (cursor)
        world->cursor = cursor;
    if (!open->taking.count && cursor) {
        world_must(world_take(world, &open->taking, &err), &err, "take");
        open->life = trial->current[name];
        if (open->taking.count && atomic_load(&cursor->paused))
            give_up("is paused and gives something", name);
    } else if (open->taking.count && world_random(world, 4)) {
        commit(trial, name);
    } else if (open->taking.count) {
        world_give_back(world, &open->taking);
    }
}

static void step_of_consumer(struct trial *trial, unsigned name)
{
    uint32_t what = world_random(&trial->world, 10);

    if (!cursor_of(trial, name))
        add(trial, name);
    else if (what < 5)
        seek(trial, name);
    else if (what < 8)
        change_terms(trial, name);
    else if (trial->world.store->cursor_count > 1 && !trial->open[name].taking.count)
        drop(trial, name);
}

static void reopen(struct trial *trial)
{
    struct world *world = &trial->world;
    flow_error *err = NULL;

    for (unsigned i = 0; i < NAMES; i++) {
        world->cursor = cursor_of(trial, i);
        if (trial->open[i].taking.count)
            world_give_back(world, &trial->open[i].taking);
    }
    world_must(fl_store_close(world->store, &err), &err, "close");
    world_must(world_open_on(world, world->disk, &world->store, &err), &err, "open");
}

/* Notes what was given up in the last step, and that limits are kept. */
static void note_losses(struct trial *trial, uint64_t begun, int tended)
{
    struct fl_cursor_info info;

    for (unsigned i = 0; i < NAMES; i++) {
        struct fl_cursor *cursor = cursor_of(trial, i);
        if (!cursor)
            continue;
        fl_cursor_look(cursor, &info);
        if ((info.terms.flags & FL_CURSOR_SKIPS) && trial->loss_count < LOSSES)
            trial->losses[trial->loss_count++] = (struct loss){begun, info.offset, i};
        if (tended && (info.terms.flags & FL_CURSOR_SKIPS) &&
            ((info.terms.max_events && info.held > info.terms.max_events) ||
             (info.terms.max_bytes && info.bytes > info.terms.max_bytes + STATE)))
            give_up("is above its limit", i);
    }
}

static void step(struct trial *trial)
{
    struct world *world = &trial->world;
    uint32_t what = world_random(world, 100);
    unsigned name = world_random(world, NAMES);
    flow_error *err = NULL;
    uint64_t begun = now(trial);
    int tends = what >= 80 && what < 95;

    fl_clock_false_advance(world->rig.clock, world_random(world, 50));
    if (what < 40)
        put(trial);
    else if (what < 70)
        step_of_taking(trial, name);
    else if (what < 80)
        step_of_consumer(trial, name);
    else if (tends)
        world_must(fl_store_checkpoint(world->store, 0, &err), &err, "checkpoint");
    else
        reopen(trial);
    note_losses(trial, begun, tends);
}

static void play(struct trial *trial)
{
    uint32_t steps = 30 + world_random(&trial->world, 80);

    for (uint32_t i = 0; i < steps && trial->events + WORLD_MOST < EVENTS; i++)
        step(trial);
    uint64_t begun = now(trial);
    reopen(trial);
    note_losses(trial, begun, 1);
}

/* ---- what a crash may leave ---- */

#define ABSENT 0
#define PRESENT 1
#define EITHER 2

/* What is known of each event for a consumer in LIFE when all before AT has happened. */
static void expect(const struct trial *trial, uint32_t life, uint64_t at, uint8_t *states)
{
    const struct life *this = &trial->lives[life];

    memset(states, ABSENT, EVENTS);
    for (uint32_t i = 0; i < trial->events; i++) {
        if (i >= this->start && trial->puts[i].begun < at)
            states[i] = trial->puts[i].acked <= at ? PRESENT : EITHER;
    }
    for (uint32_t i = 0; i < trial->loss_count; i++) {
        const struct loss *loss = &trial->losses[i];
        for (uint64_t k = this->start;
             loss->name == this->name && loss->begun < at && k < loss->offset && k < trial->events;
             k++)
            states[k] = states[k] == ABSENT ? ABSENT : EITHER;
    }
    for (uint32_t i = 0; i < trial->take_count; i++) {
        const struct take *take = &trial->takes[i];
        for (size_t k = 0; take->life == life && take->begun < at && k < take->count; k++)
            states[take->numbers[k]] = take->acked <= at ? ABSENT : EITHER;
    }
}

static const char *compare(const uint8_t *states, const uint32_t *numbers, size_t count)
{
    static char text[96];
    size_t next = 0;

    for (uint32_t i = 0; i < EVENTS; i++) {
        int found = next < count && numbers[next] == i;
        next += found;
        if (found ? states[i] == ABSENT : states[i] == PRESENT) {
            snprintf(text, sizeof text, "event %u %s", i, found ? "is there" : "is not there");
            return text;
        }
    }
    return next == count ? NULL : "events are out of order, or twice there";
}

/* Reads all that CURSOR has left, whatever its terms are. */
static const char *read_all(struct fl_cursor *cursor, uint32_t *numbers, size_t *count)
{
    const struct fl_terms none = {0};
    flow_error *err = NULL;

    world_must(fl_store_set_terms(cursor, &none, &err), &err, "set terms");
    *count = world_read(cursor, numbers, EVENTS, &err);
    if (err) {
        fprintf(stderr, "%s\n", flow_error_message(err));
        flow_error_free(err);
        return "cannot be read";
    }
    return fl_cursor_size(cursor) == *count ? NULL : "says it has more or fewer events than it has";
}

/* Whether the consumer is as in one of the lives that it may be in. */
static const char *judge(const struct trial *trial, unsigned name, struct fl_store *store,
                         uint64_t at)
{
    static uint32_t numbers[EVENTS];
    static uint8_t states[EVENTS];
    struct fl_cursor *cursor = fl_store_find_cursor(store, names[name]);
    const char *wrong = "is in no life that it may have";
    size_t count = 0;
    int sure = 0;

    if (cursor && (wrong = read_all(cursor, numbers, &count)) != NULL)
        return wrong;
    for (uint32_t i = trial->life_count; i-- > 0 && !sure;) {
        const struct life *life = &trial->lives[i];
        if (life->name != name || life->begun >= at)
            continue;
        sure = life->acked <= at;
        if (life->there != (cursor != NULL)) {
            wrong = cursor ? "is still there" : "is not there";
            continue;
        }
        expect(trial, i, at, states);
        wrong = cursor ? compare(states, numbers, count) : NULL;
        if (!wrong)
            return NULL;
    }
    return !sure && !cursor ? NULL : wrong;
}

static const char *inspect(void *self, struct sim_disk *image, uint64_t at)
{
    static char text[1024];
    struct trial *trial = self;
    struct fl_store *store = NULL;
    flow_error *err = NULL;
    const char *wrong = NULL;

    if (world_open_on(&trial->world, image, &store, &err)) {
        snprintf(text, sizeof text, "cannot be opened: %s", flow_error_message(err));
        flow_error_free(err);
        return text;
    }
    for (unsigned i = 0; i < NAMES && !wrong; i++) {
        wrong = judge(trial, i, store, at);
        if (wrong) {
            snprintf(text, sizeof text, "consumer '%s': %s", names[i], wrong);
            wrong = text;
        }
    }
    fl_store_close(store, NULL);
    return wrong;
}

static int run(const struct images_options *options, uint64_t seed, uint64_t *count)
{
    static struct trial trial;
    struct world *world = &trial.world;
    flow_error *err = NULL;

    memset(&trial, 0, sizeof trial);
    memset(trial.current, 0xff, sizeof trial.current);
    seed_at_work = seed;
    world_init(world, seed);
    world->retain_bytes = world_random(world, 2) ? 60000 : 0;
    world->retain_ms = world_random(world, 2) ? 500 : 0;
    sim_disk_record(world->disk);
    world_must(world_open_on(world, world->disk, &world->store, &err), &err, "open");
    begin_life(&trial, 0, 1, 0); /* there is always one in a new log */
    play(&trial);
    struct images images = {options, world->disk, inspect, &trial, 0};
    int failed = images_try(&images);
    *count += images.count;
    world_must(fl_store_close(world->store, &err), &err, "close");
    world_free(world);
    return failed;
}

int main(int argc, char **argv)
{
    world_wrap(argc, argv);
    return images_main("log_consumers", argc, argv, run);
}
