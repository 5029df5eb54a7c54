/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_SERVER_INSIDE_H
#define FL_NET_SERVER_INSIDE_H

/*
 * The inside of a server, for server.c, listener.c and conn.c only.  What is not said to be
 * guarded by the lock belongs to the loop's thread.
 */

#include <stddef.h>

#include <uv.h>

#include "base/buf.h"
#include "net/admission.h"
#include "net/inbox.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "net/server.h"

struct fl_listener;

struct fl_server {
    flow_context *ctx;
    const flow_allocator *mem;
    struct fl_loop *loop;
    struct fl_inbox *inboxes; /* one for each worker */
    unsigned workers;
    unsigned next_worker; /* who gets the next connection */
    size_t state_size;
    flow_counter *count_open;       /* NULL: nobody wants to know */
    struct fl_admission *admission; /* NULL: everybody may come */
    flow_counter *count_refused;    /* NULL: nobody wants to know */
    unsigned meet_ms;               /* 0: peers take as long as they like */
    int crowded;                    /* descriptors are getting few, which was logged */

    struct fl_listener *listeners;
    struct fl_conn *conns;
    size_t open; /* listeners and connections whose handles are not closed */
    int closing;

    struct fl_lock lock; /* guards what follows, and wakes who waits for `open` to be 0 */
    struct fl_loop_task task;
    struct fl_conn *dirty; /* connections that the worker wants something of */
    int resume;            /* there is room in an inbox again */
    size_t unsent;         /* bytes that peers have still to read */
    int all_closed;
};

struct fl_conn {
    union {
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    };
    uv_timer_t
        timer; /* bounds the time to be met, and that between the last answer and the close */
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct fl_server *server;
    struct fl_inbox *inbox;
    struct fl_conn *next;
    struct fl_conn *previous;
    struct fl_piece *reading; /* between uv's questions for memory and its answer */
    struct fl_piece *last;    /* the empty piece that ends the input; NULL once it was put */
    struct fl_buf sending;    /* uv's while `writing` */
    size_t discarded;
    unsigned handles;       /* open ones of `tcp` and `timer`, and whoever else knows it */
    unsigned undecided : 1; /* not read because it may have to go */
    unsigned paused : 1;    /* not read because too much waits */
    unsigned writing : 1;   /* not read because the peer does not take its answers */
    unsigned broken : 1;    /* nothing can be sent any more */
    unsigned lingering : 1; /* all was sent; what the peer still sends is thrown away */
    unsigned closed : 1;
    int late; /* the peer was not met in time; the worker looks when all has ended */
    _Atomic unsigned waiting; /* pieces that the worker has not yet released */

    /* Guarded by the server's lock. */
    int fd;   /* through which the worker may send; -1: it is closed */
    int busy; /* the loop is sending, so what the worker sends has to wait */
    struct fl_buf out;
    size_t unsent; /* bytes of `out` and `sending`, of the server's */
    struct fl_conn *next_dirty;
    int dirty;
    int hang_up;
    int released; /* the worker is done with it */
    int met;
    int given_up; /* the peer does not read what it is sent, or cannot get the rest of it */

    uint16_t port;
    char peer[FL_ADDRESS_TEXT];
    max_align_t state[];
};

/* listener.c */
void fl_listeners_close(struct fl_server *server);

/* conn.c */

/* Accepts from LISTENER, whose port is PORT, if it has one.  FLOW_ENOMEM leaves the connection
 * waiting. */
int fl_conn_accept(struct fl_server *server, uv_stream_t *listener, uint16_t port);

/* Ends what is read, does what the worker wants, and closes when it is done. */
void fl_conn_end_input(struct fl_conn *conn);
void fl_conn_serve(struct fl_conn *conn);
void fl_conn_resume(struct fl_conn *conn);
void fl_conn_drop(struct fl_conn *conn);

/* What the filter says of a connection that was undecided. */
void fl_conn_admitted(struct fl_conn *conn, int is_allowed);

/* server.c: a listener's or connection's last handle was closed. */
void fl_server_closed_one(struct fl_server *server);

#endif
