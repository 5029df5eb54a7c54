/* SPDX-License-Identifier: Apache-2.0 */

/* How much of the log stays: for consumers that are behind, by their limits, and for nobody in
 * particular, by time and by size. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "log_world.h"

#define SEGMENT 16384u
#define PLENTY 200u /* puts, for several segments */

static int failures;

static void expect(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "not so: %s\n", what);
        failures++;
    }
}

static uint32_t numbers[WORLD_MOST * PLENTY * 4];

static void begin(struct world *world, uint64_t retain_bytes, int64_t retain_ms)
{
    flow_error *err = NULL;

    world_init(world, 3);
    world->folders = 1;
    world->retain_bytes = retain_bytes;
    world->retain_ms = retain_ms;
    world_must(world_open(world, &err), &err, "open");
}

static void end(struct world *world)
{
    flow_error *err = NULL;

    world_must(world_close(world, &err), &err, "close");
    world_free(world);
}

static void reopen(struct world *world)
{
    flow_error *err = NULL;

    world_must(world_close(world, &err), &err, "close");
    world_must(world_open(world, &err), &err, "open");
}

static void tend(struct world *world)
{
    flow_error *err = NULL;

    world_must(fl_store_checkpoint(world->store, 0, &err), &err, "checkpoint");
    fl_store_tend(world->store);
}

/* Puts PLENTY times ten events from FIRST on; returns the number behind the last. */
static uint32_t put_plenty(struct world *world, uint32_t first)
{
    flow_error *err = NULL;

    for (uint32_t i = 0; i < PLENTY; i++, first += 10) {
        world_must(world_put(world, first, 10, &err), &err, "put");
        if (i % 10 == 9)
            tend(world);
    }
    return first;
}

/* Takes all that the world's cursor has. */
static void drain(struct world *world)
{
    struct taking taking = {.count = 0};
    flow_error *err = NULL;

    do {
        world_must(world_take_most(world, &taking, WORLD_MOST, &err), &err, "take");
        world_must(world_commit(world, &taking, &err), &err, "commit");
    } while (fl_cursor_size(world->cursor));
    tend(world);
}

static struct fl_cursor *add(struct world *world, const char *name, enum fl_place_kind kind,
                             const struct fl_terms *terms)
{
    const struct fl_cursor_plan plan = {.name = name, .from = {.kind = kind}, .terms = *terms};
    struct fl_cursor *made = NULL;
    flow_error *err = NULL;

    world_must(fl_store_add_cursor_at(world->store, &plan, &made, &err), &err, "add");
    return made;
}

static uint64_t log_bytes(struct world *world)
{
    uint64_t bytes = 0;

    for (const struct fl_segment *s = world->store->stripes[0].oldest; s; s = s->newer)
        bytes += s->sum.end;
    return bytes;
}

/* ---- consumers that are behind ---- */

static const struct fl_terms none = {0};

static void check_dead_without_limit(void)
{
    struct world world;
    begin(&world, 0, 0);
    struct fl_cursor *dead = add(&world, "dead", FL_AT_LATEST, &none);
    uint32_t end_number = put_plenty(&world, 0);

    drain(&world);
    expect(fl_store_used(world.store, 10000) == end_number,
           "a consumer that blocks counts though nobody reads it");
    expect(world_read(dead, numbers, end_number, NULL) == end_number && numbers[0] == 0,
           "and loses nothing");
    end(&world);
}

static void check_events_limit(void)
{
    const struct fl_terms skips = {FL_CURSOR_SKIPS, 50, 0};
    struct fl_cursor_info info;
    struct world world;
    begin(&world, 0, 0);
    struct fl_cursor *dead = add(&world, "dead", FL_AT_LATEST, &skips);
    uint32_t end_number = put_plenty(&world, 0);

    drain(&world);
    expect(fl_store_used(world.store, 10000) == 0, "a consumer that skips holds up nobody");
    expect(log_bytes(&world) < 3 * SEGMENT, "and does not fill the disk");
    fl_cursor_look(dead, &info);
    expect(info.held == 50 && info.skipped == end_number - 50, "what it lost is counted");
    reopen(&world);
    dead = fl_store_find_cursor(world.store, "dead");
    fl_cursor_look(dead, &info);
    expect(info.skipped == end_number - 50, "also after the next start");
    expect(world_read(dead, numbers, end_number, NULL) == 50 && numbers[0] == end_number - 50,
           "and the newest are there");
    end(&world);
}

static void check_bytes_limit(void)
{
    const struct fl_terms skips = {FL_CURSOR_SKIPS, 0, 3 * SEGMENT};
    struct fl_cursor_info info;
    struct world world;
    begin(&world, 0, 0);
    struct fl_cursor *dead = add(&world, "dead", FL_AT_LATEST, &skips);
    uint32_t end_number = put_plenty(&world, 0);

    drain(&world);
    fl_cursor_look(dead, &info);
    expect(info.held > 0 && info.skipped == end_number - info.held, "it keeps some, and counts");
    expect(log_bytes(&world) < 6 * SEGMENT, "the log is about as large as it may be");
    end(&world);
}

