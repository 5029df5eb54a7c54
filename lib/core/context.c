/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The surroundings of one component.  Settings were checked before a context is made, so reading
 * them is a look-up that cannot fail; waiting goes through one gate, so that stop ends it.
 */

#include "core/context.h"

#include <stdarg.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/sleepers.h"

/* ---- making ---- */

static char *label_of(const flow_allocator *mem, uint32_t kind, const char *name)
{
    struct fl_buf text;
    char *label = NULL;

    fl_buf_init(&text, mem);
    if (fl_buf_printf(&text, "%s %s", fl_kind_name(kind), name) == FLOW_OK)
        label = fl_buf_detach(&text);
    fl_buf_free(&text);
    return label;
}

static int init_sync(flow_context *ctx)
{
    int result = fl_gate_init(&ctx->stop);

    if (result != FLOW_OK)
        return result;
    result = fl_counters_init(&ctx->counters, &ctx->lib->allocator);
    if (result != FLOW_OK)
        fl_gate_destroy(&ctx->stop);
    return result;
}

int fl_context_new(flow_library *lib, const struct fl_type *type, const char *name,
                   const struct fl_settings *settings, const struct fl_clock *clock,
                   flow_context **ctx, flow_error **err)
{
    flow_context *made = fl_zalloc(&lib->allocator, sizeof(*made));

    if (!made)
        return fl_error_nomem(err);
    made->lib = lib;
    made->log = &lib->log;
    made->kind = type->kind;
    made->user = type->user;
    made->settings = settings;
    made->clock = clock ? clock : lib->clock;
    made->name = fl_strdup(&lib->allocator, name);
    made->label = label_of(&lib->allocator, type->kind, name);
    if (!made->name || !made->label || init_sync(made) != FLOW_OK) {
        fl_free(&lib->allocator, made->name);
        fl_free(&lib->allocator, made->label);
        fl_free(&lib->allocator, made);
        return fl_error_nomem(err);
    }
    *ctx = made;
    return FLOW_OK;
}

void fl_context_free(flow_context *ctx)
{
    if (!ctx)
        return;
    const flow_allocator *mem = &ctx->lib->allocator;
    fl_counters_free(&ctx->counters);
    fl_gate_destroy(&ctx->stop);
    fl_free(mem, ctx->name);
    fl_free(mem, ctx->label);
    fl_free(mem, ctx);
}

/* ---- who and where ---- */

const char *flow_context_name(const flow_context *ctx)
{
    return ctx->name;
}

flow_library *flow_context_library(const flow_context *ctx)
{
    return ctx->lib;
}

void *flow_context_user(const flow_context *ctx)
{
    return ctx->user;
}

flow_counter *flow_context_counter(flow_context *ctx, const char *name)
{
    return fl_counters_get(&ctx->counters, name);
}

/* ---- settings ---- */

const char *flow_context_string(const flow_context *ctx, const char *name)
{
    const struct fl_setting *setting = fl_settings_get(ctx->settings, name);

    return setting ? setting->text : NULL;
}

int64_t flow_context_int(const flow_context *ctx, const char *name)
{
    const struct fl_setting *setting = fl_settings_get(ctx->settings, name);

    return setting ? setting->number : 0;
}

int flow_context_bool(const flow_context *ctx, const char *name)
{
    return flow_context_int(ctx, name) != 0;
}

int flow_context_choice(const flow_context *ctx, const char *name)
{
    const struct fl_setting *setting = fl_settings_get(ctx->settings, name);

    return setting ? (int)setting->number : -1;
}

const char *flow_context_word(const flow_context *ctx, const char *name, size_t index)
{
    const struct fl_setting *setting = fl_settings_get(ctx->settings, name);
    char **words = setting ? setting->words : NULL;

    while (words && *words && index > 0) {
        words++;
        index--;
    }
    return words ? *words : NULL;
}

int flow_context_is_set(const flow_context *ctx, const char *name)
{
    const struct fl_setting *setting = fl_settings_get(ctx->settings, name);

    return setting && setting->is_set;
}

int flow_context_below(const flow_context *ctx, const char *prefix, size_t index, const char **key,
                       const char **value)
{
    return fl_settings_below(ctx->settings, prefix, index, key, value);
}

