/* SPDX-License-Identifier: Apache-2.0 */
/* gzip, zlib and raw deflate: one algorithm in three framings, told apart by zlib's windowBits.
 * Only the last is unpacked too. */

#include <zlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "codec/codec_ops.h"
#include "codec/unpack.h"

#define OUT_ROOM ((size_t)32 * 1024)

struct zlib_stream {
    const flow_allocator *mem;
    z_stream z;
};

static void *stream_alloc(void *mem, unsigned count, unsigned size)
{
    return fl_alloc(mem, (size_t)count * size);
}

static void stream_free(void *mem, void *ptr)
{
    fl_free(mem, ptr);
}

static int window_bits(int32_t variant)
{
    switch (variant) {
    case FL_ZLIB_GZIP: return MAX_WBITS + 16;
    case FL_ZLIB_RAW: return -MAX_WBITS;
    default: return MAX_WBITS;
    }
}

static int zlib_open(const flow_allocator *mem, const struct fl_codec *codec, void **state,
                     flow_error **err)
{
    struct zlib_stream *s = fl_zalloc(mem, sizeof *s);

    if (!s)
        return fl_error_nomem(err);
    s->mem = mem;
    s->z.zalloc = stream_alloc;
    s->z.zfree = stream_free;
    s->z.opaque = (void *)mem;
    if (deflateInit2(&s->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits(codec->variant), 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        fl_free(mem, s);
        return fl_error_nomem(err);
    }
    *state = s;
    return FLOW_OK;
}

static void zlib_close(void *state)
{
    struct zlib_stream *s = state;

    deflateEnd(&s->z);
    fl_free(s->mem, s);
}

/* One call of deflate into fresh room of OUT; *RC is zlib's answer. */
static int deflate_step(struct zlib_stream *s, int how, struct fl_buf *out, int *rc,
                        flow_error **err)
{
    uint8_t *room = fl_buf_reserve(out, OUT_ROOM);

    if (!room)
        return fl_error_nomem(err);
    s->z.next_out = room;
    s->z.avail_out = OUT_ROOM;
    *rc = deflate(&s->z, how);
    out->size += OUT_ROOM - s->z.avail_out;
    return FLOW_OK;
}

static int zlib_write(void *state, const void *data, size_t size, struct fl_buf *out,
                      flow_error **err)
{
    struct zlib_stream *s = state;
    const uint8_t *at = data;
    int status;

    while (size > 0) {
        /* zlib counts in 32 bits. */
        uInt part = size > UINT32_MAX ? UINT32_MAX : (uInt)size;
        s->z.next_in = (Bytef *)at;
        s->z.avail_in = part;
        while (s->z.avail_in > 0) {
            int rc = deflate_step(s, Z_NO_FLUSH, out, &status, err);
            if (rc)
                return rc;
        }
        at += part;
        size -= part;
    }
    return FLOW_OK;
}

static int zlib_end(void *state, struct fl_buf *out, flow_error **err)
{
    struct zlib_stream *s = state;
    int status = Z_OK;

    s->z.next_in = NULL;
    s->z.avail_in = 0;
    while (status == Z_OK) {
        int rc = deflate_step(s, Z_FINISH, out, &status, err);
        if (rc)
            return rc;
    }
    if (status != Z_STREAM_END || deflateReset(&s->z) != Z_OK)
        return flow_error_setf(err, FLOW_ESTATE, "zlib cannot end its stream (%d)", status);
    return FLOW_OK;
}

const struct fl_codec_ops fl_zlib_ops = {
    .open = zlib_open,
    .close = zlib_close,
    .write = zlib_write,
    .end = zlib_end,
};

static int inflate_open(const flow_allocator *mem, void **state, flow_error **err)
{
    struct zlib_stream *s = fl_zalloc(mem, sizeof *s);

    if (!s)
        return fl_error_nomem(err);
    s->mem = mem;
    s->z.zalloc = stream_alloc;
    s->z.zfree = stream_free;
    s->z.opaque = (void *)mem;
    if (inflateInit2(&s->z, window_bits(FL_ZLIB_RAW)) != Z_OK) {
        fl_free(mem, s);
        return fl_error_nomem(err);
    }
    *state = s;
    return FLOW_OK;
}

static void inflate_close(void *state)
{
    struct zlib_stream *s = state;

    inflateEnd(&s->z);
    fl_free(s->mem, s);
}

/* One call of inflate into fresh room of OUT; *STATUS is zlib's answer. */
static int inflate_step(struct zlib_stream *s, struct fl_buf *out, int *status)
{
    uint8_t *room = fl_buf_reserve(out, OUT_ROOM);

    if (!room)
        return FLOW_ENOMEM;
    s->z.next_out = room;
    s->z.avail_out = OUT_ROOM;
    *status = inflate(&s->z, Z_NO_FLUSH);
    out->size += OUT_ROOM - s->z.avail_out;
    return *status == Z_MEM_ERROR ? FLOW_ENOMEM : FLOW_OK;
}

static int inflate_block(void *state, const void *data, size_t size, size_t limit,
                         struct fl_buf *out)
{
    struct zlib_stream *s = state;
    int status = Z_OK;

    if (size > UINT32_MAX)
        return FLOW_ETOOBIG;
    inflateReset(&s->z);
    s->z.next_in = (Bytef *)data;
    s->z.avail_in = (uInt)size;
    while (status == Z_OK) {
        int rc = inflate_step(s, out, &status);
        if (rc)
            return rc;
        if (out->size > limit)
            return FLOW_ETOOBIG;
    }
    return status == Z_STREAM_END ? FLOW_OK : FLOW_EPARSE;
}

const struct fl_unpack_ops fl_zlib_unpack = {
    .open = inflate_open,
    .close = inflate_close,
    .unpack = inflate_block,
};
