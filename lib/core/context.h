/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_CONTEXT_H
#define FL_CORE_CONTEXT_H

/* The inside of a flow_context: the surroundings of one component. */

#include <stdatomic.h>

#include <flow/component.h>

#include "base/thread.h"
#include "core/library.h"
#include "core/metrics.h"
#include "core/settings.h"

struct fl_loop_host;
struct fl_sleepers;

/* Who has to know at once that the component is to stop, because it waits for something that
 * flow_wait does not know. */
struct fl_stop_hook {
    void (*fn)(void *self); /* from any thread; short, and blocks not at all */
    void *self;
    struct fl_stop_hook *next;
};

struct flow_context {
    flow_library *lib;
    const struct fl_log *log; /* where its messages go: the library's, but in a check */
    uint32_t kind;
    char *name;                         /* "r1" */
    char *label;                        /* "source r1" */
    void *user;                         /* the type's */
    const struct fl_settings *settings; /* outlive the context */
    const struct fl_clock *clock;
    struct fl_sleepers *sleepers; /* NULL: nobody has to know who waits */
    struct fl_counters counters;
    struct fl_gate stop;
    struct fl_stop_hook *hooks; /* guarded by the lock of `stop` */
    _Atomic int stopping;
    struct fl_loop_host *loop; /* the pipeline's, see net/loop.h; NULL where there is none */
    flow_channel *channel;     /* the channel it belongs to, for flow_channel_notify */
    flow_channel *takes_from;  /* a sink's */
};

/* Makes a context for a component of TYPE called NAME.  CLOCK NULL: the library's. */
int fl_context_new(flow_library *lib, const struct fl_type *type, const char *name,
                   const struct fl_settings *settings, const struct fl_clock *clock,
                   flow_context **ctx, flow_error **err);
void fl_context_free(flow_context *ctx);

/* Ends every flow_wait, now and until fl_context_resume, and calls the hooks. */
void fl_context_stop(flow_context *ctx);
void fl_context_resume(flow_context *ctx);

/* Adds a hook, which is called at once when the component is to stop already, and removes it. */
void fl_context_hook(flow_context *ctx, struct fl_stop_hook *hook);
void fl_context_unhook(flow_context *ctx, struct fl_stop_hook *hook);

#endif
