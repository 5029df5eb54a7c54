/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_EMITTER_H
#define FL_RUNTIME_EMITTER_H

/*
 * From one source to its channels: interceptors, selector, and a put transaction for each channel.
 * Any number of threads may emit at once; interceptors and selector see one batch at a time.
 */

#include <flow/source.h>

#include "core/channel.h"
#include "runtime/fault_log.h"
#include "runtime/route.h"
#include "runtime/site.h"

/* Wait for room as long as each channel's keep-alive says. */
#define FL_KEEP_ALIVE (-1)

struct fl_interceptor {
    flow_context *ctx;
    const flow_interceptor_ops *ops;
    void *self;
};

struct fl_selector {
    flow_context *ctx;
    const flow_selector_ops *ops;
    void *self;
    const char **names; /* of the channels, lent to the selector */
};

/* Flume's counters of a source, and ours for what leaves a batch without reaching a channel. */
struct fl_emitter_counters {
    flow_counter *received, *accepted;
    flow_counter *batches_received, *batches_accepted;
    flow_counter *singles_received, *singles_accepted;
    flow_counter *write_fails, *processing_fails;
    flow_counter *filtered, *unrouted, *optional_lost, *repeated;
};

struct flow_emitter {
    const flow_allocator *mem;
    uint64_t number;   /* of no other emitter of the library, ever */
    flow_context *ctx; /* the source's */
    flow_channel **channels;
    size_t channel_count;
    struct fl_vec interceptors; /* of struct fl_interceptor */
    struct fl_selector selector;
    uint64_t *constant;       /* the route of every event, NULL when events differ */
    struct fl_lock chain;     /* held while interceptors and selector run */
    _Atomic uintptr_t holder; /* the thread that holds it, 0: none */
    struct fl_lock door;      /* guards the next two */
    uint32_t inside;          /* emissions under way */
    int is_open;
    _Atomic int told, told_spans;        /* where exactly-once ends */
    _Atomic int told_unrouted;           /* that events go to no channel */
    _Atomic int hurry;                   /* waiting for room ends */
    struct fl_fault_log optional_faults; /* under `chain` */
    struct fl_emitter_counters counters;
};

/* Makes the emitter of SOURCE, whose context is CTX, to CHANNELS (of flow_channel *), which it
 * copies. */
int fl_emitter_new(flow_context *ctx, const struct fl_plan_source *source,
                   const struct fl_vec *channels, flow_emitter **emitter, flow_error **err);
void fl_emitter_free(flow_emitter *emitter);

/* As what a batch counts: calls that brought one event, and calls that brought any number. */
struct fl_calls {
    uint64_t singles;
    uint64_t batches;
};

/* As flow_emitter_emit_calls, waiting up to WAIT_MS in all, or FL_KEEP_ALIVE. */
int fl_emitter_emit(flow_emitter *emitter, flow_batch *batch, int64_t wait_ms,
                    struct fl_calls calls, flow_error **err);

/* Keeps it open until fl_emitter_leave; FLOW_ECLOSED when it is not. */
int fl_emitter_enter(flow_emitter *emitter, flow_error **err);
void fl_emitter_leave(flow_emitter *emitter);

/* Until it is opened, and after it was closed, every emission gets FLOW_ECLOSED. */
void fl_emitter_open(flow_emitter *emitter);

/* Emissions go on, but wait for room no longer, until fl_emitter_resume.  From any thread. */
void fl_emitter_hurry(flow_emitter *emitter);
void fl_emitter_resume(flow_emitter *emitter);

/* Waits for the emissions under way; FLOW_ETIMEDOUT at DEADLINE of the system's clock. */
int fl_emitter_close(flow_emitter *emitter, int64_t deadline);

/* 1 when the calling thread is in an interceptor or in the selector. */
int fl_emitter_is_caller(const flow_emitter *emitter);

/* Runs the interceptors from *DONE on over BATCH, counting up *DONE. */
int fl_intercept(const struct fl_vec *interceptors, flow_batch *batch, uint64_t *done,
                 flow_error **err);

/* Makes the interceptor PART. */
int fl_interceptor_make(const struct fl_site *site, const struct fl_part *part,
                        struct fl_interceptor *interceptor, flow_error **err);
void fl_interceptor_drop(struct fl_interceptor *interceptor);

#endif
