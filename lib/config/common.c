/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The properties of an agent and those every component of a kind has.  They are checked by the
 * same code as a component's own, so a wrong number or a trailing comment reads the same anywhere.
 */

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
    {                                                                                              \
        .name = "config", .type = FLOW_TYPE_STRING, .flags = FLOW_PROPERTY_NO_EFFECT,              \
        .help = "names a Java class that checks settings, which the schema of the type does here"  \
    }

static const flow_property agent_rows[] = {
    {.name = "sources", .type = FLOW_TYPE_WORDS, .help = "names of the sources"},
    {.name = "channels",
     .type = FLOW_TYPE_WORDS,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "names of the channels"},
    {.name = "sinks", .type = FLOW_TYPE_WORDS, .help = "names of the sinks"},
    {.name = "sinkgroups", .type = FLOW_TYPE_WORDS, .help = "names of the sink groups"},
    {.name = "configfilters", .type = FLOW_TYPE_WORDS, .help = "names of the config filters"},
};
SCHEMA(fl_agent_schema, agent_rows, "an agent");

static const flow_property channel_rows[] = {
    TYPE_ROW("what the channel is"),
    CONFIG_ROW,
};
SCHEMA(fl_channel_schema, channel_rows, "a channel");

static const flow_property source_rows[] = {
    TYPE_ROW("what the source is"),
    {.name = "channels",
     .type = FLOW_TYPE_WORDS,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "the channels it writes to"},
    {.name = "interceptors", .type = FLOW_TYPE_WORDS, .help = "its interceptors, in order"},
    {.name = "backoffSleepIncrement",
     .type = FLOW_TYPE_INT,
     .default_value = "1000",
     .unit = "ms",
     .max = INT64_MAX,
     .help = "how much the pause grows each time nothing was there"},
    {.name = "maxBackoffSleep",
     .type = FLOW_TYPE_INT,
     .default_value = "5000",
     .unit = "ms",
     .max = INT64_MAX,
     .help = "the longest pause"},
    CONFIG_ROW,
};
SCHEMA(fl_source_schema, source_rows, "a source");

static const flow_property sink_rows[] = {
    TYPE_ROW("what the sink is"),
    {.name = "channel",
     .type = FLOW_TYPE_WORDS,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "the channel it takes from"},
    CONFIG_ROW,
};
SCHEMA(fl_sink_schema, sink_rows, "a sink");

static const flow_property group_rows[] = {
    {.name = "sinks",
     .type = FLOW_TYPE_WORDS,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "its sinks, in order"},
    {.name = "processor.type",
     .type = FLOW_TYPE_WORDS,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "what decides which sink is next"},
    CONFIG_ROW,
};
SCHEMA(fl_group_schema, group_rows, "a sink group");

static const flow_property interceptor_rows[] = {
    TYPE_ROW("what the interceptor is"),
};
SCHEMA(fl_interceptor_schema, interceptor_rows, "an interceptor");

static const flow_property filter_rows[] = {
    TYPE_ROW("env or external"),
};
SCHEMA(fl_filter_schema, filter_rows, "a config filter");

const flow_schema fl_filter_env_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .summary = "takes values from the environment",
};

static const flow_property external_rows[] = {
    {.name = "command",
     .type = FLOW_TYPE_STRING,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "is run with the key as its last argument and prints the value"},
    {.name = "charset",
     .type = FLOW_TYPE_CHOICE,
     .choices = "UTF-8|ISO-8859-1|US-ASCII",
     .default_value = "UTF-8",
     .help = "the character set of what the command prints"},
};
SCHEMA(fl_filter_external_schema, external_rows, "takes values from a command");
