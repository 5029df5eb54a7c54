/* SPDX-License-Identifier: Apache-2.0 */
/* Spreads the events of a source over its channels. */

#include "base/error.h"
#include "base/random.h"
#include "base/rotation.h"
#include "selectors/selectors.h"

static int load_balancing_create(flow_context *ctx, const char *const *channels, size_t count,
                                 void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct fl_rotation_rules rules = {.at_random = flow_context_choice(ctx, "policy") == 1};
    int rc = fl_random(&rules.seed, sizeof rules.seed, err);

    if (rc)
        return rc;
    *self = fl_rotation_new(mem, count, &rules);
    return *self ? FLOW_OK : fl_error_nomem(err);
}

static void load_balancing_destroy(void *self)
{
    fl_rotation_free(self);
}

static int load_balancing_select(void *self, const flow_event *event, flow_route *route,
                                 flow_error **err)
{
    const size_t *order;

    fl_rotation_begin(self, 0, &order);
    int rc = flow_route_require(route, order[0]);
    return rc ? flow_error_set(err, rc, "cannot route to a channel of the source") : FLOW_OK;
}

static const flow_property properties[] = {
    {
        .name = "policy",
        .type = FLOW_TYPE_CHOICE,
        .choices = "round_robin|random",
        .default_value = "round_robin",
        .help = "Whether the channels get an event in turn, or each event goes to any of them.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Sends each event to one of the source's channels, so that they share the load.",
    .description =
        "The channel of an event must take it: while it cannot, the source tries again, with the "
        "same channel. Each channel has its events in their order; between channels there is "
        "none.",
};

const flow_selector_ops fl_load_balancing_selector = {
    .struct_size = sizeof fl_load_balancing_selector,
    .type = "load_balancing",
    .aliases = "org.apache.flume.channel.LoadBalancingChannelSelector",
    .schema = &schema,
    .create = load_balancing_create,
    .destroy = load_balancing_destroy,
    .select = load_balancing_select,
};
