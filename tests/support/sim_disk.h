/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SIM_DISK_H
#define TESTS_SUPPORT_SIM_DISK_H

/*
 * A disk in memory behind the calls of the file layer.  It knows what of it would outlast a power
 * failure, keeps a record of what was done to it, so that the disk at every moment of a run can be
 * had afterwards, and fails any call on request.
 *
 * What lasts
 *   Bytes and size of a file last once a fdatasync of it returned that began when they were there;
 *   the entry of a file in its folder lasts once a fdatasync of the folder did.  Anything since may
 *   last or not:
 *   - of each sector of 512 bytes any of its versions since then.  A sector itself is never torn;
 *   - sizes in the order in which they came about, up to one of them.  A file may have grown by
 *     only a part of a write.  What has not come to lie in it reads as zeros;
 *   - entries in the order in which they changed, up to one of them in each folder: a file made or
 *     renamed may be gone again, one removed may be back.  A rename is done or not, in both
 *     folders.
 *   A failed fdatasync drops what it should have made last, as Linux does: see `enum sim_loss`.
 *
 * How a test uses it
 *   disk = sim_disk_new(); sim_disk_record(disk);
 *   ... runs a log with sim_disk_io(disk), with a sim_disk_mark(disk, n) for each promise given ...
 *   for (past = sim_disk_past(disk, 0), n = 0; n <= sim_disk_ops(disk); n++) {
 *       sim_disk_advance(past, n);
 *       image = sim_disk_crash(past, SIM_TORN, seed);
 *       ... opens the log on sim_disk_io(image), which has to keep what was promised before N ...
 *   }
 *   The same record, N, mode and seed make the same image.  An image is a disk like any other: what
 *   recovers on it can be recorded, crashed and failed in turn.
 *
 * Limits: no links, no modes that keep anyone out, no times; ".." in a path, O_DIRECT, O_SYNC,
 * O_DSYNC and O_TMPFILE are refused with EINVAL.  Calls may come from any number of threads.  Out
 * of memory ends the test.
 */

#include "io/file.h"

struct sim_disk;

/* An empty disk, without a record, without a limit of its size. */
struct sim_disk *sim_disk_new(void);
void sim_disk_free(struct sim_disk *disk);

/* The calls on it, valid as long as the disk. */
const struct fl_io *sim_disk_io(struct sim_disk *disk);

/* ---- the record ---- */

enum sim_op_kind {
    SIM_OP_MARK,     /* `value` */
    SIM_OP_CREATE,   /* `file` with `mode` as `name` in `folder`; also a folder */
    SIM_OP_WRITE,    /* `size` bytes of `data` at `offset` of `file` */
    SIM_OP_TRUNCATE, /* `file` to `size` */
    SIM_OP_SYNC,     /* of `file`, which may be a folder: what was done by the time `value` lasts */
    SIM_OP_LOSS,     /* a sync that failed: `loss`, `seed` */
    SIM_OP_RENAME,   /* `file` from `name` in `folder` to `to` in `to_folder` */
    SIM_OP_UNLINK,   /* `file`, `name` in `folder` */
    SIM_OP_EVICT,
};

/* What became of the data when a fdatasync failed. */
enum sim_loss {
    SIM_LOST,    /* nothing reached the disk, and it counts as clean: another sync will not write
                    it, though it is read until sim_disk_evict.  Entries of a folder just stay
                    unsynced. */
    SIM_REACHED, /* all of it reached the disk all the same */
    SIM_PARTLY,  /* each sector one or the other, by the seed */
    SIM_KEPT,    /* nothing happened, as after EINTR: another sync may write it */
};

struct sim_op {
    enum sim_op_kind kind;
    enum sim_loss loss;
    uint32_t mode;
    uint64_t file; /* inodes; the root is 1 */
    uint64_t folder;
    uint64_t to_folder;
    const char *name;
    const char *to;
    int64_t offset;
    uint64_t size;
    const uint8_t *data;
    uint64_t value;
    uint64_t seed;
};

/* Begins a record at the disk as it is, and forgets an earlier one. */
void sim_disk_record(struct sim_disk *disk);

/* Notes in the record that something happened: "put number VALUE was acknowledged". */
void sim_disk_mark(struct sim_disk *disk, uint64_t value);

/* How many operations the record has.  Each call that changed something is one, and each mark. */
uint64_t sim_disk_ops(struct sim_disk *disk);

/* Operation INDEX, from 0 on; valid until the record is forgotten. */
const struct sim_op *sim_disk_op(struct sim_disk *disk, uint64_t index);

/* The operation as a line for people, in ROOM. */
const char *sim_op_text(const struct sim_op *op, char *room, size_t size);

