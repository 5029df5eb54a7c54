/* SPDX-License-Identifier: Apache-2.0 */

#include "store/run.h"

struct fl_run *fl_run_new(const flow_allocator *mem, size_t count)
{
    struct fl_run *run = NULL;

    if (count <= (SIZE_MAX - sizeof *run) / sizeof run->events[0])
        run = fl_alloc(mem, sizeof *run + count * sizeof run->events[0]);
    if (!run)
        return NULL;
    *run = (struct fl_run){.mem = mem};
    atomic_init(&run->refs, 1);
    return run;
}

struct fl_run *fl_run_ref(struct fl_run *run)
{
    atomic_fetch_add_explicit(&run->refs, 1, memory_order_relaxed);
    return run;
}

void fl_run_unref(struct fl_run *run)
{
    if (!run || atomic_fetch_sub_explicit(&run->refs, 1, memory_order_acq_rel) > 1)
        return;
    flow_events_unref(run->events, run->count);
    fl_free(run->mem, run);
}
