/* SPDX-License-Identifier: Apache-2.0 */
/* The services, and what each makes an event of. */

#include "wire/flume_og.h"
#include "wire/thrift_server.h"

/* Fields of the structs. */
enum { EVENT_HEADERS = 1, EVENT_BODY = 2 };
enum { ENTRY_CATEGORY = 1, ENTRY_MESSAGE = 2 };
enum { OG_TIMESTAMP = 1, OG_PRIORITY, OG_BODY, OG_NANOS, OG_HOST, OG_FIELDS };

static int get_body(struct fl_thrift_in *in, struct fl_draft *draft)
{
    const uint8_t *data;
    int rc = fl_thrift_get_bytes(in, &data, &draft->size);

    if (!rc)
        draft->body = data;
    return rc;
}

/* A map of texts, each of which ADD takes. */
static int get_texts(struct fl_thrift_in *in, struct fl_draft *draft,
                     int (*add)(struct fl_draft *draft, const void *name, size_t name_size,
                                const void *value, size_t value_size))
{
    struct fl_thrift_items items;
    int rc = fl_thrift_get_map(in, &items);

    if (!rc && items.count > 0 && (items.key != FL_THRIFT_BYTES || items.value != FL_THRIFT_BYTES))
        rc = FLOW_EPARSE;
    for (uint32_t i = 0; !rc && i < items.count; i++) {
        const uint8_t *name;
        const uint8_t *value;
        size_t name_size;
        size_t value_size;
        rc = fl_thrift_get_bytes(in, &name, &name_size);
        if (!rc)
            rc = fl_thrift_get_bytes(in, &value, &value_size);
        if (!rc)
            rc = add(draft, name, name_size, value, value_size);
    }
    return rc;
}

static int get_flume_field(struct fl_thrift_in *in, const struct fl_thrift_field *field,
                           unsigned *found, struct fl_draft *draft)
{
    if (field->id == EVENT_HEADERS && field->type == FL_THRIFT_MAP) {
        *found |= 1u << EVENT_HEADERS;
        draft->headers.count = 0;
        return get_texts(in, draft, fl_draft_header);
    }
    if (field->id == EVENT_BODY && field->type == FL_THRIFT_BYTES) {
        *found |= 1u << EVENT_BODY;
        return get_body(in, draft);
    }
    return fl_thrift_skip_value(in, field->type);
}

/* ThriftFlumeEvent: both of its fields are required. */
static int get_flume_event(struct fl_thrift_in *in, struct fl_draft *draft)
{
    struct fl_thrift_field field = {0};
    unsigned found = 0;
    int rc;

    while (!(rc = fl_thrift_get_field(in, &field)) && field.type != FL_THRIFT_STOP) {
        rc = get_flume_field(in, &field, &found, draft);
        if (rc)
            return rc;
    }
    if (rc || found == (1u << EVENT_HEADERS | 1u << EVENT_BODY))
        return rc;
    draft->fault = found & 1u << EVENT_BODY ? "an event has no headers" : "an event has no body";
    return FLOW_EPARSE;
}

/* LogEntry: a text that is not there is empty, a category that is not there makes no header. */
static int get_scribe_entry(struct fl_thrift_in *in, struct fl_draft *draft)
{
    struct fl_thrift_field field = {0};
    const uint8_t *category;
    size_t size;
    int rc;

    while (!(rc = fl_thrift_get_field(in, &field)) && field.type != FL_THRIFT_STOP) {
        if (field.id == ENTRY_CATEGORY && field.type == FL_THRIFT_BYTES) {
            draft->headers.count = 0;
            rc = fl_thrift_get_bytes(in, &category, &size);
            if (!rc)
                rc = fl_draft_header(draft, "category", 8, category, size);
        } else if (field.id == ENTRY_MESSAGE && field.type == FL_THRIFT_BYTES) {
            rc = get_body(in, draft);
        } else {
            rc = fl_thrift_skip_value(in, field.type);
        }
        if (rc)
            return rc;
    }
    return rc;
}

static int get_i32(struct fl_thrift_in *in, int32_t *value)
{
    int64_t wide;
    int rc = fl_thrift_get_number(in, FL_THRIFT_I32, &wide);

    if (!rc)
        *value = (int32_t)wide;
    return rc;
}

static int get_host(struct fl_thrift_in *in, struct fl_og_event *event)
{
    const uint8_t *host;
    int rc = fl_thrift_get_bytes(in, &host, &event->host_size);

    if (!rc)
        event->host = host;
    return rc;
}

/* What each field of an old event has to be. */
static const uint8_t og_types[] = {
    [OG_TIMESTAMP] = FL_THRIFT_I64, [OG_PRIORITY] = FL_THRIFT_I32, [OG_BODY] = FL_THRIFT_BYTES,
    [OG_NANOS] = FL_THRIFT_I64,     [OG_HOST] = FL_THRIFT_BYTES,   [OG_FIELDS] = FL_THRIFT_MAP,
};

static int get_og_field(struct fl_thrift_in *in, const struct fl_thrift_field *field,
                        struct fl_og_event *event, struct fl_draft *draft)
{
    if (field->id < OG_TIMESTAMP || field->id > OG_FIELDS || field->type != og_types[field->id])
        return fl_thrift_skip_value(in, field->type);
    switch (field->id) {
    case OG_TIMESTAMP: return fl_thrift_get_number(in, FL_THRIFT_I64, &event->timestamp);
    case OG_PRIORITY: return get_i32(in, &event->priority);
    case OG_BODY: return get_body(in, draft);
    case OG_NANOS: return fl_thrift_get_number(in, FL_THRIFT_I64, &event->nanos);
    case OG_HOST: return get_host(in, event);
    default: draft->headers.count = 0; return get_texts(in, draft, fl_og_field);
    }
}

static int get_og_event(struct fl_thrift_in *in, struct fl_draft *draft)
{
    struct fl_thrift_field field = {0};
    struct fl_og_event event = fl_og_event();
    int rc;

    while (!(rc = fl_thrift_get_field(in, &field)) && field.type != FL_THRIFT_STOP) {
        rc = get_og_field(in, &field, &event, draft);
        if (rc)
            return rc;
    }
    return rc ? rc : fl_og_finish(draft, &event);
}

static const struct fl_thrift_method flume_methods[] = {
    [FL_THRIFT_APPEND] = {"append", FL_THRIFT_STRUCT, 0},
    [FL_THRIFT_APPEND_BATCH] = {"appendBatch", FL_THRIFT_LIST, 0},
};

const struct fl_thrift_service fl_thrift_flume = {
    .methods = flume_methods,
    .count = sizeof flume_methods / sizeof flume_methods[0],
    .get_event = get_flume_event,
};

static const struct fl_thrift_method scribe_methods[] = {
    [FL_THRIFT_LOG] = {"Log", FL_THRIFT_LIST, 0},
};

const struct fl_thrift_service fl_thrift_scribe = {
    .methods = scribe_methods,
    .count = sizeof scribe_methods / sizeof scribe_methods[0],
    .get_event = get_scribe_entry,
};

static const struct fl_thrift_method legacy_methods[] = {
    [FL_THRIFT_LEGACY_APPEND] = {"append", FL_THRIFT_STRUCT, 1},
    [FL_THRIFT_LEGACY_CLOSE] = {"close", FL_THRIFT_STOP, 0},
};

const struct fl_thrift_service fl_thrift_legacy = {
    .methods = legacy_methods,
    .count = sizeof legacy_methods / sizeof legacy_methods[0],
    .unframed = 1,
    .get_event = get_og_event,
};
