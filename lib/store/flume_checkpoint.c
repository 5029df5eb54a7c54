/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads the last checkpoint: the queue as it was then, and what was put and taken by transactions
 * that were open.  As in Flume, one that is not whole is as good as none, then the backup's turn
 * comes, and without that all logs are read.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "store/flume_inner.h"

/* Of the small files beside the checkpoint; an inflight list has 8 bytes an event. */
#define META_LIMIT ((size_t)1 << 20)
#define INFLIGHT_LIMIT ((size_t)1 << 28)

/* Of a compressed checkpoint, packed or not, which has to be in memory. */
#define PACKED_LIMIT ((size_t)1 << 30)

/* How much of the queue is read at a time. */
#define PIECE ((size_t)64 * 1024)

/* What a try came to where nothing failed. */
enum { USABLE, UNUSABLE };

/* The files of a checkpoint. */
struct files {
    struct fl_flume_import *import;
    struct fl_flume_replay *replay;
    const char *folder;
    char *path; /* of the file `checkpoint` */
    int fd;
    int64_t size;
    struct fl_buf unpacked; /* a compressed one, instead of the descriptor */
    struct fl_buf small;    /* one of the other files */
};

/* Notes why a checkpoint cannot be used, for people. */
static int unusable(struct files *files, const char *why, flow_error **err)
{
    struct fl_buf *fault = &files->import->fault;
    int rc = fl_buf_printf(fault, "%s%s: %s", fault->size ? "; " : "", files->path, why);

    return rc ? fl_error_nomem(err) : UNUSABLE;
}

/* Loads a file beside the checkpoint; *IS_THERE tells whether it exists. */
static int load_small(struct files *files, const char *name, size_t limit, int *is_there,
                      flow_error **err)
{
    const struct fl_io *io = files->import->io;
    struct stat info;
    char *path = fl_flume_path(files->import, files->folder, name);

    fl_buf_clear(&files->small);
    if (!path)
        return fl_error_nomem(err);
    int rc = io->stat(io->self, path, &info);
    *is_there = rc == 0;
    if (rc == 0)
        rc = fl_file_load(io, path, limit, &files->small, err);
    else if (rc == -ENOENT)
        rc = FLOW_OK;
    else
        rc = fl_error_errno(err, -rc, "cannot look into", path);
    fl_free(files->import->options.mem, path);
    return rc;
}

static int read_at(struct files *files, void *data, size_t size, int64_t offset, flow_error **err)
{
    const struct iovec room = {data, size};
    size_t got;

    if (files->fd < 0) {
        memcpy(data, files->unpacked.data + offset, size);
        return FLOW_OK;
    }
    int rc = fl_file_read_at(files->import->io, files->fd, &room, offset, &got, files->path, err);
    if (!rc && got < size)
        return flow_error_setf(err, FLOW_EIO, "%s became shorter while it was read", files->path);
    return rc;
}

/* How many pointers the ring has room for: the channel's capacity at that time. */
static int64_t capacity_of(const struct files *files)
{
    return (files->size - FL_FLUME_CHECKPOINT_HEAD_SIZE) / 8;
}

/* Why a checkpoint is not whole, by both of its files, or NULL. */
static const char *fault_of(const struct files *files, const struct fl_flume_checkpoint *marks,
                            const struct fl_flume_checkpoint *meta)
{
    int64_t capacity = capacity_of(files);

    if (marks->version != meta->version || meta->version > FL_FLUME_VERSION_3 ||
        meta->version < FL_FLUME_VERSION_2)
        return "it is of an unknown version";
    if (!marks->is_complete)
        return "Flume was stopped while it wrote it";
    if (marks->order != meta->order)
        return "it and its .meta file are of different times";
    if (meta->head < 0 || meta->head >= capacity || meta->size < 0 || meta->size > capacity)
        return "its queue is outside of the file";
    return NULL;
}

