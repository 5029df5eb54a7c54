/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_FLUME_OG_H
#define FL_WIRE_FLUME_OG_H

/*
 * Events of Flume 0.9, the "original generation", as Flume's legacy sources make today's of them:
 * what the old event had besides its body become headers.
 */

#include "wire/draft.h"

#define FL_OG_PRIORITY_MAX 5

struct fl_og_event {
    int64_t timestamp; /* milliseconds */
    int64_t nanos;
    int32_t priority; /* from 0, FATAL, to TRACE; anything else makes no header */
    const void *host; /* NULL when there is none */
    size_t host_size;
};

/* An event that has none of it yet. */
struct fl_og_event fl_og_event(void);

/* Adds a field to the headers; what fl_og_finish makes of the event's own parts gives way to it. */
int fl_og_field(struct fl_draft *draft, const void *name, size_t name_size, const void *value,
                size_t value_size);

/* Adds host, timestamp, pri, nanos and FlumeOG. */
int fl_og_finish(struct fl_draft *draft, const struct fl_og_event *event);

#endif
