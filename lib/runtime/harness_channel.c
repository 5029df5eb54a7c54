/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The channel around a component under test: a memory channel, seen through a table whose commits
 * of puts fail when the test has asked for it.
 */

#include "base/error.h"
#include "runtime/harness.h"

struct channel {
    flow_harness *harness;
    const flow_channel_ops *inner;
    void *self;
};

struct txn {
    void *inner;
    int has_put;
};

static int create(flow_context *ctx, void **self, flow_error **err)
{
    flow_harness *harness = flow_context_user(ctx);
    struct channel *channel = fl_zalloc(&ctx->lib->allocator, sizeof(*channel));

    if (!channel)
        return fl_error_nomem(err);
    channel->harness = harness;
    channel->inner = &harness->channel_part.type->ops.channel;
    int rc = channel->inner->create(ctx, &channel->self, err);
    if (rc != FLOW_OK)
        fl_free(&ctx->lib->allocator, channel);
    else
        *self = channel;
    return rc;
}

static void destroy(void *self)
{
    struct channel *channel = self;

    channel->inner->destroy(channel->self);
    fl_free(&channel->harness->lib->allocator, channel);
}

static int open_channel(void *self, flow_error **err)
{
    struct channel *channel = self;

    return channel->inner->open ? channel->inner->open(channel->self, err) : FLOW_OK;
}

static int close_channel(void *self, flow_error **err)
{
    struct channel *channel = self;

    return channel->inner->close ? channel->inner->close(channel->self, err) : FLOW_OK;
}

static int begin(void *self, void **txn, flow_error **err)
{
    struct channel *channel = self;
    struct txn *made = fl_zalloc(&channel->harness->lib->allocator, sizeof(*made));

    if (!made)
        return fl_error_nomem(err);
    int rc = channel->inner->begin(channel->self, &made->inner, err);
    if (rc != FLOW_OK)
        fl_free(&channel->harness->lib->allocator, made);
    else
        *txn = made;
    return rc;
}

static int put(void *self, void *txn, const flow_event *const *events, size_t count,
               flow_error **err)
{
    struct channel *channel = self;
    struct txn *t = txn;

    t->has_put = 1;
    return channel->inner->put(channel->self, t->inner, events, count, err);
}

static int take(void *self, void *txn, size_t max, const flow_event **events, size_t *count,
                flow_error **err)
{
    struct channel *channel = self;

    return channel->inner->take(channel->self, ((struct txn *)txn)->inner, max, events, count, err);
}

/* Uses up one of the failures that the test has asked for. */
static int is_to_fail(flow_harness *harness)
{
    uint32_t left = atomic_load(&harness->fails_left);

    while (left > 0 && !atomic_compare_exchange_weak(&harness->fails_left, &left, left - 1))
        continue;
    return left > 0;
}

static int commit(void *self, void *txn, flow_error **err)
{
    struct channel *channel = self;
    struct txn *t = txn;

    if (t->has_put && is_to_fail(channel->harness))
        return flow_error_set(err, atomic_load(&channel->harness->fail_code),
                              "flow_harness_fail makes this commit fail");
    return channel->inner->commit(channel->self, t->inner, err);
}

static void rollback(void *self, void *txn)
{
    struct channel *channel = self;

    channel->inner->rollback(channel->self, ((struct txn *)txn)->inner);
}

static void release(void *self, void *txn)
{
    struct channel *channel = self;
    struct txn *t = txn;

    channel->inner->release(channel->self, t->inner);
    fl_free(&channel->harness->lib->allocator, t);
}

static uint64_t size(void *self)
{
    struct channel *channel = self;

    return channel->inner->size(channel->self);
}

static uint64_t capacity(void *self)
{
    struct channel *channel = self;

    return channel->inner->capacity(channel->self);
}

static uint64_t transaction_capacity(void *self)
{
    struct channel *channel = self;

    return channel->inner->transaction_capacity(channel->self);
}

static int64_t keep_alive(void *self)
{
    struct channel *channel = self;

    return channel->inner->keep_alive(channel->self);
}

void fl_harness_channel_type(flow_harness *harness, const struct fl_type *memory)
{
    harness->channel_type = *memory;
    harness->channel_type.user = harness;
    harness->channel_type.ops.channel = (flow_channel_ops){
        .struct_size = sizeof(flow_channel_ops),
        .type = memory->name,
        .schema = memory->schema,
        .create = create,
        .destroy = destroy,
        .open = open_channel,
        .close = close_channel,
        .begin = begin,
        .put = put,
        .take = take,
        .commit = commit,
        .rollback = rollback,
        .release = release,
        .size = size,
        .capacity = capacity,
        .transaction_capacity = transaction_capacity,
        .keep_alive = keep_alive,
    };
}
