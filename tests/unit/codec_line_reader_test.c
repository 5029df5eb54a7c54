/* SPDX-License-Identifier: Apache-2.0 */

/* The LINE and BLOB deserializers: events of bytes, however the bytes come in pieces. */

#include <stdio.h>
#include <string.h>

#include <flow.h>

#include "codec/blob.h"
#include "codec/line_reader.h"
#include "suite.h"

struct rig {
    flow_library *lib;
    flow_batch *batch;
    struct fl_charset *in;
    struct fl_charset *out;
    struct fl_line_reader line;
    char text[4096]; /* the events so far, as rig_events writes them */
};

static void rig_init(struct rig *rig, const char *in, const char *out, int policy, size_t max)
{
    memset(rig, 0, sizeof *rig);
    ck_assert_int_eq(flow_library_new(NULL, &rig->lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(rig->lib, &rig->batch, NULL), FLOW_OK);
    ck_assert_int_eq(fl_charset_open(NULL, in, policy, &rig->in, NULL), FLOW_OK);
    ck_assert_int_eq(fl_charset_open(NULL, out, FL_CHARSET_REPLACE, &rig->out, NULL), FLOW_OK);
    fl_line_reader_init(&rig->line, NULL, rig->in, rig->out, max);
}

static void rig_free(struct rig *rig)
{
    fl_line_reader_free(&rig->line);
    fl_charset_free(rig->in);
    fl_charset_free(rig->out);
    flow_batch_free(rig->batch);
    ck_assert_int_eq(flow_library_free(rig->lib, NULL), FLOW_OK);
}

/* The bodies in brackets: "[one][two]"; bytes that are not ASCII as \xhh. */
static const char *rig_events(struct rig *rig)
{
    char *to = rig->text;

    *to = '\0';
    for (size_t i = 0; i < flow_batch_count(rig->batch); i++) {
        size_t size;
        const uint8_t *body = flow_event_body(flow_batch_event(rig->batch, i), &size);
        to += sprintf(to, "[");
        for (size_t k = 0; k < size; k++)
            to += sprintf(to, body[k] >= ' ' && body[k] <= '~' ? "%c" : "\\x%02x", body[k]);
        to += sprintf(to, "]");
    }
    return rig->text;
}

/* Gives the text in pieces of STEP more bytes each, as a file's window would. */
static int read_in_steps(struct rig *rig, const char *text, size_t size, size_t step, size_t max)
{
    size_t done = fl_line_reader_begin(&rig->line, text, size < 4 ? size : 4);
    size_t end = done;

    flow_batch_clear(rig->batch);
    for (;;) {
        size_t consumed;
        struct fl_piece_of_file piece = {
            .data = (const uint8_t *)text + done, .size = end - done, .last = end == size};
        int rc = fl_line_reader_read(&rig->line, &piece, max, rig->batch, &consumed, NULL);
        ck_assert_uint_le(consumed, piece.size);
        done += consumed;
        if (rc != FLOW_OK || (consumed == 0 && end == size)) {
            ck_assert(rc != FLOW_OK || done == size);
            return rc;
        }
        end = consumed > 0 ? end : size - end < step ? size : end + step;
    }
}

/* In pieces of every size and in batches of every size the events are the same. */
static void expect(struct rig *rig, const char *text, size_t size, const char *wanted)
{
    for (size_t step = 1; step <= size + 1; step++) {
        ck_assert_int_eq(read_in_steps(rig, text, size, step, 100), FLOW_OK);
        ck_assert_str_eq(rig_events(rig), wanted);
        ck_assert_int_eq(read_in_steps(rig, text, size, step, 1), FLOW_OK);
        ck_assert_str_eq(rig_events(rig), wanted);
    }
}

static void expect_lines(const char *in, const char *out, size_t max, const char *text, size_t size,
                         const char *wanted)
{
    struct rig rig;

    rig_init(&rig, in, out, FL_CHARSET_REPLACE, max);
    expect(&rig, text, size, wanted);
    rig_free(&rig);
}

#define UTF8(max, text, wanted) expect_lines("UTF-8", "UTF-8", max, text, sizeof text - 1, wanted)

START_TEST(splits_at_newlines)
{
    UTF8(2048, "", "");
    UTF8(2048, "one", "[one]");
    UTF8(2048, "one\n", "[one]");
    UTF8(2048, "one\n\ntwo\r\nthree", "[one][][two\\x0d][three]");
    UTF8(2048, "\n\n", "[][]");
    UTF8(2048, "a\0b\nc", "[a\\x00b][c]");
    UTF8(2048,
         "\xef\xbb\xbf"
         "a\n",
         "[\\xef\\xbb\\xbfa]"); /* Java leaves this mark where it is */
}
END_TEST

START_TEST(cuts_long_lines)
{
    UTF8(3, "abc\nabcd\n", "[abc][abc][d]");
    UTF8(3, "abcdefgh\ni", "[abc][def][gh][i]");
    UTF8(3, "abcdef", "[abc][def]");
    UTF8(1, "ab\n\nc", "[a][b][][c]");
    /* Characters, not bytes; and a pair of UTF-16 units stays whole. */
    UTF8(2, "\u00e4\u00e4\u00e4\n", "[\\xc3\\xa4\\xc3\\xa4][\\xc3\\xa4]");
    UTF8(3, "ab\U0001f600c\n", "[ab][\\xf0\\x9f\\x98\\x80c]");
}
END_TEST

START_TEST(counts_what_it_cuts)
{
    struct rig rig;

    rig_init(&rig, "UTF-8", "UTF-8", FL_CHARSET_REPLACE, 3);
    ck_assert_int_eq(read_in_steps(&rig, "abc\nabcd\nabcdefg\n", 17, 17, 100), FLOW_OK);
    ck_assert_uint_eq(rig.line.cuts, 3);
    rig_free(&rig);
}
END_TEST

/* A character wider than the limit must not stop the file. */
START_TEST(gets_on_with_a_limit_below_one_character)
{
    UTF8(1, "\U0001f600\n", "[\\xf0\\x9f\\x98\\x80]");
    expect_lines("UTF-16BE", "UTF-8", 1, "\xd8\x3d\xde\0\0\n", 6, "[\\xf0\\x9f\\x98\\x80]");
}
END_TEST

START_TEST(replaces_what_is_not_valid)
{
    UTF8(2048,
         "a\xff"
         "b\nc\xe2\x82",
         "[a\\xef\\xbf\\xbdb][c\\xef\\xbf\\xbd]");
    UTF8(2, "\xff\xff\xff\n", "[\\xef\\xbf\\xbd\\xef\\xbf\\xbd][\\xef\\xbf\\xbd]");
    UTF8(2048, "\xe2\x82\n\xac", "[\\xef\\xbf\\xbd][\\xef\\xbf\\xbd]");
}
END_TEST

START_TEST(converts_character_sets)
{
    expect_lines("ISO-8859-1", "UTF-8", 2048, "\xe4\n\xdf", 3, "[\\xc3\\xa4][\\xc3\\x9f]");
    expect_lines("UTF-8", "ISO-8859-1", 2048, "\xc3\xa4\n\xe4\xb8\xad", 6, "[\\xe4][?]");
    expect_lines("UTF-16", "UTF-8", 2048,
                 "\xff\xfe"
                 "a\0\n\0\n\x0a"
                 "b\0\n\0",
                 12, "[a][\\xe0\\xa8\\x8ab]"); /* U+0A0A holds the byte of a newline */
    expect_lines("UTF-16", "UTF-16LE", 2048, "\0a\0\n\0b", 6, "[a\\x00][b\\x00]");
    expect_lines("GBK", "UTF-8", 2, "\xd6\xd0\xce\xc4\xd6\xd0\n", 7,
                 "[\\xe4\\xb8\\xad\\xe6\\x96\\x87][\\xe4\\xb8\\xad]");
    expect_lines("Shift_JIS", "UTF-8", 2048, "\x83\x5c\n\x83\x5c", 5,
                 "[\\xe3\\x82\\xbd][\\xe3\\x82\\xbd]");
    expect_lines("IBM037", "UTF-8", 2048, "\x81\x25\x82", 3, "[a][b]");
}
END_TEST

START_TEST(stops_in_front_of_a_line_it_cannot_decode)
{
    static const char text[] = "one\ntwo\xff\nthree\n";
    struct rig rig;
    struct fl_piece_of_file piece = {
        .data = (const uint8_t *)text, .size = sizeof text - 1, .last = 1};
    flow_error *err = NULL;
    size_t consumed;

    rig_init(&rig, "UTF-8", "UTF-8", FL_CHARSET_FAIL, 2048);
    ck_assert_int_eq(fl_line_reader_read(&rig.line, &piece, 100, rig.batch, &consumed, &err),
                     FLOW_EPARSE);
    ck_assert_uint_eq(consumed, 4);
    ck_assert_str_eq(rig_events(&rig), "[one]");
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "0xff"));
    flow_error_free(err);
    rig_free(&rig);
    rig_init(&rig, "UTF-8", "UTF-8", FL_CHARSET_FAIL, 3);
    ck_assert_int_eq(read_in_steps(&rig, text, sizeof text - 1, 3, 100), FLOW_EPARSE);
    ck_assert_str_eq(rig_events(&rig), "[one]"); /* not "two": its line is broken */
    rig_free(&rig);
}
END_TEST

