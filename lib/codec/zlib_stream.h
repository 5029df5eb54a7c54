/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_ZLIB_STREAM_H
#define FL_CODEC_ZLIB_STREAM_H

/* What all users of zlib here share: a stream with the library's memory. */

#include <zlib.h>

#include <flow/error.h>

#include "base/buf.h"

/* What one step of compression writes at most. */
#define FL_ZLIB_ROOM ((size_t)32 * 1024)

struct fl_zlib {
    const flow_allocator *mem;
    z_stream z;
};

/* A stream of SIZE bytes that begins with a struct fl_zlib, zeroed but for its memory, not yet for
 * either direction; NULL without memory. */
void *fl_zlib_alloc(const flow_allocator *mem, size_t size);

/* One call of deflate into fresh room of OUT; *STATUS is zlib's answer. */
int fl_zlib_deflate(struct fl_zlib *stream, int how, struct fl_buf *out, int *status,
                    flow_error **err);

#endif
