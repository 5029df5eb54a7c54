/* SPDX-License-Identifier: Apache-2.0 */

/* The file channel on real folders: what comes back after it was closed, or not closed. */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "places.h"
#include "suite.h"

START_TEST(events_come_out_as_they_went_in)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    places_up(&rig, AT(&places));
    put_numbers(&rig, 0, 100);
    put_numbers(&rig, 100, 1);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 101);
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 50, 0, 50);
    roll_back(txn);
    take_all(&rig, 0, 101);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(what_was_not_taken_is_there_after_a_stop)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    places_up(&rig, AT(&places));
    put_numbers(&rig, 0, 1000);
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 300, 0, 300);
    commit(txn);
    places_reopen(&rig);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 700);
    put_numbers(&rig, 1000, 10);
    places_reopen(&rig);
    take_all(&rig, 300, 710);
    places_reopen(&rig);
    ck_assert_uint_eq(flow_channel_size(rig.channel), 0);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

static void put_and_take_some(const struct places *places)
{
    struct memory_rig rig;

    places_up(&rig, AT(places));
    put_numbers(&rig, 0, 500);
    flow_txn *first = begin(rig.channel);
    flow_txn *second = begin(rig.channel);
    flow_txn *third = begin(rig.channel);
    expect_take(first, 100, 0, 100);
    expect_take(second, 100, 100, 100);
    expect_take(third, 50, 200, 50);
    commit(first);
    commit(third); /* the second is never committed */
    flow_txn *open = begin(rig.channel);
    put_into(&rig, open, 500, 100); /* nor is this */
}

START_TEST(a_process_that_dies_loses_only_what_was_not_committed)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    places_dies(&places, put_and_take_some);
    places_up(&rig, AT(&places));
    ck_assert_uint_eq(flow_channel_size(rig.channel), 350);
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 100, 100, 100);
    commit(txn);
    take_all(&rig, 250, 250);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(the_log_is_whole_without_its_control_folder)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    for (int i = 0; i < 2; i++) {
        places_up(&rig, AT(&places, "maxFileSize", "65536"));
        if (i == 0) {
            put_numbers(&rig, 0, 100);
            for (uint64_t n = 0; n < 300; n++) {
                flow_txn *txn = begin(rig.channel);
                expect_take(txn, 10, n * 10, 10);
                commit(txn);
                put_numbers(&rig, 100 + n * 10, 10);
            }
        } else {
            take_all(&rig, 3000, 100);
        }
        rig_down(&rig);
        places_lose_control(&places);
    }
    places_up(&rig, AT(&places, "maxFileSize", "65536"));
    ck_assert_uint_eq(flow_channel_size(rig.channel), 0);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(several_folders_hold_one_channel)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 3);
    places_up(&rig, AT(&places));
    for (uint64_t n = 0; n < 50; n++)
        put_numbers(&rig, n * 20, 20);
    places_reopen(&rig);
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 250, 0, 250);
    commit(txn);
    places_reopen(&rig);
    take_all(&rig, 250, 750);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

static size_t count_files(const struct places *places)
{
    char path[128];
    size_t count = 0;

    snprintf(path, sizeof path, "%s/data0", places->root);
    DIR *folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += strncmp(entry->d_name, "segment-", 8) == 0;
    closedir(folder);
    return count;
}

