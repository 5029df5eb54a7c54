/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "codec/compress.h"
#include "codec/dynlib.h"
#include "failing.h"
#include "suite.h"
#include "unpack.h"

static const char *const formats[] = {"gzip", "deflate", "bzip2", "zstd", "snappy", "lz4"};

static void for_each_format(void (*check)(const char *format))
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (can_unpack(formats[i]))
            check(formats[i]);
    }
}

static struct fl_compressor *new_compressor(const flow_allocator *mem, const char *name)
{
    const struct fl_codec *codec;
    struct fl_compressor *compressor;

    ck_assert_int_eq(fl_codec_find(name, &codec, NULL), FLOW_OK);
    ck_assert_int_eq(fl_compressor_new(mem, codec, &compressor, NULL), FLOW_OK);
    return compressor;
}

/* SIZE bytes of which about half are noise, so that they shrink a little and blocks fill up. */
static uint8_t *some_bytes(size_t size)
{
    uint8_t *bytes = fl_alloc(NULL, size);
    uint32_t state = 1;

    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = i / 64 % 2 ? (uint8_t)(state >> 24) : 'x';
    }
    return bytes;
}

static void check_unpacks_to(const char *format, const struct fl_buf *packed, const void *expected,
                             size_t size)
{
    struct fl_buf got;

    fl_buf_init(&got, NULL);
    unpack(format, packed->data, packed->size, &got);
    ck_assert_uint_eq(got.size, size);
    ck_assert_mem_eq(got.data, expected, size);
    fl_buf_free(&got);
}

static void check_round_trip(const char *format)
{
    size_t size = 1000 * 1000;
    uint8_t *bytes = some_bytes(size);
    struct fl_buf out;
    fl_buf_init(&out, NULL);

    struct fl_compressor *compressor = new_compressor(NULL, format);
    /* Pieces of all sizes: nothing, a byte, less than a block of Hadoop's, more than two. */
    static const size_t pieces[] = {0, 1, 100, 200000, 600000, 199899};
    for (size_t i = 0, at = 0; i < 6; at += pieces[i++])
        ck_assert_int_eq(fl_compressor_write(compressor, bytes + at, pieces[i], &out, NULL), 0);
    ck_assert_int_eq(fl_compressor_finish(compressor, &out, NULL), FLOW_OK);
    ck_assert_uint_lt(out.size, size);
    check_unpacks_to(format, &out, bytes, size);

    fl_compressor_free(compressor);
    fl_buf_free(&out);
    fl_free(NULL, bytes);
}

START_TEST(what_was_written_comes_back)
{
    for_each_format(check_round_trip);
}
END_TEST

static void check_flush(const char *format)
{
    struct fl_buf out;
    fl_buf_init(&out, NULL);
    struct fl_compressor *compressor = new_compressor(NULL, format);

    fl_compressor_write(compressor, "first ", 6, &out, NULL);
    ck_assert_int_eq(fl_compressor_flush(compressor, &out, NULL), FLOW_OK);
    check_unpacks_to(format, &out, "first ", 6);

    size_t flushed = out.size;
    fl_compressor_flush(compressor, &out, NULL);
    ck_assert_uint_eq(out.size, flushed); /* nothing new: no empty members pile up */

    fl_compressor_write(compressor, "second", 6, &out, NULL);
    fl_compressor_finish(compressor, &out, NULL);
    check_unpacks_to(format, &out, "first second", 12);

    fl_compressor_free(compressor);
    fl_buf_free(&out);
}

START_TEST(a_flush_makes_everything_so_far_readable)
{
    for_each_format(check_flush);
}
END_TEST

static void check_empty(const char *format)
{
    struct fl_buf out;
    fl_buf_init(&out, NULL);
    struct fl_compressor *compressor = new_compressor(NULL, format);

    ck_assert_int_eq(fl_compressor_finish(compressor, &out, NULL), FLOW_OK);
    /* In Hadoop's framing an empty block would end the reading, so nothing stands for nothing. */
    int is_framed = strcmp(format, "snappy") == 0 || strcmp(format, "lz4") == 0;
    ck_assert_int_eq(out.size == 0, is_framed);
    if (!is_framed)
        check_unpacks_to(format, &out, "", 0);

    fl_compressor_free(compressor);
    fl_buf_free(&out);
}

START_TEST(a_stream_of_nothing_is_valid)
{
    for_each_format(check_empty);
}
END_TEST

static void check_noise(const char *format)
{
    size_t size = 1000 * 1000;
    uint8_t *bytes = fl_alloc(NULL, size);
    uint64_t state = 88172645463325252u;
    struct fl_buf out;
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        bytes[i] = (uint8_t)state;
    }
    fl_buf_init(&out, NULL);
    struct fl_compressor *compressor = new_compressor(NULL, format);

    fl_compressor_write(compressor, bytes, size, &out, NULL);
    fl_compressor_finish(compressor, &out, NULL);
    check_unpacks_to(format, &out, bytes, size); /* checks the size of chunks */

    fl_compressor_free(compressor);
    fl_buf_free(&out);
    fl_free(NULL, bytes);
}

START_TEST(bytes_that_do_not_shrink_fit_hadoops_buffers)
{
    for_each_format(check_noise);
}
END_TEST

