/* SPDX-License-Identifier: Apache-2.0 */

/* Reads the counters of all components.  Nothing is locked: each value is exact, and together they
 * are as of about one moment. */

#include "base/buf.h"
#include "base/error.h"
#include "core/metrics.h"
#include "runtime/group.h"
#include "runtime/pipeline.h"

/* Interceptors of two sources may share a name, so the source's name comes before it. */
static int add_interceptor(flow_metrics *metrics, const flow_context *source,
                           const flow_context *interceptor)
{
    struct fl_buf name;
    int rc = FLOW_ENOMEM;

    fl_buf_init(&name, &source->lib->allocator);
    fl_buf_printf(&name, "%s.%s", source->name, interceptor->name);
    const char *text = fl_buf_cstr(&name);
    if (text)
        rc = fl_metrics_add(metrics, FLOW_KIND_INTERCEPTOR, text, &interceptor->counters);
    fl_buf_free(&name);
    return rc;
}

static int add_source(flow_metrics *metrics, const struct fl_source_runner *runner)
{
    const struct fl_vec *interceptors = &runner->emitter->interceptors;
    int rc = fl_metrics_add(metrics, FLOW_KIND_SOURCE, runner->ctx->name, &runner->ctx->counters);

    for (size_t i = 0; i < interceptors->count && rc == FLOW_OK; i++) {
        const struct fl_interceptor *one = fl_vec_at(interceptors, i);
        rc = add_interceptor(metrics, runner->ctx, one->ctx);
    }
    return rc;
}

/* One that has a name, below that of the channel: "c1.audit".  The other is the channel's size. */
static int add_consumer(flow_metrics *metrics, const flow_channel *channel,
                        const flow_consumer_info *info)
{
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        {"ConsumerLag", info->held},
        {"ConsumerLagBytes", info->bytes},
        {"ConsumerLetters", info->letters},
        {"ConsumerOffset", info->offset},
        {"ConsumerPaused", (info->flags & FLOW_CONSUMER_PAUSED) != 0},
        {"ConsumerSkippedCount", info->skipped},
    };
    struct fl_buf name;
    int rc = FLOW_OK;

    fl_buf_init(&name, &channel->ctx->lib->allocator);
    fl_buf_printf(&name, "%s.%s", channel->ctx->name, info->name);
    const char *text = fl_buf_cstr(&name);
    for (size_t i = 0; text && i < sizeof(values) / sizeof(values[0]) && rc == FLOW_OK; i++)
        rc = fl_metrics_add_value(metrics, FLOW_KIND_CHANNEL, text, values[i].name,
                                  (int64_t)values[i].value);
    fl_buf_free(&name);
    return text ? rc : FLOW_ENOMEM;
}

static int add_consumers(flow_metrics *metrics, flow_channel *channel)
{
    flow_consumer_info info = {.struct_size = sizeof(info)};
    const char *after = NULL;
    uint64_t letters = 0;
    int rc = FLOW_OK;

    while (rc == FLOW_OK && flow_consumer_next(channel, after, &info, NULL) == FLOW_OK) {
        if (info.name[0] != '\0')
            rc = add_consumer(metrics, channel, &info);
        letters += info.letters;
        after = info.name;
    }
    if (rc == FLOW_OK && fl_channel_has_consumers(channel))
        rc = fl_metrics_add_value(metrics, FLOW_KIND_CHANNEL, channel->ctx->name, "DeadLetters",
                                  (int64_t)letters);
    return rc;
}

static int add_channel(flow_metrics *metrics, flow_channel *channel)
{
    const char *name = channel->ctx->name;
    int rc = fl_metrics_add(metrics, FLOW_KIND_CHANNEL, name, &channel->ctx->counters);

    if (rc == FLOW_OK)
        rc = fl_metrics_add_value(metrics, FLOW_KIND_CHANNEL, name, "ChannelSize",
                                  (int64_t)flow_channel_size(channel));
    if (rc == FLOW_OK)
        rc = fl_metrics_add_value(metrics, FLOW_KIND_CHANNEL, name, "ChannelCapacity",
                                  (int64_t)flow_channel_capacity(channel));
    return rc == FLOW_OK ? add_consumers(metrics, channel) : rc;
}

static int add_sinks(flow_metrics *metrics, const struct fl_sink_runner *runner)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < runner->units.count && rc == FLOW_OK; i++) {
        const flow_context *ctx = fl_sink_runner_unit(runner, i)->ctx;
        rc = fl_metrics_add(metrics, FLOW_KIND_SINK, ctx->name, &ctx->counters);
    }
    if (rc == FLOW_OK && runner->group) {
        const flow_context *ctx = runner->group->ctx;
        rc = fl_metrics_add(metrics, FLOW_KIND_GROUP, ctx->name, &ctx->counters);
    }
    return rc;
}

static int add_all(flow_metrics *metrics, const flow_pipeline *pipeline)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < pipeline->sources.count && rc == FLOW_OK; i++)
        rc = add_source(metrics, fl_pipeline_source_at(pipeline, i));
    for (size_t i = 0; i < pipeline->channels.count && rc == FLOW_OK; i++) {
        flow_channel *channel = fl_pipeline_channel_at(pipeline, i);
        if (channel)
            rc = add_channel(metrics, channel);
    }
    for (size_t i = 0; i < pipeline->runners.count && rc == FLOW_OK; i++)
        rc = add_sinks(metrics, fl_pipeline_runner_at(pipeline, i));
    return rc;
}

int flow_pipeline_metrics(flow_pipeline *pipeline, flow_metrics **metrics, flow_error **err)
{
    if (!pipeline || !metrics)
        return flow_error_set(err, FLOW_EINVAL,
                              "a pipeline, or the place for its metrics, is "
                              "missing");
    int rc = fl_library_check(pipeline->lib, err);
    if (rc == FLOW_OK)
        rc = fl_metrics_new(&pipeline->lib->allocator, metrics, err);
    if (rc != FLOW_OK)
        return rc;
    if (add_all(*metrics, pipeline) == FLOW_OK)
        return FLOW_OK;
    flow_metrics_free(*metrics);
    *metrics = NULL;
    return fl_error_nomem(err);
}
