/* SPDX-License-Identifier: Apache-2.0 */

/* Transactions: which call is allowed when, who may end one, what a failure leaves. */

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "numbered.h"
#include "suite.h"

/* ---- the state machine ---- */

enum { PUT, TAKE, COMMIT, ROLLBACK, CALLS };

static int call(flow_txn *txn, int which, const flow_event *event, flow_error **err)
{
    const flow_event *const *events;
    size_t count;

    switch (which) {
    case PUT: return flow_txn_put(txn, event, err);
    case TAKE: return flow_txn_take(txn, 1, 0, &events, &count, err);
    case COMMIT: return flow_txn_commit(txn, err);
    default: return flow_txn_rollback(txn, err);
    }
}

/* What came before, and for each call the part of the message it is refused with, or NULL. */
static const struct turn {
    const char *name;
    int before[2];
    size_t count;
    const char *refused[CALLS];
} turns[] = {
    {"begun", {0}, 0, {NULL, NULL, NULL, NULL}},
    {"put", {PUT}, 1, {NULL, "take() called on a transaction that puts", NULL, NULL}},
    {"taken", {TAKE}, 1, {"put() called on a transaction that takes", NULL, NULL, NULL}},
    {"committed",
     {PUT, COMMIT},
     2,
     {"put() called when transaction is COMMITTED", "take() called when transaction is COMMITTED",
      "commit() called when transaction is COMMITTED",
      "rollback() called when transaction is COMMITTED"}},
    {"rolled back",
     {TAKE, ROLLBACK},
     2,
     {"put() called when transaction is ROLLED_BACK",
      "take() called when transaction is ROLLED_BACK",
      "commit() called when transaction is ROLLED_BACK",
      "rollback() called when transaction is ROLLED_BACK"}},
};

static void try_turn(struct memory_rig *rig, const struct turn *turn, int which,
                     const flow_event *event)
{
    flow_txn *txn = begin(rig->channel);
    flow_error *err = NULL;

    for (size_t i = 0; i < turn->count; i++)
        ck_assert_int_eq(call(txn, turn->before[i], event, NULL), FLOW_OK);
    uint32_t state = flow_txn_state(txn);
    int rc = call(txn, which, event, &err);
    if (turn->refused[which]) {
        ck_assert_uint_eq(flow_txn_state(txn), state);
        ck_assert_str_eq(flow_error_component(err), "channel c1");
        expect_error(rc, FLOW_ESTATE, err, turn->refused[which]);
    } else {
        ck_assert_msg(rc == FLOW_OK, "%s: %s", turn->name, flow_error_message(err));
    }
    flow_txn_free(txn);
}

START_TEST(every_call_in_every_state)
{
    struct memory_rig rig;

    rig_up(&rig, RIG_FAILING, NULL);
    flow_batch *batch = numbered_batch(rig.lib, 1, 1);
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        for (int which = 0; which < CALLS; which++)
            try_turn(&rig, &turns[i], which, flow_batch_event(batch, 0));
    }
    flow_batch_free(batch);
    rig_down(&rig);
}
END_TEST

