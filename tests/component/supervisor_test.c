/* SPDX-License-Identifier: Apache-2.0 */

/* Components that do not start at once, and sources that have nothing or fail, under a clock that
 * only the test moves. */

#include <string.h>

#include "parts.h"
#include "probe.h"
#include "suite.h"

#define CHANNEL                                                                                    \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.channels.c1.type = memory\n"                                                               \
    "a1.channels.c1.capacity = 100\n"                                                              \
    "a1.channels.c1.keep-alive = 0\n"

#define SINK                                                                                       \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sinks = k1\n"                                                                              \
    "a1.sinks.k1.type = probe\n"                                                                   \
    "a1.sinks.k1.channel = c1\n"

START_TEST(test_a_sink_that_does_not_start_is_tried_every_three_seconds)
{
    struct rig rig;
    struct probe probe;

    probe_set_up(&rig, &probe, 1);
    probe.start_fails = 2;
    rig_build(&rig, CHANNEL SINK);
    rig_start(&rig);
    ck_assert_uint_eq(rig_logged(&rig, "did not start (attempt 1), tried again in 3 s"), 1);
    rig_push(&rig, 0, 5);
    rig_advance(&rig, 2999);
    ck_assert_int_eq(probe_read(&probe, &probe.starts), 1);
    rig_advance(&rig, 1);
    rig_await_log(&rig, "did not start (attempt 2)");
    ck_assert_uint_eq(rig_logged(&rig, "the peer is not there"), 2);
    rig_tick_until(&rig, "k1", "EventDrainSuccessCount", 5);
    ck_assert_int_eq(probe_read(&probe, &probe.starts), 3);
    rig_free(&rig);
    ck_assert_int_eq(probe.stops, 1);
    probe_free(&probe);
}
END_TEST

START_TEST(test_stop_does_not_wait_for_a_sink_that_never_started)
{
    struct rig rig;
    struct probe probe;

    probe_set_up(&rig, &probe, 1);
    probe.start_fails = 1000;
    rig_build(&rig, CHANNEL SINK);
    rig_start(&rig);
    rig_stop(&rig);
    ck_assert_int_eq(probe.stops, 0);
    probe_tear_down(&rig, &probe);
}
END_TEST

/* ---- sources ---- */

struct feed {
    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t changed;
    struct rig *rig;
    int starts, stops, polls;
    int start_fails;
    int answer; /* of poll, when it is not FLOW_READY */
    unsigned next;
    int64_t times[16]; /* of the first polls */
    flow_emitter *emitter;
    int blocked; /* stop, once in, stays until this is 0 */
};

static int start_feed(void *self, flow_emitter *emitter, flow_error **err)
{
    struct feed *feed = self;

    pthread_mutex_lock(&feed->lock);
    feed->starts++;
    feed->emitter = emitter;
    int fail = feed->start_fails > 0;
    feed->start_fails -= fail;
    pthread_mutex_unlock(&feed->lock);
    return fail ? flow_error_set(err, FLOW_EIO, "the port is taken") : FLOW_OK;
}

static int stop_feed(void *self, flow_error **err)
{
    struct feed *feed = self;

    pthread_mutex_lock(&feed->lock);
    feed->stops++;
    while (feed->blocked)
        pthread_cond_wait(&feed->changed, &feed->lock);
    pthread_mutex_unlock(&feed->lock);
    return FLOW_OK;
}

