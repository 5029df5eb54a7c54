/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_ENDS_H
#define TESTS_SUPPORT_ENDS_H

/* Two stacks against each other in memory: what one has to send is what the other receives. */

#include "net/stack.h"

/* One end of a connection. */
struct end {
    struct fl_stack *stack;
    struct fl_buf wire;  /* what it has to send */
    struct fl_buf plain; /* what it got */
    size_t largest;      /* piece that it got */
    char fault[200];     /* of its last end_carry, "" for none */
};

int end_open(struct end *end, const flow_allocator *mem, const struct fl_stack_plan *plan);
void end_close(struct end *end);

/* Carries what FROM has to send to TO, in pieces of up to MOST bytes, 0 for all at once. */
int end_carry(struct end *from, struct end *to, size_t most);

/* Carries to and fro until nothing is left to be sent. */
int ends_shake_hands(struct end *client, struct end *server, size_t most);

/* Sends texts of all sizes both ways and expects them whole. */
void ends_converse(struct end *a, struct end *b, size_t most);

/* The same in each run: what is random is only that no cut is special. */
size_t ends_random(size_t limit);

#endif
