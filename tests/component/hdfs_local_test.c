/* SPDX-License-Identifier: Apache-2.0 */

/* The hdfs sink with local folders: names, folders, and when a file is complete. */

#include <stdlib.h>
#include <string.h>

#include "hdfs_rig.h"
#include "suite.h"

#define FILES(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void start(struct hdfs_rig *rig, const char *const *settings)
{
    hdfs_rig_init(rig, settings);
    hdfs_rig_start(rig);
}

START_TEST(a_file_has_another_name_until_it_is_complete)
{
    struct hdfs_rig rig;
    start(&rig, NULL);

    hdfs_rig_deliver(&rig, "one");
    hdfs_rig_await(&rig, FILES("FlumeData.1001.tmp"));
    hdfs_rig_check(&rig, "FlumeData.1001.tmp", "one\n");
    hdfs_rig_deliver(&rig, "two");
    ck_assert_int_eq(flow_harness_stop(rig.harness, NULL), FLOW_OK);
    hdfs_rig_await(&rig, FILES("FlumeData.1001"));
    hdfs_rig_check(&rig, "FlumeData.1001", "one\ntwo\n");
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(names_are_made_of_prefixes_and_suffixes)
{
    static const char *const settings[] = {"hdfs.filePrefix",
                                           "log-%{host}",
                                           "hdfs.fileSuffix",
                                           ".txt",
                                           "hdfs.inUsePrefix",
                                           "_",
                                           "hdfs.inUseSuffix",
                                           ".open",
                                           NULL};
    struct hdfs_rig rig;
    start(&rig, settings);

    hdfs_rig_add(&rig, "x", "host", "web");
    ck_assert_int_eq(hdfs_rig_run(&rig, NULL), FLOW_OK);
    hdfs_rig_await(&rig, FILES("_log-web.1001.txt.open"));
    flow_harness_stop(rig.harness, NULL);
    hdfs_rig_await(&rig, FILES("log-web.1001.txt"));
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(the_suffix_of_open_files_can_be_empty)
{
    static const char *const settings[] = {"hdfs.emptyInUseSuffix", "true", NULL};
    struct hdfs_rig rig;
    start(&rig, settings);

    hdfs_rig_deliver(&rig, "x");
    hdfs_rig_await(&rig, FILES("FlumeData.1001"));
    flow_harness_stop(rig.harness, NULL);
    hdfs_rig_await(&rig, FILES("FlumeData.1001"));
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(a_count_of_events_completes_a_file)
{
    static const char *const settings[] = {"hdfs.rollCount", "2", NULL};
    struct hdfs_rig rig;
    start(&rig, settings);

    for (int i = 0; i < 5; i++)
        hdfs_rig_add(&rig, "x", NULL, NULL);
    ck_assert_int_eq(hdfs_rig_run(&rig, NULL), FLOW_OK);
    hdfs_rig_await(&rig, FILES("FlumeData.1001", "FlumeData.1002", "FlumeData.1003.tmp"));
    hdfs_rig_check(&rig, "FlumeData.1002", "x\nx\n");
    hdfs_rig_check(&rig, "FlumeData.1003.tmp", "x\n");
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(a_number_of_bytes_completes_a_file)
{
    static const char *const settings[] = {"hdfs.rollSize", "6", NULL};
    struct hdfs_rig rig;
    start(&rig, settings);

    for (int i = 0; i < 3; i++)
        hdfs_rig_add(&rig, "four", NULL, NULL); /* newlines do not count */
    ck_assert_int_eq(hdfs_rig_run(&rig, NULL), FLOW_OK);
    hdfs_rig_await(&rig, FILES("FlumeData.1001", "FlumeData.1002.tmp"));
    hdfs_rig_check(&rig, "FlumeData.1001", "four\nfour\n");
    hdfs_rig_free(&rig);
}
END_TEST

/* More than one upload takes along: it is cut in the middle of an event. */
START_TEST(a_file_longer_than_an_upload_is_whole)
{
    enum { EVENTS = 140, SIZE = 1 << 20 };
    static const char *const settings[] = {"hdfs.batchSize", "1000", NULL};
    struct hdfs_rig rig;
    char *body = malloc(SIZE + 1);

    start(&rig, settings);
    body[SIZE] = '\0';
    for (int i = 0; i < EVENTS; i++) {
        memset(body, 'A' + i % 50, SIZE);
        hdfs_rig_add(&rig, body, NULL, NULL);
    }
    ck_assert_int_eq(hdfs_rig_run(&rig, NULL), FLOW_OK);
    flow_harness_stop(rig.harness, NULL);
    char *text = hdfs_rig_read(&rig, "FlumeData.1001"), *at = text;
    for (int i = 0; i < EVENTS; i++, at += SIZE + 1) {
        memset(body, 'A' + i % 50, SIZE);
        ck_assert_mem_eq(at, body, SIZE);
        ck_assert_int_eq(at[SIZE], '\n');
    }
    ck_assert_int_eq(*at, '\0');
    free(text);
    free(body);
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(time_completes_a_file)
{
    static const char *const settings[] = {"hdfs.rollInterval", "30", NULL};
    struct hdfs_rig rig;
    start(&rig, settings);

    hdfs_rig_deliver(&rig, "one");
    flow_harness_advance(rig.harness, 29999, NULL);
    hdfs_rig_deliver(&rig, "two");
    hdfs_rig_await(&rig, FILES("FlumeData.1001.tmp"));
    flow_harness_advance(rig.harness, 1, NULL);
    hdfs_rig_await(&rig, FILES("FlumeData.1001"));
    hdfs_rig_deliver(&rig, "three");
    hdfs_rig_await(&rig, FILES("FlumeData.1001", "FlumeData.31001.tmp"));
    hdfs_rig_check(&rig, "FlumeData.1001", "one\ntwo\n");
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(a_file_without_events_is_complete_after_the_idle_time)
{
    static const char *const settings[] = {"hdfs.idleTimeout", "10", NULL};
    struct hdfs_rig rig;
    start(&rig, settings);

    hdfs_rig_deliver(&rig, "one");
    flow_harness_advance(rig.harness, 9000, NULL);
    hdfs_rig_deliver(&rig, "two");
    flow_harness_advance(rig.harness, 9000, NULL);
    hdfs_rig_deliver(&rig, "three");
    hdfs_rig_await(&rig, FILES("FlumeData.1001.tmp"));
    flow_harness_advance(rig.harness, 10000, NULL);
    hdfs_rig_await(&rig, FILES("FlumeData.1001"));
    hdfs_rig_check(&rig, "FlumeData.1001", "one\ntwo\nthree\n");
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(no_more_files_are_open_than_allowed)
{
    static const char *const settings[] = {"hdfs.filePrefix", "%{n}", "hdfs.maxOpenFiles", "2",
                                           NULL};
    static const char *const order[] = {"a", "b", "a", "c"};
    struct hdfs_rig rig;
    start(&rig, settings);

    for (size_t i = 0; i < 4; i++) {
        hdfs_rig_add(&rig, "x", "n", order[i]);
        ck_assert_int_eq(hdfs_rig_run(&rig, NULL), FLOW_OK);
        flow_harness_advance(rig.harness, 1, NULL);
    }
    hdfs_rig_await(&rig, FILES("a.1001.tmp", "b.1002", "c.1004.tmp")); /* b was used longest ago */
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(a_file_that_exists_is_left_alone)
{
    struct hdfs_rig rig;
    start(&rig, NULL);

    hdfs_rig_write(&rig, "FlumeData.1001.tmp", "somebody else's");
    hdfs_rig_write(&rig, "FlumeData.1002", "this, too");
    hdfs_rig_deliver(&rig, "mine");
    flow_harness_stop(rig.harness, NULL);
    hdfs_rig_await(&rig, FILES("FlumeData.1001.tmp", "FlumeData.1002", "FlumeData.1003"));
    hdfs_rig_check(&rig, "FlumeData.1001.tmp", "somebody else's");
    hdfs_rig_check(&rig, "FlumeData.1002", "this, too");
    hdfs_rig_check(&rig, "FlumeData.1003", "mine\n");
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(headers_make_folders_but_do_not_leave_them)
{
    struct hdfs_rig rig;
    hdfs_rig_init(&rig, NULL);
    hdfs_rig_path(&rig, "/base/%{a}%{b}");
    hdfs_rig_start(&rig);

    hdfs_rig_add(&rig, "1", "a", "x/y");
    hdfs_rig_add(&rig, "2", "a", "../..");
    hdfs_rig_add(&rig, "3", "a", "/etc//");
    hdfs_rig_add(&rig, "4", "a", "a\nb\x7f");
    hdfs_rig_add(&rig, "5", "a", "..");
    hdfs_rig_add(&rig, "6", "b", "./...");
    ck_assert_int_eq(hdfs_rig_run(&rig, NULL), FLOW_OK);
    hdfs_rig_await(&rig, FILES("base/_/.../FlumeData.1001.tmp", "base/__/FlumeData.1001.tmp",
                               "base/__/__/FlumeData.1001.tmp", "base/a_b_/FlumeData.1001.tmp",
                               "base/etc/FlumeData.1001.tmp", "base/x/y/FlumeData.1001.tmp"));
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(the_time_of_the_event_decides_where_it_goes)
{
    static const char *const settings[] = {
        "hdfs.timeZone",   "UTC", "hdfs.round", "true", "hdfs.roundUnit", "hour",
        "hdfs.roundValue", "6",   NULL};
    struct hdfs_rig rig;
    hdfs_rig_init(&rig, settings);
    hdfs_rig_path(&rig, "/%Y%m%d/%H");
    hdfs_rig_start(&rig);

    hdfs_rig_add(&rig, "x", "timestamp", "1356998399999");
    hdfs_rig_add(&rig, "y", "timestamp", "1356998400000");
    ck_assert_int_eq(hdfs_rig_run(&rig, NULL), FLOW_OK);
    hdfs_rig_await(&rig, FILES("20121231/18/FlumeData.1001.tmp", "20130101/00/FlumeData.1001.tmp"));
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(an_event_without_time_stays_in_the_channel)
{
    struct hdfs_rig rig;
    flow_error *err = NULL;
    hdfs_rig_init(&rig, NULL);
    hdfs_rig_path(&rig, "/%H");
    hdfs_rig_start(&rig);

    hdfs_rig_add(&rig, "x", "timestamp", "1");
    hdfs_rig_add(&rig, "y", NULL, NULL);
    ck_assert_int_eq(hdfs_rig_run(&rig, &err), FLOW_EDELIVERY);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "Expected timestamp in the Flume event"));
    flow_error_free(err);
    ck_assert_uint_eq(flow_channel_size(flow_harness_channel(rig.harness)), 2);
    hdfs_rig_list(&rig);
    ck_assert_uint_eq(rig.count, 0);
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(files_can_be_compressed)
{
    static const char *const settings[] = {"hdfs.fileType", "CompressedStream", "hdfs.codeC",
                                           "org.apache.hadoop.io.compress.GzipCodec", NULL};
    struct hdfs_rig rig;
    start(&rig, settings);

    hdfs_rig_deliver(&rig, "x");
    flow_harness_stop(rig.harness, NULL);
    hdfs_rig_await(&rig, FILES("FlumeData.1001.gz"));
    char *bytes = hdfs_rig_read(&rig, "FlumeData.1001.gz");
    ck_assert_mem_eq(bytes, "\x1f\x8b", 2);
    free(bytes);
    hdfs_rig_free(&rig);
}
END_TEST

/* Checks that the sink cannot be made with SETTINGS, and that the reason is told. */
static void assert_refused(const char *const *settings, const char *why)
{
    struct hdfs_rig rig;
    flow_error *err = NULL;
    hdfs_rig_init(&rig, settings);

    ck_assert_int_eq(flow_harness_start(rig.harness, &err), FLOW_ECONFIG);
    ck_assert_msg(strstr(flow_error_message(err), why) != NULL, "%s", flow_error_message(err));
    flow_error_free(err);
    hdfs_rig_free(&rig);
}

START_TEST(settings_that_contradict_each_other_are_refused)
{
    assert_refused(FILES("hdfs.codeC", "gzip"), "use CompressedStream");
    assert_refused(FILES("hdfs.fileType", "CompressedStream"), "set hdfs.codeC");
    assert_refused(FILES("hdfs.fileType", "CompressedStream", "hdfs.codeC", "rar"), "rar");
    assert_refused(FILES("hdfs.round", "true", "hdfs.roundUnit", "hour", "hdfs.roundValue", "25"),
                   "hours are rounded to 1 to 24");
    assert_refused(FILES("hdfs.path", "ftp://host/"), "'ftp' is no file system of this sink");
    assert_refused(FILES("hdfs.path", "file:///a/%[me]"), "%[me] is no escape");
    assert_refused(FILES("hdfs.kerberosKeytab", "/k"), "needs hdfs.kerberosPrincipal");
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_file_has_another_name_until_it_is_complete",
         a_file_has_another_name_until_it_is_complete},
        {"names_are_made_of_prefixes_and_suffixes", names_are_made_of_prefixes_and_suffixes},
        {"the_suffix_of_open_files_can_be_empty", the_suffix_of_open_files_can_be_empty},
        {"a_count_of_events_completes_a_file", a_count_of_events_completes_a_file},
        {"a_number_of_bytes_completes_a_file", a_number_of_bytes_completes_a_file},
        {"a_file_longer_than_an_upload_is_whole", a_file_longer_than_an_upload_is_whole},
        {"time_completes_a_file", time_completes_a_file},
        {"a_file_without_events_is_complete_after_the_idle_time",
         a_file_without_events_is_complete_after_the_idle_time},
        {"no_more_files_are_open_than_allowed", no_more_files_are_open_than_allowed},
        {"a_file_that_exists_is_left_alone", a_file_that_exists_is_left_alone},
        {"headers_make_folders_but_do_not_leave_them", headers_make_folders_but_do_not_leave_them},
        {"the_time_of_the_event_decides_where_it_goes",
         the_time_of_the_event_decides_where_it_goes},
        {"an_event_without_time_stays_in_the_channel", an_event_without_time_stays_in_the_channel},
        {"files_can_be_compressed", files_can_be_compressed},
        {"settings_that_contradict_each_other_are_refused",
         settings_that_contradict_each_other_are_refused},
    };
    return RUN_SUITE("hdfs sink, local folders", tests);
}
