/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a stopped Flume has left goes into a file channel in the same folders: every event once, in
 * the order in which they were put, whoever runs in between.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flume_move.h"
#include "suite.h"

START_TEST(events_come_once_in_order_with_their_headers)
{
    struct flume_channel channel;
    struct journal journal;

    journal_backlog(&journal, &channel);
    flow_flume_stat stat = move_well(&channel);
    ck_assert_uint_eq(stat.events, MOVE_LEFT);
    ck_assert_uint_eq(stat.imported, MOVE_LEFT);
    ck_assert_uint_eq(stat.puts, MOVE_PUT);
    ck_assert_uint_eq(stat.takes, MOVE_TAKEN);
    ck_assert_uint_eq(stat.logs, 2);
    ck_assert(!move_has(&channel, "data0/log-1") && !move_has(&channel, "data0/log-import"));
    /* There is nothing left to be imported. */
    stat = move_well(&channel);
    ck_assert_uint_eq(stat.logs + stat.events + stat.imported, 0);
    ck_assert_uint_eq(stat.set_aside, 2);
    /* Moved back, it is known again. */
    move_shell(&channel, "mv data0/imported-*/* data0/ && mv data1/imported-*/* data1/");
    stat = move_well(&channel);
    ck_assert_uint_eq(stat.imported, 0);
    ck_assert_uint_eq(stat.skipped, MOVE_LEFT);
    move_expect_backlog(&channel);
    journal_end(&journal);
    flume_channel_free(&channel);
}
END_TEST

