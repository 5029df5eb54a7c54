/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CLIENTS_RPC_H
#define FL_CLIENTS_RPC_H

/*
 * A protocol as a connection to a host uses it: calls go out in pieces, answers come in as bytes,
 * in the order of the calls.  One object serves one connection after the other.
 */

#include <flow/event.h>

#include "base/buf.h"

/* The most bytes of events that go in one call, unless it is a single one: what the Thrift of
 * every Flume takes as a frame, and what a small JVM has room for. */
#define FL_CALL_BYTES ((uint64_t)16000000)

/* A call that delivers events; everything is lent until it was answered. */
struct fl_call {
    const flow_event *const *events;
    size_t count;
    int single;        /* `append`, else `appendBatch` */
    const void *stamp; /* what a libflow is told besides and Flume does not look at, or NULL */
    size_t stamp_size;
};

struct fl_rpc {
    /* OPTION is the protocol's own. */
    int (*create)(const flow_allocator *mem, int option, void **self, flow_error **err);
    void (*destroy)(void *self);

    /* A new connection begins. */
    void (*restart)(void *self);

    /* Begins a call, of which `next` adds the next bytes to OUT, until it holds about ROOM: 1 while
     * there are more, 0 when the call is out. */
    int (*begin)(void *self, const struct fl_call *call, flow_error **err);
    int (*next)(void *self, size_t room, struct fl_buf *out, flow_error **err);

    /* Takes bytes and stores how many were of use: 1 when an answer is complete. */
    int (*feed)(void *self, const void *data, size_t size, size_t *used, flow_error **err);

    /*
     * Reads the complete answer and makes ready for the next: FLOW_OK, FLOW_EDELIVERY when the
     * server refused the events, FLOW_PENDING when it wants the same call once more and says then.
     */
    int (*result)(void *self, flow_error **err);

    /* Whether the peer, known from its first answer, executes several calls in their order. */
    int (*is_ordered)(const void *self);
};

extern const struct fl_rpc fl_avro_rpc;
extern const struct fl_rpc fl_thrift_rpc; /* OPTION is an enum fl_thrift_protocol */

#endif
