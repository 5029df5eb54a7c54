/* SPDX-License-Identifier: Apache-2.0 */

/* Which channels get which events, and what of that outlives a restart. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "rig.h"
#include "suite.h"

/* A source with four channels, and a fifth that is not its own. */
#define FIVE_CHANNELS                                                                              \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1 c2 c3 c4 c5\n"                                                               \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1 c2 c3 c4\n"                                                       \
    "a1.sources.r1.selector.type = multiplexing\n"                                                 \
    "a1.channels.c1.type = memory\n"                                                               \
    "a1.channels.c2.type = memory\n"                                                               \
    "a1.channels.c3.type = memory\n"                                                               \
    "a1.channels.c4.type = memory\n"                                                               \
    "a1.channels.c4.capacity = 2\n"                                                                \
    "a1.channels.c4.transactionCapacity = 2\n"                                                     \
    "a1.channels.c4.keep-alive = 0\n"                                                              \
    "a1.channels.c5.type = memory\n"
#define SELECTOR "a1.sources.r1.selector."

static struct rig rig;

static void set_up(void)
{
    rig_init(&rig, 0);
}

static void tear_down(void)
{
    rig_free(&rig);
}

static void up(const char *selector)
{
    char text[4096];

    snprintf(text, sizeof text, "%s%s", FIVE_CHANNELS, selector);
    rig_build(&rig, text);
    rig_start(&rig);
}

static flow_batch *new_batch(void)
{
    flow_batch *batch;

    ck_assert_int_eq(flow_batch_new(rig.lib, &batch, NULL), FLOW_OK);
    return batch;
}

/* Adds an event whose header NAME has VALUE; without VALUE it has no header. */
static void add(flow_batch *batch, const char *body, const char *name, const char *value)
{
    const flow_header header = {
        .name = name,
        .name_size = (uint32_t)strlen(name),
        .value = value,
        .value_size = value ? (uint32_t)strlen(value) : 0,
    };

    ck_assert_int_eq(
        flow_batch_add_full(batch, body, strlen(body), &header, value ? 1 : 0, sizeof header, NULL),
        FLOW_OK);
}

static int try_push(flow_batch *batch)
{
    return flow_inlet_push_batch(rig_inlet(&rig, "r1"), batch, 0, NULL);
}

static void push(flow_batch *batch)
{
    ck_assert_int_eq(try_push(batch), FLOW_OK);
    flow_batch_free(batch);
}

/* A batch of one event each: of no state, of a blank one, and of three others. */
static void push_states(const char *name)
{
    flow_batch *batch = new_batch();

    add(batch, "none", name, NULL);
    add(batch, "CZ", name, "CZ");
    add(batch, "blank", name, " \t");
    add(batch, "US", name, "US");
    add(batch, "empty", name, "");
    add(batch, "cz", name, "cz");
    add(batch, "CZ2", name, "CZ");
    push(batch);
}

/* Expects the events in CHANNEL, in order. */
static void expect(const char *channel, const char *bodies)
{
    struct rig_bodies *found = calloc(1, sizeof *found);
    char text[256] = "";

    rig_take(&rig, channel, found);
    for (size_t i = 0; i < found->count; i++) {
        strcat(text, i ? " " : "");
        strcat(text, found->text[i]);
    }
    ck_assert_msg(strcmp(text, bodies) == 0, "%s has '%s'", channel, text);
    free(found);
}

START_TEST(the_value_of_the_header_decides)
{
    up(SELECTOR "header = state\n" SELECTOR "mapping.CZ = c1\n" SELECTOR
                "mapping.US = c2  c1\n" SELECTOR "default = c3\n");
    push_states("state");
    expect("c1", "CZ US CZ2");
    expect("c2", "US");
    expect("c3", "none blank empty cz");
    expect("c4", "");
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventAcceptedCount"), 7);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventUnroutedCount"), 0);
}
END_TEST

START_TEST(the_header_has_a_name_of_its_own)
{
    up(SELECTOR "mapping.CZ = c1\n" SELECTOR "default = c2 c3\n");
    push_states("flume.selector.header");
    expect("c1", "CZ CZ2");
    expect("c2", "none blank US empty cz");
    expect("c3", "none blank US empty cz");
}
END_TEST

START_TEST(values_are_taken_as_they_stand)
{
    up(SELECTOR "header = h\n" SELECTOR "mapping.a.b = c1\n" SELECTOR
                "mapping.two\\ words = c2\n" SELECTOR "mapping.größe = c3\n");
    flow_batch *batch = new_batch();
    add(batch, "1", "h", "a.b");
    add(batch, "2", "h", "two words");
    add(batch, "3", "h", "größe");
    add(batch, "4", "h", " a.b");
    add(batch, "5", "h", "a");
    push(batch);
    expect("c1", "1");
    expect("c2", "2");
    expect("c3", "3");
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventUnroutedCount"), 2);
}
END_TEST

/* Flume drops them without a word. */
START_TEST(events_without_a_way_are_counted_and_told_of_once)
{
    up(SELECTOR "header = state\n" SELECTOR "mapping.CZ = c1\n");
    push_states("state");
    push_states("state");
    expect("c1", "CZ CZ2 CZ CZ2");
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventUnroutedCount"), 10);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventAcceptedCount"), 14);
    ck_assert_uint_eq(rig_logged(&rig, "WARN selector r1: sends events to no channel"), 1);
}
END_TEST

