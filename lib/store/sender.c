/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a cursor tells of where its events come from, so that whoever gets them can tell those that
 * come again from those that are new.  Offsets alone do not do: see struct fl_origin; and what is
 * read again after the cursor was moved is meant to come again.
 */

#include <string.h>

#include "base/le.h"
#include "store/store_inner.h"

#define KEY (FL_STORE_ID + 4u)
#define MOST_CLOSED 8u /* lives that are closed with each take */

struct telling {
    const struct fl_store *store;
    uint64_t horizon; /* of the life of the cursor that ID is */
    uint32_t id;
    flow_span_fn fn;
    void *arg;
    flow_span span; /* that grows; without events: there is none so far */
    uint32_t span_id;
    const struct fl_life *life; /* of the span */
};

uint64_t fl_cursor_horizon(struct fl_cursor *cursor)
{
    int is_final = !(cursor->terms.flags & FL_CURSOR_SKIPS); /* else a crash undoes giving up */

    if (is_final && !cursor->overtaken && cursor->horizon < cursor->watermark)
        cursor->horizon = cursor->watermark;
    return cursor->horizon;
}

static const struct fl_life *life_at(const struct fl_store *store, size_t index)
{
    return fl_vec_at(&store->lives, index);
}

/* The index of the life that OFFSET is of. */
static size_t find_life(const struct fl_store *store, uint64_t offset)
{
    size_t i = store->lives.count - 1;

    while (i > 0 && life_at(store, i)->origin.first > offset)
        i--;
    return i;
}

static int tell_span(const struct telling *t, const struct fl_life *life, uint32_t id,
                     flow_span span)
{
    uint8_t key[KEY];

    memcpy(key, life->origin.id, FL_STORE_ID);
    fl_le32_put(key + FL_STORE_ID, id);
    span.key = key;
    span.key_size = KEY;
    return t->fn(t->arg, &span);
}

/* Closes the lives before the one that the horizon is in; those of long ago nobody asks for. */
static int tell_closed(const struct telling *t)
{
    size_t last = find_life(t->store, t->horizon);
    int rc = FLOW_OK;

    for (size_t i = last > MOST_CLOSED ? last - MOST_CLOSED : 0; i < last && !rc; i++) {
        const struct fl_life *life = life_at(t->store, i);
        if (life->origin.first < life_at(t->store, i + 1)->origin.first)
            rc = tell_span(t, life, t->id, (flow_span){.horizon = FLOW_SPAN_CLOSED});
    }
    return rc;
}

static int flush(struct telling *t)
{
    const flow_span span = t->span;

    t->span.count = 0;
    if (!span.count)
        return FLOW_OK;
    return t->life ? tell_span(t, t->life, t->span_id, span) : t->fn(t->arg, &span);
}

/* Whether the events of LOT, of LIFE, go on where the span ends. */
static int goes_on(const struct telling *t, const struct fl_lot_ref *lot,
                   const struct fl_life *life)
{
    if (!t->span.count || t->life != life || t->span.count > UINT32_MAX - lot->count)
        return 0;
    return !life || (t->span_id == lot->id && t->span.first + t->span.count == fl_lot_first(lot));
}

static int tell_lot(struct telling *t, const struct fl_lot_ref *lot)
{
    const struct fl_life *life = NULL;
    int rc = FLOW_OK;

    if (!lot->letter)
        life = life_at(t->store, find_life(t->store, fl_lot_first(lot)));
    if (!goes_on(t, lot, life)) {
        rc = flush(t);
        t->life = life;
        t->span_id = lot->id;
        t->span = (flow_span){.first = life ? fl_lot_first(lot) : 0,
                              .horizon = life && lot->id == t->id ? t->horizon : 0};
    }
    t->span.count += (uint32_t)lot->count;
    return rc;
}

/* The lots come newest first. */
static int list_lots(const struct fl_lot_ref *lots, struct fl_vec *list)
{
    for (; lots; lots = lots->next) {
        if (!fl_vec_push(list, &lots))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

int fl_cursor_spans(struct fl_cursor *cursor, const struct fl_lot_ref *lots, flow_span_fn fn,
                    void *arg)
{
    struct telling t = {.store = cursor->store, .fn = fn, .arg = arg};
    struct fl_vec list;

    fl_vec_init(&list, cursor->store->env.mem, sizeof(const struct fl_lot_ref *));
    int rc = list_lots(lots, &list);
    fl_lock(&cursor->lock);
    t.horizon = fl_cursor_horizon(cursor);
    t.id = cursor->id;
    fl_unlock(&cursor->lock);
    if (!rc && lots)
        rc = tell_closed(&t);
    for (size_t i = list.count; i-- > 0 && !rc;)
        rc = tell_lot(&t, *(const struct fl_lot_ref **)fl_vec_at(&list, i));
    fl_vec_free(&list);
    return rc ? rc : flush(&t);
}
