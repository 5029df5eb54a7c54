/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Channels as the rest of the library sees them: a table of functions that never wait, and around
 * it two gates at which producers wait for room and consumers for events.
 */

#include "base/error.h"
#include "core/channel.h"
#include "core/library.h"
#include "core/registry.h"
#include "core/table.h"

/* How often a waiter looks again before it goes to sleep: for about as long as being woken takes,
 * since events rarely come alone.  Between two looks it leaves the gate's cache line to those who
 * open it; looking all the time costs them more than the events. */
#define LOOKS 4
#define PAUSES 50

static int make_parts(flow_channel *channel, flow_context *ctx)
{
    channel->put_attempts = flow_context_counter(ctx, "EventPutAttemptCount");
    channel->put_successes = flow_context_counter(ctx, "EventPutSuccessCount");
    channel->take_attempts = flow_context_counter(ctx, "EventTakeAttemptCount");
    channel->take_successes = flow_context_counter(ctx, "EventTakeSuccessCount");
    if (!channel->put_attempts || !channel->put_successes || !channel->take_attempts ||
        !channel->take_successes)
        return FLOW_ENOMEM;
    if (fl_lock_init(&channel->calls))
        return FLOW_ENOMEM;
    if (!fl_gate_init(&channel->events)) {
        if (!fl_gate_init(&channel->room)) {
            channel->cache = fl_txn_cache_new(&ctx->lib->allocator);
            if (channel->cache)
                return FLOW_OK;
            fl_gate_destroy(&channel->room);
        }
        fl_gate_destroy(&channel->events);
    }
    fl_lock_destroy(&channel->calls);
    return FLOW_ENOMEM;
}

static void free_parts(flow_channel *channel)
{
    fl_txn_cache_free(channel->cache);
    fl_lock_destroy(&channel->calls);
    fl_gate_destroy(&channel->events);
    fl_gate_destroy(&channel->room);
}

/* Takes over the channel's table of consumers, which has all its functions or is not there. */
static int import_consumers(flow_channel *channel, flow_error **err)
{
    const flow_channel_consumers *theirs = channel->ops->consumers;
    size_t needed = offsetof(flow_channel_consumers, remove) + sizeof channel->consumers.remove;

    if (!theirs)
        return FLOW_OK;
    int rc = fl_table_import(&channel->consumers, sizeof channel->consumers, needed, theirs,
                             "the channel's table of consumers", err);
    const flow_channel_consumers *mine = &channel->consumers;
    if (!rc && !(mine->attach && mine->detach && mine->begin && mine->size && mine->add &&
                 mine->next && mine->seek && mine->pause && mine->remove))
        rc = flow_error_set(err, FLOW_EINVAL, "the channel's table of consumers is not complete");
    return rc;
}

