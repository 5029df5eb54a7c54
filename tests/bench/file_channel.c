/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file channel between one producer and one consumer, each commit synced, against its limit in
 * plain C: one thread that copies, sums and writes batches to a file of zeroes and syncs, another
 * that writes and syncs what it is done with.
 */

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "bench.h"
#include "durable.h"
#include "plain_ring.h"

#define BODY DURABLE_BODY
#define MOST 1000u
#define AHEAD 64u                        /* batches on their way in the limit */
#define FILE_SIZE ((size_t)256 << 20)    /* of the limit's log, which is gone round */

struct job {
    size_t batch;
    uint64_t work;
    int failed;
    struct durable durable;
    /* the limit */
    char body[BODY];
    int log, acks;
    uint8_t *buffer;
    struct ring ring;
};

/* ---- the limit ---- */

static void plain_produce(void *arg)
{
    struct job *job = arg;
    size_t size = (64 + job->batch * BODY + 511) / 512 * 512;
    void *token = job;

    for (uint64_t done = 0, at = 0; done < job->work; done += job->batch) {
        uint32_t crc = 0;
        for (size_t i = 0; i < job->batch; i++)
            crc = fl_crc32c_copy(crc, job->buffer + 64 + i * BODY, job->body, BODY);
        memcpy(job->buffer, &crc, sizeof crc);
        if (at + size > FILE_SIZE)
            at = 0;
        if (pwrite(job->log, job->buffer, size, (off_t)at) != (ssize_t)size || fdatasync(job->log))
            job->failed = 1;
        at += size;
        ring_push(&job->ring, &token, 1);
    }
}

static void plain_consume(void *arg)
{
    struct job *job = arg;
    uint8_t ack[64] = {0};
    void *tokens[AHEAD];

    for (uint64_t done = 0, at = 0; done < job->work; at = (at + sizeof ack) % ((size_t)1 << 20)) {
        size_t count = ring_pop(&job->ring, tokens, 1);
        if (pwrite(job->acks, ack, sizeof ack, (off_t)at) != sizeof ack || fdatasync(job->acks))
            job->failed = 1;
        done += count * job->batch;
    }
}

static double plain_run(void *arg, uint64_t work)
{
    struct job *job = arg;

    job->work = work - work % job->batch;
    double seconds = bench_pair(plain_produce, plain_consume, job);
    return job->failed ? -1 : seconds;
}

/* ---- libflow ---- */

static void flow_produce(void *arg)
{
    struct job *job = arg;

    for (uint64_t done = 0; done < job->work && !job->failed; done += job->batch) {
        if (durable_put(&job->durable))
            job->failed = 1;
    }
}

static void flow_consume(void *arg)
{
    struct job *job = arg;

    for (uint64_t done = 0; done < job->work && !job->failed;) {
        int64_t count = durable_take(&job->durable, job->batch, 1000);
        if (count < 0)
            job->failed = 1;
        else
            done += (uint64_t)count;
    }
}

static double flow_run(void *arg, uint64_t work)
{
    struct job *job = arg;

    job->work = work - work % job->batch;
    double seconds = bench_pair(flow_produce, flow_consume, job);
    return job->failed ? -1 : seconds;
}

/* ---- both ---- */

static int zeroed_file(const struct job *job, const char *name, size_t size)
{
    static const char zeroes[1 << 20];
    char path[128];

    snprintf(path, sizeof path, "%s/%s", job->durable.folder, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (size_t at = 0; fd >= 0 && at < size; at += sizeof zeroes) {
        if (pwrite(fd, zeroes, sizeof zeroes, (off_t)at) != sizeof zeroes)
            return -1;
    }
    return fd >= 0 && fsync(fd) == 0 ? fd : -1;
}

static int job_init(struct job *job, size_t batch)
{
    memset(job, 0, sizeof *job);
    job->batch = batch;
    memset(job->body, 'x', sizeof job->body);
    if (durable_init(&job->durable, batch, "1000000") || ring_init(&job->ring, AHEAD))
        return -1;
    job->buffer = calloc(1, 64 + MOST * BODY + 512);
    job->log = zeroed_file(job, "plain", FILE_SIZE);
    job->acks = zeroed_file(job, "acks", (size_t)1 << 20);
    return job->buffer && job->log >= 0 && job->acks >= 0 ? 0 : -1;
}

static void job_destroy(struct job *job)
{
    ring_destroy(&job->ring);
    close(job->log);
    close(job->acks);
    free(job->buffer);
    durable_destroy(&job->durable);
}

static int compete(const struct bench_options *options, size_t batch, double goal)
{
    struct job job;
    char name[80];

    if (job_init(&job, batch)) {
        fprintf(stderr, "cannot make a channel\n");
        return 1;
    }
    snprintf(name, sizeof name, "file channel, put and take synced, batch %zu", batch);
    struct bench_contest contest = {
        .name = name,
        .unit = "events",
        .work = batch == 1 ? 5000 : batch == 100 ? 200000 : 1000000,
        .goal = goal,
        .entries = {{.name = "plain C", .run = plain_run, .arg = &job},
                    {.name = "libflow", .run = flow_run, .arg = &job}},
        .count = 2,
    };
    int rc = bench_run(options, &contest);
    job_destroy(&job);
    return rc;
}

int main(int argc, char **argv)
{
    static const size_t batches[] = {1, 100, 1000};
    static const double goals[] = {5.1e3, 345e3, 1.6e6};
    struct bench_options options;
    int rc = bench_options_read(&options, argc, argv);

    for (size_t i = 0; i < 3 && !rc; i++)
        rc = compete(&options, batches[i], goals[i]);
    return rc;
}
