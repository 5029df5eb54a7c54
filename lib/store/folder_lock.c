/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "store/folder_lock.h"
#include "store/segment.h"

#define LOCK "in_use.lock"
#define MINE "in_use."
#define MODE 0666
#define BORN_FIELD 20  /* of /proc/PID/stat, counted behind the name */
#define BOOT_DIGITS 8u

/* When this process began, in the kernel's ticks since the boot; 0 when the system does not say. */
static uint64_t time_of_birth(struct fl_buf *text)
{
    const char *at = NULL;

    fl_buf_clear(text);
    if (!fl_file_load(fl_io_system(), "/proc/self/stat", 65536, text, NULL) && fl_buf_cstr(text))
        at = strrchr((const char *)text->data, ')');
    for (int field = 0; at && field < BORN_FIELD; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at + 1, NULL, 10) : 0;
}

/* The first part of the number that each boot of the machine gets; "" when there is none. */
static const char *boot_of(struct fl_buf *text)
{
    fl_buf_clear(text);
    if (fl_file_load(fl_io_system(), "/proc/sys/kernel/random/boot_id", 4096, text, NULL) ||
        text->size < BOOT_DIGITS)
        return "";
    text->size = BOOT_DIGITS;
    const char *boot = fl_buf_cstr(text);
    return boot ? boot : "";
}

/* What no other process is called, not even one of another boot. */
static void name_process(char name[FL_SEGMENT_NAME])
{
    struct fl_buf text;

    fl_buf_init(&text, NULL);
    uint64_t born = time_of_birth(&text);
    snprintf(name, FL_SEGMENT_NAME, MINE "%s.%ld.%" PRIu64, boot_of(&text), (long)getpid(), born);
    fl_buf_free(&text);
}

struct sweep {
    const struct fl_store_env *env;
    const char *folder;
    const char *keep;
};

/* Removes the file of a process that is gone: the lock would be held otherwise. */
static int sweep_one(void *arg, const char *name)
{
    const struct sweep *sweep = arg;

    if (strncmp(name, MINE, strlen(MINE)) || !strcmp(name, LOCK) || !strcmp(name, sweep->keep))
        return 0;
    char *path = fl_store_path(sweep->env->mem, sweep->folder, name);
    if (path)
        sweep->env->io->unlink(sweep->env->io->self, path);
    fl_free(sweep->env->mem, path);
    return 0;
}

static int refuse_own(const char *folder, flow_error **err)
{
    return flow_error_setf(err, FLOW_EIO,
                           "cannot lock %s: the directory is already locked by this process",
                           folder);
}

static int claim_here(const struct fl_store_env *env, const char *folder,
                      const struct fl_folder_lock *lock, flow_error **err)
{
    flow_error *fault = NULL;
    int fd;
    int rc = fl_file_open(env->io, lock->mine, O_RDWR | O_CREAT | O_EXCL, MODE, &fd, &fault);

    fl_file_close(env->io, fd);
    if (rc == FLOW_EEXIST) {
        flow_error_free(fault);
        return refuse_own(folder, err);
    }
    if (rc)
        fl_error_pass(err, fault);
    return rc;
}

/* Locks the file that is open. */
static int lock_open(const struct fl_store_env *env, const char *folder,
                     const struct fl_folder_lock *lock, flow_error **err)
{
    flow_error *fault = NULL;
    int rc = fl_file_lock(env->io, lock->fd, lock->path, &fault);

    if (rc)
        flow_error_setf(err, rc, "cannot lock %s: the directory is already locked: %s", folder,
                        flow_error_message(fault));
    flow_error_free(fault);
    return rc;
}

static int claim_among_others(const struct fl_store_env *env, const char *folder,
                              struct fl_folder_lock *lock, flow_error **err)
{
    int rc = fl_file_open(env->io, lock->path, O_RDWR | O_CREAT, MODE, &lock->fd, err);

    return rc ? rc : lock_open(env, folder, lock, err);
}

/* Locks the file where it is. */
static int lock_existing(const struct fl_store_env *env, const char *folder,
                         struct fl_folder_lock *lock, flow_error **err)
{
    int fd = env->io->open(env->io->self, lock->path, O_RDWR | O_CLOEXEC, 0);

    if (fd == -ENOENT || fd == -EROFS)
        return FLOW_OK;
    if (fd < 0)
        return fl_error_errno(err, -fd, "cannot open", lock->path);
    lock->fd = fd;
    return lock_open(env, folder, lock, err);
}

int fl_folder_lock_quietly(const struct fl_store_env *env, const char *folder,
                           struct fl_folder_lock *lock, flow_error **err)
{
    char mine[FL_SEGMENT_NAME];
    struct stat found;

    name_process(mine);
    *lock = (struct fl_folder_lock){.fd = -1};
    lock->path = fl_store_path(env->mem, folder, LOCK);
    char *own = fl_store_path(env->mem, folder, mine);
    int rc = lock->path && own ? FLOW_OK : fl_error_nomem(err);
    if (!rc && env->io->stat(env->io->self, own, &found) == 0)
        rc = refuse_own(folder, err);
    if (!rc)
        rc = lock_existing(env, folder, lock, err);
    fl_free(env->mem, own);
    if (rc)
        fl_folder_unlock(env, lock);
    return rc;
}

int fl_folder_lock(const struct fl_store_env *env, const char *folder, struct fl_folder_lock *lock,
                   flow_error **err)
{
    char mine[FL_SEGMENT_NAME];

    name_process(mine);
    *lock = (struct fl_folder_lock){.fd = -1};
    lock->path = fl_store_path(env->mem, folder, LOCK);
    lock->mine = fl_store_path(env->mem, folder, mine);
    int rc = lock->path && lock->mine ? FLOW_OK : fl_error_nomem(err);
    if (!rc)
        rc = claim_here(env, folder, lock, err);
    if (rc) { /* the file is not ours to remove */
        fl_free(env->mem, lock->mine);
        lock->mine = NULL;
        fl_folder_unlock(env, lock);
        return rc;
    }
    rc = claim_among_others(env, folder, lock, err);
    if (rc) {
        fl_folder_unlock(env, lock);
        return rc;
    }
    struct sweep sweep = {env, folder, mine};
    env->io->list(env->io->self, folder, sweep_one, &sweep);
    return FLOW_OK;
}

void fl_folder_unlock(const struct fl_store_env *env, struct fl_folder_lock *lock)
{
    if (lock->mine)
        env->io->unlink(env->io->self, lock->mine);
    if (lock->fd >= 0)
        fl_file_close(env->io, lock->fd);
    fl_free(env->mem, lock->path);
    fl_free(env->mem, lock->mine);
    *lock = (struct fl_folder_lock){.fd = -1};
}
