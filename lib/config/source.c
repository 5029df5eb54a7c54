/* SPDX-License-Identifier: Apache-2.0 */

/* Sources, with their selector, interceptors and channels. */

#include <string.h>

#include "base/error.h"
#include "config/check.h"
#include "config/common.h"

static int64_t number_of(const struct fl_component *component, const char *name)
{
    const struct fl_setting *setting = fl_settings_get(component->common, name);

    return setting ? setting->number : 0;
}

/* Back-off is of use only to sources that are asked again and again. */
static void check_backoff(struct fl_check *check, const struct fl_component *source)
{
    static const char *const names[] = {"backoffSleepIncrement", "maxBackoffSleep"};

    for (size_t i = 0; i < 2; i++) {
        const struct fl_raw *where = fl_component_where(source, names[i]);
        if (where != &source->owner && !source->part.type->ops.source.poll)
            fl_check_key(check, FLOW_SEVERITY_WARNING, where, NULL,
                         "'%s' has no effect on a source of type '%s', which is not polled",
                         names[i], source->part.type->name);
    }
}

/* Stores the places of the source's channels that are sound, each once. */
static int find_channels(struct fl_check *check, const struct fl_component *source,
                         struct fl_vec *channels)
{
    struct fl_map seen;
    int rc = FLOW_OK;

    fl_map_init(&seen, check->mem);
    for (char *const *name = fl_component_words(source, "channels"); *name && !rc; name++) {
        size_t place;
        if (fl_map_get(&seen, *name))
            continue;
        rc = fl_map_put(&seen, *name, check);
        if (!rc)
            rc = fl_check_channel_name(check, source, "channels", *name, &place);
        if (!rc && place < FL_BROKEN && !fl_vec_push(channels, &place))
            rc = FLOW_ENOMEM;
    }
    fl_map_free(&seen);
    return rc;
}

