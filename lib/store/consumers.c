/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The cursors of a store: making, moving and removing them.  What changes is written first, in a
 * state that the log keeps, and then done in memory; so that a crash finds the change made or not,
 * and one that could not be written has not happened.
 */

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/le.h"
#include "store/store_inner.h"

/* ---- the list ---- */

/* Under the store's lock. */
static void count_blockers(struct fl_store *store)
{
    uint32_t count = 0;

    for (const struct fl_cursor *c = store->cursors; c; c = c->next_cursor)
        count += atomic_load(&c->blocks) != 0;
    atomic_store(&store->blockers, count);
}

void fl_store_add_cursor(struct fl_store *store, struct fl_cursor *cursor)
{
    fl_lock(&store->lock);
    cursor->next_cursor = store->cursors;
    store->cursors = cursor;
    store->cursor_count++;
    count_blockers(store);
    fl_unlock(&store->lock);
}

static void take_off(struct fl_store *store, struct fl_cursor *cursor)
{
    struct fl_cursor **at = &store->cursors;

    fl_lock(&store->lock);
    while (*at != cursor)
        at = &(*at)->next_cursor;
    *at = cursor->next_cursor;
    cursor->next_cursor = store->removed;
    store->removed = cursor;
    store->cursor_count--;
    count_blockers(store);
    fl_unlock(&store->lock);
}

struct fl_cursor *fl_store_find_cursor(struct fl_store *store, const char *name)
{
    fl_lock(&store->lock);
    struct fl_cursor *cursor = store->cursors;
    while (cursor && strcmp(cursor->name, name))
        cursor = cursor->next_cursor;
    fl_unlock(&store->lock);
    return cursor;
}

struct fl_cursor *fl_store_next_cursor(struct fl_store *store, const char *after)
{
    struct fl_cursor *best = NULL;

    fl_lock(&store->lock);
    for (struct fl_cursor *c = store->cursors; c; c = c->next_cursor) {
        if ((!after || strcmp(c->name, after) > 0) && (!best || strcmp(c->name, best->name) < 0))
            best = c;
    }
    fl_unlock(&store->lock);
    return best;
}

/* ---- how much they hold ---- */

uint32_t fl_store_blockers(const struct fl_store *store)
{
    return atomic_load_explicit(&store->blockers, memory_order_relaxed);
}

/* One with a limit of its own that is less than the capacity counts as if it had the rest too. */
static uint64_t used_by(const struct fl_cursor *cursor, uint64_t capacity)
{
    uint64_t most = atomic_load(&cursor->max_events);

    return fl_cursor_held(cursor) + (most && most < capacity ? capacity - most : 0);
}

uint64_t fl_store_used(struct fl_store *store, uint64_t capacity)
{
    uint64_t most = 0;

    fl_lock(&store->lock);
    for (const struct fl_cursor *c = store->cursors; c; c = c->next_cursor) {
        uint64_t used = atomic_load(&c->blocks) ? used_by(c, capacity) : 0;
        most = used > most ? used : most;
    }
    fl_unlock(&store->lock);
    return most;
}

void fl_cursor_look(struct fl_cursor *cursor, struct fl_cursor_info *info)
{
    fl_lock(&cursor->lock);
    *info = (struct fl_cursor_info){
        .name = cursor->name,
        .terms = cursor->terms,
        .offset = cursor->watermark,
        .waiting = fl_cursor_size(cursor),
        .held = fl_cursor_held(cursor),
        .skipped = cursor->skipped,
        .letters = cursor->letters.count,
    };
    fl_unlock(&cursor->lock);
    info->bytes = info->held ? fl_store_bytes_behind(cursor->store, info->offset) : 0;
}

/* ---- changes, under the checkpoint's lock ---- */

static int check_there(const struct fl_cursor *cursor, flow_error **err)
{
    if (cursor->id)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_ENOENT, "consumer '%s' was removed", cursor->name);
}

/* Receivers know a cursor by its id, and a folder that was put back to an earlier copy knows nothing
 * of those that were given out since: each time they go on at another place. */
static void skip_ids(struct fl_store *store)
{
    int has_some = store->next_id > 1 && store->next_id < UINT32_MAX / 2;

    if (!store->has_skipped_ids && has_some)
        store->next_id += fl_le32_get(store->env.origin.id) & 0xffff;
    store->has_skipped_ids = 1;
}

static uint32_t next_id(struct fl_store *store)
{
    fl_lock(&store->lock);
    skip_ids(store);
    uint32_t id = store->next_id++;
    fl_unlock(&store->lock);
    return id;
}

static int check_new(struct fl_store *store, const char *name, flow_error **err)
{
    if (fl_store_find_cursor(store, name))
        return flow_error_setf(err, FLOW_EEXIST, "there is a consumer '%s' already", name);
    if (store->cursor_count >= FL_CURSORS_MOST)
        return flow_error_setf(err, FLOW_ESTATE,
                               "a channel has at most %u consumers; remove one that nobody needs",
                               FL_CURSORS_MOST);
    return FLOW_OK;
}

