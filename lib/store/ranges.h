/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_RANGES_H
#define FL_STORE_RANGES_H

/* A set of offsets as ranges that neither overlap nor touch, in order. */

#include "base/vec.h"

struct fl_range {
    uint64_t first;
    uint64_t end; /* behind the last */
};

struct fl_ranges {
    struct fl_vec list; /* of struct fl_range */
};

void fl_ranges_init(struct fl_ranges *ranges, const flow_allocator *mem);
void fl_ranges_free(struct fl_ranges *ranges);

/* Makes sure that COUNT further ranges can be added without memory. */
int fl_ranges_reserve(struct fl_ranges *ranges, size_t count);

/* Adds [FIRST, END); returns how many of them were not there.  Room was reserved. */
uint64_t fl_ranges_add(struct fl_ranges *ranges, uint64_t first, uint64_t end);

/* Drops everything below OFFSET. */
void fl_ranges_trim(struct fl_ranges *ranges, uint64_t offset);

/* The range that holds OFFSET, or else the first one behind it; NULL when there is none. */
const struct fl_range *fl_ranges_find(const struct fl_ranges *ranges, uint64_t offset);

/* How many offsets are in the set. */
uint64_t fl_ranges_total(const struct fl_ranges *ranges);

#endif
