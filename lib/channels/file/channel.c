/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file channel: transactions over a store.  A transaction collects what it puts and appends it
 * when it commits; what it takes it holds until its commit is durable, or returns it.
 */

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/stash.h"
#include "base/vec.h"
#include "channels/channels.h"
#include "channels/file/schema.h"
#include "store/store.h"

#define SEGMENT ((int64_t)64 << 20)
#define MEMORY ((uint64_t)32 << 20) /* of recent events */

struct file_channel {
    flow_context *ctx;
    const flow_allocator *mem;
    uint64_t capacity;
    uint64_t transaction_capacity;
    int64_t keep_alive_ms;
    struct fl_stash spare; /* transactions to use again */
    struct fl_store *store; /* while it is open, as the next */
    struct fl_cursor *cursor;
    _Atomic uint64_t reserved; /* put and not committed */
    _Atomic uint64_t out;      /* taken and not committed */
    flow_counter *put_errors, *take_errors;
    flow_counter *open, *closed;
};

struct file_txn {
    struct fl_vec puts; /* of const flow_event *, with a reference to each */
    struct fl_buf positions;
    struct fl_lot_ref *taken;
    uint64_t taken_count;
};

/* ---- settings ---- */

static int refuse_capacity(const flow_context *ctx, int64_t transaction, int64_t capacity,
                           flow_error **err)
{
    char why[160];

    snprintf(why, sizeof why,
             "transactionCapacity %lld is more than capacity %lld; raise capacity or lower "
             "transactionCapacity",
             (long long)transaction, (long long)capacity);
    return flow_context_refuse(ctx, "transactionCapacity", why, err);
}

static int check_settings(const flow_context *ctx, flow_error **err)
{
    const char *control = flow_context_string(ctx, "checkpointDir");
    const char *backup = flow_context_string(ctx, "backupCheckpointDir");
    int64_t capacity = flow_context_int(ctx, "capacity");
    int64_t transaction = flow_context_int(ctx, "transactionCapacity");
    const char *key, *value;

    if (transaction > capacity)
        return refuse_capacity(ctx, transaction, capacity, err);
    if (flow_context_below(ctx, "encryption.", 0, &key, &value))
        return flow_context_refuse(ctx, "encryption.",
                                   "the log is not encrypted; put the folders on an encrypted file "
                                   "system and leave these settings out",
                                   err);
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

static int file_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    int rc = check_settings(ctx, err);

    if (rc)
        return rc;
    struct file_channel *channel = fl_zalloc(mem, sizeof *channel);
    if (!channel)
        return fl_error_nomem(err);
    channel->ctx = ctx;
    channel->mem = mem;
    channel->capacity = (uint64_t)flow_context_int(ctx, "capacity");
    channel->transaction_capacity = (uint64_t)flow_context_int(ctx, "transactionCapacity");
    channel->keep_alive_ms = flow_context_int(ctx, "keep-alive") * 1000;
    channel->put_errors = flow_context_counter(ctx, "EventPutErrorCount");
    channel->take_errors = flow_context_counter(ctx, "EventTakeErrorCount");
    channel->open = flow_context_counter(ctx, "Open");
    channel->closed = flow_context_counter(ctx, "Closed");
    fl_stash_init(&channel->spare);
    *self = channel;
    return FLOW_OK;
}

static void txn_destroy(const flow_allocator *mem, struct file_txn *txn)
{
    fl_vec_free(&txn->puts);
    fl_buf_free(&txn->positions);
    fl_free(mem, txn);
}

static void file_destroy(void *self)
{
    struct file_channel *channel = self;
    const flow_allocator *mem = channel->mem;
    struct file_txn *txn;

    while ((txn = fl_stash_take(&channel->spare)) != NULL)
        txn_destroy(mem, txn);
    fl_free(mem, channel);
}

/* ---- open and close ---- */

static void more_visible(void *self)
{
    flow_channel_notify(((struct file_channel *)self)->ctx);
}

