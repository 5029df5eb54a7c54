/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A runner's life is a row of rounds: tend to the sinks, then sleep until there are events, a call
 * or a deadline, then run one transaction.  A pause is a time before which no transaction begins;
 * pending ones are settled meanwhile.  An empty channel is no reason to pause, so nothing wakes an
 * idle runner.
 *
 * Sinks of one group may take from several channels.  Then it sleeps until any of them has events.
 */

#include "base/error.h"
#include "runtime/group.h"

int fl_sink_runner_new(const struct fl_site *site, const char *name, struct fl_sink_runner **runner,
                       flow_error **err)
{
    const flow_allocator *mem = &site->lib->allocator;
    struct fl_sink_runner *made = fl_zalloc(mem, sizeof(*made));

    if (!made || fl_waker_init(&made->waker) != FLOW_OK) {
        fl_free(mem, made);
        return fl_error_nomem(err);
    }
    made->name = name;
    made->clock = site->clock ? site->clock : site->lib->clock;
    made->draining = site->draining;
    fl_vec_init(&made->units, mem, sizeof(struct fl_sink_unit *));
    fl_worker_init(&made->worker, site->changed);
    *runner = made;
    return FLOW_OK;
}

void fl_sink_runner_free(struct fl_sink_runner *runner)
{
    if (!runner)
        return;

    const flow_allocator *mem = runner->units.mem;
    fl_group_free(runner->group);
    for (size_t i = 0; i < runner->units.count; i++)
        fl_sink_unit_free(fl_sink_runner_unit(runner, i));
    fl_vec_free(&runner->units);
    fl_waker_destroy(&runner->waker);
    fl_free(mem, runner);
}

static void channel_has_events(void *waker)
{
    fl_waker_call(waker);
}

int fl_sink_runner_add(struct fl_sink_runner *runner, const struct fl_site *site,
                       const struct fl_part *part, flow_channel *channel, flow_error **err)
{
    struct fl_sink_unit *unit;
    int rc = fl_sink_unit_new(site, part, channel, &unit, err);

    if (rc != FLOW_OK)
        return rc;
    if (!fl_vec_push(&runner->units, &unit)) {
        fl_sink_unit_free(unit);
        return fl_error_nomem(err);
    }
    unit->waker = &runner->waker;
    unit->ear = (struct fl_gate_ear){.heard = channel_has_events, .arg = &runner->waker};
    if (runner->units.count == 1) {
        runner->channel = channel;
        runner->faults = &unit->faults;
    } else if (runner->channel != channel) {
        runner->channel = NULL;
    }
    return FLOW_OK;
}

struct fl_sink_unit *fl_sink_runner_unit(const struct fl_sink_runner *runner, size_t index)
{
    return *(struct fl_sink_unit **)fl_vec_at(&runner->units, index);
}

const flow_context *fl_sink_runner_context(const struct fl_sink_runner *runner)
{
    return runner->group ? runner->group->ctx : fl_sink_runner_unit(runner, 0)->ctx;
}

int fl_sink_runner_stopping(const struct fl_sink_runner *runner)
{
    return atomic_load(&runner->worker.stopping);
}

static void pause_for(struct fl_sink_runner *runner, int64_t ms)
{
    runner->paused_until = fl_clock_after(runner->clock, ms);
}

static void fault(struct fl_sink_runner *runner, flow_error *cause)
{
    if (fl_sink_runner_stopping(runner)) {
        flow_error_free(cause);
        return;
    }
    fl_fault_log_add(runner->faults, FLOW_LOG_ERROR, "events not delivered, tried again in 5 s",
                     cause);
    pause_for(runner, FL_FAULT_PAUSE_MS);
}

/* While the pipeline is drained: asks for what is held back, and tells how far this runner is. */
static void drain(struct fl_sink_runner *runner)
{
    int empty = 1;

    if (!atomic_load(runner->draining))
        return;
    for (size_t i = 0; i < runner->units.count; i++) {
        struct fl_sink_unit *unit = fl_sink_runner_unit(runner, i);
        if (flow_channel_size(unit->channel) == 0)
            fl_sink_unit_flush(unit);
        else
            empty = 0;
    }
    atomic_store(&runner->flushed, empty);
    fl_gate_open(runner->worker.changed);
}

