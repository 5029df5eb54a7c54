/* SPDX-License-Identifier: Apache-2.0 */

/* Drives one component in the thread of its test: what a pipeline's threads do, one step a call. */

#include "base/error.h"
#include "core/batch.h"
#include "runtime/harness.h"

/* Where wall time begins: 2001-09-09T01:46:40Z, in every run the same. */
#define FIRST_WALL_MS INT64_C(1000000000000)

static int make_clock(flow_harness *harness)
{
    const flow_allocator *mem = &harness->lib->allocator;

    harness->threads = -1;
    harness->clock = fl_clock_false_new(mem, FIRST_WALL_MS);
    if (!harness->clock)
        return FLOW_ENOMEM;
    if (fl_sleepers_init(&harness->sleepers, mem, harness->clock) == FLOW_OK)
        return FLOW_OK;
    fl_clock_false_free(mem, harness->clock);
    return FLOW_ENOMEM;
}

static void drop_clock(flow_harness *harness)
{
    fl_sleepers_destroy(&harness->sleepers);
    fl_clock_false_free(&harness->lib->allocator, harness->clock);
}

static int make_gates(flow_harness *harness)
{
    if (fl_gate_init(&harness->changed) != FLOW_OK)
        return FLOW_ENOMEM;
    if (fl_waker_init(&harness->waker) == FLOW_OK)
        return FLOW_OK;
    fl_gate_destroy(&harness->changed);
    return FLOW_ENOMEM;
}

static int make_parts(flow_harness *harness)
{
    fl_vec_init(&harness->keys, &harness->lib->allocator, sizeof(struct fl_harness_key));
    if (make_clock(harness) != FLOW_OK)
        return FLOW_ENOMEM;
    if (make_gates(harness) != FLOW_OK) {
        drop_clock(harness);
        return FLOW_ENOMEM;
    }
    harness->site = (struct fl_site){.lib = harness->lib,
                                     .clock = harness->clock,
                                     .sleepers = &harness->sleepers,
                                     .changed = &harness->changed};
    return FLOW_OK;
}

static char *name_of(uint32_t kind)
{
    switch (kind) {
    case FLOW_KIND_SOURCE: return (char *)"r1";
    case FLOW_KIND_SINK: return (char *)"k1";
    case FLOW_KIND_CHANNEL: return (char *)"c1";
    default: return (char *)"i1";
    }
}

int flow_harness_new(flow_library *lib, uint32_t kind, const char *type, flow_harness **harness,
                     flow_error **err)
{
    const struct fl_type *found;
    int rc = fl_library_check(lib, err);

    if (rc != FLOW_OK)
        return rc;
    if (kind < FLOW_KIND_SOURCE || kind > FLOW_KIND_INTERCEPTOR || !type || !harness)
        return flow_error_set(err, FLOW_EINVAL,
                              "a harness is for a type of source, sink, channel or interceptor");
    rc = fl_registry_lookup(lib->registry, kind, type, &found, NULL, err);
    if (rc != FLOW_OK)
        return rc;

    flow_harness *made = fl_zalloc(&lib->allocator, sizeof(*made));
    if (!made)
        return fl_error_nomem(err);
    made->lib = lib;
    made->type = found;
    made->part = (struct fl_part){.name = name_of(kind), .type = found};
    made->channel_part.name = name_of(FLOW_KIND_CHANNEL);
    if (make_parts(made) != FLOW_OK) {
        fl_free(&lib->allocator, made);
        return fl_error_nomem(err);
    }
    atomic_fetch_add(&lib->users, 1);
    *harness = made;
    return FLOW_OK;
}

/* What every call begins with: the thread that calls is the one that moves the clock. */
static int check(flow_harness *harness, flow_error **err)
{
    if (!harness)
        return flow_error_set(err, FLOW_EINVAL, "no harness was given");
    fl_sleepers_drive(&harness->sleepers);
    return fl_library_check(harness->lib, err);
}

/* The same for calls that need a component of KIND (0: any) at work. */
static int check_runs(flow_harness *harness, uint32_t kind, flow_error **err)
{
    int rc = check(harness, err);

    if (rc == FLOW_OK && !harness->runs)
        rc = flow_error_set(err, FLOW_ESTATE, "call flow_harness_start first");
    if (rc == FLOW_OK && kind != 0 && harness->type->kind != kind)
        rc = flow_error_setf(err, FLOW_ESTATE, "this call is for a %s", fl_kind_name(kind));
    return rc;
}

