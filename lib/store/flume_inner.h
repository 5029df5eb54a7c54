/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_FLUME_INNER_H
#define FL_STORE_FLUME_INNER_H

/* The parts of an import: folders and logs, bytes of logs, the checkpoint, replay, events, and what
 * becomes of the files. */

#include "base/vec.h"
#include "store/flume_import.h"
#include "store/flume_transactions.h"
#include "store/flume_queue.h"

/* A folder of the channel, and Flume's lock on it. */
struct fl_flume_folder {
    const char *path;
    dev_t device;
    ino_t inode;
    int fd; /* -1: there was no file to lock */
};

struct fl_flume_log {
    char *path;
    int64_t size;
    uint32_t number;
    struct fl_flume_log_meta meta;
    struct fl_buf meta_bytes; /* that the meta points into */
};

/* A piece of a log in memory. */
struct fl_flume_window {
    const struct fl_flume_log *log; /* NULL: none yet */
    struct fl_buf bytes;
    int64_t offset;
    uint64_t turn; /* when it was last used */
};

#define FL_FLUME_WINDOWS 8

/* How the folders begin that what was imported is moved into. */
#define FL_FLUME_ASIDE "imported-"

/* What is read of a log behind what is needed, mostly. */
#define FL_FLUME_AHEAD ((size_t)256 * 1024)

/* An event that a transaction had taken without an end, and when it was put. */
struct fl_flume_returned {
    int64_t order;
    uint64_t pointer;
};

struct fl_flume_import {
    const struct fl_io *io;
    struct fl_flume_options options;
    struct fl_flume_counts counts;
    struct fl_buf fault;         /* of the checkpoint; empty: none */
    struct fl_vec folders;       /* of struct fl_flume_folder */
    struct fl_vec logs;          /* of struct fl_flume_log, by number */
    struct fl_vec returned;      /* of struct fl_flume_returned: the front of the channel */
    struct fl_flume_queue queue; /* the rest */
    struct fl_vec places;        /* of struct fl_flume_place: all of them, once gathered */
    struct fl_flume_window windows[FL_FLUME_WINDOWS];
    uint64_t turn;
    struct fl_buf record;  /* of the present event: decrypted, ... */
    struct fl_buf texts;   /* ... its headers with NULs behind them ... */
    struct fl_vec headers; /* ... and as flow_header */
};

/* ---- flume_folders.c: what there is ---- */

/* PATH is what FOLDER has under NAME, new; NULL without memory. */
char *fl_flume_path(const struct fl_flume_import *import, const char *folder, const char *name);

/* Locks all folders, or refuses those in use. */
int fl_flume_lock_folders(struct fl_flume_import *import, flow_error **err);
void fl_flume_unlock_folders(struct fl_flume_import *import);
int fl_flume_find_logs(struct fl_flume_import *import, flow_error **err);

/* The log of this number, or NULL. */
const struct fl_flume_log *fl_flume_log_at(const struct fl_flume_import *import, uint32_t number);

/* The number of a log by its name, as Flume writes it; 0 for all other names. */
uint32_t fl_flume_log_number(const char *name, size_t size);

/* ---- flume_import.c ---- */

/* Reads the event that was put there.  Returns 1, 0 when it was taken out or passed over, or a
 * failure. */
int fl_flume_event_at(struct fl_flume_import *import, uint64_t pointer,
                      struct fl_flume_event *event, flow_error **err);

/* ---- flume_window.c: bytes of logs ---- */

void fl_flume_window_init(struct fl_flume_window *window, const flow_allocator *mem);

/* Brings SIZE bytes at OFFSET into the window, and AHEAD more when it has to read; *GOT is less
 * than SIZE only at the end of the log. */
int fl_flume_window_get(const struct fl_flume_import *import, struct fl_flume_window *window,
                        int64_t offset, size_t size, size_t ahead, size_t *got, flow_error **err);
const uint8_t *fl_flume_window_at(const struct fl_flume_window *window, int64_t offset);

/* Of the import's windows the one for LOG. */
struct fl_flume_window *fl_flume_window_of(struct fl_flume_import *import,
                                           const struct fl_flume_log *log);

/* ---- flume_records.c ---- */

/* Says that LOG cannot be read at OFFSET.  Where the import is lenient that is counted and 0
 * returned. */
int fl_flume_damaged(struct fl_flume_import *import, const struct fl_flume_log *log, int64_t offset,
                     const char *what, flow_error **err);

/* A walk through a log. */
struct fl_flume_cursor {
    struct fl_flume_window window;
    int64_t offset; /* of the next record */
};

/* Reads the next record, of a put the head for certain, and where it begins.  Returns 1, 0 at the
 * end of the log, or a failure. */
int fl_flume_cursor_next(struct fl_flume_import *import, struct fl_flume_cursor *cursor,
                         struct fl_flume_record *record, int64_t *at, flow_error **err);

/* Reads the whole record of the put at POINTER, in a log that is there; it lives until the next
 * call.  Returns 1, 0 when it was taken out or passed over, or a failure. */
int fl_flume_put_at(struct fl_flume_import *import, uint64_t pointer,
                    struct fl_flume_record *record, flow_error **err);

/* ---- flume_replay.c ---- */

struct fl_flume_replay {
    struct fl_flume_import *import;
    int64_t order;                      /* what came later than this is in the logs alone */
    struct fl_flume_transactions open;  /* transactions as far as they are read */
    struct fl_flume_transactions taken; /* takes that were open at the checkpoint */
    struct fl_flume_queue pending;      /* takes whose put has not been read yet */
    struct fl_flume_cursor *cursors;    /* one for each log */
    struct fl_vec heads;                /* the next record of each log, as a heap */
};

int fl_flume_replay(struct fl_flume_import *import, flow_error **err);

/* ---- flume_checkpoint.c ---- */

/* Fills the queue, and in REPLAY the order and what was open, from the last checkpoint, if there is
 * a usable one. */
int fl_flume_restore(struct fl_flume_import *import, struct fl_flume_replay *replay,
                     flow_error **err);

/* ---- flume_unpack.c ---- */

/* Appends what a stream of snappy-java's stands for, at most LIMIT bytes.  FLOW_EPARSE and
 * FLOW_ETOOBIG without an error object; FLOW_ENOENT and FLOW_ENOMEM with one. */
int fl_flume_unpack(const void *data, size_t size, size_t limit, struct fl_buf *out,
                    flow_error **err);

#endif