START_TEST(real_channels_keep_their_headers)
{
    struct flume_channel channel;
    const flow_event *const *events;
    struct rig rig;
    flow_txn *txn;
    size_t count, size;

    flume_channel_copy(&channel, TEST_DATA "/flume-log", "1.11.0", 2);
    flow_flume_stat stat = move_well(&channel);
    ck_assert_uint_eq(stat.imported, 12);
    ck_assert_uint_eq(stat.checkpoint, 1);
    ck_assert_uint_eq(stat.open_puts, 4);
    ck_assert_uint_eq(stat.open_takes, 4);
    ck_assert(move_has(&channel, "checkpoint/in_use.lock"));
    ck_assert(!move_has(&channel, "checkpoint/inflightputs"));
    rig_init(&rig, 0);
    ck_assert_int_eq(move_build(&rig, &channel, 10000, NULL), FLOW_OK);
    rig_start(&rig);
    ck_assert_int_eq(flow_txn_begin(rig_channel(&rig, "c1"), &txn, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_take(txn, 2, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(flow_event_header(events[1], "n", NULL), "4");
    ck_assert_str_eq(flow_event_header(events[1], "text", NULL),
                     "gr\xc3\xbc\xc3\x9f dich \xf0\x9f\x98\x80");
    flow_event_body(events[1], &size);
    ck_assert_uint_eq(size, 3000);
    flow_txn_free(txn);
    rig_free(&rig);
    flume_channel_free(&channel);
}
END_TEST

/* How often a channel says, when it is opened, that Flume has left something. */
static size_t warnings(const struct flume_channel *channel)
{
    struct rig rig;

    rig_init(&rig, 0);
    ck_assert_int_eq(move_build(&rig, channel, 10000, NULL), FLOW_OK);
    rig_start(&rig);
    size_t count = rig_logged(&rig, "WARN channel c1: Flume has left a log");
    rig_free(&rig);
    return count;
}

START_TEST(a_channel_says_that_flume_has_left_something)
{
    struct flume_channel channel;
    struct journal journal;

    journal_backlog(&journal, &channel);
    ck_assert_uint_eq(warnings(&channel), 1);
    move_well(&channel);
    ck_assert_uint_eq(warnings(&channel), 0);
    journal_end(&journal);
    flume_channel_free(&channel);
}
END_TEST

/* Imports as much as fits into a channel of CAPACITY. */
static void import_a_part(const struct flume_channel *channel, unsigned capacity)
{
    flow_flume_stat stat;
    struct rig rig;

    rig_init(&rig, 0);
    ck_assert_int_eq(move_import(&rig, channel, capacity, &stat, NULL), FLOW_EFULL);
    rig_free(&rig);
    ck_assert_uint_lt(stat.imported, MOVE_LEFT);
}

START_TEST(a_flume_that_runs_in_between_is_understood)
{
    const unsigned all[][2] = {{MOVE_TAKEN, 1900}, {2050, MOVE_PUT - 2050 + 60}};
    struct flume_channel channel;
    struct journal journal;

    journal_backlog(&journal, &channel);
    import_a_part(&channel, MOVE_BATCH + 200);
    /* Flume takes some that are imported and some that are not, and puts others. */
    for (unsigned i = MOVE_PUT; i < MOVE_PUT + 60; i++)
        journal_put(&journal, 3, i);
    journal_commit(&journal, 3);
    journal_take(&journal, 3, MOVE_TAKEN, 50);
    journal_take(&journal, 3, 2000, 50);
    journal_store(&journal, 3);
    flow_flume_stat stat = move_well(&channel);
    ck_assert_uint_gt(stat.skipped, 0);
    move_expect(&channel, all, 2);
    journal_end(&journal);
    flume_channel_free(&channel);
}
END_TEST

/* An import that leaves Flume's files where they are. */
static void import_and_keep(const struct flume_channel *channel)
{
    struct rig rig;
    flow_flume *flume;

    rig_init(&rig, 0);
    ck_assert_int_eq(move_open(rig.lib, channel, 0, &flume, NULL), FLOW_OK);
    ck_assert_int_eq(move_build(&rig, channel, 10000, NULL), FLOW_OK);
    ck_assert_int_eq(move_push(&rig, flume, NULL), FLOW_OK);
    flow_flume_free(flume);
    rig_free(&rig);
}

START_TEST(what_flume_puts_after_an_import_is_all_that_comes)
{
    const unsigned all[][2] = {{MOVE_TAKEN, MOVE_LEFT + 60}};
    struct flume_channel channel;
    struct journal journal;

    journal_backlog(&journal, &channel);
    import_and_keep(&channel);
    for (unsigned i = MOVE_PUT; i < MOVE_PUT + 60; i++)
        journal_put(&journal, 3, i);
    journal_commit(&journal, 3);
    journal_store(&journal, 3);
    flow_flume_stat stat = move_well(&channel);
    ck_assert_uint_eq(stat.imported, 60);
    ck_assert_uint_eq(stat.skipped, MOVE_LEFT);
    move_expect(&channel, all, 1);
    journal_end(&journal);
    flume_channel_free(&channel);
}
END_TEST

/* The import was killed when it had moved the checkpoint and the older log; then Flume ran, without
 * a checkpoint, and made another one. */
START_TEST(a_flume_that_runs_when_half_is_moved_is_understood)
{
    const unsigned all[][2] = {{MOVE_TAKEN, MOVE_LEFT + 60}};
    struct flume_channel channel;
    struct journal journal;

    journal_backlog(&journal, &channel);
    move_shell(&channel, "mkdir checkpoint && touch checkpoint/checkpoint checkpoint/inflightputs");
    channel.options.checkpoint_dir = channel.paths[FLUME_DIRS];
    move_well(&channel);
    move_shell(&channel,
               "mv data1/imported-*/log-2* data1 && mv data0/imported-*/log-import data0");
    move_shell(&channel, "touch checkpoint/checkpoint checkpoint/inflightputs");
    for (unsigned i = MOVE_PUT; i < MOVE_PUT + 60; i++)
        journal_put(&journal, 3, i);
    journal_commit(&journal, 3);
    journal_store(&journal, 3);
    flow_flume_stat stat = move_well(&channel);
    ck_assert_uint_eq(stat.imported, 60);
    ck_assert(!move_has(&channel, "checkpoint/checkpoint"));
    ck_assert(!move_has(&channel, "data1/log-2") && !move_has(&channel, "data0/log-import"));
    move_expect(&channel, all, 1);
    journal_end(&journal);
    flume_channel_free(&channel);
}
END_TEST

/* What is left of an import must not hide what another channel puts in the same folders, though its
 * logs have the numbers of the old ones and its records lower orders. */
START_TEST(a_new_channel_in_the_same_folders_is_another)
{
    const unsigned all[][2] = {{MOVE_TAKEN, MOVE_LEFT}, {0, 40}};
    struct flume_channel channel;
    struct journal journal;

    journal_backlog(&journal, &channel);
    move_well(&channel);
    journal_end(&journal);
    /* As a crash right before the end leaves it. */
    move_shell(&channel, "mv data0/imported-*/log-import data0/");
    journal_begin(&journal, &channel, 1);
    for (unsigned i = 0; i < 40; i++)
        journal_put(&journal, 1 + i % 3, i);
    for (uint32_t log = 1; log <= 3; log++) {
        journal_commit(&journal, log);
        journal_store(&journal, log);
    }
    flow_flume_stat stat = move_well(&channel);
    ck_assert_uint_eq(stat.imported, 40);
    ck_assert_uint_eq(stat.skipped, 0);
    move_expect(&channel, all, 2);
    journal_end(&journal);
    flume_channel_free(&channel);
}
END_TEST

START_TEST(logs_that_somebody_removed_are_noticed)
{
    struct flume_channel channel;
    struct journal journal;
    struct rig rig;
    flow_error *err = NULL;

    journal_backlog(&journal, &channel);
    import_a_part(&channel, MOVE_BATCH + 200);
    move_shell(&channel, "rm data1/log-2*");
    rig_init(&rig, 0);
    ck_assert_int_eq(move_import(&rig, &channel, 10000, NULL, &err), FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "has come to log-2, and now they have"));
    flow_error_free(err);
    rig_free(&rig);
    journal_end(&journal);
    flume_channel_free(&channel);
}
END_TEST

START_TEST(a_full_channel_is_waited_for_and_the_import_goes_on)
{
    struct rig_bodies *bodies = malloc(sizeof *bodies);
    struct flume_channel channel;
    struct journal journal;
    struct rig rig;
    flow_flume *flume;
    unsigned next = MOVE_TAKEN;
    int rc = FLOW_EFULL;

    ck_assert_ptr_nonnull(bodies);
    journal_backlog(&journal, &channel);
    rig_init(&rig, 0);
    ck_assert_int_eq(move_open(rig.lib, &channel, 0, &flume, NULL), FLOW_OK);
    ck_assert_int_eq(flow_flume_set_aside(flume, NULL), FLOW_ESTATE);
    ck_assert_int_eq(move_build(&rig, &channel, 400, NULL), FLOW_OK);
    rig_start(&rig);
    while (rc == FLOW_EFULL) {
        rc = flow_flume_import(flume, rig_inlet(&rig, "r1"), 0, NULL);
        rig_take(&rig, "c1", bodies);
        rig_expect(bodies, next, (unsigned)bodies->count);
        next += (unsigned)bodies->count;
    }
    ck_assert_int_eq(rc, FLOW_OK);
    ck_assert_uint_eq(next, MOVE_PUT);
    /* The channel has the same folders. */
    flow_error *err = NULL;
    ck_assert_int_eq(flow_flume_set_aside(flume, &err), FLOW_ESTATE);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "a channel of libflow's"));
    flow_error_free(err);
    rig_stop(&rig);
    ck_assert_int_eq(flow_flume_set_aside(flume, NULL), FLOW_OK);
    flow_flume_free(flume);
    rig_free(&rig);
    journal_end(&journal);
    flume_channel_free(&channel);
    free(bodies);
}
END_TEST