START_TEST(files_are_given_back_when_nothing_in_them_is_needed)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    places_up(&rig, AT(&places, "maxFileSize", "65536"));
    for (uint64_t n = 0; n < 400; n++) {
        put_numbers(&rig, n * 100, 100);
        flow_txn *txn = begin(rig.channel);
        expect_take(txn, 100, n * 100, 100);
        commit(txn);
    }
    places_reopen(&rig);
    places_reopen(&rig);
    ck_assert_uint_le(count_files(&places), 3);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(a_backlog_larger_than_memory_is_read_back)
{
    struct places places;
    struct memory_rig rig;
    static char body[1000];
    const flow_event *const *events;
    size_t count;

    places_init(&places, 2);
    places_up(&rig, AT(&places, "transactionCapacity", "1000"));
    flow_batch *batch;
    ck_assert_int_eq(flow_batch_new(rig.lib, &batch, NULL), FLOW_OK);
    for (unsigned n = 0; n < 100; n++) {
        flow_batch_clear(batch);
        for (unsigned i = 0; i < 500; i++) {
            memcpy(body, &(unsigned){n * 500 + i}, sizeof n);
            ck_assert_int_eq(flow_batch_add(batch, body, sizeof body, NULL), FLOW_OK);
        }
        flow_txn *txn = begin(rig.channel);
        ck_assert_int_eq(flow_txn_put_batch(txn, batch, NULL), FLOW_OK);
        commit(txn);
    }
    flow_batch_free(batch);
    for (unsigned done = 0; done < 50000; done += (unsigned)count) {
        flow_txn *txn = begin(rig.channel);
        ck_assert_int_eq(flow_txn_take(txn, 777, 0, &events, &count, NULL), FLOW_OK);
        ck_assert_uint_gt(count, 0);
        for (size_t i = 0; i < count; i++)
            ck_assert_mem_eq(flow_event_body(events[i], NULL), &(unsigned){done + (unsigned)i},
                             sizeof(unsigned));
        commit(txn);
    }
    ck_assert_uint_eq(flow_channel_size(rig.channel), 0);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(events_of_every_shape_come_back)
{
    struct places places;
    struct memory_rig rig;
    const flow_header headers[] = {
        {"key", "value", 3, 5}, {"", "", 0, 0}, {"bytes", "\0\xff\n", 5, 3}};
    const flow_event *const *events;
    flow_header header;
    size_t count, size = (size_t)3 << 20;
    char *large = calloc(1, size);

    places_init(&places, 1);
    places_up(&rig, AT(&places, "maxFileSize", "65536"));
    flow_batch *batch;
    ck_assert_int_eq(flow_batch_new(rig.lib, &batch, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_add(batch, "", 0, NULL), FLOW_OK);
    ck_assert_int_eq(
        flow_batch_add_full(batch, "body", 4, headers, 3, sizeof headers[0], NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_add(batch, large, size, NULL), FLOW_OK);
    flow_txn *txn = begin(rig.channel);
    ck_assert_int_eq(flow_txn_put_batch(txn, batch, NULL), FLOW_OK);
    commit(txn);
    flow_batch_free(batch);
    places_reopen(&rig);

    txn = begin(rig.channel);
    ck_assert_int_eq(flow_txn_take(txn, 10, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(flow_event_header_count(events[0]), 0);
    ck_assert_uint_eq(flow_event_header_count(events[1]), 3);
    ck_assert_str_eq(flow_event_header(events[1], "key", NULL), "value");
    ck_assert_int_eq(flow_event_header_at(events[1], 2, &header, sizeof header),
                     FLOW_OK);
    ck_assert_uint_eq(header.value_size, 3);
    ck_assert_mem_eq(header.value, "\0\xff\n", 3);
    ck_assert_mem_eq(flow_event_body(events[1], &count), "body", 4);
    ck_assert_mem_eq(flow_event_body(events[2], &count), large, size);
    ck_assert_uint_eq(count, size);
    commit(txn);
    free(large);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(a_full_channel_takes_no_more_until_there_is_room)
{
    struct places places;
    struct memory_rig rig;
    flow_error *err = NULL;

    places_init(&places, 1);
    places_up(&rig, AT(&places, "capacity", "10", "transactionCapacity", "10"));
    put_numbers(&rig, 0, 10);
    places_reopen(&rig);
    flow_batch *batch = numbered_batch(rig.lib, 10, 1);
    flow_txn *txn = begin(rig.channel);
    int rc = fl_txn_put_events(txn, flow_batch_events(batch), 1, 0, NULL, &err);
    expect_error(rc, FLOW_EFULL, err, "space for 1 events");
    flow_txn *taking = begin(rig.channel);
    expect_take(taking, 5, 0, 5);
    ck_assert_int_eq(fl_txn_put_events(txn, flow_batch_events(batch), 1, 0, NULL, NULL),
                     FLOW_EFULL);
    commit(taking);
    ck_assert_int_eq(flow_txn_put_batch(txn, batch, NULL), FLOW_OK);
    commit(txn);
    flow_batch_free(batch);
    take_all(&rig, 5, 6);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(a_folder_in_use_is_refused)
{
    struct places places;
    struct memory_rig rig, second;
    flow_error *err = NULL;

    places_init(&places, 1);
    places_up(&rig, AT(&places));
    int rc = memory_rig_new(&second, RIG_FILE, AT(&places), &err);
    expect_error(rc, FLOW_EIO, err, "already locked by this process");
    memory_rig_free(&second);
    pid_t child = fork();
    if (child == 0) {
        err = NULL;
        rc = memory_rig_new(&second, RIG_FILE, AT(&places), &err);
        _exit(rc == FLOW_EIO && strstr(flow_error_message(err), "already locked") ? 0 : 1);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    put_numbers(&rig, 0, 5);
    take_all(&rig, 0, 5);
    rig_down(&rig);
    places_up(&rig, AT(&places));
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(commits_that_do_not_wait_are_there_after_a_stop)
{
    struct places places;
    struct memory_rig rig;

    places_init(&places, 1);
    places_up(&rig, AT(&places, "fsyncPerTransaction", "false"));
    put_numbers(&rig, 0, 50);
    places_reopen(&rig);
    take_all(&rig, 0, 50);
    rig_down(&rig);
    places_free(&places);
}
END_TEST

START_TEST(bad_settings_are_refused)
{
    struct places places;
    struct memory_rig rig;
    flow_error *err = NULL;

    places_init(&places, 1);
    int rc = memory_rig_new(&rig, RIG_FILE, AT(&places, "useDualCheckpoints", "true"), &err);
    expect_error(rc, FLOW_ECONFIG, err, "backupCheckpointDir");
    memory_rig_free(&rig);
    err = NULL;
    rc = memory_rig_new(&rig, RIG_FILE,
                        AT(&places, "useDualCheckpoints", "true", "backupCheckpointDir",
                           places.control),
                        &err);
    expect_error(rc, FLOW_ECONFIG, err, "it is checkpointDir");
    memory_rig_free(&rig);
    err = NULL;
    rc = memory_rig_new(&rig, RIG_FILE, AT(&places, "encryption.activeKey", "k"), &err);
    expect_error(rc, FLOW_ECONFIG, err, "together, or not at all");
    memory_rig_free(&rig);
    err = NULL;
    rc = memory_rig_new(&rig, RIG_FILE, SETTINGS("dataDirs", " , "), &err);
    expect_error(rc, FLOW_ECONFIG, err, "no folder");
    memory_rig_free(&rig);
    places_free(&places);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"in and out", events_come_out_as_they_went_in},
        {"stop", what_was_not_taken_is_there_after_a_stop},
        {"death", a_process_that_dies_loses_only_what_was_not_committed},
        {"no control", the_log_is_whole_without_its_control_folder},
        {"several folders", several_folders_hold_one_channel},
        {"files", files_are_given_back_when_nothing_in_them_is_needed},
        {"backlog", a_backlog_larger_than_memory_is_read_back},
        {"shapes", events_of_every_shape_come_back},
        {"full", a_full_channel_takes_no_more_until_there_is_room},
        {"lock", a_folder_in_use_is_refused},
        {"lazy", commits_that_do_not_wait_are_there_after_a_stop},
        {"settings", bad_settings_are_refused},
    };

    return RUN_SUITE("component/file_channel", tests);
}
