/* SPDX-License-Identifier: Apache-2.0 */

/* What is found wrong with an agent, and the plan that is made of it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/plan.h"
#include "config_case.h"
#include "config_types.h"
#include "failing.h"
#include "suite.h"

/* A sound agent; tests append lines that change it, so that a repeated key is no surprise. */
#define R1 "a1.sources.r1.type = probe\na1.sources.r1.port = 1\na1.sources.r1.channels = c1\n"
#define C1 "a1.channels.c1.type = box\n"
#define K1 "a1.sinks.k1.type = drain\na1.sinks.k1.path = /x\na1.sinks.k1.channel = c1\n"
#define LISTS "a1.sources = r1\na1.channels = c1\na1.sinks = k1\n"
#define AGENT LISTS R1 C1 K1 /* ten lines */

static void expect_report(const char *text, const char *expected)
{
    struct config_case test;

    config_case_open(&test);
    config_case_properties(&test, text);
    config_case_expect(text, config_case_report(&test, "a1"), expected);
    config_case_close(&test);
}

/* ---- findings ---- */

START_TEST(a_sound_agent_has_no_findings)
{
    expect_report(AGENT, "");
}
END_TEST

START_TEST(an_unknown_type_is_the_only_finding)
{
    expect_report(LISTS R1 "a1.channels.c1.type = boks\na1.channels.c1.nonsense = 1\n" K1,
                  "error 7:23 channel c1: a1.channels.c1.type: unknown channel type 'boks' "
                  "[did you mean 'box'?]\n");
    expect_report(LISTS "a1.sources.r1.type = com.example.Mine\na1.sources.r1.delay = 1\n"
                        "a1.sources.r1.channels = c1\n" C1 K1,
                  "error 4:22 source r1: a1.sources.r1.type: unknown source type "
                  "'com.example.Mine'\n");
}
END_TEST

START_TEST(a_missing_type_or_setting_is_an_error)
{
    expect_report(LISTS "a1.sources.r1.port = 1\na1.sources.r1.channels = c1\n" C1 K1,
                  "error 4:1 source r1: a1.sources.r1.type: a1.sources.r1.type is required and not "
                  "set [What the source is.]\n");
    expect_report(LISTS "a1.sources.r1.type = probe\na1.sources.r1.channels = c1\n" C1 K1,
                  "error 4:1 source r1: a1.sources.r1.port: a1.sources.r1.port is required and not "
                  "set [A port.]\n");
}
END_TEST

START_TEST(a_wrong_value_stands_where_it_is)
{
    expect_report(AGENT "a1.sources.r1.batchSize = \\\n   many\n",
                  "error 12:4 source r1: a1.sources.r1.batchSize: 'many' is not a whole number\n");
    expect_report(AGENT "a1.sources.r1.maxBackoffSleep = -1\n",
                  "error 11:33 source r1: a1.sources.r1.maxBackoffSleep: '-1' is out of range (at "
                  "least 0 ms)\n");
}
END_TEST

START_TEST(an_unknown_key_is_a_warning_with_a_hint)
{
    expect_report(AGENT "a1.sources.r1.bacthSize = 5\n",
                  "warning 11:1 source r1: a1.sources.r1.bacthSize: the source type 'probe' has no "
                  "property 'bacthSize' [did you mean 'batchSize'?]\n");
    expect_report(AGENT "a1.source.r1.batchSize = 5\n",
                  "warning 11:1 a1.source.r1.batchSize: 'source' is no section of an agent, so the "
                  "key has no effect [did you mean 'sources'?]\n");
    expect_report(AGENT "a1.sinks.k1 = x\n",
                  "warning 11:1 a1.sinks.k1: the key names a component but none of its settings "
                  "[write AGENT.SECTION.NAME.SETTING]\n");
    expect_report(AGENT "log.level = x\nplain = y\na1. = z\n.x = z\n",
                  "warning 11:1 log.level: 'level' is no section of an agent, so the key has no "
                  "effect\n"
                  "warning 12:1 plain: the key names no agent, so it has no effect [write "
                  "AGENT.SECTION...]\n"
                  "warning 13:1 a1.: the key ends behind the agent, so it has no effect\n"
                  "warning 14:1 .x: the key names no agent, so it has no effect [write "
                  "AGENT.SECTION...]\n");
}
END_TEST