/* Emits one event a call, as long as it is to be ready. */
static int poll_feed(void *self, flow_emitter *emitter, flow_error **err)
{
    struct feed *feed = self;

    pthread_mutex_lock(&feed->lock);
    int rc = feed->answer;
    unsigned next = feed->next;
    if (feed->polls < 16)
        feed->times[feed->polls] = rig_now(feed->rig);
    feed->polls++;
    pthread_cond_broadcast(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
    if (rc < 0)
        return flow_error_set(err, rc, "the file is gone");
    if (rc == FLOW_BACKOFF)
        return rc;

    flow_batch *batch = rig_batch(feed->rig, next, 1);
    rc = flow_emitter_emit(emitter, batch, err);
    flow_batch_free(batch);
    pthread_mutex_lock(&feed->lock);
    feed->next += rc == FLOW_OK;
    pthread_mutex_unlock(&feed->lock);
    return rc;
}

static void set_up_feed(struct rig *rig, struct feed *feed, struct part_source *part)
{
    memset(feed, 0, sizeof(*feed));
    pthread_mutex_init(&feed->lock, NULL);
    pthread_cond_init(&feed->changed, NULL);
    feed->rig = rig;
    part->self = feed;
    rig_init(rig, 1);
    part_add_source(rig->lib, "feed", part);
    rig_build(rig, CHANNEL "a1.sources.r1.type = feed\n");
}

static void tear_down_feed(struct rig *rig, struct feed *feed)
{
    rig_free(rig);
    pthread_cond_destroy(&feed->changed);
    pthread_mutex_destroy(&feed->lock);
}

/* Lets time pass until the source was polled POLLS times. */
static void await_polls(struct feed *feed, int polls)
{
    pthread_mutex_lock(&feed->lock);
    while (feed->polls < polls) {
        pthread_mutex_unlock(&feed->lock);
        rig_tick(feed->rig);
        pthread_mutex_lock(&feed->lock);
    }
    pthread_mutex_unlock(&feed->lock);
}

START_TEST(test_a_polled_source_emits_until_the_channel_is_full)
{
    struct rig rig;
    struct feed feed;
    struct part_source part = {start_feed, stop_feed, poll_feed, NULL};
    static struct rig_bodies bodies;

    set_up_feed(&rig, &feed, &part);
    rig_start(&rig);
    rig_await_log(&rig, "source r1: events not emitted");
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventAcceptedCount"), 100);
    rig_take(&rig, "c1", &bodies);
    rig_expect(&bodies, 0, 100);
    tear_down_feed(&rig, &feed);
    ck_assert_int_eq(feed.starts, 1);
    ck_assert_int_eq(feed.stops, 1);
}
END_TEST

START_TEST(test_a_source_with_nothing_to_do_pauses_longer_each_time)
{
    struct rig rig;
    struct feed feed;
    struct part_source part = {NULL, NULL, poll_feed, NULL};
    const int pauses[] = {1000, 2000, 3000, 4000, 5000, 5000};

    set_up_feed(&rig, &feed, &part);
    feed.answer = FLOW_BACKOFF;
    rig_start(&rig);
    await_polls(&feed, 7);
    tear_down_feed(&rig, &feed);
    for (int i = 0; i < 6; i++)
        ck_assert_int_ge(feed.times[i + 1] - feed.times[i], pauses[i]);
}
END_TEST

START_TEST(test_a_source_that_fails_pauses_and_is_told_of_once)
{
    struct rig rig;
    struct feed feed;
    struct part_source part = {NULL, NULL, poll_feed, NULL};

    set_up_feed(&rig, &feed, &part);
    feed.answer = FLOW_EIO;
    rig_start(&rig);
    await_polls(&feed, 4);
    ck_assert_uint_ge(rig_logged(&rig, "the file is gone"), 3);
    ck_assert_uint_eq(rig_logged(&rig, "ERROR source r1: events not emitted"), 1);
    tear_down_feed(&rig, &feed);
    for (int i = 1; i < 4; i++)
        ck_assert_int_ge(feed.times[i] - feed.times[i - 1], 5000);
}
END_TEST

START_TEST(test_an_event_driven_source_is_started_again_and_stopped_once)
{
    struct rig rig;
    struct feed feed;
    struct part_source part = {start_feed, stop_feed, NULL, NULL};

    set_up_feed(&rig, &feed, &part);
    feed.start_fails = 1;
    rig_start(&rig);
    ck_assert_uint_eq(rig_logged(&rig, "the port is taken"), 1);
    rig_advance(&rig, 3000);
    rig_await_log(&rig, "source r1: started");

    flow_batch *batch = rig_batch(&rig, 0, 5);
    ck_assert_int_eq(flow_emitter_emit(feed.emitter, batch, NULL), FLOW_OK);
    ck_assert_uint_eq(flow_emitter_max_batch(feed.emitter), 100);
    rig_stop(&rig);
    ck_assert_int_eq(flow_emitter_emit(feed.emitter, batch, NULL), FLOW_ECLOSED);
    flow_batch_free(batch);
    ck_assert_int_eq(feed.stops, 1);
    tear_down_feed(&rig, &feed);
}
END_TEST

START_TEST(test_a_source_that_does_not_stop_is_waited_for)
{
    struct rig rig;
    struct feed feed;
    struct part_source part = {start_feed, stop_feed, NULL, NULL};
    flow_error *err = NULL;

    set_up_feed(&rig, &feed, &part);
    feed.blocked = 1;
    rig_start(&rig);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(flow_pipeline_stop(rig.pipeline, 10, &err), FLOW_ETIMEDOUT);
        ck_assert_str_eq(flow_error_component(err), "source r1");
        flow_error_free(err);
        err = NULL;
    }
    pthread_mutex_lock(&feed.lock);
    feed.blocked = 0;
    pthread_cond_broadcast(&feed.changed);
    pthread_mutex_unlock(&feed.lock);
    rig_stop(&rig);
    ck_assert_int_eq(feed.stops, 1);
    tear_down_feed(&rig, &feed);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"sink start", test_a_sink_that_does_not_start_is_tried_every_three_seconds},
        {"sink stop", test_stop_does_not_wait_for_a_sink_that_never_started},
        {"poll", test_a_polled_source_emits_until_the_channel_is_full},
        {"poll back-off", test_a_source_with_nothing_to_do_pauses_longer_each_time},
        {"poll fails", test_a_source_that_fails_pauses_and_is_told_of_once},
        {"event-driven", test_an_event_driven_source_is_started_again_and_stopped_once},
        {"stuck", test_a_source_that_does_not_stop_is_waited_for},
    };

    return RUN_SUITE("supervisor", tests);
}
