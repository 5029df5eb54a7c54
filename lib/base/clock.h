/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_CLOCK_H
#define FL_BASE_CLOCK_H

/*
 * The one place that reads a clock.  A clock is the system's, or a false one that only moves when
 * a test moves it.
 */

#include "base/mem.h"

#define FL_NEVER INT64_MAX

struct fl_clock;

/* The system's clock: constant, never freed. */
const struct fl_clock *fl_clock_system(void);

/* Milliseconds that only go forward. */
int64_t fl_clock_now(const struct fl_clock *clock);

/* Milliseconds since 1970, UTC. */
int64_t fl_clock_wall(const struct fl_clock *clock);

/* The time MS from now, FL_NEVER when that is too far to count or MS is negative. */
int64_t fl_clock_after(const struct fl_clock *clock, int64_t ms);
int fl_clock_is_false(const struct fl_clock *clock);

/* A false clock, which the caller frees.  Starts at 0, wall time at WALL_MS. */
struct fl_clock *fl_clock_false_new(const flow_allocator *mem, int64_t wall_ms);
void fl_clock_false_advance(struct fl_clock *clock, int64_t ms);
void fl_clock_false_set_wall(struct fl_clock *clock, int64_t wall_ms);
void fl_clock_false_free(const flow_allocator *mem, struct fl_clock *clock);

#endif
