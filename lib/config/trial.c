/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What no schema can say, such as two settings that exclude each other, a component says when it
 * is made.  Making starts nothing, so a check makes every sound component once and throws it away.
 */

#include "base/error.h"
#include "config/check.h"
#include "core/context.h"
#include "core/group.h"
#include "core/library.h"

/* A component that is made and thrown away. */
struct trial {
    struct fl_check *check;
    const struct fl_part *part;
    const char *key;          /* of its type, which stands for it where it names no setting */
    const char *const *names; /* the channels of a selector, or the sinks of a group */
    size_t name_count;
};

/* GROUP is for a sink processor. */
static int create(const struct trial *trial, flow_context *ctx, flow_group *group, void **self,
                  flow_error **err)
{
    const struct fl_type *type = trial->part->type;

    switch (type->kind) {
    case FLOW_KIND_SOURCE: return type->ops.source.create(ctx, self, err);
    case FLOW_KIND_CHANNEL: return type->ops.channel.create(ctx, self, err);
    case FLOW_KIND_SINK: return type->ops.sink.create(ctx, self, err);
    case FLOW_KIND_INTERCEPTOR: return type->ops.interceptor.create(ctx, self, err);
    case FLOW_KIND_GROUP: return type->ops.group.create(ctx, group, self, err);
    default: return type->ops.selector.create(ctx, trial->names, trial->name_count, self, err);
    }
}

static void destroy(const struct fl_type *type, void *self)
{
    switch (type->kind) {
    case FLOW_KIND_SOURCE: type->ops.source.destroy(self); break;
    case FLOW_KIND_CHANNEL: type->ops.channel.destroy(self); break;
    case FLOW_KIND_SINK: type->ops.sink.destroy(self); break;
    case FLOW_KIND_INTERCEPTOR: type->ops.interceptor.destroy(self); break;
    case FLOW_KIND_GROUP: type->ops.group.destroy(self); break;
    default: type->ops.selector.destroy(self);
    }
}

/* The place that stands for the component: its type's. */
static struct fl_raw place_of(const struct trial *trial)
{
    const struct fl_entry *type = fl_map_get(&trial->check->config->entries, trial->key);
    const struct fl_raw nowhere = {.full = trial->key, .file = ""};

    return type ? fl_entry_raw(type, 0) : nowhere;
}

/* What a component would log when it is made is found here. */
static void overhear(void *self, const flow_log_record *record)
{
    const struct trial *trial = self;
    const struct fl_raw where = place_of(trial);

    fl_check_value(trial->check, FLOW_SEVERITY_WARNING, &where, NULL, "%s", record->message);
}

/* Adds the fault of a component at the place it names, or at its type. */
static void report(const struct trial *trial, const flow_error *err)
{
    const flow_error *cause = flow_error_cause(err);
    struct fl_raw where = place_of(trial);

    if (flow_error_key(err)[0]) {
        where = (struct fl_raw){.full = flow_error_key(err)};
        where.file = flow_error_place(err, &where.line, &where.column);
    }
    fl_check_value(trial->check, FLOW_SEVERITY_ERROR, &where, NULL, "%s%s%s", fl_error_text(err),
                   cause ? ": " : "", cause ? flow_error_message(cause) : "");
}

/* Makes the component and throws it away. */
static int try_part(struct trial *trial)
{
    const struct fl_part *part = trial->part;
    const struct fl_log log = {.fn = overhear, .self = trial, .level = FLOW_LOG_WARN};
    flow_group group = {.names = trial->names, .count = trial->name_count};
    flow_context *ctx;
    flow_error *err = NULL;
    void *self = NULL;
    int rc = fl_context_new(trial->check->config->lib, part->type, part->name, part->settings, NULL,
                            &ctx, &err);

    if (!rc) {
        ctx->log = &log;
        rc = create(trial, ctx, &group, &self, &err);
        if (!rc)
            destroy(part->type, self);
        fl_context_free(ctx);
    }
    if (rc && rc != FLOW_ENOMEM) {
        report(trial, err);
        rc = FLOW_OK;
    }
    flow_error_free(err);
    return rc;
}

