/* SPDX-License-Identifier: Apache-2.0 */

/* `flow describe --format json`: the schemas for programs. */

#include <inttypes.h>

#include "describe.h"

/* "NAME": "TEXT", unless TEXT is NULL. */
static void member(FILE *out, const char *name, const char *text)
{
    if (!text)
        return;
    fprintf(out, ", \"%s\": ", name);
    text_json(out, text);
}

static void flag(FILE *out, const flow_property *property, uint32_t bit, const char *name)
{
    if (property->flags & bit)
        fprintf(out, ", \"%s\": true", name);
}

static void print_property(FILE *out, const flow_property *property)
{
    fputs("\n      {\"name\": ", out);
    text_json(out, property->name);
    member(out, "type", property->type == FLOW_TYPE_CHOICE ? "choice" : property_type(property));
    member(out, "choices", property->choices);
    member(out, "default", property->default_value);
    member(out, "unit", property->unit);
    member(out, "aliases", property->aliases);
    member(out, "definition", property->definition);
    member(out, "variable", property->variable);
    if (property->type == FLOW_TYPE_INT && (property->min || property->max))
        fprintf(out, ", \"min\": %" PRId64 ", \"max\": %" PRId64, property->min, property->max);
    if (property->type == FLOW_TYPE_COMPONENT)
        member(out, "kind", kind_name(property->kind));
    flag(out, property, FLOW_PROPERTY_REQUIRED, "required");
    flag(out, property, FLOW_PROPERTY_PREFIX, "prefix");
    flag(out, property, FLOW_PROPERTY_DEPRECATED, "deprecated");
    flag(out, property, FLOW_PROPERTY_LENIENT, "lenient");
    flag(out, property, FLOW_PROPERTY_NO_EFFECT, "noEffect");
    member(out, "help", property->help);
    putc('}', out);
}

static void print_type(FILE *out, const flow_type_info *info)
{
    const flow_property *property;

    fputs("{\"kind\": ", out);
    text_json(out, kind_name(info->kind));
    member(out, "type", info->type);
    member(out, "aliases", info->aliases);
    member(out, "origin", info->origin);
    if (info->schema) {
        member(out, "summary", info->schema->summary);
        member(out, "description", info->schema->description);
    }
    fputs(",\n    \"properties\": [", out);
    for (size_t i = 0; (property = property_at(info->schema, i)); i++) {
        if (i)
            putc(',', out);
        print_property(out, property);
    }
    fputs("]}", out);
}

void describe_json(FILE *out, const struct selection *selection)
{
    flow_type_info info;
    size_t index = 0;
    size_t count = 0;

    putc('[', out);
    while (selection_next(selection, &index, &info)) {
        fputs(count++ ? ",\n  " : "\n  ", out);
        print_type(out, &info);
    }
    fputs(count ? "\n]\n" : "]\n", out);
}
