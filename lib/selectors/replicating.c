/* SPDX-License-Identifier: Apache-2.0 */
/* Sends every event to every channel of its source, to some of them only if they can take it. */

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "selectors/names.h"
#include "selectors/selectors.h"

struct replicating {
    const flow_allocator *mem;
    size_t count;
    uint8_t optional[]; /* 1 or 0 for each channel */
};

static int mark_optional(const flow_context *ctx, const struct fl_channel_names *channels,
                         struct replicating *replicating, flow_error **err)
{
    const char *name;
    int rc = FLOW_OK;

    for (size_t word = 0; !rc && (name = flow_context_word(ctx, "optional", word)); word++) {
        size_t index;
        rc = fl_channel_find(ctx, channels, "optional", name, strlen(name), &index, err);
        if (!rc)
            replicating->optional[index] = 1;
    }
    return rc;
}

static int replicating_create(flow_context *ctx, const char *const *channels, size_t count,
                              void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    const struct fl_channel_names names = {channels, count};
    struct replicating *replicating = fl_zalloc(mem, sizeof *replicating + count);

    if (!replicating)
        return fl_error_nomem(err);
    replicating->mem = mem;
    replicating->count = count;
    int rc = mark_optional(ctx, &names, replicating, err);
    if (rc) {
        fl_free(mem, replicating);
        return rc;
    }
    *self = replicating;
    return FLOW_OK;
}

static void replicating_destroy(void *self)
{
    struct replicating *replicating = self;

    fl_free(replicating->mem, replicating);
}

static int replicating_select(void *self, const flow_event *event, flow_route *route,
                              flow_error **err)
{
    const struct replicating *replicating = self;
    int rc = FLOW_OK;

    for (size_t i = 0; !rc && i < replicating->count; i++)
        rc = replicating->optional[i] ? flow_route_offer(route, i) : flow_route_require(route, i);
    return rc ? flow_error_set(err, rc, "cannot route to a channel of the source") : FLOW_OK;
}

static const flow_property properties[] = {
    {
        .name = "optional",
        .type = FLOW_TYPE_WORDS,
        .help = "The channels that are tried once and whose failure is only logged. A channel "
                "that is not named here must take the events, or the source tries again.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Sends every event to every channel of the source.",
};

const flow_selector_ops fl_replicating_selector = {
    .struct_size = sizeof fl_replicating_selector,
    .flags = FLOW_SELECTOR_CONSTANT,
    .type = "replicating",
    .aliases = "org.apache.flume.channel.ReplicatingChannelSelector",
    .schema = &schema,
    .create = replicating_create,
    .destroy = replicating_destroy,
    .select = replicating_select,
};
