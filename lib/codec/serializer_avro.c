/* SPDX-License-Identifier: Apache-2.0 */
/* AVRO_EVENT: whole events in an Avro container, by Flume's own schema. */

#include <string.h>

#include "base/error.h"
#include "core/serializer.h"
#include "codec/serializer_avro.h"
#include "codec/serializers.h"

int fl_avro_writer_of(const flow_context *ctx, struct fl_avro_writer **writer, flow_error **err)
{
    /* In the order of the property's choices. */
    static const char *const codecs[] = {"null", "deflate", "snappy", "bzip2", "zstandard"};
    struct fl_avro_writer_options options = {
        .codec = codecs[flow_context_choice(ctx, "compressionCodec")],
        .sync_interval = (size_t)flow_context_int(ctx, "syncIntervalBytes"),
    };
    flow_error *why = NULL;

    int rc = fl_avro_writer_new(flow_library_allocator(flow_context_library(ctx)), &options, writer, &why);
    if (rc == FLOW_ENOENT) {
        rc = flow_context_refuse(ctx, "compressionCodec", flow_error_message(why), err);
        flow_error_free(why);
    } else if (rc) {
        fl_error_pass(err, why);
    }
    return rc;
}

static int avro_create(flow_context *ctx, void **self, flow_error **err)
{
    return fl_avro_writer_of(ctx, (struct fl_avro_writer **)self, err);
}

static void avro_destroy(void *self)
{
    fl_avro_writer_free(self);
}

static int avro_begin(void *self, flow_buffer *out, flow_error **err)
{
    return fl_avro_writer_begin(self, FL_AVRO_EVENT_SCHEMA, strlen(FL_AVRO_EVENT_SCHEMA),
                                &out->bytes, err);
}

static int avro_write(void *self, const flow_event *const *events, size_t count, flow_buffer *out,
                      flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; !rc && i < count; i++)
        rc = fl_avro_writer_event(self, events[i], &out->bytes, err);
    return rc;
}

static int avro_flush(void *self, flow_buffer *out, flow_error **err)
{
    return fl_avro_writer_flush(self, &out->bytes, err);
}

static const flow_property properties[] = {
    FL_AVRO_SYNC_INTERVAL_PROPERTY,
    FL_AVRO_CODEC_PROPERTY,
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Writes whole events, headers and body, into an Avro container file.",
    .description = "The schema is Flume's: a record Event with the fields headers, a map of "
                   "strings, and body, bytes.",
};

const flow_serializer_ops fl_avro_event_serializer = {
    .struct_size = sizeof fl_avro_event_serializer,
    .type = "AVRO_EVENT",
    .aliases = "org.apache.flume.serialization.FlumeEventAvroEventSerializer$Builder",
    .schema = &schema,
    .create = avro_create,
    .destroy = avro_destroy,
    .begin = avro_begin,
    .write = avro_write,
    .flush = avro_flush,
    .end = avro_flush,
};