/* The folders as an array that the caller frees; NULL without memory. */
static const char **folders_of(const struct file_channel *channel, size_t *count)
{
    const char **folders;

    for (*count = 0; flow_context_word(channel->ctx, "dataDirs", *count);)
        ++*count;
    folders = fl_calloc(channel->mem, *count, sizeof *folders);
    for (size_t i = 0; folders && i < *count; i++)
        folders[i] = flow_context_word(channel->ctx, "dataDirs", i);
    return folders;
}

static struct fl_store_options options_of(struct file_channel *channel)
{
    flow_context *ctx = channel->ctx;
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
        .checkpoint_on_close = flow_context_bool(ctx, "checkpointOnClose"),
        .visible = more_visible,
        .self = channel,
    };
}

static int file_open(void *self, flow_error **err)
{
    struct file_channel *channel = self;
    struct fl_store_options options = options_of(channel);
    const char **folders = folders_of(channel, &options.folder_count);

    if (!folders)
        return fl_error_nomem(err);
    options.folders = folders;
    int rc = fl_store_open(&options, &channel->store, err);
    fl_free(channel->mem, (void *)folders);
    if (rc)
        return rc;
    rc = fl_store_cursor(channel->store, "", &channel->cursor, err);
    flow_counter_set(channel->open, 1);
    flow_counter_set(channel->closed, 0);
    return rc;
}

static int file_close(void *self, flow_error **err)
{
    struct file_channel *channel = self;
    int rc = fl_store_close(channel->store, err);

    channel->store = NULL;
    channel->cursor = NULL;
    flow_counter_set(channel->open, 0);
    flow_counter_set(channel->closed, 1);
    return rc;
}

/* ---- transactions ---- */

static int file_begin(void *self, void **txn, flow_error **err)
{
    struct file_channel *channel = self;
    struct file_txn *made = fl_stash_take(&channel->spare);

    if (!made && (made = fl_zalloc(channel->mem, sizeof *made))) {
        fl_vec_init(&made->puts, channel->mem, sizeof(const flow_event *));
        fl_buf_init(&made->positions, channel->mem);
    }
    if (!made)
        return fl_error_nomem(err);
    *txn = made;
    return FLOW_OK;
}

/* Events in the log, on their way into it, and on their way out. */
static uint64_t used(const struct file_channel *channel)
{
    return atomic_load(&channel->reserved) + fl_cursor_size(channel->cursor) +
           atomic_load(&channel->out);
}

static int reserve(struct file_channel *channel, uint64_t count)
{
    atomic_fetch_add(&channel->reserved, count);
    if (used(channel) <= channel->capacity)
        return FLOW_OK;
    atomic_fetch_sub(&channel->reserved, count);
    return FLOW_EFULL;
}

static int file_put(void *self, void *inner, const flow_event *const *events, size_t count,
                    flow_error **err)
{
    struct file_channel *channel = self;
    struct file_txn *txn = inner;
    size_t before = txn->puts.count;

    if (fl_vec_reserve(&txn->puts, before + count))
        return fl_error_nomem(err);
    int rc = reserve(channel, count);
    if (rc)
        return rc;
    const flow_event **kept = (const flow_event **)txn->puts.items + before;
    rc = flow_events_keep(events, count, kept, err);
    if (rc)
        atomic_fetch_sub(&channel->reserved, count);
    else
        txn->puts.count = before + count;
    return rc;
}

static int file_put_position(void *self, void *inner, const flow_position *position,
                             flow_error **err)
{
    struct file_txn *txn = inner;

    (void)self;
    return fl_position_append(&txn->positions, position) ? fl_error_nomem(err) : FLOW_OK;
}

static int file_positions(void *self, const void *key, size_t key_size, flow_position_fn fn,
                          void *arg)
{
    return fl_store_positions(((struct file_channel *)self)->store, key, key_size, fn, arg);
}

