/* SPDX-License-Identifier: Apache-2.0 */
/* Who are we?  The machine's name, resolved by the system's resolver as Java does. */

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "net/host_name.h"

static int resolve(const char *name, int family, struct addrinfo **found)
{
    struct addrinfo wanted = {.ai_family = family, .ai_socktype = SOCK_STREAM};

    return getaddrinfo(name, NULL, &wanted, found);
}

/* The caller frees *FOUND with freeaddrinfo. */
static int resolve_self(struct addrinfo **found, flow_error **err)
{
    char name[FL_HOST_NAME_ROOM];

    if (gethostname(name, sizeof name))
        return fl_error_errno(err, errno, "cannot read", "the machine's name");
    name[sizeof name - 1] = '\0';
    int rc = resolve(name, AF_INET, found);
    if (rc)
        rc = resolve(name, AF_INET6, found);
    if (rc)
        return flow_error_setf(err, FLOW_EIO, "cannot resolve the machine's name %s: %s", name,
                               gai_strerror(rc));
    return FLOW_OK;
}

/* FLAGS as of getnameinfo, which fills ROOM. */
static int describe_self(char room[FL_HOST_NAME_ROOM], int flags, flow_error **err)
{
    struct addrinfo *found;
    int rc = resolve_self(&found, err);

    if (rc)
        return rc;
    rc = getnameinfo(found->ai_addr, found->ai_addrlen, room, FL_HOST_NAME_ROOM, NULL, 0, flags);
    freeaddrinfo(found);
    if (rc)
        return flow_error_setf(err, FLOW_EIO, "cannot describe the machine's address: %s",
                               gai_strerror(rc));
    return FLOW_OK;
}

int fl_local_address(char room[FL_HOST_NAME_ROOM], flow_error **err)
{
    return describe_self(room, NI_NUMERICHOST, err);
}

int fl_local_full_name(char room[FL_HOST_NAME_ROOM], flow_error **err)
{
    return describe_self(room, 0, err);
}
