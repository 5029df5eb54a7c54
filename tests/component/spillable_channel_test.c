/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The spillable memory channel on real folders: the order across memory and log, what each of them
 * may hold, and what is there when the process was not.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "suite.h"

static void up(struct memory_rig *rig, const char *const *settings)
{
    rig_up(rig, RIG_SPILL | RIG_FAILING, settings);
}

static void take_away(struct memory_rig *rig, size_t max, uint64_t first, size_t count)
{
    flow_txn *txn = begin(rig->channel);

    expect_take(txn, max, first, count);
    commit(txn);
}

/* ---- order ---- */

START_TEST(order_is_kept_from_memory_to_the_log_and_back)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    up(&rig, SPILLING(&places, "10"));
    put_numbers(&rig, 0, 10);
    put_numbers(&rig, 10, 3);
    put_numbers(&rig, 13, 2);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 15);
    take_away(&rig, 5, 0, 5);
    put_numbers(&rig, 15, 4); /* there is room again */
    put_numbers(&rig, 19, 2); /* and no more */
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 50, 5, 5);
    expect_take(txn, 50, 0, 0); /* the log begins */
    commit(txn);
    txn = begin(rig.channel);
    expect_take(txn, 4, 10, 4);
    expect_take(txn, 50, 14, 1);
    expect_take(txn, 50, 0, 0); /* memory again */
    commit(txn);
    take_away(&rig, 50, 15, 4);
    take_away(&rig, 50, 19, 2);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 0);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

/* Where an event lies shows in where a take ends. */
START_TEST(spilling_goes_on_until_enough_of_memory_is_free)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    up(&rig, SPILLING(&places, "10", "overflowDeactivationThreshold", "60"));
    put_numbers(&rig, 0, 10);
    put_numbers(&rig, 10, 1);
    take_away(&rig, 5, 0, 5);
    put_numbers(&rig, 11, 1); /* half of memory is free, which is too little */
    take_away(&rig, 1, 5, 1);
    put_numbers(&rig, 12, 1);
    take_away(&rig, 50, 6, 4);
    take_away(&rig, 50, 10, 2);
    take_away(&rig, 50, 12, 1);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(rollback_returns_events_to_memory_and_to_the_log)
{
    struct places places;
    struct memory_rig rig;
    flow_txn *txns[4];

    for (int order = 0; order < 2; order++) {
        places_init(&places, 1);
        up(&rig, SPILLING(&places, "10"));
        put_numbers(&rig, 0, 10);
        put_numbers(&rig, 10, 10);
        for (uint64_t i = 0; i < 4; i++) {
            txns[i] = begin(rig.channel);
            expect_take(txns[i], 5, 5 * i, 5);
        }
        roll_back(txns[order ? 1 : 3]);
        roll_back(txns[order ? 3 : 1]);
        commit(txns[2]);
        ck_assert_uint_eq(flow_channel_size(rig.channel), 10);
        take_away(&rig, 50, 5, 5);
        roll_back(txns[0]);
        take_away(&rig, 50, 0, 5);
        flow_txn *txn = begin(rig.channel);
        expect_take(txn, 2, 15, 2);
        roll_back(txn);
        take_away(&rig, 50, 15, 5);
        ck_assert_uint_eq(flow_channel_size(rig.channel), 0);
        rig_down(&rig);
        places_free(&places);
    }
}
END_TEST

START_TEST(puts_that_are_rolled_back_leave_nothing)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    up(&rig, SPILLING(&places, "10", "overflowCapacity", "50"));
    flow_txn *first = begin(rig.channel);
    put_into(&rig, first, 100, 10);
    flow_txn *second = begin(rig.channel);
    put_into(&rig, second, 200, 50);
    ck_assert_int_eq(try_put(&rig, 0, 1, NULL), FLOW_EFULL);
    roll_back(first);
    roll_back(second);
    put_numbers(&rig, 0, 10);
    put_numbers(&rig, 10, 50);
    take_all(&rig, 0, 60);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

/* What a transaction has put before moves with it. */
START_TEST(a_transaction_is_spilled_as_a_whole)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    up(&rig, SPILLING(&places, "10"));
    flow_txn *txn = begin(rig.channel);
    put_into(&rig, txn, 0, 6);
    put_into(&rig, txn, 6, 6);
    put_into(&rig, txn, 12, 2);
    commit(txn);
    take_away(&rig, 50, 0, 14);
    put_numbers(&rig, 14, 10); /* all of memory is free */
    take_away(&rig, 50, 14, 10);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

