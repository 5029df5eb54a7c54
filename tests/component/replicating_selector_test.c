/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "rig.h"
#include "suite.h"

/* A source with two channels, and a sink so that the agent is complete. */
#define TWO_CHANNELS                                                                               \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1 c2 c3\n"                                                                     \
    "a1.sinks = k1\n"                                                                              \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1 c2\n"                                                             \
    "a1.channels.c1.type = memory\n"                                                               \
    "a1.channels.c2.type = memory\n"                                                               \
    "a1.channels.c2.capacity = 10\n"                                                               \
    "a1.channels.c2.transactionCapacity = 10\n"                                                    \
    "a1.channels.c2.keep-alive = 0\n"                                                              \
    "a1.channels.c3.type = memory\n"                                                               \
    "a1.sinks.k1.type = null\n"                                                                    \
    "a1.sinks.k1.channel = c3\n"

static void check_channel(struct rig *rig, const char *name, unsigned count)
{
    static struct rig_bodies bodies;

    rig_take(rig, name, &bodies);
    rig_expect(&bodies, 0, count);
}

START_TEST(every_channel_gets_every_event)
{
    struct rig rig;
    rig_init(&rig, 0);
    rig_build(&rig, TWO_CHANNELS);
    rig_start(&rig);

    rig_push(&rig, 0, 10);
    check_channel(&rig, "c1", 10);
    check_channel(&rig, "c2", 10);
    rig_free(&rig);
}
END_TEST

START_TEST(an_optional_channel_that_is_full_holds_nobody_up)
{
    struct rig rig;
    rig_init(&rig, 0);
    rig_build(&rig, TWO_CHANNELS "a1.sources.r1.selector.type = replicating\n"
                                 "a1.sources.r1.selector.optional = c2\n");
    rig_start(&rig);

    rig_push(&rig, 0, 10);
    rig_push(&rig, 10, 10);
    check_channel(&rig, "c1", 20);
    check_channel(&rig, "c2", 10);
    rig_free(&rig);
}
END_TEST

START_TEST(optional_names_must_be_channels_of_the_source)
{
    struct rig rig;
    flow_error *err = NULL;
    rig_init(&rig, 0);

    ck_assert_int_eq(rig_try_build(&rig,
                                   TWO_CHANNELS
                                   "a1.sources.r1.selector.type = "
                                   "org.apache.flume.channel.ReplicatingChannelSelector\n"
                                   "a1.sources.r1.selector.optional = c1 c3\n",
                                   0, &err),
                     FLOW_ECONFIG);
    ck_assert_msg(strstr(flow_error_message(err), "'c3' is not a channel of the source") != NULL,
                  "%s", flow_error_message(err));
    flow_error_free(err);
    rig_free(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"all", every_channel_gets_every_event},
        {"optional", an_optional_channel_that_is_full_holds_nobody_up},
        {"unknown", optional_names_must_be_channels_of_the_source},
    };

    return RUN_SUITE("component/replicating_selector", tests);
}
