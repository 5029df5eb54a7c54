/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Start, drain and stop.  One of them is at work at a time.  Every wait has a deadline on the
 * system's clock, whatever clock the components see, and can be taken up again by another call.
 */

#include <inttypes.h>

#include "base/error.h"
#include "runtime/outlet.h"
#include "runtime/pipeline.h"

/* Transactions of the host's own tell nobody, so a drain looks at the channels this often. */
#define DRAIN_LOOK_MS 50

/* Notes whom this call waits for, so that it, and others that wait for it, can tell. */
static void await(flow_pipeline *pipeline, const flow_context *ctx)
{
    atomic_store(&pipeline->awaited, ctx);
}

static int late(const flow_pipeline *pipeline, const char *what, flow_error **err)
{
    const flow_context *awaited = atomic_load(&pipeline->awaited);

    flow_error_setf(err, FLOW_ETIMEDOUT, "%s in time; flow_pipeline_stop waits on", what);
    flow_error_locate(err, awaited->label, NULL, NULL, 0, 0);
    return FLOW_ETIMEDOUT;
}

static int check_outlets(const flow_pipeline *pipeline, flow_error **err)
{
    for (size_t i = 0; i < pipeline->runners.count; i++) {
        const struct fl_sink_runner *runner = fl_pipeline_runner_at(pipeline, i);
        for (size_t k = 0; k < runner->units.count; k++) {
            const struct fl_sink_unit *unit = fl_sink_runner_unit(runner, k);
            const struct fl_outlet *outlet = fl_outlet_of(unit->ops, unit->self);
            if (outlet && !fl_outlet_is_bound(outlet))
                return flow_error_setf(err, FLOW_ECONFIG,
                                       "%s has no function; call flow_pipeline_bind first",
                                       unit->ctx->label);
        }
    }
    return FLOW_OK;
}

static int open_channel(flow_pipeline *pipeline, flow_channel *channel, flow_error **err)
{
    int rc = fl_pipeline_check_stops(pipeline, NULL);

    if (rc == FLOW_OK) {
        await(pipeline, channel->ctx);
        rc = fl_channel_open(channel, err);
    }
    if (rc != FLOW_OK)
        return rc;
    flow_context_log(channel->ctx, FLOW_LOG_INFO, "started");
    flow_counter_set(flow_context_counter(channel->ctx, "StartTime"),
                     flow_context_time(channel->ctx));
    flow_counter_set(flow_context_counter(channel->ctx, "StopTime"), 0);
    return FLOW_OK;
}

static int open_channels(flow_pipeline *pipeline, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < pipeline->channels.count && rc == FLOW_OK; i++) {
        flow_channel *channel = fl_pipeline_channel_at(pipeline, i);
        if (channel)
            rc = open_channel(pipeline, channel, err);
    }
    return rc;
}

static int start_sinks(flow_pipeline *pipeline, flow_error **err)
{
    int rc = fl_pipeline_check_stops(pipeline, NULL);

    for (size_t i = 0; i < pipeline->runners.count && rc == FLOW_OK; i++)
        rc = fl_sink_runner_start(fl_pipeline_runner_at(pipeline, i), err);
    for (size_t i = 0; i < pipeline->runners.count && rc == FLOW_OK; i++) {
        struct fl_sink_runner *runner = fl_pipeline_runner_at(pipeline, i);
        await(pipeline, fl_sink_runner_context(runner));
        fl_worker_wait(&runner->worker, &runner->worker.attempted, FL_NEVER);
    }
    return rc;
}

static int start_sources(flow_pipeline *pipeline, flow_error **err)
{
    int rc = fl_pipeline_check_stops(pipeline, NULL);

    for (size_t i = 0; i < pipeline->sources.count && rc == FLOW_OK; i++)
        rc = fl_source_runner_start(fl_pipeline_source_at(pipeline, i), err);
    for (size_t i = 0; i < pipeline->sources.count && rc == FLOW_OK; i++) {
        struct fl_source_runner *runner = fl_pipeline_source_at(pipeline, i);
        await(pipeline, runner->ctx);
        fl_worker_wait(&runner->worker, &runner->worker.attempted, FL_NEVER);
    }
    return rc;
}

static int stop_sources(flow_pipeline *pipeline, int64_t deadline, flow_error **err)
{
    for (size_t i = 0; i < pipeline->sources.count; i++)
        fl_source_runner_stop(fl_pipeline_source_at(pipeline, i));
    for (size_t i = 0; i < pipeline->sources.count; i++) {
        struct fl_source_runner *runner = fl_pipeline_source_at(pipeline, i);
        await(pipeline, runner->ctx);
        if (fl_source_runner_join(runner, deadline) != FLOW_OK)
            return late(pipeline, "did not stop", err);
    }
    return FLOW_OK;
}

static int stop_sinks(flow_pipeline *pipeline, int64_t deadline, flow_error **err)
{
    for (size_t i = 0; i < pipeline->runners.count; i++)
        fl_sink_runner_stop(fl_pipeline_runner_at(pipeline, i));
    for (size_t i = 0; i < pipeline->runners.count; i++) {
        struct fl_sink_runner *runner = fl_pipeline_runner_at(pipeline, i);
        await(pipeline, fl_sink_runner_context(runner));
        if (fl_sink_runner_join(runner, deadline) != FLOW_OK)
            return late(pipeline, "did not stop", err);
    }
    return FLOW_OK;
}

