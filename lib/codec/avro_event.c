/* SPDX-License-Identifier: Apache-2.0 */

/* Events in Avro's encoding.  Each is measured first, so that room is made for it once. */

#include <string.h>

#include "codec/avro.h"
#include "core/event.h"

static uint64_t zig_zag(uint64_t size)
{
    return size << 1;
}

/* The bytes of a length. */
static size_t length_size(uint64_t size)
{
    size_t bytes = 1;

    for (uint64_t left = zig_zag(size); left > 0x7f; left >>= 7)
        bytes++;
    return bytes;
}

static uint8_t *write_length(uint8_t *at, uint64_t size)
{
    uint64_t left = zig_zag(size);

    for (; left > 0x7f; left >>= 7)
        *at++ = (uint8_t)(left | 0x80);
    *at++ = (uint8_t)left;
    return at;
}

static uint8_t *write_text(uint8_t *at, const char *text, size_t size)
{
    at = write_length(at, size);
    memcpy(at, text, size);
    return at + size;
}

static uint64_t headers_size(const flow_event *event)
{
    uint64_t size = 1; /* the 0 at the end */
    const uint8_t *at = NULL;
    flow_header header;

    if (event->header_count > 0)
        size += length_size(event->header_count);
    while ((at = fl_event_next_header(event, at, &header)) != NULL)
        size += length_size(header.name_size) + header.name_size + length_size(header.value_size) +
                header.value_size;
    return size;
}

static uint8_t *write_headers(uint8_t *out, const flow_event *event)
{
    const uint8_t *at = NULL;
    flow_header header;

    if (event->header_count > 0)
        out = write_length(out, event->header_count);
    while ((at = fl_event_next_header(event, at, &header)) != NULL) {
        out = write_text(out, header.name, header.name_size);
        out = write_text(out, header.value, header.value_size);
    }
    *out = 0;
    return out + 1;
}

uint64_t fl_avro_front_size(const flow_event *event)
{
    return headers_size(event) + length_size(event->body_size);
}

int fl_avro_put_front(struct fl_buf *out, const flow_event *event)
{
    size_t size = (size_t)fl_avro_front_size(event);
    uint8_t *at = fl_buf_reserve(out, size);

    if (!at)
        return FLOW_ENOMEM;
    write_length(write_headers(at, event), event->body_size);
    out->size += size;
    return FLOW_OK;
}

int fl_avro_put_event(struct fl_buf *out, const flow_event *event)
{
    int rc = fl_avro_put_front(out, event);

    return rc ? rc : fl_buf_append(out, event->body, event->body_size);
}
