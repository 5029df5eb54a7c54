/* SPDX-License-Identifier: Apache-2.0 */

/* The avro and thrift sinks in a pipeline, and an agent that does with calls what it is told to. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "await.h"
#include "fake_agent.h"
#include "rig.h"
#include "suite.h"

static struct rig rig;
static struct fake_agent agents[2];

static void set_up(void)
{
    memset(agents, 0, sizeof agents);
    rig_init(&rig, 1);
}

static void tear_down(void)
{
    rig_free(&rig);
    for (size_t i = 0; i < 2; i++)
        if (agents[i].port)
            fake_agent_free(&agents[i]);
}

/* An inlet, a channel, and a sink of TYPE with SETTINGS that sends to the first agent. */
static void build(const char *type, const char *settings)
{
    char text[2048];

    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.sinks = k1\n"
             "a1.sources.r1.type = inlet\na1.sources.r1.channels = c1\n"
             "a1.channels.c1.type = memory\na1.channels.c1.capacity = 10000\n"
             "a1.channels.c1.transactionCapacity = 1000\n"
             "a1.sinks.k1.type = %s\na1.sinks.k1.channel = c1\na1.sinks.k1.batch-size = 10\n"
             "a1.sinks.k1.hostname = 127.0.0.1\na1.sinks.k1.port = %u\n%s",
             type, agents[0].port, settings);
    rig_build(&rig, text);
    rig_start(&rig);
}

/* The numbers from 0 to COUNT, a line each. */
static const char *numbers(unsigned count)
{
    static char text[65536];
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%u\n", i);
    return text;
}

static void await_accepted(unsigned count)
{
    AWAIT(fake_agent_accepted(&agents[0]) >= count);
}

/* Lets time pass until the agent has COUNT events. */
static void tick_until_accepted(unsigned count)
{
    while (fake_agent_accepted(&agents[0]) < count)
        rig_tick(&rig);
}

START_TEST(events_arrive_in_order_and_are_counted)
{
    fake_agent_start(&agents[0]);
    build("avro", "");
    rig_push(&rig, 0, 25);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 25);
    fake_agent_expect(&agents[0], numbers(25));
    ck_assert_int_eq(rig_metric(&rig, "k1", "ConnectionCreatedCount"), 1);
    ck_assert_int_eq(rig_metric(&rig, "k1", "ConnectionFailedCount"), 0);
    rig_stop(&rig);
    ck_assert_int_eq(rig_metric(&rig, "k1", "ConnectionClosedCount"), 1);
}
END_TEST

START_TEST(an_agent_that_comes_later_is_waited_for)
{
    fake_agent_start(&agents[0]);
    fake_agent_stop(&agents[0]);
    build("avro", "");
    rig_await_log(&rig, "not connected yet: cannot connect to 127.0.0.1:");
    rig_push(&rig, 0, 5);
    rig_await(&rig, "k1", "EventWriteFail", 1);
    ck_assert_int_ge(rig_metric(&rig, "k1", "ConnectionFailedCount"), 2);
    fake_agent_start(&agents[0]);
    tick_until_accepted(5);
    fake_agent_expect(&agents[0], numbers(5));
    rig_stop(&rig);
}
END_TEST

static void refuse_and_recover(const char *type, enum fake_habit habit)
{
    fake_agent_start(&agents[0]);
    fake_agent_behave(&agents[0], habit, 2);
    build(type, "");
    rig_push(&rig, 0, 50);
    rig_await(&rig, "k1", "EventWriteFail", 1);
    fake_agent_behave(&agents[0], FAKE_OK, 0);
    rig_tick_until(&rig, "k1", "EventDrainSuccessCount", 50);
    rig_stop(&rig);
}

START_TEST(what_is_refused_comes_again_in_order)
{
    refuse_and_recover("avro", FAKE_REFUSE);
    fake_agent_expect(&agents[0], numbers(50));
}
END_TEST

START_TEST(what_is_not_answered_comes_again_in_order)
{
    refuse_and_recover("avro", FAKE_HANG_UP);
    fake_agent_expect(&agents[0], numbers(50));
}
END_TEST

