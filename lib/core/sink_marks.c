/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Marks of sinks.  In the channel a sink's keys have a NUL, its name and another NUL before them:
 * no two sinks take each other's for their own, and no position of a source looks like one, as the
 * name it begins with is never empty.
 */

#include <string.h>

#include <flow/sink.h>

#include "base/buf.h"
#include "base/error.h"
#include "core/channel.h"

static size_t prefix_size(const flow_context *ctx)
{
    return strlen(ctx->name) + 2;
}

static int put_prefix(const flow_context *ctx, struct fl_buf *out)
{
    int rc = fl_buf_byte(out, 0);

    return rc ? rc : fl_buf_append(out, ctx->name, strlen(ctx->name) + 1);
}

/* The mark with its key as the channel knows it, which KEY holds and the caller frees. */
static int full_mark(const flow_context *ctx, const flow_position *mark, struct fl_buf *key,
                     flow_position *full, flow_error **err)
{
    if (!mark->key || !mark->key_size || (!mark->value && mark->value_size))
        return flow_error_set(err, FLOW_EINVAL, "a mark needs a key and a value of its size");
    if (prefix_size(ctx) > FLOW_POSITION_MAX || mark->key_size > FLOW_POSITION_MAX ||
        mark->value_size > FLOW_POSITION_MAX)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "the key or value of a mark, or the name of its sink, has more "
                               "than %u bytes",
                               FLOW_POSITION_MAX);
    if (put_prefix(ctx, key) || fl_buf_append(key, mark->key, mark->key_size))
        return fl_error_nomem(err);
    *full = (flow_position){key->data, mark->value, key->size, mark->value_size};
    return FLOW_OK;
}

static int put(const flow_context *ctx, flow_txn *txn, const flow_position *mark, flow_error **err)
{
    struct fl_buf key;
    flow_position full;

    fl_buf_init(&key, &ctx->lib->allocator);
    int rc = full_mark(ctx, mark, &key, &full, err);
    if (!rc && fl_channel_keeps_marks(ctx->takes_from))
        rc = fl_txn_put_mark(txn, &full, err);
    fl_buf_free(&key);
    return rc;
}

int flow_txn_set_mark(flow_txn *txn, const void *key, size_t key_size, const void *value,
                      size_t value_size, flow_error **err)
{
    const flow_position mark = {key, value, key_size, value_size};
    const flow_context *ctx = txn ? fl_txn_sink(txn) : NULL;

    if (!ctx)
        return flow_error_set(err, FLOW_ESTATE,
                              "set_mark() called without a transaction that a sink was given and "
                              "has not ended");
    return put(ctx, txn, &mark, err);
}

int flow_sink_keeps_marks(const flow_context *ctx)
{
    return ctx && ctx->takes_from && fl_channel_keeps_marks(ctx->takes_from);
}

int flow_sink_has_spans(const flow_context *ctx)
{
    return ctx && ctx->takes_from && ctx->takes_from->ops->spans;
}

int flow_sink_is_awaited(const flow_context *ctx)
{
    return ctx && ctx->takes_from && atomic_load(&ctx->takes_from->base->without_room) &&
           !flow_channel_size(ctx->takes_from);
}

static int check_sink(const flow_context *ctx, flow_error **err)
{
    if (!ctx || !ctx->takes_from)
        return flow_error_set(err, FLOW_EINVAL, "marks are set and read by sinks");
    int rc = fl_library_check(ctx->lib, err);
    return rc ? rc : fl_channel_check(ctx->takes_from, err);
}

int flow_sink_set_mark(const flow_context *ctx, const void *key, size_t key_size, const void *value,
                       size_t value_size, flow_error **err)
{
    const flow_position mark = {key, value, key_size, value_size};
    flow_txn *txn;
    int rc = check_sink(ctx, err);

    if (!rc)
        rc = flow_txn_begin(ctx->takes_from, &txn, err);
    if (rc)
        return rc;
    rc = put(ctx, txn, &mark, err);
    if (!rc)
        rc = flow_txn_commit(txn, err);
    flow_txn_free(txn);
    return rc;
}

/* ---- reading ---- */

struct listing {
    const struct fl_buf *prefix;
    flow_position_fn fn;
    void *self;
};

static int tell(void *arg, const flow_position *stored)
{
    const struct listing *listing = arg;
    size_t size = listing->prefix->size;

    if (stored->key_size <= size || memcmp(stored->key, listing->prefix->data, size))
        return FLOW_OK;
    const flow_position mark = {(const uint8_t *)stored->key + size, stored->value,
                                stored->key_size - size, stored->value_size};
    return listing->fn(listing->self, &mark);
}

static int tell_all(const flow_channel *channel, struct listing *listing)
{
    return channel->ops->positions(channel->self, NULL, 0, tell, listing);
}

int flow_sink_marks(const flow_context *ctx, flow_position_fn fn, void *self, flow_error **err)
{
    struct fl_buf prefix;
    struct listing listing = {&prefix, fn, self};
    int rc = check_sink(ctx, err);

    if (rc || !fl_channel_keeps_marks(ctx->takes_from))
        return rc;
    fl_buf_init(&prefix, &ctx->lib->allocator);
    rc = put_prefix(ctx, &prefix) ? fl_error_nomem(err) : tell_all(ctx->takes_from, &listing);
    fl_buf_free(&prefix);
    return rc;
}
