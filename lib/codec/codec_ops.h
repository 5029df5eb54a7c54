/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_CODEC_OPS_H
#define FL_CODEC_CODEC_OPS_H

/* What a compression format does for compress.c. */

#include <flow/error.h>

#include "codec/compress.h"

struct fl_codec_ops {
    /* Makes the state of one stream; begins no member. */
    int (*open)(const flow_allocator *mem, const struct fl_codec *codec, void **state,
                flow_error **err);
    void (*close)(void *state);

    /* Compresses; begins a member when none is open. */
    int (*write)(void *state, const void *data, size_t size, struct fl_buf *out, flow_error **err);

    /* Ends the member, an empty one when none is open. */
    int (*end)(void *state, struct fl_buf *out, flow_error **err);
};

/* Variants of one algorithm. */
#define FL_ZLIB_GZIP 0
#define FL_ZLIB_ZLIB 1
#define FL_ZLIB_RAW 2 /* without header and checksum, as in Avro files */
extern const struct fl_codec_ops fl_zlib_ops;

extern const struct fl_codec_ops fl_zstd_ops;
extern const struct fl_codec_ops fl_bzip2_ops;

/* The codec's raw blocks in the framing of Hadoop's BlockCompressorStream. */
extern const struct fl_codec_ops fl_block_ops;

#endif
