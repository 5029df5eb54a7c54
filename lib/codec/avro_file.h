/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_AVRO_FILE_H
#define FL_CODEC_AVRO_FILE_H

/* Avro object container files: a header with the schema, then blocks of records. */

#include <flow/error.h>

#include "base/buf.h"
#include "codec/avro.h"

#define FL_AVRO_SYNC_SIZE 16

struct fl_avro_writer;

struct fl_avro_writer_options {
    const char *codec;    /* "null", "deflate", "snappy", "bzip2", "zstandard" */
    size_t sync_interval; /* bytes after which a block ends by itself */
    const uint8_t *sync;  /* FL_AVRO_SYNC_SIZE bytes between blocks; NULL: random ones */
};

/* FLOW_EINVAL for an unknown codec, FLOW_ENOENT when its library is not installed. */
int fl_avro_writer_new(const flow_allocator *mem, const struct fl_avro_writer_options *options,
                       struct fl_avro_writer **writer, flow_error **err);
void fl_avro_writer_free(struct fl_avro_writer *writer);

/* Adds the header to OUT: the schema, as JSON text, and the codec. */
int fl_avro_writer_begin(struct fl_avro_writer *writer, const void *schema, size_t size,
                         struct fl_buf *out, flow_error **err);

/* Adds a record to the block, which goes to OUT when it is full: an event by FL_AVRO_EVENT_SCHEMA,
 * or SIZE bytes that are encoded already. */
int fl_avro_writer_event(struct fl_avro_writer *writer, const flow_event *event, struct fl_buf *out,
                         flow_error **err);
int fl_avro_writer_datum(struct fl_avro_writer *writer, const void *data, size_t size,
                         struct fl_buf *out, flow_error **err);

/* Ends the block, if it has records, so that all of them can be read. */
int fl_avro_writer_flush(struct fl_avro_writer *writer, struct fl_buf *out, flow_error **err);

/*
 * Reads a container that is wholly in memory, which must outlive the reader.
 *
 *     open; while ((rc = fl_avro_reader_block(reader, &in, &count, err)) > 0) decode COUNT records
 *     from IN by the schema; close
 */
struct fl_avro_reader;

/* FLOW_EPARSE when it is no container, FLOW_ENOENT for a codec we cannot read. */
int fl_avro_reader_open(const flow_allocator *mem, const void *data, size_t size,
                        struct fl_avro_reader **reader, flow_error **err);
void fl_avro_reader_close(struct fl_avro_reader *reader);

/* The value of KEY in the header ("avro.schema" and whatever the writer added), or NULL. */
const uint8_t *fl_avro_reader_meta(const struct fl_avro_reader *reader, const char *key,
                                   size_t *size);

/* Sets *IN to the records of the next block, lent until the next call, and *COUNT to their number.
 * Returns 1, 0 behind the last block, or FLOW_EPARSE. */
int fl_avro_reader_block(struct fl_avro_reader *reader, struct fl_avro_in *in, int64_t *count,
                         flow_error **err);

#endif
