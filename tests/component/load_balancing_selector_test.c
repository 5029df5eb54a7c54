/* SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include "suite.h"

#define THREE_CHANNELS                                                                             \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1 c2 c3\n"                                                                     \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1 c2 c3\n"                                                          \
    "a1.channels.c1.type = memory\n"                                                               \
    "a1.channels.c2.type = memory\n"                                                               \
    "a1.channels.c3.type = memory\n"                                                               \
    "a1.channels.c1.capacity = 10000\n"                                                            \
    "a1.channels.c2.capacity = 10000\n"                                                            \
    "a1.channels.c3.capacity = 10000\n"

static struct rig rig;
static struct rig_bodies bodies;

static void set_up(void)
{
    rig_init(&rig, 0);
}

static void tear_down(void)
{
    rig_free(&rig);
}

static void expect_every_third(const char *channel, unsigned first, size_t count)
{
    rig_take(&rig, channel, &bodies);
    ck_assert_uint_eq(bodies.count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(atoi(bodies.text[i]), (int)(first + 3 * i));
}

START_TEST(the_channels_get_events_in_turn)
{
    rig_build(&rig, THREE_CHANNELS "a1.sources.r1.selector.type = load_balancing\n");
    rig_start(&rig);
    rig_push(&rig, 0, 4);
    rig_push(&rig, 4, 5);
    expect_every_third("c1", 0, 3);
    expect_every_third("c2", 1, 3);
    expect_every_third("c3", 2, 3);
}
END_TEST

/* Expects about a third of 3,000 events in CHANNEL, in order; adds which to SEEN. */
static void expect_share(const char *channel, unsigned char *seen)
{
    int last = -1;

    rig_take(&rig, channel, &bodies);
    ck_assert_msg(bodies.count > 850 && bodies.count < 1150, "%zu in %s", bodies.count, channel);
    for (size_t i = 0; i < bodies.count; i++) {
        int number = atoi(bodies.text[i]);
        ck_assert_int_gt(number, last);
        seen[number]++;
        last = number;
    }
}

/* Five standard deviations on either side: a fair coin fails here once in a million runs. */
START_TEST(at_random_each_event_is_in_one_channel)
{
    static unsigned char seen[3000];

    rig_build(&rig, THREE_CHANNELS "a1.sources.r1.selector.type = "
                                   "org.apache.flume.channel.LoadBalancingChannelSelector\n"
                                   "a1.sources.r1.selector.policy = RANDOM\n");
    rig_start(&rig);
    for (unsigned first = 0; first < 3000; first += 100)
        rig_push(&rig, first, 100);
    expect_share("c1", seen);
    expect_share("c2", seen);
    expect_share("c3", seen);
    for (size_t i = 0; i < sizeof seen; i++)
        ck_assert_uint_eq(seen[i], 1);
}
END_TEST

START_TEST(another_policy_is_refused)
{
    flow_error *err = NULL;

    ck_assert_int_eq(rig_try_build(&rig,
                                   THREE_CHANNELS "a1.sources.r1.selector.type = load_balancing\n"
                                                  "a1.sources.r1.selector.policy = fair\n",
                                   0, &err),
                     FLOW_ECONFIG);
    ck_assert_msg(strstr(flow_error_message(err), "fair"), "%s", flow_error_message(err));
    flow_error_free(err);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"in turn", the_channels_get_events_in_turn},
        {"at random", at_random_each_event_is_in_one_channel},
        {"policy", another_policy_is_refused},
    };

    return RUN_SUITE_BETWEEN("component/load_balancing_selector", tests, set_up, tear_down);
}