/* ---- time ---- */

START_TEST(spilling_begins_when_memory_has_been_full_for_a_while)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    rig_up(&rig, RIG_SPILL | RIG_FALSE_CLOCK,
           AT(&places, "memoryCapacity", "10", "overflowTimeout", "2"));
    put_numbers(&rig, 0, 10);
    ck_assert_int_eq(try_put(&rig, 10, 1, NULL), FLOW_EFULL);
    fl_clock_false_advance(rig.clock, 1999);
    ck_assert_int_eq(try_put(&rig, 10, 1, NULL), FLOW_EFULL);
    take_away(&rig, 1, 0, 1);
    fl_clock_false_advance(rig.clock, 1);
    put_numbers(&rig, 10, 1); /* into memory, so that time begins anew */
    ck_assert_int_eq(try_put(&rig, 11, 1, NULL), FLOW_EFULL);
    fl_clock_false_advance(rig.clock, 2000);
    put_numbers(&rig, 11, 1);
    put_numbers(&rig, 12, 1); /* and at once from now on */
    take_away(&rig, 50, 1, 10);
    take_away(&rig, 50, 11, 2);
    ck_assert_int_eq(memory_rig_free(&rig), FLOW_OK);
    places_free(&places);
}
END_TEST

START_TEST(a_put_that_waits_is_spilled_when_its_time_is_over)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    up(&rig, AT(&places, "memoryCapacity", "10", "overflowTimeout", "1"));
    put_numbers(&rig, 0, 10);
    put_numbers(&rig, 10, 5);
    take_away(&rig, 50, 0, 10);
    take_away(&rig, 50, 10, 5);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

/* ---- bounds ---- */

START_TEST(memory_and_log_have_their_bounds)
{
    struct places places;
    struct memory_rig rig;
    flow_error *err = NULL;

    places_init(&places, 1);
    up(&rig, SPILLING(&places, "10", "overflowCapacity", "50"));
    ck_assert_uint_eq(flow_channel_capacity(rig.channel), 60);
    put_numbers(&rig, 0, 10);
    put_numbers(&rig, 10, 50);
    int rc = try_put(&rig, 60, 1, &err);
    expect_error(rc, FLOW_EFULL, err, "60 of 60");
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 5, 0, 5);
    ck_assert_int_eq(try_put(&rig, 60, 1, NULL), FLOW_EFULL);
    commit(txn);
    put_numbers(&rig, 60, 5); /* into memory, behind what is in the log */
    ck_assert_int_eq(try_put(&rig, 65, 1, NULL), FLOW_EFULL);
    take_all(&rig, 5, 60);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

/* Enough of memory is not free for it to be used again, but the log has no room. */
START_TEST(a_full_log_leaves_what_is_free_in_memory)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    up(&rig,
       SPILLING(&places, "10", "overflowCapacity", "50", "overflowDeactivationThreshold", "100"));
    put_numbers(&rig, 0, 10);
    put_numbers(&rig, 10, 50);
    take_away(&rig, 3, 0, 3);
    put_numbers(&rig, 60, 3);
    ck_assert_int_eq(try_put(&rig, 63, 1, NULL), FLOW_EFULL);
    take_all(&rig, 3, 60);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

static size_t fill_up(struct memory_rig *rig, size_t size)
{
    size_t count = 0;
    char body[6000] = {0};
    int rc;

    do {
        flow_batch *batch;
        ck_assert_int_eq(flow_batch_new(rig->lib, &batch, NULL), FLOW_OK);
        ck_assert_int_eq(flow_batch_add(batch, body, size, NULL), FLOW_OK);
        flow_txn *txn = begin(rig->channel);
        rc = fl_txn_put_events(txn, flow_batch_events(batch), 1, 0, NULL, NULL);
        count += !rc && !flow_txn_commit(txn, NULL);
        flow_txn_free(txn);
        flow_batch_free(batch);
    } while (!rc);
    return count;
}

START_TEST(bodies_are_counted_in_units_of_their_average)
{
    static const struct {
        size_t size, fit;
    } cases[] = {{0, 80}, {1, 80}, {500, 80}, {501, 40}, {5000, 8}, {5001, 7}};
    struct places places;
    struct memory_rig rig;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        places_init(&places, 1);
        up(&rig, SPILLING(&places, "1000", "overflowCapacity", "0", "byteCapacity", "50000"));
        ck_assert_uint_eq(fill_up(&rig, cases[i].size), cases[i].fit);
        rig_down(&rig);
        places_free(&places);
    }
}
END_TEST

