/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_SUPERVISOR_H
#define FL_RUNTIME_SUPERVISOR_H

/*
 * Starts a component again and again until it has started, every 3 s as Flume's supervisor does.
 * There is no thread for it: whoever owns the component's thread calls fl_supervise when it is due.
 */

#include "runtime/fault_log.h"
#include "runtime/site.h"

struct fl_supervised {
    flow_context *ctx;
    int (*start)(void *arg, flow_error **err); /* calls the component's `start` */
    void *arg;
    int started;
    int64_t due; /* the next attempt, on the component's clock; FL_NEVER once it has started */
    uint64_t attempts;
};

void fl_supervised_init(struct fl_supervised *one, flow_context *ctx,
                        int (*start)(void *arg, flow_error **err), void *arg);

/* Tries to start it when that is due, unless it is to stop. */
void fl_supervise(struct fl_supervised *one);

/* Notes that it was stopped, so that it may be started again. */
void fl_supervised_stopped(struct fl_supervised *one);

#endif