START_TEST(the_config_key_has_no_effect)
{
    expect_report(
        AGENT "a1.sinks.k1.config = com.example.Stub\n",
        "warning 11:1 sink k1: a1.sinks.k1.config: the property has no effect here: It "
        "names a Java class that checks settings, which the schema of the type does here. "
        "[remove it]\n");
}
END_TEST

START_TEST(comments_behind_values_are_cut_with_one_warning_each)
{
    expect_report("a1.sources = r1  # one\na1.channels = c1 # two\na1.sinks = k1 # three\n"
                  "a1.sources.r1.type = probe # four\na1.sources.r1.port = 1 # five\n"
                  "a1.sources.r1.channels = c1 # six\n" C1 "a1.sinks.k1.type = drain\n"
                  "a1.sinks.k1.path = /x # seven\na1.sinks.k1.channel = c1 # eight\n",
#define CUT ": the comment behind the value is left out [put comments on a line of their own]\n"
                  "warning 1:14 agent a1: a1.sources" CUT "warning 2:15 agent a1: a1.channels" CUT
                  "warning 3:12 agent a1: a1.sinks" CUT
                  "warning 4:22 source r1: a1.sources.r1.type" CUT
                  "warning 5:22 source r1: a1.sources.r1.port" CUT
                  "warning 6:26 source r1: a1.sources.r1.channels" CUT
                  "warning 9:20 sink k1: a1.sinks.k1.path: what looks like a comment is part of "
                  "the value [put comments on a line of their own]\n"
                  "warning 10:23 sink k1: a1.sinks.k1.channel" CUT);
}
END_TEST

START_TEST(lists_and_settings_must_agree)
{
    expect_report("a1.sources = r1 r2\na1.channels = c1\na1.sinks = k1\n" R1 C1 K1
                  "a1.sinks.k2.type = drain\n",
                  "error 1:14 source r2: a1.sources: source 'r2' is listed but has no settings\n"
                  "warning 11:1 agent a1: a1.sinks.k2.type: 'k2' is not in the list 'a1.sinks', so "
                  "its settings have no effect [add it to the list, or remove its settings]\n");
    expect_report("a1.sources = reader\na1.channels = c1\na1.sinks = k1\n"
                  "a1.sources.raeder.type = probe\n" C1 K1,
                  "error 1:14 source reader: a1.sources: source 'reader' is listed but has no "
                  "settings [did you mean 'raeder'?]\n"
                  "warning 4:1 agent a1: a1.sources.raeder.type: 'raeder' is not in the list "
                  "'a1.sources', so its settings have no effect [add it to the list, or remove its "
                  "settings]\n");
}
END_TEST

START_TEST(channels_must_be_listed)
{
    expect_report(LISTS "a1.sources.r1.type = probe\na1.sources.r1.port = 1\n"
                        "a1.sources.r1.channels = c1 c9\n" C1 K1,
                  "error 6:26 source r1: a1.sources.r1.channels: 'c9' is not in the list "
                  "'a1.channels' [did you mean 'c1'?]\n");
    expect_report(LISTS R1 C1 "a1.sinks.k1.type = drain\na1.sinks.k1.path = /x\n"
                              "a1.sinks.k1.channel = c1 c2\n",
                  "error 10:23 sink k1: a1.sinks.k1.channel: a sink takes from one channel only [a "
                  "source or another sink can have the others]\n");
}
END_TEST

