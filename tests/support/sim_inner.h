/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SIM_INNER_H
#define TESTS_SUPPORT_SIM_INNER_H

/* What the simulated disk is made of; for its own files. */

#include <pthread.h>

#include "sim_bytes.h"
#include "sim_disk.h"

#define SIM_ROOT 1

/* What was done to a file since it was last made to last. */
struct sim_change {
    uint64_t time;
    int64_t first; /* the sectors that were written, up to */
    int64_t end;   /* this one, which was not */
    int shrinks;   /* whether it is a truncation to less */
    struct sim_bytes after;
};

struct sim_entry {
    char *name;
    uint64_t file;
};

struct sim_entries {
    struct sim_entry *items;
    size_t count;
    size_t room;
};

/* A file or folder.  A file is as `cache` has it for those who read, and has on the disk what
 * `disk` says and any of the changes may have added; entries of folders alike. */
struct sim_node {
    uint64_t id;
    uint32_t mode; /* with its type */
    struct sim_bytes cache;
    struct sim_bytes disk;
    struct sim_change *changes; /* in order of time */
    size_t change_count;
    size_t change_room;
    struct sim_entries entries;
    struct sim_entries lasting;
};

/* A change of entries that does not last yet: FILE leaves NAME in FOLDER, comes to be TO in
 * TO_FOLDER, or both.  Where it does only one of them, the other name is NULL and both folders are
 * the same. */
struct sim_name_change {
    uint64_t time;
    uint64_t file;
    uint64_t folder;
    uint64_t to_folder;
    char *name;
    char *to;
};

/* What is on the disk, and what may be: all but the calls. */
struct sim_state {
    struct sim_node **nodes; /* by inode; NULL: none */
    uint64_t node_count;
    uint64_t node_room;
    struct sim_name_change *names; /* in order of time */
    size_t name_count;
    size_t name_room;
    uint64_t time; /* operations done so far */

    /* The last operation, when it was a write: what its file was before. */
    uint64_t last_file;
    int64_t last_offset;
    uint64_t last_size;
    struct sim_bytes last_before;
};

struct sim_descriptor {
    uint64_t file; /* 0: not open */
    int flags;
    int64_t position;
    char *path;
};

struct sim_record {
    struct sim_state base;
    struct sim_op **ops;
    uint64_t count;
    uint64_t room;
    int runs;
};

struct sim_disk {
    pthread_mutex_t lock;
    struct fl_io io;
    struct sim_state state;
    struct sim_record record;

    /* Of a past: whose record it goes along, and how far it is. */
    struct sim_disk *source;
    uint64_t position;

    struct sim_descriptor *files;
    size_t file_count;
    struct sim_fault fault;
    char *fault_below;
    uint64_t fault_calls; /* that counted */
    uint64_t failures;
    uint64_t room; /* bytes; UINT64_MAX: no limit */
    void (*during_sync)(void *arg);
    void *during_sync_arg;
};

/* ---- sim_state.c ---- */

/* A disk with a root. */
void sim_state_init(struct sim_state *state);
void sim_state_free(struct sim_state *state);
struct sim_state sim_state_copy(const struct sim_state *state);

/* The file or folder with that inode; NULL: none. */
struct sim_node *sim_node_of(const struct sim_state *state, uint64_t id);

/* Makes inodes up to COUNT, all of them free. */
void sim_nodes_reserve(struct sim_state *state, uint64_t count);
struct sim_node *sim_node_add(struct sim_state *state, uint64_t id, uint32_t mode);
void sim_node_drop(struct sim_state *state, uint64_t id);
int sim_is_folder(const struct sim_node *node);

/* Does what was found to be possible, or was so when it was recorded; never fails. */
void sim_state_apply(struct sim_state *state, const struct sim_op *op);

/* Which nodes have a name, by inode; with LASTING also those that only may have one after a crash.
 * The caller frees it. */
uint8_t *sim_state_named(const struct sim_state *state, int lasting);

/* ---- sim_names.c ---- */

/* Its file, or 0. */
uint64_t sim_entries_find(const struct sim_entries *entries, const char *name, size_t size);
void sim_entries_assign(struct sim_entries *entries, const struct sim_entries *from);
void sim_entries_free(struct sim_entries *entries);

/* Does CHANGE to the entries as they are; with LASTING to those that last. */
void sim_name_apply(const struct sim_state *state, const struct sim_name_change *change,
                    int lasting);
void sim_name_free(struct sim_name_change *change);

/* Keeps a copy of CHANGE among those that do not last yet. */
void sim_name_push(struct sim_state *state, const struct sim_name_change *change);

/* Adds to the MARKS of changes what lasts when those last: all before one in the same folder. */
void sim_names_close(const struct sim_state *state, uint8_t *marks);

/* Makes changes of FOLDER up to TIME last, and what has to last before them: all of them, or with
 * PARTLY those up to one that the seed chooses. */
void sim_names_settle(struct sim_state *state, uint64_t folder, uint64_t time,
                      const uint64_t *partly);

/* ---- sim_crash.c ---- */

/* A number for each N, by the seed. */
uint64_t sim_luck(uint64_t seed, uint64_t n);

/* Does the changes of NODE up to TIME to DISK, which is as the disk has it: all of them, or with
 * PARTLY, which is a seed, any part. */
void sim_changes_reach(const struct sim_node *node, uint64_t time, const uint64_t *partly,
                       struct sim_bytes *disk);

/* Makes IMAGE what a crash leaves. */
void sim_state_crash(const struct sim_state *state, enum sim_mode mode, uint64_t seed,
                     struct sim_state *image);

/* ---- sim_fault.c ---- */

/* Whether the call, of one or more bits of sim_call, on PATH, or OTHER when that is not NULL, is to
 * fail: 0 or a negative errno.  A short count lessens *SIZE. */
int sim_strikes(struct sim_disk *disk, uint32_t call, const char *path, const char *other,
                size_t *size);

/* How many of SIZE bytes at OFFSET of a file fit on the disk; all, when it has no limit. */
size_t sim_room_for(const struct sim_disk *disk, const struct sim_bytes *bytes, size_t size,
                    int64_t offset);
uint64_t sim_room_left(const struct sim_disk *disk);

/* ---- sim_disk.c ---- */

/* Does OP, and records it when there is a record; with the lock held. */
void sim_do(struct sim_disk *disk, const struct sim_op *op);

/* ---- sim_io.c ---- */

extern const struct fl_io sim_io;

#endif
