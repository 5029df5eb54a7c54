/* SPDX-License-Identifier: Apache-2.0 */

/* From a plan to components: channels first, since everything else hangs on them. */

#include "base/error.h"
#include "net/loop.h"
#include "runtime/inlet.h"
#include "runtime/pipeline.h"

struct build {
    flow_pipeline *pipeline;
    int lenient;
};

/* Passes RC on, unless PART can be left out: then 0, with a warning in the log. */
static int forgive(const struct build *build, const struct fl_part *part, int rc, flow_error **err)
{
    if (rc == FLOW_OK || rc == FLOW_ENOMEM || !build->lenient)
        return rc;
    fl_logf(&build->pipeline->lib->log, FLOW_LOG_WARN, part->name, "left out: %s",
            err ? flow_error_message(*err) : flow_error_name(rc));
    if (err) {
        flow_error_free(*err);
        *err = NULL;
    }
    return FLOW_OK;
}

/* Tells that PART has lost what it needs, which only leaving out can bring about. */
static int orphaned(const struct build *build, const struct fl_part *part, flow_error **err)
{
    return forgive(build, part, flow_error_set(err, FLOW_ECONFIG, "no channel of it is left"), err);
}

static int make_channel(const struct fl_site *site, const struct fl_part *part,
                        flow_channel **channel, flow_error **err)
{
    flow_context *ctx;
    int rc = fl_site_context(site, part, &ctx, err);

    if (rc != FLOW_OK)
        return rc;
    rc = fl_answer(ctx, "create", fl_channel_new(ctx, part->type, channel, err), FLOW_OK, err);
    if (rc != FLOW_OK)
        fl_context_free(ctx);
    return rc;
}

static int build_channels(const struct build *build, flow_error **err)
{
    flow_pipeline *pipeline = build->pipeline;

    for (size_t i = 0; i < pipeline->plan->channels.count; i++) {
        const struct fl_plan_channel *plan = fl_vec_at(&pipeline->plan->channels, i);
        flow_channel *channel = NULL;
        int rc = make_channel(&pipeline->site, &plan->part, &channel, err);

        rc = forgive(build, &plan->part, rc, err);
        if (rc != FLOW_OK)
            return rc;
        fl_vec_push(&pipeline->channels, &channel);
    }
    return FLOW_OK;
}

static flow_channel *view_at(const flow_pipeline *pipeline, size_t index)
{
    return *(flow_channel **)fl_vec_at(&pipeline->views, index);
}

int fl_pipeline_view(flow_pipeline *pipeline, flow_channel *channel, const char *name,
                     flow_channel **view, flow_error **err)
{
    flow_channel *made = NULL;
    int rc = fl_channel_view(channel, name, &made, err);

    if (rc != FLOW_OK)
        return rc;
    for (size_t i = 0; i < pipeline->views.count; i++) {
        flow_channel *other = view_at(pipeline, i);
        if (other->base == channel && other->consumer == made->consumer) {
            fl_channel_view_free(made);
            *view = other;
            return FLOW_OK;
        }
    }
    fl_vec_push(&pipeline->views, &made);
    *view = made;
    return FLOW_OK;
}

/* Adds the sink at INDEX to RUNNER, if it can be made. */
static int add_sink(const struct build *build, struct fl_sink_runner *runner, size_t index,
                    flow_error **err)
{
    flow_pipeline *pipeline = build->pipeline;
    const struct fl_plan_sink *plan = fl_vec_at(&pipeline->plan->sinks, index);
    flow_channel *channel = fl_pipeline_channel_at(pipeline, plan->channel);

    if (!channel)
        return orphaned(build, &plan->part, err);
    int rc = FLOW_OK;
    if (fl_channel_has_consumers(channel))
        rc = fl_pipeline_view(pipeline, channel, plan->consumer ? plan->consumer : "", &channel,
                              err);
    if (rc == FLOW_OK)
        rc = fl_sink_runner_add(runner, &pipeline->site, &plan->part, channel, err);
    return forgive(build, &plan->part, rc, err);
}

