/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_AVRO_H
#define FL_CODEC_AVRO_H

/*
 * Avro's binary encoding: what container files, the Avro RPC and Kafka messages have in common.
 * Encoders add to a buffer and fail only for want of memory; decoders read from a bounded piece of
 * memory and return FLOW_EPARSE, without an error object, when it ends early or breaks the format.
 */

#include <flow/event.h>

#include "base/buf.h"

/* {"headers": map<string>, "body": bytes}: Flume's schema of an event, in files and on the wire. */
#define FL_AVRO_EVENT_SCHEMA                                                                       \
    "{\"type\":\"record\",\"name\":\"Event\",\"fields\":[{\"name\":\"headers\",\"type\":"          \
    "{\"type\":\"map\",\"values\":\"string\"}},{\"name\":\"body\",\"type\":\"bytes\"}]}"

/* An int or a long: both are encoded alike. */
int fl_avro_put_long(struct fl_buf *out, int64_t value);

/* Bytes or a string. */
int fl_avro_put_bytes(struct fl_buf *out, const void *data, size_t size);
int fl_avro_put_text(struct fl_buf *out, const char *text);

/* EVENT by FL_AVRO_EVENT_SCHEMA. */
int fl_avro_put_event(struct fl_buf *out, const flow_event *event);

/* All of it that stands before the body's bytes, and how large that is. */
int fl_avro_put_front(struct fl_buf *out, const flow_event *event);
uint64_t fl_avro_front_size(const flow_event *event);

/* What is still to be read.  What the decoders return points into it. */
struct fl_avro_in {
    const uint8_t *at;
    const uint8_t *end;
};

struct fl_avro_in fl_avro_in(const void *data, size_t size);
int fl_avro_get_long(struct fl_avro_in *in, int64_t *value);
int fl_avro_get_int(struct fl_avro_in *in, int32_t *value);
int fl_avro_get_bool(struct fl_avro_in *in, int *value);
int fl_avro_get_fixed(struct fl_avro_in *in, size_t size, const uint8_t **data);
int fl_avro_get_bytes(struct fl_avro_in *in, const uint8_t **data, size_t *size);

/*
 * Walks through a map or an array, whose items come in blocks:
 *
 *     struct fl_avro_items items = {0};
 *     while ((rc = fl_avro_next(in, &items)) > 0)
 *         read one item (of a map: the key, then the value);
 *
 * Returns 1 before each item, 0 at the end, FLOW_EPARSE.  The number of items is the sender's word:
 * items that take no bytes can go on for ever.
 */
struct fl_avro_items {
    uint64_t left; /* of the present block */
};

int fl_avro_next(struct fl_avro_in *in, struct fl_avro_items *items);

#endif