START_TEST(a_libflow_gets_several_calls_at_once)
{
    agents[0].is_libflow = 1;
    agents[0].hold = 8;
    fake_agent_start(&agents[0]);
    build("avro", "a1.sinks.k1.request-timeout = 1000000000\n"); /* ticks fly where calls are slow */
    rig_push(&rig, 0, 1);
    await_accepted(1);
    rig_push(&rig, 1, 80); /* as eight calls, of which none is answered before the last is there */
    rig_tick_until(&rig, "k1", "EventDrainSuccessCount", 81);
    fake_agent_expect(&agents[0], numbers(81));
    ck_assert_uint_eq(fake_agent_connections(&agents[0]), 1);
    ck_assert_uint_gt(agents[0].stamp.size, 0); /* though there are no numbers to tell */
    rig_stop(&rig);
}
END_TEST

START_TEST(anybody_else_gets_one_at_a_time)
{
    agents[0].hold = 2;
    fake_agent_start(&agents[0]);
    build("avro", "a1.sinks.k1.request-timeout = 1000\n");
    rig_push(&rig, 0, 1);
    await_accepted(1);
    rig_push(&rig, 1, 80);
    /* The second call waits for an answer that only a third would bring. */
    rig_await(&rig, "k1", "EventWriteFail", 1);
    ck_assert_uint_eq(fake_agent_calls(&agents[0]), 2);
    ck_assert_uint_ge(rig_logged(&rig, "no answer within 1000 ms"), 1);
    rig_stop(&rig);
}
END_TEST

/* The agent has the numbers from 0 to COUNT; after a failure some may have come again, but none
 * before one that is in front of it. */
static void expect_in_order(unsigned count)
{
    unsigned next = 0;

    pthread_mutex_lock(&agents[0].lock);
    for (const char *text = fl_buf_cstr(&agents[0].bodies); *text; text = strchr(text, '\n') + 1) {
        unsigned number = (unsigned)strtoul(text, NULL, 10);
        ck_assert_uint_le(number, next);
        next = number + 1;
    }
    pthread_mutex_unlock(&agents[0].lock);
    ck_assert_uint_eq(next, count);
}

START_TEST(calls_behind_one_that_fails_come_again_behind_it)
{
    agents[0].is_libflow = 1;
    fake_agent_start(&agents[0]);
    fake_agent_behave(&agents[0], FAKE_HANG_UP, 5);
    build("avro", "");
    rig_push(&rig, 0, 200);
    rig_tick_until(&rig, "k1", "EventWriteFail", 1);
    fake_agent_behave(&agents[0], FAKE_OK, 0);
    rig_tick_until(&rig, "k1", "EventDrainSuccessCount", 200);
    expect_in_order(200);
    ck_assert_uint_ge(fake_agent_connections(&agents[0]), 2);
    rig_stop(&rig);
}
END_TEST

/* The agent takes its time for answers, in which the sink is stopped. */
START_TEST(a_stop_waits_for_answers_that_are_under_way)
{
    agents[0].is_libflow = 1;
    fake_agent_start(&agents[0]);
    build("avro", "");
    rig_push(&rig, 0, 1);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 1);
    fake_agent_behave(&agents[0], FAKE_BYTEWISE, 0);
    rig_push(&rig, 1, 20);
    await_accepted(21);
    rig_stop(&rig);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventDrainSuccessCount"), 21);
    fake_agent_expect(&agents[0], numbers(21));
}
END_TEST

START_TEST(an_old_connection_is_made_anew)
{
    fake_agent_start(&agents[0]);
    build("avro", "a1.sinks.k1.reset-connection-interval = 60\n");
    rig_push(&rig, 0, 5);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 5);
    rig_advance(&rig, 59000);
    rig_push(&rig, 5, 5);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 10);
    ck_assert_uint_eq(fake_agent_connections(&agents[0]), 1);
    rig_advance(&rig, 2000);
    rig_push(&rig, 10, 5);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 15);
    ck_assert_uint_eq(fake_agent_connections(&agents[0]), 2);
    fake_agent_expect(&agents[0], numbers(15));
    rig_stop(&rig);
}
END_TEST

START_TEST(an_agent_that_restarts_while_idle_costs_no_failure)
{
    fake_agent_start(&agents[0]);
    build("avro", "");
    rig_push(&rig, 0, 5);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 5);
    fake_agent_stop(&agents[0]);
    fake_agent_start(&agents[0]);
    rig_push(&rig, 5, 5);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 10);
    ck_assert_int_eq(rig_metric(&rig, "k1", "EventWriteFail"), 0);
    rig_stop(&rig);
}
END_TEST

