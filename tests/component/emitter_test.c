/* SPDX-License-Identifier: Apache-2.0 */

/* From a source to its channels: interceptors, selectors, and that nothing arrives twice. */

#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "rig.h"
#include "suite.h"

/* No sinks: the test takes from the channels itself. */
#define TWO_CHANNELS                                                                               \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1 c2\n"                                                                        \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1 c2\n"                                                             \
    "a1.channels.c1.type = memory\n"                                                               \
    "a1.channels.c1.capacity = 100\n"                                                              \
    "a1.channels.c1.transactionCapacity = 100\n"                                                   \
    "a1.channels.c2.type = memory\n"                                                               \
    "a1.channels.c2.capacity = 10\n"                                                               \
    "a1.channels.c2.transactionCapacity = 10\n"

static int push(struct rig *rig, flow_batch *batch, int64_t timeout_ms)
{
    return flow_inlet_push_batch(rig_inlet(rig, "r1"), batch, timeout_ms, NULL);
}

static void expect_channel(struct rig *rig, const char *channel, unsigned first, unsigned count)
{
    struct rig_bodies *bodies = calloc(1, sizeof(*bodies));

    rig_take(rig, channel, bodies);
    rig_expect(bodies, first, count);
    free(bodies);
}

static void set_up(struct rig *rig, const char *text)
{
    rig_init(rig, 0);
    rig_build(rig, text);
    rig_start(rig);
}

START_TEST(test_every_required_channel_gets_every_event)
{
    struct rig rig;

    set_up(&rig, TWO_CHANNELS);
    rig_push(&rig, 0, 10);
    expect_channel(&rig, "c1", 0, 10);
    expect_channel(&rig, "c2", 0, 10);
    rig_free(&rig);
}
END_TEST

START_TEST(test_emitting_again_brings_only_what_is_missing)
{
    struct rig rig;

    set_up(&rig, TWO_CHANNELS);
    rig_push(&rig, 0, 10);
    flow_batch *batch = rig_batch(&rig, 10, 10);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(push(&rig, batch, 0), FLOW_EFULL);
    expect_channel(&rig, "c1", 0, 20);
    expect_channel(&rig, "c2", 0, 10);

    ck_assert_int_eq(push(&rig, batch, 0), FLOW_OK);
    expect_channel(&rig, "c1", 0, 0);
    expect_channel(&rig, "c2", 10, 10);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventReceivedCount"), 20);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventAcceptedCount"), 20);
    ck_assert_int_eq(rig_metric(&rig, "r1", "ChannelWriteFail"), 3);
    flow_batch_free(batch);
    rig_free(&rig);
}
END_TEST

START_TEST(test_a_batch_that_arrived_is_a_new_one_when_emitted_again)
{
    struct rig rig;

    set_up(&rig, TWO_CHANNELS);
    flow_batch *batch = rig_batch(&rig, 0, 5);
    ck_assert_int_eq(push(&rig, batch, 0), FLOW_OK);
    expect_channel(&rig, "c1", 0, 5);
    ck_assert_int_eq(push(&rig, batch, 0), FLOW_OK);
    expect_channel(&rig, "c1", 0, 5);
    flow_batch_free(batch);
    rig_free(&rig);
}
END_TEST

START_TEST(test_a_large_batch_goes_in_several_transactions)
{
    struct rig rig;

    set_up(&rig, TWO_CHANNELS "a1.channels.c1.transactionCapacity = 30\n"
                              "a1.channels.c2.capacity = 90\n");
    rig_push(&rig, 0, 85);
    expect_channel(&rig, "c1", 0, 85);
    expect_channel(&rig, "c2", 0, 85);
    rig_free(&rig);
}
END_TEST

START_TEST(test_transactions_of_a_large_batch_that_were_committed_stay)
{
    struct rig rig;

    set_up(&rig, TWO_CHANNELS "a1.channels.c1.transactionCapacity = 30\n");
    flow_batch *batch = rig_batch(&rig, 0, 25);
    ck_assert_int_eq(push(&rig, batch, 0), FLOW_EFULL);
    expect_channel(&rig, "c2", 0, 10);
    ck_assert_int_eq(push(&rig, batch, 0), FLOW_EFULL);
    expect_channel(&rig, "c2", 10, 10);
    ck_assert_int_eq(push(&rig, batch, 0), FLOW_OK);
    expect_channel(&rig, "c2", 20, 5);
    expect_channel(&rig, "c1", 0, 25);
    flow_batch_free(batch);
    rig_free(&rig);
}
END_TEST

