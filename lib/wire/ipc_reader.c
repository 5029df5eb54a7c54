/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A unit (a front, all spans of a request, an event) is looked at where it lies.  One that is cut
 * is gathered in `rest`, and looked at again only when there is as much of it as is known to be
 * needed.
 */

#include <string.h>

#include "base/error.h"
#include "base/le.h"
#include "wire/draft.h"
#include "wire/ipc_reader.h"

#define HEADER_FRONT 8u /* sizes of name and value */

/* Memory that a connection keeps between two units, and headers for which it does between two
 * requests. */
#define KEPT_MAX 4096u
#define KEPT_HEADERS_MAX 128u

void fl_ipc_reader_init(struct fl_ipc_reader *reader, const flow_allocator *mem, uint64_t most)
{
    *reader = (struct fl_ipc_reader){.most = most};
    fl_buf_init(&reader->rest, mem);
    fl_vec_init(&reader->headers, mem, sizeof(flow_header));
}

void fl_ipc_reader_free(struct fl_ipc_reader *reader)
{
    fl_buf_free(&reader->rest);
    fl_vec_free(&reader->headers);
}

size_t fl_ipc_reader_held(const struct fl_ipc_reader *reader)
{
    return reader->given ? 0 : reader->rest.size;
}

int fl_ipc_reader_within(const struct fl_ipc_reader *reader)
{
    return reader->stage != FL_IPC_AT_FRONT || fl_ipc_reader_held(reader);
}

static int broken(const struct fl_ipc_reader *reader, const char *what, flow_error **err)
{
    return flow_error_setf(err, FLOW_EPARSE, "request %llu, events at byte %llu: %s",
                           (unsigned long long)reader->request.number,
                           (unsigned long long)(reader->request.size - reader->left), what);
}

/* ---- units; each reads one of SIZE bytes at DATA and returns its size, or, when there are not
 * enough of them, 0, with reader->need ---- */

static int64_t need(struct fl_ipc_reader *reader, uint64_t size)
{
    reader->need = (size_t)size;
    return 0;
}

static int64_t read_front(struct fl_ipc_reader *reader, const uint8_t *data, size_t size,
                          flow_error **err)
{
    if (size < FL_IPC_REQUEST_FRONT)
        return need(reader, FL_IPC_REQUEST_FRONT);
    reader->request = (struct fl_ipc_request){0};
    int rc = fl_ipc_request_read(data, reader->most, &reader->request, err);
    return rc ? rc : (int64_t)FL_IPC_REQUEST_FRONT;
}

static int64_t read_spans(struct fl_ipc_reader *reader, const uint8_t *data, size_t size,
                          flow_error **err)
{
    size_t left = reader->request.spans_size;
    struct fl_ipc_span span;
    uint64_t sum = 0;
    uint32_t count = 0;
    int rc;

    if (size < left)
        return need(reader, left);
    while ((rc = fl_ipc_span_next(&reader->request, &data, &left, &sum, &span, err)) > 0)
        count++;
    if (!rc && count != reader->request.spans)
        return broken(reader, "there are other spans than the front says", err);
    return rc ? rc : (int64_t)reader->request.spans_size;
}

/* The size of an event, or 0 while only its beginning is there. */
static int64_t measure_event(struct fl_ipc_reader *reader, const uint8_t *data, size_t size,
                             flow_error **err)
{
    if (reader->left < FL_IPC_EVENT_MIN)
        return broken(reader, "an event is cut", err);
    if (size < FL_IPC_EVENT_MIN)
        return need(reader, FL_IPC_EVENT_MIN);

    uint32_t count = fl_le32_get(data);
    uint64_t whole = FL_IPC_EVENT_MIN + (uint64_t)count * HEADER_FRONT;
    if (whole > reader->left || count > FL_DRAFT_HEADERS_MAX)
        return broken(reader, "the headers of an event are too many", err);
    if (size < whole)
        return need(reader, whole);
    /* Each adds less than 8 GB for 8 bytes that are there, so the sum cannot overflow. */
    for (size_t i = 0; i < 2 * (size_t)count; i++)
        whole += fl_le32_get(data + FL_IPC_EVENT_MIN + i * 4);
    whole += fl_le32_get(data + 4);
    if (whole > reader->left)
        return broken(reader, "an event is larger than what is left of the request", err);
    return size < whole ? need(reader, whole) : (int64_t)whole;
}

static int read_headers(struct fl_ipc_reader *reader, const uint8_t *data, uint32_t count)
{
    const uint8_t *sizes = data + FL_IPC_EVENT_MIN;
    const uint8_t *text = sizes + (size_t)count * HEADER_FRONT;

    if (fl_vec_reserve(&reader->headers, count))
        return FLOW_ENOMEM;
    for (uint32_t i = 0; i < count; i++, sizes += HEADER_FRONT) {
        flow_header header = {
            .name = (const char *)text,
            .name_size = fl_le32_get(sizes),
            .value_size = fl_le32_get(sizes + 4),
        };
        text += header.name_size;
        header.value = (const char *)text;
        text += header.value_size;
        fl_vec_push(&reader->headers, &header);
    }
    return FLOW_OK;
}