/* What somebody has in hand is neither lost nor counted before it comes back. */
static void check_in_hand(void)
{
    const struct fl_terms skips = {FL_CURSOR_SKIPS, 50, 0};
    struct taking first = {.count = 0}, second = {.count = 0};
    struct fl_cursor_info info;
    flow_error *err = NULL;
    struct world world;
    begin(&world, 0, 0);
    world_must(world_put(&world, 0, 16, &err), &err, "put");
    struct fl_cursor *slow = add(&world, "slow", FL_AT_EARLIEST, &skips);
    world.cursor = slow;
    world_must(world_take_most(&world, &first, 4, &err), &err, "take");
    world_must(world_take_most(&world, &second, 4, &err), &err, "take");
    uint32_t end_number = put_plenty(&world, 16);

    fl_cursor_look(slow, &info);
    expect(info.skipped == end_number - 50 - 8, "those in hand are not lost");
    world_must(world_commit(&world, &first, &err), &err, "commit");
    world_give_back(&world, &second);
    fl_cursor_look(slow, &info);
    expect(info.skipped == end_number - 50 - 4, "those that come back are");
    expect(info.held == 50 && info.waiting == 50, "and nothing is counted twice");
    world.cursor = fl_store_find_cursor(world.store, "");
    end(&world);
}

/* ---- consumers that are moved ---- */

static void check_void_takes(void)
{
    const struct fl_place start = {.kind = FL_AT_EARLIEST};
    struct taking first = {.count = 0}, second = {.count = 0};
    uint64_t offset = 99;
    flow_error *err = NULL;
    struct world world;

    begin(&world, 0, 0);
    world_must(world_put(&world, 0, 16, &err), &err, "put");
    world_must(world_take_most(&world, &first, 4, &err), &err, "take");
    world_must(world_take_most(&world, &second, 4, &err), &err, "take");
    world_must(fl_store_seek(world.cursor, &start, &offset, &err), &err, "seek");
    expect(offset == 0, "it is where it was moved to");
    world_must(world_commit(&world, &first, &err), &err, "commit");
    world_give_back(&world, &second);
    expect(fl_cursor_size(world.cursor) == 16 && fl_cursor_held(world.cursor) == 16,
           "what was taken before counts for nothing");
    reopen(&world);
    expect(world_read(world.cursor, numbers, 100, NULL) == 16, "nor after the next start");
    end(&world);
}

static void check_refusals(void)
{
    const struct fl_cursor_plan plan = {.name = "audit"};
    struct fl_cursor *audit, *again = NULL;
    uint64_t offset;
    struct world world;

    begin(&world, 0, 0);
    expect(fl_store_remove_cursor(world.cursor, NULL) == FLOW_ESTATE, "one has to stay");
    audit = add(&world, "audit", FL_AT_EARLIEST, &none);
    expect(fl_store_add_cursor_at(world.store, &plan, &again, NULL) == FLOW_EEXIST,
           "a name is there once");
    expect(fl_store_remove_cursor(audit, NULL) == FLOW_OK, "one of two may go");
    expect(fl_store_seek(audit, &plan.from, &offset, NULL) == FLOW_ENOENT, "it is gone then");
    expect(fl_store_set_terms(audit, &none, NULL) == FLOW_ENOENT, "for all that it is asked");
    end(&world);
}

/* ---- changes that the disk does not take ---- */

/* Whether the store on DISK has the consumer where it should be, and all of the events there. */
static void expect_at(struct world *world, struct sim_disk *disk, uint64_t offset, uint64_t end_at)
{
    struct fl_store *store = NULL;
    flow_error *err = NULL;

    world_must(world_open_on(world, disk, &store, &err), &err, "open an image");
    struct fl_cursor *audit = fl_store_find_cursor(store, "audit");
    expect(audit != NULL, "the consumer is there after a crash");
    if (audit) {
        size_t count = world_read(audit, numbers, 100, NULL);
        expect(count == end_at - offset && numbers[0] == offset, "and is where it was said to be");
    }
    fl_store_close(store, NULL);
}