int flow_context_refuse(const flow_context *ctx, const char *name, const char *why,
                        flow_error **err)
{
    const struct fl_setting *setting = fl_settings_place(ctx->settings, name);

    flow_error_set(err, FLOW_ECONFIG, why);
    if (setting)
        flow_error_locate(err, ctx->label, setting->full, setting->file, setting->line,
                          setting->column);
    else
        flow_error_locate(err, ctx->label, name, NULL, 0, 0);
    return FLOW_ECONFIG;
}

/* ---- log ---- */

void flow_context_log(const flow_context *ctx, int32_t level, const char *text)
{
    fl_log_text(ctx->log, level, ctx->label, text);
}

void flow_context_logf(const flow_context *ctx, int32_t level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fl_vlogf(ctx->log, level, ctx->label, format, args);
    va_end(args);
}

int flow_context_log_enabled(const flow_context *ctx, int32_t level)
{
    return fl_log_enabled(ctx->log, level);
}

/* ---- time ---- */

int64_t flow_context_now(const flow_context *ctx)
{
    return fl_clock_now(ctx->clock);
}

int64_t flow_context_time(const flow_context *ctx)
{
    return fl_clock_wall(ctx->clock);
}

int flow_context_stopping(const flow_context *ctx)
{
    return atomic_load_explicit(&ctx->stopping, memory_order_acquire);
}

static struct fl_gate *stop_gate(const flow_context *ctx)
{
    return (struct fl_gate *)&ctx->stop; /* waiting does not change the context */
}

static int wait_until(const flow_context *ctx, int64_t deadline)
{
    for (;;) {
        uint32_t seen = fl_gate_look(stop_gate(ctx));
        if (flow_context_stopping(ctx))
            return FLOW_ECLOSED;
        if (fl_gate_wait(stop_gate(ctx), seen, ctx->clock, deadline) == FLOW_ETIMEDOUT)
            return FLOW_OK;
    }
}

/* In a harness.  On the thread of the test nobody else could move the clock, so the wait does. */
static int wait_seen(const flow_context *ctx, int64_t ms)
{
    struct fl_sleepers *sleepers = ctx->sleepers;
    int64_t end = fl_clock_after(ctx->clock, ms);

    if (fl_sleepers_is_driver(sleepers) && end != FL_NEVER && !flow_context_stopping(ctx)) {
        fl_sleepers_walk(sleepers, end, FL_SLEEPERS_PATIENCE_MS);
        return FLOW_OK;
    }
    int rc = wait_until(ctx, fl_sleepers_enter(sleepers, stop_gate(ctx), ms));
    fl_sleepers_leave(sleepers);
    return rc;
}

int flow_wait(const flow_context *ctx, int64_t ms)
{
    if (fl_forked(&ctx->lib->guard))
        return FLOW_EFORKED;
    if (ms <= 0)
        return flow_context_stopping(ctx) ? FLOW_ECLOSED : FLOW_OK;
    if (ctx->sleepers)
        return wait_seen(ctx, ms);
    return wait_until(ctx, fl_clock_after(ctx->clock, ms));
}

void fl_context_hook(flow_context *ctx, struct fl_stop_hook *hook)
{
    fl_lock(&ctx->stop.lock);
    hook->next = ctx->hooks;
    ctx->hooks = hook;
    if (flow_context_stopping(ctx))
        hook->fn(hook->self);
    fl_unlock(&ctx->stop.lock);
}

void fl_context_unhook(flow_context *ctx, struct fl_stop_hook *hook)
{
    fl_lock(&ctx->stop.lock);
    struct fl_stop_hook **link = &ctx->hooks;
    while (*link && *link != hook)
        link = &(*link)->next;
    if (*link)
        *link = hook->next;
    fl_unlock(&ctx->stop.lock);
}

void fl_context_stop(flow_context *ctx)
{
    atomic_store_explicit(&ctx->stopping, 1, memory_order_release);
    fl_gate_open(&ctx->stop);
    fl_lock(&ctx->stop.lock);
    for (struct fl_stop_hook *hook = ctx->hooks; hook; hook = hook->next)
        hook->fn(hook->self);
    fl_unlock(&ctx->stop.lock);
}

void fl_context_resume(flow_context *ctx)
{
    atomic_store_explicit(&ctx->stopping, 0, memory_order_release);
}
