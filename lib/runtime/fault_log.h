/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_FAULT_LOG_H
#define FL_RUNTIME_FAULT_LOG_H

/*
 * Logs faults that come again and again: the first of a kind is told, further ones are counted,
 * and the end of a series says how many there were.  Used by one thread at a time.
 */

#include "core/context.h"

struct fl_fault_log {
    const flow_context *ctx;
    flow_error *last; /* the fault that was told, NULL while all is well */
    uint64_t count;   /* how many in a row, whatever their kind */
};

void fl_fault_log_init(struct fl_fault_log *log, const flow_context *ctx);
void fl_fault_log_free(struct fl_fault_log *log);

/* Tells of FAULT, which it takes over, unless the last one read the same. */
void fl_fault_log_add(struct fl_fault_log *log, int32_t level, const char *what, flow_error *fault);

/* All is well again. */
void fl_fault_log_clear(struct fl_fault_log *log);

#endif
