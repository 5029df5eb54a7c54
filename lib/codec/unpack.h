/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_UNPACK_H
#define FL_CODEC_UNPACK_H

/* Decompression of whole blocks, as Avro files hold them: behind one interface, and never beyond a
 * limit, whatever a block says of itself. */

#include <flow/error.h>

#include "base/buf.h"

struct fl_unpack_ops {
    /* FLOW_ENOENT when the library is not installed. */
    int (*open)(const flow_allocator *mem, void **state, flow_error **err);
    void (*close)(void *state);

    /* Adds to OUT, which is empty, what DATA stands for.  FLOW_EPARSE, FLOW_ETOOBIG beyond LIMIT
     * bytes, FLOW_ENOMEM; none with an error object.  What follows the end of the compressed bytes
     * is passed over, since some writers leave a checksum there. */
    int (*unpack)(void *state, const void *data, size_t size, size_t limit, struct fl_buf *out);
};

extern const struct fl_unpack_ops fl_zlib_unpack; /* raw deflate */
extern const struct fl_unpack_ops fl_zstd_unpack;
extern const struct fl_unpack_ops fl_bzip2_unpack;
extern const struct fl_unpack_ops fl_snappy_unpack; /* a raw block */

#endif
