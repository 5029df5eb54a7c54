/* SPDX-License-Identifier: Apache-2.0 */

/* Runs one source: started under supervision, polled with Flume's pauses, stopped on a thread of
 * ours so that the host can wait with a deadline. */

#include "base/error.h"
#include "runtime/source_runner.h"

static int start_source(void *arg, flow_error **err)
{
    struct fl_source_runner *runner = arg;

    if (!runner->ops->start)
        return FLOW_OK;
    return runner->ops->start(runner->self, runner->emitter, err);
}

static int make_source(struct fl_source_runner *runner, const struct fl_site *site,
                       const struct fl_part *part, flow_error **err)
{
    const flow_source_ops *ops = &part->type->ops.source;
    int rc = fl_site_context(site, part, &runner->ctx, err);

    if (rc == FLOW_OK)
        rc = fl_answer(runner->ctx, "create", ops->create(runner->ctx, &runner->self, err), FLOW_OK,
                       err);
    if (rc == FLOW_OK)
        runner->ops = ops;
    return rc;
}

int fl_source_runner_new(const struct fl_site *site, const struct fl_plan_source *plan,
                         const struct fl_vec *channels, struct fl_source_runner **runner,
                         flow_error **err)
{
    struct fl_source_runner *made = fl_zalloc(&site->lib->allocator, sizeof(*made));

    if (!made)
        return fl_error_nomem(err);
    made->mem = &site->lib->allocator;
    made->backoff_increment = plan->backoff_increment;
    made->backoff_max = plan->backoff_max;
    fl_worker_init(&made->worker, site->changed);

    int rc = make_source(made, site, &plan->part, err);
    if (rc == FLOW_OK)
        rc = fl_emitter_new(made->ctx, plan, channels, &made->emitter, err);
    fl_supervised_init(&made->start, made->ctx, start_source, made);
    fl_fault_log_init(&made->faults, made->ctx);
    if (rc == FLOW_OK) {
        *runner = made;
        return FLOW_OK;
    }
    fl_source_runner_free(made);
    return rc;
}

void fl_source_runner_free(struct fl_source_runner *runner)
{
    if (!runner)
        return;
    if (runner->ops)
        runner->ops->destroy(runner->self);
    fl_emitter_free(runner->emitter);
    fl_fault_log_free(&runner->faults);
    fl_context_free(runner->ctx);
    fl_free(runner->mem, runner);
}

/* Tries until the source has started or is to stop. */
static void supervise(struct fl_source_runner *runner)
{
    for (;;) {
        fl_supervise(&runner->start);
        fl_worker_attempted(&runner->worker);
        if (runner->start.started || flow_context_stopping(runner->ctx))
            return;
        flow_wait(runner->ctx, runner->start.due - flow_context_now(runner->ctx));
    }
}

/* The pause after a fault.  A full channel was already waited for, unless it has no keep-alive. */
static int64_t fault_pause(const struct fl_source_runner *runner, int code, int64_t since)
{
    if (code == FLOW_EFULL && flow_context_now(runner->ctx) > since)
        return 0;
    return runner->backoff_max;
}

static void poll_source(struct fl_source_runner *runner)
{
    uint64_t backoffs = 0;

    while (!flow_context_stopping(runner->ctx)) {
        flow_error *cause = NULL;
        int64_t since = flow_context_now(runner->ctx);
        int rc = runner->ops->poll(runner->self, runner->emitter, &cause);
        int64_t pause = 0;

        rc = fl_answer(runner->ctx, "poll", rc, FLOW_BACKOFF, &cause);
        backoffs = rc == FLOW_BACKOFF ? backoffs + 1 : 0;
        if (rc == FLOW_BACKOFF)
            pause = fl_backoff(backoffs, runner->backoff_increment, runner->backoff_max);
        else if (rc < FLOW_OK)
            pause = fault_pause(runner, rc, since);

        if (rc >= FLOW_OK || flow_context_stopping(runner->ctx)) {
            flow_error_free(cause);
            fl_fault_log_clear(&runner->faults);
        } else {
            fl_fault_log_add(&runner->faults, FLOW_LOG_ERROR, "events not emitted, tried again",
                             cause);
        }
        if (pause > 0)
            flow_wait(runner->ctx, pause);
    }
}

/* The last act of a source, on a thread of ours. */
static void stop_source(void *arg)
{
    struct fl_source_runner *runner = arg;
    flow_error *cause = NULL;

    if (runner->start.started && runner->ops->stop) {
        int rc = runner->ops->stop(runner->self, &cause);
        if (fl_answer(runner->ctx, "stop", rc, FLOW_OK, &cause) != FLOW_OK)
            flow_context_logf(runner->ctx, FLOW_LOG_ERROR, "did not stop cleanly: %s",
                              flow_error_message(cause));
        flow_error_free(cause);
    }
    fl_supervised_stopped(&runner->start);
}

static void run(void *arg)
{
    struct fl_source_runner *runner = arg;

    supervise(runner);
    if (!runner->ops->poll)
        return;
    if (runner->start.started)
        poll_source(runner);
    stop_source(runner);
}

void fl_source_runner_resume(struct fl_source_runner *runner)
{
    fl_context_resume(runner->ctx);
    fl_emitter_resume(runner->emitter);
}

void fl_source_runner_hurry(struct fl_source_runner *runner)
{
    fl_context_stop(runner->ctx);
    fl_emitter_hurry(runner->emitter);
}

int fl_source_runner_start(struct fl_source_runner *runner, flow_error **err)
{
    fl_emitter_open(runner->emitter);
    runner->stop_begun = 0;
    if (!runner->ops->start && !runner->ops->poll) {
        fl_supervise(&runner->start);
        return FLOW_OK;
    }
    if (fl_worker_start(&runner->worker, runner->ctx->name, run, runner) == FLOW_OK)
        return FLOW_OK;
    fl_emitter_close(runner->emitter, FL_NEVER);
    return flow_error_setf(err, FLOW_ENOMEM, "no thread for %s", runner->ctx->label);
}

/* Starts the thread on which an event-driven source stops, once the one that started it is gone. */
static void begin_stop(struct fl_source_runner *runner)
{
    if (runner->stop_begun)
        return;
    runner->stop_begun = 1;
    if (runner->ops->poll)
        return;
    if (!runner->start.started || !runner->ops->stop ||
        fl_worker_start(&runner->worker, runner->ctx->name, stop_source, runner) != FLOW_OK)
        stop_source(runner);
}

void fl_source_runner_stop(struct fl_source_runner *runner)
{
    fl_source_runner_hurry(runner);
    if (fl_worker_join(&runner->worker, 0) == FLOW_OK)
        begin_stop(runner);
}

int fl_source_runner_join(struct fl_source_runner *runner, int64_t deadline)
{
    int rc = fl_worker_join(&runner->worker, deadline);

    if (rc != FLOW_OK)
        return rc;
    begin_stop(runner);
    rc = fl_worker_join(&runner->worker, deadline);
    return rc == FLOW_OK ? fl_emitter_close(runner->emitter, deadline) : rc;
}

int fl_source_runner_is_caller(const struct fl_source_runner *runner)
{
    return fl_worker_is_caller(&runner->worker) || fl_emitter_is_caller(runner->emitter);
}
