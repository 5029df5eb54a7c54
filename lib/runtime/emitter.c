/* SPDX-License-Identifier: Apache-2.0 */

/* Making an emitter, and its door: who is inside, and who may still enter. */

#include "base/error.h"
#include "runtime/emitter.h"

int fl_interceptor_make(const struct fl_site *site, const struct fl_part *part,
                        struct fl_interceptor *interceptor, flow_error **err)
{
    struct fl_interceptor made = {.ops = &part->type->ops.interceptor};
    int rc = fl_site_context(site, part, &made.ctx, err);

    if (rc != FLOW_OK)
        return rc;
    rc = fl_answer(made.ctx, "create", made.ops->create(made.ctx, &made.self, err), FLOW_OK, err);
    if (rc != FLOW_OK)
        fl_context_free(made.ctx);
    else
        *interceptor = made;
    return rc;
}

void fl_interceptor_drop(struct fl_interceptor *interceptor)
{
    interceptor->ops->destroy(interceptor->self);
    fl_context_free(interceptor->ctx);
}

static flow_context *interceptor_context(const flow_emitter *emitter, size_t index)
{
    return ((struct fl_interceptor *)fl_vec_at(&emitter->interceptors, index))->ctx;
}

static int make_interceptors(flow_emitter *emitter, const struct fl_site *site,
                             const struct fl_vec *parts, flow_error **err)
{
    fl_vec_init(&emitter->interceptors, emitter->mem, sizeof(struct fl_interceptor));
    if (fl_vec_reserve(&emitter->interceptors, parts->count) != FLOW_OK)
        return fl_error_nomem(err);
    for (size_t i = 0; i < parts->count; i++) {
        struct fl_interceptor interceptor;
        int rc = fl_interceptor_make(site, fl_vec_at(parts, i), &interceptor, err);
        if (rc != FLOW_OK)
            return rc;
        fl_vec_push(&emitter->interceptors, &interceptor);
    }
    return FLOW_OK;
}

/* Asks a selector whose answer is always the same for it once and for all. */
static int fix_route(flow_emitter *emitter, flow_error **err)
{
    struct fl_selector *selector = &emitter->selector;

    if (!(selector->ops->flags & FLOW_SELECTOR_CONSTANT))
        return FLOW_OK;
    emitter->constant =
        fl_calloc(emitter->mem, fl_route_words(emitter->channel_count), sizeof(uint64_t));
    if (!emitter->constant)
        return fl_error_nomem(err);

    flow_route route = {emitter->constant, emitter->channel_count};
    return fl_answer(selector->ctx, "select",
                     selector->ops->select(selector->self, NULL, &route, err), FLOW_OK, err);
}

static int make_selector(flow_emitter *emitter, const struct fl_site *site,
                         const struct fl_part *part, flow_error **err)
{
    struct fl_selector *selector = &emitter->selector;
    int rc = fl_site_context(site, part, &selector->ctx, err);

    if (rc != FLOW_OK)
        return rc;
    selector->names = fl_calloc(emitter->mem, emitter->channel_count, sizeof(char *));
    if (!selector->names)
        return fl_error_nomem(err);
    for (size_t i = 0; i < emitter->channel_count; i++)
        selector->names[i] = flow_channel_name(emitter->channels[i]);

    const flow_selector_ops *ops = &part->type->ops.selector;
    rc = ops->create(selector->ctx, selector->names, emitter->channel_count, &selector->self, err);
    rc = fl_answer(selector->ctx, "create", rc, FLOW_OK, err);
    if (rc != FLOW_OK)
        return rc;
    selector->ops = ops;
    return fix_route(emitter, err);
}

