/* SPDX-License-Identifier: Apache-2.0 */

#include "json_read.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

struct reader {
    const char *begin, *at, *end;
    const char *why; /* NULL: all is well so far */
    unsigned depth;
};

static int read_value(struct reader *reader, struct json_value *value);

static int fail(struct reader *reader, const char *why)
{
    if (!reader->why)
        reader->why = why;
    return 0;
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && *reader->at && strchr(" \t\r\n", *reader->at))
        reader->at++;
}

/* Whether C comes next; it is passed then. */
static int takes(struct reader *reader, char c)
{
    skip_blanks(reader);
    if (reader->at == reader->end || *reader->at != c)
        return 0;
    reader->at++;
    return 1;
}

/* ---- texts ---- */

/* The number that four hexadecimal digits are; -1 for something else. */
static long read_hex(struct reader *reader)
{
    char digits[5] = "";

    for (int i = 0; i < 4; i++, reader->at++) {
        if (reader->at == reader->end || !isxdigit((unsigned char)*reader->at))
            return -1;
        digits[i] = *reader->at;
    }
    return strtol(digits, NULL, 16);
}

/* Writes CODE as UTF-8; returns where it ends. */
static char *put_code(char *to, unsigned long code)
{
    static const unsigned char fronts[] = {0, 0xc0, 0xe0, 0xf0};
    int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;

    *to++ = (char)(fronts[more] | code >> 6 * more);
    while (more-- > 0)
        *to++ = (char)(0x80 | (code >> 6 * more & 0x3f));
    return to;
}

/* What stands behind "\u": one number, or two that are one character. */
static char *read_code(struct reader *reader, char *to)
{
    long code = read_hex(reader);

    if (code >= 0xd800 && code < 0xdc00 && reader->end - reader->at >= 6 && reader->at[0] == '\\' &&
        reader->at[1] == 'u') {
        reader->at += 2;
        long low = read_hex(reader);
        code =
            low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((code - 0xd800) << 10) + low - 0xdc00 : -1;
    } else if (code >= 0xd800 && code < 0xe000) {
        code = -1;
    }
    if (code <= 0) {
        fail(reader, code ? "\\u is followed by no character" : "a text cannot have a NUL");
        return to;
    }
    return put_code(to, (unsigned long)code);
}

static char *read_escape(struct reader *reader, char *to)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    const char *found;

    if (reader->at == reader->end)
        return to;
    char c = *reader->at++;
    if (c == 'u')
        return read_code(reader, to);
    if (!c || !(found = strchr(names, c)))
        fail(reader, "no such escape");
    else
        *to++ = meant[found - names];
    return to;
}

/* The quote that ends a text; NULL when there is none. */
static const char *find_quote(const struct reader *reader)
{
    const char *at = reader->at;

    while (at < reader->end && *at != '"')
        at += *at == '\\' ? 2 : 1;
    return at < reader->end ? at : NULL;
}

/* Behind the first quote.  Returns the text, or NULL. */
static char *read_text(struct reader *reader)
{
    const char *quote = find_quote(reader);

    if (!quote) {
        fail(reader, "a text has no end");
        return NULL;
    }
    char *text = text_room((size_t)(quote - reader->at) + 1); /* an escape is longer than itself */
    char *to = text;
    while (!reader->why && reader->at < quote) {
        char c = *reader->at++;
        if ((unsigned char)c < ' ')
            fail(reader, "a control character in a text");
        else if (c == '\\')
            to = read_escape(reader, to);
        else
            *to++ = c;
    }
    *to = '\0';
    if (!reader->why) {
        reader->at = quote + 1;
        return text;
    }
    free(text);
    return NULL;
}

/* ---- numbers and words ---- */

static size_t count_digits(const char *at, const char *end)
{
    const char *begin = at;

    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return (size_t)(at - begin);
}

/* Passes digits, of which there has to be one. */
static int take_digits(struct reader *reader)
{
    size_t count = count_digits(reader->at, reader->end);

    reader->at += count;
    return count > 0 || fail(reader, "a digit is missing in a number");
}

/* "-1.5e+3", with no zero before other digits. */
static int read_number(struct reader *reader, struct json_value *value)
{
    const char *begin = reader->at;

    reader->at += *reader->at == '-';
    const char *digits = reader->at;
    if (!take_digits(reader))
        return 0;
    if (*digits == '0' && reader->at > digits + 1)
        return fail(reader, "a number begins with 0");
    if (reader->at < reader->end && *reader->at == '.') {
        reader->at++;
        if (!take_digits(reader))
            return 0;
    }
    if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E')) {
        reader->at++;
        reader->at += reader->at < reader->end && (*reader->at == '+' || *reader->at == '-');
        if (!take_digits(reader))
            return 0;
    }
    value->kind = JSON_NUMBER;
    value->text = text_copy_sized(begin, (size_t)(reader->at - begin));
    return 1;
}

