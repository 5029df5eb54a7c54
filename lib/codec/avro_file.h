/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_AVRO_FILE_H
#define FL_CODEC_AVRO_FILE_H

/* Avro object container files: a header with the schema, then blocks of records. */

#include <flow/error.h>

#include "base/buf.h"
#include "codec/avro.h"
#include "codec/piece.h"

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
 * Reads a container from a piece of memory, be it all of the file or a window that slides over it.
 * Behind the header a piece begins with the marker that precedes a block: a place from which
 * reading can begin anew, and what Flume remembers of how far it came.
 *
 *     open; skip USED bytes;
 *     while ((rc = fl_avro_reader_block(reader, &piece, &block, err)) > 0)
 *         decode block.count records by the schema and skip block.used bytes;
 *     close
 *
 * Each length is the file's word, and is checked against limits and against what is there.  A fault
 * is told with its byte in the file.
 */
struct fl_avro_reader;

/* The largest block, as it lies in the file and as it unpacks. */
#define FL_AVRO_BLOCK_MAX ((size_t)256 * 1024 * 1024)

struct fl_avro_block {
    struct fl_avro_in records; /* lent until the next call */
    int64_t count;             /* of them; of such as have no bytes it is the file's word alone */
    size_t used;               /* bytes of the piece up to the next block's marker */
    int in_piece;              /* the records are in it, and move with it */
};

/*
 * Reads the header, which ends USED bytes further, in front of the first marker.  Returns 1, 0 when
 * a longer piece is needed, FLOW_EPARSE when it is no container, FLOW_ENOENT for a codec that
 * cannot be read.  *READER is NULL unless it is 1.
 */
int fl_avro_reader_open(const flow_allocator *mem, const struct fl_piece_of_file *piece,
                        struct fl_avro_reader **reader, size_t *used, flow_error **err);
void fl_avro_reader_close(struct fl_avro_reader *reader);

/* The value of KEY in the header ("avro.schema" and whatever the writer added), or NULL. */
const uint8_t *fl_avro_reader_meta(const struct fl_avro_reader *reader, const char *key,
                                   size_t *size);

/* Whether the FL_AVRO_SYNC_SIZE bytes at DATA are the file's marker. */
int fl_avro_reader_is_marker(const struct fl_avro_reader *reader, const void *data);

/* Reads a block.  Returns 1; 0 when a longer piece is needed or, of the last, at its end;
 * FLOW_EPARSE. */
int fl_avro_reader_block(struct fl_avro_reader *reader, const struct fl_piece_of_file *piece,
                         struct fl_avro_block *block, flow_error **err);

#endif
