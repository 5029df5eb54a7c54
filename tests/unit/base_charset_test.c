/* SPDX-License-Identifier: Apache-2.0 */

/* Character sets against what Java makes of the same texts. */

#include <string.h>

#include "base/charset.h"
#include "suite.h"

static const struct {
    const char *set;
    const char *text;
    size_t text_size;
    const char *bytes;
    size_t bytes_size;
    const char *back;
    size_t back_size;
} java[] = {
#include "base_charset_java.inc"
};

static struct fl_charset *opened(const char *name, int policy)
{
    struct fl_charset *cs;
    flow_error *err = NULL;
    int rc = fl_charset_open(NULL, name, policy, &cs, &err);

    ck_assert_msg(rc == FLOW_OK, "%s: %s", name, flow_error_message(err));
    return cs;
}

static void assert_bytes(const struct fl_buf *buf, const char *wanted, size_t size,
                         const char *what)
{
    ck_assert_msg(buf->size == size && memcmp(buf->data, wanted, size) == 0, "%s: %zu bytes", what,
                  buf->size);
}

START_TEST(encodes_as_java_does)
{
    for (size_t i = 0; i < sizeof java / sizeof *java; i++) {
        struct fl_charset *cs = opened(java[i].set, FL_CHARSET_REPLACE);
        struct fl_buf out;
        fl_buf_init(&out, NULL);
        ck_assert_int_eq(fl_charset_from_utf8(cs, java[i].text, java[i].text_size, &out, NULL),
                         FLOW_OK);
        assert_bytes(&out, java[i].bytes, java[i].bytes_size, java[i].set);
        fl_buf_free(&out);
        fl_charset_free(cs);
    }
}
END_TEST

/* Gives all bytes one more at a time, so that every character is cut in every way. */
static void decode_in_steps(struct fl_charset *cs, const char *bytes, size_t size,
                            struct fl_buf *out)
{
    size_t done = 0;
    size_t consumed;

    for (size_t end = 1; end <= size; end++) {
        ck_assert_int_eq(fl_charset_to_utf8(cs, bytes + done, end - done, out, &consumed, NULL),
                         FLOW_OK);
        ck_assert_uint_le(consumed, end - done);
        done += consumed;
    }
    ck_assert_int_eq(fl_charset_to_utf8(cs, bytes + done, size - done, out, NULL, NULL), FLOW_OK);
}

START_TEST(decodes_as_java_does)
{
    for (size_t i = 0; i < sizeof java / sizeof *java; i++) {
        struct fl_charset *cs = opened(java[i].set, FL_CHARSET_REPLACE);
        struct fl_buf out;
        fl_buf_init(&out, NULL);
        size_t mark = fl_charset_sniff(cs, java[i].bytes, java[i].bytes_size);
        ck_assert_int_eq(fl_charset_to_utf8(cs, java[i].bytes + mark, java[i].bytes_size - mark,
                                            &out, NULL, NULL),
                         FLOW_OK);
        assert_bytes(&out, java[i].back, java[i].back_size, java[i].set);
        fl_buf_clear(&out);
        decode_in_steps(cs, java[i].bytes + mark, java[i].bytes_size - mark, &out);
        assert_bytes(&out, java[i].back, java[i].back_size, java[i].set);
        fl_buf_free(&out);
        fl_charset_free(cs);
    }
}
END_TEST

/* Broken texts and what Java's REPLACE makes of them. */
static const struct {
    const char *set;
    const char *bytes;
    size_t size;
    const char *replaced;
    const char *ignored;
    size_t fault; /* where FAIL stops */
} broken[] = {
    {"UTF-8", "a\x80\xe2\x82\xc3(Z", 7, "a\ufffd\ufffd\ufffd(Z", "a(Z", 1},
    {"UTF-8", "a\xe2\x82", 3, "a\ufffd", "a", 1},
    {"UTF-8",
     "\xed\xa0\x80"
     "a\xf4\x90\x80\x80",
     8, "\ufffda\ufffd\ufffd\ufffd\ufffd", "a", 0},
    {"US-ASCII",
     "a\xff"
     "b",
     3, "a\ufffdb", "ab", 1},
    {"GBK",
     "a\xff"
     "b\x81",
     4, "a\ufffdb\ufffd", "ab", 1},
    {"UTF-16LE", "a\0\xff", 3, "a\ufffd", "a", 2},
    {"windows-1252", "\x81\x80", 2, "\ufffd\u20ac", "\u20ac", 0},
};

static void assert_decoded(size_t i, int policy, const char *wanted)
{
    struct fl_charset *cs = opened(broken[i].set, policy);
    struct fl_buf out;

    fl_buf_init(&out, NULL);
    ck_assert_int_eq(fl_charset_to_utf8(cs, broken[i].bytes, broken[i].size, &out, NULL, NULL),
                     FLOW_OK);
    assert_bytes(&out, wanted, strlen(wanted), broken[i].set);
    fl_buf_clear(&out);
    decode_in_steps(cs, broken[i].bytes, broken[i].size, &out);
    assert_bytes(&out, wanted, strlen(wanted), broken[i].set);
    fl_buf_free(&out);
    fl_charset_free(cs);
}

START_TEST(does_with_faults_what_the_policy_says)
{
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_decoded(i, FL_CHARSET_REPLACE, broken[i].replaced);
        assert_decoded(i, FL_CHARSET_IGNORE, broken[i].ignored);
    }
}
END_TEST

