/* SPDX-License-Identifier: Apache-2.0 */

/* Every allocation fails once: the call says so, nothing leaks, and the next try can succeed. */

#include <string.h>

#include <flow.h>

#include "failing.h"
#include "suite.h"

static const char text[] = "a1.sources = r1\n"
                           "a1.channels = c1\n"
                           "a1.sinks = k1 k2 k3 k4 k5\n"
                           "a1.sinkgroups = g1 g2 g3\n"
                           "a1.sources.r1.type = inlet\n"
                           "a1.sources.r1.channels = c1\n"
                           "a1.sources.r1.interceptors = i1\n"
                           "a1.sources.r1.interceptors.i1.type = timestamp\n"
                           "a1.sources.r1.selector.type = multiplexing\n"
                           "a1.sources.r1.selector.mapping.x = c1\n"
                           "a1.sources.r1.selector.optional.y = c1\n"
                           "a1.sources.r1.selector.default = c1\n"
                           "a1.channels.c1.type = memory\n"
                           "a1.sinks.k1.type = null\n"
                           "a1.sinks.k1.channel = c1\n"
                           "a1.sinks.k2.type = null\n"
                           "a1.sinks.k2.channel = c1\n"
                           "a1.sinks.k3.type = null\n"
                           "a1.sinks.k3.channel = c1\n"
                           "a1.sinks.k4.type = null\n"
                           "a1.sinks.k4.channel = c1\n"
                           "a1.sinks.k5.type = null\n"
                           "a1.sinks.k5.channel = c1\n"
                           "a1.sinkgroups.g1.sinks = k1\n"
                           "a1.sinkgroups.g1.processor.type = default\n"
                           "a1.sinkgroups.g2.sinks = k2 k3\n"
                           "a1.sinkgroups.g2.processor.type = failover\n"
                           "a1.sinkgroups.g2.processor.priority.k2 = 1\n"
                           "a1.sinkgroups.g3.sinks = k4 k5\n"
                           "a1.sinkgroups.g3.processor.type = load_balance\n"
                           "a1.sinkgroups.g3.processor.backoff = true\n";

struct world {
    struct failing failing;
    flow_library *lib;
    flow_config *config;
    flow_pipeline *pipeline;
};

static void set_up(struct world *world)
{
    const flow_library_options options = {
        .struct_size = sizeof(options),
        .log_level = FLOW_LOG_OFF,
        .allocator = &world->failing.allocator,
    };

    memset(world, 0, sizeof(*world));
    failing_init(&world->failing);
    ck_assert_int_eq(flow_library_new(&options, &world->lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_config_new(world->lib, &world->config, NULL), FLOW_OK);
    ck_assert_int_eq(
        flow_config_parse(world->config, "test", text, strlen(text), FLOW_FORMAT_PROPERTIES, NULL),
        FLOW_OK);
}

static void tear_down(struct world *world)
{
    failing_after(&world->failing, -1);
    flow_pipeline_stop(world->pipeline, -1, NULL);
    ck_assert_int_eq(flow_pipeline_free(world->pipeline, NULL), FLOW_OK);
    flow_config_free(world->config);
    ck_assert_int_eq(flow_library_free(world->lib, NULL), FLOW_OK);
    ck_assert_int_eq(world->failing.live, 0);
}

/* All that a host does between new and stop. */
static int use(struct world *world)
{
    flow_inlet *inlet;
    flow_metrics *metrics;
    int rc = flow_pipeline_new(world->lib, world->config, "a1", 0, &world->pipeline, NULL);

    if (rc == FLOW_OK)
        rc = flow_pipeline_start(world->pipeline, NULL);
    if (rc == FLOW_OK)
        rc = flow_pipeline_inlet(world->pipeline, "r1", &inlet, NULL);
    if (rc == FLOW_OK)
        rc = flow_inlet_push(inlet, "hello", 5, NULL, 0, 0, 0, NULL);
    if (rc == FLOW_OK)
        rc = flow_pipeline_metrics(world->pipeline, &metrics, NULL);
    if (rc == FLOW_OK)
        flow_metrics_free(metrics);
    return rc;
}

START_TEST(test_a_pipeline_without_memory_says_so_and_leaks_nothing)
{
    int rc = FLOW_ENOMEM;

    for (int64_t granted = 0; rc != FLOW_OK; granted++) {
        struct world world;
        set_up(&world);
        failing_after(&world.failing, granted);
        rc = use(&world);
        ck_assert_msg(rc == FLOW_OK || rc == FLOW_ENOMEM, "%s after %d allocations",
                      flow_error_name(rc), (int)granted);
        tear_down(&world);
    }
}
END_TEST

/* A harness with a sink that gets a batch. */
static int use_harness(struct world *world)
{
    flow_harness *harness = NULL;
    flow_batch *batch = NULL;
    int rc = flow_harness_new(world->lib, FLOW_KIND_SINK, "null", &harness, NULL);

    if (rc == FLOW_OK)
        rc = flow_harness_set(harness, "batchSize", "10", NULL);
    if (rc == FLOW_OK)
        rc = flow_harness_start(harness, NULL);
    if (rc == FLOW_OK)
        rc = flow_batch_new(world->lib, &batch, NULL);
    if (rc == FLOW_OK)
        rc = flow_batch_add(batch, "hello", 5, NULL);
    if (rc == FLOW_OK)
        rc = flow_harness_push(harness, batch, NULL);
    if (rc == FLOW_OK) {
        rc = flow_harness_run(harness, NULL);
        rc = rc > 0 ? FLOW_OK : rc;
    }
    flow_batch_free(batch);
    flow_harness_free(harness);
    return rc;
}

START_TEST(test_a_harness_without_memory_says_so_and_leaks_nothing)
{
    int rc = FLOW_ENOMEM;

    for (int64_t granted = 0; rc != FLOW_OK; granted++) {
        struct world world;
        set_up(&world);
        failing_after(&world.failing, granted);
        rc = use_harness(&world);
        ck_assert_msg(rc == FLOW_OK || rc == FLOW_ENOMEM, "%s after %d allocations",
                      flow_error_name(rc), (int)granted);
        tear_down(&world);
    }
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"pipeline", test_a_pipeline_without_memory_says_so_and_leaks_nothing},
        {"harness", test_a_harness_without_memory_says_so_and_leaks_nothing},
    };

    return RUN_SUITE("out_of_memory", tests);
}
