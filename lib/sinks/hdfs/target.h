/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_TARGET_H
#define FL_HDFS_TARGET_H

/*
 * Where files are kept: one interface, behind which WebHDFS and local folders stand.  Requests run
 * at once and in no order; a file has at most one.  Everything but `wake` belongs to one thread.
 */

#include <flow/error.h>

#include "sinks/hdfs/options.h"

enum fl_hdfs_op {
    FL_HDFS_CREATE, /* a new file, and the folders above it, with the bytes of `read` */
    FL_HDFS_APPEND, /* adds the bytes of `read` */
    FL_HDFS_LENGTH,
    FL_HDFS_TRUNCATE,
    FL_HDFS_RENAME, /* replaces nothing */
    FL_HDFS_REMOVE
};

enum fl_hdfs_answer {
    FL_HDFS_DONE,
    FL_HDFS_NO,      /* understood, and not (wholly) carried out */
    FL_HDFS_ABSENT,  /* there is no such file */
    FL_HDFS_EXISTS,  /* the name is taken */
    FL_HDFS_BUSY,    /* someone has the file open, or it is being recovered */
    FL_HDFS_REFUSED, /* will be refused again, until somebody changes something */
    FL_HDFS_LATER    /* failed, and may succeed when it is tried again */
};

#define FL_HDFS_READ_WAIT SIZE_MAX

struct fl_hdfs_request {
    enum fl_hdfs_op op;
    const char *path;
    const char *to;  /* of a rename */
    uint64_t length; /* wanted by a truncate, found by a length */

    /* The bytes of an upload: stores up to SIZE of them, 0 at the end; FL_HDFS_READ_WAIT to be
     * asked again in 2 ms. */
    size_t (*read)(void *self, void *data, size_t size);

    /* Called once by fl_hdfs_target_poll; the request is the caller's again. */
    void (*done)(void *self);
    void *self;

    enum fl_hdfs_answer answer;
    int unclear; /* no answer, or a bad one, to something that may have happened or may happen yet
                  */
    flow_error *error; /* why, unless DONE; the caller's */

    struct fl_hdfs_request *next; /* the target's own */
};

struct fl_hdfs_target;

struct fl_hdfs_target_ops {
    void (*start)(struct fl_hdfs_target *target, struct fl_hdfs_request *request);
    void (*poll)(struct fl_hdfs_target *target, int64_t timeout_ms);
    void (*wake)(struct fl_hdfs_target *target);
    void (*free)(struct fl_hdfs_target *target);
};

struct fl_hdfs_target {
    const struct fl_hdfs_target_ops *ops;
    int late; /* a request that was given up may still be carried out */
};

/* A target of local folders. */
int fl_hdfs_local_new(const struct fl_hdfs_options *options, const struct fl_io *io,
                      struct fl_hdfs_target **target, flow_error **err);

#endif