START_TEST(stops_at_the_fault)
{
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct fl_charset *cs = opened(broken[i].set, FL_CHARSET_FAIL);
        struct fl_buf out;
        flow_error *err = NULL;
        size_t consumed = 99;
        fl_buf_init(&out, NULL);
        int rc = fl_charset_to_utf8(cs, broken[i].bytes, broken[i].size, &out, &consumed, &err);
        ck_assert_uint_eq(consumed, broken[i].fault);
        if (rc == FLOW_OK) { /* cut at its end: a fault only when nothing follows */
            rc = fl_charset_to_utf8(cs, broken[i].bytes + consumed, broken[i].size - consumed, &out,
                                    NULL, &err);
        }
        ck_assert_int_eq(rc, FLOW_EPARSE);
        ck_assert_ptr_nonnull(strstr(flow_error_message(err), broken[i].set));
        flow_error_free(err);
        fl_buf_free(&out);
        fl_charset_free(cs);
    }
}
END_TEST

START_TEST(encodes_faults_by_policy)
{
    static const char text[] = "a\u4e2d\xff\u00e4";
    struct fl_buf out;
    struct fl_charset *cs = opened("ISO-8859-2", FL_CHARSET_IGNORE);

    fl_buf_init(&out, NULL);
    ck_assert_int_eq(fl_charset_from_utf8(cs, text, strlen(text), &out, NULL), FLOW_OK);
    assert_bytes(&out, "a\xe4", 2, "ISO-8859-2, ignored");
    fl_charset_free(cs);
    fl_buf_clear(&out);
    cs = opened("ISO-8859-2", FL_CHARSET_REPLACE);
    ck_assert_int_eq(fl_charset_from_utf8(cs, text, strlen(text), &out, NULL), FLOW_OK);
    assert_bytes(&out, "a?\?\xe4", 4, "ISO-8859-2, replaced");
    fl_charset_free(cs);
    cs = opened("ISO-8859-1", FL_CHARSET_FAIL);
    ck_assert_int_eq(fl_charset_from_utf8(cs, "\u4e2d", 3, &out, NULL), FLOW_EPARSE);
    ck_assert_int_eq(fl_charset_from_utf8(cs, "\xff", 1, &out, NULL), FLOW_EPARSE);
    fl_charset_free(cs);
    fl_buf_free(&out);
}
END_TEST

START_TEST(takes_the_order_from_the_mark)
{
    struct fl_charset *cs = opened("UTF-16", FL_CHARSET_FAIL);
    struct fl_buf out;
    uint8_t newline[4];

    fl_buf_init(&out, NULL);
    ck_assert_int_eq(fl_charset_to_utf8(cs,
                                        "\xff\xfe"
                                        "a\0",
                                        4, &out, NULL, NULL),
                     FLOW_OK);
    assert_bytes(&out, "a", 1, "little");
    ck_assert_uint_eq(fl_charset_newline(cs, newline), 2);
    ck_assert_mem_eq(newline, "\n\0", 2);
    ck_assert_uint_eq(fl_charset_sniff(cs, "\0a", 2), 0);
    ck_assert_uint_eq(fl_charset_newline(cs, newline), 2);
    ck_assert_mem_eq(newline, "\0\n", 2);
    fl_buf_free(&out);
    fl_charset_free(cs);
}
END_TEST

static void assert_newline(const char *name, const char *wanted, size_t size)
{
    struct fl_charset *cs = opened(name, FL_CHARSET_FAIL);
    uint8_t newline[4];

    ck_assert_msg(fl_charset_newline(cs, newline) == size, "%s", name);
    ck_assert_msg(memcmp(newline, wanted, size) == 0, "%s", name);
    fl_charset_free(cs);
}

START_TEST(knows_how_lines_end)
{
    assert_newline("UTF-8", "\n", 1);
    assert_newline("GBK", "\n", 1);
    assert_newline("IBM037", "\x25", 1);
    assert_newline("UTF-32LE", "\n\0\0\0", 4);
    assert_newline("UTF-32", "\0\0\0\n", 4);
}
END_TEST

START_TEST(refuses_unknown_names)
{
    static const char *const names[] = {"", "UTF-9", "GBK//TRANSLIT", "../x", "a b"};
    char longest[300];

    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i <= sizeof names / sizeof *names; i++) {
        const char *name = i < sizeof names / sizeof *names ? names[i] : longest;
        struct fl_charset *cs;
        flow_error *err = NULL;
        ck_assert_int_eq(fl_charset_open(NULL, name, 0, &cs, &err), FLOW_ENOENT);
        ck_assert_ptr_null(cs);
        flow_error_free(err);
    }
    fl_charset_free(NULL);
}
END_TEST

START_TEST(counts_units_as_java_does)
{
    struct fl_charset *utf16 = opened("UTF-16LE", FL_CHARSET_FAIL);
    struct fl_charset *utf8 = opened("UTF-8", FL_CHARSET_FAIL);

    ck_assert_uint_eq(fl_utf16_length("a\u00e4\u20ac\U0001f600", 10), 5);
    ck_assert_uint_ge(fl_charset_most_units(utf16, 10), 5);
    ck_assert_uint_eq(fl_charset_most_units(utf8, 10), 10);
    ck_assert(fl_charset_is_utf8(utf8) && !fl_charset_is_utf8(utf16));
    fl_charset_free(utf16);
    fl_charset_free(utf8);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"encodes as java does", encodes_as_java_does},
        {"decodes as java does", decodes_as_java_does},
        {"does with faults what the policy says", does_with_faults_what_the_policy_says},
        {"stops at the fault", stops_at_the_fault},
        {"encodes faults by policy", encodes_faults_by_policy},
        {"takes the order from the mark", takes_the_order_from_the_mark},
        {"knows how lines end", knows_how_lines_end},
        {"refuses unknown names", refuses_unknown_names},
        {"counts units as java does", counts_units_as_java_does},
    };
    return RUN_SUITE("base_charset", tests);
}