/* Collects the keys below "selector.", but its type, which goes to *TYPE. */
static int selector_keys(const struct fl_component *source, struct fl_raw *type,
                         struct fl_vec *keys)
{
    for (size_t i = 0; i < source->keys.count; i++) {
        struct fl_raw raw = *(struct fl_raw *)fl_vec_at(&source->keys, i);
        if (strncmp(raw.key, "selector.", 9) != 0)
            continue;
        raw.key += 9;
        if (strcmp(raw.key, "type") == 0)
            *type = raw;
        else if (!fl_vec_push(keys, &raw))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

/* Without a selector's type Flume replicates; a fault of that then stands at the source. */
static int make_selector(struct fl_check *check, const struct fl_component *source,
                         struct fl_part *part)
{
    struct fl_raw where = source->owner;
    const struct fl_type *type;
    struct fl_vec keys;

    where.value = fl_selector_schema.properties[0].default_value;
    fl_vec_init(&keys, check->mem, sizeof(struct fl_raw));
    int rc = selector_keys(source, &where, &keys);
    if (!rc)
        rc = fl_type_find(check, FLOW_KIND_SELECTOR, &where, &type);
    if (!rc && type && !source->is_muted)
        rc = fl_part_make(check, type, &keys, &source->owner, part);
    fl_vec_free(&keys);
    if (rc || !part->settings)
        return rc;
    part->name = fl_strdup(check->mem, source->name);
    return part->name ? FLOW_OK : FLOW_ENOMEM;
}

/* The settings below "interceptors.", sorted by interceptor. */
static int interceptor_blocks(const struct fl_component *source, struct fl_blocks *blocks)
{
    for (size_t i = 0; i < source->keys.count; i++) {
        struct fl_raw raw = *(struct fl_raw *)fl_vec_at(&source->keys, i);
        if (strncmp(raw.key, "interceptors.", 13) != 0)
            continue;
        raw.key += 13;
        int rc = fl_blocks_add(blocks, &raw);
        if (rc < 0)
            return rc;
    }
    return FLOW_OK;
}

/* Checks the interceptor whose keys are those of COMPONENT. */
static int finish_interceptor(struct fl_check *check, struct fl_component *component)
{
    int rc = fl_component_own(check, component);

    if (!rc)
        rc = fl_component_common(check, &fl_interceptor_schema, component);
    if (!rc)
        rc = fl_component_finish(check, FLOW_KIND_INTERCEPTOR, &fl_interceptor_schema, component);
    return rc;
}

/* Adds the interceptor NAME to PARTS, if it is sound. */
static int make_interceptor(struct fl_check *check, const struct fl_component *source,
                            const struct fl_block *block, const char *name, struct fl_vec *parts)
{
    struct fl_component one = {.name = name, .block = block, .is_muted = source->is_muted};
    int rc = fl_check_label(check, fl_kind_name(FLOW_KIND_INTERCEPTOR), name);

    if (rc)
        return rc;
    if (!block) {
        fl_check_value(check, FLOW_SEVERITY_ERROR, fl_component_where(source, "interceptors"), NULL,
                       "interceptor '%s' is listed but has no settings", name);
        return FLOW_OK;
    }
    one.keys = block->raw;
    rc = finish_interceptor(check, &one);
    if (!rc && one.part.settings) {
        rc = fl_vec_push(parts, &one.part) ? FLOW_OK : FLOW_ENOMEM;
        if (!rc)
            one.part = (struct fl_part){0};
    }
    /* The keys are the block's, and were filtered with those of the source. */
    fl_vec_init(&one.keys, check->mem, sizeof(struct fl_raw));
    fl_component_end(check, &one);
    return rc;
}

static int check_unlisted_interceptors(struct fl_check *check, const struct fl_component *source,
                                       const struct fl_blocks *blocks)
{
    struct fl_map listed;
    int rc = FLOW_OK;

    fl_map_init(&listed, check->mem);
    for (char *const *name = fl_component_words(source, "interceptors"); *name && !rc; name++)
        rc = fl_map_put(&listed, *name, check);
    for (size_t i = 0; i < blocks->map.count && !rc; i++) {
        const struct fl_block *block = blocks->map.entries[i].value;
        if (!fl_map_get(&listed, block->name))
            fl_check_key(check, FLOW_SEVERITY_WARNING, fl_vec_at(&block->raw, 0),
                         "add it to the list, or remove its settings",
                         "interceptor '%s' is not in the list 'interceptors' of source '%s'",
                         block->name, source->name);
    }
    fl_map_free(&listed);
    return rc;
}

/* Makes all interceptors; *COMPLETE tells whether each listed one is there. */
static int make_interceptors(struct fl_check *check, const struct fl_component *source,
                             struct fl_vec *parts, int *complete)
{
    char *const *names = fl_component_words(source, "interceptors");
    struct fl_blocks blocks;
    size_t i = 0;

    fl_blocks_init(&blocks, check->mem);
    int rc = interceptor_blocks(source, &blocks);
    for (; !rc && names[i]; i++)
        rc = make_interceptor(check, source, fl_blocks_get(&blocks, names[i]), names[i], parts);
    if (!rc)
        rc = fl_check_label(check, fl_kind_name(FLOW_KIND_SOURCE), source->name);
    if (!rc)
        rc = check_unlisted_interceptors(check, source, &blocks);
    fl_blocks_free(&blocks);
    *complete = parts->count == i;
    return rc;
}

/*
 * Fills RECORD with all that a sound source consists of.  Everything is looked at, even when the
 * source is known to be broken already: its other faults are to be told as well.
 */
static int fill_source(struct fl_check *check, struct fl_component *source,
                       struct fl_plan_source *record, int *is_sound)
{
    int complete = 0;
    int rc = find_channels(check, source, &record->channels);

    if (!rc)
        rc = fl_component_finish(check, FLOW_KIND_SOURCE, &fl_source_schema, source);
    if (!rc)
        rc = make_selector(check, source, &record->selector);
    if (!rc)
        rc = make_interceptors(check, source, &record->interceptors, &complete);
    *is_sound = !rc && source->part.settings && record->selector.settings && complete &&
                record->channels.count > 0;
    if (*is_sound) {
        check_backoff(check, source);
        record->backoff_increment = number_of(source, "backoffSleepIncrement");
        record->backoff_max = number_of(source, "maxBackoffSleep");
        record->part = source->part;
        source->part = (struct fl_part){0};
    }
    return rc;
}

/* One interceptor or selector that is missing changes what arrives, so the source is left out
 * whole, as in Flume. */
static int check_source(struct fl_check *check, const char *name)
{
    struct fl_plan_source record = {.backoff_max = 0};
    struct fl_component source;
    int is_sound = 0;
    int rc = fl_component_begin(check, FL_SOURCES, name, &fl_source_schema, &source);

    fl_vec_init(&record.interceptors, check->mem, sizeof(struct fl_part));
    fl_vec_init(&record.channels, check->mem, sizeof(size_t));
    if (!rc && source.common)
        rc = fill_source(check, &source, &record, &is_sound);
    if (is_sound) {
        rc = fl_place_set(check, FL_SOURCES, name, check->plan->sources.count);
        is_sound = !rc && fl_vec_push(&check->plan->sources, &record);
        rc = is_sound ? FLOW_OK : FLOW_ENOMEM;
    }
    if (!is_sound)
        fl_plan_source_free(check->mem, &record);
    fl_component_end(check, &source);
    return rc;
}

int fl_check_sources(struct fl_check *check)
{
    const struct fl_vec *names = &check->agent->sections[FL_SOURCES].names;
    int rc = FLOW_OK;

    for (size_t i = 0; i < names->count && !rc; i++)
        rc = check_source(check, *(char **)fl_vec_at(names, i));
    return rc;
}
