/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/be.h"
#include "base/error.h"
#include "base/vec.h"
#include "sinks/file_roll/file_mark.h"

#define VALUE 24u

int file_identify(const struct fl_io *io, int fd, const char *path, struct file_identity *identity,
                  flow_error **err)
{
    struct stat found;
    int64_t birth = 0;
    int rc = io->fstat(io->self, fd, &found);

    if (rc < 0)
        return fl_error_errno(err, -rc, "cannot look at", path);
    if (io->birth(io->self, fd, &birth) < 0)
        birth = 0;
    *identity = (struct file_identity){(uint64_t)found.st_ino, (uint64_t)birth};
    return FLOW_OK;
}

int file_mark(const flow_context *ctx, flow_txn *txn, const char *path, int64_t length,
              const struct file_identity *identity, flow_error **err)
{
    size_t size = strlen(path);
    uint8_t value[VALUE];

    fl_be64_put(fl_be64_put(fl_be64_put(value, (uint64_t)length), identity->inode),
                identity->birth);
    if (txn)
        return flow_txn_set_mark(txn, path, size, value, sizeof value, err);
    return flow_sink_set_mark(ctx, path, size, value, sizeof value, err);
}

int file_unmark(const flow_context *ctx, const char *path, flow_error **err)
{
    return flow_sink_set_mark(ctx, path, strlen(path), NULL, 0, err);
}

/* ---- what an earlier run has left ---- */

struct leftover {
    char *path; /* owned */
    uint64_t length;
    struct file_identity identity;
};

struct listing {
    const flow_allocator *mem;
    struct fl_vec list; /* of struct leftover */
};

static int add(void *arg, const flow_position *mark)
{
    struct listing *listing = arg;
    const uint8_t *value = mark->value;
    struct leftover one = {.length = 0};

    if (mark->value_size != VALUE || memchr(mark->key, '\0', mark->key_size))
        return FLOW_OK; /* not made by this version, which cannot tell what it means */
    one.length = fl_be64_get(value);
    one.identity = (struct file_identity){fl_be64_get(value + 8), fl_be64_get(value + 16)};
    one.path = fl_strndup(listing->mem, mark->key, mark->key_size);
    if (one.path && fl_vec_push(&listing->list, &one))
        return FLOW_OK;
    fl_free(listing->mem, one.path);
    return FLOW_ENOMEM;
}

static int is_same(const struct file_identity *marked, const struct file_identity *found)
{
    return marked->inode == found->inode && marked->birth == found->birth;
}

/* Opens the file of ONE; *FD is -1 when it is not there any more. */
static int open_leftover(const flow_context *ctx, const struct leftover *one, int *fd,
                         flow_error **err)
{
    const struct fl_io *io = fl_io_of(ctx);
    struct file_identity found = {0};
    int rc = io->open(io->self, one->path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0);

    *fd = rc;
    if (rc < 0) {
        *fd = -1;
        if (rc == -ENOENT || rc == -ENOTDIR || rc == -ELOOP || rc == -EISDIR)
            return FLOW_OK;
        return fl_error_errno(err, -rc, "cannot cut off what an earlier run left in", one->path);
    }
    rc = file_identify(io, *fd, one->path, &found, err);
    if (rc || !is_same(&one->identity, &found)) {
        fl_file_close(io, *fd);
        *fd = -1;
    }
    return rc;
}

/* A cut has to be durable before the mark that asks for it is forgotten. */
static int cut(const flow_context *ctx, const struct leftover *one, int fd, int64_t size,
               flow_error **err)
{
    const struct fl_io *io = fl_io_of(ctx);

    if (one->length == 0) {
        int rc = fl_file_remove(io, one->path, err);
        return rc ? rc : fl_folder_sync_above(io, one->path, err);
    }
    if ((uint64_t)size < one->length)
        flow_context_logf(ctx, FLOW_LOG_ERROR,
                          "%s has %lld bytes, but %llu were delivered to it: the rest is lost",
                          one->path, (long long)size, (unsigned long long)one->length);
    if ((uint64_t)size <= one->length)
        return FLOW_OK;
    flow_context_logf(ctx, FLOW_LOG_INFO,
                      "%s: %llu bytes behind the first %llu are cut off, they come again",
                      one->path, (unsigned long long)size - (unsigned long long)one->length,
                      (unsigned long long)one->length);
    int rc = fl_file_truncate(io, fd, (int64_t)one->length, one->path, err);
    return rc ? rc : fl_file_sync(io, fd, one->path, err);
}

static int tidy(const flow_context *ctx, const struct leftover *one, flow_error **err)
{
    const struct fl_io *io = fl_io_of(ctx);
    struct stat found;
    int fd = -1;
    int rc = open_leftover(ctx, one, &fd, err);

    if (!rc && fd >= 0) {
        rc = io->fstat(io->self, fd, &found);
        rc = rc < 0 ? fl_error_errno(err, -rc, "cannot look at", one->path)
                    : cut(ctx, one, fd, (int64_t)found.st_size, err);
    } else if (!rc && one->length) {
        flow_context_logf(ctx, FLOW_LOG_WARN,
                          "%s is not there any more; what an earlier run may have written behind "
                          "its first %llu bytes comes again",
                          one->path, (unsigned long long)one->length);
    }
    fl_file_close(io, fd);
    return rc ? rc : file_unmark(ctx, one->path, err);
}

int file_marks_recover(const flow_context *ctx, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct listing listing = {.mem = mem};

    fl_vec_init(&listing.list, mem, sizeof(struct leftover));
    int rc = flow_sink_marks(ctx, add, &listing, err);
    if (rc == FLOW_ENOMEM)
        fl_error_nomem(err);
    for (size_t i = 0; i < listing.list.count; i++) {
        struct leftover *one = fl_vec_at(&listing.list, i);
        if (!rc)
            rc = tidy(ctx, one, err);
        fl_free(mem, one->path);
    }
    fl_vec_free(&listing.list);
    return rc;
}
