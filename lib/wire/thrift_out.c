/* SPDX-License-Identifier: Apache-2.0 */
/* Writing Thrift: thrift_in.c the other way round. */

#include "wire/thrift.h"

#define COMPACT_ID 0x82
#define COMPACT_VERSION 1
#define BINARY_VERSION 0x80010000u

/* Bytes of the longest 32-bit number. */
#define VARINT_BYTES 5

/* The largest step between two fields, and the largest list, that fit into one byte with a type. */
#define STEP_MAX 15
#define SHORT_LIST_MAX 14

/* Our types in the compact protocol. */
static const uint8_t compact_types[] = {
    [FL_THRIFT_BOOL] = 1, [FL_THRIFT_BYTE] = 3,   [FL_THRIFT_I16] = 4,     [FL_THRIFT_I32] = 5,
    [FL_THRIFT_I64] = 6,  [FL_THRIFT_DOUBLE] = 7, [FL_THRIFT_BYTES] = 8,   [FL_THRIFT_LIST] = 9,
    [FL_THRIFT_SET] = 10, [FL_THRIFT_MAP] = 11,   [FL_THRIFT_STRUCT] = 12, [FL_THRIFT_UUID] = 13,
};

static int put_varint(struct fl_buf *out, uint32_t value)
{
    uint8_t bytes[VARINT_BYTES];
    size_t size = 0;

    for (; value > 0x7f; value >>= 7)
        bytes[size++] = (uint8_t)(value | 0x80);
    bytes[size++] = (uint8_t)value;
    return fl_buf_append(out, bytes, size);
}

/* Zig-zag: small numbers of either sign become small unsigned ones. */
static int put_zigzag(struct fl_buf *out, int32_t value)
{
    return put_varint(out, ((uint32_t)value << 1) ^ (value < 0 ? UINT32_MAX : 0));
}

static int put_be16(struct fl_buf *out, int16_t value)
{
    const uint8_t bytes[] = {(uint8_t)((uint16_t)value >> 8), (uint8_t)value};

    return fl_buf_append(out, bytes, sizeof bytes);
}

int fl_thrift_put_size(struct fl_buf *out, enum fl_thrift_protocol protocol, uint32_t size)
{
    return protocol == FL_THRIFT_COMPACT ? put_varint(out, size) : fl_buf_be32(out, size);
}

int fl_thrift_put_bytes(struct fl_buf *out, enum fl_thrift_protocol protocol, const void *data,
                        size_t size)
{
    int rc = fl_thrift_put_size(out, protocol, (uint32_t)size);

    return rc ? rc : fl_buf_append(out, data, size);
}

static int put_compact_head(struct fl_buf *out, const struct fl_thrift_head *head)
{
    const uint8_t front[] = {COMPACT_ID, (uint8_t)(head->type << 5 | COMPACT_VERSION)};
    int rc = fl_buf_append(out, front, sizeof front);

    if (!rc)
        rc = put_varint(out, (uint32_t)head->seq);
    return rc ? rc : fl_thrift_put_bytes(out, FL_THRIFT_COMPACT, head->name, head->name_size);
}

static int put_binary_head(struct fl_buf *out, enum fl_thrift_protocol protocol,
                           const struct fl_thrift_head *head)
{
    int old = protocol == FL_THRIFT_OLD_BINARY;
    int rc = old ? FLOW_OK : fl_buf_be32(out, BINARY_VERSION | head->type);

    if (!rc)
        rc = fl_thrift_put_bytes(out, protocol, head->name, head->name_size);
    if (!rc && old)
        rc = fl_buf_byte(out, head->type);
    return rc ? rc : fl_buf_be32(out, (uint32_t)head->seq);
}

int fl_thrift_put_head(struct fl_buf *out, enum fl_thrift_protocol protocol,
                       const struct fl_thrift_head *head)
{
    return protocol == FL_THRIFT_COMPACT ? put_compact_head(out, head)
                                         : put_binary_head(out, protocol, head);
}

int fl_thrift_put_field(struct fl_buf *out, enum fl_thrift_protocol protocol, uint8_t type,
                        int16_t id, int16_t last)
{
    int compact = protocol == FL_THRIFT_COMPACT;
    int step = id - last;
    int rc;

    if (compact && step > 0 && step <= STEP_MAX)
        return fl_buf_byte(out, (uint8_t)(step << 4 | compact_types[type]));
    rc = fl_buf_byte(out, compact ? compact_types[type] : type);
    if (rc)
        return rc;
    return compact ? put_zigzag(out, id) : put_be16(out, id);
}

int fl_thrift_put_stop(struct fl_buf *out)
{
    return fl_buf_byte(out, FL_THRIFT_STOP);
}

int fl_thrift_put_i32(struct fl_buf *out, enum fl_thrift_protocol protocol, int32_t value)
{
    return protocol == FL_THRIFT_COMPACT ? put_zigzag(out, value)
                                         : fl_buf_be32(out, (uint32_t)value);
}

int fl_thrift_put_list(struct fl_buf *out, enum fl_thrift_protocol protocol, uint8_t type,
                       uint32_t count)
{
    int rc;

    if (protocol != FL_THRIFT_COMPACT) {
        rc = fl_buf_byte(out, type);
        return rc ? rc : fl_buf_be32(out, count);
    }
    if (count <= SHORT_LIST_MAX)
        return fl_buf_byte(out, (uint8_t)(count << 4 | compact_types[type]));
    rc = fl_buf_byte(out, (uint8_t)(0xf0 | compact_types[type]));
    return rc ? rc : put_varint(out, count);
}

int fl_thrift_put_text_map(struct fl_buf *out, enum fl_thrift_protocol protocol, uint32_t count)
{
    static const uint8_t binary[] = {FL_THRIFT_BYTES, FL_THRIFT_BYTES};
    int rc;

    if (protocol != FL_THRIFT_COMPACT) {
        rc = fl_buf_append(out, binary, sizeof binary);
        return rc ? rc : fl_buf_be32(out, count);
    }
    rc = put_varint(out, count);
    if (rc || count == 0)
        return rc;
    return fl_buf_byte(
        out, (uint8_t)(compact_types[FL_THRIFT_BYTES] << 4 | compact_types[FL_THRIFT_BYTES]));
}
