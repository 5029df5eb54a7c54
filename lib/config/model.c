/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The model of a configuration.  Reading only collects; whatever depends on several keys
 * (substitution, agents) is made when somebody asks, and thrown away when a key changes.
 */

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "config/index.h"
#include "config/model.h"
#include "config/substitute.h"
#include "core/library.h"

int flow_config_new(flow_library *lib, flow_config **config, flow_error **err)
{
    int rc = fl_library_check(lib, err);

    if (rc)
        return rc;
    if (!config)
        return flow_error_set(err, FLOW_EINVAL, "no place for the configuration was given");
    flow_config *made = fl_zalloc(&lib->allocator, sizeof *made);
    if (!made)
        return fl_error_nomem(err);
    made->lib = lib;
    made->mem = &lib->allocator;
    fl_map_init(&made->entries, made->mem);
    fl_map_init(&made->defines, made->mem);
    fl_vec_init(&made->files, made->mem, sizeof(char *));
    fl_report_init(&made->faults, made->mem);
    fl_report_init(&made->resolved, made->mem);
    *config = made;
    return FLOW_OK;
}

static void free_entry(flow_config *config, struct fl_entry *entry)
{
    if (!entry)
        return;
    fl_free(config->mem, entry->key);
    fl_free(config->mem, entry->text);
    fl_free(config->mem, entry->value);
    fl_free(config->mem, entry);
}

void flow_config_free(flow_config *config)
{
    if (!config)
        return;
    fl_index_free(config->index);
    for (size_t i = 0; i < config->entries.count; i++)
        free_entry(config, config->entries.entries[i].value);
    for (size_t i = 0; i < config->defines.count; i++)
        fl_free(config->mem, config->defines.entries[i].value);
    for (size_t i = 0; i < config->files.count; i++)
        fl_free(config->mem, *(char **)fl_vec_at(&config->files, i));
    fl_map_free(&config->entries);
    fl_map_free(&config->defines);
    fl_vec_free(&config->files);
    fl_report_clear(&config->faults);
    fl_report_clear(&config->resolved);
    fl_free(config->mem, config);
}

/* Forgets what was made from the keys.  Texts that flow_config_get and others handed out end here,
 * as their comments say. */
static void unsettle(flow_config *config)
{
    fl_index_free(config->index);
    config->index = NULL;
    fl_report_clear(&config->resolved);
    config->expanded = 0;
}

int fl_reading_begin(flow_config *config, const char *name, struct fl_reading *reading)
{
    char *file = fl_strdup(config->mem, name);

    if (!file || !fl_vec_push(&config->files, &file)) {
        fl_free(config->mem, file);
        return FLOW_ENOMEM;
    }
    config->readings++;
    *reading = (struct fl_reading){.config = config, .file = file, .number = config->readings};
    unsettle(config);
    return FLOW_OK;
}

/* A copy of TEXT without the blanks around it, as String.trim cuts them. */
static char *trimmed(const flow_allocator *mem, const char *text)
{
    size_t size = strlen(text);

    while (size > 0 && fl_is_space(text[size - 1]))
        size--;
    while (size > 0 && fl_is_space(*text)) {
        text++;
        size--;
    }
    return fl_strndup(mem, text, size);
}

/* The entry of KEY, made when it is not there; NULL without memory. */
static struct fl_entry *entry_of(flow_config *config, const char *key)
{
    struct fl_entry *entry = fl_map_get(&config->entries, key);

    if (entry)
        return entry;
    entry = fl_zalloc(config->mem, sizeof *entry);
    if (!entry)
        return NULL;
    entry->key = fl_strdup(config->mem, key);
    entry->file = "";
    if (!entry->key || fl_map_put(&config->entries, key, entry)) {
        free_entry(config, entry);
        return NULL;
    }
    return entry;
}

/* A text that says the same thing twice hardly means it. */
static int note_repetition(struct fl_reading *reading, const struct fl_entry *old,
                           const struct fl_pair *pair)
{
    flow_diagnostic found = {
        .severity = reading->repeated_is_error ? FLOW_SEVERITY_ERROR : FLOW_SEVERITY_WARNING,
        .line = pair->key_at.line,
        .column = pair->key_at.column,
        .file = reading->file,
        .key = old->key,
    };

    return fl_report_addf(&reading->config->faults, &found,
                          reading->repeated_is_error
                              ? "'%s' stands already at line %u, column %u"
                              : "'%s' replaces the value given at line %u, column %u",
                          old->key, old->key_at.line, old->key_at.column);
}

/* Gives ENTRY the value and place of PAIR. */
static int fill_entry(struct fl_reading *reading, struct fl_entry *entry,
                      const struct fl_pair *pair)
{
    char *text = trimmed(reading->config->mem, pair->text);

    if (!text)
        return FLOW_ENOMEM;
    fl_free(reading->config->mem, entry->text);
    entry->text = text;
    entry->file = reading->file;
    entry->key_at = pair->key_at;
    entry->value_at = pair->value_at;
    entry->reading = reading->number;
    return FLOW_OK;
}

