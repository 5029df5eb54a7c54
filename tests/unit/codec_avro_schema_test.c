/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include "codec/avro_schema.h"
#include "failing.h"
#include "suite.h"

static struct fl_avro_schema *parse(const char *text)
{
    struct fl_avro_schema *schema;
    flow_error *err = NULL;
    int rc = fl_avro_schema_parse(NULL, text, strlen(text), &schema, &err);

    ck_assert_msg(rc == FLOW_OK, "%s: %s", text, flow_error_message(err));
    return schema;
}

/* A schema, its canonical form (NULL: itself), and the fingerprint of that. */
struct form {
    const char *text;
    const char *canonical;
    int64_t fingerprint;
};

static void check_form(const struct form *form)
{
    struct fl_avro_schema *schema = parse(form->text);
    const char *expected = form->canonical ? form->canonical : form->text;
    const struct fl_buf *canonical = fl_avro_schema_canonical(schema);

    ck_assert_msg(canonical->size == strlen(expected) &&
                      memcmp(canonical->data, expected, canonical->size) == 0,
                  "%s: %.*s", form->text, (int)canonical->size, (const char *)canonical->data);
    ck_assert_int_eq((int64_t)fl_avro_schema_fingerprint(schema), form->fingerprint);
    fl_avro_schema_free(schema);
}

/* From schema-tests.txt, by which Avro's own implementations are held to each other. */
START_TEST(canonical_forms_and_fingerprints_are_avros)
{
    static const struct form forms[] = {
        {"\"null\"", NULL, 7195948357588979594},
        {"{\"type\":\"null\"}", "\"null\"", 7195948357588979594},
        {"\"boolean\"", NULL, -6970731678124411036},
        {"\"int\"", NULL, 8247732601305521295},
        {"\"long\"", NULL, -3434872931120570953},
        {"\"float\"", NULL, 5583340709985441680},
        {"\"double\"", NULL, -8181574048448539266},
        {"\"bytes\"", NULL, 5746618253357095269},
        {"{\"type\":\"string\"}", "\"string\"", -8142146995180207161},
        {"[  ]", "[]", -1241056759729112623},
        {"[ \"int\" , {\"type\":\"boolean\"} ]", "[\"int\",\"boolean\"]", 5392556393470105090},
        {"{\"fields\":[], \"type\":\"record\", \"name\":\"foo\"}",
         "{\"name\":\"foo\",\"type\":\"record\",\"fields\":[]}", -4824392279771201922},
        {"{\"fields\":[], \"type\":\"record\", \"name\":\"foo\", \"namespace\":\"x.y\"}",
         "{\"name\":\"x.y.foo\",\"type\":\"record\",\"fields\":[]}", 5916914534497305771},
        {"{\"fields\":[], \"type\":\"record\", \"name\":\"a.b.foo\", \"namespace\":\"x.y\"}",
         "{\"name\":\"a.b.foo\",\"type\":\"record\",\"fields\":[]}", -4616218487480524110},
        {"{\"fields\":[], \"type\":\"record\", \"name\":\"foo\", \"doc\":\"foo\", "
         "\"aliases\":[\"foo\",\"bar\"]}",
         "{\"name\":\"foo\",\"type\":\"record\",\"fields\":[]}", -4824392279771201922},
        {"{ \"fields\":[{\"type\":\"boolean\", \"aliases\":[], \"name\":\"f1\", "
         "\"default\":true},\n"
         "  {\"order\":\"descending\",\"name\":\"f2\",\"doc\":\"Hello\",\"type\":\"int\"}],\n"
         "  \"type\":\"record\", \"name\":\"foo\" }",
         "{\"name\":\"foo\",\"type\":\"record\",\"fields\":[{\"name\":\"f1\",\"type\":\"boolean\"},"
         "{\"name\":\"f2\",\"type\":\"int\"}]}",
         -4860222112080293046},
        {"{\"namespace\":\"x.y.z\", \"type\":\"enum\", \"name\":\"foo\", \"doc\":\"foo bar\", "
         "\"symbols\":[\"A1\", \"A2\"]}",
         "{\"name\":\"x.y.z.foo\",\"type\":\"enum\",\"symbols\":[\"A1\",\"A2\"]}",
         -4448647247586288245},
        {"{\"name\":\"foo\",\"type\":\"fixed\",\"size\":15}", NULL, 1756455273707447556},
        {"{ \"items\":{\"type\":\"null\"}, \"type\":\"array\"}",
         "{\"type\":\"array\",\"items\":\"null\"}", -589620603366471059},
        {"{ \"values\":\"string\", \"type\":\"map\"}", "{\"type\":\"map\",\"values\":\"string\"}",
         -8732877298790414990},
        {"{\"name\":\"PigValue\",\"type\":\"record\",\n"
         " \"fields\":[{\"name\":\"value\", \"type\":[\"null\", \"int\", \"long\", "
         "\"PigValue\"]}]}",
         "{\"name\":\"PigValue\",\"type\":\"record\",\"fields\":[{\"name\":\"value\","
         "\"type\":[\"null\",\"int\",\"long\",\"PigValue\"]}]}",
         -1759257747318642341},
    };

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        check_form(&forms[i]);
}
END_TEST

