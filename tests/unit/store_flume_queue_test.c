/* SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "store/flume_queue.h"
#include "store/flume_transactions.h"
#include "suite.h"

#define COUNT 300

/* The pointers in order, as the queue is to have them. */
struct model {
    uint64_t items[COUNT];
    size_t count;
};

static size_t find(const struct model *model, uint64_t pointer)
{
    size_t at = 0;

    while (at < model->count && model->items[at] != pointer)
        at++;
    return at;
}

static void check_order(const struct fl_flume_queue *queue, const struct model *model)
{
    size_t at = 0;

    ck_assert_uint_eq(queue->live, model->count);
    for (uint32_t i = 0; i < queue->used; i++) {
        if (queue->items[i])
            ck_assert_uint_eq(queue->items[i], model->items[at++]);
    }
    ck_assert_uint_eq(at, model->count);
}

static void add(struct fl_flume_queue *queue, struct model *model, uint64_t pointer)
{
    ck_assert_int_eq(fl_flume_queue_add(queue, pointer), FLOW_OK);
    if (find(model, pointer) == model->count)
        model->items[model->count++] = pointer;
}

static void take(struct fl_flume_queue *queue, struct model *model, uint64_t pointer)
{
    size_t at = find(model, pointer);
    int is_there = at < model->count;

    ck_assert_int_eq(fl_flume_queue_has(queue, pointer), is_there);
    ck_assert_int_eq(fl_flume_queue_remove(queue, pointer), is_there);
    if (is_there) {
        model->count--;
        memmove(&model->items[at], &model->items[at + 1],
                (model->count - at) * sizeof model->items[0]);
    }
}

START_TEST(pointers_stay_in_order_whatever_is_removed)
{
    for (unsigned seed = 0; seed < 50; seed++) {
        struct model model = {.count = 0};
        struct fl_flume_queue queue;

        srand(seed);
        fl_flume_queue_init(&queue, NULL);
        for (int i = 0; i < 2000; i++) {
            uint64_t pointer = (uint64_t)(rand() % COUNT + 1) << 20;
            if (rand() % 100 < (i / 500 % 2 ? 30 : 60))
                add(&queue, &model, pointer);
            else
                take(&queue, &model, pointer);
        }
        check_order(&queue, &model);
        fl_flume_queue_free(&queue);
        ck_assert_int_eq(fl_flume_queue_has(&queue, 1), 0);
    }
}
END_TEST

/* A queue through which much goes stays as small as what is in it at a time. */
START_TEST(what_was_removed_takes_no_memory)
{
    struct fl_flume_queue queue;

    fl_flume_queue_init(&queue, NULL);
    for (uint64_t i = 1; i <= 100000; i++) {
        ck_assert_int_eq(fl_flume_queue_add(&queue, i), FLOW_OK);
        if (i > 100)
            ck_assert_int_eq(fl_flume_queue_remove(&queue, i - 100), 1);
    }
    ck_assert_uint_eq(queue.live, 100);
    ck_assert_int_eq(fl_flume_queue_has(&queue, 0), 0);
    ck_assert_int_eq(fl_flume_queue_remove(&queue, 0), 0);
    ck_assert_uint_eq(queue.live, 100);
    ck_assert_uint_le(queue.capacity, 512);
    fl_flume_queue_free(&queue);
}
END_TEST

START_TEST(transactions_keep_what_they_did_until_they_end)
{
    struct fl_flume_transactions open;
    const struct fl_flume_transaction *each = NULL;
    uint64_t pointer;
    size_t left = 0;

    fl_flume_transactions_init(&open, NULL);
    ck_assert_ptr_null(fl_flume_transactions_end(&open, 1));
    for (int64_t id = 0; id < 1000; id++) {
        for (uint64_t i = 1; i <= (uint64_t)id % 5 + 1; i++)
            ck_assert_int_eq(fl_flume_transactions_add(&open, id, i, id % 2), FLOW_OK);
    }
    for (int64_t id = 0; id < 1000; id += 3) {
        struct fl_flume_transaction *ended = fl_flume_transactions_end(&open, id);
        ck_assert_uint_eq(ended->pointers.count, (size_t)id % 5 + 1);
        ck_assert_uint_eq(ended->takes, id % 2 ? ended->pointers.count : 0);
        ck_assert_int_eq(fl_flume_transaction_at(ended, 0, &pointer), id % 2);
        ck_assert_uint_eq(pointer, 1);
        fl_flume_transaction_free(ended);
        ck_assert_ptr_null(fl_flume_transactions_end(&open, id));
    }
    while ((each = fl_flume_transactions_next(&open, each))) {
        ck_assert_int_ne(each->id % 3, 0);
        left++;
    }
    ck_assert_uint_eq(left, 666);
    fl_flume_transactions_free(&open);
}
END_TEST

START_TEST(without_memory_nothing_is_lost)
{
    struct failing failing;

    for (int64_t grants = 0;; grants++) {
        struct fl_flume_queue queue;
        uint64_t i = 0;

        failing_init(&failing);
        failing_after(&failing, grants);
        fl_flume_queue_init(&queue, &failing.allocator);
        while (i < 500 && !fl_flume_queue_add(&queue, i + 1))
            i++;
        ck_assert_uint_eq(queue.live, i);
        for (uint64_t j = 1; j <= i; j++)
            ck_assert_int_eq(fl_flume_queue_has(&queue, j), 1);
        fl_flume_queue_free(&queue);
        ck_assert_int_eq(failing.live, 0);
        if (i == 500)
            break;
    }
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"order", pointers_stay_in_order_whatever_is_removed},
        {"memory", what_was_removed_takes_no_memory},
        {"transactions", transactions_keep_what_they_did_until_they_end},
        {"out_of_memory", without_memory_nothing_is_lost},
    };

    return RUN_SUITE("flume_queue", tests);
}
