/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file channel between one producer and one consumer, each commit synced, against its limit in
 * plain C: one thread that copies, sums and writes batches to a file of zeroes and syncs, another
 * that writes and syncs what it is done with.  Then several threads that each put an event and take
 * one, in turn, against the same limit, which has two.
 */

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "bench.h"
#include "beside.h"
#include "durable.h"
#include "plain_ring.h"

#define BODY DURABLE_BODY
#define MOST 1000u
#define THREADS 8u
#define AHEAD 64u                        /* batches on their way in the limit */
#define FILE_SIZE ((size_t)256 << 20)    /* of the limit's log, which is gone round */

struct job {
    size_t batch;
    uint64_t work;
    unsigned threads;
    _Atomic int failed;
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

static void *flow_both(void *arg)
{
    struct job *job = arg;

    for (uint64_t done = 0; done < job->work / job->threads && !job->failed; done++) {
        if (durable_put(&job->durable) || durable_take(&job->durable, 1, 1000) != 1)
            job->failed = 1;
    }
    return NULL;
}

static double flow_run_threads(void *arg, uint64_t work)
{
    struct job *job = arg;
    pthread_t threads[THREADS];
    unsigned started = 0;
    double start = bench_now();

    job->work = work;
    while (started < job->threads && !pthread_create(&threads[started], NULL, flow_both, job))
        started++;
    job->failed |= started < job->threads;
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return job->failed ? -1 : bench_now() - start;
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

/* The limit, the program beside it if there is one, and libflow, which has the goal. */
static int run_contest(const struct bench_options *options, struct bench_contest *contest,
                       struct job *job, struct beside *beside)
{
    struct bench_entry *entries = contest->entries;

    entries[contest->count++] =
        (struct bench_entry){.name = "plain C", .run = plain_run, .arg = job};
    if (options->flume) {
        beside->batch = job->batch;
        beside->threads = job->threads;
        beside->share = job->batch == 1 ? 1 : 10; /* what takes it as long as the others */
        entries[contest->count++] =
            (struct bench_entry){.name = "Flume", .run = beside_run, .arg = beside};
    }
    entries[contest->count++] = (struct bench_entry){
        .name = "libflow", .run = job->threads ? flow_run_threads : flow_run, .arg = job};
    return bench_run(options, contest);
}

/* What is measured. */
struct course {
    size_t batch;
    unsigned threads; /* that put and take; 0: one puts, one takes */
    uint64_t work;
    double goal;
};

static void name_contest(const struct course *course, char *name, size_t size)
{
    if (course->threads)
        snprintf(name, size, "file channel, put and take synced, one event, %u threads",
                 course->threads);
    else
        snprintf(name, size, "file channel, put and take synced, batch %zu", course->batch);
}

static int compete(const struct bench_options *options, const struct course *course,
                   struct beside *beside)
{
    struct job job;
    char name[80];

    name_contest(course, name, sizeof name);
    if (!bench_wanted(options, name))
        return 0;
    if (job_init(&job, course->batch)) {
        fprintf(stderr, "cannot make a channel\n");
        return 1;
    }
    job.threads = course->threads;
    struct bench_contest contest = {
        .name = name, .unit = "events", .work = course->work, .goal = course->goal};
    int rc = run_contest(options, &contest, &job, beside);
    job_destroy(&job);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct course courses[] = {
        {.batch = 1, .work = 5000, .goal = 5.1e3},
        {.batch = 100, .work = 200000, .goal = 345e3},
        {.batch = 1000, .work = 1000000, .goal = 1.6e6},
        {.batch = 1, .work = 2000, .threads = 1},
        {.batch = 1, .work = 2000, .threads = 2},
        {.batch = 1, .work = 2000, .threads = 4},
        {.batch = 1, .work = 2000, .threads = THREADS},
    };
    struct bench_options options;
    struct beside beside = {0};
    int rc = bench_options_read(&options, argc, argv);

    if (!rc && options.flume && beside_start(&beside, options.flume)) {
        fprintf(stderr, "cannot start %s\n", options.flume);
        rc = 1;
    }
    for (size_t i = 0; i < sizeof courses / sizeof courses[0] && !rc; i++)
        rc = compete(&options, &courses[i], &beside);
    beside_stop(&beside);
    return rc;
}
