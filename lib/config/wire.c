/* SPDX-License-Identifier: Apache-2.0 */

/* Channels and sinks, who is connected to which channel, and whether their sizes agree. */

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "config/check.h"
#include "config/common.h"
#include "core/channel.h"
#include "core/names.h"

/* Moves the part of a sound component to the end of TO, whose records begin with a part. */
static void *move_part(struct fl_component *component, struct fl_vec *to)
{
    struct fl_part *placed = fl_vec_push(to, NULL);

    if (placed) {
        *placed = component->part;
        component->part = (struct fl_part){0};
    }
    return placed;
}

/* A channel stays in the plan when nobody uses it: the host may put and take by itself. */
static int check_channel(struct fl_check *check, const char *name)
{
    struct fl_component channel;
    int rc = fl_component_begin(check, FL_CHANNELS, name, &fl_channel_schema, &channel);

    if (!rc)
        rc = fl_component_finish(check, FLOW_KIND_CHANNEL, &fl_channel_schema, &channel);
    if (!rc && channel.part.settings) {
        rc = fl_place_set(check, FL_CHANNELS, name, check->plan->channels.count);
        if (!rc && !move_part(&channel, &check->plan->channels))
            rc = FLOW_ENOMEM;
    }
    fl_component_end(check, &channel);
    return rc;
}

int fl_check_channels(struct fl_check *check)
{
    const struct fl_vec *names = &check->agent->sections[FL_CHANNELS].names;
    int rc = FLOW_OK;

    for (size_t i = 0; i < names->count && !rc; i++)
        rc = check_channel(check, *(char **)fl_vec_at(names, i));
    return rc;
}

/* What to do about a reference to NAME that no list has; the caller frees it. */
static int reference_hint(const struct fl_check *check, enum fl_section_id section,
                          const char *name, char **hint)
{
    const struct fl_section *all = &check->agent->sections[section];
    struct fl_nearest nearest;
    struct fl_buf text;

    if (fl_blocks_get(&all->blocks, name)) {
        fl_buf_init(&text, check->mem);
        int rc =
            fl_buf_printf(&text, "add it to '%s.%s'", check->agent->name, fl_section_name(section));
        *hint = rc ? NULL : fl_buf_detach(&text);
        fl_buf_free(&text);
        return *hint ? FLOW_OK : FLOW_ENOMEM;
    }
    fl_nearest_init(&nearest, name);
    for (size_t i = 0; i < all->names.count; i++)
        fl_nearest_offer(&nearest, *(char **)fl_vec_at(&all->names, i));
    return fl_nearest_hint(&nearest, check->mem, hint);
}

int fl_check_reference(struct fl_check *check, enum fl_section_id section,
                       const struct fl_raw *where, const char *name)
{
    char *hint = NULL;
    int rc = reference_hint(check, section, name, &hint);

    if (!rc)
        fl_check_value(check, FLOW_SEVERITY_ERROR, where, hint, "'%s' is not in the list '%s.%s'",
                       name, check->agent->name, fl_section_name(section));
    fl_free(check->mem, hint);
    return rc;
}

/* A channel that is listed but broken is used all the same, so that it is not called unused. */
int fl_check_channel_name(struct fl_check *check, const struct fl_component *user,
                          const char *property, const char *name, size_t *place)
{
    *place = fl_place_get(check, FL_CHANNELS, name);
    if (*place == FL_UNLISTED)
        return fl_check_reference(check, FL_CHANNELS, fl_component_where(user, property), name);
    return fl_map_put(&check->used, name, check);
}

/* The one channel of a sink. */
static int find_channel(struct fl_check *check, const struct fl_component *sink, size_t *place)
{
    char *const *names = fl_component_words(sink, "channel");

    *place = FL_BROKEN;
    if (!names[0])
        return FLOW_OK;
    if (names[1]) {
        fl_check_value(check, FLOW_SEVERITY_ERROR, fl_component_where(sink, "channel"),
                       "a source or another sink can have the others",
                       "a sink takes from one channel only");
        return FLOW_OK;
    }
    return fl_check_channel_name(check, sink, "channel", names[0], place);
}

/* Whether a group that could not be made has claimed the sink. */
static int is_lost(const struct fl_check *check, const char *name)
{
    const char *group = fl_map_get(&check->claims, name);

    return group && fl_place_get(check, FL_GROUPS, group) == FL_BROKEN;
}

/* The consumer that SINK names at the channel at *PLACE, which becomes FL_BROKEN where it cannot
 * be; NULL: none. */
static const char *find_consumer(struct fl_check *check, const struct fl_component *sink,
                                 size_t *place)
{
    char *const *names = fl_component_words(sink, "consumer");
    const struct fl_raw *where = fl_component_where(sink, "consumer");

    if (!names[0] || *place >= FL_BROKEN)
        return NULL;
    const struct fl_plan_channel *channel = fl_vec_at(&check->plan->channels, *place);
    if (names[1])
        fl_check_value(check, FLOW_SEVERITY_ERROR, where, NULL,
                       "a sink takes through one consumer only");
    else if (!fl_consumer_name_ok(names[0]))
        fl_check_value(check, FLOW_SEVERITY_ERROR, where, NULL,
                       "'%s' is no name of a consumer: it has letters, digits, '-' and '_', at "
                       "most %u",
                       names[0], FLOW_CONSUMER_NAME);
    else if (!channel->part.type->ops.channel.consumers)
        fl_check_value(check, FLOW_SEVERITY_ERROR, where, "a channel of type file has consumers",
                       "channel '%s' of type %s has none", channel->part.name,
                       channel->part.type->name);
    else
        return names[0];
    *place = FL_BROKEN;
    return NULL;
}

