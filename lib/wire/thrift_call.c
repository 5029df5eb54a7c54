/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls.  A call is measured first, since its size stands at its front, then written in pieces that
 * are sent while they are in the processor's cache.
 */

#include <string.h>

#include "base/error.h"
#include "wire/thrift_call.h"

/* Fields of the calls and of an event. */
enum { CALL_EVENTS = 1, EVENT_HEADERS = 1, EVENT_BODY = 2 };

void fl_thrift_call_init(struct fl_thrift_call *call, const flow_allocator *mem)
{
    *call = (struct fl_thrift_call){.count = 0};
    fl_buf_init(&call->head, mem);
    fl_buf_init(&call->tail, mem);
}

void fl_thrift_call_free(struct fl_thrift_call *call)
{
    fl_buf_free(&call->head);
    fl_buf_free(&call->tail);
}

/* The front of the frame, its size left open, and what stands before the first event. */
static int put_head(struct fl_buf *out, const struct fl_thrift_request *request)
{
    const char *name = request->batch ? "appendBatch" : "append";
    const struct fl_thrift_head head = {
        .seq = request->seq,
        .type = FL_THRIFT_CALL,
        .name = name,
        .name_size = strlen(name),
    };
    enum fl_thrift_protocol protocol = request->protocol;
    uint8_t type = request->batch ? FL_THRIFT_LIST : FL_THRIFT_STRUCT;
    size_t start;
    int rc = fl_thrift_open_frame(out, &start);

    if (!rc)
        rc = fl_thrift_put_head(out, protocol, &head);
    if (!rc)
        rc = fl_thrift_put_field(out, protocol, type, CALL_EVENTS, 0);
    if (!rc && request->batch)
        rc = fl_thrift_put_list(out, protocol, FL_THRIFT_STRUCT, (uint32_t)request->count);
    return rc;
}

static int put_tail(struct fl_buf *out, const struct fl_thrift_request *request)
{
    enum fl_thrift_protocol protocol = request->protocol;
    int rc = FLOW_OK;

    if (request->stamp) {
        rc = fl_thrift_put_field(out, protocol, FL_THRIFT_BYTES, FL_THRIFT_STAMP, CALL_EVENTS);
        if (!rc)
            rc = fl_thrift_put_bytes(out, protocol, request->stamp, request->stamp_size);
    }
    return rc ? rc : fl_thrift_put_stop(out);
}

/* The bytes of a size, and of what is in front of one. */
static uint64_t size_size(enum fl_thrift_protocol protocol, uint64_t size)
{
    uint64_t bytes = 1;

    if (protocol != FL_THRIFT_COMPACT)
        return 4;
    for (; size > 0x7f; size >>= 7)
        bytes++;
    return bytes;
}

static uint64_t headers_size(enum fl_thrift_protocol protocol, const flow_event *event)
{
    size_t count = flow_event_header_count(event);
    uint64_t total = size_size(protocol, count);

    if (protocol != FL_THRIFT_COMPACT)
        total += 2;
    else if (count > 0)
        total += 1;
    for (size_t i = 0; i < count; i++) {
        flow_header header;
        if (flow_event_header_at(event, i, &header, sizeof header))
            continue;
        total += size_size(protocol, header.name_size) + header.name_size;
        total += size_size(protocol, header.value_size) + header.value_size;
    }
    return total;
}

uint64_t fl_thrift_event_size(enum fl_thrift_protocol protocol, const flow_event *event)
{
    uint64_t heads = protocol == FL_THRIFT_COMPACT ? 2 : 6; /* of its two fields */
    size_t size;

    flow_event_body(event, &size);
    return heads + headers_size(protocol, event) + size_size(protocol, size) + size + 1;
}

static int check_size(const struct fl_thrift_call *call, flow_error **err)
{
    if (call->count <= INT32_MAX && call->size - FL_THRIFT_FRAME_HEAD <= INT32_MAX)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_ETOOBIG,
                           "%zu events of together %llu bytes do not fit into one call, which "
                           "holds 2 GB",
                           call->count, (unsigned long long)call->size);
}

