/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_ROTATION_H
#define FL_BASE_ROTATION_H

/*
 * In which order equals are tried, sinks of a group or hosts of a client: each time beginning with
 * the next, or at random, and without those that failed lately.  The numbers are Flume's.  Times
 * are milliseconds of a clock that only goes forward.  For one thread at a time.
 */

#include "base/mem.h"

#define FL_PENALTY_MS 30000 /* the longest pause where nothing else is said */

/* The pause after FAILURES in a row, 1 or more: 2^FAILURES seconds, at most MOST_MS. */
int64_t fl_penalty(unsigned failures, int64_t most_ms);

struct fl_rotation_rules {
    int at_random;   /* every order is as likely as any other; else each in turn comes first */
    int backs_off;   /* who fails is left out for a while; else all are always tried */
    int64_t most_ms; /* the longest that one is left out */
    uint64_t seed;   /* of what is random */
};

struct fl_rotation;

/* A rotation of COUNT, of whom none has failed; NULL without memory. */
struct fl_rotation *fl_rotation_new(const flow_allocator *mem, size_t count,
                                    const struct fl_rotation_rules *rules);
void fl_rotation_free(struct fl_rotation *rotation);

/* Finds whom to try at NOW: returns how many, and points ORDER to their numbers, from 0, which stay
 * until the next call.  Returns 0 when all are left out. */
size_t fl_rotation_begin(struct fl_rotation *rotation, int64_t now, const size_t **order);

/* Notes that the one with this INDEX failed at NOW. */
void fl_rotation_failed(struct fl_rotation *rotation, size_t index, int64_t now);

/* When the first of those that are left out at NOW is back; NOW when nobody is left out. */
int64_t fl_rotation_due(const struct fl_rotation *rotation, int64_t now);

#endif
