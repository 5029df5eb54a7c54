/* SPDX-License-Identifier: Apache-2.0 */

/* The seq source counts, and leaves no number out. */

#include <string.h>

#include "stand.h"
#include "suite.h"

/* Takes all events there are; their bodies, each followed by a blank. */
static const char *bodies(struct stand *stand)
{
    static char text[1024];
    size_t at = 0;

    flow_batch_clear(stand->batch);
    (void)flow_harness_pull(stand->harness, 100, 0, stand->batch, NULL);
    for (size_t i = 0; i < flow_batch_count(stand->batch); i++) {
        size_t size;
        const void *body = flow_event_body(flow_batch_event(stand->batch, i), &size);
        memcpy(text + at, body, size);
        at += size;
        text[at++] = ' ';
    }
    text[at] = '\0';
    return text;
}

static void start(struct stand *stand, const char *batch_size, const char *total)
{
    const char *settings[] = {"batchSize", batch_size, "totalEvents", total, NULL};

    stand_init(stand, FLOW_KIND_SOURCE, "seq", FLOW_LOG_WARN, settings);
    stand_start(stand);
}

START_TEST(counts_from_zero_to_the_end)
{
    struct stand stand;

    start(&stand, "4", "10");
    stand_run(&stand);
    ck_assert_str_eq(bodies(&stand), "0 1 2 3 ");
    stand_run(&stand);
    stand_run(&stand);
    ck_assert_str_eq(bodies(&stand), "4 5 6 7 8 9 ");
    ck_assert_int_eq(flow_harness_run(stand.harness, NULL), FLOW_BACKOFF);
    ck_assert_str_eq(bodies(&stand), "");
    ck_assert_int_eq(flow_harness_counter(stand.harness, "EventAcceptedCount"), 10);
    stand_free(&stand);
}
END_TEST

START_TEST(emits_a_batch_again)
{
    struct stand stand;

    start(&stand, "2", "5");
    flow_harness_fail(stand.harness, 2, FLOW_EIO);
    ck_assert_int_eq(flow_harness_run(stand.harness, NULL), FLOW_EIO);
    ck_assert_int_eq(flow_harness_run(stand.harness, NULL), FLOW_EIO);
    stand_run(&stand);
    stand_run(&stand);
    ck_assert_str_eq(bodies(&stand), "0 1 2 3 ");
    stand_free(&stand);
}
END_TEST

START_TEST(begins_anew_at_each_start)
{
    struct stand stand;

    start(&stand, "1", "3");
    stand_run(&stand);
    stand_run(&stand);
    ck_assert_str_eq(bodies(&stand), "0 1 ");
    ck_assert_int_eq(flow_harness_stop(stand.harness, NULL), FLOW_OK);
    stand_start(&stand);
    stand_run(&stand);
    ck_assert_str_eq(bodies(&stand), "0 ");
    stand_free(&stand);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"counts from zero to the end", counts_from_zero_to_the_end},
        {"emits a batch again", emits_a_batch_again},
        {"begins anew at each start", begins_anew_at_each_start},
    };
    return RUN_SUITE("seq", tests);
}
