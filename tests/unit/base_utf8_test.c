/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/utf8.h"
#include "suite.h"

/* A table of the standard's borders: what is valid, and what a decoder replaces at a time. */
static const struct {
    const char *text;
    size_t size;
    size_t valid;
    size_t broken;
    int cut;
} borders[] = {
    {"", 0, 0, 0, 0},
    {"\0", 1, 1, 0, 0},
    {"\x7f", 1, 1, 0, 0},
    {"\x80", 1, 0, 1, 0},
    {"\xc1\xbf", 2, 0, 1, 0},
    {"\xc2\x80", 2, 2, 0, 0},
    {"\xc2", 1, 0, 1, 1},
    {"\xc2 ", 2, 0, 1, 0},
    {"\xe0\x9f\xbf", 3, 0, 1, 0},
    {"\xe0\xa0\x80", 3, 3, 0, 0},
    {"\xe0\xa0", 2, 0, 2, 1},
    {"\xe2\x82 ", 3, 0, 2, 0},
    {"\xed\x9f\xbf", 3, 3, 0, 0},
    {"\xed\xa0\x80", 3, 0, 3, 0}, /* a surrogate */
    {"\xed\xa0", 2, 0, 2, 1},
    {"\xef\xbf\xbf", 3, 3, 0, 0},
    {"\xf0\x8f\xbf\xbf", 4, 0, 1, 0},
    {"\xf0\x90\x80\x80", 4, 4, 0, 0},
    {"\xf0\x90\x80", 3, 0, 3, 1},
    {"\xf0\x90\x80!", 4, 0, 3, 0},
    {"\xf4\x8f\xbf\xbf", 4, 4, 0, 0},
    {"\xf4\x90\x80\x80", 4, 0, 1, 0},
    {"\xf5\x80\x80\x80", 4, 0, 1, 0},
    {"\xff", 1, 0, 1, 0},
};

START_TEST(knows_the_borders)
{
    for (size_t i = 0; i < sizeof borders / sizeof *borders; i++) {
        int cut = -1;
        ck_assert_msg(fl_utf8_valid(borders[i].text, borders[i].size) == borders[i].valid,
                      "valid %zu", i);
        if (borders[i].broken > 0) {
            ck_assert_msg(fl_utf8_broken(borders[i].text, borders[i].size, &cut) ==
                              borders[i].broken,
                          "broken %zu", i);
            ck_assert_msg(cut == borders[i].cut, "cut %zu", i);
        }
    }
}
END_TEST

/* Wherever the fault stands, the strides of the fast way must not step over it. */
START_TEST(finds_a_fault_at_every_place)
{
    char text[100];

    for (size_t at = 0; at < sizeof text; at++) {
        memset(text, 'a', sizeof text);
        text[at] = '\xff';
        ck_assert_uint_eq(fl_utf8_valid(text, sizeof text), at);
        ck_assert_uint_eq(fl_utf8_valid(text, at), at);
    }
}
END_TEST

START_TEST(writes_and_reads_every_code_point)
{
    struct fl_buf buf;
    uint32_t read;

    fl_buf_init(&buf, NULL);
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        fl_buf_clear(&buf);
        ck_assert_int_eq(fl_utf8_append(&buf, c), FLOW_OK);
        ck_assert_uint_eq(fl_utf8_valid(buf.data, buf.size), buf.size);
        ck_assert_uint_eq(fl_utf8_decode(buf.data, buf.size, &read), buf.size);
        ck_assert_uint_eq(read, c >= 0xd800 && c <= 0xdfff ? FL_UTF8_REPLACEMENT : c);
    }
    fl_buf_clear(&buf);
    ck_assert_int_eq(fl_utf8_append(&buf, 0x110000), FLOW_OK);
    ck_assert_uint_eq(fl_utf8_decode(buf.data, buf.size, &read), 3);
    ck_assert_uint_eq(read, FL_UTF8_REPLACEMENT);
    ck_assert_uint_eq(fl_utf8_decode("\xff", 1, &read), 0);
    fl_buf_free(&buf);
}
END_TEST

START_TEST(takes_latin1)
{
    struct fl_buf buf;

    fl_buf_init(&buf, NULL);
    ck_assert_int_eq(fl_utf8_from_latin1(&buf, "a\xe9\xff", 3), FLOW_OK);
    ck_assert_uint_eq(buf.size, 5);
    ck_assert_mem_eq(buf.data, "a\xc3\xa9\xc3\xbf", 5);
    ck_assert_int_eq(fl_utf8_from_latin1(&buf, "", 0), FLOW_OK);
    ck_assert_uint_eq(buf.size, 5);
    fl_buf_free(&buf);
}
END_TEST

START_TEST(makes_utf16)
{
    struct fl_buf buf;

    fl_buf_init(&buf, NULL);
    ck_assert_int_eq(fl_utf8_to_utf16be(&buf, "a\xc3\xa9\xf0\x9f\x98\x80", 7), FLOW_OK);
    ck_assert_uint_eq(buf.size, 8);
    ck_assert_mem_eq(buf.data, "\0a\0\xe9\xd8\x3d\xde\0", 8);
    ck_assert_int_eq(fl_utf8_to_utf16be(&buf, "\xc3", 1), FLOW_EINVAL);
    fl_buf_free(&buf);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"knows the borders", knows_the_borders},
        {"finds a fault at every place", finds_a_fault_at_every_place},
        {"writes and reads every code point", writes_and_reads_every_code_point},
        {"takes latin1", takes_latin1},
        {"makes UTF-16", makes_utf16},
    };
    return RUN_SUITE("utf8", tests);
}