START_TEST(a_channel_without_users_is_a_warning)
{
    expect_report("a1.sources = r1\na1.channels = c1 c2\na1.sinks = k1\n" R1 C1 K1
                  "a1.channels.c2.type = box\n",
                  "warning 11:1 a1.channels.c2.type: no source or sink uses channel 'c2'\n");
}
END_TEST

START_TEST(an_agent_has_ends)
{
    expect_report("a1.channels = c1\n" C1,
                  "error agent a1: a1: agent 'a1' has neither sources nor sinks\n"
                  "warning 2:1 a1.channels.c1.type: no source or sink uses channel 'c1'\n");
    expect_report("a1.sources = r1\na1.channels = c1\n" R1 C1,
                  "warning agent a1: a1: agent 'a1' has no sinks\n");
    expect_report("a1.sources = r1\n" R1 "a1.sinks = k1\n" K1,
                  "error agent a1: a1.channels: a1.channels is required and not set [Names of the "
                  "channels.]\n"
                  "error 4:26 source r1: a1.sources.r1.channels: 'c1' is not in the list "
                  "'a1.channels'\n"
                  "error 8:23 sink k1: a1.sinks.k1.channel: 'c1' is not in the list "
                  "'a1.channels'\n");
}
END_TEST

START_TEST(batches_must_fit_into_transactions)
{
    expect_report(
        AGENT "a1.sinks.k1.hdfs.batchSize = 1000\n",
        "warning 11:30 sink k1: a1.sinks.k1.hdfs.batchSize: batches of 1000 events do not fit into "
        "a transaction of channel 'c1', which holds 100; they are taken in several "
        "[raise transactionCapacity or lower the batch size]\n");
    expect_report(
        AGENT "a1.channels.c1.transactionCapacity = 10\n",
        "warning 11:38 source r1: a1.channels.c1.transactionCapacity: batches of 20 events do not "
        "fit into a transaction of channel 'c1', which holds 10; they are taken in "
        "several [raise transactionCapacity or lower the batch size]\n"
        "warning 11:38 sink k1: a1.channels.c1.transactionCapacity: batches of 100 events do not "
        "fit into a transaction of channel 'c1', which holds 10; they are taken in "
        "several [raise transactionCapacity or lower the batch size]\n");
}
END_TEST

START_TEST(interceptors_are_checked_like_components)
{
    expect_report(
        AGENT "a1.sources.r1.interceptors = i1 i2 i3\n"
              "a1.sources.r1.interceptors.i1.type = mark\n"
              "a1.sources.r1.interceptors.i2.type = marc\n"
              "a1.sources.r1.interceptors.i4.type = mark\n",
        "error 11:30 interceptor i3: a1.sources.r1.interceptors: interceptor 'i3' is listed "
        "but has no settings\n"
        "error 12:1 interceptor i1: a1.sources.r1.interceptors.i1.key: "
        "a1.sources.r1.interceptors.i1.key is required and not set [A header.]\n"
        "error 13:38 interceptor i2: a1.sources.r1.interceptors.i2.type: unknown "
        "interceptor type 'marc' [did you mean 'mark'?]\n"
        "warning 14:1 source r1: a1.sources.r1.interceptors.i4.type: interceptor 'i4' is "
        "not in the list 'interceptors' of source 'r1' [add it to the list, or remove its "
        "settings]\n");
}
END_TEST

START_TEST(an_unknown_selector_is_the_only_finding)
{
    expect_report(AGENT "a1.sources.r1.selector.type = nothing\na1.sources.r1.selector.x = 1\n",
                  "error 11:31 source r1: a1.sources.r1.selector.type: unknown selector type "
                  "'nothing'\n");
}
END_TEST

START_TEST(back_off_is_for_polled_sources)
{
    expect_report(
        LISTS "a1.sources.r1.type = pushed\na1.sources.r1.channels = c1\n"
              "a1.sources.r1.backoffSleepIncrement = 5\n" C1 K1,
        "warning 6:1 source r1: a1.sources.r1.backoffSleepIncrement: "
        "'backoffSleepIncrement' has no effect on a source of type 'pushed', which is not "
        "polled\n");
}
END_TEST

