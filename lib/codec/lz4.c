/* SPDX-License-Identifier: Apache-2.0 */
/* lz4 blocks, with liblz4 loaded on demand. */

#include <lz4.h>

#include "base/error.h"
#include "base/mem.h"
#include "codec/dynlib.h"
#include "codec/raw.h"

struct lz4 {
    struct fl_dynlib lib;
    typeof(LZ4_compressBound) *bound;
    typeof(LZ4_compress_default) *compress;
};

static const struct fl_dynlib_symbol symbols[] = {
    {"LZ4_compressBound", offsetof(struct lz4, bound)},
    {"LZ4_compress_default", offsetof(struct lz4, compress)},
};

static int lz4_open(const flow_allocator *mem, void **state, flow_error **err)
{
    return fl_dynlib_open(mem, sizeof(struct lz4),
                          &(struct fl_dynlib_need){"liblz4.so.1", "lz4 compression", symbols,
                                                   sizeof symbols / sizeof symbols[0]},
                          state, err);
}

static int lz4_compress(void *state, const void *data, size_t size, struct fl_buf *out,
                        flow_error **err)
{
    struct lz4 *lz4 = state;

    if (size > LZ4_MAX_INPUT_SIZE)
        return flow_error_setf(err, FLOW_ETOOBIG, "lz4 cannot compress %zu bytes at once", size);
    int room = lz4->bound((int)size);
    char *to = fl_buf_reserve(out, (size_t)room);
    if (!to)
        return fl_error_nomem(err);
    int made = lz4->compress(data, to, (int)size, room);
    if (made <= 0)
        return flow_error_setf(err, FLOW_ESTATE, "liblz4 cannot compress %zu bytes", size);
    out->size += (size_t)made;
    return FLOW_OK;
}

const struct fl_raw_ops fl_lz4_ops = {
    /* What Hadoop leaves, so that a chunk that grows still fits its reader's buffer. */
    .input_max = FL_HADOOP_BUFFER - (FL_HADOOP_BUFFER / 255 + 16),
    .open = lz4_open,
    .close = fl_dynlib_close,
    .compress = lz4_compress,
};