START_TEST(what_is_no_transaction_is_refused)
{
    struct memory_rig rig;
    const flow_event *const *events;
    flow_txn *txn;
    size_t count;

    rig_up(&rig, RIG_FAILING, NULL);
    ck_assert_int_eq(flow_txn_begin(NULL, &txn, NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_txn_begin(rig.channel, NULL, NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_txn_commit(NULL, NULL), FLOW_EINVAL);
    txn = begin(rig.channel);
    ck_assert_int_eq(flow_txn_put(txn, NULL, NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_txn_put_batch(txn, NULL, NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_txn_take(txn, 0, 0, &events, &count, NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_txn_take(txn, 1, 0, NULL, &count, NULL), FLOW_EINVAL);
    flow_txn_free(txn);
    flow_txn_free(NULL);
    rig_down(&rig);
}
END_TEST

START_TEST(freeing_an_open_one_rolls_back)
{
    struct memory_rig rig;

    rig_up(&rig, RIG_FAILING, NULL);
    flow_txn *txn = begin(rig.channel);
    put_into(&rig, txn, 50, 3);
    flow_txn_free(txn);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 0);

    put_numbers(&rig, 1, 3);
    txn = begin(rig.channel);
    expect_take(txn, 2, 1, 2);
    flow_txn_free(txn);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 3);
    txn = begin(rig.channel);
    expect_take(txn, 3, 1, 3);
    commit(txn);
    rig_down(&rig);
}
END_TEST

START_TEST(a_transaction_has_a_capacity)
{
    struct memory_rig rig;
    flow_error *err = NULL;

    rig_up(&rig, RIG_FAILING, SETTINGS("capacity", "100", "transactionCapacity", "10"));
    flow_batch *batch = numbered_batch(rig.lib, 100, 7);
    flow_txn *txn = begin(rig.channel);
    put_into(&rig, txn, 0, 7);
    int rc = flow_txn_put_batch(txn, batch, &err);
    expect_error(rc, FLOW_ETOOBIG, err, "7 events into a transaction that has 7 of at most 10");
    put_into(&rig, txn, 7, 3);
    commit(txn);
    put_numbers(&rig, 10, 10);

    txn = begin(rig.channel);
    expect_take(txn, 100, 0, 10);
    expect_take(txn, 1, 0, 0);
    commit(txn);
    flow_batch_free(batch);
    rig_down(&rig);
}
END_TEST

/* ---- lent to a sink ---- */

struct told {
    flow_txn *txn;
    int result;
    int times;
    char message[128];
};

static void note(void *self, flow_txn *txn, int result, flow_error *cause)
{
    struct told *told = self;

    told->txn = txn;
    told->result = result;
    told->times++;
    strncpy(told->message, flow_error_message(cause), sizeof told->message - 1);
    flow_error_free(cause);
}

START_TEST(a_lent_transaction_is_done_once)
{
    struct memory_rig rig;
    struct told told = {.times = 0};
    const struct fl_txn_owner owner = {.self = &told, .done = note};
    flow_error *err = NULL;
    flow_error *cause = NULL;
    int tag;

    rig_up(&rig, RIG_FAILING, NULL);
    put_numbers(&rig, 1, 2);
    flow_txn *txn = begin(rig.channel);
    int rc = flow_txn_done(txn, FLOW_OK, NULL, &err);
    expect_error(rc, FLOW_ESTATE, err, "no sink holds");
    err = NULL;

    fl_txn_lend(txn, &owner, &tag);
    expect_take(txn, 2, 1, 2);
    ck_assert_ptr_eq(fl_txn_tag(txn), &tag);
    ck_assert_uint_eq(fl_txn_taken(txn), 2);
    rc = flow_txn_commit(txn, &err);
    expect_error(rc, FLOW_ESTATE, err, "commit() called on a transaction that is lent");
    err = NULL;
    rc = flow_txn_rollback(txn, &err);
    expect_error(rc, FLOW_ESTATE, err, "rollback() called on a transaction that is lent");
    err = NULL;
    flow_txn_free(txn); /* not the sink's to free */
    ck_assert_int_eq(flow_txn_done(txn, FLOW_PENDING, NULL, NULL), FLOW_EINVAL);

    flow_error_set(&cause, FLOW_EIO, "the disk is gone");
    ck_assert_int_eq(flow_txn_done(txn, FLOW_EIO, cause, NULL), FLOW_OK);
    flow_error_free(cause);
    ck_assert_int_eq(told.times, 1);
    ck_assert_ptr_eq(told.txn, txn);
    ck_assert_int_eq(told.result, FLOW_EIO);
    ck_assert_str_eq(told.message, "the disk is gone");
    rc = flow_txn_done(txn, FLOW_OK, NULL, &err);
    expect_error(rc, FLOW_ESTATE, err, "second time");
    ck_assert_int_eq(told.times, 1);
    ck_assert_int_eq(fl_txn_take_back(txn), FLOW_ESTATE);
    roll_back(txn);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 2);
    rig_down(&rig);
}
END_TEST

START_TEST(what_was_taken_back_cannot_be_done)
{
    struct memory_rig rig;
    struct told told = {.times = 0};
    const struct fl_txn_owner owner = {.self = &told, .done = note};

    rig_up(&rig, RIG_FAILING, NULL);
    flow_txn *txn = begin(rig.channel);
    fl_txn_lend(txn, &owner, NULL);
    ck_assert_int_eq(fl_txn_take_back(txn), FLOW_OK);
    ck_assert_int_eq(flow_txn_done(txn, FLOW_OK, NULL, NULL), FLOW_ESTATE);
    ck_assert_int_eq(told.times, 0);
    commit(txn);
    rig_down(&rig);
}
END_TEST

#define LENDINGS 2000

struct race {
    _Atomic(flow_txn *) txn;
    _Atomic int won;
    _Atomic int told;
    _Atomic int stop;
};

static void count_done(void *self, flow_txn *txn, int result, flow_error *cause)
{
    atomic_fetch_add(&((struct race *)self)->told, 1);
}

/* Done by two threads at once: one of them is told that it came second. */
static void race_to_done(void *arg)
{
    struct race *race = arg;

    flow_txn *last = NULL;
    while (!atomic_load(&race->stop)) {
        flow_txn *txn = atomic_load(&race->txn);
        if (txn && txn != last && flow_txn_done(txn, FLOW_OK, NULL, NULL) == FLOW_OK)
            atomic_fetch_add(&race->won, 1);
        last = txn;
    }
}

START_TEST(only_one_of_many_threads_is_first)
{
    struct memory_rig rig;
    struct race race = {.won = 0};
    const struct fl_txn_owner owner = {.self = &race, .done = count_done};
    struct fl_thread threads[2];
    static flow_txn *txns[LENDINGS];

    rig_up(&rig, RIG_FAILING, NULL);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(fl_thread_start(&threads[i], "done", race_to_done, &race), FLOW_OK);
    for (int i = 0; i < LENDINGS; i++) {
        txns[i] = begin(rig.channel);
        fl_txn_lend(txns[i], &owner, NULL);
        atomic_store(&race.txn, txns[i]);
        while (atomic_load(&race.told) <= i)
            ;
    }
    atomic_store(&race.stop, 1);
    for (int i = 0; i < 2; i++)
        fl_thread_join(&threads[i]);
    ck_assert_int_eq(race.told, LENDINGS);
    ck_assert_int_eq(race.won, LENDINGS);
    for (int i = 0; i < LENDINGS; i++)
        commit(txns[i]);
    rig_down(&rig);
}
END_TEST

/* ---- other threads, other processes, no memory ---- */

static void take_two_and_commit(void *arg)
{
    flow_txn *txn = arg;

    expect_take(txn, 2, 2, 2);
    commit(txn);
}

START_TEST(a_transaction_moves_between_threads)
{
    struct memory_rig rig;
    struct fl_thread thread;

    rig_up(&rig, RIG_FAILING, NULL);
    put_numbers(&rig, 0, 5);
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 2, 0, 2);
    ck_assert_int_eq(fl_thread_start(&thread, "mover", take_two_and_commit, txn), FLOW_OK);
    fl_thread_join(&thread);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 1);
    rig_down(&rig);
}
END_TEST

