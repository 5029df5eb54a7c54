/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "serializing.h"
#include "suite.h"

typedef const char *const pair[2];

#define DATUM "org.apache.flume.sink.hdfs.AvroEventSerializer$Builder"

static struct container read_output(const struct serializing *s)
{
    struct container container;
    size_t size;
    const uint8_t *bytes = serializing_bytes(s, &size);

    ck_assert_int_eq(container_open(&container, bytes, size, NULL), FLOW_OK);
    return container;
}

static void check_schema(const struct serializing *s, const char *expected)
{
    struct container container = read_output(s);
    size_t size;
    const uint8_t *schema = fl_avro_reader_meta(container.reader, "avro.schema", &size);

    ck_assert_uint_eq(size, strlen(expected));
    ck_assert_mem_eq(schema, expected, size);
    container_close(&container);
}

/* The next block, which has COUNT records. */
static struct fl_avro_in next_block(struct container *container, int64_t expected)
{
    struct fl_avro_block block;

    ck_assert_int_eq(container_next(container, &block), 1);
    ck_assert_int_eq(block.count, expected);
    return block.records;
}

static void check_bytes(struct fl_avro_in *in, const char *expected)
{
    const uint8_t *data;
    size_t size;

    ck_assert_int_eq(fl_avro_get_bytes(in, &data, &size), FLOW_OK);
    ck_assert_uint_eq(size, strlen(expected));
    ck_assert_mem_eq(data, expected, size);
}

START_TEST(events_are_written_by_flumes_schema)
{
    pair keys[] = {{"", "avro_event"}, {".compressionCodec", "deflate"}};
    const flow_header host = {"host", "a", 4, 1};
    struct fl_avro_items items = {0};
    struct serializing s;
    serializing_init(&s, keys, 2);

    flow_batch_add_full(s.batch, "one", 3, &host, 1, sizeof host, NULL);
    flow_batch_add(s.batch, "two", 3, NULL);
    ck_assert_int_eq(flow_serializer_begin(s.serializer, s.out, NULL), FLOW_OK);
    ck_assert_int_eq(serializing_write(&s, NULL), FLOW_OK);
    ck_assert_int_eq(flow_serializer_flush(s.serializer, s.out, NULL), FLOW_OK);

    check_schema(&s, "{\"type\":\"record\",\"name\":\"Event\",\"fields\":[{\"name\":\"headers\","
                     "\"type\":{\"type\":\"map\",\"values\":\"string\"}},{\"name\":\"body\","
                     "\"type\":\"bytes\"}]}");
    struct container container = read_output(&s);
    struct fl_avro_in in = next_block(&container, 2);
    ck_assert_int_eq(fl_avro_next(&in, &items), 1);
    check_bytes(&in, "host");
    check_bytes(&in, "a");
    ck_assert_int_eq(fl_avro_next(&in, &items), 0);
    check_bytes(&in, "one");
    ck_assert_int_eq(fl_avro_next(&in, &items), 0);
    check_bytes(&in, "two");
    container_close(&container);
    serializing_free(&s);
}
END_TEST

START_TEST(the_end_writes_what_was_held_back)
{
    pair keys[] = {{"", "AVRO_EVENT"}};
    struct serializing s;
    serializing_init(&s, keys, 1);

    flow_batch_add(s.batch, "one", 3, NULL);
    flow_serializer_begin(s.serializer, s.out, NULL);
    serializing_write(&s, NULL);
    ck_assert_int_eq(flow_serializer_end(s.serializer, s.out, NULL), FLOW_OK);
    struct container container = read_output(&s);
    next_block(&container, 1);
    container_close(&container);
    serializing_free(&s);
}
END_TEST

START_TEST(codecs_that_avro_does_not_have_are_refused)
{
    pair keys[] = {{"", "AVRO_EVENT"}, {".compressionCodec", "xz"}};
    struct serializing s;
    serializing_init(&s, keys, 2);

    ck_assert_ptr_null(s.serializer);
    ck_assert_ptr_nonnull(strstr(s.fault, "xz"));
    serializing_free(&s);
}
END_TEST

static void add_datum(struct serializing *s, const char *header, const char *value)
{
    const flow_header one = {header, value, header ? (uint32_t)strlen(header) : 0,
                             value ? (uint32_t)strlen(value) : 0};

    ck_assert_int_eq(
        flow_batch_add_full(s->batch, "\x02", 1, &one, header ? 1 : 0, sizeof one, NULL), FLOW_OK);
}

