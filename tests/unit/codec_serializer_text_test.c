/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "serializing.h"
#include "suite.h"

typedef const char *const pair[2];

static void add(struct serializing *s, const char *name, const char *value, const char *body)
{
    const flow_header header = {name, value, name ? (uint32_t)strlen(name) : 0,
                                value ? (uint32_t)strlen(value) : 0};

    ck_assert_int_eq(flow_batch_add_full(s->batch, body, strlen(body), &header, name ? 1 : 0,
                                         sizeof header, NULL),
                     FLOW_OK);
}

static void check_output(const struct serializing *s, const char *expected, size_t expected_size)
{
    size_t size;
    const uint8_t *bytes = serializing_bytes(s, &size);

    ck_assert_uint_eq(size, expected_size);
    ck_assert_mem_eq(bytes, expected, size);
}

START_TEST(text_is_bodies_and_newlines)
{
    struct serializing s;
    serializing_init(&s, NULL, 0);

    add(&s, "a", "b", "one");
    add(&s, NULL, NULL, "");
    ck_assert_int_eq(flow_batch_add(s.batch, "t\0wo", 4, NULL), FLOW_OK);
    ck_assert_int_eq(flow_serializer_begin(s.serializer, s.out, NULL), FLOW_OK);
    ck_assert_int_eq(serializing_write(&s, NULL), FLOW_OK);
    ck_assert_int_eq(flow_serializer_flush(s.serializer, s.out, NULL), FLOW_OK);
    ck_assert_int_eq(flow_serializer_end(s.serializer, s.out, NULL), FLOW_OK);
    check_output(&s, "one\n\nt\0wo\n", 10);
    serializing_free(&s);
}
END_TEST

START_TEST(newlines_can_be_left_out)
{
    pair keys[] = {{"", "text"}, {".appendNewline", "false"}};
    struct serializing s;
    serializing_init(&s, keys, 2);

    add(&s, NULL, NULL, "one");
    add(&s, NULL, NULL, "two");
    serializing_write(&s, NULL);
    check_output(&s, "onetwo", 6);
    serializing_free(&s);
}
END_TEST

START_TEST(headers_stand_before_the_body)
{
    pair keys[] = {{"", "HEADER_AND_TEXT"}};
    const flow_header two[] = {{"k1", "v1", 2, 2}, {"k2", "v2", 2, 2}};
    struct serializing s;
    serializing_init(&s, keys, 1);

    flow_batch_add_full(s.batch, "body", 4, two, 2, sizeof two[0], NULL);
    flow_batch_add(s.batch, "bare", 4, NULL);
    ck_assert_int_eq(serializing_write(&s, NULL), FLOW_OK);
    check_output(&s, "{k1=v1, k2=v2} body\n{} bare\n", 28);
    serializing_free(&s);
}
END_TEST

static void check_tail(const char *type, const char *newline, const char *expected)
{
    pair keys[] = {{"", type}, {".appendNewline", newline}};
    struct serializing s;
    size_t size = 99;

    serializing_init(&s, keys, 2);
    const char *tail = flow_serializer_tail(s.serializer, &size);
    ck_assert_int_eq(tail != NULL, expected != NULL);
    if (expected) {
        ck_assert_uint_eq(size, strlen(expected));
        ck_assert_mem_eq(tail, expected, size);
    }
    serializing_free(&s);
}

/* Whoever knows that may send the bodies from where they are. */
START_TEST(text_tells_what_follows_its_bodies)
{
    check_tail("TEXT", "true", "\n");
    check_tail("TEXT", "false", "");
    check_tail("HEADER_AND_TEXT", "true", NULL);
}
END_TEST

START_TEST(flumes_class_names_are_understood)
{
    static pair names[] = {
        {"org.apache.flume.serialization.BodyTextEventSerializer$Builder", "x\n"},
        {"org.apache.flume.serialization.HeaderAndBodyTextEventSerializer$Builder", "{} x\n"},
    };

    for (size_t i = 0; i < 2; i++) {
        pair keys[] = {{"", names[i][0]}};
        struct serializing s;
        serializing_init(&s, keys, 1);
        add(&s, NULL, NULL, "x");
        serializing_write(&s, NULL);
        check_output(&s, names[i][1], strlen(names[i][1]));
        serializing_free(&s);
    }
}
END_TEST

START_TEST(text_can_be_appended_to)
{
    struct serializing s;
    serializing_init(&s, NULL, 0);

    ck_assert_uint_eq(flow_serializer_flags(s.serializer), FLOW_SERIALIZER_APPENDABLE);
    serializing_free(&s);
}
END_TEST

START_TEST(lack_of_memory_adds_nothing)
{
    pair keys[] = {{"", "HEADER_AND_TEXT"}};
    struct serializing s;
    size_t size;
    serializing_init(&s, keys, 1);

    add(&s, "name", "a value long enough to outgrow the buffer's first piece of memory", "body");
    failing_after(&s.failing, 1);
    ck_assert_int_eq(serializing_write(&s, NULL), FLOW_ENOMEM);
    serializing_bytes(&s, &size);
    ck_assert_uint_eq(size, 0);
    failing_after(&s.failing, -1);
    serializing_free(&s);
}
END_TEST

START_TEST(buffers_take_bytes_made_in_place)
{
    struct serializing s;
    serializing_init(&s, NULL, 0);

    ck_assert_int_eq(flow_buffer_append(s.out, "ab", 2), FLOW_OK);
    memcpy(flow_buffer_reserve(s.out, 100), "cd", 2);
    flow_buffer_advance(s.out, 2);
    check_output(&s, "abcd", 4);
    flow_buffer_clear(s.out);
    check_output(&s, "", 0);
    serializing_free(&s);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"text tells what follows its bodies", text_tells_what_follows_its_bodies},
        {"text", text_is_bodies_and_newlines},
        {"no newline", newlines_can_be_left_out},
        {"headers", headers_stand_before_the_body},
        {"class names", flumes_class_names_are_understood},
        {"append", text_can_be_appended_to},
        {"no memory", lack_of_memory_adds_nothing},
        {"buffer", buffers_take_bytes_made_in_place},
    };

    return RUN_SUITE("codec/serializer_text", tests);
}
