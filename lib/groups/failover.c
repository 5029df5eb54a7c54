/* SPDX-License-Identifier: Apache-2.0 */
/* Uses the best sink that works.  One that failed is left out for a while, longer each time, and
 * then tried again before all others. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/rotation.h"
#include "groups/groups.h"
#include "groups/members.h"

struct rank {
    size_t sink;
    int64_t priority;
    int64_t back_at; /* of one that failed: when it may be tried again */
};

struct failover {
    struct fl_members members;
    int64_t penalty_most;
    size_t active;      /* the sink that took events last; `count`: none yet */
    struct rank *ranks; /* the best first */
};

/* ---- settings ---- */

static const char *priority_of(const flow_context *ctx, const char *sink)
{
    const char *name, *value;

    for (size_t i = 0; flow_context_below(ctx, "priority.", i, &name, &value); i++)
        if (strcmp(name, sink) == 0)
            return value;
    return NULL;
}

/* Those without a priority come after all that have a positive one, in the order of the list. */
static void read_priorities(const flow_context *ctx, const flow_group *group,
                            struct failover *failover)
{
    int64_t next = 0;

    for (size_t i = 0; i < failover->members.count; i++) {
        struct rank *rank = &failover->ranks[i];
        const char *text = priority_of(ctx, flow_group_name(group, i));
        rank->sink = i;
        if (!text || fl_parse_int(text, strlen(text), &rank->priority))
            rank->priority = --next;
    }
}

/* Equals stay in the order of the list; Flume uses only one of them. */
static int compare(const void *a, const void *b)
{
    const struct rank *left = a, *right = b;

    if (left->priority != right->priority)
        return left->priority < right->priority ? 1 : -1;
    return left->sink < right->sink ? -1 : 1;
}

static void tell_equals(const flow_context *ctx, const flow_group *group,
                        const struct failover *failover)
{
    for (size_t i = 1; i < failover->members.count; i++) {
        const struct rank *one = &failover->ranks[i - 1], *two = &failover->ranks[i];
        if (one->priority == two->priority)
            flow_context_logf(ctx, FLOW_LOG_WARN,
                              "sinks %s and %s have the priority %" PRId64 "; %s comes first",
                              flow_group_name(group, one->sink), flow_group_name(group, two->sink),
                              one->priority, flow_group_name(group, one->sink));
    }
}

static int is_member(const flow_group *group, const char *name)
{
    for (size_t i = 0; i < flow_group_count(group); i++)
        if (strcmp(flow_group_name(group, i), name) == 0)
            return 1;
    return 0;
}

static void tell_strangers(const flow_context *ctx, const flow_group *group)
{
    const char *name, *value;

    for (size_t i = 0; flow_context_below(ctx, "priority.", i, &name, &value); i++)
        if (!is_member(group, name))
            flow_context_logf(ctx, FLOW_LOG_WARN,
                              "'priority.%s' has no effect: the group has no sink '%s'", name,
                              name);
}

/* ---- life ---- */

static void failover_destroy(void *self)
{
    struct failover *failover = self;
    const flow_allocator *mem = failover->members.mem;

    fl_members_free(&failover->members);
    fl_free(mem, failover->ranks);
    fl_free(mem, failover);
}

static int failover_create(flow_context *ctx, flow_group *group, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct failover *failover = fl_zalloc(mem, sizeof *failover);

    if (!failover)
        return fl_error_nomem(err);
    failover->penalty_most = flow_context_int(ctx, "maxpenalty");
    int rc = fl_members_init(&failover->members, ctx, group, err);
    failover->active = failover->members.count;
    failover->ranks = fl_calloc(mem, failover->members.count, sizeof *failover->ranks);
    if (!rc && !failover->ranks)
        rc = fl_error_nomem(err);
    if (rc) {
        failover_destroy(failover);
        return rc;
    }
    read_priorities(ctx, group, failover);
    qsort(failover->ranks, failover->members.count, sizeof *failover->ranks, compare);
    tell_equals(ctx, group, failover);
    tell_strangers(ctx, group);
    *self = failover;
    return FLOW_OK;
}

/* ---- work ---- */

