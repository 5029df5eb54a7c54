/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_AVRO_EVENTS_H
#define FL_CODEC_AVRO_EVENTS_H

/*
 * The AVRO deserializer: an event of each record of an Avro container, whose body is the record as
 * it lies there.  Works on bytes that its user holds, as the others do, but a block stays at the
 * front of the piece until its last record was read.  So the place that is reached is where the
 * piece begins, at the marker in front of a block, and a number of records behind it.
 */

#include <flow/batch.h>

#include "codec/avro_file.h"
#include "codec/avro_schema.h"

/* The fingerprint in hexadecimal digits, and a NUL. */
#define FL_AVRO_HASH_SIZE 17

struct fl_avro_events {
    const flow_allocator *mem;
    const struct fl_event_headers *headers; /* the user's, as is `room` */
    int64_t room; /* bytes of events that may come before a read ends; each is taken off */

    struct fl_avro_reader *reader;
    struct fl_avro_schema *schema;
    char hash[FL_AVRO_HASH_SIZE];
    struct fl_avro_block block; /* the present one, when `in_block` */
    int in_block;
    size_t start;    /* of its records in the piece, when they are there */
    size_t at;       /* in its records */
    int64_t records; /* read of the present block, or to be skipped of the next */
};

void fl_avro_events_init(struct fl_avro_events *events, const flow_allocator *mem);
void fl_avro_events_free(struct fl_avro_events *events);

/*
 * Begins a new file, which PIECE is the front of.  Returns 1 and how many bytes its header has, 0
 * when a longer piece is needed, FLOW_EPARSE, FLOW_ENOENT for a codec that cannot be read.
 */
int fl_avro_events_begin(struct fl_avro_events *events, const struct fl_piece_of_file *piece,
                         size_t *used, flow_error **err);

/* The schema of the file as it stands there, lent until the next file: for
 * "flume.avro.schema.literal", as `hash` is for "flume.avro.schema.hash". */
const char *fl_avro_events_schema(const struct fl_avro_events *events, size_t *size);

/* Skips the first RECORDS of the block that comes next. */
void fl_avro_events_resume(struct fl_avro_events *events, int64_t records);

/*
 * Adds up to MAX events to BATCH and stores how many bytes of PIECE were used up.  When no event
 * was added and it is 0, a longer piece is needed, or there is no more.  FLOW_EPARSE tells that
 * what is behind the events that were added is broken.
 */
int fl_avro_events_read(struct fl_avro_events *events, const struct fl_piece_of_file *piece,
                        size_t max, flow_batch *batch, size_t *consumed, flow_error **err);

#endif