START_TEST(adds_headers)
{
    struct rig rig;
    struct fl_event_headers headers = {.items = {{"file", "/x", 4, 2}}, .count = 1};

    rig_init(&rig, "UTF-8", "UTF-8", FL_CHARSET_FAIL, 2048);
    rig.line.headers = &headers;
    ck_assert_int_eq(read_in_steps(&rig, "a\nb", 3, 3, 100), FLOW_OK);
    ck_assert_str_eq(flow_event_header(flow_batch_event(rig.batch, 1), "file", NULL), "/x");
    rig_free(&rig);
}
END_TEST

static void expect_blobs(size_t max_size, const char *wanted)
{
    static const char text[] = "abc\ndef";
    struct fl_event_headers headers = {.count = 0};
    struct rig rig;
    size_t done = 0;

    rig_init(&rig, "UTF-8", "UTF-8", FL_CHARSET_FAIL, 2048);
    for (size_t end = 1; end < sizeof text; end++) {
        size_t consumed;
        struct fl_piece_of_file piece = {.data = (const uint8_t *)text + done,
                                         .size = end - done,
                                         .last = end == sizeof text - 1};
        ck_assert_int_eq(fl_blob_read(max_size, &headers, &piece, 100, rig.batch, &consumed, NULL),
                         FLOW_OK);
        done += consumed;
    }
    ck_assert_uint_eq(done, sizeof text - 1);
    ck_assert_str_eq(rig_events(&rig), wanted);
    rig_free(&rig);
}

START_TEST(makes_blobs)
{
    expect_blobs(100, "[abc\\x0adef]");
    expect_blobs(7, "[abc\\x0adef]");
    expect_blobs(5, "[abc\\x0ad][ef]");
    expect_blobs(1, "[a][b][c][\\x0a][d][e][f]");
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"splits at newlines", splits_at_newlines},
        {"cuts long lines", cuts_long_lines},
        {"counts what it cuts", counts_what_it_cuts},
        {"gets on with a limit below one character", gets_on_with_a_limit_below_one_character},
        {"replaces what is not valid", replaces_what_is_not_valid},
        {"converts character sets", converts_character_sets},
        {"stops in front of a line it cannot decode", stops_in_front_of_a_line_it_cannot_decode},
        {"adds headers", adds_headers},
        {"makes blobs", makes_blobs},
    };
    return RUN_SUITE("line", tests);
}
