/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The memory channel: settings, order, bounds in events and bytes, and whether it does what a
 * trivial queue does under random work and under many threads.
 *
 *     unit_core_memory [--seconds N] [--seed N]     compares with the model for as long as that
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "await.h"
#include "numbered.h"
#include "suite.h"

/* ---- order ---- */

START_TEST(what_is_put_is_taken_in_order)
{
    struct memory_rig rig;

    rig_up(&rig, RIG_FAILING, SETTINGS("capacity", "5000", "transactionCapacity", "3000"));
    put_numbers(&rig, 0, 1);
    put_numbers(&rig, 1, 2000);
    put_numbers(&rig, 2001, 99);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 2100);

    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 7, 0, 7);
    expect_take(txn, 5000, 7, 2093);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 0);
    commit(txn);
    rig_down(&rig);
}
END_TEST

START_TEST(puts_are_seen_only_after_commit)
{
    struct memory_rig rig;

    rig_up(&rig, RIG_FAILING, NULL);
    flow_txn *put = begin(rig.channel);
    put_into(&rig, put, 0, 3);
    flow_txn *take = begin(rig.channel);
    expect_take(take, 10, 0, 0);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 0);
    commit(put);
    expect_take(take, 10, 0, 3);
    commit(take);
    rig_down(&rig);
}
END_TEST

/* The queue is as it was, whoever returns first and whatever was taken meanwhile. */
START_TEST(what_is_returned_goes_to_its_old_place)
{
    struct memory_rig rig;
    flow_txn *txns[4];

    for (int order = 0; order < 2; order++) {
        rig_up(&rig, RIG_FAILING, NULL);
        put_numbers(&rig, 0, 50);
        for (uint64_t i = 0; i < 4; i++) {
            txns[i] = begin(rig.channel);
            expect_take(txns[i], 10, 10 * i, 10);
        }
        commit(txns[2]);
        roll_back(txns[order ? 0 : 3]);
        roll_back(txns[order ? 3 : 0]);
        flow_txn *txn = begin(rig.channel);
        expect_take(txn, 4, 0, 4);
        roll_back(txns[1]);
        expect_take(txn, 16, 4, 16);
        expect_take(txn, 100, 30, 20);
        commit(txn);
        rig_down(&rig);
    }
}
END_TEST

START_TEST(taking_one_by_one_is_rolled_back_in_order)
{
    struct memory_rig rig;

    rig_up(&rig, RIG_FAILING, NULL);
    put_numbers(&rig, 0, 60);
    for (int round = 0; round < 3; round++) {
        flow_txn *txn = begin(rig.channel);
        for (uint64_t i = 0; i < 60; i++)
            expect_take(txn, 1, i, 1);
        roll_back(txn);
    }
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 100, 0, 60);
    commit(txn);
    rig_down(&rig);
}
END_TEST

/* A transaction that another thread rolls back in the middle of an allocation. */
struct rival {
    flow_txn *txn;
    struct fl_thread thread;
    _Atomic int done;
};

static void roll_back_rival(void *arg)
{
    struct rival *rival = arg;

    ck_assert_int_eq(flow_txn_rollback(rival->txn, NULL), FLOW_OK);
    rival->done = 1;
}

/* Waits a moment, and no longer: the allocation may be made under the lock. */
static void let_rival_go(void *arg)
{
    struct rival *rival = arg;

    ck_assert_int_eq(fl_thread_start(&rival->thread, "rival", roll_back_rival, rival), FLOW_OK);
    for (int i = 0; i < 20 && !rival->done; i++)
        await_a_moment();
}