START_TEST(without_a_log_memory_is_all_there_is)
{
    struct places places;
    struct memory_rig rig;
    flow_error *err = NULL;

    places_init(&places, 1);
    up(&rig, SPILLING(&places, "10", "overflowCapacity", "0", "byteCapacity", "1000",
                      "avgEventSize", "100"));
    ck_assert_uint_eq(flow_channel_transaction_capacity(rig.channel), 10);
    flow_batch *batch = numbered_batch(rig.lib, 0, 9); /* of 72 bytes each */
    flow_txn *txn = begin(rig.channel);
    int rc = flow_txn_put_batch(txn, batch, &err);
    expect_error(rc, FLOW_ETOOBIG, err, "overflowCapacity is 0");
    roll_back(txn);
    flow_batch_free(batch);
    put_numbers(&rig, 0, 8);
    ck_assert_int_eq(try_put(&rig, 8, 1, NULL), FLOW_EFULL);
    take_all(&rig, 0, 8);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(without_memory_the_log_is_all_there_is)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    up(&rig, AT(&places, "memoryCapacity", "0"));
    for (uint64_t i = 0; i < 10; i++)
        put_numbers(&rig, 10 * i, 10);
    take_away(&rig, 50, 0, 50);
    places_reopen(&rig);
    put_numbers(&rig, 100, 10);
    take_all(&rig, 50, 60);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(what_is_larger_than_memory_goes_to_the_log_without_waiting)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    up(&rig, AT(&places, "memoryCapacity", "10", "overflowTimeout", "100000"));
    put_numbers(&rig, 0, 11);
    put_numbers(&rig, 11, 5);
    take_away(&rig, 50, 0, 11);
    take_away(&rig, 50, 11, 5); /* which were in memory: nothing is spilled for others */
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(a_channel_that_may_hold_nothing_has_a_log)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    up(&rig, AT(&places, "memoryCapacity", "0", "overflowCapacity", "0"));
    ck_assert_uint_eq(flow_channel_capacity(rig.channel), 100000000);
    put_numbers(&rig, 0, 5);
    take_all(&rig, 0, 5);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(bad_settings_are_refused)
{
    struct places places;
    struct memory_rig rig;
    flow_error *err = NULL;

    places_init(&places, 1);
    int rc = memory_rig_new(&rig, RIG_SPILL, AT(&places, "overflowCapacity", "100"), &err);
    expect_error(rc, FLOW_ECONFIG, err, "more than overflowCapacity 100");
    memory_rig_free(&rig);
    err = NULL;
    rc = memory_rig_new(&rig, RIG_SPILL, AT(&places, "useDualCheckpoints", "true"), &err);
    expect_error(rc, FLOW_ECONFIG, err, "backupCheckpointDir");
    memory_rig_free(&rig);
    err = NULL;
    rc = memory_rig_new(&rig, RIG_SPILL, AT(&places, "encryption.activeKey", "k"), &err);
    expect_error(rc, FLOW_ECONFIG, err, "together, or not at all");
    memory_rig_free(&rig);
    places_free(&places);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    up(&rig, SPILLING(&places, "10"));
    for (uint64_t first = 0; first < 45; first += 15) {
        for (int64_t grants = 0, rc = FLOW_ENOMEM; rc; grants++) {
            flow_batch *batch = numbered_batch(rig.lib, first, 15);
            failing_after(&rig.failing, grants);
            flow_txn *txn = NULL;
            rc = flow_txn_begin(rig.channel, &txn, NULL);
            for (size_t i = 0; i < 3 && !rc; i++)
                rc = fl_txn_put_events(txn, flow_batch_events(batch) + 5 * i, 5, 0, NULL, NULL);
            if (!rc)
                rc = flow_txn_commit(txn, NULL);
            flow_txn_free(txn);
            failing_after(&rig.failing, -1);
            ck_assert(!rc || rc == FLOW_ENOMEM);
            flow_batch_free(batch);
        }
    }
    for (int64_t grants = 0; flow_channel_size(rig.channel); grants++) {
        failing_after(&rig.failing, grants);
        flow_txn *txn = NULL;
        const flow_event *const *events;
        size_t count = 0;
        if (!flow_txn_begin(rig.channel, &txn, NULL) &&
            !flow_txn_take(txn, 7, 0, &events, &count, NULL) && count)
            ck_assert_uint_eq(number_of(events[0]) + flow_channel_size(rig.channel) + count, 45);
        flow_txn_commit(txn, NULL);
        flow_txn_free(txn);
        failing_after(&rig.failing, -1);
    }
    rig_down(&rig);
    places_free(&places);
}
END_TEST

/* The disk has no room for the log, but memory has its own. */
START_TEST(a_log_that_cannot_be_written_fails_no_more_than_the_put)
{
    struct places places;
    struct memory_rig rig;
    flow_error *err = NULL;

    places_init(&places, 1);
    up(&rig,
       SETTINGS("checkpointDir", places.control, "dataDirs", places.data, "minimumRequiredSpace",
                "1000000000000000000", "memoryCapacity", "10", "overflowTimeout", "0"));
    put_numbers(&rig, 0, 10);
    int rc = try_put(&rig, 10, 1, &err);
    expect_error(rc, FLOW_EIO, err, "minimumRequiredSpace");
    ck_assert_uint_eq(flow_channel_size(rig.channel), 10);
    take_away(&rig, 5, 0, 5);
    put_numbers(&rig, 10, 5);
    take_all(&rig, 5, 10);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

/* ---- what stays ---- */

static void spill_and_die(const struct places *places)
{
    struct memory_rig rig;

    up(&rig, SPILLING(places, "10"));
    put_numbers(&rig, 0, 10);
    put_numbers(&rig, 10, 20);
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 50, 0, 10);
    flow_txn *other = begin(rig.channel);
    expect_take(other, 5, 10, 5);
    commit(other);
    commit(txn); /* which makes room */
    put_numbers(&rig, 30, 5);
    txn = begin(rig.channel);
    expect_take(txn, 5, 15, 5); /* and is not committed */
}

START_TEST(what_was_spilled_is_there_when_the_process_died)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 2);
    places_dies(&places, spill_and_die);
    up(&rig, SPILLING(&places, "10"));
    ck_assert_uint_eq(flow_channel_size(rig.channel), 15); /* those in memory are lost */
    put_numbers(&rig, 30, 10);
    take_away(&rig, 50, 15, 15);
    take_away(&rig, 50, 30, 10);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(a_log_that_may_hold_nothing_any_more_is_emptied)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    places_dies(&places, spill_and_die);
    up(&rig, SPILLING(&places, "10", "overflowCapacity", "0"));
    put_numbers(&rig, 30, 10);
    ck_assert_int_eq(try_put(&rig, 40, 1, NULL), FLOW_EFULL);
    take_all(&rig, 15, 25);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(a_channel_that_is_closed_and_opened_goes_on)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    up(&rig, SPILLING(&places, "10"));
    put_numbers(&rig, 0, 10);
    put_numbers(&rig, 10, 5);
    take_away(&rig, 50, 0, 10);
    put_numbers(&rig, 15, 10);
    put_numbers(&rig, 25, 5);
    places_reopen(&rig);
    put_numbers(&rig, 30, 5);
    take_all(&rig, 10, 25);
    places_reopen(&rig);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 0);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"order", order_is_kept_from_memory_to_the_log_and_back},
        {"threshold", spilling_goes_on_until_enough_of_memory_is_free},
        {"rollback", rollback_returns_events_to_memory_and_to_the_log},
        {"puts rolled back", puts_that_are_rolled_back_leave_nothing},
        {"whole", a_transaction_is_spilled_as_a_whole},
        {"timeout", spilling_begins_when_memory_has_been_full_for_a_while},
        {"waiting", a_put_that_waits_is_spilled_when_its_time_is_over},
        {"bounds", memory_and_log_have_their_bounds},
        {"full log", a_full_log_leaves_what_is_free_in_memory},
        {"units", bodies_are_counted_in_units_of_their_average},
        {"memory only", without_a_log_memory_is_all_there_is},
        {"log only", without_memory_the_log_is_all_there_is},
        {"large", what_is_larger_than_memory_goes_to_the_log_without_waiting},
        {"nothing", a_channel_that_may_hold_nothing_has_a_log},
        {"settings", bad_settings_are_refused},
        {"allocations", every_allocation_may_fail},
        {"no disk", a_log_that_cannot_be_written_fails_no_more_than_the_put},
        {"death", what_was_spilled_is_there_when_the_process_died},
        {"log off", a_log_that_may_hold_nothing_any_more_is_emptied},
        {"reopen", a_channel_that_is_closed_and_opened_goes_on},
    };

    return RUN_SUITE("component/spillable_channel", tests);
}
