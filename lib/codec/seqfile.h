/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_SEQFILE_H
#define FL_CODEC_SEQFILE_H

/*
 * Hadoop sequence files of version 6, as Flume fills them: keys are LongWritable, values
 * BytesWritable or Text, uncompressed or compressed by the block.
 */

#include <flow/error.h>

#include "base/buf.h"
#include "codec/compress.h"

#define FL_SEQFILE_SYNC_SIZE 16

struct fl_seqfile_options {
    int as_text;                  /* values are Text, not BytesWritable */
    const struct fl_codec *codec; /* NULL: uncompressed */
    const uint8_t *sync;          /* FL_SEQFILE_SYNC_SIZE bytes; NULL: random ones */
};

struct fl_seqfile;

/* FLOW_ENOENT when a library that the codec needs is not installed. */
int fl_seqfile_new(const flow_allocator *mem, const struct fl_seqfile_options *options,
                   struct fl_seqfile **file, flow_error **err);
void fl_seqfile_free(struct fl_seqfile *file);

/* Adds the header to OUT. */
int fl_seqfile_begin(struct fl_seqfile *file, struct fl_buf *out, flow_error **err);

/* Adds a record; a compressed file holds it back until the block is full. */
int fl_seqfile_write(struct fl_seqfile *file, int64_t key, const void *value, size_t size,
                     struct fl_buf *out, flow_error **err);

/* Ends the block, if it has records, so that all of them can be read. */
int fl_seqfile_flush(struct fl_seqfile *file, struct fl_buf *out, flow_error **err);

#endif