/* Moves a consumer from 4 to 10 with FAULT; returns whether that came to bear. */
static int move_with(const struct sim_fault *fault)
{
    const struct fl_place first = {.kind = FL_AT_OFFSET, .offset = 4};
    const struct fl_place second = {.kind = FL_AT_OFFSET, .offset = 10};
    const struct sim_fault none_at_all = {.at = 0};
    struct fl_cursor *audit = NULL;
    uint64_t offset = 0;
    struct world world;

    begin(&world, 0, 0);
    world_must(world_put(&world, 0, 16, NULL), NULL, "put");
    audit = add(&world, "audit", FL_AT_EARLIEST, &none);
    world_must(fl_store_seek(audit, &first, &offset, NULL), NULL, "seek");
    sim_disk_fail(world.disk, fault);
    int rc = fl_store_seek(audit, &second, &offset, NULL);
    int failed = sim_disk_failures(world.disk) > 0;
    sim_disk_fail(world.disk, &none_at_all);
    sim_disk_evict(world.disk);
    uint64_t now = rc ? 4 : 10;
    expect(audit->watermark == now && fl_cursor_size(audit) == 16 - now,
           "a move that fails has not happened");
    world_must(world_put(&world, 16, 4, NULL), NULL, "put");
    struct sim_disk *image = sim_disk_crash(world.disk, SIM_SYNCED, 0);
    expect_at(&world, image, now, 20);
    sim_disk_free(image);
    end(&world);
    return failed;
}

static void check_failures(void)
{
    static const struct sim_fault faults[] = {
        {.error = EIO, .calls = SIM_CALL_WRITE, .at = 1},
        {.error = EIO, .calls = SIM_CALL_WRITE | SIM_CALL_OPEN_TO_CHANGE, .at = 1, .lasts = 1},
        {.error = ENOSPC, .calls = SIM_CALL_CHANGES, .at = 1, .lasts = 1},
        {.error = EIO, .calls = SIM_CALL_SYNC, .at = 1, .loss = SIM_LOST, .lasts = 1},
        {.error = EIO, .calls = SIM_CALL_SYNC, .at = 1, .loss = SIM_REACHED, .lasts = 1},
        {.error = EIO, .calls = SIM_CALL_SYNC, .at = 1, .loss = SIM_PARTLY, .seed = 7, .lasts = 1},
        {.error = EIO, .calls = SIM_CALL_READ, .at = 1, .lasts = 1},
    };

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct sim_fault fault = faults[i];
        while (move_with(&fault))
            fault.at++;
        expect(fault.at > 1, "the fault came to bear");
    }
}

/* ---- what is kept for nobody in particular ---- */

static void check_no_retention(void)
{
    struct world world;
    begin(&world, 0, 0);
    put_plenty(&world, 0);
    drain(&world);
    expect(log_bytes(&world) < 3 * SEGMENT, "what all are done with goes");
    end(&world);
}

static void check_retention_by_bytes(void)
{
    struct world world;
    uint64_t first = 0;

    begin(&world, 8 * SEGMENT, 0);
    uint32_t end_number = put_plenty(&world, 0);
    drain(&world);
    expect(log_bytes(&world) > 6 * SEGMENT && log_bytes(&world) <= 9 * SEGMENT,
           "as many bytes are kept as were asked for");
    world_must(fl_store_earliest(world.store, &first, NULL), NULL, "earliest");
    reopen(&world);
    struct fl_cursor *late = add(&world, "late", FL_AT_EARLIEST, &none);
    expect(world_read(late, numbers, end_number, NULL) == end_number - first && first > 0 &&
               numbers[0] == first,
           "a consumer that comes later reads them");
    end(&world);
}

static void check_retention_by_time(void)
{
    struct world world;
    struct fl_place place = {.kind = FL_AT_TIME};
    uint64_t offset = 0;

    begin(&world, 0, 60000);
    uint32_t middle = put_plenty(&world, 0);
    fl_clock_false_advance(world.rig.clock, 50000);
    place.time = flow_context_time(world.rig.ctx);
    uint32_t end_number = put_plenty(&world, middle);
    drain(&world);
    world_must(fl_store_earliest(world.store, &offset, NULL), NULL, "earliest");
    expect(offset == 0, "nothing goes before its time");
    fl_clock_false_advance(world.rig.clock, 10001);
    fl_store_tend(world.store);
    world_must(fl_store_earliest(world.store, &offset, NULL), NULL, "earliest");
    expect(offset > 0 && offset <= middle, "what is older goes, though nobody put or took");
    struct fl_cursor *late = add(&world, "late", FL_AT_EARLIEST, &none);
    world_must(fl_store_seek(late, &place, &offset, NULL), NULL, "seek");
    expect(offset == middle, "a time finds the first event since");
    expect(world_read(late, numbers, end_number, NULL) == end_number - middle, "and all after it");
    fl_clock_false_advance(world.rig.clock, 90000);
    fl_store_tend(world.store);
    expect(fl_cursor_size(late) == end_number - middle &&
               world_read(late, numbers, end_number, NULL) == end_number - middle,
           "a consumer that is behind keeps what it needs");
    end(&world);
}

int main(void)
{
    check_dead_without_limit();
    check_events_limit();
    check_bytes_limit();
    check_in_hand();
    check_void_takes();
    check_refusals();
    check_failures();
    check_no_retention();
    check_retention_by_bytes();
    check_retention_by_time();
    return failures != 0;
}