START_TEST(a_damaged_event_stops_all_or_is_counted)
{
    const unsigned all[][2] = {{MOVE_TAKEN, 2}, {MOVE_TAKEN + 3, MOVE_LEFT - 3}};
    struct flume_channel channel;
    struct journal journal;
    struct rig rig;
    flow_flume *flume;
    flow_error *err = NULL;
    char place[64];

    journal_backlog(&journal, &channel);
    uint32_t log = journal.log_of[MOVE_TAKEN + 2];
    uint32_t next = journal.offsets[MOVE_TAKEN + 3];
    ck_assert_uint_eq(journal.log_of[MOVE_TAKEN + 3], log);
    snprintf(place, sizeof place, "data%d/log-%u", log % 2 ? 0 : 1, log);
    /* The last byte of the body: behind it are its checksum and an empty foot. */
    flume_channel_flip(&channel, place, next - 11);
    rig_init(&rig, 0);
    ck_assert_int_eq(move_import(&rig, &channel, 10000, NULL, &err), FLOW_EPARSE);
    snprintf(place, sizeof place, "/log-%u is damaged at byte %u: ", log,
             journal.offsets[MOVE_TAKEN + 2]);
    ck_assert_msg(strstr(flow_error_message(err), place), "%s", flow_error_message(err));
    flow_error_free(err);
    ck_assert(!move_has(&channel, "data0/log-import"));
    ck_assert(!move_has(&channel, "checkpoint"));

    ck_assert_int_eq(move_open(rig.lib, &channel, FLOW_FLUME_LENIENT, &flume, NULL), FLOW_OK);
    ck_assert_int_eq(move_build(&rig, &channel, 10000, NULL), FLOW_OK);
    ck_assert_int_eq(move_push(&rig, flume, NULL), FLOW_OK);
    flow_flume_stat stat = {.struct_size = sizeof stat};
    ck_assert_int_eq(flow_flume_stat_get(flume, &stat), FLOW_OK);
    ck_assert_uint_eq(stat.damaged, 1);
    ck_assert_uint_eq(stat.imported, MOVE_LEFT - 1);
    flow_flume_free(flume);
    rig_free(&rig);
    move_expect(&channel, all, 2);
    journal_end(&journal);
    flume_channel_free(&channel);
}
END_TEST