/* Takes over RUNNER: keeps it when it has sinks and nothing went wrong. */
static void keep_runner(flow_pipeline *pipeline, struct fl_sink_runner *runner, int rc)
{
    if (rc == FLOW_OK && runner->units.count > 0)
        fl_vec_push(&pipeline->runners, &runner);
    else
        fl_sink_runner_free(runner);
}

static int build_sinks(const struct build *build, flow_error **err)
{
    flow_pipeline *pipeline = build->pipeline;
    int rc = FLOW_OK;

    for (size_t i = 0; i < pipeline->plan->sinks.count && rc == FLOW_OK; i++) {
        const struct fl_plan_sink *plan = fl_vec_at(&pipeline->plan->sinks, i);
        struct fl_sink_runner *runner;

        if (plan->group != SIZE_MAX)
            continue;
        rc = fl_sink_runner_new(&pipeline->site, plan->part.name, &runner, err);
        if (rc != FLOW_OK)
            break;
        rc = add_sink(build, runner, i, err);
        keep_runner(pipeline, runner, rc);
    }
    return rc;
}

static int build_group(const struct build *build, const struct fl_plan_group *plan,
                       flow_error **err)
{
    struct fl_sink_runner *runner;
    int rc = fl_sink_runner_new(&build->pipeline->site, plan->part.name, &runner, err);

    if (rc != FLOW_OK)
        return rc;
    for (size_t i = 0; i < plan->sinks.count && rc == FLOW_OK; i++)
        rc = add_sink(build, runner, *(size_t *)fl_vec_at(&plan->sinks, i), err);
    if (rc == FLOW_OK && runner->units.count > 0)
        rc = fl_group_new(&build->pipeline->site, &plan->part, runner, err);
    keep_runner(build->pipeline, runner, rc);
    return forgive(build, &plan->part, rc, err);
}

static int build_groups(const struct build *build, flow_error **err)
{
    const struct fl_vec *groups = &build->pipeline->plan->groups;
    int rc = FLOW_OK;

    for (size_t i = 0; i < groups->count && rc == FLOW_OK; i++)
        rc = build_group(build, fl_vec_at(groups, i), err);
    return rc;
}

static int make_source(const struct build *build, const struct fl_plan_source *plan,
                       const struct fl_vec *channels, flow_error **err)
{
    flow_pipeline *pipeline = build->pipeline;
    struct fl_source_runner *runner;
    int rc = fl_source_runner_new(&pipeline->site, plan, channels, &runner, err);

    if (rc != FLOW_OK)
        return forgive(build, &plan->part, rc, err);
    flow_inlet *inlet = fl_inlet_of(runner->ops, runner->self);
    if (inlet)
        fl_inlet_attach(inlet, runner->emitter);
    fl_vec_push(&pipeline->sources, &runner);
    return FLOW_OK;
}

static int build_source(const struct build *build, const struct fl_plan_source *plan,
                        flow_error **err)
{
    struct fl_vec channels;
    int rc = FLOW_OK;

    fl_vec_init(&channels, &build->pipeline->lib->allocator, sizeof(flow_channel *));
    if (fl_vec_reserve(&channels, plan->channels.count) != FLOW_OK)
        return fl_error_nomem(err);
    for (size_t i = 0; i < plan->channels.count; i++) {
        size_t index = *(size_t *)fl_vec_at(&plan->channels, i);
        flow_channel *channel = fl_pipeline_channel_at(build->pipeline, index);
        if (channel)
            fl_vec_push(&channels, &channel);
    }
    if (channels.count == 0)
        rc = orphaned(build, &plan->part, err);
    else
        rc = make_source(build, plan, &channels, err);
    fl_vec_free(&channels);
    return rc;
}

static int build_sources(const struct build *build, flow_error **err)
{
    const struct fl_vec *sources = &build->pipeline->plan->sources;
    int rc = FLOW_OK;

    for (size_t i = 0; i < sources->count && rc == FLOW_OK; i++)
        rc = build_source(build, fl_vec_at(sources, i), err);
    return rc;
}