/* ---- selectors ---- */

/* Even bodies go to the first channel, odd ones to the second, 7 nowhere. */
static int by_parity(void *self, const flow_event *event, flow_route *route, flow_error **err)
{
    size_t size;
    const char *body = flow_event_body(event, &size);

    if (size == 1 && body[0] == '7')
        return FLOW_OK;
    return flow_route_require(route, (size_t)(body[size - 1] - '0') % 2);
}

START_TEST(test_a_selector_sends_each_event_its_way)
{
    struct rig rig;
    struct part_selector parity = {by_parity, NULL, 0};
    struct rig_bodies *bodies = calloc(1, sizeof(*bodies));

    rig_init(&rig, 0);
    part_add_selector(rig.lib, "parity", &parity);
    rig_build(&rig, TWO_CHANNELS "a1.sources.r1.selector.type = parity\n");
    rig_start(&rig);
    rig_push(&rig, 0, 10);

    rig_take(&rig, "c1", bodies);
    ck_assert_uint_eq(bodies->count, 5);
    ck_assert_str_eq(bodies->text[4], "8");
    rig_take(&rig, "c2", bodies);
    ck_assert_uint_eq(bodies->count, 4);
    ck_assert_str_eq(bodies->text[3], "9");
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventAcceptedCount"), 10);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventUnroutedCount"), 1);
    free(bodies);
    rig_free(&rig);
}
END_TEST

/* Never gives the same answer twice in a row. */
static int in_turn(void *self, const flow_event *event, flow_route *route, flow_error **err)
{
    unsigned *count = self;

    return flow_route_require(route, (*count)++ % 2);
}

START_TEST(test_routes_are_kept_when_a_batch_is_emitted_again)
{
    struct rig rig;
    unsigned count = 0;
    struct part_selector turns = {in_turn, &count, 0};
    struct rig_bodies *bodies = calloc(1, sizeof(*bodies));

    rig_init(&rig, 0);
    part_add_selector(rig.lib, "turns", &turns);
    rig_build(&rig, TWO_CHANNELS "a1.sources.r1.selector.type = turns\n"
                                 "a1.channels.c2.capacity = 2\n"
                                 "a1.channels.c2.transactionCapacity = 2\n");
    rig_start(&rig);
    flow_batch *batch = rig_batch(&rig, 0, 7); /* c1: 0 2 4 6, c2: 1 3 5 */
    ck_assert_int_eq(push(&rig, batch, 0), FLOW_EFULL);
    rig_take(&rig, "c2", bodies);
    ck_assert_int_eq(push(&rig, batch, 0), FLOW_OK);

    rig_take(&rig, "c2", bodies);
    ck_assert_uint_eq(bodies->count, 1);
    ck_assert_str_eq(bodies->text[0], "5");
    rig_take(&rig, "c1", bodies);
    ck_assert_uint_eq(bodies->count, 4);
    ck_assert_uint_eq(count, 7);
    flow_batch_free(batch);
    free(bodies);
    rig_free(&rig);
}
END_TEST

/* The first channel must have everything, the second may. */
static int second_is_optional(void *self, const flow_event *event, flow_route *route,
                              flow_error **err)
{
    flow_route_offer(route, 0);
    flow_route_require(route, 0);
    flow_route_offer(route, 0);
    return flow_route_offer(route, 1);
}

START_TEST(test_an_optional_channel_that_fails_is_only_told)
{
    struct rig rig;
    struct part_selector selector = {second_is_optional, NULL, FLOW_SELECTOR_CONSTANT};

    rig_init(&rig, 0);
    part_add_selector(rig.lib, "optional", &selector);
    rig_build(&rig, TWO_CHANNELS "a1.sources.r1.selector.type = optional\n"
                                 "a1.channels.c2.keep-alive = 0\n");
    rig_start(&rig);
    rig_push(&rig, 0, 10);
    rig_push(&rig, 10, 10);
    expect_channel(&rig, "c1", 0, 20);
    expect_channel(&rig, "c2", 0, 10);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventAcceptedCount"), 20);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventOptionalLostCount"), 10);
    ck_assert_uint_eq(rig_logged(&rig, "an optional channel lost events"), 1);
    rig_free(&rig);
}
END_TEST

