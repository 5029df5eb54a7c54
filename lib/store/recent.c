/* SPDX-License-Identifier: Apache-2.0 */

/* The runs that cursors find in memory, so that what was just put is not read back. */

#include "store/store_inner.h"

#define RUN_KEPT 1 /* run->state: it is in the list */
#define RUN_GONE 0

static void drop_oldest(struct fl_recent *recent)
{
    struct fl_run *run = recent->oldest;

    recent->oldest = run->next;
    if (!recent->oldest)
        recent->newest = NULL;
    recent->first = fl_run_end(run);
    recent->weight -= run->weight;
    run->state = RUN_GONE;
    run->next = NULL;
    fl_run_unref(run);
}

void fl_recent_add(struct fl_recent *recent, struct fl_run *run)
{
    run->state = RUN_KEPT;
    run->next = NULL;
    if (recent->newest)
        recent->newest->next = run;
    else
        recent->oldest = run;
    recent->newest = run;
    recent->weight += run->weight;
    while (recent->weight > recent->most)
        drop_oldest(recent);
}

void fl_recent_free(struct fl_recent *recent)
{
    while (recent->oldest)
        drop_oldest(recent);
}

/* Gives up what every cursor has passed. */
static void trim(struct fl_store *store)
{
    uint64_t passed = UINT64_MAX;

    for (const struct fl_cursor *c = store->cursors; c; c = c->next_cursor)
        passed = c->passed < passed ? c->passed : passed;
    while (store->recent.oldest && fl_run_end(store->recent.oldest) <= passed)
        drop_oldest(&store->recent);
}

/* Where to look first: behind the run the cursor has, if that is still in the list. */
static struct fl_run *start(const struct fl_recent *recent, const struct fl_run *run)
{
    return run && run->state == RUN_KEPT ? run->next : recent->oldest;
}

int fl_recent_find(struct fl_cursor *cursor, uint64_t *below)
{
    struct fl_store *store = cursor->store;
    struct fl_run *old = cursor->run, *found = NULL;

    fl_lock(&store->lock);
    if (cursor->next >= store->recent.first) {
        found = start(&store->recent, old);
        while (found && fl_run_end(found) <= cursor->next)
            found = found->next;
        *below = cursor->next;
    } else {
        *below = store->recent.first;
    }
    cursor->run = found ? fl_run_ref(found) : NULL;
    cursor->passed = cursor->next;
    trim(store);
    fl_unlock(&store->lock);
    fl_run_unref(old);
    return found != NULL;
}
