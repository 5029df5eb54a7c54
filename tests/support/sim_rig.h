/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SIM_RIG_H
#define TESTS_SUPPORT_SIM_RIG_H

/* A simulated disk with a file, for the disk's own tests: what is there is told as text, a letter a
 * sector.  Every fault fails the test. */

#include "sim_disk.h"

#define SIM_SEEDS 2000

struct sim_rig {
    struct sim_disk *disk;
    const struct fl_io *io;
    int fd; /* of /file, whose name lasts */
};

struct sim_rig sim_rig_make(void);
void sim_rig_free(struct sim_rig *rig);

/* Opens PATH, which is made when there is none. */
int sim_make(const struct fl_io *io, const char *path);

/* Syncs the file of the rig. */
void sim_sync(const struct sim_rig *rig);
void sim_sync_folder(const struct sim_rig *rig, const char *path);

/* Syncs it, which fails so. */
void sim_fail_sync(const struct sim_rig *rig, enum sim_loss loss, uint64_t seed);

/* Writes COUNT sectors, at most 16, of a letter from SECTOR on. */
void sim_put(const struct sim_rig *rig, char letter, int sector, int count);

/* Reads a file of at most SIZE bytes; returns how many, -1 when there is none. */
int64_t sim_load(struct sim_disk *disk, const char *path, uint8_t *data, size_t size);

/* The letters of a file, '0' for zeros, in ROOM; "gone".  Each sector has to be of one letter. */
const char *sim_letters(struct sim_disk *disk, const char *path, char room[64]);

/* The letters of the rig's file after a crash. */
const char *sim_after_crash(const struct sim_rig *rig, enum sim_mode mode, uint64_t seed,
                            char room[64]);

/* Makes sure that all modes and seeds leave that. */
void sim_assert_always(const struct sim_rig *rig, const char *wanted);

#endif
