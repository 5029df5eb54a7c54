/* SPDX-License-Identifier: Apache-2.0 */

/* Sinks that fail at random, at once or later and from another thread: through a group every event
 * is delivered once, and in order. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "await.h"
#include "places.h"
#include "rig.h"
#include "suite.h"

#define EVENTS 100000
#define BATCH 100
#define SINKS 3

/* The third sink leaves its transactions to another thread. */
#define PIPELINE                                                                                   \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sinks = k1 k2 k3\n"                                                                        \
    "a1.sinkgroups = g1\n"                                                                         \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.sinks.k1.type = shaky\n"                                                                   \
    "a1.sinks.k1.channel = c1\n"                                                                   \
    "a1.sinks.k2.type = shaky\n"                                                                   \
    "a1.sinks.k2.channel = c1\n"                                                                   \
    "a1.sinks.k3.type = shaky\n"                                                                   \
    "a1.sinks.k3.channel = c1\n"                                                                   \
    "a1.sinkgroups.g1.sinks = k1 k2 k3\n"
#define MEMORY                                                                                     \
    "a1.channels.c1.type = memory\n"                                                               \
    "a1.channels.c1.capacity = 2000\n"                                                             \
    "a1.channels.c1.transactionCapacity = 100\n"
#define PROCESSOR "a1.sinkgroups.g1.processor."

struct world {
    struct rig rig;
    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t changed;
    uint32_t random;
    unsigned next;     /* the event that is to be delivered next */
    unsigned failures; /* of sinks */
    flow_txn *pending;
    unsigned pending_next; /* what `next` is once it is done */
    int is_over;
    pthread_t finisher, clock;
};

static struct world world;
static const char *const sinks[SINKS] = {"k1", "k2", "k3"};

static unsigned draw(unsigned bound)
{
    world.random = world.random * 1664525 + 1013904223;
    return (unsigned)((uint64_t)world.random * bound >> 32);
}

static int fails(flow_error **err)
{
    if (draw(8) > 0)
        return 0;
    world.failures++;
    flow_error_set(err, FLOW_EDELIVERY, "the peer is shaky");
    return 1;
}

/* Looks at what was taken: it must go on where the last delivery has ended. */
static unsigned check(const flow_event *const *events, size_t count)
{
    unsigned next = world.next;

    for (size_t i = 0; i < count; i++) {
        size_t size;
        const char *body = flow_event_body(events[i], &size);
        char text[16] = "";
        memcpy(text, body, size);
        if (strtoul(text, NULL, 10) != next++)
            ck_abort_msg("'%s' came in the place of %u", text, next - 1);
    }
    return next;
}

static int deliver(flow_txn *txn, int later, flow_error **err)
{
    const flow_event *const *events;
    size_t count;
    int rc = flow_txn_take(txn, 1 + draw(BATCH), 0, &events, &count, err);

    if (rc || count == 0)
        return rc ? rc : FLOW_BACKOFF;
    unsigned next = check(events, count);
    if (later) {
        world.pending = txn;
        world.pending_next = next;
        pthread_cond_broadcast(&world.changed);
        return FLOW_PENDING;
    }
    if (fails(err))
        return FLOW_EDELIVERY;
    world.next = next;
    return FLOW_READY;
}

static int shaky_create(flow_context *ctx, void **self, flow_error **err)
{
    *self = ctx;
    return FLOW_OK;
}

static void shaky_destroy(void *self)
{
}

static int shaky_process(void *self, flow_txn *txn, flow_error **err)
{
    int later = strcmp(flow_context_name(self), "k3") == 0;

    pthread_mutex_lock(&world.lock);
    int rc = deliver(txn, later, err);
    pthread_mutex_unlock(&world.lock);
    return rc;
}

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .summary = "Fails now and then.",
};

static const flow_sink_ops shaky = {
    .struct_size = sizeof shaky,
    .type = "shaky",
    .schema = &schema,
    .create = shaky_create,
    .destroy = shaky_destroy,
    .process = shaky_process,
};

/* Ends what the third sink has left pending. */
static void *finish(void *arg)
{
    pthread_mutex_lock(&world.lock);
    while (!world.is_over) {
        flow_txn *txn = world.pending;
        flow_error *cause = NULL;
        if (!txn) {
            pthread_cond_wait(&world.changed, &world.lock);
            continue;
        }
        world.pending = NULL;
        int result = fails(&cause) ? FLOW_EDELIVERY : FLOW_OK;
        if (!result)
            world.next = world.pending_next;
        pthread_mutex_unlock(&world.lock);
        flow_txn_done(txn, result, cause, NULL);
        flow_error_free(cause);
        pthread_mutex_lock(&world.lock);
    }
    pthread_mutex_unlock(&world.lock);
    return NULL;
}

