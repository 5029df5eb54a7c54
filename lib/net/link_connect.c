/* SPDX-License-Identifier: Apache-2.0 */

/* Reaching a peer: every address of a host gets an equal share of the time that is left. */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/resolver.h"
#include "net/link_inside.h"
#include "net/resolve.h"

#define ADDRESSES_MOST 16
#define CROWDED_MS 20 /* before another try, where the system does not tell when there is room */

#define WHAT "cannot connect to"

/* The result of a connection that was begun and is ready. */
static int outcome(int fd)
{
    int number = 0;
    socklen_t size = sizeof number;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) ? errno : number;
}

/* A Unix-domain socket whose backlog is full says so, and nothing tells when it is not. */
static int await_room(struct fl_link *link, int64_t deadline)
{
    int64_t pause = fl_clock_after(fl_clock_system(), CROWDED_MS);
    int rc = fl_link_wait(link, -1, 0, pause < deadline ? pause : deadline);

    return rc == FLOW_ETIMEDOUT && pause < deadline ? FLOW_OK : rc;
}

/* Connects FD.  A code of fl_link_wait, or FLOW_EIO with errno in *NUMBER. */
static int connect_fd(struct fl_link *link, int fd, const struct sockaddr *address, socklen_t size,
                      int64_t deadline, int *number)
{
    int rc = FLOW_OK;

    do
        *number = connect(fd, address, size) ? errno : 0;
    while (*number == EAGAIN && !(rc = await_room(link, deadline)));
    if (*number == EINPROGRESS || *number == EINTR) {
        rc = fl_link_wait(link, fd, POLLOUT, deadline);
        *number = rc ? 0 : outcome(fd);
    }
    if (*number && *number != EAGAIN)
        return FLOW_EIO;
    *number = 0;
    return rc;
}

/* Small requests go out at once, and a peer that is gone is noticed some day. */
static void tune(int fd)
{
    const int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static int reach(struct fl_link *link, const struct sockaddr *address, socklen_t size,
                 int64_t deadline, flow_error **err)
{
    int number;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return fl_link_broke(link, errno, WHAT, err);
    int rc = connect_fd(link, fd, address, size, deadline, &number);
    if (rc) {
        close(fd);
        return number ? fl_link_broke(link, number, WHAT, err)
                      : fl_link_gave_up(link, rc, WHAT, err);
    }
    if (address->sa_family != AF_UNIX)
        tune(fd);
    link->fd = fd;
    return FLOW_OK;
}

static int reach_path(struct fl_link *link, const char *path, int64_t deadline, flow_error **err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);

    if (size >= sizeof address.sun_path)
        return flow_error_setf(err, FLOW_EINVAL, "%s %s: the path is longer than %zu bytes", WHAT,
                               path, sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, size);
    return reach(link, (const struct sockaddr *)&address, sizeof address, deadline, err);
}

/* The end of the share that one of LEFT addresses has of the time until DEADLINE. */
static int64_t share(int64_t deadline, size_t left)
{
    int64_t now = fl_clock_now(fl_clock_system());

    return deadline == FL_NEVER || deadline <= now ? deadline
                                                   : now + (deadline - now) / (int64_t)left;
}

static int reach_host(struct fl_link *link, const struct fl_link_target *target, int64_t deadline,
                      flow_error **err)
{
    struct sockaddr_storage addresses[ADDRESSES_MOST];
    flow_error *cause = NULL;
    size_t count;
    int rc = fl_resolver_find_all(target->host, addresses, ADDRESSES_MOST, &count, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < count; i++) {
        flow_error_free(cause);
        cause = NULL;
        fl_address_set_port(&addresses[i], target->port);
        rc = reach(link, (const struct sockaddr *)&addresses[i], fl_address_size(&addresses[i]),
                   share(deadline, count - i), &cause);
        if (!rc || rc == FLOW_ECLOSED)
            break;
    }
    if (rc)
        fl_error_pass(err, cause);
    return rc;
}

int fl_link_reach(struct fl_link *link, const struct fl_link_target *target, int64_t deadline,
                  flow_error **err)
{
    return target->path ? reach_path(link, target->path, deadline, err)
                        : reach_host(link, target, deadline, err);
}
