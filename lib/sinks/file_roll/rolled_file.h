/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SINKS_FILE_ROLL_ROLLED_FILE_H
#define FL_SINKS_FILE_ROLL_ROLLED_FILE_H

/*
 * One file being written.  It holds whole batches only: what a failed write or commit left behind
 * is cut off again, so that the batch can be tried again elsewhere and stands nowhere twice.  In a
 * durable channel there is a mark of how far the file holds what is gone from there.
 */

#include <flow/serializer.h>
#include <flow/sink.h>

#include "io/file.h"

struct rolled_file;

/* Makes the file at PATH, which must not exist (FLOW_EEXIST).  Owns SERIALIZER when it succeeds. */
int rolled_file_open(const flow_context *ctx, const char *path, flow_serializer *serializer,
                     struct rolled_file **file, flow_error **err);

/* Adds a batch, which TXN took.  After a failure the file can only be abandoned. */
int rolled_file_write(struct rolled_file *file, flow_txn *txn, const flow_event *const *events,
                      size_t count, flow_error **err);

/* Notes that the batches so far are committed. */
void rolled_file_committed(struct rolled_file *file);

/* Whether a batch is not. */
int rolled_file_is_ahead(const struct rolled_file *file);

/* Writes what stands behind the last event and closes; frees FILE whatever happens. */
int rolled_file_close(struct rolled_file *file, flow_error **err);

/* Cuts the file behind its last committed batch, removes it if there is none, closes and frees. */
void rolled_file_abandon(struct rolled_file *file);

#endif
