/* SPDX-License-Identifier: Apache-2.0 */

/* The YAML form: what becomes which key, where it stands, and what is refused. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_case.h"
#include "suite.h"

static void expect_model(const char *text, const char *expected)
{
    struct config_case test;

    config_case_open(&test);
    config_case_yaml(&test, text);
    ck_assert_msg(test.rc == FLOW_OK, "%s\n%s", text, config_case_report(&test, "x"));
    config_case_expect(text, config_case_model(&test), expected);
    config_case_close(&test);
}

/* Expects TEXT to be refused with exactly one finding at PLACE that begins with MESSAGE. */
static void expect_refused(const char *text, const char *place, const char *message)
{
    struct config_case test;
    char start[256];

    config_case_open(&test);
    config_case_yaml(&test, text);
    ck_assert_msg(test.rc == FLOW_EPARSE, "%s\naccepted", text);
    snprintf(start, sizeof start, "error %s ", place);
    const char *found = strstr(config_case_report(&test, "x"), start);
    ck_assert_msg(found && strstr(found, message), "%s\n--- expected %s %s\n--- got\n%s", text,
                  place, message, test.text);
    config_case_close(&test);
}

START_TEST(maps_nest_where_keys_have_dots)
{
    expect_model("a1:\n"
                 "  sources:\n"
                 "    r1: {type: netcat, bind: localhost, port: 44444, channels: [c1]}\n"
                 "  channels:\n"
                 "    c1:\n"
                 "      type: memory\n"
                 "  sinks:\n"
                 "    k1: {type: hdfs, channel: c1, hdfs: {path: /x, rollInterval: 30}}\n",
                 "2:3 a1.sources = r1\n"
                 "3:10 a1.sources.r1.type = netcat\n"
                 "3:24 a1.sources.r1.bind = localhost\n"
                 "3:41 a1.sources.r1.port = 44444\n"
                 "3:54 a1.sources.r1.channels = c1\n"
                 "4:3 a1.channels = c1\n"
                 "6:7 a1.channels.c1.type = memory\n"
                 "7:3 a1.sinks = k1\n"
                 "8:10 a1.sinks.k1.type = hdfs\n"
                 "8:22 a1.sinks.k1.channel = c1\n"
                 "8:42 a1.sinks.k1.hdfs.path = /x\n"
                 "8:52 a1.sinks.k1.hdfs.rollInterval = 30\n");
}
END_TEST

START_TEST(agents_may_stand_below_one_key)
{
    expect_model("agents:\n  a1: {channels: {c1: {type: memory}}}\n",
                 "2:8 a1.channels = c1\n2:24 a1.channels.c1.type = memory\n");
}
END_TEST

START_TEST(dotted_and_nested_spellings_mix)
{
    expect_model("a1.channels: c1\na1.channels.c1:\n  type: memory\n",
                 "1:1 a1.channels = c1\n3:3 a1.channels.c1.type = memory\n");
}
END_TEST

START_TEST(named_parts_of_a_component_get_their_list)
{
    expect_model("a1.sources.r1:\n"
                 "  interceptors:\n"
                 "    i2: {type: timestamp}\n"
                 "    i1: {type: host}\n"
                 "  filegroups: {f1: /a/b, f2: /c}\n"
                 "  headers: {f1: {k: v}}\n",
                 "2:3 a1.sources.r1.interceptors = i2 i1\n"
                 "3:10 a1.sources.r1.interceptors.i2.type = timestamp\n"
                 "4:10 a1.sources.r1.interceptors.i1.type = host\n"
                 "5:3 a1.sources.r1.filegroups = f1 f2\n"
                 "5:16 a1.sources.r1.filegroups.f1 = /a/b\n"
                 "5:26 a1.sources.r1.filegroups.f2 = /c\n"
                 "6:18 a1.sources.r1.headers.f1.k = v\n");
}
END_TEST