static int find_counters(struct fl_emitter_counters *counters, flow_context *ctx, flow_error **err)
{
    const struct {
        flow_counter **counter;
        const char *name;
    } names[] = {
        {&counters->received, "EventReceivedCount"},
        {&counters->accepted, "EventAcceptedCount"},
        {&counters->batches_received, "AppendBatchReceivedCount"},
        {&counters->batches_accepted, "AppendBatchAcceptedCount"},
        {&counters->singles_received, "AppendReceivedCount"},
        {&counters->singles_accepted, "AppendAcceptedCount"},
        {&counters->write_fails, "ChannelWriteFail"},
        {&counters->processing_fails, "GenericProcessingFail"},
        {&counters->filtered, "EventFilteredCount"},
        {&counters->unrouted, "EventUnroutedCount"},
        {&counters->optional_lost, "EventOptionalLostCount"},
        {&counters->repeated, "EventRepeatedCount"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        *names[i].counter = flow_context_counter(ctx, names[i].name);
        if (!*names[i].counter)
            return fl_error_nomem(err);
    }
    return FLOW_OK;
}

static int make_locks(flow_emitter *emitter)
{
    if (fl_lock_init(&emitter->chain) != FLOW_OK)
        return FLOW_ENOMEM;
    if (fl_lock_init(&emitter->door) == FLOW_OK)
        return FLOW_OK;
    fl_lock_destroy(&emitter->chain);
    return FLOW_ENOMEM;
}

static int make_parts(flow_emitter *emitter, const struct fl_site *site,
                      const struct fl_plan_source *source, flow_error **err)
{
    int rc = find_counters(&emitter->counters, emitter->ctx, err);

    if (rc == FLOW_OK)
        rc = make_interceptors(emitter, site, &source->interceptors, err);
    if (rc == FLOW_OK)
        rc = make_selector(emitter, site, &source->selector, err);
    return rc;
}

int fl_emitter_new(flow_context *ctx, const struct fl_plan_source *source,
                   const struct fl_vec *channels, flow_emitter **emitter, flow_error **err)
{
    const struct fl_site site = {
        .lib = ctx->lib, .clock = ctx->clock, .sleepers = ctx->sleepers, .loop = ctx->loop};
    const flow_allocator *mem = &ctx->lib->allocator;
    flow_emitter *made = fl_zalloc(mem, sizeof(*made));
    flow_channel **copy = fl_calloc(mem, channels->count, sizeof(*copy));

    if (!made || !copy || make_locks(made) != FLOW_OK) {
        fl_free(mem, copy);
        fl_free(mem, made);
        return fl_error_nomem(err);
    }
    for (size_t i = 0; i < channels->count; i++)
        copy[i] = *(flow_channel **)fl_vec_at(channels, i);
    made->mem = mem;
    made->number = atomic_fetch_add(&ctx->lib->serial, 1) + 1;
    made->ctx = ctx;
    made->channels = copy;
    made->channel_count = channels->count;
    fl_fault_log_init(&made->optional_faults, ctx);

    int rc = make_parts(made, &site, source, err);
    if (rc != FLOW_OK)
        fl_emitter_free(made);
    else
        *emitter = made;
    return rc;
}

void fl_emitter_free(flow_emitter *emitter)
{
    if (!emitter)
        return;

    struct fl_selector *selector = &emitter->selector;
    if (selector->ops)
        selector->ops->destroy(selector->self);
    fl_context_free(selector->ctx);
    fl_free(emitter->mem, selector->names);

    for (size_t i = 0; i < emitter->interceptors.count; i++)
        fl_interceptor_drop(fl_vec_at(&emitter->interceptors, i));
    fl_vec_free(&emitter->interceptors);

    fl_fault_log_free(&emitter->optional_faults);
    fl_lock_destroy(&emitter->door);
    fl_lock_destroy(&emitter->chain);
    fl_free(emitter->mem, emitter->constant);
    fl_free(emitter->mem, emitter->channels);
    fl_free(emitter->mem, emitter);
}

void fl_emitter_resume(flow_emitter *emitter)
{
    atomic_store(&emitter->hurry, 0);
    for (size_t i = 0; i < emitter->interceptors.count; i++)
        fl_context_resume(interceptor_context(emitter, i));
    fl_context_resume(emitter->selector.ctx);
}

void fl_emitter_open(flow_emitter *emitter)
{
    fl_lock(&emitter->door);
    emitter->is_open = 1;
    atomic_store(&emitter->told, 0);
    atomic_store(&emitter->told_unrouted, 0);
    atomic_store(&emitter->told_spans, 0);
    fl_unlock(&emitter->door);
}

void fl_emitter_hurry(flow_emitter *emitter)
{
    atomic_store(&emitter->hurry, 1);
    for (size_t i = 0; i < emitter->interceptors.count; i++)
        fl_context_stop(interceptor_context(emitter, i));
    fl_context_stop(emitter->selector.ctx);
    for (size_t i = 0; i < emitter->channel_count; i++)
        fl_gate_open(&emitter->channels[i]->room);
}

int fl_emitter_close(flow_emitter *emitter, int64_t deadline)
{
    int rc = FLOW_OK;

    fl_lock(&emitter->door);
    emitter->is_open = 0;
    while (emitter->inside > 0 && rc == FLOW_OK)
        rc = fl_lock_wait(&emitter->door, fl_clock_system(), deadline);
    if (emitter->inside == 0)
        rc = FLOW_OK;
    fl_unlock(&emitter->door);
    return rc;
}

int fl_emitter_is_caller(const flow_emitter *emitter)
{
    return atomic_load(&emitter->holder) == (uintptr_t)pthread_self();
}

size_t flow_emitter_max_batch(const flow_emitter *emitter)
{
    uint64_t least = SIZE_MAX;

    if (!emitter)
        return 0;
    for (size_t i = 0; i < emitter->channel_count; i++) {
        uint64_t capacity = flow_channel_transaction_capacity(emitter->channels[i]);
        if (capacity < least)
            least = capacity;
    }
    return (size_t)least;
}