static const char *const words[] = {
    [JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true"};

static int read_word(struct reader *reader, struct json_value *value)
{
    for (enum json_kind kind = JSON_NULL; kind <= JSON_TRUE; kind++) {
        size_t size = strlen(words[kind]);
        if ((size_t)(reader->end - reader->at) >= size && !memcmp(reader->at, words[kind], size)) {
            reader->at += size;
            value->kind = kind;
            return 1;
        }
    }
    return fail(reader, "no value begins so");
}

/* ---- lists and objects ---- */

static struct json_value *add(struct json_value *value)
{
    /* Twice as many whenever there are a power of two. */
    if ((value->count & (value->count - 1)) == 0)
        value->items = text_more(value->items, value->count ? 2 * value->count : 1, sizeof *value);
    struct json_value *item = &value->items[value->count++];
    *item = (struct json_value){0};
    return item;
}

/* The name of a member, and the colon behind it. */
static int read_name(struct reader *reader, struct json_value *object, struct json_value *member)
{
    if (!takes(reader, '"'))
        return fail(reader, "the name of a member is missing");
    char *name = read_text(reader);
    if (name && json_member(object, name))
        fail(reader, "a member comes twice");
    member->name = name;
    return !reader->why && (takes(reader, ':') || fail(reader, "a colon is missing"));
}

static int read_items(struct reader *reader, struct json_value *value, char end)
{
    int is_object = value->kind == JSON_OBJECT;

    if (takes(reader, end))
        return 1;
    do {
        if (is_object && value->count == JSON_READ_MEMBERS)
            return fail(reader, "an object has too many members");
        struct json_value item = {0};
        int is_read = (!is_object || read_name(reader, value, &item)) && read_value(reader, &item);
        *add(value) = item;
        if (!is_read)
            return 0;
    } while (takes(reader, ','));
    return takes(reader, end) || fail(reader, "a comma or the closing bracket is missing");
}

static int read_bracket(struct reader *reader, struct json_value *value)
{
    char end = *reader->at++ == '{' ? '}' : ']';

    value->kind = end == '}' ? JSON_OBJECT : JSON_LIST;
    if (reader->depth == JSON_READ_DEPTH)
        return fail(reader, "values are nested too deeply");
    reader->depth++;
    int is_read = read_items(reader, value, end);
    reader->depth--;
    return is_read;
}

static int read_value(struct reader *reader, struct json_value *value)
{
    skip_blanks(reader);
    if (reader->at == reader->end)
        return fail(reader, "a value is missing");
    if (*reader->at == '{' || *reader->at == '[')
        return read_bracket(reader, value);
    if (*reader->at == '-' || (*reader->at >= '0' && *reader->at <= '9'))
        return read_number(reader, value);
    if (!takes(reader, '"'))
        return read_word(reader, value);
    value->kind = JSON_TEXT;
    value->text = read_text(reader);
    return value->text != NULL;
}

int json_read(const char *text, size_t size, struct json_value *value, char **why)
{
    struct reader reader = {.begin = text, .at = text, .end = text + size};

    *value = (struct json_value){0};
    *why = NULL;
    if (read_value(&reader, value)) {
        skip_blanks(&reader);
        if (reader.at == reader.end)
            return 1;
        fail(&reader, "there is more behind the value");
    }
    *why = text_format("byte %zu: %s", (size_t)(reader.at - reader.begin) + 1, reader.why);
    json_free(value);
    return 0;
}

void json_free(struct json_value *value)
{
    for (size_t i = 0; i < value->count; i++)
        json_free(&value->items[i]);
    free(value->items);
    free(value->name);
    free(value->text);
    *value = (struct json_value){0};
}

/* ---- what was read ---- */

const struct json_value *json_member(const struct json_value *value, const char *name)
{
    for (size_t i = 0; value && value->kind == JSON_OBJECT && i < value->count; i++)
        if (strcmp(value->items[i].name, name) == 0)
            return &value->items[i];
    return NULL;
}

const char *json_member_text(const struct json_value *value, const char *name)
{
    const struct json_value *member = json_member(value, name);

    return member && member->kind == JSON_TEXT ? member->text : NULL;
}

int json_value_unsigned(const struct json_value *value, uint64_t *number)
{
    if (!value || value->kind != JSON_NUMBER)
        return 0;
    size_t size = strlen(value->text);
    errno = 0;
    long long read = strtoll(value->text, NULL, 10);
    *number = (uint64_t)read;
    return !errno && count_digits(value->text, value->text + size) == size;
}

void json_copy(struct json *json, const char *name, const struct json_value *value)
{
    switch (value->kind) {
    case JSON_NUMBER: json_word(json, name, value->text); return;
    case JSON_TEXT: json_text(json, name, value->text); return;
    case JSON_LIST: json_list(json, name); break;
    case JSON_OBJECT: json_object(json, name); break;
    default: json_word(json, name, words[value->kind]); return;
    }
    for (size_t i = 0; i < value->count; i++)
        json_copy(json, value->items[i].name, &value->items[i]);
    json_end(json);
}
