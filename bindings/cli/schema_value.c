/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Schemas of values.  YAML makes numbers and truth values of some texts, so a text may be any
 * scalar; whatever is not text may also be written as one, as a reference, and, where it is not
 * required, be left empty.
 */

#include <stdlib.h>
#include <string.h>

#include "schema.h"

/* What may stand around a value in quotes: blanks, and behind it a comment. */
#define BEFORE "^\\\\s*"
#define BEHIND "(?:\\\\s+#.*)?\\\\s*$"

void schema_ref(struct schema *schema, const char *name, const char *key)
{
    char *target = text_format("#/definitions/%s", key);

    json_object(&schema->json, name);
    json_text(&schema->json, "$ref", target);
    json_end(&schema->json);
    free(target);
}

/* ---- names in any case ---- */

static void print_letter(FILE *out, char c)
{
    int is_upper = c >= 'A' && c <= 'Z';

    if (is_upper || (c >= 'a' && c <= 'z'))
        fprintf(out, "[%c%c]", is_upper ? c + 32 : c, is_upper ? c : c - 32);
    else if (strchr(".+*?()[]{}^$", c))
        fprintf(out, "[%c]", c);
    else
        putc(c, out);
}

/* "[" and "^" mean something between brackets. */
static void print_name(FILE *out, const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (name[i] == '^' || name[i] == '[' || name[i] == ']' || name[i] == '"')
            fprintf(out, "\\\\u%04x", (unsigned)name[i]);
        else
            print_letter(out, name[i]);
    }
}

void schema_pattern(struct schema *schema, const char *const *lists, size_t count)
{
    FILE *out = schema->json.out;
    int has_some = 0;

    json_text(&schema->json, "type", "string");
    json_begin_text(&schema->json, "pattern");
    fputs(BEFORE "(?:", out);
    for (size_t i = 0; i < count; i++) {
        for (const char *at = lists[i]; at && *at;) {
            size_t size = strcspn(at, "|");
            fputs(has_some++ ? "|" : "", out);
            print_name(out, at, size);
            at += size + (at[size] == '|');
        }
    }
    fputs(")" BEHIND, out);
    json_end_text(&schema->json);
}

/* ---- types of properties ---- */

/* Of the choices, those that are words of Flume's; its class names say the same again. */
static void add_choices(struct schema *schema, const char *choices)
{
    struct json *json = &schema->json;

    json_object(json, NULL);
    json_list(json, "enum");
    for (const char *at = choices; *at;) {
        size_t size = strcspn(at, "|");
        char *choice = text_copy_sized(at, size);
        if (!text_begins(choice, "org.apache."))
            json_text(json, NULL, choice);
        free(choice);
        at += size + (at[size] == '|');
    }
    json_end(json);
    json_end(json);
    json_object(json, NULL);
    schema_pattern(schema, &choices, 1);
    json_end(json);
    schema_ref(schema, NULL, "reference");
}

/* A range is defined once, under a key that tells it. */
#define RANGE_KEY "number.%lld.%lld"

static int has_range(const struct schema *schema, const char *key)
{
    for (size_t i = 0; i < schema->ranges.count; i++)
        if (strcmp(schema->ranges.items[i], key) == 0)
            return 1;
    return 0;
}

static void add_number(struct schema *schema, const flow_property *property)
{
    int is_any = property->min == 0 && property->max == 0;
    long long min = is_any ? INT64_MIN : property->min;
    long long max = is_any ? INT64_MAX : property->max;
    char *key = text_format(RANGE_KEY, min, max);

    if (!has_range(schema, key))
        text_list_add(&schema->ranges, key);
    schema_ref(schema, NULL, key);
    free(key);
}

/* Whether YAML makes something else of a choice than text; a null is text that is missing. */
static int is_untexted(const char *choice, size_t size)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == size && strncasecmp(words[i], choice, size) == 0)
            return 1;
    return strspn(choice, "+-.0123456789") >= size;
}

static int has_untexted(const char *choices)
{
    for (const char *at = choices; *at;) {
        size_t size = strcspn(at, "|");
        if (is_untexted(at, size))
            return 1;
        at += size + (at[size] == '|');
    }
    return 0;
}

/* The schemas of which one must hold. */
static void add_alternatives(struct schema *schema, const flow_property *property)
{
    switch (property->type) {
    case FLOW_TYPE_INT: add_number(schema, property); break;
    case FLOW_TYPE_BOOL:
        schema_ref(schema, NULL, "truth");
        schema_ref(schema, NULL, "scalar");
        break;
    case FLOW_TYPE_CHOICE:
        add_choices(schema, property->choices);
        if (has_untexted(property->choices))
            json_word(&schema->json, NULL, "{\"type\": [\"boolean\", \"number\"]}");
        break;
    case FLOW_TYPE_HOST: schema_ref(schema, NULL, "host"); break;
    case FLOW_TYPE_CHARSET: schema_ref(schema, NULL, "charset"); break;
    case FLOW_TYPE_COMPONENT: {
        char *key = text_format("type.%s", kind_name(property->kind));
        schema_ref(schema, NULL, key);
        free(key);
        break;
    }
    default: schema_ref(schema, NULL, "text");
    }
}