/* The order of keys is that of their first appearance, so an override keeps its place in it; where
 * it stands in a file is told by the entry itself. */
int fl_reading_put(struct fl_reading *reading, const struct fl_pair *pair)
{
    flow_config *config = reading->config;
    char *key = trimmed(config->mem, pair->key);
    struct fl_entry *entry = key ? entry_of(config, key) : NULL;
    int rc = FLOW_OK;

    fl_free(config->mem, key);
    if (!entry)
        return FLOW_ENOMEM;
    if (entry->text && entry->reading == 0)
        return FLOW_OK; /* set by a call, which wins over every file */
    if (entry->text && entry->reading == reading->number)
        rc = note_repetition(reading, entry, pair);
    return !rc ? fill_entry(reading, entry, pair) : rc;
}

int fl_reading_fault(struct fl_reading *reading, const struct fl_fault *fault)
{
    flow_diagnostic found = {
        .severity = fault->severity,
        .line = fault->at.line,
        .column = fault->at.column,
        .file = reading->file,
        .key = fault->key,
        .message = fault->message,
        .hint = fault->hint,
    };

    return fl_report_add(&reading->config->faults, &found);
}

/* A call is a reading that has no number, and so wins over those that have one. */
int flow_config_set(flow_config *config, const char *key, const char *value, flow_error **err)
{
    if (!config || !key || !value)
        return flow_error_set(err, FLOW_EINVAL, "a key and a value are needed");
    int rc = fl_library_check(config->lib, err);
    if (rc)
        return rc;
    struct fl_reading call = {.config = config, .file = ""};
    struct fl_pair pair = {.key = key, .text = value};
    char *name = trimmed(config->mem, key);
    struct fl_entry *entry = name ? entry_of(config, name) : NULL;

    unsettle(config);
    fl_free(config->mem, name);
    if (!entry || fill_entry(&call, entry, &pair))
        return fl_error_nomem(err);
    return FLOW_OK;
}

int flow_config_define(flow_config *config, const char *name, const char *value, flow_error **err)
{
    if (!config || !name || !value)
        return flow_error_set(err, FLOW_EINVAL, "a name and a value are needed");
    int rc = fl_library_check(config->lib, err);
    if (rc)
        return rc;
    char *copy = fl_strdup(config->mem, value);
    char *old = fl_map_get(&config->defines, name); /* freed once the new one is in its place */

    unsettle(config);
    if (!copy || fl_map_put(&config->defines, name, copy)) {
        fl_free(config->mem, copy);
        return fl_error_nomem(err);
    }
    fl_free(config->mem, old);
    return FLOW_OK;
}

const char *flow_config_definition(const flow_config *config, const char *name)
{
    return config && name ? fl_map_get(&config->defines, name) : NULL;
}

/* The index is made last, so its being there says that everything is. */
int fl_config_settle(flow_config *config)
{
    if (config->index)
        return FLOW_OK;
    unsettle(config);
    int rc = fl_substitute(config);
    if (!rc)
        rc = fl_index_make(config, &config->index);
    return rc;
}

const char *fl_entry_value(const struct fl_entry *entry)
{
    return entry->value ? entry->value : entry->text;
}

flow_diagnostic fl_entry_diagnostic(const struct fl_entry *entry, int32_t severity)
{
    return (flow_diagnostic){
        .severity = severity,
        .line = entry->value_at.line,
        .column = entry->value_at.column,
        .file = entry->file,
        .key = entry->key,
    };
}

const char *flow_config_get(flow_config *config, const char *key)
{
    if (!config || !key || fl_library_check(config->lib, NULL) || fl_config_settle(config))
        return NULL;
    const struct fl_entry *entry = fl_map_get(&config->entries, key);
    return entry ? fl_entry_value(entry) : NULL;
}

int flow_config_entry(flow_config *config, size_t index, flow_entry *entry)
{
    if (!config || !entry || entry->struct_size < sizeof(uint32_t))
        return FLOW_EINVAL;
    int rc = fl_library_check(config->lib, NULL);
    if (!rc)
        rc = fl_config_settle(config);
    if (rc || index >= config->entries.count)
        return rc ? rc : FLOW_ENOENT;
    /* An older caller's struct is shorter: it gets what it knows. */
    const struct fl_entry *held = config->entries.entries[index].value;
    flow_entry full = {
        .struct_size = entry->struct_size,
        .line = held->key_at.line,
        .column = held->key_at.column,
        .key = held->key,
        .value = fl_entry_value(held),
        .file = held->file,
    };
    memcpy(entry, &full, full.struct_size < sizeof full ? full.struct_size : sizeof full);
    return FLOW_OK;
}
