/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "codec/json.h"
#include "failing.h"
#include "suite.h"

/* Parses TEXT; returns FLOW_OK or a fault, which WHY gets. */
static int parse(struct fl_json *json, const char *text, size_t size, flow_error **why)
{
    return fl_json_parse(json, NULL, text, size, why);
}

static void check_text(const struct fl_json *json, uint32_t index, const char *expected)
{
    const struct fl_json_value *value = fl_json_at(json, index);

    ck_assert_uint_eq(value->size, strlen(expected));
    ck_assert_mem_eq(fl_json_text(json, value), expected, value->size);
}

START_TEST(values_lie_in_a_row)
{
    static const char text[] = " {\"a\": [1, \"x\", {}], \"b\" :null,\n\"c\":-1.5e+3 } ";
    static const enum fl_json_kind kinds[] = {
        FL_JSON_OBJECT, FL_JSON_TEXT, FL_JSON_LIST, FL_JSON_NUMBER, FL_JSON_TEXT,
        FL_JSON_OBJECT, FL_JSON_TEXT, FL_JSON_WORD, FL_JSON_TEXT,   FL_JSON_NUMBER,
    };
    static const uint32_t next[] = {10, 2, 6, 4, 5, 6, 7, 8, 9, 10};
    struct fl_json json;

    ck_assert_int_eq(parse(&json, text, sizeof text - 1, NULL), FLOW_OK);
    ck_assert_uint_eq(json.values.count, 10);
    for (uint32_t i = 0; i < 10; i++) {
        ck_assert_uint_eq(fl_json_at(&json, i)->kind, kinds[i]);
        ck_assert_uint_eq(fl_json_at(&json, i)->next, next[i]);
    }
    check_text(&json, 7, "null");
    check_text(&json, 9, "-1.5e+3");
    fl_json_free(&json);
}
END_TEST

START_TEST(members_are_found_by_name)
{
    static const char text[] = "{\"a\": {\"b\": 1}, \"b\": 2, \"c\": 3, \"c\": 4, \"\": 5}";
    struct fl_json json;

    ck_assert_int_eq(parse(&json, text, sizeof text - 1, NULL), FLOW_OK);
    uint32_t a = fl_json_member(&json, 0, "a");
    check_text(&json, fl_json_member(&json, a, "b"), "1");
    check_text(&json, fl_json_member(&json, 0, "b"), "2");
    check_text(&json, fl_json_member(&json, 0, "c"), "4"); /* the last one counts, as in Java */
    check_text(&json, fl_json_member(&json, 0, ""), "5");
    ck_assert_uint_eq(fl_json_member(&json, 0, "d"), 0);
    ck_assert_uint_eq(fl_json_member(&json, fl_json_member(&json, 0, "b"), "b"), 0);
    fl_json_free(&json);
}
END_TEST

START_TEST(texts_are_decoded)
{
    static const struct {
        const char *text, *means;
    } cases[] = {
        {"\"\"", ""},
        {"\"gr\xc3\xbcn\"", "gr\xc3\xbcn"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00fC\\u20AC\"", "A\xc3\xbc\xe2\x82\xac"},
        {"\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!"},
        {"\"\\ud83d!\"", "\xef\xbf\xbd!"},
    };
    struct fl_json json;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_int_eq(parse(&json, cases[i].text, strlen(cases[i].text), NULL), FLOW_OK);
        check_text(&json, 0, cases[i].means);
        fl_json_free(&json);
    }
}
END_TEST

START_TEST(what_is_no_json_is_refused_with_its_place)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "no value at byte 0"},
        {" ", "no value at byte 1"},
        {"long", "no value at byte 0"},
        {"\"long", "does not end at byte 5"},
        {"\"long\\", "unknown escape at byte 6"},
        {"\"a\nb\"", "does not end at byte 2"},
        {"\"\\x\"", "unknown escape at byte 2"},
        {"\"\\u00g0\"", "no hexadecimal digit at byte 5"},
        {"\"\\ud83d\\u0041\"", "half a surrogate pair at byte 13"},
        {"\"\xff\"", "no valid UTF-8 at byte 1"},
        {"{", "no name of a member at byte 1"},
        {"{]", "no name of a member at byte 1"},
        {"{\"a\"}", "no colon at byte 4"},
        {"{\"a\":}", "no value at byte 5"},
        {"{\"a\":1,}", "no name of a member at byte 7"},
        {"{a:1}", "no name of a member at byte 1"},
        {"[1 2]", "no ']' at byte 3"},
        {"[1,,2]", "no value at byte 3"},
        {"\"a\" \"b\"", "something behind the end at byte 4"},
        {"{\"a\": 1}}", "something behind the end at byte 8"},
        {"01", "no value at byte 2"},
        {"1.", "no value at byte 2"},
        {"-", "no value at byte 1"},
        {"1e", "no value at byte 2"},
        {"nul", "no value at byte 0"},
        {"truest", "something behind the end at byte 4"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fl_json json;
        flow_error *err = NULL;
        ck_assert_int_eq(parse(&json, cases[i].text, strlen(cases[i].text), &err), FLOW_EPARSE);
        ck_assert_msg(strstr(flow_error_message(err), cases[i].why) != NULL, "%s: %s",
                      cases[i].text, flow_error_message(err));
        flow_error_free(err);
        fl_json_free(&json);
    }
}
END_TEST

START_TEST(a_nul_is_nothing_special)
{
    struct fl_json json;

    ck_assert_int_eq(parse(&json, "\"a\"\0", 4, NULL), FLOW_EPARSE);
    fl_json_free(&json);
    ck_assert_int_eq(parse(&json, "\0", 1, NULL), FLOW_EPARSE);
    fl_json_free(&json);
    ck_assert_int_eq(parse(&json, "\"\\\0\"", 4, NULL), FLOW_EPARSE);
    fl_json_free(&json);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
    char deep[2000];
    struct fl_json json;

    memset(deep, '[', 1000);
    memset(deep + 1000, ']', 1000);
    ck_assert_int_eq(parse(&json, deep, sizeof deep, NULL), FLOW_EPARSE);
    fl_json_free(&json);
    ck_assert_int_eq(parse(&json, deep + 1000 - 500, 1000, NULL), FLOW_OK);
    fl_json_free(&json);
}
END_TEST

START_TEST(every_lack_of_memory_is_reported_and_leaks_nothing)
{
    static const char text[] = "{\"a\": [1, \"x\\u0041y\", null, 2, 3, 4, 5, 6, 7, 8]}";
    struct failing failing;
    struct fl_json json;
    int64_t grants = 0;
    int rc;
    failing_init(&failing);

    do {
        failing_after(&failing, grants++);
        rc = fl_json_parse(&json, &failing.allocator, text, sizeof text - 1, NULL);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
        fl_json_free(&json);
        ck_assert_int_eq(failing.live, 0);
    } while (rc);
    ck_assert_int_gt(grants, 3);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"row", values_lie_in_a_row},
        {"members", members_are_found_by_name},
        {"texts", texts_are_decoded},
        {"broken", what_is_no_json_is_refused_with_its_place},
        {"nul", a_nul_is_nothing_special},
        {"deep", deep_nesting_is_refused},
        {"no memory", every_lack_of_memory_is_reported_and_leaks_nothing},
    };

    return RUN_SUITE("codec/json", tests);
}
