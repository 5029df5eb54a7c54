/* SPDX-License-Identifier: Apache-2.0 */

#include "json.h"

#include <inttypes.h>
#include <stdlib.h>

#include "text.h"

/* Down to here each value has a line of its own. */
#define LINES_DEPTH 5

static void open_bracket(struct json *json, const char *name, const char *brackets);

/* Writes what stands before a value: a comma, a line break, its name. */
static void begin(struct json *json, const char *name)
{
    const char *waiting = json->waiting;

    json->waiting = NULL;
    if (waiting)
        open_bracket(json, waiting, json->brackets);
    if (json->has_some)
        putc(',', json->out);
    if (json->depth > 0 && json->depth <= LINES_DEPTH && !json->is_line)
        fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
    else if (json->has_some)
        putc(' ', json->out);
    if (name) {
        text_json(json->out, name);
        fputs(": ", json->out);
    }
    json->has_some = 1;
}

static void open_bracket(struct json *json, const char *name, const char *brackets)
{
    begin(json, name);
    if (json->depth == JSON_DEPTH)
        abort(); /* nothing that is described here nests so deeply */
    putc(brackets[0], json->out);
    json->close[json->depth++] = brackets[1];
    json->has_some = 0;
}

void json_object(struct json *json, const char *name)
{
    open_bracket(json, name, "{}");
}

void json_list(struct json *json, const char *name)
{
    open_bracket(json, name, "[]");
}

void json_optional_object(struct json *json, const char *name)
{
    json->waiting = name;
    json->brackets = "{}";
}

void json_optional_list(struct json *json, const char *name)
{
    json->waiting = name;
    json->brackets = "[]";
}

void json_end(struct json *json)
{
    if (json->waiting) {
        json->waiting = NULL;
        return;
    }
    json->depth--;
    if (json->has_some && json->depth < LINES_DEPTH && !json->is_line)
        fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
    putc(json->close[json->depth], json->out);
    json->has_some = 1;
}

void json_text(struct json *json, const char *name, const char *text)
{
    begin(json, name);
    text_json(json->out, text);
}

void json_number(struct json *json, const char *name, int64_t number)
{
    begin(json, name);
    fprintf(json->out, "%" PRId64, number);
}

void json_unsigned(struct json *json, const char *name, uint64_t number)
{
    begin(json, name);
    fprintf(json->out, "%" PRIu64, number);
}

void json_word(struct json *json, const char *name, const char *word)
{
    begin(json, name);
    fputs(word, json->out);
}

void json_begin_text(struct json *json, const char *name)
{
    begin(json, name);
    putc('"', json->out);
}

void json_end_text(struct json *json)
{
    putc('"', json->out);
}