int fl_thrift_call_begin(struct fl_thrift_call *call, const struct fl_thrift_request *request,
                         flow_error **err)
{
    fl_buf_clear(&call->head);
    fl_buf_clear(&call->tail);
    if (put_head(&call->head, request) || put_tail(&call->tail, request))
        return fl_error_nomem(err);
    call->protocol = request->protocol;
    call->events = request->events;
    call->count = request->count;
    call->at = 0;
    call->in_body = 0;
    call->size = call->head.size + call->tail.size;
    for (size_t i = 0; i < request->count; i++)
        call->size += fl_thrift_event_size(request->protocol, request->events[i]);
    int rc = check_size(call, err);
    if (!rc)
        fl_thrift_write_frame(call->head.data, (uint32_t)(call->size - FL_THRIFT_FRAME_HEAD));
    return rc;
}

static int put_headers(struct fl_buf *out, enum fl_thrift_protocol protocol,
                       const flow_event *event)
{
    size_t count = flow_event_header_count(event);
    int rc = fl_thrift_put_text_map(out, protocol, (uint32_t)count);

    for (size_t i = 0; !rc && i < count; i++) {
        flow_header header;
        rc = flow_event_header_at(event, i, &header, sizeof header);
        if (!rc)
            rc = fl_thrift_put_bytes(out, protocol, header.name, header.name_size);
        if (!rc)
            rc = fl_thrift_put_bytes(out, protocol, header.value, header.value_size);
    }
    return rc;
}

/* All of an event that comes before the bytes of its body. */
static int put_front(struct fl_buf *out, enum fl_thrift_protocol protocol, const flow_event *event,
                     size_t size)
{
    int rc = fl_thrift_put_field(out, protocol, FL_THRIFT_MAP, EVENT_HEADERS, 0);

    if (!rc)
        rc = put_headers(out, protocol, event);
    if (!rc)
        rc = fl_thrift_put_field(out, protocol, FL_THRIFT_BYTES, EVENT_BODY, EVENT_HEADERS);
    return rc ? rc : fl_thrift_put_size(out, protocol, (uint32_t)size);
}

static int begin_event(struct fl_thrift_call *call, struct fl_buf *out, const flow_event *event,
                       size_t size)
{
    if (call->in_body)
        return FLOW_OK;
    call->in_body = 1;
    call->body_at = 0;
    return put_front(out, call->protocol, event, size);
}

/* Adds as much of the present event as there is room for. */
static int put_event(struct fl_thrift_call *call, size_t room, struct fl_buf *out)
{
    const flow_event *event = call->events[call->at];
    size_t size;
    const uint8_t *body = flow_event_body(event, &size);

    if (begin_event(call, out, event, size))
        return FLOW_ENOMEM;
    size_t part = size - call->body_at;
    size_t free = out->size < room ? room - out->size : 0;
    if (part > free)
        part = free;
    if (fl_buf_append(out, body + call->body_at, part))
        return FLOW_ENOMEM;
    call->body_at += part;
    if (call->body_at < size)
        return FLOW_OK;
    call->in_body = 0;
    call->at++;
    return fl_thrift_put_stop(out);
}

/* What goes out once. */
static int put_part(struct fl_buf *part, struct fl_buf *out)
{
    int rc = fl_buf_append(out, part->data, part->size);

    if (!rc)
        fl_buf_clear(part);
    return rc;
}

int fl_thrift_call_next(struct fl_thrift_call *call, size_t room, struct fl_buf *out)
{
    if (put_part(&call->head, out))
        return FLOW_ENOMEM;
    while (call->at < call->count) {
        if (out->size >= room)
            return 1;
        if (put_event(call, room, out))
            return FLOW_ENOMEM;
    }
    return put_part(&call->tail, out);
}
