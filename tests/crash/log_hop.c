/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two stores on simulated disks: what is taken from one is put into the other, with the numbers
 * that the one tells, by requests that arrive, or not, or once more much later, in whatever
 * batches. Either crashes in the midst of what it does and goes on with what that left of its disk,
 * and the sender is put back to an earlier copy now and then.  In the end every event has arrived
 * once.
 *
 *     log_hop [--seed N] [--runs N] [--steps N] [--wrap none|pack|seal|both]
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_world.h"

#define NUMBERS 8192
#define SPANS 32
#define KEY 32
#define OLD 8 /* requests that may come again */

/* What is under way from one store to the other. */
struct request {
    uint32_t numbers[WORLD_MOST];
    size_t count;
    flow_span spans[SPANS];
    uint8_t keys[SPANS][KEY];
    size_t span_count;
};

struct side {
    struct world world;
    uint64_t step; /* operations of the disk before what was done last */
};

struct hop {
    struct side sender, receiver;
    struct request sent[WORLD_OPEN]; /* of each taking of the sender */
    struct request old[OLD];
    struct sim_disk *copy; /* of the sender's disk, or NULL */
    uint32_t copied;       /* numbers below were put by then */
    uint32_t next;         /* number to be put */
    uint32_t least;        /* and never one below */
    uint8_t may_lack[NUMBERS];
    uint64_t random;
    uint64_t crashes, repeats;
};

static uint32_t pick(struct hop *hop, uint32_t limit)
{
    hop->random = hop->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(hop->random >> 33) % limit;
}

/* ---- the source ---- */

