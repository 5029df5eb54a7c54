/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Changing events of a batch.  Where the batch alone holds the slab, the event stays where it is
 * and only the changed part is written anew; otherwise the batch gets a changed copy, and those who
 * share the old event notice nothing.
 */

#include <string.h>

#include "base/error.h"
#include "core/batch.h"

/* A change of one header; a value that is NULL removes it. */
struct edit {
    flow_header header;
    int present; /* whether the event has the header */
    size_t size; /* of the headers after the change, with their front; 0 without headers */
    uint32_t count;
};

static int same_name(const flow_header *a, const flow_header *b)
{
    return a->name_size == b->name_size && memcmp(a->name, b->name, a->name_size) == 0;
}

static size_t extent(const flow_header *header)
{
    return FL_HEADER_EXTRA + (size_t)header->name_size + header->value_size;
}

/* Finds out what the headers of EVENT will take. */
static void edit_measure(struct edit *edit, const flow_event *event)
{
    const uint8_t *at = NULL;
    flow_header header;
    size_t size = 0;

    edit->count = 0;
    edit->present = 0;
    while ((at = fl_event_next_header(event, at, &header)) != NULL) {
        if (same_name(&header, &edit->header)) {
            /* Only the first of several keeps the place; the others go. */
            if (edit->present++ || !edit->header.value)
                continue;
            header = edit->header;
        }
        size += extent(&header);
        edit->count++;
    }
    if (!edit->present && edit->header.value) {
        size += extent(&edit->header);
        edit->count++;
    }
    edit->size = edit->count > 0 ? FL_HEADERS_FRONT + size : 0;
}

/* Writes the headers of EVENT as they are after the change. */
static void edit_write(const struct edit *edit, const flow_event *event, uint8_t *out)
{
    const uint32_t total = (uint32_t)(edit->size - FL_HEADERS_FRONT);
    const uint8_t *at = NULL;
    flow_header header;
    int seen = 0;

    memcpy(out, &total, sizeof total);
    out += FL_HEADERS_FRONT;
    while ((at = fl_event_next_header(event, at, &header)) != NULL) {
        if (same_name(&header, &edit->header)) {
            if (seen++ || !edit->header.value)
                continue;
            header = edit->header;
        }
        out = fl_header_write(out, &header);
    }
    if (!seen && edit->header.value)
        fl_header_write(out, &edit->header);
}

static int owned_alone(const flow_batch *batch, const flow_event *event)
{
    return fl_batch_made(batch, event) && fl_slab_alone(event->slab);
}

/* SIZE bytes in the event's own slab. */
static void *take_beside(flow_batch *batch, flow_event *event, size_t size)
{
    size_t rounded = FL_SLAB_ROUND(size);
    void *memory = fl_arena_grow((struct fl_arena *)event->slab, rounded);

    if (memory)
        batch->filled += rounded;
    return memory;
}

/* EVENT, of the batch's own, had BYTES and a body of BODY before it was changed. */
static void recount(flow_event *event, size_t bytes, size_t body)
{
    fl_arena_recount((struct fl_arena *)event->slab, fl_event_size(event) - bytes,
                     event->body_size - body);
}

static int edit_in_place(flow_batch *batch, flow_event *event, const struct edit *edit,
                         flow_error **err)
{
    const size_t bytes = fl_event_size(event);
    uint8_t *headers = NULL;

    if (edit->size > 0) {
        headers = take_beside(batch, event, edit->size);
        if (!headers)
            return fl_error_nomem(err);
        edit_write(edit, event, headers);
    }
    event->headers = headers;
    event->header_count = edit->count;
    recount(event, bytes, event->body_size);
    return FLOW_OK;
}

/* Room in the batch's slabs for an event with HEADERS bytes of headers and BODY of body. */
static int take_event(flow_batch *batch, size_t headers, size_t body, flow_event **event,
                      flow_error **err)
{
    struct fl_slab *slab = NULL;
    void *memory = NULL;
    int rc = fl_batch_take(batch, FL_SLAB_ROUND(sizeof(flow_event) + headers + body), body, &slab,
                           &memory, err);

    if (rc)
        return rc;
    *event = memory;
    (*event)->slab = slab;
    (*event)->headers = headers > 0 ? (uint8_t *)(*event + 1) : NULL;
    (*event)->body = (uint8_t *)(*event + 1) + headers;
    (*event)->body_size = (uint32_t)body;
    return FLOW_OK;
}

