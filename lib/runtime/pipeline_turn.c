/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whose turn it is: one call at a time is at work on a pipeline.  A stop goes before the others and
 * does not wait in vain: calls that asked for their turn before it came give up, since they compare
 * the number of stops, which nobody takes back, with the one they saw then.
 */

#include "base/error.h"
#include "runtime/pipeline.h"

static uintptr_t self(void)
{
    return (uintptr_t)pthread_self();
}

/* 1 on a thread that the pipeline runs, where waiting for it would be waiting for oneself. */
static int is_own_thread(const flow_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->runners.count; i++) {
        if (fl_worker_is_caller(&fl_pipeline_runner_at(pipeline, i)->worker))
            return 1;
    }
    for (size_t i = 0; i < pipeline->sources.count; i++) {
        if (fl_source_runner_is_caller(fl_pipeline_source_at(pipeline, i)))
            return 1;
    }
    return fl_worker_is_caller(&pipeline->closer);
}

/* Locks, unless the caller is inside the pipeline: on a thread of its own, or in a callback on the
 * thread of the call that is at work. */
static int enter(flow_pipeline *pipeline, flow_error **err)
{
    int inside = is_own_thread(pipeline);

    fl_lock(&pipeline->lock);
    if (!inside && pipeline->holder != self())
        return FLOW_OK;
    fl_unlock(&pipeline->lock);
    return flow_error_set(err, FLOW_ESTATE,
                          "a callback cannot wait for the pipeline that called it");
}

static int is_taken(const flow_pipeline *pipeline, int by_stop)
{
    return pipeline->holder != 0 || (!by_stop && pipeline->stops_waiting > 0);
}

/* Locked.  Waits for the turn and takes it. */
static int await_turn(flow_pipeline *pipeline, int by_stop, int64_t deadline)
{
    uint32_t seen = atomic_load(&pipeline->stops);
    int rc = FLOW_OK;

    while (rc == FLOW_OK && is_taken(pipeline, by_stop))
        rc = fl_lock_wait(&pipeline->lock, fl_clock_system(), deadline);
    if (is_taken(pipeline, by_stop))
        return FLOW_ETIMEDOUT;
    pipeline->holder = self();
    pipeline->stops_seen = seen;
    return FLOW_OK;
}

static int in_use(const flow_pipeline *pipeline, flow_error **err)
{
    const flow_context *awaited = atomic_load(&pipeline->awaited);

    if (!awaited)
        return flow_error_set(err, FLOW_ETIMEDOUT, "another call is still at work on the pipeline");
    flow_error_set(err, FLOW_ETIMEDOUT, "another call on the pipeline still waits for it");
    flow_error_locate(err, awaited->label, NULL, NULL, 0, 0);
    return FLOW_ETIMEDOUT;
}

int fl_pipeline_claim(flow_pipeline *pipeline, int64_t deadline, flow_error **err)
{
    int rc = enter(pipeline, err);

    if (rc != FLOW_OK)
        return rc;
    rc = await_turn(pipeline, 0, deadline);
    fl_unlock(&pipeline->lock);
    return rc == FLOW_OK ? rc : in_use(pipeline, err);
}

/* Locked.  A channel that is open is at work for sinks, and closed after them. */
static void hurry_start(flow_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->channels.count; i++) {
        flow_channel *channel = fl_pipeline_channel_at(pipeline, i);
        if (channel && !atomic_load(&channel->is_open))
            fl_context_stop(channel->ctx);
    }
    for (size_t i = 0; i < pipeline->runners.count; i++)
        fl_sink_runner_stop(fl_pipeline_runner_at(pipeline, i));
    for (size_t i = 0; i < pipeline->sources.count; i++)
        fl_source_runner_hurry(fl_pipeline_source_at(pipeline, i));
}

int fl_pipeline_claim_to_stop(flow_pipeline *pipeline, int64_t deadline, flow_error **err)
{
    int rc = enter(pipeline, err);

    if (rc != FLOW_OK)
        return rc;
    atomic_fetch_add(&pipeline->stops, 1);
    if (pipeline->starting)
        hurry_start(pipeline);
    fl_gate_open(&pipeline->changed);

    pipeline->stops_waiting++;
    rc = await_turn(pipeline, 1, deadline);
    pipeline->stops_waiting--;
    fl_lock_wake(&pipeline->lock);
    fl_unlock(&pipeline->lock);
    return rc == FLOW_OK ? rc : in_use(pipeline, err);
}

void fl_pipeline_release(flow_pipeline *pipeline)
{
    atomic_store(&pipeline->awaited, NULL);
    fl_lock(&pipeline->lock);
    pipeline->holder = 0;
    fl_lock_wake(&pipeline->lock);
    fl_unlock(&pipeline->lock);
}

int fl_pipeline_check_stops(const flow_pipeline *pipeline, flow_error **err)
{
    if (atomic_load(&pipeline->stops) == pipeline->stops_seen)
        return FLOW_OK;
    return flow_error_set(err, FLOW_ECLOSED, "the pipeline was stopped meanwhile");
}

/* Locked. */
static void resume(flow_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->channels.count; i++) {
        flow_channel *channel = fl_pipeline_channel_at(pipeline, i);
        if (channel)
            fl_context_resume(channel->ctx);
    }
    for (size_t i = 0; i < pipeline->runners.count; i++)
        fl_sink_runner_resume(fl_pipeline_runner_at(pipeline, i));
    for (size_t i = 0; i < pipeline->sources.count; i++)
        fl_source_runner_resume(fl_pipeline_source_at(pipeline, i));
}

/* Under the lock, so that a stop comes either before, and is seen here, or after, and then nothing
 * that it ends is made ready again. */
int fl_pipeline_begin_start(flow_pipeline *pipeline, flow_error **err)
{
    fl_lock(&pipeline->lock);
    int rc = fl_pipeline_check_stops(pipeline, err);
    if (rc == FLOW_OK) {
        resume(pipeline);
        pipeline->starting = 1;
    }
    fl_unlock(&pipeline->lock);
    return rc;
}

int fl_pipeline_end_start(flow_pipeline *pipeline, int rc, flow_error **err)
{
    fl_lock(&pipeline->lock);
    pipeline->starting = 0;
    int stopped = fl_pipeline_check_stops(pipeline, err);
    fl_unlock(&pipeline->lock);
    return stopped != FLOW_OK ? stopped : rc;
}
