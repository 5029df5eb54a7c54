/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two agents that start at once could each find the socket of a dead one, and the later remove what
 * the earlier has just made.  So all of it, from the look to the listening, is under a lock of the
 * folder, which the system gives back whatever becomes of the process.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "net/local.h"

/* A folder that others can open may be locked by one who does not mean to give it back. */
#define LOCK_TRIES 40
#define LOCK_PAUSE_MS 50

/* As many connections may wait as the system allows. */
#define BACKLOG 4096

_Static_assert(sizeof((struct sockaddr_un *)0)->sun_path == FL_LOCAL_PATH_MAX + 1,
               "a path ends in NUL");

/* ---- the lock ---- */

static int open_folder(const struct fl_io *io, const char *path)
{
    struct sockaddr_un address;
    char folder[sizeof address.sun_path] = ".";
    const char *slash = strrchr(path, '/');

    if (slash) {
        size_t size = slash > path ? (size_t)(slash - path) : 1;
        memcpy(folder, path, size);
        folder[size] = '\0';
    }
    int fd = io->open(io->self, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd >= 0)
        return fd;
    errno = -fd;
    return -1;
}

/* Locks the folder of PATH.  Returns what to close, or -1 with errno. */
static int lock_folder(const struct fl_io *io, const char *path)
{
    int fd = open_folder(io, path);

    for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        poll(NULL, 0, LOCK_PAUSE_MS);
    }
    if (fd >= 0) {
        close(fd);
        errno = EWOULDBLOCK;
    }
    return -1;
}

/* ---- who is there ---- */

static pid_t process_at(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) ? 0 : peer.pid;
}

static int in_use(const char *path, pid_t process, flow_error **err)
{
    if (process > 0)
        flow_error_setf(err, FLOW_EEXIST, "cannot listen at %s: process %d does already", path,
                        (int)process);
    else
        flow_error_setf(err, FLOW_EEXIST, "cannot listen at %s: another process does already",
                        path);
    flow_error_set_retriable(err, 1);
    return FLOW_EEXIST;
}

/* Removes the socket of a process that is gone. */
static int clear_socket(const struct fl_io *io, const struct sockaddr_un *address, flow_error **err)
{
    const char *path = address->sun_path;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int number = 0;

    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address))
        number = errno;
    pid_t process = number ? 0 : process_at(fd);
    if (fd >= 0)
        close(fd);
    /* EAGAIN: so many wait to be accepted that there is no room for another one. */
    if (!number || number == EAGAIN)
        return in_use(path, process, err);
    if (number == ECONNREFUSED)
        number = -io->unlink(io->self, path);
    return number ? fl_error_errno(err, number, "cannot listen at", path) : FLOW_OK;
}

static int clear(const struct fl_io *io, const struct sockaddr_un *address, flow_error **err)
{
    struct stat found;

    if (lstat(address->sun_path, &found))
        return errno == ENOENT ? FLOW_OK
                               : fl_error_errno(err, errno, "cannot listen at", address->sun_path);
    if (!S_ISSOCK(found.st_mode))
        return flow_error_setf(err, FLOW_EEXIST, "cannot listen at %s: it is there, and no socket",
                               address->sun_path);
    return clear_socket(io, address, err);
}

/* ---- making it ---- */

/* The permissions of the new file are those of the socket without what the umask forbids: what is
 * missing is added before anybody can connect. */
static int bind_at(const struct fl_io *io, int fd, const struct sockaddr_un *address, unsigned mode,
                   struct stat *made)
{
    const char *path = address->sun_path;

    if (fchmod(fd, mode) || bind(fd, (const struct sockaddr *)address, sizeof *address))
        return -1;
    if (lstat(path, made) == 0 && ((made->st_mode & 07777) == mode || chmod(path, mode) == 0) &&
        listen(fd, BACKLOG) == 0)
        return 0;
    int number = errno;
    (void)io->unlink(io->self, path);
    errno = number;
    return -1;
}

/* With the lock. */
static int listen_at(const struct fl_io *io, const struct sockaddr_un *address, unsigned mode,
                     int *fd, struct stat *made, flow_error **err)
{
    int rc = clear(io, address, err);

    if (rc)
        return rc;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd >= 0 && bind_at(io, *fd, address, mode, made) == 0)
        return FLOW_OK;
    rc = fl_error_errno(err, errno, "cannot listen at", address->sun_path);
    flow_error_set_retriable(err, 1);
    if (*fd >= 0)
        close(*fd);
    return rc;
}

static int listen_locked(const struct fl_io *io, const struct sockaddr_un *address, unsigned mode,
                         int *fd, struct stat *made, flow_error **err)
{
    int lock = lock_folder(io, address->sun_path);

    if (lock < 0) {
        int rc = fl_error_errno(err, errno, "cannot lock the folder of", address->sun_path);
        flow_error_set_retriable(err, 1);
        return rc;
    }
    int rc = listen_at(io, address, mode, fd, made, err);
    close(lock);
    return rc;
}

int fl_local_listen(const struct fl_io *io, const flow_allocator *mem, const char *path,
                    unsigned mode, int *fd, struct fl_local **local, flow_error **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    struct stat made;

    if (size > FL_LOCAL_PATH_MAX)
        return flow_error_setf(err, FLOW_EINVAL,
                               "cannot listen at %s: the path is longer than %u bytes", path,
                               FL_LOCAL_PATH_MAX);
    memcpy(address.sun_path, path, size);
    struct fl_local *new = fl_alloc(mem, sizeof *new + size + 1);
    if (!new)
        return fl_error_nomem(err);
    int rc = listen_locked(io, &address, mode, fd, &made, err);
    if (rc) {
        fl_free(mem, new);
        return rc;
    }
    *new = (struct fl_local){.io = io, .mem = mem, .device = made.st_dev, .inode = made.st_ino};
    memcpy(new->path, path, size + 1);
    *local = new;
    return FLOW_OK;
}

void fl_local_remove(struct fl_local *local)
{
    struct stat found;

    if (!local)
        return;
    if (lstat(local->path, &found) == 0 && found.st_dev == local->device &&
        found.st_ino == local->inode)
        (void)local->io->unlink(local->io->self, local->path);
    fl_free(local->mem, local);
}

void fl_local_peer(int fd, char text[FL_LOCAL_PEER])
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
        snprintf(text, FL_LOCAL_PEER, "a process");
    else
        snprintf(text, FL_LOCAL_PEER, "process %d of user %u", (int)peer.pid, (unsigned)peer.uid);
}