static int edit_copy(flow_batch *batch, size_t index, const struct edit *edit, flow_error **err)
{
    const flow_event *old = batch->events[index];
    flow_event *event = NULL;
    int rc = take_event(batch, edit->size, old->body_size, &event, err);

    if (rc)
        return rc;
    event->header_count = edit->count;
    if (edit->size > 0)
        edit_write(edit, old, (uint8_t *)event->headers);
    memcpy((uint8_t *)event->body, old->body, old->body_size);
    fl_batch_replace(batch, index, event);
    return FLOW_OK;
}

static int edit_header(flow_batch *batch, size_t index, const char *name, const char *value,
                       flow_error **err)
{
    size_t name_size = strlen(name);
    size_t value_size = value ? strlen(value) : 0;
    flow_event *event = (flow_event *)batch->events[index];

    if (name_size > FLOW_EVENT_HEADERS_MAX || value_size > FLOW_EVENT_HEADERS_MAX)
        return flow_error_setf(err, FLOW_ETOOBIG, "a header has more than %u bytes",
                               FLOW_EVENT_HEADERS_MAX);
    struct edit edit = {
        .header = {name, value, (uint32_t)name_size, (uint32_t)value_size},
    };
    edit_measure(&edit, event);
    if (!value && !edit.present)
        return FLOW_OK;
    if (edit.size > FL_HEADERS_FRONT + (size_t)FLOW_EVENT_HEADERS_MAX)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "the headers of an event would have %zu bytes, more than the %u "
                               "that are allowed",
                               edit.size - FL_HEADERS_FRONT, FLOW_EVENT_HEADERS_MAX);
    if (owned_alone(batch, event))
        return edit_in_place(batch, event, &edit, err);
    return edit_copy(batch, index, &edit, err);
}

static int no_event(const flow_batch *batch, size_t index, flow_error **err)
{
    return flow_error_setf(err, FLOW_ENOENT, "no event %zu in a batch of %zu", index, batch->count);
}

int flow_batch_set_header(flow_batch *batch, size_t index, const char *name, const char *value,
                          flow_error **err)
{
    if (!batch || !name || !value)
        return flow_error_set(err, FLOW_EINVAL, "no batch, or a header without name or value");
    if (index >= batch->count)
        return no_event(batch, index, err);
    return edit_header(batch, index, name, value, err);
}

int flow_batch_remove_header(flow_batch *batch, size_t index, const char *name, flow_error **err)
{
    if (!batch || !name)
        return flow_error_set(err, FLOW_EINVAL, "no batch, or a header without name");
    if (index >= batch->count)
        return no_event(batch, index, err);
    return edit_header(batch, index, name, NULL, err);
}

/* The new body may be a part of the old one, so nothing of that goes before it is copied. */
static int body_in_place(flow_batch *batch, flow_event *event, const void *body, size_t size,
                         flow_error **err)
{
    const size_t bytes = fl_event_size(event), before = event->body_size;
    uint8_t *memory = (uint8_t *)event->body;

    if (size > event->body_size) {
        memory = take_beside(batch, event, size);
        if (!memory)
            return fl_error_nomem(err);
    }
    if (size > 0)
        memmove(memory, body, size);
    event->body = memory;
    event->body_size = (uint32_t)size;
    recount(event, bytes, before);
    return FLOW_OK;
}

static int body_copy(flow_batch *batch, size_t index, const void *body, size_t size,
                     flow_error **err)
{
    const flow_event *old = batch->events[index];
    size_t headers = fl_event_headers_size(old);
    flow_event *event = NULL;
    int rc = take_event(batch, headers, size, &event, err);

    if (rc)
        return rc;
    event->header_count = old->header_count;
    if (headers > 0)
        memcpy((uint8_t *)event->headers, old->headers, headers);
    if (size > 0)
        memcpy((uint8_t *)event->body, body, size);
    fl_batch_replace(batch, index, event);
    return FLOW_OK;
}

int flow_batch_set_body(flow_batch *batch, size_t index, const void *body, size_t size,
                        flow_error **err)
{
    if (!batch || (!body && size > 0))
        return flow_error_set(err, FLOW_EINVAL, "no batch, or a size but no body");
    if (index >= batch->count)
        return no_event(batch, index, err);
    if (size > FLOW_EVENT_BODY_MAX)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "the body of an event has %zu bytes, more than the %u that are "
                               "allowed",
                               size, FLOW_EVENT_BODY_MAX);
    flow_event *event = (flow_event *)batch->events[index];
    if (owned_alone(batch, event))
        return body_in_place(batch, event, body, size, err);
    return body_copy(batch, index, body, size, err);
}
