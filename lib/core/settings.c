/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Settings of a component: each raw key finds the property it belongs to, each property its value,
 * and each part (a serializer) its own settings in the same way.  Everything that is wrong is
 * reported, not only the first.
 */

#include <string.h>

#include <flow/config.h>

#include "base/buf.h"
#include "base/error.h"
#include "core/library.h"
#include "core/names.h"
#include "core/settings_inner.h"

/* Parts within parts; a schema could name itself as its own default. */
#define MAX_DEPTH 8

/* Settings in the making. */
struct maker {
    flow_registry *registry;
    const struct fl_type *type;
    const struct fl_raw *raw;
    size_t count;
    const struct fl_raw *owner;
    const struct fl_findings *findings;
    size_t *faults;
    unsigned depth;
    struct fl_settings *settings;
};

static int make(const struct maker *from, struct fl_settings **settings);

static struct fl_site site_of(const struct maker *m, const struct fl_raw *where)
{
    return (struct fl_site){m->registry, m->settings->mem, m->findings, where};
}

/* What stands for a key that is not there: the component itself with the key's name. */
static struct fl_raw missing(const struct maker *m, const struct fl_entry *entry)
{
    struct fl_raw raw = *m->owner;

    raw.key = entry->setting.property->name;
    raw.full = entry->full;
    raw.value = "";
    return raw;
}

/* ---- which key belongs where ---- */

static int is_prefix(const flow_property *p)
{
    return (p->flags & FLOW_PROPERTY_PREFIX) != 0;
}

/* The rest of KEY below the part that P names ("serializer.appendNewline"), or NULL. */
static const char *below_part(const flow_property *p, const char *key)
{
    size_t size = strlen(p->name);

    if (p->type != FLOW_TYPE_COMPONENT || strncmp(key, p->name, size) != 0 || key[size] != '.' ||
        key[size + 1] == '\0')
        return NULL;
    return key + size + 1;
}

static struct fl_entry *find_by_name(const struct fl_settings *settings, const char *key)
{
    struct fl_entry *entry = fl_map_get(&settings->names, key);

    if (entry)
        return is_prefix(entry->setting.property) ? NULL : entry;
    for (size_t i = 0; i < settings->count; i++) {
        if (fl_names_has(settings->entries[i].setting.property->aliases, key))
            return &settings->entries[i];
    }
    return NULL;
}

/* The prefix property with the longest name that KEY lies below. */
static const flow_property *find_prefix(const struct fl_settings *settings, const char *key)
{
    const flow_property *best = NULL;

    for (size_t i = 0; i < settings->count; i++) {
        const flow_property *p = settings->entries[i].setting.property;
        size_t size = strlen(p->name);
        if (is_prefix(p) && strncmp(key, p->name, size) == 0 && key[size] != '\0' &&
            (!best || size > strlen(best->name)))
            best = p;
    }
    return best;
}

static const struct fl_entry *find_part(const struct fl_settings *settings, const char *key)
{
    for (size_t i = 0; i < settings->count; i++) {
        if (below_part(settings->entries[i].setting.property, key))
            return &settings->entries[i];
    }
    return NULL;
}

/* ---- keys ---- */

static int report_unknown(const struct maker *m, const struct fl_raw *raw)
{
    struct fl_site site = site_of(m, raw);
    struct fl_nearest nearest;
    char *hint;

    fl_nearest_init(&nearest, raw->key);
    for (size_t i = 0; i < m->settings->count; i++) {
        fl_nearest_offer(&nearest, m->settings->entries[i].setting.property->name);
        fl_nearest_offer_list(&nearest, m->settings->entries[i].setting.property->aliases);
    }
    if (fl_nearest_hint(&nearest, m->settings->mem, &hint) != FLOW_OK)
        return FLOW_ENOMEM;
    int result =
        fl_site_report(&site, FLOW_SEVERITY_WARNING, hint, "the %s type '%s' has no property '%s'",
                       fl_kind_name(m->type->kind), m->type->name, raw->key);
    fl_free(m->settings->mem, hint);
    return result;
}

/* Two keys set ENTRY: the one with the main name counts, else the first. */
static int choose(const struct maker *m, struct fl_entry *entry, const struct fl_raw *raw)
{
    const struct fl_raw *loser = raw;

    if (!entry->raw || strcmp(raw->key, entry->setting.property->name) == 0) {
        loser = entry->raw;
        entry->raw = raw;
    }
    if (!loser)
        return FLOW_OK;
    struct fl_site site = site_of(m, loser);
    return fl_site_report(&site, FLOW_SEVERITY_WARNING, "remove one of them",
                          "'%s' is set as well and is what counts", entry->raw->key);
}

/* Notes where the key below a prefix stands that RAW sets. */
static int note_place(const flow_allocator *mem, struct fl_below *below, const struct fl_raw *raw)
{
    const struct fl_raw value = fl_raw_at_value(raw);

    below->full = fl_strdup(mem, raw->full);
    below->file = fl_strdup(mem, raw->file ? raw->file : "");
    below->setting = (struct fl_setting){
        .property = below->prefix,
        .full = below->full,
        .file = below->file,
        .line = value.line,
        .column = value.column,
    };
    return below->full && below->file ? FLOW_OK : FLOW_ENOMEM;
}

