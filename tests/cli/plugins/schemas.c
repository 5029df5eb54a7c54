/* SPDX-License-Identifier: Apache-2.0 */

/* Types whose schemas have all that a schema can have.  None of them ever runs. */

#include <flow.h>

#define SCHEMA(rows)                                                                               \
    {                                                                                              \
        .struct_size = sizeof(flow_schema),                                                        \
        .property_size = sizeof(flow_property),                                                    \
        .properties = (rows),                                                                      \
        .count = sizeof(rows) / sizeof((rows)[0]),                                                 \
        .summary = "A type of the tests.",                                                         \
    }

static const flow_property source_rows[] = {
    {.name = "portNumber",
     .type = FLOW_TYPE_INT,
     .aliases = "port-number|port.number",
     .min = -5,
     .max = 5,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "Has other names."},
    {.name = "filegroups",
     .type = FLOW_TYPE_WORDS,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "Is a list of names."},
    {.name = "filegroups.",
     .type = FLOW_TYPE_PATH,
     .flags = FLOW_PROPERTY_PREFIX,
     .help = "Is of a name."},
    {.name = "kafka.consumer.",
     .type = FLOW_TYPE_STRING,
     .flags = FLOW_PROPERTY_PREFIX,
     .help = "Any setting of somebody else."},
    {.name = "kafka.consumer.group.id",
     .type = FLOW_TYPE_INT,
     .min = 1,
     .max = 9,
     .help = "One of them that is known."},
    {.name = "level",
     .type = FLOW_TYPE_CHOICE,
     .choices = "on|off|2",
     .default_value = "off",
     .help = "YAML has ideas of its own of these words."},
    {.name = "serializer",
     .type = FLOW_TYPE_COMPONENT,
     .kind = FLOW_KIND_SERIALIZER,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "A part without a default."},
    {.name = "body.format",
     .type = FLOW_TYPE_COMPONENT,
     .kind = FLOW_KIND_SERIALIZER,
     .default_value = "Avro_Event",
     .help = "A part whose map cannot tell its type."},
    {.name = "old", .type = FLOW_TYPE_INT, .flags = FLOW_PROPERTY_NO_EFFECT, .help = "Nothing."},
};

static const flow_property group_rows[] = {
    {.name = "priority.",
     .type = FLOW_TYPE_INT,
     .max = 9,
     .flags = FLOW_PROPERTY_PREFIX,
     .help = "Of a sink."},
    {.name = "first", .type = FLOW_TYPE_WORDS, .flags = FLOW_PROPERTY_REQUIRED, .help = "A sink."},
};

static const flow_property selector_rows[] = {
    {.name = "header",
     .type = FLOW_TYPE_STRING,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "A header."},
    {.name = "mapping.",
     .type = FLOW_TYPE_WORDS,
     .flags = FLOW_PROPERTY_PREFIX,
     .help = "The channels of a value."},
};

static const flow_schema source_schema = SCHEMA(source_rows);
static const flow_schema group_schema = SCHEMA(group_rows);
static const flow_schema selector_schema = SCHEMA(selector_rows);

static int create(flow_context *ctx, void **self, flow_error **err)
{
    *self = NULL;
    return FLOW_OK;
}

static void destroy(void *self)
{
}

static int poll(void *self, flow_emitter *emitter, flow_error **err)
{
    return FLOW_BACKOFF;
}

static int create_group(flow_context *ctx, flow_group *group, void **self, flow_error **err)
{
    return create(ctx, self, err);
}

static int process_group(void *self, flow_error **err)
{
    return FLOW_BACKOFF;
}

static int create_selector(flow_context *ctx, const char *const *channels, size_t count,
                           void **self, flow_error **err)
{
    return create(ctx, self, err);
}

static int select_none(void *self, const flow_event *event, flow_route *route, flow_error **err)
{
    return FLOW_OK;
}

static const flow_source_ops source = {
    .struct_size = sizeof(source),
    .type = "odd/type~100%",
    .aliases = "com.example.Odd$Type[1]^",
    .schema = &source_schema,
    .create = create,
    .destroy = destroy,
    .poll = poll,
};

static const flow_group_ops group = {
    .struct_size = sizeof(group),
    .type = "ranked",
    .schema = &group_schema,
    .create = create_group,
    .destroy = destroy,
    .process = process_group,
};

static const flow_selector_ops selector = {
    .struct_size = sizeof(selector),
    .type = "mapped",
    .schema = &selector_schema,
    .create = create_selector,
    .destroy = destroy,
    .select = select_none,
};

static int init(flow_registry *registry, flow_error **err)
{
    int rc = flow_registry_add_source(registry, &source, NULL, NULL, err);

    if (rc == FLOW_OK)
        rc = flow_registry_add_group(registry, &group, NULL, NULL, err);
    return rc == FLOW_OK ? flow_registry_add_selector(registry, &selector, NULL, NULL, err) : rc;
}

FLOW_PLUGIN_DEFINE("schemas", "1.0", FLOW_VERSION_NUMBER, init);
