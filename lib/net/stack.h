/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_STACK_H
#define FL_NET_STACK_H

/*
 * What lies between a protocol and its socket: TLS, compression, both or nothing.  Bytes in, bytes
 * out: whoever reads and writes the socket, and on which thread, does not matter here.
 *
 *     socket ── receive ──▶ layers ──▶ protocol      socket ◀── WIRE ── layers ◀── send ── protocol
 *
 * What is received may have to be answered by the layers themselves, so every call adds to WIRE
 * what is to be sent, also one that fails: an alert tells the peer why.  After a failure the
 * connection is of no use.  A stack is used by one thread at a time.
 */

#include <flow/error.h>

#include "base/buf.h"

/* The most plain bytes that come at once, whatever a peer's compressed bytes expand to. */
#define FL_STACK_PIECE ((size_t)16 * 1024)

struct fl_tls;

/* The layers of a connection; all zero: none. */
struct fl_stack_plan {
    const struct fl_tls *tls; /* the settings, which outlive the stack; NULL: none */
    const char *host;         /* whom a client's TLS reaches; may be NULL */
    int tls_outside;          /* TLS is next to the socket, as Flume had it up to 1.9; from 1.10 on
                                 deflate is */
    int deflates;             /* one zlib stream in each direction, flushed with each send */
    int level;                /* of what is sent: 0 (stored) to 9 */
    int answers;              /* what is sent are short answers, which take less memory */
};

/* 1 when there is any layer. */
int fl_stack_plan_has_layers(const struct fl_stack_plan *plan);

struct fl_stack;

/* Makes the layers of one connection.  Nothing has to be sent for them yet: see fl_stack_start. */
int fl_stack_new(const flow_allocator *mem, const struct fl_stack_plan *plan,
                 struct fl_stack **stack, flow_error **err);
void fl_stack_free(struct fl_stack *stack); /* NULL is allowed */

/* Who gets the plain bytes, FL_STACK_PIECE at most at a time when there are layers.  What it
 * returns but FLOW_OK ends the call and is what that returns.  It may send. */
struct fl_stack_taker {
    int (*take)(void *self, const uint8_t *data, size_t size, flow_error **err);
    void *self;
};

/* Begins, once, before all else: a client's TLS has something to say first. */
int fl_stack_start(struct fl_stack *stack, struct fl_buf *wire, flow_error **err);

/* Bytes from the socket.  FLOW_EPARSE for what is not as the layers expect it. */
int fl_stack_receive(struct fl_stack *stack, const void *data, size_t size,
                     const struct fl_stack_taker *taker, struct fl_buf *wire, flow_error **err);

/* Nothing more comes from the socket.  FLOW_EIO when that may not be yet, as in a handshake. */
int fl_stack_receive_end(struct fl_stack *stack, flow_error **err);

/* Bytes from the protocol.  They wait within while a handshake is under way. */
int fl_stack_send(struct fl_stack *stack, const void *data, size_t size, struct fl_buf *wire,
                  flow_error **err);

/* Ends what is sent, as the layers have it; nothing may be sent afterwards. */
int fl_stack_send_end(struct fl_stack *stack, struct fl_buf *wire, flow_error **err);

/* 1 when bytes of the protocol can pass: no handshake is under way. */
int fl_stack_ready(const struct fl_stack *stack);

/* 1 when the peer has said within a layer that it sends no more, whatever the socket does. */
int fl_stack_ended(const struct fl_stack *stack);

#endif
