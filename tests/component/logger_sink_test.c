/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "stand.h"
#include "suite.h"

START_TEST(an_event_is_logged_in_flumes_words)
{
    const flow_header headers[] = {{"k", "v", 1, 1}, {"k2", "v2", 2, 2}};
    struct stand stand;
    stand_init(&stand, FLOW_KIND_SINK, "logger", FLOW_LOG_INFO, NULL);
    stand_start(&stand);

    flow_batch_add_full(stand.batch, "hello", 5, headers, 2, sizeof headers[0], NULL);
    flow_harness_push(stand.harness, stand.batch, NULL);
    stand_run(&stand);
    ck_assert_uint_eq(stand.count, 1);
    ck_assert_str_eq(stand.messages[0],
                     "Event: { headers:{k=v, k2=v2} body: 68 65 6C 6C 6F         "
                     "                         hello }");
    stand_free(&stand);
}
END_TEST

START_TEST(an_empty_body_is_no_dump)
{
    struct stand stand;
    stand_init(&stand, FLOW_KIND_SINK, "org.apache.flume.sink.LoggerSink", FLOW_LOG_INFO, NULL);
    stand_start(&stand);

    stand_push(&stand, "");
    stand_run(&stand);
    ck_assert_str_eq(stand.messages[0], "Event: { headers:{} body: }");
    stand_free(&stand);
}
END_TEST

START_TEST(only_the_first_bytes_are_shown)
{
    struct stand stand;
    stand_init(&stand, FLOW_KIND_SINK, "logger", FLOW_LOG_INFO, NULL);
    stand_start(&stand);

    stand_push(&stand, "0123456789abcdefg");
    stand_run(&stand);
    ck_assert_str_eq(stand.messages[0],
                     "Event: { headers:{} body: 30 31 32 33 34 35 36 37 38 39 61 "
                     "62 63 64 65 66 0123456789abcdef }");
    stand_free(&stand);
}
END_TEST

START_TEST(further_rows_begin_with_their_offset)
{
    static const char *const settings[] = {"maxBytesToLog", "20", NULL};
    struct stand stand;
    stand_init(&stand, FLOW_KIND_SINK, "logger", FLOW_LOG_INFO, settings);
    stand_start(&stand);

    stand_push(&stand, "0123456789abcdef\x01\x7f\xc3~ and more");
    stand_run(&stand);
    ck_assert_str_eq(stand.messages[0],
                     "Event: { headers:{} body: 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 "
                     "0123456789abcdef\n"
                     "00000010 01 7F C3 7E                                     ...~ }");
    stand_free(&stand);
}
END_TEST

START_TEST(a_bad_number_of_bytes_means_the_default)
{
    static const char *const settings[] = {"maxBytesToLog", "many", NULL};
    struct stand stand;
    stand_init(&stand, FLOW_KIND_SINK, "logger", FLOW_LOG_ERROR, settings);
    stand_start(&stand);

    flow_library_set_log_level(stand.lib, FLOW_LOG_INFO);
    stand.count = 0;
    stand_push(&stand, "0123456789abcdefg");
    stand_run(&stand);
    ck_assert_ptr_nonnull(strstr(stand.messages[0], "0123456789abcdef }"));
    stand_free(&stand);
}
END_TEST

START_TEST(a_nul_in_a_header_does_not_hide_the_rest)
{
    const flow_header nul = {"a\0b", "c\0d", 3, 3};
    struct stand stand;
    stand_init(&stand, FLOW_KIND_SINK, "logger", FLOW_LOG_INFO, NULL);
    stand_start(&stand);

    flow_batch_add_full(stand.batch, "", 0, &nul, 1, sizeof nul, NULL);
    flow_harness_push(stand.harness, stand.batch, NULL);
    stand_run(&stand);
    ck_assert_str_eq(stand.messages[0], "Event: { headers:{a.b=c.d} body: }");
    stand_free(&stand);
}
END_TEST

START_TEST(many_events_are_taken_at_once)
{
    struct stand stand;
    stand_init(&stand, FLOW_KIND_SINK, "logger", FLOW_LOG_INFO, NULL);
    stand_start(&stand);

    stand_push_many(&stand, 500);
    stand_run(&stand);
    ck_assert_uint_eq(stand.count, 500);
    ck_assert_ptr_nonnull(strstr(stand.messages[9], " 9 }"));
    ck_assert_uint_eq(flow_channel_size(flow_harness_channel(stand.harness)), 0);
    stand_free(&stand);
}
END_TEST

START_TEST(events_are_taken_where_nobody_listens)
{
    struct stand stand;
    stand_init(&stand, FLOW_KIND_SINK, "logger", FLOW_LOG_WARN, NULL);
    stand_start(&stand);

    stand_push_many(&stand, 10);
    stand_run(&stand);
    ck_assert_uint_eq(stand.count, 0);
    ck_assert_uint_eq(flow_channel_size(flow_harness_channel(stand.harness)), 0);
    stand_free(&stand);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"event", an_event_is_logged_in_flumes_words},
        {"empty body", an_empty_body_is_no_dump},
        {"limit", only_the_first_bytes_are_shown},
        {"rows", further_rows_begin_with_their_offset},
        {"bad limit", a_bad_number_of_bytes_means_the_default},
        {"nul", a_nul_in_a_header_does_not_hide_the_rest},
        {"many", many_events_are_taken_at_once},
        {"off", events_are_taken_where_nobody_listens},
    };

    return RUN_SUITE("component/logger_sink", tests);
}
