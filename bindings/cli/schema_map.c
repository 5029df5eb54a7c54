/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Schemas of maps.  The names of properties have dots, and a map may stand for what is before any
 * of them: "hdfs.path" is a key, or "path" is one in the map "hdfs".  So a map has a key for every
 * way of cutting what is left of a name.
 */

#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "schema.h"

/* A map within those of the names: what leads to it, ending in a dot unless it is empty. */
struct scope {
    const struct schema_names *names;
    const char *base;
    size_t least; /* keys up to this size are described by somebody else */
};

/* What a key of a map stands for. */
struct node {
    char *path; /* of the names: the scope's base and the key */
    const char *key;
    const flow_property *value;  /* the property of this name, or NULL */
    const flow_property *prefix; /* that of all names below, or NULL */
    int has_names;               /* there are names below it */
};

static void put_members(struct schema *schema, const struct scope *scope);

/* ---- names ---- */

void schema_names_add(struct schema_names *names, const char *text, const flow_property *property)
{
    struct schema_name *grown = reallocarray(names->items, names->count + 1, sizeof *names->items);

    if (!grown)
        exit(EXIT_FAILURE_RUN);
    names->items = grown;
    grown[names->count++] = (struct schema_name){text_copy(text), property};
}

void schema_names_add_all(struct schema_names *names, const char *prefix, const flow_schema *from)
{
    const flow_property *property;

    for (size_t i = 0; (property = property_at(from, i)); i++) {
        char *list = property->aliases ? text_format("%s|%s", property->name, property->aliases)
                                       : text_copy(property->name);
        char *rest = NULL;
        for (char *name = strtok_r(list, "|", &rest); name; name = strtok_r(NULL, "|", &rest)) {
            char *text = text_format("%s%s", prefix, name);
            schema_names_add(names, text, property);
            free(text);
        }
        free(list);
    }
}

void schema_names_free(struct schema_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i].text);
    free(names->items);
}

int schema_has_type_below(const flow_property *property)
{
    return property->kind == FLOW_KIND_SELECTOR || property->kind == FLOW_KIND_GROUP;
}

static const char *last_part(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot ? dot + 1 : path;
}

static int is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return 1;
    return 0;
}

/* Whether, in YAML, "type" in the map of the name is the value of the name itself. */
static int is_typed_itself(const char *path)
{
    static const char *const words[] = {"serializer", "deserializer", "handler"};

    return is_one_of(last_part(path), words, 3);
}

/* Whether the keys of the map are a list of names as well. */
static int is_list_of_names(const char *path)
{
    static const char *const words[] = {"interceptors", "filegroups", "serializers"};

    return is_one_of(last_part(path), words, 3);
}

/* ---- nodes ---- */

/* Whether TEXT is PATH, or begins with it and a dot. */
static int leads_to(const char *path, size_t size, const char *text)
{
    return strncmp(path, text, size) == 0 && (text[size] == '.' || text[size] == '\0');
}

/* Looks up what the SIZE bytes at TEXT, a name or the beginning of one, stand for. */
static struct node find_node(const struct scope *scope, const char *text, size_t size)
{
    struct node node = {.path = text_copy_sized(text, size)};

    node.key = node.path + strlen(scope->base);
    for (size_t i = 0; i < scope->names->count; i++) {
        const struct schema_name *name = &scope->names->items[i];
        if (!leads_to(node.path, size, name->text))
            continue;
        if (!name->text[size])
            node.value = name->property;
        else if (!name->text[size + 1])
            node.prefix = name->property;
        else
            node.has_names = 1;
    }
    return node;
}

/* Whether an earlier name than the one at INDEX begins with the same SIZE bytes. */
static int is_known(const struct scope *scope, size_t index, size_t size)
{
    const char *text = scope->names->items[index].text;

    for (size_t i = 0; i < index; i++)
        if (leads_to(text, size, scope->names->items[i].text))
            return 1;
    return 0;
}

/* ---- parts ---- */

/* In a list: the type is given, or else KEY, of the type that is meant then, describes the map. */
static void put_type_or(struct schema *schema, const flow_property *part, const char *key)
{
    struct json *json = &schema->json;

    json_object(json, NULL);
    json_list(json, "anyOf");
    json_object(json, NULL);
    json_list(json, "required");
    json_text(json, NULL, "type");
    json_end(json);
    json_end(json);
    if (key)
        schema_ref(schema, NULL, key);
    else if (!(part->flags & FLOW_PROPERTY_REQUIRED))
        json_word(json, NULL, "true");
    json_end(json);
    json_end(json);
}

/* Finds the type that PART has where none is given, by whatever name it is meant. */
static int find_fallback(const struct schema *schema, const flow_property *part,
                         flow_type_info *info)
{
    info->struct_size = sizeof *info;
    return part->default_value && flow_registry_find(schema->registry, part->kind,
                                                     part->default_value, info, NULL) == FLOW_OK;
}

