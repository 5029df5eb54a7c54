/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_SELECTOR_H
#define FLOW_SELECTOR_H

#include <flow/api.h>
#include <flow/component.h>
#include <flow/error.h>
#include <flow/event.h>
#include <flow/schema.h>

FLOW_BEGIN_DECLS

/* The channels an event goes to, as a selector fills it. */
typedef struct flow_route flow_route;

/* The route does not depend on the event, so that one answer serves a whole batch. */
#define FLOW_SELECTOR_CONSTANT 1u

/*
 * A type of selector: decides which of a source's channels an event goes to.  The calls for one
 * source come one at a time, from changing threads.
 */
typedef struct flow_selector_ops {
    uint32_t struct_size;
    uint32_t flags;      /* FLOW_SELECTOR_... */
    const char *type;    /* for example "replicating" */
    const char *aliases; /* other names, separated by '|'; (optional) */
    const flow_schema *schema;

    /* CHANNELS are the COUNT names of the source's channels, in order; lent until `destroy`. */
    int (*create)(flow_context *ctx, const char *const *channels, size_t count, void **self,
                  flow_error **err);
    void (*destroy)(void *self);

    /* Adds EVENT's channels to ROUTE, which is empty.  EVENT is NULL when the route is constant. */
    int (*select)(void *self, const flow_event *event, flow_route *route, flow_error **err);
} flow_selector_ops;

/*
 * Adds the channel at INDEX among the source's channels as one that must commit.
 *
 * Errors: FLOW_EINVAL when there is no such channel; no error object.
 * Since: 1.0
 */
FLOW_API int flow_route_require(flow_route *route, size_t index);

/*
 * Adds the channel at INDEX as one that is tried once and whose failure is only logged.  Does
 * nothing when the channel is required already.
 *
 * Errors: FLOW_EINVAL when there is no such channel; no error object.
 * Since: 1.0
 */
FLOW_API int flow_route_offer(flow_route *route, size_t index);

FLOW_END_DECLS

#endif
