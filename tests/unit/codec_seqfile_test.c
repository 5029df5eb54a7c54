/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "codec/seqfile.h"
#include "failing.h"
#include "suite.h"
#include "unpack.h"

static const uint8_t sync_marker[FL_SEQFILE_SYNC_SIZE] = "0123456789abcdef";

/* What Hadoop 3.4's own SequenceFile.Writer makes of the record (1, "hello") with this marker. */
#define HEADER_CLASSES(size, value)                                                                \
    "SEQ\x06"                                                                                      \
    "\x21"                                                                                         \
    "org.apache.hadoop.io.LongWritable" size value

#define AS_BYTES HEADER_CLASSES("\x22", "org.apache.hadoop.io.BytesWritable")
#define AS_TEXT HEADER_CLASSES("\x19", "org.apache.hadoop.io.Text")
#define PLAIN "\0\0\0\0\0\0"
#define MARKER "0123456789abcdef"

static struct fl_seqfile *new_file(const flow_allocator *mem, int as_text, const char *codec)
{
    struct fl_seqfile_options options = {.as_text = as_text, .sync = sync_marker};
    struct fl_seqfile *file = NULL;

    if (codec)
        ck_assert_int_eq(fl_codec_find(codec, &options.codec, NULL), FLOW_OK);
    fl_seqfile_new(mem, &options, &file, NULL);
    return file;
}

static void check_bytes(const struct fl_buf *out, const char *expected, size_t size)
{
    ck_assert_uint_eq(out->size, size);
    ck_assert_mem_eq(out->data, expected, size);
}

START_TEST(bytes_are_laid_out_as_hadoop_does)
{
    static const char expected[] = AS_BYTES PLAIN MARKER "\0\0\0\x11" /* key and value */
                                                         "\0\0\0\x08" /* key */
                                                         "\0\0\0\0\0\0\0\x01"
                                                         "\0\0\0\x05hello";
    struct fl_seqfile *file = new_file(NULL, 0, NULL);
    struct fl_buf out;
    fl_buf_init(&out, NULL);

    fl_seqfile_begin(file, &out, NULL);
    ck_assert_int_eq(fl_seqfile_write(file, 1, "hello", 5, &out, NULL), FLOW_OK);
    check_bytes(&out, expected, sizeof expected - 1);
    fl_seqfile_free(file);
    fl_buf_free(&out);
}
END_TEST

START_TEST(text_is_laid_out_as_hadoop_does)
{
    static const char expected[] = AS_TEXT PLAIN MARKER "\0\0\0\x0e"
                                                        "\0\0\0\x08"
                                                        "\xff\xff\xff\xff\xff\xff\xff\xfe"
                                                        "\x05hello";
    struct fl_seqfile *file = new_file(NULL, 1, NULL);
    struct fl_buf out;
    fl_buf_init(&out, NULL);

    fl_seqfile_begin(file, &out, NULL);
    ck_assert_int_eq(fl_seqfile_write(file, -2, "hello", 5, &out, NULL), FLOW_OK);
    check_bytes(&out, expected, sizeof expected - 1);
    fl_seqfile_free(file);
    fl_buf_free(&out);
}
END_TEST

/* A reader of its own: the rules of the format, and nothing of the writer. */
struct reader {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    int is_compressed;
    const char *codec;
    unsigned syncs;
    unsigned records;
    size_t farthest_sync; /* bytes from one marker to the next */
    size_t last_sync;
    void (*on_record)(unsigned index, const uint8_t *key, const uint8_t *value, size_t size);
};

static const uint8_t *take(struct reader *reader, size_t size)
{
    const uint8_t *at = reader->at;

    ck_assert_uint_le(size, (size_t)(reader->end - at));
    reader->at += size;
    return at;
}

