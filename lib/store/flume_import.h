/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_FLUME_IMPORT_H
#define FL_STORE_FLUME_IMPORT_H

/*
 * Takes over what is still in the file channel of a stopped Flume.  Opening does what Flume does
 * when it starts: it reads the last checkpoint and what the logs have behind it, or all of the logs
 * where there is no usable checkpoint.  In the channel is what was put by transactions that
 * committed and not taken by such ones, in the order of the channel.
 *
 * Reading writes nothing below the channel's folders; only fl_flume_mark and fl_flume_set_aside do.
 * A channel that is in use is refused, by Flume's locks and by whether anybody has the channel's
 * files open for writing.  While an import is open it holds the locks (`in_use.lock`), as far as
 * these files exist, so that no Flume can start meanwhile.
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
 * An import holds 16 to 48 bytes an event, and one event at a time.  Used by one thread at a time.
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
    uint64_t encrypted; /* of these */
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
    uint64_t bytes;          /* of all bodies, once gathered */
    uint64_t set_aside;      /* folders that earlier imports left */
    int has_used_checkpoint; /* 2: the backup's */
};

/*
 * When an event was put, among all that a channel ever had.  It stays what it is as long as the
 * event is there, also when Flume runs again.
 */
struct fl_flume_place {
    int64_t order;
    uint64_t pointer; /* tells those apart that have the same order, as in Flume 1.2 */
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

/* Complete once fl_flume_each or fl_flume_gather has ended; until then without the damaged and
 * removed events. */
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

/*
 * Reads every event to see whether it is sound, and sorts those that are by when they were put.
 * That is the order of the channel, but for transactions that were open at the same time.  Once;
 * fl_flume_each has none after it.
 */
int fl_flume_gather(struct fl_flume_import *import, flow_error **err);

/* What was gathered. */
size_t fl_flume_count(const struct fl_flume_import *import);
const struct fl_flume_place *fl_flume_place_at(const struct fl_flume_import *import, size_t index);
int fl_flume_place_compare(const struct fl_flume_place *one, const struct fl_flume_place *other);

/* Reads the event at INDEX, lent until the next call.  Returns 1, 0 when it was passed over, or a
 * failure. */
int fl_flume_read(struct fl_flume_import *import, size_t index, struct fl_flume_event *event,
                  flow_error **err);

/* The largest number of a log, 0 when there is none.  What Flume puts later has a larger one: with
 * each start it begins new logs. */
uint32_t fl_flume_last_log(const struct fl_flume_import *import);

/* ---- flume_aside.c: what shows that a channel was imported ---- */

#define FL_FLUME_ID 16 /* hexadecimal digits */

/*
 * Names the channel for good, by the file log-import in one of the data directories, which is made
 * when there is none.  ID gets the name and a NUL; "" where there is no log, and then none is made.
 * When the setting aside of an earlier channel was interrupted at its end, this ends it.
 */
int fl_flume_mark(struct fl_flume_import *import, char id[FL_FLUME_ID + 1], flow_error **err);

/*
 * Moves all files of Flume's into a folder imported-ID in the one where they are; a Flume that is
 * started then finds an empty channel.  Takes the locks anew, as another user of the same folders
 * in this process gives them up.  What a crash interrupts, another call finishes, or fl_flume_mark.
 */
int fl_flume_set_aside(struct fl_flume_import *import, const char *id, flow_error **err);

/* Whether there are logs of Flume's in these data directories that no import has begun with. */
int fl_flume_is_left(const struct fl_io *io, const char *const *folders, size_t count);

#endif
