/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_EVENT_H
#define FLOW_EVENT_H

#include <flow/api.h>
#include <flow/error.h>
#include <flow/library.h>

FLOW_BEGIN_DECLS

/*
 * A body of bytes with headers: an ordered list of names and values.  Immutable, counted by
 * references, shared between threads.  Whoever holds a reference may read without a lock.
 */
typedef struct flow_event flow_event;

/*
 * A header.  Both texts end in NUL, which the sizes do not count; they may also hold NUL.  Since
 * headers go in arrays, each call that takes or fills them is told their size, HEADER_SIZE.
 */
typedef struct flow_header {
    const char *name;
    const char *value;
    uint32_t name_size;
    uint32_t value_size;
} flow_header;

/*
 * The largest body and the largest sum of a single event's headers, in bytes.  Larger ones are
 * refused with FLOW_ETOOBIG wherever they come from.
 */
#define FLOW_EVENT_BODY_MAX ((uint32_t)0x7fffffff)
#define FLOW_EVENT_HEADERS_MAX ((uint32_t)0x01000000)

/*
 * Makes an event of its own from COUNT headers, HEADER_SIZE bytes apart
 * (sizeof(flow_header)), and SIZE bytes of body, all copied.  For many events at once
 * flow_batch_add is several times cheaper.
 *
 * Errors: FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_event_new(flow_library *lib, const void *body, size_t size,
                            const flow_header *headers, size_t count, size_t header_size,
                            flow_event **event, flow_error **err);

/*
 * Keeps an event beyond the call that lent it.  *KEPT is EVENT itself, or a copy where keeping
 * EVENT would hold much more memory than it needs (a small event of a large batch).  The caller
 * releases *KEPT with flow_event_unref.
 *
 * Since: 1.0
 */
FLOW_API int flow_event_keep(const flow_event *event, flow_event **kept, flow_error **err);

/*
 * Releases a reference.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_event_unref(flow_event *event);

/*
 * Keeps COUNT events as flow_event_keep does each, all or none, and stores them in KEPT; for
 * channels.  Events that were made together are counted together, so this is many times cheaper.
 * The caller releases them with flow_events_unref.
 *
 * Since: 1.0
 */
FLOW_API int flow_events_keep(const flow_event *const *events, size_t count,
                              const flow_event **kept, flow_error **err);

/*
 * Releases a reference to each of COUNT events.
 *
 * Since: 1.0
 */
FLOW_API void flow_events_unref(const flow_event *const *events, size_t count);

/*
 * Returns the bytes of memory that COUNT events stand for: bodies, headers and 64 bytes each for
 * what belongs to an event.  Keeping them holds at most twice as much.  The bodies alone are stored
 * in *BODIES, unless that is NULL.
 *
 * Since: 1.0
 */
FLOW_API uint64_t flow_events_weight(const flow_event *const *events, size_t count,
                                     uint64_t *bodies);

/*
 * Returns the body, and its size in *SIZE.  The bytes live as long as the reference.
 *
 * Since: 1.0
 */
FLOW_API const void *flow_event_body(const flow_event *event, size_t *size);

/*
 * Returns the number of headers.
 *
 * Since: 1.0
 */
FLOW_API size_t flow_event_header_count(const flow_event *event);

/*
 * Fills *HEADER, which has HEADER_SIZE bytes (sizeof(flow_header)), with the header at INDEX, which
 * counts from 0 in the order of insertion.  The texts live as long as the reference.
 *
 * Errors: FLOW_ENOENT behind the last; no error object.
 * Since: 1.0
 */
FLOW_API int flow_event_header_at(const flow_event *event, size_t index, flow_header *header,
                                  size_t header_size);

/*
 * Returns the value of the header NAME, or NULL.  SIZE may be NULL.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_event_header(const flow_event *event, const char *name, size_t *size);

FLOW_END_DECLS

#endif
