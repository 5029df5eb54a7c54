/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two agents that start at once could each find the socket of a dead one, and the later remove what
 * the earlier has just made.  So all of it, from the look to the listening, is under a lock of the
 * folder, which the system gives back whatever becomes of the process.
 */

#include "control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "control_path.h"

#define LOCK_TRIES 40
#define LOCK_PAUSE_MS 50
#define BACKLOG 32

/* ---- the lock ---- */

/* Locks the folder of PATH.  Returns what to close, or -1 with errno: a folder that others can open
 * may be locked by one who does not mean to give it back. */
static int lock_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder =
        slash > path ? text_copy_sized(path, (size_t)(slash - path)) : text_copy(slash ? "/" : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int number = fd < 0 ? errno : EWOULDBLOCK;
    int is_locked = 0;

    free(folder);
    for (int i = 0; fd >= 0 && i < LOCK_TRIES && !is_locked; i++) {
        is_locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (!is_locked)
            poll(NULL, 0, LOCK_PAUSE_MS);
    }
    if (is_locked)
        return fd;
    if (fd >= 0)
        close(fd);
    errno = number;
    return -1;
}

/* ---- who is there ---- */

static int connect_to(const struct sockaddr_un *address, int fd)
{
    return connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ? 0 : errno;
}

/* Why PATH cannot be had, when something is there that has to stay; NULL when nothing is. */
static char *clear(const char *path, const struct sockaddr_un *address)
{
    struct stat found;

    if (lstat(path, &found) != 0)
        return errno == ENOENT ? NULL : text_format("%s: %s", path, strerror(errno));
    if (!S_ISSOCK(found.st_mode))
        return text_format("%s is there, and is no socket", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int number = fd < 0 ? errno : connect_to(address, fd);
    int process = number == 0 ? (int)control_peer(fd).pid : 0;
    if (fd >= 0)
        close(fd);
    if (number == ECONNREFUSED && unlink(path) == 0)
        return NULL;
    if (number == 0 || number == EAGAIN)
        return process ? text_format("process %d listens at %s", process, path)
                       : text_format("another process listens at %s", path);
    return text_format("%s: %s", path, strerror(number == ECONNREFUSED ? errno : number));
}

/* ---- making it ---- */

/* With the lock.  The mode of the new file is that of the socket, so that it is nobody else's for
 * no moment, and no other thread's umask is in the way. */
static char *listen_at(struct control_socket *made, const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && fchmod(fd, 0600) == 0 &&
        bind(fd, (const struct sockaddr *)address, sizeof *address) == 0) {
        if (lstat(made->path, &made->made) == 0 && listen(fd, BACKLOG) == 0) {
            made->fd = fd;
            return NULL;
        }
        int number = errno;
        unlink(made->path);
        errno = number;
    }
    char *why = text_format("%s: %s", made->path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return why;
}

static char *open_at(struct control_socket *made)
{
    struct sockaddr_un address;

    if (!control_address(made->path, &address))
        return text_format("%s is longer than the %zu bytes of a socket's path", made->path,
                           sizeof address.sun_path - 1);
    int lock = lock_folder(made->path);
    if (lock < 0)
        return text_format("cannot lock the folder of %s: %s", made->path, strerror(errno));
    char *why = clear(made->path, &address);
    if (!why)
        why = listen_at(made, &address);
    close(lock);
    return why;
}

/* Stores in *PATH the default for AGENT, and makes its folder. */
static char *find_path(const char *agent, char **path)
{
    struct text_list folders = {0};

    control_folders(&folders);
    char *why = control_folder_make(folders.items[0]);
    if (!why)
        *path = control_file(folders.items[0], agent);
    text_list_free(&folders);
    return why;
}

char *control_socket_open(struct control_socket *made, const struct options *options,
                          const char *agent)
{
    char *why = NULL;

    *made = (struct control_socket){.fd = -1};
    if (options->control_socket)
        made->path = text_copy(options->control_socket);
    else
        why = find_path(agent, &made->path);
    if (!why)
        why = open_at(made);
    if (why) {
        free(made->path);
        made->path = NULL;
    }
    return why;
}

void control_socket_remove(struct control_socket *made)
{
    struct stat found;

    if (!made->path)
        return;
    int lock = lock_folder(made->path);
    if (lock >= 0 && lstat(made->path, &found) == 0 && found.st_dev == made->made.st_dev &&
        found.st_ino == made->made.st_ino)
        unlink(made->path);
    if (lock >= 0)
        close(lock);
    free(made->path);
    made->path = NULL;
}
