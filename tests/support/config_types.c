/* SPDX-License-Identifier: Apache-2.0 */

#include "config_types.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SCHEMA(rows)                                                                               \
    {                                                                                              \
        .struct_size = sizeof(flow_schema), .property_size = sizeof(flow_property),                \
        .properties = (rows), .count = COUNT(rows), .summary = "A type of the tests."              \
    }

static const flow_property source_rows[] = {
    {.name = "port",
     .type = FLOW_TYPE_INT,
     .min = 1,
     .max = 65535,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "A port."},
    {.name = "bind", .type = FLOW_TYPE_HOST, .help = "A host."},
    {.name = "note", .type = FLOW_TYPE_STRING, .help = "Any text."},
    {.name = "batchSize", .type = FLOW_TYPE_INT, .default_value = "20", .help = "A size."},
};

static const flow_property pushed_rows[] = {
    {.name = "maxBackoffSleep", .type = FLOW_TYPE_INT, .default_value = "7", .help = "Its own."},
};

static const flow_property sink_rows[] = {
    {.name = "path", .type = FLOW_TYPE_STRING, .flags = FLOW_PROPERTY_REQUIRED, .help = "A place."},
    {.name = "password", .type = FLOW_TYPE_SECRET, .help = "A secret."},
    {.name = "hdfs.batchSize", .type = FLOW_TYPE_INT, .default_value = "100", .help = "A size."},
};

static const flow_property channel_rows[] = {
    {.name = "capacity", .type = FLOW_TYPE_INT, .default_value = "100", .help = "A size."},
    {.name = "transactionCapacity",
     .type = FLOW_TYPE_INT,
     .default_value = "100",
     .help = "A size."},
};

static const flow_property interceptor_rows[] = {
    {.name = "key", .type = FLOW_TYPE_STRING, .flags = FLOW_PROPERTY_REQUIRED, .help = "A header."},
};

static const flow_property group_rows[] = {
    {.name = "backoff", .type = FLOW_TYPE_BOOL, .default_value = "false", .help = "A switch."},
    {.name = "priority.",
     .type = FLOW_TYPE_INT,
     .flags = FLOW_PROPERTY_PREFIX,
     .help = "Of a sink."},
};

static const flow_property selector_rows[] = {
    {.name = "optional", .type = FLOW_TYPE_WORDS, .help = "Optional channels."},
};

static const flow_schema source_schema = SCHEMA(source_rows);
static const flow_schema pushed_schema = SCHEMA(pushed_rows);
static const flow_schema sink_schema = SCHEMA(sink_rows);
static const flow_schema channel_schema = SCHEMA(channel_rows);
static const flow_schema interceptor_schema = SCHEMA(interceptor_rows);
static const flow_schema group_schema = SCHEMA(group_rows);
static const flow_schema selector_schema = SCHEMA(selector_rows);

/* Nothing here ever runs: a table only has to have its functions. */
static int create(flow_context *ctx, void **self, flow_error **err)
{
    *self = NULL;
    return FLOW_OK;
}

static int create_fussy(flow_context *ctx, void **self, flow_error **err)
{
    if (flow_context_is_set(ctx, "note"))
        return flow_context_refuse(ctx, "note", "there is nothing to note", err);
    if (flow_context_int(ctx, "port") == 13)
        return flow_error_set(err, FLOW_EIO, "no luck");
    return create(ctx, self, err);
}

static void destroy(void *self)
{
}

static int poll(void *self, flow_emitter *emitter, flow_error **err)
{
    return FLOW_BACKOFF;
}

static int process(void *self, flow_txn *txn, flow_error **err)
{
    return FLOW_BACKOFF;
}

static int intercept(void *self, flow_batch *batch, flow_error **err)
{
    return FLOW_OK;
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

static int select_all(void *self, const flow_event *event, flow_route *route, flow_error **err)
{
    return FLOW_OK;
}

static int begin(void *self, void **txn, flow_error **err)
{
    return FLOW_OK;
}

static int put(void *self, void *txn, const flow_event *const *events, size_t count,
               flow_error **err)
{
    return FLOW_EFULL;
}

static int take(void *self, void *txn, size_t max, const flow_event **events, size_t *count,
                flow_error **err)
{
    *count = 0;
    return FLOW_OK;
}

static int commit(void *self, void *txn, flow_error **err)
{
    return FLOW_OK;
}

static void end(void *self, void *txn)
{
}

static uint64_t none(void *self)
{
    return 0;
}

static int64_t no_time(void *self)
{
    return 0;
}

static const flow_source_ops probe = {
    .struct_size = sizeof probe,
    .type = "probe",
    .aliases = "org.example.Probe",
    .schema = &source_schema,
    .create = create,
    .destroy = destroy,
    .poll = poll,
};

static const flow_source_ops fussy = {
    .struct_size = sizeof fussy,
    .type = "fussy",
    .schema = &source_schema,
    .create = create_fussy,
    .destroy = destroy,
};

static const flow_source_ops pushed = {
    .struct_size = sizeof pushed,
    .type = "pushed",
    .schema = &pushed_schema,
    .create = create,
    .destroy = destroy,
};

static const flow_sink_ops drain = {
    .struct_size = sizeof drain,
    .type = "drain",
    .schema = &sink_schema,
    .create = create,
    .destroy = destroy,
    .process = process,
};

static const flow_channel_ops box = {
    .struct_size = sizeof box,
    .type = "box",
    .schema = &channel_schema,
    .create = create,
    .destroy = destroy,
    .begin = begin,
    .put = put,
    .take = take,
    .commit = commit,
    .rollback = end,
    .release = end,
    .size = none,
    .capacity = none,
    .transaction_capacity = none,
    .keep_alive = no_time,
};

static const flow_interceptor_ops mark = {
    .struct_size = sizeof mark,
    .type = "mark",
    .schema = &interceptor_schema,
    .create = create,
    .destroy = destroy,
    .intercept = intercept,
};

static const flow_group_ops turns = {
    .struct_size = sizeof turns,
    .type = "turns",
    .schema = &group_schema,
    .create = create_group,
    .destroy = destroy,
    .process = process_group,
};

static const flow_selector_ops replicating = {
    .struct_size = sizeof replicating,
    .type = "replicating",
    .schema = &selector_schema,
    .create = create_selector,
    .destroy = destroy,
    .select = select_all,
};

/* The selector that sources have when they name none is a built-in like any other. */
static int add_selector(flow_registry *registry, flow_error **err)
{
    flow_type_info info = {.struct_size = sizeof info};

    if (flow_registry_find(registry, FLOW_KIND_SELECTOR, "replicating", &info, NULL) == FLOW_OK)
        return FLOW_OK;
    return flow_registry_add_selector(registry, &replicating, NULL, NULL, err);
}

int config_types_add(flow_library *lib, flow_error **err)
{
    flow_registry *registry = flow_library_registry(lib);
    int rc = flow_registry_add_source(registry, &probe, NULL, NULL, err);

    if (!rc)
        rc = flow_registry_add_source(registry, &pushed, NULL, NULL, err);
    if (!rc)
        rc = flow_registry_add_source(registry, &fussy, NULL, NULL, err);
    if (!rc)
        rc = flow_registry_add_sink(registry, &drain, NULL, NULL, err);
    if (!rc)
        rc = flow_registry_add_channel(registry, &box, NULL, NULL, err);
    if (!rc)
        rc = flow_registry_add_interceptor(registry, &mark, NULL, NULL, err);
    if (!rc)
        rc = flow_registry_add_group(registry, &turns, NULL, NULL, err);
    return rc ? rc : add_selector(registry, err);
}
