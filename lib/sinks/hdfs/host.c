/* SPDX-License-Identifier: Apache-2.0 */

/* What this machine and the owner of this process are called. */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/number.h"
#include "sinks/hdfs/host.h"

#define HOST_MAX 256
#define PASSWD_MAX 16384

/* An address of NAME as numbers: the first of IPv4, as Java prefers. */
static int numeric(const char *name, char *text, size_t room)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(name, NULL, &hints, &found);

    if (rc) {
        hints.ai_family = AF_UNSPEC;
        rc = getaddrinfo(name, NULL, &hints, &found);
    }
    if (!rc)
        rc = getnameinfo(found->ai_addr, found->ai_addrlen, text, (socklen_t)room, NULL, 0,
                         NI_NUMERICHOST);
    if (found)
        freeaddrinfo(found);
    return rc;
}

static int canonical(const char *name, char *text, size_t room)
{
    struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(name, NULL, &hints, &found);

    if (!rc && found->ai_canonname) {
        size_t size = strnlen(found->ai_canonname, room - 1);
        memcpy(text, found->ai_canonname, size);
        text[size] = '\0';
    }
    if (found)
        freeaddrinfo(found);
    return rc;
}

/* Fills HOST, the machine's own name, with what NAME asks for; FLOW_EINVAL when it is unknown. */
static int translate(const char *name, char *host, size_t room, flow_error **err)
{
    char own[HOST_MAX];
    int rc = 0;

    memcpy(own, host, sizeof own);
    if (fl_equal_ignore_case(name, "ip"))
        rc = numeric(own, host, room);
    else if (fl_equal_ignore_case(name, "fqdn"))
        rc = canonical(own, host, room);
    else if (!fl_equal_ignore_case(name, "localhost"))
        return flow_error_setf(err, FLOW_EINVAL,
                               "%%[%s] is no escape: there are %%[localhost], %%[ip] and %%[fqdn]",
                               name);
    if (rc)
        return flow_error_setf(err, FLOW_EIO,
                               "cannot resolve this machine's name '%s'; see /etc/hosts", own);
    return FLOW_OK;
}

int fl_hdfs_host_name(const flow_allocator *mem, const char *name, size_t size, char **text,
                      flow_error **err)
{
    char host[HOST_MAX] = "";
    char *key = fl_strndup(mem, name, size);

    *text = NULL;
    if (!key)
        return fl_error_nomem(err);
    if (gethostname(host, sizeof host - 1)) {
        fl_free(mem, key);
        return fl_error_errno(err, errno, "cannot read this machine's name", NULL);
    }
    int rc = translate(key, host, sizeof host, err);
    fl_free(mem, key);
    if (!rc && !(*text = fl_strdup(mem, host)))
        rc = fl_error_nomem(err);
    return rc;
}

int fl_hdfs_user_name(const flow_allocator *mem, char **text, flow_error **err)
{
    const char *name = getenv("HADOOP_USER_NAME");
    struct passwd entry, *found = NULL;
    char *room = fl_alloc(mem, PASSWD_MAX);

    *text = NULL;
    if (!room)
        return fl_error_nomem(err);
    if (!name || !*name) {
        getpwuid_r(geteuid(), &entry, room, PASSWD_MAX, &found);
        name = found ? found->pw_name : "flume";
    }
    *text = fl_strdup(mem, name);
    fl_free(mem, room);
    return *text ? FLOW_OK : fl_error_nomem(err);
}
