/* SPDX-License-Identifier: Apache-2.0 */

/* Reading settings that were made, and freeing them. */

#include <string.h>

#include "core/settings_inner.h"

void fl_below_free(const flow_allocator *mem, struct fl_below *below)
{
    fl_free(mem, below->key);
    fl_free(mem, below->value);
    fl_free(mem, below->full);
    fl_free(mem, below->file);
}

void fl_settings_free(struct fl_settings *settings)
{
    if (!settings)
        return;
    for (size_t i = 0; i < settings->count; i++) {
        struct fl_entry *entry = &settings->entries[i];
        fl_value_free(settings->mem, &entry->value);
        fl_free(settings->mem, entry->full);
        fl_free(settings->mem, entry->file);
        fl_settings_free(entry->child);
    }
    for (size_t i = 0; i < settings->below.count; i++)
        fl_below_free(settings->mem, fl_vec_at(&settings->below, i));
    fl_vec_free(&settings->below);
    fl_map_free(&settings->names);
    fl_free(settings->mem, settings->entries);
    fl_free(settings->mem, settings);
}

static const struct fl_entry *entry_of(const struct fl_settings *settings, const char *name)
{
    return settings && name ? fl_map_get(&settings->names, name) : NULL;
}

const struct fl_setting *fl_settings_get(const struct fl_settings *settings, const char *name)
{
    const struct fl_entry *entry = entry_of(settings, name);

    return entry ? &entry->setting : NULL;
}

const struct fl_setting *fl_settings_place(const struct fl_settings *settings, const char *name)
{
    const struct fl_setting *setting = fl_settings_get(settings, name);

    for (size_t i = 0; !setting && settings && i < settings->below.count; i++) {
        const struct fl_below *below = fl_vec_at(&settings->below, i);
        size_t size = strlen(below->prefix->name);
        if (strncmp(name, below->prefix->name, size) == 0 && strcmp(name + size, below->key) == 0)
            setting = &below->setting;
    }
    return setting;
}

int fl_settings_below(const struct fl_settings *settings, const char *prefix, size_t index,
                      const char **key, const char **value)
{
    for (size_t i = 0; settings && i < settings->below.count; i++) {
        const struct fl_below *below = fl_vec_at(&settings->below, i);
        if (strcmp(below->prefix->name, prefix) != 0 || index-- > 0)
            continue;
        *key = below->key;
        *value = below->value;
        return 1;
    }
    return 0;
}

const struct fl_settings *fl_settings_child(const struct fl_settings *settings, const char *name,
                                            const struct fl_type **type)
{
    const struct fl_entry *entry = entry_of(settings, name);

    *type = entry ? entry->value.type : NULL;
    return entry ? entry->child : NULL;
}
