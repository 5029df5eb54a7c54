/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "await.h"
#include "failing.h"
#include "net/inbox.h"
#include "suite.h"

#define LIMIT (1024 * 1024)

/* Reads SIZE bytes, all of value MARK, into the inbox. */
static void put(struct fl_inbox *inbox, size_t size, uint8_t mark)
{
    struct fl_piece *piece = fl_inbox_room(inbox);

    ck_assert_ptr_nonnull(piece);
    ck_assert_uint_le(size, piece->room);
    memset(piece->data, mark, size);
    piece->size = size;
    fl_inbox_put(inbox, piece);
}

static void init(struct fl_inbox *inbox, struct failing *failing)
{
    failing_init(failing);
    ck_assert_int_eq(fl_inbox_init(inbox, &failing->allocator, LIMIT), FLOW_OK);
}

static void destroy(struct fl_inbox *inbox, struct failing *failing)
{
    fl_inbox_destroy(inbox);
    ck_assert_int_eq(failing->live, 0);
}

START_TEST(pieces_come_in_order_whatever_their_size)
{
    static const size_t sizes[] = {1, 200000, 3, 16 * 1024, 100000, 16 * 1024 - 1};
    struct failing failing;
    struct fl_inbox inbox;
    init(&inbox, &failing);

    for (uint8_t i = 0; i < 6; i++)
        put(&inbox, sizes[i], i);
    for (uint8_t i = 0; i < 6; i++) {
        struct fl_piece *piece = fl_inbox_take(&inbox, 1);
        ck_assert_uint_eq(piece->size, sizes[i]);
        ck_assert_uint_eq(piece->data[0], i);
        ck_assert_uint_eq(piece->data[piece->size - 1], i);
        fl_inbox_release(&inbox, piece);
    }
    ck_assert_ptr_null(fl_inbox_take(&inbox, 0));
    destroy(&inbox, &failing);
}
END_TEST

START_TEST(small_pieces_weigh_little)
{
    struct failing failing;
    struct fl_inbox inbox;
    init(&inbox, &failing);

    for (int i = 0; i < 1000; i++)
        put(&inbox, 100, 1);
    ck_assert_int_eq(fl_inbox_full(&inbox), 0);
    destroy(&inbox, &failing);
}
END_TEST

START_TEST(reading_pauses_and_goes_on_at_half)
{
    struct failing failing;
    struct fl_inbox inbox;
    int put_in = 0;
    int released = 0;
    init(&inbox, &failing);

    for (; !fl_inbox_full(&inbox); put_in++)
        put(&inbox, 200000, 1);
    ck_assert_int_ge(put_in, 4);
    while (!fl_inbox_release(&inbox, fl_inbox_take(&inbox, 1)))
        released++;
    ck_assert_int_eq(released + 1, put_in / 2);
    ck_assert_int_eq(fl_inbox_full(&inbox), 0);
    /* Told once. */
    ck_assert_int_eq(fl_inbox_release(&inbox, fl_inbox_take(&inbox, 1)), 0);
    destroy(&inbox, &failing);
}
END_TEST

START_TEST(closed_inbox_ends_when_it_is_empty)
{
    struct failing failing;
    struct fl_inbox inbox;
    init(&inbox, &failing);

    put(&inbox, 1, 1);
    fl_inbox_close(&inbox);
    struct fl_piece *piece = fl_inbox_take(&inbox, 1);
    ck_assert_ptr_nonnull(piece);
    fl_inbox_release(&inbox, piece);
    ck_assert_ptr_null(fl_inbox_take(&inbox, 1));
    destroy(&inbox, &failing);
}
END_TEST

START_TEST(unread_pieces_are_used_again)
{
    struct failing failing;
    struct fl_inbox inbox;
    init(&inbox, &failing);

    fl_inbox_return(&inbox, fl_inbox_room(&inbox));
    failing_after(&failing, 0);
    struct fl_piece *piece = fl_inbox_room(&inbox);
    ck_assert_ptr_nonnull(piece);
    ck_assert_ptr_null(fl_inbox_room(&inbox));
    fl_inbox_return(&inbox, piece);
    destroy(&inbox, &failing);
}
END_TEST

START_TEST(without_memory_a_small_piece_stays_large)
{
    struct failing failing;
    struct fl_inbox inbox;
    init(&inbox, &failing);

    struct fl_piece *piece = fl_inbox_room(&inbox);
    piece->size = 1;
    failing_after(&failing, 0);
    fl_inbox_put(&inbox, piece);
    ck_assert_ptr_eq(fl_inbox_take(&inbox, 1), piece);
    fl_inbox_release(&inbox, piece);
    destroy(&inbox, &failing);
}
END_TEST

struct consumer {
    struct fl_inbox inbox;
    size_t bytes;
    uint8_t next;
    int in_order;
};

static void consume(void *arg)
{
    struct consumer *consumer = arg;
    struct fl_piece *piece;

    consumer->in_order = 1;
    while ((piece = fl_inbox_take(&consumer->inbox, 1))) {
        consumer->in_order &= piece->data[0] == consumer->next++;
        consumer->bytes += piece->size;
        fl_inbox_release(&consumer->inbox, piece);
    }
}

START_TEST(a_worker_gets_everything_in_order)
{
    struct consumer consumer = {.bytes = 0};
    struct failing failing;
    struct fl_thread thread;
    size_t bytes = 0;
    init(&consumer.inbox, &failing);

    ck_assert_int_eq(fl_thread_start(&thread, "worker", consume, &consumer), FLOW_OK);
    for (size_t i = 0; i < 2000; i++) {
        size_t size = 1 + i * 7919 % 40000;
        put(&consumer.inbox, size, (uint8_t)i);
        bytes += size;
    }
    fl_inbox_close(&consumer.inbox);
    fl_thread_join(&thread);
    ck_assert_uint_eq(consumer.bytes, bytes);
    ck_assert(consumer.in_order);
    destroy(&consumer.inbox, &failing);
}
END_TEST

START_TEST(spare_memory_goes_when_nothing_comes)
{
    struct consumer consumer = {.bytes = 0};
    struct fl_piece *pieces[8];
    struct failing failing;
    struct fl_thread thread;
    init(&consumer.inbox, &failing);

    for (size_t i = 0; i < 8; i++)
        pieces[i] = fl_inbox_room(&consumer.inbox);
    int64_t large = failing.bytes;
    for (size_t i = 0; i < 8; i++)
        fl_inbox_return(&consumer.inbox, pieces[i]);
    ck_assert_int_eq(failing.bytes, large);
    ck_assert_int_eq(fl_thread_start(&thread, "worker", consume, &consumer), FLOW_OK);
    AWAIT(failing.bytes <= large / 8);
    /* And stays as little while small pieces come now and then. */
    put(&consumer.inbox, 10, 0);
    AWAIT(failing.bytes <= large / 8);
    fl_inbox_close(&consumer.inbox);
    fl_thread_join(&thread);
    destroy(&consumer.inbox, &failing);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"order", pieces_come_in_order_whatever_their_size},
        {"weight", small_pieces_weigh_little},
        {"pause", reading_pauses_and_goes_on_at_half},
        {"close", closed_inbox_ends_when_it_is_empty},
        {"return", unread_pieces_are_used_again},
        {"no memory", without_memory_a_small_piece_stays_large},
        {"worker", a_worker_gets_everything_in_order},
        {"spare", spare_memory_goes_when_nothing_comes},
    };

    return RUN_SUITE("net/inbox", tests);
}
