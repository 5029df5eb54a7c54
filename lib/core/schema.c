/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Takes over the schema of a component: into one table of our layout when its author's headers were
 * older or newer, or when it has parts, and checked, defaults included, so that reading a setting
 * later cannot fail by a mistake of the component's author.
 */

#include "core/schema.h"

#include <string.h>

#include "base/error.h"
#include "base/vec.h"
#include "core/names.h"
#include "core/table.h"
#include "core/value.h"

#define KNOWN_FLAGS                                                                                \
    (FLOW_PROPERTY_REQUIRED | FLOW_PROPERTY_PREFIX | FLOW_PROPERTY_DEPRECATED |                    \
     FLOW_PROPERTY_LENIENT | FLOW_PROPERTY_NO_EFFECT)

/* What the first version of the header had; both sizes never shrink. */
#define SCHEMA_MIN offsetof(flow_schema, description)
#define PROPERTY_MIN (offsetof(flow_property, reserved) + sizeof(uint32_t))

/* More properties than any component has: a count above it was never filled in. */
#define COUNT_LIMIT 4096u

/* Parts within parts; one could be its own. */
#define MAX_DEPTH 4u

static int refuse(flow_error **err, const char *label, const flow_property *p, const char *why)
{
    return flow_error_setf(err, FLOW_EINVAL, "%s: property '%s' %s", label, p->name ? p->name : "",
                           why);
}

static int check_default(const flow_allocator *mem, const flow_property *p)
{
    const struct fl_site site = {.mem = mem};
    struct fl_value value;

    if (!p->default_value)
        return FLOW_OK;
    int result = fl_value_read(&site, p, p->default_value, &value);
    if (result == FLOW_OK)
        fl_value_free(mem, &value);
    return result;
}

static const char *fault_of_name(const flow_property *p)
{
    size_t size = p->name ? strlen(p->name) : 0;

    if (size == 0)
        return "has no name";
    if (((p->flags & FLOW_PROPERTY_PREFIX) != 0) != (p->name[size - 1] == '.'))
        return "must end in '.' when it is a prefix, and only then";
    if (!p->help || p->help[0] == '\0')
        return "has no help";
    return NULL;
}

static const char *fault_of(const flow_property *p)
{
    const char *why = fault_of_name(p);

    if (why)
        return why;
    if (p->min > p->max)
        return "has a range without numbers";
    if (p->type == FLOW_TYPE_CHOICE && (!p->choices || p->choices[0] == '\0'))
        return "has no choices";
    if (p->type == FLOW_TYPE_COMPONENT &&
        (p->kind < FLOW_KIND_SOURCE || p->kind > FLOW_KIND_SERIALIZER))
        return "names no kind of component";
    if ((p->flags & FLOW_PROPERTY_REQUIRED) != 0 && p->default_value)
        return "is required and has a default";
    return NULL;
}

static int check_property(const flow_allocator *mem, const flow_property *p, const char *label,
                          flow_error **err)
{
    if (p->type < FLOW_TYPE_STRING || p->type > FLOW_TYPE_PATHS || (p->flags & ~KNOWN_FLAGS) != 0)
        return flow_error_setf(err, FLOW_EABI,
                               "%s: property '%s' is of a type that this library is too old to "
                               "know",
                               label, p->name ? p->name : "");
    const char *why = fault_of(p);
    if (why)
        return refuse(err, label, p, why);
    int result = check_default(mem, p);
    if (result == FLOW_ECONFIG)
        return refuse(err, label, p, "has a default that is not of its own type");
    return result == FLOW_ENOMEM ? fl_error_nomem(err) : result;
}

static int check_layout(const flow_schema *table, const char *label, flow_error **err)
{
    if (table->count > COUNT_LIMIT || (table->count > 0 && !table->properties))
        return flow_error_setf(err, FLOW_EINVAL, "%s: the schema's count of properties is wrong",
                               label);
    if (table->count > 0 && table->property_size < PROPERTY_MIN)
        return flow_error_setf(err, FLOW_EABI,
                               "%s: property_size of the schema is %u, at least %zu are needed",
                               label, table->property_size, PROPERTY_MIN);
    if (!table->summary || table->summary[0] == '\0')
        return flow_error_setf(err, FLOW_EINVAL, "%s: the schema has no summary", label);
    return FLOW_OK;
}

