/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SOURCES_REQUESTS_H
#define FL_SOURCES_REQUESTS_H

/*
 * What sources that answer requests have in common.  Workers, threads of the source's own, hand the
 * bytes of the connections to a protocol; the events of each request that is complete go to the
 * channels, together with those of other requests that wait by then; and each request is answered,
 * in the order of its connection, once every required channel has committed what it brought.
 *
 *     new -> start -> listen... -> stop -> free
 *
 * Events of a request that is not complete are never emitted, and what such requests hold in memory
 * is bounded: a connection that would hold more is closed, unless its own request is small.  An
 * idle connection holds nothing but what the protocol keeps for it.
 */

#include <flow/source.h>

#include "base/buf.h"
#include "net/ip_filter.h"
#include "net/server.h"
#include "net/stack.h"

struct fl_requests;
struct fl_request_peer; /* a connection, as the protocol sees it */

/* What a request was, for Flume's counters. */
enum fl_request_kind {
    FL_REQUEST_SINGLE, /* one event */
    FL_REQUEST_BATCH,
};

/*
 * Between bytes and requests.  All calls for one connection come from one worker's thread; those
 * for different connections may come from several at once, with the same SELF.
 */
struct fl_request_protocol {
    size_t state_size; /* bytes that a connection carries for the protocol, zeroed at first */

    /* (optional) Before the first bytes of a connection, which ends when this fails.  `close` is
     * called in either case. */
    int (*open)(void *self, void *state, flow_error **err);

    /*
     * Takes all SIZE bytes.  Adds events by fl_requests_add, and where a request ends calls
     * fl_requests_end or fl_requests_reply, once for each request that is to be answered.  A fault,
     * of the bytes or of one of these calls, ends the connection once what came before was
     * answered.
     */
    int (*feed)(void *self, void *state, struct fl_request_peer *peer, const uint8_t *data,
                size_t size, flow_error **err);

    /*
     * Adds to OUT the answer to the request that ended with TOKEN.  RESULT is FLOW_OK when its
     * events are where they belong, else the code of FAULT, which tells why not; FAULT may be NULL.
     * May be called from within fl_requests_end.  A failure ends the connection.
     */
    int (*answer)(void *self, void *state, uint64_t token, int result, const flow_error *fault,
                  struct fl_buf *out);

    /* The bytes kept for a request that is not complete; 0 between requests. */
    size_t (*held)(void *self, const void *state);

    /* The connection has ended. */
    void (*close)(void *self, void *state);
};

struct fl_requests_options {
    flow_context *ctx; /* the source's */
    const struct fl_request_protocol *protocol;
    void *self;       /* the protocol's */
    unsigned threads; /* workers; 0 chooses by the machine */
    size_t held_max;  /* bytes that incomplete requests may hold in all; 0: 512 MiB */
    int patient;      /* peers are not told of a refusal: what may pass is tried until it works */
    /* What lies between each connection and the protocol; lent, NULL for nothing. */
    const struct fl_stack_plan *plan;
    const struct fl_ip_filter *filter; /* who may connect; lent, NULL for everybody */
};

int fl_requests_new(const struct fl_requests_options *options, struct fl_requests **requests,
                    flow_error **err);

/* Once it was stopped, or never started.  NULL is allowed. */
void fl_requests_free(struct fl_requests *requests);

/* Starts the workers, which emit to EMITTER. */
int fl_requests_start(struct fl_requests *requests, flow_emitter *emitter, flow_error **err);

/* Listens on HOST and PORT and logs where; may be called several times.  When it fails, stop. */
int fl_requests_listen(struct fl_requests *requests, const char *host, uint16_t port,
                       flow_error **err);

/* Starts and listens at one place; when it fails, nothing was started. */
int fl_requests_serve(struct fl_requests *requests, flow_emitter *emitter, const char *host,
                      uint16_t port, flow_error **err);

/* The server of a source that has started, for what is special about its connections. */
struct fl_server *fl_requests_server(struct fl_requests *requests);

/* Ends all connections, once what they have sent was answered.  Does nothing when not started. */
void fl_requests_stop(struct fl_requests *requests);

/* ---- from `feed` ---- */

/*
 * Adds an event, copied, to the request under way; as flow_batch_add_full, and FLOW_ETOOBIG also
 * when unfinished requests hold too much.
 */
int fl_requests_add(struct fl_request_peer *peer, const void *body, size_t size,
                    const flow_header *headers, size_t count, size_t header_size, flow_error **err);

/*
 * What the sender of the request under way tells of the numbers of its events: one span after the
 * other, or all of them as a stamp (wire/stamp.h).  In the end there must be spans of all events,
 * or none.  FLOW_EPARSE when it is no stamp; FLOW_ETOOBIG as fl_requests_add.
 *
 * Who sends a stamp may have sent more before it is answered, and sends all of it again, over
 * another connection, when something was refused: so the connection ends then, and what is behind
 * does not overtake.
 */
int fl_requests_span(struct fl_request_peer *peer, const flow_span *span, flow_error **err);
int fl_requests_stamp(struct fl_request_peer *peer, const void *data, size_t size,
                      flow_error **err);

/* Drops the events of the request under way. */
void fl_requests_drop(struct fl_request_peer *peer);

/*
 * The request under way is complete.  TOKEN is the protocol's, for the answer.  May emit, and then
 * blocks as flow_emitter_emit does.  No events are fine: then it is answered in its turn.
 */
void fl_requests_end(struct fl_request_peer *peer, uint64_t token, enum fl_request_kind kind);

/* The same, with an answer that is known: drops the events of the request, and takes the bytes out
 * of ANSWER. */
void fl_requests_reply(struct fl_request_peer *peer, struct fl_buf *answer);

/* Reads no more from the connection, which ends once what came before was answered. */
void fl_requests_close(struct fl_request_peer *peer);

#endif