static int read_next(void *arg, const flow_position *position)
{
    uint32_t *next = arg;
    const uint8_t *value = position->value;

    *next =
        (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 | (uint32_t)value[2] << 8 | value[3];
    return FLOW_OK;
}

static void put(struct hop *hop)
{
    struct world *world = &hop->sender.world;
    uint32_t count = 1 + pick(hop, WORLD_MOST), behind = hop->next + count;
    const uint8_t value[] = {(uint8_t)(behind >> 24), (uint8_t)(behind >> 16),
                             (uint8_t)(behind >> 8), (uint8_t)behind};
    const flow_position position = {"source", value, 6, sizeof value};
    struct fl_buf list;
    flow_error *err = NULL;

    if (behind > NUMBERS)
        return;
    fl_buf_init(&list, &world->rig.lib->allocator);
    fl_position_append(&list, &position);
    world_must(world_put_from(world, hop->next, count, &list, &err), &err, "put");
    fl_buf_free(&list);
    hop->next = behind;
}

/* ---- requests ---- */

static int add_span(void *arg, const flow_span *span)
{
    struct request *request = arg;
    size_t i = request->span_count++;

    if (i >= SPANS || span->key_size > KEY)
        abort();
    request->spans[i] = *span;
    memcpy(request->keys[i], span->key, span->key_size);
    return FLOW_OK;
}

static void take(struct hop *hop, int i)
{
    struct world *world = &hop->sender.world;
    struct taking *taking = &world->takings[i];
    struct request *request = &hop->sent[i];
    flow_error *err = NULL;

    world_must(world_take_most(world, taking, 1 + pick(hop, WORLD_MOST), &err), &err, "take");
    *request = (struct request){.count = taking->count};
    memcpy(request->numbers, taking->numbers, sizeof request->numbers);
    if (!taking->count)
        return;
    world_must(fl_cursor_spans(world->cursor, taking->lots, add_span, request), NULL, "spans");
    hop->old[pick(hop, OLD)] = *request;
}

/* Adds the events of REQUEST that are wanted. */
static void fill(flow_batch *batch, const struct request *request, const uint8_t *keep)
{
    for (size_t i = 0; i < request->count; i++) {
        const uint32_t number = request->numbers[i];
        if (keep[i])
            world_must(flow_batch_add(batch, &number, sizeof number, NULL), NULL, "add");
    }
}

/* What a receiver does with a request. */
static void receive(struct hop *hop, const struct request *request)
{
    struct world *world = &hop->receiver.world;
    flow_span spans[SPANS];
    uint8_t keep[WORLD_MOST];
    struct fl_claim claim;
    flow_batch *batch;
    flow_error *err = NULL;

    for (size_t i = 0; i < request->span_count; i++) {
        spans[i] = request->spans[i];
        spans[i].key = request->keys[i];
    }
    fl_claim_init(&claim, &world->rig.lib->allocator);
    world_must(fl_store_claim(world->store, spans, request->span_count, &claim, keep), NULL,
               "claim");
    world_must(flow_batch_new(world->rig.lib, &batch, NULL), NULL, "batch");
    fill(batch, request, keep);
    struct fl_put what = {
        .events = flow_batch_events(batch), .count = flow_batch_count(batch), .claim = &claim};
    hop->repeats += request->count - what.count;
    if (claim.records.size)
        world_must(fl_store_put_at(world->store, &what, &err), &err, "put there");
    flow_batch_free(batch);
    fl_claim_free(&claim);
}

static void send(struct hop *hop)
{
    int i = (int)pick(hop, WORLD_OPEN);
    struct world *world = &hop->sender.world;
    struct taking *taking = &world->takings[i];
    flow_error *err = NULL;
    uint32_t what = pick(hop, 10);

    if (!taking->count) {
        take(hop, i);
    } else if (what < 6) {
        receive(hop, &hop->sent[i]);
        hop->receiver.step = sim_disk_ops(hop->receiver.world.disk); /* it has answered */
        world_must(world_commit(world, taking, &err), &err, "commit");
    } else if (what < 8) { /* the answer was lost */
        receive(hop, &hop->sent[i]);
        world_give_back(world, taking);
    } else { /* the request was */
        world_give_back(world, taking);
    }
}

/* ---- crashes ---- */

static void open_side(struct side *side)
{
    flow_error *err = NULL;

    sim_disk_record(side->world.disk);
    side->step = 0;
    memset(side->world.takings, 0, sizeof side->world.takings);
    world_must(world_open(&side->world, &err), &err, "open");
}

static void close_side(struct side *side)
{
    world_close(&side->world, NULL);
}

static void forget_taken(struct hop *hop, struct side *side)
{
    if (side == &hop->sender)
        memset(hop->sent, 0, sizeof hop->sent);
}

static void reopen(struct hop *hop, struct side *side)
{
    forget_taken(hop, side);
    close_side(side);
    open_side(side);
}

/* Where the source has to go on. */
static void find_next(struct hop *hop)
{
    uint32_t next = 0;

    fl_store_positions(hop->sender.world.store, "source", 6, read_next, &next);
    if (next > hop->next)
        abort();
    hop->next = next > hop->least ? next : hop->least;
}

/* Goes on with what a crash in the midst of the last step left. */
static void crash(struct hop *hop, struct side *side)
{
    struct sim_disk *disk = side->world.disk;
    uint64_t ops = sim_disk_ops(disk), since = ops - side->step;
    struct sim_disk *past = sim_disk_past(disk, ops - (since ? pick(hop, (uint32_t)since + 1) : 0));
    enum sim_mode mode = (enum sim_mode)pick(hop, SIM_MODES);
    struct sim_disk *image = sim_disk_crash(past, mode, 1 + pick(hop, 1000000));

    hop->crashes++;
    forget_taken(hop, side);
    close_side(side);
    sim_disk_free(past);
    sim_disk_free(disk);
    side->world.disk = image;
    open_side(side);
    if (side == &hop->sender)
        find_next(hop);
}

static void copy_sender(struct hop *hop)
{
    if (hop->copy)
        sim_disk_free(hop->copy);
    hop->copy = sim_disk_crash(hop->sender.world.disk, SIM_KILLED, 0);
    hop->copied = hop->next;
}

/* The sender is as it was when it was copied; what it had put since then is lost if it had not
 * arrived, and what it puts from now on is something else. */
static void restore_sender(struct hop *hop)
{
    struct side *side = &hop->sender;

    if (!hop->copy)
        return;
    forget_taken(hop, side);
    close_side(side);
    sim_disk_free(side->world.disk);
    side->world.disk = hop->copy;
    hop->copy = NULL;
    open_side(side);
    memset(hop->may_lack + hop->copied, 1, hop->next - hop->copied);
    hop->least = hop->next;
}

/* ---- all of it ---- */

static void step(struct hop *hop)
{
    struct side *side = pick(hop, 2) ? &hop->sender : &hop->receiver;
    uint32_t what = pick(hop, 1000);

    hop->sender.step = sim_disk_ops(hop->sender.world.disk);
    hop->receiver.step = sim_disk_ops(hop->receiver.world.disk);
    if (what < 250)
        put(hop);
    else if (what < 800)
        send(hop);
    else if (what < 880)
        receive(hop, &hop->old[pick(hop, OLD)]);
    else if (what < 940)
        world_must(fl_store_checkpoint(side->world.store, 0, NULL), NULL, "checkpoint");
    else if (what < 960)
        fl_store_tend(side->world.store);
    else if (what < 975)
        reopen(hop, side);
    else if (what < 980)
        copy_sender(hop);
    else if (what < 982)
        restore_sender(hop);
    if (!pick(hop, 20))
        crash(hop, side);
}

static void drain(struct hop *hop)
{
    struct world *world = &hop->sender.world;

    for (int i = 0; i < WORLD_OPEN; i++)
        world_give_back(world, &world->takings[i]);
    for (take(hop, 0); world->takings[0].count; take(hop, 0)) {
        receive(hop, &hop->sent[0]);
        world_must(world_commit(world, &world->takings[0], NULL), NULL, "commit");
    }
}

/* What is wrong with what the receiver has. */
static const char *inspect(struct hop *hop)
{
    static uint32_t numbers[2 * NUMBERS], found[NUMBERS];
    static char text[64];
    size_t count = world_read(hop->receiver.world.cursor, numbers, 2 * NUMBERS, NULL);

    memset(found, 0, sizeof found);
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] >= hop->next)
            return "something was never sent";
        found[numbers[i]]++;
    }
    for (uint32_t i = 0; i < hop->next; i++) {
        snprintf(text, sizeof text, "event %u is there %u times", i, found[i]);
        if (found[i] > 1 || (!found[i] && !hop->may_lack[i]))
            return text;
    }
    return NULL;
}

