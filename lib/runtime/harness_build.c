/* SPDX-License-Identifier: Apache-2.0 */

/* Makes what a harness drives, as a pipeline would make it. */

#include "base/error.h"
#include "net/loop.h"
#include "runtime/harness.h"

/* The first fault of the settings, which is what flow_harness_start tells. */
struct first_fault {
    const struct flow_harness *harness;
    flow_error *error;
};

static void note_finding(void *self, int32_t severity, const struct fl_raw *where,
                         const char *message, const char *hint)
{
    struct first_fault *first = self;
    const char *gap = hint && hint[0] != '\0' ? "; " : "";
    const char *more = hint ? hint : "";

    if (severity != FLOW_SEVERITY_ERROR) {
        fl_logf(&first->harness->lib->log, FLOW_LOG_WARN, first->harness->part.name, "%s%s%s",
                message, gap, more);
        return;
    }
    if (first->error)
        return;
    flow_error_setf(&first->error, FLOW_ECONFIG, "%s%s%s", message, gap, more);
    flow_error_locate(&first->error, NULL, where->full, NULL, 0, 0);
}

/* Checks COUNT keys against the schema of PART's type and keeps the result in PART. */
static int make_settings(flow_harness *harness, struct fl_part *part, const struct fl_raw *raw,
                         size_t count, flow_error **err)
{
    const struct fl_raw owner = {.key = "", .full = part->name, .value = "", .file = ""};
    struct first_fault first = {.harness = harness};
    const struct fl_findings findings = {&first, note_finding};
    size_t faults = 0;
    int rc = fl_settings_make(harness->lib->registry, part->type, raw, count, &owner, &findings,
                              &faults, &part->settings);

    if (rc != FLOW_OK || (faults > 0 && !first.error)) {
        flow_error_free(first.error);
        return fl_error_nomem(err);
    }
    if (faults == 0)
        return FLOW_OK;
    fl_error_pass(err, first.error);
    return FLOW_ECONFIG;
}

static struct fl_raw raw_key(const char *key, const char *value)
{
    return (struct fl_raw){.key = key, .full = key, .value = value, .file = ""};
}

static int set_component(flow_harness *harness, flow_error **err)
{
    const flow_allocator *mem = &harness->lib->allocator;
    size_t count = harness->keys.count;
    struct fl_raw *raw = fl_calloc(mem, count + 1, sizeof(*raw));

    if (!raw)
        return fl_error_nomem(err);
    for (size_t i = 0; i < count; i++) {
        const struct fl_harness_key *key = fl_vec_at(&harness->keys, i);
        raw[i] = raw_key(key->key, key->value);
    }
    int rc = make_settings(harness, &harness->part, raw, count, err);
    fl_free(mem, raw);
    return rc;
}

static int make_channel(flow_harness *harness, const struct fl_part *part,
                        const struct fl_type *type, flow_error **err)
{
    const struct fl_part made_of = {part->name, type, part->settings};
    flow_context *ctx;
    int rc = fl_site_context(&harness->site, &made_of, &ctx, err);

    if (rc != FLOW_OK)
        return rc;
    rc = fl_answer(ctx, "create", fl_channel_new(ctx, type, &harness->channel, err), FLOW_OK, err);
    if (rc != FLOW_OK)
        fl_context_free(ctx);
    return rc;
}

/* The channel around the component: full means full at once, since only the test moves time. */
static int make_surroundings(flow_harness *harness, flow_error **err)
{
    const struct fl_raw raw[] = {
        raw_key("capacity", "10000"),
        raw_key("transactionCapacity", "10000"),
        raw_key("keep-alive", "0"),
    };
    struct fl_part *part = &harness->channel_part;
    int rc = fl_registry_lookup(harness->lib->registry, FLOW_KIND_CHANNEL, "memory", &part->type,
                                NULL, err);

    if (rc != FLOW_OK)
        return rc;
    fl_harness_channel_type(harness, part->type);
    rc = make_settings(harness, part, raw, sizeof(raw) / sizeof(raw[0]), err);
    return rc == FLOW_OK ? make_channel(harness, part, &harness->channel_type, err) : rc;
}

/* A selector for one channel. */
static int select_create(flow_context *ctx, const char *const *channels, size_t count, void **self,
                         flow_error **err)
{
    *self = NULL;
    return FLOW_OK;
}

static void select_destroy(void *self)
{
}

static int select_only(void *self, const flow_event *event, flow_route *route, flow_error **err)
{
    return flow_route_require(route, 0);
}

static const flow_schema select_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .summary = "Sends everything to the only channel.",
};

static const struct fl_type select_type = {
    .kind = FLOW_KIND_SELECTOR,
    .name = "harness",
    .aliases = "",
    .schema = &select_schema,
    .origin = "built-in",
    .ops.selector =
        {
            .struct_size = sizeof(flow_selector_ops),
            .flags = FLOW_SELECTOR_CONSTANT,
            .type = "harness",
            .schema = &select_schema,
            .create = select_create,
            .destroy = select_destroy,
            .select = select_only,
        },
};

static int make_source(flow_harness *harness, flow_error **err)
{
    const struct fl_plan_source plan = {
        .part = harness->part,
        .selector = {.name = harness->part.name, .type = &select_type},
        .backoff_increment = FL_BACKOFF_STEP_MS,
        .backoff_max = FL_BACKOFF_MAX_MS,
    };

    const struct fl_vec channels = {
        .items = &harness->channel, .count = 1, .item_size = sizeof(flow_channel *)};

    return fl_source_runner_new(&harness->site, &plan, &channels, &harness->source, err);
}

static int make_sink(flow_harness *harness, flow_error **err)
{
    int rc =
        fl_sink_unit_new(&harness->site, &harness->part, harness->channel, &harness->sink, err);

    if (rc == FLOW_OK)
        harness->sink->waker = &harness->waker;
    return rc;
}

static int make_component(flow_harness *harness, flow_error **err)
{
    switch (harness->type->kind) {
    case FLOW_KIND_SOURCE: return make_source(harness, err);
    case FLOW_KIND_SINK: return make_sink(harness, err);
    default: return fl_interceptor_make(&harness->site, &harness->part, &harness->interceptor, err);
    }
}

int fl_harness_build(flow_harness *harness, flow_error **err)
{
    int rc = set_component(harness, err);

    harness->is_built = 1;
    if (rc == FLOW_OK)
        rc = fl_loop_host_new(&harness->lib->allocator, "harness", &harness->site.loop, err);
    if (rc != FLOW_OK)
        return rc;
    if (harness->type->kind == FLOW_KIND_CHANNEL)
        return make_channel(harness, &harness->part, harness->type, err);
    rc = make_surroundings(harness, err);
    return rc == FLOW_OK ? make_component(harness, err) : rc;
}

void fl_harness_drop(flow_harness *harness)
{
    fl_source_runner_free(harness->source);
    fl_sink_unit_free(harness->sink);
    if (harness->interceptor.ctx)
        fl_interceptor_drop(&harness->interceptor);
    if (harness->channel) {
        flow_context *ctx = harness->channel->ctx;
        fl_channel_free(harness->channel);
        fl_context_free(ctx);
    }
    fl_loop_host_free(harness->site.loop);
    fl_settings_free(harness->part.settings);
    fl_settings_free(harness->channel_part.settings);
    harness->source = NULL;
    harness->sink = NULL;
    harness->interceptor.ctx = NULL;
    harness->channel = NULL;
    harness->site.loop = NULL;
    harness->part.settings = NULL;
    harness->channel_part.settings = NULL;
    harness->is_built = 0;
}
