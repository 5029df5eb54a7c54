/* SPDX-License-Identifier: Apache-2.0 */

/* The memory channel by itself: settings, order, bounds in events and bytes, memory that runs out.
 */

#include <stdio.h>
#include <string.h>

#include "memory_rig.h"
#include "suite.h"

#define SETTINGS(...)                                                                              \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void set_up(struct memory_rig *rig, unsigned options, const char *const *settings)
{
    flow_error *err = NULL;
    int rc = memory_rig_new(rig, options, settings, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

static void tear_down(struct memory_rig *rig)
{
    ck_assert_int_eq(memory_rig_free(rig), FLOW_OK);
    ck_assert_int_eq(rig->failing.live, 0);
}

/* Adds COUNT events whose bodies are the numbers from FIRST on. */
static flow_batch *numbers(struct memory_rig *rig, int first, int count)
{
    flow_batch *batch;
    char text[16];

    ck_assert_int_eq(flow_batch_new(rig->lib, &batch, NULL), FLOW_OK);
    for (int i = 0; i < count; i++) {
        int size = snprintf(text, sizeof text, "%d", first + i);
        ck_assert_int_eq(flow_batch_add(batch, text, (size_t)size, NULL), FLOW_OK);
    }
    return batch;
}

static int number_of(const flow_event *event)
{
    size_t size;
    const char *body = flow_event_body(event, &size);
    int number = 0;

    for (size_t i = 0; i < size; i++)
        number = number * 10 + (body[i] - '0');
    return number;
}

static flow_txn *begin(struct memory_rig *rig)
{
    flow_txn *txn;

    ck_assert_int_eq(flow_txn_begin(rig->channel, &txn, NULL), FLOW_OK);
    return txn;
}

static void commit(flow_txn *txn)
{
    ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
}

static void put_numbers(struct memory_rig *rig, int first, int count)
{
    flow_batch *batch = numbers(rig, first, count);
    flow_txn *txn = begin(rig);

    ck_assert_int_eq(flow_txn_put_batch(txn, batch, NULL), FLOW_OK);
    flow_batch_free(batch);
    commit(txn);
}

/* Takes up to MAX and expects the COUNT numbers from FIRST on. */
static void expect_take(flow_txn *txn, size_t max, int first, int count)
{
    const flow_event *const *events;
    size_t found;

    ck_assert_int_eq(flow_txn_take(txn, max, 0, &events, &found, NULL), FLOW_OK);
    ck_assert_uint_eq(found, (size_t)count);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(number_of(events[i]), first + i);
}

START_TEST(what_is_put_is_taken_in_order)
{
    struct memory_rig rig;

    set_up(&rig, RIG_FAILING, SETTINGS("capacity", "5000", "transactionCapacity", "3000"));
    put_numbers(&rig, 0, 1);
    put_numbers(&rig, 1, 2000);
    put_numbers(&rig, 2001, 99);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 2100);

    flow_txn *txn = begin(&rig);
    expect_take(txn, 7, 0, 7);
    expect_take(txn, 5000, 7, 2093);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 0);
    commit(txn);
    tear_down(&rig);
}
END_TEST

START_TEST(puts_are_seen_only_after_commit)
{
    struct memory_rig rig;

    set_up(&rig, RIG_FAILING, NULL);
    flow_batch *batch = numbers(&rig, 0, 3);
    flow_txn *put = begin(&rig);
    ck_assert_int_eq(flow_txn_put_batch(put, batch, NULL), FLOW_OK);
    flow_txn *take = begin(&rig);
    expect_take(take, 10, 0, 0);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 0);
    commit(put);
    expect_take(take, 10, 0, 3);
    commit(take);
    flow_batch_free(batch);
    tear_down(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"what_is_put_is_taken_in_order", what_is_put_is_taken_in_order},
        {"puts_are_seen_only_after_commit", puts_are_seen_only_after_commit},
    };

    return RUN_SUITE("core_memory", tests);
}
