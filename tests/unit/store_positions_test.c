/* SPDX-License-Identifier: Apache-2.0 */

/* Positions of sources: what is known after a crash is what was durable, in whatever order the
 * pieces are found. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "failing.h"
#include "store/positions.h"
#include "suite.h"

#define KEYS 4u
#define STEPS 60u
#define SEEDS 4000u

static struct failing failing;

static void positions_up(struct fl_positions *positions)
{
    ck_assert_int_eq(fl_positions_init(positions, &failing.allocator), FLOW_OK);
}

/* A number as a value: big-endian. */
static void value_of(uint64_t number, uint8_t value[8])
{
    for (int i = 7; i >= 0; i--, number >>= 8)
        value[i] = (uint8_t)number;
}

/* A list of one record; NUMBER 0: forgotten. */
static void make_list(struct fl_buf *list, unsigned key, uint64_t number)
{
    uint8_t value[8];
    char name[8];
    int size = snprintf(name, sizeof name, "key%u", key);

    value_of(number, value);
    const flow_position position = {name, value, (size_t)size, number ? sizeof value : 0};
    fl_buf_init(list, &failing.allocator);
    ck_assert_int_eq(fl_position_append(list, &position), FLOW_OK);
}

static int read_number(void *arg, const flow_position *position)
{
    uint64_t *number = arg;
    const uint8_t *value = position->value;

    ck_assert_uint_eq(position->value_size, 8);
    for (int i = 0; i < 8; i++)
        *number = *number << 8 | value[i];
    return FLOW_OK;
}

/* What is stored of a key; 0: nothing. */
static uint64_t stored(struct fl_positions *positions, unsigned key)
{
    char name[8];
    uint64_t number = 0;
    int size = snprintf(name, sizeof name, "key%u", key);

    fl_positions_each(positions, name, (size_t)size, read_number, &number);
    return number;
}

static void put(struct fl_positions *positions, unsigned key, uint64_t number)
{
    struct fl_buf list;

    make_list(&list, key, number);
    ck_assert_int_eq(fl_positions_begin(positions, &list, NULL), FLOW_OK);
    fl_positions_land(positions, &list, 1);
    fl_buf_free(&list);
}

