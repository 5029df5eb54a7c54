/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads Avro containers piece by piece.  The decoders cannot tell a piece that is too short from
 * one that is broken, so what is not complete counts as broken only where nothing follows, or where
 * a longer piece could not help.
 */

#include <string.h>
#include <zlib.h>

#include "base/be.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/avro_file.h"
#include "codec/avro_schema.h"
#include "codec/unpack.h"

#define MAGIC_SIZE 4

/* A schema, and as much again for what else there is. */
#define HEADER_MAX (2 * FL_AVRO_SCHEMA_MAX)

/* Two numbers. */
#define BLOCK_HEAD_MAX 20

/* The formats of libraries that can be left out of a build. */
#if FL_WITH_BZIP2
#define BZIP2_UNPACK &fl_bzip2_unpack
#else
#define BZIP2_UNPACK NULL
#endif
#if FL_WITH_SNAPPY
#define SNAPPY_UNPACK &fl_snappy_unpack
#else
#define SNAPPY_UNPACK NULL
#endif

struct codec {
    const char *name;
    const struct fl_unpack_ops *ops; /* NULL: left out */
    int has_sum;                     /* a CRC-32 of what was packed follows it, big-endian */
};

static const struct codec codecs[] = {
    {"deflate", &fl_zlib_unpack, 0},
    {"zstandard", &fl_zstd_unpack, 0},
    {"bzip2", BZIP2_UNPACK, 0},
    {"snappy", SNAPPY_UNPACK, 1},
};

struct fl_avro_reader {
    const flow_allocator *mem;
    struct fl_buf head;     /* a copy of the header */
    struct fl_avro_in meta; /* its map */
    uint8_t sync[FL_AVRO_SYNC_SIZE];
    const struct codec *codec; /* NULL for "null" */
    void *unpacker;
    struct fl_buf unpacked;
};

/* Says WHAT is wrong where IN has come to. */
static int broken(const struct fl_piece_of_file *piece, const struct fl_avro_in *in,
                  const char *what, flow_error **err)
{
    return flow_error_setf(err, FLOW_EPARSE, "broken Avro file: %s at byte %lld", what,
                           (long long)piece->offset + (long long)(in->at - piece->data));
}

static int is_text(const uint8_t *data, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(data, text, size) == 0;
}

static int open_codec(struct fl_avro_reader *reader, const struct codec *codec, flow_error **err)
{
    if (!codec->ops)
        return flow_error_setf(err, FLOW_ENOENT, "%s decompression was left out of this libflow",
                               codec->name);
    int rc = codec->ops->open(reader->mem, &reader->unpacker, err);
    if (!rc)
        reader->codec = codec;
    return rc;
}

static int choose_codec(struct fl_avro_reader *reader, flow_error **err)
{
    size_t size;
    const uint8_t *name = fl_avro_reader_meta(reader, "avro.codec", &size);

    if (!name || is_text(name, size, "null"))
        return FLOW_OK;
    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
        if (is_text(name, size, codecs[i].name))
            return open_codec(reader, &codecs[i], err);
    }
    return flow_error_setf(err, FLOW_ENOENT, "cannot read the Avro codec '%.*s'",
                           (int)(size > 32 ? 32 : size), (const char *)name);
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

/* Keeps the header, SIZE bytes with its marker, and opens what it asks for. */
static int take_header(struct fl_avro_reader *reader, const uint8_t *data, size_t size,
                       flow_error **err)
{
    fl_buf_init(&reader->head, reader->mem);
    fl_buf_init(&reader->unpacked, reader->mem);
    if (fl_buf_append(&reader->head, data, size))
        return fl_error_nomem(err);
    reader->meta = fl_avro_in(reader->head.data + MAGIC_SIZE, size - MAGIC_SIZE);
    memcpy(reader->sync, data + size - FL_AVRO_SYNC_SIZE, FL_AVRO_SYNC_SIZE);
    return choose_codec(reader, err);
}

static int make_reader(const flow_allocator *mem, const uint8_t *data, size_t size,
                       struct fl_avro_reader **reader, flow_error **err)
{
    struct fl_avro_reader *made = fl_zalloc(mem, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    int rc = take_header(made, data, size, err);
    if (rc) {
        fl_avro_reader_close(made);
        return rc;
    }
    *reader = made;
    return 1;
}

int fl_avro_reader_open(const flow_allocator *mem, const struct fl_piece_of_file *piece,
                        struct fl_avro_reader **reader, size_t *used, flow_error **err)
{
    static const char magic[MAGIC_SIZE] = {'O', 'b', 'j', 1};
    struct fl_avro_in in = fl_avro_in(piece->data, piece->size);
    const uint8_t *data;
    int is_whole = piece->last || piece->size >= HEADER_MAX;

