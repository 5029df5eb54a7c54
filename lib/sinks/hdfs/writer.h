/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_WRITER_H
#define FL_HDFS_WRITER_H

/* From events to the bytes of one file, in the format that the options ask for. */

#include <flow/serializer.h>

#include "sinks/hdfs/options.h"

struct fl_hdfs_writer;

int fl_hdfs_writer_new(const struct fl_hdfs_options *options, struct fl_hdfs_writer **writer,
                       flow_error **err);
void fl_hdfs_writer_free(struct fl_hdfs_writer *writer);

/* Adds events, and before the first of them what a file of this format begins with. */
int fl_hdfs_writer_add(struct fl_hdfs_writer *writer, const flow_event *const *events, size_t count,
                       flow_buffer *out, flow_error **err);

/*
 * When all there is in the file are bodies of events: what stands behind each of them, and the
 * number of these bytes; they stay as long as the writer does.  Then neither `add` nor `seal` nor
 * `end` is needed.  Else NULL.
 */
const void *fl_hdfs_writer_tail(const struct fl_hdfs_writer *writer, size_t *size);

/* Makes what is in OUT so far complete: a file that ends here can be read. */
int fl_hdfs_writer_seal(struct fl_hdfs_writer *writer, flow_buffer *out, flow_error **err);

/* Adds what a file of this format ends with. */
int fl_hdfs_writer_end(struct fl_hdfs_writer *writer, flow_buffer *out, flow_error **err);

#endif
