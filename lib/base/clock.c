/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The one place that reads a clock.  The system's clock has no state; a false one keeps its time
 * in atomics, since the test moves it while the component's threads look.
 */

#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"

struct fl_clock {
    int is_false;
    _Atomic int64_t now;
    _Atomic int64_t wall_at_zero; /* wall time when `now` was 0 */
};

const struct fl_clock *fl_clock_system(void)
{
    static const struct fl_clock system_clock = {.is_false = 0};

    return &system_clock;
}

static int64_t read_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t fl_clock_now(const struct fl_clock *clock)
{
    return clock->is_false ? atomic_load(&clock->now) : read_ms(CLOCK_MONOTONIC);
}

int64_t fl_clock_wall(const struct fl_clock *clock)
{
    if (!clock->is_false)
        return read_ms(CLOCK_REALTIME);
    return atomic_load(&clock->now) + atomic_load(&clock->wall_at_zero);
}

int64_t fl_clock_after(const struct fl_clock *clock, int64_t ms)
{
    int64_t time;

    if (ms < 0 || __builtin_add_overflow(fl_clock_now(clock), ms, &time))
        return FL_NEVER;
    return time;
}

int fl_clock_is_false(const struct fl_clock *clock)
{
    return clock->is_false;
}

struct fl_clock *fl_clock_false_new(const flow_allocator *mem, int64_t wall_ms)
{
    struct fl_clock *clock = fl_zalloc(mem, sizeof *clock);

    if (clock) {
        clock->is_false = 1;
        atomic_init(&clock->now, 0);
        atomic_init(&clock->wall_at_zero, wall_ms);
    }
    return clock;
}

void fl_clock_false_advance(struct fl_clock *clock, int64_t ms)
{
    atomic_fetch_add(&clock->now, ms);
}

void fl_clock_false_set_wall(struct fl_clock *clock, int64_t wall_ms)
{
    atomic_store(&clock->wall_at_zero, wall_ms - atomic_load(&clock->now));
}

void fl_clock_false_free(const flow_allocator *mem, struct fl_clock *clock)
{
    fl_free(mem, clock);
}
