/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_LAYER_H
#define FL_NET_LAYER_H

/* The inside of a stack: what one of its layers does.  Layers know their neighbours by
 * fl_layer_pass_in and fl_layer_pass_out alone. */

#include "net/stack.h"

struct fl_layer_ops;

/* The beginning of a layer's own structure. */
struct fl_layer {
    const struct fl_layer_ops *ops;
    struct fl_stack *stack;
    struct fl_layer *inside;  /* towards the protocol; NULL: the protocol itself */
    struct fl_layer *outside; /* towards the socket; NULL: the socket itself */
    int ended;                /* the peer sends no more through it */
};

struct fl_layer_ops {
    int (*start)(struct fl_layer *layer, flow_error **err); /* (optional) */
    int (*receive)(struct fl_layer *layer, const uint8_t *data, size_t size, flow_error **err);
    int (*receive_end)(struct fl_layer *layer, flow_error **err); /* (optional) */
    int (*send)(struct fl_layer *layer, const uint8_t *data, size_t size, flow_error **err);
    int (*send_end)(struct fl_layer *layer, flow_error **err);
    int (*ready)(const struct fl_layer *layer); /* (optional) */
    void (*free)(struct fl_layer *layer);
};

/* Hands bytes on, towards the protocol or the socket. */
int fl_layer_pass_in(struct fl_layer *layer, const uint8_t *data, size_t size, flow_error **err);
int fl_layer_pass_out(struct fl_layer *layer, const uint8_t *data, size_t size, flow_error **err);

/* layer_deflate.c */
int fl_deflate_layer_new(const flow_allocator *mem, const struct fl_stack_plan *plan,
                         struct fl_layer **layer, flow_error **err);

/* layer_tls.c: HOST is whom a client reaches, or NULL. */
int fl_tls_layer_new(const flow_allocator *mem, const struct fl_tls *tls, const char *host,
                     struct fl_layer **layer, flow_error **err);

#endif
