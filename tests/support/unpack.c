/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#if FL_WITH_BZIP2
#include <bzlib.h>
#endif
#if FL_WITH_LZ4
#include <lz4.h>
#endif
#if FL_WITH_SNAPPY
#include <snappy-c.h>
#endif

#include "unpack.h"

#define ROOM ((size_t)64 * 1024)

/* Hadoop's readers have buffers of this size for one chunk, packed and unpacked. */
#define HADOOP_BUFFER ((size_t)256 * 1024)

static void *room_in(struct fl_buf *out, size_t size)
{
    void *room = fl_buf_reserve(out, size);

    ck_assert_ptr_nonnull(room);
    return room;
}

static void unpack_zlib(int window_bits, const void *data, size_t size, struct fl_buf *out)
{
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)size};
    int rc = Z_STREAM_END;

    ck_assert_int_eq(inflateInit2(&z, window_bits), Z_OK);
    while (z.avail_in > 0) {
        z.next_out = room_in(out, ROOM);
        z.avail_out = ROOM;
        rc = inflate(&z, Z_NO_FLUSH);
        ck_assert_int_ge(rc, Z_OK);
        out->size += ROOM - z.avail_out;
        if (rc == Z_STREAM_END && z.avail_in > 0)
            inflateReset(&z); /* another member follows */
    }
    ck_assert_int_eq(rc, Z_STREAM_END);
    inflateEnd(&z);
}

static void unpack_zstd(const void *data, size_t size, struct fl_buf *out)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {.src = data, .size = size};
    size_t left = 0;

    while (in.pos < in.size) {
        ZSTD_outBuffer to = {.dst = room_in(out, ROOM), .size = ROOM};
        left = ZSTD_decompressStream(context, &to, &in);
        ck_assert(!ZSTD_isError(left));
        out->size += to.pos;
    }
    ck_assert_uint_eq(left, 0);
    ZSTD_freeDCtx(context);
}

#if FL_WITH_BZIP2
static void unpack_bzip2(const void *data, size_t size, struct fl_buf *out)
{
    bz_stream bz = {.next_in = (char *)data, .avail_in = (unsigned)size};

    while (bz.avail_in > 0) {
        int rc = BZ_OK;
        ck_assert_int_eq(BZ2_bzDecompressInit(&bz, 0, 0), BZ_OK);
        while (rc == BZ_OK) {
            bz.next_out = room_in(out, ROOM);
            bz.avail_out = ROOM;
            rc = BZ2_bzDecompress(&bz);
            out->size += ROOM - bz.avail_out;
            ck_assert(rc == BZ_STREAM_END || bz.avail_in > 0 || bz.avail_out == 0);
        }
        ck_assert_int_eq(rc, BZ_STREAM_END);
        BZ2_bzDecompressEnd(&bz);
    }
}
#endif

#if FL_WITH_LZ4
static size_t unpack_lz4(const void *data, size_t size, struct fl_buf *out)
{
    int got = LZ4_decompress_safe(data, room_in(out, HADOOP_BUFFER), (int)size, HADOOP_BUFFER);

    ck_assert_int_ge(got, 0);
    out->size += (size_t)got;
    return (size_t)got;
}
#endif

#if FL_WITH_SNAPPY
static size_t unpack_snappy(const void *data, size_t size, struct fl_buf *out)
{
    size_t got;

    ck_assert_int_eq(snappy_uncompressed_length(data, size, &got), SNAPPY_OK);
    ck_assert_int_eq(snappy_uncompress(data, size, room_in(out, got), &got), SNAPPY_OK);
    out->size += got;
    return got;
}
#endif

#if FL_WITH_LZ4 || FL_WITH_SNAPPY
static size_t be32(const uint8_t *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

/* As Hadoop's BlockDecompressorStream reads. */
static void unpack_blocks(size_t (*raw)(const void *, size_t, struct fl_buf *), const uint8_t *at,
                          size_t size, struct fl_buf *out)
{
    const uint8_t *end = at + size;

    while (at < end) {
        size_t expected = be32(at);
        at += 4;
        ck_assert_uint_gt(expected, 0);
        for (size_t got = 0; got < expected;) {
            size_t chunk = be32(at);
            ck_assert_uint_le(chunk, HADOOP_BUFFER);
            ck_assert_uint_le(chunk + 4, (size_t)(end - at));
            got += raw(at + 4, chunk, out);
            ck_assert_uint_le(got, expected);
            at += 4 + chunk;
        }
    }
}
#endif

int can_unpack(const char *format)
{
    if (strcmp(format, "bzip2") == 0)
        return FL_WITH_BZIP2;
    if (strcmp(format, "lz4") == 0)
        return FL_WITH_LZ4;
    if (strcmp(format, "snappy") == 0 || strcmp(format, "raw snappy") == 0)
        return FL_WITH_SNAPPY;
    return 1;
}

void unpack(const char *format, const void *data, size_t size, struct fl_buf *out)
{
    if (strcmp(format, "gzip") == 0)
        unpack_zlib(MAX_WBITS + 16, data, size, out);
    else if (strcmp(format, "deflate") == 0)
        unpack_zlib(MAX_WBITS, data, size, out);
    else if (strcmp(format, "raw deflate") == 0)
        unpack_zlib(-MAX_WBITS, data, size, out);
    else if (strcmp(format, "zstd") == 0)
        unpack_zstd(data, size, out);
#if FL_WITH_BZIP2
    else if (strcmp(format, "bzip2") == 0)
        unpack_bzip2(data, size, out);
#endif
#if FL_WITH_LZ4
    else if (strcmp(format, "lz4") == 0)
        unpack_blocks(unpack_lz4, data, size, out);
#endif
#if FL_WITH_SNAPPY
    else if (strcmp(format, "snappy") == 0)
        unpack_blocks(unpack_snappy, data, size, out);
    else if (strcmp(format, "raw snappy") == 0)
        unpack_snappy(data, size, out);
#endif
    else
        ck_abort_msg("no way to unpack %s", format);
}