/* Checks only the canonical form. */
static void check_canonical(const char *text, const char *expected)
{
    struct fl_avro_schema *schema = parse(text);
    const struct fl_buf *canonical = fl_avro_schema_canonical(schema);

    ck_assert_msg(canonical->size == strlen(expected) &&
                      memcmp(canonical->data, expected, canonical->size) == 0,
                  "%s: %.*s", text, (int)canonical->size, (const char *)canonical->data);
    fl_avro_schema_free(schema);
}

START_TEST(names_are_found_through_namespaces)
{
    /* In the namespace of the type around, else in none; and the inner namespace ends with it. */
    check_canonical(
        "[{\"type\":\"fixed\",\"name\":\"F\",\"size\":1},"
        "{\"type\":\"record\",\"name\":\"a.R\",\"fields\":["
        "{\"name\":\"f\",\"type\":\"F\"},"
        "{\"name\":\"g\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}},"
        "{\"name\":\"h\",\"type\":\"F\"},"
        "{\"name\":\"i\",\"type\":{\"type\":\"record\",\"name\":\"S\",\"namespace\":\"b\","
        "\"fields\":[{\"name\":\"x\",\"type\":\"a.R\"},{\"name\":\"y\",\"type\":\"F\"}]}},"
        "{\"name\":\"j\",\"type\":{\"type\":\"a.F\"}}]},"
        "\"F\"]",
        "[{\"name\":\"F\",\"type\":\"fixed\",\"size\":1},"
        "{\"name\":\"a.R\",\"type\":\"record\",\"fields\":["
        "{\"name\":\"f\",\"type\":\"F\"},"
        "{\"name\":\"g\",\"type\":{\"name\":\"a.F\",\"type\":\"fixed\",\"size\":2}},"
        "{\"name\":\"h\",\"type\":\"a.F\"},"
        "{\"name\":\"i\",\"type\":{\"name\":\"b.S\",\"type\":\"record\","
        "\"fields\":[{\"name\":\"x\",\"type\":\"a.R\"},{\"name\":\"y\",\"type\":\"F\"}]}},"
        "{\"name\":\"j\",\"type\":\"a.F\"}]},"
        "\"F\"]");
    /* An empty namespace is none, and so is the one of a name that begins with its only dot. */
    check_canonical(
        "{\"type\":\"record\",\"name\":\"a.R\",\"fields\":[{\"name\":\"f\",\"type\":"
        "{\"type\":\"enum\",\"name\":\"E\",\"namespace\":\"\",\"symbols\":[]}},"
        "{\"name\":\"g\",\"type\":{\"type\":\"error\",\"name\":\".X\",\"fields\":[]}}]}",
        "{\"name\":\"a.R\",\"type\":\"record\",\"fields\":[{\"name\":\"f\",\"type\":"
        "{\"name\":\"E\",\"type\":\"enum\",\"symbols\":[]}},"
        "{\"name\":\"g\",\"type\":{\"name\":\"X\",\"type\":\"record\",\"fields\":[]}}]}");
}
END_TEST

START_TEST(what_is_no_schema_is_refused)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "not JSON"},
        {"{\"type\":\"long\"", "not JSON"},
        {"1", "in the place of a type"},
        {"null", "in the place of a type"},
        {"\"lang\"", "nothing defines the type 'lang'"},
        {"\"\"", "nothing defines the type ''"},
        {"{}", "an object without a type"},
        {"{\"type\":\"record\",\"fields\":[]}", "there is no name"},
        {"{\"type\":\"record\",\"name\":\"\",\"fields\":[]}", "there is no name"},
        {"{\"type\":\"record\",\"name\":\"R\"}", "a record without fields"},
        {"{\"type\":\"record\",\"name\":\"R\",\"fields\":{}}", "a record without fields"},
        {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[1]}", "a field without"},
        {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"type\":\"int\"}]}", "a field without"},
        {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\"}]}", "a field without"},
        {"{\"type\":\"enum\",\"name\":\"E\"}", "an enum without symbols"},
        {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[1]}", "a symbol that is no text"},
        {"{\"type\":\"fixed\",\"name\":\"F\"}", "a fixed without a size"},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}", "whose size is not possible"},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":1.0}", "whose size is not possible"},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":2147483648}", "whose size is not possible"},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":99999999999999999999}", "not possible"},
        {"{\"type\":\"array\"}", "what is in an 'array'"},
        {"{\"type\":\"map\",\"items\":\"int\"}", "what is in an 'map'"},
        {"[{\"type\":\"fixed\",\"name\":\"F\",\"size\":1},{\"type\":\"enum\",\"name\":\"F\","
         "\"symbols\":[]}]",
         "two types have the name 'F'"},
        {"{\"type\":\"fixed\",\"name\":\"a\\u0000b\",\"size\":1}", "a name with a NUL"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fl_avro_schema *schema;
        flow_error *err = NULL;
        const char *text = cases[i].text;
        ck_assert_int_eq(fl_avro_schema_parse(NULL, text, strlen(text), &schema, &err),
                         FLOW_EPARSE);
        ck_assert_ptr_null(schema);
        ck_assert_msg(strstr(flow_error_message(err), cases[i].why) != NULL, "%s: %s", text,
                      flow_error_message(err));
        flow_error_free(err);
    }
}
END_TEST