static int to_channel_nine(void *self, const flow_event *event, flow_route *route, flow_error **err)
{
    return flow_route_require(route, 9);
}

START_TEST(test_a_selector_that_fails_refuses_the_batch)
{
    struct rig rig;
    struct part_selector selector = {to_channel_nine, NULL, 0};

    rig_init(&rig, 0);
    part_add_selector(rig.lib, "lost", &selector);
    rig_build(&rig, TWO_CHANNELS "a1.sources.r1.selector.type = lost\n");
    rig_start(&rig);
    flow_batch *batch = rig_batch(&rig, 0, 1);
    ck_assert_int_eq(push(&rig, batch, 0), FLOW_EINVAL);
    ck_assert_int_eq(rig_metric(&rig, "r1", "GenericProcessingFail"), 1);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventAcceptedCount"), 0);
    flow_batch_free(batch);
    rig_free(&rig);
}
END_TEST

/* ---- interceptors ---- */

struct script {
    int calls;
    int fails;
    size_t keep; /* of the batch; 0: all */
};

static int count_calls(void *self, flow_batch *batch, flow_error **err)
{
    struct script *script = self;

    script->calls++;
    if (script->fails > 0) {
        script->fails--;
        return flow_error_set(err, FLOW_EPARSE, "not in the mood");
    }
    if (script->keep > 0)
        flow_batch_truncate(batch, script->keep);
    return FLOW_OK;
}

/* Two interceptors before two channels. */
struct chain {
    struct rig rig;
    struct script script[2];
    struct part_interceptor part[2];
};

static void set_up_chain(struct chain *chain)
{
    memset(chain, 0, sizeof(*chain));
    rig_init(&chain->rig, 0);
    for (int i = 0; i < 2; i++) {
        chain->part[i] = (struct part_interceptor){count_calls, &chain->script[i]};
        part_add_interceptor(chain->rig.lib, i == 0 ? "one" : "two", &chain->part[i]);
    }
    rig_build(&chain->rig, TWO_CHANNELS "a1.sources.r1.interceptors = i1 i2\n"
                                        "a1.sources.r1.interceptors.i1.type = one\n"
                                        "a1.sources.r1.interceptors.i2.type = two\n");
    rig_start(&chain->rig);
}

START_TEST(test_interceptors_see_a_batch_once_however_often_it_is_emitted)
{
    struct chain chain;

    set_up_chain(&chain);
    rig_push(&chain.rig, 0, 10);
    flow_batch *batch = rig_batch(&chain.rig, 10, 5);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(push(&chain.rig, batch, 0), FLOW_EFULL);
    expect_channel(&chain.rig, "c2", 0, 10);
    ck_assert_int_eq(push(&chain.rig, batch, 0), FLOW_OK);
    ck_assert_int_eq(chain.script[0].calls, 2);
    ck_assert_int_eq(chain.script[1].calls, 2);
    flow_batch_free(batch);
    rig_free(&chain.rig);
}
END_TEST

START_TEST(test_a_failing_interceptor_refuses_the_batch_and_is_asked_again)
{
    struct chain chain;

    set_up_chain(&chain);
    chain.script[1].fails = 1;
    flow_batch *batch = rig_batch(&chain.rig, 0, 5);
    ck_assert_int_eq(push(&chain.rig, batch, 0), FLOW_EPARSE);
    expect_channel(&chain.rig, "c1", 0, 0);
    ck_assert_int_eq(push(&chain.rig, batch, 0), FLOW_OK);
    expect_channel(&chain.rig, "c1", 0, 5);
    ck_assert_int_eq(chain.script[0].calls, 1);
    ck_assert_int_eq(chain.script[1].calls, 2);
    ck_assert_int_eq(rig_metric(&chain.rig, "r1", "EventReceivedCount"), 5);
    flow_batch_free(batch);
    rig_free(&chain.rig);
}
END_TEST

