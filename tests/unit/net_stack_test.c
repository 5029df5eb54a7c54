/* SPDX-License-Identifier: Apache-2.0 */

/* Two stacks against each other in memory: what one has to send is what the other receives, cut at
 * random. */

#include <string.h>

#include "failing.h"
#include "net/stack.h"
#include "suite.h"

/* The same in each run: what is random is only that no cut is special. */
static size_t random_below(size_t limit)
{
    static uint32_t state = 1;

    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
}

/* One end of a connection. */
struct end {
    struct fl_stack *stack;
    struct fl_buf wire;  /* what it has to send */
    struct fl_buf plain; /* what it got */
    size_t largest;      /* piece that it got */
};

static int keep(void *self, const uint8_t *data, size_t size, flow_error **err)
{
    struct end *end = self;

    if (size > end->largest)
        end->largest = size;
    return fl_buf_append(&end->plain, data, size) ? flow_error_set(err, FLOW_ENOMEM, "no memory")
                                                  : FLOW_OK;
}

static int open_end(struct end *end, const flow_allocator *mem, const struct fl_stack_plan *plan)
{
    *end = (struct end){0};
    fl_buf_init(&end->wire, mem);
    fl_buf_init(&end->plain, mem);
    int rc = fl_stack_new(mem, plan, &end->stack, NULL);
    return rc ? rc : fl_stack_start(end->stack, &end->wire, NULL);
}

static void close_end(struct end *end)
{
    fl_stack_free(end->stack);
    fl_buf_free(&end->wire);
    fl_buf_free(&end->plain);
}

/* Carries what FROM has to send to TO, in pieces of up to MOST bytes, 0 for all at once. */
static int carry(struct end *from, struct end *to, size_t most)
{
    const struct fl_stack_taker taker = {keep, to};
    int rc = FLOW_OK;

    for (size_t at = 0; at < from->wire.size && !rc;) {
        size_t left = from->wire.size - at;
        size_t some = most ? 1 + random_below(most) : left;
        some = some < left ? some : left;
        rc = fl_stack_receive(to->stack, from->wire.data + at, some, &taker, &to->wire, NULL);
        at += some;
    }
    fl_buf_clear(&from->wire);
    return rc;
}

/* Sends texts of all sizes both ways and expects them whole. */
static void converse(struct end *a, struct end *b, size_t most)
{
    static uint8_t data[70000];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * i / 7);
    for (size_t size = 1; size <= sizeof data; size = size * 2 + 1) {
        struct end *from = size % 4 ? a : b;
        struct end *to = from == a ? b : a;
        fl_buf_clear(&to->plain);
        ck_assert_int_eq(fl_stack_send(from->stack, data, size, &from->wire, NULL), FLOW_OK);
        ck_assert_int_eq(carry(from, to, most), FLOW_OK);
        ck_assert_uint_eq(to->plain.size, size);
        ck_assert_mem_eq(to->plain.data, data, size);
        ck_assert_uint_le(to->largest, FL_STACK_PIECE);
    }
}

static const struct fl_stack_plan deflate = {.deflates = 1, .level = 6};

START_TEST(without_layers_bytes_pass_as_they_are)
{
    const struct fl_stack_plan none = {0};
    struct end a, b;

    ck_assert_int_eq(fl_stack_plan_has_layers(&none), 0);
    ck_assert_int_eq(fl_stack_plan_has_layers(&deflate), 1);
    open_end(&a, NULL, &none);
    open_end(&b, NULL, &none);
    fl_stack_send(a.stack, "text", 4, &a.wire, NULL);
    ck_assert_mem_eq(a.wire.data, "text", 4);
    ck_assert_int_eq(carry(&a, &b, 0), FLOW_OK);
    ck_assert_mem_eq(b.plain.data, "text", 4);
    ck_assert_int_eq(fl_stack_ready(a.stack), 1);
    ck_assert_int_eq(fl_stack_send_end(a.stack, &a.wire, NULL), FLOW_OK);
    ck_assert_uint_eq(a.wire.size, 0);
    close_end(&a);
    close_end(&b);
}
END_TEST

START_TEST(deflate_gives_what_was_sent_however_it_is_cut)
{
    struct end a, b;

    for (size_t most = 0; most < 2000; most = most * 5 + 1) {
        open_end(&a, NULL, &deflate);
        open_end(&b, NULL, &deflate);
        converse(&a, &b, most);
        close_end(&a);
        close_end(&b);
    }
}
END_TEST

