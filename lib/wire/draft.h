/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_DRAFT_H
#define FL_WIRE_DRAFT_H

/* An event as a decoder finds it: parts that lie in the bytes it came in, or in the draft. */

#include <flow/event.h>

#include "base/vec.h"

/* The most headers of an event: each takes ten bytes in memory besides its own. */
#define FL_DRAFT_HEADERS_MAX (FLOW_EVENT_HEADERS_MAX / 10)

/* Room for any 64-bit number in digits. */
#define FL_DRAFT_NUMBER 24

struct fl_draft {
    const void *body;
    size_t size;
    struct fl_vec headers; /* of flow_header */
    const char *fault;     /* what is wrong with it, where that is known; else NULL */
    char timestamp[FL_DRAFT_NUMBER];
    char nanos[FL_DRAFT_NUMBER];
};

void fl_draft_init(struct fl_draft *draft, const flow_allocator *mem);
void fl_draft_free(struct fl_draft *draft);

/* Empties it for the next event; memory is kept. */
void fl_draft_clear(struct fl_draft *draft);

/* Adds a header.  FLOW_ENOMEM; FLOW_EPARSE when there are more than an event can have. */
int fl_draft_header(struct fl_draft *draft, const void *name, size_t name_size, const void *value,
                    size_t value_size);

#endif
