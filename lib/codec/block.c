/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hadoop's BlockCompressorStream around lz4 and snappy: for each block the number of bytes it
 * stands for, then chunks, each led by its compressed size; both 4 bytes, big-endian.  We write
 * one chunk a block and never an empty block, which a reader would take for the end.
 */

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "codec/codec_ops.h"
#include "codec/raw.h"

struct block_stream {
    const flow_allocator *mem;
    const struct fl_raw_ops *raw;
    void *raw_state;
    struct fl_buf pending; /* less than a block */
};

static int block_open(const flow_allocator *mem, const struct fl_codec *codec, void **state,
                      flow_error **err)
{
    struct block_stream *s = fl_zalloc(mem, sizeof *s);

    if (!s)
        return fl_error_nomem(err);
    s->mem = mem;
    s->raw = codec->raw;
    fl_buf_init(&s->pending, mem);
    int rc = s->raw->open(mem, &s->raw_state, err);
    if (rc) {
        fl_free(mem, s);
        return rc;
    }
    *state = s;
    return FLOW_OK;
}

static void block_close(void *state)
{
    struct block_stream *s = state;

    s->raw->close(s->raw_state);
    fl_buf_free(&s->pending);
    fl_free(s->mem, s);
}

static void store_be32(uint8_t *to, size_t value)
{
    to[0] = (uint8_t)(value >> 24);
    to[1] = (uint8_t)(value >> 16);
    to[2] = (uint8_t)(value >> 8);
    to[3] = (uint8_t)value;
}

static int put_block(struct block_stream *s, const void *data, size_t size, struct fl_buf *out,
                     flow_error **err)
{
    size_t start = out->size;

    if (fl_buf_be32(out, (uint32_t)size) || fl_buf_be32(out, 0))
        return fl_error_nomem(err);
    int rc = s->raw->compress(s->raw_state, data, size, out, err);
    if (rc)
        return rc;
    store_be32(out->data + start + 4, out->size - start - 8);
    return FLOW_OK;
}

static int block_end(void *state, struct fl_buf *out, flow_error **err)
{
    struct block_stream *s = state;

    if (s->pending.size == 0)
        return FLOW_OK;
    int rc = put_block(s, s->pending.data, s->pending.size, out, err);
    fl_buf_clear(&s->pending);
    return rc;
}

static int block_write(void *state, const void *data, size_t size, struct fl_buf *out,
                       flow_error **err)
{
    struct block_stream *s = state;
    size_t max = s->raw->input_max;
    const uint8_t *at = data;
    int rc = FLOW_OK;

    while (!rc && size > 0) {
        size_t part = max - s->pending.size < size ? max - s->pending.size : size;
        if (part == max)
            rc = put_block(s, at, max, out, err); /* a whole block needs no copy */
        else if (fl_buf_append(&s->pending, at, part))
            rc = fl_error_nomem(err);
        else if (s->pending.size == max)
            rc = block_end(s, out, err);
        at += part;
        size -= part;
    }
    return rc;
}

const struct fl_codec_ops fl_block_ops = {
    .open = block_open,
    .close = block_close,
    .write = block_write,
    .end = block_end,
};
