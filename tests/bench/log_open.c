/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A pipeline whose file channel holds a large log:
 *
 *     log_open make FOLDER BYTES   fills the log
 *     log_open open FOLDER         prints the seconds until the pipeline has started, and the most
 *                                  memory that this process has had so far, in bytes
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "pipe.h"

#define BODY 500u
#define BATCH 10000u

static int start(struct bench_pipe *pipe, const char *folder)
{
    char settings[2048];

    snprintf(settings, sizeof settings,
             "a.sources = r\na.channels = c\n"
             "a.sources.r.type = inlet\na.sources.r.channels = c\n"
             "a.channels.c.type = file\na.channels.c.capacity = 1000000000\n"
             "a.channels.c.checkpointDir = %s/control\na.channels.c.dataDirs = %s/data\n",
             folder, folder);
    return bench_pipe_start(pipe, settings);
}

static int fill(struct bench_pipe *pipe, uint64_t bytes)
{
    static const char body[BODY];
    flow_inlet *inlet;
    flow_batch *batch;
    int rc = flow_pipeline_inlet(pipe->pipeline, "r", &inlet, NULL);

    if (rc || (rc = flow_batch_new(pipe->lib, &batch, NULL)))
        return rc;
    for (uint64_t done = 0; done < bytes && !rc; done += (uint64_t)BATCH * BODY) {
        flow_batch_clear(batch);
        for (unsigned i = 0; i < BATCH && !rc; i++)
            rc = flow_batch_add(batch, body, sizeof body, NULL);
        if (!rc)
            rc = flow_inlet_push_batch(inlet, batch, 60000, NULL);
    }
    flow_batch_free(batch);
    return rc;
}

/* Bytes, or 0. */
static unsigned long long peak_memory(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    unsigned long long kilobytes = 0;
    char line[128];

    while (status && !kilobytes && fgets(line, sizeof line, status))
        sscanf(line, "VmHWM: %llu", &kilobytes);
    if (status)
        fclose(status);
    return kilobytes * 1024;
}

int main(int argc, char **argv)
{
    struct bench_pipe pipe;
    int make = argc == 4 && !strcmp(argv[1], "make");

    if (!make && !(argc == 3 && !strcmp(argv[1], "open"))) {
        fprintf(stderr, "usage: %s make FOLDER BYTES | open FOLDER\n", argv[0]);
        return 2;
    }
    double begin = bench_now();
    if (start(&pipe, argv[2]))
        return 1;
    if (!make)
        printf("%.6f %llu\n", bench_now() - begin, peak_memory());
    int rc = make ? fill(&pipe, strtoull(argv[3], NULL, 10)) : FLOW_OK;
    bench_pipe_stop(&pipe);
    return rc ? 1 : 0;
}
