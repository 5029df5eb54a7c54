/* SPDX-License-Identifier: Apache-2.0 */

/* A sink that takes events one by one and refuses those with the body "poison", as long as the file
 * `antidote` is not there. */

#include <string.h>
#include <unistd.h>

#include <flow.h>

static const flow_property rows[] = {
    {.name = "antidote",
     .type = FLOW_TYPE_PATH,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "A file that makes all well."},
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = rows,
    .count = 1,
    .summary = "A sink of the tests.",
};

static int create(flow_context *ctx, void **self, flow_error **err)
{
    *self = ctx;
    return FLOW_OK;
}

static void destroy(void *self)
{
    (void)self;
}

static int process(void *self, flow_txn *txn, flow_error **err)
{
    const flow_event *const *events;
    size_t count, size;
    int rc = flow_txn_take(txn, 1, 0, &events, &count, err);

    if (rc != FLOW_OK || count == 0)
        return rc != FLOW_OK ? rc : FLOW_BACKOFF;
    const char *body = flow_event_body(events[0], &size);
    if (size != 6 || memcmp(body, "poison", 6) != 0 ||
        access(flow_context_string(self, "antidote"), F_OK) == 0)
        return FLOW_READY;
    return flow_error_set(err, FLOW_EDELIVERY, "this is poison");
}

static const flow_sink_ops picky = {
    .struct_size = sizeof(flow_sink_ops),
    .type = "picky",
    .schema = &schema,
    .create = create,
    .destroy = destroy,
    .process = process,
};

static int init(flow_registry *registry, flow_error **err)
{
    return flow_registry_add_sink(registry, &picky, NULL, NULL, err);
}

FLOW_PLUGIN_DEFINE("picky", "1.0", FLOW_VERSION_NUMBER, init);