static int add_below(const struct maker *m, const flow_property *prefix, const struct fl_raw *raw)
{
    const flow_allocator *mem = m->settings->mem;
    struct fl_site site = site_of(m, raw);
    struct fl_value value;
    int result = fl_value_read(&site, prefix, raw->value, &value);

    if (result == FLOW_ECONFIG) {
        *m->faults += (prefix->flags & FLOW_PROPERTY_LENIENT) == 0;
        return FLOW_OK;
    }
    if (result != FLOW_OK)
        return result;
    struct fl_below below = {
        .prefix = prefix,
        .key = fl_strdup(mem, raw->key + strlen(prefix->name)),
        .value = value.text,
    };
    value.text = NULL;
    fl_value_free(mem, &value);
    if (note_place(mem, &below, raw) == FLOW_OK && below.key &&
        fl_vec_push(&m->settings->below, &below) != NULL)
        return FLOW_OK;
    fl_below_free(mem, &below);
    return FLOW_ENOMEM;
}

static int place(const struct maker *m, const struct fl_raw *raw)
{
    struct fl_entry *entry = find_by_name(m->settings, raw->key);

    if (entry)
        return choose(m, entry, raw);
    if (strcmp(raw->key, "type") == 0 || find_part(m->settings, raw->key))
        return FLOW_OK; /* the component's own type, or the part's business */
    const flow_property *prefix = find_prefix(m->settings, raw->key);
    if (prefix)
        return add_below(m, prefix, raw);
    return report_unknown(m, raw);
}

/* ---- values ---- */

static int report_flags(const struct maker *m, const struct fl_entry *entry)
{
    const flow_property *p = entry->setting.property;
    struct fl_site site = site_of(m, entry->raw);

    if ((p->flags & FLOW_PROPERTY_NO_EFFECT) != 0)
        return fl_site_report(&site, FLOW_SEVERITY_WARNING, "remove it",
                              "the property has no effect here: %s", p->help);
    if ((p->flags & FLOW_PROPERTY_DEPRECATED) != 0)
        return fl_site_report(&site, FLOW_SEVERITY_WARNING, p->help, "the property is deprecated");
    return FLOW_OK;
}

static int use_default(const struct maker *m, struct fl_entry *entry)
{
    const flow_property *p = entry->setting.property;
    struct fl_raw where = missing(m, entry);
    struct fl_site site = site_of(m, entry->raw ? entry->raw : &where);

    if (!p->default_value)
        return FLOW_OK;
    if (entry->raw) {
        int result = fl_site_report(&site, FLOW_SEVERITY_WARNING, NULL, "the default %s is used",
                                    p->default_value);
        if (result != FLOW_OK)
            return result;
    }
    int result = fl_value_read(&site, p, p->default_value, &entry->value);
    if (result == FLOW_ECONFIG) {
        ++*m->faults; /* a path or a part that only this system lacks */
        return FLOW_OK;
    }
    return result;
}

static int report_missing(const struct maker *m, const struct fl_entry *entry)
{
    struct fl_raw where = missing(m, entry);
    struct fl_site site = site_of(m, &where);

    ++*m->faults;
    return fl_site_report(&site, FLOW_SEVERITY_ERROR, entry->setting.property->help,
                          "%s is required and not set", entry->full);
}

static int read_raw(const struct maker *m, struct fl_entry *entry)
{
    struct fl_site site = site_of(m, entry->raw);
    int result = report_flags(m, entry);

    if (result != FLOW_OK || (entry->setting.property->flags & FLOW_PROPERTY_NO_EFFECT) != 0)
        return result;
    result = fl_value_read(&site, entry->setting.property, entry->raw->value, &entry->value);
    entry->setting.is_set = result == FLOW_OK;
    if (result != FLOW_ECONFIG)
        return result;
    if ((entry->setting.property->flags & FLOW_PROPERTY_LENIENT) != 0)
        return use_default(m, entry);
    ++*m->faults;
    return FLOW_OK;
}

static int make_child(const struct maker *m, struct fl_entry *entry)
{
    const struct fl_raw where = missing(m, entry);
    struct maker child = *m;
    struct fl_vec raws;
    int result = FLOW_OK;

    fl_vec_init(&raws, m->settings->mem, sizeof(struct fl_raw));
    for (size_t i = 0; result == FLOW_OK && i < m->count; i++) {
        struct fl_raw raw = m->raw[i];
        raw.key = below_part(entry->setting.property, raw.key);
        if (raw.key && !fl_vec_push(&raws, &raw))
            result = FLOW_ENOMEM;
    }
    child.type = entry->value.type;
    child.raw = raws.items;
    child.count = raws.count;
    child.owner = entry->raw ? entry->raw : &where;
    child.depth = m->depth + 1;
    if (result == FLOW_OK)
        result = make(&child, &entry->child);
    fl_vec_free(&raws);
    return result;
}

