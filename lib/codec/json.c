/* SPDX-License-Identifier: Apache-2.0 */
/* A parser of JSON (RFC 8259), strict, with a bound on how deep values nest. */

#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "codec/json.h"

#define DEPTH_MAX 512 /* bounds the recursion */

struct parser {
    struct fl_json *json;
    const uint8_t *text;
    const uint8_t *at;
    const uint8_t *end;
    flow_error **err;
};

static int parse_value(struct parser *p, int depth);

static int broken(const struct parser *p, const char *what)
{
    return flow_error_setf(p->err, FLOW_EPARSE, "not JSON: %s at byte %zu", what,
                           (size_t)(p->at - p->text));
}

static int no_memory(const struct parser *p)
{
    return fl_error_nomem(p->err);
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && *p->at && strchr(" \t\r\n", *p->at))
        p->at++;
}

/* Takes C, if it is next behind white space. */
static int take(struct parser *p, char c)
{
    skip_space(p);
    if (p->at == p->end || *p->at != (uint8_t)c)
        return 0;
    p->at++;
    return 1;
}

/* Adds a value whose text begins at the end of `texts`; *INDEX is its place. */
static int add(struct parser *p, enum fl_json_kind kind, size_t *index)
{
    const struct fl_json_value value = {.kind = kind, .start = (uint32_t)p->json->texts.size};

    *index = p->json->values.count;
    return fl_vec_push(&p->json->values, &value) ? FLOW_OK : no_memory(p);
}

/* Ends the value at INDEX: what was added behind it is its own. */
static void end(struct parser *p, size_t index)
{
    struct fl_json_value *value = fl_vec_at(&p->json->values, index);

    value->next = (uint32_t)p->json->values.count;
    value->size = (uint32_t)(p->json->texts.size - value->start);
}

/* Reads four hexadecimal digits. */
static int read_unit(struct parser *p, uint32_t *unit)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";

    *unit = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        const char *digit = p->at < p->end && *p->at ? strchr(digits, *p->at) : NULL;
        if (!digit)
            return broken(p, "no hexadecimal digit");
        *unit = *unit << 4 | (uint32_t)((digit - digits) & 15);
    }
    return FLOW_OK;
}

/* Reads what follows \u: one unit of UTF-16, or two that make a pair. */
static int read_code_point(struct parser *p)
{
    uint32_t code;
    uint32_t low;
    int rc = read_unit(p, &code);

    if (!rc && code >= 0xd800 && code < 0xdc00 && p->end - p->at >= 2 && p->at[0] == '\\' &&
        p->at[1] == 'u') {
        p->at += 2;
        rc = read_unit(p, &low);
        if (!rc && (low < 0xdc00 || low > 0xdfff))
            return broken(p, "half a surrogate pair");
        code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
    }
    if (rc)
        return rc;
    return fl_utf8_append(&p->json->texts, code) ? no_memory(p) : FLOW_OK;
}

/* Reads what follows a backslash. */
static int read_escape(struct parser *p)
{
    static const char names[] = "\"\\/bfnrt";
    static const char means[] = "\"\\/\b\f\n\r\t";
    const char *found = p->at < p->end && *p->at ? strchr(names, *p->at) : NULL;

    if (p->at < p->end && *p->at == 'u') {
        p->at++;
        return read_code_point(p);
    }
    if (!found)
        return broken(p, "an unknown escape");
    p->at++;
    return fl_buf_byte(&p->json->texts, (uint8_t)means[found - names]) ? no_memory(p) : FLOW_OK;
}

/* Adds the bytes up to the next quote, backslash or control character. */
static int read_plain(struct parser *p)
{
    const uint8_t *start = p->at;

    while (p->at < p->end && *p->at >= ' ' && *p->at != '"' && *p->at != '\\')
        p->at++;
    return fl_buf_append(&p->json->texts, start, (size_t)(p->at - start)) ? no_memory(p) : FLOW_OK;
}

/* Parses a text whose first quote was taken. */
static int parse_text(struct parser *p)
{
    size_t index;
    int rc = add(p, FL_JSON_TEXT, &index);

    while (!rc) {
        rc = read_plain(p);
        if (rc)
            break;
        if (p->at == p->end || *p->at < ' ')
            return broken(p, "a text that does not end");
        if (*p->at++ == '"') {
            end(p, index);
            break;
        }
        rc = read_escape(p);
    }
    return rc;
}

static size_t skip_digits(struct parser *p)
{
    const uint8_t *start = p->at;

    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    return (size_t)(p->at - start);
}

static int skip_one_of(struct parser *p, const char *characters)
{
    if (p->at == p->end || !*p->at || !strchr(characters, *p->at))
        return 0;
    p->at++;
    return 1;
}

