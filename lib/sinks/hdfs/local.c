/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Local folders.  Each request is carried out when it is started and answered by the next poll.
 * Files are opened for each request, so any number of them can be in use; what was appended is in
 * the hands of the operating system when it is answered, or on disk if the settings say so, and
 * forced to disk before the rename that ends a file.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/thread.h"
#include "sinks/hdfs/target.h"

#define COPY_SIZE 262144

struct local {
    struct fl_hdfs_target target;
    const flow_allocator *mem;
    const struct fl_io *io;
    int sync; /* each upload */
    struct fl_gate gate;
    uint32_t seen;                 /* of the gate, when the poll before ended */
    struct fl_hdfs_request *first; /* carried out, not yet answered */
    struct fl_hdfs_request **last;
    char *room; /* COPY_SIZE */
};

static enum fl_hdfs_answer answer_of(int rc, int number)
{
    if (!rc)
        return FL_HDFS_DONE;
    switch (number) {
    case ENOENT: return FL_HDFS_ABSENT;
    case EEXIST: return FL_HDFS_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case EINVAL: return FL_HDFS_REFUSED;
    default: return FL_HDFS_LATER;
    }
}

static int copy_all(struct local *local, const struct fl_hdfs_request *request, int fd,
                    flow_error **err)
{
    int rc = FLOW_OK;

    for (;;) {
        size_t size = request->read(request->self, local->room, COPY_SIZE);
        if (size == FL_HDFS_READ_WAIT)
            continue; /* an append costs nothing here, so there is no use in waiting */
        if (!size || rc)
            return rc;
        rc = fl_file_write(local->io, fd, local->room, size, request->path, err);
    }
}

/* Opens PATH and tells what kind of failure it was, which the error's code alone does not. */
static enum fl_hdfs_answer open_file(struct local *local, const char *path, int flags, int *fd,
                                     flow_error **err)
{
    *fd = local->io->open(local->io->self, path, flags | O_CLOEXEC, 0666);
    if (*fd >= 0)
        return FL_HDFS_DONE;
    int number = -*fd;
    *fd = -1;
    fl_error_errno(err, number, "cannot open", path);
    return answer_of(-1, number);
}

static int make_folder(struct local *local, struct fl_hdfs_request *request)
{
    if (local->sync)
        return fl_folder_make_durable_above(local->io, request->path, 0777, &request->error);
    return fl_folder_make_above(local->io, request->path, 0777, &request->error);
}

/* What a failed sync left on disk nobody knows, and another one would not write it: it has to be
 * written again. */
static void undo_upload(struct local *local, struct fl_hdfs_request *request, int fd, int64_t size)
{
    int rc = request->op == FL_HDFS_CREATE
                 ? fl_file_remove(local->io, request->path, NULL)
                 : fl_file_truncate(local->io, fd, size, request->path, NULL);

    request->answer = FL_HDFS_LATER;
    request->unclear = rc != FLOW_OK;
}

/* The file had SIZE bytes before. */
static void sync_upload(struct local *local, struct fl_hdfs_request *request, int fd, int64_t size)
{
    int rc = fl_file_sync(local->io, fd, request->path, &request->error);

    if (!rc && request->op == FL_HDFS_CREATE)
        rc = fl_folder_sync_above(local->io, request->path, &request->error);
    if (rc)
        undo_upload(local, request, fd, size);
}

static void upload(struct local *local, struct fl_hdfs_request *request)
{
    int create = request->op == FL_HDFS_CREATE;
    int flags = O_WRONLY | (create ? O_CREAT | O_EXCL : O_APPEND);
    struct stat before = {.st_size = 0};
    int fd = -1;

    if (create && make_folder(local, request)) {
        request->answer = FL_HDFS_REFUSED;
        return;
    }
    request->answer = open_file(local, request->path, flags, &fd, &request->error);
    if (request->answer)
        return;
    local->io->fstat(local->io->self, fd, &before);
    if (copy_all(local, request, fd, &request->error)) {
        request->answer = FL_HDFS_LATER;
        request->unclear = 1;
    } else if (local->sync) {
        sync_upload(local, request, fd, (int64_t)before.st_size);
    }
    fl_file_close(local->io, fd);
}

static void measure(struct local *local, struct fl_hdfs_request *request)
{
    struct stat st;
    int rc = local->io->stat(local->io->self, request->path, &st);

    request->answer = answer_of(rc, -rc);
    if (rc)
        fl_error_errno(&request->error, -rc, "cannot look at", request->path);
    else
        request->length = (uint64_t)st.st_size;
}