/* Takes while another transaction returns the events in front, at the COUNTth allocation. */
static void take_interrupted(int64_t count)
{
    struct memory_rig rig;
    const flow_event *const *events;
    uint64_t next = 0;
    size_t taken;

    rig_up(&rig, RIG_FAILING, NULL);
    put_numbers(&rig, 0, 30);
    struct rival first = {.txn = begin(rig.channel)};
    flow_txn *second = begin(rig.channel);
    expect_take(first.txn, 10, 0, 10);
    expect_take(second, 10, 10, 10);
    roll_back(second);
    second = begin(rig.channel);
    failing_interrupt(&rig.failing, count, let_rival_go, &first);
    ck_assert_int_eq(flow_txn_take(second, 30, 0, &events, &taken, NULL), FLOW_OK);
    ck_assert_uint_gt(taken, 0);
    for (size_t i = 0; i < taken; i++, next = number_of(events[i - 1]) + 1)
        ck_assert_uint_ge(number_of(events[i]), next);
    fl_thread_join(&first.thread);
    failing_interrupt(&rig.failing, 0, NULL, NULL);
    flow_txn_free(second);
    flow_txn_free(first.txn);
    second = begin(rig.channel);
    expect_take(second, 30, 0, 30);
    roll_back(second);
    rig_down(&rig);
}

START_TEST(what_is_returned_while_others_take_stays_in_front)
{
    for (int64_t count = 0; count < 8; count++)
        take_interrupted(count);
}
END_TEST

START_TEST(what_is_left_in_the_channel_is_freed_with_it)
{
    struct memory_rig rig;

    rig_up(&rig, RIG_FAILING, SETTINGS("capacity", "5000", "transactionCapacity", "3000"));
    put_numbers(&rig, 0, 2000);
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 700, 0, 700);
    commit(txn);
    txn = begin(rig.channel);
    expect_take(txn, 30, 700, 30);
    roll_back(txn);
    rig_down(&rig);
}
END_TEST

/* ---- bounds ---- */

