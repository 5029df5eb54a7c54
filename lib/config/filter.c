/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Config filters of type env and external.  Flume goes on with the reference in place of a value
 * that it cannot get; a password that reads "${keys['db']}" helps nobody, so here it is an error.
 */

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "config/check.h"
#include "config/command.h"
#include "config/common.h"
#include "config/substitute.h"

/* A filter of the agent's list; `type` is NULL while it is broken. */
struct fl_filter {
    const struct fl_type *type;
    struct fl_settings *settings;
};

/* The value that asks, for findings. */
struct fl_asking {
    struct fl_check *check;
    const struct fl_raw *raw;
};

static int make_filter(struct fl_check *check, const char *name)
{
    struct fl_component component;
    struct fl_filter *filter = fl_zalloc(check->mem, sizeof *filter);

    if (!filter || fl_map_put(&check->filters.map, name, filter)) {
        fl_free(check->mem, filter);
        return FLOW_ENOMEM;
    }
    int rc = fl_component_begin(check, FL_FILTERS, name, &fl_filter_schema, &component);
    if (!rc)
        rc = fl_component_finish(check, FLOW_KIND_FILTER, &fl_filter_schema, &component);
    if (!rc && component.part.settings) {
        *filter = (struct fl_filter){component.part.type, component.part.settings};
        component.part.settings = NULL;
    }
    fl_component_end(check, &component);
    return rc;
}

int fl_filters_make(struct fl_check *check)
{
    const struct fl_vec *names = &check->agent->sections[FL_FILTERS].names;
    int rc = FLOW_OK;

    for (size_t i = 0; i < names->count && !rc; i++)
        rc = make_filter(check, *(char **)fl_vec_at(names, i));
    check->filters.is_ready = 1;
    return rc;
}

void fl_filters_init(struct fl_check *check)
{
    fl_map_init(&check->filters.map, check->mem);
    fl_map_init(&check->filters.values, check->mem);
    fl_vec_init(&check->filters.texts, check->mem, sizeof(char *));
}

static void free_texts(const flow_allocator *mem, struct fl_vec *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        fl_free(mem, *(char **)fl_vec_at(texts, i));
    fl_vec_free(texts);
}

void fl_filters_free(struct fl_check *check)
{
    struct fl_filters *filters = &check->filters;

    for (size_t i = 0; i < filters->map.count; i++) {
        struct fl_filter *filter = filters->map.entries[i].value;
        fl_settings_free(filter->settings);
        fl_free(check->mem, filter);
    }
    for (size_t i = 0; i < filters->values.count; i++)
        fl_free(check->mem, filters->values.entries[i].value);
    fl_map_free(&filters->map);
    fl_map_free(&filters->values);
    free_texts(check->mem, &filters->texts);
}

/* A value in which references are being replaced. */
struct replacing {
    struct fl_asking asking;
    struct fl_buf out;
    int is_muted; /* a reference has no value */
};

/* A reference such as "${keys['db']}". */
struct reference {
    const struct fl_filter *filter;
    char *text; /* "keys['db']" */
    char *key;  /* "db" */
};

/* Asks the filter, once for each key.  *VALUE, lent, stays NULL when it has none, which is
 * reported. */
static int ask(struct replacing *in, const struct reference *reference, const char **value)
{
    struct fl_map *values = &in->asking.check->filters.values;
    char *asked = fl_map_get(values, reference->text);
    int rc = FLOW_OK;

    if (!asked) {
        rc = reference->filter->type->ops.filter.ask(&in->asking, reference->filter->settings,
                                                     reference->key, &asked);
        if (!rc && asked)
            rc = fl_map_put(values, reference->text, asked);
        if (rc) {
            fl_free(in->asking.check->mem, asked);
            asked = NULL;
        }
    }
    *value = asked;
    return rc;
}

/* Adds what REFERENCE stands for. */
static int add_value(struct replacing *in, const struct reference *reference)
{
    const char *value = NULL;
    int rc = FLOW_OK;

    if (!reference->text || !reference->key)
        return FLOW_ENOMEM;
    /* Commands run only for the agent that is asked about. */
    if (reference->filter->type && in->asking.check->scope != FL_OTHER)
        rc = ask(in, reference, &value);
    if (!rc && !value)
        in->is_muted = 1;
    return rc || !value ? rc : fl_buf_text(&in->out, value);
}

/* Adds the variable whose name is the SIZE bytes at NAME: its value when it is a reference to a
 * filter, else as it stands. */
