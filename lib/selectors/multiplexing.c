/* SPDX-License-Identifier: Apache-2.0 */
/* Sends an event where the value of one of its headers says.  What that means is worked out for
 * each value of the configuration once, so that an event costs one look into a table. */

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/map.h"
#include "base/number.h"
#include "selectors/names.h"
#include "selectors/selectors.h"

struct targets {
    size_t required; /* so many of the first must take the event; the others may */
    size_t count;
    size_t channels[];
};

struct multiplexing {
    const flow_allocator *mem;
    const char *header;
    struct fl_channel_names channels;
    struct fl_map values;      /* of struct targets * */
    struct targets *otherwise; /* of any value that is not among them, and of none */
};

static struct targets *new_targets(const struct multiplexing *m)
{
    struct targets *made =
        fl_zalloc(m->mem, sizeof *made + m->channels.count * sizeof made->channels[0]);

    return made;
}

static void add(struct targets *targets, size_t channel)
{
    for (size_t i = 0; i < targets->count; i++)
        if (targets->channels[i] == channel)
            return;
    targets->channels[targets->count++] = channel;
}

/* Adds the channels that TEXT names, the value of PROPERTY. */
static int add_words(const flow_context *ctx, const struct multiplexing *m, const char *property,
                     const char *text, struct targets *targets, flow_error **err)
{
    int rc = FLOW_OK;

    while (!rc) {
        size_t size = 0;
        size_t index;
        while (*text && fl_is_space(*text))
            text++;
        while (text[size] && !fl_is_space(text[size]))
            size++;
        if (size == 0)
            break;
        rc = fl_channel_find(ctx, &m->channels, property, text, size, &index, err);
        if (!rc)
            add(targets, index);
        text += size;
    }
    return rc;
}

static int add_default(const flow_context *ctx, struct multiplexing *m, flow_error **err)
{
    const char *name;
    int rc = FLOW_OK;

    for (size_t word = 0; !rc && (name = flow_context_word(ctx, "default", word)); word++)
        rc = add_words(ctx, m, "default", name, m->otherwise, err);
    m->otherwise->required = m->otherwise->count;
    return rc;
}

/* The targets of VALUE, made as a copy of those of all other values when it has none yet. */
static struct targets *targets_for(struct multiplexing *m, const char *value)
{
    struct targets *targets = fl_map_get(&m->values, value);

    if (targets)
        return targets;
    targets = new_targets(m);
    if (!targets || fl_map_put(&m->values, value, targets)) {
        fl_free(m->mem, targets);
        return NULL;
    }
    targets->required = targets->count = m->otherwise->count;
    memcpy(targets->channels, m->otherwise->channels, targets->count * sizeof(size_t));
    return targets;
}

/* A value that is mapped has none of the default's channels.  It is never blank, since keys of a
 * configuration are trimmed: an event with a blank value goes where one without the header goes. */
static int map_value(const flow_context *ctx, struct multiplexing *m, const char *property,
                     const char *value, const char *text, flow_error **err)
{
    struct targets *targets = targets_for(m, value);

    if (!targets)
        return fl_error_nomem(err);
    targets->count = 0;
    int rc = add_words(ctx, m, property, text, targets, err);
    targets->required = targets->count;
    if (!rc && targets->count == 0)
        rc = flow_context_refuse(ctx, property, "names no channel", err);
    return rc;
}

/* A channel that must take the events of a value already, need not be offered them. */
static int offer_value(const flow_context *ctx, struct multiplexing *m, const char *property,
                       const char *value, const char *text, flow_error **err)
{
    struct targets *targets = targets_for(m, value);

    if (!targets)
        return fl_error_nomem(err);
    return add_words(ctx, m, property, text, targets, err);
}

