/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Failures are counted per member and never forgiven by a success, as in Flume: what fails now and
 * then is left out longer each time.  They are forgotten when none came for an hour after the end
 * of the pause.
 */

#include "base/clock.h"
#include "base/rotation.h"

#define FAILURES_MOST 16 /* from there on a pause grows no more */
#define MEMORY_MS (INT64_C(60) * 60 * 1000)

struct member {
    unsigned failures;
    int64_t back_at; /* when its pause ends */
};

struct fl_rotation {
    const flow_allocator *mem;
    struct fl_rotation_rules rules;
    uint64_t random;
    size_t first; /* of those that can be tried, the one whose turn it is */
    size_t count;
    size_t *order;
    struct member members[];
};

int64_t fl_penalty(unsigned failures, int64_t most_ms)
{
    if (failures > FAILURES_MOST)
        failures = FAILURES_MOST;

    int64_t pause = INT64_C(1000) << failures;
    return pause < most_ms ? pause : most_ms;
}

struct fl_rotation *fl_rotation_new(const flow_allocator *mem, size_t count,
                                    const struct fl_rotation_rules *rules)
{
    size_t each = sizeof(struct member) + sizeof(size_t);

    if (count > (SIZE_MAX - sizeof(struct fl_rotation)) / each)
        return NULL;

    struct fl_rotation *made = fl_zalloc(mem, sizeof *made + count * each);
    if (!made)
        return NULL;
    made->mem = mem;
    made->rules = *rules;
    made->random = rules->seed;
    made->count = count;
    made->order = (size_t *)&made->members[count];
    return made;
}

void fl_rotation_free(struct fl_rotation *rotation)
{
    if (rotation)
        fl_free(rotation->mem, rotation);
}

/* The next of a row of random numbers (splitmix64), scaled to be below BOUND. */
static size_t draw(struct fl_rotation *rotation, size_t bound)
{
    uint64_t bits = rotation->random += UINT64_C(0x9e3779b97f4a7c15);

    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    bits ^= bits >> 31;
    return (size_t)((bits >> 32) * (uint64_t)bound >> 32);
}

static void swap(size_t *a, size_t *b)
{
    size_t kept = *a;

    *a = *b;
    *b = kept;
}

static void shuffle(struct fl_rotation *rotation, size_t found)
{
    for (size_t left = found; left > 1; left--)
        swap(&rotation->order[left - 1], &rotation->order[draw(rotation, left)]);
}

static void reverse(size_t *order, size_t count)
{
    for (size_t i = 0; i < count / 2; i++)
        swap(&order[i], &order[count - 1 - i]);
}

/* Lets the one whose turn it is come first, and all others follow as they stand. */
static void turn(struct fl_rotation *rotation, size_t found)
{
    size_t first = rotation->first < found ? rotation->first : 0;

    rotation->first = first + 1 < found ? first + 1 : 0;
    reverse(rotation->order, first);
    reverse(rotation->order + first, found - first);
    reverse(rotation->order, found);
}

static int is_out(const struct fl_rotation *rotation, size_t index, int64_t now)
{
    const struct member *member = &rotation->members[index];

    return member->failures > 0 && now < member->back_at;
}

size_t fl_rotation_begin(struct fl_rotation *rotation, int64_t now, const size_t **order)
{
    size_t found = 0;

    for (size_t i = 0; i < rotation->count; i++) {
        if (!is_out(rotation, i, now))
            rotation->order[found++] = i;
    }
    if (rotation->rules.at_random)
        shuffle(rotation, found);
    else
        turn(rotation, found);
    *order = rotation->order;
    return found;
}

void fl_rotation_failed(struct fl_rotation *rotation, size_t index, int64_t now)
{
    struct member *member = &rotation->members[index];

    if (!rotation->rules.backs_off)
        return;
    if (member->failures > 0 && now - member->back_at >= MEMORY_MS)
        member->failures = 0;
    if (member->failures < FAILURES_MOST)
        member->failures++;
    member->back_at = now + fl_penalty(member->failures, rotation->rules.most_ms);
}

int64_t fl_rotation_due(const struct fl_rotation *rotation, int64_t now)
{
    int64_t due = FL_NEVER;

    for (size_t i = 0; i < rotation->count; i++) {
        if (is_out(rotation, i, now) && rotation->members[i].back_at < due)
            due = rotation->members[i].back_at;
    }
    return due == FL_NEVER ? now : due;
}
