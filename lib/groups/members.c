/* SPDX-License-Identifier: Apache-2.0 */
/* A sink that goes on failing is told of once, at a level that somebody sees, and once more when it
 * works again. */

#include "base/error.h"
#include "base/mem.h"
#include "groups/members.h"

int fl_members_init(struct fl_members *members, const flow_context *ctx, flow_group *group,
                    flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    size_t count = flow_group_count(group);

    *members = (struct fl_members){.mem = mem, .ctx = ctx, .group = group, .count = count};
    members->failures = fl_calloc(mem, count, sizeof *members->failures);
    return members->failures ? FLOW_OK : fl_error_nomem(err);
}

void fl_members_free(struct fl_members *members)
{
    flow_error_free(members->last);
    fl_free(members->mem, members->failures);
}

static void note_success(struct fl_members *members, size_t index)
{
    unsigned *failures = &members->failures[index];

    if (*failures > 0)
        flow_context_logf(members->ctx, FLOW_LOG_INFO, "sink %s works again after %u failures",
                          flow_group_name(members->group, index), *failures);
    *failures = 0;
}

static void note_failure(struct fl_members *members, size_t index, const flow_error *cause)
{
    unsigned *failures = &members->failures[index];

    if (*failures < ~0u)
        ++*failures;
    flow_context_logf(members->ctx, *failures == 1 ? FLOW_LOG_WARN : FLOW_LOG_DEBUG,
                      "sink %s failed: %s", flow_group_name(members->group, index),
                      flow_error_message(cause));
}

int fl_members_run(struct fl_members *members, size_t index)
{
    flow_error *cause = NULL;
    int answer = flow_group_run(members->group, index, &cause);

    if (answer == FLOW_READY)
        note_success(members, index);
    if (answer < FLOW_OK && !flow_context_stopping(members->ctx))
        note_failure(members, index, cause);
    flow_error_free(members->last);
    members->last = NULL;
    if (answer < FLOW_OK)
        members->last = cause;
    else
        flow_error_free(cause);
    return answer;
}

int fl_members_give_up(struct fl_members *members, flow_error **err)
{
    flow_error *last = members->last;

    if (!last)
        return FLOW_BACKOFF;
    members->last = NULL;
    fl_error_pass(err, last);
    return flow_error_set(err, FLOW_EDELIVERY, "no sink of the group took the events");
}