START_TEST(bodies_are_written_by_the_schema_of_the_first_event)
{
    pair keys[] = {{"", DATUM}};
    struct serializing s;
    serializing_init(&s, keys, 1);

    ck_assert_int_eq(flow_serializer_begin(s.serializer, s.out, NULL), FLOW_OK);
    add_datum(&s, "flume.avro.schema.literal", "\"long\"");
    add_datum(&s, "flume.avro.schema.literal", "\"int\"");
    ck_assert_int_eq(serializing_write(&s, NULL), FLOW_OK);
    add_datum(&s, NULL, NULL);
    ck_assert_int_eq(serializing_write(&s, NULL), FLOW_OK);
    flow_serializer_flush(s.serializer, s.out, NULL);

    check_schema(&s, "\"long\"");
    struct container container = read_output(&s);
    struct fl_avro_in in = next_block(&container, 3);
    ck_assert_uint_eq(in.end - in.at, 3);
    ck_assert_mem_eq(in.at, "\x02\x02\x02", 3);
    container_close(&container);
    serializing_free(&s);
}
END_TEST

/* Makes a file with TEXT, names it in PATH and as a URL in URL. */
static void make_schema(const char *text, char path[64], char url[80])
{
    strcpy(path, "/tmp/flow-schema-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    snprintf(url, 80, "file://%s", path);
}

START_TEST(schemas_are_read_from_files)
{
    char paths[2][64], urls[2][80];
    make_schema("[\"null\", \"long\"]\n", paths[0], urls[0]);
    make_schema("{\"type\": \"int\"}", paths[1], urls[1]);
    pair keys[] = {{"", DATUM}, {".schemaURL", urls[0]}};

    struct serializing s;
    serializing_init(&s, keys, 2);
    add_datum(&s, NULL, NULL);
    ck_assert_int_eq(serializing_write(&s, NULL), FLOW_OK);
    check_schema(&s, "[\"null\", \"long\"]\n");
    serializing_free(&s);

    serializing_init(&s, keys, 2);
    add_datum(&s, "flume.avro.schema.url", urls[1]);
    ck_assert_int_eq(serializing_write(&s, NULL), FLOW_OK);
    check_schema(&s, "{\"type\": \"int\"}");
    serializing_free(&s);
    unlink(paths[0]);
    unlink(paths[1]);
}
END_TEST

START_TEST(events_whose_schema_is_nowhere_are_refused)
{
    static const struct {
        const char *header, *value, *why;
    } faults[] = {
        {NULL, NULL, "schemaURL is not set"},
        {"flume.avro.schema.literal", "{\"type\": \"long\"", "not JSON"},
        {"flume.avro.schema.literal", "{\"type\": \"lang\"}", "nothing defines the type 'lang'"},
        {"flume.avro.schema.url", "http://host/schema", "only file: URLs"},
        {"flume.avro.schema.url", "file:///no/such/file", "/no/such/file"},
    };
    pair keys[] = {{"", DATUM}};
    struct serializing s;
    serializing_init(&s, keys, 1);

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        flow_error *err = NULL;
        size_t size;
        add_datum(&s, faults[i].header, faults[i].value);
        ck_assert_int_lt(serializing_write(&s, &err), 0);
        ck_assert_msg(strstr(flow_error_message(err), faults[i].why) != NULL, "%s",
                      flow_error_message(err));
        flow_error_free(err);
        serializing_bytes(&s, &size);
        ck_assert_uint_eq(size, 0);
    }
    serializing_free(&s);
}
END_TEST

START_TEST(schema_urls_of_other_schemes_are_refused_at_once)
{
    pair keys[] = {{"", DATUM}, {".schemaURL", "hdfs://host/schema"}};
    struct serializing s;
    serializing_init(&s, keys, 2);

    ck_assert_ptr_null(s.serializer);
    ck_assert_ptr_nonnull(strstr(s.fault, "only file: URLs"));
    serializing_free(&s);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"events", events_are_written_by_flumes_schema},
        {"end", the_end_writes_what_was_held_back},
        {"codec", codecs_that_avro_does_not_have_are_refused},
        {"datums", bodies_are_written_by_the_schema_of_the_first_event},
        {"schema files", schemas_are_read_from_files},
        {"no schema", events_whose_schema_is_nowhere_are_refused},
        {"other schemes", schema_urls_of_other_schemes_are_refused_at_once},
    };

    return RUN_SUITE("codec/serializer_avro", tests);
}
