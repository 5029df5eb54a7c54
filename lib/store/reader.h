/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_READER_H
#define FL_STORE_READER_H

/* Reads runs back from the disk, those of all stripes in the order of their offsets. */

#include "store/scan.h"
#include "store/store_inner.h"

struct fl_reader;

/* Reads the put FRAME, which SCAN read last, into a run, the caller's.  FLOW_EPARSE when it is
 * damaged. */
int fl_reader_load(const struct fl_store_env *env, struct fl_scan *scan,
                   const struct fl_frame *frame, struct fl_run **run, flow_error **err);

int fl_reader_new(struct fl_store *store, struct fl_reader **reader, flow_error **err);
void fl_reader_free(struct fl_reader *reader); /* NULL is allowed */

/*
 * Reads the next run that has events from FROM on, which never goes back, and begins below LIMIT,
 * up to where everything is on disk.  *RUN, the caller's, is NULL when there is none.
 *
 * Errors: FLOW_EIO, FLOW_EPARSE with file and byte where the log is damaged.
 */
int fl_reader_next(struct fl_reader *reader, uint64_t from, uint64_t limit, struct fl_run **run,
                   flow_error **err);

#endif
