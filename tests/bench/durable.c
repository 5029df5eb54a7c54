/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "durable.h"

static int fill(flow_batch *events, size_t count)
{
    char body[DURABLE_BODY];
    int rc = FLOW_OK;

    memset(body, 'x', sizeof body);
    for (size_t i = 0; i < count && !rc; i++)
        rc = flow_batch_add(events, body, sizeof body, NULL);
    return rc;
}

int durable_init(struct durable *durable, size_t batch, const char *capacity)
{
    const char *root = getenv("FLOW_BENCH_DIR");
    char control[96], data[96];

    memset(durable, 0, sizeof *durable);
    snprintf(durable->folder, sizeof durable->folder, "%s/flow-bench-XXXXXX", root ? root : "/tmp");
    if (!mkdtemp(durable->folder))
        return -1;
    snprintf(control, sizeof control, "%s/control", durable->folder);
    snprintf(data, sizeof data, "%s/data", durable->folder);
    const char *const settings[] = {"checkpointDir", control, "dataDirs", data,
                                    "minimumRequiredSpace", "1048576", "capacity", capacity, NULL};
    if (memory_rig_new(&durable->rig, RIG_FILE, settings, NULL) ||
        flow_batch_new(durable->rig.lib, &durable->events, NULL))
        return -1;
    return fill(durable->events, batch) ? -1 : 0;
}

void durable_destroy(struct durable *durable)
{
    char command[128];

    flow_batch_free(durable->events);
    memory_rig_free(&durable->rig);
    snprintf(command, sizeof command, "rm -r %s", durable->folder);
    if (system(command))
        fprintf(stderr, "%s failed\n", command);
}

int durable_put(struct durable *durable)
{
    flow_txn *txn;

    if (flow_txn_begin(durable->rig.channel, &txn, NULL))
        return -1;
    int rc = flow_txn_put_batch(txn, durable->events, NULL);
    if (!rc)
        rc = flow_txn_commit(txn, NULL);
    flow_txn_free(txn);
    return rc ? -1 : 0;
}

int64_t durable_take(struct durable *durable, size_t most, int64_t wait_ms)
{
    const flow_event *const *events;
    size_t count = 0;
    flow_txn *txn;

    if (flow_txn_begin(durable->rig.channel, &txn, NULL))
        return -1;
    int rc = flow_txn_take(txn, most, wait_ms, &events, &count, NULL);
    if (!rc)
        rc = flow_txn_commit(txn, NULL);
    flow_txn_free(txn);
    return rc ? -1 : (int64_t)count;
}