static int is_over(void)
{
    pthread_mutex_lock(&world.lock);
    int over = world.is_over;
    pthread_mutex_unlock(&world.lock);
    return over;
}

/* Lets half a minute pass in a moment, so that nobody has to wait for pauses. */
static void *run_clock(void *arg)
{
    while (!is_over()) {
        rig_advance(&world.rig, 30000);
        await_a_moment();
    }
    return NULL;
}

static void up(const char *channel, const char *processor)
{
    char text[4096];

    memset(&world, 0, sizeof world);
    pthread_mutex_init(&world.lock, NULL);
    pthread_cond_init(&world.changed, NULL);
    rig_init(&world.rig, 1);
    flow_library_set_log_level(world.rig.lib, FLOW_LOG_ERROR);
    ck_assert_int_eq(
        flow_registry_add_sink(flow_library_registry(world.rig.lib), &shaky, NULL, NULL, NULL),
        FLOW_OK);
    snprintf(text, sizeof text, PIPELINE "%s%s", channel, processor);
    rig_build(&world.rig, text);
    rig_start(&world.rig);
    pthread_create(&world.finisher, NULL, finish, NULL);
    pthread_create(&world.clock, NULL, run_clock, NULL);
}

static void down(void)
{
    pthread_mutex_lock(&world.lock);
    world.is_over = 1;
    pthread_cond_broadcast(&world.changed);
    pthread_mutex_unlock(&world.lock);
    pthread_join(world.finisher, NULL);
    pthread_join(world.clock, NULL);
    rig_free(&world.rig);
    pthread_cond_destroy(&world.changed);
    pthread_mutex_destroy(&world.lock);
}

static void push_all(void)
{
    for (unsigned first = 0; first < EVENTS; first += BATCH) {
        flow_batch *batch = rig_batch(&world.rig, first, BATCH);
        int rc;
        while ((rc = flow_inlet_push_batch(rig_inlet(&world.rig, "r1"), batch, 60000, NULL)) ==
               FLOW_EFULL)
            continue;
        ck_assert_int_eq(rc, FLOW_OK);
        flow_batch_free(batch);
    }
}

static int64_t sum(const char *name)
{
    int64_t sum = 0;

    for (size_t i = 0; i < SINKS; i++)
        sum += rig_metric(&world.rig, sinks[i], name);
    return sum;
}

static void run(const char *channel, const char *processor)
{
    up(channel, processor);
    push_all();
    while (sum("EventDrainSuccessCount") < EVENTS)
        await_a_moment();
    for (size_t i = 0; i < SINKS; i++)
        ck_assert_int_gt(rig_metric(&world.rig, sinks[i], "EventDrainSuccessCount"), 0);
    ck_assert_int_eq(sum("EventDrainSuccessCount"), EVENTS);
    pthread_mutex_lock(&world.lock);
    ck_assert_uint_eq(world.next, EVENTS);
    ck_assert_int_eq(sum("EventWriteFail"), world.failures);
    ck_assert_int_eq(rig_metric(&world.rig, "g1", "SinkFailureCount"), world.failures);
    pthread_mutex_unlock(&world.lock);
    ck_assert_int_gt(rig_metric(&world.rig, "g1", "FailoverCount"), 0);
    down();
}

START_TEST(failover_loses_and_repeats_nothing)
{
    run(MEMORY, PROCESSOR "type = failover\n");
}
END_TEST

START_TEST(load_balance_loses_and_repeats_nothing)
{
    run(MEMORY, PROCESSOR "type = load_balance\n");
}
END_TEST

START_TEST(load_balance_with_back_off_loses_and_repeats_nothing)
{
    run(MEMORY, PROCESSOR "type = load_balance\n" PROCESSOR "selector = random\n" PROCESSOR
                          "backoff = true\n");
}
END_TEST

START_TEST(a_durable_channel_loses_and_repeats_nothing)
{
    struct places places;
    char channel[512];

    places_init(&places, 1);
    snprintf(channel, sizeof channel,
             "a1.channels.c1.type = file\n"
             "a1.channels.c1.checkpointDir = %s/c\n"
             "a1.channels.c1.dataDirs = %s/d\n"
             "a1.channels.c1.minimumRequiredSpace = 1048576\n"
             "a1.channels.c1.transactionCapacity = 100\n",
             places.root, places.root);
    run(channel, PROCESSOR "type = failover\n");
    places_free(&places);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"failover", failover_loses_and_repeats_nothing},
        {"load_balance", load_balance_loses_and_repeats_nothing},
        {"back-off", load_balance_with_back_off_loses_and_repeats_nothing},
        {"durable", a_durable_channel_loses_and_repeats_nothing},
    };

    return RUN_SUITE("component/group_random", tests);
}
