/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What one does with files, in whole steps: each wrapper goes on where the system call was
 * interrupted or stopped short, and turns a failure into words.
 */

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define FOLDER_MODE 0777
#define FILE_MODE 0666

/* Parts that one call writes at most; the system takes no more than 1024. */
#define PARTS_MAX 1024

/* How much of a growing file of unknown size is read at a time. */
#define LOAD_STEP 65536

/* Turns a result of the table into a code, with an error when it is a failure. */
static int outcome(int64_t result, const char *what, const char *path, flow_error **err)
{
    return result < 0 ? fl_error_errno(err, (int)-result, what, path) : FLOW_OK;
}

int fl_file_open(const struct fl_io *io, const char *path, int flags, uint32_t mode, int *fd,
                 flow_error **err)
{
    int result;

    do {
        result = io->open(io->self, path, flags | O_CLOEXEC, mode);
    } while (result == -EINTR);
    *fd = result < 0 ? -1 : result;
    if (result == -EEXIST)
        return flow_error_setf(err, FLOW_EEXIST, "cannot make %s: it exists already", path);
    return outcome(result, "cannot open", path, err);
}

void fl_file_close(const struct fl_io *io, int fd)
{
    if (fd >= 0) {
        /* After EINTR the descriptor is gone all the same, on Linux: nothing to repeat. */
        (void)io->close(io->self, fd);
    }
}

int fl_file_read(const struct fl_io *io, int fd, void *data, size_t size, size_t *got,
                 const char *path, flow_error **err)
{
    uint8_t *to = data;

    *got = 0;
    while (*got < size) {
        int64_t result = io->read(io->self, fd, to + *got, size - *got);
        if (result == -EINTR)
            continue;
        if (result < 0)
            return outcome(result, "cannot read", path, err);
        if (result == 0)
            break;
        *got += (size_t)result;
    }
    return FLOW_OK;
}

int fl_file_write(const struct fl_io *io, int fd, const void *data, size_t size, const char *path,
                  flow_error **err)
{
    const uint8_t *from = data;
    size_t done = 0;

    while (done < size) {
        int64_t result = io->write(io->self, fd, from + done, size - done);
        if (result == -EINTR)
            continue;
        if (result == 0) {
            result = -EIO; /* no system call does this; a loop without end would be worse */
        }
        if (result < 0)
            return outcome(result, "cannot write", path, err);
        done += (size_t)result;
    }
    return FLOW_OK;
}

int fl_file_read_at(const struct fl_io *io, int fd, const struct iovec *part, int64_t offset,
                    size_t *got, const char *path, flow_error **err)
{
    uint8_t *to = part->iov_base;

    *got = 0;
    while (*got < part->iov_len) {
        int64_t result =
            io->pread(io->self, fd, to + *got, part->iov_len - *got, offset + (int64_t)*got);
        if (result == -EINTR)
            continue;
        if (result < 0)
            return outcome(result, "cannot read", path, err);
        if (result == 0)
            break;
        *got += (size_t)result;
    }
    return FLOW_OK;
}

/* Moves the beginning of the parts on by DONE bytes. */
static void advance(struct iovec **parts, size_t *count, size_t done)
{
    while (*count > 0 && done >= (*parts)->iov_len) {
        done -= (*parts)->iov_len;
        ++*parts;
        --*count;
    }
    if (*count > 0) {
        (*parts)->iov_base = (uint8_t *)(*parts)->iov_base + done;
        (*parts)->iov_len -= done;
    }
}

int fl_file_write_at(const struct fl_io *io, int fd, struct iovec *parts, size_t count,
                     int64_t offset, const char *path, flow_error **err)
{
    advance(&parts, &count, 0); /* past empty ones */
    while (count > 0) {
        int some = count < PARTS_MAX ? (int)count : PARTS_MAX;
        int64_t result = io->pwritev(io->self, fd, parts, some, offset);
        if (result == -EINTR)
            continue;
        if (result == 0) {
            result = -EIO; /* no system call does this; a loop without end would be worse */
        }
        if (result < 0)
            return outcome(result, "cannot write", path, err);
        advance(&parts, &count, (size_t)result);
        offset += result;
    }
    return FLOW_OK;
}