static uint32_t take_be32(struct reader *reader)
{
    const uint8_t *at = take(reader, 4);

    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* WritableUtils.readVInt, for numbers that are not negative. */
static size_t take_vint(struct reader *reader)
{
    int8_t first = (int8_t)*take(reader, 1);
    size_t value = 0;

    if (first >= -112)
        return (size_t)first;
    ck_assert_int_ge(first, -120);
    for (int i = first; i < -112; i++)
        value = value << 8 | *take(reader, 1);
    return value;
}

static void take_text(struct reader *reader, const char *expected)
{
    size_t size = take_vint(reader);

    ck_assert_uint_eq(size, strlen(expected));
    ck_assert_mem_eq(take(reader, size), expected, size);
}

static void take_header(struct reader *reader)
{
    ck_assert_mem_eq(take(reader, 4), "SEQ\x06", 4);
    take_text(reader, "org.apache.hadoop.io.LongWritable");
    take_text(reader, "org.apache.hadoop.io.BytesWritable");
    reader->is_compressed = *take(reader, 1);
    ck_assert_int_eq(*take(reader, 1), reader->is_compressed);
    if (reader->is_compressed)
        take_text(reader, reader->codec);
    ck_assert_uint_eq(take_be32(reader), 0);
    ck_assert_mem_eq(take(reader, sizeof sync_marker), sync_marker, sizeof sync_marker);
}

static void take_sync(struct reader *reader)
{
    ck_assert_mem_eq(take(reader, sizeof sync_marker), sync_marker, sizeof sync_marker);
    size_t here = (size_t)(reader->at - reader->start);
    if (here - reader->last_sync > reader->farthest_sync)
        reader->farthest_sync = here - reader->last_sync;
    reader->last_sync = here;
    reader->syncs++;
}

static void take_plain_record(struct reader *reader)
{
    uint32_t size = take_be32(reader);

    if (size == UINT32_MAX) {
        take_sync(reader);
        return;
    }
    ck_assert_uint_eq(take_be32(reader), 8);
    const uint8_t *key = take(reader, 8);
    uint32_t value = take_be32(reader);
    ck_assert_uint_eq(size, 8 + 4 + value);
    reader->on_record(reader->records++, key, take(reader, value), value);
}

/* Unpacks one column of a block; COLUMN's `start` is to be freed by way of its buffer. */
static struct reader take_column(struct reader *reader, const char *format, struct fl_buf *room)
{
    size_t size = take_vint(reader);

    fl_buf_init(room, NULL);
    unpack(format, take(reader, size), size, room);
    return (struct reader){.at = room->data, .end = room->data + room->size};
}

static void take_block(struct reader *reader, const char *format)
{
    struct fl_buf rooms[4];
    struct reader columns[4];

    ck_assert_uint_eq(take_be32(reader), UINT32_MAX);
    take_sync(reader);
    size_t count = take_vint(reader);
    for (size_t i = 0; i < 4; i++)
        columns[i] = take_column(reader, format, &rooms[i]);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(take_vint(&columns[0]), 8);
        const uint8_t *key = take(&columns[1], 8);
        size_t whole = take_vint(&columns[2]);
        uint32_t size = take_be32(&columns[3]);
        ck_assert_uint_eq(whole, size + 4);
        reader->on_record(reader->records++, key, take(&columns[3], size), size);
    }
    for (size_t i = 0; i < 4; i++) {
        ck_assert_ptr_eq(columns[i].at, columns[i].end);
        fl_buf_free(&rooms[i]);
    }
}

static struct reader read_file(const struct fl_buf *out, const char *format, const char *codec,
                               void (*on_record)(unsigned, const uint8_t *, const uint8_t *,
                                                 size_t))
{
    struct reader reader = {.start = out->data,
                            .at = out->data,
                            .end = out->data + out->size,
                            .codec = codec,
                            .on_record = on_record};

    take_header(&reader);
    while (reader.at < reader.end) {
        if (reader.is_compressed)
            take_block(&reader, format);
        else
            take_plain_record(&reader);
    }
    return reader;
}

#define VALUE_MAX 3000

/* The record at INDEX has INDEX as its key and so many equal letters as its value. */
static size_t value_of(unsigned index, char value[VALUE_MAX])
{
    size_t size = index % VALUE_MAX;

    memset(value, 'a' + (int)(index % 26), size);
    return size;
}

static void check_record(unsigned index, const uint8_t *key, const uint8_t *value, size_t size)
{
    char expected[VALUE_MAX];
    uint64_t number = 0;

    for (int i = 0; i < 8; i++)
        number = number << 8 | key[i];
    ck_assert_uint_eq(number, index);
    ck_assert_uint_eq(size, value_of(index, expected));
    ck_assert_mem_eq(value, expected, size);
}

static void write_record(struct fl_seqfile *file, unsigned index, struct fl_buf *out)
{
    char value[VALUE_MAX];
    size_t size = value_of(index, value);

    ck_assert_int_eq(fl_seqfile_write(file, index, value, size, out, NULL), FLOW_OK);
}

START_TEST(markers_let_readers_start_in_the_middle)
{
    struct fl_seqfile *file = new_file(NULL, 0, NULL);
    struct fl_buf out;
    fl_buf_init(&out, NULL);

    fl_seqfile_begin(file, &out, NULL);
    for (unsigned i = 0; i < 1000; i++) {
        write_record(file, i, &out);
        fl_seqfile_flush(file, &out, NULL);
    }
    struct reader reader = read_file(&out, NULL, NULL, check_record);
    ck_assert_uint_eq(reader.records, 1000);
    ck_assert_uint_eq(reader.syncs, out.size / (100 * 1024));
    ck_assert_uint_le(reader.farthest_sync, 100 * 1024 + VALUE_MAX + 16);
    fl_seqfile_free(file);
    fl_buf_free(&out);
}
END_TEST

START_TEST(markers_count_what_was_written_to_other_buffers)
{
    struct fl_seqfile *file = new_file(NULL, 0, NULL);
    struct fl_buf all, piece;
    fl_buf_init(&all, NULL);
    fl_buf_init(&piece, NULL);

    fl_seqfile_begin(file, &all, NULL);
    for (unsigned i = 0; i < 1000; i++) {
        write_record(file, i, &piece);
        fl_buf_append(&all, piece.data, piece.size);
        fl_buf_clear(&piece);
    }
    ck_assert_uint_eq(read_file(&all, NULL, NULL, check_record).syncs, all.size / (100 * 1024));
    fl_seqfile_free(file);
    fl_buf_free(&all);
    fl_buf_free(&piece);
}
END_TEST