int flow_harness_set(flow_harness *harness, const char *key, const char *value, flow_error **err)
{
    int rc = check(harness, err);

    if (rc != FLOW_OK)
        return rc;
    if (!key || !value)
        return flow_error_set(err, FLOW_EINVAL, "a key or its value is missing");
    if (harness->is_built)
        return flow_error_set(err, FLOW_ESTATE, "properties are set before the start");

    const flow_allocator *mem = &harness->lib->allocator;
    struct fl_harness_key pair = {fl_strdup(mem, key), fl_strdup(mem, value)};
    if (pair.key && pair.value && fl_vec_push(&harness->keys, &pair))
        return FLOW_OK;
    fl_free(mem, pair.key);
    fl_free(mem, pair.value);
    return fl_error_nomem(err);
}

void flow_harness_expect(flow_harness *harness, uint32_t threads)
{
    if (check(harness, NULL) != FLOW_OK)
        return;
    harness->threads = threads;
    if (harness->runs)
        fl_sleepers_expect(&harness->sleepers, threads);
}

/* Only once it has started: its own threads cannot come while it starts on the test's. */
static void expect_threads(flow_harness *harness)
{
    const struct fl_source_runner *source = harness->source;
    uint32_t threads = source && source->ops->start && source->ops->poll == NULL;

    if (harness->threads >= 0)
        threads = (uint32_t)harness->threads;
    fl_sleepers_expect(&harness->sleepers, threads);
}

/* Moves the clock to END, or, when it is there already, only waits for the component's threads. */
static void walk(flow_harness *harness, int64_t end)
{
    if (fl_sleepers_walk(&harness->sleepers, end, FL_SLEEPERS_PATIENCE_MS) != FLOW_OK)
        fl_logf(&harness->lib->log, FLOW_LOG_WARN, harness->part.name,
                "the clock moves though, after %d s, not all of its threads wait in flow_wait or "
                "have ended",
                FL_SLEEPERS_PATIENCE_MS / 1000);
}

static int start_component(flow_harness *harness, flow_error **err)
{
    if (harness->source) {
        fl_source_runner_resume(harness->source);
        fl_emitter_open(harness->source->emitter);
        return fl_answer(harness->source->ctx, "start",
                         harness->source->start.start(harness->source, err), FLOW_OK, err);
    }
    if (harness->sink) {
        struct fl_supervised *start = &harness->sink->start;
        fl_context_resume(harness->sink->ctx);
        int rc =
            fl_answer(harness->sink->ctx, "start", start->start(start->arg, err), FLOW_OK, err);
        start->started = rc == FLOW_OK;
        return rc;
    }
    return FLOW_OK;
}

int flow_harness_start(flow_harness *harness, flow_error **err)
{
    int rc = check(harness, err);

    if (rc == FLOW_OK && harness->runs)
        rc = flow_error_set(err, FLOW_ESTATE, "the component was started already");
    if (rc != FLOW_OK)
        return rc;
    if (!harness->is_built) {
        rc = fl_harness_build(harness, err);
        if (rc != FLOW_OK) {
            fl_harness_drop(harness);
            return rc;
        }
    }
    fl_sleepers_reset(&harness->sleepers);
    rc = fl_channel_open(harness->channel, err);
    if (rc == FLOW_OK)
        rc = start_component(harness, err);
    if (rc == FLOW_OK)
        expect_threads(harness);
    else
        fl_channel_close(harness->channel, NULL);
    harness->runs = rc == FLOW_OK;
    return rc;
}

static int run_sink(struct fl_sink_unit *sink, flow_error **err)
{
    fl_sink_unit_settle(sink);
    if (!fl_sink_unit_may_run(sink))
        return flow_error_set(err, FLOW_ESTATE,
                              "the sink holds as many transactions as it may; call "
                              "flow_harness_settle first");
    return fl_sink_unit_run(sink, err);
}

