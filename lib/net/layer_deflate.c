/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The layer that compresses: one zlib stream in each direction.  Streams are made with their first
 * bytes, since each holds some hundred kilobytes, and many connections only ever receive or idle.
 */

#include "base/error.h"
#include "codec/deflate.h"
#include "net/layer.h"

struct deflate_layer {
    struct fl_layer base;
    const flow_allocator *mem;
    int level;
    int memory;                   /* of what is sent */
    struct fl_inflater *inflater; /* NULL: nothing came yet */
    struct fl_deflater *deflater; /* NULL: nothing was sent yet */
    struct fl_buf packed;
};

static int receive(struct fl_layer *layer, const uint8_t *data, size_t size, flow_error **err)
{
    struct deflate_layer *self = (struct deflate_layer *)layer;
    uint8_t room[FL_STACK_PIECE];
    size_t got;
    int rc = FLOW_OK;

    if (!self->inflater)
        rc = fl_inflater_new(self->mem, &self->inflater, err);
    if (rc)
        return rc;
    fl_inflater_feed(self->inflater, data, size);
    do {
        rc = fl_inflater_next(self->inflater, room, sizeof room, &got, err);
        if (!rc && got)
            rc = fl_layer_pass_in(layer, room, got, err);
    } while (!rc && got);
    layer->ended = fl_inflater_ended(self->inflater);
    return rc;
}

/* Sends what was compressed; RC is what came of compressing it. */
static int pass_packed(struct deflate_layer *self, int rc, flow_error **err)
{
    if (!rc && self->packed.size)
        rc = fl_layer_pass_out(&self->base, self->packed.data, self->packed.size, err);
    fl_buf_free(&self->packed);
    return rc;
}

static int need_deflater(struct deflate_layer *self, flow_error **err)
{
    return self->deflater
               ? FLOW_OK
               : fl_deflater_new(self->mem, self->level, self->memory, &self->deflater, err);
}

static int send(struct fl_layer *layer, const uint8_t *data, size_t size, flow_error **err)
{
    struct deflate_layer *self = (struct deflate_layer *)layer;
    int rc = need_deflater(self, err);

    if (!rc)
        rc = fl_deflater_write(self->deflater, data, size, &self->packed, err);
    return pass_packed(self, rc, err);
}

static int send_end(struct fl_layer *layer, flow_error **err)
{
    struct deflate_layer *self = (struct deflate_layer *)layer;
    int rc = need_deflater(self, err);

    if (!rc)
        rc = fl_deflater_finish(self->deflater, &self->packed, err);
    return pass_packed(self, rc, err);
}

static void free_layer(struct fl_layer *layer)
{
    struct deflate_layer *self = (struct deflate_layer *)layer;

    fl_inflater_free(self->inflater);
    fl_deflater_free(self->deflater);
    fl_buf_free(&self->packed);
    fl_free(self->mem, self);
}

static const struct fl_layer_ops ops = {
    .receive = receive,
    .send = send,
    .send_end = send_end,
    .free = free_layer,
};

int fl_deflate_layer_new(const flow_allocator *mem, const struct fl_stack_plan *plan,
                         struct fl_layer **layer, flow_error **err)
{
    struct deflate_layer *made = fl_zalloc(mem, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->base.ops = &ops;
    made->mem = mem;
    made->level = plan->level;
    made->memory = plan->answers ? FL_DEFLATE_SMALL : FL_DEFLATE_WHOLE;
    fl_buf_init(&made->packed, mem);
    *layer = &made->base;
    return FLOW_OK;
}