START_TEST(the_type_of_a_serializer_is_its_own_value)
{
    expect_model("a1.sinks.k1.sink:\n  serializer: {type: TEXT, appendNewline: false}\n",
                 "2:16 a1.sinks.k1.sink.serializer = TEXT\n"
                 "2:28 a1.sinks.k1.sink.serializer.appendNewline = false\n");
    expect_model("a1.sinks.k1.sink.serializer: TEXT\n", "1:1 a1.sinks.k1.sink.serializer = TEXT\n");
}
END_TEST

START_TEST(scalars_are_the_text_as_written)
{
    expect_model("x: 007\ny: null\nz: yes\nw: \"a\\tb\"\nv: |\n  two\n  lines\nu: 'it''s'\n",
                 "1:1 x = 007\n2:1 y = null\n3:1 z = yes\n4:1 w = a\tb\n5:1 v = two\nlines\n"
                 "8:1 u = it's\n");
}
END_TEST

START_TEST(anchors_repeat_and_merge)
{
    expect_model("d: &d {type: memory, capacity: 10}\n"
                 "c1: *d\n"
                 "c2:\n"
                 "  <<: *d\n"
                 "  capacity: 20\n"
                 "c3: {<<: [{a: 1, b: 1}, {b: 2, c: 2}]}\n",
                 "1:8 d.type = memory\n"
                 "1:22 d.capacity = 10\n"
                 "1:8 c1.type = memory\n"
                 "1:22 c1.capacity = 10\n"
                 "5:3 c2.capacity = 20\n"
                 "1:8 c2.type = memory\n"
                 "6:12 c3.a = 1\n"
                 "6:18 c3.b = 1\n"
                 "6:32 c3.c = 2\n");
}
END_TEST

START_TEST(an_empty_text_has_no_keys)
{
    expect_model("", "");
    expect_model("# only a comment\n", "");
    expect_model("---\n...\n", "");
    expect_model("{}\n", "");
}
END_TEST

START_TEST(a_key_stands_once)
{
    expect_refused("a: {b: 1, c: 2, b: 3}\n", "1:17", "the map has this key twice");
    expect_refused("a1:\n  b: 1\na1.b: 2\n",
                   "3:1 a1.b:", "'a1.b' stands already at line 2, column 3");
}
END_TEST

START_TEST(tabs_are_refused_where_they_stand)
{
    expect_refused("a1:\n\tsources: x\n", "2:1", "found character that cannot start any token");
    expect_refused("a1:\n\tsources: x\n", "2:1", "indent with blanks, not tabs");
}
END_TEST

START_TEST(what_is_no_configuration_is_refused)
{
    expect_refused("- a\n- b\n", "1:1", "a configuration is a map");
    expect_refused("text\n", "1:1", "a configuration is a map");
    expect_refused("a: 1\n---\nb: 2\n", "2:1", "one YAML document");
    expect_refused("a: {b: [1\n", "2:1", "did not find expected");
    expect_refused("? [a]\n: b\n", "1:3", "a key is a text");
    expect_refused("a: [[b]]\n", "1:5", "a list holds texts only");
    expect_refused("a: [b, c d]\n", "1:8", "an element of a list has no blanks");
    expect_refused("a: !mine b\n", "1:4", "tags have no meaning");
    expect_refused("a1:\n  sinks: {k 1: {}}\n", "2:11", "a name has no blanks");
    expect_refused("a: \"\\0\"\n", "1:4", "NUL");
    expect_refused("a: b\x01\n", "1:1", "control characters are not allowed");
}
END_TEST

START_TEST(aliases_are_bounded)
{
    expect_refused("a: *b\n", "1:4", "the alias has no anchor");
    expect_refused("a: &b {c: *b}\n", "1:11", "something it is part of");
    expect_refused("a: &b 1\nc: &b 2\n", "2:4", "a name that is taken");
    expect_refused("a: {<<: 1}\n", "1:9", "only maps can be merged");
}
END_TEST