int flow_harness_run(flow_harness *harness, flow_error **err)
{
    int rc = check_runs(harness, 0, err);

    if (rc != FLOW_OK)
        return rc;
    if (harness->sink)
        return run_sink(harness->sink, err);

    struct fl_source_runner *source = harness->source;
    if (!source || !source->ops->poll)
        return flow_error_set(err, FLOW_ESTATE, "the component is not one that is called");
    return fl_answer(source->ctx, "poll", source->ops->poll(source->self, source->emitter, err),
                     FLOW_BACKOFF, err);
}

int flow_harness_settle(flow_harness *harness, int64_t timeout_ms, flow_error **err)
{
    const struct fl_clock *clock = fl_clock_system();
    int64_t deadline = fl_clock_after(clock, timeout_ms);
    int rc = check_runs(harness, FLOW_KIND_SINK, err);

    if (rc != FLOW_OK)
        return rc;
    for (;;) {
        fl_waker_begin(&harness->waker);
        fl_sink_unit_settle(harness->sink);
        if (harness->sink->pending.count == 0)
            break;
        if (fl_clock_now(clock) >= deadline)
            return flow_error_set(err, FLOW_ETIMEDOUT, "the sink has not ended a transaction");
        fl_waker_sleep(&harness->waker, clock, deadline);
    }

    flow_error *failure = fl_sink_unit_failure(harness->sink);
    if (harness->sink->last_result != FLOW_OK && failure)
        fl_error_pass(err, failure);
    else
        flow_error_free(failure);
    return harness->sink->last_result;
}

/* Walks to END by way of the sink's deadlines. */
static int advance_sink(flow_harness *harness, int64_t end, flow_error **err)
{
    struct fl_sink_unit *sink = harness->sink;
    int64_t now = fl_clock_now(harness->clock);
    int64_t due = sink->deadline;

    while (due <= end) {
        if (due > now)
            walk(harness, due);
        int rc = fl_sink_unit_timer(sink, err);
        if (rc != FLOW_OK)
            return rc;
        now = fl_clock_now(harness->clock);
        /* A sink that wants to be called again at this very moment is called when time moves. */
        if (sink->deadline <= now)
            break;
        due = sink->deadline;
    }
    return FLOW_OK;
}

int flow_harness_advance(flow_harness *harness, int64_t ms, flow_error **err)
{
    int rc = check(harness, err);

    if (rc != FLOW_OK)
        return rc;
    int64_t end = fl_clock_after(harness->clock, ms);
    if (ms < 0 || end == FL_NEVER)
        return flow_error_set(err, FLOW_EINVAL, "time goes forward only, and not for ever");

    if (harness->sink && harness->runs)
        rc = advance_sink(harness, end, err);
    if (rc == FLOW_OK)
        walk(harness, end);
    return rc;
}

void flow_harness_set_time(flow_harness *harness, int64_t ms)
{
    if (check(harness, NULL) != FLOW_OK)
        return;
    walk(harness, fl_clock_now(harness->clock));
    fl_clock_false_set_wall(harness->clock, ms);
}

int flow_harness_push(flow_harness *harness, const flow_batch *batch, flow_error **err)
{
    flow_txn *txn;
    int rc = check_runs(harness, 0, err);

    if (rc == FLOW_OK && !batch)
        rc = flow_error_set(err, FLOW_EINVAL, "no batch was given");
    if (rc == FLOW_OK)
        rc = flow_txn_begin(harness->channel, &txn, err);
    if (rc != FLOW_OK)
        return rc;
    rc = fl_txn_put_events(txn, flow_batch_events(batch), flow_batch_count(batch), 0, NULL, err);
    if (rc == FLOW_OK)
        rc = flow_txn_commit(txn, err);
    flow_txn_free(txn);
    return rc;
}

/* Waits, in real time, until the channel has events. */
static void await_events(flow_channel *channel, int64_t timeout_ms)
{
    const struct fl_clock *clock = fl_clock_system();
    int64_t deadline = fl_clock_after(clock, timeout_ms);

    for (;;) {
        uint32_t seen = fl_gate_look(&channel->events);
        if (flow_channel_size(channel) > 0)
            return;
        if (fl_gate_wait(&channel->events, seen, clock, deadline) != FLOW_OK)
            return;
    }
}

static int take_into(flow_txn *txn, size_t max, flow_batch *batch, flow_error **err)
{
    const flow_event *const *events;
    size_t count;
    int rc = flow_txn_take(txn, max, 0, &events, &count, err);

    for (size_t i = 0; rc == FLOW_OK && i < count; i++)
        rc = flow_batch_append(batch, events[i], err);
    return rc == FLOW_OK ? flow_txn_commit(txn, err) : rc;
}