START_TEST(what_no_schema_can_say_is_found_by_making_the_component)
{
    expect_report(LISTS "a1.sources.r1.type = fussy\na1.sources.r1.port = 1\n"
                        "a1.sources.r1.note = x\na1.sources.r1.channels = c1\n" C1 K1,
                  "error 6:22 source r1: a1.sources.r1.note: there is nothing to note\n");
    expect_report(LISTS "a1.sources.r1.type = fussy\na1.sources.r1.port = 13\n"
                        "a1.sources.r1.channels = c1\n" C1 K1,
                  "error 4:22 source r1: a1.sources.r1.type: no luck\n");
}
END_TEST

#define GROUPED                                                                                    \
    "a1.sources = r1\na1.channels = c1\na1.sinks = k1 k2\na1.sinkgroups = g1\n" R1 C1 K1           \
    "a1.sinks.k2.type = drain\na1.sinks.k2.path = /x\na1.sinks.k2.channel = c1\n"

START_TEST(groups_need_a_processor_and_members)
{
    expect_report(
        GROUPED "a1.sinkgroups.g1.processor.typ = turns\n"
                "a1.sinkgroups.g1.procesor.type = turns\n",
        "error 15:1 group g1: a1.sinkgroups.g1.sinks: a1.sinkgroups.g1.sinks is required "
        "and not set [Its sinks, in order.]\n"
        "error 15:1 group g1: a1.sinkgroups.g1.processor.type: "
        "a1.sinkgroups.g1.processor.type is required and not set [What decides which sink "
        "is next.]\n"
        "warning 16:1 group g1: a1.sinkgroups.g1.procesor.type: the component type 'a "
        "sink group' has no property 'procesor.type' [did you mean 'processor.type'?]\n");
    expect_report(GROUPED "a1.sinkgroups.g1.sinks = k1 k3\na1.sinkgroups.g1.processor.type = "
                          "turns\na1.sinkgroups.g1.processor.priority.k1 = high\n",
                  "error 15:26 group g1: a1.sinkgroups.g1.sinks: 'k3' is not in the list "
                  "'a1.sinks' [did you mean 'k1'?]\n"
                  "error 17:42 group g1: a1.sinkgroups.g1.processor.priority.k1: 'high' is not a "
                  "whole number\n");
}
END_TEST

START_TEST(a_sink_is_in_one_group)
{
    expect_report(GROUPED
                  "a1.sinkgroups = g1 g2\n"
                  "a1.sinkgroups.g1.sinks = k1 k2\na1.sinkgroups.g1.processor.type = turns\n"
                  "a1.sinkgroups.g2.sinks = k2\na1.sinkgroups.g2.processor.type = turns\n",
                  "warning 15:1 a1.sinkgroups: 'a1.sinkgroups' replaces the value given at line 4, "
                  "column 1\n"
                  "error 18:26 group g2: a1.sinkgroups.g2.sinks: sink 'k2' is in sink group 'g1' "
                  "already\n");
}
END_TEST

START_TEST(problems_of_other_agents_are_warnings)
{
    expect_report(AGENT "a2.sources = r1\na2.channels = c1\na2.sources.r1.type = nothing\n"
                        "a2.sources.r1.channels = c1\na2.channels.c1.type = box\n"
                        "a2.channels.c1.capacity = ${a2.channels.c1.capacity}\n",
                  "warning agent a2: a2: agent 'a2' has no sinks\n"
                  "warning 13:22 source r1: a2.sources.r1.type: unknown source type 'nothing'\n"
                  "warning 16:27 a2.channels.c1.capacity: the value refers to itself: "
                  "a2.channels.c1.capacity <- a2.channels.c1.capacity [break the circle]\n"
                  "warning 16:27 channel c1: a2.channels.c1.capacity: "
                  "'${a2.channels.c1.capacity}' is not a whole number\n");
}
END_TEST

