/* SPDX-License-Identifier: Apache-2.0 */

/* The chain of layers, and its two ends: the protocol's taker and the bytes for the socket, which
 * are known only during a call. */

#include "base/error.h"
#include "net/layer.h"

struct fl_stack {
    const flow_allocator *mem;
    struct fl_layer *outermost; /* NULL: there are no layers */
    struct fl_layer *innermost;
    const struct fl_stack_taker *taker;
    struct fl_buf *wire;
};

int fl_stack_plan_has_layers(const struct fl_stack_plan *plan)
{
    return plan->deflates || plan->tls;
}

/* Puts LAYER inside of those that there are. */
static void add(struct fl_stack *stack, struct fl_layer *layer)
{
    layer->stack = stack;
    layer->outside = stack->innermost;
    if (stack->innermost)
        stack->innermost->inside = layer;
    else
        stack->outermost = layer;
    stack->innermost = layer;
}

static int add_deflate(struct fl_stack *stack, const struct fl_stack_plan *plan, flow_error **err)
{
    struct fl_layer *layer;

    if (!plan->deflates)
        return FLOW_OK;
    int rc = fl_deflate_layer_new(stack->mem, plan, &layer, err);
    if (!rc)
        add(stack, layer);
    return rc;
}

static int add_tls(struct fl_stack *stack, const struct fl_stack_plan *plan, flow_error **err)
{
    struct fl_layer *layer;

    if (!plan->tls)
        return FLOW_OK;
    int rc = fl_tls_layer_new(stack->mem, plan->tls, plan->host, &layer, err);
    if (!rc)
        add(stack, layer);
    return rc;
}

/* From the socket inwards. */
static int fill(struct fl_stack *stack, const struct fl_stack_plan *plan, flow_error **err)
{
    int rc = plan->tls_outside ? add_tls(stack, plan, err) : FLOW_OK;

    if (!rc)
        rc = add_deflate(stack, plan, err);
    if (!rc && !plan->tls_outside)
        rc = add_tls(stack, plan, err);
    return rc;
}

int fl_stack_new(const flow_allocator *mem, const struct fl_stack_plan *plan,
                 struct fl_stack **stack, flow_error **err)
{
    struct fl_stack *made = fl_zalloc(mem, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    int rc = fill(made, plan, err);
    if (rc) {
        fl_stack_free(made);
        return rc;
    }
    *stack = made;
    return FLOW_OK;
}

void fl_stack_free(struct fl_stack *stack)
{
    if (!stack)
        return;
    for (struct fl_layer *layer = stack->outermost, *next; layer; layer = next) {
        next = layer->inside;
        layer->ops->free(layer);
    }
    fl_free(stack->mem, stack);
}

static int take(struct fl_stack *stack, const uint8_t *data, size_t size, flow_error **err)
{
    return stack->taker->take(stack->taker->self, data, size, err);
}

static int write_out(struct fl_stack *stack, const uint8_t *data, size_t size, flow_error **err)
{
    return fl_buf_append(stack->wire, data, size) ? fl_error_nomem(err) : FLOW_OK;
}

int fl_layer_pass_in(struct fl_layer *layer, const uint8_t *data, size_t size, flow_error **err)
{
    struct fl_layer *inside = layer->inside;

    return inside ? inside->ops->receive(inside, data, size, err)
                  : take(layer->stack, data, size, err);
}

int fl_layer_pass_out(struct fl_layer *layer, const uint8_t *data, size_t size, flow_error **err)
{
    struct fl_layer *outside = layer->outside;

    return outside ? outside->ops->send(outside, data, size, err)
                   : write_out(layer->stack, data, size, err);
}

int fl_stack_start(struct fl_stack *stack, struct fl_buf *wire, flow_error **err)
{
    int rc = FLOW_OK;

    stack->wire = wire;
    for (struct fl_layer *layer = stack->outermost; layer && !rc; layer = layer->inside) {
        if (layer->ops->start)
            rc = layer->ops->start(layer, err);
    }
    return rc;
}

int fl_stack_receive(struct fl_stack *stack, const void *data, size_t size,
                     const struct fl_stack_taker *taker, struct fl_buf *wire, flow_error **err)
{
    struct fl_layer *first = stack->outermost;

    stack->taker = taker;
    stack->wire = wire;
    return first ? first->ops->receive(first, data, size, err) : take(stack, data, size, err);
}

int fl_stack_receive_end(struct fl_stack *stack, flow_error **err)
{
    int rc = FLOW_OK;

    for (struct fl_layer *layer = stack->outermost; layer && !rc; layer = layer->inside) {
        if (layer->ops->receive_end)
            rc = layer->ops->receive_end(layer, err);
    }
    return rc;
}

int fl_stack_send(struct fl_stack *stack, const void *data, size_t size, struct fl_buf *wire,
                  flow_error **err)
{
    struct fl_layer *first = stack->innermost;

    stack->wire = wire;
    return first ? first->ops->send(first, data, size, err) : write_out(stack, data, size, err);
}

int fl_stack_send_end(struct fl_stack *stack, struct fl_buf *wire, flow_error **err)
{
    int rc = FLOW_OK;

    stack->wire = wire;
    for (struct fl_layer *layer = stack->innermost; layer && !rc; layer = layer->outside)
        rc = layer->ops->send_end(layer, err);
    return rc;
}

int fl_stack_ready(const struct fl_stack *stack)
{
    for (const struct fl_layer *layer = stack->outermost; layer; layer = layer->inside) {
        if (layer->ops->ready && !layer->ops->ready(layer))
            return 0;
    }
    return 1;
}

int fl_stack_ended(const struct fl_stack *stack)
{
    for (const struct fl_layer *layer = stack->outermost; layer; layer = layer->inside) {
        if (layer->ended)
            return 1;
    }
    return 0;
}
