/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A selector and a sink processor as a plugin.  `by_hash` keeps events that belong together in one
 * channel; `weighted` gives some sinks more transactions than others.
 *
 *     cc -shared -fPIC routing.c $(pkg-config --cflags --libs libflow) -o routing.so
 */

#include <stdlib.h>
#include <string.h>

#include <flow.h>

/* ---- by_hash ---- */

struct by_hash {
    const char *header;
    size_t channels;
};

static int hash_create(flow_context *ctx, const char *const *channels, size_t count, void **self,
                       flow_error **err)
{
    struct by_hash *by_hash = calloc(1, sizeof(*by_hash));

    if (!by_hash)
        return flow_error_set(err, FLOW_ENOMEM, "no memory for the selector");
    by_hash->header = flow_context_string(ctx, "header");
    by_hash->channels = count;
    *self = by_hash;
    return FLOW_OK;
}

static int hash_select(void *self, const flow_event *event, flow_route *route, flow_error **err)
{
    const struct by_hash *by_hash = self;
    size_t size = 0;
    const char *text = by_hash->header ? flow_event_header(event, by_hash->header, &size) : NULL;
    uint32_t hash = 2166136261u;

    if (!text)
        text = flow_event_body(event, &size);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return flow_route_require(route, hash % by_hash->channels);
}

static const flow_property hash_properties[] = {
    {.name = "header",
     .type = FLOW_TYPE_STRING,
     .help = "The header whose value decides; an event without it goes where its body says."},
};

static const flow_schema hash_schema = {
    .struct_size = sizeof(hash_schema),
    .property_size = sizeof(flow_property),
    .properties = hash_properties,
    .count = sizeof(hash_properties) / sizeof(hash_properties[0]),
    .summary = "Sends events with the same value of a header to the same channel.",
};

static const flow_selector_ops by_hash_ops = {
    .struct_size = sizeof(by_hash_ops),
    .type = "by_hash",
    .schema = &hash_schema,
    .create = hash_create,
    .destroy = free,
    .select = hash_select,
};

/* ---- weighted ---- */

struct weighted {
    flow_group *group;
    size_t turn;  /* the sink whose turn it is */
    size_t given; /* transactions that it got in this turn */
    size_t weights[];
};

static size_t weight_of(const flow_context *ctx, const char *sink)
{
    const char *name, *value;

    for (size_t i = 0; flow_context_below(ctx, "weight.", i, &name, &value); i++)
        if (strcmp(name, sink) == 0)
            return (size_t)atoi(value);
    return 1;
}

static int weighted_create(flow_context *ctx, flow_group *group, void **self, flow_error **err)
{
    size_t count = flow_group_count(group);
    struct weighted *weighted = calloc(1, sizeof(*weighted) + count * sizeof(weighted->weights[0]));

    if (!weighted)
        return flow_error_set(err, FLOW_ENOMEM, "no memory for the processor");
    weighted->group = group;
    for (size_t i = 0; i < count; i++)
        weighted->weights[i] = weight_of(ctx, flow_group_name(group, i));
    *self = weighted;
    return FLOW_OK;
}

static void next_turn(struct weighted *weighted)
{
    weighted->turn = (weighted->turn + 1) % flow_group_count(weighted->group);
    weighted->given = 0;
}

/* A sink that fails loses the rest of its turn.  When all have failed the library pauses. */
static int weighted_process(void *self, flow_error **err)
{
    struct weighted *weighted = self;
    flow_error *fault = NULL;
    int answer = FLOW_BACKOFF;

    for (size_t i = 0; i < flow_group_count(weighted->group); i++) {
        flow_error_free(fault);
        fault = NULL;
        answer = flow_group_run(weighted->group, weighted->turn, &fault);
        if (answer < FLOW_OK || ++weighted->given >= weighted->weights[weighted->turn])
            next_turn(weighted);
        if (answer >= FLOW_OK)
            break;
    }
    if (answer < FLOW_OK)
        flow_error_set(err, answer, flow_error_message(fault));
    flow_error_free(fault);
    return answer;
}

static const flow_property weighted_properties[] = {
    {.name = "weight.",
     .type = FLOW_TYPE_INT,
     .flags = FLOW_PROPERTY_PREFIX,
     .min = 1,
     .max = 1000,
     .help = "How many transactions the sink of that name gets in its turn; one without it, 1."},
};

static const flow_schema weighted_schema = {
    .struct_size = sizeof(weighted_schema),
    .property_size = sizeof(flow_property),
    .properties = weighted_properties,
    .count = sizeof(weighted_properties) / sizeof(weighted_properties[0]),
    .summary = "Gives the sinks of a group transactions in turn, to some more than to others.",
};

static const flow_group_ops weighted_ops = {
    .struct_size = sizeof(weighted_ops),
    .type = "weighted",
    .schema = &weighted_schema,
    .create = weighted_create,
    .destroy = free,
    .process = weighted_process,
};

static int init(flow_registry *registry, flow_error **err)
{
    int rc = flow_registry_add_selector(registry, &by_hash_ops, NULL, NULL, err);

    return rc == FLOW_OK ? flow_registry_add_group(registry, &weighted_ops, NULL, NULL, err) : rc;
}

FLOW_PLUGIN_DEFINE("routing", "1.0", FLOW_VERSION_NUMBER, init);
