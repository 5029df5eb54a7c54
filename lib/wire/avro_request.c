/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Calls.  A call is measured first, since its size stands at its front, then written in pieces that
 * fit into the processor's cache, where they are sent from while they are warm.
 */

#include <string.h>

#include "base/error.h"
#include "codec/avro.h"
#include "wire/avro_request.h"

#define FRAME_FRONT 12 /* serial, number of buffers, size of the one that follows */
#define PEER_GENERATION "1"

void fl_avro_sending_init(struct fl_avro_sending *call, const flow_allocator *mem)
{
    *call = (struct fl_avro_sending){.count = 0};
    fl_buf_init(&call->head, mem);
}

void fl_avro_sending_free(struct fl_avro_sending *call)
{
    fl_buf_free(&call->head);
}

static int put_meta(struct fl_buf *out, const struct fl_avro_meta *meta, size_t count)
{
    int rc = count > 0 ? fl_avro_put_long(out, (int64_t)count) : FLOW_OK;

    for (size_t i = 0; !rc && i < count; i++) {
        rc = fl_avro_put_text(out, meta[i].key);
        if (!rc)
            rc = fl_avro_put_bytes(out, meta[i].value, meta[i].size);
    }
    return rc ? rc : fl_avro_put_long(out, 0);
}

/* Of unions, the index of what follows: 0 is null. */
static int put_hello(struct fl_buf *out, const struct fl_avro_hello *hello)
{
    const struct fl_avro_meta peer = {FL_AVRO_PEER_KEY, PEER_GENERATION,
                                      sizeof PEER_GENERATION - 1};
    int rc = fl_buf_append(out, hello->client_hash, FL_AVRO_HASH);

    if (!rc)
        rc = fl_avro_put_long(out, hello->client_text != NULL);
    if (!rc && hello->client_text)
        rc = fl_avro_put_text(out, hello->client_text);
    if (!rc)
        rc = fl_buf_append(out, hello->server_hash, FL_AVRO_HASH);
    if (!rc)
        rc = fl_avro_put_long(out, 1);
    return rc ? rc : put_meta(out, &peer, 1);
}

/* The frame's front, its size left open, and what stands before the first event. */
static int put_head(struct fl_buf *out, const struct fl_avro_request *request)
{
    int rc = fl_buf_be32(out, request->serial);

    if (!rc)
        rc = fl_buf_be32(out, 1);
    if (!rc)
        rc = fl_buf_be32(out, 0);
    if (!rc && request->hello)
        rc = put_hello(out, request->hello);
    if (!rc)
        rc = put_meta(out, request->meta, request->meta_count);
    if (!rc)
        rc = fl_avro_put_text(out, request->batch ? "appendBatch" : "append");
    if (!rc && request->batch && request->count > 0)
        rc = fl_avro_put_long(out, (int64_t)request->count);
    return rc;
}

static uint64_t events_size(const struct fl_avro_request *request)
{
    uint64_t total = request->batch; /* the 0 behind the last */

    for (size_t i = 0; i < request->count; i++) {
        size_t size;
        flow_event_body(request->events[i], &size);
        total += fl_avro_front_size(request->events[i]) + size;
    }
    return total;
}

static void write_be32(uint8_t *at, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
}

int fl_avro_sending_begin(struct fl_avro_sending *call, const struct fl_avro_request *request,
                          flow_error **err)
{
    fl_buf_clear(&call->head);
    if (put_head(&call->head, request))
        return fl_error_nomem(err);
    call->events = request->events;
    call->count = request->count;
    call->batch = request->batch;
    call->at = 0;
    call->in_body = 0;
    call->size = call->head.size + events_size(request);
    if (call->size - FRAME_FRONT > INT32_MAX)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "%zu events of together %llu bytes do not fit into one call, which "
                               "holds 2 GB",
                               call->count, (unsigned long long)call->size);
    write_be32(call->head.data + FRAME_FRONT - 4, (uint32_t)(call->size - FRAME_FRONT));
    return FLOW_OK;
}

/* Adds as much of the present event as there is room for. */
static int put_event(struct fl_avro_sending *call, size_t room, struct fl_buf *out)
{
    const flow_event *event = call->events[call->at];
    size_t size;
    const uint8_t *body = flow_event_body(event, &size);

    if (!call->in_body) {
        if (fl_avro_put_front(out, event))
            return FLOW_ENOMEM;
        call->in_body = 1;
        call->body_at = 0;
    }
    size_t part = size - call->body_at;
    size_t free = out->size < room ? room - out->size : 0;
    if (part > free)
        part = free;
    if (part > 0 && fl_buf_append(out, body + call->body_at, part))
        return FLOW_ENOMEM;
    call->body_at += part;
    if (call->body_at == size) {
        call->in_body = 0;
        call->at++;
    }
    return FLOW_OK;
}

/* The frame's head goes out once. */
static int put_begun(struct fl_avro_sending *call, struct fl_buf *out)
{
    if (call->head.size == 0)
        return FLOW_OK;
    if (fl_buf_append(out, call->head.data, call->head.size))
        return FLOW_ENOMEM;
    fl_buf_clear(&call->head);
    return FLOW_OK;
}

int fl_avro_sending_next(struct fl_avro_sending *call, size_t room, struct fl_buf *out)
{
    if (put_begun(call, out))
        return FLOW_ENOMEM;
    while (call->at < call->count) {
        if (out->size >= room)
            return 1;
        if (put_event(call, room, out))
            return FLOW_ENOMEM;
    }
    if (!call->batch)
        return 0;
    if (fl_buf_byte(out, 0))
        return FLOW_ENOMEM;
    call->batch = 0;
    return 0;
}
