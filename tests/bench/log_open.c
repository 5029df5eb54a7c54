/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A pipeline whose file channel holds a large log:
 *
 *     log_open make FOLDER BYTES   fills the log
 *     log_open open FOLDER         prints the seconds until the pipeline has started, and the most
 *                                  memory that this process has had so far, in bytes
 *     log_open read FOLDER         reads all of it through a consumer that is added to the running
 *                                  pipeline, while events are put; prints seconds, the bytes of
 *                                  bodies read and the most memory
 */

#include <pthread.h>
#include <stdatomic.h>
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

/* ---- a consumer that comes later ---- */

struct reading {
    struct bench_pipe *pipe;
    _Atomic int over;
    uint64_t bytes;
};

/* Others go on: some puts all the time. */
static void *put_on(void *arg)
{
    struct reading *reading = arg;

    while (!reading->over && !fill(reading->pipe, 1))
        ;
    return NULL;
}

/* Takes what is there when it begins. */
static int take_all(struct reading *reading, flow_consumer *consumer, uint64_t events)
{
    int rc = FLOW_OK;

    for (uint64_t done = 0; done < events && !rc;) {
        const flow_event *const *taken;
        size_t count = 0, size = 0;
        flow_txn *txn;
        rc = flow_consumer_begin(consumer, &txn, NULL);
        if (rc)
            break;
        rc = flow_txn_take(txn, BATCH, 1000, &taken, &count, NULL);
        for (size_t i = 0; i < count; i++, reading->bytes += size)
            flow_event_body(taken[i], &size);
        if (!rc)
            rc = flow_txn_commit(txn, NULL);
        flow_txn_free(txn);
        done += count;
    }
    return rc;
}

static int read_log(struct bench_pipe *pipe)
{
    struct reading reading = {.pipe = pipe};
    flow_consumer *consumer = NULL;
    flow_channel *channel;
    pthread_t putter;
    double begin = bench_now();
    int rc = flow_pipeline_channel(pipe->pipeline, "c", &channel, NULL);

    if (!rc)
        rc = flow_consumer_add(channel, "late", NULL, NULL);
    if (!rc)
        rc = flow_consumer_open(channel, "late", &consumer, NULL);
    if (rc || pthread_create(&putter, NULL, put_on, &reading))
        return -1;
    rc = take_all(&reading, consumer, flow_channel_size(channel));
    reading.over = 1;
    pthread_join(putter, NULL);
    printf("%.6f %llu %llu\n", bench_now() - begin, (unsigned long long)reading.bytes,
           peak_memory());
    flow_consumer_close(consumer);
    return rc;
}

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s make FOLDER BYTES | open FOLDER | read FOLDER\n", program);
    return 2;
}

int main(int argc, char **argv)
{
    struct bench_pipe pipe;
    const char *what = argc >= 3 ? argv[1] : "";
    double begin = bench_now();
    int rc = FLOW_OK;

    if (strcmp(what, "make") && strcmp(what, "open") && strcmp(what, "read"))
        return usage(argv[0]);
    if (start(&pipe, argv[2]))
        return 1;
    if (!strcmp(what, "open"))
        printf("%.6f %llu\n", bench_now() - begin, peak_memory());
    else if (!strcmp(what, "read"))
        rc = read_log(&pipe);
    else
        rc = argc == 4 ? fill(&pipe, strtoull(argv[3], NULL, 10)) : usage(argv[0]);
    bench_pipe_stop(&pipe);
    return rc ? 1 : 0;
}
