/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_DURABLE_H
#define TESTS_BENCH_DURABLE_H

/* A file channel that is measured, in a temporary folder of its own. */

#include "memory_rig.h"

#define DURABLE_BODY 500u

struct durable {
    char folder[64];
    struct memory_rig rig;
    flow_batch *events; /* what a put puts */
};

/* Makes the folder and the channel, which holds CAPACITY events, and a batch of BATCH events;
 * returns 0 or -1.  The folder is below FLOW_BENCH_DIR, or /tmp. */
int durable_init(struct durable *durable, size_t batch, const char *capacity);
void durable_destroy(struct durable *durable);

/* A transaction that puts the batch; returns 0 or -1.  From any thread. */
int durable_put(struct durable *durable);

/* A transaction that takes up to MOST events, waiting up to WAIT_MS; returns how many, or -1. */
int64_t durable_take(struct durable *durable, size_t most, int64_t wait_ms);

#endif