START_TEST(a_missing_agent_is_an_error_with_those_there_are)
{
    struct config_case test;

    config_case_open(&test);
    config_case_properties(&test, AGENT "a2.sinks = k1\n");
    ck_assert_ptr_nonnull(strstr(config_case_report(&test, "b"),
                                 "error the configuration has no agent 'b' [there is 'a1', 'a2']"));
    ck_assert_ptr_nonnull(strstr(config_case_report(&test, NULL),
                                 "error which of the 2 agents is meant was not said"));
    config_case_close(&test);
}
END_TEST

/* ---- names ---- */

START_TEST(agents_and_components_have_names)
{
    struct config_case test;
    flow_config *config;

    config_case_open(&test);
    config = test.config;
    config_case_properties(&test, "b.sinks = k2 k1 k2 # two\nlog.x = 1\n" AGENT);
    ck_assert_str_eq(flow_config_agent(config, 0), "b");
    ck_assert_str_eq(flow_config_agent(config, 1), "a1");
    ck_assert_ptr_null(flow_config_agent(config, 2));
    ck_assert_str_eq(flow_config_component(config, "b", FLOW_KIND_SINK, 0), "k2");
    ck_assert_str_eq(flow_config_component(config, "b", FLOW_KIND_SINK, 1), "k1");
    ck_assert_ptr_null(flow_config_component(config, "b", FLOW_KIND_SINK, 2));
    ck_assert_str_eq(flow_config_component(config, "a1", FLOW_KIND_CHANNEL, 0), "c1");
    ck_assert_ptr_null(flow_config_component(config, "a1", FLOW_KIND_GROUP, 0));
    ck_assert_ptr_null(flow_config_component(config, "a1", FLOW_KIND_INTERCEPTOR, 0));
    ck_assert_ptr_null(flow_config_component(config, "c", FLOW_KIND_SINK, 0));
    config_case_close(&test);
}
END_TEST

/* ---- plans ---- */

static struct fl_plan *make_plan(struct config_case *test, const char *text, int lenient)
{
    struct fl_plan *plan;
    flow_error *err = NULL;

    config_case_open(test);
    config_case_properties(test, text);
    int rc = fl_plan_make(test->config, NULL, lenient, &plan, NULL, &err);
    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
    return plan;
}

static const char *sink_name(const struct fl_plan *plan, size_t index)
{
    return ((struct fl_plan_sink *)fl_vec_at(&plan->sinks, index))->part.name;
}

START_TEST(a_plan_has_parts_in_order)
{
    struct config_case test;
    struct fl_plan *plan = make_plan(
        &test,
        "a1.sources = r1\na1.channels = c2 c1\na1.sinks = k2 k1\n" R1 C1 K1
        "a1.channels.c2.type = box\na1.sources.r1.channels = c1 c2\n"
        "a1.sinks.k2.type = drain\na1.sinks.k2.path = /y\na1.sinks.k2.channel = c2\n"
        "a1.sources.r1.interceptors = i2 i1\na1.sources.r1.maxBackoffSleep = 9\n"
        "a1.sources.r1.interceptors.i1.type = mark\na1.sources.r1.interceptors.i1.key = one\n"
        "a1.sources.r1.interceptors.i2.type = mark\na1.sources.r1.interceptors.i2.key = two\n",
        0);
    const struct fl_plan_source *source = fl_vec_at(&plan->sources, 0);
    const struct fl_part *first = fl_vec_at(&source->interceptors, 0);
    const struct fl_plan_sink *sink = fl_vec_at(&plan->sinks, 0);

    ck_assert_str_eq(plan->agent, "a1");
    ck_assert_uint_eq(source->channels.count, 2);
    ck_assert_uint_eq(*(size_t *)fl_vec_at(&source->channels, 0), 1);
    ck_assert_uint_eq(*(size_t *)fl_vec_at(&source->channels, 1), 0);
    ck_assert_int_eq(source->backoff_increment, 1000);
    ck_assert_int_eq(source->backoff_max, 9);
    ck_assert_str_eq(source->selector.type->name, "replicating");
    ck_assert_str_eq(first->name, "i2");
    ck_assert_str_eq(fl_settings_get(first->settings, "key")->text, "two");
    ck_assert_str_eq(sink->part.name, "k2");
    ck_assert_uint_eq(sink->channel, 0);
    ck_assert_uint_eq(sink->group, SIZE_MAX);
    fl_plan_free(plan);
    config_case_close(&test);
}
END_TEST

