/* SPDX-License-Identifier: Apache-2.0 */

/* Properties against what Java itself makes of the same texts, and the places of keys and values.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/properties.h"
#include "config_case.h"
#include "suite.h"

/* ---- what java.util.Properties does ---- */

#define FIELD_LIMIT 64

/* Undoes hexadecimal digits in place; "-" is the empty text. */
static void unhex(char *text)
{
    size_t size = 0;

    if (strcmp(text, "-") != 0) {
        unsigned byte;
        for (; sscanf(text + 2 * size, "%2x", &byte) == 1; size++)
            text[size] = (char)byte;
    }
    text[size] = '\0';
}

/* Splits a line of the table; returns the number of fields. */
static size_t split(char *line, char **fields)
{
    size_t count = 0;

    line[strcspn(line, "\n")] = '\0';
    for (char *field = strtok(line, "\t"); field; field = strtok(NULL, "\t")) {
        ck_assert_uint_lt(count, FIELD_LIMIT);
        fields[count++] = field;
    }
    return count;
}

/* Java makes an empty pair of a backslash at the very end of a text, which Flume ignores. */
static int is_empty_pair(char **fields, size_t index)
{
    return fields[index][0] == '\0' && fields[index + 1][0] == '\0';
}

static void expect_as_java(unsigned line, char **fields, size_t pairs_end, int is_refused)
{
    struct fl_properties lexer;
    struct fl_properties_fault fault;
    struct fl_pair pair;
    size_t next = 1;

    fl_properties_init(&lexer, NULL, fields[0], strlen(fields[0]));
    while (fl_properties_next(&lexer, &pair, &fault) > 0 && !fault.message) {
        ck_assert_msg(next < pairs_end, "line %u: an extra pair '%s'", line, pair.key);
        ck_assert_msg(strcmp(pair.key, fields[next]) == 0, "line %u: key '%s', not '%s'", line,
                      pair.key, fields[next]);
        ck_assert_msg(strcmp(pair.text, fields[next + 1]) == 0, "line %u: value '%s', not '%s'",
                      line, pair.text, fields[next + 1]);
        next += 2;
    }
    if (next + 2 == pairs_end && is_empty_pair(fields, next))
        next += 2;
    ck_assert_msg(next == pairs_end, "line %u: %zu fields of %zu", line, next, pairs_end);
    ck_assert_msg((fault.message != NULL) == is_refused, "line %u: %s", line,
                  is_refused ? "not refused" : fault.message);
    fl_properties_free(&lexer);
}

START_TEST(texts_mean_what_java_says_they_mean)
{
    FILE *table = fopen(TEST_DATA "/properties/jvm.tsv", "r");
    char line[4096];
    unsigned number = 0;
    unsigned cases = 0;

    ck_assert_ptr_nonnull(table);
    while (fgets(line, sizeof line, table)) {
        char *fields[FIELD_LIMIT] = {0};
        size_t count;
        number++;
        if (line[0] == '#')
            continue;
        count = split(line, fields);
        int is_refused = count > 1 && strcmp(fields[count - 1], "!") == 0;
        count -= (size_t)is_refused;
        for (size_t i = 0; i < count; i++)
            unhex(fields[i]);
        expect_as_java(number, fields, count, is_refused);
        cases++;
    }
    fclose(table);
    ck_assert_uint_eq(cases, 700);
}
END_TEST

/* ---- places ---- */

static void expect_model(const char *text, const char *expected)
{
    struct config_case test;

    config_case_open(&test);
    config_case_properties(&test, text);
    ck_assert_int_eq(test.rc, FLOW_OK);
    config_case_expect(text, config_case_model(&test), expected);
    config_case_close(&test);
}

START_TEST(a_key_stands_at_its_first_character)
{
    expect_model("a.b = c", "1:1 a.b = c\n");
    expect_model("\n# c\n\t a.b=c\r\n\r\n  d:e", "3:3 a.b = c\n5:3 d = e\n");
    expect_model("\\\n  a=b\nc=d", "2:3 a = b\n3:1 c = d\n");
    expect_model("# \xe4\xb8\xad\n\xc3\xa4=\xc3\xb6", "2:1 \xc3\xa4 = \xc3\xb6\n");
}
END_TEST

