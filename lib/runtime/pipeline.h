/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_PIPELINE_H
#define FL_RUNTIME_PIPELINE_H

/* The inside of a flow_pipeline. */

#include <flow/pipeline.h>

#include "runtime/group.h"
#include "runtime/sink_runner.h"
#include "runtime/source_runner.h"

struct flow_pipeline {
    flow_library *lib;
    struct fl_plan *plan; /* its settings live as long as the components */
    struct fl_site site;
    struct fl_vec channels;          /* of flow_channel *, as in the plan; NULL: left out */
    struct fl_vec views;             /* of flow_channel *: what sinks see of those with consumers */
    struct fl_vec sources;           /* of struct fl_source_runner * */
    struct fl_vec runners;           /* of struct fl_sink_runner * */
    struct fl_gate changed;          /* opened whenever start, drain or stop may have got further */
    struct fl_worker closer;         /* closes the channels */
    _Atomic(flow_channel *) closing; /* the one that it is at */
    _Atomic(const flow_context *) awaited; /* the component that the call at work waits for */
    _Atomic int draining;
    _Atomic int32_t state;
    struct fl_lock lock;    /* guards the rest */
    uintptr_t holder;       /* the thread whose call is at work, 0: none */
    int starting;           /* that call is a start, and components may wait */
    uint32_t stops_waiting; /* calls of stop that wait for their turn */
    uint32_t stops_seen;    /* `stops` when the holder asked for its turn */
    _Atomic uint32_t stops; /* calls of stop, ever */
};

flow_channel *fl_pipeline_channel_at(const flow_pipeline *pipeline, size_t index);
struct fl_source_runner *fl_pipeline_source_at(const flow_pipeline *pipeline, size_t index);
struct fl_sink_runner *fl_pipeline_runner_at(const flow_pipeline *pipeline, size_t index);

/* A view of CHANNEL through the consumer NAME, which those sinks share that name it. */
int fl_pipeline_view(flow_pipeline *pipeline, flow_channel *channel, const char *name,
                     flow_channel **view, flow_error **err);

/* The sink NAME, or NULL. */
struct fl_sink_unit *fl_pipeline_sink(const flow_pipeline *pipeline, const char *name);

/* Makes everything that PLAN describes and takes PLAN over, also when it fails. */
int fl_pipeline_build(flow_library *lib, struct fl_plan *plan, int lenient,
                      flow_pipeline **pipeline, flow_error **err);

/* Frees a pipeline of which nothing runs. */
void fl_pipeline_destroy(flow_pipeline *pipeline);

/* Waits until no other call is at work on the pipeline, and keeps others out; FLOW_ESTATE on a
 * thread of the pipeline's own, FLOW_ETIMEDOUT at DEADLINE of the system's clock. */
int fl_pipeline_claim(flow_pipeline *pipeline, int64_t deadline, flow_error **err);

/* The same for a stop, which goes before all others and makes those under way give up. */
int fl_pipeline_claim_to_stop(flow_pipeline *pipeline, int64_t deadline, flow_error **err);
void fl_pipeline_release(flow_pipeline *pipeline);

/* For the holder: FLOW_ECLOSED when a stop was called since it asked for its turn. */
int fl_pipeline_check_stops(const flow_pipeline *pipeline, flow_error **err);

/* Makes all components ready to start.  From here to fl_pipeline_end_start a stop ends whatever
 * they wait for.  FLOW_ECLOSED when one was called already. */
int fl_pipeline_begin_start(flow_pipeline *pipeline, flow_error **err);

/* Returns RC, what came of the start, or FLOW_ECLOSED when a stop was called meanwhile. */
int fl_pipeline_end_start(flow_pipeline *pipeline, int rc, flow_error **err);

#endif