/* ---- what is told of a property ---- */

static void add_default(struct json *json, const flow_property *property)
{
    const char *value = property->default_value;

    if (!value || !*value)
        return;
    if (property->type == FLOW_TYPE_INT)
        json_number(json, "default", strtoll(value, NULL, 10));
    else if (property->type == FLOW_TYPE_BOOL)
        json_word(json, "default", strcasecmp(value, "true") == 0 ? "true" : "false");
    else
        json_text(json, "default", value);
}

static void add_description(struct json *json, const flow_property *property)
{
    char *text = property->unit ? text_format("%s (%s)", property->help, property->unit)
                                : text_copy(property->help);

    json_text(json, "description", text);
    free(text);
    add_default(json, property);
    if (property->flags & (FLOW_PROPERTY_DEPRECATED | FLOW_PROPERTY_NO_EFFECT))
        json_word(json, "deprecated", "true");
}

void schema_value(struct schema *schema, const char *name, const flow_property *property)
{
    struct json *json = &schema->json;

    json_object(json, name);
    add_description(json, property);
    json_list(json, "anyOf");
    if (!(property->flags & FLOW_PROPERTY_NO_EFFECT))
        add_alternatives(schema, property);
    if (!(property->flags & FLOW_PROPERTY_REQUIRED))
        schema_ref(schema, NULL, "nothing");
    if (property->flags & (FLOW_PROPERTY_LENIENT | FLOW_PROPERTY_NO_EFFECT))
        schema_ref(schema, NULL, "text");
    json_end(json);
    json_end(json);
}

/* ---- definitions ---- */

static void define(struct schema *schema, const char *key, const char *text)
{
    json_word(&schema->json, key, text);
}

static void define_range(struct schema *schema, const char *key)
{
    struct json *json = &schema->json;
    long long min;
    long long max;

    if (sscanf(key, RANGE_KEY, &min, &max) != 2)
        return;
    json_object(json, key);
    json_list(json, "anyOf");
    json_object(json, NULL);
    json_text(json, "type", "integer");
    json_number(json, "minimum", min);
    json_number(json, "maximum", max);
    json_end(json);
    json_object(json, NULL);
    json_text(json, "type", "string");
    json_begin_text(json, "pattern");
    fputs(BEFORE, json->out);
    schema_digits(json->out, min, max);
    fputs(BEHIND, json->out);
    json_end_text(json);
    json_end(json);
    schema_ref(schema, NULL, "reference");
    json_end(json);
    json_end(json);
}

void schema_value_definitions(struct schema *schema)
{
    define(schema, "nothing", "{\"enum\": [null, \"\"]}");
    define(schema, "reference", "{\"type\": \"string\", \"pattern\": \"[$][{]\"}");
    define(schema, "name", "{\"pattern\": \"^[^\\\\s.#]+$\"}");
    define(schema, "names",
           "{\"anyOf\": [{\"$ref\": \"#/definitions/text\"}, {\"enum\": [null, \"\", []]}]}");
    define(schema, "truth", "{\"type\": \"boolean\"}");
    define(schema, "scalar",
           "{\"anyOf\": [{\"type\": [\"boolean\", \"number\"]}, "
           "{\"type\": \"string\", \"minLength\": 1}]}");
    define(schema, "word",
           "{\"anyOf\": [{\"type\": [\"boolean\", \"number\"]}, "
           "{\"type\": \"string\", \"pattern\": \"^\\\\S*$\"}]}");
    define(schema, "text",
           "{\"anyOf\": [{\"$ref\": \"#/definitions/scalar\"}, {\"type\": \"array\", "
           "\"minItems\": 1, \"items\": {\"$ref\": \"#/definitions/word\"}}]}");
    define(schema, "one-word",
           "{\"anyOf\": [{\"type\": [\"boolean\", \"number\"]}, "
           "{\"type\": \"string\", \"pattern\": \"" BEFORE "[^\\\\s]+" BEHIND "\"}, "
           "{\"$ref\": \"#/definitions/reference\"}, {\"type\": \"array\", "
           "\"minItems\": 1, \"maxItems\": 1, \"items\": {\"$ref\": \"#/definitions/word\"}}]}");
    define(schema, "host",
           "{\"anyOf\": [{\"type\": [\"boolean\", \"number\"]}, {\"type\": \"string\", "
           "\"pattern\": \"" BEFORE "[-A-Za-z0-9_.:%\\\\[\\\\]]{1,255}" BEHIND "\"}, "
           "{\"$ref\": \"#/definitions/reference\"}]}");
    define(schema, "charset",
           "{\"anyOf\": [{\"type\": \"string\", \"pattern\": \"" BEFORE
           "[A-Za-z0-9][-A-Za-z0-9+.:_]*" BEHIND "\"}, "
           "{\"$ref\": \"#/definitions/reference\"}]}");
    for (size_t i = 0; i < schema->ranges.count; i++)
        define_range(schema, schema->ranges.items[i]);
}