static int add_variable(struct replacing *in, const char *name, size_t size)
{
    const flow_allocator *mem = in->asking.check->mem;
    struct reference reference = {.filter = NULL};
    size_t filter_size;
    size_t key_size;
    const char *key;

    if (!size || !fl_filter_reference(name, size, &filter_size, &key, &key_size))
        return fl_buf_printf(&in->out, "${%.*s}", (int)size, name);
    reference.filter = fl_map_get_sized(&in->asking.check->filters.map, name, filter_size);
    if (!reference.filter) {
        fl_check_value(in->asking.check, FLOW_SEVERITY_WARNING, in->asking.raw, NULL,
                       "there is no config filter '%.*s', so its reference stays as it is",
                       (int)filter_size, name);
        return fl_buf_printf(&in->out, "${%.*s}", (int)size, name);
    }
    reference.text = fl_strndup(mem, name, size);
    reference.key = fl_strndup(mem, key, key_size);
    int rc = add_value(in, &reference);
    fl_free(mem, reference.text);
    fl_free(mem, reference.key);
    return rc;
}

static int replace(struct replacing *in)
{
    const char *at = in->asking.raw->value;
    const char *open;
    const char *close;
    int rc = FLOW_OK;

    while (!rc && (open = strstr(at, "${")) && (close = strchr(open, '}'))) {
        rc = fl_buf_append(&in->out, at, (size_t)(open - at));
        if (!rc)
            rc = add_variable(in, open + 2, (size_t)(close - open) - 2);
        at = close + 1;
    }
    return rc ? rc : fl_buf_text(&in->out, at);
}

int fl_filters_apply(struct fl_check *check, struct fl_raw *raw, int *muted)
{
    struct replacing in = {.asking = {check, raw}};

    if (!check->filters.is_ready || !strstr(raw->value, "${"))
        return FLOW_OK;
    fl_buf_init(&in.out, check->mem);
    int rc = replace(&in);
    char *text = rc ? NULL : fl_buf_detach(&in.out);
    if (text && fl_vec_push(&check->filters.texts, &text)) {
        raw->value = text;
    } else {
        fl_free(check->mem, text);
        rc = FLOW_ENOMEM;
    }
    fl_buf_free(&in.out);
    *muted |= in.is_muted;
    return rc;
}

/* ---- env ---- */

static int ask_environment(const struct fl_asking *asking, const struct fl_settings *settings,
                           const char *key, char **value)
{
    const char *set = getenv(key);

    if (!set) {
        fl_check_value(asking->check, FLOW_SEVERITY_ERROR, asking->raw, "set it before the start",
                       "the environment has no variable '%s'", key);
        return FLOW_OK;
    }
    *value = fl_strdup(asking->check->mem, set);
    return *value ? FLOW_OK : FLOW_ENOMEM;
}

static const flow_schema env_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .summary = "Takes values from the environment.",
    .description = "The key is the name of a variable.",
};

const struct fl_filter_ops fl_env_filter = {
    .struct_size = sizeof(struct fl_filter_ops),
    .type = "env",
    .aliases = "org.apache.flume.configfilter.EnvironmentVariableConfigFilter",
    .schema = &env_schema,
    .ask = ask_environment,
};

/* ---- external ---- */

static int ask_command(const struct fl_asking *asking, const struct fl_settings *settings,
                       const char *key, char **value)
{
    const flow_allocator *mem = asking->check->mem;
    struct fl_command command = {
        .line = fl_settings_get(settings, "command")->text,
        .key = key,
        .charset = fl_settings_get(settings, "charset")->number,
    };
    flow_error *err = NULL;
    int rc = fl_command_value(mem, &command, value, &err);

    if (rc && rc != FLOW_ENOMEM) {
        fl_check_value(asking->check, FLOW_SEVERITY_ERROR, asking->raw, NULL,
                       "no value for '%s': %s", key, flow_error_message(err));
        rc = FLOW_OK;
    }
    flow_error_free(err);
    return rc;
}

static const flow_property external_rows[] = {
    {.name = "command",
     .type = FLOW_TYPE_STRING,
     .flags = FLOW_PROPERTY_REQUIRED,
     .help = "What is run, with the key as its last argument, and prints the value."},
    {.name = "charset",
     .type = FLOW_TYPE_CHOICE,
     .choices = "UTF-8|ISO-8859-1|US-ASCII",
     .default_value = "UTF-8",
     .help = "The character set of what the command prints."},
};

static const flow_schema external_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = external_rows,
    .count = sizeof external_rows / sizeof external_rows[0],
    .summary = "Takes values from a command.",
    .description = "The command is split at blanks and not given to a shell.  The first line it "
                   "prints is the value; it may take 10 s and print 64 KiB.",
};

const struct fl_filter_ops fl_external_filter = {
    .struct_size = sizeof(struct fl_filter_ops),
    .type = "external",
    .aliases = "org.apache.flume.configfilter.ExternalProcessConfigFilter",
    .schema = &external_schema,
    .ask = ask_command,
};
