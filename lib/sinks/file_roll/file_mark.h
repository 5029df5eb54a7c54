/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SINKS_FILE_ROLL_FILE_MARK_H
#define FL_SINKS_FILE_ROLL_FILE_MARK_H

/*
 * How far a file is complete, as a durable channel keeps it with the events that are gone.  The key
 * is the path, which some day may be another file's; so the number of the inode and the time of
 * the file's birth stand behind the length.
 */

#include <flow/sink.h>

#include "io/file.h"

struct file_identity {
    uint64_t inode;
    uint64_t birth; /* 0: unknown */
};

/* Tells which file FD is. */
int file_identify(const struct fl_io *io, int fd, const char *path, struct file_identity *identity,
                  flow_error **err);

/* Says with TXN that the file at PATH is complete up to LENGTH; at once, when TXN is NULL. */
int file_mark(const flow_context *ctx, flow_txn *txn, const char *path, int64_t length,
              const struct file_identity *identity, flow_error **err);

/* Says at once that nothing more will happen to the file at PATH. */
int file_unmark(const flow_context *ctx, const char *path, flow_error **err);

/*
 * Cuts off what an earlier run wrote and did not deliver: those events come again.  Files that were
 * complete up to nowhere are removed.  Whatever is not just the file that was marked is not
 * touched.
 *
 * Blocks: on the file system and on the channel's storage.
 */
int file_marks_recover(const flow_context *ctx, flow_error **err);

#endif
