/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as what a peer sends that compresses, cut into two by the first. */

#include <stdlib.h>

#include "fuzz.h"
#include "net/stack.h"

/* What zlib can make of a byte at most, roughly. */
#define EXPANSION 1100

static int count(void *self, const uint8_t *data, size_t size, flow_error **err)
{
    if (size == 0 || size > FL_STACK_PIECE)
        abort();
    *(size_t *)self += size;
    return FLOW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fl_stack_plan plan = {.deflates = 1, .level = 6};
    size_t sum = 0;
    size_t cut = size > 0 ? data[0] % size : 0;
    const struct fl_stack_taker taker = {count, &sum};
    struct fl_stack *stack;
    struct fl_buf wire;

    fl_buf_init(&wire, NULL);
    if (fl_stack_new(NULL, &plan, &stack, NULL))
        return 0;
    if (size > 0 && !fl_stack_receive(stack, data + 1, cut, &taker, &wire, NULL))
        fl_stack_receive(stack, data + 1 + cut, size - 1 - cut, &taker, &wire, NULL);
    if (sum > (size + 1) * EXPANSION || wire.size > 0)
        abort();
    fl_stack_free(stack);
    fl_buf_free(&wire);
    return 0;
}
