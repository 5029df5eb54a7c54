/* SPDX-License-Identifier: Apache-2.0 */

/* Definitions of the types of a kind. */

#include <stdlib.h>
#include <string.h>

#include "schema.h"

/* What has a meaning in a reference is left out of keys. */
char *schema_key_of_type(uint32_t kind, const char *type)
{
    char *key = text_format("%s.%s", kind_name(kind), type);

    for (char *at = key; *at; at++)
        if (strchr("/~%#\"\\ ", *at))
            *at = '_';
    return key;
}

static const char *summary_of(const flow_type_info *info)
{
    return info->schema && info->schema->summary ? info->schema->summary : "";
}

/* The members of a schema that says: the value is a name of the type.  Without quotes the sink
 * null is a null to YAML. */
static void put_pattern(struct schema *schema, const flow_type_info *info)
{
    struct json *json = &schema->json;
    const char *const names[] = {info->type, info->aliases};

    json_list(json, "anyOf");
    json_object(json, NULL);
    schema_pattern(schema, names, info->aliases[0] ? 2 : 1);
    json_end(json);
    if (strcasecmp(info->type, "null") == 0)
        json_word(json, NULL, "{\"type\": \"null\"}");
    json_end(json);
}

void schema_when_type(struct schema *schema, const char *key, const flow_type_info *info)
{
    struct json *json = &schema->json;

    json_object(json, NULL);
    json_object(json, "if");
    json_object(json, "properties");
    json_object(json, key);
    put_pattern(schema, info);
    json_end(json);
    json_end(json);
    json_list(json, "required");
    json_text(json, NULL, key);
    json_end(json);
    json_end(json);
    json_object(json, "then");
}

/* The name of a type: a word to choose, or what else means the same. */
static void define_name(struct schema *schema, const struct selection *types)
{
    struct json *json = &schema->json;
    char *key = text_format("type.%s", kind_name(types->kind));
    flow_type_info info;

    json_object(json, key);
    json_list(json, "anyOf");
    for (size_t index = 0; selection_next(types, &index, &info);) {
        json_object(json, NULL);
        json_text(json, "const", info.type);
        json_text(json, "description", summary_of(&info));
        json_end(json);
        json_object(json, NULL);
        put_pattern(schema, &info);
        json_end(json);
    }
    schema_ref(schema, NULL, "reference");
    json_end(json);
    json_end(json);
    free(key);
}

/* A map whose `type` decides what else may be in it. */
static void define_part(struct schema *schema, const struct selection *types)
{
    struct json *json = &schema->json;
    char *key = text_format("part.%s", kind_name(types->kind));
    char *name = text_format("type.%s", kind_name(types->kind));
    flow_type_info info;

    json_object(json, key);
    json_object(json, "properties");
    schema_ref(schema, "type", name);
    json_end(json);
    json_list(json, "allOf");
    for (size_t index = 0; selection_next(types, &index, &info);) {
        char *type = schema_key_of_type(info.kind, info.type);
        char *target = text_format("#/definitions/%s", type);
        schema_when_type(schema, "type", &info);
        json_text(json, "$ref", target);
        json_end(json);
        json_end(json);
        free(target);
        free(type);
    }
    json_end(json);
    json_end(json);
    free(key);
    free(name);
}

static void define_type(struct schema *schema, const flow_type_info *info)
{
    struct json *json = &schema->json;
    char *key = schema_key_of_type(info->kind, info->type);
    struct schema_names names = {0};

    schema_names_add_all(&names, "", info->schema);
    json_object(json, key);
    json_text(json, "description", summary_of(info));
    schema_map(schema, &names);
    json_end(json);
    schema_names_free(&names);
    free(key);
}

void schema_kind_definitions(struct schema *schema, uint32_t kind)
{
    struct selection types = {schema->registry, kind, NULL};
    flow_type_info info;

    define_name(schema, &types);
    define_part(schema, &types);
    for (size_t index = 0; selection_next(&types, &index, &info);)
        define_type(schema, &info);
}