static int add(struct fl_store *store, struct fl_cursor *made, const struct fl_place *from,
               flow_error **err)
{
    uint64_t offset = 0;
    int rc = fl_store_find_place(store, from, &offset, err);

    if (rc)
        return rc;
    made->watermark = offset;
    fl_cursor_begin(made);
    const struct fl_change change = {.kind = FL_CHANGE_ADD,
                                     .cursor = made,
                                     .id = made->id,
                                     .watermark = offset,
                                     .terms = made->terms};
    rc = fl_store_write_change(store, &change, err);
    if (rc)
        return rc;
    fl_store_add_cursor(store, made);
    fl_store_changed(store);
    return FLOW_OK;
}

int fl_store_add_cursor_at(struct fl_store *store, const struct fl_cursor_plan *plan,
                           struct fl_cursor **cursor, flow_error **err)
{
    struct fl_cursor *made = NULL;

    fl_lock(&store->checkpoint_lock);
    int rc = check_new(store, plan->name, err);
    if (!rc)
        rc = fl_cursor_new(store, plan->name, next_id(store), &made, err);
    if (!rc) {
        made->terms = plan->terms;
        rc = add(store, made, &plan->from, err);
    }
    fl_unlock(&store->checkpoint_lock);
    if (rc && made)
        fl_cursor_free(made);
    else if (!rc)
        *cursor = made;
    return rc;
}

int fl_store_cursor(struct fl_store *store, const char *name, struct fl_cursor **cursor,
                    flow_error **err)
{
    const struct fl_cursor_plan plan = {.name = name, .from = {.kind = FL_AT_EARLIEST}};

    *cursor = fl_store_find_cursor(store, name);
    return *cursor ? FLOW_OK : fl_store_add_cursor_at(store, &plan, cursor, err);
}

static int seek(struct fl_cursor *cursor, const struct fl_place *to, uint64_t *offset,
                flow_error **err)
{
    struct fl_store *store = cursor->store;
    int rc = check_there(cursor, err);

    if (!rc)
        rc = fl_store_find_place(store, to, offset, err);
    if (rc)
        return rc;
    const struct fl_change change = {.kind = FL_CHANGE_MOVE,
                                     .cursor = cursor,
                                     .id = next_id(store),
                                     .watermark = *offset,
                                     .terms = cursor->terms};
    rc = fl_store_write_change(store, &change, err);
    if (rc)
        return rc;
    fl_cursor_move(cursor, change.id, *offset);
    fl_store_changed(store); /* it may be above its limits now */
    return FLOW_OK;
}

int fl_store_seek(struct fl_cursor *cursor, const struct fl_place *to, uint64_t *offset,
                  flow_error **err)
{
    struct fl_store *store = cursor->store;

    fl_lock(&store->checkpoint_lock);
    int rc = seek(cursor, to, offset, err);
    fl_unlock(&store->checkpoint_lock);
    return rc;
}

static int set_terms(struct fl_cursor *cursor, const struct fl_terms *terms, flow_error **err)
{
    struct fl_store *store = cursor->store;
    const struct fl_change change = {.kind = FL_CHANGE_TERMS, .cursor = cursor, .terms = *terms};
    int rc = check_there(cursor, err);

    if (!rc)
        rc = fl_store_write_change(store, &change, err);
    if (rc)
        return rc;
    fl_lock(&cursor->lock);
    fl_cursor_set_terms(cursor, terms);
    fl_unlock(&cursor->lock);
    fl_lock(&store->lock);
    count_blockers(store);
    fl_unlock(&store->lock);
    fl_store_changed(store);
    return FLOW_OK;
}

int fl_store_set_terms(struct fl_cursor *cursor, const struct fl_terms *terms, flow_error **err)
{
    struct fl_store *store = cursor->store;

    fl_lock(&store->checkpoint_lock);
    int rc = set_terms(cursor, terms, err);
    fl_unlock(&store->checkpoint_lock);
    return rc;
}

static int remove_cursor(struct fl_cursor *cursor, flow_error **err)
{
    struct fl_store *store = cursor->store;
    const struct fl_change change = {.kind = FL_CHANGE_REMOVE, .cursor = cursor};
    int rc = check_there(cursor, err);

    if (!rc && store->cursor_count == 1)
        rc = flow_error_setf(err, FLOW_ESTATE,
                             "consumer '%s' is the only one of the channel; add another first",
                             cursor->name);
    if (!rc)
        rc = fl_store_write_change(store, &change, err);
    if (rc)
        return rc;
    take_off(store, cursor);
    fl_cursor_move(cursor, 0, UINT64_MAX);
    return FLOW_OK;
}

int fl_store_remove_cursor(struct fl_cursor *cursor, flow_error **err)
{
    struct fl_store *store = cursor->store;

    fl_lock(&store->checkpoint_lock);
    int rc = remove_cursor(cursor, err);
    fl_unlock(&store->checkpoint_lock);
    return rc;
}
