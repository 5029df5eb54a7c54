/* SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "monitor.h"
#include "text.h"

/* What a component is called in Flume's metrics. */
static const char *type_of(uint32_t kind)
{
    switch (kind) {
    case FLOW_KIND_SOURCE: return "SOURCE";
    case FLOW_KIND_CHANNEL: return "CHANNEL";
    case FLOW_KIND_SINK: return "SINK";
    case FLOW_KIND_GROUP: return "SINK_PROCESSOR";
    default: return "INTERCEPTOR";
    }
}

static void print_head(FILE *out, const flow_metric *metric, int is_first)
{
    char *name = text_format("%s.%s", type_of(metric->kind), metric->component);

    fputs(is_first ? "" : "},", out);
    text_json(out, name);
    fprintf(out, ":{\"Type\":\"%s\"", type_of(metric->kind));
    free(name);
}

/* Flume tells it; here it is what the two counters before it say.  A whole number has a ".0", as
 * Java writes it. */
static void print_fill(FILE *out, int64_t size, int64_t capacity)
{
    double percent = capacity > 0 ? 100.0 * (double)size / (double)capacity : 0;
    char text[32];

    snprintf(text, sizeof text, "%.15g", percent);
    fprintf(out, ",\"ChannelFillPercentage\":\"%s%s\"", text, strpbrk(text, ".e") ? "" : ".0");
}

static int is_of(const flow_metric *metric, uint32_t kind, const char *component)
{
    return metric->kind == kind && strcmp(metric->component, component) == 0;
}

static void print_all(FILE *out, const flow_metrics *metrics)
{
    flow_metric metric = {.struct_size = sizeof metric};
    const char *component = "";
    uint32_t kind = 0;

    for (size_t i = 0; flow_metrics_at(metrics, i, &metric) == FLOW_OK; i++) {
        if (!is_of(&metric, kind, component))
            print_head(out, &metric, i == 0);
        kind = metric.kind;
        component = metric.component;
        fputs(",", out);
        text_json(out, metric.name);
        fprintf(out, ":\"%" PRId64 "\"", metric.value);
        if (strcmp(metric.name, "ChannelCapacity") == 0)
            print_fill(out, flow_metrics_value(metrics, component, "ChannelSize"), metric.value);
    }
    fputs(kind ? "}" : "", out);
}

void monitor_print(FILE *out, flow_pipeline *pipeline)
{
    flow_metrics *metrics = NULL;

    putc('{', out);
    if (pipeline && flow_pipeline_metrics(pipeline, &metrics, NULL) == FLOW_OK)
        print_all(out, metrics);
    putc('}', out);
    flow_metrics_free(metrics);
}
