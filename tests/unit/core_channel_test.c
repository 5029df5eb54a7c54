/* SPDX-License-Identifier: Apache-2.0 */

/* Waiting at a channel: keep-alive, being woken, being closed. */

#include <string.h>

#include "core/batch.h"
#include "numbered.h"
#include "suite.h"

struct waiter {
    struct memory_rig *rig;
    int64_t wait_ms;
    _Atomic int stop;
    _Atomic int started;
    _Atomic int ended;
    int rc;
    size_t count;
};

static void take_one(void *arg)
{
    struct waiter *waiter = arg;
    const flow_event *const *events;
    flow_txn *txn = begin(waiter->rig->channel);

    atomic_store(&waiter->started, 1);
    waiter->rc = flow_txn_take(txn, 1, waiter->wait_ms, &events, &waiter->count, NULL);
    atomic_store(&waiter->ended, 1);
    flow_txn_commit(txn, NULL);
    flow_txn_free(txn);
}

static void put_one(void *arg)
{
    struct waiter *waiter = arg;
    flow_batch *batch = numbered_batch(waiter->rig->lib, 77, 1);
    flow_txn *txn = begin(waiter->rig->channel);

    atomic_store(&waiter->started, 1);
    waiter->rc =
        fl_txn_put_events(txn, flow_batch_events(batch), 1, waiter->wait_ms, &waiter->stop, NULL);
    atomic_store(&waiter->ended, 1);
    if (!waiter->rc)
        flow_txn_commit(txn, NULL);
    flow_txn_free(txn);
    flow_batch_free(batch);
}

static void wait_for_event(void *arg)
{
    struct waiter *waiter = arg;

    atomic_store(&waiter->started, 1);
    waiter->rc = fl_channel_wait(waiter->rig->channel, FL_NEVER, &waiter->stop);
    atomic_store(&waiter->ended, 1);
}

/* Starts FN and waits until its thread sleeps at GATE. */
static void start(struct waiter *waiter, struct memory_rig *rig, int64_t wait_ms,
                  struct fl_thread *thread, void (*fn)(void *arg), struct fl_gate *gate)
{
    *waiter = (struct waiter){.rig = rig, .wait_ms = wait_ms};
    ck_assert_int_eq(fl_thread_start(thread, "waiter", fn, waiter), FLOW_OK);
    while (atomic_load(&gate->waiting) == 0)
        ;
    ck_assert_int_eq(atomic_load(&waiter->ended), 0);
}

static const char *const one_event[] = {"capacity", "1", "transactionCapacity", "1", NULL};

START_TEST(a_take_is_woken_by_a_commit)
{
    struct memory_rig rig;
    struct fl_thread thread;
    struct waiter waiter;

    rig_up(&rig, RIG_FALSE_CLOCK | RIG_FAILING, NULL);
    start(&waiter, &rig, 1000000, &thread, take_one, &rig.channel->events);
    put_numbers(&rig, 1, 1);
    fl_thread_join(&thread);
    ck_assert_int_eq(waiter.rc, FLOW_OK);
    ck_assert_uint_eq(waiter.count, 1);
    rig_down(&rig);
}
END_TEST

START_TEST(a_take_is_woken_by_what_another_returns)
{
    struct memory_rig rig;
    struct fl_thread thread;
    struct waiter waiter;

    rig_up(&rig, RIG_FALSE_CLOCK | RIG_FAILING, NULL);
    put_numbers(&rig, 1, 1);
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 1, 1, 1);
    start(&waiter, &rig, 1000000, &thread, take_one, &rig.channel->events);
    roll_back(txn);
    fl_thread_join(&thread);
    ck_assert_uint_eq(waiter.count, 1);
    rig_down(&rig);
}
END_TEST

START_TEST(a_take_gives_up_after_keep_alive)
{
    struct memory_rig rig;
    struct fl_thread thread;
    struct waiter waiter;

    rig_up(&rig, RIG_FALSE_CLOCK | RIG_FAILING, SETTINGS("keep-alive", "5"));
    start(&waiter, &rig, -1, &thread, take_one, &rig.channel->events);
    fl_clock_false_advance(rig.clock, 4999);
    ck_assert_int_eq(atomic_load(&waiter.ended), 0);
    fl_clock_false_advance(rig.clock, 1);
    fl_thread_join(&thread);
    ck_assert_int_eq(waiter.rc, FLOW_OK);
    ck_assert_uint_eq(waiter.count, 0);
    rig_down(&rig);
}
END_TEST