static int put_body(struct memory_rig *rig, size_t size, flow_error **err)
{
    flow_batch *batch;
    void *body;

    ck_assert_int_eq(flow_batch_new(rig->lib, &batch, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_reserve(batch, size, &body, NULL), FLOW_OK);
    memset(body, 'x', size);
    flow_txn *txn = begin(rig->channel);
    int rc = fl_txn_put_events(txn, flow_batch_events(batch), 1, 0, NULL, err);
    if (!rc)
        rc = flow_txn_commit(txn, err);
    flow_txn_free(txn);
    flow_batch_free(batch);
    return rc;
}

static size_t fill_up(struct memory_rig *rig, size_t size)
{
    size_t count = 0;

    while (put_body(rig, size, NULL) == FLOW_OK)
        count++;
    return count;
}

/* Bodies are bounded as in Flume, apart from its slots of 100 bytes. */
START_TEST(bytes_are_bounded)
{
    struct memory_rig rig;
    const flow_event *const *events;
    size_t count;

    rig_up(&rig, RIG_FAILING,
           SETTINGS("capacity", "1000", "byteCapacity", "100000", "byteCapacityBufferPercentage",
                    "20"));
    ck_assert_uint_eq(fill_up(&rig, 500), 80000 / 500);
    flow_txn *txn = begin(rig.channel);
    ck_assert_int_eq(flow_txn_take(txn, 100, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_int_eq(put_body(&rig, 500, NULL), FLOW_EFULL); /* held until the commit */
    commit(txn);
    ck_assert_uint_eq(fill_up(&rig, 500), 100);
    rig_down(&rig);
}
END_TEST

/* An event without a body takes memory, too. */
START_TEST(what_is_not_body_counts_as_well)
{
    struct memory_rig rig;

    rig_up(&rig, RIG_FAILING, SETTINGS("capacity", "1000", "byteCapacity", "6400"));
    ck_assert_uint_eq(fill_up(&rig, 0), 100);
    rig_down(&rig);
}
END_TEST

/* What byteCapacity promises is memory, so memory is what is measured. */
START_TEST(memory_is_at_most_twice_byte_capacity)
{
    static const size_t sizes[] = {0, 10, 100, 500, 3000, 40000};
    struct memory_rig rig;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        rig_up(&rig, RIG_FAILING, SETTINGS("capacity", "1000000", "byteCapacity", "4000000"));
        int64_t before = rig.failing.bytes;
        fill_up(&rig, sizes[i]);
        ck_assert_int_le(rig.failing.bytes - before, 2 * 4000000);
        ck_assert_int_ge(rig.failing.bytes - before, 3000000);
        rig_down(&rig);
    }
}
END_TEST

START_TEST(what_can_never_fit_is_refused_at_once)
{
    struct memory_rig rig;
    flow_error *err = NULL;

    rig_up(&rig, RIG_FAILING, SETTINGS("byteCapacity", "10000"));
    int rc = put_body(&rig, 8001, &err);
    ck_assert_int_eq(flow_error_retriable(err), 0);
    expect_error(rc, FLOW_ETOOBIG, err, "byteCapacity allows 10000 and 8000");

    ck_assert_int_eq(put_body(&rig, 5000, NULL), FLOW_OK);
    ck_assert_int_eq(put_body(&rig, 5000, NULL), FLOW_EFULL); /* this one could fit later */
    rig_down(&rig);
}
END_TEST

START_TEST(byte_capacity_zero_is_no_limit)
{
    struct memory_rig rig;

    rig_up(&rig, RIG_FAILING, SETTINGS("byteCapacity", "0"));
    ck_assert_int_eq(put_body(&rig, 1 << 20, NULL), FLOW_OK);
    rig_down(&rig);
}
END_TEST

START_TEST(a_transaction_cannot_be_larger_than_the_channel)
{
    struct memory_rig rig;
    flow_error *err = NULL;

    int rc = memory_rig_new(&rig, RIG_FAILING, SETTINGS("capacity", "10"), &err);
    ck_assert_str_eq(flow_error_key(err), "a1.channels.c1.transactionCapacity");
    expect_error(rc, FLOW_ECONFIG, err, "transactionCapacity 100 is more than capacity 10");
    rig_down(&rig);
}
END_TEST

START_TEST(bad_numbers_mean_the_default_as_in_flume)
{
    struct memory_rig rig;

    rig_up(&rig, RIG_FAILING,
           SETTINGS("capacity", "many", "keep-alive", "x", "transactionCapacity", "-1"));
    ck_assert_uint_eq(flow_channel_capacity(rig.channel), 100);
    ck_assert_uint_eq(flow_channel_transaction_capacity(rig.channel), 100);
    ck_assert_int_eq(rig.channel->ops->keep_alive(rig.channel->self), 3000);
    ck_assert_uint_ge(rig.findings.count, 3);
    for (size_t i = 0; i < rig.findings.count; i++)
        ck_assert_int_eq(rig.findings.found[i].severity, FLOW_SEVERITY_WARNING);
    rig_down(&rig);
}
END_TEST

/* Some of each batch goes here, as a selector routes it: the rest must not stay in memory. */
START_TEST(a_part_of_a_batch_does_not_hold_the_whole)
{
    struct memory_rig rig;
    static const char body[500];

    rig_up(&rig, RIG_FAILING, SETTINGS("capacity", "1000"));
    flow_batch *batch;
    ck_assert_int_eq(flow_batch_new(rig.lib, &batch, NULL), FLOW_OK);
    int64_t before = rig.failing.bytes;
    for (size_t i = 0; i < 200; i++) {
        flow_batch_clear(batch);
        for (int k = 0; k < 1000; k++)
            ck_assert_int_eq(flow_batch_add(batch, body, sizeof body, NULL), FLOW_OK);
        flow_txn *txn = begin(rig.channel);
        ck_assert_int_eq(flow_txn_put(txn, flow_batch_event(batch, i), NULL), FLOW_OK);
        commit(txn);
    }
    flow_batch_free(batch);
    /* 100 KB of events; the pool keeps what one batch had. */
    ck_assert_int_le(rig.failing.bytes - before, 2 * 200 * 536 + 1000000);
    rig_down(&rig);
}
END_TEST

/* ---- against a model ---- */

#define MODEL_CAPACITY 200u
#define MODEL_TXNS 6u
#define MODEL_MOST 60u

struct model_txn {
    flow_txn *txn;
    int puts;
    uint64_t numbers[MODEL_MOST];
    size_t count;
};

struct model {
    struct memory_rig rig;
    uint64_t random;
    uint64_t queue[MODEL_CAPACITY];    /* in the order in which they were committed */
    uint64_t taken_by[MODEL_CAPACITY]; /* 0: nobody; else the transaction's place + 1 */
    size_t count;
    size_t reserved; /* put and not committed */
    uint64_t next;
    struct model_txn txns[MODEL_TXNS];
};

static uint64_t model_random(struct model *model, uint64_t below)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return model->random % below;
}

static void model_begin(struct model *model, struct model_txn *mt)
{
    mt->txn = begin(model->rig.channel);
    mt->puts = (int)model_random(model, 2);
    mt->count = 0;
}

static void model_put(struct model *model, struct model_txn *mt)
{
    size_t count = model_random(model, 30);
    flow_batch *batch = numbered_batch(model->rig.lib, model->next, count);
    int rc = fl_txn_put_events(mt->txn, flow_batch_events(batch), count, 0, NULL, NULL);

    if (mt->count + count > MODEL_MOST)
        ck_assert_int_eq(rc, FLOW_ETOOBIG);
    else if (model->count + model->reserved + count > MODEL_CAPACITY)
        ck_assert_int_eq(rc, FLOW_EFULL);
    else
        ck_assert_int_eq(rc, FLOW_OK);
    flow_batch_free(batch);
    if (rc)
        return;
    model->reserved += count;
    for (size_t i = 0; i < count; i++)
        mt->numbers[mt->count++] = model->next + i;
    model->next += count;
}

static void model_take(struct model *model, struct model_txn *mt, uint64_t self)
{
    size_t max = model_random(model, 30) + 1;
    const flow_event *const *events;
    size_t count;
    size_t found = 0;

    ck_assert_int_eq(flow_txn_take(mt->txn, max, 0, &events, &count, NULL), FLOW_OK);
    if (max > MODEL_MOST - mt->count)
        max = MODEL_MOST - mt->count;
    for (size_t i = 0; i < model->count && found < max; i++) {
        if (model->taken_by[i])
            continue;
        model->taken_by[i] = self;
        ck_assert_uint_lt(found, count);
        ck_assert_uint_eq(number_of(events[found]), model->queue[i]);
        found++;
    }
    ck_assert_uint_eq(count, found);
    mt->count += count;
}

static void model_commit(struct model *model, struct model_txn *mt, uint64_t self)
{
    size_t kept = 0;

    commit(mt->txn);
    for (size_t i = 0; i < model->count; i++) {
        if (model->taken_by[i] == self)
            continue;
        model->queue[kept] = model->queue[i];
        model->taken_by[kept++] = model->taken_by[i];
    }
    model->count = kept;
    for (size_t i = 0; mt->puts && i < mt->count; i++) {
        model->queue[model->count] = mt->numbers[i];
        model->taken_by[model->count++] = 0;
    }
    model->reserved -= mt->puts ? mt->count : 0;
}

static void model_roll_back(struct model *model, struct model_txn *mt, uint64_t self)
{
    if (model_random(model, 2))
        roll_back(mt->txn);
    else
        flow_txn_free(mt->txn);
    for (size_t i = 0; i < model->count; i++) {
        if (model->taken_by[i] == self)
            model->taken_by[i] = 0;
    }
    model->reserved -= mt->puts ? mt->count : 0;
}

static void model_step(struct model *model)
{
    uint64_t place = model_random(model, MODEL_TXNS);
    struct model_txn *mt = &model->txns[place];
    uint64_t what = model_random(model, 10);
    size_t waiting = 0;

    if (!mt->txn) {
        model_begin(model, mt);
    } else if (what < 6) {
        if (mt->puts)
            model_put(model, mt);
        else
            model_take(model, mt, place + 1);
    } else {
        if (what < 9)
            model_commit(model, mt, place + 1);
        else
            model_roll_back(model, mt, place + 1);
        mt->txn = NULL;
    }
    for (size_t i = 0; i < model->count; i++)
        waiting += model->taken_by[i] == 0;
    ck_assert_uint_eq(flow_channel_size(model->rig.channel), waiting);
}

static void compare_with_model(uint64_t seed, int steps)
{
    static struct model model;

    memset(&model, 0, sizeof model);
    model.random = seed * 2654435761u + 1;
    rig_up(&model.rig, RIG_FAILING, SETTINGS("capacity", "200", "transactionCapacity", "60"));
    for (int i = 0; i < steps; i++)
        model_step(&model);
    for (size_t i = 0; i < MODEL_TXNS; i++)
        flow_txn_free(model.txns[i].txn);
    rig_down(&model.rig);
}

START_TEST(random_work_matches_a_model)
{
    for (uint64_t seed = 1; seed <= 100; seed++)
        compare_with_model(seed, 500);
}
END_TEST

/* ---- many threads ---- */

#define PRODUCERS 3
#define CONSUMERS 3
#define EACH 20000u
#define SHIFT 32 /* a number is the producer's and, below, the event's */

struct crowd {
    struct memory_rig rig;
    _Atomic uint64_t taken;
    _Atomic uint64_t producer;
    _Atomic unsigned char seen[PRODUCERS][EACH];
};

static void produce(void *arg)
{
    struct crowd *crowd = arg;
    uint64_t self = atomic_fetch_add(&crowd->producer, 1);
    uint64_t turn = 0;

    for (uint64_t next = 0; next < EACH; turn++) {
        size_t count = (size_t)(turn * 7 % 23 + 1);
        if (count > EACH - next)
            count = (size_t)(EACH - next);
        flow_txn *txn = begin(crowd->rig.channel);
        put_into(&crowd->rig, txn, (self << SHIFT) + next, count);
        if (turn % 5 == 4) {
            roll_back(txn);
        } else {
            commit(txn);
            next += count;
        }
    }
}

/* Nothing twice; within a transaction the events of one producer are in order. */
static void look_at(struct crowd *crowd, const flow_event *const *events, size_t count)
{
    uint64_t last[PRODUCERS] = {0};

    for (size_t i = 0; i < count; i++) {
        uint64_t number = number_of(events[i]);
        uint64_t producer = number >> SHIFT;
        uint64_t index = number & UINT32_MAX;
        ck_assert_uint_ge(index + 1, last[producer]);
        last[producer] = index + 1;
        ck_assert_uint_eq(atomic_fetch_add(&crowd->seen[producer][index], 1), 0);
    }
}

static void consume(void *arg)
{
    struct crowd *crowd = arg;

    for (unsigned turn = 0; atomic_load(&crowd->taken) < PRODUCERS * EACH; turn++) {
        const flow_event *const *events;
        size_t count;
        flow_txn *txn = begin(crowd->rig.channel);
        ck_assert_int_eq(flow_txn_take(txn, turn % 40 + 1, 10, &events, &count, NULL), FLOW_OK);
        if (turn % 7 == 6) {
            roll_back(txn);
            continue;
        }
        look_at(crowd, events, count);
        commit(txn);
        atomic_fetch_add(&crowd->taken, count);
    }
}

START_TEST(many_threads_lose_nothing_and_get_nothing_twice)
{
    static struct crowd crowd;
    struct fl_thread threads[PRODUCERS + CONSUMERS];

    rig_up(&crowd.rig, RIG_FAILING,
           SETTINGS("capacity", "100", "transactionCapacity", "50", "keep-alive", "60"));
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
        ck_assert_int_eq(
            fl_thread_start(&threads[i], "crowd", i < PRODUCERS ? produce : consume, &crowd),
            FLOW_OK);
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
        fl_thread_join(&threads[i]);
    for (int i = 0; i < PRODUCERS; i++) {
        for (unsigned k = 0; k < EACH; k++)
            ck_assert_uint_eq(crowd.seen[i][k], 1);
    }
    ck_assert_uint_eq(flow_channel_size(crowd.rig.channel), 0);
    rig_down(&crowd.rig);
}
END_TEST

struct line {
    struct memory_rig rig;
    _Atomic int failures;
};

static void produce_line(void *arg)
{
    struct line *line = arg;

    for (uint64_t next = 0; next < 50000; next += 10)
        put_numbers(&line->rig, next, 10);
}

/* With one consumer the order is whole, rollbacks or not. */
START_TEST(one_consumer_sees_one_producers_order)
{
    static struct line line;
    struct fl_thread thread;
    uint64_t expected = 0;

    rig_up(&line.rig, RIG_FAILING, SETTINGS("keep-alive", "60"));
    ck_assert_int_eq(fl_thread_start(&thread, "line", produce_line, &line), FLOW_OK);
    for (unsigned turn = 0; expected < 50000; turn++) {
        const flow_event *const *events;
        size_t count;
        flow_txn *txn = begin(line.rig.channel);
        ck_assert_int_eq(flow_txn_take(txn, turn % 13 + 1, 60000, &events, &count, NULL), FLOW_OK);
        for (size_t i = 0; i < count; i++)
            ck_assert_uint_eq(number_of(events[i]), expected + i);
        if (turn % 3 == 2) {
            roll_back(txn);
        } else {
            commit(txn);
            expected += count;
        }
    }
    fl_thread_join(&thread);
    rig_down(&line.rig);
}
END_TEST

/* ---- by hand ---- */

static struct {
    long seconds;
    uint64_t seed;
} asked = {.seconds = 10};

START_TEST(random_work_matches_a_model_for_as_long_as_asked)
{
    time_t end = time(NULL) + asked.seconds;

    do {
        printf("seed %llu\n", (unsigned long long)asked.seed);
        fflush(stdout);
        compare_with_model(asked.seed++, 20000);
    } while (time(NULL) < end);
}
END_TEST

static int run_long(int argc, char **argv)
{
    const struct test_entry tests[] = {
        {"random_work_matches_a_model_for_as_long_as_asked",
         random_work_matches_a_model_for_as_long_as_asked},
    };

    asked.seed = (uint64_t)time(NULL);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0)
            asked.seconds = strtol(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            asked.seed = strtoull(argv[i + 1], NULL, 10);
    }
    setenv("CK_FORK", "no", 1); /* so that no timeout ends it */
    return RUN_SUITE("core_memory", tests);
}

