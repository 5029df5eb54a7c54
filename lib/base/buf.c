/* SPDX-License-Identifier: Apache-2.0 */

/* Bytes that grow at their end: memory doubles, so that appending costs the same on average. */

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define SMALLEST 64

void fl_buf_init(struct fl_buf *buf, const flow_allocator *mem)
{
    *buf = (struct fl_buf){.mem = mem};
}

void fl_buf_free(struct fl_buf *buf)
{
    fl_free(buf->mem, buf->data);
    fl_buf_init(buf, buf->mem);
}

void fl_buf_clear(struct fl_buf *buf)
{
    buf->size = 0;
}

static int grow(struct fl_buf *buf, size_t needed)
{
    size_t capacity = buf->capacity < SMALLEST ? SMALLEST : buf->capacity * 2;

    if (capacity < needed)
        capacity = needed;

    uint8_t *data = fl_realloc(buf->mem, buf->data, capacity);
    if (!data)
        return FLOW_ENOMEM;
    buf->data = data;
    buf->capacity = capacity;
    return FLOW_OK;
}

void *fl_buf_reserve(struct fl_buf *buf, size_t size)
{
    /* No object is larger than half the address space; the bound keeps `capacity * 2` exact. */
    if (size > SIZE_MAX / 2 - buf->size)
        return NULL;
    if ((!buf->data || size > buf->capacity - buf->size) && grow(buf, buf->size + size))
        return NULL;
    return buf->data + buf->size;
}

int fl_buf_append(struct fl_buf *buf, const void *data, size_t size)
{
    void *end = fl_buf_reserve(buf, size);

    if (!end)
        return FLOW_ENOMEM;
    if (size)
        memcpy(end, data, size);
    buf->size += size;
    return FLOW_OK;
}

int fl_buf_text(struct fl_buf *buf, const char *text)
{
    return fl_buf_append(buf, text, strlen(text));
}

int fl_buf_byte(struct fl_buf *buf, uint8_t byte)
{
    return fl_buf_append(buf, &byte, 1);
}

int fl_buf_be32(struct fl_buf *buf, uint32_t value)
{
    const uint8_t bytes[] = {
        (uint8_t)(value >> 24),
        (uint8_t)(value >> 16),
        (uint8_t)(value >> 8),
        (uint8_t)value,
    };

    return fl_buf_append(buf, bytes, sizeof bytes);
}

int fl_buf_be64(struct fl_buf *buf, uint64_t value)
{
    uint8_t bytes[8];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    return fl_buf_append(buf, bytes, sizeof bytes);
}

int fl_buf_printf(struct fl_buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int rc = fl_buf_vprintf(buf, format, args);
    va_end(args);
    return rc;
}

int fl_buf_vprintf(struct fl_buf *buf, const char *format, va_list args)
{
    size_t room = buf->capacity - buf->size;
    va_list again;

    va_copy(again, args);
    int size = vsnprintf(room ? (char *)buf->data + buf->size : NULL, room, format, args);
    if (size >= 0 && (size_t)size >= room) {
        /* One byte more than counts, for the NUL that vsnprintf writes. */
        room = (size_t)size + 1;
        char *end = fl_buf_reserve(buf, room);
        size = end ? vsnprintf(end, room, format, again) : -1;
    }
    va_end(again);
    if (size < 0)
        return FLOW_ENOMEM;
    buf->size += (size_t)size;
    return FLOW_OK;
}

void fl_buf_consume(struct fl_buf *buf, size_t size)
{
    if (size >= buf->size) {
        buf->size = 0;
        return;
    }
    memmove(buf->data, buf->data + size, buf->size - size);
    buf->size -= size;
}

char *fl_buf_cstr(struct fl_buf *buf)
{
    char *end = fl_buf_reserve(buf, 1);

    if (!end)
        return NULL;
    *end = '\0';
    return (char *)buf->data;
}

char *fl_buf_detach(struct fl_buf *buf)
{
    char *text = fl_buf_cstr(buf);

    if (text)
        fl_buf_init(buf, buf->mem);
    return text;
}
