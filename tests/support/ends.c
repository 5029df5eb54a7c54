/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <stdio.h>

#include "ends.h"

size_t ends_random(size_t limit)
{
    static uint32_t state = 1;

    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
}

static int keep(void *self, const uint8_t *data, size_t size, flow_error **err)
{
    struct end *end = self;

    if (size > end->largest)
        end->largest = size;
    return fl_buf_append(&end->plain, data, size) ? flow_error_set(err, FLOW_ENOMEM, "no memory")
                                                  : FLOW_OK;
}

int end_open(struct end *end, const flow_allocator *mem, const struct fl_stack_plan *plan)
{
    *end = (struct end){0};
    fl_buf_init(&end->wire, mem);
    fl_buf_init(&end->plain, mem);
    int rc = fl_stack_new(mem, plan, &end->stack, NULL);
    return rc ? rc : fl_stack_start(end->stack, &end->wire, NULL);
}

void end_close(struct end *end)
{
    fl_stack_free(end->stack);
    fl_buf_free(&end->wire);
    fl_buf_free(&end->plain);
}

int end_carry(struct end *from, struct end *to, size_t most)
{
    const struct fl_stack_taker taker = {keep, to};
    flow_error *err = NULL;
    int rc = FLOW_OK;

    for (size_t at = 0; at < from->wire.size && !rc;) {
        size_t left = from->wire.size - at;
        size_t some = most ? 1 + ends_random(most) : left;
        some = some < left ? some : left;
        rc = fl_stack_receive(to->stack, from->wire.data + at, some, &taker, &to->wire, &err);
        at += some;
    }
    fl_buf_clear(&from->wire);
    snprintf(to->fault, sizeof to->fault, "%s", rc ? flow_error_message(err) : "");
    flow_error_free(err);
    return rc;
}

int ends_shake_hands(struct end *client, struct end *server, size_t most)
{
    int rc = FLOW_OK;

    while (!rc && (client->wire.size || server->wire.size)) {
        rc = end_carry(client, server, most);
        if (!rc)
            rc = end_carry(server, client, most);
    }
    return rc;
}

void ends_converse(struct end *a, struct end *b, size_t most)
{
    static uint8_t data[70000];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * i / 7);
    for (size_t size = 1; size <= sizeof data; size = size * 2 + 1) {
        struct end *from = size % 4 ? a : b;
        struct end *to = from == a ? b : a;
        fl_buf_clear(&to->plain);
        ck_assert_int_eq(fl_stack_send(from->stack, data, size, &from->wire, NULL), FLOW_OK);
        ck_assert_int_eq(end_carry(from, to, most), FLOW_OK);
        ck_assert_uint_eq(to->plain.size, size);
        ck_assert_mem_eq(to->plain.data, data, size);
        ck_assert_uint_le(to->largest, FL_STACK_PIECE);
    }
}
