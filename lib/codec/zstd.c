/* SPDX-License-Identifier: Apache-2.0 */
/* zstd: a frame for each member, at Hadoop's level 3. */

#include <zstd.h>
#include <zstd_errors.h>

#include "base/error.h"
#include "base/mem.h"
#include "codec/codec_ops.h"
#include "codec/unpack.h"

#define LEVEL 3

struct zstd_stream {
    const flow_allocator *mem;
    ZSTD_CCtx *context; /* in malloc's memory: zstd's stable interface has no allocator */
};

static int zstd_open(const flow_allocator *mem, const struct fl_codec *codec, void **state,
                     flow_error **err)
{
    struct zstd_stream *s = fl_zalloc(mem, sizeof *s);

    if (!s)
        return fl_error_nomem(err);
    s->mem = mem;
    s->context = ZSTD_createCCtx();
    if (!s->context ||
        ZSTD_isError(ZSTD_CCtx_setParameter(s->context, ZSTD_c_compressionLevel, LEVEL))) {
        ZSTD_freeCCtx(s->context);
        fl_free(mem, s);
        return fl_error_nomem(err);
    }
    *state = s;
    return FLOW_OK;
}

static void zstd_close(void *state)
{
    struct zstd_stream *s = state;

    ZSTD_freeCCtx(s->context);
    fl_free(s->mem, s);
}

static int zstd_fault(size_t code, flow_error **err)
{
    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
        return fl_error_nomem(err);
    return flow_error_setf(err, FLOW_ESTATE, "zstd cannot compress: %s", ZSTD_getErrorName(code));
}

/* One call of the compressor into fresh room of OUT; *LEFT is what it still holds back. */
static int zstd_step(struct zstd_stream *s, ZSTD_inBuffer *in, ZSTD_EndDirective how,
                     struct fl_buf *out, size_t *left, flow_error **err)
{
    size_t room = ZSTD_CStreamOutSize();
    ZSTD_outBuffer to = {.dst = fl_buf_reserve(out, room), .size = room};

    if (!to.dst)
        return fl_error_nomem(err);
    *left = ZSTD_compressStream2(s->context, &to, in, how);
    if (ZSTD_isError(*left))
        return zstd_fault(*left, err);
    out->size += to.pos;
    return FLOW_OK;
}

static int zstd_write(void *state, const void *data, size_t size, struct fl_buf *out,
                      flow_error **err)
{
    ZSTD_inBuffer in = {.src = data, .size = size};
    size_t left;

    while (in.pos < in.size) {
        int rc = zstd_step(state, &in, ZSTD_e_continue, out, &left, err);
        if (rc)
            return rc;
    }
    return FLOW_OK;
}

static int zstd_end(void *state, struct fl_buf *out, flow_error **err)
{
    ZSTD_inBuffer none = {.src = NULL};
    size_t left = 1;

    while (left > 0) {
        int rc = zstd_step(state, &none, ZSTD_e_end, out, &left, err);
        if (rc)
            return rc;
    }
    return FLOW_OK;
}

const struct fl_codec_ops fl_zstd_ops = {
    .open = zstd_open,
    .close = zstd_close,
    .write = zstd_write,
    .end = zstd_end,
};

struct zstd_unpacker {
    const flow_allocator *mem;
    ZSTD_DStream *stream;
};

static int unpack_open(const flow_allocator *mem, void **state, flow_error **err)
{
    struct zstd_unpacker *u = fl_zalloc(mem, sizeof *u);

    if (!u)
        return fl_error_nomem(err);
    u->mem = mem;
    u->stream = ZSTD_createDStream();
    if (!u->stream) {
        fl_free(mem, u);
        return fl_error_nomem(err);
    }
    *state = u;
    return FLOW_OK;
}

static void unpack_close(void *state)
{
    struct zstd_unpacker *u = state;

    ZSTD_freeDStream(u->stream);
    fl_free(u->mem, u);
}

/* One call of the decompressor into fresh room of OUT: 1 when there is more to come, 0 at the end
 * of the last frame. */
static int unpack_step(struct zstd_unpacker *u, ZSTD_inBuffer *in, struct fl_buf *out)
{
    size_t room = ZSTD_DStreamOutSize();
    ZSTD_outBuffer to = {.dst = fl_buf_reserve(out, room), .size = room};
    size_t before = in->pos;

    if (!to.dst)
        return FLOW_ENOMEM;
    size_t left = ZSTD_decompressStream(u->stream, &to, in);
    if (ZSTD_isError(left))
        return ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation ? FLOW_ENOMEM : FLOW_EPARSE;
    out->size += to.pos;
    if (left == 0 && in->pos == in->size)
        return 0;
    return in->pos > before || to.pos > 0 ? 1 : FLOW_EPARSE;
}

static int unpack_frames(void *state, const void *data, size_t size, size_t limit,
                         struct fl_buf *out)
{
    struct zstd_unpacker *u = state;
    ZSTD_inBuffer in = {.src = data, .size = size};
    int rc = 1;

    ZSTD_DCtx_reset(u->stream, ZSTD_reset_session_only);
    while (rc > 0) {
        rc = unpack_step(u, &in, out);
        if (out->size > limit)
            return FLOW_ETOOBIG;
    }
    return rc;
}

const struct fl_unpack_ops fl_zstd_unpack = {
    .open = unpack_open,
    .close = unpack_close,
    .unpack = unpack_frames,
};
