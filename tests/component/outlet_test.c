/* SPDX-License-Identifier: Apache-2.0 */

/* Handing events to a function of the host's. */

#include <string.h>

#include "rig.h"
#include "suite.h"

#define PIPELINE                                                                                   \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sinks = k1\n"                                                                              \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.channels.c1.type = memory\n"                                                               \
    "a1.sinks.k1.type = outlet\n"                                                                  \
    "a1.sinks.k1.channel = c1\n"                                                                   \
    "a1.sinks.k1.batchSize = 4\n"

/* What the bound function sees and does; read once the pipeline has stopped. */
struct host {
    struct rig_bodies bodies;
    size_t largest;
    int calls;
    int fails;
    int answer;
    int freed;
};

static int receive(void *self, const flow_event *const *events, size_t count, flow_error **err)
{
    struct host *host = self;

    host->calls++;
    if (count > host->largest)
        host->largest = count;
    if (host->fails > 0) {
        host->fails--;
        return flow_error_set(err, FLOW_ECALLBACK, "the host is busy");
    }
    if (host->answer == FLOW_OK) {
        for (size_t i = 0; i < count; i++)
            rig_note(&host->bodies, events[i]);
    }
    return host->answer;
}

static void release(void *self)
{
    ((struct host *)self)->freed++;
}

static void set_up(struct rig *rig, struct host *host, int false_clock)
{
    memset(host, 0, sizeof(*host));
    rig_init(rig, false_clock);
    rig_build(rig, PIPELINE);
    ck_assert_int_eq(flow_pipeline_bind(rig->pipeline, "k1", receive, host, release, NULL),
                     FLOW_OK);
}

START_TEST(test_the_function_gets_batches_in_order)
{
    struct rig rig;
    static struct host host;

    set_up(&rig, &host, 0);
    rig_start(&rig);
    rig_push(&rig, 0, 10);
    ck_assert_int_eq(flow_pipeline_drain(rig.pipeline, 60000, NULL), FLOW_OK);
    rig_expect(&host.bodies, 0, 10);
    ck_assert_uint_eq(host.largest, 4);
    ck_assert_int_eq(host.freed, 0);
    rig_free(&rig);
    ck_assert_int_eq(host.freed, 1);
}
END_TEST

START_TEST(test_events_come_again_after_a_failure)
{
    struct rig rig;
    static struct host host;

    set_up(&rig, &host, 1);
    host.fails = 2;
    rig_start(&rig);
    rig_push(&rig, 0, 4);
    rig_tick_until(&rig, "k1", "EventDrainSuccessCount", 4);
    ck_assert_int_ge(rig_now(&rig), 10000);
    ck_assert_uint_ge(rig_logged(&rig, "the host is busy"), 1);
    rig_free(&rig);
    rig_expect(&host.bodies, 0, 4);
    ck_assert_int_eq(host.calls, 3);
}
END_TEST

START_TEST(test_the_function_cannot_answer_pending)
{
    struct rig rig;
    static struct host host;

    set_up(&rig, &host, 0);
    host.answer = FLOW_PENDING;
    rig_start(&rig);
    rig_push(&rig, 0, 4);
    rig_await_log(&rig, "'the bound function' returned 2");
    rig_stop(&rig);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventDrainSuccessCount"), 0);
    rig_free(&rig);
}
END_TEST

START_TEST(test_an_outlet_must_be_bound_before_the_start)
{
    struct rig rig;
    static struct host host;
    flow_error *err = NULL;

    memset(&host, 0, sizeof(host));
    rig_init(&rig, 0);
    rig_build(&rig, PIPELINE);
    ck_assert_int_eq(flow_pipeline_start(rig.pipeline, &err), FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "sink k1"));
    flow_error_free(err);
    ck_assert_int_eq(flow_pipeline_state(rig.pipeline), FLOW_PIPELINE_NEW);

    ck_assert_int_eq(flow_pipeline_bind(rig.pipeline, "k1", receive, &host, release, NULL),
                     FLOW_OK);
    rig_start(&rig);
    ck_assert_int_eq(flow_pipeline_bind(rig.pipeline, "k1", receive, &host, release, NULL),
                     FLOW_ESTATE);
    ck_assert_int_eq(host.freed, 1);
    rig_free(&rig);
    ck_assert_int_eq(host.freed, 2);
}
END_TEST

START_TEST(test_self_is_freed_once_whatever_becomes_of_the_call)
{
    struct rig rig;
    static struct host host;

    set_up(&rig, &host, 0);
    ck_assert_int_eq(flow_pipeline_bind(rig.pipeline, "k9", receive, &host, release, NULL),
                     FLOW_ENOENT);
    ck_assert_int_eq(host.freed, 1);
    ck_assert_int_eq(flow_pipeline_bind(rig.pipeline, "k1", NULL, &host, release, NULL),
                     FLOW_EINVAL);
    ck_assert_int_eq(host.freed, 2);
    ck_assert_int_eq(flow_pipeline_bind(rig.pipeline, "k1", receive, &host, release, NULL),
                     FLOW_OK);
    ck_assert_int_eq(host.freed, 3); /* the one that was bound before */
    rig_free(&rig);
    ck_assert_int_eq(host.freed, 4);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"batches", test_the_function_gets_batches_in_order},
        {"again", test_events_come_again_after_a_failure},
        {"pending", test_the_function_cannot_answer_pending},
        {"bound", test_an_outlet_must_be_bound_before_the_start},
        {"freed", test_self_is_freed_once_whatever_becomes_of_the_call},
    };

    return RUN_SUITE("outlet", tests);
}
