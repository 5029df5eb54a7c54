/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_GROUP_H
#define FLOW_GROUP_H

#include <flow/api.h>
#include <flow/component.h>
#include <flow/error.h>
#include <flow/schema.h>

FLOW_BEGIN_DECLS

/* Sinks that share one thread, as a processor sees them. */
typedef struct flow_group flow_group;

/*
 * A type of sink processor: decides which sink of a group gets the next transaction.  All members
 * but `create` and `destroy` are called by the group's own thread.
 */
typedef struct flow_group_ops {
    uint32_t struct_size;
    uint32_t flags;      /* 0 */
    const char *type;    /* for example "failover" */
    const char *aliases; /* other names, separated by '|'; (optional) */
    const flow_schema *schema;

    int (*create)(flow_context *ctx, flow_group *group, void **self, flow_error **err);
    void (*destroy)(void *self);

    /*
     * Runs one transaction with one sink, by flow_group_run, and returns the answer.  Called when a
     * channel has events.  May run another sink when one failed; FLOW_BACKOFF without having run
     * any pauses, longer each time, up to 5 s; an error pauses 5 s.
     */
    int (*process)(void *self, flow_error **err);
} flow_group_ops;

/*
 * Returns the number of sinks in the group.
 *
 * Since: 1.0
 */
FLOW_API size_t flow_group_count(const flow_group *group);

/*
 * Returns the name of the sink at INDEX, from 0 in the order of the configuration, or NULL.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_group_name(const flow_group *group, size_t index);

/*
 * Returns 1 when the channel of the sink at INDEX has events for it, else 0.  A sink without them
 * need not be run; sinks of one group may take from different channels.
 *
 * Thread: only from `process`.
 * Since: 1.0
 */
FLOW_API int flow_group_has_events(const flow_group *group, size_t index);

/*
 * Runs one whole transaction with the sink at INDEX: begins it, calls the sink, waits while it is
 * pending, commits or rolls back.  Returns FLOW_READY, FLOW_BACKOFF or an error; its events are
 * then back in the channel, where another sink finds them.  A sink that has not started fails.
 *
 * Thread: only from `process`.  Blocks: as long as the sink does.
 * Since: 1.0
 */
FLOW_API int flow_group_run(flow_group *group, size_t index, flow_error **err);

FLOW_END_DECLS

#endif