static int64_t read_event(struct fl_ipc_reader *reader, const uint8_t *data, size_t size,
                          struct fl_ipc_item *item, flow_error **err)
{
    int64_t whole = measure_event(reader, data, size, err);

    if (whole <= 0)
        return whole;
    uint32_t count = fl_le32_get(data);
    reader->headers.count = 0;
    if (count && read_headers(reader, data, count))
        return fl_error_nomem(err);
    item->headers = reader->headers.items;
    item->header_count = count;
    item->body_size = fl_le32_get(data + 4);
    item->body = data + whole - item->body_size;
    return whole;
}

static int64_t read_unit(struct fl_ipc_reader *reader, const uint8_t *data, size_t size,
                         struct fl_ipc_item *item, flow_error **err)
{
    switch (reader->stage) {
    case FL_IPC_AT_FRONT: return read_front(reader, data, size, err);
    case FL_IPC_AT_SPANS: item->spans = data; return read_spans(reader, data, size, err);
    case FL_IPC_AT_EVENTS: return read_event(reader, data, size, item, err);
    }
    return FLOW_EPARSE;
}

/* ---- from pieces to units ---- */

/* Moves bytes of the piece to `rest`, as many as it needs. */
static int gather(struct fl_ipc_reader *reader, const uint8_t **data, size_t *size,
                  flow_error **err)
{
    size_t missing = reader->need - reader->rest.size;
    size_t part = missing < *size ? missing : *size;

    if (fl_buf_append(&reader->rest, *data, part))
        return fl_error_nomem(err);
    *data += part;
    *size -= part;
    return FLOW_OK;
}

static void drop_rest(struct fl_ipc_reader *reader)
{
    reader->given = 0;
    if (reader->rest.capacity > KEPT_MAX)
        fl_buf_free(&reader->rest);
    else
        fl_buf_clear(&reader->rest);
}

/* Reads a unit that has begun in an earlier piece. */
static int64_t read_gathered(struct fl_ipc_reader *reader, const uint8_t **data, size_t *size,
                             struct fl_ipc_item *item, flow_error **err)
{
    int64_t used = 0;

    while (!used && *size) {
        int rc = gather(reader, data, size, err);
        if (rc)
            return rc;
        if (reader->rest.size == reader->need)
            used = read_unit(reader, reader->rest.data, reader->rest.size, item, err);
    }
    reader->given = used > 0;
    return used;
}

/* Reads a unit where it lies, and keeps the beginning of one that is cut. */
static int64_t read_in_place(struct fl_ipc_reader *reader, const uint8_t **data, size_t *size,
                             struct fl_ipc_item *item, flow_error **err)
{
    int64_t used = read_unit(reader, *data, *size, item, err);

    if (used > 0) {
        *data += used;
        *size -= (size_t)used;
    } else if (!used && *size) {
        return gather(reader, data, size, err);
    }
    return used;
}

/* A unit of USED bytes was read: returns what that is to the user, 0 when there is more to it. */
static int advance(struct fl_ipc_reader *reader, int64_t used)
{
    switch (reader->stage) {
    case FL_IPC_AT_FRONT:
        reader->left = reader->request.size;
        reader->events = 0;
        reader->stage = reader->request.spans_size ? FL_IPC_AT_SPANS : FL_IPC_AT_EVENTS;
        return reader->request.spans_size ? 0 : FL_IPC_BEGIN;
    case FL_IPC_AT_SPANS: reader->stage = FL_IPC_AT_EVENTS; return FL_IPC_BEGIN;
    case FL_IPC_AT_EVENTS: break;
    }
    reader->left -= (uint64_t)used;
    reader->events++;
    return FL_IPC_EVENT;
}

static int end_request(struct fl_ipc_reader *reader, struct fl_ipc_item *item, flow_error **err)
{
    if (reader->left)
        return broken(reader, "there is more than the events of the request", err);
    item->request = reader->request;
    reader->request = (struct fl_ipc_request){0};
    reader->stage = FL_IPC_AT_FRONT;
    if (reader->headers.capacity > KEPT_HEADERS_MAX)
        fl_vec_free(&reader->headers);
    return FL_IPC_END;
}

int fl_ipc_reader_next(struct fl_ipc_reader *reader, const uint8_t **data, size_t *size,
                       struct fl_ipc_item *item, flow_error **err)
{
    for (;;) {
        if (reader->given)
            drop_rest(reader);
        if (reader->stage == FL_IPC_AT_EVENTS && reader->events == reader->request.events)
            return end_request(reader, item, err);
        int64_t used = reader->rest.size ? read_gathered(reader, data, size, item, err)
                                         : read_in_place(reader, data, size, item, err);
        if (used <= 0)
            return (int)used;
        int kind = advance(reader, used);
        if (kind) {
            item->request = reader->request;
            return kind;
        }
    }
}
