/* SPDX-License-Identifier: Apache-2.0 */

/* Pushing from the host. */

#include <stdio.h>
#include <string.h>

#include "rig.h"
#include "suite.h"

#define PIPELINE                                                                                   \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.channels.c1.type = memory\n"                                                               \
    "a1.channels.c1.capacity = 10\n"                                                               \
    "a1.channels.c1.transactionCapacity = 10\n"

static void set_up(struct rig *rig)
{
    rig_init(rig, 0);
    rig_build(rig, PIPELINE);
    rig_start(rig);
}

static int push_text(struct rig *rig, const char *text, int64_t timeout_ms, flow_error **err)
{
    return flow_inlet_push(rig_inlet(rig, "r1"), text, strlen(text), NULL, 0, 0, timeout_ms, err);
}

START_TEST(test_a_single_event_arrives_with_its_headers)
{
    struct rig rig;
    const flow_header headers[] = {{"host", "web1", 4, 4}, {"level", "warn", 5, 4}};
    const flow_event *const *events;
    flow_txn *txn;
    size_t count;
    size_t size;

    set_up(&rig);
    ck_assert_int_eq(flow_inlet_push(rig_inlet(&rig, "r1"), "hello", 5, headers, 2,
                                     sizeof(flow_header), 0, NULL),
                     FLOW_OK);
    ck_assert_int_eq(flow_txn_begin(rig_channel(&rig, "c1"), &txn, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_take(txn, 10, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_mem_eq(flow_event_body(events[0], &size), "hello", 5);
    ck_assert_uint_eq(size, 5);
    ck_assert_str_eq(flow_event_header(events[0], "level", NULL), "warn");
    flow_txn_free(txn);
    rig_free(&rig);
}
END_TEST

START_TEST(test_a_full_channel_is_told_and_the_event_is_still_the_callers)
{
    struct rig rig;
    flow_error *err = NULL;
    static struct rig_bodies bodies;

    set_up(&rig);
    for (int i = 0; i < 10; i++) {
        char text[4];
        snprintf(text, sizeof(text), "%d", i);
        ck_assert_int_eq(push_text(&rig, text, 0, NULL), FLOW_OK);
    }
    ck_assert_int_eq(push_text(&rig, "x", 0, &err), FLOW_EFULL);
    ck_assert(flow_error_retriable(err));
    ck_assert_str_eq(flow_error_component(err), "channel c1");
    flow_error_free(err);
    ck_assert_int_eq(push_text(&rig, "x", 20, NULL), FLOW_EFULL);
    rig_take(&rig, "c1", &bodies);
    rig_expect(&bodies, 0, 10);
    ck_assert_int_eq(push_text(&rig, "0", 0, NULL), FLOW_OK);
    ck_assert_int_eq(rig_metric(&rig, "r1", "AppendReceivedCount"), 13);
    ck_assert_int_eq(rig_metric(&rig, "r1", "AppendAcceptedCount"), 11);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventAcceptedCount"), 11);
    ck_assert_int_eq(rig_metric(&rig, "r1", "AppendBatchReceivedCount"), 0);
    rig_free(&rig);
}
END_TEST

static void *push_patiently(void *arg)
{
    return (void *)(intptr_t)push_text(arg, "late", 60000, NULL);
}

START_TEST(test_a_push_waits_for_room_as_long_as_it_is_told)
{
    struct rig rig;
    pthread_t thread;
    void *result;
    static struct rig_bodies bodies;

    set_up(&rig);
    rig_push(&rig, 0, 10);
    pthread_create(&thread, NULL, push_patiently, &rig);
    rig_await(&rig, "c1", "EventPutAttemptCount", 11);
    rig_take(&rig, "c1", &bodies);
    pthread_join(thread, &result);
    ck_assert_int_eq((intptr_t)result, FLOW_OK);
    rig_free(&rig);
}
END_TEST

START_TEST(test_nothing_is_taken_while_the_pipeline_does_not_run)
{
    struct rig rig;
    flow_error *err = NULL;

    rig_init(&rig, 0);
    rig_build(&rig, PIPELINE);
    ck_assert_int_eq(push_text(&rig, "early", 0, &err), FLOW_ECLOSED);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "source r1"));
    flow_error_free(err);
    rig_start(&rig);
    ck_assert_int_eq(push_text(&rig, "in time", 0, NULL), FLOW_OK);
    rig_stop(&rig);
    ck_assert_int_eq(push_text(&rig, "late", 0, NULL), FLOW_ECLOSED);
    rig_free(&rig);
}
END_TEST

START_TEST(test_nonsense_is_refused)
{
    struct rig rig;
    flow_batch *empty;

    set_up(&rig);
    empty = rig_batch(&rig, 0, 0);
    ck_assert_int_eq(flow_inlet_push_batch(rig_inlet(&rig, "r1"), empty, 0, NULL), FLOW_OK);
    ck_assert_int_eq(flow_inlet_push_batch(rig_inlet(&rig, "r1"), NULL, 0, NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_inlet_push_batch(NULL, empty, 0, NULL), FLOW_EINVAL);
    ck_assert_int_eq(flow_inlet_push(rig_inlet(&rig, "r1"), NULL, 5, NULL, 0, 0, 0, NULL),
                     FLOW_EINVAL);
    ck_assert_uint_eq(flow_channel_size(rig_channel(&rig, "c1")), 0);
    flow_batch_free(empty);
    rig_free(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"single", test_a_single_event_arrives_with_its_headers},
        {"full", test_a_full_channel_is_told_and_the_event_is_still_the_callers},
        {"wait", test_a_push_waits_for_room_as_long_as_it_is_told},
        {"closed", test_nothing_is_taken_while_the_pipeline_does_not_run},
        {"nonsense", test_nonsense_is_refused},
    };

    return RUN_SUITE("inlet", tests);
}
