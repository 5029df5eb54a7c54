/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>
#include <zlib.h>

#include "codec/avro_file.h"
#include "container.h"
#include "failing.h"
#include "suite.h"
#include "unpack.h"

static const uint8_t marker[FL_AVRO_SYNC_SIZE] = "0123456789abcdef";

static struct fl_avro_writer *new_writer(const char *codec, size_t sync_interval)
{
    const struct fl_avro_writer_options options = {
        .codec = codec, .sync_interval = sync_interval, .sync = marker};
    struct fl_avro_writer *writer;

    ck_assert_int_eq(fl_avro_writer_new(NULL, &options, &writer, NULL), FLOW_OK);
    return writer;
}

static void put_datum(struct fl_avro_writer *writer, const char *text, struct fl_buf *out)
{
    ck_assert_int_eq(fl_avro_writer_datum(writer, text, strlen(text), out, NULL), FLOW_OK);
}

START_TEST(a_file_is_laid_out_by_the_specification)
{
    static const char expected[] = "Obj\x01"
                                   "\x04\x16"
                                   "avro.schema\x0c\"long\"\x14"
                                   "avro.codec\x08null\x00"
                                   "0123456789abcdef"
                                   "\x04\x06" /* two records in three bytes */
                                   "\x02\x80\x01"
                                   "0123456789abcdef"
                                   "\x02\x02\x06"
                                   "0123456789abcdef";
    struct fl_avro_writer *writer = new_writer("null", 1000);
    struct fl_buf out;
    fl_buf_init(&out, NULL);

    ck_assert_int_eq(fl_avro_writer_begin(writer, "\"long\"", 6, &out, NULL), FLOW_OK);
    put_datum(writer, "\x02", &out);
    put_datum(writer, "\x80\x01", &out);
    ck_assert_int_eq(fl_avro_writer_flush(writer, &out, NULL), FLOW_OK);
    ck_assert_int_eq(fl_avro_writer_flush(writer, &out, NULL), FLOW_OK); /* no empty block */
    put_datum(writer, "\x06", &out);
    fl_avro_writer_flush(writer, &out, NULL);
    ck_assert_uint_eq(out.size, sizeof expected - 1);
    ck_assert_mem_eq(out.data, expected, out.size);
    fl_avro_writer_free(writer);
    fl_buf_free(&out);
}
END_TEST

START_TEST(a_full_block_ends_by_itself)
{
    struct fl_avro_writer *writer = new_writer("null", 10);
    struct fl_buf out;
    fl_buf_init(&out, NULL);

    put_datum(writer, "12345", &out);
    ck_assert_uint_eq(out.size, 0);
    put_datum(writer, "67890", &out);
    ck_assert_uint_eq(out.size, 1 + 1 + 10 + FL_AVRO_SYNC_SIZE);
    fl_avro_writer_free(writer);
    fl_buf_free(&out);
}
END_TEST

/* Takes one block apart with the specification in hand and unpacks it by the format's library. */
static void check_packed_block(const char *codec, const char *format, const struct fl_buf *block,
                               const void *expected, size_t expected_size)
{
    struct fl_avro_in in = fl_avro_in(block->data, block->size);
    struct fl_buf got;
    const uint8_t *data;
    size_t size;
    int64_t count;

    fl_buf_init(&got, NULL);
    ck_assert_int_eq(fl_avro_get_long(&in, &count), FLOW_OK);
    ck_assert_int_eq(count, 1);
    ck_assert_int_eq(fl_avro_get_bytes(&in, &data, &size), FLOW_OK);
    ck_assert_uint_eq(in.end - in.at, FL_AVRO_SYNC_SIZE);
    if (strcmp(codec, "snappy") == 0) {
        const uint8_t *sum = data + size - 4;
        size -= 4;
        ck_assert_uint_eq(crc32(0, expected, (uInt)expected_size),
                          (uLong)sum[0] << 24 | (uLong)sum[1] << 16 | (uLong)sum[2] << 8 | sum[3]);
    }
    unpack(format, data, size, &got);
    ck_assert_uint_eq(got.size, expected_size);
    if (expected_size > 0)
        ck_assert_mem_eq(got.data, expected, expected_size);
    fl_buf_free(&got);
}