static void truncate_file(struct local *local, struct fl_hdfs_request *request)
{
    int fd = -1;

    request->answer = open_file(local, request->path, O_WRONLY, &fd, &request->error);
    if (request->answer)
        return;
    if (fl_file_truncate(local->io, fd, (int64_t)request->length, request->path, &request->error))
        request->answer = FL_HDFS_LATER;
    fl_file_close(local->io, fd);
}

/* Forces PATH to disk, so that a file with its final name is whole after a crash. */
static int sync_file(struct local *local, const char *path, flow_error **err)
{
    int fd = -1;
    int rc = fl_file_open(local->io, path, O_WRONLY, 0, &fd, err);

    if (!rc)
        rc = fl_file_sync(local->io, fd, path, err);
    fl_file_close(local->io, fd);
    return rc;
}

static enum fl_hdfs_answer answer_of_code(int code)
{
    switch (code) {
    case FLOW_OK: return FL_HDFS_DONE;
    case FLOW_EEXIST: return FL_HDFS_NO;
    case FLOW_ENOENT: return FL_HDFS_ABSENT;
    default: return FL_HDFS_LATER;
    }
}

static void rename_file(struct local *local, struct fl_hdfs_request *request)
{
    int rc = sync_file(local, request->path, &request->error);

    if (!rc && strcmp(request->path, request->to))
        rc = fl_file_rename_new(local->io, request->path, request->to, &request->error);
    if (!rc)
        rc = fl_folder_sync_above(local->io, request->to, &request->error);
    request->answer = answer_of_code(rc);
}

static void remove_file(struct local *local, struct fl_hdfs_request *request)
{
    int rc = fl_file_remove(local->io, request->path, &request->error);

    if (!rc)
        rc = fl_folder_sync_above(local->io, request->path, &request->error);
    request->answer = answer_of_code(rc);
}

static void local_start(struct fl_hdfs_target *target, struct fl_hdfs_request *request)
{
    struct local *local = (struct local *)target;

    switch (request->op) {
    case FL_HDFS_CREATE:
    case FL_HDFS_APPEND: upload(local, request); break;
    case FL_HDFS_LENGTH: measure(local, request); break;
    case FL_HDFS_TRUNCATE: truncate_file(local, request); break;
    case FL_HDFS_RENAME: rename_file(local, request); break;
    case FL_HDFS_REMOVE: remove_file(local, request); break;
    }
    request->next = NULL;
    *local->last = request;
    local->last = &request->next;
}

static void local_poll(struct fl_hdfs_target *target, int64_t timeout_ms)
{
    struct local *local = (struct local *)target;
    const struct fl_clock *clock = fl_clock_system();
    struct fl_hdfs_request *request = local->first;

    local->first = NULL;
    local->last = &local->first;
    while (request) {
        struct fl_hdfs_request *next = request->next;
        request->done(request->self);
        request = next;
        timeout_ms = 0;
    }
    if (timeout_ms)
        fl_gate_wait(&local->gate, local->seen, clock, fl_clock_after(clock, timeout_ms));
    local->seen = fl_gate_look(&local->gate);
}

static void local_wake(struct fl_hdfs_target *target)
{
    fl_gate_open(&((struct local *)target)->gate);
}

static void local_free(struct fl_hdfs_target *target)
{
    struct local *local = (struct local *)target;

    fl_gate_destroy(&local->gate);
    fl_free(local->mem, local->room);
    fl_free(local->mem, local);
}

static const struct fl_hdfs_target_ops local_ops = {
    .start = local_start,
    .poll = local_poll,
    .wake = local_wake,
    .free = local_free,
};

int fl_hdfs_local_new(const struct fl_hdfs_options *options, const struct fl_io *io,
                      struct fl_hdfs_target **target, flow_error **err)
{
    struct local *local = fl_zalloc(options->mem, sizeof *local);

    *target = NULL;
    if (!local)
        return fl_error_nomem(err);
    local->room = fl_alloc(options->mem, COPY_SIZE);
    if (!local->room || fl_gate_init(&local->gate)) {
        fl_free(options->mem, local->room);
        fl_free(options->mem, local);
        return fl_error_nomem(err);
    }
    local->target.ops = &local_ops;
    local->mem = options->mem;
    local->io = io;
    local->sync = options->sync;
    local->last = &local->first;
    *target = &local->target;
    return FLOW_OK;
}
