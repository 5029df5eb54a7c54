/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A host that pushes events of 500 bytes, copied, through a memory channel to a sink: `null`, and
 * `outlet`, which hands them back to the host.  The limit is to copy the same bytes in plain C.
 */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <flow.h>

#include "bench.h"

#define BODY 500u
#define MOST 1000u
#define ROOM 16u /* batches on their way, for all */

static const char config_text[] = "a1.sources = r1\n"
                                  "a1.channels = c1\n"
                                  "a1.sinks = k1\n"
                                  "a1.sources.r1.type = inlet\n"
                                  "a1.sources.r1.channels = c1\n"
                                  "a1.channels.c1.type = memory\n"
                                  "a1.channels.c1.capacity = 16000\n"
                                  "a1.channels.c1.transactionCapacity = 1000\n"
                                  "a1.sinks.k1.channel = c1\n"
                                  "a1.sinks.k1.batchSize = 1000\n";

struct job {
    size_t batch;
    char *body;
    char *copies; /* where the limit copies to */
    flow_library *lib;
    flow_pipeline *pipeline;
    flow_inlet *inlet;
    flow_batch *events;
    _Atomic uint64_t received; /* by the outlet */
    const char *sink;
};

static double run_limit(void *arg, uint64_t work)
{
    struct job *job = arg;
    double start = bench_now();

    for (uint64_t done = 0; done < work; done += job->batch) {
        char *to = job->copies + (done / job->batch % ROOM) * MOST * BODY;
        for (size_t i = 0; i < job->batch; i++, to += BODY) {
            memcpy(to, job->body, BODY);
            __asm__ volatile("" : : "r"(to) : "memory");
        }
    }
    return bench_now() - start;
}

static int receive(void *self, const flow_event *const *events, size_t count, flow_error **err)
{
    struct job *job = self;

    atomic_fetch_add(&job->received, count);
    return FLOW_OK;
}

static int64_t delivered(struct job *job)
{
    flow_metrics *metrics;

    if (flow_pipeline_metrics(job->pipeline, &metrics, NULL) != FLOW_OK)
        return -1;
    int64_t value = flow_metrics_value(metrics, "k1", "EventDrainSuccessCount");
    flow_metrics_free(metrics);
    return value;
}

static int push(struct job *job)
{
    if (job->batch == 1)
        return flow_inlet_push(job->inlet, job->body, BODY, NULL, 0, 0, -1, NULL);

    int rc = FLOW_OK;
    flow_batch_clear(job->events);
    for (size_t i = 0; i < job->batch && rc == FLOW_OK; i++)
        rc = flow_batch_add(job->events, job->body, BODY, NULL);
    return rc == FLOW_OK ? flow_inlet_push_batch(job->inlet, job->events, -1, NULL) : rc;
}

static double run_flow(void *arg, uint64_t work)
{
    struct job *job = arg;
    int64_t before = delivered(job);
    double start = bench_now();

    for (uint64_t done = 0; done < work; done += job->batch) {
        if (push(job) != FLOW_OK)
            return -1;
    }
    while (delivered(job) < before + (int64_t)work)
        usleep(50);
    return bench_now() - start;
}

static int start_pipeline(struct job *job)
{
    flow_config *config;
    int rc = flow_library_new(NULL, &job->lib, NULL);

    if (rc == FLOW_OK)
        rc = flow_config_new(job->lib, &config, NULL);
    if (rc != FLOW_OK)
        return rc;
    rc = flow_config_parse(config, "bench", config_text, sizeof(config_text) - 1,
                           FLOW_FORMAT_PROPERTIES, NULL);
    if (rc == FLOW_OK)
        rc = flow_config_set(config, "a1.sinks.k1.type", job->sink, NULL);
    if (rc == FLOW_OK)
        rc = flow_pipeline_new(job->lib, config, "a1", 0, &job->pipeline, NULL);
    flow_config_free(config);
    if (rc == FLOW_OK && strcmp(job->sink, "outlet") == 0)
        rc = flow_pipeline_bind(job->pipeline, "k1", receive, job, NULL, NULL);
    if (rc == FLOW_OK)
        rc = flow_pipeline_start(job->pipeline, NULL);
    if (rc == FLOW_OK)
        rc = flow_pipeline_inlet(job->pipeline, "r1", &job->inlet, NULL);
    return rc == FLOW_OK ? flow_batch_new(job->lib, &job->events, NULL) : rc;
}

static int job_init(struct job *job, size_t batch, const char *sink)
{
    *job = (struct job){.batch = batch, .sink = sink};
    job->body = malloc(BODY);
    job->copies = malloc((size_t)ROOM * MOST * BODY);
    if (!job->body || !job->copies)
        return -1;
    memset(job->body, 'x', BODY);
    memset(job->copies, 0, (size_t)ROOM * MOST * BODY);
    return start_pipeline(job);
}

static void job_destroy(struct job *job)
{
    flow_batch_free(job->events);
    flow_pipeline_stop(job->pipeline, -1, NULL);
    flow_pipeline_free(job->pipeline, NULL);
    flow_library_free(job->lib, NULL);
    free(job->copies);
    free(job->body);
}

static int compete(const struct bench_options *options, size_t batch, double goal)
{
    struct job to_outlet;
    struct job to_null;
    char name[80];

    if (job_init(&to_outlet, batch, "outlet") != 0 || job_init(&to_null, batch, "null") != 0) {
        fprintf(stderr, "cannot start a pipeline\n");
        return 1;
    }
    snprintf(name, sizeof name, "inlet, bodies of 500 bytes, batch %zu", batch);
    struct bench_contest contest = {
        .name = name,
        .unit = "events",
        .work = batch == 1 ? 1000000 : 5000000,
        .goal = goal,
        .entries = {{.name = "memcpy", .run = run_limit, .arg = &to_null},
                    {.name = "to outlet", .run = run_flow, .arg = &to_outlet},
                    {.name = "to null", .run = run_flow, .arg = &to_null}},
        .count = 3,
    };
    int rc = bench_run(options, &contest);
    job_destroy(&to_outlet);
    job_destroy(&to_null);
    return rc;
}

int main(int argc, char **argv)
{
    static const size_t batches[] = {1, 100, 1000};
    static const double goals[] = {0, 0, 15e6};
    struct bench_options options;
    int rc = bench_options_read(&options, argc, argv);

    for (size_t i = 0; i < 3 && !rc; i++)
        rc = compete(&options, batches[i], goals[i]);
    return rc;
}