static void check_codec(const char *codec, const char *format)
{
    static char text[100000];
    struct fl_buf out;
    if (!can_unpack(format))
        return;
    memset(text, 'x', sizeof text);
    fl_buf_init(&out, NULL);
    struct fl_avro_writer *writer = new_writer(codec, 1000000);

    ck_assert_int_eq(fl_avro_writer_begin(writer, "\"string\"", 8, &out, NULL), FLOW_OK);
    ck_assert_ptr_nonnull(memmem(out.data, out.size, codec, strlen(codec)));
    for (int i = 0; i < 3; i++) { /* each block is packed anew */
        fl_buf_clear(&out);
        fl_avro_writer_datum(writer, text, sizeof text, &out, NULL);
        ck_assert_int_eq(fl_avro_writer_flush(writer, &out, NULL), FLOW_OK);
        ck_assert_uint_lt(out.size, sizeof text / 4);
        check_packed_block(codec, format, &out, text, sizeof text);
    }
    /* A record can be of no bytes at all; its block still has to unpack. */
    fl_buf_clear(&out);
    fl_avro_writer_datum(writer, "", 0, &out, NULL);
    fl_avro_writer_flush(writer, &out, NULL);
    check_packed_block(codec, format, &out, "", 0);
    fl_avro_writer_free(writer);
    fl_buf_free(&out);
}

START_TEST(blocks_are_packed_by_the_codec)
{
    check_codec("deflate", "raw deflate");
    check_codec("snappy", "raw snappy");
    check_codec("bzip2", "bzip2");
    check_codec("zstandard", "zstd");
}
END_TEST

START_TEST(unknown_codecs_are_refused)
{
    const struct fl_avro_writer_options options = {.codec = "xz"};
    struct fl_avro_writer *writer;
    flow_error *err = NULL;

    ck_assert_int_eq(fl_avro_writer_new(NULL, &options, &writer, &err), FLOW_EINVAL);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "'xz'"));
    flow_error_free(err);
}
END_TEST

START_TEST(markers_of_two_files_differ)
{
    const struct fl_avro_writer_options options = {.codec = "null"};
    struct fl_avro_writer *writers[2];
    struct fl_buf out[2];

    for (int i = 0; i < 2; i++) {
        fl_buf_init(&out[i], NULL);
        fl_avro_writer_new(NULL, &options, &writers[i], NULL);
        fl_avro_writer_begin(writers[i], "\"long\"", 6, &out[i], NULL);
        fl_avro_writer_free(writers[i]);
    }
    ck_assert_mem_ne(out[0].data, out[1].data, out[0].size);
    fl_buf_free(&out[0]);
    fl_buf_free(&out[1]);
}
END_TEST

/* A file as Flume's spooldir keeps it: {"offset": long} with the file's name in the header. */
static const char meta_file[] = "Obj\x01"
                                "\x02\x08"
                                "file\x08/a/b"
                                "\x02\x16"
                                "avro.schema\x0c\"long\"\x00"
                                "0123456789abcdef"
                                "\x02\x04\x80\x01"
                                "0123456789abcdef"
                                "\x02\x02\x06"
                                "0123456789abcdef";

START_TEST(a_file_can_be_read)
{
    struct container container;
    struct fl_avro_block block;
    int64_t offset;
    size_t size;
    ck_assert_int_eq(container_open(&container, meta_file, sizeof meta_file - 1, NULL), FLOW_OK);

    ck_assert_mem_eq(fl_avro_reader_meta(container.reader, "file", &size), "/a/b", 4);
    ck_assert_uint_eq(size, 4);
    ck_assert_mem_eq(fl_avro_reader_meta(container.reader, "avro.schema", &size), "\"long\"", 6);
    ck_assert_ptr_null(fl_avro_reader_meta(container.reader, "avro.codec", &size));
    static const int64_t offsets[] = {64, 3};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(container_next(&container, &block), 1);
        ck_assert_int_eq(block.count, 1);
        ck_assert_int_eq(fl_avro_get_long(&block.records, &offset), FLOW_OK);
        ck_assert_int_eq(offset, offsets[i]);
        ck_assert_ptr_eq(block.records.at, block.records.end);
    }
    ck_assert_int_eq(container_next(&container, &block), 0);
    ck_assert_uint_eq(container.rest.size, FL_AVRO_SYNC_SIZE);
    container_close(&container);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_refused)
{
    size_t header = 52; /* ends where the first block begins */
    size_t block = 20;  /* and where it ends */

    ck_assert_int_eq(container_check(meta_file, sizeof meta_file - 1), FLOW_OK);
    for (size_t size = 0; size < sizeof meta_file - 1; size++) {
        char *cut = fl_alloc(NULL, size + 1); /* so that the sanitizer sees a step too far */
        memcpy(cut, meta_file, size);
        cut = fl_realloc(NULL, cut, size > 0 ? size : 1);
        int is_whole = size == header || size == header + block;
        ck_assert_int_eq(container_check(cut, size), is_whole ? FLOW_OK : FLOW_EPARSE);
        fl_free(NULL, cut);
    }
}
END_TEST

