/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `flow describe --format yaml-schema`: a JSON Schema (2020-12) by which editors complete and check
 * the YAML form of configurations.  Below a component dots may nest or not, so a property is known
 * by its dotted name and by the first part of it; unknown ones stay allowed, as they are only
 * warnings.
 */

#include <inttypes.h>
#include <string.h>

#include "describe.h"

struct section {
    const char *name;
    uint32_t kind;
    const char *common; /* properties all of its components have */
};

#define WORDS "{\"$ref\": \"#/$defs/words\"}"

static const struct section sections[] = {
    {"sources", FLOW_KIND_SOURCE,
     "\"channels\": " WORDS ", \"interceptors\": {}, \"selector\": {\"type\": \"object\"}, "
     "\"backoffSleepIncrement\": {\"type\": \"integer\"}, "
     "\"maxBackoffSleep\": {\"type\": \"integer\"}"},
    {"channels", FLOW_KIND_CHANNEL, NULL},
    {"sinks", FLOW_KIND_SINK, "\"channel\": {\"type\": \"string\"}"},
};

/* Writes CHOICES, separated by '|', as a pattern that is blind to case, as libflow is. */
static void print_choices(FILE *out, const char *choices)
{
    fputs("\"type\": \"string\", \"pattern\": \"^(?:", out);
    for (const char *at = choices; *at; at++) {
        char lower = *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
        char upper = *at >= 'a' && *at <= 'z' ? (char)(*at - 32) : *at;
        if (lower != upper)
            fprintf(out, "[%c%c]", lower, upper);
        else if (strchr(".+*?()[]{}^$", *at))
            fprintf(out, "\\\\%c", *at);
        else
            putc(*at, out);
    }
    fputs(")$\"", out);
}

static void print_value_type(FILE *out, const flow_property *property)
{
    switch (property->type) {
    case FLOW_TYPE_INT:
        fputs("\"type\": \"integer\"", out);
        if (property->min || property->max)
            fprintf(out, ", \"minimum\": %" PRId64 ", \"maximum\": %" PRId64, property->min,
                    property->max);
        break;
    case FLOW_TYPE_BOOL: fputs("\"type\": [\"boolean\", \"string\"]", out); break;
    case FLOW_TYPE_CHOICE: print_choices(out, property->choices); break;
    case FLOW_TYPE_WORDS: fputs("\"$ref\": \"#/$defs/words\"", out); break;
    case FLOW_TYPE_COMPONENT: fputs("\"type\": [\"string\", \"object\"]", out); break;
    default: fputs("\"type\": [\"string\", \"number\", \"boolean\"]", out);
    }
}

/* Whether an earlier property of the schema begins with the same part as the one at INDEX. */
static int is_repeated(const flow_schema *schema, size_t index, size_t size)
{
    const char *name = property_at(schema, index)->name;

    for (size_t i = 0; i < index; i++) {
        const char *other = property_at(schema, i)->name;
        if (strncmp(other, name, size) == 0 && (other[size] == '.' || !other[size]))
            return 1;
    }
    return 0;
}

static void print_property(FILE *out, const flow_schema *schema, size_t index)
{
    const flow_property *property = property_at(schema, index);
    size_t first = strcspn(property->name, ".");

    if (property->name[first] && !is_repeated(schema, index, first))
        fprintf(out, ", \"%.*s\": {\"type\": [\"object\", \"string\"]}", (int)first,
                property->name);
    if (property->flags & FLOW_PROPERTY_PREFIX)
        return;
    fputs(", ", out);
    text_json(out, property->name);
    fputs(": {", out);
    print_value_type(out, property);
    fputs(", \"description\": ", out);
    text_json(out, property->help);
    if (property->default_value) {
        fputs(", \"default\": ", out);
        text_json(out, property->default_value);
    }
    putc('}', out);
}

/* What holds for a component whose `type` is this one. */
static void print_branch(FILE *out, const flow_type_info *info)
{
    fputs("\n        {\"if\": {\"properties\": {\"type\": {", out);
    print_choices(out, info->type);
    fputs("}}, \"required\": [\"type\"]},\n         \"then\": {\"properties\": {\"type\": {", out);
    fputs("\"description\": ", out);
    text_json(out, info->schema && info->schema->summary ? info->schema->summary : "");
    putc('}', out);
    for (size_t i = 0; property_at(info->schema, i); i++)
        print_property(out, info->schema, i);
    fputs("}}}", out);
}

static void print_section(FILE *out, const struct selection *all, const struct section *section)
{
    flow_type_info info;
    size_t index = 0;
    size_t count = 0;
    struct selection types = {all->registry, section->kind, NULL};

    fprintf(out, "    \"%s\": {\"type\": \"object\", \"additionalProperties\": {\n", section->name);
    fputs("      \"type\": \"object\", \"required\": [\"type\"],\n"
          "      \"properties\": {\"type\": {\"type\": \"string\"}",
          out);
    if (section->common)
        fprintf(out, ", %s", section->common);
    fputs("},\n      \"allOf\": [", out);
    while (selection_next(&types, &index, &info)) {
        if (count++)
            putc(',', out);
        print_branch(out, &info);
    }
    fputs("\n      ]}},\n", out);
}

void describe_schema(FILE *out, const struct selection *selection)
{
    fputs(
        "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
        "  \"title\": \"libflow configuration\",\n"
        "  \"type\": \"object\",\n"
        "  \"additionalProperties\": {\"$ref\": \"#/$defs/agent\"},\n"
        "  \"properties\": {\"agents\": {\"type\": \"object\", \"additionalProperties\": "
        "{\"$ref\": \"#/$defs/agent\"}}},\n"
        "  \"$defs\": {\n"
        "    \"words\": {\"type\": [\"string\", \"array\"], \"items\": {\"type\": \"string\"}},\n",
        out);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        print_section(out, selection, &sections[i]);
    fputs("    \"agent\": {\"type\": \"object\", \"additionalProperties\": false, "
          "\"properties\": {\n"
          "      \"sources\": {\"$ref\": \"#/$defs/sources\"},\n"
          "      \"channels\": {\"$ref\": \"#/$defs/channels\"},\n"
          "      \"sinks\": {\"$ref\": \"#/$defs/sinks\"},\n"
          "      \"sinkgroups\": {\"type\": \"object\"},\n"
          "      \"configfilters\": {\"type\": \"object\"}}}\n"
          "  }\n}\n",
          out);
}
