/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol Buffers' four kinds of values: numbers of 7 bits a byte, 4 and 8 bytes, and bytes. */

#include "wire/protobuf.h"

#define VARINT_BYTES 10

/* The low bits of a tag. */
enum { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 5 };

struct fl_proto fl_proto(const void *data, size_t size)
{
    const uint8_t *at = data;

    return (struct fl_proto){.at = at, .end = size > 0 ? at + size : at};
}

size_t fl_proto_left(const struct fl_proto *in)
{
    return (size_t)(in->end - in->at);
}

static int get_varint(struct fl_proto *in, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < VARINT_BYTES && in->at < in->end; i++) {
        uint8_t byte = *in->at++;
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80)
            return FLOW_OK;
    }
    return FLOW_EPARSE;
}

static int get_fixed(struct fl_proto *in, unsigned size, uint64_t *value)
{
    if (fl_proto_left(in) < size)
        return FLOW_EPARSE;
    *value = 0;
    for (unsigned i = 0; i < size; i++)
        *value |= (uint64_t)in->at[i] << (8 * i);
    in->at += size;
    return FLOW_OK;
}

int fl_proto_delimited(struct fl_proto *in, struct fl_proto *message)
{
    uint64_t size;

    if (get_varint(in, &size) || size > fl_proto_left(in))
        return FLOW_EPARSE;
    *message = fl_proto(in->at, (size_t)size);
    in->at += size;
    return FLOW_OK;
}

static int get_value(struct fl_proto *in, struct fl_proto_field *field)
{
    switch (field->tag & 7) {
    case WIRE_VARINT: return get_varint(in, &field->number);
    case WIRE_FIXED64: return get_fixed(in, 8, &field->number);
    case WIRE_BYTES: return fl_proto_delimited(in, &field->bytes);
    case WIRE_FIXED32: return get_fixed(in, 4, &field->number);
    default: return FLOW_EPARSE;
    }
}

int fl_proto_next(struct fl_proto *in, struct fl_proto_field *field)
{
    uint64_t tag;

    if (in->at == in->end)
        return 0;
    /* Below 8 the field's number would be 0, which there is not. */
    if (get_varint(in, &tag) || tag < 8 || tag > UINT32_MAX)
        return FLOW_EPARSE;
    *field = (struct fl_proto_field){.tag = (uint32_t)tag};
    return get_value(in, field) ? FLOW_EPARSE : 1;
}
