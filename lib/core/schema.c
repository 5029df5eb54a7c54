/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Takes over the schema of a component: into our layout when its author's headers were older or
 * newer, and checked, defaults included, so that reading a setting later cannot fail by a mistake
 * of the component's author.
 */

#include "core/schema.h"

#include <string.h>

#include "base/error.h"
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

static int refuse(flow_error **err, const char *label, const flow_property *p, const char *why)
{
    return flow_error_setf(err, FLOW_EINVAL, "%s: property '%s' %s", label,
                           p->name != NULL ? p->name : "", why);
}

static int check_default(const flow_allocator *mem, const flow_property *p)
{
    const struct fl_site site = {.mem = mem};
    struct fl_value value;

    if (p->default_value == NULL)
        return FLOW_OK;
    int result = fl_value_read(&site, p, p->default_value, &value);
    if (result == FLOW_OK)
        fl_value_free(mem, &value);
    return result;
}

static const char *fault_of_name(const flow_property *p)
{
    size_t size = p->name != NULL ? strlen(p->name) : 0;

    if (size == 0)
        return "has no name";
    if (((p->flags & FLOW_PROPERTY_PREFIX) != 0) != (p->name[size - 1] == '.'))
        return "must end in '.' when it is a prefix, and only then";
    if (p->help == NULL || p->help[0] == '\0')
        return "has no help";
    return NULL;
}

static const char *fault_of(const flow_property *p)
{
    const char *why = fault_of_name(p);

    if (why != NULL)
        return why;
    if (p->min > p->max)
        return "has a range without numbers";
    if (p->type == FLOW_TYPE_CHOICE && (p->choices == NULL || p->choices[0] == '\0'))
        return "has no choices";
    if (p->type == FLOW_TYPE_COMPONENT &&
        (p->kind < FLOW_KIND_SOURCE || p->kind > FLOW_KIND_SERIALIZER))
        return "names no kind of component";
    if ((p->flags & FLOW_PROPERTY_REQUIRED) != 0 && p->default_value != NULL)
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
                               label, p->name != NULL ? p->name : "");
    const char *why = fault_of(p);
    if (why != NULL)
        return refuse(err, label, p, why);
    int result = check_default(mem, p);
    if (result == FLOW_ECONFIG)
        return refuse(err, label, p, "has a default that is not of its own type");
    return result == FLOW_ENOMEM ? fl_error_nomem(err) : result;
}

static int copy_properties(const flow_allocator *mem, struct fl_schema *schema, flow_error **err)
{
    const char *from = (const char *)schema->table.properties;
    size_t step = schema->table.property_size;
    size_t count = (size_t)schema->table.count;

    schema->copied = fl_calloc(mem, count, sizeof(flow_property));
    if (schema->copied == NULL)
        return fl_error_nomem(err);
    for (size_t i = 0; i < count; i++)
        memcpy(&schema->copied[i], from + i * step,
               step < sizeof(flow_property) ? step : sizeof(flow_property));
    schema->table.properties = schema->copied;
    schema->table.property_size = sizeof(flow_property);
    return FLOW_OK;
}

static int check_layout(const flow_schema *table, const char *label, flow_error **err)
{
    if (table->count > COUNT_LIMIT || (table->count > 0 && table->properties == NULL))
        return flow_error_setf(err, FLOW_EINVAL, "%s: the schema's count of properties is wrong",
                               label);
    if (table->count > 0 && table->property_size < PROPERTY_MIN)
        return flow_error_setf(err, FLOW_EABI,
                               "%s: property_size of the schema is %u, at least %zu are needed",
                               label, table->property_size, PROPERTY_MIN);
    if (table->summary == NULL || table->summary[0] == '\0')
        return flow_error_setf(err, FLOW_EINVAL, "%s: the schema has no summary", label);
    return FLOW_OK;
}

static int import(const flow_allocator *mem, const flow_schema *theirs, const char *label,
                  struct fl_schema *schema, flow_error **err)
{
    flow_schema *table = &schema->table;
    int result = fl_table_import(table, sizeof(*table), SCHEMA_MIN, theirs, label, err);

    if (result == FLOW_OK)
        result = check_layout(table, label, err);
    if (result == FLOW_OK && table->count > 0 && table->property_size != sizeof(flow_property))
        result = copy_properties(mem, schema, err);
    for (size_t i = 0; result == FLOW_OK && i < table->count; i++)
        result = check_property(mem, &table->properties[i], label, err);
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