static unsigned failures_of(const struct failover *failover, const struct rank *rank)
{
    return failover->members.failures[rank->sink];
}

static int can_take(const struct failover *failover, const struct rank *rank)
{
    return flow_group_has_events(failover->members.group, rank->sink);
}

/* The one that may be tried again at NOW and has waited longest. */
static struct rank *find_returning(struct failover *failover, int64_t now)
{
    struct rank *found = NULL;

    for (size_t i = 0; i < failover->members.count; i++) {
        struct rank *rank = &failover->ranks[i];
        if (failures_of(failover, rank) > 0 && rank->back_at < now && can_take(failover, rank) &&
            (!found || rank->back_at < found->back_at))
            found = rank;
    }
    return found;
}

/* The best of those that work. */
static struct rank *find_best(struct failover *failover)
{
    for (size_t i = 0; i < failover->members.count; i++) {
        struct rank *rank = &failover->ranks[i];
        if (failures_of(failover, rank) == 0 && can_take(failover, rank))
            return rank;
    }
    return NULL;
}

static void note_active(struct failover *failover, const struct rank *rank)
{
    if (rank->sink == failover->active)
        return;
    failover->active = rank->sink;
    flow_context_logf(failover->members.ctx, FLOW_LOG_INFO,
                      "events go to sink %s now, of priority %" PRId64,
                      flow_group_name(failover->members.group, rank->sink), rank->priority);
}

static int try_rank(struct failover *failover, struct rank *rank)
{
    const flow_context *ctx = failover->members.ctx;
    int answer = fl_members_run(&failover->members, rank->sink);

    if (answer == FLOW_READY)
        note_active(failover, rank);
    if (answer < FLOW_OK)
        rank->back_at =
            flow_context_now(ctx) + fl_penalty(failures_of(failover, rank), failover->penalty_most);
    return answer;
}

static int failover_process(void *self, flow_error **err)
{
    struct failover *failover = self;
    const flow_context *ctx = failover->members.ctx;
    int64_t now = flow_context_now(ctx);
    struct rank *rank;
    int answer = FLOW_EDELIVERY;

    while (answer < FLOW_OK && !flow_context_stopping(ctx) &&
           (rank = find_returning(failover, now)))
        answer = try_rank(failover, rank);
    while (answer < FLOW_OK && !flow_context_stopping(ctx) && (rank = find_best(failover)))
        answer = try_rank(failover, rank);
    return answer < FLOW_OK ? fl_members_give_up(&failover->members, err) : answer;
}

static const flow_property properties[] = {
    {
        .name = "priority.",
        .type = FLOW_TYPE_INT,
        .min = INT32_MIN,
        .max = INT32_MAX,
        .flags = FLOW_PROPERTY_PREFIX,
        .help = "The priority of the sink of that name: of those that work, the one with the "
                "largest gets all events. Sinks without one have -1, -2 and so on, in the order "
                "of the list; among equals the order of the list decides.",
    },
    {
        .name = "maxpenalty",
        .type = FLOW_TYPE_INT,
        .default_value = "30000",
        .unit = "ms",
        .min = 0,
        .max = INT32_MAX,
        .flags = FLOW_PROPERTY_LENIENT,
        .help = "The longest that a sink is left out which has failed. It is 2 s after the first "
                "failure, and twice as long after each that follows.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Hands every transaction to the best sink that works, and to the next when it "
               "fails.",
    .description =
        "A sink that fails, or that has not started, is left out for a while, and its events go "
        "to the next one at once, in their order. When that time has passed it is tried again "
        "before the others, and once it takes events it has its place again. When no sink is "
        "left the events stay in the channel.\n\n"
        "What a sink delivered although it failed, for example because an answer was lost on its "
        "way, is delivered again by the next one: delivery is at-least-once.\n\n"
        "When the sinks of a group take from different channels, a channel has those that take "
        "from it, and a sink is passed over while its channel is empty.",
};

const flow_group_ops fl_failover_group = {
    .struct_size = sizeof fl_failover_group,
    .type = "failover",
    .aliases = "org.apache.flume.sink.FailoverSinkProcessor",
    .schema = &schema,
    .create = failover_create,
    .destroy = failover_destroy,
    .process = failover_process,
};