START_TEST(a_type_may_declare_what_all_have)
{
    struct config_case test;
    struct fl_plan *plan =
        make_plan(&test,
                  LISTS "a1.sources.r1.type = pushed\na1.sources.r1.channels = c1\n"
                        "a1.sources.r1.maxBackoffSleep = 8\n" C1 K1,
                  0);
    const struct fl_plan_source *source = fl_vec_at(&plan->sources, 0);

    ck_assert_int_eq(fl_settings_get(source->part.settings, "maxBackoffSleep")->number, 8);
    fl_plan_free(plan);
    config_case_close(&test);
}
END_TEST

START_TEST(a_group_has_its_sinks_in_its_own_order)
{
    struct config_case test;
    struct fl_plan *plan = make_plan(&test,
                                     GROUPED "a1.sinkgroups.g1.sinks = k2 k1\n"
                                             "a1.sinkgroups.g1.processor.type = turns\n"
                                             "a1.sinkgroups.g1.processor.backoff = true\n",
                                     0);
    const struct fl_plan_group *group = fl_vec_at(&plan->groups, 0);

    ck_assert_uint_eq(group->sinks.count, 2);
    ck_assert_str_eq(sink_name(plan, *(size_t *)fl_vec_at(&group->sinks, 0)), "k2");
    ck_assert_str_eq(sink_name(plan, *(size_t *)fl_vec_at(&group->sinks, 1)), "k1");
    ck_assert_uint_eq(((struct fl_plan_sink *)fl_vec_at(&plan->sinks, 0))->group, 0);
    ck_assert_int_eq(fl_settings_get(group->part.settings, "backoff")->number, 1);
    fl_plan_free(plan);
    config_case_close(&test);
}
END_TEST

START_TEST(errors_leave_no_plan)
{
    struct config_case test;
    struct fl_plan *plan;
    flow_error *err = NULL;
    uint32_t line;

    config_case_open(&test);
    config_case_properties(&test, LISTS R1 "a1.channels.c1.type = no\n" K1
                                           "a1.sinks.k1.hdfs.batchSize = x\n");
    ck_assert_int_eq(fl_plan_make(test.config, "a1", 0, &plan, NULL, &err), FLOW_ECONFIG);
    ck_assert_ptr_null(plan);
    ck_assert_str_eq(flow_error_place(err, &line, NULL), "t");
    ck_assert_uint_eq(line, 7);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "the first of 2 errors"));
    flow_error_free(err);
    err = NULL;
    ck_assert_int_eq(fl_plan_make(test.config, "a7", 0, &plan, NULL, &err), FLOW_ENOENT);
    flow_error_free(err);
    config_case_close(&test);
}
END_TEST