    *reader = NULL;
    *used = 0;
    if (fl_avro_get_fixed(&in, MAGIC_SIZE, &data) || memcmp(data, magic, MAGIC_SIZE) != 0) {
        if (piece->size < MAGIC_SIZE && !is_whole)
            return 0;
        return flow_error_set(err, FLOW_EPARSE, "not an Avro file: it does not begin with 'Obj' 1");
    }
    if (skip_meta(&in) || fl_avro_get_fixed(&in, FL_AVRO_SYNC_SIZE, &data))
        return is_whole ? broken(piece, &in, "a bad header", err) : 0;
    size_t size = (size_t)(in.at - piece->data);
    if (size > HEADER_MAX)
        return broken(piece, &in, "a header too large", err);
    int rc = make_reader(mem, piece->data, size, reader, err);
    if (rc > 0)
        *used = size - FL_AVRO_SYNC_SIZE;
    return rc;
}

void fl_avro_reader_close(struct fl_avro_reader *reader)
{
    if (!reader)
        return;
    if (reader->codec)
        reader->codec->ops->close(reader->unpacker);
    fl_buf_free(&reader->head);
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

int fl_avro_reader_is_marker(const struct fl_avro_reader *reader, const void *data)
{
    return memcmp(data, reader->sync, FL_AVRO_SYNC_SIZE) == 0;
}

/* Takes the marker off IN: 1, 0 when a longer piece is needed. */
static int take_marker(const struct fl_avro_reader *reader, const struct fl_piece_of_file *piece,
                       struct fl_avro_in *in, flow_error **err)
{
    const uint8_t *marker;

    if ((size_t)(in->end - in->at) < FL_AVRO_SYNC_SIZE)
        return piece->last ? broken(piece, in, "a block cut short", err) : 0;
    if (!fl_avro_reader_is_marker(reader, in->at))
        return broken(piece, in, "a wrong marker", err);
    fl_avro_get_fixed(in, FL_AVRO_SYNC_SIZE, &marker);
    return 1;
}

/* Takes a block's number of records and its size off IN: 1, 0 when a longer piece is needed. */
static int take_head(const struct fl_piece_of_file *piece, struct fl_avro_in *in, int64_t *count,
                     size_t *size, flow_error **err)
{
    size_t there = (size_t)(in->end - in->at);
    const int64_t most = (int64_t)FL_AVRO_BLOCK_MAX;
    int64_t bytes;

    if (fl_avro_get_long(in, count) || fl_avro_get_long(in, &bytes)) {
        if (there < BLOCK_HEAD_MAX && !piece->last)
            return 0;
        return broken(piece, in, there < BLOCK_HEAD_MAX ? "a block cut short" : "a bad block", err);
    }
    if (*count < 0 || bytes < 0)
        return broken(piece, in, "a block of a negative size", err);
    if (*count > most || bytes > most)
        return broken(piece, in, "a block too large", err);
    *size = (size_t)bytes;
    return 1;
}

/* Takes the bytes of a block off IN: 1, 0 when a longer piece is needed. */
static int take_bytes(const struct fl_piece_of_file *piece, struct fl_avro_in *in, size_t size,
                      const uint8_t **data, flow_error **err)
{
    if (fl_avro_get_fixed(in, size, data) == FLOW_OK)
        return 1;
    if (!piece->last)
        return 0;
    in->at = in->end;
    return broken(piece, in, "a block cut short", err);
}

/* Unpacks SIZE bytes at DATA, and checks their sum where there is one. */
static int unpack(struct fl_avro_reader *reader, const uint8_t *data, size_t size)
{
    const size_t sum_size = reader->codec->has_sum ? sizeof(uint32_t) : 0;
    struct fl_buf *out = &reader->unpacked;

    fl_buf_clear(out);
    if (size < sum_size)
        return FLOW_EPARSE;
    size -= sum_size;
    int rc = reader->codec->ops->unpack(reader->unpacker, data, size, FL_AVRO_BLOCK_MAX, out);
    if (rc || !reader->codec->has_sum)
        return rc;
    uLong sum = crc32_z(crc32_z(0, NULL, 0), out->data, out->size);
    return sum == fl_be32_get(data + size) ? FLOW_OK : FLOW_EPARSE;
}

/* Sets the records of BLOCK to what SIZE bytes at DATA hold: 1, or a fault. */
static int find_records(struct fl_avro_reader *reader, const struct fl_piece_of_file *piece,
                        const struct fl_avro_in *data, struct fl_avro_block *block,
                        flow_error **err)
{
    block->records = *data;
    block->in_piece = !reader->codec;
    if (block->in_piece)
        return 1;
    int rc = unpack(reader, data->at, (size_t)(data->end - data->at));
    if (rc == FLOW_ENOMEM)
        return fl_error_nomem(err);
    if (rc == FLOW_ETOOBIG)
        return broken(piece, data, "a block that unpacks to too much", err);
    if (rc)
        return broken(piece, data, "a block that does not unpack", err);
    block->records = fl_avro_in(reader->unpacked.data, reader->unpacked.size);
    return 1;
}

int fl_avro_reader_block(struct fl_avro_reader *reader, const struct fl_piece_of_file *piece,
                         struct fl_avro_block *block, flow_error **err)
{
    struct fl_avro_in in = fl_avro_in(piece->data, piece->size);
    const uint8_t *data = NULL;
    size_t size = 0;
    int rc = take_marker(reader, piece, &in, err);

    if (rc > 0 && in.at == in.end)
        return 0;
    if (rc > 0)
        rc = take_head(piece, &in, &block->count, &size, err);
    if (rc > 0)
        rc = take_bytes(piece, &in, size, &data, err);
    block->used = rc > 0 ? (size_t)(in.at - piece->data) : 0;
    if (rc > 0)
        rc = take_marker(reader, piece, &in, err);
    if (rc <= 0)
        return rc;
    const struct fl_avro_in packed = fl_avro_in(data, size);
    return find_records(reader, piece, &packed, block, err);
}