START_TEST(a_child_cannot_use_its_parents_channel)
{
    struct memory_rig rig;
    int status;

    rig_up(&rig, RIG_FAILING, NULL);
    put_numbers(&rig, 0, 2);
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 1, 0, 1);
    pid_t child = fork();
    if (child == 0) {
        flow_txn *other;
        int ok = flow_txn_begin(rig.channel, &other, NULL) == FLOW_EFORKED &&
                 flow_txn_commit(txn, NULL) == FLOW_EFORKED &&
                 flow_txn_rollback(txn, NULL) == FLOW_EFORKED;
        flow_txn_free(txn);
        _exit(ok ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    commit(txn);
    rig_down(&rig);
}
END_TEST

/* A put or take that finds no memory leaves the transaction open and the channel as it was. */
START_TEST(every_allocation_may_fail)
{
    struct memory_rig rig;
    int rc = FLOW_ENOMEM;

    rig_up(&rig, RIG_FAILING, SETTINGS("capacity", "5000", "transactionCapacity", "3000"));
    flow_batch *batch = numbered_batch(rig.lib, 0, 3000);
    for (int64_t grants = 0; rc == FLOW_ENOMEM; grants++) {
        flow_txn *txn = NULL;
        failing_after(&rig.failing, grants);
        rc = flow_txn_begin(rig.channel, &txn, NULL);
        if (!rc)
            rc = flow_txn_put_batch(txn, batch, NULL);
        failing_after(&rig.failing, -1);
        if (txn && rc) {
            ck_assert_uint_eq(flow_txn_state(txn), FLOW_TXN_OPEN);
            put_into(&rig, txn, 0, 10); /* no room was lost */
            roll_back(txn);
        } else if (txn) {
            commit(txn);
        }
    }
    ck_assert_int_eq(rc, FLOW_OK);
    flow_batch_free(batch);

    rc = FLOW_ENOMEM;
    for (int64_t grants = 0; rc == FLOW_ENOMEM; grants++) {
        const flow_event *const *events;
        flow_txn *txn = NULL;
        size_t count = 0;
        failing_after(&rig.failing, grants);
        rc = flow_txn_begin(rig.channel, &txn, NULL);
        if (!rc)
            rc = flow_txn_take(txn, 2999, 0, &events, &count, NULL);
        failing_after(&rig.failing, -1);
        flow_txn_free(txn);
        ck_assert_uint_eq(flow_channel_size(rig.channel), 3000);
    }
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 3000, 0, 3000);
    commit(txn);
    rig_down(&rig);
}
END_TEST

