/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include <flow/consumer.h>

#include "base/error.h"
#include "base/number.h"
#include "core/channel.h"
#include "core/names.h"
#include "store/wishes.h"

#define PREFIX "consumers."

/* One setting: PREFIX, the name of a consumer, a dot and a property. */
struct said {
    const flow_context *ctx;
    const struct fl_vec *wishes;
    const char *key, *value;
    const char *property; /* in the key */
    struct fl_wish *wish;
};

static int refuse(const struct said *said, const char *why, flow_error **err)
{
    char name[256];

    snprintf(name, sizeof name, PREFIX "%s", said->key);
    return flow_context_refuse(said->ctx, name, why, err);
}

struct fl_place fl_place_of(const flow_consumer_place *place)
{
    static const enum fl_place_kind kinds[] = {
        [FLOW_START_EARLIEST] = FL_AT_EARLIEST,
        [FLOW_START_LATEST] = FL_AT_LATEST,
        [FLOW_START_OFFSET] = FL_AT_OFFSET,
        [FLOW_START_TIME] = FL_AT_TIME,
    };

    return (struct fl_place){kinds[place->start], place->offset, place->time};
}

static int read_start(const struct said *said, flow_error **err)
{
    struct fl_place *from = &said->wish->plan.from;
    flow_consumer_place place = {.struct_size = sizeof place};
    flow_error *fault = NULL;

    if (flow_consumer_place_read(said->value, &place, &fault)) {
        int rc = refuse(said, flow_error_message(fault), err);
        flow_error_free(fault);
        return rc;
    }
    *from = fl_place_of(&place);
    return FLOW_OK;
}

static int read_behind(const struct said *said, flow_error **err)
{
    struct fl_terms *terms = &said->wish->plan.terms;

    if (fl_equal_ignore_case(said->value, "skip"))
        terms->flags |= FL_CURSOR_SKIPS;
    else if (fl_equal_ignore_case(said->value, "block"))
        terms->flags &= ~FL_CURSOR_SKIPS;
    else
        return refuse(said, "it is skip or block", err);
    return FLOW_OK;
}

static int read_number(const struct said *said, uint64_t *to, flow_error **err)
{
    int64_t number = 0;

    if (fl_parse_int(said->value, strlen(said->value), &number) || number < 1)
        return refuse(said,
                      "it is a whole number from 1 on; without it there is no limit but the "
                      "channel's",
                      err);
    *to = (uint64_t)number;
    return FLOW_OK;
}

static int read_max_events(const struct said *said, flow_error **err)
{
    return read_number(said, &said->wish->plan.terms.max_events, err);
}

static int read_max_bytes(const struct said *said, flow_error **err)
{
    return read_number(said, &said->wish->plan.terms.max_bytes, err);
}

static int read_max_deliveries(const struct said *said, flow_error **err)
{
    int64_t number = 0;

    if (fl_parse_int(said->value, strlen(said->value), &number) || number < 0 || number > 1000000)
        return refuse(said, "it is a whole number from 0, which is for ever, to 1000000", err);
    said->wish->max_deliveries = number;
    return FLOW_OK;
}

static const struct {
    const char *name;
    int (*read)(const struct said *said, flow_error **err);
} properties[] = {
    {"start", read_start},
    {"whenBehind", read_behind},
    {"maxEvents", read_max_events},
    {"maxBytes", read_max_bytes},
    {"maxDeliveries", read_max_deliveries},
};

#define COUNT (sizeof properties / sizeof properties[0])

static int refuse_property(const struct said *said, flow_error **err)
{
    const flow_allocator *mem = said->wishes->mem;
    struct fl_nearest nearest;
    char *hint = NULL;
    char why[256];

    fl_nearest_init(&nearest, said->property);
    for (size_t i = 0; i < COUNT; i++)
        fl_nearest_offer(&nearest, properties[i].name);
    if (fl_nearest_hint(&nearest, mem, &hint))
        return fl_error_nomem(err);
    snprintf(why, sizeof why, "a consumer has no property '%.60s'; %s", said->property,
             hint ? hint : "there are start, whenBehind, maxEvents, maxBytes and maxDeliveries");
    fl_free(mem, hint);
    return refuse(said, why, err);
}

static int read_property(const struct said *said, flow_error **err)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (!strcmp(said->property, properties[i].name))
            return properties[i].read(said, err);
    }
    return refuse_property(said, err);
}

/* ---- names ---- */

const struct fl_wish *fl_wishes_find(const struct fl_vec *wishes, const char *name)
{
    for (size_t i = 0; i < wishes->count; i++) {
        const struct fl_wish *wish = fl_vec_at(wishes, i);
        if (!strcmp(wish->name, name))
            return wish;
    }
    return NULL;
}

/* The wish for NAME, which it takes over, made when there is none. */
static struct fl_wish *obtain(struct fl_vec *wishes, char *name)
{
    struct fl_wish *found = (struct fl_wish *)(uintptr_t)fl_wishes_find(wishes, name);

    if (found) {
        fl_free(wishes->mem, name);
        return found;
    }
    found = fl_vec_push(wishes, NULL);
    if (!found) {
        fl_free(wishes->mem, name);
        return NULL;
    }
    found->name = name;
    found->plan.terms.flags = FL_CURSOR_SKIPS;
    found->max_deliveries = -1;
    return found;
}

static int read_one(struct said *said, struct fl_vec *wishes, flow_error **err)
{
    const char *dot = strchr(said->key, '.');
    size_t size = dot ? (size_t)(dot - said->key) : 0;

    if (!size)
        return refuse(said, "a name and a property are expected, as in consumers.audit.start", err);
    char *name = fl_strndup(wishes->mem, said->key, size);
    if (!name)
        return fl_error_nomem(err);
    if (!fl_consumer_name_ok(name)) {
        fl_free(wishes->mem, name);
        return refuse(said, "the name of a consumer has letters, digits, '-' and '_', at most 64",
                      err);
    }
    said->property = dot + 1;
    said->wish = obtain(wishes, name);
    return said->wish ? read_property(said, err) : fl_error_nomem(err);
}

/* A consumer that blocks holds up the puts, which count events. */
static int check_bytes(const flow_context *ctx, const struct fl_wish *wish, flow_error **err)
{
    char key[FL_CURSOR_NAME + 16];

    if ((wish->plan.terms.flags & FL_CURSOR_SKIPS) || !wish->plan.terms.max_bytes)
        return FLOW_OK;
    snprintf(key, sizeof key, PREFIX "%s.maxBytes", wish->name);
    return flow_context_refuse(ctx, key,
                               "a consumer that blocks is bounded in events; leave it out, or let "
                               "the consumer skip",
                               err);
}

int fl_wishes_read(const flow_context *ctx, struct fl_vec *wishes, flow_error **err)
{
    struct said said = {.ctx = ctx, .wishes = wishes};
    int rc = FLOW_OK;

    for (size_t i = 0; !rc && flow_context_below(ctx, PREFIX, i, &said.key, &said.value); i++)
        rc = read_one(&said, wishes, err);
    for (size_t i = 0; i < wishes->count && !rc; i++)
        rc = check_bytes(ctx, fl_vec_at(wishes, i), err);
    for (size_t i = 0; i < wishes->count; i++) {
        struct fl_wish *wish = fl_vec_at(wishes, i);
        wish->plan.name = wish->name;
    }
    return rc;
}

void fl_wishes_free(struct fl_vec *wishes)
{
    for (size_t i = 0; i < wishes->count; i++)
        fl_free(wishes->mem, ((struct fl_wish *)fl_vec_at(wishes, i))->name);
    fl_vec_free(wishes);
}
