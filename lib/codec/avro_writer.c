/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes Avro containers.  Records gather in memory; a block is their number, the size of what
 * follows, the records compressed as a whole, and the marker that the header announced.
 */

#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "codec/avro_file.h"
#include "codec/codec_ops.h"
#include "codec/raw.h"

struct avro_codec {
    const char *name;
    const char *hadoop; /* the same algorithm in compress.h, or NULL */
};

/* Avro's own names.  Its deflate is raw, its snappy has a checksum of its own. */
static const struct avro_codec codecs[] = {
    {"null", NULL},     {"deflate", NULL},     {"snappy", "snappy"},
    {"bzip2", "bzip2"}, {"zstandard", "zstd"},
};

static const struct fl_codec raw_deflate = {
    .name = "deflate",
    .ops = &fl_zlib_ops,
    .variant = FL_ZLIB_RAW,
};

struct fl_avro_writer {
    const flow_allocator *mem;
    const char *codec;                /* Avro's name of it */
    struct fl_compressor *compressor; /* NULL for null and snappy */
    const struct fl_raw_ops *raw;     /* snappy's, else NULL */
    void *raw_state;
    size_t sync_interval;
    int64_t count; /* records in `block` */
    struct fl_buf block;
    struct fl_buf packed; /* the block, compressed */
    uint8_t sync[FL_AVRO_SYNC_SIZE];
};

static int open_raw(struct fl_avro_writer *writer, const struct fl_codec *codec, flow_error **err)
{
    writer->raw = codec->raw;
    if (!writer->raw)
        return flow_error_setf(err, FLOW_ENOENT, "%s compression was left out of this libflow",
                               codec->name);
    int rc = writer->raw->open(writer->mem, &writer->raw_state, err);
    if (rc)
        writer->raw = NULL;
    return rc;
}

static int open_codec(struct fl_avro_writer *writer, const struct avro_codec *row, flow_error **err)
{
    const struct fl_codec *codec = &raw_deflate;

    writer->codec = row->name;
    if (strcmp(row->name, "null") == 0)
        return FLOW_OK;
    if (row->hadoop) {
        int rc = fl_codec_find(row->hadoop, &codec, err);
        if (rc)
            return rc;
    }
    if (strcmp(row->name, "snappy") == 0)
        return open_raw(writer, codec, err);
    return fl_compressor_new(writer->mem, codec, &writer->compressor, err);
}

static int choose_codec(struct fl_avro_writer *writer, const char *name, flow_error **err)
{
    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
        if (strcmp(name, codecs[i].name) == 0)
            return open_codec(writer, &codecs[i], err);
    }
    return flow_error_setf(err, FLOW_EINVAL, "unknown Avro codec '%s'", name);
}

static int choose_sync(struct fl_avro_writer *writer, const uint8_t *sync, flow_error **err)
{
    if (!sync)
        return fl_random(writer->sync, sizeof writer->sync, err);
    memcpy(writer->sync, sync, sizeof writer->sync);
    return FLOW_OK;
}

int fl_avro_writer_new(const flow_allocator *mem, const struct fl_avro_writer_options *options,
                       struct fl_avro_writer **writer, flow_error **err)
{
    struct fl_avro_writer *made = fl_zalloc(mem, sizeof *made);

    *writer = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    made->sync_interval = options->sync_interval;
    fl_buf_init(&made->block, mem);
    fl_buf_init(&made->packed, mem);

    int rc = choose_sync(made, options->sync, err);
    if (!rc)
        rc = choose_codec(made, options->codec, err);
    if (rc) {
        fl_avro_writer_free(made);
        return rc;
    }
    *writer = made;
    return FLOW_OK;
}

void fl_avro_writer_free(struct fl_avro_writer *writer)
{
    if (!writer)
        return;
    if (writer->raw)
        writer->raw->close(writer->raw_state);
    fl_compressor_free(writer->compressor);
    fl_buf_free(&writer->block);
    fl_buf_free(&writer->packed);
    fl_free(writer->mem, writer);
}

int fl_avro_writer_begin(struct fl_avro_writer *writer, const void *schema, size_t size,
                         struct fl_buf *out, flow_error **err)
{
    static const char magic[] = {'O', 'b', 'j', 1};

    if (fl_buf_append(out, magic, sizeof magic) || fl_avro_put_long(out, 2) ||
        fl_avro_put_text(out, "avro.schema") || fl_avro_put_bytes(out, schema, size) ||
        fl_avro_put_text(out, "avro.codec") || fl_avro_put_text(out, writer->codec) ||
        fl_avro_put_long(out, 0) || fl_buf_append(out, writer->sync, sizeof writer->sync))
        return fl_error_nomem(err);
    return FLOW_OK;
}

/* Avro's snappy: the raw block, then the CRC-32 of what was compressed, big-endian. */
static int pack_snappy(struct fl_avro_writer *writer, flow_error **err)
{
    int rc = writer->raw->compress(writer->raw_state, writer->block.data, writer->block.size,
                                   &writer->packed, err);
    if (rc)
        return rc;
    uLong crc = crc32_z(crc32_z(0, NULL, 0), writer->block.data, writer->block.size);
    return fl_buf_be32(&writer->packed, (uint32_t)crc) ? fl_error_nomem(err) : FLOW_OK;
}

/* Sets *BYTES to the block as it goes into the file. */
static int pack(struct fl_avro_writer *writer, const struct fl_buf **bytes, flow_error **err)
{
    int rc;

    *bytes = &writer->packed;
    fl_buf_clear(&writer->packed);
    if (writer->raw)
        return pack_snappy(writer, err);
    if (!writer->compressor) {
        *bytes = &writer->block;
        return FLOW_OK;
    }
    rc = fl_compressor_write(writer->compressor, writer->block.data, writer->block.size,
                             &writer->packed, err);
    return rc ? rc : fl_compressor_flush(writer->compressor, &writer->packed, err);
}

int fl_avro_writer_flush(struct fl_avro_writer *writer, struct fl_buf *out, flow_error **err)
{
    const struct fl_buf *bytes;
    size_t start = out->size;

    if (writer->count == 0)
        return FLOW_OK;
    int rc = pack(writer, &bytes, err);
    if (rc)
        return rc;
    if (fl_avro_put_long(out, writer->count) || fl_avro_put_bytes(out, bytes->data, bytes->size) ||
        fl_buf_append(out, writer->sync, sizeof writer->sync)) {
        out->size = start;
        return fl_error_nomem(err);
    }
    writer->count = 0;
    fl_buf_clear(&writer->block);
    return FLOW_OK;
}

/* Counts the record that was added behind START, or takes back what there is of it. */
static int end_record(struct fl_avro_writer *writer, size_t start, int rc, struct fl_buf *out,
                      flow_error **err)
{
    if (rc) {
        writer->block.size = start;
        return fl_error_nomem(err);
    }
    writer->count++;
    if (writer->block.size < writer->sync_interval)
        return FLOW_OK;
    return fl_avro_writer_flush(writer, out, err);
}

int fl_avro_writer_event(struct fl_avro_writer *writer, const flow_event *event, struct fl_buf *out,
                         flow_error **err)
{
    size_t start = writer->block.size;

    return end_record(writer, start, fl_avro_put_event(&writer->block, event), out, err);
}

int fl_avro_writer_datum(struct fl_avro_writer *writer, const void *data, size_t size,
                         struct fl_buf *out, flow_error **err)
{
    size_t start = writer->block.size;

    return end_record(writer, start, fl_buf_append(&writer->block, data, size), out, err);
}
