/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file and its serializer.  A batch is serialized into memory and written in one go.  The
 * serializer cannot be rolled back as the file can, so both end together when a write fails.
 */

#include <fcntl.h>

#include "base/error.h"
#include "sinks/file_roll/file_mark.h"
#include "sinks/file_roll/rolled_file.h"

struct rolled_file {
    const flow_context *ctx;
    const flow_allocator *mem;
    const struct fl_io *io;
    flow_serializer *serializer;
    flow_buffer *buffer;
    char *path;
    int fd;
    int has_begun;
    int sync;      /* a batch is on disk before it is committed */
    int64_t whole; /* bytes of whole batches */
    int64_t committed;
    struct file_identity identity; /* for marks */
};

/* Frees all but the serializer, which the caller of rolled_file_open keeps on failure. */
static void release(struct rolled_file *file)
{
    fl_file_close(file->io, file->fd);
    flow_buffer_free(file->buffer);
    fl_free(file->mem, file->path);
    fl_free(file->mem, file);
}

static int open_parts(struct rolled_file *file, const char *path, flow_error **err)
{
    file->path = fl_strdup(file->mem, path);
    if (!file->path)
        return fl_error_nomem(err);
    int rc = flow_buffer_new(flow_context_library(file->ctx), &file->buffer, err);
    if (rc)
        return rc;
    return fl_file_open(file->io, path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0666, &file->fd,
                        err);
}

/*
 * Makes the new file known before a byte is in it.  A crash before that leaves an empty file, which
 * nothing tells from somebody else's.
 */
static int announce(struct rolled_file *file, flow_error **err)
{
    int rc = FLOW_OK;

    if (file->sync)
        rc = fl_folder_sync_above(file->io, file->path, err);
    if (rc || !flow_sink_keeps_marks(file->ctx))
        return rc;
    rc = file_identify(file->io, file->fd, file->path, &file->identity, err);
    return rc ? rc : file_mark(file->ctx, NULL, file->path, 0, &file->identity, err);
}

int rolled_file_open(const flow_context *ctx, const char *path, flow_serializer *serializer,
                     struct rolled_file **file, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct rolled_file *made = fl_zalloc(mem, sizeof *made);

    *file = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->ctx = ctx;
    made->mem = mem;
    made->io = fl_io_of(ctx);
    made->serializer = serializer;
    made->fd = -1;
    made->sync = flow_context_bool(ctx, "sink.fsyncPerTransaction");
    int rc = open_parts(made, path, err);
    if (!rc) {
        rc = announce(made, err);
        if (rc)
            fl_file_remove(made->io, path, NULL);
    }
    if (rc) {
        release(made);
        return rc;
    }
    *file = made;
    return FLOW_OK;
}

static int write_buffer(struct rolled_file *file, flow_error **err)
{
    size_t size;
    const void *data = flow_buffer_data(file->buffer, &size);
    int rc = fl_file_write(file->io, file->fd, data, size, file->path, err);

    if (!rc && size && file->sync)
        rc = fl_file_sync(file->io, file->fd, file->path, err);
    if (!rc)
        file->whole += (int64_t)size;
    return rc;
}

static int serialize(struct rolled_file *file, const flow_event *const *events, size_t count,
                     flow_error **err)
{
    int rc = FLOW_OK;

    flow_buffer_clear(file->buffer);
    if (!file->has_begun)
        rc = flow_serializer_begin(file->serializer, file->buffer, err);
    file->has_begun = 1;
    if (!rc)
        rc = flow_serializer_write(file->serializer, events, count, file->buffer, err);
    if (!rc)
        rc = flow_serializer_flush(file->serializer, file->buffer, err);
    return rc;
}

int rolled_file_write(struct rolled_file *file, flow_txn *txn, const flow_event *const *events,
                      size_t count, flow_error **err)
{
    int rc = serialize(file, events, count, err);

    if (!rc)
        rc = write_buffer(file, err);
    if (rc || !flow_sink_keeps_marks(file->ctx))
        return rc;
    return file_mark(file->ctx, txn, file->path, file->whole, &file->identity, err);
}

void rolled_file_committed(struct rolled_file *file)
{
    file->committed = file->whole;
}

int rolled_file_is_ahead(const struct rolled_file *file)
{
    return file->committed < file->whole;
}

/* Nothing more happens to the file.  A mark that stays costs no more than a look at the next
 * start. */
static void forget_mark(struct rolled_file *file)
{
    flow_error *err = NULL;

    if (flow_sink_keeps_marks(file->ctx) && file_unmark(file->ctx, file->path, &err))
        flow_context_logf(file->ctx, FLOW_LOG_WARN, "cannot forget the mark of %s: %s", file->path,
                          flow_error_message(err));
    flow_error_free(err);
}

int rolled_file_close(struct rolled_file *file, flow_error **err)
{
    flow_buffer_clear(file->buffer);
    int rc = flow_serializer_end(file->serializer, file->buffer, err);
    if (!rc)
        rc = write_buffer(file, err);
    if (rc)
        fl_file_truncate(file->io, file->fd, file->committed, file->path, NULL);
    forget_mark(file);
    flow_serializer_free(file->serializer);
    release(file);
    return rc;
}

void rolled_file_abandon(struct rolled_file *file)
{
    flow_error *err = NULL;
    int rc = fl_file_truncate(file->io, file->fd, file->committed, file->path, &err);

    if (!rc && file->committed == 0)
        rc = fl_file_remove(file->io, file->path, &err);
    if (!rc)
        forget_mark(file);
    else
        flow_context_logf(file->ctx, FLOW_LOG_ERROR, "cannot undo a failed write: %s",
                          flow_error_message(err));
    flow_error_free(err);
    flow_serializer_free(file->serializer);
    release(file);
}