/* Keys below a part that is not there mean nothing. */
static int report_orphans(const struct maker *m, const struct fl_entry *entry)
{
    int result = FLOW_OK;

    for (size_t i = 0; result == FLOW_OK && i < m->count; i++) {
        struct fl_site site = site_of(m, &m->raw[i]);
        if (below_part(entry->setting.property, m->raw[i].key))
            result = fl_site_report(&site, FLOW_SEVERITY_WARNING, NULL,
                                    "the key means nothing, since %s is not set", entry->full);
    }
    return result;
}

static int read_part(const struct maker *m, struct fl_entry *entry)
{
    if (entry->value.type && m->depth < MAX_DEPTH)
        return make_child(m, entry);
    return entry->raw == NULL ? report_orphans(m, entry) : FLOW_OK;
}

static int read_entry(const struct maker *m, struct fl_entry *entry)
{
    const flow_property *p = entry->setting.property;
    int result;

    if (is_prefix(p))
        return FLOW_OK;
    if (entry->raw)
        result = read_raw(m, entry);
    else if ((p->flags & FLOW_PROPERTY_REQUIRED) != 0)
        result = report_missing(m, entry);
    else
        result = use_default(m, entry);
    if (result == FLOW_OK && p->type == FLOW_TYPE_COMPONENT)
        result = read_part(m, entry);
    return result;
}

/* ---- making ---- */

static char *full_name(const flow_allocator *mem, const struct fl_raw *owner, const char *name)
{
    struct fl_buf text;
    char *full = NULL;

    fl_buf_init(&text, mem);
    if (fl_buf_printf(&text, "%s%s%s", owner->full, owner->full[0] != '\0' ? "." : "", name) ==
        FLOW_OK)
        full = fl_buf_detach(&text);
    fl_buf_free(&text);
    return full;
}

/* Lays out the entries, still without values. */
static int lay_out(const struct maker *m)
{
    struct fl_settings *settings = m->settings;
    const flow_schema *schema = m->type->schema;

    settings->entries = fl_calloc(settings->mem, schema->count, sizeof(struct fl_entry));
    if (!settings->entries && schema->count > 0)
        return FLOW_ENOMEM;
    settings->count = (size_t)schema->count;
    for (size_t i = 0; i < settings->count; i++) {
        struct fl_entry *entry = &settings->entries[i];
        entry->setting.property = &schema->properties[i];
        entry->full = full_name(settings->mem, m->owner, schema->properties[i].name);
        if (!entry->full ||
            fl_map_put(&settings->names, schema->properties[i].name, entry) != FLOW_OK)
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

/* Sets what the entry's users see, none of it lent by the raw keys. */
static int finish(const struct maker *m, struct fl_entry *entry)
{
    const flow_allocator *mem = m->settings->mem;
    const struct fl_raw *where = entry->raw ? entry->raw : m->owner;
    struct fl_setting *setting = &entry->setting;

    entry->file = fl_strdup(mem, where->file ? where->file : "");
    if (entry->raw) {
        fl_free(mem, entry->full);
        entry->full = fl_strdup(mem, entry->raw->full);
    }
    if (!entry->file || !entry->full)
        return FLOW_ENOMEM;
    setting->text = entry->value.text;
    setting->words = entry->value.words;
    setting->number = entry->value.number;
    if (setting->property->type == FLOW_TYPE_CHOICE && !setting->text)
        setting->number = -1;
    setting->full = entry->full;
    setting->file = entry->file;
    struct fl_raw value = fl_raw_at_value(where);
    setting->line = value.line;
    setting->column = value.column;
    entry->raw = NULL;
    return FLOW_OK;
}

static int fill(const struct maker *m)
{
    int result = lay_out(m);

    for (size_t i = 0; result == FLOW_OK && i < m->count; i++)
        result = place(m, &m->raw[i]);
    for (size_t i = 0; result == FLOW_OK && i < m->settings->count; i++)
        result = read_entry(m, &m->settings->entries[i]);
    for (size_t i = 0; result == FLOW_OK && i < m->settings->count; i++)
        result = finish(m, &m->settings->entries[i]);
    return result;
}

static int make(const struct maker *from, struct fl_settings **settings)
{
    const flow_allocator *mem = &fl_registry_library(from->registry)->allocator;
    struct fl_settings *made = fl_zalloc(mem, sizeof(*made));
    struct maker m = *from;

    *settings = NULL;
    if (!made)
        return FLOW_ENOMEM;
    made->mem = mem;
    fl_map_init(&made->names, mem);
    fl_vec_init(&made->below, mem, sizeof(struct fl_below));
    m.settings = made;
    int result = fill(&m);
    if (result != FLOW_OK) {
        fl_settings_free(made);
        return result;
    }
    *settings = made;
    return FLOW_OK;
}

int fl_settings_make(flow_registry *registry, const struct fl_type *type, const struct fl_raw *raw,
                     size_t count, const struct fl_raw *owner, const struct fl_findings *findings,
                     size_t *faults, struct fl_settings **settings)
{
    const struct maker m = {.registry = registry,
                            .type = type,
                            .raw = raw,
                            .count = count,
                            .owner = owner,
                            .findings = findings,
                            .faults = faults};

    *faults = 0;
    return make(&m, settings);
}
