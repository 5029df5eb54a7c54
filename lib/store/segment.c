/* SPDX-License-Identifier: Apache-2.0 */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/segment.h"

#define SEGMENT "segment-"
#define SPARE "spare-"
#define DIGITS 16u
#define MODE 0666

void fl_segment_name(char name[FL_SEGMENT_NAME], uint64_t number)
{
    snprintf(name, FL_SEGMENT_NAME, SEGMENT "%016" PRIx64, number);
}

void fl_spare_name(char name[FL_SEGMENT_NAME], uint64_t number)
{
    snprintf(name, FL_SEGMENT_NAME, SPARE "%016" PRIx64, number);
}

static int is_name(const char *name, const char *prefix, uint64_t *number)
{
    size_t size = strlen(prefix);

    if (strncmp(name, prefix, size))
        return 0;
    name += size;
    if (strlen(name) != DIGITS || strspn(name, "0123456789abcdef") != DIGITS)
        return 0;
    *number = strtoull(name, NULL, 16);
    return *number > 0;
}

int fl_segment_is_name(const char *name, uint64_t *number)
{
    return is_name(name, SEGMENT, number);
}

int fl_spare_is_name(const char *name, uint64_t *number)
{
    return is_name(name, SPARE, number);
}

char *fl_store_path(const flow_allocator *mem, const char *folder, const char *name)
{
    size_t first = strlen(folder), second = strlen(name);
    char *path = fl_alloc(mem, first + second + 2);

    if (path) {
        memcpy(path, folder, first);
        path[first] = '/';
        memcpy(path + first + 1, name, second + 1);
    }
    return path;
}

static int write_front(const struct fl_store_env *env, int fd, const char *path,
                       const struct fl_segment_front *front, flow_error **err)
{
    uint8_t bytes[FL_SEGMENT_FRONT];
    struct iovec part = {bytes, sizeof bytes};

    fl_segment_front_write(front, bytes);
    int rc = fl_file_write_at(env->io, fd, &part, 1, 0, path, err);
    return rc ? rc : fl_file_sync(env->io, fd, path, err);
}

/*
 * The front is durable before the name is, and the name before anybody relies on the file: after a
 * crash a file called a segment is one, or one that nobody has used.  And a spare file is durably
 * called so before its bytes change: it may have been a segment until a moment ago, whose front
 * would come back as half of what it was.
 */
static int create(const struct fl_store_env *env, const char *folder, const char *path,
                  const char *spare, const struct fl_segment_front *front, int *fd,
                  flow_error **err)
{
    int flags = O_RDWR | (spare ? 0 : O_CREAT | O_EXCL);
    int rc = fl_file_open(env->io, spare ? spare : path, flags, MODE, fd, err);

    if (rc)
        return rc;
    if (spare)
        rc = fl_folder_sync(env->io, folder, err);
    if (!rc)
        rc = write_front(env, *fd, path, front, err);
    if (!rc && spare)
        rc = fl_file_rename(env->io, spare, path, err);
    if (!rc)
        rc = fl_folder_sync(env->io, folder, err);
    if (rc) { /* nobody knows what of it lasts; recovery passes over what was never used */
        fl_file_close(env->io, *fd);
        *fd = -1;
        env->io->unlink(env->io->self, path);
        if (spare)
            env->io->unlink(env->io->self, spare);
    }
    return rc;
}

int fl_segment_create(const struct fl_store_env *env, const char *folder,
                      const struct fl_segment_front *front, uint64_t spare, int *fd,
                      flow_error **err)
{
    char name[FL_SEGMENT_NAME];

    *fd = -1;
    fl_segment_name(name, front->epoch);
    char *path = fl_store_path(env->mem, folder, name);
    fl_spare_name(name, spare);
    char *from = spare ? fl_store_path(env->mem, folder, name) : NULL;
    int rc = path && (from || !spare) ? FLOW_OK : fl_error_nomem(err);
    if (!rc)
        rc = create(env, folder, path, from, front, fd, err);
    fl_free(env->mem, path);
    fl_free(env->mem, from);
    return rc;
}

int fl_segment_load(const struct fl_store_env *env, const char *path,
                    struct fl_segment_front *front, flow_error **err)
{
    uint8_t bytes[FL_SEGMENT_FRONT] = {0};
    const struct iovec room = {bytes, sizeof bytes};
    const char *why = NULL;
    size_t got = 0;
    int fd;
    int rc = fl_file_open(env->io, path, O_RDONLY, 0, &fd, err);

    if (rc)
        return rc;
    rc = fl_file_read_at(env->io, fd, &room, 0, &got, path, err);
    fl_file_close(env->io, fd);
    if (rc)
        return rc;
    rc = fl_segment_front_read(bytes, front, &why);
    return rc ? flow_error_setf(err, rc, "%s is no segment: %s", path, why) : FLOW_OK;
}

int fl_segment_check_name(const char *path, uint64_t number, const struct fl_segment_front *front,
                          flow_error **err)
{
    if (front->epoch == number)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_ECONFIG,
                           "%s holds segment %016" PRIx64 "; give it back the name of that", path,
                           front->epoch);
}
