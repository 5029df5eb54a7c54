/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "channels/disk.h"
#include "store/flume_import.h"

#define SEGMENT ((int64_t)64 << 20)
#define MEMORY ((uint64_t)32 << 20) /* of recent events */
#define COMPRESSION_ZSTD 1          /* of the choices of `compression` */

/* ---- settings ---- */

static int check_capacity(const flow_context *ctx, const char *key, flow_error **err)
{
    int64_t transaction = flow_context_int(ctx, "transactionCapacity");
    int64_t capacity = flow_context_int(ctx, key);
    char why[160];

    if (transaction <= capacity)
        return FLOW_OK;
    snprintf(why, sizeof why,
             "transactionCapacity %lld is more than %s %lld; raise %s or lower transactionCapacity",
             (long long)transaction, key, (long long)capacity, key);
    return flow_context_refuse(ctx, "transactionCapacity", why, err);
}

static int check_folders(const flow_context *ctx, flow_error **err)
{
    const char *control = flow_context_string(ctx, "checkpointDir");
    const char *backup = flow_context_string(ctx, "backupCheckpointDir");

    if (!flow_context_word(ctx, "dataDirs", 0))
        return flow_context_refuse(ctx, "dataDirs", "there is no folder in it", err);
    if (!flow_context_bool(ctx, "useDualCheckpoints"))
        return FLOW_OK;
    if (!backup)
        return flow_context_refuse(ctx, "useDualCheckpoints",
                                   "backupCheckpointDir says where to, and is not set", err);
    if (!strcmp(control, backup))
        return flow_context_refuse(ctx, "backupCheckpointDir",
                                   "it is checkpointDir; a second copy there would be no help",
                                   err);
    return FLOW_OK;
}

int fl_disk_check(const flow_context *ctx, const char *key, flow_error **err)
{
    int rc = key ? check_capacity(ctx, key, err) : FLOW_OK;

    if (!rc)
        rc = fl_disk_keys_check(ctx, err);
    return rc ? rc : check_folders(ctx, err);
}

void fl_disk_init(struct fl_disk *log, flow_context *ctx, uint64_t capacity)
{
    memset(log, 0, sizeof *log);
    log->ctx = ctx;
    log->mem = flow_library_allocator(flow_context_library(ctx));
    log->capacity = capacity;
    log->put_errors = flow_context_counter(ctx, "EventPutErrorCount");
    log->take_errors = flow_context_counter(ctx, "EventTakeErrorCount");
    log->open = flow_context_counter(ctx, "Open");
    log->closed = flow_context_counter(ctx, "Closed");
}

/* ---- open and close ---- */

static void more_visible(void *self)
{
    flow_channel_notify(((struct fl_disk *)self)->ctx);
}

/* The folders as an array that the caller frees; NULL without memory. */
static const char **folders_of(const struct fl_disk *log, size_t *count)
{
    const char **folders;

    for (*count = 0; flow_context_word(log->ctx, "dataDirs", *count);)
        ++*count;
    folders = fl_calloc(log->mem, *count, sizeof *folders);
    for (size_t i = 0; folders && i < *count; i++)
        folders[i] = flow_context_word(log->ctx, "dataDirs", i);
    return folders;
}

static struct fl_store_options options_of(struct fl_disk *log)
{
    flow_context *ctx = log->ctx;
    int64_t size = flow_context_int(ctx, "maxFileSize");

    return (struct fl_store_options){
        .ctx = ctx,
        .io = fl_io_of(ctx),
        .control = flow_context_string(ctx, "checkpointDir"),
        .backup = flow_context_bool(ctx, "useDualCheckpoints")
                      ? flow_context_string(ctx, "backupCheckpointDir")
                      : NULL,
        .segment_size = (uint64_t)(size < SEGMENT ? size : SEGMENT),
        .required_space = (uint64_t)flow_context_int(ctx, "minimumRequiredSpace"),
        .memory = MEMORY,
        .checkpoint_ms = flow_context_int(ctx, "checkpointInterval"),
        .sync_ms = flow_context_bool(ctx, "fsyncPerTransaction")
                       ? 0
                       : flow_context_int(ctx, "fsyncInterval") * 1000,
        .level = flow_context_choice(ctx, "compression") == COMPRESSION_ZSTD
                     ? (int)flow_context_int(ctx, "compressionLevel")
                     : 0,
        .sealing = log->keys.sealing,
        .checkpoint_on_close = flow_context_bool(ctx, "checkpointOnClose"),
        .retain_ms = log->retain_ms,
        .retain_bytes = log->retain_bytes,
        .visible = more_visible,
        .self = log,
    };
}

/* Whoever comes from Flume and starts the agent may believe that its events come along. */
static void tell_of_flume(const struct fl_disk *log, const struct fl_store_options *options)
{
    if (fl_flume_is_left(options->io, options->folders, options->folder_count))
        flow_context_log(log->ctx, FLOW_LOG_WARN,
                         "Flume has left a log in the folders of this channel; if there are events "
                         "in it, they are not in the channel: `flow log import-flume` takes them "
                         "over");
}

