/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SCHEMA_H
#define CLI_SCHEMA_H

/*
 * The parts of `flow describe --format yaml-schema`.  The schema refuses what `flow check` calls an
 * error, as far as a single value or map shows it, and nothing that is only warned of.
 */

#include <flow.h>

#include "describe.h"
#include "json.h"

/* The schema in the making. */
struct schema {
    struct json json;
    flow_registry *registry;
    struct text_list ranges; /* of numbers: the keys of their definitions */
};

/* ---- values ---- */

/* The schema of the values that PROPERTY takes, called NAME in what is open; for a part, only of
 * the name of its type. */
void schema_value(struct schema *schema, const char *name, const flow_property *property);

/* The members of a schema that admits a text which is one of the names in COUNT lists, separated
 * by '|', in any case. */
void schema_pattern(struct schema *schema, const char *const *lists, size_t count);

/* NAME: {"$ref": "#/definitions/KEY"}. */
void schema_ref(struct schema *schema, const char *name, const char *key);

/* The definitions that values refer to. */
void schema_value_definitions(struct schema *schema);

/* Writes the regular expression of the decimal numbers from MIN to MAX. */
void schema_digits(FILE *out, int64_t min, int64_t max);

/* ---- maps ---- */

/* A property by one of its names, whole: "hdfs.path". */
struct schema_name {
    char *text;
    const flow_property *property;
};

struct schema_names {
    struct schema_name *items;
    size_t count;
};

/* Adds a name, and all those of a schema, behind PREFIX. */
void schema_names_add(struct schema_names *names, const char *text, const flow_property *property);
void schema_names_add_all(struct schema_names *names, const char *prefix, const flow_schema *from);
void schema_names_free(struct schema_names *names);

/*
 * Whether PROPERTY, of type FLOW_TYPE_COMPONENT, is a part whose type is called "type" below it, as
 * that of a selector is; that of a serializer is the value of the property itself.
 */
int schema_has_type_below(const flow_property *property);

/* The members of a map with these names. */
void schema_map(struct schema *schema, const struct schema_names *names);

/* In a list, of which one must hold: PATH is given, whichever way its name is cut. */
void schema_given(struct json *json, const char *path);

/* ---- types ---- */

/* What is defined of a kind: type.KIND, a name of one of its types; part.KIND, a map whose `type`
 * is one of them; KIND.TYPE, a map with the properties of a type.  The caller frees a key. */
char *schema_key_of_type(uint32_t kind, const char *type);
void schema_kind_definitions(struct schema *schema, uint32_t kind);

/* Begins, in a list, {"if": the text under KEY is a name of the type, "then": {.  The caller
 * describes what holds then, and closes both. */
void schema_when_type(struct schema *schema, const char *key, const flow_type_info *info);

#endif