/* A map for a part: its type, if it can be told there, and the properties that the type has. */
static void put_part_map(struct schema *schema, const struct node *node)
{
    struct json *json = &schema->json;
    const flow_property *part = node->value;
    flow_type_info info;
    char *key = text_format("part.%s", kind_name(part->kind));
    char *fallback =
        find_fallback(schema, part, &info) ? schema_key_of_type(info.kind, info.type) : NULL;

    json_object(json, "then");
    json_optional_list(json, "allOf");
    if (schema_has_type_below(part) || is_typed_itself(node->path)) {
        schema_ref(schema, NULL, key);
        put_type_or(schema, part, fallback);
    } else if (fallback) {
        schema_ref(schema, NULL, fallback);
    }
    json_end(json);
    json_end(json);
    free(fallback);
    free(key);
}

/* The type of a part, where it has a key of its own: "selector.type". */
static void put_type_key(struct schema *schema, const struct node *node)
{
    char *key = text_format("%s.type", node->key);
    char *type = text_format("type.%s", kind_name(node->value->kind));

    schema_ref(schema, key, type);
    free(key);
    free(type);
}

/* ---- properties ---- */

/* What may be in the map that the key of NODE stands for. */
static void put_below(struct schema *schema, const struct scope *scope, const struct node *node)
{
    struct json *json = &schema->json;
    char *base = text_format("%s.", node->path);
    const struct scope below = {scope->names, base, 0};

    put_members(schema, &below);
    if (node->prefix) {
        json_object(json, "additionalProperties");
        json_list(json, "anyOf");
        schema_value(schema, NULL, node->prefix);
        json_object(json, NULL);
        json_text(json, "type", "object");
        json_end(json);
        json_end(json);
        json_end(json);
    }
    if (is_list_of_names(node->path)) {
        schema_ref(schema, "propertyNames", "name");
        if (node->value && node->value->flags & FLOW_PROPERTY_REQUIRED)
            json_number(json, "minProperties", 1);
    }
    free(base);
}

/* The map that a key may stand for.  The key's own value may be in it, as `type`. */
static void put_map(struct schema *schema, const struct scope *scope, const struct node *node)
{
    struct json *json = &schema->json;

    json_object(json, "then");
    json_list(json, "allOf");
    json_object(json, NULL);
    put_below(schema, scope, node);
    json_end(json);
    if (node->value && is_typed_itself(node->path)) {
        json_object(json, NULL);
        json_object(json, "properties");
        schema_value(schema, "type", node->value);
        json_end(json);
        json_end(json);
    }
    json_end(json);
    json_end(json);
}

static void put_node(struct schema *schema, const struct scope *scope, const struct node *node)
{
    struct json *json = &schema->json;
    int is_part = node->value && node->value->type == FLOW_TYPE_COMPONENT;
    int has_type_below = is_part && schema_has_type_below(node->value);

    if (!is_part && !node->has_names && !node->prefix) {
        schema_value(schema, node->key, node->value);
        return;
    }
    json_object(json, node->key);
    json_object(json, "if");
    json_text(json, "type", "object");
    json_end(json);
    if (is_part)
        put_part_map(schema, node);
    else
        put_map(schema, scope, node);
    if (node->value && !has_type_below)
        schema_value(schema, "else", node->value);
    json_end(json);
    if (has_type_below)
        put_type_key(schema, node);
}

/* All keys of the map. */
static void put_properties(struct schema *schema, const struct scope *scope)
{
    size_t base_size = strlen(scope->base);

    json_optional_object(&schema->json, "properties");
    for (size_t i = 0; i < scope->names->count; i++) {
        const char *text = scope->names->items[i].text;
        if (strncmp(text, scope->base, base_size) != 0)
            continue;
        for (size_t at = base_size + 1; text[at - 1]; at++) {
            if ((text[at] && text[at] != '.') || at - base_size <= scope->least ||
                text[at - 1] == '.' || is_known(scope, i, at))
                continue;
            struct node node = find_node(scope, text, at);
            put_node(schema, scope, &node);
            free(node.path);
        }
    }
    json_end(&schema->json);
}

/* Writes TEXT as a regular expression of itself. */
static void put_literal(FILE *out, const char *text)
{
    for (; *text; text++)
        fprintf(out, strchr(".+*?()|$", *text) ? "[%c]" : "%c", *text);
}

/* Keys that begin with a prefix: "kafka.consumer.max.poll.records". */
static void put_prefixes(struct schema *schema, const struct scope *scope)
{
    struct json *json = &schema->json;
    size_t base_size = strlen(scope->base);

    json_optional_object(json, "patternProperties");
    for (size_t i = 0; i < scope->names->count; i++) {
        const struct schema_name *name = &scope->names->items[i];
        const char *rest = name->text + base_size;
        if (strncmp(name->text, scope->base, base_size) != 0 || !*rest ||
            rest[strlen(rest) - 1] != '.')
            continue;
        char *pattern;
        size_t size;
        FILE *out = open_memstream(&pattern, &size);
        if (!out)
            exit(EXIT_FAILURE_RUN);
        putc('^', out);
        put_literal(out, rest);
        fclose(out);
        schema_value(schema, pattern, name->property);
        free(pattern);
    }
    json_end(json);
}

