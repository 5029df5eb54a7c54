/* SPDX-License-Identifier: Apache-2.0 */

/* Sink groups: the processor is checked before the sinks, the members are found after them. */

#include <string.h>

#include "base/error.h"
#include "config/check.h"
#include "config/common.h"

/* The keys below "processor." but its type. */
static int processor_keys(const struct fl_component *group, struct fl_vec *keys)
{
    for (size_t i = 0; i < group->keys.count; i++) {
        struct fl_raw raw = *(struct fl_raw *)fl_vec_at(&group->keys, i);
        if (strncmp(raw.key, "processor.", 10) != 0 || strcmp(raw.key, "processor.type") == 0)
            continue;
        raw.key += 10;
        if (!fl_vec_push(keys, &raw))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

static int make_processor(struct fl_check *check, struct fl_component *group)
{
    const struct fl_raw *where = fl_component_where(group, "processor.type");
    const struct fl_type *type;
    struct fl_vec keys;

    if (!group->common || where == &group->owner)
        return FLOW_OK;
    int rc = fl_type_find(check, FLOW_KIND_GROUP, where, &type);
    if (rc || !type || group->is_muted)
        return rc;
    fl_vec_init(&keys, check->mem, sizeof(struct fl_raw));
    rc = processor_keys(group, &keys);
    if (!rc)
        rc = fl_part_make(check, type, &keys, &group->owner, &group->part);
    fl_vec_free(&keys);
    if (rc || !group->part.settings)
        return rc;
    group->part.name = fl_strdup(check->mem, group->name);
    return group->part.name ? FLOW_OK : FLOW_ENOMEM;
}

/* Claims the group's sinks; a sink belongs to the first group that has it. */
static int claim_sinks(struct fl_check *check, const struct fl_component *group)
{
    const struct fl_raw *where = fl_component_where(group, "sinks");
    int rc = FLOW_OK;

    for (char *const *sink = fl_component_words(group, "sinks"); *sink && !rc; sink++) {
        const char *other = fl_map_get(&check->claims, *sink);
        if (fl_place_get(check, FL_SINKS, *sink) == FL_UNLISTED)
            rc = fl_check_reference(check, FL_SINKS, where, *sink);
        else if (!other)
            rc = fl_map_put(&check->claims, *sink, (void *)(uintptr_t)group->name);
        else if (other != group->name)
            fl_check_value(check, FLOW_SEVERITY_ERROR, where, NULL,
                           "sink '%s' is in sink group '%s' already", *sink, other);
    }
    return rc;
}

static int check_group(struct fl_check *check, struct fl_vec *groups, const char *name)
{
    struct fl_component *group = fl_vec_push(groups, NULL);

    if (!group)
        return FLOW_ENOMEM;
    int rc = fl_component_begin(check, FL_GROUPS, name, &fl_group_schema, group);
    if (!rc)
        rc = claim_sinks(check, group);
    if (!rc)
        rc = make_processor(check, group);
    if (!rc && group->part.settings)
        rc = fl_place_set(check, FL_GROUPS, name, 0); /* sound; its place is known later */
    return rc;
}

int fl_check_groups(struct fl_check *check, struct fl_vec *groups)
{
    const struct fl_vec *names = &check->agent->sections[FL_GROUPS].names;
    int rc = FLOW_OK;

    for (size_t i = 0; i < names->count && !rc; i++)
        rc = check_group(check, groups, *(char **)fl_vec_at(names, i));
    return rc;
}

/* Stores the places of the group's sinks that are sound, and tells these that GROUP has them. */
static int take_members(struct fl_check *check, const struct fl_component *group,
                        struct fl_vec *members)
{
    for (char *const *sink = fl_component_words(group, "sinks"); *sink; sink++) {
        size_t place = fl_place_get(check, FL_SINKS, *sink);
        if (place >= FL_BROKEN || fl_map_get(&check->claims, *sink) != group->name)
            continue;
        struct fl_plan_sink *taken = fl_vec_at(&check->plan->sinks, place);
        if (taken->group != SIZE_MAX)
            continue; /* the list has it twice */
        taken->group = check->plan->groups.count;
        if (!fl_vec_push(members, &place))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

/* Adds GROUP to the plan, unless none of its sinks is there. */
static int place_group(struct fl_check *check, struct fl_component *group)
{
    struct fl_plan_group record = {.part = group->part};
    size_t place = check->plan->groups.count;

    fl_vec_init(&record.sinks, check->mem, sizeof(size_t));
    int rc = take_members(check, group, &record.sinks);
    if (!rc && record.sinks.count > 0) {
        if (fl_vec_push(&check->plan->groups, &record)) {
            group->part = (struct fl_part){0};
            return fl_place_set(check, FL_GROUPS, group->name, place);
        }
        rc = FLOW_ENOMEM;
    }
    fl_vec_free(&record.sinks);
    return rc;
}

int fl_check_members(struct fl_check *check, const struct fl_vec *groups)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < groups->count && !rc; i++) {
        struct fl_component *group = fl_vec_at(groups, i);
        if (group->part.settings)
            rc = place_group(check, group);
    }
    return rc;
}