static int place_sink(struct fl_check *check, struct fl_component *sink, size_t channel,
                      const char *consumer)
{
    char *copy = consumer ? fl_strdup(check->mem, consumer) : NULL;
    int rc = consumer && !copy
                 ? FLOW_ENOMEM
                 : fl_place_set(check, FL_SINKS, sink->name, check->plan->sinks.count);
    struct fl_plan_sink *placed = rc ? NULL : move_part(sink, &check->plan->sinks);

    if (!placed) {
        fl_free(check->mem, copy);
        return FLOW_ENOMEM;
    }
    placed->channel = channel;
    placed->group = SIZE_MAX;
    placed->consumer = copy;
    return FLOW_OK;
}

static int check_sink(struct fl_check *check, const char *name)
{
    struct fl_component sink;
    const char *consumer = NULL;
    size_t channel = FL_BROKEN;
    int rc = fl_component_begin(check, FL_SINKS, name, &fl_sink_schema, &sink);

    if (!rc)
        rc = find_channel(check, &sink, &channel);
    if (!rc)
        consumer = find_consumer(check, &sink, &channel);
    if (!rc)
        rc = fl_component_finish(check, FLOW_KIND_SINK, &fl_sink_schema, &sink);
    if (!rc && sink.part.settings && channel < FL_BROKEN && !is_lost(check, name))
        rc = place_sink(check, &sink, channel, consumer);
    fl_component_end(check, &sink);
    return rc;
}

int fl_check_sinks(struct fl_check *check)
{
    const struct fl_vec *names = &check->agent->sections[FL_SINKS].names;
    int rc = FLOW_OK;

    for (size_t i = 0; i < names->count && !rc; i++)
        rc = check_sink(check, *(char **)fl_vec_at(names, i));
    return rc;
}

/* Whether NAME, behind its last dot, is what types call the size of a batch. */
static int is_batch_size(const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *last = dot ? dot + 1 : name;

    return fl_equal_ignore_case(last, "batchSize") || fl_equal_ignore_case(last, "batch-size") ||
           fl_equal_ignore_case(last, "flumeBatchSize");
}

/*
 * Warns when batches of PART do not fit into one transaction of its channel.  Flume leaves such a
 * component out; many sample configurations have one, and taking its batches in several
 * transactions serves them.
 */
static void check_batch(struct fl_check *check, const struct fl_part *part, size_t channel)
{
    const struct fl_plan_channel *target = fl_vec_at(&check->plan->channels, channel);
    const struct fl_setting *limit = fl_settings_get(target->part.settings, "transactionCapacity");
    const flow_schema *schema = part->type->schema;

    for (size_t i = 0; limit && schema && i < schema->count; i++) {
        const flow_property *property = &schema->properties[i];
        if (property->type != FLOW_TYPE_INT || !is_batch_size(property->name))
            continue;
        const struct fl_setting *size = fl_settings_get(part->settings, property->name);
        const struct fl_setting *at = size && size->is_set ? size : limit;
        struct fl_raw where = {
            .full = at->full,
            .file = at->file ? at->file : "",
            .line = at->line,
            .column = at->column,
        };
        if (!size || (!size->is_set && !limit->is_set))
            continue; /* two defaults: nobody has to do anything about them */
        if (limit->number > 0 && size->number > limit->number)
            fl_check_value(check, FLOW_SEVERITY_WARNING, &where,
                           "raise transactionCapacity or lower the batch size",
                           "batches of %lld events do not fit into a transaction of channel '%s', "
                           "which holds %lld; they are taken in several",
                           (long long)size->number, target->part.name, (long long)limit->number);
    }
}

int fl_check_batches(struct fl_check *check)
{
    const struct fl_plan *plan = check->plan;
    int rc = FLOW_OK;

    for (size_t i = 0; i < plan->sources.count && !rc; i++) {
        const struct fl_plan_source *source = fl_vec_at(&plan->sources, i);
        rc = fl_check_label(check, fl_kind_name(FLOW_KIND_SOURCE), source->part.name);
        for (size_t c = 0; c < source->channels.count && !rc; c++)
            check_batch(check, &source->part, *(size_t *)fl_vec_at(&source->channels, c));
    }
    for (size_t i = 0; i < plan->sinks.count && !rc; i++) {
        const struct fl_plan_sink *sink = fl_vec_at(&plan->sinks, i);
        rc = fl_check_label(check, fl_kind_name(FLOW_KIND_SINK), sink->part.name);
        if (!rc)
            check_batch(check, &sink->part, sink->channel);
    }
    return rc;
}