/* Ten maps, each of which holds the one before it ten times: 10^9 keys. */
START_TEST(aliases_of_aliases_do_not_explode)
{
    struct config_case test;
    char text[4096];
    size_t size = (size_t)sprintf(text, "l0: &l0 {k: v}\n");

    for (int level = 1; level < 10; level++) {
        size += (size_t)sprintf(text + size, "l%d: &l%d {", level, level);
        for (int i = 0; i < 10; i++)
            size += (size_t)sprintf(text + size, "m%d: *l%d, ", i, level - 1);
        size += (size_t)sprintf(text + size, "}\n");
    }
    config_case_open(&test);
    config_case_yaml(&test, text);
    ck_assert_int_eq(test.rc, FLOW_EPARSE);
    ck_assert_ptr_nonnull(strstr(config_case_report(&test, "x"), "unfold to too much"));
    config_case_close(&test);
}
END_TEST

/* The same with values instead of keys: one long text, repeated. */
START_TEST(aliases_of_long_texts_do_not_explode)
{
    struct config_case test;
    size_t size = 100000;
    char *text = malloc(size + 20000);

    ck_assert_ptr_nonnull(text);
    size_t at = (size_t)sprintf(text, "a: &a ");
    memset(text + at, 'x', size);
    at += size;
    for (int i = 0; i < 400; i++)
        at += (size_t)sprintf(text + at, "\nk%d: *a", i);
    config_case_open(&test);
    config_case_yaml(&test, text);
    ck_assert_int_eq(test.rc, FLOW_EPARSE);
    ck_assert_ptr_nonnull(strstr(config_case_report(&test, "x"), "unfold to too much"));
    config_case_close(&test);
    free(text);
}
END_TEST

START_TEST(depth_is_bounded)
{
    struct config_case test;
    char text[100001];

    memset(text, '[', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    config_case_open(&test);
    config_case_yaml(&test, text);
    ck_assert_int_eq(test.rc, FLOW_EPARSE);
    ck_assert_ptr_nonnull(strstr(config_case_report(&test, "x"), "1:33 maps and lists are nested"));
    config_case_close(&test);
}
END_TEST

START_TEST(a_text_has_a_limit)
{
    struct config_case test;
    flow_error *err = NULL;
    size_t size = ((size_t)4 << 20) + 1;
    char *text = calloc(1, size);

    ck_assert_ptr_nonnull(text);
    memset(text, '#', size);
    config_case_open(&test);
    ck_assert_int_eq(flow_config_parse(test.config, "big.yaml", text, size, FLOW_FORMAT_YAML, &err),
                     FLOW_ETOOBIG);
    ck_assert_str_eq(flow_error_place(err, NULL, NULL), "big.yaml");
    flow_error_free(err);
    config_case_close(&test);
    free(text);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"maps_nest_where_keys_have_dots", maps_nest_where_keys_have_dots},
        {"agents_may_stand_below_one_key", agents_may_stand_below_one_key},
        {"dotted_and_nested_spellings_mix", dotted_and_nested_spellings_mix},
        {"named_parts_of_a_component_get_their_list", named_parts_of_a_component_get_their_list},
        {"the_type_of_a_serializer_is_its_own_value", the_type_of_a_serializer_is_its_own_value},
        {"scalars_are_the_text_as_written", scalars_are_the_text_as_written},
        {"anchors_repeat_and_merge", anchors_repeat_and_merge},
        {"an_empty_text_has_no_keys", an_empty_text_has_no_keys},
        {"a_key_stands_once", a_key_stands_once},
        {"tabs_are_refused_where_they_stand", tabs_are_refused_where_they_stand},
        {"what_is_no_configuration_is_refused", what_is_no_configuration_is_refused},
        {"aliases_are_bounded", aliases_are_bounded},
        {"aliases_of_aliases_do_not_explode", aliases_of_aliases_do_not_explode},
        {"aliases_of_long_texts_do_not_explode", aliases_of_long_texts_do_not_explode},
        {"depth_is_bounded", depth_is_bounded},
        {"a_text_has_a_limit", a_text_has_a_limit},
    };

    return RUN_SUITE("config_yaml", tests);
}
