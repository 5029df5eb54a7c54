/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_METRICS_H
#define FL_CORE_METRICS_H

/* Counters of one component: few, added to from any thread, read at any time. */

#include <stdatomic.h>

#include <flow/metrics.h>

#include "base/stash.h"
#include "base/thread.h"

struct flow_counter {
    char *name;
    _Atomic int64_t value;
    struct flow_counter *next;
    char apart[FL_CACHE_LINE]; /* no two threads count on one line */
};

struct fl_counters {
    const flow_allocator *mem;
    struct fl_lock lock; /* for adding a counter only */
    _Atomic(flow_counter *) first;
};

int fl_counters_init(struct fl_counters *counters, const flow_allocator *mem);
void fl_counters_free(struct fl_counters *counters);

/* The counter NAME, made when it is not there; NULL without memory. */
flow_counter *fl_counters_get(struct fl_counters *counters, const char *name);
int64_t fl_counters_value(const struct fl_counters *counters, const char *name);

/* A reading under way; the pipeline adds each of its components. */
int fl_metrics_new(const flow_allocator *mem, flow_metrics **metrics, flow_error **err);
int fl_metrics_add(flow_metrics *metrics, uint32_t kind, const char *component,
                   const struct fl_counters *counters);

/* Adds one value that is not counted but read, such as a channel's size. */
int fl_metrics_add_value(flow_metrics *metrics, uint32_t kind, const char *component,
                         const char *name, int64_t value);

#endif
