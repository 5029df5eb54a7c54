/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes sequence files.  Uncompressed records stand one after the other with a sync marker about
 * every 100 KiB, by which readers that start in the middle find a record.  In a compressed file
 * each block begins with the marker and holds four columns: lengths of keys, keys, lengths of
 * values, values.
 */

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "codec/seqfile.h"

#define SYNC_INTERVAL (5 * 1024 * (4 + FL_SEQFILE_SYNC_SIZE)) /* SequenceFile.SYNC_INTERVAL */
#define BLOCK_SIZE ((size_t)1000000)                          /* io.seqfile.compress.blocksize */
#define KEY_SIZE 8                                            /* of a LongWritable */
#define VERSION 6

enum { KEY_SIZES, KEYS, VALUE_SIZES, VALUES, COLUMNS };

struct fl_seqfile {
    const flow_allocator *mem;
    int as_text;
    const struct fl_codec *codec;
    struct fl_compressor *compressor; /* NULL: uncompressed */
    uint64_t written;                 /* bytes of the file so far */
    uint64_t last_sync;
    int32_t count; /* records in the columns */
    struct fl_buf columns[COLUMNS];
    struct fl_buf packed;
    uint8_t sync[FL_SEQFILE_SYNC_SIZE];
};

/* The size of VALUE as WritableUtils.writeVInt encodes it, stored in BYTES. */
static size_t encode_vint(uint32_t value, uint8_t bytes[5])
{
    size_t size = 1;

    if (value <= 127) {
        bytes[0] = (uint8_t)value;
        return 1;
    }
    for (uint32_t left = value; left > 0; left >>= 8)
        size++;
    bytes[0] = (uint8_t)(-112 - (int)(size - 1)); /* how many bytes follow */
    for (size_t i = 1; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    return size;
}

static int put_vint(struct fl_buf *out, size_t value)
{
    uint8_t bytes[5];
    size_t size = encode_vint((uint32_t)value, bytes);

    return fl_buf_append(out, bytes, size);
}

static int put_text(struct fl_buf *out, const char *text)
{
    int rc = put_vint(out, strlen(text));

    return rc ? rc : fl_buf_text(out, text);
}

/* Text is led by a vint, BytesWritable by 4 bytes. */
static int put_value(const struct fl_seqfile *file, struct fl_buf *out, const void *value,
                     size_t size)
{
    int rc = file->as_text ? put_vint(out, size) : fl_buf_be32(out, (uint32_t)size);

    return rc ? rc : fl_buf_append(out, value, size);
}

static size_t value_size(const struct fl_seqfile *file, size_t size)
{
    uint8_t bytes[5];

    return size + (file->as_text ? encode_vint((uint32_t)size, bytes) : 4);
}

int fl_seqfile_new(const flow_allocator *mem, const struct fl_seqfile_options *options,
                   struct fl_seqfile **file, flow_error **err)
{
    struct fl_seqfile *made = fl_zalloc(mem, sizeof *made);
    int rc = FLOW_OK;

    *file = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    made->as_text = options->as_text;
    made->codec = options->codec;
    for (size_t i = 0; i < COLUMNS; i++)
        fl_buf_init(&made->columns[i], mem);
    fl_buf_init(&made->packed, mem);
    if (options->sync)
        memcpy(made->sync, options->sync, sizeof made->sync);
    else
        rc = fl_random(made->sync, sizeof made->sync, err);
    if (!rc && options->codec)
        rc = fl_compressor_new(mem, options->codec, &made->compressor, err);
    if (rc) {
        fl_seqfile_free(made);
        return rc;
    }
    *file = made;
    return FLOW_OK;
}

void fl_seqfile_free(struct fl_seqfile *file)
{
    if (!file)
        return;
    fl_compressor_free(file->compressor);
    for (size_t i = 0; i < COLUMNS; i++)
        fl_buf_free(&file->columns[i]);
    fl_buf_free(&file->packed);
    fl_free(file->mem, file);
}

/* Ends what a function added to OUT behind START: counts it, or takes it back for want of memory.
 */
static int settle(struct fl_seqfile *file, struct fl_buf *out, size_t start, int rc,
                  flow_error **err)
{
    if (rc) {
        out->size = start;
        return fl_error_nomem(err);
    }
    file->written += out->size - start;
    return FLOW_OK;
}

static int put_header(const struct fl_seqfile *file, struct fl_buf *out)
{
    static const char magic[] = {'S', 'E', 'Q', VERSION};
    const char *value =
        file->as_text ? "org.apache.hadoop.io.Text" : "org.apache.hadoop.io.BytesWritable";
    uint8_t compressed = file->compressor != NULL;

    if (fl_buf_append(out, magic, sizeof magic) ||
        put_text(out, "org.apache.hadoop.io.LongWritable") || put_text(out, value) ||
        fl_buf_byte(out, compressed) || fl_buf_byte(out, compressed) ||
        (compressed && put_text(out, file->codec->class_name)))
        return FLOW_ENOMEM;
    /* No metadata. */
    return fl_buf_be32(out, 0) || fl_buf_append(out, file->sync, sizeof file->sync) ? FLOW_ENOMEM
                                                                                    : FLOW_OK;
}

int fl_seqfile_begin(struct fl_seqfile *file, struct fl_buf *out, flow_error **err)
{
    size_t start = out->size;

    return settle(file, out, start, put_header(file, out), err);
}

/* The marker, led by the record length -1 that no record has. */
static int put_sync(const struct fl_seqfile *file, struct fl_buf *out)
{
    if (fl_buf_be32(out, UINT32_MAX))
        return FLOW_ENOMEM;
    return fl_buf_append(out, file->sync, sizeof file->sync);
}

static int put_record(const struct fl_seqfile *file, int64_t key, const void *value, size_t size,
                      struct fl_buf *out)
{
    if (fl_buf_be32(out, (uint32_t)(KEY_SIZE + value_size(file, size))) ||
        fl_buf_be32(out, KEY_SIZE) || fl_buf_be64(out, (uint64_t)key))
        return FLOW_ENOMEM;
    return put_value(file, out, value, size);
}

static int write_plain(struct fl_seqfile *file, int64_t key, const void *value, size_t size,
                       struct fl_buf *out, flow_error **err)
{
    size_t start = out->size;

    if (file->written >= file->last_sync + SYNC_INTERVAL) {
        int rc = settle(file, out, start, put_sync(file, out), err);
        if (rc)
            return rc;
        file->last_sync = file->written;
        start = out->size;
    }
    return settle(file, out, start, put_record(file, key, value, size, out), err);
}

static int put_columns(struct fl_seqfile *file, int64_t key, const void *value, size_t size)
{
    struct fl_buf *columns = file->columns;

    if (put_vint(&columns[KEY_SIZES], KEY_SIZE) || fl_buf_be64(&columns[KEYS], (uint64_t)key) ||
        put_vint(&columns[VALUE_SIZES], value_size(file, size)))
        return FLOW_ENOMEM;
    return put_value(file, &columns[VALUES], value, size);
}

static int write_compressed(struct fl_seqfile *file, int64_t key, const void *value, size_t size,
                            struct fl_buf *out, flow_error **err)
{
    size_t sizes[COLUMNS];

    for (size_t i = 0; i < COLUMNS; i++)
        sizes[i] = file->columns[i].size;
    if (put_columns(file, key, value, size)) {
        for (size_t i = 0; i < COLUMNS; i++)
            file->columns[i].size = sizes[i];
        return fl_error_nomem(err);
    }
    file->count++;
    if (file->columns[KEYS].size + file->columns[VALUES].size < BLOCK_SIZE)
        return FLOW_OK;
    return fl_seqfile_flush(file, out, err);
}

int fl_seqfile_write(struct fl_seqfile *file, int64_t key, const void *value, size_t size,
                     struct fl_buf *out, flow_error **err)
{
    /* Lengths are Java's int and cover key and value together. */
    if (size > (size_t)INT32_MAX - KEY_SIZE - 5)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "an event of %zu bytes does not fit into a sequence file", size);
    if (file->compressor)
        return write_compressed(file, key, value, size, out, err);
    return write_plain(file, key, value, size, out, err);
}

