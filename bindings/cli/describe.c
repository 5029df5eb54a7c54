/* SPDX-License-Identifier: Apache-2.0 */

/* `flow describe`: what there is, as text for people. */

#include "describe.h"

#include <string.h>

#include "commands.h"
#include "setup.h"

static const char *const kinds[] = {
    [FLOW_KIND_SOURCE] = "source",
    [FLOW_KIND_CHANNEL] = "channel",
    [FLOW_KIND_SINK] = "sink",
    [FLOW_KIND_INTERCEPTOR] = "interceptor",
    [FLOW_KIND_SELECTOR] = "selector",
    [FLOW_KIND_GROUP] = "group",
    [FLOW_KIND_SERIALIZER] = "serializer",
    [FLOW_KIND_FILTER] = "filter",
    [FLOW_KIND_CLIENT] = "client",
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

const char *kind_name(uint32_t kind)
{
    return kind > 0 && kind < KIND_COUNT ? kinds[kind] : "component";
}

uint32_t kind_end(void)
{
    return KIND_COUNT;
}

const char *property_type(const flow_property *property)
{
    static const char *const names[] = {
        [FLOW_TYPE_STRING] = "text",     [FLOW_TYPE_INT] = "number",
        [FLOW_TYPE_BOOL] = "true|false", [FLOW_TYPE_WORDS] = "names",
        [FLOW_TYPE_PATTERN] = "pattern", [FLOW_TYPE_PATH] = "path",
        [FLOW_TYPE_HOST] = "host",       [FLOW_TYPE_CHARSET] = "charset",
        [FLOW_TYPE_COMPONENT] = "type",  [FLOW_TYPE_SECRET] = "secret",
        [FLOW_TYPE_PATHS] = "paths",
    };

    if (property->type == FLOW_TYPE_CHOICE)
        return property->choices;
    return property->type < sizeof names / sizeof names[0] && names[property->type]
               ? names[property->type]
               : "text";
}

const flow_property *property_at(const flow_schema *schema, size_t index)
{
    if (!schema || index >= schema->count)
        return NULL;
    return (const void *)((const char *)schema->properties + index * schema->property_size);
}

/* One type is looked up by any of its names, which also loads the module it may be in. */
static int find_one(const struct selection *selection, size_t *index, flow_type_info *info)
{
    for (; *index < KIND_COUNT; ++*index) {
        uint32_t kind = (uint32_t)*index;
        if (kind == 0 || (selection->kind && selection->kind != kind))
            continue;
        if (flow_registry_find(selection->registry, kind, selection->type, info, NULL) == FLOW_OK) {
            ++*index;
            return 1;
        }
    }
    return 0;
}

int selection_next(const struct selection *selection, size_t *index, flow_type_info *info)
{
    info->struct_size = sizeof *info;
    if (selection->type)
        return find_one(selection, index, info);
    while (flow_registry_at(selection->registry, (*index)++, info) == FLOW_OK) {
        if (selection->kind && selection->kind != info->kind)
            continue;
        /* The schema of a module is known once somebody has looked it up. */
        flow_registry_find(selection->registry, info->kind, info->type, info, NULL);
        return 1;
    }
    return 0;
}

/* ---- text ---- */

static void print_range(FILE *out, const flow_property *property)
{
    if (property->type != FLOW_TYPE_INT || (!property->min && !property->max))
        return;
    if (property->max == INT64_MAX)
        fprintf(out, ", at least %lld", (long long)property->min);
    else
        fprintf(out, ", %lld to %lld", (long long)property->min, (long long)property->max);
}

static void print_property(FILE *out, const flow_property *property)
{
    const char *end = property->flags & FLOW_PROPERTY_PREFIX ? "*" : "";

    fprintf(out, "  %s%s\n      %s", property->name, end, property_type(property));
    if (property->unit)
        fprintf(out, " in %s", property->unit);
    print_range(out, property);
    if (property->flags & FLOW_PROPERTY_REQUIRED)
        fputs(", required", out);
    else if (property->default_value && property->default_value[0])
        fprintf(out, ", default %s", property->default_value);
    if (property->aliases)
        fprintf(out, ", also %s", property->aliases);
    if (property->definition)
        fprintf(out, ", else -D %s", property->definition);
    if (property->variable)
        fprintf(out, ", else $%s", property->variable);
    if (property->flags & FLOW_PROPERTY_DEPRECATED)
        fputs(", deprecated", out);
    if (property->flags & FLOW_PROPERTY_NO_EFFECT)
        fputs(", without effect", out);
    fprintf(out, "\n      %s\n", property->help);
}

/* A type with all it has, or only its summary where many are listed. */
static void print_type(FILE *out, const flow_type_info *info, int whole)
{
    const flow_property *property;

    fprintf(out, "%s %s\n", kind_name(info->kind), info->type);
    if (info->schema && info->schema->summary)
        fprintf(out, "    %s\n", info->schema->summary);
    if (!whole)
        return;
    if (info->aliases[0])
        fprintf(out, "    also %s\n", info->aliases);
    fprintf(out, "    %s\n", info->origin);
    if (info->schema && info->schema->description)
        fprintf(out, "\n%s\n", info->schema->description);
    putc('\n', out);
    for (size_t i = 0; (property = property_at(info->schema, i)); i++)
        print_property(out, property);
}

void describe_text(FILE *out, const struct selection *selection)
{
    flow_type_info info;
    size_t index = 0;

    while (selection_next(selection, &index, &info))
        print_type(out, &info, selection->type != NULL);
}

/* ---- the command ---- */

static uint32_t find_kind(const char *name)
{
    size_t size = strlen(name);

    size -= size > 1 && name[size - 1] == 's'; /* "sinks" */
    for (uint32_t kind = 1; kind < KIND_COUNT; kind++)
        if (strlen(kinds[kind]) == size && strncmp(kinds[kind], name, size) == 0)
            return kind;
    return 0;
}

/* Reads "", "KIND", "TYPE" or "KIND TYPE". */
static int select_types(const struct options *options, struct selection *selection)
{
    const struct text_list *words = &options->words;
    flow_error *err = NULL;
    flow_type_info info;
    size_t index = 0;

    if (words->count > 2) {
        fprintf(stderr, "Error: unexpected argument '%s'\n", words->items[2]);
        return EXIT_USAGE;
    }
    selection->kind = words->count ? find_kind(words->items[0]) : 0;
    if (words->count == 2 && !selection->kind) {
        fprintf(stderr, "Error: there is no kind '%s'\n", words->items[0]);
        return EXIT_USAGE;
    }
    if (words->count == 2 || (words->count == 1 && !selection->kind))
        selection->type = words->items[words->count - 1];
    if (!selection->type || selection_next(selection, &index, &info))
        return EXIT_OK;
    if (!selection->kind) {
        fprintf(stderr, "Error: there is no kind or type '%s'\n", selection->type);
        return EXIT_USAGE;
    }
    info.struct_size = sizeof info;
    flow_registry_find(selection->registry, selection->kind, selection->type, &info, &err);
    return say_error(err, EXIT_USAGE);
}

static int describe(const struct options *options, flow_library *lib)
{
    const char *format = options->format ? options->format : "text";
    struct selection selection = {.registry = flow_library_registry(lib)};
    int status = select_types(options, &selection);

    if (status != EXIT_OK)
        return status;
    if (strcmp(format, "text") == 0)
        describe_text(stdout, &selection);
    else if (strcmp(format, "json") == 0)
        describe_json(stdout, &selection);
    else if (strcmp(format, "yaml-schema") == 0)
        describe_schema(stdout, &selection);
    else {
        fputs("Error: --format is text, json or yaml-schema\n", stderr);
        return EXIT_USAGE;
    }
    return EXIT_OK;
}

int command_describe(struct options *options)
{
    flow_library *lib;
    int status = setup_library(options, NULL, &lib);

    if (status != EXIT_OK)
        return status;
    status = describe(options, lib);
    flow_library_free(lib, NULL);
    return status;
}