/* Makes room for everything at once, so that adding cannot fail later. */
static int reserve(flow_pipeline *pipeline)
{
    const struct fl_plan *plan = pipeline->plan;

    if (fl_vec_reserve(&pipeline->channels, plan->channels.count) != FLOW_OK ||
        fl_vec_reserve(&pipeline->views, plan->sinks.count) != FLOW_OK ||
        fl_vec_reserve(&pipeline->sources, plan->sources.count) != FLOW_OK ||
        fl_vec_reserve(&pipeline->runners, plan->sinks.count + plan->groups.count) != FLOW_OK)
        return FLOW_ENOMEM;
    return FLOW_OK;
}

static int make_empty(flow_library *lib, struct fl_plan *plan, flow_pipeline **pipeline)
{
    const flow_allocator *mem = &lib->allocator;
    flow_pipeline *made = fl_zalloc(mem, sizeof(*made));

    if (!made || fl_lock_init(&made->lock) != FLOW_OK) {
        fl_free(mem, made);
        return FLOW_ENOMEM;
    }
    if (fl_gate_init(&made->changed) != FLOW_OK) {
        fl_lock_destroy(&made->lock);
        fl_free(mem, made);
        return FLOW_ENOMEM;
    }
    made->lib = lib;
    made->plan = plan;
    made->site.lib = lib;
    made->site.changed = &made->changed;
    made->site.draining = &made->draining;
    fl_vec_init(&made->channels, mem, sizeof(flow_channel *));
    fl_vec_init(&made->views, mem, sizeof(flow_channel *));
    fl_vec_init(&made->sources, mem, sizeof(struct fl_source_runner *));
    fl_vec_init(&made->runners, mem, sizeof(struct fl_sink_runner *));
    fl_worker_init(&made->closer, &made->changed);
    atomic_store(&made->state, FLOW_PIPELINE_NEW);
    atomic_fetch_add(&lib->users, 1);
    *pipeline = made;
    return FLOW_OK;
}

int fl_pipeline_build(flow_library *lib, struct fl_plan *plan, int lenient,
                      flow_pipeline **pipeline, flow_error **err)
{
    struct build build = {.lenient = lenient};

    if (make_empty(lib, plan, &build.pipeline) != FLOW_OK) {
        fl_plan_free(plan);
        return fl_error_nomem(err);
    }
    int rc = fl_loop_host_new(&lib->allocator, plan->agent, &build.pipeline->site.loop, err);
    if (rc == FLOW_OK && reserve(build.pipeline) != FLOW_OK)
        rc = fl_error_nomem(err);
    if (rc == FLOW_OK)
        rc = build_channels(&build, err);
    if (rc == FLOW_OK)
        rc = build_sinks(&build, err);
    if (rc == FLOW_OK)
        rc = build_groups(&build, err);
    if (rc == FLOW_OK)
        rc = build_sources(&build, err);
    if (rc == FLOW_OK)
        *pipeline = build.pipeline;
    else
        fl_pipeline_destroy(build.pipeline);
    return rc;
}

static void free_channel(flow_channel *channel)
{
    if (!channel)
        return;
    flow_context *ctx = channel->ctx;
    fl_channel_free(channel);
    fl_context_free(ctx);
}

void fl_pipeline_destroy(flow_pipeline *pipeline)
{
    flow_library *lib = pipeline->lib;

    for (size_t i = 0; i < pipeline->sources.count; i++)
        fl_source_runner_free(fl_pipeline_source_at(pipeline, i));
    for (size_t i = 0; i < pipeline->runners.count; i++)
        fl_sink_runner_free(fl_pipeline_runner_at(pipeline, i));
    for (size_t i = 0; i < pipeline->views.count; i++)
        fl_channel_view_free(view_at(pipeline, i));
    for (size_t i = 0; i < pipeline->channels.count; i++)
        free_channel(fl_pipeline_channel_at(pipeline, i));
    fl_vec_free(&pipeline->sources);
    fl_vec_free(&pipeline->runners);
    fl_vec_free(&pipeline->channels);
    fl_vec_free(&pipeline->views);
    fl_loop_host_free(pipeline->site.loop);
    fl_plan_free(pipeline->plan);
    fl_gate_destroy(&pipeline->changed);
    fl_lock_destroy(&pipeline->lock);
    fl_free(&lib->allocator, pipeline);
    atomic_fetch_sub(&lib->users, 1);
}
