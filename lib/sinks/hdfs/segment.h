/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_SEGMENT_H
#define FL_HDFS_SEGMENT_H

/*
 * Bytes of a file on their way: in a buffer, or, when they are but bodies of events, where those
 * lie.  The latter copies no byte before libcurl does, and needs no memory that would have to be
 * mapped first.  Bodies are looked at only where they are read, so those that were delivered may be
 * gone.
 */

#include <flow/serializer.h>

#include "base/vec.h"

#define FL_HDFS_SPARE_SEGMENTS 64

struct fl_hdfs_segment {
    struct fl_hdfs_segment *next;
    uint64_t start; /* in the file */
    uint64_t size;
    flow_buffer *buffer;
    struct fl_vec pieces; /* of struct piece: instead of the buffer, when there are any */
    size_t reading;       /* the piece that was read last */
    const void *tail;     /* behind each of them */
    size_t tail_size;
};

/* Empty ones to use again. */
struct fl_hdfs_segments {
    flow_library *lib;
    struct fl_hdfs_segment *spare;
    size_t count;
};

/* An empty segment; NULL without memory. */
struct fl_hdfs_segment *fl_hdfs_segment_new(struct fl_hdfs_segments *segments);

/* Empties it and keeps it as a spare, or frees it.  NULL is allowed. */
void fl_hdfs_segment_free(struct fl_hdfs_segments *segments, struct fl_hdfs_segment *segment);

/* Frees the spares. */
void fl_hdfs_segments_trim(struct fl_hdfs_segments *segments);

/* Adds the bodies of COUNT events, each with TAIL behind it, all of which stay where they are until
 * they were delivered; FLOW_ENOMEM. */
int fl_hdfs_segment_lay(struct fl_hdfs_segment *segment, const flow_event *const *events,
                        size_t count, const void *tail, size_t tail_size);

/* The bytes so far. */
uint64_t fl_hdfs_segment_end(const struct fl_hdfs_segment *segment);

/* Sets `size`; nothing is added any more. */
void fl_hdfs_segment_close(struct fl_hdfs_segment *segment);

/* Copies up to SIZE bytes from OFFSET on, which is inside; returns how many. */
size_t fl_hdfs_segment_read(struct fl_hdfs_segment *segment, uint64_t offset, void *out,
                            size_t size);

#endif
