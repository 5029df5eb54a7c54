/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_NAMES_H
#define FL_CORE_NAMES_H

/* Lists of names in one text ("round_robin|random"), and the name somebody probably meant. */

#include "base/mem.h"

/* Steps through a list: stores the next item's start and size and moves *REST behind it.  *REST
 * begins as the list, which may be NULL.  Returns 0 behind the last. */
int fl_names_next(const char **rest, const char **item, size_t *size);

/* The index of NAME in LIST without regard to case, or -1. */
int fl_names_index(const char *list, const char *name);
int fl_names_index_sized(const char *list, const char *name, size_t size);

/* 1 when LIST holds exactly NAME. */
int fl_names_has(const char *list, const char *name);

/* The best of the candidates offered so far; candidates must outlive it. */
struct fl_nearest {
    const char *wanted;
    const char *best;
    size_t best_size;
    unsigned distance;
};

void fl_nearest_init(struct fl_nearest *nearest, const char *wanted);
void fl_nearest_offer(struct fl_nearest *nearest, const char *candidate);
void fl_nearest_offer_list(struct fl_nearest *nearest, const char *list);

/* Stores "did you mean 'netcat'?" when a candidate is near enough, else NULL; the caller frees it.
 * FLOW_ENOMEM. */
int fl_nearest_hint(const struct fl_nearest *nearest, const flow_allocator *mem, char **hint);

#endif