START_TEST(a_value_stands_at_its_first_character_behind_any_continuation)
{
    static const char text[] = "\xc3\xa4.k = v\nb = \\\n   w\nc\\\n d \\\n : x";
    struct fl_properties lexer;
    struct fl_properties_fault fault;
    struct fl_pair pair;

    fl_properties_init(&lexer, NULL, text, sizeof text - 1);
    ck_assert_int_eq(fl_properties_next(&lexer, &pair, &fault), 1);
    ck_assert_uint_eq(pair.value_at.line, 1);
    ck_assert_uint_eq(pair.value_at.column, 7);
    ck_assert_int_eq(fl_properties_next(&lexer, &pair, &fault), 1);
    ck_assert_uint_eq(pair.value_at.line, 3);
    ck_assert_uint_eq(pair.value_at.column, 4);
    ck_assert_int_eq(fl_properties_next(&lexer, &pair, &fault), 1);
    ck_assert_uint_eq(pair.key_at.line, 4);
    ck_assert_uint_eq(pair.value_at.line, 6);
    ck_assert_uint_eq(pair.value_at.column, 4);
    ck_assert_int_eq(fl_properties_next(&lexer, &pair, &fault), 0);
    fl_properties_free(&lexer);
}
END_TEST

/* ---- what Flume and the model add ---- */

START_TEST(blanks_around_keys_and_values_go)
{
    expect_model("a.b = c  \t\n", "1:1 a.b = c\n");
    expect_model("\\ a.b\\  = \\ c\\ ", "1:1 a.b = c\n");
}
END_TEST

START_TEST(a_byte_order_mark_is_no_part_of_the_first_key)
{
    expect_model("\xef\xbb\xbf"
                 "a.b = c",
                 "1:1 a.b = c\n");
}
END_TEST

/* Reads TEXT of properties and expects the whole report of agent "x", which there is not. */
static void expect_report(const char *text, const char *expected)
{
    struct config_case test;

    config_case_open(&test);
    config_case_properties(&test, text);
    config_case_expect(text, config_case_report(&test, "x"), expected);
    config_case_close(&test);
}

#define NO_AGENT "error the configuration has no agent\n"

START_TEST(a_repeated_key_is_reported_and_the_last_one_counts)
{
    struct config_case test;

    expect_report("a = 1\n  a = 2",
                  NO_AGENT "warning 2:3 a: 'a' replaces the value given at line 1, column 1\n"
                           "warning 2:3 a: the key names no agent, so it has no effect "
                           "[write AGENT.SECTION...]\n");
    config_case_open(&test);
    config_case_properties(&test, "a = 1\nb = 3\n  a = 2");
    config_case_expect("order", config_case_model(&test), "3:3 a = 2\n2:1 b = 3\n");
    config_case_close(&test);
}
END_TEST

START_TEST(a_malformed_escape_is_an_error_at_its_backslash)
{
    expect_report("a1.x = 1\na1.y = u \\\n  \\u12x4\n",
                  NO_AGENT "warning 1:1 a1.x: 'x' is no section of an agent, so the key has no "
                           "effect\n"
                           "error 3:3 a1.y: malformed \\uXXXX escape: four hexadecimal digits must "
                           "follow \\u\n");
}
END_TEST

START_TEST(what_utf8_cannot_hold_is_an_error)
{
    expect_report("a = \\u0000", NO_AGENT "error 1:5 a: a NUL character cannot be part of a key "
                                          "or value\n");
    expect_report("a = \\ud83d", NO_AGENT "error 1:5 a: half of a surrogate pair is not a "
                                          "character\n");
    expect_report("a = x\\ude00", NO_AGENT "error 1:6 a: half of a surrogate pair is not a "
                                           "character\n");
}
END_TEST

