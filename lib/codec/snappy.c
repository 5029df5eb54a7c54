/* SPDX-License-Identifier: Apache-2.0 */
/* snappy blocks, with libsnappy loaded on demand. */

#include <snappy-c.h>

#include "base/error.h"
#include "base/mem.h"
#include "codec/dynlib.h"
#include "codec/raw.h"
#include "codec/unpack.h"

struct snappy {
    struct fl_dynlib lib;
    typeof(snappy_max_compressed_length) *bound;
    typeof(snappy_compress) *compress;
};

static const struct fl_dynlib_symbol symbols[] = {
    {"snappy_max_compressed_length", offsetof(struct snappy, bound)},
    {"snappy_compress", offsetof(struct snappy, compress)},
};

static int snappy_open(const flow_allocator *mem, void **state, flow_error **err)
{
    return fl_dynlib_open(mem, sizeof(struct snappy),
                          &(struct fl_dynlib_need){"libsnappy.so.1", "snappy compression", symbols,
                                                   sizeof symbols / sizeof symbols[0]},
                          state, err);
}

static int snappy_block(void *state, const void *data, size_t size, struct fl_buf *out,
                        flow_error **err)
{
    struct snappy *snappy = state;

    /* The format counts in 32 bits. */
    if (size > UINT32_MAX)
        return flow_error_setf(err, FLOW_ETOOBIG, "snappy cannot compress %zu bytes at once", size);
    size_t room = snappy->bound(size);
    char *to = fl_buf_reserve(out, room);
    if (!to)
        return fl_error_nomem(err);
    if (snappy->compress(data, size, to, &room) != SNAPPY_OK)
        return flow_error_setf(err, FLOW_ESTATE, "libsnappy cannot compress %zu bytes", size);
    out->size += room;
    return FLOW_OK;
}

const struct fl_raw_ops fl_snappy_ops = {
    /* What Hadoop leaves, so that a chunk that grows still fits its reader's buffer. */
    .input_max = FL_HADOOP_BUFFER - (FL_HADOOP_BUFFER / 6 + 32),
    .open = snappy_open,
    .close = fl_dynlib_close,
    .compress = snappy_block,
};

/* No element of the format makes more of its bytes: a copy of 64 takes 3. */
#define MOST_RATIO 22

struct unsnappy {
    struct fl_dynlib lib;
    typeof(snappy_uncompressed_length) *length;
    typeof(snappy_uncompress) *uncompress;
};

static const struct fl_dynlib_symbol unpack_symbols[] = {
    {"snappy_uncompressed_length", offsetof(struct unsnappy, length)},
    {"snappy_uncompress", offsetof(struct unsnappy, uncompress)},
};

static int unpack_open(const flow_allocator *mem, void **state, flow_error **err)
{
    return fl_dynlib_open(
        mem, sizeof(struct unsnappy),
        &(struct fl_dynlib_need){"libsnappy.so.1", "snappy decompression", unpack_symbols,
                                 sizeof unpack_symbols / sizeof unpack_symbols[0]},
        state, err);
}

static int unpack_block(void *state, const void *data, size_t size, size_t limit,
                        struct fl_buf *out)
{
    struct unsnappy *u = state;
    size_t length;

    /* The block's own word, which is believed only as far as its size can bear it out. */
    if (u->length(data, size, &length) != SNAPPY_OK || length / MOST_RATIO > size)
        return FLOW_EPARSE;
    if (length > limit)
        return FLOW_ETOOBIG;
    char *room = fl_buf_reserve(out, length);
    if (!room)
        return FLOW_ENOMEM;
    if (u->uncompress(data, size, room, &length) != SNAPPY_OK)
        return FLOW_EPARSE;
    out->size += length;
    return FLOW_OK;
}

const struct fl_unpack_ops fl_snappy_unpack = {
    .open = unpack_open,
    .close = fl_dynlib_close,
    .unpack = unpack_block,
};
