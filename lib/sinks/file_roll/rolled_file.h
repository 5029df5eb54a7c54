/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SINKS_FILE_ROLL_ROLLED_FILE_H
#define FL_SINKS_FILE_ROLL_ROLLED_FILE_H

/*
 * One file being written.  It holds whole batches only: what a failed write left behind is cut off
 * again, so that the batch can be tried again elsewhere and stands nowhere twice.
 */

#include <flow/serializer.h>

#include "io/file.h"

struct rolled_file;

/* Makes the file at PATH, which must not exist (FLOW_EEXIST).  Owns SERIALIZER when it succeeds. */
int rolled_file_open(const flow_context *ctx, const char *path, flow_serializer *serializer,
                     struct rolled_file **file, flow_error **err);

/* Adds a batch.  After a failure the file can only be abandoned. */
int rolled_file_write(struct rolled_file *file, const flow_event *const *events, size_t count,
                      flow_error **err);

/* Writes what stands behind the last event and closes; frees FILE whatever happens. */
int rolled_file_close(struct rolled_file *file, flow_error **err);

/* Cuts the file behind its last whole batch, removes it if there is none, closes and frees. */
void rolled_file_abandon(struct rolled_file *file);

#endif
