/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_EVENT_H
#define FL_CORE_EVENT_H

/*
 * Events live in slabs: one block of memory, recycled by the library's pool, for all events of a
 * batch, counted as a whole.  Whoever moves many events counts once for each run of one slab.
 */

#include <flow/event.h>

struct fl_slab;
struct fl_slab_pool;

/* The flow_header of the first version; later ones have more behind it. */
#define FL_HEADER_MIN (offsetof(flow_header, value_size) + sizeof(uint32_t))

/*
 * 32 bytes, at the front of what it owns: headers, then body.  Either may lie elsewhere in the same
 * slab once a batch has replaced it.
 */
struct flow_event {
    struct fl_slab *slab;
    const uint8_t *body;
    const uint8_t *headers; /* see below; NULL when there are none */
    uint32_t body_size;
    uint32_t header_count;
};

/*
 * Headers in memory: the size of all that follows, then for each header the sizes of name and
 * value, name NUL, value NUL.  Sizes are unaligned 32-bit numbers of the machine.
 */
#define FL_HEADERS_FRONT 4u
#define FL_HEADER_EXTRA 10u /* sizes and NULs of one header */

/* What an event is made of.  Headers are STRIDE bytes apart. */
struct fl_parts {
    const void *body;
    size_t size;
    const flow_header *headers;
    size_t count;
    size_t stride;
};

int fl_slab_pool_new(flow_library *lib, struct fl_slab_pool **pool, flow_error **err);
void fl_slab_pool_free(struct fl_slab_pool *pool);

/* The bytes an event of PARTS takes, a multiple of FL_SLAB_ALIGN; FLOW_ETOOBIG, FLOW_EINVAL. */
int fl_event_measure(const struct fl_parts *parts, size_t *bytes, flow_error **err);

/* Makes an event at MEMORY, which lies in SLAB and has as many bytes as were measured.  A body that
 * is NULL is left for the caller to write. */
flow_event *fl_event_make(struct fl_slab *slab, void *memory, const struct fl_parts *parts);

/* Copies EVENT to MEMORY, which lies in SLAB and has fl_event_size bytes. */
const flow_event *fl_event_copy(struct fl_slab *slab, void *memory, const flow_event *event);

/* The headers as one block in the form above, and its size with the front; 0 without headers. */
size_t fl_event_headers_size(const flow_event *event);

/* Steps from one header, beginning with NULL, to the next; NULL behind the last. */
const uint8_t *fl_event_next_header(const flow_event *event, const uint8_t *at,
                                    flow_header *header);

/* Writes one header in the form above and returns what is behind it. */
uint8_t *fl_header_write(uint8_t *at, const flow_header *header);

/* Adds, or drops, one reference to each of COUNT events. */
void fl_events_ref(const flow_event *const *events, size_t count);
void fl_events_unref(const flow_event *const *events, size_t count);

/* The bytes EVENT takes in a slab when it lies there compact. */
size_t fl_event_size(const flow_event *event);

#endif