START_TEST(a_nul_byte_is_an_error_at_its_place)
{
    static const char text[] = "a = b\nc = d\0e\nf = g";
    struct config_case test;
    flow_error *err = NULL;
    uint32_t line;
    uint32_t column;

    config_case_open(&test);
    ck_assert_int_eq(
        flow_config_parse(test.config, "t", text, sizeof text - 1, FLOW_FORMAT_PROPERTIES, &err),
        FLOW_EPARSE);
    ck_assert_str_eq(flow_error_place(err, &line, &column), "t");
    ck_assert_uint_eq(line, 2);
    ck_assert_uint_eq(column, 6);
    flow_error_free(err);
    config_case_expect("rest", config_case_model(&test), "1:1 a = b\n3:1 f = g\n");
    config_case_close(&test);
}
END_TEST

START_TEST(a_text_that_is_not_utf8_is_latin1_with_a_warning)
{
    struct config_case test;

    config_case_open(&test);
    config_case_properties(&test, "a = b\nc = \xe4 \xc3\xa4");
    ck_assert_int_eq(test.rc, FLOW_OK);
    config_case_expect("model", config_case_model(&test),
                       "1:1 a = b\n2:1 c = \xc3\xa4 \xc3\x83\xc2\xa4\n");
    ck_assert_ptr_nonnull(
        strstr(config_case_report(&test, NULL), "warning 2:5 the text is not UTF-8 from here on"));
    config_case_close(&test);
}
END_TEST

START_TEST(an_empty_value_counts_as_not_given)
{
    expect_report("a1.sources =  \n",
                  NO_AGENT "warning 1:1 a1.sources: the value is empty, so the key counts as not "
                           "given\n");
}
END_TEST

START_TEST(later_texts_replace_and_calls_win)
{
    struct config_case test;

    config_case_open(&test);
    ck_assert_int_eq(flow_config_set(test.config, "c", "set before", NULL), FLOW_OK);
    config_case_properties(&test, "a = 1\nb = 1\nc = 1\nd = 1");
    config_case_properties(&test, "\nb = 2\nc = 2");
    ck_assert_int_eq(flow_config_set(test.config, "d", "set after", NULL), FLOW_OK);
    config_case_expect("model", config_case_model(&test),
                       "0:0 c = set before\n1:1 a = 1\n2:1 b = 2\n0:0 d = set after\n");
    config_case_close(&test);
}
END_TEST

START_TEST(a_missing_file_is_not_found)
{
    struct config_case test;
    flow_error *err = NULL;

    config_case_open(&test);
    ck_assert_int_eq(flow_config_load(test.config, "/nowhere/x.conf", &err), FLOW_ENOENT);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "/nowhere/x.conf"));
    flow_error_free(err);
    config_case_close(&test);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"texts_mean_what_java_says_they_mean", texts_mean_what_java_says_they_mean},
        {"a_key_stands_at_its_first_character", a_key_stands_at_its_first_character},
        {"a_value_stands_at_its_first_character_behind_any_continuation",
         a_value_stands_at_its_first_character_behind_any_continuation},
        {"blanks_around_keys_and_values_go", blanks_around_keys_and_values_go},
        {"a_byte_order_mark_is_no_part_of_the_first_key",
         a_byte_order_mark_is_no_part_of_the_first_key},
        {"a_repeated_key_is_reported_and_the_last_one_counts",
         a_repeated_key_is_reported_and_the_last_one_counts},
        {"a_malformed_escape_is_an_error_at_its_backslash",
         a_malformed_escape_is_an_error_at_its_backslash},
        {"what_utf8_cannot_hold_is_an_error", what_utf8_cannot_hold_is_an_error},
        {"a_nul_byte_is_an_error_at_its_place", a_nul_byte_is_an_error_at_its_place},
        {"a_text_that_is_not_utf8_is_latin1_with_a_warning",
         a_text_that_is_not_utf8_is_latin1_with_a_warning},
        {"an_empty_value_counts_as_not_given", an_empty_value_counts_as_not_given},
        {"later_texts_replace_and_calls_win", later_texts_replace_and_calls_win},
        {"a_missing_file_is_not_found", a_missing_file_is_not_found},
    };

    return RUN_SUITE("config_properties", tests);
}
