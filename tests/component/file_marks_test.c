/* SPDX-License-Identifier: Apache-2.0 */

/* The file channel keeps marks of sinks with the events that are gone. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "suite.h"

static flow_position position_of(const char *key, const char *value)
{
    return (flow_position){key, value, strlen(key), value ? strlen(value) : 0};
}

/* Takes COUNT numbers from FIRST on, and marks them. */
static flow_txn *take_at(struct memory_rig *rig, uint64_t first, size_t count, const char *key,
                         const char *value)
{
    flow_txn *txn = begin(rig->channel);
    const flow_position mark = position_of(key, value);

    if (count)
        expect_take(txn, count, first, count);
    ck_assert_int_eq(fl_txn_put_mark(txn, &mark, NULL), FLOW_OK);
    return txn;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct texts {
    char *items[8];
    size_t count;
};

static int add_text(void *arg, const flow_position *position)
{
    struct texts *texts = arg;

    ck_assert_int_gt(asprintf(&texts->items[texts->count++], "%.*s=%.*s ", (int)position->key_size,
                              (const char *)position->key, (int)position->value_size,
                              (const char *)position->value),
                     0);
    return FLOW_OK;
}

/* What the channel has stored, in the order of the keys, and how many events wait. */
static void expect(struct memory_rig *rig, const char *wanted, uint64_t waiting)
{
    const flow_channel *channel = rig->channel;
    struct texts texts = {.count = 0};
    char text[256] = "";

    ck_assert_int_eq(channel->ops->positions(channel->self, NULL, 0, add_text, &texts), FLOW_OK);
    qsort(texts.items, texts.count, sizeof texts.items[0], by_text);
    for (size_t i = 0; i < texts.count; i++) {
        strcat(text, texts.items[i]);
        free(texts.items[i]);
    }
    ck_assert_str_eq(text, wanted);
    ck_assert_uint_eq(flow_channel_size(channel), waiting);
}

START_TEST(a_mark_is_there_when_its_events_are_gone)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    places_up(&rig, AT(&places));
    put_numbers(&rig, 0, 30);
    flow_txn *txn = take_at(&rig, 0, 10, "f", "10");
    expect(&rig, "", 20);
    commit(txn);
    expect(&rig, "f=10 ", 20);
    txn = take_at(&rig, 10, 10, "f", "20");
    roll_back(txn);
    expect(&rig, "f=10 ", 20);
    txn = take_at(&rig, 10, 10, "f", "20");
    const flow_position second = position_of("g", "5");
    ck_assert_int_eq(fl_txn_put_mark(txn, &second, NULL), FLOW_OK);
    commit(txn);
    expect(&rig, "f=20 g=5 ", 10);
    commit(take_at(&rig, 0, 0, "f", NULL));
    expect(&rig, "g=5 ", 10);
    places_reopen(&rig);
    expect(&rig, "g=5 ", 10);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(a_transaction_that_puts_has_no_marks)
{
    const flow_position mark = position_of("f", "1");
    flow_error *err = NULL;
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    places_up(&rig, AT(&places));
    flow_txn *txn = begin(rig.channel);
    put_into(&rig, txn, 0, 1);
    int rc = fl_txn_put_mark(txn, &mark, &err);
    expect_error(rc, FLOW_ESTATE, err, "take() called on a transaction that puts");
    flow_txn_free(txn);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

/* Ends in the middle of a transaction whose mark must not be seen. */
static void take_and_die(const struct places *places)
{
    struct memory_rig rig;

    places_up(&rig, AT(places));
    put_numbers(&rig, 0, 100);
    commit(take_at(&rig, 0, 10, "a", "10"));
    flow_txn *first = take_at(&rig, 10, 10, "a", "20");
    commit(take_at(&rig, 20, 10, "b", "30")); /* ranges above the watermark */
    commit(first);
    commit(take_at(&rig, 0, 0, "c", "1"));
    commit(take_at(&rig, 0, 0, "c", NULL));
    commit(take_at(&rig, 30, 10, "c", "0"));
    take_at(&rig, 40, 10, "a", "50");
}

START_TEST(marks_survive_a_kill)
{
    struct places places;
    struct memory_rig rig;

    for (unsigned folders = 1; folders <= 3; folders++) {
        places_init(&places, folders);
        places_dies(&places, take_and_die);
        for (int lose = 0; lose < 2; lose++) {
            places_up(&rig, AT(&places));
            expect(&rig, "a=20 b=30 c=0 ", 60);
            rig_down(&rig);
            places_lose_control(&places);
        }
        places_up(&rig, AT(&places));
        take_all(&rig, 40, 60);
        rig_down(&rig);
        places_free(&places);
    }
}
END_TEST

/* Small segments that are used again: what their frames said must be in the state. */
START_TEST(marks_outlive_the_files_they_were_written_to)
{
    struct places places;
    struct memory_rig rig;
    char value[24];

    places_init(&places, 2);
    places_up(&rig, AT(&places, "maxFileSize", "65536"));
    commit(take_at(&rig, 0, 0, "old", "1"));
    for (uint64_t n = 0; n < 300; n++) {
        snprintf(value, sizeof value, "%08u", (unsigned)n);
        put_numbers(&rig, n * 100, 100);
        commit(take_at(&rig, n * 100, 100, "f", value));
        if (n % 100 == 50)
            places_reopen(&rig);
    }
    for (int lose = 0; lose < 2; lose++) {
        rig_down(&rig);
        if (lose)
            places_lose_control(&places);
        places_up(&rig, AT(&places, "maxFileSize", "65536"));
        expect(&rig, "f=00000299 old=1 ", 0);
    }
    rig_down(&rig);
    places_free(&places);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_mark_is_there_when_its_events_are_gone", a_mark_is_there_when_its_events_are_gone},
        {"a_transaction_that_puts_has_no_marks", a_transaction_that_puts_has_no_marks},
        {"marks_survive_a_kill", marks_survive_a_kill},
        {"marks_outlive_the_files_they_were_written_to",
         marks_outlive_the_files_they_were_written_to},
    };

    return RUN_SUITE("file_marks", tests);
}