START_TEST(optional_channels_are_added_and_hold_nobody_up)
{
    up(SELECTOR "header = state\n" SELECTOR "mapping.CZ = c1\n" SELECTOR "default = c2\n" SELECTOR
                "optional.CZ = c3 c1\n" SELECTOR "optional.US = c4\n");
    push_states("state");
    push_states("state");
    push_states("state");
    expect("c1", "CZ CZ2 CZ CZ2 CZ CZ2");
    expect("c2", "none blank US empty cz none blank US empty cz none blank US empty cz");
    expect("c3", "CZ CZ2 CZ CZ2 CZ CZ2");
    expect("c4", "US US");
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventOptionalLostCount"), 1);
}
END_TEST

START_TEST(a_required_channel_that_is_full_is_tried_again_alone)
{
    up(SELECTOR "header = state\n" SELECTOR "mapping.CZ = c4\n" SELECTOR "default = c1\n");
    flow_batch *batch = new_batch();
    for (int i = 0; i < 4; i++) {
        add(batch, "CZ", "state", "CZ");
        add(batch, "US", "state", "US");
    }
    ck_assert_int_eq(try_push(batch), FLOW_EFULL);
    expect("c4", "CZ CZ");
    ck_assert_int_eq(try_push(batch), FLOW_OK);
    flow_batch_free(batch);
    expect("c4", "CZ CZ");
    expect("c1", "US US US US");
}
END_TEST

static void expect_refusal(const char *selector, const char *key, uint32_t line, const char *why)
{
    char text[4096];
    flow_error *err = NULL;
    uint32_t found, column;

    snprintf(text, sizeof text, "%s%s", FIVE_CHANNELS, selector);
    ck_assert_int_eq(rig_try_build(&rig, text, 0, &err), FLOW_ECONFIG);
    ck_assert_str_eq(flow_error_key(err), key);
    ck_assert_msg(strstr(flow_error_message(err), why), "%s", flow_error_message(err));
    flow_error_place(err, &found, &column);
    ck_assert_uint_eq(found, line);
    flow_error_free(err);
}

START_TEST(names_must_be_channels_of_the_source)
{
    expect_refusal(SELECTOR "default = c1 c5\n", SELECTOR "default", 14,
                   "'c5' is not a channel of the source");
    expect_refusal(SELECTOR "mapping.CZ = c1\n" SELECTOR "mapping.US = c2 c9\n",
                   SELECTOR "mapping.US", 15, "'c9' is not a channel of the source");
    expect_refusal(SELECTOR "optional.US = c\n", SELECTOR "optional.US", 14,
                   "'c' is not a channel of the source");
}
END_TEST

/* ---- durable channels ---- */

#define TWO_FILES                                                                                  \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1 c2\n"                                                                        \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1 c2\n"                                                             \
    "a1.sources.r1.selector.type = org.apache.flume.channel.MultiplexingChannelSelector\n"         \
    "a1.sources.r1.selector.header = h\n"                                                          \
    "a1.sources.r1.selector.mapping.1 = c1\n"                                                      \
    "a1.sources.r1.selector.mapping.2 = c2\n"                                                      \
    "a1.channels.c1.type = file\n"                                                                 \
    "a1.channels.c1.checkpointDir = %s/c1\n"                                                       \
    "a1.channels.c1.dataDirs = %s/d1\n"                                                            \
    "a1.channels.c2.type = file\n"                                                                 \
    "a1.channels.c2.checkpointDir = %s/c2\n"                                                       \
    "a1.channels.c2.dataDirs = %s/d2\n"

static void up_durable(const struct places *places)
{
    const char *root = places->root;
    char text[2048];

    snprintf(text, sizeof text, TWO_FILES, root, root, root, root);
    rig_build(&rig, text);
    rig_start(&rig);
}

static void mark(flow_batch *batch, const char *value)
{
    ck_assert_int_eq(flow_batch_set_position(batch, "in", 2, value, strlen(value), NULL), FLOW_OK);
}

static void expect_position(const char *wanted)
{
    char value[16] = "";
    size_t size = 0;

    ck_assert_int_eq(
        flow_inlet_position(rig_inlet(&rig, "r1"), "in", 2, value, sizeof value, &size, NULL),
        FLOW_OK);
    value[size] = '\0';
    ck_assert_str_eq(value, wanted);
}

/* Four events with a mark behind each: for c1, c2, nobody and c1. */
static flow_batch *marked_batch(void)
{
    flow_batch *batch = new_batch();

    add(batch, "a", "h", "1");
    mark(batch, "001");
    add(batch, "b", "h", "2");
    mark(batch, "002");
    add(batch, "c", "h", "3");
    mark(batch, "003");
    add(batch, "d", "h", "1");
    mark(batch, "004");
    return batch;
}

/* What was emitted before a restart is passed over, in each channel, and also what went nowhere. */
START_TEST(each_durable_channel_knows_the_position)
{
    struct places places;

    places_init(&places, 1);
    up_durable(&places);
    push(marked_batch());
    expect_position("004");
    rig_free(&rig);

    rig_init(&rig, 0);
    up_durable(&places);
    expect_position("004");
    flow_batch *again = marked_batch();
    add(again, "e", "h", "2");
    mark(again, "005");
    push(again);
    expect("c1", "a d");
    expect("c2", "b e");
    expect_position("005");
    places_free(&places);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"values", the_value_of_the_header_decides},
        {"header", the_header_has_a_name_of_its_own},
        {"odd values", values_are_taken_as_they_stand},
        {"nowhere", events_without_a_way_are_counted_and_told_of_once},
        {"optional", optional_channels_are_added_and_hold_nobody_up},
        {"full", a_required_channel_that_is_full_is_tried_again_alone},
        {"unknown", names_must_be_channels_of_the_source},
        {"positions", each_durable_channel_knows_the_position},
    };

    return RUN_SUITE_BETWEEN("component/multiplexing_selector", tests, set_up, tear_down);
}