/* Skips one datum of SCHEMA in SIZE bytes at DATA, which lie in memory of their own.  Returns how
 * many it had, or a fault. */
static int skip(const char *schema, const void *data, size_t size)
{
    struct fl_avro_schema *parsed = parse(schema);
    uint8_t *exact = fl_alloc(NULL, size > 0 ? size : 1);
    memcpy(exact, data, size);
    struct fl_avro_in in = fl_avro_in(exact, size);

    int rc = fl_avro_schema_skip(parsed, &in);
    rc = rc ? rc : (int)(in.at - exact);
    fl_free(NULL, exact);
    fl_avro_schema_free(parsed);
    return rc;
}

#define SKIP(schema, bytes) skip(schema, bytes, sizeof bytes - 1)

#define LIST                                                                                       \
    "{\"type\":\"record\",\"name\":\"L\",\"fields\":[{\"name\":\"v\",\"type\":\"int\"},"           \
    "{\"name\":\"next\",\"type\":[\"null\",\"L\"]}]}"
#define ENUM "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}"
#define ARRAY(items) "{\"type\":\"array\",\"items\":" items "}"
#define MAP(values) "{\"type\":\"map\",\"values\":" values "}"
#define FIXED(size) "{\"type\":\"fixed\",\"name\":\"F\",\"size\":" size "}"

