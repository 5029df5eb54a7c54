/* SPDX-License-Identifier: Apache-2.0 */

/* Puts into a file channel while a consumer works off a backlog that is much larger than memory. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "bench.h"
#include "durable.h"

#define BATCH 1000u
#define BACKLOG 10000000u /* events */
#define CAPACITY "1000000000"

struct flood {
    struct durable durable;
    _Atomic int over;
    _Atomic int failed;
};

static int put_events(struct flood *flood, uint64_t count)
{
    for (uint64_t done = 0; done < count && !flood->failed; done += BATCH) {
        if (durable_put(&flood->durable))
            flood->failed = 1;
    }
    return flood->failed;
}

static void *take_backlog(void *arg)
{
    struct flood *flood = arg;

    while (!flood->over && !flood->failed) {
        if (durable_take(&flood->durable, BATCH, 0) <= 0)
            flood->failed = 1; /* the backlog must not come to its end */
    }
    return NULL;
}

static double run_alone(void *arg, uint64_t work)
{
    double start = bench_now();

    return put_events(arg, work) ? -1 : bench_now() - start;
}

static double run_beside(void *arg, uint64_t work)
{
    struct flood *flood = arg;
    pthread_t taker;

    flood->over = 0;
    if (pthread_create(&taker, NULL, take_backlog, flood))
        return -1;
    double seconds = run_alone(flood, work);
    flood->over = 1;
    pthread_join(taker, NULL);
    return flood->failed ? -1 : seconds;
}

static int compete_backlog(const struct bench_options *options)
{
    struct flood flood = {0};
    struct bench_contest contest = {
        .name = "file channel, puts beside a backlog, batch 1000",
        .unit = "events",
        .work = 1000000,
        .entries = {{.name = "alone", .run = run_alone, .arg = &flood},
                    {.name = "while it is taken", .run = run_beside, .arg = &flood}},
        .count = 2,
    };

    if (!bench_wanted(options, contest.name))
        return 0;
    if (durable_init(&flood.durable, BATCH, CAPACITY) ||
        put_events(&flood, (uint64_t)(BACKLOG * options->scale)))
        return 1;
    int rc = bench_run(options, &contest);
    durable_destroy(&flood.durable);
    return rc;
}

int main(int argc, char **argv)
{
    struct bench_options options;
    int rc = bench_options_read(&options, argc, argv);

    return rc ? rc : compete_backlog(&options);
}