int fl_channel_new(flow_context *ctx, const struct fl_type *type, flow_channel **channel,
                   flow_error **err)
{
    flow_channel *made = fl_zalloc(&ctx->lib->allocator, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->ctx = ctx;
    made->base = made;
    made->ops = &type->ops.channel;
    int rc = import_consumers(made, err);
    if (rc) {
        fl_free(&ctx->lib->allocator, made);
        return rc;
    }
    if (make_parts(made, ctx)) {
        fl_free(&ctx->lib->allocator, made);
        return fl_error_nomem(err);
    }
    ctx->channel = made;
    rc = made->ops->create(ctx, &made->self, err);
    if (rc) {
        ctx->channel = NULL;
        free_parts(made);
        fl_free(&ctx->lib->allocator, made);
        return rc;
    }
    atomic_fetch_add(&ctx->lib->users, 1);
    *channel = made;
    return FLOW_OK;
}

void fl_channel_free(flow_channel *channel)
{
    if (!channel)
        return;
    flow_library *lib = channel->ctx->lib;
    /* Spare transactions have memory of the channel's. */
    fl_txn_cache_free(channel->cache);
    channel->cache = NULL;
    channel->ops->destroy(channel->self);
    channel->ctx->channel = NULL;
    free_parts(channel);
    fl_free(&lib->allocator, channel);
    atomic_fetch_sub(&lib->users, 1);
}

int fl_channel_view(flow_channel *channel, const char *name, flow_channel **view, flow_error **err)
{
    flow_library *lib = channel->ctx->lib;
    flow_channel *made = fl_zalloc(&lib->allocator, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->ctx = channel->ctx;
    made->ops = channel->ops;
    made->self = channel->self;
    made->base = channel;
    int rc = channel->consumers.attach(channel->self, name, &made->consumer, err);
    if (rc) {
        fl_free(&lib->allocator, made);
        return rc;
    }
    atomic_fetch_add(&lib->users, 1);
    *view = made;
    return FLOW_OK;
}

void fl_channel_view_free(flow_channel *view)
{
    if (!view)
        return;
    flow_library *lib = view->ctx->lib;
    view->base->consumers.detach(view->self, view->consumer);
    fl_free(&lib->allocator, view);
    atomic_fetch_sub(&lib->users, 1);
}

int fl_channel_open(flow_channel *channel, flow_error **err)
{
    int rc = fl_library_check(channel->ctx->lib, err);

    if (!rc && atomic_load(&channel->is_open))
        rc = flow_error_set(err, FLOW_ESTATE, "the channel is open already");
    if (!rc && channel->ops->open)
        rc = channel->ops->open(channel->self, err);
    if (rc) {
        flow_error_locate(err, channel->ctx->label, NULL, NULL, 0, 0);
        return rc;
    }
    atomic_store(&channel->is_open, 1);
    return FLOW_OK;
}

int fl_channel_close(flow_channel *channel, flow_error **err)
{
    int rc = fl_library_check(channel->ctx->lib, err);

    if (rc)
        return rc;
    fl_lock(&channel->calls);
    int was_open = atomic_exchange(&channel->is_open, 0);
    fl_unlock(&channel->calls);
    if (!was_open)
        return FLOW_OK;
    fl_gate_open(&channel->events);
    fl_gate_open(&channel->room);
    if (channel->ops->close)
        rc = channel->ops->close(channel->self, err);
    if (rc)
        flow_error_locate(err, channel->ctx->label, NULL, NULL, 0, 0);
    return rc;
}

int fl_channel_refuse(const flow_channel *channel, flow_error **err)
{
    flow_error_set(err, FLOW_ECLOSED, "the channel is not open");
    flow_error_locate(err, channel->ctx->label, NULL, NULL, 0, 0);
    return FLOW_ECLOSED;
}

static inline void relax(void)
{
    for (int i = 0; i < PAUSES; i++) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
    }
}

static int ended(const flow_channel *channel, const _Atomic int *stop)
{
    return !atomic_load(&channel->is_open) || (stop && atomic_load(stop));
}

int fl_channel_wait_at(flow_channel *channel, struct fl_gate *gate, uint32_t seen, int64_t deadline,
                       const _Atomic int *stop)
{
    if (ended(channel, stop))
        return FLOW_ECLOSED;
    for (int i = 0; i < LOOKS && fl_gate_look(gate) == seen; i++)
        relax();
    int rc = fl_gate_wait(gate, seen, channel->ctx->clock, deadline);
    return ended(channel, stop) ? FLOW_ECLOSED : rc;
}

int fl_channel_wait(flow_channel *channel, int64_t deadline, const _Atomic int *stop)
{
    flow_channel *base = channel->base;

    for (;;) {
        uint32_t seen = fl_gate_look(&base->events);
        if (ended(base, stop))
            return FLOW_ECLOSED;
        if (flow_channel_size(channel) > 0)
            return FLOW_OK;
        int rc = fl_channel_wait_at(base, &base->events, seen, deadline, stop);
        if (rc)
            return rc;
    }
}

const char *flow_channel_name(const flow_channel *channel)
{
    return channel->ctx->name;
}

uint64_t flow_channel_size(const flow_channel *channel)
{
    return channel->consumer ? channel->base->consumers.size(channel->self, channel->consumer)
                             : channel->ops->size(channel->self);
}

uint64_t flow_channel_capacity(const flow_channel *channel)
{
    return channel->ops->capacity(channel->self);
}

uint64_t flow_channel_transaction_capacity(const flow_channel *channel)
{
    return channel->ops->transaction_capacity(channel->self);
}

void flow_channel_notify(const flow_context *ctx)
{
    /* The channel's own `create` may call this before the channel is complete. */
    if (!ctx || !ctx->channel)
        return;
    fl_gate_open(&ctx->channel->events);
    fl_gate_open(&ctx->channel->room);
}