/* ---- the past and the crash ---- */

/* The disk as it was after the first OPS operations of the record, to be crashed; several may be
 * used at once, each by a thread.  It reads the record of DISK when it is moved on. */
struct sim_disk *sim_disk_past(struct sim_disk *disk, uint64_t ops);

/* Moves a past on to a later count. */
void sim_disk_advance(struct sim_disk *past, uint64_t ops);

enum sim_mode {
    SIM_KILLED,  /* the process alone ended: all is there.  With a seed other than 0, only a first
                    part of a write that is the last operation, as in the midst of it. */
    SIM_FLUSHED, /* power failure after all had been written out: as SIM_KILLED but for what failed
                    syncs lost */
    SIM_SYNCED,  /* power failure: nothing but what lasts */
    SIM_TORN,    /* power failure: by the seed, any of what may last or not */
    SIM_JUMBLED, /* as SIM_TORN, and of the changed entries of folders any may last, in no order */
};
#define SIM_MODES 5

const char *sim_mode_name(enum sim_mode mode);

/* What is found after a crash: a disk of its own, all of which lasts, with the same inodes, without
 * open files and faults. */
struct sim_disk *sim_disk_crash(struct sim_disk *disk, enum sim_mode mode, uint64_t seed);

/* A number that is the same for two disks when the same files with the same bytes are there; an
 * image that was tried already need not be tried again. */
uint64_t sim_disk_hash(struct sim_disk *disk);

/* Writes the files of the disk below a real FOLDER, which is made, to look at them by other means.
 * Returns 0 or a negative errno. */
int sim_disk_export(struct sim_disk *disk, const char *folder);

/* ---- troubles ---- */

enum sim_call {
    SIM_CALL_OPEN = 1 << 0,
    SIM_CALL_OPEN_TO_CHANGE = 1 << 1, /* those opens that make, empty, or may write */
    SIM_CALL_CLOSE = 1 << 2,
    SIM_CALL_READ = 1 << 3,  /* also pread */
    SIM_CALL_WRITE = 1 << 4, /* also pwrite, pwritev */
    SIM_CALL_SYNC = 1 << 5,
    SIM_CALL_TRUNCATE = 1 << 6,
    SIM_CALL_STAT = 1 << 7,   /* also fstat */
    SIM_CALL_RENAME = 1 << 8, /* also renameat2 */
    SIM_CALL_UNLINK = 1 << 9,
    SIM_CALL_MKDIR = 1 << 10,
    SIM_CALL_LOCK = 1 << 11,
    SIM_CALL_FREE_SPACE = 1 << 12,
    SIM_CALL_LIST = 1 << 13,

    /* All that a disk mounted read-only refuses. */
    SIM_CALL_CHANGES = SIM_CALL_OPEN_TO_CHANGE | SIM_CALL_WRITE | SIM_CALL_TRUNCATE |
        SIM_CALL_RENAME | SIM_CALL_UNLINK | SIM_CALL_MKDIR,
};

/* Which call fails, and how.  A failed close closes; for syncs see sim_loss; all others do
 * nothing. */
struct sim_fault {
    uint32_t calls;    /* those that count; 0: all */
    const char *below; /* only calls on this path or below it; NULL: everywhere */
    uint64_t at;       /* the one that fails: 1 is the next that counts; 0: none */
    int lasts;         /* as do all behind it that count */
    int error;         /* an errno; 0: reads and writes stop short after `bytes`, others do not
                          count */
    size_t bytes;
    enum sim_loss loss; /* of syncs */
    uint64_t seed;      /* of SIM_PARTLY */
};

/* Fails calls from now on as FAULT says, and as no earlier one does; NULL: none. */
void sim_disk_fail(struct sim_disk *disk, const struct sim_fault *fault);

/* How many calls failed by the fault that was set last: 0 ends a loop over `at`. */
uint64_t sim_disk_failures(struct sim_disk *disk);

/* Makes it a disk for BYTES of data, counted in sectors: writes are short, then ENOSPC. */
void sim_disk_set_room(struct sim_disk *disk, uint64_t bytes);

/* Calls DURING in each fdatasync, between its beginning and its end, when other calls go on: what
 * they do the sync does not make last.  NULL: nothing. */
void sim_disk_on_sync(struct sim_disk *disk, void (*during)(void *arg), void *arg);

/* Drops what is clean from memory: what failed syncs lost is read as the disk has it. */
void sim_disk_evict(struct sim_disk *disk);

/* How many descriptors are open. */
size_t sim_disk_open_files(struct sim_disk *disk);

#endif
