/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `flow describe --format yaml-schema`: a JSON Schema by which editors complete and check the YAML
 * form of configurations, from the tables that the checks use.  It is of draft 7, which editors
 * know best.
 */

#include <stdlib.h>
#include <string.h>

#include "schema.h"

#define DESCRIPTION                                                                                \
    "Agents by name, each with its sources, channels, sinks, sinkgroups and configfilters by "     \
    "name.  Names with dots and maps within maps mean the same."

/* A list of components in an agent. */
struct section {
    const char *name; /* as in keys */
    uint32_t kind;
};

static const struct section sections[] = {
    {"sources", FLOW_KIND_SOURCE},   {"channels", FLOW_KIND_CHANNEL},     {"sinks", FLOW_KIND_SINK},
    {"sinkgroups", FLOW_KIND_GROUP}, {"configfilters", FLOW_KIND_FILTER},
};

#define SECTIONS (sizeof sections / sizeof sections[0])

/* What is a part of every component of a kind. */
static const flow_property selector = {
    .name = "selector",
    .type = FLOW_TYPE_COMPONENT,
    .kind = FLOW_KIND_SELECTOR,
    .default_value = "replicating",
    .help = "What decides which channels an event goes to.",
};

static const flow_property processor = {
    .name = "processor",
    .type = FLOW_TYPE_COMPONENT,
    .kind = FLOW_KIND_GROUP,
    .help = "What decides which sink is next.",
};

/* ---- components ---- */

/* Properties that are described by more than their type. */
static int is_special(const char *name)
{
    return strcmp(name, "type") == 0 || strcmp(name, "processor.type") == 0 ||
           strcmp(name, "interceptors") == 0 || strcmp(name, "channel") == 0;
}

/* What all components of KIND have. */
static void put_common(struct schema *schema, uint32_t kind)
{
    const flow_schema *common = flow_config_common(kind);
    struct schema_names names = {0};
    const flow_property *property;

    for (size_t i = 0; (property = property_at(common, i)); i++)
        if (!is_special(property->name))
            schema_names_add(&names, property->name, property);
    if (kind == FLOW_KIND_SOURCE)
        schema_names_add(&names, selector.name, &selector);
    if (kind == FLOW_KIND_GROUP)
        schema_names_add(&names, processor.name, &processor);
    json_object(&schema->json, NULL);
    schema_map(schema, &names);
    json_end(&schema->json);
    schema_names_free(&names);
}

/* What the list called NAME, that every component of KIND has or, with 0, every agent, is for. */
static void put_help(struct json *json, const char *name, uint32_t kind)
{
    const flow_schema *common = flow_config_common(kind);
    const flow_property *property;

    for (size_t i = 0; (property = property_at(common, i)); i++)
        if (strcmp(property->name, name) == 0)
            json_text(json, "description", property->help);
}

/* Components by name, or only a list of names. */
static void put_by_name(struct schema *schema, const char *name, const char *kind, uint32_t of)
{
    struct json *json = &schema->json;

    json_object(json, name);
    put_help(json, name, of);
    json_object(json, "if");
    json_text(json, "type", "object");
    json_end(json);
    json_object(json, "then");
    schema_ref(schema, "propertyNames", "name");
    schema_ref(schema, "additionalProperties", kind);
    json_end(json);
    schema_ref(schema, "else", "names");
    json_end(json);
}

/* Keys such as "sources.r1". */
static void put_named(struct schema *schema, const char *prefix, const char *name, const char *kind)
{
    char *pattern = text_format("^%s%s[.][^.]+$", prefix, name);

    schema_ref(schema, pattern, kind);
    free(pattern);
}

/* What only components of this kind have. */
static void put_special(struct schema *schema, uint32_t kind)
{
    struct json *json = &schema->json;

    json_object(json, NULL);
    if (kind == FLOW_KIND_SOURCE) {
        json_object(json, "properties");
        put_by_name(schema, "interceptors", "interceptor", kind);
        json_end(json);
        json_object(json, "patternProperties");
        put_named(schema, "", "interceptors", "interceptor");
        json_end(json);
    } else if (kind == FLOW_KIND_SINK) {
        json_object(json, "properties");
        schema_ref(schema, "channel", "one-word");
        json_end(json);
        json_list(json, "required");
        json_text(json, NULL, "channel");
        json_end(json);
    } else if (kind == FLOW_KIND_GROUP) {
        json_list(json, "anyOf");
        schema_given(json, "processor.type");
        json_end(json);
    }
    json_end(json);
}

