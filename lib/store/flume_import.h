/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_FLUME_IMPORT_H
#define FL_STORE_FLUME_IMPORT_H

/*
 * Takes over what is still in the file channel of a stopped Flume.  Opening does what Flume does
 * when it starts: it reads the last checkpoint and what the logs have behind it, or all of the logs
 * where there is no usable checkpoint.  In the channel is what was put by transactions that
 * committed and not taken by such ones, in the order of the channel.
 *
 * Nothing below the channel's folders is ever written.  A channel that is in use is refused, by
 * Flume's locks and by whether anybody has the channel's files open for writing.  While an import
 * is open it holds the locks (`in_use.lock`), as far as these files exist, so that no Flume can
 * start meanwhile.
 *
 * Where this differs from Flume, it is for fewer surprises:
 * - Events of transactions that were open at the checkpoint come in the order in which they were
 *   put, those that had been taken first of all; Flume has both in the order of a hash table.
 * - Flume gives those that had been taken even when another transaction took them afterwards.
 * - A damaged event that has been taken troubles nobody; Flume does not start.
 *
 * Without a usable checkpoint both can find events again that were taken: where there are several
 * data directories, Flume may have deleted the log with the take and kept the one with the put.
 *
 * An import holds 16 to 32 bytes an event, and one event at a time.  Used by one thread at a time.
 */

#include <flow/event.h>

#include "io/file.h"
#include "wire/flume_log.h"

struct fl_flume_import;

/*
 * Decrypts, in place, the first SIZE bytes of a record: all of them or only its beginning.  HOW
 * says with which key; an error should name it.
 */
struct fl_flume_cipher {
    void *self;
    int (*decrypt)(void *self, const struct fl_flume_encryption *how, uint8_t *data, size_t size,
                   flow_error **err);
};

/* The channel's properties, as far as they matter.  Texts and lists must outlive the import. */
struct fl_flume_options {
    const flow_allocator *mem;
    const char *const *data_dirs;
    size_t data_dir_count;
    const char *checkpoint_dir;           /* NULL: all of the logs are read */
    const char *backup_checkpoint_dir;    /* used as Flume does with useDualCheckpoints; or NULL */
    const struct fl_flume_cipher *cipher; /* NULL: encrypted logs are refused */

    /* 1: records that cannot be read are passed over and counted, as Flume does after its integrity
     * tool or with fsyncPerTransaction = false; 0: they are errors. */
    int is_lenient;
};

/* What was found; records counted only as far as opening had to read them. */
struct fl_flume_counts {
    uint64_t logs;
    uint64_t puts;
    uint64_t takes;
    uint64_t commits;
    uint64_t rollbacks;
    uint64_t events;         /* in the channel */
    uint64_t open_puts;      /* of transactions that never ended: not in the channel */
    uint64_t open_takes;     /* of transactions that never ended: still in the channel */
    uint64_t returned;       /* events at the front, since they were taken at the checkpoint */
    uint64_t removed;        /* events that Flume's integrity tool had taken out */
    uint64_t damaged;        /* records passed over; only when lenient */
    int has_used_checkpoint; /* 2: the backup's */
};

/* An event of the channel and where it lies.  All of it is lent for the call. */
struct fl_flume_event {
    const flow_header *headers;
    size_t header_count;
    const void *body;
    size_t body_size;
    const char *path; /* of the log */
    int64_t offset;   /* of the record in it */
    int64_t transaction;
    int64_t order;
};

/*
 * Opens a channel and finds its events.  Errors name the file, and the byte where that helps:
 * FLOW_ESTATE when a Flume is running on it, FLOW_ENOENT for a folder or a log that is missing,
 * FLOW_EPARSE for what Flume did not write, FLOW_ECONFIG for an encrypted log without a cipher.
 */
int fl_flume_open(const struct fl_io *io, const struct fl_flume_options *options,
                  struct fl_flume_import **import, flow_error **err);

/* Ends the import and gives the locks back.  NULL is allowed. */
void fl_flume_close(struct fl_flume_import *import);

/* Complete once fl_flume_each has ended; until then without the damaged and removed events. */
const struct fl_flume_counts *fl_flume_counts(const struct fl_flume_import *import);

/* Why no checkpoint was used, or NULL. */
const char *fl_flume_checkpoint_fault(const struct fl_flume_import *import);

/*
 * Calls EACH for every event, in order, until that returns something else than FLOW_OK, which ends
 * it and is returned.
 */
int fl_flume_each(struct fl_flume_import *import,
                  int (*each)(void *arg, const struct fl_flume_event *event, flow_error **err),
                  void *arg, flow_error **err);

#endif