/* Calls READ for each key below PREFIX. */
static int read_values(const flow_context *ctx, struct multiplexing *m, const char *prefix,
                       int (*read)(const flow_context *ctx, struct multiplexing *m,
                                   const char *property, const char *value, const char *text,
                                   flow_error **err),
                       flow_error **err)
{
    struct fl_buf property;
    const char *value, *text;
    int rc = FLOW_OK;

    fl_buf_init(&property, m->mem);
    for (size_t i = 0; !rc && flow_context_below(ctx, prefix, i, &value, &text); i++) {
        fl_buf_clear(&property);
        if (fl_buf_printf(&property, "%s%s", prefix, value) || !fl_buf_cstr(&property))
            rc = fl_error_nomem(err);
        else
            rc = read(ctx, m, fl_buf_cstr(&property), value, text, err);
    }
    fl_buf_free(&property);
    return rc;
}

static void multiplexing_destroy(void *self)
{
    struct multiplexing *m = self;

    for (size_t i = 0; i < m->values.count; i++)
        fl_free(m->mem, m->values.entries[i].value);
    fl_map_free(&m->values);
    fl_free(m->mem, m->otherwise);
    fl_free(m->mem, m);
}

static int multiplexing_create(flow_context *ctx, const char *const *channels, size_t count,
                               void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct multiplexing *m = fl_zalloc(mem, sizeof *m);

    if (!m)
        return fl_error_nomem(err);
    m->mem = mem;
    m->header = flow_context_string(ctx, "header");
    m->channels = (struct fl_channel_names){channels, count};
    fl_map_init(&m->values, mem);
    m->otherwise = new_targets(m);
    int rc = m->otherwise ? add_default(ctx, m, err) : fl_error_nomem(err);
    if (!rc)
        rc = read_values(ctx, m, "mapping.", map_value, err);
    if (!rc)
        rc = read_values(ctx, m, "optional.", offer_value, err);
    if (rc)
        multiplexing_destroy(m);
    else
        *self = m;
    return rc;
}

static int multiplexing_select(void *self, const flow_event *event, flow_route *route,
                               flow_error **err)
{
    const struct multiplexing *m = self;
    const struct targets *targets = NULL;
    size_t size;
    const char *value = flow_event_header(event, m->header, &size);
    int rc = FLOW_OK;

    if (value)
        targets = fl_map_get_sized(&m->values, value, size);
    if (!targets)
        targets = m->otherwise;
    for (size_t i = 0; !rc && i < targets->count; i++)
        rc = i < targets->required ? flow_route_require(route, targets->channels[i])
                                   : flow_route_offer(route, targets->channels[i]);
    return rc ? flow_error_set(err, rc, "cannot route to a channel of the source") : FLOW_OK;
}

static const flow_property properties[] = {
    {
        .name = "header",
        .type = FLOW_TYPE_STRING,
        .default_value = "flume.selector.header",
        .help = "The header whose value decides.",
    },
    {
        .name = "mapping.",
        .type = FLOW_TYPE_WORDS,
        .flags = FLOW_PROPERTY_PREFIX,
        .help = "The channels that must take the events whose header has the value at the end of "
                "this name, exactly as it is there.",
    },
    {
        .name = "default",
        .type = FLOW_TYPE_WORDS,
        .help = "The channels that must take all other events: those without the header, with a "
                "blank value, or with one that is not mapped. When no channel is named here they "
                "are dropped, which is logged once and counted as EventUnroutedCount.",
    },
    {
        .name = "optional.",
        .type = FLOW_TYPE_WORDS,
        .flags = FLOW_PROPERTY_PREFIX,
        .help = "Channels that are tried once with the events of that value, besides those that "
                "must take them, and whose failure is only logged.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Sends an event to the channels that the value of one of its headers is mapped to.",
    .description =
        "The events of a batch that go to the same channel are put there in one transaction, in "
        "their order. When a channel that must take its share cannot, the source tries again, and "
        "the channels that have theirs do not get it a second time.",
};

const flow_selector_ops fl_multiplexing_selector = {
    .struct_size = sizeof fl_multiplexing_selector,
    .type = "multiplexing",
    .aliases = "org.apache.flume.channel.MultiplexingChannelSelector",
    .schema = &schema,
    .create = multiplexing_create,
    .destroy = multiplexing_destroy,
    .select = multiplexing_select,
};
