/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_CONFIG_H
#define FLOW_CONFIG_H

#include <flow/api.h>
#include <flow/error.h>
#include <flow/library.h>
#include <flow/schema.h>

FLOW_BEGIN_DECLS

/*
 * A configuration: keys and values as in Flume's files, each with the place it came from, of any
 * number of agents.  Filled from files, from text or key by key.  Used by one thread at a time.
 */
typedef struct flow_config flow_config;

/* What is right and wrong with a configuration. */
typedef struct flow_report flow_report;

#define FLOW_FORMAT_PROPERTIES 1 /* Java properties, as Flume reads them */
#define FLOW_FORMAT_YAML 2

#define FLOW_SEVERITY_ERROR 1
#define FLOW_SEVERITY_WARNING 2

/* One key with its value after substitution. */
typedef struct flow_entry {
    uint32_t struct_size; /* set by the caller */
    uint32_t line;        /* from 1; 0 when it was set by flow_config_set */
    uint32_t column;
    uint32_t reserved;
    const char *key;
    const char *value;
    const char *file; /* or "" */
} flow_entry;

/* One finding. */
typedef struct flow_diagnostic {
    uint32_t struct_size; /* set by the caller */
    int32_t severity;     /* FLOW_SEVERITY_... */
    uint32_t line;        /* from 1; 0: unknown */
    uint32_t column;
    const char *file;      /* or "" */
    const char *component; /* for example "source r1", or "" */
    const char *key;       /* or "" */
    const char *message;   /* what is wrong */
    const char *hint;      /* what to do, for example "did you mean 'capacity'?", or "" */
} flow_diagnostic;

/*
 * Makes an empty configuration.  The caller frees it with flow_config_free.
 *
 * Since: 1.0
 */
FLOW_API int flow_config_new(flow_library *lib, flow_config **config, flow_error **err);

/*
 * Frees a configuration.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_config_free(flow_config *config);

/*
 * Reads a file: YAML when its name ends in .yaml or .yml, else properties.  Later keys replace
 * earlier ones.  Faults in the text are kept for the report as well; what could be read is there.
 *
 * Blocks: on the file system.
 * Errors: FLOW_EIO, FLOW_ENOENT, FLOW_EPARSE with the first fault.
 * Since: 1.0
 */
FLOW_API int flow_config_load(flow_config *config, const char *path, flow_error **err);

/*
 * Reads SIZE bytes of text in FORMAT; NAME stands for the file in diagnostics.
 *
 * Errors: FLOW_EPARSE with the first fault.
 * Since: 1.0
 */
FLOW_API int flow_config_parse(flow_config *config, const char *name, const void *text, size_t size,
                               int32_t format, flow_error **err);

/*
 * Sets one key, for example "a1.sources.r1.port", replacing what a file says, whether it was read
 * before or is read after.
 *
 * Since: 1.0
 */
FLOW_API int flow_config_set(flow_config *config, const char *key, const char *value,
                             flow_error **err);

/*
 * Defines what `${sys:NAME}` stands for, as -DNAME=VALUE does for Flume.  The name
 * propertiesImplementation turns on the substitution of plain `${NAME}`, as it does there.  Some
 * names give a property a value wherever the configuration does not, see flow_property.
 *
 * Since: 1.0
 */
FLOW_API int flow_config_define(flow_config *config, const char *name, const char *value,
                                flow_error **err);

/*
 * Returns what NAME was defined as, or NULL.  Valid until it is defined again.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_config_definition(const flow_config *config, const char *name);

/*
 * Returns the value of KEY after substitution, or NULL.  Valid until CONFIG is changed.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_config_get(flow_config *config, const char *key);

/*
 * Fills *ENTRY with the key at INDEX, from 0 in the order of first appearance.  The texts are
 * valid until CONFIG is changed.
 *
 * Errors: FLOW_ENOENT behind the last; no error object.
 * Since: 1.0
 */
FLOW_API int flow_config_entry(flow_config *config, size_t index, flow_entry *entry);

/*
 * Returns the name of the agent at INDEX, from 0, or NULL behind the last.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_config_agent(flow_config *config, size_t index);

/*
 * Returns the name of the component of KIND at INDEX, from 0 in the order of its list, of AGENT,
 * or NULL behind the last.  KIND is FLOW_KIND_SOURCE, _CHANNEL, _SINK, _GROUP or _FILTER.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_config_component(flow_config *config, const char *agent, uint32_t kind,
                                           size_t index);

/*
 * Returns the properties that every component of KIND has, whatever its type: `type`, `channels`
 * and so on.  The properties of an agent itself, for KIND 0, are the lists of its components.  NULL
 * when the components of KIND have none.
 *
 * Since: 1.0
 */
FLOW_API const flow_schema *flow_config_common(uint32_t kind);

/*
 * Checks everything AGENT needs, without starting anything: text, names, types, properties, values
 * and wiring.  All problems of other agents in the same file are warnings.  The caller frees
 * *REPORT.  Finding errors is not a failure of this call.
 *
 * Blocks: on the file system when a module has to be loaded.
 * Since: 1.0
 */
FLOW_API int flow_config_check(flow_config *config, const char *agent, flow_report **report,
                               flow_error **err);

/*
 * Returns the number of findings of SEVERITY, or of all when it is 0.
 *
 * Since: 1.0
 */
FLOW_API size_t flow_report_count(const flow_report *report, int32_t severity);

/*
 * Fills *DIAGNOSTIC with the finding at INDEX, from 0 in the order of files, lines and columns.
 * The texts live as long as REPORT.
 *
 * Errors: FLOW_ENOENT behind the last; no error object.
 * Since: 1.0
 */
FLOW_API int flow_report_get(const flow_report *report, size_t index, flow_diagnostic *diagnostic);

/*
 * Frees a report.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_report_free(flow_report *report);

FLOW_END_DECLS

#endif