static int file_take(void *self, void *inner, size_t max, const flow_event **events, size_t *count,
                     flow_error **err)
{
    struct file_channel *channel = self;
    struct file_txn *txn = inner;
    int rc = fl_cursor_take(channel->cursor, max, events, count, &txn->taken, err);

    if (rc)
        flow_counter_add(channel->take_errors, 1);
    txn->taken_count += *count;
    atomic_fetch_add(&channel->out, *count);
    return rc;
}

/* Drops the references of what was put; COUNT of them are reserved. */
static void forget_puts(struct file_channel *channel, struct file_txn *txn, uint64_t count)
{
    flow_events_unref(txn->puts.items, txn->puts.count);
    txn->puts.count = 0;
    fl_buf_clear(&txn->positions);
    atomic_fetch_sub(&channel->reserved, count);
}

/* The room is given up before the events are seen in the log: counted twice for a moment, they
 * could keep others out for as long as nobody takes. */
static int commit_puts(struct file_channel *channel, struct file_txn *txn, flow_error **err)
{
    uint64_t count = txn->puts.count;

    atomic_fetch_sub(&channel->reserved, count);
    int rc = fl_store_put(channel->store, txn->puts.items, (size_t)count, &txn->positions, err);
    if (rc) {
        atomic_fetch_add(&channel->reserved, count);
        flow_counter_add(channel->put_errors, 1);
    } else {
        forget_puts(channel, txn, 0);
    }
    return rc;
}

static void forget_taken(struct file_channel *channel, struct file_txn *txn)
{
    atomic_fetch_sub(&channel->out, txn->taken_count);
    txn->taken_count = 0;
}

static int file_commit(void *self, void *inner, flow_error **err)
{
    struct file_channel *channel = self;
    struct file_txn *txn = inner;

    if (txn->puts.count || txn->positions.size)
        return commit_puts(channel, txn, err);
    if (!txn->taken)
        return FLOW_OK;
    int rc = fl_cursor_commit(channel->cursor, &txn->taken, err);
    if (rc)
        flow_counter_add(channel->take_errors, 1);
    else
        forget_taken(channel, txn);
    return rc;
}

static void file_rollback(void *self, void *inner)
{
    struct file_channel *channel = self;
    struct file_txn *txn = inner;

    if (txn->puts.count || txn->positions.size)
        forget_puts(channel, txn, txn->puts.count);
    if (txn->taken)
        fl_cursor_return(channel->cursor, &txn->taken);
    forget_taken(channel, txn);
}

static void file_release(void *self, void *inner)
{
    struct file_channel *channel = self;
    struct file_txn *surplus = fl_stash_leave(&channel->spare, inner);

    if (surplus)
        txn_destroy(channel->mem, surplus);
}

/* ---- numbers ---- */

static uint64_t file_size(void *self)
{
    const struct file_channel *channel = self;

    return channel->cursor ? fl_cursor_size(channel->cursor) : 0;
}

static uint64_t file_capacity(void *self)
{
    return ((struct file_channel *)self)->capacity;
}

static uint64_t file_transaction_capacity(void *self)
{
    return ((struct file_channel *)self)->transaction_capacity;
}

static int64_t file_keep_alive(void *self)
{
    return ((struct file_channel *)self)->keep_alive_ms;
}

const flow_channel_ops fl_file_channel = {
    .struct_size = sizeof(flow_channel_ops),
    .type = "file",
    .aliases = "org.apache.flume.channel.file.FileChannel",
    .schema = &fl_file_channel_schema,
    .create = file_create,
    .destroy = file_destroy,
    .open = file_open,
    .close = file_close,
    .begin = file_begin,
    .put = file_put,
    .take = file_take,
    .commit = file_commit,
    .rollback = file_rollback,
    .release = file_release,
    .size = file_size,
    .capacity = file_capacity,
    .transaction_capacity = file_transaction_capacity,
    .keep_alive = file_keep_alive,
    .put_position = file_put_position,
    .positions = file_positions,
};