/* Adds one column, compressed by itself and led by its size. */
static int put_column(struct fl_seqfile *file, const struct fl_buf *column, struct fl_buf *out,
                      flow_error **err)
{
    fl_buf_clear(&file->packed);
    int rc = fl_compressor_write(file->compressor, column->data, column->size, &file->packed, err);
    if (!rc)
        rc = fl_compressor_flush(file->compressor, &file->packed, err);
    if (rc)
        return rc;
    if (put_vint(out, file->packed.size) ||
        fl_buf_append(out, file->packed.data, file->packed.size))
        return fl_error_nomem(err);
    return FLOW_OK;
}

/*
 * Hadoop's own writer holds a block back until it is full, whatever Flume asks for; ours ends it,
 * so that what a sink has acknowledged is in the file.
 */
int fl_seqfile_flush(struct fl_seqfile *file, struct fl_buf *out, flow_error **err)
{
    size_t start = out->size;

    if (file->count == 0)
        return FLOW_OK;
    int rc =
        put_sync(file, out) || put_vint(out, (size_t)file->count) ? fl_error_nomem(err) : FLOW_OK;
    for (size_t i = 0; !rc && i < COLUMNS; i++)
        rc = put_column(file, &file->columns[i], out, err);
    if (rc) {
        out->size = start;
        return rc;
    }
    for (size_t i = 0; i < COLUMNS; i++)
        fl_buf_clear(&file->columns[i]);
    file->count = 0;
    file->written += out->size - start;
    return FLOW_OK;
}
