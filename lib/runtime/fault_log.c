/* SPDX-License-Identifier: Apache-2.0 */

/* A component that fails every few seconds for a night is worth two lines of log, not thousands. */

#include <inttypes.h>
#include <string.h>

#include "runtime/fault_log.h"

void fl_fault_log_init(struct fl_fault_log *log, const flow_context *ctx)
{
    *log = (struct fl_fault_log){.ctx = ctx};
}

void fl_fault_log_free(struct fl_fault_log *log)
{
    flow_error_free(log->last);
    log->last = NULL;
}

void fl_fault_log_add(struct fl_fault_log *log, int32_t level, const char *what, flow_error *fault)
{
    const char *text = flow_error_message(fault);
    int same = log->last && strcmp(flow_error_message(log->last), text) == 0;

    flow_context_logf(log->ctx, same ? FLOW_LOG_DEBUG : level, "%s: %s", what, text);
    log->count++;
    flow_error_free(log->last);
    log->last = fault;
}

void fl_fault_log_clear(struct fl_fault_log *log)
{
    if (log->count == 0)
        return;
    flow_context_logf(log->ctx, FLOW_LOG_INFO, "works again after %" PRIu64 " failures",
                      log->count);
    log->count = 0;
    flow_error_free(log->last);
    log->last = NULL;
}
