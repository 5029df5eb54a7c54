/* SPDX-License-Identifier: Apache-2.0 */
/* The folders of a channel: Flume's locks on them, and the logs with what is known of each. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "store/flume_inner.h"

#define META_LIMIT 65536

char *fl_flume_path(const struct fl_flume_import *import, const char *folder, const char *name)
{
    struct fl_buf path;

    fl_buf_init(&path, import->options.mem);
    if (fl_buf_printf(&path, "%s/%s", folder, name)) {
        fl_buf_free(&path);
        return NULL;
    }
    char *text = fl_buf_detach(&path);
    if (!text)
        fl_buf_free(&path);
    return text;
}

/* ---- is Flume running? ---- */

static int refuse(const char *folder, flow_error **err)
{
    return flow_error_setf(err, FLOW_ESTATE,
                           "a Flume is running on %s, or a channel of libflow's, and must be "
                           "stopped first",
                           folder);
}

/*
 * Refuses a file that somebody writes.  Flume opens its lock file a second time, to see whether the
 * lock is any good, and with the end of that the system drops the lock, so that on Linux the lock
 * alone says nothing.  But Flume keeps that file, the logs it writes and the checkpoint open.
 */
static int check_unused(const struct fl_flume_import *import, const char *folder, const char *path,
                        flow_error **err)
{
    const struct fl_io *io = import->io;
    int fd;

    do {
        fd = io->open(io->self, path, O_RDONLY | O_CLOEXEC, 0);
    } while (fd == -EINTR);
    if (fd == -ENOENT)
        return FLOW_OK;
    if (fd < 0)
        return fl_error_errno(err, -fd, "cannot open", path);
    int is_written = io->is_written(io->self, fd);
    fl_file_close(io, fd);
    return is_written > 0 ? refuse(folder, err) : FLOW_OK;
}

/* Takes Flume's lock, which needs a descriptor for writing though nothing is written. */
static int lock_file(const struct fl_flume_import *import, struct fl_flume_folder *folder,
                     const char *path, flow_error **err)
{
    const struct fl_io *io = import->io;
    int fd;

    do {
        fd = io->open(io->self, path, O_RDWR | O_CLOEXEC, 0);
    } while (fd == -EINTR);
    /* Without the file there is nothing to hold; on a read-only file system nobody writes. */
    if (fd == -ENOENT || fd == -EROFS)
        return FLOW_OK;
    if (fd < 0)
        return fl_error_errno(err, -fd, "cannot open for Flume's lock", path);
    folder->fd = fd;
    return fl_file_lock(io, fd, path, err) ? refuse(folder->path, err) : FLOW_OK;
}

static int check_files(const struct fl_flume_import *import, struct fl_flume_folder *folder,
                       flow_error **err)
{
    char *checkpoint = fl_flume_path(import, folder->path, "checkpoint");
    char *lock = fl_flume_path(import, folder->path, "in_use.lock");
    int rc = checkpoint && lock ? FLOW_OK : fl_error_nomem(err);

    if (!rc)
        rc = check_unused(import, folder->path, checkpoint, err);
    if (!rc)
        rc = check_unused(import, folder->path, lock, err);
    if (!rc)
        rc = lock_file(import, folder, lock, err);
    fl_free(import->options.mem, checkpoint);
    fl_free(import->options.mem, lock);
    return rc;
}

/* Every folder once: one that is given twice would be found to be in use, by this import. */
static int add_folder(struct fl_flume_import *import, const char *path, flow_error **err)
{
    struct stat info;

    if (!path)
        return FLOW_OK;
    int rc = import->io->stat(import->io->self, path, &info);
    if (rc)
        return fl_error_errno(err, -rc, "cannot look into", path);
    for (size_t i = 0; i < import->folders.count; i++) {
        const struct fl_flume_folder *other = fl_vec_at(&import->folders, i);
        if (other->device == info.st_dev && other->inode == info.st_ino)
            return flow_error_setf(err, FLOW_EINVAL, "%s and %s are the same directory",
                                   other->path, path);
    }
    struct fl_flume_folder *folder = fl_vec_push(&import->folders, NULL);
    if (!folder)
        return fl_error_nomem(err);
    *folder = (struct fl_flume_folder){path, info.st_dev, info.st_ino, -1};
    return check_files(import, folder, err);
}

