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

/* 32 bytes, at the front of what it owns; the texts of headers are packed behind each other. */
struct flow_event {
    struct fl_slab *slab;
    const uint8_t *body;
    const uint8_t *headers; /* for each: u32 sizes of name and value, name NUL value NUL */
    uint32_t body_size;
    uint32_t header_count;
};

int fl_slab_pool_new(flow_library *lib, struct fl_slab_pool **pool, flow_error **err);
void fl_slab_pool_free(struct fl_slab_pool *pool);

/* Adds, or drops, one reference to each of COUNT events. */
void fl_events_ref(const flow_event *const *events, size_t count);
void fl_events_unref(const flow_event *const *events, size_t count);

/* Bytes of memory that keeping EVENT holds, its share of the slab: what byteCapacity counts. */
size_t fl_event_weight(const flow_event *event);

#endif
