/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_OPTIONS_H
#define FL_HDFS_OPTIONS_H

/* The settings of one hdfs sink, read once.  Texts are the context's. */

#include <flow/component.h>

#include "codec/compress.h"
#include "io/file.h"
#include "sinks/hdfs/escape.h"

#define FL_FILE_SEQUENCE 0
#define FL_FILE_DATA 1
#define FL_FILE_COMPRESSED 2

struct fl_hdfs_options {
    flow_context *ctx;
    const flow_allocator *mem;
    const char *path;
    const char *prefix;
    const char *suffix; /* of finished names: set, or the codec's, or "" */
    const char *in_use_prefix;
    const char *in_use_suffix;
    int file_type;                /* FL_FILE_... */
    int text_values;              /* of a SequenceFile: Text instead of BytesWritable */
    const struct fl_codec *codec; /* or NULL */
    int sync;                     /* uploads are on disk when they are answered */
    uint64_t roll_bytes;          /* 0: any number, in this and the next */
    uint64_t roll_events;
    int64_t roll_ms; /* 0: never, in this and the next */
    int64_t idle_ms;
    size_t batch_size;
    size_t max_open_files;
    size_t max_requests;
    int64_t max_pending_bytes;
    int64_t call_timeout_ms; /* 0: for ever */
    int64_t retry_ms;
    int64_t close_tries; /* INT64_MAX: until it succeeds */
    struct fl_hdfs_time_rule time;
    struct fl_zone *zone; /* owned */
};

/* Reads and checks what a schema cannot check; FLOW_ECONFIG. */
int fl_hdfs_options_read(flow_context *ctx, struct fl_hdfs_options *options, flow_error **err);
void fl_hdfs_options_free(struct fl_hdfs_options *options);

#endif
