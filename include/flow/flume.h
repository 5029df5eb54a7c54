/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_FLUME_H
#define FLOW_FLUME_H

#include <flow/api.h>
#include <flow/error.h>
#include <flow/inlet.h>
#include <flow/library.h>

FLOW_BEGIN_DECLS

/*
 * What a stopped Flume (1.3 to 1.11) has left in a file channel, to be taken over: the events of
 * transactions that committed, without those that such transactions took.
 *
 *     open -> import -> (the pipeline is stopped) -> set_aside -> free
 *
 * The channel's folders are locked, as Flume locks them, from the opening to the end; they may be
 * those of the channel of libflow's that the events go to.  16 to 48 bytes an event are held.  Used
 * by one thread at a time.
 */
typedef struct flow_flume flow_flume;

/* Pass over what is damaged and count it, as Flume does after its integrity tool. */
#define FLOW_FLUME_LENIENT 1u

/* The channel, in Flume's words.  Texts and lists are to live as long as the flow_flume. */
typedef struct flow_flume_options {
    uint32_t struct_size;     /* set by the caller */
    uint32_t flags;           /* FLOW_FLUME_... */
    const char *checkpoint;   /* checkpointDir; NULL: all of the log is read */
    const char *backup;       /* backupCheckpointDir, with useDualCheckpoints; or NULL */
    const char *const *data;  /* dataDirs */
    size_t data_count;        /* of these */
    const char *key_store;    /* encryption.keyProvider.keyStoreFile; NULL: none */
    const char *key_password; /* ...keyStorePasswordFile */

    /* Names of keys, each followed by its ...keys.NAME.passwordFile; and how many texts these are.
     * Keys that are not here have the password of the store. */
    const char *const *key_passwords;
    size_t key_password_count;
} flow_flume_options;

/* What was found, and what came of it. */
typedef struct flow_flume_stat {
    uint32_t struct_size; /* set by the caller */
    uint32_t checkpoint;  /* that was used; 0: none, 1: that of checkpointDir, 2: the backup */
    uint64_t events;      /* in the channel: to be imported */
    uint64_t bytes;       /* of their bodies */
    uint64_t logs;        /* files of Flume's log */
    uint64_t encrypted;   /* of these */
    uint64_t puts;        /* records behind the checkpoint: events put, ... */
    uint64_t takes;       /* ... taken, ... */
    uint64_t commits;     /* ... transactions committed ... */
    uint64_t rollbacks;   /* ... and rolled back */
    uint64_t open_puts;   /* events of transactions that never ended: never in the channel */
    uint64_t open_takes;  /* events that such transactions had taken: in the channel still */
    uint64_t removed;     /* events that Flume's integrity tool had taken out */
    uint64_t damaged;     /* records that were passed over */
    uint64_t imported;    /* events that flow_flume_import has pushed */
    uint64_t skipped;     /* events that an earlier import had pushed */
    uint64_t set_aside;   /* folders that earlier imports have left among the data */

    /* Why a checkpoint was not used, or NULL; lives as long as the flow_flume. */
    const char *checkpoint_fault;
} flow_flume_stat;

/*
 * Locks the folders of a channel, finds the events that are in it and reads each to see whether it
 * is sound.  Writes nothing.  The caller frees *FLUME.
 *
 * Blocks: as long as it takes to read the whole backlog.
 * Errors: FLOW_ESTATE when a Flume is running on it, FLOW_ENOENT for a folder or a log that is
 * missing, FLOW_EPARSE for what is damaged, with file and byte, FLOW_ECONFIG for encrypted logs
 * without the right key, FLOW_EINVAL, FLOW_EIO.
 * Since: 1.0
 */
FLOW_API int flow_flume_open(flow_library *lib, const flow_flume_options *options,
                             flow_flume **flume, flow_error **err);

/*
 * Gives the folders up.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_flume_free(flow_flume *flume);

/*
 * Fills *STAT.
 *
 * Errors: FLOW_EINVAL when its struct_size cannot be; no error object.
 * Since: 1.0
 */
FLOW_API int flow_flume_stat_get(const flow_flume *flume, flow_flume_stat *stat);

/*
 * Pushes all events into INLET, in the order in which they were put, each with its headers.  With
 * them go positions: a durable channel that has a part of the events from an import that was
 * interrupted gets the rest, once, and one that has them all gets none.  That holds for imports
 * through inlets of one name, and also when Flume has run on the folders in between; then what it
 * has put since comes too.  So that the folders are known again, wherever they are by then, a file
 * log-import is written to the first of the data folders, which Flume passes over.
 *
 * On failure it can be called again, with the same inlet, and goes on.
 *
 * Blocks: up to TIMEOUT_MS (as in flow_inlet_push_batch) for every 1,000 events, and as long as
 * disks do.
 * Errors: FLOW_EFULL, FLOW_ECONFIG when the channel knows of a later import from other folders
 * with the same file log-import, and what flow_inlet_push_batch returns.
 * Since: 1.0
 */
FLOW_API int flow_flume_import(flow_flume *flume, flow_inlet *inlet, int64_t timeout_ms,
                               flow_error **err);

/*
 * Moves Flume's files, once all of them are imported, into a folder imported-NUMBER in the one
 * where they are.  A Flume that is started again finds an empty channel, and what it puts there is
 * another import's; moved back, they are what they were.  When a channel of libflow's has the same
 * folders it has to be closed.
 *
 * Blocks: on the file system.
 * Errors: FLOW_ESTATE when not all was imported, or when a Flume was started meanwhile, FLOW_EIO,
 * after which it can be called again.
 * Since: 1.0
 */
FLOW_API int flow_flume_set_aside(flow_flume *flume, flow_error **err);

FLOW_END_DECLS

#endif