START_TEST(a_put_waits_for_room)
{
    struct memory_rig rig;
    struct fl_thread thread;
    struct waiter waiter;

    rig_up(&rig, RIG_FALSE_CLOCK | RIG_FAILING, one_event);
    put_numbers(&rig, 1, 1);
    start(&waiter, &rig, 1000000, &thread, put_one, &rig.channel->room);
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 1, 1, 1);
    commit(txn);
    fl_thread_join(&thread);
    ck_assert_int_eq(waiter.rc, FLOW_OK);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 1);
    rig_down(&rig);
}
END_TEST

START_TEST(a_sink_is_awaited_when_all_room_is_what_it_took)
{
    struct memory_rig rig;
    struct fl_thread thread;
    struct waiter waiter;

    rig_up(&rig, RIG_FALSE_CLOCK | RIG_FAILING, one_event);
    const flow_context sink = {.takes_from = rig.channel};
    put_numbers(&rig, 1, 1);
    ck_assert_int_eq(flow_sink_is_awaited(&sink), 0);
    start(&waiter, &rig, 1000000, &thread, put_one, &rig.channel->room);
    ck_assert_int_eq(flow_sink_is_awaited(&sink), 0); /* there is something to take yet */
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 1, 1, 1);
    ck_assert_int_eq(flow_sink_is_awaited(&sink), 1);
    commit(txn);
    fl_thread_join(&thread);
    ck_assert_int_eq(flow_sink_is_awaited(&sink), 0);
    ck_assert_int_eq(flow_sink_is_awaited(NULL), 0);
    rig_down(&rig);
}
END_TEST

START_TEST(a_put_takes_the_room_another_gave_up)
{
    struct memory_rig rig;
    struct fl_thread thread;
    struct waiter waiter;

    rig_up(&rig, RIG_FALSE_CLOCK | RIG_FAILING, one_event);
    flow_txn *txn = begin(rig.channel);
    put_into(&rig, txn, 1, 1);
    start(&waiter, &rig, 1000000, &thread, put_one, &rig.channel->room);
    roll_back(txn);
    fl_thread_join(&thread);
    ck_assert_int_eq(waiter.rc, FLOW_OK);
    rig_down(&rig);
}
END_TEST

START_TEST(a_full_channel_says_so_after_keep_alive)
{
    struct memory_rig rig;
    struct fl_thread thread;
    struct waiter waiter;
    flow_error *err = NULL;

    rig_up(&rig, RIG_FALSE_CLOCK | RIG_FAILING, one_event);
    put_numbers(&rig, 1, 1);
    start(&waiter, &rig, -1, &thread, put_one, &rig.channel->room);
    fl_clock_false_advance(rig.clock, 2999);
    ck_assert_int_eq(atomic_load(&waiter.ended), 0);
    fl_clock_false_advance(rig.clock, 1);
    fl_thread_join(&thread);
    ck_assert_int_eq(waiter.rc, FLOW_EFULL);

    flow_batch *batch = numbered_batch(rig.lib, 1, 1);
    flow_txn *txn = begin(rig.channel);
    int rc = fl_txn_put_events(txn, flow_batch_events(batch), 1, 0, NULL, &err);
    ck_assert_int_eq(flow_error_retriable(err), 1);
    ck_assert_str_eq(flow_error_component(err), "channel c1");
    expect_error(rc, FLOW_EFULL, err, "space for 1 events couldn't be acquired");
    ck_assert_uint_eq(flow_txn_state(txn), FLOW_TXN_OPEN);
    flow_txn_free(txn);
    flow_batch_free(batch);
    rig_down(&rig);
}
END_TEST

