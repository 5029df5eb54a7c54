/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_THRIFT_SERVER_H
#define FL_WIRE_THRIFT_SERVER_H

/*
 * The server's side of Thrift services that take events: calls in, as many pieces as they come in,
 * one event after the other out.  Events are read where they lie; only what is cut at the end of a
 * piece is kept until the rest of it comes.
 */

#include "wire/draft.h"
#include "wire/thrift.h"

struct fl_thrift_method {
    const char *name;
    uint8_t events; /* its argument 1: an event (STRUCT), a list of them (LIST), none (STOP) */
    uint8_t oneway; /* nobody waits for a reply */
};

struct fl_thrift_service {
    const struct fl_thrift_method *methods;
    size_t count;
    int unframed; /* messages follow each other bare */

    /* Reads a struct as an event.  FLOW_OK; FLOW_EPARSE, with what is wrong in `fault` when the
     * bytes are not; FL_THRIFT_MORE; FLOW_ENOMEM. */
    int (*get_event)(struct fl_thrift_in *in, struct fl_draft *draft);
};

/* Flume's ThriftSourceProtocol, Facebook's Scribe, and Flume 0.9's ThriftFlumeEventServer. */
extern const struct fl_thrift_service fl_thrift_flume;
extern const struct fl_thrift_service fl_thrift_scribe;
extern const struct fl_thrift_service fl_thrift_legacy;

/* The methods by their place in the table of their service. */
enum { FL_THRIFT_APPEND = 0, FL_THRIFT_APPEND_BATCH = 1 };
enum { FL_THRIFT_LOG = 0 };
enum { FL_THRIFT_LEGACY_APPEND = 0, FL_THRIFT_LEGACY_CLOSE = 1 };

/* A connection. */
struct fl_thrift_server {
    const struct fl_thrift_service *service;
    enum fl_thrift_protocol protocol; /* of calls; what of it is old or new they tell themselves */
    uint32_t limit;                   /* bytes of a message */

    uint8_t state;
    uint8_t item;    /* what the last step found */
    uint8_t cut;     /* `carry` begins with an event, of which `scanned` bytes were looked at */
    uint32_t size;   /* of the message */
    uint32_t left;   /* bytes of it that were not read */
    uint32_t events; /* that are still to come */
    struct fl_thrift_field field;
    struct fl_buf carry; /* what was cut */
    size_t scanned;
    struct fl_thrift_skip skip;

    /* The call under way, and, until the next begins, the one that was complete. */
    const struct fl_thrift_method *method; /* NULL: there is none of that name */
    int32_t seq;
    uint8_t given;      /* it had its argument */
    uint8_t broken;     /* it did not keep to the protocol */
    struct fl_buf text; /* the name of an unknown method, or what is wrong with it */
};

void fl_thrift_server_init(struct fl_thrift_server *server, const flow_allocator *mem,
                           const struct fl_thrift_service *service,
                           enum fl_thrift_protocol protocol, uint32_t limit);
void fl_thrift_server_free(struct fl_thrift_server *server);

enum fl_thrift_item {
    FL_THRIFT_NOTHING,  /* all bytes were taken */
    FL_THRIFT_AN_EVENT, /* in the draft, until the bytes go or the server is asked again */
    FL_THRIFT_A_STAMP,  /* as the body of the draft, likewise */
    FL_THRIFT_THE_END,  /* of a call */
};

/*
 * Takes the *SIZE bytes at *DATA, which move on, up to the next item: returns it.  What breaks the
 * arguments of a framed call is told at its end (`broken`), and the connection goes on; anything
 * else is an error behind which nothing more can be read: FLOW_EPARSE, FLOW_ETOOBIG, FLOW_ENOMEM.
 */
int fl_thrift_server_next(struct fl_thrift_server *server, const uint8_t **data, size_t *size,
                          struct fl_draft *draft, flow_error **err);

/* The bytes held for a call that is not complete, or was not refused yet; 0 between calls. */
size_t fl_thrift_server_held(const struct fl_thrift_server *server);

/* Whom a reply is for. */
struct fl_thrift_reply_to {
    enum fl_thrift_protocol protocol;
    int unframed;
    const char *method;
    int32_t seq;
};

/* Adds a reply: a status or result code; nothing but that it was done; an exception. */
int fl_thrift_put_status(struct fl_buf *out, const struct fl_thrift_reply_to *to, int32_t status);
int fl_thrift_put_done(struct fl_buf *out, const struct fl_thrift_reply_to *to);
int fl_thrift_put_exception(struct fl_buf *out, const struct fl_thrift_reply_to *to, int32_t reason,
                            const char *text);

/* Whether the call that was complete can be executed; else the reply is a refusal. */
int fl_thrift_server_good(const struct fl_thrift_server *server);
int fl_thrift_put_refusal(struct fl_buf *out, struct fl_thrift_server *server);

#endif