int flow_harness_pull(flow_harness *harness, size_t max, int64_t timeout_ms, flow_batch *batch,
                      flow_error **err)
{
    flow_txn *txn;
    int rc = check_runs(harness, 0, err);

    if (rc == FLOW_OK && !batch)
        rc = flow_error_set(err, FLOW_EINVAL, "no batch was given");
    if (rc != FLOW_OK)
        return rc;
    await_events(harness->channel, timeout_ms);
    rc = flow_txn_begin(harness->channel, &txn, err);
    if (rc != FLOW_OK)
        return rc;
    size_t before = flow_batch_count(batch);
    rc = take_into(txn, max, batch, err);
    if (rc != FLOW_OK)
        flow_batch_truncate(batch, before);
    flow_txn_free(txn);
    return rc;
}

int flow_harness_intercept(flow_harness *harness, flow_batch *batch, flow_error **err)
{
    int rc = check_runs(harness, FLOW_KIND_INTERCEPTOR, err);

    if (rc == FLOW_OK && !batch)
        rc = flow_error_set(err, FLOW_EINVAL, "no batch was given");
    if (rc != FLOW_OK)
        return rc;
    const struct fl_interceptor *one = &harness->interceptor;
    return fl_answer(one->ctx, "intercept", one->ops->intercept(one->self, batch, err), FLOW_OK,
                     err);
}

flow_channel *flow_harness_channel(flow_harness *harness)
{
    return harness == NULL ? NULL : harness->channel;
}

void flow_harness_fail(flow_harness *harness, uint32_t count, int code)
{
    if (!harness)
        return;
    atomic_store(&harness->fail_code, code);
    atomic_store(&harness->fails_left, count);
}

static const flow_context *context_of(const flow_harness *harness)
{
    if (harness->source)
        return harness->source->ctx;
    if (harness->sink)
        return harness->sink->ctx;
    if (harness->interceptor.ctx)
        return harness->interceptor.ctx;
    return harness->channel ? harness->channel->ctx : NULL;
}

int64_t flow_harness_counter(flow_harness *harness, const char *name)
{
    const flow_context *ctx = harness == NULL ? NULL : context_of(harness);

    return !ctx || name == NULL ? 0 : fl_counters_value(&ctx->counters, name);
}

static int stop_source(struct fl_source_runner *source, flow_error **err)
{
    int rc = FLOW_OK;

    fl_source_runner_hurry(source);
    if (source->ops->stop)
        rc = fl_answer(source->ctx, "stop", source->ops->stop(source->self, err), FLOW_OK, err);
    fl_emitter_close(source->emitter, FL_NEVER);
    return rc;
}

int flow_harness_stop(flow_harness *harness, flow_error **err)
{
    int rc = check_runs(harness, 0, err);

    if (rc != FLOW_OK)
        return rc;
    harness->runs = 0;
    fl_sleepers_expect(&harness->sleepers, 0);
    if (harness->source)
        rc = stop_source(harness->source, err);
    if (harness->sink) {
        fl_context_stop(harness->sink->ctx);
        rc = fl_sink_unit_stop(harness->sink, err);
    }
    int closed = fl_channel_close(harness->channel, rc == FLOW_OK ? err : NULL);
    return rc == FLOW_OK ? closed : rc;
}

void flow_harness_free(flow_harness *harness)
{
    if (!harness || fl_library_check(harness->lib, NULL) != FLOW_OK)
        return;
    if (harness->runs)
        flow_harness_stop(harness, NULL);
    fl_harness_drop(harness);

    flow_library *lib = harness->lib;
    for (size_t i = 0; i < harness->keys.count; i++) {
        const struct fl_harness_key *pair = fl_vec_at(&harness->keys, i);
        fl_free(&lib->allocator, pair->key);
        fl_free(&lib->allocator, pair->value);
    }
    fl_vec_free(&harness->keys);
    fl_waker_destroy(&harness->waker);
    fl_gate_destroy(&harness->changed);
    drop_clock(harness);
    fl_free(&lib->allocator, harness);
    atomic_fetch_sub(&lib->users, 1);
}
