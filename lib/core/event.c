/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events, and references to many of them at once.  A reference counts on the slab, so a run of
 * events of one slab costs one atomic operation however long it is.
 */

#include <string.h>

#include "base/error.h"
#include "core/event.h"
#include "core/library.h"
#include "core/slab.h"
#include "core/table.h"

static uint32_t load32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return value;
}

static uint8_t *store32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

static const flow_header *header_of(const struct fl_parts *parts, size_t index)
{
    return (const void *)((const uint8_t *)parts->headers + index * parts->stride);
}

static int too_big(flow_error **err, const char *what, uint64_t size, uint32_t limit)
{
    return flow_error_setf(err, FLOW_ETOOBIG,
                           "%s of an event has %llu bytes, more than the %u that are allowed", what,
                           (unsigned long long)size, limit);
}

/* Adds up the headers as they are laid out in memory. */
static int measure_headers(const struct fl_parts *parts, size_t *bytes, flow_error **err)
{
    uint64_t total = 0;

    if (parts->count == 0) {
        *bytes = 0;
        return FLOW_OK;
    }
    if (!parts->headers || parts->stride < FL_HEADER_MIN)
        return flow_error_set(err, FLOW_EINVAL,
                              "headers without an array, or smaller than a flow_header");
    if (parts->count > FLOW_EVENT_HEADERS_MAX / FL_HEADER_EXTRA)
        return too_big(err, "the header", FLOW_EVENT_HEADERS_MAX + UINT64_C(1),
                       FLOW_EVENT_HEADERS_MAX);
    for (size_t i = 0; i < parts->count; i++) {
        const flow_header *header = header_of(parts, i);
        if (!header->name || (!header->value && header->value_size > 0))
            return flow_error_setf(err, FLOW_EINVAL, "header %zu has no %s", i,
                                   header->name ? "value" : "name");
        total += FL_HEADER_EXTRA + (uint64_t)header->name_size + header->value_size;
    }
    if (total > FLOW_EVENT_HEADERS_MAX)
        return too_big(err, "the header", total, FLOW_EVENT_HEADERS_MAX);
    *bytes = FL_HEADERS_FRONT + (size_t)total;
    return FLOW_OK;
}

int fl_event_measure(const struct fl_parts *parts, size_t *bytes, flow_error **err)
{
    size_t headers = 0;

    if (parts->size > FLOW_EVENT_BODY_MAX)
        return too_big(err, "the body", parts->size, FLOW_EVENT_BODY_MAX);
    int rc = measure_headers(parts, &headers, err);
    if (rc)
        return rc;
    *bytes = FL_SLAB_ROUND(sizeof(flow_event) + headers + parts->size);
    return FLOW_OK;
}

uint8_t *fl_header_write(uint8_t *at, const flow_header *header)
{
    at = store32(at, header->name_size);
    at = store32(at, header->value_size);
    memcpy(at, header->name, header->name_size);
    at += header->name_size;
    *at++ = '\0';
    if (header->value_size > 0)
        memcpy(at, header->value, header->value_size);
    at += header->value_size;
    *at++ = '\0';
    return at;
}

static uint8_t *write_headers(flow_event *event, uint8_t *at, const struct fl_parts *parts)
{
    uint8_t *front = at;

    event->headers = front;
    at += FL_HEADERS_FRONT;
    for (size_t i = 0; i < parts->count; i++)
        at = fl_header_write(at, header_of(parts, i));
    store32(front, (uint32_t)(at - front - FL_HEADERS_FRONT));
    return at;
}

flow_event *fl_event_make(struct fl_slab *slab, void *memory, const struct fl_parts *parts)
{
    flow_event *event = memory;
    uint8_t *at = (uint8_t *)(event + 1);

    event->slab = slab;
    event->headers = NULL;
    event->header_count = (uint32_t)parts->count;
    if (parts->count > 0)
        at = write_headers(event, at, parts);
    event->body = at;
    event->body_size = (uint32_t)parts->size;
    if (parts->body && parts->size > 0)
        memcpy(at, parts->body, parts->size);
    return event;
}

