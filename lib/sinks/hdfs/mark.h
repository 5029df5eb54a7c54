/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_MARK_H
#define FL_HDFS_MARK_H

/*
 * How far a file is complete, as a durable channel keeps it with the events that are gone.  A mark
 * is there before the file is, and its name while it is in use holds a number by chance: whatever
 * has that name is this sink's.  When the file has its final name, the mark is forgotten.
 *
 *     key     the name in use without fences, in two parts around where these go; a NUL between
 *     value   length, 8 bytes; fences that it may be behind, 4; number, 8; size of the place, 4;
 *             the place; what the final name ends with
 */

#include <flow/sink.h>

#include "sinks/hdfs/file.h"

/* Says at once that FILE may exist, behind up to FENCES fences. */
int fl_hdfs_mark_note(struct fl_hdfs_file *file, unsigned fences, flow_error **err);

/* Says with TXN that FILE is complete up to END. */
int fl_hdfs_mark_set(struct fl_hdfs_file *file, flow_txn *txn, uint64_t end, flow_error **err);

/* Nothing more happens to FILE under this name. */
void fl_hdfs_mark_forget(struct fl_hdfs_file *file);

/* Adds to *FILES those that an earlier run left: each is cut to what is committed, or removed when
 * nothing is, and gets its final name. */
int fl_hdfs_marks_recover(struct fl_hdfs_host *host, struct fl_hdfs_file **files, flow_error **err);

#endif
