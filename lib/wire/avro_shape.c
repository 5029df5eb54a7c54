/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Avro would translate between two protocols.  Those that differ in anything that changes the bytes
 * of an event are refused here: documentation, namespaces and further messages may differ.
 */

#include <string.h>

#include "codec/json.h"
#include "wire/avro_shape.h"

#define ROOT 0u

/* The values of the list at INDEX. */
static uint32_t first_of(uint32_t list)
{
    return list + 1;
}

static uint32_t end_of(const struct fl_json *json, uint32_t index)
{
    return fl_json_at(json, index)->next;
}

static int is_kind(const struct fl_json *json, uint32_t index, uint32_t kind)
{
    return index && fl_json_at(json, index)->kind == kind;
}

/* A type is its name, or an object that has it as "type". */
static int is_type(const struct fl_json *json, uint32_t type, const char *name)
{
    if (is_kind(json, type, FL_JSON_OBJECT))
        type = fl_json_member(json, type, "type");
    return is_kind(json, type, FL_JSON_TEXT) && fl_json_is(json, type, name);
}

static int is_map_of_strings(const struct fl_json *json, uint32_t type)
{
    if (!is_kind(json, type, FL_JSON_OBJECT) || !is_type(json, type, "map"))
        return 0;
    uint32_t values = fl_json_member(json, type, "values");
    return values && is_type(json, values, "string");
}

/* The name without its namespace. */
static const char *short_name(const struct fl_json *json, uint32_t index, size_t *size)
{
    const struct fl_json_value *value = fl_json_at(json, index);
    const char *text = fl_json_text(json, value);
    const char *dot = memrchr(text, '.', value->size);
    size_t front = dot ? (size_t)(dot + 1 - text) : 0;

    *size = value->size - front;
    return text + front;
}

static int same_name(const struct fl_json *json, uint32_t a, uint32_t b)
{
    size_t a_size;
    size_t b_size;

    if (!is_kind(json, a, FL_JSON_TEXT) || !is_kind(json, b, FL_JSON_TEXT))
        return 0;
    const char *a_name = short_name(json, a, &a_size);
    const char *b_name = short_name(json, b, &b_size);
    return a_size == b_size && memcmp(a_name, b_name, a_size) == 0;
}

/* What the name at TYPE stands for; 0 when nothing does. */
static uint32_t resolve(const struct fl_json *json, uint32_t type)
{
    uint32_t types = fl_json_member(json, ROOT, "types");

    if (!is_kind(json, type, FL_JSON_TEXT))
        return type;
    if (!is_kind(json, types, FL_JSON_LIST))
        return 0;
    for (uint32_t at = first_of(types); at < end_of(json, types); at = end_of(json, at)) {
        if (is_kind(json, at, FL_JSON_OBJECT) &&
            same_name(json, fl_json_member(json, at, "name"), type))
            return at;
    }
    return 0;
}

/* The type of a field or parameter at INDEX, when it has the NAME, or any for NULL. */
static uint32_t type_of(const struct fl_json *json, uint32_t index, const char *name)
{
    if (!is_kind(json, index, FL_JSON_OBJECT))
        return 0;
    uint32_t own = fl_json_member(json, index, "name");
    if (name && !(is_kind(json, own, FL_JSON_TEXT) && fl_json_is(json, own, name)))
        return 0;
    return fl_json_member(json, index, "type");
}

static int is_event(const struct fl_json *json, uint32_t type)
{
    uint32_t record = resolve(json, type);

    if (!is_kind(json, record, FL_JSON_OBJECT) || !is_type(json, record, "record"))
        return 0;
    uint32_t fields = fl_json_member(json, record, "fields");
    if (!is_kind(json, fields, FL_JSON_LIST))
        return 0;
    uint32_t end = end_of(json, fields);
    uint32_t headers = first_of(fields);
    uint32_t body = headers < end ? end_of(json, headers) : end;
    if (body >= end || end_of(json, body) != end)
        return 0;
    uint32_t body_type = type_of(json, body, "body");
    return is_map_of_strings(json, type_of(json, headers, "headers")) && body_type &&
           is_type(json, body_type, "bytes");
}

static int is_array_of_events(const struct fl_json *json, uint32_t type)
{
    return is_kind(json, type, FL_JSON_OBJECT) && is_type(json, type, "array") &&
           is_event(json, fl_json_member(json, type, "items"));
}

/* The type of the only parameter of the message at INDEX. */
static uint32_t parameter_of(const struct fl_json *json, uint32_t message)
{
    uint32_t request =
        is_kind(json, message, FL_JSON_OBJECT) ? fl_json_member(json, message, "request") : 0;

    if (!is_kind(json, request, FL_JSON_LIST))
        return 0;
    uint32_t first = first_of(request);
    uint32_t end = end_of(json, request);
    return first < end && end_of(json, first) == end ? type_of(json, first, NULL) : 0;
}

/* A message that the client does not have it cannot call. */
static int fits(const struct fl_json *json)
{
    if (fl_json_at(json, ROOT)->kind != FL_JSON_OBJECT)
        return 0;
    uint32_t messages = fl_json_member(json, ROOT, "messages");
    if (!is_kind(json, messages, FL_JSON_OBJECT))
        return 1;
    uint32_t append = fl_json_member(json, messages, "append");
    uint32_t batch = fl_json_member(json, messages, "appendBatch");
    return (!append || is_event(json, parameter_of(json, append))) &&
           (!batch || is_array_of_events(json, parameter_of(json, batch)));
}

int fl_avro_shape_fits(const flow_allocator *mem, const void *text, size_t size, int *answer)
{
    struct fl_json json;
    int rc = fl_json_parse(&json, mem, text, size, NULL);

    *answer = !rc && fits(&json);
    fl_json_free(&json);
    return rc == FLOW_ENOMEM ? rc : FLOW_OK;
}