int flow_event_new(flow_library *lib, const void *body, size_t size, const flow_header *headers,
                   size_t count, size_t header_size, flow_event **event, flow_error **err)
{
    const struct fl_parts parts = {body, size, headers, count, header_size};
    size_t bytes = 0;
    int rc = fl_library_check(lib, err);

    if (!rc && !event)
        rc = flow_error_set(err, FLOW_EINVAL, "no place for the event");
    if (!rc && !body && size > 0)
        rc = flow_error_set(err, FLOW_EINVAL, "a size but no body");
    if (!rc)
        rc = fl_event_measure(&parts, &bytes, err);
    if (rc)
        return rc;
    struct fl_slab *slab = fl_slab_exact(lib->pool, bytes, 1);
    if (!slab)
        return fl_error_nomem(err);
    *event = fl_event_make(slab, slab + 1, &parts);
    return FLOW_OK;
}

size_t fl_event_headers_size(const flow_event *event)
{
    return event->header_count > 0 ? FL_HEADERS_FRONT + load32(event->headers) : 0;
}

/* What an event costs besides its own bytes: its share of the slab, and pointers to it. */
#define SHARE 32u

static inline size_t size_of(const flow_event *event)
{
    return FL_SLAB_ROUND(sizeof *event + fl_event_headers_size(event) + event->body_size);
}

size_t fl_event_size(const flow_event *event)
{
    return size_of(event);
}

/* Events of one slab that follow each other in an array. */
struct run {
    size_t count;
    int is_ordered; /* as they lie in the slab, so none is there twice */
};

/* The run that EVENTS begins with.  Mostly the addresses tell; the events themselves may be in
 * another thread's cache. */
static inline struct run run_of(const flow_event *const *events, size_t count)
{
    struct run run = {1, 1};

    if (count == 1)
        return run;
    const struct fl_slab *slab = events[0]->slab;
    const uintptr_t begin = (uintptr_t)slab, reach = slab->reach;
    uintptr_t last = (uintptr_t)events[0];
    for (; run.count < count; run.count++) {
        const uintptr_t at = (uintptr_t)events[run.count];
        if (at - begin >= reach && events[run.count]->slab != slab)
            break;
        run.is_ordered &= at > last;
        last = at;
    }
    return run;
}

/* The bytes of a run, and of the bodies in it. */
static size_t run_size(const flow_event *const *events, struct run run, size_t *bodies)
{
    const struct fl_slab *slab = events[0]->slab;
    size_t bytes = 0;

    /* Of one event the slab says no more than the event, and the slab's counter may be on its way
     * from another thread's cache. */
    if (run.count > 1 && run.is_ordered && fl_slab_is_arena(slab) &&
        fl_arena_is_whole((const struct fl_arena *)slab, run.count, &bytes, bodies))
        return bytes;
    *bodies = 0;
    bytes = 0;
    for (size_t i = 0; i < run.count; i++) {
        bytes += size_of(events[i]);
        *bodies += events[i]->body_size;
    }
    return bytes;
}

void fl_events_ref(const flow_event *const *events, size_t count)
{
    for (size_t i = 0, n; i < count; i += n) {
        n = run_of(events + i, count - i).count;
        fl_slab_ref(events[i]->slab, (uint32_t)n);
    }
}

void fl_events_unref(const flow_event *const *events, size_t count)
{
    for (size_t i = 0, n; i < count; i += n) {
        n = run_of(events + i, count - i).count;
        fl_slab_unref(events[i]->slab, (uint32_t)n);
    }
}

const flow_event *fl_event_copy(struct fl_slab *slab, void *memory, const flow_event *event)
{
    flow_event *copy = memory;
    size_t headers = fl_event_headers_size(event);
    uint8_t *at = (uint8_t *)(copy + 1);

    *copy = *event;
    copy->slab = slab;
    if (headers > 0) {
        memcpy(at, event->headers, headers);
        copy->headers = at;
    }
    memcpy(at + headers, event->body, event->body_size);
    copy->body = at + headers;
    return copy;
}

/* Copies a run that has SIZE bytes to a slab of its own. */
static int copy_run(const flow_event *const *events, size_t count, size_t size,
                    const flow_event **copies)
{
    struct fl_slab *own = fl_slab_exact(events[0]->slab->pool, size, (uint32_t)count);

    if (!own)
        return FLOW_ENOMEM;
    uint8_t *memory = (uint8_t *)(own + 1);
    for (size_t i = 0; i < count; i++) {
        copies[i] = fl_event_copy(own, memory, events[i]);
        memory += size_of(events[i]);
    }
    return FLOW_OK;
}

