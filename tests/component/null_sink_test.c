/* SPDX-License-Identifier: Apache-2.0 */

#include "stand.h"
#include "suite.h"

START_TEST(events_go_away_by_the_batch)
{
    static const char *const settings[] = {"batchSize", "7", NULL};
    struct stand stand;
    stand_init(&stand, FLOW_KIND_SINK, "null", FLOW_LOG_INFO, settings);
    stand_start(&stand);

    stand_push_many(&stand, 10);
    stand_run(&stand);
    ck_assert_uint_eq(flow_channel_size(flow_harness_channel(stand.harness)), 3);
    stand_run(&stand);
    ck_assert_uint_eq(flow_channel_size(flow_harness_channel(stand.harness)), 0);
    stand_free(&stand);
}
END_TEST

START_TEST(progress_is_logged)
{
    static const char *const settings[] = {"logEveryNEvents", "4", NULL};
    struct stand stand;
    stand_init(&stand, FLOW_KIND_SINK, "null", FLOW_LOG_INFO, settings);
    stand_start(&stand);

    stand_push_many(&stand, 3);
    stand_run(&stand);
    ck_assert_uint_eq(stand.count, 0);
    stand_push_many(&stand, 1);
    stand_run(&stand);
    ck_assert_uint_eq(stand.count, 1);
    stand_push_many(&stand, 9);
    stand_run(&stand);
    ck_assert_uint_eq(stand.count, 3);
    stand_free(&stand);
}
END_TEST

START_TEST(sizes_must_be_positive)
{
    static const char *const settings[][3] = {{"batchSize", "0", NULL},
                                              {"logEveryNEvents", "0", NULL}};

    for (int i = 0; i < 2; i++) {
        struct stand stand;
        stand_init(&stand, FLOW_KIND_SINK, "null", FLOW_LOG_OFF, settings[i]);
        ck_assert_int_eq(flow_harness_start(stand.harness, NULL), FLOW_ECONFIG);
        stand_free(&stand);
    }
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"batches", events_go_away_by_the_batch},
        {"progress", progress_is_logged},
        {"sizes", sizes_must_be_positive},
    };

    return RUN_SUITE("component/null_sink", tests);
}
