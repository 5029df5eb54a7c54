/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_FOLDER_LOCK_H
#define FL_STORE_FOLDER_LOCK_H

/*
 * Keeps a folder for one user, in this process and among others.  Against others there is a lock of
 * the kernel's that a forked child does not have; as a process does not lock itself out with it,
 * a file with the process's number and time of birth stands for the folder being in use here.
 */

#include "store/env.h"

struct fl_folder_lock {
    int fd; /* -1: not locked */
    char *path;
    char *mine;
};

/* FLOW_EIO, with who has it, when the folder is in use. */
int fl_folder_lock(const struct fl_store_env *env, const char *folder, struct fl_folder_lock *lock,
                   flow_error **err);

/*
 * The same without writing anything, for whoever only reads: nothing is locked where nobody ever
 * locked it, or where nobody can, as on a disk mounted read-only.
 */
int fl_folder_lock_quietly(const struct fl_store_env *env, const char *folder,
                           struct fl_folder_lock *lock, flow_error **err);
void fl_folder_unlock(const struct fl_store_env *env, struct fl_folder_lock *lock);

#endif