/*
 * Keeps a run of one slab that has SIZE bytes: by references where it weighs more than half of what
 * the slab holds in memory, else by copies in a slab of their own.  So what is kept never holds
 * more than twice its weight.
 */
static int keep_run(const flow_event *const *events, size_t count, size_t size,
                    const flow_event **kept)
{
    struct fl_slab *slab = events[0]->slab;

    /* Before anything is read of the slab: so its line comes from another thread's cache only once,
     * to be written. */
    fl_slab_ref(slab, (uint32_t)count);
    memcpy(kept, events, count * sizeof(*kept));
    if (2 * (size + count * SHARE) > slab->size)
        return FLOW_OK;
    int rc = copy_run(events, count, size, kept);
    fl_slab_unref(slab, (uint32_t)count);
    return rc;
}

int flow_events_keep(const flow_event *const *events, size_t count, const flow_event **kept,
                     flow_error **err)
{
    for (size_t i = 0, n; i < count; i += n) {
        const struct run run = run_of(events + i, count - i);
        size_t bodies = 0, size = run_size(events + i, run, &bodies);
        n = run.count;
        if (keep_run(events + i, n, size, kept + i)) {
            fl_events_unref(kept, i);
            return fl_error_nomem(err);
        }
    }
    return FLOW_OK;
}

void flow_events_unref(const flow_event *const *events, size_t count)
{
    fl_events_unref(events, count);
}

uint64_t flow_events_weight(const flow_event *const *events, size_t count, uint64_t *bodies)
{
    uint64_t weight = 0;
    uint64_t sum = 0;

    for (size_t i = 0, n; i < count; i += n) {
        const struct run run = run_of(events + i, count - i);
        size_t of_run = 0;
        n = run.count;
        weight += run_size(events + i, run, &of_run) + n * SHARE;
        sum += of_run;
    }
    if (bodies)
        *bodies = sum;
    return weight;
}

int flow_event_keep(const flow_event *event, flow_event **kept, flow_error **err)
{
    const flow_event *found = NULL;

    if (!event || !kept)
        return flow_error_set(err, FLOW_EINVAL, "no event to keep, or no place for it");
    int rc = fl_library_check(fl_slab_library(event->slab), err);
    if (!rc)
        rc = flow_events_keep(&event, 1, &found, err);
    if (!rc)
        *kept = (flow_event *)found;
    return rc;
}

void flow_event_unref(flow_event *event)
{
    if (event)
        fl_slab_unref(event->slab, 1);
}

const void *flow_event_body(const flow_event *event, size_t *size)
{
    if (size)
        *size = event->body_size;
    return event->body;
}

size_t flow_event_header_count(const flow_event *event)
{
    return event->header_count;
}

const uint8_t *fl_event_next_header(const flow_event *event, const uint8_t *at, flow_header *header)
{
    if (event->header_count == 0)
        return NULL;
    const uint8_t *front = event->headers + FL_HEADERS_FRONT;
    const uint8_t *end = front + load32(event->headers);
    at = at ? at : front;
    if (at == end)
        return NULL;
    header->name_size = load32(at);
    header->value_size = load32(at + 4);
    header->name = (const char *)at + 8;
    header->value = header->name + header->name_size + 1;
    return (const uint8_t *)header->value + header->value_size + 1;
}

int flow_event_header_at(const flow_event *event, size_t index, flow_header *header,
                         size_t header_size)
{
    const uint8_t *at = NULL;
    flow_header found = {0};

    if (!event || !header)
        return FLOW_EINVAL;
    if (index >= event->header_count)
        return FLOW_ENOENT;
    for (size_t i = 0; i <= index; i++)
        at = fl_event_next_header(event, at, &found);
    return fl_struct_export(header, header_size, &found, sizeof found, FL_HEADER_MIN);
}

const char *flow_event_header(const flow_event *event, const char *name, size_t *size)
{
    size_t wanted = strlen(name);
    const uint8_t *at = NULL;
    flow_header header;

    while ((at = fl_event_next_header(event, at, &header)) != NULL) {
        if (header.name_size != wanted || memcmp(header.name, name, wanted))
            continue;
        if (size)
            *size = header.value_size;
        return header.value;
    }
    return NULL;
}
