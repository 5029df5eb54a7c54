/* SPDX-License-Identifier: Apache-2.0 */
/* gzip, zlib and raw deflate: one algorithm in three framings, told apart by zlib's windowBits.
 * Only the last is unpacked too. */

#include "base/error.h"
#include "base/mem.h"
#include "codec/codec_ops.h"
#include "codec/unpack.h"
#include "codec/zlib_stream.h"

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
    struct fl_zlib *s = fl_zlib_alloc(mem, sizeof *s);

    if (!s)
        return fl_error_nomem(err);
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
    struct fl_zlib *s = state;

    deflateEnd(&s->z);
    fl_free(s->mem, s);
}

static int zlib_write(void *state, const void *data, size_t size, struct fl_buf *out,
                      flow_error **err)
{
    struct fl_zlib *s = state;
    const uint8_t *at = data;
    int status;

    while (size > 0) {
        /* zlib counts in 32 bits. */
        uInt part = size > UINT32_MAX ? UINT32_MAX : (uInt)size;
        s->z.next_in = (Bytef *)at;
        s->z.avail_in = part;
        while (s->z.avail_in > 0) {
            int rc = fl_zlib_deflate(s, Z_NO_FLUSH, out, &status, err);
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
    struct fl_zlib *s = state;
    int status = Z_OK;

    s->z.next_in = NULL;
    s->z.avail_in = 0;
    while (status == Z_OK) {
        int rc = fl_zlib_deflate(s, Z_FINISH, out, &status, err);
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
    struct fl_zlib *s = fl_zlib_alloc(mem, sizeof *s);

    if (!s)
        return fl_error_nomem(err);
    if (inflateInit2(&s->z, window_bits(FL_ZLIB_RAW)) != Z_OK) {
        fl_free(mem, s);
        return fl_error_nomem(err);
    }
    *state = s;
    return FLOW_OK;
}

static void inflate_close(void *state)
{
    struct fl_zlib *s = state;

    inflateEnd(&s->z);
    fl_free(s->mem, s);
}

/* One call of inflate into fresh room of OUT; *STATUS is zlib's answer. */
static int inflate_step(struct fl_zlib *s, struct fl_buf *out, int *status)
{
    uint8_t *room = fl_buf_reserve(out, FL_ZLIB_ROOM);

    if (!room)
        return FLOW_ENOMEM;
    s->z.next_out = room;
    s->z.avail_out = FL_ZLIB_ROOM;
    *status = inflate(&s->z, Z_NO_FLUSH);
    out->size += FL_ZLIB_ROOM - s->z.avail_out;
    return *status == Z_MEM_ERROR ? FLOW_ENOMEM : FLOW_OK;
}

static int inflate_block(void *state, const void *data, size_t size, size_t limit,
                         struct fl_buf *out)
{
    struct fl_zlib *s = state;
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
