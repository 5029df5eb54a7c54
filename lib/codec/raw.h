/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_RAW_H
#define FL_CODEC_RAW_H

/*
 * lz4 and snappy as they are without any framing: a block in, a block out.  Their libraries are
 * loaded on demand.
 */

#include <flow/error.h>

#include "base/buf.h"

struct fl_raw_ops {
    size_t input_max; /* of one block within Hadoop's framing */

    /* FLOW_ENOENT when the library is not installed. */
    int (*open)(const flow_allocator *mem, void **state, flow_error **err);
    void (*close)(void *state);

    /* Adds to OUT the block that DATA becomes. */
    int (*compress)(void *state, const void *data, size_t size, struct fl_buf *out,
                    flow_error **err);
};

extern const struct fl_raw_ops fl_lz4_ops;
extern const struct fl_raw_ops fl_snappy_ops;

/* The buffer that Hadoop reads a block's one chunk into, by io.compression.codec.*.buffersize. */
#define FL_HADOOP_BUFFER ((size_t)256 * 1024)

#endif
