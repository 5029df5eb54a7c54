/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_IPC_READER_H
#define FL_WIRE_IPC_READER_H

/*
 * Cuts what an ipc sink sends, which comes in pieces of any size, into requests and events.  An
 * event that lies in one piece is not copied.
 *
 *     while ((rc = fl_ipc_reader_next(&reader, &data, &size, &item, err)) > 0)
 *         use(rc, &item);
 */

#include <flow/event.h>

#include "base/vec.h"
#include "wire/ipc.h"

/* What comes next.  All is lent until the next call or until the piece goes. */
enum fl_ipc_item_kind {
    FL_IPC_BEGIN = 1, /* a request: its front and its spans, which are checked */
    FL_IPC_EVENT,
    FL_IPC_END, /* of the request */
};

struct fl_ipc_item {
    struct fl_ipc_request request;
    const uint8_t *spans; /* request.spans_size bytes, for fl_ipc_span_next */
    const uint8_t *body;
    size_t body_size;
    const flow_header *headers;
    size_t header_count;
};

enum fl_ipc_stage {
    FL_IPC_AT_FRONT,
    FL_IPC_AT_SPANS,
    FL_IPC_AT_EVENTS,
};

struct fl_ipc_reader {
    uint64_t most; /* bytes of events in a request */
    enum fl_ipc_stage stage;
    struct fl_ipc_request request; /* the one under way; all zero between requests */
    uint64_t left;                 /* bytes of events that are still to come */
    uint32_t events;               /* how many have come */
    struct fl_buf rest;            /* the beginning of what does not lie in one piece */
    size_t need;                   /* the size of which it has to be, at least */
    int given;                     /* `rest` was handed out */
    struct fl_vec headers;         /* of flow_header: of the event at hand */
};

void fl_ipc_reader_init(struct fl_ipc_reader *reader, const flow_allocator *mem, uint64_t most);
void fl_ipc_reader_free(struct fl_ipc_reader *reader);

/*
 * Takes the next item from the *SIZE bytes at *DATA, which move on.  Returns its kind, 0 when the
 * piece is used up, FLOW_EPARSE, FLOW_ETOOBIG or FLOW_ENOMEM.  After a fault in a request,
 * reader->request tells which one it was, if its front could be read.
 */
int fl_ipc_reader_next(struct fl_ipc_reader *reader, const uint8_t **data, size_t *size,
                       struct fl_ipc_item *item, flow_error **err);

/* Bytes of an unfinished request that are kept. */
size_t fl_ipc_reader_held(const struct fl_ipc_reader *reader);

/* Whether a request has begun and not ended. */
int fl_ipc_reader_within(const struct fl_ipc_reader *reader);

#endif