START_TEST(the_end_of_a_datum_is_found)
{
    ck_assert_int_eq(SKIP("\"null\"", "x"), 0);
    ck_assert_int_eq(SKIP("\"boolean\"", "\1x"), 1);
    ck_assert_int_eq(SKIP("\"int\"", "\x80\x01x"), 2);
    ck_assert_int_eq(SKIP("\"long\"", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"), 10);
    ck_assert_int_eq(SKIP("\"float\"", "1234x"), 4);
    ck_assert_int_eq(SKIP("\"double\"", "12345678x"), 8);
    ck_assert_int_eq(SKIP("\"bytes\"", "\6abcx"), 4);
    ck_assert_int_eq(SKIP("\"string\"", "\0x"), 1);
    ck_assert_int_eq(SKIP(ENUM, "\2x"), 1);
    ck_assert_int_eq(SKIP(FIXED("3"), "abcx"), 3);
    ck_assert_int_eq(SKIP("[\"null\",\"string\"]", "\2\2ax"), 3);
    ck_assert_int_eq(SKIP(ARRAY("\"int\""), "\4\2\4\0x"), 4);
    ck_assert_int_eq(SKIP(ARRAY("\"int\""), "\2\2\1\2\2\0x"), 6); /* in two blocks, one with size */
    ck_assert_int_eq(SKIP(ARRAY("\"float\""), "\4abcdefgh\0x"), 10);
    ck_assert_int_eq(SKIP(ARRAY(ARRAY("\"int\"")), "\4\0\2\2\0\0x"), 6);
    ck_assert_int_eq(SKIP(MAP("\"long\""), "\2\2k\2\0x"), 5);
    ck_assert_int_eq(SKIP(MAP("\"null\""), "\2\2k\0x"), 4);
    ck_assert_int_eq(SKIP(LIST, "\2\2\4\2\6\0x"), 6);
}
END_TEST

START_TEST(data_that_break_their_schema_are_refused)
{
    ck_assert_int_eq(SKIP("\"boolean\"", "\2"), FLOW_EPARSE);
    ck_assert_int_eq(SKIP("\"int\"", "\xff\xff\xff\xff\xff\1"), FLOW_EPARSE);
    ck_assert_int_eq(SKIP("\"float\"", "123"), FLOW_EPARSE);
    ck_assert_int_eq(SKIP("\"bytes\"", "\6ab"), FLOW_EPARSE);
    ck_assert_int_eq(SKIP("\"bytes\"", "\1"), FLOW_EPARSE);
    ck_assert_int_eq(SKIP(ENUM, "\4"), FLOW_EPARSE);
    ck_assert_int_eq(SKIP(ENUM, "\1"), FLOW_EPARSE);
    ck_assert_int_eq(SKIP("[\"null\"]", "\2"), FLOW_EPARSE);
    ck_assert_int_eq(SKIP("[]", "\0"), FLOW_EPARSE);
    ck_assert_int_eq(SKIP(ARRAY("\"int\""), "\4\2"), FLOW_EPARSE);
    ck_assert_int_eq(SKIP(ARRAY("\"float\""), "\4abcdefg"), FLOW_EPARSE);
    ck_assert_int_eq(SKIP(MAP("\"int\""), "\2\4k"), FLOW_EPARSE);
    ck_assert_int_eq(SKIP(LIST, "\2\2\4"), FLOW_EPARSE);
}
END_TEST

START_TEST(large_claims_end_at_once)
{
    /* A number of items that would keep a loop busy for ever. */
    ck_assert_int_eq(SKIP(ARRAY("\"null\""), "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\0"), 11);
    ck_assert_int_eq(SKIP(ARRAY(FIXED("0")), "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\0"), 11);
    ck_assert_int_eq(SKIP(ARRAY("\"null\""), "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
                     FLOW_EPARSE);
    ck_assert_int_eq(SKIP(ARRAY("\"double\""), "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\0"),
                     FLOW_EPARSE);
}
END_TEST

/* Forty records, each of which holds the one before twice. */
static int skip_doubled(const char *innermost)
{
    char schema[8000];
    char inner[8000];

    snprintf(schema, sizeof schema, "{\"type\":\"fixed\",\"name\":\"R0\",\"size\":%s}", innermost);
    for (int i = 1; i <= 40; i++) {
        strcpy(inner, schema);
        snprintf(
            schema, sizeof schema,
            "{\"type\":\"record\",\"name\":\"R%d\",\"fields\":[{\"name\":\"a\",\"type\":%.7000s},"
            "{\"name\":\"b\",\"type\":\"R%d\"}]}",
            i, inner, i - 1);
    }
    return skip(schema, "x", 1);
}

START_TEST(sizes_that_double_neither_overflow_nor_take_time)
{
    ck_assert_int_eq(skip_doubled("2147483647"), FLOW_EPARSE);
    ck_assert_int_eq(skip_doubled("0"), 0);
}
END_TEST

START_TEST(depth_is_bounded)
{
    static char data[300000];

    /* A record within itself, which has neither bytes nor an end. */
    ck_assert_int_eq(SKIP("{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"r\","
                          "\"type\":\"R\"}]}",
                          "x"),
                     FLOW_EPARSE);
    memset(data, 2, sizeof data);
    memcpy(data + 20000, "\2", 2); /* a list of ten thousand, and its end */
    ck_assert_int_eq(skip(LIST, data, sizeof data), 20002);
    memset(data, 2, sizeof data);
    ck_assert_int_eq(skip(LIST, data, sizeof data), FLOW_EPARSE);
}
END_TEST

/* Parses and skips with the memory there is. */
static int use(struct failing *failing)
{
    static const char text[] = ARRAY(LIST);
    struct fl_avro_in in = fl_avro_in("\2\2\2\2\0\0", 6);
    struct fl_avro_schema *schema;
    int rc = fl_avro_schema_parse(&failing->allocator, text, sizeof text - 1, &schema, NULL);

    if (rc)
        return rc;
    rc = fl_avro_schema_skip(schema, &in);
    fl_avro_schema_free(schema);
    return rc;
}

START_TEST(every_lack_of_memory_is_reported_and_leaks_nothing)
{
    struct failing failing;
    int64_t grants = 0;
    int rc;
    failing_init(&failing);

    do {
        failing_after(&failing, grants++);
        rc = use(&failing);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
        ck_assert_int_eq(failing.live, 0);
    } while (rc);
    ck_assert_int_gt(grants, 5);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"forms", canonical_forms_and_fingerprints_are_avros},
        {"names", names_are_found_through_namespaces},
        {"broken", what_is_no_schema_is_refused},
        {"skip", the_end_of_a_datum_is_found},
        {"bad data", data_that_break_their_schema_are_refused},
        {"large claims", large_claims_end_at_once},
        {"doubled sizes", sizes_that_double_neither_overflow_nor_take_time},
        {"depth", depth_is_bounded},
        {"no memory", every_lack_of_memory_is_reported_and_leaks_nothing},
    };

    return RUN_SUITE("codec/avro_schema", tests);
}
