/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file channel: transactions over a log.  A transaction collects what it puts and appends it
 * when it commits; what it takes it holds until its commit is durable, or returns it.
 */

#include "base/buf.h"
#include "base/error.h"
#include "base/vec.h"
#include "channels/channels.h"
#include "channels/file/file.h"

static int file_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    int rc = fl_disk_check(ctx, "capacity", err);

    if (rc)
        return rc;
    struct file_channel *channel = fl_zalloc(mem, sizeof *channel);
    if (!channel)
        return fl_error_nomem(err);
    channel->mem = mem;
    rc = file_consumers_init(channel, ctx, err);
    if (rc) {
        fl_free(mem, channel);
        return rc;
    }
    channel->transaction_capacity = (uint64_t)flow_context_int(ctx, "transactionCapacity");
    channel->keep_alive_ms = flow_context_int(ctx, "keep-alive") * 1000;
    channel->max_deliveries = (uint32_t)flow_context_int(ctx, "maxDeliveries");
    fl_disk_init(&channel->log, ctx, (uint64_t)flow_context_int(ctx, "capacity"));
    channel->log.retain_ms = flow_context_int(ctx, "retentionTime") * 1000;
    channel->log.retain_bytes = (uint64_t)flow_context_int(ctx, "retentionBytes");
    *self = channel;
    return FLOW_OK;
}

static void file_destroy(void *self)
{
    struct file_channel *channel = self;

    file_consumers_destroy(channel);
    fl_free(channel->mem, channel);
}

static int file_open(void *self, flow_error **err)
{
    struct file_channel *channel = self;
    int rc = fl_disk_open(&channel->log, err);

    if (!rc && (rc = file_consumers_open(channel, err)) != FLOW_OK)
        fl_disk_close(&channel->log, NULL);
    return rc;
}

static int file_close(void *self, flow_error **err)
{
    struct file_channel *channel = self;

    file_consumers_close(channel);
    return fl_disk_close(&channel->log, err);
}

/* ---- transactions ---- */

int file_begin(void *self, void **txn, flow_error **err)
{
    struct file_channel *channel = self;
    struct file_txn *made = *txn;

    if (!made && (made = fl_zalloc(channel->mem, sizeof *made))) {
        fl_vec_init(&made->puts, channel->mem, sizeof(const flow_event *));
        fl_buf_init(&made->positions, channel->mem);
        fl_claim_init(&made->claim, channel->mem);
    }
    if (!made)
        return fl_error_nomem(err);
    made->taken.cursor = NULL;
    *txn = made;
    return FLOW_OK;
}

static int file_put(void *self, void *inner, const flow_event *const *events, size_t count,
                    flow_error **err)
{
    struct file_channel *channel = self;
    struct file_txn *txn = inner;
    size_t before = txn->puts.count;

    if (fl_vec_reserve(&txn->puts, before + count))
        return fl_error_nomem(err);
    int rc = fl_disk_reserve(&channel->log, count);
    if (rc)
        return rc;
    const flow_event **kept = (const flow_event **)txn->puts.items + before;
    rc = flow_events_keep(events, count, kept, err);
    if (rc)
        fl_disk_unreserve(&channel->log, count);
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

static int file_put_spans(void *self, void *inner, const flow_span *spans, size_t count,
                          size_t span_size, uint8_t *keep, flow_error **err)
{
    struct file_channel *channel = self;
    struct file_txn *txn = inner;

    (void)span_size; /* the library's own */
    if (txn->claim.parts.count)
        return flow_error_set(err, FLOW_ESTATE, "the transaction has spans already");
    int rc = fl_store_claim(channel->log.store, spans, count, &txn->claim, keep);
    return rc == FLOW_ENOMEM ? fl_error_nomem(err) : rc;
}

static int file_spans(void *self, void *inner, flow_span_fn fn, void *arg)
{
    struct file_channel *channel = self;
    const struct file_txn *txn = inner;

    return fl_disk_spans(&channel->log, &txn->taken, fn, arg);
}

static int file_positions(void *self, const void *key, size_t key_size, flow_position_fn fn,
                          void *arg)
{
    return fl_store_positions(((struct file_channel *)self)->log.store, key, key_size, fn, arg);
}

static int file_take(void *self, void *inner, size_t max, const flow_event **events, size_t *count,
                     flow_error **err)
{
    struct file_channel *channel = self;
    struct file_txn *txn = inner;

    return fl_disk_take(&channel->log, UINT64_MAX, max, events, count, &txn->taken, err);
}

static void forget_puts(struct file_txn *txn)
{
    flow_events_unref(txn->puts.items, txn->puts.count);
    txn->puts.count = 0;
    fl_buf_clear(&txn->positions);
}

static int file_commit(void *self, void *inner, flow_error **err)
{
    struct file_channel *channel = self;
    struct file_txn *txn = inner;
    struct fl_put put = {
        .events = txn->puts.items,
        .count = txn->puts.count,
        .positions = &txn->positions,
        .claim = &txn->claim,
    };

    int rc;

    if (txn->taken.lots)
        rc = fl_disk_commit(&channel->log, &txn->taken, &txn->positions, err);
    else if (put.count || txn->positions.size || txn->claim.records.size) /* marks alone, too */
        rc = fl_disk_append(&channel->log, &put, err);
    else
        rc = FLOW_OK;
    if (!rc)
        forget_puts(txn);
    return rc;
}

static void file_rollback(void *self, void *inner)
{
    struct file_channel *channel = self;
    struct file_txn *txn = inner;

    fl_disk_unreserve(&channel->log, txn->puts.count);
    forget_puts(txn);
    if (txn->claim.parts.count)
        fl_store_disclaim(channel->log.store, &txn->claim);
    fl_disk_return(&channel->log, &txn->taken);
}

static void file_release(void *self, void *inner)
{
    const struct file_channel *channel = self;
    struct file_txn *txn = inner;

    fl_vec_free(&txn->puts);
    fl_buf_free(&txn->positions);
    fl_claim_free(&txn->claim);
    fl_free(channel->mem, txn);
}

/* ---- numbers ---- */

static uint64_t file_size(void *self)
{
    struct file_channel *channel = self;

    return channel->log.cursor ? fl_disk_size(&channel->log) : file_consumers_size(channel);
}

static uint64_t file_capacity(void *self)
{
    return ((struct file_channel *)self)->log.capacity;
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
    .flags = FLOW_CHANNEL_REUSES,
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
    .put_mark = file_put_position,
    .consumers = &file_consumers,
    .put_spans = file_put_spans,
    .spans = file_spans,
};