/* Makes TRIAL of what has its type as the value of AGENT.SECTION.NAME.MORE. */
static int try_at(struct trial *trial, const char *section, const char *name, const char *more)
{
    struct fl_check *check = trial->check;
    const struct fl_part *part = trial->part;
    struct fl_buf key;

    fl_buf_init(&key, check->mem);
    int rc = fl_buf_printf(&key, "%s.%s.%s.%s", check->agent->name, section, name, more);
    trial->key = rc ? NULL : fl_buf_cstr(&key);
    rc = trial->key ? fl_check_label(check, fl_kind_name(part->type->kind), part->name)
                    : FLOW_ENOMEM;
    if (!rc)
        rc = try_part(trial);
    fl_buf_free(&key);
    return rc;
}

static int try_named(struct fl_check *check, const struct fl_part *part, const char *section,
                     const char *name, const char *more)
{
    struct trial trial = {.check = check, .part = part};

    return try_at(&trial, section, name, more);
}

static int try_group(struct fl_check *check, const struct fl_plan_group *group)
{
    struct trial trial = {.check = check, .part = &group->part};
    const char **names = fl_calloc(check->mem, group->sinks.count, sizeof *names);

    if (!names)
        return FLOW_ENOMEM;
    for (size_t i = 0; i < group->sinks.count; i++) {
        const struct fl_plan_sink *sink =
            fl_vec_at(&check->plan->sinks, *(size_t *)fl_vec_at(&group->sinks, i));
        names[i] = sink->part.name;
    }
    trial.names = names;
    trial.name_count = group->sinks.count;
    int rc = try_at(&trial, "sinkgroups", group->part.name, "processor.type");
    fl_free(check->mem, names);
    return rc;
}

static int try_selector(struct fl_check *check, const struct fl_plan_source *source)
{
    struct trial trial = {.check = check, .part = &source->selector, .key = ""};
    const char **names = fl_calloc(check->mem, source->channels.count, sizeof *names);
    int rc = names ? fl_check_label(check, fl_kind_name(FLOW_KIND_SOURCE), source->part.name)
                   : FLOW_ENOMEM;

    for (size_t i = 0; names && i < source->channels.count; i++) {
        const struct fl_plan_channel *channel =
            fl_vec_at(&check->plan->channels, *(size_t *)fl_vec_at(&source->channels, i));
        names[i] = channel->part.name;
    }
    trial.names = names;
    trial.name_count = source->channels.count;
    if (!rc)
        rc = try_part(&trial);
    fl_free(check->mem, names);
    return rc;
}

static int try_interceptors(struct fl_check *check, const struct fl_plan_source *source)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < source->interceptors.count && !rc; i++) {
        const struct fl_part *part = fl_vec_at(&source->interceptors, i);
        struct fl_buf more;
        fl_buf_init(&more, check->mem);
        rc = fl_buf_printf(&more, "interceptors.%s.type", part->name);
        if (!rc)
            rc = fl_buf_cstr(&more)
                     ? try_named(check, part, "sources", source->part.name, fl_buf_cstr(&more))
                     : FLOW_ENOMEM;
        fl_buf_free(&more);
    }
    return rc;
}

int fl_check_trials(struct fl_check *check)
{
    const struct fl_plan *plan = check->plan;
    int rc = FLOW_OK;

    for (size_t i = 0; i < plan->channels.count && !rc; i++) {
        const struct fl_part *part = fl_vec_at(&plan->channels, i);
        rc = try_named(check, part, "channels", part->name, "type");
    }
    for (size_t i = 0; i < plan->sources.count && !rc; i++) {
        const struct fl_plan_source *source = fl_vec_at(&plan->sources, i);
        rc = try_named(check, &source->part, "sources", source->part.name, "type");
        if (!rc)
            rc = try_selector(check, source);
        if (!rc)
            rc = try_interceptors(check, source);
    }
    for (size_t i = 0; i < plan->sinks.count && !rc; i++) {
        const struct fl_part *part = fl_vec_at(&plan->sinks, i);
        rc = try_named(check, part, "sinks", part->name, "type");
    }
    for (size_t i = 0; i < plan->groups.count && !rc; i++)
        rc = try_group(check, fl_vec_at(&plan->groups, i));
    return rc;
}