int fl_file_lock(const struct fl_io *io, int fd, const char *path, flow_error **err)
{
    int result = io->lock(io->self, fd);

    if (result == -EAGAIN || result == -EACCES)
        return flow_error_setf(err, FLOW_EIO, "%s is locked by another process", path);
    return outcome(result, "cannot lock", path, err);
}

int fl_file_sync(const struct fl_io *io, int fd, const char *path, flow_error **err)
{
    int result;

    do {
        result = io->fdatasync(io->self, fd);
    } while (result == -EINTR);
    return outcome(result, "cannot sync", path, err);
}

int fl_file_truncate(const struct fl_io *io, int fd, int64_t size, const char *path,
                     flow_error **err)
{
    int result;

    do {
        result = io->ftruncate(io->self, fd, size);
    } while (result == -EINTR);
    return outcome(result, "cannot truncate", path, err);
}

/* For file systems without RENAME_NOREPLACE: looks first, which is all that remains. */
static int rename_looking(const struct fl_io *io, const char *from, const char *to)
{
    struct stat info;
    int result = io->stat(io->self, to, &info);

    if (result == 0)
        return -EEXIST;
    return result == -ENOENT ? io->rename(io->self, from, to) : result;
}

int fl_file_rename_new(const struct fl_io *io, const char *from, const char *to, flow_error **err)
{
    int result = io->renameat2(io->self, from, to, RENAME_NOREPLACE);

    if (result == -EINVAL || result == -ENOSYS)
        result = rename_looking(io, from, to);
    if (result == -EEXIST)
        return flow_error_setf(err, FLOW_EEXIST, "cannot rename %s: %s exists already", from, to);
    return outcome(result, "cannot rename", from, err);
}

int fl_file_rename(const struct fl_io *io, const char *from, const char *to, flow_error **err)
{
    return outcome(io->rename(io->self, from, to), "cannot rename", from, err);
}

int fl_file_remove(const struct fl_io *io, const char *path, flow_error **err)
{
    return outcome(io->unlink(io->self, path), "cannot remove", path, err);
}

/* One level; a folder that exists is fine, whatever else has the name is not. */
static int make_one(const struct fl_io *io, const char *path, uint32_t mode)
{
    struct stat info;
    int result = io->mkdir(io->self, path, mode);

    if (result != -EEXIST)
        return result;
    result = io->stat(io->self, path, &info);
    return result == 0 && !S_ISDIR(info.st_mode) ? -ENOTDIR : result;
}

