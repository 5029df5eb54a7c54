/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_PIPELINE_H
#define FLOW_PIPELINE_H

#include <flow/api.h>
#include <flow/channel.h>
#include <flow/config.h>
#include <flow/error.h>
#include <flow/inlet.h>
#include <flow/library.h>
#include <flow/outlet.h>

FLOW_BEGIN_DECLS

/*
 * The sources, channels and sinks of one agent, at work.
 *
 *     new -> bind... -> start -> push... -> drain -> stop -> free
 */
typedef struct flow_pipeline flow_pipeline;

/* Leave out what is broken and start the rest, as Flume does. */
#define FLOW_PIPELINE_LENIENT 1u

#define FLOW_PIPELINE_NEW 1
#define FLOW_PIPELINE_RUNNING 2
#define FLOW_PIPELINE_STOPPING 3
#define FLOW_PIPELINE_STOPPED 4

/*
 * Builds AGENT of CONFIG, without starting it; CONFIG is not needed afterwards.  AGENT may be NULL
 * when CONFIG has only one.  When the configuration has errors nothing is built, and the error
 * names the first and their number; flow_config_check tells them all.  FLAGS are
 * FLOW_PIPELINE_...  The caller frees *PIPELINE.
 *
 * Blocks: on the file system when a module has to be loaded.
 * Errors: FLOW_ECONFIG, FLOW_ENOENT when there is no such agent.
 * Since: 1.0
 */
FLOW_API int flow_pipeline_new(flow_library *lib, flow_config *config, const char *agent,
                               uint32_t flags, flow_pipeline **pipeline, flow_error **err);

/*
 * Binds the host's function to the sink NAME, of type `outlet`, before the start.  SELF is handed
 * to FN; FREE_SELF, unless NULL, is called with it exactly once, also when this call fails.
 *
 * Errors: FLOW_ENOENT, FLOW_ESTATE.
 * Since: 1.0
 */
FLOW_API int flow_pipeline_bind(flow_pipeline *pipeline, const char *name, flow_outlet_fn fn,
                                void *self, void (*free_self)(void *self), flow_error **err);

/*
 * Opens the channels and starts sinks and sources.  A sink or source that fails to start is logged
 * and tried again every 3 s; a channel that fails to open fails this call.  A pipeline that has
 * stopped may be started again.  When flow_pipeline_stop is called meanwhile, what has started is
 * stopped again before this returns.
 *
 * Thread: none of the pipeline's own.  Blocks: as long as components need to start.
 * Errors: FLOW_ESTATE, FLOW_ECONFIG when an outlet is not bound, FLOW_EIO, FLOW_ECLOSED when
 * flow_pipeline_stop is called meanwhile.
 * Since: 1.0
 */
FLOW_API int flow_pipeline_start(flow_pipeline *pipeline, flow_error **err);

/*
 * Stops the sources and waits until the sinks have emptied the channels.  A consumer that is paused
 * is not waited for.
 *
 * Thread: none of the pipeline's own.  Blocks: up to TIMEOUT_MS.
 * Errors: FLOW_ETIMEDOUT with the number of events left, FLOW_ESTATE, FLOW_ECLOSED when
 * flow_pipeline_stop is called meanwhile.
 * Since: 1.0
 */
FLOW_API int flow_pipeline_drain(flow_pipeline *pipeline, int64_t timeout_ms, flow_error **err);

/*
 * Stops sources, sinks and channels, in this order.  What is in a memory channel is lost; drain
 * first.  A component that does not end in time makes it fail; call it again to wait on.
 *
 * May be called at any time: a start or drain that is under way on another thread gives up at once,
 * and components that wait in flow_wait, to start or for whatever else, wait no longer.
 *
 * Thread: none of the pipeline's own.  Blocks: up to TIMEOUT_MS.
 * Errors: FLOW_ETIMEDOUT naming the component, FLOW_ESTATE from a callback.
 * Since: 1.0
 */
FLOW_API int flow_pipeline_stop(flow_pipeline *pipeline, int64_t timeout_ms, flow_error **err);

/*
 * Frees a pipeline that was never started or has stopped.  NULL is allowed.
 *
 * Errors: FLOW_ESTATE while anything of it runs; nothing is freed then.
 * Since: 1.0
 */
FLOW_API int flow_pipeline_free(flow_pipeline *pipeline, flow_error **err);

/*
 * Returns FLOW_PIPELINE_NEW, _RUNNING, _STOPPING or _STOPPED.
 *
 * Since: 1.0
 */
FLOW_API int32_t flow_pipeline_state(const flow_pipeline *pipeline);

/*
 * Returns the inlet of the source NAME, of type `inlet`, which the pipeline owns.
 *
 * Errors: FLOW_ENOENT.
 * Since: 1.0
 */
FLOW_API int flow_pipeline_inlet(flow_pipeline *pipeline, const char *name, flow_inlet **inlet,
                                 flow_error **err);

/*
 * Returns the channel NAME, which the pipeline owns, for transactions of the host's own.
 *
 * Errors: FLOW_ENOENT.
 * Since: 1.0
 */
FLOW_API int flow_pipeline_channel(flow_pipeline *pipeline, const char *name,
                                   flow_channel **channel, flow_error **err);

FLOW_END_DECLS

#endif
