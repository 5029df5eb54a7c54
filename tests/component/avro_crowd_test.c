/* SPDX-License-Identifier: Apache-2.0 */

/* Many connections to an Avro source: at once, one after the other, idle and busy. */

#include <sys/resource.h>
#include <unistd.h>

#include "avro_client.h"
#include "await.h"
#include "client.h"
#include "listening.h"
#include "suite.h"

/* As many connections need twice as many descriptors, since both ends are here. */
#define IDLE 5000
#define SPARE_DESCRIPTORS 100

static void set_up(struct listening *crowd, const char *threads)
{
    listening_init(crowd, "avro");
    ck_assert_int_eq(flow_harness_set(crowd->harness, "threads", threads, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_start(crowd->harness, NULL), FLOW_OK);
}

static void tear_down(struct listening *crowd)
{
    ck_assert_int_eq(flow_harness_stop(crowd->harness, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_counter(crowd->harness, "OpenConnectionCount"), 0);
    listening_free(crowd);
}

static int enter(struct listening *crowd)
{
    return avro_client_open((uint16_t)crowd->port);
}

static void await_open(struct listening *crowd, int64_t count)
{
    AWAIT(flow_harness_counter(crowd->harness, "OpenConnectionCount") == count);
}

/* Takes all that is in the channel; returns how many events it was. */
static size_t drain(struct listening *crowd)
{
    flow_batch *batch;

    ck_assert_int_eq(flow_batch_new(crowd->lib, &batch, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_pull(crowd->harness, 10000, 0, batch, NULL), FLOW_OK);
    size_t count = flow_batch_count(batch);
    flow_batch_free(batch);
    return count;
}

/* Raises the limit of descriptors as far as allowed; returns how many connections that makes. */
static size_t room_for(size_t wanted)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    size_t most = ((size_t)limit.rlim_cur - SPARE_DESCRIPTORS) / 2;
    return most < wanted ? most : wanted;
}

START_TEST(idle_connections_cost_little)
{
    static int fds[IDLE];
    struct listening crowd;
    size_t count = room_for(IDLE);
    set_up(&crowd, "0");

    /* One that has been busy, so that everything that is kept anyway is there. */
    int busy = enter(&crowd);
    avro_client_send(busy, 2, 0, 1000);
    avro_client_expect(busy, 2, FL_AVRO_OK);
    drain(&crowd);
    int64_t before = crowd.failing.bytes;
    for (size_t i = 0; i < count; i++) {
        fds[i] = enter(&crowd);
        avro_client_send(fds[i], 2, 0, 1);
        avro_client_expect(fds[i], 2, FL_AVRO_OK);
        if (i % 1000 == 999)
            drain(&crowd);
    }
    await_open(&crowd, (int64_t)count + 1);
    drain(&crowd);
    /* Besides them: what waits for the next batch. */
    ck_assert_int_lt(crowd.failing.bytes - before, (int64_t)(count * 2048 + (1 << 20)));
    avro_client_send(busy, 3, 0, 1);
    avro_client_expect(busy, 3, FL_AVRO_OK);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    await_open(&crowd, 1);
    close(busy);
    tear_down(&crowd);
}
END_TEST

/* What is left behind by a thousand connections and by ten thousand is the same. */
START_TEST(connections_leave_nothing_behind)
{
    struct listening crowd;
    int64_t live = 0;
    int descriptors = 0;
    set_up(&crowd, "0");

    for (unsigned i = 0; i < 10000; i++) {
        int fd = enter(&crowd);
        if (i % 3 == 0) {
            avro_client_send(fd, 2, 0, 1);
            avro_client_expect(fd, 2, FL_AVRO_OK);
        } else if (i % 3 == 1) {
            client_send(fd, "\0\0\0\2\0\0\0\1\0\0\0\5\0", 13);
        }
        close(fd);
        if (i % 1000 != 999)
            continue;
        drain(&crowd);
        await_open(&crowd, 0);
        if (i == 999) {
            live = crowd.failing.live;
            descriptors = client_descriptors();
        }
    }
    /* Spare memory of the pool may come and go. */
    ck_assert_int_le(crowd.failing.live, live + 100);
    ck_assert_int_eq(client_descriptors(), descriptors);
    tear_down(&crowd);
}
END_TEST

#define TALKERS 20
#define ROUNDS 20

START_TEST(several_workers_keep_each_connection_in_order)
{
    struct listening crowd;
    int fds[TALKERS];
    size_t events = 0;
    set_up(&crowd, "3");

    for (unsigned i = 0; i < TALKERS; i++)
        fds[i] = enter(&crowd);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < TALKERS; i++)
            avro_client_send(fds[i], 2 + round, 0, 1 + i);
    }
    for (unsigned i = 0; i < TALKERS; i++) {
        for (uint32_t round = 0; round < ROUNDS; round++)
            avro_client_expect(fds[i], 2 + round, FL_AVRO_OK);
        events += ROUNDS * (1 + i);
        close(fds[i]);
    }
    ck_assert_uint_eq(drain(&crowd), events);
    ck_assert_int_eq(flow_harness_counter(crowd.harness, "EventAcceptedCount"), (int64_t)events);
    tear_down(&crowd);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"idle", idle_connections_cost_little},
        {"one after the other", connections_leave_nothing_behind},
        {"workers", several_workers_keep_each_connection_in_order},
    };

    return RUN_SUITE("avro crowd", tests);
}
