/* SPDX-License-Identifier: Apache-2.0 */

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "mortal_io.h"

static struct {
    const struct fl_io *system;
    _Atomic int left;
    int in_half;
} mortal;

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* 1 when this is the last step, and is to be done in half. */
static int step(int is_write)
{
    if (atomic_fetch_sub(&mortal.left, 1) != 1)
        return 0;
    if (is_write && mortal.in_half)
        return 1;
    die();
    return 0;
}

static int open_file(void *self, const char *path, int flags, uint32_t mode)
{
    if (flags & O_CREAT)
        step(0);
    return mortal.system->open(self, path, flags, mode);
}

static int64_t write_file(void *self, int fd, const void *data, size_t size)
{
    int half = step(1);
    int64_t rc = mortal.system->write(self, fd, data, half ? size / 2 : size);

    if (half)
        die();
    return rc;
}

static int64_t write_at(void *self, int fd, const void *data, size_t size, int64_t offset)
{
    int half = step(1);
    int64_t rc = mortal.system->pwrite(self, fd, data, half ? size / 2 : size, offset);

    if (half)
        die();
    return rc;
}

static int64_t write_parts(void *self, int fd, const struct iovec *parts, int count, int64_t offset)
{
    struct iovec part = parts[0];

    if (step(1)) {
        part.iov_len /= 2;
        mortal.system->pwritev(self, fd, &part, 1, offset);
        die();
    }
    return mortal.system->pwritev(self, fd, parts, count, offset);
}

static int sync_file(void *self, int fd)
{
    step(0);
    return mortal.system->fdatasync(self, fd);
}

static int truncate_file(void *self, int fd, int64_t size)
{
    step(0);
    return mortal.system->ftruncate(self, fd, size);
}

static int rename_file(void *self, const char *from, const char *to)
{
    step(0);
    return mortal.system->rename(self, from, to);
}

static int rename_new(void *self, const char *from, const char *to, uint32_t flags)
{
    step(0);
    return mortal.system->renameat2(self, from, to, flags);
}

static int remove_file(void *self, const char *path)
{
    step(0);
    return mortal.system->unlink(self, path);
}

static int make_folder(void *self, const char *path, uint32_t mode)
{
    step(0);
    return mortal.system->mkdir(self, path, mode);
}

const struct fl_io *mortal_io(unsigned step, int in_half)
{
    static struct fl_io io;

    mortal.system = fl_io_system();
    mortal.in_half = in_half;
    atomic_store(&mortal.left, (int)step);
    io = *mortal.system;
    io.open = open_file;
    io.write = write_file;
    io.pwrite = write_at;
    io.pwritev = write_parts;
    io.fdatasync = sync_file;
    io.ftruncate = truncate_file;
    io.rename = rename_file;
    io.renameat2 = rename_new;
    io.unlink = remove_file;
    io.mkdir = make_folder;
    return &io;
}
