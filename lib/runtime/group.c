/* SPDX-License-Identifier: Apache-2.0 */

/* Groups: the processor's view of the sinks of a runner. */

#include "base/error.h"
#include "runtime/group.h"

int fl_group_new(const struct fl_site *site, const struct fl_part *part,
                 struct fl_sink_runner *runner, flow_error **err)
{
    const flow_allocator *mem = &site->lib->allocator;
    const flow_group_ops *ops = &part->type->ops.group;
    flow_group *group = fl_zalloc(mem, sizeof(*group));

    if (group == NULL)
        return fl_error_nomem(err);
    group->mem = mem;
    group->runner = runner;

    int rc = fl_site_context(site, part, &group->ctx, err);
    if (rc == FLOW_OK)
        rc = fl_answer(group->ctx, "create", ops->create(group->ctx, group, &group->self, err),
                       FLOW_OK, err);
    if (rc != FLOW_OK) {
        fl_group_free(group);
        return rc;
    }
    group->ops = ops;
    fl_fault_log_init(&group->faults, group->ctx);
    runner->group = group;
    runner->faults = &group->faults;
    return FLOW_OK;
}

void fl_group_free(flow_group *group)
{
    if (group == NULL)
        return;
    if (group->ops != NULL)
        group->ops->destroy(group->self);
    fl_context_free(group->ctx);
    fl_fault_log_free(&group->faults);
    fl_free(group->mem, group);
}

int fl_group_process(flow_group *group, flow_error **err)
{
    atomic_store(&group->inside, (uintptr_t)pthread_self());
    group->ran_dry = 0;
    int rc =
        fl_answer(group->ctx, "process", group->ops->process(group->self, err), FLOW_BACKOFF, err);
    atomic_store(&group->inside, 0);
    return rc;
}

size_t flow_group_count(const flow_group *group)
{
    return group == NULL ? 0 : group->runner->units.count;
}

const char *flow_group_name(const flow_group *group, size_t index)
{
    if (index >= flow_group_count(group))
        return NULL;
    return flow_context_name(fl_sink_runner_unit(group->runner, index)->ctx);
}

/* Waits until the sink's transaction is done, tending to its neighbours meanwhile. */
static int wait_pending(struct fl_sink_runner *runner, struct fl_sink_unit *unit, flow_error **err)
{
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
    if (failure != NULL)
        fl_error_pass(err, failure);
    return rc;
}

int flow_group_run(flow_group *group, size_t index, flow_error **err)
{
    if (index >= flow_group_count(group))
        return flow_error_set(err, FLOW_EINVAL, "the group has no such sink");
    if (atomic_load(&group->inside) != (uintptr_t)pthread_self())
        return flow_error_set(err, FLOW_ESTATE, "flow_group_run is for 'process' of a group");

    struct fl_sink_unit *unit = fl_sink_runner_unit(group->runner, index);
    if (fl_sink_runner_stopping(group->runner))
        return flow_error_setf(err, FLOW_ECLOSED, "%s is to stop", unit->ctx->label);
    if (!unit->start.started)
        return flow_error_setf(err, FLOW_ECLOSED, "%s has not started", unit->ctx->label);

    int answer = fl_sink_unit_run(unit, err);
    group->ran_dry = unit->ran_dry;
    if (answer == FLOW_PENDING)
        answer = wait_pending(group->runner, unit, err);
    return answer;
}
