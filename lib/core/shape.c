/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The tables of the kinds of components.  They begin alike but share no struct, since a
 * common head could never grow; what they have in common is told here by offsets.
 */

#include "core/shape.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "core/table.h"

/* How every table begins. */
struct head {
    uint32_t struct_size;
    uint32_t flags;
    const char *type;
    const char *aliases;
    const flow_schema *schema;
};

struct member {
    size_t offset;
    const char *name;
};

#define MEMBER(table, name) {offsetof(table, name), #name}
#define MAX_MEMBERS 12

/* The table of one kind: its size, and the functions without which it is useless.  It must reach
 * behind the last of them; what follows may be missing in older plugins. */
struct shape {
    const char *name;
    size_t size;
    struct member needed[MAX_MEMBERS];
};

static const struct shape shapes[] = {
    [FLOW_KIND_SOURCE] = {"source",
                          sizeof(flow_source_ops),
                          {MEMBER(flow_source_ops, create), MEMBER(flow_source_ops, destroy)}},
    [FLOW_KIND_CHANNEL] = {"channel",
                           sizeof(flow_channel_ops),
                           {MEMBER(flow_channel_ops, create), MEMBER(flow_channel_ops, destroy),
                            MEMBER(flow_channel_ops, begin), MEMBER(flow_channel_ops, put),
                            MEMBER(flow_channel_ops, take), MEMBER(flow_channel_ops, commit),
                            MEMBER(flow_channel_ops, rollback), MEMBER(flow_channel_ops, release),
                            MEMBER(flow_channel_ops, size), MEMBER(flow_channel_ops, capacity),
                            MEMBER(flow_channel_ops, transaction_capacity),
                            MEMBER(flow_channel_ops, keep_alive)}},
    [FLOW_KIND_SINK] = {"sink",
                        sizeof(flow_sink_ops),
                        {MEMBER(flow_sink_ops, create), MEMBER(flow_sink_ops, destroy),
                         MEMBER(flow_sink_ops, process)}},
    [FLOW_KIND_INTERCEPTOR] = {"interceptor",
                               sizeof(flow_interceptor_ops),
                               {MEMBER(flow_interceptor_ops, create),
                                MEMBER(flow_interceptor_ops, destroy),
                                MEMBER(flow_interceptor_ops, intercept)}},
    [FLOW_KIND_SELECTOR] = {"selector",
                            sizeof(flow_selector_ops),
                            {MEMBER(flow_selector_ops, create), MEMBER(flow_selector_ops, destroy),
                             MEMBER(flow_selector_ops, select)}},
    [FLOW_KIND_GROUP] = {"group",
                         sizeof(flow_group_ops),
                         {MEMBER(flow_group_ops, create), MEMBER(flow_group_ops, destroy),
                          MEMBER(flow_group_ops, process)}},
    [FLOW_KIND_SERIALIZER] = {"serializer",
                              sizeof(flow_serializer_ops),
                              {MEMBER(flow_serializer_ops, create),
                               MEMBER(flow_serializer_ops, destroy),
                               MEMBER(flow_serializer_ops, write)}},
    [FLOW_KIND_FILTER] = {"config filter",
                          sizeof(struct fl_filter_ops),
                          {MEMBER(struct fl_filter_ops, ask)}},
    [FLOW_KIND_CLIENT] = {"client",
                          sizeof(struct fl_client_ops),
                          {MEMBER(struct fl_client_ops, create),
                           MEMBER(struct fl_client_ops, destroy),
                           MEMBER(struct fl_client_ops, connect),
                           MEMBER(struct fl_client_ops, deliver)}},
};

#define SHAPE_COUNT (sizeof(shapes) / sizeof(shapes[0]))

int fl_kind_valid(uint32_t kind)
{
    return kind > 0 && kind < SHAPE_COUNT;
}

const char *fl_kind_name(uint32_t kind)
{
    return fl_kind_valid(kind) ? shapes[kind].name : "component";
}

static size_t minimum_of(const struct shape *shape)
{
    size_t end = 0;

    for (size_t i = 0; i < MAX_MEMBERS && shape->needed[i].name; i++)
        end = shape->needed[i].offset;
    return end + sizeof(void *);
}

static int is_name(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (fl_is_space(text[i]) || text[i] == '|')
            return 0;
    }
    return text[0] != '\0';
}

static int check_functions(const struct shape *shape, const struct fl_type *type, flow_error **err)
{
    const char *table = (const char *)&type->ops;

    for (size_t i = 0; i < MAX_MEMBERS && shape->needed[i].name; i++) {
        void *function;
        memcpy(&function, table + shape->needed[i].offset, sizeof(function));
        if (!function)
            return flow_error_setf(err, FLOW_EINVAL, "%s type '%s': the table lacks '%s'",
                                   shape->name, type->name, shape->needed[i].name);
    }
    return FLOW_OK;
}

int fl_shape_import(uint32_t kind, const void *ops, struct fl_type *type, flow_error **err)
{
    const struct shape *shape = &shapes[kind];
    struct head head;
    char what[32];

    if (!ops)
        return flow_error_setf(err, FLOW_EINVAL, "the %s table is NULL", shape->name);
    snprintf(what, sizeof(what), "the %s table", shape->name);
    int result = fl_table_import(&type->ops, shape->size, minimum_of(shape), ops, what, err);
    if (result != FLOW_OK)
        return result;
    memcpy(&head, &type->ops, sizeof(head));
    if (!head.type || !is_name(head.type))
        return flow_error_setf(err, FLOW_EINVAL, "a %s type has no name, or one with spaces",
                               shape->name);
    if (!head.schema)
        return flow_error_setf(err, FLOW_EINVAL, "%s type '%s' has no schema", shape->name,
                               head.type);
    type->kind = kind;
    type->flags = head.flags;
    type->name = head.type;
    type->aliases = head.aliases ? head.aliases : "";
    type->schema = head.schema;
    return check_functions(shape, type, err);
}
