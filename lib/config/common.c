/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The properties of an agent and those every component of a kind has.  They are checked by the
 * same code as a component's own, so a wrong number or a trailing comment reads the same anywhere.
 */

#include <flow/config.h>

#include "config/common.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SCHEMA(name, rows, text)                                                                   \
    const flow_schema name = {                                                                     \
        .struct_size = sizeof(flow_schema),                                                        \
        .property_size = sizeof(flow_property),                                                    \
        .properties = (rows),                                                                      \
        .count = COUNT(rows),                                                                      \
        .summary = (text),                                                                         \
    }

/* A type is one word, so that a comment behind it is seen as one. */
#define TYPE_ROW(help_text)                                                                        \
    {                                                                                              \
        .name = "type", .type = FLOW_TYPE_WORDS, .flags = FLOW_PROPERTY_REQUIRED,                  \
        .help = (help_text)                                                                        \
    }

#define CONFIG_ROW                                                                                 \
    {.name = "config",                                                                             \
     .type = FLOW_TYPE_STRING,                                                                     \
     .flags = FLOW_PROPERTY_NO_EFFECT,                                                             \
     .help =                                                                                       \
         "It names a Java class that checks settings, which the schema of the type does here."}

static const flow_property agent_rows[] = {
    {.name = "sources", .type = FLOW_TYPE_WORDS, .help = "Names of the sources."},
    {.name = "channels",
     .type = FLOW_TYPE_WORDS,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "Names of the channels."},
    {.name = "sinks", .type = FLOW_TYPE_WORDS, .help = "Names of the sinks."},
    {.name = "sinkgroups", .type = FLOW_TYPE_WORDS, .help = "Names of the groups of sinks."},
    {.name = "configfilters", .type = FLOW_TYPE_WORDS, .help = "Names of the config filters."},
};
SCHEMA(fl_agent_schema, agent_rows, "an agent");

static const flow_property channel_rows[] = {
    TYPE_ROW("What the channel is."),
    CONFIG_ROW,
};
SCHEMA(fl_channel_schema, channel_rows, "a channel");

static const flow_property source_rows[] = {
    TYPE_ROW("What the source is."),
    {.name = "channels",
     .type = FLOW_TYPE_WORDS,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "The channels it writes to."},
    {.name = "interceptors", .type = FLOW_TYPE_WORDS, .help = "Its interceptors, in order."},
    {.name = "backoffSleepIncrement",
     .type = FLOW_TYPE_INT,
     .default_value = "1000",
     .unit = "ms",
     .max = INT64_MAX,
     .help = "How much the pause grows each time nothing was there."},
    {.name = "maxBackoffSleep",
     .type = FLOW_TYPE_INT,
     .default_value = "5000",
     .unit = "ms",
     .max = INT64_MAX,
     .help = "The longest pause."},
    CONFIG_ROW,
};
SCHEMA(fl_source_schema, source_rows, "a source");

static const flow_property sink_rows[] = {
    TYPE_ROW("What the sink is."),
    {.name = "channel",
     .type = FLOW_TYPE_WORDS,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "The channel it takes from."},
    {.name = "consumer",
     .type = FLOW_TYPE_WORDS,
     .help = "The consumer of the channel it takes through, where the channel has any, as file "
             "does. Sinks that name the same one share its events; those without share one too."},
    CONFIG_ROW,
};
SCHEMA(fl_sink_schema, sink_rows, "a sink");

static const flow_property group_rows[] = {
    {.name = "sinks",
     .type = FLOW_TYPE_WORDS,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "Its sinks, in order."},
    {.name = "processor.type",
     .type = FLOW_TYPE_WORDS,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "What decides which sink is next."},
    CONFIG_ROW,
};
SCHEMA(fl_group_schema, group_rows, "a sink group");

static const flow_property interceptor_rows[] = {
    TYPE_ROW("What the interceptor is."),
};
SCHEMA(fl_interceptor_schema, interceptor_rows, "an interceptor");

/* Without a selector Flume replicates. */
static const flow_property selector_rows[] = {
    {.name = "type",
     .type = FLOW_TYPE_WORDS,
     .default_value = "replicating",
     .help = "What decides which channels an event goes to."},
};
SCHEMA(fl_selector_schema, selector_rows, "a selector");

static const flow_property filter_rows[] = {
    TYPE_ROW("What the config filter is."),
};
SCHEMA(fl_filter_schema, filter_rows, "a config filter");

const flow_schema *flow_config_common(uint32_t kind)
{
    static const flow_schema *const schemas[] = {
        [0] = &fl_agent_schema,
        [FLOW_KIND_SOURCE] = &fl_source_schema,
        [FLOW_KIND_CHANNEL] = &fl_channel_schema,
        [FLOW_KIND_SINK] = &fl_sink_schema,
        [FLOW_KIND_INTERCEPTOR] = &fl_interceptor_schema,
        [FLOW_KIND_SELECTOR] = &fl_selector_schema,
        [FLOW_KIND_GROUP] = &fl_group_schema,
        [FLOW_KIND_FILTER] = &fl_filter_schema,
    };

    return kind < COUNT(schemas) ? schemas[kind] : NULL;
}