void fl_flume_unlock_folders(struct fl_flume_import *import)
{
    for (size_t i = 0; i < import->folders.count; i++) {
        const struct fl_flume_folder *folder = fl_vec_at(&import->folders, i);
        fl_file_close(import->io, folder->fd);
    }
    import->folders.count = 0;
}

int fl_flume_lock_folders(struct fl_flume_import *import, flow_error **err)
{
    const struct fl_flume_options *options = &import->options;
    int rc = add_folder(import, options->checkpoint_dir, err);

    if (!rc)
        rc = add_folder(import, options->backup_checkpoint_dir, err);
    for (size_t i = 0; i < options->data_dir_count && !rc; i++)
        rc = add_folder(import, options->data_dirs[i], err);
    return rc;
}

/* ---- logs ---- */

/* Reads what leads a log of version 2. */
static int read_head(struct fl_flume_import *import, struct fl_flume_log *log, flow_error **err)
{
    uint8_t head[FL_FLUME_LOG_HEAD_SIZE];
    const struct iovec room = {head, sizeof head};
    size_t got;
    int fd;
    int rc = fl_file_open(import->io, log->path, O_RDONLY, 0, &fd, err);

    if (rc)
        return rc;
    rc = fl_file_read_at(import->io, fd, &room, 0, &got, log->path, err);
    fl_file_close(import->io, fd);
    if (rc || !fl_flume_log_head_read(head, got, &log->meta))
        return rc;
    rc = fl_flume_damaged(import, log, 0, "it has no .meta file beside it", err);
    /* One can still try: then all of the log is read, as one that is not encrypted. */
    log->meta = (struct fl_flume_log_meta){
        .version = FL_FLUME_VERSION_3,
        .log = (int32_t)log->number,
    };
    return rc;
}

/* What is known of a log must fit to it and to what the import can read. */
static int check_meta(struct fl_flume_import *import, const struct fl_flume_log *log,
                      flow_error **err)
{
    const struct fl_flume_log_meta *meta = &log->meta;

    if (meta->version != FL_FLUME_VERSION_2 && meta->version != FL_FLUME_VERSION_3)
        return flow_error_setf(err, FLOW_EPARSE,
                               "%s is of version %d of Flume's format, not 2 or 3", log->path,
                               meta->version);
    if ((uint32_t)meta->log != log->number)
        return flow_error_setf(err, FLOW_EPARSE, "%s says of itself that it is log-%d", log->path,
                               meta->log);
    if (meta->is_encrypted && !import->options.cipher) {
        const struct fl_proto *alias = &meta->encryption.alias;
        return flow_error_setf(err, FLOW_ECONFIG,
                               "%s is encrypted with the key '%.*s', and no key store is given",
                               log->path, (int)fl_proto_left(alias), (const char *)alias->at);
    }
    if (meta->position > log->size || meta->backup_position > log->size)
        return fl_flume_damaged(import, log, log->size, "it was longer at the last checkpoint",
                                err);
    return FLOW_OK;
}

/* Reads log-N.meta, of a log that is not empty. */
static int load_meta(struct fl_flume_import *import, struct fl_flume_log *log, const char *path,
                     flow_error **err)
{
    const struct fl_io *io = import->io;
    struct stat info;
    int rc = io->stat(io->self, path, &info);

    if (rc == -ENOENT)
        return read_head(import, log, err);
    if (rc)
        return fl_error_errno(err, -rc, "cannot look into", path);
    rc = fl_file_load(io, path, META_LIMIT, &log->meta_bytes, err);
    if (!rc && fl_flume_log_meta_read(log->meta_bytes.data, log->meta_bytes.size, &log->meta))
        return flow_error_setf(err, FLOW_EPARSE, "%s is damaged: it is no log's .meta file", path);
    return rc;
}

