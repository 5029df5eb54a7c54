/* SPDX-License-Identifier: Apache-2.0 */

/* Batches that are emitted again and again until they are committed. */

#include "sources/patience.h"

int fl_emit_patiently(flow_context *ctx, flow_emitter *emitter, flow_batch *batch, int64_t first_ms,
                      int64_t most_ms)
{
    int64_t pause = first_ms < most_ms ? first_ms : most_ms;
    int told = FLOW_OK; /* what the log has heard */

    for (;;) {
        flow_error *fault = NULL;
        int rc = flow_emitter_emit(emitter, batch, &fault);
        if (rc == FLOW_OK) {
            if (told != FLOW_OK)
                flow_context_log(ctx, FLOW_LOG_INFO, "events are taken again");
            return FLOW_OK;
        }
        if (rc != told && !flow_context_stopping(ctx)) {
            flow_context_logf(ctx, FLOW_LOG_WARN,
                              "%zu events were not taken and are tried again: %s",
                              flow_batch_count(batch), flow_error_message(fault));
            told = rc;
        }
        flow_error_free(fault);
        if (flow_context_stopping(ctx) || flow_wait(ctx, pause) != FLOW_OK)
            return FLOW_ECLOSED;
        pause = pause < most_ms / 2 ? 2 * pause : most_ms;
    }
}

size_t fl_batch_size(const flow_emitter *emitter, size_t size)
{
    size_t most = flow_emitter_max_batch(emitter);

    return most > 0 && most < size ? most : size;
}
