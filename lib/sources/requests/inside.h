/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SOURCES_REQUESTS_INSIDE_H
#define FL_SOURCES_REQUESTS_INSIDE_H

/*
 * The inside of the request worker.
 *
 * Each connection that has events gathers them in a batch of its own: first those of requests that
 * are complete, then those of the one under way.  Settling joins what is complete of all
 * connections into one of these batches, by references where more than one connection has any,
 * emits it and answers.
 */

#include <stddef.h>

#include "base/thread.h"
#include "sources/requests.h"
#include "wire/stamp.h"

/* Answers that wait for one transaction. */
#define FL_REQUEST_TURNS 1024

/* Empty batches kept for the next requests while the worker is busy. */
#define FL_REQUEST_SPARES 8

/* What is to be sent to a connection when its turn comes. */
enum fl_request_turn_kind {
    FL_TURN_RESULT, /* how the transaction went */
    FL_TURN_READY,  /* an answer that is known */
    FL_TURN_END,    /* nothing: the connection has ended */
};

struct fl_request_turn {
    struct fl_request_peer *peer;
    enum fl_request_turn_kind kind;
    uint64_t token;
    size_t events;
    struct fl_buf ready;
};

/* One thread, and what belongs to it. */
struct fl_request_worker {
    struct fl_requests *requests;
    struct fl_thread thread;
    unsigned index;

    struct fl_request_turn *turns;
    size_t turn_count;

    struct fl_request_peer *ready; /* those with complete requests, in order */
    struct fl_request_peer **last_ready;
    size_t ready_events;
    size_t ready_bytes;
    size_t singles; /* requests of these kinds among them */
    size_t batches;

    flow_batch *spares[FL_REQUEST_SPARES];
    size_t spare_count;
    struct fl_buf out; /* answers to one connection */

    /* For connections with layers, see layers.c. */
    struct fl_request_peer *receiving; /* whose bytes are in its layers; NULL: nobody's */
    struct fl_buf wire;                /* what they have to send */
    struct fl_buf sealed;              /* the same for other connections */

    int64_t told_since; /* when the present minute of warnings began */
    unsigned told;      /* in it */
    int failing;        /* the last transaction failed, which was logged */
};

struct fl_requests {
    flow_context *ctx;
    const flow_allocator *mem;
    const struct fl_request_protocol *protocol;
    void *self;
    const struct fl_stack_plan *plan;
    const struct fl_ip_filter *filter;
    flow_counter *denied; /* connections that were not let in */
    int patient;
    flow_counter *refused;
    flow_counter *unfinished;
    flow_counter *broken;
    flow_counter *open;

    flow_emitter *emitter;
    size_t batch_max; /* events of one transaction */
    struct fl_server *server;
    struct fl_request_worker *workers;
    unsigned worker_count;
    size_t held_max;
    _Atomic size_t held; /* bytes of requests that are not complete */
};

/* The state of a connection; zeroed at first. */
struct fl_request_peer {
    struct fl_request_worker *worker;
    struct fl_conn *conn;
    struct fl_stack *stack;     /* NULL without layers */
    flow_batch *batch;          /* NULL while it has no events */
    size_t done;                /* events at its front that belong to complete requests */
    size_t tail_bytes;          /* what the events behind them count for */
    size_t held;                /* its share of the requests' */
    struct fl_stamp_list spans; /* of the request under way */
    struct fl_request_peer *next_ready;
    unsigned known : 1; /* the protocol has opened it */
    unsigned ready : 1; /* in the worker's list */
    unsigned told : 1;  /* of numbers: it is a libflow, which sends on before it is answered */
    unsigned met : 1;   /* no handshake is under way */
    unsigned mute : 1;  /* an answer was lost, so none may follow */
    unsigned deaf : 1;  /* what comes is no longer looked at */
    max_align_t state[];
};

/* gather.c: events on their way into a transaction. */

/* Lets PEER have a batch. */
int fl_gather_open(struct fl_request_peer *peer, flow_error **err);

/* Drops the events behind the complete requests. */
void fl_gather_drop_tail(struct fl_request_peer *peer);

/* Gives the events behind the complete requests the numbers that they are said to have. */
int fl_gather_number_tail(struct fl_request_peer *peer, flow_error **err);

/* How many they are. */
size_t fl_gather_tail(const struct fl_request_peer *peer);

/* The tail has become complete. */
void fl_gather_complete(struct fl_request_peer *peer);

/*
 * Takes the complete requests of all connections: *BATCH becomes all their events, NULL when there
 * are none, and goes back by fl_gather_return.  FLOW_ENOMEM: they are dropped.
 */
int fl_gather_take(struct fl_request_worker *worker, flow_batch **batch, flow_error **err);
void fl_gather_return(struct fl_request_worker *worker, flow_batch *batch);

/* Frees the batches that nobody uses, but for KEEP of them. */
void fl_gather_trim(struct fl_request_worker *worker, size_t keep);

/* layers.c: what lies between a connection and its protocol. */

int fl_request_layers_open(struct fl_request_peer *peer, flow_error **err);
void fl_request_layers_free(struct fl_request_peer *peer);

/* Hands bytes of the connection, on their way through the layers, to the protocol. */
int fl_request_layers_receive(struct fl_request_peer *peer, const uint8_t *data, size_t size,
                              flow_error **err);

/* The peer sends no more.  Fails where the layers do not expect that. */
int fl_request_layers_receive_end(struct fl_request_peer *peer, flow_error **err);

/* Sends bytes of the protocol; FLOW_ENOMEM, or what the layers say. */
int fl_request_layers_send(struct fl_request_peer *peer, const struct fl_buf *plain);

/* Nothing more will be sent. */
void fl_request_layers_end(struct fl_request_peer *peer);

/* settle.c */

/* Emits what is complete, and answers. */
void fl_requests_settle(struct fl_request_worker *worker);

/* Settles, unless another answer has a place and EVENTS more go into the same transaction. */
void fl_requests_make_room(struct fl_request_worker *worker, size_t events);

/* A place for an answer, for which room was made. */
struct fl_request_turn *fl_requests_turn(struct fl_request_peer *peer,
                                         enum fl_request_turn_kind kind);

/* Ends a connection, because of WHY. */
void fl_requests_hang_up(struct fl_request_peer *peer, const char *why);

/* worker.c */

/* Runs until the server has ended. */
void fl_requests_work(void *worker);

/* Brings up to date what PEER holds. */
void fl_requests_account(struct fl_request_peer *peer, size_t held);

/* Adds BYTES to what the request under way takes; FLOW_ETOOBIG when that is too much. */
int fl_requests_hold(struct fl_request_peer *peer, size_t bytes, flow_error **err);

#endif