static int run(uint64_t seed, uint32_t steps, uint64_t sums[3])
{
    static struct hop hop;

    memset(&hop, 0, sizeof hop);
    hop.random = seed;
    world_init(&hop.sender.world, seed);
    world_init(&hop.receiver.world, seed + 1000000007);
    open_side(&hop.sender);
    open_side(&hop.receiver);
    for (uint32_t i = 0; i < steps; i++)
        step(&hop);
    drain(&hop);
    reopen(&hop, &hop.receiver);
    const char *wrong = inspect(&hop);
    if (wrong)
        fprintf(stderr, "%s\nagain: log_hop --runs 1 --steps %u --seed %llu\n", wrong, steps,
                (unsigned long long)seed);
    close_side(&hop.sender);
    close_side(&hop.receiver);
    world_free(&hop.sender.world);
    world_free(&hop.receiver.world);
    if (hop.copy)
        sim_disk_free(hop.copy);
    sums[0] += hop.next;
    sums[1] += hop.crashes;
    sums[2] += hop.repeats;
    return wrong != NULL;
}

int main(int argc, char **argv)
{
    uint64_t seed = world_option(argc, argv, "--seed", 1);
    uint64_t runs = world_option(argc, argv, "--runs", 20);
    uint64_t steps = world_option(argc, argv, "--steps", 400), sums[3] = {0};
    int failed = 0;

    world_wrap(argc, argv);
    for (uint64_t i = 0; i < runs && !failed; i++)
        failed = run(seed + i, (uint32_t)steps, sums);
    printf("%llu events, %llu crashes, %llu events that came again: %s\n",
           (unsigned long long)sums[0], (unsigned long long)sums[1], (unsigned long long)sums[2],
           failed ? "wrong" : "each arrived once");
    return failed;
}
