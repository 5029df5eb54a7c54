/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The packed form of events (see <flow/batch.h>): many events in one call, for languages in which
 * a call costs much.  A text from outside is never trusted: every size is held against what is
 * left before it is used.
 */

#include <string.h>

#include "base/error.h"
#include "base/vec.h"
#include "core/batch.h"
#include "core/library.h"

#define EVENT_FRONT 8u  /* number of headers, size of the body */
#define HEADER_FRONT 8u /* sizes of name and value */

struct reader {
    const uint8_t *data;
    size_t size;
    size_t at;
    struct fl_vec headers; /* of flow_header; of the event at hand */
};

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint8_t *write32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    at[2] = (uint8_t)(value >> 16);
    at[3] = (uint8_t)(value >> 24);
    return at + 4;
}

static int short_of(const struct reader *reader, const char *what, uint64_t wanted,
                    flow_error **err)
{
    return flow_error_setf(err, FLOW_EPARSE,
                           "packed text at byte %zu: %s needs %llu bytes, but %zu are left",
                           reader->at, what, (unsigned long long)wanted, reader->size - reader->at);
}

/* Reads the sizes of COUNT headers, whose texts follow behind all of them. */
static int read_header_sizes(struct reader *reader, uint32_t count, flow_error **err)
{
    uint64_t sizes = (uint64_t)count * HEADER_FRONT;

    if (sizes > reader->size - reader->at)
        return short_of(reader, "the table of headers", sizes, err);
    reader->headers.count = 0;
    if (fl_vec_reserve(&reader->headers, count))
        return fl_error_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        flow_header header = {
            .name_size = read32(reader->data + reader->at),
            .value_size = read32(reader->data + reader->at + 4),
        };
        reader->at += HEADER_FRONT;
        fl_vec_push(&reader->headers, &header);
    }
    return FLOW_OK;
}

static int read_header_texts(struct reader *reader, flow_error **err)
{
    for (size_t i = 0; i < reader->headers.count; i++) {
        flow_header *header = fl_vec_at(&reader->headers, i);
        uint64_t both = (uint64_t)header->name_size + header->value_size;
        if (both > reader->size - reader->at)
            return short_of(reader, "a header", both, err);
        header->name = (const char *)reader->data + reader->at;
        header->value = header->name + header->name_size;
        reader->at += (size_t)both;
    }
    return FLOW_OK;
}

/* Reads one event and adds it. */
static int read_event(flow_batch *batch, struct reader *reader, flow_error **err)
{
    if (reader->size - reader->at < EVENT_FRONT)
        return short_of(reader, "the front of an event", EVENT_FRONT, err);
    uint32_t count = read32(reader->data + reader->at);
    uint32_t body = read32(reader->data + reader->at + 4);
    reader->at += EVENT_FRONT;

    reader->headers.count = 0;
    if (count > 0) {
        int rc = read_header_sizes(reader, count, err);
        if (!rc)
            rc = read_header_texts(reader, err);
        if (rc)
            return rc;
    }
    if (body > reader->size - reader->at)
        return short_of(reader, "a body", body, err);
    const uint8_t *bytes = reader->data + reader->at;
    reader->at += body;
    return flow_batch_add_full(batch, bytes, body, reader->headers.items, count,
                               sizeof(flow_header), err);
}

int flow_batch_add_packed(flow_batch *batch, const void *data, size_t size, flow_error **err)
{
    struct reader reader = {.data = data, .size = size};
    int rc = FLOW_OK;

    if (!batch || (!data && size > 0))
        return flow_error_set(err, FLOW_EINVAL, "no batch, or a size but no packed text");
    size_t before = batch->count;
    fl_vec_init(&reader.headers, &batch->lib->allocator, sizeof(flow_header));
    while (!rc && reader.at < size)
        rc = read_event(batch, &reader, err);
    if (rc)
        flow_batch_truncate(batch, before);
    fl_vec_free(&reader.headers);
    return rc;
}

int flow_batch_set_packed(flow_batch *batch, const void *data, size_t size, flow_error **err)
{
    size_t before = batch ? batch->count : 0;
    int rc = flow_batch_add_packed(batch, data, size, err);

    if (!rc) {
        fl_batch_drop_front(batch, before);
        fl_marks_mix(&batch->marks, before, batch->count);
        fl_stamps_mix(&batch->stamps, before, batch->count);
    }
    return rc;
}

static uint64_t packed_size(const flow_event *event)
{
    uint64_t size = EVENT_FRONT + (uint64_t)event->body_size;
    const uint8_t *at = NULL;
    flow_header header;

    while ((at = fl_event_next_header(event, at, &header)) != NULL)
        size += HEADER_FRONT + (uint64_t)header.name_size + header.value_size;
    return size;
}

static uint8_t *pack_event(uint8_t *out, const flow_event *event)
{
    const uint8_t *at = NULL;
    flow_header header;

    out = write32(out, event->header_count);
    out = write32(out, event->body_size);
    while ((at = fl_event_next_header(event, at, &header)) != NULL) {
        out = write32(out, header.name_size);
        out = write32(out, header.value_size);
    }
    while ((at = fl_event_next_header(event, at, &header)) != NULL) {
        memcpy(out, header.name, header.name_size);
        out += header.name_size;
        memcpy(out, header.value, header.value_size);
        out += header.value_size;
    }
    if (event->body_size > 0)
        memcpy(out, event->body, event->body_size);
    return out + event->body_size;
}

int flow_events_pack(const flow_event *const *events, size_t count, void *data, size_t room,
                     size_t *size, flow_error **err)
{
    uint64_t needed = 0;
    uint8_t *out = data;

    if (!size || (!events && count > 0))
        return flow_error_set(err, FLOW_EINVAL, "no events, or no place for their size");
    for (size_t i = 0; i < count; i++)
        needed += packed_size(events[i]);
    *size = (size_t)needed;
    if (needed > room)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "packed events need %llu bytes, but %zu are given",
                               (unsigned long long)needed, room);
    for (size_t i = 0; i < count; i++)
        out = pack_event(out, events[i]);
    return FLOW_OK;
}