static void close_channel(flow_channel *channel)
{
    flow_error *cause = NULL;
    int was_open = atomic_load(&channel->is_open);

    fl_context_stop(channel->ctx);
    if (fl_channel_close(channel, &cause) != FLOW_OK)
        flow_context_logf(channel->ctx, FLOW_LOG_ERROR, "did not close cleanly: %s",
                          flow_error_message(cause));
    else if (was_open)
        flow_context_log(channel->ctx, FLOW_LOG_INFO, "stopped");
    flow_error_free(cause);
    flow_counter_set(flow_context_counter(channel->ctx, "StopTime"),
                     flow_context_time(channel->ctx));
}

static void begin_closing(flow_pipeline *pipeline, flow_channel *channel)
{
    atomic_store(&pipeline->closing, channel);
    await(pipeline, channel->ctx);
}

static void close_channels(void *arg)
{
    flow_pipeline *pipeline = arg;

    for (size_t i = 0; i < pipeline->channels.count; i++) {
        flow_channel *channel = fl_pipeline_channel_at(pipeline, i);
        if (!channel)
            continue;
        begin_closing(pipeline, channel);
        close_channel(channel);
    }
}

/* The first channel that has something to do that could take long, or NULL. */
static flow_channel *slow_channel(const flow_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->channels.count; i++) {
        flow_channel *channel = fl_pipeline_channel_at(pipeline, i);
        if (channel && channel->ops->close && atomic_load(&channel->is_open))
            return channel;
    }
    return NULL;
}

static int stop_channels(flow_pipeline *pipeline, int64_t deadline, flow_error **err)
{
    struct fl_worker *closer = &pipeline->closer;

    if (atomic_load(&closer->ended)) {
        flow_channel *slow = slow_channel(pipeline);
        if (slow)
            begin_closing(pipeline, slow);
        if (!slow || fl_worker_start(closer, "close", close_channels, pipeline) != FLOW_OK)
            close_channels(pipeline);
    }
    if (fl_worker_join(closer, deadline) == FLOW_OK)
        return FLOW_OK;
    await(pipeline, atomic_load(&pipeline->closing)->ctx);
    return late(pipeline, "did not close", err);
}

static int stop_all(flow_pipeline *pipeline, int64_t deadline, flow_error **err)
{
    int rc = stop_sources(pipeline, deadline, err);

    if (rc == FLOW_OK)
        rc = stop_sinks(pipeline, deadline, err);
    if (rc == FLOW_OK)
        rc = stop_channels(pipeline, deadline, err);
    return rc;
}

static int start_all(flow_pipeline *pipeline, flow_error **err)
{
    int rc = open_channels(pipeline, err);

    if (rc == FLOW_OK)
        rc = start_sinks(pipeline, err);
    if (rc == FLOW_OK)
        rc = start_sources(pipeline, err);
    return rc;
}

static int start(flow_pipeline *pipeline, flow_error **err)
{
    int rc = check_outlets(pipeline, err);

    if (rc == FLOW_OK)
        rc = fl_pipeline_begin_start(pipeline, err);
    if (rc != FLOW_OK)
        return rc;
    rc = start_all(pipeline, err);
    rc = fl_pipeline_end_start(pipeline, rc, err);
    if (rc == FLOW_OK) {
        atomic_store(&pipeline->state, FLOW_PIPELINE_RUNNING);
        return FLOW_OK;
    }
    stop_all(pipeline, FL_NEVER, NULL);
    return rc;
}

static int check(const flow_pipeline *pipeline, flow_error **err)
{
    if (!pipeline)
        return flow_error_set(err, FLOW_EINVAL, "no pipeline was given");
    return fl_library_check(pipeline->lib, err);
}

int flow_pipeline_start(flow_pipeline *pipeline, flow_error **err)
{
    int rc = check(pipeline, err);

    if (rc == FLOW_OK)
        rc = fl_pipeline_claim(pipeline, FL_NEVER, err);
    if (rc != FLOW_OK)
        return rc;

    int32_t state = flow_pipeline_state(pipeline);
    if (state == FLOW_PIPELINE_NEW || state == FLOW_PIPELINE_STOPPED)
        rc = start(pipeline, err);
    else
        rc = flow_error_set(err, FLOW_ESTATE, "the pipeline was started already");
    fl_pipeline_release(pipeline);
    return rc;
}

static int has_view(const flow_pipeline *pipeline, const flow_channel *channel)
{
    for (size_t i = 0; i < pipeline->views.count; i++) {
        if ((*(flow_channel **)fl_vec_at(&pipeline->views, i))->base == channel)
            return 1;
    }
    return 0;
}

/* How many events wait for the sinks: of a channel with consumers, for those that take through them
 * and are not paused. */
