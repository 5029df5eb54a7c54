/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_AVRO_REQUEST_H
#define FL_WIRE_AVRO_REQUEST_H

/*
 * The client's side of Flume's Avro RPC over the Netty transport: calls that deliver events, and
 * what a server answers.  Bytes out, bytes in.
 *
 * A frame is a serial, a number of buffers, and each buffer behind its size; the buffers, joined,
 * are one payload, wherever they are cut.
 */

#include <flow/error.h>
#include <flow/event.h>

#include "base/buf.h"
#include "wire/avro_ipc.h"
#include "wire/stamp.h" /* FL_AVRO_STAMP_KEY */

/* A pair of metadata; lent. */
struct fl_avro_meta {
    const char *key;
    const void *value;
    size_t size;
};

/* The client's part of the handshake, which goes with the first call of a connection. */
struct fl_avro_hello {
    const uint8_t *client_hash;
    const char *client_text; /* NULL: the server is to know the hash */
    const uint8_t *server_hash;
};

/* A call; everything is lent until it is out. */
struct fl_avro_request {
    uint32_t serial;
    int batch;                         /* appendBatch; else append, of one event */
    const struct fl_avro_hello *hello; /* or NULL */
    const struct fl_avro_meta *meta;
    size_t meta_count;
    const flow_event *const *events;
    size_t count;
};

/* A call on its way out, piece by piece, so that it never lies in memory as a whole. */
struct fl_avro_sending {
    struct fl_buf head; /* of the frame, up to the first event */
    const flow_event *const *events;
    size_t count;
    size_t at;      /* the event whose turn it is */
    size_t body_at; /* bytes of its body that are out */
    int in_body;    /* its front is out */
    int batch;
    uint64_t size; /* of the whole frame */
};

void fl_avro_sending_init(struct fl_avro_sending *call, const flow_allocator *mem);
void fl_avro_sending_free(struct fl_avro_sending *call);

/* Begins a call.  FLOW_ETOOBIG above the 2 GB that a frame can hold, FLOW_ENOMEM. */
int fl_avro_sending_begin(struct fl_avro_sending *call, const struct fl_avro_request *request,
                          flow_error **err);

/*
 * Adds the next bytes to OUT, until it holds ROOM of them or some more; only an event's headers are
 * not cut.  Returns 1 while there are more, 0 when the call is out, FLOW_ENOMEM.
 */
int fl_avro_sending_next(struct fl_avro_sending *call, size_t room, struct fl_buf *out);

/*
 * An answer as it comes in.  One above FL_AVRO_REPLY_MAX is refused before it is held: what a
 * server has to say is a status, its protocol or the text of an error.
 */
#define FL_AVRO_REPLY_MAX ((size_t)1 << 20)

struct fl_avro_reply {
    struct fl_buf bytes; /* the number that is being read, then the payload */
    uint32_t serial;
    uint32_t buffers; /* that are still to come */
    uint32_t left;    /* of the present one */
    int state;
};

void fl_avro_reply_init(struct fl_avro_reply *reply, const flow_allocator *mem);
void fl_avro_reply_free(struct fl_avro_reply *reply);

/* Forgets what came, for the next answer or another connection. */
void fl_avro_reply_clear(struct fl_avro_reply *reply);

/*
 * Takes bytes and stores how many belong to this answer.  Returns 1 once it is complete, 0 when
 * more is needed, FLOW_EPARSE, FLOW_ETOOBIG, FLOW_ENOMEM.
 */
int fl_avro_reply_feed(struct fl_avro_reply *reply, const void *data, size_t size, size_t *used,
                       flow_error **err);

/* What a complete answer says; texts are lent by it. */
struct fl_avro_answer {
    enum fl_avro_match match;   /* FL_AVRO_NO_HANDSHAKE where none was expected */
    const uint8_t *server_hash; /* or NULL */
    int is_libflow;             /* the peer says so */
    int is_error;               /* `text` is the server's; else `status` holds */
    int32_t status;             /* of enum fl_avro_status, or another number */
    const char *text;
    size_t text_size;
};

/* Reads a complete answer, with a handshake or without.  FLOW_EPARSE with the byte at fault. */
int fl_avro_reply_read(const struct fl_avro_reply *reply, int handshake,
                       struct fl_avro_answer *answer, flow_error **err);

/* "OK", "FAILED", "UNKNOWN"; "?" for another number. */
const char *fl_avro_status_name(int32_t status);

#endif