/* A sign, digits without a leading zero, a fraction, an exponent. */
static int is_number(struct parser *p)
{
    skip_one_of(p, "-");
    const uint8_t *start = p->at;
    size_t digits = skip_digits(p);
    if (digits == 0 || (digits > 1 && *start == '0'))
        return 0;
    if (skip_one_of(p, ".") && skip_digits(p) == 0)
        return 0;
    if (!skip_one_of(p, "eE"))
        return 1;
    skip_one_of(p, "+-");
    return skip_digits(p) > 0;
}

static int is_word(struct parser *p)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t size = strlen(words[i]);
        if ((size_t)(p->end - p->at) >= size && memcmp(p->at, words[i], size) == 0) {
            p->at += size;
            return 1;
        }
    }
    return 0;
}

static int parse_plain(struct parser *p)
{
    const uint8_t *start = p->at;
    size_t index;
    int is_named = is_word(p);

    if (!is_named && !is_number(p))
        return broken(p, "no value");
    int rc = add(p, is_named ? FL_JSON_WORD : FL_JSON_NUMBER, &index);
    if (rc)
        return rc;
    if (fl_buf_append(&p->json->texts, start, (size_t)(p->at - start)))
        return no_memory(p);
    end(p, index);
    return FLOW_OK;
}

/* A member's name and its colon. */
static int parse_name(struct parser *p)
{
    if (!take(p, '"'))
        return broken(p, "no name of a member");
    int rc = parse_text(p);
    if (rc)
        return rc;
    return take(p, ':') ? FLOW_OK : broken(p, "no colon");
}

/* The items of a list, or of an object, up to CLOSE. */
static int parse_items(struct parser *p, char close, int depth)
{
    if (take(p, close))
        return FLOW_OK;
    do {
        int rc = close == '}' ? parse_name(p) : FLOW_OK;
        if (!rc)
            rc = parse_value(p, depth);
        if (rc)
            return rc;
    } while (take(p, ','));
    return take(p, close) ? FLOW_OK : broken(p, close == '}' ? "no '}'" : "no ']'");
}

static int parse_value(struct parser *p, int depth)
{
    size_t index;

    if (depth == DEPTH_MAX)
        return broken(p, "values nested too deep");
    if (take(p, '"'))
        return parse_text(p);
    int is_object = take(p, '{');
    if (!is_object && !take(p, '['))
        return parse_plain(p);
    int rc = add(p, is_object ? FL_JSON_OBJECT : FL_JSON_LIST, &index);
    if (!rc)
        rc = parse_items(p, is_object ? '}' : ']', depth + 1);
    if (!rc)
        end(p, index);
    return rc;
}

int fl_json_parse(struct fl_json *json, const flow_allocator *mem, const void *text, size_t size,
                  flow_error **err)
{
    struct parser p = {.json = json, .text = text, .at = text, .end = text, .err = err};

    fl_vec_init(&json->values, mem, sizeof(struct fl_json_value));
    fl_buf_init(&json->texts, mem);
    if (size >= UINT32_MAX)
        return flow_error_set(err, FLOW_ETOOBIG, "more JSON than can be read");
    if (size > 0)
        p.end += size;
    size_t valid = fl_utf8_valid(text, size);
    if (valid < size) {
        p.at += valid;
        return broken(&p, "no valid UTF-8");
    }
    int rc = parse_value(&p, 0);
    skip_space(&p);
    return !rc && p.at < p.end ? broken(&p, "something behind the end") : rc;
}

void fl_json_free(struct fl_json *json)
{
    fl_vec_free(&json->values);
    fl_buf_free(&json->texts);
}

const struct fl_json_value *fl_json_at(const struct fl_json *json, uint32_t index)
{
    return fl_vec_at(&json->values, index);
}

const char *fl_json_text(const struct fl_json *json, const struct fl_json_value *value)
{
    return value->size > 0 ? (const char *)json->texts.data + value->start : "";
}

int fl_json_is(const struct fl_json *json, uint32_t index, const char *text)
{
    const struct fl_json_value *value = fl_json_at(json, index);

    return value->kind == FL_JSON_TEXT && value->size == strlen(text) &&
           memcmp(fl_json_text(json, value), text, value->size) == 0;
}

uint32_t fl_json_member(const struct fl_json *json, uint32_t index, const char *name)
{
    const struct fl_json_value *object = fl_json_at(json, index);
    uint32_t found = 0;

    if (object->kind != FL_JSON_OBJECT)
        return 0;
    for (uint32_t at = index + 1; at < object->next;) {
        uint32_t value = fl_json_at(json, at)->next;
        if (fl_json_is(json, at, name))
            found = value;
        at = fl_json_at(json, value)->next;
    }
    return found;
}
