/* SPDX-License-Identifier: Apache-2.0 */

/* Pipelines under measurement. */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "pipe.h"

#define PATIENCE_S 60.0

static int complain(flow_error *err)
{
    fprintf(stderr, "bench: %s\n", flow_error_message(err));
    flow_error_free(err);
    return -1;
}

static int build(struct bench_pipe *pipe, const char *settings, flow_error **err)
{
    flow_config *config;
    int rc = flow_config_new(pipe->lib, &config, err);
    if (rc != FLOW_OK)
        return rc;
    rc = flow_config_parse(config, "bench", settings, strlen(settings), FLOW_FORMAT_PROPERTIES,
                           err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_new(pipe->lib, config, NULL, 0, &pipe->pipeline, err);
    flow_config_free(config);
    return rc;
}

int bench_pipe_start(struct bench_pipe *pipe, const char *settings)
{
    flow_error *err = NULL;
    memset(pipe, 0, sizeof(*pipe));
    int rc = flow_library_new(NULL, &pipe->lib, &err);
    if (rc == FLOW_OK)
        rc = build(pipe, settings, &err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_start(pipe->pipeline, &err);
    if (rc == FLOW_OK)
        return 0;
    bench_pipe_stop(pipe);
    return complain(err);
}

static int64_t read_counter(struct bench_pipe *pipe, const char *component, const char *name)
{
    flow_metrics *metrics;
    if (flow_pipeline_metrics(pipe->pipeline, &metrics, NULL) != FLOW_OK)
        return -1;
    int64_t value = flow_metrics_value(metrics, component, name);
    flow_metrics_free(metrics);
    return value;
}

int bench_pipe_wait(struct bench_pipe *pipe, const char *component, const char *name,
                    int64_t value)
{
    double moved = bench_now();
    int64_t last = -1;
    for (;;) {
        int64_t now = read_counter(pipe, component, name);
        if (now >= value)
            return 0;
        if (now != last)
            moved = bench_now();
        else if (bench_now() - moved > PATIENCE_S)
            return -1;
        last = now;
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
}

void bench_pipe_stop(struct bench_pipe *pipe)
{
    if (pipe->pipeline && flow_pipeline_state(pipe->pipeline) != FLOW_PIPELINE_NEW)
        flow_pipeline_stop(pipe->pipeline, 10000, NULL);
    flow_pipeline_free(pipe->pipeline, NULL);
    if (pipe->lib)
        flow_library_free(pipe->lib, NULL);
    memset(pipe, 0, sizeof(*pipe));
}