int64_t fl_sink_runner_tend(struct fl_sink_runner *runner)
{
    int64_t wake = FL_NEVER;

    for (size_t i = 0; i < runner->units.count; i++)
        fl_sink_unit_tend(fl_sink_runner_unit(runner, i));
    drain(runner);
    for (size_t i = 0; i < runner->units.count; i++) {
        int64_t next = fl_sink_unit_wake(fl_sink_runner_unit(runner, i));
        if (next < wake)
            wake = next;
    }
    return wake;
}

static int may_run(const struct fl_sink_runner *runner)
{
    for (size_t i = 0; i < runner->units.count; i++) {
        if (fl_sink_unit_may_run(fl_sink_runner_unit(runner, i)))
            return 1;
    }
    return 0;
}

/* Whether a sink that may run has events to take. */
static int has_events(const struct fl_sink_runner *runner)
{
    for (size_t i = 0; i < runner->units.count; i++) {
        const struct fl_sink_unit *unit = fl_sink_runner_unit(runner, i);
        if (fl_sink_unit_may_run(unit) && fl_sink_unit_has_events(unit))
            return 1;
    }
    return 0;
}

/* Whether a back-off only means that there was nothing to take. */
static int ran_dry(const struct fl_sink_runner *runner)
{
    if (!runner->group)
        return fl_sink_runner_unit(runner, 0)->ran_dry;
    return (runner->channel && runner->group->ran_dry) || !has_events(runner);
}

/* A processor that was led to an empty channel while others are not empty may choose again at once,
 * but not for ever. */
static int may_choose_again(struct fl_sink_runner *runner)
{
    return runner->group && runner->group->ran_dry && ++runner->dry < runner->units.count;
}

static void back_off(struct fl_sink_runner *runner)
{
    runner->dry = 0;
    runner->backoffs++;
    pause_for(runner, fl_backoff(runner->backoffs, FL_BACKOFF_STEP_MS, FL_BACKOFF_MAX_MS));
}

/* One transaction, and what follows from its answer. */
static void turn(struct fl_sink_runner *runner)
{
    flow_error *cause = NULL;
    struct fl_sink_unit *alone = fl_sink_runner_unit(runner, 0);

    atomic_store(&runner->flushed, 0);
    int answer =
        runner->group ? fl_group_process(runner->group, &cause) : fl_sink_unit_run(alone, &cause);

    if (answer < FLOW_OK) {
        fault(runner, cause);
        return;
    }
    flow_error_free(cause);
    if (runner->group && answer == FLOW_READY)
        fl_fault_log_clear(runner->faults);
    if (answer != FLOW_BACKOFF || ran_dry(runner)) {
        runner->dry = 0;
        runner->backoffs = 0;
    } else if (!may_choose_again(runner)) {
        back_off(runner);
    }
}

/* Sleeps until any channel has events; 1 when there were some without sleeping. */
static int rest_on_all(struct fl_sink_runner *runner, int64_t wake)
{
    if (has_events(runner))
        return 1;
    for (size_t i = 0; i < runner->units.count; i++) {
        struct fl_sink_unit *unit = fl_sink_runner_unit(runner, i);
        fl_gate_listen(&unit->channel->base->events, &unit->ear);
    }
    if (!has_events(runner))
        fl_waker_sleep(&runner->waker, runner->clock, wake);
    for (size_t i = 0; i < runner->units.count; i++) {
        struct fl_sink_unit *unit = fl_sink_runner_unit(runner, i);
        fl_gate_leave(&unit->channel->base->events, &unit->ear);
    }
    return 0;
}

/* Sleeps until there is something to do; 1 when that is a transaction. */
static int rest(struct fl_sink_runner *runner, int64_t wake)
{
    if (!may_run(runner)) {
        fl_waker_sleep(&runner->waker, runner->clock, wake);
        return 0;
    }
    if (runner->paused_until > 0 && fl_clock_now(runner->clock) < runner->paused_until) {
        if (runner->paused_until < wake)
            wake = runner->paused_until;
        fl_waker_sleep(&runner->waker, runner->clock, wake);
        return 0;
    }
    runner->paused_until = 0;
    if (!runner->channel)
        return rest_on_all(runner, wake);
    return fl_waker_sleep_on(&runner->waker, runner->channel, wake);
}

