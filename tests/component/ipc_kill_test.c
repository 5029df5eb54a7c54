/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two agents with file channels, of which one is killed at any moment, again and again: whatever
 * the near one accepted is in the far one's channel in the end, once.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mortal.h"
#include "rig.h"
#include "suite.h"

#define ROUNDS 15
#define MOST 200000u /* numbers in all */
#define BATCH 50u

static char root[64];
static unsigned seed;
static uint8_t seen[MOST];

static void set_up(void)
{
    strcpy(root, "/tmp/flow-ipc-kill-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    seed = (unsigned)getpid();
    fprintf(stderr, "seed %u\n", seed);
}

static void tear_down(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -r %s", root);
    ck_assert_int_eq(system(command), 0);
}

static unsigned below(unsigned limit)
{
    return (unsigned)rand_r(&seed) % limit;
}

/* Starts an agent with a file channel in the folder NAME. */
static void start(struct rig *rig, int false_clock, const char *name, const char *parts)
{
    char text[2048];
    size_t at;

    rig_init(rig, false_clock);
    at = (size_t)snprintf(text, sizeof text,
                          "a1.sources = r1\na1.channels = c1\na1.sources.r1.channels = c1\n"
                          "a1.channels.c1.type = file\na1.channels.c1.capacity = 1000000\n"
                          "a1.channels.c1.checkpointDir = %s/%s/control\n"
                          "a1.channels.c1.dataDirs = %s/%s/data\n"
                          "a1.channels.c1.minimumRequiredSpace = 1048576\n",
                          root, name, root, name);
    snprintf(text + at, sizeof text - at, parts, root);
    rig_build(rig, text);
    rig_start(rig);
}

static void start_near(struct rig *rig, int false_clock)
{
    start(rig, false_clock, "near",
          "a1.sources.r1.type = inlet\na1.sinks = k1\na1.sinks.k1.type = ipc\n"
          "a1.sinks.k1.channel = c1\na1.sinks.k1.batch-size = 20\n"
          "a1.sinks.k1.path = %s/socket\n");
}

static void start_far(struct rig *rig)
{
    start(rig, 0, "far", "a1.sources.r1.type = ipc\na1.sources.r1.path = %s/socket\n");
}

/* Takes all that has arrived, notes it, and returns how many came more than once. */
static unsigned take_far(struct rig *rig)
{
    const flow_event *const *events;
    unsigned twice = 0;
    size_t count = 1;

    while (count > 0) {
        flow_txn *txn;
        ck_assert_int_eq(flow_txn_begin(rig_channel(rig, "c1"), &txn, NULL), FLOW_OK);
        ck_assert_int_eq(flow_txn_take(txn, 1000, 0, &events, &count, NULL), FLOW_OK);
        for (size_t i = 0; i < count; i++) {
            char body[16] = "";
            size_t size;
            const void *bytes = flow_event_body(events[i], &size);
            ck_assert_uint_lt(size, sizeof body);
            memcpy(body, bytes, size);
            unsigned number = (unsigned)strtoul(body, NULL, 10);
            ck_assert_uint_lt(number, MOST);
            twice += seen[number];
            seen[number] = 1;
        }
        ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
        flow_txn_free(txn);
    }
    return twice;
}

static void expect_all(unsigned count, unsigned twice)
{
    fprintf(stderr, "%u numbers\n", count);
    ck_assert_uint_eq(twice, 0);
    for (unsigned i = 0; i < count; i++)
        ck_assert_msg(seen[i], "%u of %u was lost", i, count);
}

static void wait_for_ever(void)
{
    for (;;)
        pause();
}

/* ---- the receiver dies ---- */

START_TEST(nothing_is_lost_or_twice_when_the_receiver_is_killed)
{
    struct rig near, far;
    unsigned made = 0;

    start_near(&near, 1);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t child = fork_muted();
        if (child == 0) {
            start_far(&far);
            wait_for_ever();
        }
        for (unsigned steps = 1 + below(40); steps > 0; steps--) {
            rig_push(&near, made, BATCH);
            made += BATCH;
            rig_advance(&near, 1000);
            usleep(below(2000));
        }
        kill_muted(child);
    }
    start_far(&far);
    rig_tick_until(&near, "k1", "EventDrainSuccessCount", made);
    expect_all(made, take_far(&far));
    rig_stop(&near);
    rig_free(&near);
    rig_stop(&far);
    rig_free(&far);
}
END_TEST

/* ---- the sender dies ---- */

/* Pushes numbers, each once, from where the channel says on. */
static void push_for_ever(struct rig *rig)
{
    flow_batch *batch = rig_batch(rig, 0, 0);
    char text[16] = "";
    size_t size;

    flow_inlet_position(rig_inlet(rig, "r1"), "n", 1, text, sizeof text, &size, NULL);
    for (unsigned next = (unsigned)strtoul(text, NULL, 10); next + BATCH < MOST;) {
        flow_batch_clear(batch);
        for (unsigned i = 0; i < BATCH; i++) {
            int digits = snprintf(text, sizeof text, "%010u", next++);
            flow_batch_add(batch, text, (size_t)digits, NULL);
        }
        int digits = snprintf(text, sizeof text, "%010u", next);
        flow_batch_set_position(batch, "n", 1, text, (size_t)digits, NULL);
        ck_assert_int_eq(flow_inlet_push_batch(rig_inlet(rig, "r1"), batch, -1, NULL), FLOW_OK);
    }
    wait_for_ever();
}

START_TEST(nothing_is_lost_or_twice_when_the_sender_is_killed)
{
    struct rig near, far;
    char text[16] = "";
    unsigned twice = 0;
    size_t size;

    start_far(&far);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t child = fork_muted();
        if (child == 0) {
            start_near(&near, 0);
            push_for_ever(&near);
        }
        usleep(20000 + below(80000));
        kill_muted(child);
        twice += take_far(&far);
    }
    start_near(&near, 0);
    flow_inlet_position(rig_inlet(&near, "r1"), "n", 1, text, sizeof text, &size, NULL);
    unsigned made = (unsigned)strtoul(text, NULL, 10);
    ck_assert_uint_gt(made, 0);
    while (flow_channel_size(rig_channel(&near, "c1")) > 0)
        usleep(1000);
    twice += take_far(&far);
    expect_all(made, twice);
    rig_stop(&near);
    rig_free(&near);
    rig_stop(&far);
    rig_free(&far);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"receiver", nothing_is_lost_or_twice_when_the_receiver_is_killed},
        {"sender", nothing_is_lost_or_twice_when_the_sender_is_killed},
    };

    return RUN_SUITE_BETWEEN("ipc and kills", tests, set_up, tear_down);
}
