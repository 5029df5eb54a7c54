/* SPDX-License-Identifier: Apache-2.0 */
/* bzip2: a stream for each member, with libbz2 loaded on demand. */

#include <bzlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "codec/codec_ops.h"
#include "codec/dynlib.h"
#include "codec/unpack.h"

#define OUT_ROOM ((size_t)32 * 1024)
#define BLOCK_SIZE 9 /* in 100 kB; Hadoop's default */

struct bzip2_stream {
    struct fl_dynlib lib;
    typeof(BZ2_bzCompressInit) *init;
    typeof(BZ2_bzCompress) *compress;
    typeof(BZ2_bzCompressEnd) *end;
    bz_stream bz;
    int is_open; /* libbz2 cannot reset a stream, so each member has one of its own */
};

static const struct fl_dynlib_symbol symbols[] = {
    {"BZ2_bzCompressInit", offsetof(struct bzip2_stream, init)},
    {"BZ2_bzCompress", offsetof(struct bzip2_stream, compress)},
    {"BZ2_bzCompressEnd", offsetof(struct bzip2_stream, end)},
};

static void *stream_alloc(void *mem, int count, int size)
{
    return fl_alloc(mem, (size_t)count * (size_t)size);
}

static void stream_free(void *mem, void *ptr)
{
    fl_free(mem, ptr);
}

static int bzip2_open(const flow_allocator *mem, const struct fl_codec *codec, void **state,
                      flow_error **err)
{
    int rc = fl_dynlib_open(mem, sizeof(struct bzip2_stream),
                            &(struct fl_dynlib_need){"libbz2.so.1", "bzip2 compression", symbols,
                                                     sizeof symbols / sizeof symbols[0]},
                            state, err);

    if (rc)
        return rc;
    struct bzip2_stream *s = *state;
    s->bz.bzalloc = stream_alloc;
    s->bz.bzfree = stream_free;
    s->bz.opaque = (void *)mem;
    return FLOW_OK;
}

static void bzip2_close(void *state)
{
    struct bzip2_stream *s = state;

    if (s->is_open)
        s->end(&s->bz);
    fl_dynlib_close(s);
}

static int begin_member(struct bzip2_stream *s, flow_error **err)
{
    if (s->is_open)
        return FLOW_OK;
    if (s->init(&s->bz, BLOCK_SIZE, 0, 0) != BZ_OK)
        return fl_error_nomem(err);
    s->is_open = 1;
    return FLOW_OK;
}

/* One call of the compressor into fresh room of OUT; *STATUS is libbz2's answer. */
static int compress_step(struct bzip2_stream *s, int action, struct fl_buf *out, int *status,
                         flow_error **err)
{
    char *room = fl_buf_reserve(out, OUT_ROOM);

    if (!room)
        return fl_error_nomem(err);
    s->bz.next_out = room;
    s->bz.avail_out = OUT_ROOM;
    *status = s->compress(&s->bz, action);
    if (*status < 0)
        return flow_error_setf(err, FLOW_ESTATE, "libbz2 cannot compress (%d)", *status);
    out->size += OUT_ROOM - s->bz.avail_out;
    return FLOW_OK;
}

static int bzip2_write(void *state, const void *data, size_t size, struct fl_buf *out,
                       flow_error **err)
{
    struct bzip2_stream *s = state;
    const char *at = data;
    int status;
    int rc = begin_member(s, err);

    while (!rc && size > 0) {
        /* libbz2 counts in 32 bits. */
        unsigned part = size > UINT32_MAX ? UINT32_MAX : (unsigned)size;
        s->bz.next_in = (char *)at;
        s->bz.avail_in = part;
        while (!rc && s->bz.avail_in > 0)
            rc = compress_step(s, BZ_RUN, out, &status, err);
        at += part;
        size -= part;
    }
    return rc;
}

static int bzip2_end(void *state, struct fl_buf *out, flow_error **err)
{
    struct bzip2_stream *s = state;
    int status = BZ_FINISH_OK;
    int rc = begin_member(s, err);

    while (!rc && status != BZ_STREAM_END)
        rc = compress_step(s, BZ_FINISH, out, &status, err);
    if (rc)
        return rc;
    s->end(&s->bz);
    s->is_open = 0;
    return FLOW_OK;
}

const struct fl_codec_ops fl_bzip2_ops = {
    .open = bzip2_open,
    .close = bzip2_close,
    .write = bzip2_write,
    .end = bzip2_end,
};

struct bzip2_unpacker {
    struct fl_dynlib lib;
    typeof(BZ2_bzDecompressInit) *init;
    typeof(BZ2_bzDecompress) *decompress;
    typeof(BZ2_bzDecompressEnd) *end;
};

static const struct fl_dynlib_symbol unpack_symbols[] = {
    {"BZ2_bzDecompressInit", offsetof(struct bzip2_unpacker, init)},
    {"BZ2_bzDecompress", offsetof(struct bzip2_unpacker, decompress)},
    {"BZ2_bzDecompressEnd", offsetof(struct bzip2_unpacker, end)},
};

static int unpack_open(const flow_allocator *mem, void **state, flow_error **err)
{
    return fl_dynlib_open(
        mem, sizeof(struct bzip2_unpacker),
        &(struct fl_dynlib_need){"libbz2.so.1", "bzip2 decompression", unpack_symbols,
                                 sizeof unpack_symbols / sizeof unpack_symbols[0]},
        state, err);
}

/* One call of the decompressor into fresh room of OUT: 1 when there is more to come, 0 at the end
 * of the stream. */
static int unpack_step(const struct bzip2_unpacker *u, bz_stream *bz, struct fl_buf *out)
{
    unsigned before = bz->avail_in;
    char *room = fl_buf_reserve(out, OUT_ROOM);

    if (!room)
        return FLOW_ENOMEM;
    bz->next_out = room;
    bz->avail_out = OUT_ROOM;
    int status = u->decompress(bz);
    out->size += OUT_ROOM - bz->avail_out;
    if (status == BZ_STREAM_END)
        return 0;
    if (status == BZ_MEM_ERROR)
        return FLOW_ENOMEM;
    int moved = bz->avail_in < before || bz->avail_out < OUT_ROOM;
    return status == BZ_OK && moved ? 1 : FLOW_EPARSE;
}

static int unpack_stream(void *state, const void *data, size_t size, size_t limit,
                         struct fl_buf *out)
{
    struct bzip2_unpacker *u = state;
    bz_stream bz = {.next_in = (char *)data,
                    .avail_in = (unsigned)size,
                    .bzalloc = stream_alloc,
                    .bzfree = stream_free,
                    .opaque = (void *)u->lib.mem};
    int rc = 1;

    if (size > UINT32_MAX)
        return FLOW_ETOOBIG;
    if (u->init(&bz, 0, 0) != BZ_OK)
        return FLOW_ENOMEM;
    while (rc > 0) {
        rc = unpack_step(u, &bz, out);
        if (out->size > limit)
            rc = FLOW_ETOOBIG;
    }
    u->end(&bz);
    return rc;
}

const struct fl_unpack_ops fl_bzip2_unpack = {
    .open = unpack_open,
    .close = fl_dynlib_close,
    .unpack = unpack_stream,
};
