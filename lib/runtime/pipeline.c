/* SPDX-License-Identifier: Apache-2.0 */

/* The public face of a pipeline: making and freeing one, and finding what is in it by name. */

#include <string.h>

#include "base/error.h"
#include "runtime/inlet.h"
#include "runtime/outlet.h"
#include "runtime/pipeline.h"

flow_channel *fl_pipeline_channel_at(const flow_pipeline *pipeline, size_t index)
{
    return *(flow_channel **)fl_vec_at(&pipeline->channels, index);
}

struct fl_source_runner *fl_pipeline_source_at(const flow_pipeline *pipeline, size_t index)
{
    return *(struct fl_source_runner **)fl_vec_at(&pipeline->sources, index);
}

struct fl_sink_runner *fl_pipeline_runner_at(const flow_pipeline *pipeline, size_t index)
{
    return *(struct fl_sink_runner **)fl_vec_at(&pipeline->runners, index);
}

struct fl_sink_unit *fl_pipeline_sink(const flow_pipeline *pipeline, const char *name)
{
    for (size_t i = 0; i < pipeline->runners.count; i++) {
        const struct fl_sink_runner *runner = fl_pipeline_runner_at(pipeline, i);
        for (size_t k = 0; k < runner->units.count; k++) {
            struct fl_sink_unit *unit = fl_sink_runner_unit(runner, k);
            if (strcmp(unit->ctx->name, name) == 0)
                return unit;
        }
    }
    return NULL;
}

static int check(const flow_pipeline *pipeline, flow_error **err)
{
    if (!pipeline)
        return flow_error_set(err, FLOW_EINVAL, "no pipeline was given");
    return fl_library_check(pipeline->lib, err);
}

int flow_pipeline_new(flow_library *lib, flow_config *config, const char *agent, uint32_t flags,
                      flow_pipeline **pipeline, flow_error **err)
{
    int lenient = (flags & FLOW_PIPELINE_LENIENT) != 0;
    struct fl_plan *plan = NULL;
    int rc = fl_library_check(lib, err);

    if (rc != FLOW_OK)
        return rc;
    if (!config || !pipeline || (flags & ~FLOW_PIPELINE_LENIENT) != 0)
        return flow_error_set(err, FLOW_EINVAL, "a pipeline needs a configuration and known flags");
    rc = fl_plan_make(config, agent, lenient, &plan, NULL, err);
    return rc == FLOW_OK ? fl_pipeline_build(lib, plan, lenient, pipeline, err) : rc;
}

static int bind(flow_pipeline *pipeline, const char *name, struct fl_outlet **outlet,
                flow_error **err)
{
    int rc = check(pipeline, err);

    if (rc != FLOW_OK)
        return rc;
    if (!name)
        return flow_error_set(err, FLOW_EINVAL, "no name was given");
    rc = fl_pipeline_claim(pipeline, FL_NEVER, err);
    if (rc != FLOW_OK)
        return rc;

    int32_t state = flow_pipeline_state(pipeline);
    const struct fl_sink_unit *unit = fl_pipeline_sink(pipeline, name);
    *outlet = unit ? fl_outlet_of(unit->ops, unit->self) : NULL;
    if (state != FLOW_PIPELINE_NEW && state != FLOW_PIPELINE_STOPPED)
        rc = flow_error_set(err, FLOW_ESTATE, "an outlet is bound before the start");
    else if (!*outlet)
        rc = flow_error_setf(err, FLOW_ENOENT, "there is no sink '%s' of type outlet", name);
    fl_pipeline_release(pipeline);
    return rc;
}

int flow_pipeline_bind(flow_pipeline *pipeline, const char *name, flow_outlet_fn fn, void *self,
                       void (*free_self)(void *self), flow_error **err)
{
    struct fl_outlet *outlet = NULL;
    int rc = FLOW_OK;

    if (!fn)
        rc = flow_error_set(err, FLOW_EINVAL, "no function was given");
    else
        rc = bind(pipeline, name, &outlet, err);
    if (rc == FLOW_OK)
        fl_outlet_bind(outlet, fn, self, free_self);
    else if (free_self)
        free_self(self);
    return rc;
}

int32_t flow_pipeline_state(const flow_pipeline *pipeline)
{
    return pipeline == NULL ? 0 : atomic_load(&pipeline->state);
}

int flow_pipeline_inlet(flow_pipeline *pipeline, const char *name, flow_inlet **inlet,
                        flow_error **err)
{
    int rc = check(pipeline, err);

    if (rc != FLOW_OK)
        return rc;
    if (!name || !inlet)
        return flow_error_set(err, FLOW_EINVAL, "a name, or the place for the inlet, is missing");
    for (size_t i = 0; i < pipeline->sources.count; i++) {
        const struct fl_source_runner *runner = fl_pipeline_source_at(pipeline, i);
        flow_inlet *found = fl_inlet_of(runner->ops, runner->self);
        if (found && strcmp(runner->ctx->name, name) == 0) {
            *inlet = found;
            return FLOW_OK;
        }
    }
    return flow_error_setf(err, FLOW_ENOENT, "there is no source '%s' of type inlet", name);
}

int flow_pipeline_channel(flow_pipeline *pipeline, const char *name, flow_channel **channel,
                          flow_error **err)
{
    int rc = check(pipeline, err);

    if (rc != FLOW_OK)
        return rc;
    if (!name || !channel)
        return flow_error_set(err, FLOW_EINVAL, "a name, or the place for the channel, is missing");
    for (size_t i = 0; i < pipeline->channels.count; i++) {
        flow_channel *found = fl_pipeline_channel_at(pipeline, i);
        if (found && strcmp(flow_channel_name(found), name) == 0) {
            *channel = found;
            return FLOW_OK;
        }
    }
    return flow_error_setf(err, FLOW_ENOENT, "there is no channel '%s'", name);
}

int flow_pipeline_free(flow_pipeline *pipeline, flow_error **err)
{
    if (!pipeline)
        return FLOW_OK;

    int rc = check(pipeline, err);
    if (rc == FLOW_OK)
        rc = fl_pipeline_claim(pipeline, 0, err);
    if (rc == FLOW_ETIMEDOUT)
        return flow_error_set(err, FLOW_ESTATE, "the pipeline is in use");
    if (rc != FLOW_OK)
        return rc;

    int32_t state = flow_pipeline_state(pipeline);
    if (state != FLOW_PIPELINE_NEW && state != FLOW_PIPELINE_STOPPED) {
        fl_pipeline_release(pipeline);
        return flow_error_set(err, FLOW_ESTATE, "the pipeline runs; stop it before it is freed");
    }
    fl_pipeline_destroy(pipeline);
    return FLOW_OK;
}
