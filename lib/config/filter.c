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
    const char *type = fl_component_word(component, "type", 0);
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

/* Asks FILTER for KEY.  *VALUE stays NULL when it has none; RAW is where that is reported. */
static int ask(struct fl_check *check, const struct fl_filter *filter, const char *key,
               const struct fl_raw *raw, char **value)
{
    flow_error *err = NULL;
    int rc = FLOW_OK;

    *value = NULL;
    if (filter->kind == FILTER_ENV) {
        const char *set = getenv(key);
        if (!set) {
            fl_check_value(check, FLOW_SEVERITY_ERROR, raw, "set it before the start",
                           "the environment has no variable '%s'", key);
            return FLOW_OK;
        }
        *value = fl_strdup(check->mem, set);
        return *value ? FLOW_OK : FLOW_ENOMEM;
    }
    rc = fl_command_value(check->mem, fl_settings_get(filter->settings, "command")->text,
                          fl_settings_get(filter->settings, "charset")->number, key, value, &err);
    if (rc && rc != FLOW_ENOMEM) {
        fl_check_value(check, FLOW_SEVERITY_ERROR, raw, NULL, "no value for '%s': %s", key,
                       flow_error_message(err));
        rc = FLOW_OK;
    }
    flow_error_free(err);
    return rc;
}

/* The same, remembered, so that a command runs once for a key and fails once. */
static int ask_once(struct fl_check *check, const struct fl_filter *filter, const char *reference,
                    const char *key, const struct fl_raw *raw, const char **value)
{
    struct fl_map *values = &check->filters.values;
    char *asked = fl_map_get(values, reference);

    if (!asked) {
        int rc = ask(check, filter, key, raw, &asked);
        if (rc || !asked)
            return rc;
        if (fl_map_put(values, reference, asked)) {
            fl_free(check->mem, asked);
            return FLOW_ENOMEM;
        }
    }
    *value = asked;
    return FLOW_OK;
}

/* Adds what the reference of SIZE bytes at NAME, as in "keys['db']", stands for. */
static int add_reference(struct fl_check *check, const struct fl_raw *raw, const char *name,
                         size_t size, struct fl_buf *out, int *muted)
{
    size_t filter_size;
    size_t key_size;
    const char *key;
    const char *value = NULL;

    if (!size || !fl_filter_reference(name, size, &filter_size, &key, &key_size))
        return fl_buf_printf(out, "${%.*s}", (int)size, name);
    const struct fl_filter *filter = fl_map_get_sized(&check->filters.map, name, filter_size);
    if (!filter) {
        fl_check_value(check, FLOW_SEVERITY_WARNING, raw, NULL,
                       "there is no config filter '%.*s', so its reference stays as it is",
                       (int)filter_size, name);
        return fl_buf_printf(out, "${%.*s}", (int)size, name);
    }
    /* Commands run only for the agent that is asked about. */
    if (filter->kind == FILTER_BROKEN || check->ceiling != FLOW_SEVERITY_ERROR) {
        *muted = 1;
        return FLOW_OK;
    }
    char *reference = fl_strndup(check->mem, name, size);
    char *wanted = fl_strndup(check->mem, key, key_size);
    int rc =
        reference && wanted ? ask_once(check, filter, reference, wanted, raw, &value) : FLOW_ENOMEM;
    fl_free(check->mem, reference);
    fl_free(check->mem, wanted);
    if (!rc && !value)
        *muted = 1;
    return rc || !value ? rc : fl_buf_text(out, value);
}

static int replace(struct fl_check *check, const struct fl_raw *raw, struct fl_buf *out, int *muted)
{
    const char *at = raw->value;
    const char *open;
    int rc = FLOW_OK;

    while (!rc && (open = strstr(at, "${"))) {
        const char *close = strchr(open, '}');
        rc = fl_buf_append(out, at, (size_t)(open - at));
        if (!close) {
            at = open;
            break;
        }
        if (!rc)
            rc = add_reference(check, raw, open + 2, (size_t)(close - open) - 2, out, muted);
        at = close + 1;
    }
    return rc ? rc : fl_buf_text(out, at);
}

int fl_filters_apply(struct fl_check *check, struct fl_raw *raw, int *muted)
{
    struct fl_buf out;

    if (!check->filters.is_ready || !strstr(raw->value, "${"))
        return FLOW_OK;
    fl_buf_init(&out, check->mem);
    int rc = replace(check, raw, &out, muted);
    char *text = rc ? NULL : fl_buf_detach(&out);
    if (text && fl_vec_push(&check->filters.texts, &text)) {
        raw->value = text;
    } else {
        fl_free(check->mem, text);
        rc = FLOW_ENOMEM;
    }
    fl_buf_free(&out);
    return rc;
}
