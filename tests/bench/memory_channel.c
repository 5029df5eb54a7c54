/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The memory channel between one producer and one consumer, against its limit in plain C: first
 * with references to the same events only, then with a body of its own for each event, which the
 * consumer's thread releases.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "memory_rig.h"
#include "plain_ring.h"

#define BODY 500u
#define CAPACITY 16384u /* events on their way, for both */
#define MOST 1000u

struct job {
    size_t batch;
    int copies; /* whether each event gets a body of its own */
    uint64_t work;
    int failed;
    /* libflow */
    struct memory_rig rig;
    flow_batch *events;
    /* the limit */
    struct ring ring;
    struct pool pool;
    char *body;
};

/* ---- the limit ---- */

/* An event as the limit has it: where it belongs, and its bytes. */
struct piece {
    struct block *block;
    char body[BODY];
};

static void fill_block(struct job *job, void **pieces)
{
    struct block *block = pool_take(&job->pool);
    struct piece *piece = (struct piece *)(block + 1);

    atomic_store_explicit(&block->refs, (unsigned)job->batch, memory_order_relaxed);
    for (size_t i = 0; i < job->batch; i++, piece++) {
        piece->block = block;
        memcpy(piece->body, job->body, BODY);
        pieces[i] = piece;
    }
}

static void plain_produce(void *arg)
{
    struct job *job = arg;
    void *pieces[MOST] = {NULL};

    for (uint64_t done = 0; done < job->work; done += job->batch) {
        if (job->copies)
            fill_block(job, pieces);
        ring_push(&job->ring, pieces, job->batch);
    }
}

static void release_pieces(struct job *job, void **pieces, size_t count)
{
    for (size_t i = 0, n; i < count; i += n) {
        struct block *block = ((struct piece *)pieces[i])->block;
        for (n = 1; i + n < count && ((struct piece *)pieces[i + n])->block == block;)
            n++;
        pool_release(&job->pool, block, (unsigned)n);
    }
}

static void plain_consume(void *arg)
{
    struct job *job = arg;
    void *pieces[MOST];

    for (uint64_t done = 0; done < job->work;) {
        size_t count = ring_pop(&job->ring, pieces, job->batch);
        if (job->copies)
            release_pieces(job, pieces, count);
        done += count;
    }
}

static double plain_run(void *arg, uint64_t work)
{
    struct job *job = arg;

    job->work = work - work % job->batch;
    return bench_pair(plain_produce, plain_consume, job);
}

/* ---- libflow ---- */

static int fill_batch(struct job *job)
{
    int rc = FLOW_OK;

    flow_batch_clear(job->events);
    for (size_t i = 0; i < job->batch && !rc; i++)
        rc = flow_batch_add(job->events, job->body, BODY, NULL);
    return rc;
}

static void flow_produce(void *arg)
{
    struct job *job = arg;

    for (uint64_t done = 0; done < job->work && !job->failed; done += job->batch) {
        flow_txn *txn;
        if (job->copies && fill_batch(job))
            job->failed = 1;
        if (flow_txn_begin(job->rig.channel, &txn, NULL) ||
            flow_txn_put_batch(txn, job->events, NULL) || flow_txn_commit(txn, NULL))
            job->failed = 1;
        flow_txn_free(txn);
    }
}

static void flow_consume(void *arg)
{
    struct job *job = arg;

    for (uint64_t done = 0; done < job->work && !job->failed;) {
        const flow_event *const *events;
        size_t count = 0;
        flow_txn *txn;
        if (flow_txn_begin(job->rig.channel, &txn, NULL) ||
            flow_txn_take(txn, job->batch, 1000, &events, &count, NULL) ||
            flow_txn_commit(txn, NULL))
            job->failed = 1;
        flow_txn_free(txn);
        done += count;
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

static int job_init(struct job *job, size_t batch, int copies)
{
    const char *const settings[] = {"capacity", "16384", "transactionCapacity", "1000", NULL};

    *job = (struct job){.batch = batch, .copies = copies};
    job->body = calloc(1, BODY);
    if (!job->body || ring_init(&job->ring, CAPACITY) ||
        pool_init(&job->pool, batch * sizeof(struct piece)) ||
        memory_rig_new(&job->rig, 0, settings, NULL) ||
        flow_batch_new(job->rig.lib, &job->events, NULL))
        return -1;
    /* The second filling lies as it would in the long run, in slabs of the right size. */
    return fill_batch(job) || fill_batch(job) ? -1 : 0;
}

static void job_destroy(struct job *job)
{
    flow_batch_free(job->events);
    memory_rig_free(&job->rig);
    ring_destroy(&job->ring);
    pool_destroy(&job->pool);
    free(job->body);
}

static int compete(const struct bench_options *options, size_t batch, int copies, double goal)
{
    struct job job;
    char name[80];

    if (job_init(&job, batch, copies)) {
        fprintf(stderr, "cannot make a channel\n");
        return 1;
    }
    snprintf(name, sizeof name, "memory channel, %s, batch %zu",
             copies ? "bodies of 500 bytes" : "references", batch);
    struct bench_contest contest = {
        .name = name,
        .unit = "events",
        .work = batch == 1 ? 1000000
                : copies   ? 5000000
                           : 20000000,
        .goal = goal,
        .entries = {{.name = copies ? "recycled pool + ring" : "mutex ring",
                     .run = plain_run,
                     .arg = &job},
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
    static const double goals[2][3] = {{5e6, 60e6, 100e6}, {5e6, 22e6, 33e6}};
    struct bench_options options;
    int rc = bench_options_read(&options, argc, argv);

    for (int copies = 0; copies < 2; copies++) {
        for (size_t i = 0; i < 3 && !rc; i++)
            rc = compete(&options, batches[i], copies, goals[copies][i]);
    }
    return rc;
}
