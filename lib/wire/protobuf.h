/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_PROTOBUF_H
#define FL_WIRE_PROTOBUF_H

/*
 * Reads Protocol Buffers' encoding field by field, in memory and without a schema.  Functions
 * return FLOW_EPARSE, without an error object, where the bytes end early or break the format.
 * Groups, which proto2 itself had given up, are refused.
 */

#include <stddef.h>

#include <flow/error.h>

struct fl_proto {
    const uint8_t *at;
    const uint8_t *end;
};

/* The tag of a field, for the cases of a switch. */
#define FL_PROTO_VARINT(number) ((uint32_t)(number) << 3)
#define FL_PROTO_FIXED64(number) ((uint32_t)(number) << 3 | 1)
#define FL_PROTO_BYTES(number) ((uint32_t)(number) << 3 | 2)
#define FL_PROTO_FIXED32(number) ((uint32_t)(number) << 3 | 5)

struct fl_proto_field {
    uint32_t tag;
    uint64_t number;       /* of a varint, fixed32 or fixed64 */
    struct fl_proto bytes; /* of bytes, a text or a message within */
};

struct fl_proto fl_proto(const void *data, size_t size);
size_t fl_proto_left(const struct fl_proto *in);

/* Reads the next field.  Returns 1, 0 at the end, FLOW_EPARSE. */
int fl_proto_next(struct fl_proto *in, struct fl_proto_field *field);

/* Reads a message that is led by its size. */
int fl_proto_delimited(struct fl_proto *in, struct fl_proto *message);

#endif
