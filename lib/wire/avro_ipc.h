/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_AVRO_IPC_H
#define FL_WIRE_AVRO_IPC_H

/*
 * The receiving side of Flume's Avro RPC: frames of Avro's Netty transport, the handshake, calls of
 * append and appendBatch, and the answers to them.  Bytes go in as they come, events and calls come
 * out; nothing is allocated because a length says so, only for what has come.
 *
 *     struct fl_avro_in in = fl_avro_in(data, size);
 *     while ((rc = fl_avro_ipc_next(&ipc, &in, err)) > 0)
 *         rc == FL_AVRO_IPC_EVENT ? an event of a call that goes on : a call has ended;
 *
 * What is wrong within a call makes it a call that is refused, and the next one is read as if
 * nothing had happened; what is wrong with a frame ends the connection.
 */

#include <flow/event.h>

#include "base/buf.h"
#include "base/vec.h"
#include "codec/avro.h"

#define FL_AVRO_HASH 16u

/* Flume's protocol as both sides hash it, FL_AVRO_PROTOCOL_SIZE bytes, and the hash. */
#define FL_AVRO_PROTOCOL_SIZE 1334u
extern const char fl_avro_protocol[FL_AVRO_PROTOCOL_SIZE + 1];
extern const uint8_t fl_avro_protocol_hash[FL_AVRO_HASH];

/* Flume's enum of results. */
enum fl_avro_status { FL_AVRO_OK, FL_AVRO_FAILED, FL_AVRO_UNKNOWN };

/* How well client and server know each other, as the server says; the numbers of the wire, then
 * what it does not say: no handshake was asked for; both, and the client is a libflow too. */
enum fl_avro_match {
    FL_AVRO_BOTH,
    FL_AVRO_CLIENT,
    FL_AVRO_NONE,
    FL_AVRO_NO_HANDSHAKE,
    FL_AVRO_LIBFLOWS,
};

/*
 * What both sides of libflow's put into the metadata of the handshake, and Flume does not look at.
 * Who finds it knows that the peer executes the calls of a connection in order, one by one.
 */
#define FL_AVRO_PEER_KEY "libflow"

enum fl_avro_call_kind {
    FL_AVRO_APPEND,
    FL_AVRO_APPEND_BATCH,
    FL_AVRO_PING,     /* only the handshake is to be answered */
    FL_AVRO_STRANGER, /* the client has to send its protocol first */
    FL_AVRO_REFUSED,  /* the call makes no sense; its events, if any, do not count */
};

/* A call that has ended. */
struct fl_avro_call {
    uint32_t serial;
    enum fl_avro_call_kind kind;
    enum fl_avro_match match; /* what its handshake is answered with */
};

enum fl_avro_ipc_item {
    FL_AVRO_IPC_MORE, /* all bytes are used up */
    FL_AVRO_IPC_EVENT,
    FL_AVRO_IPC_CALL,
};

/* What outlives a connection: whose protocols the server has seen. */
struct fl_avro_memory {
    int (*has)(void *self, const uint8_t *hash);
    void (*learn)(void *self, const uint8_t *hash);
    void *self;
};

struct fl_avro_ipc {
    const struct fl_avro_memory *memory; /* set it after fl_avro_ipc_init; NULL: none */

    /* The last item. */
    const uint8_t *body; /* of an event; valid, with the headers, until the next call */
    size_t body_size;
    struct fl_vec headers; /* of flow_header */
    struct fl_avro_call call;

    /* The inside. */
    const flow_allocator *mem;
    size_t frame_max;
    uint8_t number[8]; /* the beginning of a frame or buffer */
    uint8_t number_size;
    uint8_t phase;
    uint8_t in_frame;
    uint8_t connected;   /* the handshake is done */
    uint8_t foreign;     /* by a client with a protocol of its own */
    uint32_t buffers;    /* of the frame that are still to come */
    size_t left;         /* bytes of the present one */
    size_t frame;        /* bytes of those so far */
    uint64_t items;      /* events of the present block that are still to come */
    struct fl_buf carry; /* the beginning of an item whose end has not come, or what came with it */
    size_t try_at;       /* its size when it may be whole */
    size_t eaten;        /* bytes of it that were handed out */
    struct fl_buf metadata;
    struct fl_buf fault; /* why a call is refused */
};

/* A connection's; frames are refused when they are larger than FRAME_MAX bytes. */
void fl_avro_ipc_init(struct fl_avro_ipc *ipc, const flow_allocator *mem, size_t frame_max);
void fl_avro_ipc_free(struct fl_avro_ipc *ipc);

/*
 * The next item in IN, which moves on: one of enum fl_avro_ipc_item.  FLOW_EPARSE, FLOW_ETOOBIG: it
 * is no frame, or too large; FLOW_ENOMEM; none may be followed by another call.
 */
int fl_avro_ipc_next(struct fl_avro_ipc *ipc, struct fl_avro_in *in, flow_error **err);

/*
 * The value that the call under way, or the one that has just ended, gives KEY in its metadata;
 * returns 0 when there is none.  Lent until the next call.
 */
int fl_avro_ipc_metadata(const struct fl_avro_ipc *ipc, const char *key, const uint8_t **data,
                         size_t *size);

/* The memory that it keeps for a call that has not ended; 0 between calls. */
size_t fl_avro_ipc_held(const struct fl_avro_ipc *ipc);

/* The answer to a call of append or appendBatch. */
int fl_avro_put_status(struct fl_buf *out, const struct fl_avro_call *call,
                       enum fl_avro_status status);

/* The answer to a call of any other kind, which has just ended. */
int fl_avro_ipc_put_answer(struct fl_buf *out, const struct fl_avro_ipc *ipc);

#endif