/* ---- the channel's own part ---- */

static struct {
    flow_channel_ops ops;
    const flow_channel_ops *real;
    int made, again, released;
    int fails; /* so does the next begin */
} counted;

static int begin_counted(void *self, void **txn, flow_error **err)
{
    if (counted.fails) {
        counted.fails = 0;
        return flow_error_set(err, FLOW_EIO, "not now");
    }
    if (*txn)
        counted.again++;
    else
        counted.made++;
    return counted.real->begin(self, txn, err);
}

static void release_counted(void *self, void *txn)
{
    counted.released++;
    counted.real->release(self, txn);
}

/* Five transactions of a channel with FLAGS, one after the other, and one that cannot begin. */
static void count_parts(uint32_t flags, int made, int again, int released)
{
    struct memory_rig rig;
    flow_txn *none;

    rig_up(&rig, RIG_FAILING, NULL);
    memset(&counted, 0, sizeof counted);
    counted.real = rig.channel->ops;
    counted.ops = *rig.channel->ops;
    counted.ops.flags = flags;
    counted.ops.begin = begin_counted;
    counted.ops.release = release_counted;
    rig.channel->ops = &counted.ops;
    for (uint64_t i = 0; i < 5; i++) {
        flow_txn *txn = begin(rig.channel);
        put_into(&rig, txn, i, 1);
        if (i % 2)
            commit(txn);
        else
            flow_txn_free(txn);
        counted.fails = i == 2;
        ck_assert_int_eq(counted.fails ? flow_txn_begin(rig.channel, &none, NULL) : FLOW_EIO,
                         FLOW_EIO);
    }
    ck_assert_uint_eq(flow_channel_size(rig.channel), 2);
    ck_assert_int_eq(counted.made, made);
    ck_assert_int_eq(counted.again, again);
    ck_assert_int_eq(counted.released, released);
    rig_down(&rig); /* which sees a part that nobody released */
}

START_TEST(a_channel_may_have_its_part_again)
{
    count_parts(FLOW_CHANNEL_REUSES, 1, 4, 0);
    ck_assert_int_eq(counted.released, 1);
    count_parts(0, 5, 0, 5);
    ck_assert_int_eq(counted.released, 5);
}
END_TEST

START_TEST(counters_have_flumes_meaning)
{
    struct memory_rig rig;

    rig_up(&rig, RIG_FAILING, NULL);
    put_numbers(&rig, 0, 5);
    flow_txn *txn = begin(rig.channel);
    put_into(&rig, txn, 5, 2);
    roll_back(txn);
    ck_assert_int_eq(memory_rig_counter(&rig, "EventPutAttemptCount"), 7);
    ck_assert_int_eq(memory_rig_counter(&rig, "EventPutSuccessCount"), 5);

    txn = begin(rig.channel);
    expect_take(txn, 3, 0, 3);
    ck_assert_int_eq(memory_rig_counter(&rig, "EventTakeAttemptCount"), 3);
    expect_take(txn, 3, 3, 2);
    ck_assert_int_eq(memory_rig_counter(&rig, "EventTakeAttemptCount"), 6);
    ck_assert_int_eq(memory_rig_counter(&rig, "EventTakeSuccessCount"), 0);
    commit(txn);
    ck_assert_int_eq(memory_rig_counter(&rig, "EventTakeSuccessCount"), 5);
    rig_down(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"every_call_in_every_state", every_call_in_every_state},
        {"what_is_no_transaction_is_refused", what_is_no_transaction_is_refused},
        {"freeing_an_open_one_rolls_back", freeing_an_open_one_rolls_back},
        {"a_transaction_has_a_capacity", a_transaction_has_a_capacity},
        {"a_lent_transaction_is_done_once", a_lent_transaction_is_done_once},
        {"what_was_taken_back_cannot_be_done", what_was_taken_back_cannot_be_done},
        {"only_one_of_many_threads_is_first", only_one_of_many_threads_is_first},
        {"a_transaction_moves_between_threads", a_transaction_moves_between_threads},
        {"a_child_cannot_use_its_parents_channel", a_child_cannot_use_its_parents_channel},
        {"every_allocation_may_fail", every_allocation_may_fail},
        {"a_channel_may_have_its_part_again", a_channel_may_have_its_part_again},
        {"counters_have_flumes_meaning", counters_have_flumes_meaning},
    };

    return RUN_SUITE("core_txn", tests);
}
