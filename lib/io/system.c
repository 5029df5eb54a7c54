/* SPDX-License-Identifier: Apache-2.0 */

/* The file layer's table with the system's own calls behind it. */

#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/thread.h"

/* errno becomes part of the result, so that tables of tests need not set it. */
static int64_t told(int64_t result)
{
    return result < 0 ? -errno : result;
}

static int sys_open(void *self, const char *path, int flags, uint32_t mode)
{
    return (int)told(open(path, flags | O_CLOEXEC, (mode_t)mode));
}

static int sys_close(void *self, int fd)
{
    return (int)told(close(fd));
}

static int64_t sys_read(void *self, int fd, void *data, size_t size)
{
    return told(read(fd, data, size));
}

static int64_t sys_pread(void *self, int fd, void *data, size_t size, int64_t offset)
{
    return told(pread(fd, data, size, (off_t)offset));
}

static int64_t sys_write(void *self, int fd, const void *data, size_t size)
{
    return told(write(fd, data, size));
}

static int64_t sys_pwrite(void *self, int fd, const void *data, size_t size, int64_t offset)
{
    return told(pwrite(fd, data, size, (off_t)offset));
}

static int sys_fdatasync(void *self, int fd)
{
    return (int)told(fdatasync(fd));
}

static int sys_ftruncate(void *self, int fd, int64_t size)
{
    return (int)told(ftruncate(fd, (off_t)size));
}

static int sys_fstat(void *self, int fd, struct stat *out)
{
    return (int)told(fstat(fd, out));
}

static int sys_stat(void *self, const char *path, struct stat *out)
{
    return (int)told(stat(path, out));
}

static int sys_rename(void *self, const char *from, const char *to)
{
    return (int)told(rename(from, to));
}

static int sys_renameat2(void *self, const char *from, const char *to, uint32_t flags)
{
    return (int)told(renameat2(AT_FDCWD, from, AT_FDCWD, to, flags));
}

static int sys_unlink(void *self, const char *path)
{
    return (int)told(unlink(path));
}

static int sys_mkdir(void *self, const char *path, uint32_t mode)
{
    return (int)told(mkdir(path, (mode_t)mode));
}

static int64_t sys_pwritev(void *self, int fd, const struct iovec *parts, int count,
                           int64_t offset)
{
    return told(pwritev(fd, parts, count, (off_t)offset));
}

static int sys_lock(void *self, int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return (int)told(fcntl(fd, F_SETLK, &whole));
}

static int sys_free_space(void *self, const char *path, uint64_t *bytes)
{
    struct statvfs info;

    if (statvfs(path, &info))
        return -errno;
    *bytes = (uint64_t)info.f_bavail * info.f_frsize;
    return 0;
}

static int sys_list(void *self, const char *path, int (*each)(void *arg, const char *name),
                    void *arg)
{
    DIR *folder = opendir(path);
    int result = folder == NULL ? -errno : 0;
    struct dirent *entry = NULL;

    while (result == 0 && (errno = 0, entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = each(arg, entry->d_name);
    }
    if (result == 0 && folder && !entry && errno != 0)
        result = -errno;
    if (folder)
        closedir(folder);
    return result;
}

static int sys_birth(void *self, int fd, int64_t *ns)
{
    struct statx info;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &info) < 0)
        return -errno;
    if ((info.stx_mask & STATX_BTIME) == 0)
        return -ENOTSUP;
    *ns = info.stx_btime.tv_sec * INT64_C(1000000000) + info.stx_btime.tv_nsec;
    return 0;
}

/* Asks for a lease of a file: only whoever does is told. */
struct inquiry {
    int fd;
    int answer;
};

/*
 * Should somebody open the file before the lease is given back, the kernel sends a signal to who
 * the file belongs to.  That is this thread, which blocks all signals and takes them with it when
 * it ends; nobody else in the process notices.
 */
static void inquire(void *arg)
{
    struct inquiry *inquiry = arg;
    struct f_owner_ex me = {.type = F_OWNER_TID, .pid = gettid()};

    if (fcntl(inquiry->fd, F_SETOWN_EX, &me))
        inquiry->answer = -errno;
    else if (fcntl(inquiry->fd, F_SETLEASE, F_RDLCK))
        inquiry->answer = errno == EAGAIN ? 1 : -errno;
    else
        inquiry->answer = (int)told(fcntl(inquiry->fd, F_SETLEASE, F_UNLCK));
}

static int sys_is_written(void *self, int fd)
{
    struct inquiry inquiry = {.fd = fd};
    struct fl_thread thread;

    if (fl_thread_start(&thread, "lease", inquire, &inquiry))
        return -ENOMEM;
    fl_thread_join(&thread);
    return inquiry.answer;
}

const struct fl_io *fl_io_system(void)
{
    static const struct fl_io system_calls = {
        .open = sys_open,
        .close = sys_close,
        .read = sys_read,
        .pread = sys_pread,
        .write = sys_write,
        .pwrite = sys_pwrite,
        .fdatasync = sys_fdatasync,
        .ftruncate = sys_ftruncate,
        .fstat = sys_fstat,
        .stat = sys_stat,
        .rename = sys_rename,
        .renameat2 = sys_renameat2,
        .unlink = sys_unlink,
        .mkdir = sys_mkdir,
        .pwritev = sys_pwritev,
        .lock = sys_lock,
        .free_space = sys_free_space,
        .list = sys_list,
        .birth = sys_birth,
        .is_written = sys_is_written,
    };

    return &system_calls;
}
