/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_SITE_H
#define FL_RUNTIME_SITE_H

/* What components of one pipeline, or of one harness, have in common, and how code of theirs is
 * called. */

#include "config/plan.h"
#include "core/context.h"

/* The milliseconds of Flume's runners and supervisor. */
#define FL_START_RETRY_MS 3000
#define FL_FAULT_PAUSE_MS 5000
#define FL_BACKOFF_STEP_MS 1000
#define FL_BACKOFF_MAX_MS 5000

struct fl_site {
    flow_library *lib;
    const struct fl_clock *clock; /* NULL: the library's */
    struct fl_sleepers *sleepers; /* NULL: nobody has to know who waits */
    struct fl_loop_host *loop;
    struct fl_gate *changed;     /* opened whenever start, drain or stop may have got further */
    const _Atomic int *draining; /* NULL: never */
};

/* Makes the context of PART, which outlives it. */
int fl_site_context(const struct fl_site *site, const struct fl_part *part, flow_context **ctx,
                    flow_error **err);

/*
 * Judges what a callback of CTX's component returned: FLOW_OK to HIGHEST pass, and so do the codes
 * FLOW_E...  Anything else becomes FLOW_ECALLBACK.  A fault gets a text, when CALLBACK gave none,
 * and the component's name.
 */
int fl_answer(const flow_context *ctx, const char *callback, int rc, int highest, flow_error **err);

/* The pause after the COUNTth back-off in a row. */
int64_t fl_backoff(uint64_t count, int64_t step, int64_t max);

#endif
