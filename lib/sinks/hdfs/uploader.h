/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_UPLOADER_H
#define FL_HDFS_UPLOADER_H

/* The sink's own thread, which has all files, and the transactions on their way through it. */

#include <flow/transaction.h>

#include "sinks/hdfs/route.h"
#include "sinks/hdfs/target.h"

/* A transaction: events, and where they go. */
struct fl_hdfs_job {
    flow_txn *txn;
    const flow_event *const *events;
    size_t count;
    int64_t bytes;
    struct fl_hdfs_routes routes;
    struct fl_vec parts; /* the files it has a part in; this and the next are the uploader's */
    uint64_t serial;
    int result; /* of its commit */
    struct fl_hdfs_job *next;
};

struct fl_hdfs_job *fl_hdfs_job_new(const flow_allocator *mem);
void fl_hdfs_job_free(struct fl_hdfs_job *job);

struct fl_hdfs_uploader;

/* Starts the thread, which first of all tidies up what an earlier run left.  TARGET is freed with
 * the uploader, also when this fails. */
int fl_hdfs_uploader_new(const struct fl_hdfs_options *options, struct fl_hdfs_target *target,
                         struct fl_hdfs_uploader **uploader, flow_error **err);

/* Waits until there is room for more bytes, up to WAIT_MS; 0 when there is none. */
int fl_hdfs_uploader_room(struct fl_hdfs_uploader *uploader, int64_t wait_ms);

/* Hands over a job, which the uploader ends by flow_txn_done and frees. */
void fl_hdfs_uploader_submit(struct fl_hdfs_uploader *uploader, struct fl_hdfs_job *job);

/* Tells it not to wait for more before what it has is delivered; in force until the next job. */
void fl_hdfs_uploader_flush(struct fl_hdfs_uploader *uploader);

/* Tells it what became of a transaction after that. */
void fl_hdfs_uploader_ended(struct fl_hdfs_uploader *uploader, const flow_txn *txn, int result);

/* When fl_hdfs_uploader_wake is wanted next, on the context's clock. */
int64_t fl_hdfs_uploader_deadline(struct fl_hdfs_uploader *uploader);
void fl_hdfs_uploader_wake(struct fl_hdfs_uploader *uploader);

/*
 * Delivers what it has, closes and renames all files, and leaves the rest as it is LIMIT_MS after
 * the first call.  Waits until that is done and returns 1, or, so that it can be told what becomes
 * of transactions, until one is done, and returns 0: it is to be called again.
 */
int fl_hdfs_uploader_stop(struct fl_hdfs_uploader *uploader, int64_t limit_ms);

/* Ends the thread, whatever is left to do.  NULL is allowed. */
void fl_hdfs_uploader_free(struct fl_hdfs_uploader *uploader);

#endif
