/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_HARNESS_H
#define FLOW_HARNESS_H

#include <flow/api.h>
#include <flow/batch.h>
#include <flow/channel.h>
#include <flow/error.h>
#include <flow/event.h>
#include <flow/library.h>

FLOW_BEGIN_DECLS

/*
 * Drives one source, sink, channel or interceptor for its author's tests, in the thread of the
 * test and under a clock that only the test moves.  Around it stands a memory channel of 10,000
 * events: what a source emits goes there, what a sink takes comes from there.
 *
 *     new -> set... -> start -> push | run | advance | pull ... -> stop -> free
 *
 * A source or sink that starts threads of its own sees the same clock.  Used by one thread.
 */
typedef struct flow_harness flow_harness;

/*
 * Makes a harness for the component TYPE of KIND, which is FLOW_KIND_SOURCE, _SINK, _CHANNEL or
 * _INTERCEPTOR.  The caller frees it.
 *
 * Errors: FLOW_ENOENT when there is no such type.
 * Since: 1.0
 */
FLOW_API int flow_harness_new(flow_library *lib, uint32_t kind, const char *type,
                              flow_harness **harness, flow_error **err);

/*
 * Sets a property of the component, before the start.
 *
 * Errors: FLOW_ESTATE.
 * Since: 1.0
 */
FLOW_API int flow_harness_set(flow_harness *harness, const char *key, const char *value,
                              flow_error **err);

/*
 * Checks the settings, makes the component and starts it.
 *
 * Errors: FLOW_ECONFIG, FLOW_ESTATE, or what the component returns.
 * Since: 1.0
 */
FLOW_API int flow_harness_start(flow_harness *harness, flow_error **err);

/*
 * Calls the component once: `poll` of a source, `process` of a sink with a transaction that is
 * ended by the answer.  Returns what the component returned: FLOW_READY, FLOW_BACKOFF,
 * FLOW_PENDING (flow_harness_settle then waits for it) or an error.
 *
 * Errors: FLOW_ESTATE, or what the component returns.
 * Since: 1.0
 */
FLOW_API int flow_harness_run(flow_harness *harness, flow_error **err);

/*
 * Waits until every pending transaction of a sink was done; returns the last one's result.
 *
 * Blocks: up to TIMEOUT_MS of real time.
 * Errors: FLOW_ETIMEDOUT, or the result.
 * Since: 1.0
 */
FLOW_API int flow_harness_settle(flow_harness *harness, int64_t timeout_ms, flow_error **err);

/*
 * Moves the clock forward by MS, to the next deadline of a sink first where one is due before, and
 * calls its `timer` each time.
 *
 * Errors: what `timer` returns.
 * Since: 1.0
 */
FLOW_API int flow_harness_advance(flow_harness *harness, int64_t ms, flow_error **err);

/*
 * Sets what flow_context_time returns, in milliseconds since 1970; it moves with the clock.
 *
 * Since: 1.0
 */
FLOW_API void flow_harness_set_time(flow_harness *harness, int64_t ms);

/*
 * Puts a batch where a sink will take it.
 *
 * Errors: FLOW_EFULL.
 * Since: 1.0
 */
FLOW_API int flow_harness_push(flow_harness *harness, const flow_batch *batch, flow_error **err);

/*
 * Moves to the end of BATCH up to MAX events that a source has emitted.  Waits up to TIMEOUT_MS of
 * real time for the first one.
 *
 * Blocks: up to TIMEOUT_MS of real time.
 * Since: 1.0
 */
FLOW_API int flow_harness_pull(flow_harness *harness, size_t max, int64_t timeout_ms,
                               flow_batch *batch, flow_error **err);

/*
 * Runs an interceptor over BATCH.
 *
 * Errors: what the interceptor returns.
 * Since: 1.0
 */
FLOW_API int flow_harness_intercept(flow_harness *harness, flow_batch *batch, flow_error **err);

/*
 * Returns the channel: the one that is tested, or the one around the source or sink.
 *
 * Since: 1.0
 */
FLOW_API flow_channel *flow_harness_channel(flow_harness *harness);

/*
 * Lets the next COUNT commits of puts fail with CODE, to see whether a source tries again.
 *
 * Since: 1.0
 */
FLOW_API void flow_harness_fail(flow_harness *harness, uint32_t count, int code);

/*
 * Returns the value of the component's counter NAME, or 0.
 *
 * Since: 1.0
 */
FLOW_API int64_t flow_harness_counter(flow_harness *harness, const char *name);

/*
 * Stops the component.
 *
 * Errors: what the component returns.
 * Since: 1.0
 */
FLOW_API int flow_harness_stop(flow_harness *harness, flow_error **err);

/*
 * Stops the component if it runs and frees the harness.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_harness_free(flow_harness *harness);

FLOW_END_DECLS

#endif
