/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_THRIFT_CALL_H
#define FL_WIRE_THRIFT_CALL_H

/*
 * The client's side of Flume's ThriftSourceProtocol: calls that deliver events, and what a server
 * answers.  Bytes out, bytes in.
 */

#include <flow/event.h>

#include "wire/thrift.h"

/* The largest frame that Flume's servers and clients take, unless they are told otherwise. */
#define FL_THRIFT_FRAME_MAX 16384000

/* A call; everything is lent until it is out. */
struct fl_thrift_request {
    enum fl_thrift_protocol protocol;
    int32_t seq;       /* the caller's choice; the reply repeats it */
    int batch;         /* appendBatch; else append, of one event */
    const void *stamp; /* FL_THRIFT_STAMP, or NULL */
    size_t stamp_size;
    const flow_event *const *events;
    size_t count;
};

/* A call on its way out, piece by piece, so that it never lies in memory as a whole. */
struct fl_thrift_call {
    enum fl_thrift_protocol protocol;
    struct fl_buf head; /* of the frame, up to the first event */
    struct fl_buf tail; /* behind the last */
    const flow_event *const *events;
    size_t count;
    size_t at;      /* the event whose turn it is */
    size_t body_at; /* bytes of its body that are out */
    int in_body;    /* its front is out */
    uint64_t size;  /* of the whole frame */
};

void fl_thrift_call_init(struct fl_thrift_call *call, const flow_allocator *mem);
void fl_thrift_call_free(struct fl_thrift_call *call);

/* Begins a call.  FLOW_ETOOBIG above the 2 GB that a frame can hold, FLOW_ENOMEM. */
int fl_thrift_call_begin(struct fl_thrift_call *call, const struct fl_thrift_request *request,
                         flow_error **err);

/*
 * Adds the next bytes to OUT, until it holds ROOM of them or some more; only an event's headers are
 * not cut.  Returns 1 while there are more, 0 when the call is out, FLOW_ENOMEM.
 */
int fl_thrift_call_next(struct fl_thrift_call *call, size_t room, struct fl_buf *out);

/* The bytes of an event in a call, for who wants to keep frames small. */
uint64_t fl_thrift_event_size(enum fl_thrift_protocol protocol, const flow_event *event);

/*
 * An answer as it comes in.  One above FL_THRIFT_REPLY_MAX is refused before it is held: what a
 * server has to say is a status or the text of an error.
 */
#define FL_THRIFT_REPLY_MAX ((uint32_t)1 << 20)

struct fl_thrift_reply {
    struct fl_buf bytes; /* the frame so far */
    uint32_t size;       /* of its message, once that is known */
};

void fl_thrift_reply_init(struct fl_thrift_reply *reply, const flow_allocator *mem);
void fl_thrift_reply_free(struct fl_thrift_reply *reply);

/* Forgets what came, for the next answer or another connection. */
void fl_thrift_reply_clear(struct fl_thrift_reply *reply);

/*
 * Takes bytes and stores how many belong to this answer.  Returns 1 once it is complete, 0 when
 * more is needed, FLOW_EPARSE, FLOW_ETOOBIG, FLOW_ENOMEM.
 */
int fl_thrift_reply_feed(struct fl_thrift_reply *reply, const void *data, size_t size, size_t *used,
                         flow_error **err);

enum {
    FL_THRIFT_STATUS_OK = 0,
    FL_THRIFT_STATUS_FAILED = 1,
    FL_THRIFT_STATUS_ERROR = 2,
    FL_THRIFT_STATUS_UNKNOWN = 3,
};

/* What a complete answer says; texts are lent by it. */
struct fl_thrift_answer {
    int32_t seq;
    int is_error;     /* an exception: the method was not called; else `status` holds */
    int32_t status;   /* FL_THRIFT_STATUS_..., or a number of the peer's own */
    int32_t reason;   /* of an exception: FL_THRIFT_UNKNOWN_METHOD... */
    const char *text; /* of an exception; does not end in NUL; NULL without one */
    size_t text_size;
};

/* Reads a complete answer.  FLOW_EPARSE with the byte at fault. */
int fl_thrift_reply_read(const struct fl_thrift_reply *reply, enum fl_thrift_protocol protocol,
                         struct fl_thrift_answer *answer, flow_error **err);

/* "OK", "FAILED", "ERROR", "UNKNOWN"; "?" for another number. */
const char *fl_thrift_status_name(int32_t status);

#endif