static int open_store(struct fl_disk *log, flow_error **err)
{
    struct fl_store_options options = options_of(log);
    const char **folders = folders_of(log, &options.folder_count);

    if (!folders)
        return fl_error_nomem(err);
    options.folders = folders;
    int rc = fl_store_open(&options, &log->store, err);
    if (!rc)
        tell_of_flume(log, &options);
    fl_free(log->mem, (void *)folders);
    return rc;
}

int fl_disk_open(struct fl_disk *log, flow_error **err)
{
    int rc = fl_disk_keys_open(&log->keys, log->ctx, err);

    if (rc)
        return rc;
    rc = open_store(log, err);
    if (rc) {
        fl_disk_keys_close(&log->keys, log->mem);
        return rc;
    }
    flow_counter_set(log->open, 1);
    flow_counter_set(log->closed, 0);
    return FLOW_OK;
}

int fl_disk_use_first(struct fl_disk *log, flow_error **err)
{
    return fl_store_cursor(log->store, "", &log->cursor, err);
}

int fl_disk_close(struct fl_disk *log, flow_error **err)
{
    int rc = fl_store_close(log->store, err);

    fl_disk_keys_close(&log->keys, log->mem);
    log->store = NULL;
    log->cursor = NULL;
    flow_counter_set(log->open, 0);
    flow_counter_set(log->closed, 1);
    return rc;
}

/* ---- putting ---- */

/* Events on their way into the log, and those in it with which the slowest of those that hold it up
 * is not done.  Mostly that is the one that there is. */
static uint64_t used(const struct fl_disk *log)
{
    const struct fl_cursor *alone = fl_store_blockers(log->store) == 1 ? log->cursor : NULL;
    uint64_t reserved = atomic_load(&log->reserved);

    return reserved + (alone ? fl_cursor_held(alone) : fl_store_used(log->store, log->capacity));
}

int fl_disk_reserve(struct fl_disk *log, uint64_t count)
{
    atomic_fetch_add(&log->reserved, count);
    if (used(log) <= log->capacity)
        return FLOW_OK;
    atomic_fetch_sub(&log->reserved, count);
    return FLOW_EFULL;
}

void fl_disk_unreserve(struct fl_disk *log, uint64_t count)
{
    atomic_fetch_sub(&log->reserved, count);
}

/* The room is given up before the events are seen in the log: counted twice for a moment, they
 * could keep others out for as long as nobody takes. */
int fl_disk_append(struct fl_disk *log, struct fl_put *put, flow_error **err)
{
    atomic_fetch_sub(&log->reserved, put->count);
    int rc = fl_store_put_at(log->store, put, err);
    if (rc) {
        atomic_fetch_add(&log->reserved, put->count);
        flow_counter_add(log->put_errors, 1);
    }
    return rc;
}

/* ---- taking ---- */

static struct fl_cursor *cursor_of(const struct fl_disk *log, const struct fl_disk_taken *taken)
{
    return taken->cursor ? taken->cursor : log->cursor;
}

int fl_disk_take(struct fl_disk *log, uint64_t below, size_t max, const flow_event **events,
                size_t *count, struct fl_disk_taken *taken, flow_error **err)
{
    struct fl_cursor *cursor = cursor_of(log, taken);

    *count = 0;
    if (!cursor)
        return flow_error_set(err, FLOW_ESTATE,
                              "all sinks of the channel name a consumer; take through one");
    int rc = fl_cursor_take_below(cursor, below, max, events, count, &taken->lots, err);
    if (rc)
        flow_counter_add(log->take_errors, 1);
    return rc;
}

int fl_disk_commit(struct fl_disk *log, struct fl_disk_taken *taken, struct fl_buf *marks,
                   flow_error **err)
{
    if (!taken->lots)
        return FLOW_OK;
    int rc = fl_cursor_commit(cursor_of(log, taken), &taken->lots, marks, err);
    if (rc)
        flow_counter_add(log->take_errors, 1);
    return rc;
}

int fl_disk_spans(const struct fl_disk *log, const struct fl_disk_taken *taken, flow_span_fn fn,
                  void *arg)
{
    return taken->lots ? fl_cursor_spans(cursor_of(log, taken), taken->lots, fn, arg) : FLOW_OK;
}

void fl_disk_return(struct fl_disk *log, struct fl_disk_taken *taken)
{
    if (taken->lots)
        fl_cursor_return(cursor_of(log, taken), &taken->lots);
}

void fl_disk_reject(struct fl_disk *log, struct fl_disk_taken *taken, const char *reason)
{
    if (taken->lots)
        fl_cursor_reject(cursor_of(log, taken), &taken->lots, reason);
}

uint64_t fl_disk_size(const struct fl_disk *log)
{
    return log->cursor ? fl_cursor_size(log->cursor) : 0;
}