static void define_component(struct schema *schema, uint32_t kind)
{
    struct json *json = &schema->json;
    char *part = text_format("part.%s", kind_name(kind));

    json_object(json, kind_name(kind));
    json_text(json, "type", "object");
    if (kind != FLOW_KIND_GROUP) {
        json_list(json, "required");
        json_text(json, NULL, "type");
        json_end(json);
    }
    json_list(json, "allOf");
    if (kind != FLOW_KIND_GROUP)
        schema_ref(schema, NULL, part);
    put_common(schema, kind);
    put_special(schema, kind);
    json_end(json);
    json_end(json);
    free(part);
}

/* ---- agents ---- */

/* In a list: there is something under KEY. */
static void put_some(struct json *json, const char *key)
{
    json_object(json, NULL);
    json_list(json, "required");
    json_text(json, NULL, key);
    json_end(json);
    json_object(json, "properties");
    json_word(json, key, "{\"not\": {\"enum\": [null, \"\", [], {}]}}");
    json_end(json);
    json_end(json);
}

/* A map with one of the sections is an agent, and needs channels and an end. */
static void put_needs(struct json *json)
{
    json_object(json, "if");
    json_list(json, "anyOf");
    for (size_t i = 0; i < SECTIONS; i++)
        put_some(json, sections[i].name);
    json_end(json);
    json_end(json);
    json_object(json, "then");
    json_list(json, "allOf");
    put_some(json, "channels");
    json_object(json, NULL);
    json_list(json, "anyOf");
    put_some(json, "sources");
    put_some(json, "sinks");
    json_end(json);
    json_end(json);
    json_end(json);
    json_end(json);
}

/* Anything else under the name of an agent is a key that others may refer to. */
static void define_agent(struct schema *schema)
{
    struct json *json = &schema->json;

    json_object(json, "agent");
    json_object(json, "if");
    json_text(json, "type", "object");
    json_end(json);
    json_object(json, "then");
    json_object(json, "properties");
    for (size_t i = 0; i < SECTIONS; i++)
        schema_ref(schema, sections[i].name, sections[i].name);
    json_end(json);
    json_object(json, "patternProperties");
    for (size_t i = 0; i < SECTIONS; i++)
        put_named(schema, "", sections[i].name, kind_name(sections[i].kind));
    json_end(json);
    put_needs(json);
    json_end(json);
    json_end(json);
}

/* ---- the whole ---- */

static void put_definitions(struct schema *schema)
{
    struct json *json = &schema->json;

    json_object(json, "definitions");
    define_agent(schema);
    for (size_t i = 0; i < SECTIONS; i++)
        put_by_name(schema, sections[i].name, kind_name(sections[i].kind), 0);
    for (size_t i = 0; i < SECTIONS; i++)
        define_component(schema, sections[i].kind);
    define_component(schema, FLOW_KIND_INTERCEPTOR);
    for (uint32_t kind = FLOW_KIND_SOURCE; kind < kind_end(); kind++)
        if (kind != FLOW_KIND_CLIENT) /* which is no part of an agent */
            schema_kind_definitions(schema, kind);
    schema_value_definitions(schema);
    json_end(json);
}

/* Agents by name, and keys that begin with one. */
static void put_agents(struct schema *schema)
{
    struct json *json = &schema->json;

    json_object(json, "properties");
    json_object(json, "agents");
    json_object(json, "if");
    json_text(json, "type", "object");
    json_end(json);
    json_object(json, "then");
    schema_ref(schema, "additionalProperties", "agent");
    json_end(json);
    json_end(json);
    json_end(json);
    json_object(json, "patternProperties");
    for (size_t i = 0; i < SECTIONS; i++) {
        char *pattern = text_format("^[^.]+[.]%s$", sections[i].name);
        schema_ref(schema, pattern, sections[i].name);
        put_named(schema, "[^.]+[.]", sections[i].name, kind_name(sections[i].kind));
        free(pattern);
    }
    json_end(json);
    schema_ref(schema, "additionalProperties", "agent");
}

void describe_schema(FILE *out, const struct selection *selection)
{
    struct schema schema = {.json = {.out = out}, .registry = selection->registry};
    struct json *json = &schema.json;

    json_object(json, NULL);
    json_text(json, "$schema", "http://json-schema.org/draft-07/schema#");
    json_text(json, "title", "libflow configuration");
    json_text(json, "description", DESCRIPTION);
    json_text(json, "type", "object");
    json_number(json, "minProperties", 1);
    put_agents(&schema);
    put_definitions(&schema);
    json_end(json);
    putc('\n', out);
    text_list_free(&schema.ranges);
}