START_TEST(closing_ends_all_waiting)
{
    struct memory_rig rig;
    struct fl_thread threads[2];
    struct waiter waiters[2];
    flow_txn *txn;

    rig_up(&rig, RIG_FALSE_CLOCK | RIG_FAILING, one_event);
    flow_txn *full = begin(rig.channel);
    put_into(&rig, full, 1, 1);
    start(&waiters[0], &rig, 1000000, &threads[0], take_one, &rig.channel->events);
    start(&waiters[1], &rig, 1000000, &threads[1], put_one, &rig.channel->room);
    ck_assert_int_eq(fl_channel_close(rig.channel, NULL), FLOW_OK);
    for (int i = 0; i < 2; i++) {
        fl_thread_join(&threads[i]);
        ck_assert_int_eq(waiters[i].rc, FLOW_ECLOSED);
    }
    ck_assert_int_eq(flow_txn_begin(rig.channel, &txn, NULL), FLOW_ECLOSED);
    commit(full); /* what was begun before can still end */
    ck_assert_int_eq(fl_channel_close(rig.channel, NULL), FLOW_OK);
    ck_assert_int_eq(fl_channel_open(rig.channel, NULL), FLOW_OK);
    ck_assert_int_eq(fl_channel_open(rig.channel, NULL), FLOW_ESTATE);
    txn = begin(rig.channel);
    expect_take(txn, 1, 1, 1);
    commit(txn);
    rig_down(&rig);
}
END_TEST

START_TEST(whoever_stops_is_let_go)
{
    struct memory_rig rig;
    struct fl_thread thread;
    struct waiter waiter;

    rig_up(&rig, RIG_FALSE_CLOCK | RIG_FAILING, one_event);
    start(&waiter, &rig, 0, &thread, wait_for_event, &rig.channel->events);
    atomic_store(&waiter.stop, 1);
    fl_gate_open(&rig.channel->events);
    fl_thread_join(&thread);
    ck_assert_int_eq(waiter.rc, FLOW_ECLOSED);

    put_numbers(&rig, 1, 1);
    start(&waiter, &rig, 1000000, &thread, put_one, &rig.channel->room);
    atomic_store(&waiter.stop, 1);
    fl_gate_open(&rig.channel->room);
    fl_thread_join(&thread);
    ck_assert_int_eq(waiter.rc, FLOW_ECLOSED);
    rig_down(&rig);
}
END_TEST

START_TEST(a_runner_waits_for_events)
{
    struct memory_rig rig;
    struct fl_thread thread;
    struct waiter waiter;

    rig_up(&rig, RIG_FALSE_CLOCK | RIG_FAILING, NULL);
    ck_assert_int_eq(fl_channel_wait(rig.channel, 0, NULL), FLOW_ETIMEDOUT);
    start(&waiter, &rig, 0, &thread, wait_for_event, &rig.channel->events);
    flow_channel_notify(rig.ctx); /* a gate that opens is no event yet */
    put_numbers(&rig, 1, 1);
    fl_thread_join(&thread);
    ck_assert_int_eq(waiter.rc, FLOW_OK);
    ck_assert_int_eq(fl_channel_wait(rig.channel, 0, NULL), FLOW_OK);
    rig_down(&rig);
}
END_TEST

START_TEST(a_channel_knows_its_name_and_bounds)
{
    struct memory_rig rig;

    rig_up(&rig, RIG_FAILING, SETTINGS("capacity", "50", "transactionCapacity", "20"));
    ck_assert_str_eq(flow_channel_name(rig.channel), "c1");
    ck_assert_uint_eq(flow_channel_capacity(rig.channel), 50);
    ck_assert_uint_eq(flow_channel_transaction_capacity(rig.channel), 20);
    ck_assert_int_eq(flow_library_free(rig.lib, NULL), FLOW_ESTATE);
    rig_down(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_take_is_woken_by_a_commit", a_take_is_woken_by_a_commit},
        {"a_take_is_woken_by_what_another_returns", a_take_is_woken_by_what_another_returns},
        {"a_take_gives_up_after_keep_alive", a_take_gives_up_after_keep_alive},
        {"a_put_waits_for_room", a_put_waits_for_room},
        {"a_sink_is_awaited_when_all_room_is_what_it_took",
         a_sink_is_awaited_when_all_room_is_what_it_took},
        {"a_put_takes_the_room_another_gave_up", a_put_takes_the_room_another_gave_up},
        {"a_full_channel_says_so_after_keep_alive", a_full_channel_says_so_after_keep_alive},
        {"closing_ends_all_waiting", closing_ends_all_waiting},
        {"whoever_stops_is_let_go", whoever_stops_is_let_go},
        {"a_runner_waits_for_events", a_runner_waits_for_events},
        {"a_channel_knows_its_name_and_bounds", a_channel_knows_its_name_and_bounds},
    };

    return RUN_SUITE("core_channel", tests);
}
