/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_IPC_H
#define FL_WIRE_IPC_H

/*
 * What the ipc source and sink say to each other, see flow-ipc(5).  All numbers are little-endian.
 *
 *     request    "FLQ1", number of events 4, number of the request 8, size of the events 8, number
 *                of spans 4, size of the spans 4; the spans; the events in the packed form of
 *                <flow/batch.h>
 *     span       first 8, horizon 8, count 4, size of the key 4; the key, and zeroes up to a
 *                multiple of 8
 *     answer     "FLA1", status 2, size of the text 2, number of the request 8; the text
 */

#include <flow/error.h>

#include "base/buf.h"

#define FL_IPC_REQUEST_FRONT 32u
#define FL_IPC_ANSWER_FRONT 16u
#define FL_IPC_SPAN_FRONT 24u

#define FL_IPC_SPANS_SIZE_MAX 65536u
#define FL_IPC_KEY_MAX 255u
#define FL_IPC_TEXT_MAX 1024u

/* An event takes so many bytes at least. */
#define FL_IPC_EVENT_MIN 8u

struct fl_ipc_request {
    uint64_t number;
    uint64_t size; /* of the events, packed */
    uint32_t events;
    uint32_t spans;
    uint32_t spans_size;
};

/* The numbers that the sender gave events which lie behind each other; see <flow/span.h>. */
struct fl_ipc_span {
    const uint8_t *key; /* not terminated; lent */
    uint32_t key_size;
    uint32_t count;
    uint64_t first;
    uint64_t horizon;
};

#define FL_IPC_OK 0u
#define FL_IPC_FAILED 1u  /* it may succeed later */
#define FL_IPC_REFUSED 2u /* it never will */

struct fl_ipc_answer {
    uint64_t number;
    const char *text; /* not terminated; lent */
    uint16_t text_size;
    uint16_t status;
};

/* Adds the front of a request.  The spans follow, then the events. */
int fl_ipc_request_write(struct fl_buf *out, const struct fl_ipc_request *request);

/* Adds a span; its size is fl_ipc_span_size. */
int fl_ipc_span_write(struct fl_buf *out, const struct fl_ipc_span *span);
uint32_t fl_ipc_span_size(uint32_t key_size);

/*
 * Reads the front of a request from FL_IPC_REQUEST_FRONT bytes.  FLOW_EPARSE for what is none, or
 * contradicts itself; FLOW_ETOOBIG, with all of *REQUEST, when its events are more than MOST bytes.
 */
int fl_ipc_request_read(const uint8_t *data, uint64_t most, struct fl_ipc_request *request,
                        flow_error **err);

/*
 * Reads the next of REQUEST's spans from what is left of them, which moves on.  Returns 1, or 0
 * behind the last; FLOW_EPARSE, also when all together are not as many events as the request has,
 * for which *SUM counts, from 0.
 */
int fl_ipc_span_next(const struct fl_ipc_request *request, const uint8_t **data, size_t *left,
                     uint64_t *sum, struct fl_ipc_span *span, flow_error **err);

/* Adds an answer; a text beyond FL_IPC_TEXT_MAX is cut. */
int fl_ipc_answer_write(struct fl_buf *out, const struct fl_ipc_answer *answer);

/* Reads an answer and stores its size in *USED.  Returns 1, 0 when more bytes are needed,
 * FLOW_EPARSE. */
int fl_ipc_answer_read(const uint8_t *data, size_t size, struct fl_ipc_answer *answer, size_t *used,
                       flow_error **err);

#endif
