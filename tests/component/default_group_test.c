/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "rig.h"
#include "suite.h"

#define ONE_GROUP(sinks)                                                                           \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sinks = k1 k2\n"                                                                           \
    "a1.sinkgroups = g1\n"                                                                         \
    "a1.sinkgroups.g1.sinks = " sinks "\n"                                                         \
    "a1.sinkgroups.g1.processor.type = default\n"                                                  \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.channels.c1.type = memory\n"                                                               \
    "a1.sinks.k1.type = null\n"                                                                    \
    "a1.sinks.k1.channel = c1\n"                                                                   \
    "a1.sinks.k2.type = null\n"                                                                    \
    "a1.sinks.k2.channel = c1\n"

START_TEST(the_one_sink_gets_every_transaction)
{
    struct rig rig;
    rig_init(&rig, 0);
    rig_build(&rig, ONE_GROUP("k1"));
    rig_start(&rig);

    rig_push(&rig, 0, 50);
    ck_assert_int_eq(flow_pipeline_drain(rig.pipeline, 60000, NULL), FLOW_OK);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventDrainSuccessCount") +
                         rig_metric(&rig, "k2", "EventDrainSuccessCount"),
                     50);
    rig_free(&rig);
}
END_TEST

START_TEST(two_sinks_are_refused)
{
    struct rig rig;
    flow_error *err = NULL;
    rig_init(&rig, 0);

    ck_assert_int_eq(rig_try_build(&rig, ONE_GROUP("k1 k2"), 0, &err), FLOW_ECONFIG);
    ck_assert_msg(strstr(flow_error_message(err), "g1 has 2") != NULL, "%s",
                  flow_error_message(err));
    flow_error_free(err);
    rig_free(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"one sink", the_one_sink_gets_every_transaction},
        {"two sinks", two_sinks_are_refused},
    };

    return RUN_SUITE("component/default_group", tests);
}