static void play_round(struct fl_sink_runner *runner)
{
    fl_waker_begin(&runner->waker);
    if (fl_sink_runner_stopping(runner))
        return;

    int64_t wake = fl_sink_runner_tend(runner);
    fl_worker_attempted(&runner->worker);
    if (!runner->group) {
        flow_error *cause = fl_sink_unit_failure(fl_sink_runner_unit(runner, 0));
        if (cause)
            fault(runner, cause);
    }
    if (rest(runner, wake))
        turn(runner);
}

/* A sink without `stop` has no other way to end its transactions than to go on until they are. */
static void finish_pending(struct fl_sink_runner *runner, struct fl_sink_unit *unit)
{
    while (!unit->ops->stop && unit->pending.count > 0) {
        fl_waker_begin(&runner->waker);
        fl_sink_unit_tend(unit);
        if (unit->pending.count > 0)
            fl_waker_sleep(&runner->waker, runner->clock, fl_sink_unit_wake(unit));
    }
}

static void wind_up(struct fl_sink_runner *runner)
{
    for (size_t i = 0; i < runner->units.count; i++) {
        struct fl_sink_unit *unit = fl_sink_runner_unit(runner, i);
        flow_error *cause = NULL;

        finish_pending(runner, unit);
        if (fl_sink_unit_stop(unit, &cause) != FLOW_OK)
            flow_context_logf(unit->ctx, FLOW_LOG_ERROR, "did not stop cleanly: %s",
                              flow_error_message(cause));
        flow_error_free(cause);
    }
}

static void run(void *arg)
{
    struct fl_sink_runner *runner = arg;

    while (!fl_sink_runner_stopping(runner))
        play_round(runner);
    wind_up(runner);
}

void fl_sink_runner_resume(struct fl_sink_runner *runner)
{
    atomic_store(&runner->worker.stopping, 0);
    for (size_t i = 0; i < runner->units.count; i++)
        fl_context_resume(fl_sink_runner_unit(runner, i)->ctx);
    if (runner->group)
        fl_context_resume(runner->group->ctx);
}

int fl_sink_runner_start(struct fl_sink_runner *runner, flow_error **err)
{
    runner->paused_until = 0;
    runner->backoffs = 0;
    runner->dry = 0;
    if (runner->group)
        fl_group_tell(runner->group);
    if (fl_worker_start(&runner->worker, runner->name, run, runner) != FLOW_OK)
        return flow_error_setf(err, FLOW_ENOMEM, "no thread for sink %s", runner->name);
    return FLOW_OK;
}

/* The processor knows first: a sink that fails because it is to stop is then no failure to it. */
void fl_sink_runner_stop(struct fl_sink_runner *runner)
{
    if (runner->group)
        fl_context_stop(runner->group->ctx);
    atomic_store(&runner->worker.stopping, 1);
    for (size_t i = 0; i < runner->units.count; i++)
        fl_context_stop(fl_sink_runner_unit(runner, i)->ctx);
    fl_waker_call(&runner->waker);
}

int fl_sink_runner_join(struct fl_sink_runner *runner, int64_t deadline)
{
    return fl_worker_join(&runner->worker, deadline);
}

void fl_sink_runner_drain(struct fl_sink_runner *runner)
{
    atomic_store(&runner->flushed, 0);
    fl_waker_call(&runner->waker);
}

uint64_t fl_sink_runner_begun(const struct fl_sink_runner *runner)
{
    uint64_t begun = 0;

    for (size_t i = 0; i < runner->units.count; i++)
        begun += atomic_load(&fl_sink_runner_unit(runner, i)->begun);
    return begun;
}

uint64_t fl_sink_runner_ended(const struct fl_sink_runner *runner)
{
    uint64_t ended = 0;

    for (size_t i = 0; i < runner->units.count; i++)
        ended += atomic_load(&fl_sink_runner_unit(runner, i)->ended);
    return ended;
}