START_TEST(the_larger_value_stays_until_it_is_forgotten)
{
    struct fl_positions positions;

    failing_init(&failing);
    positions_up(&positions);
    ck_assert_uint_eq(stored(&positions, 0), 0);
    put(&positions, 0, 500);
    put(&positions, 0, 300);
    ck_assert_uint_eq(stored(&positions, 0), 500);
    put(&positions, 0, 0);
    ck_assert_uint_eq(stored(&positions, 0), 0);
    ck_assert_uint_eq(positions.count, 0);
    put(&positions, 0, 7);
    ck_assert_uint_eq(stored(&positions, 0), 7);
    fl_positions_free(&positions);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

/* ---- a store and its crashes, in small ---- */

struct world {
    unsigned seed;
    struct fl_positions positions;
    struct fl_buf frames[STEPS]; /* that became durable */
    size_t frame_count;
    struct fl_buf states[STEPS];
    size_t points[STEPS]; /* frames from here on may be news to a state */
    size_t state_count;
    uint64_t model[KEYS];
};

static unsigned below(struct world *world, unsigned limit)
{
    return (unsigned)rand_r(&world->seed) % limit;
}

static void note_state(struct world *world)
{
    struct fl_buf *state = &world->states[world->state_count];

    fl_buf_init(state, &failing.allocator);
    world->points[world->state_count++] = world->frame_count;
    ck_assert_int_eq(fl_positions_write(&world->positions, state), FLOW_OK);
}

static void step(struct world *world)
{
    unsigned key = below(world, KEYS);
    int forget = below(world, 4) == 0, durable = below(world, 5) > 0;
    uint64_t number = forget ? 0 : world->model[key] + 1 + below(world, 300);
    struct fl_buf list;

    make_list(&list, key, number);
    ck_assert_int_eq(fl_positions_begin(&world->positions, &list, NULL), FLOW_OK);
    if (below(world, 6) == 0) /* while it is under way */
        note_state(world);
    fl_positions_land(&world->positions, &list, durable);
    if (durable) {
        world->frames[world->frame_count++] = list;
        world->model[key] = number;
    } else {
        fl_buf_free(&list);
    }
}

/* Reads the latest state, perhaps one before it, all frames behind its point and some before it, in
 * any order. */
static void recover(struct world *world, struct fl_positions *found)
{
    size_t latest = world->state_count;
    size_t point = latest ? world->points[latest - 1] : 0;
    size_t from = point ? below(world, (unsigned)point + 1) : 0;
    size_t next_state = latest ? latest - 1 - (latest > 1 && below(world, 2)) : 0;
    uint8_t done[STEPS] = {0};

    for (size_t left = world->frame_count - from + (latest - next_state); left;) {
        size_t i = from + below(world, STEPS);
        if (i < world->frame_count && !done[i]) {
            done[i] = 1;
            left--;
            ck_assert_int_eq(fl_positions_join(found, world->frames[i].data, world->frames[i].size),
                             FLOW_OK);
        } else if (i >= world->frame_count && next_state < latest) {
            const struct fl_buf *state = &world->states[next_state++];
            left--;
            int rc = fl_positions_join_state(found, next_state, state->data, state->size);
            ck_assert_int_eq(rc, FLOW_OK);
        }
    }
    fl_positions_settle(found);
}

static void run_world(unsigned seed)
{
    struct world world = {.seed = seed};
    struct fl_positions found;
    unsigned steps = 1 + below(&world, STEPS - 1);

    positions_up(&world.positions);
    for (unsigned i = 0; i < steps; i++)
        step(&world);
    positions_up(&found);
    recover(&world, &found);
    for (unsigned key = 0; key < KEYS; key++) {
        ck_assert_msg(stored(&world.positions, key) == world.model[key], "seed %u", seed);
        ck_assert_msg(stored(&found, key) == world.model[key], "seed %u: key %u is %u, not %u",
                      seed, key, (unsigned)stored(&found, key), (unsigned)world.model[key]);
    }
    for (size_t i = 0; i < world.frame_count; i++)
        fl_buf_free(&world.frames[i]);
    for (size_t i = 0; i < world.state_count; i++)
        fl_buf_free(&world.states[i]);
    fl_positions_free(&found);
    fl_positions_free(&world.positions);
}

START_TEST(a_crash_leaves_what_was_durable_and_nothing_forgotten)
{
    failing_init(&failing);
    for (unsigned seed = 1; seed <= SEEDS; seed++)
        run_world(seed);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct fl_positions positions;
    struct fl_buf list;

    failing_init(&failing);
    positions_up(&positions);
    put(&positions, 1, 5);
    make_list(&list, 1, 9);
    const flow_position other = {"other", "value", 5, 5};
    ck_assert_int_eq(fl_position_append(&list, &other), FLOW_OK);
    for (int grants = 0, rc = FLOW_ENOMEM; rc != FLOW_OK; grants++) {
        failing_after(&failing, grants);
        rc = fl_positions_begin(&positions, &list, NULL);
        failing_after(&failing, -1);
        ck_assert_uint_eq(stored(&positions, 1), 5);
        ck_assert_uint_eq(positions.count, rc == FLOW_OK ? 2 : 1);
    }
    fl_positions_land(&positions, &list, 1);
    ck_assert_uint_eq(stored(&positions, 1), 9);
    fl_buf_free(&list);
    fl_positions_free(&positions);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

START_TEST(bytes_that_are_no_records_are_refused)
{
    struct fl_positions positions;
    struct fl_buf list;

    failing_init(&failing);
    positions_up(&positions);
    make_list(&list, 1, 5);
    for (size_t size = 1; size < list.size; size++)
        ck_assert_int_eq(fl_positions_join(&positions, list.data, size), FLOW_EPARSE);
    fl_le32_put(list.data, UINT32_MAX);
    ck_assert_int_eq(fl_positions_join(&positions, list.data, list.size), FLOW_EPARSE);
    ck_assert_int_eq(fl_positions_join_state(&positions, 1, list.data, 7), FLOW_EPARSE);
    fl_buf_free(&list);
    fl_positions_free(&positions);
}
END_TEST

START_TEST(a_full_table_still_takes_what_it_knows)
{
    static char large[FLOW_POSITION_MAX];
    struct fl_positions positions;
    struct fl_buf list;
    flow_error *err = NULL;
    int rc = FLOW_OK;

    failing_init(&failing);
    positions_up(&positions);
    for (uint32_t i = 0; rc == FLOW_OK; i++) {
        memcpy(large, &i, sizeof i);
        const flow_position position = {large, large, sizeof large, sizeof large};
        fl_buf_init(&list, &failing.allocator);
        ck_assert_int_eq(fl_position_append(&list, &position), FLOW_OK);
        rc = fl_positions_begin(&positions, &list, &err);
        if (rc == FLOW_OK)
            fl_positions_land(&positions, &list, 1);
        fl_buf_free(&list);
        ck_assert_uint_lt(i, 10000);
    }
    ck_assert_int_eq(rc, FLOW_ETOOBIG);
    flow_error_free(err);
    size_t count = positions.count;
    memset(large, 0, 4);
    const flow_position first = {large, NULL, sizeof large, 0};
    fl_buf_init(&list, &failing.allocator);
    ck_assert_int_eq(fl_position_append(&list, &first), FLOW_OK);
    ck_assert_int_eq(fl_positions_begin(&positions, &list, NULL), FLOW_OK);
    fl_positions_land(&positions, &list, 1);
    fl_buf_free(&list);
    ck_assert_uint_eq(positions.count, count - 1);
    fl_positions_free(&positions);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"the_larger_value_stays_until_it_is_forgotten",
         the_larger_value_stays_until_it_is_forgotten},
        {"a_crash_leaves_what_was_durable_and_nothing_forgotten",
         a_crash_leaves_what_was_durable_and_nothing_forgotten},
        {"every_allocation_may_fail", every_allocation_may_fail},
        {"bytes_that_are_no_records_are_refused", bytes_that_are_no_records_are_refused},
        {"a_full_table_still_takes_what_it_knows", a_full_table_still_takes_what_it_knows},
    };

    return RUN_SUITE("store_positions", tests);
}