/* Finds out what is known of a log that is not empty. */
static int know_log(struct fl_flume_import *import, struct fl_flume_log *log, flow_error **err)
{
    struct fl_buf name;

    if (log->size > INT32_MAX)
        return flow_error_setf(err, FLOW_EPARSE, "%s is larger than a log of Flume's can be",
                               log->path);
    fl_buf_init(&name, import->options.mem);
    const char *path = fl_buf_printf(&name, "%s.meta", log->path) ? NULL : fl_buf_cstr(&name);
    int rc = path ? load_meta(import, log, path, err) : fl_error_nomem(err);
    fl_buf_free(&name);
    return rc ? rc : check_meta(import, log, err);
}

static void free_log(const struct fl_flume_import *import, struct fl_flume_log *log)
{
    fl_free(import->options.mem, log->path);
    fl_buf_free(&log->meta_bytes);
}

uint32_t fl_flume_log_number(const char *name, size_t size)
{
    int64_t number;

    if (size < 5 || strncmp(name, "log-", 4) != 0 || name[4] < '1' || name[4] > '9')
        return 0;
    if (fl_parse_int(name + 4, size - 4, &number) || number > INT32_MAX)
        return 0;
    return (uint32_t)number;
}

struct listing {
    struct fl_flume_import *import;
    const char *folder;
    flow_error **err;
    int rc;
};

static int add_log(struct listing *listing, uint32_t number, const char *name)
{
    struct fl_flume_import *import = listing->import;
    struct fl_flume_log log = {.number = number};
    struct stat info;

    log.path = fl_flume_path(import, listing->folder, name);
    fl_buf_init(&log.meta_bytes, import->options.mem);
    if (!log.path)
        return fl_error_nomem(listing->err);
    int rc = import->io->stat(import->io->self, log.path, &info);
    if (rc)
        rc = fl_error_errno(listing->err, -rc, "cannot look into", log.path);
    else
        rc = check_unused(import, listing->folder, log.path, listing->err);
    if (!rc && info.st_size > 0) {
        /* An empty one was made right before the end. */
        log.size = info.st_size;
        rc = know_log(import, &log, listing->err);
        import->counts.encrypted += !rc && log.meta.is_encrypted;
        if (!rc && fl_vec_push(&import->logs, &log))
            return FLOW_OK;
        rc = rc ? rc : fl_error_nomem(listing->err);
    }
    free_log(import, &log);
    return rc;
}

static int each_name(void *arg, const char *name)
{
    struct listing *listing = arg;
    uint32_t number = fl_flume_log_number(name, strlen(name));

    listing->import->counts.set_aside += !strncmp(name, FL_FLUME_ASIDE, strlen(FL_FLUME_ASIDE));
    if (number)
        listing->rc = add_log(listing, number, name);
    return listing->rc != FLOW_OK;
}

static int list_logs(struct fl_flume_import *import, const char *folder, flow_error **err)
{
    struct listing listing = {.import = import, .folder = folder, .err = err};
    int result = import->io->list(import->io->self, folder, each_name, &listing);

    if (listing.rc)
        return listing.rc;
    return result < 0 ? fl_error_errno(err, -result, "cannot list", folder) : FLOW_OK;
}

static int by_number(const void *a, const void *b)
{
    const struct fl_flume_log *one = a;
    const struct fl_flume_log *other = b;

    return (one->number > other->number) - (one->number < other->number);
}

int fl_flume_find_logs(struct fl_flume_import *import, flow_error **err)
{
    const struct fl_flume_options *options = &import->options;
    int rc = FLOW_OK;

    for (size_t i = 0; i < options->data_dir_count && !rc; i++)
        rc = list_logs(import, options->data_dirs[i], err);
    fl_vec_sort(&import->logs, by_number);
    import->counts.logs = import->logs.count;
    for (size_t i = 1; i < import->logs.count && !rc; i++) {
        const struct fl_flume_log *log = fl_vec_at(&import->logs, i);
        const struct fl_flume_log *before = fl_vec_at(&import->logs, i - 1);
        if (log->number == before->number)
            rc = flow_error_setf(err, FLOW_EPARSE, "%s and %s cannot be of one channel",
                                 before->path, log->path);
    }
    return rc;
}

const struct fl_flume_log *fl_flume_log_at(const struct fl_flume_import *import, uint32_t number)
{
    struct fl_flume_log wanted = {.number = number};

    if (import->logs.count == 0)
        return NULL;
    return bsearch(&wanted, import->logs.items, import->logs.count, sizeof wanted, by_number);
}
