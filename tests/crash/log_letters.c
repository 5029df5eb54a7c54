/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events that cannot be delivered become dead letters, and are returned: each event waits, is a
 * letter, or was delivered, one of these and only one, on every state that a crash could leave.
 * Nothing else fails here, so the number of an event is its offset.
 */

#include <stdio.h>
#include <string.h>

#include "images.h"
#include "log_world.h"

#define EVENTS 2048
#define STEPS 8192
#define DELIVERIES 3
#define SEGMENT 16384u

enum fate { NOWHERE, WAITING, LETTER, DELIVERED };

/* From `begun` on the event may be so, from `acked` on it is. */
struct step {
    uint64_t begun, acked;
    uint32_t number;
    enum fate fate;
};

struct trial {
    struct world world;
    struct step steps[STEPS];
    uint32_t step_count, events;
    enum fate now[EVENTS];
    uint8_t cured[EVENTS]; /* poison no more */
};

static int is_poison(uint32_t number)
{
    return number % 29 == 7;
}

static void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "not so: %s\n", what);
        world_must(FLOW_ESTATE, NULL, what);
    }
}

static void note(struct trial *trial, uint32_t number, enum fate fate, uint64_t begun)
{
    must(trial->step_count < STEPS, "there are few steps");
    trial->steps[trial->step_count++] =
        (struct step){begun, sim_disk_ops(trial->world.disk), number, fate};
    trial->now[number] = fate;
}

static int has_letter(struct fl_cursor *cursor, uint64_t offset, struct fl_letter *letter)
{
    return fl_cursor_letter(cursor, offset, letter, NULL, NULL, NULL) == FLOW_OK &&
           letter->offset == offset;
}

/* ---- steps ---- */

static void put(struct trial *trial, uint32_t count)
{
    uint64_t begun = sim_disk_ops(trial->world.disk);
    flow_error *err = NULL;

    world_must(world_put(&trial->world, trial->events, count, &err), &err, "put");
    for (uint32_t i = 0; i < count; i++)
        note(trial, trial->events++, WAITING, begun);
}

/* Takes some, and delivers all of them or none. */
static int take(struct trial *trial, size_t most)
{
    struct world *world = &trial->world;
    struct taking taking = {.count = 0};
    struct fl_letter letter;
    flow_error *err = NULL;
    int fails = 0;

    world_must(world_take_most(world, &taking, most, &err), &err, "take");
    size_t count = taking.count;
    uint64_t begun = sim_disk_ops(world->disk);
    for (size_t i = 0; i < count; i++)
        fails |= is_poison(taking.numbers[i]) && !trial->cured[taking.numbers[i]];
    if (!count)
        return 0;
    if (!fails)
        world_must(world_commit(world, &taking, &err), &err, "commit");
    else
        fl_cursor_reject(world->cursor, &taking.lots, "it is poison");
    for (size_t i = 0; i < count; i++) {
        uint32_t number = taking.numbers[i];
        if (!fails)
            note(trial, number, DELIVERED, begun);
        else if (has_letter(world->cursor, number, &letter) && !letter.replayed)
            note(trial, number, LETTER, begun);
    }
    return 1;
}

static void replay(struct trial *trial)
{
    struct world *world = &trial->world;
    struct fl_letter letter;
    flow_error *err = NULL;

    if (fl_cursor_letter(world->cursor, world_random(world, trial->events + 1), &letter, NULL, NULL,
                         NULL))
        return;
    world_must(fl_cursor_replay(world->cursor, letter.offset, &err), &err, "replay");
    trial->cured[letter.offset] = world_random(world, 2) != 0;
}

static void open_world(struct world *world)
{
    flow_error *err = NULL;

    world_must(world_open(world, &err), &err, "open");
    atomic_store(&world->cursor->max_deliveries, DELIVERIES);
}

static void reopen(struct world *world)
{
    flow_error *err = NULL;

    world_must(fl_store_close(world->store, &err), &err, "close");
    open_world(world);
}

static void checkpoint(struct world *world)
{
    flow_error *err = NULL;

    world_must(fl_store_checkpoint(world->store, 0, &err), &err, "checkpoint");
}

