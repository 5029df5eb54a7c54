/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_COMPRESS_H
#define FL_CODEC_COMPRESS_H

/*
 * Compression formats under the names and in the framing that Hadoop gives them, behind one
 * streaming interface.
 */

#include <flow/error.h>

#include "base/buf.h"

struct fl_codec_ops;
struct fl_raw_ops;

/* A format: constant. */
struct fl_codec {
    const char *name;               /* ours: "gzip" */
    const char *class_name;         /* "org.apache.hadoop.io.compress.GzipCodec" */
    const char *extension;          /* ".gz" */
    const struct fl_codec_ops *ops; /* NULL: left out when the library was built */
    int32_t variant;                /* for `ops` that serve several formats */
    const struct fl_raw_ops *raw;   /* what is inside Hadoop's framing, or NULL */
};

/*
 * The format that NAME means: Hadoop's class, its simple name with or without "Codec", or our own
 * name, in any case.  FLOW_ENOENT with the names that there are.
 */
int fl_codec_find(const char *name, const struct fl_codec **codec, flow_error **err);

/*
 * A stream of compressed bytes, made of members that can each be decompressed alone.  A call that
 * fails leaves the stream unusable, except for its end.  Used by one thread at a time.
 */
struct fl_compressor;

/* FLOW_ENOENT when a library that CODEC needs is not installed. */
int fl_compressor_new(const flow_allocator *mem, const struct fl_codec *codec,
                      struct fl_compressor **compressor, flow_error **err);
void fl_compressor_free(struct fl_compressor *compressor);

/* Adds DATA to the member, beginning one if need be.  Part of its bytes may be held back. */
int fl_compressor_write(struct fl_compressor *compressor, const void *data, size_t size,
                        struct fl_buf *out, flow_error **err);

/* Ends the member, if one was begun, so that everything written so far can be decompressed. */
int fl_compressor_flush(struct fl_compressor *compressor, struct fl_buf *out, flow_error **err);

/* Ends the stream: as a flush, but a stream that got nothing becomes a valid empty one. */
int fl_compressor_finish(struct fl_compressor *compressor, struct fl_buf *out, flow_error **err);

#endif
