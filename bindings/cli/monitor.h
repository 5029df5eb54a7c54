/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_MONITOR_H
#define CLI_MONITOR_H

/*
 * Flume's monitoring of type http: -Dflume.monitoring.type=http and -Dflume.monitoring.port=41414
 * serve the counters of an agent as JSON at /metrics.
 */

#include <pthread.h>

#include <flow.h>

#include "log.h"
#include "server.h"

struct monitor {
    struct server server;
    pthread_mutex_t lock;    /* of `pipeline` */
    flow_pipeline *pipeline; /* whose counters are told; may be NULL */
};

/*
 * Begins to serve if the definitions ask for it.  A port that cannot be had is logged and no more,
 * as in Flume.  Returns EXIT_OK, or EXIT_USAGE after it has said what is wrong.
 */
int monitor_open(struct monitor *monitor, const struct options *options, struct log *log);
void monitor_close(struct monitor *monitor);

/* Tells the counters of PIPELINE from now on; what is shown is to be taken away before it is
 * stopped.
 */
void monitor_show(struct monitor *monitor, flow_pipeline *pipeline);

/* Writes the counters as Flume does: {"SOURCE.r1": {"Type": "SOURCE", "NAME": "VALUE", ...}, ...}.
 * PIPELINE may be NULL. */
void monitor_print(FILE *out, flow_pipeline *pipeline);

#endif