static void seek_to_end(struct trial *trial)
{
    const struct fl_place end = {.kind = FL_AT_LATEST};
    struct world *world = &trial->world;
    uint64_t begun = sim_disk_ops(world->disk), offset;
    flow_error *err = NULL;

    world_must(fl_store_seek(world->cursor, &end, &offset, &err), &err, "seek");
    for (uint32_t i = 0; i < trial->events; i++) {
        if (trial->now[i] == WAITING)
            note(trial, i, NOWHERE, begun);
    }
}

static void play(struct trial *trial)
{
    struct world *world = &trial->world;
    uint32_t steps = 40 + world_random(world, 80);

    for (uint32_t i = 0; i < steps && trial->events + WORLD_MOST < EVENTS; i++) {
        uint32_t what = world_random(world, 100);
        if (what < 25)
            put(trial, 1 + world_random(world, WORLD_MOST));
        else if (what < 80)
            take(trial, 1 + world_random(world, WORLD_MOST));
        else if (what < 86)
            replay(trial);
        else if (what < 94)
            checkpoint(world);
        else if (what < 96)
            seek_to_end(trial);
        else
            reopen(world);
    }
}

/* ---- what a crash may leave ---- */

static const char *judge(const struct trial *trial, const uint8_t *found, uint64_t at)
{
    static const char *const words[] = {"nowhere", "waiting", "a letter", "delivered"};
    static char text[128];
    static uint8_t allowed[EVENTS];

    memset(allowed, 1 << NOWHERE, sizeof allowed);
    for (uint32_t i = 0; i < trial->step_count; i++) {
        const struct step *step = &trial->steps[i];
        uint8_t bit = (uint8_t)(1 << (step->fate == DELIVERED ? NOWHERE : step->fate));
        if (step->acked <= at)
            allowed[step->number] = bit;
        else if (step->begun < at)
            allowed[step->number] |= bit;
    }
    for (uint32_t i = 0; i < EVENTS; i++) {
        if (allowed[i] >> found[i] & 1)
            continue;
        snprintf(text, sizeof text, "event %u is %s", i, words[found[i]]);
        return text;
    }
    return NULL;
}

static const char *look(struct fl_cursor *cursor, uint8_t *found)
{
    static uint32_t numbers[EVENTS];
    struct fl_letter letter;
    flow_error *err = NULL;

    memset(found, NOWHERE, EVENTS);
    size_t count = world_read(cursor, numbers, EVENTS, &err);
    if (err) {
        flow_error_free(err);
        return "cannot be read";
    }
    for (size_t i = 0; i < count; i++)
        found[numbers[i]] = WAITING;
    size_t left = cursor->letters.count;
    for (uint64_t from = 0;; from = letter.offset + 1, left--) {
        struct fl_run *run = NULL;
        struct fl_buf reason;
        fl_buf_init(&reason, cursor->store->env.mem);
        int rc = fl_cursor_letter(cursor, from, &letter, &reason, &run, &err);
        int sound = !rc && reason.size == strlen("it is poison") && run && run->count == 1;
        fl_buf_free(&reason);
        fl_run_unref(run);
        flow_error_free(err);
        if (rc == FLOW_ENOENT)
            return left ? "has two letters of one event" : NULL;
        if (!sound || found[letter.offset] != NOWHERE || letter.deliveries < (uint32_t)DELIVERIES)
            return "has a letter that is wrong";
        found[letter.offset] = LETTER;
    }
}

static const char *inspect(void *self, struct sim_disk *image, uint64_t at)
{
    static uint8_t found[EVENTS];
    static char text[1024];
    struct trial *trial = self;
    struct fl_store *store = NULL;
    flow_error *err = NULL;

    if (world_open_on(&trial->world, image, &store, &err)) {
        snprintf(text, sizeof text, "cannot be opened: %s", flow_error_message(err));
        flow_error_free(err);
        return text;
    }
    const char *wrong = look(fl_store_find_cursor(store, ""), found);
    if (!wrong)
        wrong = judge(trial, found, at);
    fl_store_close(store, NULL);
    return wrong;
}

