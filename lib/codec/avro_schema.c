/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is it JSON?  A container whose schema cannot be parsed is lost with all its records, so what
 * headers and files bring is checked before the first byte is written.
 */

#include <string.h>

#include "codec/avro_schema.h"

#define DEPTH_MAX 64 /* of nested values; bounds the recursion */

struct json {
    const char *at;
    const char *end;
};

static int skip_value(struct json *json, int depth);

static void skip_space(struct json *json)
{
    while (json->at < json->end && *json->at && strchr(" \t\r\n", *json->at))
        json->at++;
}

/* Takes C, if it is next behind white space. */
static int take(struct json *json, char c)
{
    skip_space(json);
    if (json->at == json->end || *json->at != c)
        return 0;
    json->at++;
    return 1;
}

static int skip_string(struct json *json)
{
    if (!take(json, '"'))
        return 0;
    for (; json->at < json->end && (unsigned char)*json->at >= ' '; json->at++) {
        if (*json->at == '"') {
            json->at++;
            return 1;
        }
        if (*json->at == '\\' && ++json->at == json->end)
            return 0;
    }
    return 0;
}

/* A number, true, false or null; which of them does not matter here. */
static int skip_word(struct json *json)
{
    const char *start = json->at;

    while (json->at < json->end && *json->at && strchr("+-.0123456789Eaeflnrstu", *json->at))
        json->at++;
    return json->at > start;
}

/* The items of an object (with keys) or an array, up to CLOSE. */
static int skip_items(struct json *json, char close, int depth)
{
    if (take(json, close))
        return 1;
    do {
        if (close == '}' && !(skip_string(json) && take(json, ':')))
            return 0;
        if (!skip_value(json, depth))
            return 0;
    } while (take(json, ','));
    return take(json, close);
}

static int skip_value(struct json *json, int depth)
{
    if (depth == DEPTH_MAX)
        return 0;
    if (take(json, '{'))
        return skip_items(json, '}', depth + 1);
    if (take(json, '['))
        return skip_items(json, ']', depth + 1);
    skip_space(json);
    if (json->at < json->end && *json->at == '"')
        return skip_string(json);
    return skip_word(json);
}

int fl_avro_is_schema(const char *text, size_t size)
{
    struct json json = {.at = text, .end = text + size};

    skip_space(&json);
    if (json.at == json.end || !*json.at || !strchr("{[\"", *json.at))
        return 0;
    if (!skip_value(&json, 0))
        return 0;
    skip_space(&json);
    return json.at == json.end;
}