int main(int argc, char **argv)
{
    const struct test_entry tests[] = {
        {"what_is_put_is_taken_in_order", what_is_put_is_taken_in_order},
        {"puts_are_seen_only_after_commit", puts_are_seen_only_after_commit},
        {"what_is_returned_goes_to_its_old_place", what_is_returned_goes_to_its_old_place},
        {"taking_one_by_one_is_rolled_back_in_order", taking_one_by_one_is_rolled_back_in_order},
        {"returned meanwhile", what_is_returned_while_others_take_stays_in_front},
        {"what_is_left_in_the_channel_is_freed_with_it",
         what_is_left_in_the_channel_is_freed_with_it},
        {"bytes_are_bounded", bytes_are_bounded},
        {"what_is_not_body_counts_as_well", what_is_not_body_counts_as_well},
        {"memory_is_at_most_twice_byte_capacity", memory_is_at_most_twice_byte_capacity},
        {"what_can_never_fit_is_refused_at_once", what_can_never_fit_is_refused_at_once},
        {"byte_capacity_zero_is_no_limit", byte_capacity_zero_is_no_limit},
        {"a_transaction_cannot_be_larger_than_the_channel",
         a_transaction_cannot_be_larger_than_the_channel},
        {"bad_numbers_mean_the_default_as_in_flume", bad_numbers_mean_the_default_as_in_flume},
        {"a_part_of_a_batch_does_not_hold_the_whole", a_part_of_a_batch_does_not_hold_the_whole},
        {"random_work_matches_a_model", random_work_matches_a_model},
        {"many_threads_lose_nothing_and_get_nothing_twice",
         many_threads_lose_nothing_and_get_nothing_twice},
        {"one_consumer_sees_one_producers_order", one_consumer_sees_one_producers_order},
    };

    return argc > 1 ? run_long(argc, argv) : RUN_SUITE("core_memory", tests);
}
