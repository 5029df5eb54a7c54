/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CLIENTS_PEER_H
#define FL_CLIENTS_PEER_H

/*
 * One host that events are sent to, and the connection to it, which is made anew after a failure.
 * Every error names the host.  One thread at a time uses a peer; the stop of its context ends what
 * it waits for.
 */

#include <flow/component.h>

#include "clients/delivery.h"
#include "clients/rpc.h"
#include "net/link.h"
#include "net/tls.h"

/* What all peers of a client, or of a sink, have in common. */
struct fl_peer_setup {
    const flow_allocator *mem;
    flow_context *ctx;
    const struct fl_rpc *rpc;
    int rpc_option;
    size_t batch_size; /* events in a call */
    int64_t connect_ms;
    int64_t request_ms;
    int64_t reset_ms; /* after which a connection is made anew; 0: never */
    int64_t grace_ms; /* that calls still last once CTX is to stop */
    struct fl_stack_plan stack;
    struct fl_tls *tls;    /* owned; NULL: none */
    flow_counter *created; /* connections; each may be NULL */
    flow_counter *closed;
    flow_counter *failed;
};

/* A host by name or address; owned. */
struct fl_host {
    char *name;
    uint16_t port;
};

struct fl_peer;

/* SETUP and HOST are lent. */
int fl_peer_new(const struct fl_peer_setup *setup, const struct fl_host *host,
                struct fl_peer **peer, flow_error **err);
void fl_peer_free(struct fl_peer *peer); /* NULL is allowed */

/*
 * Connects, unless it is connected and, when no call is under way, neither too old nor closed at
 * the other end.
 *
 * Blocks: up to `connect_ms` and as long as the resolver does.
 */
int fl_peer_connect(struct fl_peer *peer, flow_error **err);

/* Whether the connection has become too old, and waits for its last answer to be made anew. */
int fl_peer_is_old(const struct fl_peer *peer);

/* Ends the connection.  What was not answered is forgotten. */
void fl_peer_disconnect(struct fl_peer *peer);

/* How many of COUNT events, 1 at least, go into one call. */
size_t fl_peer_fits(const struct fl_peer *peer, const flow_event *const *events, size_t count);

/*
 * Gives CALL, whose first event is the one at FIRST of DELIVERY, what is told of the numbers of its
 * events; lent until the next call of this.  Where that is too much, they are sent without.
 */
int fl_peer_stamp(struct fl_peer *peer, const struct fl_delivery *delivery, size_t first,
                  struct fl_call *call, flow_error **err);

/*
 * Sends a call.  Before its answer has come another may only be sent when the peer is ordered.
 * After a failure the connection is closed, and the server cannot have taken the events, since it
 * has not got all of the call.
 *
 * Blocks: up to `request_ms`.
 */
int fl_peer_send(struct fl_peer *peer, const struct fl_call *call, flow_error **err);

/*
 * Waits up to WAIT_MS, negative for as long as a call may take, for the answer to the oldest call.
 * Returns 1 when the server has taken its events, and 0 when WAIT_MS are over.  After any failure
 * but FLOW_EDELIVERY the connection is closed and nobody knows whether it has.
 */
int fl_peer_receive(struct fl_peer *peer, int64_t wait_ms, flow_error **err);

/* Whether the peer executes several calls of a connection in their order. */
int fl_peer_is_ordered(const struct fl_peer *peer);

/*
 * Delivers what is not acknowledged, in calls one after the other, and connects for it.  The
 * connection is closed after every failure, as Flume's clients are dead then.
 *
 * Blocks: as long as all these do.
 */
int fl_peer_deliver(struct fl_peer *peer, struct fl_delivery *delivery, flow_error **err);

#endif
