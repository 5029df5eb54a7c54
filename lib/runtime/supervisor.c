/* SPDX-License-Identifier: Apache-2.0 */

/* Starting what may fail to start: an attempt every 3 s without limit, each failure in the log. */

#include <inttypes.h>

#include "runtime/supervisor.h"

void fl_supervised_init(struct fl_supervised *one, flow_context *ctx,
                        int (*start)(void *arg, flow_error **err), void *arg)
{
    *one = (struct fl_supervised){.ctx = ctx, .start = start, .arg = arg};
}

/* A start that a stop has cut short is nobody's fault, and not tried again. */
static void failed(struct fl_supervised *one, flow_error *fault)
{
    if (flow_context_stopping(one->ctx)) {
        flow_error_free(fault);
        return;
    }
    flow_context_logf(one->ctx, FLOW_LOG_ERROR,
                      "did not start (attempt %" PRIu64 "), tried again in %d s: %s", one->attempts,
                      FL_START_RETRY_MS / 1000, flow_error_message(fault));
    flow_error_free(fault);
    one->due = fl_clock_after(one->ctx->clock, FL_START_RETRY_MS);
}

void fl_supervise(struct fl_supervised *one)
{
    flow_error *fault = NULL;

    if (one->started || flow_context_stopping(one->ctx) || flow_context_now(one->ctx) < one->due)
        return;
    one->attempts++;
    if (fl_answer(one->ctx, "start", one->start(one->arg, &fault), FLOW_OK, &fault) != FLOW_OK) {
        failed(one, fault);
        return;
    }
    flow_error_free(fault);
    one->started = 1;
    one->due = FL_NEVER;
    flow_counter_set(flow_context_counter(one->ctx, "StartTime"), flow_context_time(one->ctx));
    flow_counter_set(flow_context_counter(one->ctx, "StopTime"), 0);
    flow_context_log(one->ctx, FLOW_LOG_INFO, "started");
}

void fl_supervised_stopped(struct fl_supervised *one)
{
    if (one->started) {
        flow_counter_set(flow_context_counter(one->ctx, "StopTime"), flow_context_time(one->ctx));
        flow_context_log(one->ctx, FLOW_LOG_INFO, "stopped");
    }
    one->started = 0;
    one->due = 0;
    one->attempts = 0;
}
