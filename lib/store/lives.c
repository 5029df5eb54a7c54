/* SPDX-License-Identifier: Apache-2.0 */

/* Which life of the store an event was put in; see struct fl_origin. */

#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "store/store_inner.h"

int fl_store_note_life(struct fl_store *store, const struct fl_segment_front *front)
{
    static const uint8_t none[FL_STORE_ID];
    const struct fl_life life = {front->origin, front->epoch};

    if (!memcmp(life.origin.id, none, sizeof none))
        return FLOW_OK;
    for (size_t i = 0; i < store->lives.count; i++) {
        const struct fl_life *known = fl_vec_at(&store->lives, i);
        if (!memcmp(known->origin.id, life.origin.id, FL_STORE_ID))
            return FLOW_OK;
    }
    return fl_vec_push(&store->lives, &life) ? FLOW_OK : FLOW_ENOMEM;
}

static int by_offset(const void *a, const void *b)
{
    const struct fl_life *one = a, *other = b;

    if (one->origin.first != other->origin.first)
        return one->origin.first < other->origin.first ? -1 : 1;
    return one->epoch < other->epoch ? -1 : one->epoch > other->epoch;
}

/* Drops lives of which no event is left, not even the first. */
static void drop_undone(struct fl_store *store)
{
    for (size_t i = store->lives.count; i-- > 0;) {
        const struct fl_life *life = fl_vec_at(&store->lives, i);
        if (life->origin.first > store->next_offset)
            fl_vec_remove(&store->lives, i);
    }
}

/* What is of none, having been put before segments told, has the number of the store itself. */
int fl_store_begin_life(struct fl_store *store, flow_error **err)
{
    struct fl_life eldest = {.epoch = 0}, life = {.epoch = UINT64_MAX};

    memcpy(eldest.origin.id, store->env.id, FL_STORE_ID);
    life.origin.first = store->next_offset;
    int rc = fl_random(life.origin.id, FL_STORE_ID, err);
    if (rc)
        return rc;
    drop_undone(store);
    if (!fl_vec_push(&store->lives, &eldest) || !fl_vec_push(&store->lives, &life))
        return fl_error_nomem(err);
    fl_vec_sort(&store->lives, by_offset);
    store->env.origin = life.origin;
    return FLOW_OK;
}