START_TEST(lenience_leaves_out_what_is_broken)
{
    struct config_case test;
    struct fl_plan *plan = make_plan(
        &test,
        "a1.sources = r1 r2\na1.channels = c1 c2\na1.sinks = k1 k2 k3\na1.sinkgroups = g1\n" R1
            C1 K1 "a1.sources.r2.type = no\na1.sources.r2.channels = c1\n"
        "a1.channels.c2.type = no\na1.sources.r1.channels = c1 c2 c3\n"
        "a1.sinks.k2.type = drain\na1.sinks.k2.path = /x\na1.sinks.k2.channel = c2\n"
        "a1.sinks.k3.type = drain\na1.sinks.k3.path = /x\na1.sinks.k3.channel = c1\n"
        "a1.sinkgroups.g1.sinks = k3\na1.sinkgroups.g1.processor.type = no\n",
        1);

    ck_assert_uint_eq(plan->sources.count, 1);
    ck_assert_uint_eq(((struct fl_plan_source *)fl_vec_at(&plan->sources, 0))->channels.count, 1);
    ck_assert_uint_eq(plan->channels.count, 1);
    ck_assert_uint_eq(plan->sinks.count, 1);
    ck_assert_str_eq(sink_name(plan, 0), "k1");
    ck_assert_uint_eq(plan->groups.count, 0);
    fl_plan_free(plan);
    config_case_close(&test);
}
END_TEST

START_TEST(lenience_does_not_start_nothing)
{
    struct config_case test;
    struct fl_plan *plan;

    config_case_open(&test);
    config_case_properties(&test, LISTS R1 "a1.channels.c1.type = no\n" K1);
    ck_assert_int_eq(fl_plan_make(test.config, "a1", 1, &plan, NULL, NULL), FLOW_ECONFIG);
    config_case_close(&test);
}
END_TEST

/* ---- memory ---- */

/* Reads, checks and plans a configuration with a bit of everything. */
static int do_all(flow_library *lib)
{
    static const char text[] =
        GROUPED "a1.sinkgroups.g1.sinks = k1 k9\na1.sinkgroups.g1.processor.type = turns\n"
                "a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = mark\n"
                "a1.sources.r1.interceptors.i1.key = ${a1.sources.r1.note:-x}${sys:k}\n"
                "a1.configfilters = f\na1.configfilters.f.type = env\n"
                "a1.sources.r1.note = ${f['PATH']}\na1.sorces = x\n";
    static const char yaml[] = "a1: {channels: {c7: &c {type: box}}, sinks: {k7: {<<: *c}}}\n";
    flow_config *config = NULL;
    flow_report *report = NULL;
    struct fl_plan *plan = NULL;
    int rc = flow_config_new(lib, &config, NULL);

    if (!rc)
        rc = flow_config_parse(config, "y.yaml", yaml, sizeof yaml - 1, FLOW_FORMAT_YAML, NULL);
    if (!rc)
        rc = flow_config_parse(config, "t", text, sizeof text - 1, FLOW_FORMAT_PROPERTIES, NULL);
    if (!rc)
        rc = flow_config_set(config, "a1.sinks.k1.path", "/y", NULL);
    if (!rc)
        rc = flow_config_define(config, "k", "v", NULL);
    if (!rc)
        rc = flow_config_check(config, "a1", &report, NULL);
    if (!rc)
        rc = fl_plan_make(config, "a1", 1, &plan, NULL, NULL);
    fl_plan_free(plan);
    flow_report_free(report);
    flow_config_free(config);
    return rc;
}

START_TEST(every_allocation_may_fail)
{
    struct failing failing;
    flow_library_options options = {.struct_size = sizeof options};
    flow_library *lib;
    int rc = FLOW_ENOMEM;
    unsigned failures = 0;

    failing_init(&failing);
    options.allocator = &failing.allocator;
    ck_assert_int_eq(flow_library_new(&options, &lib, NULL), FLOW_OK);
    ck_assert_int_eq(config_types_add(lib, NULL), FLOW_OK);
    int64_t before = failing.live;
    for (int64_t grants = 0; rc == FLOW_ENOMEM; grants++) {
        failing_after(&failing, grants);
        rc = do_all(lib);
        failing_after(&failing, -1);
        ck_assert_int_eq(failing.live, before);
        failures += rc == FLOW_ENOMEM;
    }
    ck_assert_int_eq(rc, FLOW_OK);
    ck_assert_uint_gt(failures, 300);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

static const flow_property *common(uint32_t kind, const char *name)
{
    const flow_schema *schema = flow_config_common(kind);

    ck_assert_ptr_nonnull(schema);
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->properties[i].name, name) == 0)
            return &schema->properties[i];
    return NULL;
}

