/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads Avro containers from memory.  Every length is the file's word and is checked against what
 * is there; a block that claims to unpack to more than a fixed limit is refused.
 */

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/mem.h"
#include "codec/avro_file.h"

#define BLOCK_MAX ((size_t)256 * 1024 * 1024)
#define UNPACK_ROOM ((size_t)64 * 1024)

struct fl_avro_reader {
    const flow_allocator *mem;
    const uint8_t *start;
    struct fl_avro_in in;
    struct fl_avro_in meta; /* the header's map */
    const uint8_t *sync;
    struct fl_buf unpacked;
    int (*unpack)(struct fl_avro_reader *reader, const uint8_t *data, size_t size,
                  flow_error **err);
};

static int broken(const struct fl_avro_reader *reader, const char *what, flow_error **err)
{
    return flow_error_setf(err, FLOW_EPARSE, "broken Avro file: %s at byte %zu", what,
                           (size_t)(reader->in.at - reader->start));
}

static int inflate_all(struct fl_avro_reader *reader, z_stream *z, flow_error **err)
{
    int status = Z_OK;

    while (status == Z_OK) {
        uint8_t *room = fl_buf_reserve(&reader->unpacked, UNPACK_ROOM);
        if (!room)
            return fl_error_nomem(err);
        z->next_out = room;
        z->avail_out = UNPACK_ROOM;
        status = inflate(z, Z_SYNC_FLUSH);
        reader->unpacked.size += UNPACK_ROOM - z->avail_out;
        if (reader->unpacked.size > BLOCK_MAX)
            return broken(reader, "a block too large", err);
    }
    return status == Z_STREAM_END ? FLOW_OK : broken(reader, "bad deflate data", err);
}

static int unpack_deflate(struct fl_avro_reader *reader, const uint8_t *data, size_t size,
                          flow_error **err)
{
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)size};

    if (size > UINT32_MAX)
        return broken(reader, "a block too large", err);
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return fl_error_nomem(err);
    int rc = inflate_all(reader, &z, err);
    inflateEnd(&z);
    return rc;
}

static int unpack_zstd_all(struct fl_avro_reader *reader, ZSTD_DStream *stream, ZSTD_inBuffer *in,
                           flow_error **err)
{
    size_t left = 1;

    while (left > 0) {
        ZSTD_outBuffer to = {.dst = fl_buf_reserve(&reader->unpacked, UNPACK_ROOM),
                             .size = UNPACK_ROOM};
        if (!to.dst)
            return fl_error_nomem(err);
        size_t before = in->pos;
        left = ZSTD_decompressStream(stream, &to, in);
        reader->unpacked.size += to.pos;
        if (ZSTD_isError(left) || (left > 0 && in->pos == before && to.pos == 0))
            return broken(reader, "bad zstandard data", err);
        if (reader->unpacked.size > BLOCK_MAX)
            return broken(reader, "a block too large", err);
    }
    return FLOW_OK;
}

static int unpack_zstd(struct fl_avro_reader *reader, const uint8_t *data, size_t size,
                       flow_error **err)
{
    ZSTD_inBuffer in = {.src = data, .size = size};
    ZSTD_DStream *stream = ZSTD_createDStream();

    if (!stream)
        return fl_error_nomem(err);
    int rc = unpack_zstd_all(reader, stream, &in, err);
    ZSTD_freeDStream(stream);
    return rc;
}

static int is_text(const uint8_t *data, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(data, text, size) == 0;
}

static int choose_codec(struct fl_avro_reader *reader, flow_error **err)
{
    size_t size;
    const uint8_t *codec = fl_avro_reader_meta(reader, "avro.codec", &size);

    if (!codec || is_text(codec, size, "null"))
        reader->unpack = NULL;
    else if (is_text(codec, size, "deflate"))
        reader->unpack = unpack_deflate;
    else if (is_text(codec, size, "zstandard"))
        reader->unpack = unpack_zstd;
    else
        return flow_error_setf(err, FLOW_ENOENT, "cannot read the Avro codec '%.*s'",
                               (int)(size > 32 ? 32 : size), (const char *)codec);
    return FLOW_OK;
}

static int skip_meta(struct fl_avro_in *in)
{
    struct fl_avro_items items = {0};
    const uint8_t *data;
    size_t size;
    int rc;

    while ((rc = fl_avro_next(in, &items)) > 0) {
        if (fl_avro_get_bytes(in, &data, &size) || fl_avro_get_bytes(in, &data, &size))
            return FLOW_EPARSE;
    }
    return rc;
}

static int read_header(struct fl_avro_reader *reader, flow_error **err)
{
    const uint8_t *magic;

    if (fl_avro_get_fixed(&reader->in, 4, &magic) || memcmp(magic, "Obj\1", 4) != 0)
        return flow_error_set(err, FLOW_EPARSE, "not an Avro file: it does not begin with 'Obj' 1");
    reader->meta = reader->in;
    if (skip_meta(&reader->in) || fl_avro_get_fixed(&reader->in, FL_AVRO_SYNC_SIZE, &reader->sync))
        return broken(reader, "a bad header", err);
    return choose_codec(reader, err);
}

int fl_avro_reader_open(const flow_allocator *mem, const void *data, size_t size,
                        struct fl_avro_reader **reader, flow_error **err)
{
    struct fl_avro_reader *made = fl_zalloc(mem, sizeof *made);

    *reader = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    made->start = data;
    made->in = fl_avro_in(data, size);
    fl_buf_init(&made->unpacked, mem);
    int rc = read_header(made, err);
    if (rc) {
        fl_avro_reader_close(made);
        return rc;
    }
    *reader = made;
    return FLOW_OK;
}

void fl_avro_reader_close(struct fl_avro_reader *reader)
{
    if (!reader)
        return;
    fl_buf_free(&reader->unpacked);
    fl_free(reader->mem, reader);
}

const uint8_t *fl_avro_reader_meta(const struct fl_avro_reader *reader, const char *key,
                                   size_t *size)
{
    struct fl_avro_in in = reader->meta;
    struct fl_avro_items items = {0};
    const uint8_t *name;
    const uint8_t *value;
    size_t name_size;

    /* The header was walked through when it was opened, so nothing can be wrong with it here. */
    while (fl_avro_next(&in, &items) > 0) {
        if (fl_avro_get_bytes(&in, &name, &name_size) || fl_avro_get_bytes(&in, &value, size))
            break;
        if (is_text(name, name_size, key))
            return value;
    }
    *size = 0;
    return NULL;
}

int fl_avro_reader_block(struct fl_avro_reader *reader, struct fl_avro_in *in, int64_t *count,
                         flow_error **err)
{
    const uint8_t *data;
    const uint8_t *sync;
    size_t size;

    if (reader->in.at == reader->in.end)
        return 0;
    if (fl_avro_get_long(&reader->in, count) || *count < 0 ||
        fl_avro_get_bytes(&reader->in, &data, &size))
        return broken(reader, "a block cut short", err);
    if (fl_avro_get_fixed(&reader->in, FL_AVRO_SYNC_SIZE, &sync) ||
        memcmp(sync, reader->sync, FL_AVRO_SYNC_SIZE) != 0)
        return broken(reader, "a wrong marker", err);
    *in = fl_avro_in(data, size);
    if (!reader->unpack)
        return 1;
    fl_buf_clear(&reader->unpacked);
    int rc = reader->unpack(reader, data, size, err);
    if (rc)
        return rc;
    *in = fl_avro_in(reader->unpacked.data, reader->unpacked.size);
    return 1;
}