START_TEST(test_events_that_interceptors_drop_are_counted)
{
    struct chain chain;

    set_up_chain(&chain);
    chain.script[0].keep = 3;
    rig_push(&chain.rig, 0, 10);
    expect_channel(&chain.rig, "c1", 0, 3);
    ck_assert_int_eq(rig_metric(&chain.rig, "r1", "EventAcceptedCount"), 10);
    ck_assert_int_eq(rig_metric(&chain.rig, "r1", "EventFilteredCount"), 7);
    rig_free(&chain.rig);
}
END_TEST

/* ---- threads ---- */

struct pusher {
    pthread_t thread;
    struct rig *rig;
    unsigned first;
    int result;
};

static void *push_many(void *arg)
{
    struct pusher *pusher = arg;

    for (unsigned i = 0; i < 50; i++) {
        flow_batch *batch = rig_batch(pusher->rig, pusher->first + i, 1);
        ck_assert_int_eq(push(pusher->rig, batch, 0), FLOW_OK);
        flow_batch_free(batch);
    }
    return NULL;
}

START_TEST(test_many_threads_emit_at_once)
{
    struct chain chain;
    struct pusher pushers[8];

    memset(&chain, 0, sizeof(chain));
    rig_init(&chain.rig, 0);
    chain.part[0] = (struct part_interceptor){count_calls, &chain.script[0]};
    part_add_interceptor(chain.rig.lib, "one", &chain.part[0]);
    rig_build(&chain.rig, TWO_CHANNELS "a1.sources.r1.interceptors = i1\n"
                                       "a1.sources.r1.interceptors.i1.type = one\n"
                                       "a1.channels.c1.capacity = 1000\n"
                                       "a1.channels.c2.capacity = 1000\n");
    rig_start(&chain.rig);
    for (unsigned i = 0; i < 8; i++) {
        pushers[i] = (struct pusher){.rig = &chain.rig, .first = i * 50};
        pthread_create(&pushers[i].thread, NULL, push_many, &pushers[i]);
    }
    for (unsigned i = 0; i < 8; i++)
        pthread_join(pushers[i].thread, NULL);
    ck_assert_uint_eq(flow_channel_size(rig_channel(&chain.rig, "c1")), 400);
    ck_assert_uint_eq(flow_channel_size(rig_channel(&chain.rig, "c2")), 400);
    ck_assert_int_eq(chain.script[0].calls, 400); /* one call at a time, or this would differ */
    rig_free(&chain.rig);
}
END_TEST

static void *push_one(void *arg)
{
    struct pusher *pusher = arg;
    flow_batch *batch = rig_batch(pusher->rig, 0, 10);

    pusher->result = push(pusher->rig, batch, -1);
    flow_batch_free(batch);
    return NULL;
}

START_TEST(test_stop_ends_the_wait_for_room)
{
    struct rig rig;
    struct pusher pusher = {.rig = &rig};

    set_up(&rig, TWO_CHANNELS "a1.channels.c2.keep-alive = 100000\n");
    rig_push(&rig, 0, 10);
    pthread_create(&pusher.thread, NULL, push_one, &pusher);
    rig_await(&rig, "c2", "EventPutAttemptCount", 20);
    rig_stop(&rig);
    pthread_join(pusher.thread, NULL);
    ck_assert_int_eq(pusher.result, FLOW_ECLOSED);
    rig_free(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"replicate", test_every_required_channel_gets_every_event},
        {"again", test_emitting_again_brings_only_what_is_missing},
        {"anew", test_a_batch_that_arrived_is_a_new_one_when_emitted_again},
        {"large", test_a_large_batch_goes_in_several_transactions},
        {"large again", test_transactions_of_a_large_batch_that_were_committed_stay},
        {"select", test_a_selector_sends_each_event_its_way},
        {"routes kept", test_routes_are_kept_when_a_batch_is_emitted_again},
        {"optional", test_an_optional_channel_that_fails_is_only_told},
        {"select fails", test_a_selector_that_fails_refuses_the_batch},
        {"intercept once", test_interceptors_see_a_batch_once_however_often_it_is_emitted},
        {"intercept fails", test_a_failing_interceptor_refuses_the_batch_and_is_asked_again},
        {"filtered", test_events_that_interceptors_drop_are_counted},
        {"threads", test_many_threads_emit_at_once},
        {"stop", test_stop_ends_the_wait_for_room},
    };

    return RUN_SUITE("emitter", tests);
}
