/* SPDX-License-Identifier: Apache-2.0 */

/* A doubly linked list with spare entries, so that a steady sink allocates nothing. */

#include "runtime/pending.h"

void fl_pending_init(struct fl_pending_list *list, const flow_allocator *mem)
{
    *list = (struct fl_pending_list){.mem = mem};
}

void fl_pending_free(struct fl_pending_list *list)
{
    while (list->spare) {
        struct fl_pending *next = list->spare->newer;
        fl_free(list->mem, list->spare);
        list->spare = next;
    }
}

struct fl_pending *fl_pending_add(struct fl_pending_list *list)
{
    struct fl_pending *entry = list->spare;

    if (entry)
        list->spare = entry->newer;
    else
        entry = fl_alloc(list->mem, sizeof(*entry));
    if (!entry)
        return NULL;

    *entry = (struct fl_pending){.older = list->newest};
    if (list->newest)
        list->newest->newer = entry;
    else
        list->oldest = entry;
    list->newest = entry;
    list->count++;
    return entry;
}

void fl_pending_remove(struct fl_pending_list *list, struct fl_pending *entry)
{
    if (entry->older)
        entry->older->newer = entry->newer;
    else
        list->oldest = entry->newer;
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        list->newest = entry->older;
    list->count--;

    flow_error_free(entry->cause);
    entry->newer = list->spare;
    list->spare = entry;
}

int fl_pending_can_roll_back(const struct fl_pending_list *list)
{
    int unfinished = 0;
    int possible = 0;

    for (const struct fl_pending *p = list->newest; p; p = p->older) {
        if (p->failed)
            possible = !unfinished;
        else
            unfinished = 1;
    }
    return possible;
}
