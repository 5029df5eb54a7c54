/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LOGDIR_IMPORT_H
#define CLI_LOGDIR_IMPORT_H

/* `flow log import-flume`: what is taken over from where to where. */

#include "logdir.h"

/* One channel's worth. */
struct import_job {
    char *name;                /* of the channel */
    struct logdir_place from;  /* Flume's folders, and keys; no checkpoint: none is known */
    char *backup;              /* Flume's, or NULL */
    struct text_list settings; /* pairs: properties of libflow's channel */
};

struct import_jobs {
    char *agent;
    struct import_job *items;
    size_t count;
};

/* Finds out what is to be done.  Returns an exit status, after it has said what is wrong. */
int import_find(const struct options *options, flow_library *lib, struct import_jobs *jobs);
void import_jobs_free(struct import_jobs *jobs);

#endif
