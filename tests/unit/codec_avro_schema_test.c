/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "codec/avro_schema.h"
#include "suite.h"

START_TEST(schemas_are_accepted)
{
    static const char *const good[] = {
        "\"long\"",
        " \"a \\\" \\\\ b\" ",
        "[]",
        "[\"null\", {\"type\": \"long\", \"default\": -1.5e+3, \"x\": [true, false, null]}]",
        "{}",
        "{\"type\":\"map\",\"values\":\"string\"}\n",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(fl_avro_is_schema(good[i], strlen(good[i])), "%s", good[i]);
}
END_TEST

START_TEST(what_is_no_schema_is_refused)
{
    static const char *const bad[] = {
        "",      " ",      "long",        "1",           "\"long",     "\"long\\",
        "{",     "{]",     "{\"a\"}",     "{\"a\":}",    "{\"a\":1,}", "{a:1}",
        "[1 2]", "[1,,2]", "\"a\" \"b\"", "{\"a\": 1}}", "[\"a\nb\"]", "<schema/>",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!fl_avro_is_schema(bad[i], strlen(bad[i])), "%s", bad[i]);
    ck_assert(!fl_avro_is_schema("\"a\"\0", 4));
    ck_assert(!fl_avro_is_schema("\0", 1));
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
    char deep[2000];

    memset(deep, '[', 1000);
    memset(deep + 1000, ']', 1000);
    ck_assert(!fl_avro_is_schema(deep, sizeof deep));
    ck_assert(fl_avro_is_schema(deep + 1000 - 50, 100));
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"good", schemas_are_accepted},
        {"bad", what_is_no_schema_is_refused},
        {"deep", deep_nesting_is_refused},
    };

    return RUN_SUITE("codec/avro_schema", tests);
}
