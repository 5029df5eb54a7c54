/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flume's AvroEventSerializer: bodies are Avro records already, and the container gets their own
 * schema, which the first event of a file names or holds.
 */

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "io/file.h"
#include "core/event.h"
#include "core/serializer.h"
#include "codec/avro_schema.h"
#include "codec/serializer_avro.h"
#include "codec/serializers.h"

struct datum {
    flow_context *ctx;
    const flow_allocator *mem;
    struct fl_avro_writer *writer;
    int has_begun;
};

/* Where the path of a file: URL begins, or NULL for another URL. */
static const char *file_path(const char *url)
{
    static const char *const heads[] = {"file://localhost/", "file:///", "file:/"};

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        size_t size = strlen(heads[i]);
        if (strncmp(url, heads[i], size) == 0)
            return url + size - 1;
    }
    return NULL;
}

static int datum_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    const char *url = flow_context_string(ctx, "schemaURL");

    if (url && !file_path(url))
        return flow_context_refuse(ctx, "schemaURL", "only file: URLs can be read", err);
    struct datum *datum = fl_zalloc(mem, sizeof *datum);
    if (!datum)
        return fl_error_nomem(err);
    datum->ctx = ctx;
    datum->mem = mem;
    int rc = fl_avro_writer_of(ctx, &datum->writer, err);
    if (rc) {
        fl_free(mem, datum);
        return rc;
    }
    *self = datum;
    return FLOW_OK;
}

static void datum_destroy(void *self)
{
    struct datum *datum = self;

    fl_avro_writer_free(datum->writer);
    fl_free(datum->mem, datum);
}

/* Adds the schema at URL to TEXT. */
static int load_schema(const struct datum *datum, const char *url, struct fl_buf *text,
                       flow_error **err)
{
    const char *path = file_path(url);

    if (!path)
        return flow_error_setf(err, FLOW_EPARSE,
                               "cannot read the schema %s: only file: URLs can be read", url);
    return fl_file_load(fl_io_of(datum->ctx), path, FL_AVRO_SCHEMA_MAX, text, err);
}

/* Adds the schema of EVENT, wherever it is, to TEXT. */
static int find_schema(const struct datum *datum, const flow_event *event, struct fl_buf *text,
                       flow_error **err)
{
    const char *url = flow_event_header(event, "flume.avro.schema.url", NULL);
    size_t size;
    const char *literal = flow_event_header(event, "flume.avro.schema.literal", &size);

    if (!url && !literal)
        url = flow_context_string(datum->ctx, "schemaURL");
    if (url)
        return load_schema(datum, url, text, err);
    if (literal)
        return fl_buf_append(text, literal, size) ? fl_error_nomem(err) : FLOW_OK;
    return flow_error_set(err, FLOW_EPARSE,
                          "cannot find the schema of an event: it has neither the header "
                          "flume.avro.schema.url nor flume.avro.schema.literal, and schemaURL is "
                          "not set");
}

/* A container whose schema cannot be parsed is lost with all its records, so what headers and files
 * bring is checked before the first byte is written. */
static int begin_with(struct datum *datum, const struct fl_buf *schema, flow_buffer *out,
                      flow_error **err)
{
    struct fl_avro_schema *parsed;
    int rc = fl_avro_schema_parse(datum->mem, schema->data, schema->size, &parsed, err);

    if (rc == FLOW_EPARSE)
        return flow_error_set(err, rc, "the Avro schema of an event is broken");
    if (rc)
        return rc;
    fl_avro_schema_free(parsed);
    rc = fl_avro_writer_begin(datum->writer, schema->data, schema->size, &out->bytes, err);
    datum->has_begun = rc == FLOW_OK;
    return rc;
}

/* Writes the header of the file, once there is an event to know the schema from. */
static int begin_file(struct datum *datum, const flow_event *event, flow_buffer *out,
                      flow_error **err)
{
    struct fl_buf schema;

    if (datum->has_begun)
        return FLOW_OK;
    fl_buf_init(&schema, datum->mem);
    int rc = find_schema(datum, event, &schema, err);
    if (!rc)
        rc = begin_with(datum, &schema, out, err);
    fl_buf_free(&schema);
    return rc;
}

static int datum_write(void *self, const flow_event *const *events, size_t count, flow_buffer *out,
                       flow_error **err)
{
    struct datum *datum = self;
    int rc = count > 0 ? begin_file(datum, events[0], out, err) : FLOW_OK;

    for (size_t i = 0; !rc && i < count; i++)
        rc = fl_avro_writer_datum(datum->writer, events[i]->body, events[i]->body_size, &out->bytes,
                                  err);
    return rc;
}

static int datum_flush(void *self, flow_buffer *out, flow_error **err)
{
    struct datum *datum = self;

    return fl_avro_writer_flush(datum->writer, &out->bytes, err);
}

static const flow_property properties[] = {
    FL_AVRO_SYNC_INTERVAL_PROPERTY,
    FL_AVRO_CODEC_PROPERTY,
    {
        .name = "schemaURL",
        .type = FLOW_TYPE_STRING,
        .help = "Where the schema is of events that have neither the header "
                "flume.avro.schema.url nor flume.avro.schema.literal: a file: URL.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Writes bodies that are Avro records already into an Avro container file.",
    .description =
        "The schema of a file is that of its first event: the file that the header "
        "flume.avro.schema.url names, else the text of the header flume.avro.schema.literal, else "
        "the file that schemaURL names. Whether bodies follow their schema is not checked.",
};

const flow_serializer_ops fl_avro_datum_serializer = {
    .struct_size = sizeof fl_avro_datum_serializer,
    .type = "AVRO_DATUM",
    .aliases = "org.apache.flume.sink.hdfs.AvroEventSerializer$Builder",
    .schema = &schema,
    .create = datum_create,
    .destroy = datum_destroy,
    .write = datum_write,
    .flush = datum_flush,
    .end = datum_flush,
};
