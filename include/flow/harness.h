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
 * Used by one thread.  A component that waits in flow_wait on that thread moves the clock itself,
 * by as much.
 *
 * Threads that the component starts see the same clock.  It stands still while one of them that
 * has been in flow_wait is at work, until that one is there again or has ended: then neither does a
 * wait begin too late, nor is anything half done when flow_harness_advance returns.  The first wait
 * of a thread is awaited as flow_harness_expect tells.  A thread that waits elsewhere, at a socket
 * say, holds up the clock for 5 s of real time; then there is a warning in the log, and it is not
 * waited for before it is in flow_wait again.
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
 * Says how many threads of its own the component lets wait in flow_wait; the clock does not move
 * before as many have begun to, or have come back when it had to do without them.  By default 1 for
 * a source without `poll`, which has to have a thread, and 0 for everything else.
 *
 * Since: 1.0
 */
FLOW_API void flow_harness_expect(flow_harness *harness, uint32_t threads);

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
 * Moves the clock forward by MS, by way of each moment at which a wait in flow_wait ends or a sink
 * wants its `timer` called.  What is due then is done when this returns: the threads of the
 * component wait again, or have ended.  With MS 0 the clock stays and only this is awaited.
 *
 * Blocks: as long as these threads need; 5 s for one that waits elsewhere.
 * Errors: what `timer` returns.
 * Since: 1.0
 */
FLOW_API int flow_harness_advance(flow_harness *harness, int64_t ms, flow_error **err);

/*
 * Sets what flow_context_time returns, in milliseconds since 1970; it moves with the clock.  The
 * component's threads are awaited first.
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