START_TEST(a_sink_can_be_a_client_of_several_hosts)
{
    char settings[512];

    fake_agent_start(&agents[0]);
    fake_agent_start(&agents[1]);
    snprintf(settings, sizeof settings,
             "a1.sinks.k1.client.type = default_failover\na1.sinks.k1.hosts = x y\n"
             "a1.sinks.k1.hosts.x = 127.0.0.1:%u\na1.sinks.k1.hosts.y = 127.0.0.1:%u\n",
             agents[0].port, agents[1].port);
    build("avro", settings);
    rig_push(&rig, 0, 5);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 5);
    fake_agent_stop(&agents[0]);
    rig_push(&rig, 5, 5);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 10);
    ck_assert_uint_eq(fake_agent_accepted(&agents[0]), 5);
    ck_assert_uint_eq(fake_agent_accepted(&agents[1]), 5);
    rig_stop(&rig);
}
END_TEST

START_TEST(thrift_delivers_and_recovers)
{
    agents[0].is_thrift = 1;
    refuse_and_recover("thrift", FAKE_REFUSE);
    ck_assert_uint_ge(fake_agent_calls(&agents[0]), 6);
}
END_TEST

START_TEST(what_cannot_be_honoured_is_refused)
{
    static const char text[] =
        "a1.channels = c1\na1.sinks = k1\na1.channels.c1.type = memory\n"
        "a1.sinks.k1.type = thrift\na1.sinks.k1.channel = c1\na1.sinks.k1.hostname = x\n"
        "a1.sinks.k1.port = 1\na1.sinks.k1.kerberos = true\n";
    flow_error *err = NULL;

    ck_assert_int_eq(rig_try_build(&rig, text, 0, &err), FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "kerberos"));
    flow_error_free(err);
}
END_TEST

/* A group hands over one batch at a time, so the sink must not wait for a next one: time stands
 * still, and whatever is put off for a moment never comes. */
START_TEST(in_a_group_each_batch_is_answered_at_once)
{
    char group[512];

    agents[0].is_libflow = agents[1].is_libflow = 1;
    fake_agent_start(&agents[0]);
    fake_agent_start(&agents[1]);
    snprintf(group, sizeof group,
             "a1.sinks = k1 k2\na1.sinkgroups = g1\na1.sinkgroups.g1.sinks = k1 k2\n"
             "a1.sinkgroups.g1.processor.type = failover\n"
             "a1.sinks.k2.type = avro\na1.sinks.k2.channel = c1\n"
             "a1.sinks.k2.hostname = 127.0.0.1\na1.sinks.k2.port = %u\n",
             agents[1].port);
    build("avro", group);
    rig_push(&rig, 0, 30);
    rig_await(&rig, "k1", "EventDrainSuccessCount", 30);
    fake_agent_behave(&agents[0], FAKE_HANG_UP, 0);
    rig_push(&rig, 30, 10);
    rig_await(&rig, "k2", "EventDrainSuccessCount", 10);
    fake_agent_expect(&agents[1], "30\n31\n32\n33\n34\n35\n36\n37\n38\n39\n");
    rig_stop(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"group", in_a_group_each_batch_is_answered_at_once},
        {"avro", events_arrive_in_order_and_are_counted},
        {"avro", an_agent_that_comes_later_is_waited_for},
        {"avro", what_is_refused_comes_again_in_order},
        {"avro", what_is_not_answered_comes_again_in_order},
        {"avro", a_libflow_gets_several_calls_at_once},
        {"avro", anybody_else_gets_one_at_a_time},
        {"avro", calls_behind_one_that_fails_come_again_behind_it},
        {"avro", a_stop_waits_for_answers_that_are_under_way},
        {"avro", an_old_connection_is_made_anew},
        {"avro", an_agent_that_restarts_while_idle_costs_no_failure},
        {"avro", a_sink_can_be_a_client_of_several_hosts},
        {"thrift", thrift_delivers_and_recovers},
        {"settings", what_cannot_be_honoured_is_refused},
    };

    return RUN_SUITE_BETWEEN("rpc_sink", tests, set_up, tear_down);
}
