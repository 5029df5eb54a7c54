/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pushes lines of 500 bytes through an inlet and a memory channel into the hdfs sink, and prints
 * the seconds until all of them are in files with their final names.
 *
 *     hdfs_push URI LINES [KEY=VALUE...]
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "pipe.h"

#define LINE 500u /* bytes, with the newline that the sink adds */
#define BATCH 1000u

static int push(struct bench_pipe *pipe, uint64_t lines)
{
    char body[LINE - 1];
    flow_inlet *inlet;
    flow_batch *batch;
    memset(body, 'x', sizeof(body));
    if (flow_pipeline_inlet(pipe->pipeline, "r", &inlet, NULL) != FLOW_OK ||
        flow_batch_new(pipe->lib, &batch, NULL) != FLOW_OK)
        return -1;
    int rc = FLOW_OK;
    for (uint64_t left = lines; left > 0 && rc == FLOW_OK;) {
        size_t count = left < BATCH ? (size_t)left : BATCH;
        flow_batch_clear(batch);
        for (size_t i = 0; i < count && rc == FLOW_OK; i++)
            rc = flow_batch_add(batch, body, sizeof(body), NULL);
        if (rc == FLOW_OK)
            rc = flow_inlet_push_batch(inlet, batch, 60000, NULL);
        left -= count;
    }
    flow_batch_free(batch);
    return rc;
}

int main(int argc, char **argv)
{
    struct bench_pipe pipe;
    char settings[8192];
    if (argc < 3) {
        fprintf(stderr, "usage: %s URI LINES [KEY=VALUE...]\n", argv[0]);
        return 2;
    }
    int used = snprintf(settings, sizeof(settings),
                        "a.sources = r\na.channels = c\na.sinks = k\n"
                        "a.sources.r.type = inlet\na.sources.r.channels = c\n"
                        "a.channels.c.type = memory\na.channels.c.capacity = 640000\n"
                        "a.channels.c.transactionCapacity = 1000\n"
                        "a.sinks.k.type = hdfs\na.sinks.k.channel = c\n"
                        "a.sinks.k.hdfs.path = %s\na.sinks.k.hdfs.fileType = DataStream\n"
                        "a.sinks.k.hdfs.rollInterval = 0\na.sinks.k.hdfs.rollSize = 0\n"
                        "a.sinks.k.hdfs.rollCount = 0\na.sinks.k.hdfs.batchSize = 1000\n",
                        argv[1]);
    for (int i = 3; i < argc && used < (int)sizeof(settings); i++)
        used += snprintf(settings + used, sizeof(settings) - (size_t)used, "a.sinks.k.%s\n",
                         argv[i]);
    if (bench_pipe_start(&pipe, settings) != 0)
        return 1;
    double begin = bench_now();
    int rc = push(&pipe, strtoull(argv[2], NULL, 10));
    if (rc == FLOW_OK)
        rc = flow_pipeline_drain(pipe.pipeline, 120000, NULL);
    if (rc == FLOW_OK)
        rc = flow_pipeline_stop(pipe.pipeline, 10000, NULL);
    printf("%.6f\n", bench_now() - begin);
    bench_pipe_stop(&pipe);
    return rc == FLOW_OK ? 0 : 1;
}
