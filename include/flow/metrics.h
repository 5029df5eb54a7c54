/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_METRICS_H
#define FLOW_METRICS_H

#include <flow/api.h>
#include <flow/error.h>
#include <flow/pipeline.h>

FLOW_BEGIN_DECLS

/* The counters of a pipeline at one moment, under Flume's names. */
typedef struct flow_metrics flow_metrics;

/* One counter. */
typedef struct flow_metric {
    uint32_t struct_size;  /* set by the caller */
    uint32_t kind;         /* FLOW_KIND_SOURCE, _CHANNEL, _SINK, _INTERCEPTOR or _GROUP */
    const char *component; /* for example "r1" */
    const char *name;      /* for example "EventAcceptedCount" */
    int64_t value;
} flow_metric;

/*
 * Reads all counters.  The caller frees *METRICS.
 *
 * Since: 1.0
 */
FLOW_API int flow_pipeline_metrics(flow_pipeline *pipeline, flow_metrics **metrics,
                                   flow_error **err);

/*
 * Fills *METRIC with the counter at INDEX, from 0.  The texts live as long as METRICS.
 *
 * Errors: FLOW_ENOENT behind the last; no error object.
 * Since: 1.0
 */
FLOW_API int flow_metrics_at(const flow_metrics *metrics, size_t index, flow_metric *metric);

/*
 * Returns the value of the counter NAME of COMPONENT, or 0.
 *
 * Since: 1.0
 */
FLOW_API int64_t flow_metrics_value(const flow_metrics *metrics, const char *component,
                                    const char *name);

/*
 * Frees a reading.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_metrics_free(flow_metrics *metrics);

FLOW_END_DECLS

#endif
