/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_STAMP_H
#define FL_WIRE_STAMP_H

/*
 * Which numbers the events of a call have (<flow/span.h>), as bytes that go with the call where its
 * protocol has room for what Flume does not look at: in the metadata of Avro's calls, as an
 * argument of Thrift's that nobody knows.
 *
 *     stamp    1, then for each span: what it has, 1 byte; with KEY size, 1 byte, and key; with
 *              HORIZON that; count; first
 *
 * Numbers are of up to ten bytes, seven bits each, the lowest first.  A span without KEY has that
 * of the span before, and its first is then the distance from where that ended; one without HORIZON
 * has the horizon of the span before, or none.  A key of no bytes: the events have no numbers.
 */

#include <flow/span.h>

#include "base/buf.h"
#include "base/vec.h"

/* The name of the pair of metadata. */
#define FL_AVRO_STAMP_KEY "libflow.stamp"

/* The most bytes of a stamp. */
#define FL_STAMP_MAX 65536u

/* ---- the sender's side ---- */

/* The spans of what was taken; see flow_txn_spans. */
struct fl_stamp_list {
    struct fl_vec spans; /* of flow_span, without keys */
    struct fl_vec keys;  /* of size_t: where each key begins */
    struct fl_buf bytes; /* of all keys */
};

void fl_stamp_list_init(struct fl_stamp_list *list, const flow_allocator *mem);
void fl_stamp_list_free(struct fl_stamp_list *list);
void fl_stamp_list_clear(struct fl_stamp_list *list);

/* A flow_span_fn that adds to a struct fl_stamp_list; FLOW_ENOMEM. */
int fl_stamp_list_add(void *list, const flow_span *span);

/* The spans, as many as `spans.count`, lent until the list changes. */
const flow_span *fl_stamp_list_spans(struct fl_stamp_list *list);

/* What is of the COUNT events from FIRST on in the span at INDEX, which begins at event AT; 0:
 * nothing.  Spans without events go with the first of all. */
int fl_stamp_list_cut(const struct fl_stamp_list *list, size_t index, size_t at, size_t first,
                      size_t count, flow_span *span);

/*
 * Adds to OUT the stamp of the COUNT events from FIRST on; nothing when none of them has a number.
 * FLOW_ETOOBIG: it would be too long.
 */
int fl_stamp_write(struct fl_buf *out, const struct fl_stamp_list *list, size_t first,
                   size_t count);

/* Adds a stamp that tells of no numbers, only that it is a libflow who sends; FLOW_ENOMEM. */
int fl_stamp_write_empty(struct fl_buf *out);

/* ---- the receiver's ---- */

struct fl_stamp_in {
    const uint8_t *at, *end;
    flow_span last; /* lent by the bytes */
    uint64_t behind;
};

/* Begins to read; FLOW_EPARSE when it is no stamp that this version knows. */
int fl_stamp_begin(struct fl_stamp_in *stamp, const void *data, size_t size);

/* Reads the next span: 1, 0 at the end, FLOW_EPARSE. */
int fl_stamp_next(struct fl_stamp_in *stamp, flow_span *span);

#endif
