/* SPDX-License-Identifier: Apache-2.0 */

/* The file channel keeps positions of sources with the events they came with. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "suite.h"

static void put_position(flow_txn *txn, const char *key, const char *value)
{
    const flow_position position = {key, value, strlen(key), value ? strlen(value) : 0};

    ck_assert_int_eq(fl_txn_put_position(txn, &position, NULL), FLOW_OK);
}

/* Commits COUNT numbers from FIRST on, and a position. */
static void put_at(struct memory_rig *rig, uint64_t first, size_t count, const char *key,
                   const char *value)
{
    flow_txn *txn = begin(rig->channel);

    put_into(rig, txn, first, count);
    put_position(txn, key, value);
    commit(txn);
}

static int add_text(void *arg, const flow_position *position)
{
    char *text = arg;

    sprintf(text + strlen(text), "%.*s=%.*s ", (int)position->key_size, (const char *)position->key,
            (int)position->value_size, (const char *)position->value);
    return FLOW_OK;
}

/* What the channel has of KEY, or all when that is NULL. */
static void expect(struct memory_rig *rig, const char *key, const char *wanted)
{
    char text[256] = "";
    const flow_channel *channel = rig->channel;
    int rc = channel->ops->positions(channel->self, key, key ? strlen(key) : 0, add_text, text);

    ck_assert_int_eq(rc, FLOW_OK);
    ck_assert_str_eq(text, wanted);
}

START_TEST(a_position_is_there_when_its_events_are)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    places_up(&rig, AT(&places));
    expect(&rig, "a", "");
    put_at(&rig, 0, 10, "a", "10");
    expect(&rig, "a", "a=10 ");
    expect(&rig, "b", "");
    flow_txn *txn = begin(rig.channel);
    put_into(&rig, txn, 10, 10);
    put_position(txn, "a", "20");
    put_position(txn, "b", "20");
    roll_back(txn);
    expect(&rig, NULL, "a=10 ");
    put_at(&rig, 10, 10, "a", "09"); /* later, but not larger */
    expect(&rig, NULL, "a=10 ");
    ck_assert_uint_eq(flow_channel_size(rig.channel), 20);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(a_position_can_come_without_events)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    places_up(&rig, AT(&places));
    for (uint64_t round = 0; round < 2; round++) {
        put_numbers(&rig, round * 5, 5);
        put_at(&rig, 0, 0, "a", round ? "7" : "5");
        put_numbers(&rig, 100 + round, 1);
        expect(&rig, "a", round ? "a=7 " : "a=5 ");
        flow_txn *txn = begin(rig.channel);
        expect_take(txn, 5, round * 5, 5);
        expect_take(txn, 5, 100 + round, 1);
        commit(txn);
        ck_assert_uint_eq(flow_channel_size(rig.channel), 0);
        places_reopen(&rig);
        expect(&rig, "a", round ? "a=7 " : "a=5 ");
    }
    rig_down(&rig);
    places_free(&places);
}
END_TEST

static void put_and_forget(const struct places *places)
{
    struct memory_rig rig;

    places_up(&rig, AT(places));
    put_at(&rig, 0, 10, "a", "10");
    put_at(&rig, 10, 10, "b", "20");
    put_at(&rig, 20, 10, "a", "30");
    put_at(&rig, 30, 0, "b", NULL);
    put_at(&rig, 30, 0, "c", "5");
    put_at(&rig, 30, 0, "c", NULL);
    put_at(&rig, 30, 0, "c", "2"); /* smaller, in a life of its own */
    flow_txn *txn = begin(rig.channel);
    put_into(&rig, txn, 30, 10); /* never committed */
    put_position(txn, "a", "40");
}

static void expect_put_and_forgotten(struct memory_rig *rig)
{
    ck_assert_uint_eq(flow_channel_size(rig->channel), 30);
    expect(rig, "a", "a=30 ");
    expect(rig, "b", "");
    expect(rig, "c", "c=2 ");
}

START_TEST(positions_survive_a_kill)
{
    struct places places;
    struct memory_rig rig;

    for (unsigned folders = 1; folders <= 3; folders++) {
        places_init(&places, folders);
        places_dies(&places, put_and_forget);
        places_up(&rig, AT(&places));
        expect_put_and_forgotten(&rig);
        places_reopen(&rig);
        expect_put_and_forgotten(&rig);
        rig_down(&rig);
        places_free(&places);
    }
}
END_TEST

START_TEST(positions_survive_the_loss_of_the_control_folder)
{
    struct places places;
    struct memory_rig rig;

    for (unsigned folders = 1; folders <= 3; folders++) {
        places_init(&places, folders);
        places_dies(&places, put_and_forget);
        for (int i = 0; i < 2; i++) {
            places_lose_control(&places);
            places_up(&rig, AT(&places));
            expect_put_and_forgotten(&rig);
            rig_down(&rig);
        }
        places_free(&places);
    }
}
END_TEST

/* Small segments that are used again: what their frames said must be in the state. */
START_TEST(positions_outlive_the_files_they_were_written_to)
{
    struct places places;
    struct memory_rig rig;
    char value[24];

    places_init(&places, 2);
    places_up(&rig, AT(&places, "maxFileSize", "65536"));
    put_at(&rig, 0, 0, "old", "1");
    put_at(&rig, 0, 0, "gone", "1");
    for (uint64_t n = 0; n < 300; n++) {
        snprintf(value, sizeof value, "%08u", (unsigned)n);
        put_at(&rig, n * 100, 100, "a", value);
        if (n == 20)
            put_at(&rig, 0, 0, "gone", NULL);
        flow_txn *txn = begin(rig.channel);
        expect_take(txn, 100, n * 100, 100);
        commit(txn);
        if (n % 100 == 50)
            places_reopen(&rig);
    }
    for (int lose = 0; lose < 2; lose++) {
        rig_down(&rig);
        if (lose)
            places_lose_control(&places);
        places_up(&rig, AT(&places, "maxFileSize", "65536"));
        expect(&rig, "old", "old=1 ");
        expect(&rig, "gone", "");
        expect(&rig, "a", "a=00000299 ");
    }
    rig_down(&rig);
    places_free(&places);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_position_is_there_when_its_events_are", a_position_is_there_when_its_events_are},
        {"a_position_can_come_without_events", a_position_can_come_without_events},
        {"positions_survive_a_kill", positions_survive_a_kill},
        {"positions_survive_the_loss_of_the_control_folder",
         positions_survive_the_loss_of_the_control_folder},
        {"positions_outlive_the_files_they_were_written_to",
         positions_outlive_the_files_they_were_written_to},
    };

    return RUN_SUITE("file_positions", tests);
}