/* Reads the marks of the checkpoint, and where its queue is. */
static int read_marks(struct files *files, struct fl_flume_checkpoint *queue, flow_error **err)
{
    uint8_t head[FL_FLUME_CHECKPOINT_MARKS];
    struct fl_flume_checkpoint marks;
    int has_meta;

    if (files->size <= FL_FLUME_CHECKPOINT_HEAD_SIZE || files->size % 8 != 0)
        return unusable(files, "it is not whole", err);
    int rc = read_at(files, head, sizeof head, 0, err);
    if (!rc)
        rc = load_small(files, "checkpoint.meta", META_LIMIT, &has_meta, err);
    if (rc)
        return rc;
    (void)fl_flume_checkpoint_read(head, sizeof head, &marks);
    *queue = marks;
    if (has_meta && fl_flume_checkpoint_meta_read(files->small.data, files->small.size, queue))
        return unusable(files, "its .meta file is damaged", err);
    if (!has_meta && marks.version != FL_FLUME_VERSION_2)
        return unusable(files, "it has no .meta file", err);
    const char *fault = fault_of(files, &marks, queue);
    return fault ? unusable(files, fault, err) : USABLE;
}

/* Checks that a pointer of the checkpoint's leads to a log.  Returns 1, 0 when it is passed over,
 * or a failure. */
static int check_pointer(struct files *files, uint64_t pointer, flow_error **err)
{
    uint32_t number = (uint32_t)(pointer >> 32);

    if (fl_flume_log_at(files->import, number))
        return 1;
    if (files->import->options.is_lenient) {
        files->import->counts.damaged++;
        return 0;
    }
    return flow_error_setf(err, FLOW_ENOENT,
                           "%s refers to log-%u, which is in none of the data directories given",
                           files->path, number);
}

/* Adds COUNT pointers to the queue. */
static int add_pointers(struct files *files, const uint8_t *data, size_t count, flow_error **err)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t pointer = (uint64_t)fl_flume_be64(data + 8 * i);
        if (pointer == 0)
            return unusable(files, "its queue has a gap", err);
        int rc = check_pointer(files, pointer, err);
        if (rc < 0)
            return rc;
        if (rc && fl_flume_queue_add(&files->import->queue, pointer))
            return fl_error_nomem(err);
    }
    return USABLE;
}

/* Reads COUNT pointers from the place FIRST of the ring on. */
static int read_stretch(struct files *files, int64_t first, int64_t count, flow_error **err)
{
    uint8_t *piece = fl_alloc(files->import->options.mem, PIECE);
    int rc = piece ? USABLE : fl_error_nomem(err);

    while (rc == USABLE && count > 0) {
        size_t some = count < (int64_t)(PIECE / 8) ? (size_t)count : PIECE / 8;
        rc = read_at(files, piece, some * 8, FL_FLUME_CHECKPOINT_HEAD_SIZE + first * 8, err);
        if (!rc)
            rc = add_pointers(files, piece, some, err);
        first += (int64_t)some;
        count -= (int64_t)some;
    }
    fl_free(files->import->options.mem, piece);
    return rc;
}

/* The queue goes on at the front of the ring where it comes to its end. */
static int read_queue(struct files *files, const struct fl_flume_checkpoint *queue,
                      flow_error **err)
{
    int64_t behind = capacity_of(files) - queue->head;
    int64_t first = queue->size < behind ? queue->size : behind;
    int rc = read_stretch(files, queue->head, first, err);

    return rc ? rc : read_stretch(files, 0, queue->size - first, err);
}

/* Reads puts or takes of open transactions. */
static int read_inflight(struct files *files, const char *name, struct fl_flume_transactions *open,
                         flow_error **err)
{
    int are_takes = open == &files->replay->taken;
    struct fl_flume_inflight inflight;
    int64_t transaction;
    uint64_t pointer;
    int is_there;
    int rc = load_small(files, name, INFLIGHT_LIMIT, &is_there, err);

    if (rc)
        return rc;
    if (fl_flume_inflight_open(files->small.data, files->small.size, &inflight))
        return unusable(files, "the inflight lists beside it are damaged", err);
    while (rc >= 0 && fl_flume_inflight_next(&inflight, &transaction, &pointer)) {
        rc = check_pointer(files, pointer, err);
        if (rc > 0 && fl_flume_transactions_add(open, transaction, pointer, are_takes))
            rc = fl_error_nomem(err);
    }
    return rc < 0 ? rc : USABLE;
}

static int by_pointer(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a;
    uint64_t other = *(const uint64_t *)b;

    return (one > other) - (one < other);
}

/* The list of puts is in the order of a hash table.  A transaction writes to one folder, so that
 * its records lie in the order in which they were put. */
static void sort_puts(const struct fl_flume_transactions *open)
{
    struct fl_flume_transaction *transaction = NULL;

    while ((transaction = fl_flume_transactions_next(open, transaction)))
        fl_vec_sort(&transaction->pointers, by_pointer);
}