static uint64_t count_left(const flow_pipeline *pipeline)
{
    uint64_t left = 0;

    for (size_t i = 0; i < pipeline->channels.count; i++) {
        const flow_channel *channel = fl_pipeline_channel_at(pipeline, i);
        if (channel && !has_view(pipeline, channel))
            left += flow_channel_size(channel);
    }
    for (size_t i = 0; i < pipeline->views.count; i++)
        left += flow_channel_size(*(flow_channel **)fl_vec_at(&pipeline->views, i));
    return left;
}

/* 1 when the channels are empty, no sink is at work and all were flushed.  Sizes are read between
 * two counts of transactions: were they equal, nothing was on its way out or back meanwhile. */
static int is_drained(const flow_pipeline *pipeline, uint64_t *left)
{
    uint64_t ended = 0;
    uint64_t begun = 0;
    int flushed = 1;

    for (size_t i = 0; i < pipeline->runners.count; i++)
        ended += fl_sink_runner_ended(fl_pipeline_runner_at(pipeline, i));
    *left = count_left(pipeline);
    for (size_t i = 0; i < pipeline->runners.count; i++)
        begun += fl_sink_runner_begun(fl_pipeline_runner_at(pipeline, i));
    for (size_t i = 0; i < pipeline->runners.count; i++)
        flushed = flushed && atomic_load(&fl_pipeline_runner_at(pipeline, i)->flushed);
    return *left == 0 && begun == ended && flushed;
}

/* Calls the sinks that were not flushed because there were events, which others took meanwhile. */
static void call_unflushed(const flow_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->runners.count; i++) {
        struct fl_sink_runner *runner = fl_pipeline_runner_at(pipeline, i);
        if (!atomic_load(&runner->flushed))
            fl_sink_runner_drain(runner);
    }
}

static int wait_drained(flow_pipeline *pipeline, int64_t deadline, flow_error **err)
{
    uint64_t left;

    for (;;) {
        uint32_t seen = fl_gate_look(&pipeline->changed);
        int64_t look = fl_clock_after(fl_clock_system(), DRAIN_LOOK_MS);

        if (is_drained(pipeline, &left))
            return FLOW_OK;
        if (fl_pipeline_check_stops(pipeline, err) != FLOW_OK)
            return FLOW_ECLOSED;
        if (fl_clock_now(fl_clock_system()) >= deadline)
            break;
        if (left == 0)
            call_unflushed(pipeline);
        fl_gate_wait(&pipeline->changed, seen, fl_clock_system(),
                     look < deadline ? look : deadline);
    }
    return flow_error_setf(err, FLOW_ETIMEDOUT,
                           "%" PRIu64 " events are left in the channels, besides those that sinks "
                           "have in hand",
                           left);
}

static int drain(flow_pipeline *pipeline, int64_t deadline, flow_error **err)
{
    int rc = stop_sources(pipeline, deadline, err);

    if (rc != FLOW_OK)
        return rc;
    await(pipeline, NULL);
    atomic_store(&pipeline->draining, 1);
    for (size_t i = 0; i < pipeline->runners.count; i++)
        fl_sink_runner_drain(fl_pipeline_runner_at(pipeline, i));
    rc = wait_drained(pipeline, deadline, err);
    atomic_store(&pipeline->draining, 0);
    return rc;
}

int flow_pipeline_drain(flow_pipeline *pipeline, int64_t timeout_ms, flow_error **err)
{
    int64_t deadline = fl_clock_after(fl_clock_system(), timeout_ms);
    int rc = check(pipeline, err);

    if (rc == FLOW_OK)
        rc = fl_pipeline_claim(pipeline, deadline, err);
    if (rc != FLOW_OK)
        return rc;

    int32_t state = flow_pipeline_state(pipeline);
    if (state == FLOW_PIPELINE_RUNNING || state == FLOW_PIPELINE_STOPPING) {
        atomic_store(&pipeline->state, FLOW_PIPELINE_STOPPING);
        rc = drain(pipeline, deadline, err);
    } else {
        rc = fl_pipeline_check_stops(pipeline, err);
        if (rc == FLOW_OK)
            rc = flow_error_set(err, FLOW_ESTATE, "the pipeline does not run");
    }
    fl_pipeline_release(pipeline);
    return rc;
}

int flow_pipeline_stop(flow_pipeline *pipeline, int64_t timeout_ms, flow_error **err)
{
    int64_t deadline = fl_clock_after(fl_clock_system(), timeout_ms);
    int rc = check(pipeline, err);

    if (rc == FLOW_OK)
        rc = fl_pipeline_claim_to_stop(pipeline, deadline, err);
    if (rc != FLOW_OK)
        return rc;

    int32_t state = flow_pipeline_state(pipeline);
    if (state == FLOW_PIPELINE_RUNNING || state == FLOW_PIPELINE_STOPPING) {
        atomic_store(&pipeline->state, FLOW_PIPELINE_STOPPING);
        rc = stop_all(pipeline, deadline, err);
        if (rc == FLOW_OK)
            atomic_store(&pipeline->state, FLOW_PIPELINE_STOPPED);
    }
    fl_pipeline_release(pipeline);
    return rc;
}
