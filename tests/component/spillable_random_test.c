/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The spillable memory channel under transactions that come as they like: held against a model of a
 * queue, and used by many threads at once.
 */

#include <pthread.h>
#include <string.h>

#include "places.h"
#include "suite.h"

/* ---- a model ---- */

#define NUMBERS 4000
#define OPEN 4

/* A queue as simple as it gets, and the takes that are open. */
struct model {
    uint8_t gone[NUMBERS]; /* taken or committed */
    uint64_t count;        /* put */
    struct {
        flow_txn *txn;
        uint64_t numbers[400];
        size_t count;
    } open[OPEN];
    unsigned random;
};

static unsigned pick(struct model *model, unsigned limit)
{
    model->random = model->random * 1103515245 + 12345;
    return (model->random >> 16) % limit;
}

static void model_put(struct model *model, struct memory_rig *rig)
{
    size_t count = 1 + pick(model, 12);

    if (model->count + count <= NUMBERS && !try_put(rig, model->count, count, NULL))
        model->count += count;
}

/* What is taken are the first ones, without a gap. */
static void model_take(struct model *model, struct memory_rig *rig, unsigned i)
{
    const flow_event *const *events;
    uint64_t next = 0;
    size_t count;
    int fresh = !model->open[i].txn;

    if (fresh)
        model->open[i].txn = begin(rig->channel);
    ck_assert_int_eq(
        flow_txn_take(model->open[i].txn, 1 + pick(model, 9), 0, &events, &count, NULL), FLOW_OK);
    for (size_t k = 0; k < count; k++) {
        while (next < model->count && model->gone[next])
            next++;
        ck_assert_uint_eq(number_of(events[k]), next);
        model->gone[next] = 1;
        model->open[i].numbers[model->open[i].count++] = next;
    }
    while (next < model->count && model->gone[next])
        next++;
    if (fresh && !count)
        ck_assert_uint_eq(next, model->count);
}

static void model_end(struct model *model, unsigned i, int keep)
{
    if (!model->open[i].txn)
        return;
    for (size_t k = 0; k < model->open[i].count && !keep; k++)
        model->gone[model->open[i].numbers[k]] = 0;
    if (keep)
        commit(model->open[i].txn);
    else
        roll_back(model->open[i].txn);
    model->open[i].txn = NULL;
    model->open[i].count = 0;
}

static uint64_t left(const struct model *model)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < model->count; i++)
        count += !model->gone[i];
    return count;
}

static void model_step(struct model *model, struct memory_rig *rig, unsigned step)
{
    unsigned what = pick(model, step % 400 < 200 ? 10 : 16), i = pick(model, OPEN);

    if (what < 5)
        model_put(model, rig);
    else if (what == 5)
        model_end(model, i, 0);
    else if (what < 8)
        model_end(model, i, 1);
    else if (model->open[i].count < 300)
        model_take(model, rig, i);
    ck_assert_uint_eq(flow_channel_size(rig->channel), left(model));
}

static void play(unsigned seed)
{
    static struct model model;
    struct places places;
    struct memory_rig rig;

    memset(&model, 0, sizeof model);
    model.random = seed + 1;
    places_init(&places, 1 + seed % 2);
    rig_up(&rig, RIG_SPILL,
           SPILLING(&places, seed % 3 ? "20" : "13", "overflowDeactivationThreshold",
                    seed % 2 ? "5" : "70", "overflowCapacity", "60", "fsyncPerTransaction",
                    "false"));
    for (unsigned step = 0; step < 1500; step++)
        model_step(&model, &rig, step);
    for (unsigned i = 0; i < OPEN; i++)
        model_end(&model, i, (int)i % 2);
    for (unsigned step = 0; left(&model); step++) {
        model_take(&model, &rig, 0);
        model_end(&model, 0, step % 3 != 0);
    }
    ck_assert_uint_eq(flow_channel_size(rig.channel), 0);
    rig_down(&rig);
    places_free(&places);
}

START_TEST(it_does_what_a_queue_does)
{
    for (unsigned seed = 0; seed < 20; seed++)
        play(seed);
}
END_TEST

/* ---- threads ---- */

#define PRODUCERS 3
#define EACH 3000
#define ALL (PRODUCERS * EACH)

struct party {
    struct memory_rig rig;
    _Atomic uint32_t taken;
    _Atomic uint8_t seen[ALL];
    _Atomic int wrong;
    _Atomic unsigned number; /* of the next thread */
    int in_order;            /* there is one consumer */
};

static void *produce(void *arg)
{
    struct party *party = arg;
    uint64_t first = (uint64_t)EACH * atomic_fetch_add(&party->number, 1);

    for (uint64_t done = 0; done < EACH;) {
        size_t count = 1 + done % 7;
        if (count > EACH - done)
            count = EACH - done;
        if (try_put(&party->rig, first + done, count, NULL) == FLOW_OK)
            done += count;
    }
    return NULL;
}

/* Each producer's come in the order in which it put them. */
static int check_order(uint64_t *next, const flow_event *const *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t number = number_of(events[i]);
        if (next[number / EACH]++ != number % EACH)
            return 1;
    }
    return 0;
}

static void settle(struct party *party, flow_txn *txn, const flow_event *const *events,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (atomic_fetch_add(&party->seen[number_of(events[i])], 1))
            atomic_store(&party->wrong, 1);
    }
    commit(txn);
    atomic_fetch_add(&party->taken, (uint32_t)count);
}

static void *consume(void *arg)
{
    struct party *party = arg;
    uint64_t next[PRODUCERS] = {0}, before[PRODUCERS];

    for (unsigned turn = 0; atomic_load(&party->taken) < ALL; turn++) {
        const flow_event *const *events;
        size_t count;
        flow_txn *txn = begin(party->rig.channel);
        ck_assert_int_eq(flow_txn_take(txn, 1 + turn % 40, 10, &events, &count, NULL), FLOW_OK);
        memcpy(before, next, sizeof before);
        if (party->in_order && check_order(next, events, count))
            atomic_store(&party->wrong, 2);
        if (turn % 5 != 2) {
            settle(party, txn, events, count);
        } else {
            memcpy(next, before, sizeof next);
            roll_back(txn);
        }
    }
    return NULL;
}

static void meet(unsigned consumers)
{
    static struct party party;
    struct places places;
    pthread_t threads[PRODUCERS + 3];
    unsigned count = PRODUCERS + consumers;

    memset(&party, 0, sizeof party);
    party.in_order = consumers == 1;
    places_init(&places, 2);
    rig_up(&party.rig, RIG_SPILL, SPILLING(&places, "40", "overflowCapacity", "500"));
    for (unsigned i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, i < PRODUCERS ? produce : consume, &party);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(atomic_load(&party.wrong), 0);
    ck_assert_uint_eq(atomic_load(&party.taken), ALL);
    ck_assert_uint_eq(flow_channel_size(party.rig.channel), 0);
    rig_down(&party.rig);
    places_free(&places);
}

START_TEST(many_threads_lose_nothing)
{
    meet(3);
}
END_TEST

START_TEST(one_consumer_sees_what_each_producer_put_in_order)
{
    meet(1);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"model", it_does_what_a_queue_does},
        {"threads", many_threads_lose_nothing},
        {"one consumer", one_consumer_sees_what_each_producer_put_in_order},
    };

    return RUN_SUITE("component/spillable_random", tests);
}
