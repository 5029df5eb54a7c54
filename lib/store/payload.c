/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/crc32c.h"
#include "base/le.h"
#include "core/event.h"
#include "store/payload.h"

#define EVENT_FRONT 12u
#define IS_LITTLE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

uint64_t fl_payload_size(const flow_event *const *events, size_t count)
{
    uint64_t size = 0;

    for (size_t i = 0; i < count; i++)
        size += EVENT_FRONT + fl_event_headers_size(events[i]) + events[i]->body_size;
    return size;
}

/* Numbers among headers are the machine's in memory and little-endian on disk. */
static void number_to_disk(uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    fl_le32_put(at, value);
}

static void headers_to_disk(uint8_t *block, size_t size)
{
    flow_event event = {.headers = block, .header_count = 1};
    const uint8_t *at = NULL;
    flow_header header;

    if (IS_LITTLE || !size)
        return;
    while ((at = fl_event_next_header(&event, at, &header)) != NULL) {
        uint8_t *front = (uint8_t *)header.name - 8;
        number_to_disk(front);
        number_to_disk(front + 4);
    }
    number_to_disk(block);
}

uint8_t *fl_payload_write(uint8_t *out, const flow_event *const *events, size_t count,
                          uint32_t *crc)
{
    uint32_t sum = *crc;

    for (size_t i = 0; i < count; i++) {
        const flow_event *event = events[i];
        size_t headers = fl_event_headers_size(event);
        fl_le32_put(fl_le32_put(fl_le32_put(out, event->header_count), (uint32_t)headers),
                    event->body_size);
        if (headers)
            memcpy(out + EVENT_FRONT, event->headers, headers);
        headers_to_disk(out + EVENT_FRONT, headers);
        sum = fl_crc32c(sum, out, EVENT_FRONT + headers);
        out += EVENT_FRONT + headers;
        sum = fl_crc32c_copy(sum, out, event->body, event->body_size);
        out += event->body_size;
    }
    *crc = sum;
    return out;
}

/* Reads a number and makes it the machine's where it lies. */
static uint32_t number_from_disk(uint8_t *at)
{
    uint32_t value = fl_le32_get(at);

    if (!IS_LITTLE)
        memcpy(at, &value, sizeof value);
    return value;
}

/* Whether the SIZE bytes at BLOCK are COUNT headers. */
static int headers_from_disk(uint8_t *block, size_t size, uint32_t count)
{
    size_t at = FL_HEADERS_FRONT;

    if (size < at || number_from_disk(block) != size - at)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        if (size - at < FL_HEADER_EXTRA)
            return 0;
        uint64_t name = number_from_disk(block + at);
        uint64_t value = number_from_disk(block + at + 4);
        if (name + value > size - at - FL_HEADER_EXTRA || block[at + 8 + name])
            return 0;
        at += FL_HEADER_EXTRA + (size_t)(name + value);
        if (block[at - 1])
            return 0;
    }
    return at == size;
}

/* Makes one event of what begins at BYTES; returns its size there, 0 when it is broken. */
static size_t read_event(uint8_t *bytes, size_t left, flow_event *event)
{
    if (left < EVENT_FRONT)
        return 0;
    uint32_t count = fl_le32_get(bytes);
    uint64_t headers = fl_le32_get(bytes + 4);
    uint64_t body = fl_le32_get(bytes + 8);
    if (headers + body > left - EVENT_FRONT || (count == 0) != (headers == 0))
        return 0;
    bytes += EVENT_FRONT;
    if (count && !headers_from_disk(bytes, (size_t)headers, count))
        return 0;
    event->header_count = count;
    event->headers = count ? bytes : NULL;
    event->body = bytes + headers;
    event->body_size = (uint32_t)body;
    return EVENT_FRONT + (size_t)(headers + body);
}

int fl_payload_read(struct fl_slab *slab, uint8_t *bytes, size_t size, flow_event *places,
                    const flow_event **events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t used = read_event(bytes, size, &places[i]);
        if (!used)
            return FLOW_EPARSE;
        places[i].slab = slab;
        events[i] = &places[i];
        bytes += used;
        size -= used;
    }
    return size == 0 ? FLOW_OK : FLOW_EPARSE;
}