START_TEST(codecs_answer_to_hadoops_names)
{
    static const char *const names[][2] = {
        {"org.apache.hadoop.io.compress.GzipCodec", ".gz"},
        {"GzipCodec", ".gz"},
        {"gzipcodec", ".gz"},
        {"gzip", ".gz"},
        {"BZip2Codec", ".bz2"},
        {"bzip2", ".bz2"},
        {"DefaultCodec", ".deflate"},
        {"default", ".deflate"},
        {"DeflateCodec", ".deflate"},
        {"deflate", ".deflate"},
        {"SnappyCodec", ".snappy"},
        {"SNAPPY", ".snappy"},
        {"Lz4Codec", ".lz4"},
        {"lz4", ".lz4"},
        {"org.apache.hadoop.io.compress.ZStandardCodec", ".zst"},
        {"zstandard", ".zst"},
        {"zstd", ".zst"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct fl_codec *codec;
        ck_assert_msg(fl_codec_find(names[i][0], &codec, NULL) == FLOW_OK, "%s", names[i][0]);
        ck_assert_str_eq(codec->extension, names[i][1]);
    }
}
END_TEST

START_TEST(unknown_codecs_are_refused_with_those_there_are)
{
    static const char *const names[] = {"", "lzop", "Codec", "gzipp", "org.apache.GzipCodec"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct fl_codec *codec;
        flow_error *err = NULL;
        ck_assert_int_eq(fl_codec_find(names[i], &codec, &err), FLOW_ENOENT);
        ck_assert_ptr_null(codec);
        ck_assert_ptr_nonnull(strstr(flow_error_message(err), "gzip, bzip2"));
        flow_error_free(err);
    }
}
END_TEST

struct calls {
    int (*known)(void);
    int (*unknown)(void);
};

START_TEST(a_library_that_is_missing_is_named)
{
    static const struct fl_dynlib_symbol one[] = {{"whatever", 0}};
    struct calls calls;
    void *handle;
    flow_error *err = NULL;

    ck_assert_int_eq(
        fl_dynlib_load("libnosuch.so.7", "lzo compression", one, 1, &calls, &handle, &err),
        FLOW_ENOENT);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "lzo compression"));
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "libnosuch.so.7"));
    ck_assert_ptr_null(handle);
    flow_error_free(err);
}
END_TEST

START_TEST(a_library_without_the_function_is_refused)
{
    static const struct fl_dynlib_symbol two[] = {
        {"getpid", offsetof(struct calls, known)},
        {"no_such_function", offsetof(struct calls, unknown)},
    };
    struct calls calls;
    void *handle;
    flow_error *err = NULL;

    ck_assert_int_eq(fl_dynlib_load("libc.so.6", "asking", two, 1, &calls, &handle, NULL), 0);
    ck_assert_int_gt(calls.known(), 0);
    fl_dynlib_unload(handle);
    ck_assert_int_eq(fl_dynlib_load("libc.so.6", "asking", two, 2, &calls, &handle, &err),
                     FLOW_EABI);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "no_such_function"));
    flow_error_free(err);
}
END_TEST

/* Compresses a little with GRANTS allocations; returns the first fault. */
static int compress_with(struct failing *failing, int64_t grants, const struct fl_codec *codec)
{
    const flow_allocator *mem = &failing->allocator;
    struct fl_compressor *compressor;
    struct fl_buf out;

    fl_buf_init(&out, mem);
    failing_after(failing, grants);
    int rc = fl_compressor_new(mem, codec, &compressor, NULL);
    if (!rc)
        rc = fl_compressor_write(compressor, "some text", 9, &out, NULL);
    if (!rc)
        rc = fl_compressor_finish(compressor, &out, NULL);
    fl_compressor_free(compressor);
    fl_buf_free(&out);
    return rc;
}

static void check_no_memory(const char *format)
{
    const struct fl_codec *codec;
    struct failing failing;
    int64_t grants = 0;
    fl_codec_find(format, &codec, NULL);
    failing_init(&failing);

    while (compress_with(&failing, grants, codec) == FLOW_ENOMEM) {
        ck_assert_int_eq(failing.live, 0);
        grants++;
    }
    ck_assert_int_gt(grants, 1);
    ck_assert_int_eq(compress_with(&failing, grants, codec), FLOW_OK);
    ck_assert_int_eq(failing.live, 0);
}

START_TEST(every_lack_of_memory_is_reported_and_leaks_nothing)
{
    for_each_format(check_no_memory);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"round trip", what_was_written_comes_back},
        {"flush", a_flush_makes_everything_so_far_readable},
        {"empty", a_stream_of_nothing_is_valid},
        {"noise", bytes_that_do_not_shrink_fit_hadoops_buffers},
        {"names", codecs_answer_to_hadoops_names},
        {"unknown names", unknown_codecs_are_refused_with_those_there_are},
        {"missing library", a_library_that_is_missing_is_named},
        {"missing function", a_library_without_the_function_is_refused},
        {"no memory", every_lack_of_memory_is_reported_and_leaks_nothing},
    };

    return RUN_SUITE("codec/compress", tests);
}