static int run(const struct images_options *options, uint64_t seed, uint64_t *count)
{
    static struct trial trial;
    struct world *world = &trial.world;
    flow_error *err = NULL;

    memset(&trial, 0, sizeof trial);
    world_init(world, seed);
    sim_disk_record(world->disk);
    open_world(world);
    play(&trial);
    reopen(world);
    struct images images = {options, world->disk, inspect, &trial, 0};
    int failed = images_try(&images);
    *count += images.count;
    world_must(fl_store_close(world->store, &err), &err, "close");
    world_free(world);
    return failed;
}

/* ---- what is plain ---- */

static void begin(struct trial *trial)
{
    memset(trial, 0, sizeof *trial);
    world_init(&trial->world, 5);
    trial->world.folders = 1;
    open_world(&trial->world);
}

static void end(struct trial *trial)
{
    flow_error *err = NULL;

    world_must(fl_store_close(trial->world.store, &err), &err, "close");
    world_free(&trial->world);
}

/* The neighbours of the one that fails are delivered, and soon. */
static void check_search(void)
{
    static struct trial trial;
    struct fl_letter letter;
    int takes = 0;

    begin(&trial);
    for (int i = 0; i < 4; i++)
        put(&trial, WORLD_MOST); /* up to 64, with 7 and 36 */
    while (take(&trial, WORLD_MOST) && takes < 1000)
        takes++;
    for (uint32_t i = 0; i < trial.events; i++)
        must(trial.now[i] == (is_poison(i) ? LETTER : DELIVERED), "only poison is put aside");
    must(takes < 4 + 2 * (DELIVERIES + 14), "it is found by halving");
    must(has_letter(trial.world.cursor, 7, &letter) && letter.deliveries > (uint32_t)DELIVERIES,
         "deliveries are counted");
    end(&trial);
}

static void check_replay(void)
{
    static struct trial trial;
    struct world *world = &trial.world;
    struct taking taking = {.count = 0};
    struct fl_letter letter;
    flow_error *err = NULL;

    begin(&trial);
    put(&trial, 8);
    while (take(&trial, WORLD_MOST))
        ;
    must(fl_cursor_replay(world->cursor, 6, NULL) == FLOW_ENOENT, "others are no letters");
    for (int i = 0; i < 2; i++) {
        world_must(fl_cursor_replay(world->cursor, 7, &err), &err, "replay");
        world_must(fl_cursor_replay(world->cursor, 7, &err), &err, "replay it twice");
        must(fl_cursor_size(world->cursor) == 1, "it is there once");
        world_must(world_take_most(world, &taking, 16, &err), &err, "take");
        must(taking.count == 1 && taking.numbers[0] == 7, "it is taken");
        if (i == 0) {
            world_give_back(world, &taking);
            reopen(world);
            must(fl_cursor_size(world->cursor) == 0 && has_letter(world->cursor, 7, &letter),
                 "until it is delivered it is a letter");
        }
    }
    world_must(world_commit(world, &taking, &err), &err, "commit");
    must(!has_letter(world->cursor, 7, &letter), "then it is none");
    reopen(world);
    must(!has_letter(world->cursor, 7, &letter), "nor after the next start");
    must(fl_cursor_size(world->cursor) == 0 && fl_cursor_held(world->cursor) == 0, "all is done");
    end(&trial);
}

/* A letter does not keep all that was put after it. */
static void check_files(void)
{
    static struct trial trial;
    struct world *world = &trial.world;
    struct fl_letter letter;
    uint64_t bytes = 0;

    begin(&trial);
    put(&trial, 8);
    while (take(&trial, WORLD_MOST))
        ;
    atomic_store(&world->cursor->max_deliveries, 1);
    for (int i = 0; i < 100; i++) {
        put(&trial, WORLD_MOST);
        while (take(&trial, WORLD_MOST))
            ;
        checkpoint(world);
    }
    for (const struct fl_segment *s = world->store->stripes[0].oldest; s; s = s->newer)
        bytes += s->sum.end;
    must(bytes < 8 * SEGMENT, "the log stays small");
    reopen(world);
    must(has_letter(world->cursor, 7, &letter), "the letter is there");
    world_must(fl_cursor_replay(world->cursor, 7, NULL), NULL, "and can be replayed");
    end(&trial);
}

int main(int argc, char **argv)
{
    world_wrap(argc, argv);
    check_search();
    check_replay();
    check_files();
    return images_main("log_letters", argc, argv, run);
}