START_TEST(a_wrong_marker_is_refused)
{
    char spoiled[sizeof meta_file];

    memcpy(spoiled, meta_file, sizeof spoiled);
    spoiled[sizeof spoiled - 2]++;
    ck_assert_int_eq(container_check(spoiled, sizeof spoiled - 1), FLOW_EPARSE);
}
END_TEST

static void check_read_back(const char *codec, const char *format, const char *text, size_t size)
{
    if (!can_unpack(format))
        return;
    struct fl_avro_writer *writer = new_writer(codec, 1000000);
    struct container container;
    struct fl_avro_block block;
    struct fl_buf out;
    fl_buf_init(&out, NULL);

    fl_avro_writer_begin(writer, "\"string\"", 8, &out, NULL);
    ck_assert_int_eq(fl_avro_writer_datum(writer, text, size, &out, NULL), FLOW_OK);
    fl_avro_writer_flush(writer, &out, NULL);
    fl_avro_writer_free(writer);
    ck_assert_int_eq(container_open(&container, out.data, out.size, NULL), FLOW_OK);
    ck_assert_int_eq(container_next(&container, &block), 1);
    ck_assert_int_eq(block.count, 1);
    ck_assert_uint_eq(block.records.end - block.records.at, size);
    ck_assert_mem_eq(block.records.at, text, size);
    container_close(&container);

    /* Spoiled at its end: in a checksum, or what deflate knows its end by. */
    out.data[out.size - FL_AVRO_SYNC_SIZE - 2] ^= 0x55;
    ck_assert_int_eq(container_check(out.data, out.size), FLOW_EPARSE);
    fl_buf_free(&out);
}

START_TEST(packed_blocks_can_be_read)
{
    static char text[300000];

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * i / 7 % 251);
    check_read_back("deflate", "raw deflate", text, sizeof text);
    check_read_back("zstandard", "zstd", text, sizeof text);
    check_read_back("bzip2", "bzip2", text, sizeof text);
    check_read_back("snappy", "raw snappy", text, sizeof text);
}
END_TEST

START_TEST(codecs_that_cannot_be_read_are_named)
{
    static const char file[] = "Obj\x01\x02\x14"
                               "avro.codec\x04xz\x00"
                               "0123456789abcdef";
    struct container container;
    flow_error *err = NULL;

    ck_assert_int_eq(container_open(&container, file, sizeof file - 1, &err), FLOW_ENOENT);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "'xz'"));
    flow_error_free(err);
}
END_TEST

/* Writes a little with GRANTS allocations; returns the first fault. */
static int write_with(struct failing *failing, int64_t grants, const char *codec)
{
    const struct fl_avro_writer_options options = {.codec = codec, .sync_interval = 100};
    struct fl_avro_writer *writer;
    struct fl_buf out;

    fl_buf_init(&out, &failing->allocator);
    failing_after(failing, grants);
    int rc = fl_avro_writer_new(&failing->allocator, &options, &writer, NULL);
    if (!rc)
        rc = fl_avro_writer_begin(writer, "\"string\"", 8, &out, NULL);
    if (!rc)
        rc = fl_avro_writer_datum(writer, "\x06one", 4, &out, NULL);
    if (!rc)
        rc = fl_avro_writer_flush(writer, &out, NULL);
    fl_avro_writer_free(writer);
    fl_buf_free(&out);
    return rc;
}

START_TEST(every_lack_of_memory_is_reported_and_leaks_nothing)
{
    static const char *const codecs[] = {"null", "deflate"};
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
        {"layout", a_file_is_laid_out_by_the_specification},
        {"full block", a_full_block_ends_by_itself},
        {"codecs", blocks_are_packed_by_the_codec},
        {"unknown codec", unknown_codecs_are_refused},
        {"random markers", markers_of_two_files_differ},
        {"read", a_file_can_be_read},
        {"cut", a_file_cut_anywhere_is_refused},
        {"wrong marker", a_wrong_marker_is_refused},
        {"read packed", packed_blocks_can_be_read},
        {"unreadable codec", codecs_that_cannot_be_read_are_named},
        {"no memory", every_lack_of_memory_is_reported_and_leaks_nothing},
    };

    return RUN_SUITE("codec/avro_file", tests);
}
