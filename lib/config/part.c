/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One component: its keys, what it has in common with all of its kind, its type and what the type
 * makes of the rest.
 */

#include <string.h>

#include "base/error.h"
#include "config/check.h"
#include "config/common.h"
#include "core/globals.h"
#include "core/names.h"

const flow_property *fl_schema_find(const flow_schema *schema, const char *name)
{
    for (size_t i = 0; schema && i < schema->count; i++)
        if (strcmp(schema->properties[i].name, name) == 0)
            return &schema->properties[i];
    return NULL;
}

/* Copies the keys of the component's block, with what config filters make of their values. */
static int collect_keys(struct fl_check *check, struct fl_component *component)
{
    for (size_t i = 0; component->block && i < component->block->raw.count; i++) {
        struct fl_raw raw = *(struct fl_raw *)fl_vec_at(&component->block->raw, i);
        int rc = fl_filters_apply(check, &raw, &component->is_muted);
        if (rc)
            return rc;
        if (!fl_vec_push(&component->keys, &raw))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

/* Whether RAW is for SCHEMA.  What is neither for a sink group nor its processor is, too, so that
 * it is found to be unknown. */
static int is_common(const flow_schema *schema, const struct fl_raw *raw)
{
    if (fl_schema_find(schema, raw->key))
        return 1;
    return schema == &fl_group_schema && strncmp(raw->key, "processor.", 10) != 0;
}

static int pick_common(struct fl_component *component, const flow_schema *schema,
                       struct fl_vec *picked)
{
    for (size_t i = 0; i < component->keys.count; i++) {
        const struct fl_raw *raw = fl_vec_at(&component->keys, i);
        if (is_common(schema, raw) && !fl_vec_push(picked, raw))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

int fl_component_common(struct fl_check *check, const flow_schema *schema,
                        struct fl_component *component)
{
    struct fl_type type = {.name = schema->summary, .schema = schema};
    struct fl_findings findings = fl_check_findings(check);
    struct fl_vec picked;
    size_t faults = 0;

    fl_vec_init(&picked, check->mem, sizeof(struct fl_raw));
    int rc = pick_common(component, schema, &picked);
    if (!rc)
        rc = fl_settings_make(check->registry, &type, picked.items, picked.count, &component->owner,
                              &findings, &faults, &component->common);
    fl_vec_free(&picked);
    return rc;
}

/* The section's word for one of its components. */
static const char *label_of(enum fl_section_id section)
{
    switch (section) {
    case FL_SOURCES: return fl_kind_name(FLOW_KIND_SOURCE);
    case FL_CHANNELS: return fl_kind_name(FLOW_KIND_CHANNEL);
    case FL_SINKS: return fl_kind_name(FLOW_KIND_SINK);
    case FL_GROUPS: return fl_kind_name(FLOW_KIND_GROUP);
    default: return fl_kind_name(FLOW_KIND_FILTER);
    }
}

/* A component without a key has to be mended in the list that has it; perhaps the list means one
 * that has keys but is in no list. */
static int report_empty(struct fl_check *check, enum fl_section_id section, const char *name)
{
    const struct fl_section *all = &check->agent->sections[section];
    struct fl_nearest nearest;
    char *hint = NULL;

    fl_nearest_init(&nearest, name);
    for (size_t i = 0; i < all->blocks.map.count; i++) {
        const char *other = all->blocks.map.entries[i].key;
        if (fl_place_get(check, section, other) == FL_UNLISTED)
            fl_nearest_offer(&nearest, other);
    }
    int rc = fl_nearest_hint(&nearest, check->mem, &hint);
    if (!rc)
        fl_check_value(check, FLOW_SEVERITY_ERROR, &all->list, hint,
                       "%s '%s' is listed but has no settings", label_of(section), name);
    fl_free(check->mem, hint);
    return rc;
}

/* The component stands where its first key does. */
int fl_component_own(struct fl_check *check, struct fl_component *component)
{
    const struct fl_raw *first = fl_vec_at(&component->block->raw, 0);

    component->full =
        fl_strndup(check->mem, first->full, strlen(first->full) - strlen(first->key) - 1);
    component->owner = (struct fl_raw){
        .key = "",
        .full = component->full,
        .value = "",
        .file = first->file,
        .line = first->line,
        .column = first->column,
    };
    return component->full ? FLOW_OK : FLOW_ENOMEM;
}

/* The keys of the block are copied, since filters change their values for this check alone. */
int fl_component_begin(struct fl_check *check, enum fl_section_id section, const char *name,
                       const flow_schema *common, struct fl_component *component)
{
    const struct fl_block *block = fl_blocks_get(&check->agent->sections[section].blocks, name);
    int rc = fl_check_label(check, label_of(section), name);

    *component = (struct fl_component){.name = name, .block = block};
    fl_vec_init(&component->keys, check->mem, sizeof(struct fl_raw));
    if (rc)
        return rc;
    if (!block)
        return report_empty(check, section, name);

    rc = fl_component_own(check, component);
    if (!rc)
        rc = collect_keys(check, component);
    return rc ? rc : fl_component_common(check, common, component);
}

void fl_component_end(struct fl_check *check, struct fl_component *component)
{
    fl_free(check->mem, component->full);
    fl_settings_free(component->common);
    fl_vec_free(&component->keys);
    fl_part_free(check->mem, &component->part);
}

char *const *fl_component_words(const struct fl_component *component, const char *name)
{
    static char *const none[] = {NULL};
    const struct fl_setting *setting =
        component->common ? fl_settings_get(component->common, name) : NULL;

    return setting && setting->words ? setting->words : none;
}

const struct fl_raw *fl_component_where(const struct fl_component *component, const char *name)
{
    for (size_t i = 0; i < component->keys.count; i++) {
        const struct fl_raw *raw = fl_vec_at(&component->keys, i);
        if (strcmp(raw->key, name) == 0)
            return raw;
    }
    return &component->owner;
}

/*
 * Whether RAW is for the type itself: not what all components of the kind have, unless the type
 * declares it as well, and not what is read by others.
 */
static int is_own(const flow_schema *common, const struct fl_type *type, const struct fl_raw *raw)
{
    if (strncmp(raw->key, "selector.", 9) == 0 || strncmp(raw->key, "interceptors.", 13) == 0)
        return common != &fl_source_schema;
    if (!fl_schema_find(common, raw->key))
        return 1;
    return strcmp(raw->key, "type") != 0 && fl_schema_find(type->schema, raw->key) != NULL;
}

/* Whatever keeps a type from being found, its module's own fault included, is one finding at the
 * value that names it. */
int fl_type_find(struct fl_check *check, uint32_t kind, const struct fl_raw *where,
                 const struct fl_type **type)
{
    char *hint = NULL;
    flow_error *err = NULL;
    size_t size = fl_comment_cut(where->value, strlen(where->value));
    char *name = fl_strndup(check->mem, where->value, size);

    *type = NULL;
    if (!name)
        return FLOW_ENOMEM;
    int rc = fl_registry_lookup(check->registry, kind, name, type, &hint, &err);
    if (rc && rc != FLOW_ENOMEM) {
        *type = NULL;
        fl_check_value(check, FLOW_SEVERITY_ERROR, where, hint, "%s", flow_error_message(err));
        rc = FLOW_OK;
    }
    flow_error_free(err);
    fl_free(check->mem, hint);
    fl_free(check->mem, name);
    return rc;
}

int fl_part_make(struct fl_check *check, const struct fl_type *type, const struct fl_vec *keys,
                 const struct fl_raw *owner, struct fl_part *part)
{
    struct fl_findings findings = fl_check_findings(check);
    size_t faults = 0;
    int rc = fl_settings_make(check->registry, type, keys->items, keys->count, owner, &findings,
                              &faults, &part->settings);

    part->type = type;
    if (rc || faults) {
        fl_settings_free(part->settings);
        part->settings = NULL;
    }
    return rc;
}

int fl_component_finish(struct fl_check *check, uint32_t kind, const flow_schema *common,
                        struct fl_component *component)
{
    const struct fl_raw *where = fl_component_where(component, "type");
    const struct fl_type *type;
    struct fl_vec own;

    if (!component->common || where == &component->owner)
        return FLOW_OK;
    int rc = fl_type_find(check, kind, where, &type);
    if (rc || !type || component->is_muted)
        return rc;

    fl_vec_init(&own, check->mem, sizeof(struct fl_raw));
    for (size_t i = 0; i < component->keys.count && !rc; i++) {
        const struct fl_raw *raw = fl_vec_at(&component->keys, i);
        if (is_own(common, type, raw) && !fl_vec_push(&own, raw))
            rc = FLOW_ENOMEM;
    }
    if (!rc)
        rc = fl_globals_add(type->schema, check->config, &own);
    if (!rc)
        rc = fl_part_make(check, type, &own, &component->owner, &component->part);
    fl_vec_free(&own);
    if (rc || !component->part.settings)
        return rc;
    component->part.name = fl_strdup(check->mem, component->name);
    return component->part.name ? FLOW_OK : FLOW_ENOMEM;
}

void fl_part_free(const flow_allocator *mem, struct fl_part *part)
{
    fl_free(mem, part->name);
    fl_settings_free(part->settings);
    *part = (struct fl_part){0};
}
