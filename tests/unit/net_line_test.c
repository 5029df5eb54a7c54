/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "failing.h"
#include "net/line.h"
#include "suite.h"

/* Feeds one piece and adds each line that ends in it to OUT, followed by '|'. */
static void feed(struct fl_lines *lines, const char *piece, size_t size, struct fl_buf *out)
{
    const uint8_t *data = (const uint8_t *)piece;
    struct fl_line line;
    int rc;

    while ((rc = fl_lines_next(lines, &data, &size, &line)) > 0) {
        fl_buf_append(out, line.data, line.size);
        fl_buf_byte(out, '|');
    }
    ck_assert_int_eq(rc, FLOW_OK);
    ck_assert_uint_eq(size, 0);
}

/* What lines TEXT yields when it comes in pieces of STEP bytes. */
static char *split(const char *text, size_t step)
{
    struct fl_lines lines;
    struct fl_buf out;
    size_t size = strlen(text);

    fl_lines_init(&lines, NULL);
    fl_buf_init(&out, NULL);
    for (size_t at = 0; at < size; at += step)
        feed(&lines, text + at, size - at < step ? size - at : step, &out);
    fl_buf_printf(&out, "(%.*s)", (int)fl_lines_rest(&lines).size,
                  (const char *)fl_lines_rest(&lines).data);
    fl_lines_free(&lines);
    return fl_buf_detach(&out);
}

START_TEST(pieces_of_any_size_yield_the_same_lines)
{
    static const char text[] = "one\ntwo three\n\n\r\nfour\nand the rest";

    for (size_t step = 1; step <= sizeof text; step++) {
        char *lines = split(text, step);
        ck_assert_str_eq(lines, "one|two three||\r|four|(and the rest)");
        fl_free(NULL, lines);
    }
}
END_TEST

START_TEST(line_in_one_piece_is_not_copied)
{
    const char *text = "abc\ndef\n";
    const uint8_t *data = (const uint8_t *)text;
    size_t size = strlen(text);
    struct fl_lines lines;
    struct fl_line line;
    fl_lines_init(&lines, NULL);

    ck_assert_int_eq(fl_lines_next(&lines, &data, &size, &line), 1);
    ck_assert_ptr_eq(line.data, (const uint8_t *)text);
    ck_assert_int_eq(fl_lines_next(&lines, &data, &size, &line), 1);
    ck_assert_ptr_eq(line.data, (const uint8_t *)text + 4);
    ck_assert_uint_eq(line.size, 3);
    fl_lines_free(&lines);
}
END_TEST

START_TEST(nothing_rests_behind_a_newline)
{
    char *lines = split("abc\n", 2);

    ck_assert_str_eq(lines, "abc|()");
    fl_free(NULL, lines);
}
END_TEST

START_TEST(lack_of_memory_is_reported)
{
    const uint8_t *data = (const uint8_t *)"no end";
    size_t size = 6;
    struct failing failing;
    struct fl_lines lines;
    struct fl_line line;
    failing_init(&failing);
    failing_after(&failing, 0);
    fl_lines_init(&lines, &failing.allocator);

    ck_assert_int_eq(fl_lines_next(&lines, &data, &size, &line), FLOW_ENOMEM);
    fl_lines_free(&lines);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"pieces", pieces_of_any_size_yield_the_same_lines},
        {"no copy", line_in_one_piece_is_not_copied},
        {"rest", nothing_rests_behind_a_newline},
        {"no memory", lack_of_memory_is_reported},
    };

    return RUN_SUITE("net/line", tests);
}
