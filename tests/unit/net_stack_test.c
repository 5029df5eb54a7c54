/* SPDX-License-Identifier: Apache-2.0 */

/* Two stacks against each other in memory: what one has to send is what the other receives, cut at
 * random. */

#include "ends.h"
#include "failing.h"
#include "suite.h"

static const struct fl_stack_plan deflate = {.deflates = 1, .level = 6};

START_TEST(without_layers_bytes_pass_as_they_are)
{
    const struct fl_stack_plan none = {0};
    struct end a, b;

    ck_assert_int_eq(fl_stack_plan_has_layers(&none), 0);
    ck_assert_int_eq(fl_stack_plan_has_layers(&deflate), 1);
    end_open(&a, NULL, &none);
    end_open(&b, NULL, &none);
    fl_stack_send(a.stack, "text", 4, &a.wire, NULL);
    ck_assert_mem_eq(a.wire.data, "text", 4);
    ck_assert_int_eq(end_carry(&a, &b, 0), FLOW_OK);
    ck_assert_mem_eq(b.plain.data, "text", 4);
    ck_assert_int_eq(fl_stack_ready(a.stack), 1);
    ck_assert_int_eq(fl_stack_send_end(a.stack, &a.wire, NULL), FLOW_OK);
    ck_assert_uint_eq(a.wire.size, 0);
    end_close(&a);
    end_close(&b);
}
END_TEST

START_TEST(deflate_gives_what_was_sent_however_it_is_cut)
{
    struct end a, b;

    for (size_t most = 0; most < 2000; most = most * 5 + 1) {
        end_open(&a, NULL, &deflate);
        end_open(&b, NULL, &deflate);
        ends_converse(&a, &b, most);
        end_close(&a);
        end_close(&b);
    }
}
END_TEST

START_TEST(deflate_keeps_what_came_before_as_its_dictionary)
{
    struct end a, b;
    uint8_t noise[1000];

    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)ends_random(256);
    end_open(&a, NULL, &deflate);
    end_open(&b, NULL, &deflate);
    fl_stack_send(a.stack, noise, sizeof noise, &a.wire, NULL);
    ck_assert_uint_ge(a.wire.size, sizeof noise);
    end_carry(&a, &b, 0);
    fl_stack_send(a.stack, noise, sizeof noise, &a.wire, NULL);
    ck_assert_uint_lt(a.wire.size, 50);
    end_carry(&a, &b, 0);
    ck_assert_uint_eq(b.plain.size, 2 * sizeof noise);
    end_close(&a);
    end_close(&b);
}
END_TEST

START_TEST(deflate_ends_when_the_peer_says_so)
{
    struct end a, b;

    end_open(&a, NULL, &deflate);
    end_open(&b, NULL, &deflate);
    fl_stack_send(a.stack, "last", 4, &a.wire, NULL);
    fl_stack_send_end(a.stack, &a.wire, NULL);
    fl_buf_text(&a.wire, "what nobody reads");
    ck_assert_int_eq(end_carry(&a, &b, 3), FLOW_OK);
    ck_assert_uint_eq(b.plain.size, 4);
    ck_assert_int_eq(fl_stack_ended(b.stack), 1);
    ck_assert_int_eq(fl_stack_ended(a.stack), 0);
    ck_assert_int_eq(fl_stack_receive_end(b.stack, NULL), FLOW_OK);
    end_close(&a);
    end_close(&b);
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

    end_open(&a, NULL, &deflate);
    end_open(&b, NULL, &deflate);
    fl_stack_send(a.stack, zeros, much, &a.wire, NULL);
    ck_assert_uint_lt(a.wire.size, much / 500);
    ck_assert_int_eq(fl_stack_receive(b.stack, a.wire.data, a.wire.size, &taker, &b.wire, NULL),
                     FLOW_ETOOBIG);
    ck_assert_uint_le(sum, 1000000 + FL_STACK_PIECE);
    fl_free(NULL, zeros);
    end_close(&a);
    end_close(&b);
}
END_TEST

/* One connection, from its beginning to its end. */
static int live(const flow_allocator *mem, const struct fl_stack_plan *plan)
{
    struct end a, b = {0};
    int rc = end_open(&a, mem, plan);

    if (!rc)
        rc = end_open(&b, mem, plan);
    if (!rc)
        rc = fl_stack_send(a.stack, "text", 4, &a.wire, NULL);
    if (!rc)
        rc = end_carry(&a, &b, 0);
    if (!rc)
        rc = fl_stack_send_end(a.stack, &a.wire, NULL);
    end_close(&a);
    end_close(&b);
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
