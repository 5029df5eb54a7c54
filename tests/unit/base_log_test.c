/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/log.h"
#include "base/thread.h"
#include "suite.h"

struct seen {
    int count;
    int32_t level;
    char thread[32];
    char component[32];
    char message[4096];
};

static void remember(void *self, const flow_log_record *record)
{
    struct seen *seen = self;

    ck_assert_uint_eq(record->struct_size, sizeof *record);
    seen->count++;
    seen->level = record->level;
    strncpy(seen->thread, record->thread, sizeof seen->thread - 1);
    strncpy(seen->component, record->component, sizeof seen->component - 1);
    strncpy(seen->message, record->message, sizeof seen->message - 1);
}

START_TEST(messages_below_the_level_are_not_seen)
{
    struct seen seen = {0};
    struct fl_log log = {remember, &seen, FLOW_LOG_WARN};

    fl_logf(&log, FLOW_LOG_INFO, "sink k1", "%d", 1);
    fl_log_text(&log, FLOW_LOG_INFO, "sink k1", "x");
    ck_assert_int_eq(seen.count, 0);
    ck_assert(!fl_log_enabled(&log, FLOW_LOG_INFO));
    fl_logf(&log, FLOW_LOG_WARN, "sink k1", "failed %d times", 2);
    ck_assert_int_eq(seen.count, 1);
    ck_assert_int_eq(seen.level, FLOW_LOG_WARN);
    ck_assert_str_eq(seen.component, "sink k1");
    ck_assert_str_eq(seen.message, "failed 2 times");
    ck_assert_str_eq(seen.thread, "");
}
END_TEST

START_TEST(off_means_nothing)
{
    struct seen seen = {0};
    struct fl_log log = {remember, &seen, FLOW_LOG_OFF};

    fl_log_text(&log, FLOW_LOG_ERROR, NULL, "x");
    ck_assert_int_eq(seen.count, 0);
}
END_TEST

START_TEST(without_a_logger_messages_go_nowhere)
{
    struct fl_log log = {NULL, NULL, FLOW_LOG_TRACE};

    ck_assert(!fl_log_enabled(&log, FLOW_LOG_ERROR));
    fl_logf(&log, FLOW_LOG_ERROR, NULL, "%s", "x");
}
END_TEST

static void log_one(void *arg)
{
    fl_log_text(arg, FLOW_LOG_INFO, NULL, "x");
}

START_TEST(thread_of_ours_is_named)
{
    struct seen seen = {0};
    struct fl_log log = {remember, &seen, FLOW_LOG_INFO};
    struct fl_thread thread;

    ck_assert_int_eq(fl_thread_start(&thread, "r1", log_one, &log), FLOW_OK);
    fl_thread_join(&thread);
    ck_assert_str_eq(seen.thread, "flow-r1");
    ck_assert_str_eq(seen.component, "");
}
END_TEST

START_TEST(long_messages_are_cut_between_characters)
{
    struct seen seen = {0};
    struct fl_log log = {remember, &seen, FLOW_LOG_INFO};
    char text[4000];

    /* Three bytes a character, from three starts, so that one lies across the end. */
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 4);
    for (int start = 0; start < 3; start++) {
        fl_logf(&log, FLOW_LOG_INFO, NULL, "%.*s%s", start, "ab", text);
        size_t size = strlen(seen.message);
        ck_assert_uint_gt(size, 1000);
        ck_assert_uint_eq((size - 3 - (size_t)start) % 3, 0);
        ck_assert_str_eq(seen.message + size - 3, "...");
    }
}
END_TEST

START_TEST(level_names_are_those_of_log4j)
{
    for (int32_t level = FLOW_LOG_TRACE; level <= FLOW_LOG_OFF; level++)
        ck_assert_int_eq(flow_log_level_parse(flow_log_level_name(level)), level);
    ck_assert_int_eq(flow_log_level_parse("info"), FLOW_LOG_INFO);
    ck_assert_int_eq(flow_log_level_parse("Warning"), FLOW_LOG_WARN);
    ck_assert_int_eq(flow_log_level_parse("FATAL"), FLOW_LOG_ERROR);
    ck_assert_int_eq(flow_log_level_parse("verbose"), 0);
    ck_assert_int_eq(flow_log_level_parse(""), 0);
    ck_assert_int_eq(flow_log_level_parse(NULL), 0);
    ck_assert_str_eq(flow_log_level_name(0), "?");
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"level", messages_below_the_level_are_not_seen},
        {"off", off_means_nothing},
        {"no logger", without_a_logger_messages_go_nowhere},
        {"thread", thread_of_ours_is_named},
        {"long", long_messages_are_cut_between_characters},
        {"names", level_names_are_those_of_log4j},
    };

    return RUN_SUITE("base/log", tests);
}
