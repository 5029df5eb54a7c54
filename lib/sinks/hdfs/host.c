/* SPDX-License-Identifier: Apache-2.0 */

/* What this machine and the owner of this process are called. */

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/resolver.h"
#include "sinks/hdfs/host.h"

#define PASSWD_MAX 16384

static int look_up(const char *name, char room[FL_HOST_ROOM], flow_error **err)
{
    if (fl_equal_ignore_case(name, "localhost"))
        return fl_resolver_own_name(room, err);
    if (fl_equal_ignore_case(name, "ip"))
        return fl_resolver_own_address(room, err);
    if (fl_equal_ignore_case(name, "fqdn"))
        return fl_resolver_own_full_name(room, err);
    return flow_error_setf(err, FLOW_EINVAL,
                           "%%[%s] is no escape: there are %%[localhost], %%[ip] and %%[fqdn]",
                           name);
}

int fl_hdfs_host_name(const flow_allocator *mem, const char *name, size_t size, char **text,
                      flow_error **err)
{
    char room[FL_HOST_ROOM];
    char *key = fl_strndup(mem, name, size);

    *text = NULL;
    if (!key)
        return fl_error_nomem(err);
    int rc = look_up(key, room, err);
    fl_free(mem, key);
    if (!rc && !(*text = fl_strdup(mem, room)))
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