static void check_blocks(const char *format, const char *class_name)
{
    struct fl_seqfile *file = new_file(NULL, 0, format);
    struct fl_buf out;
    if (!can_unpack(format))
        return;
    fl_buf_init(&out, NULL);

    /* 2.02 MB of keys and values fill two blocks of 1,000,000 bytes; a flush ends the third. */
    fl_seqfile_begin(file, &out, NULL);
    for (unsigned i = 0; i < 2000; i++)
        write_record(file, i, &out);
    fl_seqfile_flush(file, &out, NULL);
    fl_seqfile_flush(file, &out, NULL); /* nothing to end: no block */
    struct reader reader = read_file(&out, format, class_name, check_record);
    ck_assert_uint_eq(reader.records, 2000);
    ck_assert_uint_eq(reader.syncs, 3);
    fl_seqfile_free(file);
    fl_buf_free(&out);
}

START_TEST(blocks_hold_compressed_columns)
{
    check_blocks("gzip", "org.apache.hadoop.io.compress.GzipCodec");
    check_blocks("bzip2", "org.apache.hadoop.io.compress.BZip2Codec");
    check_blocks("deflate", "org.apache.hadoop.io.compress.DeflateCodec");
    check_blocks("snappy", "org.apache.hadoop.io.compress.SnappyCodec");
    check_blocks("lz4", "org.apache.hadoop.io.compress.Lz4Codec");
    check_blocks("zstd", "org.apache.hadoop.io.compress.ZStandardCodec");
}
END_TEST

START_TEST(markers_of_two_files_differ)
{
    struct fl_seqfile_options options = {0};
    struct fl_seqfile *files[2];
    struct fl_buf out[2];

    for (int i = 0; i < 2; i++) {
        fl_buf_init(&out[i], NULL);
        ck_assert_int_eq(fl_seqfile_new(NULL, &options, &files[i], NULL), FLOW_OK);
        fl_seqfile_begin(files[i], &out[i], NULL);
        fl_seqfile_free(files[i]);
    }
    ck_assert_uint_eq(out[0].size, out[1].size);
    ck_assert_mem_ne(out[0].data, out[1].data, out[0].size);
    fl_buf_free(&out[0]);
    fl_buf_free(&out[1]);
}
END_TEST

START_TEST(events_beyond_javas_int_are_refused)
{
    struct fl_seqfile *file = new_file(NULL, 0, NULL);
    struct fl_buf out;
    flow_error *err = NULL;
    fl_buf_init(&out, NULL);

    ck_assert_int_eq(fl_seqfile_write(file, 0, "", (size_t)INT32_MAX, &out, &err), FLOW_ETOOBIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "2147483647"));
    ck_assert_uint_eq(out.size, 0);
    flow_error_free(err);
    fl_seqfile_free(file);
}
END_TEST

/* Writes a little with GRANTS allocations; returns the first fault. */
static int write_with(struct failing *failing, int64_t grants, const char *codec)
{
    struct fl_buf out;

    fl_buf_init(&out, &failing->allocator);
    failing_after(failing, grants);
    struct fl_seqfile *file = new_file(&failing->allocator, 1, codec);
    int rc = file ? fl_seqfile_begin(file, &out, NULL) : FLOW_ENOMEM;
    if (!rc)
        rc = fl_seqfile_write(file, 1, "hello", 5, &out, NULL);
    if (!rc)
        rc = fl_seqfile_flush(file, &out, NULL);
    fl_seqfile_free(file);
    fl_buf_free(&out);
    return rc;
}

START_TEST(every_lack_of_memory_is_reported_and_leaks_nothing)
{
    static const char *const codecs[] = {NULL, "gzip"};
    struct failing failing;
    failing_init(&failing);

    for (int i = 0; i < 2; i++) {
        int64_t grants = 0;
        while (write_with(&failing, grants, codecs[i]) == FLOW_ENOMEM) {
            ck_assert_int_eq(failing.live, 0);
            grants++;
        }
        ck_assert_int_gt(grants, 1);
        ck_assert_int_eq(write_with(&failing, grants, codecs[i]), FLOW_OK);
        ck_assert_int_eq(failing.live, 0);
    }
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"bytes", bytes_are_laid_out_as_hadoop_does},
        {"text", text_is_laid_out_as_hadoop_does},
        {"markers", markers_let_readers_start_in_the_middle},
        {"markers across buffers", markers_count_what_was_written_to_other_buffers},
        {"blocks", blocks_hold_compressed_columns},
        {"random markers", markers_of_two_files_differ},
        {"too big", events_beyond_javas_int_are_refused},
        {"no memory", every_lack_of_memory_is_reported_and_leaks_nothing},
    };

    return RUN_SUITE("codec/seqfile", tests);
}
