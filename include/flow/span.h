/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_SPAN_H
#define FLOW_SPAN_H

#include <flow/api.h>
#include <flow/error.h>

FLOW_BEGIN_DECLS

/* The most bytes of a key. */
#define FLOW_SPAN_KEY_MAX 255u

/* As a horizon: KEY is never used again. */
#define FLOW_SPAN_CLOSED UINT64_MAX

/*
 * Events of one sender that lie behind each other.  Each has a number, which it keeps however often
 * it is sent, and which no other event that the sender sends under KEY ever has; so whoever
 * remembers which numbers of which keys it has takes none twice, however batches form anew.
 *
 * HORIZON is a promise of the sender that lets the receiver forget: what has a smaller number has
 * arrived, or is never sent under KEY again.  It only grows, and is never above FIRST in a span
 * that has events.  A span without events only tells that.
 */
typedef struct flow_span {
    const void *key;   /* who gives the numbers */
    uint32_t key_size; /* 0: the events have no numbers, and may come twice */
    uint32_t count;
    uint64_t first; /* number of the first event; each other has the next one */
    uint64_t horizon;
} flow_span;

/* Gets one span, lent for the call; returns FLOW_OK to get the next. */
typedef int (*flow_span_fn)(void *self, const flow_span *span);

FLOW_END_DECLS

#endif
