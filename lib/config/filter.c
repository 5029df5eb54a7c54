/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Config filters of type env and external.  Flume goes on with the reference in place of a value
 * that it cannot get; a password that reads "${keys['db']}" helps nobody, so here it is an error.
 */

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "config/check.h"
#include "config/command.h"
#include "config/common.h"
#include "config/substitute.h"

enum filter_kind { FILTER_BROKEN, FILTER_ENV, FILTER_EXTERNAL };

struct fl_filter {
    enum filter_kind kind;
    struct fl_settings *settings;
};

/* What a filter's type may be called. */
struct filter_name {
    const char *name;
    enum filter_kind kind;
};

static const struct filter_name filter_names[] = {
    {"env", FILTER_ENV},
    {"external", FILTER_EXTERNAL},
    {"org.apache.flume.configfilter.EnvironmentVariableConfigFilter", FILTER_ENV},
    {"org.apache.flume.configfilter.ExternalProcessConfigFilter", FILTER_EXTERNAL},
};

static enum filter_kind find_kind(struct fl_check *check, const struct fl_component *component)
{
    const char *type = fl_component_words(component, "type")[0];
    const struct fl_raw *where = fl_component_where(component, "type");

    if (!type)
        return FILTER_BROKEN; /* that it has none is reported already */
    for (size_t i = 0; i < sizeof filter_names / sizeof filter_names[0]; i++)
        if (fl_equal_ignore_case(type, filter_names[i].name))
            return filter_names[i].kind;
    fl_check_value(check, FLOW_SEVERITY_ERROR, where, "there are 'env' and 'external'",
                   "unknown config filter type '%s'", type);
    return FILTER_BROKEN;
}

/* Checks the filter's settings; without them it stays broken. */
static int make_settings(struct fl_check *check, const struct fl_component *component,
                         enum filter_kind kind, struct fl_filter *filter)
{
    struct fl_type type = {
        .name = kind == FILTER_ENV ? "env" : "external",
        .schema = kind == FILTER_ENV ? &fl_filter_env_schema : &fl_filter_external_schema,
    };
    struct fl_findings findings = fl_check_findings(check);
    struct fl_vec own;
    size_t faults = 0;
    int rc = FLOW_OK;

    fl_vec_init(&own, check->mem, sizeof(struct fl_raw));
    for (size_t i = 0; i < component->keys.count && !rc; i++) {
        const struct fl_raw *raw = fl_vec_at(&component->keys, i);
        if (strcmp(raw->key, "type") != 0 && !fl_vec_push(&own, raw))
            rc = FLOW_ENOMEM;
    }
    if (!rc)
        rc = fl_settings_make(check->registry, &type, own.items, own.count, &component->owner,
                              &findings, &faults, &filter->settings);
    if (!rc && !faults)
        filter->kind = kind;
    fl_vec_free(&own);
    return rc;
}

static int make_filter(struct fl_check *check, const char *name)
{
    struct fl_component component;
    struct fl_filter *filter = fl_zalloc(check->mem, sizeof *filter);

    if (!filter || fl_map_put(&check->filters.map, name, filter)) {
        fl_free(check->mem, filter);
        return FLOW_ENOMEM;
    }
    int rc = fl_component_begin(check, FL_FILTERS, name, &fl_filter_schema, &component);
    if (!rc && component.common) {
        enum filter_kind kind = find_kind(check, &component);
        if (kind != FILTER_BROKEN)
            rc = make_settings(check, &component, kind, filter);
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
    struct fl_check *check;
    const struct fl_raw *raw;
    struct fl_buf out;
    int is_muted; /* a reference has no value */
};

/* A reference such as "${keys['db']}". */
struct reference {
    const struct fl_filter *filter;
    char *text; /* "keys['db']" */
    char *key;  /* "db" */
};

static int ask_environment(struct replacing *in, const struct reference *reference, char **value)
{
    const char *set = getenv(reference->key);

    if (!set) {
        fl_check_value(in->check, FLOW_SEVERITY_ERROR, in->raw, "set it before the start",
                       "the environment has no variable '%s'", reference->key);
        return FLOW_OK;
    }
    *value = fl_strdup(in->check->mem, set);
    return *value ? FLOW_OK : FLOW_ENOMEM;
}

static int ask_command(struct replacing *in, const struct reference *reference, char **value)
{
    const struct fl_settings *settings = reference->filter->settings;
    struct fl_command command = {
        .line = fl_settings_get(settings, "command")->text,
        .key = reference->key,
        .charset = fl_settings_get(settings, "charset")->number,
    };
    flow_error *err = NULL;
    int rc = fl_command_value(in->check->mem, &command, value, &err);

    if (rc && rc != FLOW_ENOMEM) {
        fl_check_value(in->check, FLOW_SEVERITY_ERROR, in->raw, NULL, "no value for '%s': %s",
                       reference->key, flow_error_message(err));
        rc = FLOW_OK;
    }
    flow_error_free(err);
    return rc;
}

/* Asks the filter, once for each key.  *VALUE, lent, stays NULL when it has none, which is
 * reported. */
static int ask(struct replacing *in, const struct reference *reference, const char **value)
{
    struct fl_map *values = &in->check->filters.values;
    char *asked = fl_map_get(values, reference->text);
    int rc = FLOW_OK;

    if (!asked) {
        rc = reference->filter->kind == FILTER_ENV ? ask_environment(in, reference, &asked)
                                                   : ask_command(in, reference, &asked);
        if (!rc && asked)
            rc = fl_map_put(values, reference->text, asked);
        if (rc) {
            fl_free(in->check->mem, asked);
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
    if (reference->filter->kind != FILTER_BROKEN && in->check->scope != FL_OTHER)
        rc = ask(in, reference, &value);
    if (!rc && !value)
        in->is_muted = 1;
    return rc || !value ? rc : fl_buf_text(&in->out, value);
}

/* Adds the variable whose name is the SIZE bytes at NAME: its value when it is a reference to a
 * filter, else as it stands. */
static int add_variable(struct replacing *in, const char *name, size_t size)
{
    const flow_allocator *mem = in->check->mem;
    struct reference reference = {.filter = NULL};
    size_t filter_size;
    size_t key_size;
    const char *key;

    if (!size || !fl_filter_reference(name, size, &filter_size, &key, &key_size))
        return fl_buf_printf(&in->out, "${%.*s}", (int)size, name);
    reference.filter = fl_map_get_sized(&in->check->filters.map, name, filter_size);
    if (!reference.filter) {
        fl_check_value(in->check, FLOW_SEVERITY_WARNING, in->raw, NULL,
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
    const char *at = in->raw->value;
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
    struct replacing in = {.check = check, .raw = raw};

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
