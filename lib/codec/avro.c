/* SPDX-License-Identifier: Apache-2.0 */
/* Avro's primitives: zig-zag numbers of 7 bits a byte, and everything else led by such a number. */

#include <string.h>

#include "codec/avro.h"

#define LONG_MAX_BYTES 10

int fl_avro_put_long(struct fl_buf *out, int64_t value)
{
    /* Zig-zag: small numbers of either sign become small unsigned ones. */
    uint64_t left = ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
    uint8_t bytes[LONG_MAX_BYTES];
    size_t size = 0;

    for (; left > 0x7f; left >>= 7)
        bytes[size++] = (uint8_t)(left | 0x80);
    bytes[size++] = (uint8_t)left;
    return fl_buf_append(out, bytes, size);
}

int fl_avro_put_bytes(struct fl_buf *out, const void *data, size_t size)
{
    int rc = fl_avro_put_long(out, (int64_t)size);

    return rc ? rc : fl_buf_append(out, data, size);
}

int fl_avro_put_text(struct fl_buf *out, const char *text)
{
    return fl_avro_put_bytes(out, text, strlen(text));
}

struct fl_avro_in fl_avro_in(const void *data, size_t size)
{
    const uint8_t *at = data;

    return (struct fl_avro_in){.at = at, .end = size > 0 ? at + size : at};
}

int fl_avro_get_long(struct fl_avro_in *in, int64_t *value)
{
    uint64_t bits = 0;

    for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        /* The tenth byte has room for one bit. */
        if (shift == 63 && byte > 1)
            return FLOW_EPARSE;
        bits |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
            return FLOW_OK;
        }
    }
    return FLOW_EPARSE;
}

int fl_avro_get_int(struct fl_avro_in *in, int32_t *value)
{
    int64_t wide;
    int rc = fl_avro_get_long(in, &wide);

    if (rc || wide < INT32_MIN || wide > INT32_MAX)
        return FLOW_EPARSE;
    *value = (int32_t)wide;
    return FLOW_OK;
}

int fl_avro_get_bool(struct fl_avro_in *in, int *value)
{
    if (in->at == in->end || *in->at > 1)
        return FLOW_EPARSE;
    *value = *in->at++;
    return FLOW_OK;
}

int fl_avro_get_fixed(struct fl_avro_in *in, size_t size, const uint8_t **data)
{
    if ((size_t)(in->end - in->at) < size)
        return FLOW_EPARSE;
    *data = in->at;
    in->at += size;
    return FLOW_OK;
}

int fl_avro_get_bytes(struct fl_avro_in *in, const uint8_t **data, size_t *size)
{
    int64_t wide;

    if (fl_avro_get_long(in, &wide) || wide < 0 || wide > in->end - in->at)
        return FLOW_EPARSE;
    *size = (size_t)wide;
    return fl_avro_get_fixed(in, *size, data);
}

/* Reads the head of a block: its number of items, negative when its size in bytes follows. */
static int get_block_head(struct fl_avro_in *in, uint64_t *count)
{
    int64_t items;
    int64_t bytes;

    if (fl_avro_get_long(in, &items))
        return FLOW_EPARSE;
    if (items < 0 && (fl_avro_get_long(in, &bytes) || bytes < 0))
        return FLOW_EPARSE;
    *count = items < 0 ? 0 - (uint64_t)items : (uint64_t)items;
    return FLOW_OK;
}

int fl_avro_next(struct fl_avro_in *in, struct fl_avro_items *items)
{
    if (items->left == 0 && get_block_head(in, &items->left))
        return FLOW_EPARSE;
    if (items->left == 0)
        return 0;
    items->left--;
    return 1;
}