/* The order is set last: with it the checkpoint counts. */
static int read_open_file(struct files *files, flow_error **err)
{
    struct fl_flume_checkpoint queue;
    int rc = read_marks(files, &queue, err);

    if (rc == USABLE)
        rc = read_queue(files, &queue, err);
    if (rc == USABLE)
        rc = read_inflight(files, "inflightputs", &files->replay->open, err);
    if (rc == USABLE)
        rc = read_inflight(files, "inflighttakes", &files->replay->taken, err);
    if (rc == USABLE) {
        sort_puts(&files->replay->open);
        files->replay->order = queue.order;
    }
    return rc;
}

/* A backup's checkpoint may be compressed, with compressBackupCheckpoint. */
static int unpack_file(struct files *files, flow_error **err)
{
    flow_error *fault = NULL;
    int is_there;
    int rc = load_small(files, "checkpoint.snappy", PACKED_LIMIT, &is_there, err);

    if (rc || !is_there)
        return rc ? rc : unusable(files, "there is none", err);
    rc = fl_flume_unpack(files->small.data, files->small.size, PACKED_LIMIT, &files->unpacked,
                         &fault);
    if (rc == FLOW_ENOMEM) {
        fl_error_pass(err, fault);
        return rc;
    }
    if (rc)
        rc = unusable(files, fault ? flow_error_message(fault) : "it cannot be unpacked", err);
    flow_error_free(fault);
    files->size = (int64_t)files->unpacked.size;
    return rc;
}

/* A backup is complete when Flume has said so with an empty file. */
static int check_backup(struct files *files, flow_error **err)
{
    int is_there;
    int rc = load_small(files, "backupComplete", META_LIMIT, &is_there, err);

    return rc || is_there ? rc : unusable(files, "it is not complete", err);
}

static int open_file(struct files *files, flow_error **err)
{
    const struct fl_io *io = files->import->io;
    struct stat info;

    files->path = fl_flume_path(files->import, files->folder, "checkpoint");
    if (!files->path)
        return fl_error_nomem(err);
    int rc = io->stat(io->self, files->path, &info);
    if (rc == -ENOENT)
        return unpack_file(files, err);
    if (rc)
        return fl_error_errno(err, -rc, "cannot look into", files->path);
    files->size = info.st_size;
    return fl_file_open(io, files->path, O_RDONLY, 0, &files->fd, err);
}

/* Uses the checkpoint in FOLDER.  One that turns out to be unusable leaves nothing behind. */
static int use_folder(struct fl_flume_replay *replay, const char *folder, int is_backup,
                      flow_error **err)
{
    struct fl_flume_import *import = replay->import;
    struct files files = {
        .import = import,
        .replay = replay,
        .folder = folder,
        .fd = -1,
    };

    fl_buf_init(&files.unpacked, import->options.mem);
    fl_buf_init(&files.small, import->options.mem);
    int rc = open_file(&files, err);
    if (rc == USABLE && is_backup)
        rc = check_backup(&files, err);
    if (rc == USABLE)
        rc = read_open_file(&files, err);
    if (rc == UNUSABLE) {
        fl_flume_queue_free(&import->queue);
        fl_flume_transactions_free(&replay->open);
        fl_flume_transactions_free(&replay->taken);
    }
    fl_file_close(import->io, files.fd);
    fl_buf_free(&files.unpacked);
    fl_buf_free(&files.small);
    fl_free(import->options.mem, files.path);
    return rc;
}

int fl_flume_restore(struct fl_flume_import *import, struct fl_flume_replay *replay,
                     flow_error **err)
{
    const struct fl_flume_options *options = &import->options;
    int rc = UNUSABLE;

    if (options->checkpoint_dir)
        rc = use_folder(replay, options->checkpoint_dir, 0, err);
    else if (fl_buf_text(&import->fault, "no checkpoint directory is given"))
        return fl_error_nomem(err);
    import->counts.has_used_checkpoint = rc == USABLE;
    if (rc == UNUSABLE && options->backup_checkpoint_dir) {
        rc = use_folder(replay, options->backup_checkpoint_dir, 1, err);
        import->counts.has_used_checkpoint = rc == USABLE ? 2 : 0;
    }
    if (rc >= 0 && !fl_buf_cstr(&import->fault))
        return fl_error_nomem(err);
    return rc < 0 ? rc : FLOW_OK;
}