/* ---- what depends on a type beside ---- */

/* What of the type holds for the keys that begin with the name of the part at PATH. */
static void put_part_names(struct schema *schema, const struct scope *scope, const char *path,
                           const flow_schema *type)
{
    struct schema_names names = {0};
    char *prefix = text_format("%s.", path);
    const struct scope same = {&names, scope->base, strlen(path) - strlen(scope->base)};

    schema_names_add_all(&names, prefix, type);
    put_members(schema, &same);
    schema_names_free(&names);
    free(prefix);
}

static void put_not_given(struct json *json, const char *const *keys, size_t count)
{
    json_object(json, "not");
    json_list(json, "anyOf");
    for (size_t i = 0; i < count; i++) {
        json_object(json, NULL);
        json_list(json, "required");
        json_text(json, NULL, keys[i]);
        json_end(json);
        json_end(json);
    }
    json_end(json);
    json_end(json);
}

/* Where the type is not given, what the default one has. */
static void put_fallback(struct schema *schema, const struct scope *scope,
                         const struct schema_name *part, const char *type_key)
{
    struct json *json = &schema->json;
    const char *const keys[] = {part->text + strlen(scope->base), type_key};
    flow_type_info info;

    if (!find_fallback(schema, part->property, &info))
        return;
    json_object(json, NULL);
    json_object(json, "if");
    put_not_given(json, keys, 2);
    json_end(json);
    json_object(json, "then");
    put_part_names(schema, scope, part->text, info.schema);
    json_end(json);
    json_end(json);
}

/* Describes "serializer.appendNewline" by what "serializer" is. */
static void put_part(struct schema *schema, const struct scope *scope,
                     const struct schema_name *part)
{
    struct json *json = &schema->json;
    const char *end = schema_has_type_below(part->property) ? ".type" : "";
    char *type_key = text_format("%s%s", part->text + strlen(scope->base), end);
    struct selection types = {schema->registry, part->property->kind, NULL};
    flow_type_info info;
    size_t index = 0;

    while (selection_next(&types, &index, &info)) {
        schema_when_type(schema, type_key, &info);
        put_part_names(schema, scope, part->text, info.schema);
        json_end(json);
        json_end(json);
    }
    put_fallback(schema, scope, part, type_key);
    free(type_key);
}

static void put_parts(struct schema *schema, const struct scope *scope)
{
    size_t base_size = strlen(scope->base);

    for (size_t i = 0; i < scope->names->count; i++) {
        const struct schema_name *name = &scope->names->items[i];
        if (name->property->type == FLOW_TYPE_COMPONENT &&
            strncmp(name->text, scope->base, base_size) == 0 &&
            strlen(name->text) - base_size > scope->least)
            put_part(schema, scope, name);
    }
}

/* ---- what is required ---- */

void schema_given(struct json *json, const char *path)
{
    for (size_t i = 1; path[i - 1]; i++) {
        if (path[i] && path[i] != '.')
            continue;
        char *key = text_copy_sized(path, i);
        json_object(json, NULL);
        json_list(json, "required");
        json_text(json, NULL, key);
        json_end(json);
        if (path[i]) {
            json_object(json, "properties");
            json_object(json, key);
            json_text(json, "type", "object");
            json_list(json, "anyOf");
            schema_given(json, path + i + 1);
            json_end(json);
            json_end(json);
            json_end(json);
        }
        json_end(json);
        free(key);
    }
}

/* Each of the names of PROPERTY that are in this map. */
static void put_required(struct schema *schema, const struct scope *scope,
                         const flow_property *property)
{
    struct json *json = &schema->json;
    size_t base_size = strlen(scope->base);

    json_object(json, NULL);
    json_list(json, "anyOf");
    for (size_t i = 0; i < scope->names->count; i++) {
        const struct schema_name *name = &scope->names->items[i];
        if (name->property == property && strncmp(name->text, scope->base, base_size) == 0)
            schema_given(json, name->text + base_size);
    }
    json_end(json);
    json_end(json);
}

/* Only the outermost map can tell whether something is missing. */
static void put_all_required(struct schema *schema, const struct scope *scope)
{
    const flow_property *last = NULL;

    for (size_t i = 0; i < scope->names->count; i++) {
        const flow_property *property = scope->names->items[i].property;
        if (property != last && (property->flags & FLOW_PROPERTY_REQUIRED) &&
            !(property->flags & FLOW_PROPERTY_PREFIX))
            put_required(schema, scope, property);
        last = property;
    }
}

/* ---- maps ---- */

static void put_members(struct schema *schema, const struct scope *scope)
{
    struct json *json = &schema->json;

    put_properties(schema, scope);
    put_prefixes(schema, scope);
    json_optional_list(json, "allOf");
    put_parts(schema, scope);
    if (!*scope->base)
        put_all_required(schema, scope);
    json_end(json);
}

void schema_map(struct schema *schema, const struct schema_names *names)
{
    const struct scope scope = {names, "", 0};

    put_members(schema, &scope);
}