START_TEST(deflate_keeps_what_came_before_as_its_dictionary)
{
    struct end a, b;
    uint8_t noise[1000];

    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)random_below(256);
    open_end(&a, NULL, &deflate);
    open_end(&b, NULL, &deflate);
    fl_stack_send(a.stack, noise, sizeof noise, &a.wire, NULL);
    ck_assert_uint_ge(a.wire.size, sizeof noise);
    carry(&a, &b, 0);
    fl_stack_send(a.stack, noise, sizeof noise, &a.wire, NULL);
    ck_assert_uint_lt(a.wire.size, 50);
    carry(&a, &b, 0);
    ck_assert_uint_eq(b.plain.size, 2 * sizeof noise);
    close_end(&a);
    close_end(&b);
}
END_TEST

START_TEST(deflate_ends_when_the_peer_says_so)
{
    struct end a, b;

    open_end(&a, NULL, &deflate);
    open_end(&b, NULL, &deflate);
    fl_stack_send(a.stack, "last", 4, &a.wire, NULL);
    fl_stack_send_end(a.stack, &a.wire, NULL);
    fl_buf_text(&a.wire, "what nobody reads");
    ck_assert_int_eq(carry(&a, &b, 3), FLOW_OK);
    ck_assert_uint_eq(b.plain.size, 4);
    ck_assert_int_eq(fl_stack_ended(b.stack), 1);
    ck_assert_int_eq(fl_stack_ended(a.stack), 0);
    ck_assert_int_eq(fl_stack_receive_end(b.stack, NULL), FLOW_OK);
    close_end(&a);
    close_end(&b);
}
END_TEST

/* Has had enough after a million bytes. */
static int count(void *self, const uint8_t *data, size_t size, flow_error **err)
{
    size_t *sum = self;

    ck_assert_uint_le(size, FL_STACK_PIECE);
    *sum += size;
    return *sum > 1000000 ? flow_error_set(err, FLOW_ETOOBIG, "enough") : FLOW_OK;
}

START_TEST(a_bomb_comes_in_pieces_and_can_be_stopped)
{
    static const size_t much = 100000000;
    void *zeros = fl_zalloc(NULL, much);
    size_t sum = 0;
    const struct fl_stack_taker taker = {count, &sum};
    struct end a, b;

    open_end(&a, NULL, &deflate);
    open_end(&b, NULL, &deflate);
    fl_stack_send(a.stack, zeros, much, &a.wire, NULL);
    ck_assert_uint_lt(a.wire.size, much / 500);
    ck_assert_int_eq(fl_stack_receive(b.stack, a.wire.data, a.wire.size, &taker, &b.wire, NULL),
                     FLOW_ETOOBIG);
    ck_assert_uint_le(sum, 1000000 + FL_STACK_PIECE);
    fl_free(NULL, zeros);
    close_end(&a);
    close_end(&b);
}
END_TEST

/* One connection, from its beginning to its end. */
static int live(const flow_allocator *mem, const struct fl_stack_plan *plan)
{
    struct end a, b = {0};
    int rc = open_end(&a, mem, plan);

    if (!rc)
        rc = open_end(&b, mem, plan);
    if (!rc)
        rc = fl_stack_send(a.stack, "text", 4, &a.wire, NULL);
    if (!rc)
        rc = carry(&a, &b, 0);
    if (!rc)
        rc = fl_stack_send_end(a.stack, &a.wire, NULL);
    close_end(&a);
    close_end(&b);
    return rc;
}

START_TEST(out_of_memory_is_an_error)
{
    struct failing failing;
    int rc = FLOW_ENOMEM;

    failing_init(&failing);
    for (int64_t grants = 0; rc == FLOW_ENOMEM; grants++) {
        failing_after(&failing, grants);
        rc = live(&failing.allocator, &deflate);
        ck_assert_int_eq(failing.live, 0);
    }
    ck_assert_int_eq(rc, FLOW_OK);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"no layers", without_layers_bytes_pass_as_they_are},
        {"deflate", deflate_gives_what_was_sent_however_it_is_cut},
        {"dictionary", deflate_keeps_what_came_before_as_its_dictionary},
        {"end", deflate_ends_when_the_peer_says_so},
        {"bomb", a_bomb_comes_in_pieces_and_can_be_stopped},
        {"no memory", out_of_memory_is_an_error},
    };

    return RUN_SUITE("net/stack", tests);
}
