/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_THRIFT_H
#define FL_WIRE_THRIFT_H

/*
 * Thrift's compact and binary protocols, value by value.  Encoders add to a buffer and fail only
 * for want of memory.  Decoders read from a piece of a message and return FLOW_EPARSE, without an
 * error object, where it breaks the format, or FL_THRIFT_MORE, having read nothing, where the piece
 * ends within a value but the message goes on.
 */

#include "base/buf.h"

#include <flow/error.h>

enum fl_thrift_protocol {
    FL_THRIFT_COMPACT,
    FL_THRIFT_BINARY,
    FL_THRIFT_OLD_BINARY, /* "non-strict": its messages have no version; values are the same */
};

/* What a value is; but for the flag, the numbers of the binary protocol. */
enum fl_thrift_type {
    FL_THRIFT_STOP = 0, /* no field: the end of a struct */
    FL_THRIFT_FLAG = 1, /* a boolean of the compact protocol that lies in the head of its field */
    FL_THRIFT_BOOL = 2,
    FL_THRIFT_BYTE = 3,
    FL_THRIFT_DOUBLE = 4,
    FL_THRIFT_I16 = 6,
    FL_THRIFT_I32 = 8,
    FL_THRIFT_I64 = 10,
    FL_THRIFT_BYTES = 11, /* a string too */
    FL_THRIFT_STRUCT = 12,
    FL_THRIFT_MAP = 13,
    FL_THRIFT_SET = 14,
    FL_THRIFT_LIST = 15,
    FL_THRIFT_UUID = 16,
};

/* What a message is. */
enum { FL_THRIFT_CALL = 1, FL_THRIFT_REPLY = 2, FL_THRIFT_EXCEPTION = 3, FL_THRIFT_ONEWAY = 4 };

/* Why a server could not even call: the types of a TApplicationException. */
enum {
    FL_THRIFT_UNKNOWN_METHOD = 1,
    FL_THRIFT_INTERNAL_ERROR = 6,
    FL_THRIFT_PROTOCOL_ERROR = 7,
};

/* The longest name of a method, in bytes. */
#define FL_THRIFT_NAME_MAX 255

/* The argument that tells a libflow server what Flume need not know, and skips: bytes. */
#define FL_THRIFT_STAMP 32000
#define FL_THRIFT_STAMP_MAX 65536

#define FL_THRIFT_MORE 1

/* A piece of a message.  What the decoders return points into it. */
struct fl_thrift_in {
    enum fl_thrift_protocol protocol;
    const uint8_t *at;
    const uint8_t *end;
    uint64_t beyond; /* bytes that the message may have behind `end`; 0 when it is all here */
};

struct fl_thrift_head {
    int32_t seq; /* the caller's number, which the reply repeats */
    uint8_t type;
    const char *name; /* does not end in NUL */
    size_t name_size;
};

/* Zero it before the first field of a struct: each is numbered from the one before. */
struct fl_thrift_field {
    int16_t id;
    uint8_t type;
};

/* The head of a list, a set, or, with keys, a map. */
struct fl_thrift_items {
    uint32_t count;
    uint8_t key;
    uint8_t value;
};

/* The head of a message.  Stores in IN whether a binary one is new or old. */
int fl_thrift_get_head(struct fl_thrift_in *in, struct fl_thrift_head *head);

/* The head of the next field; FL_THRIFT_STOP behind the last. */
int fl_thrift_get_field(struct fl_thrift_in *in, struct fl_thrift_field *field);

/* A number of TYPE, BYTE to I64. */
int fl_thrift_get_number(struct fl_thrift_in *in, uint8_t type, int64_t *value);

/* Bytes or a string; or only their size, which may be more than there is. */
int fl_thrift_get_bytes(struct fl_thrift_in *in, const uint8_t **data, size_t *size);
int fl_thrift_get_size(struct fl_thrift_in *in, uint32_t *size);

/* Heads of containers.  There are bytes enough in the message for as many items. */
int fl_thrift_get_list(struct fl_thrift_in *in, struct fl_thrift_items *items);
int fl_thrift_get_map(struct fl_thrift_in *in, struct fl_thrift_items *items);

int fl_thrift_put_head(struct fl_buf *out, enum fl_thrift_protocol protocol,
                       const struct fl_thrift_head *head);

/* The head of the field ID, which comes behind the field LAST (0: it is the first). */
int fl_thrift_put_field(struct fl_buf *out, enum fl_thrift_protocol protocol, uint8_t type,
                        int16_t id, int16_t last);
int fl_thrift_put_stop(struct fl_buf *out);
int fl_thrift_put_i32(struct fl_buf *out, enum fl_thrift_protocol protocol, int32_t value);

/* Bytes or a string, of less than 2 GB; or only their size, for who adds them himself. */
int fl_thrift_put_bytes(struct fl_buf *out, enum fl_thrift_protocol protocol, const void *data,
                        size_t size);
int fl_thrift_put_size(struct fl_buf *out, enum fl_thrift_protocol protocol, uint32_t size);
int fl_thrift_put_list(struct fl_buf *out, enum fl_thrift_protocol protocol, uint8_t type,
                       uint32_t count);

/* The head of a map of texts. */
int fl_thrift_put_text_map(struct fl_buf *out, enum fl_thrift_protocol protocol, uint32_t count);

/* What a framed message begins with: its size. */
#define FL_THRIFT_FRAME_HEAD 4

/*
 * Reads the size of the message that follows.  FLOW_EPARSE when it is none, FLOW_ETOOBIG above
 * LIMIT.
 */
int fl_thrift_get_frame(const uint8_t head[FL_THRIFT_FRAME_HEAD], uint32_t limit, uint32_t *size,
                        flow_error **err);

void fl_thrift_write_frame(uint8_t head[FL_THRIFT_FRAME_HEAD], uint32_t size);

/* A frame into which a message is written: it opens at the end of OUT, *START, and closes behind
 * the message, which is smaller than 2 GB. */
int fl_thrift_open_frame(struct fl_buf *out, size_t *start);
void fl_thrift_close_frame(struct fl_buf *out, size_t start);

/* How deep what is skipped may be nested. */
#define FL_THRIFT_DEPTH 32

/*
 * Skips one value, however it is nested, in as many pieces as it comes in: after FL_THRIFT_MORE go
 * on with a piece that begins where this one was left, at `at`.
 */
struct fl_thrift_skip {
    uint32_t bytes; /* still to be skipped of bytes or a string */
    unsigned depth; /* levels in use */
    unsigned most;  /* that may be; one more when the value is skipped with what it lies in */
    uint8_t next;   /* the type of a value that begins here, or FL_THRIFT_STOP */
    struct fl_thrift_level {
        uint8_t type; /* STRUCT, LIST or MAP */
        uint8_t key;
        uint8_t value;
        int16_t id;    /* of a struct's last field */
        uint32_t left; /* values of a list or map */
    } levels[FL_THRIFT_DEPTH + 1];
};

void fl_thrift_skip_begin(struct fl_thrift_skip *skip, uint8_t type);
int fl_thrift_skip(struct fl_thrift_skip *skip, struct fl_thrift_in *in);

/* The same for a value that is all in IN. */
int fl_thrift_skip_value(struct fl_thrift_in *in, uint8_t type);

#endif