START_TEST(what_components_have_in_common_is_told)
{
    ck_assert_uint_eq(common(0, "channels")->flags, FLOW_PROPERTY_REQUIRED);
    ck_assert_ptr_nonnull(common(0, "configfilters"));
    ck_assert_uint_eq(common(FLOW_KIND_SOURCE, "channels")->flags, FLOW_PROPERTY_REQUIRED);
    ck_assert_str_eq(common(FLOW_KIND_SOURCE, "maxBackoffSleep")->default_value, "5000");
    ck_assert_uint_eq(common(FLOW_KIND_SINK, "channel")->flags, FLOW_PROPERTY_REQUIRED);
    ck_assert_str_eq(common(FLOW_KIND_SELECTOR, "type")->default_value, "replicating");
    ck_assert_ptr_nonnull(common(FLOW_KIND_GROUP, "processor.type"));
    ck_assert_ptr_nonnull(common(FLOW_KIND_FILTER, "type"));
    ck_assert_ptr_null(common(FLOW_KIND_CHANNEL, "channels"));
    ck_assert_ptr_null(flow_config_common(FLOW_KIND_SERIALIZER));
    ck_assert_ptr_null(flow_config_common(UINT32_MAX));
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_sound_agent_has_no_findings", a_sound_agent_has_no_findings},
        {"an_unknown_type_is_the_only_finding", an_unknown_type_is_the_only_finding},
        {"a_missing_type_or_setting_is_an_error", a_missing_type_or_setting_is_an_error},
        {"a_wrong_value_stands_where_it_is", a_wrong_value_stands_where_it_is},
        {"an_unknown_key_is_a_warning_with_a_hint", an_unknown_key_is_a_warning_with_a_hint},
        {"the_config_key_has_no_effect", the_config_key_has_no_effect},
        {"comments_behind_values_are_cut_with_one_warning_each",
         comments_behind_values_are_cut_with_one_warning_each},
        {"lists_and_settings_must_agree", lists_and_settings_must_agree},
        {"channels_must_be_listed", channels_must_be_listed},
        {"a_channel_without_users_is_a_warning", a_channel_without_users_is_a_warning},
        {"an_agent_has_ends", an_agent_has_ends},
        {"batches_must_fit_into_transactions", batches_must_fit_into_transactions},
        {"interceptors_are_checked_like_components", interceptors_are_checked_like_components},
        {"an_unknown_selector_is_the_only_finding", an_unknown_selector_is_the_only_finding},
        {"back_off_is_for_polled_sources", back_off_is_for_polled_sources},
        {"what_no_schema_can_say_is_found_by_making_the_component",
         what_no_schema_can_say_is_found_by_making_the_component},
        {"groups_need_a_processor_and_members", groups_need_a_processor_and_members},
        {"a_sink_is_in_one_group", a_sink_is_in_one_group},
        {"problems_of_other_agents_are_warnings", problems_of_other_agents_are_warnings},
        {"a_missing_agent_is_an_error_with_those_there_are",
         a_missing_agent_is_an_error_with_those_there_are},
        {"agents_and_components_have_names", agents_and_components_have_names},
        {"a_plan_has_parts_in_order", a_plan_has_parts_in_order},
        {"a_type_may_declare_what_all_have", a_type_may_declare_what_all_have},
        {"a_group_has_its_sinks_in_its_own_order", a_group_has_its_sinks_in_its_own_order},
        {"errors_leave_no_plan", errors_leave_no_plan},
        {"lenience_leaves_out_what_is_broken", lenience_leaves_out_what_is_broken},
        {"lenience_does_not_start_nothing", lenience_does_not_start_nothing},
        {"what_components_have_in_common", what_components_have_in_common_is_told},
        {"every_allocation_may_fail", every_allocation_may_fail},
    };

    return RUN_SUITE("config_plan", tests);
}