static int take_table(flow_schema *table, const flow_schema *theirs, const char *label,
                      flow_error **err)
{
    int result = fl_table_import(table, sizeof(*table), SCHEMA_MIN, theirs, label, err);

    return result == FLOW_OK ? check_layout(table, label, err) : result;
}

/* Adds the properties of TABLE, in our layout. */
static int add_properties(struct fl_vec *all, const flow_schema *table, const char *label,
                          flow_error **err)
{
    const char *from = (const char *)table->properties;
    size_t step = table->property_size;

    if (all->count + table->count > COUNT_LIMIT)
        return flow_error_setf(err, FLOW_EINVAL, "%s: the schema has too many properties", label);
    for (uint64_t i = 0; i < table->count; i++) {
        flow_property one = {0};
        memcpy(&one, from + i * step, step < sizeof(one) ? step : sizeof(one));
        if (!fl_vec_push(all, &one))
            return fl_error_nomem(err);
    }
    return FLOW_OK;
}

static int add_all(struct fl_vec *all, const flow_schema *table, unsigned depth, const char *label,
                   flow_error **err)
{
    int result = add_properties(all, table, label, err);

    if (!result && depth > MAX_DEPTH)
        result = flow_error_setf(err, FLOW_EINVAL, "%s: the schema has parts without end", label);
    for (size_t i = 0; !result && table->parts && table->parts[i]; i++) {
        flow_schema part;
        result = take_table(&part, table->parts[i], label, err);
        if (!result)
            result = add_all(all, &part, depth + 1, label, err);
    }
    return result;
}

/* Makes one table of what the schema and its parts have. */
static int flatten(const flow_allocator *mem, struct fl_schema *schema, const char *label,
                   flow_error **err)
{
    flow_schema *table = &schema->table;
    struct fl_vec all;

    fl_vec_init(&all, mem, sizeof(flow_property));
    int result = add_all(&all, table, 0, label, err);
    if (result) {
        fl_vec_free(&all);
        return result;
    }
    schema->copied = all.items;
    table->properties = schema->copied;
    table->property_size = sizeof(flow_property);
    table->count = all.count;
    table->parts = NULL;
    return FLOW_OK;
}

/* A part may have what the component or another part has already. */
static int check_once(const flow_schema *table, size_t index, const char *label, flow_error **err)
{
    const flow_property *p = &table->properties[index];

    for (size_t i = 0; i < index; i++) {
        if (strcmp(table->properties[i].name, p->name) == 0)
            return refuse(err, label, p, "is declared twice");
    }
    return FLOW_OK;
}

static int import(const flow_allocator *mem, const flow_schema *theirs, const char *label,
                  struct fl_schema *schema, flow_error **err)
{
    flow_schema *table = &schema->table;
    int result = take_table(table, theirs, label, err);
    int has_parts = result == FLOW_OK && table->parts != NULL;

    if (has_parts ||
        (result == FLOW_OK && table->count > 0 && table->property_size != sizeof(flow_property)))
        result = flatten(mem, schema, label, err);
    for (size_t i = 0; result == FLOW_OK && i < table->count; i++) {
        result = check_property(mem, &table->properties[i], label, err);
        if (result == FLOW_OK && has_parts)
            result = check_once(table, i, label, err);
    }
    table->struct_size = sizeof(*table);
    return result;
}

int fl_schema_import(const flow_allocator *mem, const flow_schema *theirs, const char *label,
                     struct fl_schema *schema, flow_error **err)
{
    memset(schema, 0, sizeof(*schema));
    int result = import(mem, theirs, label, schema, err);
    if (result != FLOW_OK)
        fl_schema_free(mem, schema);
    return result;
}

void fl_schema_free(const flow_allocator *mem, struct fl_schema *schema)
{
    fl_free(mem, schema->copied);
    memset(schema, 0, sizeof(*schema));
}
