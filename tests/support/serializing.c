/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "core/batch.h"
#include "core/context.h"
#include "recorder.h"
#include "serializing.h"

#define KEYS_MAX 8

static const flow_property properties[] = {
    {
        .name = "serializer",
        .type = FLOW_TYPE_COMPONENT,
        .kind = FLOW_KIND_SERIALIZER,
        .default_value = "TEXT",
        .help = "What the output looks like.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = 1,
    .summary = "A sink of the test.",
};

static const struct fl_type type = {
    .kind = FLOW_KIND_SINK,
    .name = "outer",
    .aliases = "",
    .schema = &schema,
};

static void make_settings(struct serializing *s, const char *const (*keys)[2], size_t count)
{
    const struct fl_raw owner = {.key = "", .full = "a1.sinks.k1", .value = "", .file = ""};
    struct fl_raw raw[KEYS_MAX];
    char names[KEYS_MAX][2][64];
    struct recorder recorder;
    size_t faults;

    ck_assert_uint_le(count, KEYS_MAX);
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i][0], sizeof names[i][0], "serializer%s", keys[i][0]);
        snprintf(names[i][1], sizeof names[i][1], "a1.sinks.k1.serializer%s", keys[i][0]);
        raw[i] = (struct fl_raw){
            .key = names[i][0], .full = names[i][1], .value = keys[i][1], .file = ""};
    }
    recorder_init(&recorder);
    ck_assert_int_eq(fl_settings_make(flow_library_registry(s->lib), &type, raw, count, &owner,
                                      &recorder.findings, &faults, &s->settings),
                     FLOW_OK);
    if (recorder.count > 0)
        snprintf(s->fault, sizeof s->fault, "%s", recorder.found[0].message);
}

static void make_serializer(struct serializing *s)
{
    flow_error *err = NULL;

    if (s->fault[0])
        return;
    if (flow_serializer_new(s->ctx, "serializer", &s->serializer, &err))
        snprintf(s->fault, sizeof s->fault, "%s", flow_error_message(err));
    flow_error_free(err);
}

static void note_message(void *self, const flow_log_record *record)
{
    struct serializing *s = self;

    snprintf(s->logged, sizeof s->logged, "%s: %s", record->component, record->message);
}

void serializing_init_with(struct serializing *s, const flow_serializer_ops *ops,
                           const char *const (*keys)[2], size_t count)
{
    memset(s, 0, sizeof *s);
    failing_init(&s->failing);
    const flow_library_options options = {.struct_size = sizeof options,
                                          .log = note_message,
                                          .log_self = s,
                                          .allocator = &s->failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &s->lib, NULL), FLOW_OK);
    if (ops)
        ck_assert_int_eq(
            flow_registry_add_serializer(flow_library_registry(s->lib), ops, NULL, NULL, NULL),
            FLOW_OK);
    make_settings(s, keys, count);
    ck_assert_int_eq(fl_context_new(s->lib, &type, "k1", s->settings, NULL, &s->ctx, NULL), 0);
    ck_assert_int_eq(flow_batch_new(s->lib, &s->batch, NULL), FLOW_OK);
    ck_assert_int_eq(flow_buffer_new(s->lib, &s->out, NULL), FLOW_OK);
    make_serializer(s);
}

void serializing_init(struct serializing *s, const char *const (*keys)[2], size_t count)
{
    serializing_init_with(s, NULL, keys, count);
}

void serializing_free(struct serializing *s)
{
    flow_serializer_free(s->serializer);
    flow_buffer_free(s->out);
    flow_batch_free(s->batch);
    fl_context_free(s->ctx);
    fl_settings_free(s->settings);
    ck_assert_int_eq(flow_library_free(s->lib, NULL), FLOW_OK);
    ck_assert_int_eq(s->failing.live, 0);
}

int serializing_write(struct serializing *s, flow_error **err)
{
    int rc = flow_serializer_write(s->serializer, flow_batch_events(s->batch),
                                   flow_batch_count(s->batch), s->out, err);

    flow_batch_clear(s->batch);
    return rc;
}

const uint8_t *serializing_bytes(const struct serializing *s, size_t *size)
{
    return flow_buffer_data(s->out, size);
}
