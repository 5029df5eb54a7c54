/* SPDX-License-Identifier: Apache-2.0 */
/* Spreads transactions over the sinks of a group. */

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/rotation.h"
#include "groups/groups.h"
#include "groups/members.h"

struct load_balance {
    struct fl_members members;
    struct fl_rotation *rotation;
};

static int read_rules(const flow_context *ctx, struct fl_rotation_rules *rules, flow_error **err)
{
    int64_t most = flow_context_int(ctx, "selector.maxTimeOut");

    *rules = (struct fl_rotation_rules){
        .at_random = flow_context_choice(ctx, "selector") == 1,
        .backs_off = flow_context_bool(ctx, "backoff"),
        .most_ms = most > 0 ? most : FL_PENALTY_MS,
    };
    if (flow_context_is_set(ctx, "selector.maxTimeOut") && !rules->backs_off)
        flow_context_log(ctx, FLOW_LOG_WARN,
                         "'selector.maxTimeOut' has no effect, because 'backoff' is false");
    return fl_random(&rules->seed, sizeof rules->seed, err);
}

static void load_balance_destroy(void *self)
{
    struct load_balance *balance = self;

    fl_members_free(&balance->members);
    fl_rotation_free(balance->rotation);
    fl_free(balance->members.mem, balance);
}

static int load_balance_create(flow_context *ctx, flow_group *group, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct fl_rotation_rules rules;
    int rc = read_rules(ctx, &rules, err);

    if (rc)
        return rc;
    if (flow_group_count(group) < 2)
        return flow_error_setf(err, FLOW_ECONFIG,
                               "there is nothing to balance: group %s has one sink",
                               flow_context_name(ctx));

    struct load_balance *balance = fl_zalloc(mem, sizeof *balance);
    if (!balance)
        return fl_error_nomem(err);
    rc = fl_members_init(&balance->members, ctx, group, err);
    balance->rotation = fl_rotation_new(mem, balance->members.count, &rules);
    if (!rc && !balance->rotation)
        rc = fl_error_nomem(err);
    if (rc)
        load_balance_destroy(balance);
    else
        *self = balance;
    return rc;
}

/* When all are left out, nobody is tried and the runner pauses; Flume's random selector throws. */
static int load_balance_process(void *self, flow_error **err)
{
    struct load_balance *balance = self;
    struct fl_members *members = &balance->members;
    const size_t *order;
    size_t count = fl_rotation_begin(balance->rotation, flow_context_now(members->ctx), &order);

    for (size_t i = 0; i < count && !flow_context_stopping(members->ctx); i++) {
        if (!flow_group_has_events(members->group, order[i]))
            continue;
        int answer = fl_members_run(members, order[i]);
        if (answer >= FLOW_OK)
            return answer;
        fl_rotation_failed(balance->rotation, order[i], flow_context_now(members->ctx));
    }
    return fl_members_give_up(members, err);
}

static const flow_property properties[] = {
    {
        .name = "selector",
        .type = FLOW_TYPE_CHOICE,
        .choices = "round_robin|random",
        .default_value = "round_robin",
        .help = "In which order sinks are tried: each time beginning with the next, or at random. "
                "Other orders are processors of their own, which a plugin can bring.",
    },
    {
        .name = "backoff",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Whether a sink that failed is left out for a while: 2 s after the first failure, "
                "and twice as long after each that follows, up to selector.maxTimeOut. Failures "
                "are forgotten when none came for an hour after that.",
    },
    {
        .name = "selector.maxTimeOut",
        .type = FLOW_TYPE_INT,
        .default_value = "30000",
        .unit = "ms",
        .min = 0,
        .max = INT64_MAX,
        .flags = FLOW_PROPERTY_LENIENT,
        .help = "The longest that a sink is left out; 0 means the default.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Hands transactions to the sinks of the group in turn, or at random.",
    .description =
        "When a sink fails, or has not started, the next in the order gets the events at once. "
        "When no sink is left they stay in the channel. All sinks share one thread, so this "
        "shares the load of those that receive; to send faster, use several sinks without a "
        "group.\n\n"
        "What a sink delivered although it failed, for example because an answer was lost on its "
        "way, is delivered again by the next one: delivery is at-least-once.",
};

const flow_group_ops fl_load_balance_group = {
    .struct_size = sizeof fl_load_balance_group,
    .type = "load_balance",
    .aliases = "org.apache.flume.sink.LoadBalancingSinkProcessor",
    .schema = &schema,
    .create = load_balance_create,
    .destroy = load_balance_destroy,
    .process = load_balance_process,
};
