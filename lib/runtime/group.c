/* SPDX-License-Identifier: Apache-2.0 */

/* Groups: the processor's view of the sinks of a runner. */

#include "base/error.h"
#include "runtime/group.h"

static int has_events(const flow_group *shown, size_t index)
{
    const struct fl_group *group = (const struct fl_group *)shown;

    return fl_sink_unit_has_events(fl_sink_runner_unit(group->runner, index));
}

/* Waits until the sink's transaction is done, tending to its neighbours meanwhile.  The sink gets
 * no more events before that, so it must not hold back what it has. */
static int wait_pending(struct fl_sink_runner *runner, struct fl_sink_unit *unit, flow_error **err)
{
    fl_sink_unit_flush(unit);
    while (unit->pending.count > 0) {
        fl_waker_begin(&runner->waker);
        if (fl_sink_runner_stopping(runner))
            return flow_error_set(err, FLOW_ECLOSED, "stopped while a transaction was pending");
        int64_t wake = fl_sink_runner_tend(runner);
        if (unit->pending.count > 0)
            fl_waker_sleep(&runner->waker, runner->clock, wake);
    }

    flow_error *failure = fl_sink_unit_failure(unit);
    int rc = flow_error_code(failure);
    if (failure)
        fl_error_pass(err, failure);
    return rc;
}

/* One whole transaction, without a look at who calls. */
static int run_unit(struct fl_group *group, struct fl_sink_unit *unit, flow_error **err)
{
    if (!unit->start.started)
        return flow_error_setf(err, FLOW_ECLOSED, "%s has not started", unit->ctx->label);

    int answer = fl_sink_unit_run(unit, err);
    group->ran_dry = unit->ran_dry;
    if (answer == FLOW_PENDING)
        answer = wait_pending(group->runner, unit, err);
    return answer;
}

/* A sink that is cut short by a stop has not failed. */
static void count(struct fl_group *group, int answer)
{
    if (answer < FLOW_OK && !fl_sink_runner_stopping(group->runner)) {
        flow_counter_add(group->counters.sink_failures, 1);
        group->failed = 1;
    }
    if (answer == FLOW_READY && group->failed)
        flow_counter_add(group->counters.failovers, 1);
}

static int run(flow_group *shown, size_t index, flow_error **err)
{
    struct fl_group *group = (struct fl_group *)shown;
    struct fl_sink_unit *unit = fl_sink_runner_unit(group->runner, index);

    if (atomic_load(&group->inside) != (uintptr_t)pthread_self())
        return flow_error_set(err, FLOW_ESTATE, "flow_group_run is for 'process' of a group");
    if (fl_sink_runner_stopping(group->runner))
        return flow_error_setf(err, FLOW_ECLOSED, "%s is to stop", unit->ctx->label);

    int answer = run_unit(group, unit, err);
    count(group, answer);
    return answer;
}

static int name_sinks(struct fl_group *group, flow_error **err)
{
    size_t count = group->runner->units.count;

    group->names = fl_calloc(group->mem, count, sizeof *group->names);
    if (!group->names)
        return fl_error_nomem(err);
    for (size_t i = 0; i < count; i++)
        group->names[i] = flow_context_name(fl_sink_runner_unit(group->runner, i)->ctx);
    group->shown = (flow_group){
        .names = group->names,
        .count = count,
        .run = run,
        .has_events = has_events,
    };
    return FLOW_OK;
}

static int find_counters(struct fl_group *group, flow_error **err)
{
    struct fl_group_counters *counters = &group->counters;

    counters->sink_failures = flow_context_counter(group->ctx, "SinkFailureCount");
    counters->failovers = flow_context_counter(group->ctx, "FailoverCount");
    counters->failures = flow_context_counter(group->ctx, "GroupFailureCount");
    if (!counters->sink_failures || !counters->failovers || !counters->failures)
        return fl_error_nomem(err);
    return FLOW_OK;
}

static int make(struct fl_group *group, const struct fl_site *site, const struct fl_part *part,
                flow_error **err)
{
    const flow_group_ops *ops = &part->type->ops.group;
    int rc = fl_site_context(site, part, &group->ctx, err);

    if (!rc)
        rc = name_sinks(group, err);
    if (!rc)
        rc = find_counters(group, err);
    if (!rc)
        rc = fl_answer(group->ctx, "create",
                       ops->create(group->ctx, &group->shown, &group->self, err), FLOW_OK, err);
    if (!rc)
        group->ops = ops;
    return rc;
}

int fl_group_new(const struct fl_site *site, const struct fl_part *part,
                 struct fl_sink_runner *runner, flow_error **err)
{
    const flow_allocator *mem = &site->lib->allocator;
    struct fl_group *group = fl_zalloc(mem, sizeof *group);

    if (!group)
        return fl_error_nomem(err);
    group->mem = mem;
    group->runner = runner;
    int rc = make(group, site, part, err);
    if (rc) {
        fl_group_free(group);
        return rc;
    }
    fl_fault_log_init(&group->faults, group->ctx);
    runner->group = group;
    runner->faults = &group->faults;
    return FLOW_OK;
}

void fl_group_free(struct fl_group *group)
{
    if (!group)
        return;
    if (group->ops)
        group->ops->destroy(group->self);
    fl_context_free(group->ctx);
    fl_fault_log_free(&group->faults);
    fl_free(group->mem, group->names);
    fl_free(group->mem, group);
}

void fl_group_tell(const struct fl_group *group)
{
    const struct fl_vec *units = &group->runner->units;

    for (size_t i = 0; units->count > 1 && i < units->count; i++) {
        const flow_channel *channel = fl_sink_runner_unit(group->runner, i)->channel;
        if (!fl_channel_is_durable(channel->base))
            continue;
        flow_context_logf(group->ctx, FLOW_LOG_INFO,
                          "delivers at least once from channel %s: what one of its %zu sinks has "
                          "delivered although it failed, another one delivers again",
                          flow_channel_name(channel), units->count);
        return;
    }
}

int fl_group_process(struct fl_group *group, flow_error **err)
{
    atomic_store(&group->inside, (uintptr_t)pthread_self());
    group->failed = 0;
    group->ran_dry = 0;
    int rc =
        fl_answer(group->ctx, "process", group->ops->process(group->self, err), FLOW_BACKOFF, err);
    atomic_store(&group->inside, 0);
    if (rc < FLOW_OK && !fl_sink_runner_stopping(group->runner))
        flow_counter_add(group->counters.failures, 1);
    return rc;
}