int fl_folder_make(const struct fl_io *io, const char *path, uint32_t mode, flow_error **err)
{
    char *part = fl_strdup(NULL, path);

    if (!part)
        return fl_error_nomem(err);
    /* Mostly the folder is there, or only its last level is missing. */
    int result = make_one(io, part, mode);
    for (char *slash = part; result == -ENOENT && (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        int above = make_one(io, part, mode);
        *slash = '/';
        if (above < 0 && above != -ENOENT)
            result = above;
    }
    if (result == -ENOENT)
        result = make_one(io, part, mode);
    fl_free(NULL, part);
    return outcome(result, "cannot make the folder", path, err);
}

int fl_folder_sync(const struct fl_io *io, const char *path, flow_error **err)
{
    int fd;
    int rc = fl_file_open(io, path, O_RDONLY | O_DIRECTORY, 0, &fd, err);

    if (rc == FLOW_OK) {
        rc = fl_file_sync(io, fd, path, err);
        fl_file_close(io, fd);
    }
    return rc;
}

/* Syncs the folder PATH is in, and returns 1 unless there is none. */
static int sync_above(const struct fl_io *io, char *path, int *rc, flow_error **err)
{
    char *slash = strrchr(path, '/');
    int is_last = !slash || slash == path;
    flow_error *fault = NULL;

    if (!slash)
        strcpy(path, ".");
    else
        slash[slash == path] = '\0';
    int fd = io->open(io->self, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd >= 0) {
        *rc = fl_file_sync(io, fd, path, &fault);
        fl_file_close(io, fd);
    }
    if (*rc != FLOW_OK)
        fl_error_pass(err, fault);
    return !is_last;
}

int fl_folder_make_durable(const struct fl_io *io, const char *path, uint32_t mode,
                           flow_error **err)
{
    int rc = fl_folder_make(io, path, mode, err);

    if (rc != FLOW_OK)
        return rc;
    char *part = fl_alloc(NULL, strlen(path) + 2); /* "." may take the place of one letter */
    if (!part)
        return fl_error_nomem(err);
    strcpy(part, path);
    while (rc == FLOW_OK && sync_above(io, part, &rc, err)) {
    }
    fl_free(NULL, part);
    return rc;
}

/* The folder PATH is in, as a new text. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return fl_strdup(NULL, ".");
    return fl_strndup(NULL, path, slash == path ? 1 : (size_t)(slash - path));
}

int fl_folder_make_above(const struct fl_io *io, const char *path, uint32_t mode, flow_error **err)
{
    char *folder = folder_of(path);
    int rc = folder ? fl_folder_make(io, folder, mode, err) : fl_error_nomem(err);

    fl_free(NULL, folder);
    return rc;
}

int fl_folder_make_durable_above(const struct fl_io *io, const char *path, uint32_t mode,
                                 flow_error **err)
{
    char *folder = folder_of(path);
    int rc = folder ? fl_folder_make_durable(io, folder, mode, err) : fl_error_nomem(err);

    fl_free(NULL, folder);
    return rc;
}

int fl_folder_sync_above(const struct fl_io *io, const char *path, flow_error **err)
{
    char *folder = folder_of(path);
    int rc = folder ? fl_folder_sync(io, folder, err) : fl_error_nomem(err);

    fl_free(NULL, folder);
    return rc;
}

/* Reads until the end, which may lie further on than the size said: files of /proc have none. */
static int load_rest(const struct fl_io *io, int fd, const char *path, size_t limit,
                     struct fl_buf *out, flow_error **err)
{
    size_t loaded = 0;

    for (;;) {
        size_t got;
        void *to = fl_buf_reserve(out, LOAD_STEP);
        if (!to)
            return fl_error_nomem(err);
        int rc = fl_file_read(io, fd, to, LOAD_STEP, &got, path, err);
        if (rc != FLOW_OK)
            return rc;
        out->size += got;
        loaded += got;
        if (loaded > limit)
            return flow_error_setf(err, FLOW_ETOOBIG, "%s is larger than %zu bytes", path, limit);
        if (got < LOAD_STEP)
            return FLOW_OK;
    }
}

int fl_file_load(const struct fl_io *io, const char *path, size_t limit, struct fl_buf *out,
                 flow_error **err)
{
    int fd;
    size_t before = out->size;
    int rc = fl_file_open(io, path, O_RDONLY, 0, &fd, err);

    if (rc == FLOW_OK) {
        rc = load_rest(io, fd, path, limit, out, err);
        fl_file_close(io, fd);
    }
    if (rc != FLOW_OK)
        out->size = before;
    return rc;
}

static int write_synced(const struct fl_io *io, const char *path, const void *data, size_t size,
                        flow_error **err)
{
    int fd;
    int rc = fl_file_open(io, path, O_WRONLY | O_CREAT | O_TRUNC, FILE_MODE, &fd, err);

    if (rc != FLOW_OK)
        return rc;
    rc = fl_file_write(io, fd, data, size, path, err);
    if (rc == FLOW_OK)
        rc = fl_file_sync(io, fd, path, err);
    fl_file_close(io, fd);
    return rc;
}

int fl_file_replace(const struct fl_io *io, const char *path, const void *data, size_t size,
                    flow_error **err)
{
    struct fl_buf name;
    char *folder = folder_of(path);

    fl_buf_init(&name, NULL);
    int rc = folder == NULL ? FLOW_ENOMEM : fl_buf_printf(&name, "%s.new", path);
    const char *beside = rc == FLOW_OK ? fl_buf_cstr(&name) : NULL;
    if (!beside) {
        rc = fl_error_nomem(err);
        goto done;
    }
    rc = write_synced(io, beside, data, size, err);
    if (rc == FLOW_OK)
        rc = fl_file_rename(io, beside, path, err);
    if (rc != FLOW_OK) {
        (void)io->unlink(io->self, beside); /* the fault that is told is the first one */
        goto done;
    }
    rc = fl_folder_sync(io, folder, err);
done:
    fl_buf_free(&name);
    fl_free(NULL, folder);
    return rc;
}
