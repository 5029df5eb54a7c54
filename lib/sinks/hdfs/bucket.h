/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_BUCKET_H
#define FL_HDFS_BUCKET_H

/*
 * Buckets: for each place the file that is open for more, and the rules that close it.  A file
 * that is closed belongs to no bucket any more, but is in the list of files until it is gone.
 */

#include "sinks/hdfs/file.h"

struct fl_hdfs_buckets {
    struct fl_hdfs_host *host;
    struct fl_map map;          /* place -> struct bucket */
    struct fl_hdfs_file *files; /* all of them */
};

void fl_hdfs_buckets_init(struct fl_hdfs_buckets *buckets, struct fl_hdfs_host *host);
void fl_hdfs_buckets_free(struct fl_hdfs_buckets *buckets);

/* Events still to be added. */
struct fl_hdfs_slice {
    const flow_event *const *events;
    size_t count;
};

/*
 * Serializes as many events as fit the file that PLACE has open, at least one, and takes them off
 * SLICE; opens a file if need be, and finishes it when it is full.  *FILE is the one they went to.
 */
int fl_hdfs_buckets_add(struct fl_hdfs_buckets *buckets, const struct fl_hdfs_place *place,
                        struct fl_hdfs_slice *slice, struct fl_hdfs_file **file, flow_error **err);

/* Finishes files that are old or idle enough at NOW, or all of them. */
int fl_hdfs_buckets_expire(struct fl_hdfs_buckets *buckets, int64_t now, int all, flow_error **err);

/* When the next file is old or idle enough, or wants to try again; FL_NEVER when none does. */
int64_t fl_hdfs_buckets_deadline(const struct fl_hdfs_buckets *buckets);

/* Starts the requests that are due. */
void fl_hdfs_buckets_step(struct fl_hdfs_buckets *buckets, int64_t now);

/* Frees the files that are gone. */
void fl_hdfs_buckets_sweep(struct fl_hdfs_buckets *buckets);

/* While the sink stops: whether no file is left but such of earlier runs as are not to be had now.
 */
int fl_hdfs_buckets_are_done(const struct fl_hdfs_buckets *buckets);

/* While a rollback is wanted: whether every file is clean; and what is done when they are. */
int fl_hdfs_buckets_clean(const struct fl_hdfs_buckets *buckets);
void fl_hdfs_buckets_drop(struct fl_hdfs_buckets *buckets);

#endif
