/* SPDX-License-Identifier: Apache-2.0 */
/* The table of compression formats, and the part of a stream that is the same for all of them. */

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/number.h"
#include "codec/codec_ops.h"
#include "codec/raw.h"

/* Formats that can be left out of a build have no functions then. */
#if FL_WITH_BZIP2
#define BZIP2_OPS .ops = &fl_bzip2_ops
#else
#define BZIP2_OPS .ops = NULL
#endif
#if FL_WITH_LZ4
#define LZ4_OPS .ops = &fl_block_ops, .raw = &fl_lz4_ops
#else
#define LZ4_OPS .ops = NULL
#endif
#if FL_WITH_SNAPPY
#define SNAPPY_OPS .ops = &fl_block_ops, .raw = &fl_snappy_ops
#else
#define SNAPPY_OPS .ops = NULL
#endif

#define HADOOP "org.apache.hadoop.io.compress."

static const struct fl_codec codecs[] = {
    {"gzip", HADOOP "GzipCodec", ".gz", .ops = &fl_zlib_ops, .variant = FL_ZLIB_GZIP},
    {"bzip2", HADOOP "BZip2Codec", ".bz2", BZIP2_OPS},
    {"deflate", HADOOP "DeflateCodec", ".deflate", .ops = &fl_zlib_ops, .variant = FL_ZLIB_ZLIB},
    {"default", HADOOP "DefaultCodec", ".deflate", .ops = &fl_zlib_ops, .variant = FL_ZLIB_ZLIB},
    {"snappy", HADOOP "SnappyCodec", ".snappy", SNAPPY_OPS},
    {"lz4", HADOOP "Lz4Codec", ".lz4", LZ4_OPS},
    {"zstd", HADOOP "ZStandardCodec", ".zst", .ops = &fl_zstd_ops},
};

struct fl_compressor {
    const flow_allocator *mem;
    const struct fl_codec_ops *ops;
    void *state;
    int in_member;
    int has_members;
};

/* Whether NAME is SIMPLE, or SIMPLE without its "Codec". */
static int is_simple_name(const char *name, const char *simple)
{
    char bare[32];
    size_t size = strlen(simple) - strlen("Codec");

    if (fl_equal_ignore_case(name, simple))
        return 1;
    memcpy(bare, simple, size);
    bare[size] = '\0';
    return fl_equal_ignore_case(name, bare);
}

static int names_codec(const char *name, const struct fl_codec *codec)
{
    return fl_equal_ignore_case(name, codec->name) ||
           fl_equal_ignore_case(name, codec->class_name) ||
           is_simple_name(name, codec->class_name + strlen(HADOOP));
}

int fl_codec_find(const char *name, const struct fl_codec **codec, flow_error **err)
{
    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
        if (names_codec(name, &codecs[i])) {
            *codec = &codecs[i];
            return FLOW_OK;
        }
    }
    *codec = NULL;
    return flow_error_setf(
        err, FLOW_ENOENT,
        "unknown codec '%s'; there are gzip, bzip2, deflate, snappy, lz4 and zstd", name);
}

int fl_compressor_new(const flow_allocator *mem, const struct fl_codec *codec,
                      struct fl_compressor **compressor, flow_error **err)
{
    *compressor = NULL;
    if (!codec->ops)
        return flow_error_setf(err, FLOW_ENOENT, "%s compression was left out of this libflow",
                               codec->name);

    struct fl_compressor *made = fl_zalloc(mem, sizeof *made);
    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    made->ops = codec->ops;
    int rc = made->ops->open(mem, codec, &made->state, err);
    if (rc) {
        fl_free(mem, made);
        return rc;
    }
    *compressor = made;
    return FLOW_OK;
}

void fl_compressor_free(struct fl_compressor *compressor)
{
    if (!compressor)
        return;
    compressor->ops->close(compressor->state);
    fl_free(compressor->mem, compressor);
}

int fl_compressor_write(struct fl_compressor *compressor, const void *data, size_t size,
                        struct fl_buf *out, flow_error **err)
{
    compressor->in_member = 1;
    compressor->has_members = 1;
    return compressor->ops->write(compressor->state, data, size, out, err);
}

int fl_compressor_flush(struct fl_compressor *compressor, struct fl_buf *out, flow_error **err)
{
    if (!compressor->in_member)
        return FLOW_OK;
    compressor->in_member = 0;
    return compressor->ops->end(compressor->state, out, err);
}

int fl_compressor_finish(struct fl_compressor *compressor, struct fl_buf *out, flow_error **err)
{
    if (!compressor->has_members)
        compressor->in_member = 1;
    compressor->has_members = 1;
    return fl_compressor_flush(compressor, out, err);
}