START_TEST(wrong_options_are_refused)
{
    static const char *const dirs[] = {"/nowhere"};
    static const char *const odd[] = {"key"};
    const flow_flume_options wrong[] = {
        {.struct_size = sizeof wrong[0]},
        {.struct_size = sizeof wrong[0], .data = dirs, .data_count = 1, .flags = 2},
        {.struct_size = sizeof wrong[0], .data = dirs, .data_count = 1, .key_store = "x"},
        {.struct_size = sizeof wrong[0],
         .data = dirs,
         .data_count = 1,
         .key_passwords = odd,
         .key_password_count = 1},
        {.struct_size = 2},
    };
    const flow_flume_options missing = {
        .struct_size = sizeof missing, .data = dirs, .data_count = 1};
    struct rig rig;
    flow_flume *flume;

    rig_init(&rig, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_int_eq(flow_flume_open(rig.lib, &wrong[i], &flume, NULL), FLOW_EINVAL);
        ck_assert_ptr_null(flume);
    }
    ck_assert_int_eq(flow_flume_open(rig.lib, &missing, &flume, NULL), FLOW_ENOENT);
    flow_flume_free(NULL);
    rig_free(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"once", events_come_once_in_order_with_their_headers},
        {"headers", real_channels_keep_their_headers},
        {"Flume in between", a_flume_that_runs_in_between_is_understood},
        {"Flume afterwards", what_flume_puts_after_an_import_is_all_that_comes},
        {"Flume half way", a_flume_that_runs_when_half_is_moved_is_understood},
        {"another channel", a_new_channel_in_the_same_folders_is_another},
        {"logs removed", logs_that_somebody_removed_are_noticed},
        {"full", a_full_channel_is_waited_for_and_the_import_goes_on},
        {"damaged", a_damaged_event_stops_all_or_is_counted},
        {"warning", a_channel_says_that_flume_has_left_something},
        {"options", wrong_options_are_refused},
    };

    return RUN_SUITE("flume_import", tests);
}
