/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sources for Thrift, Scribe and Flume 0.9 while memory runs out, at every allocation in turn.
 * Whatever happens, the events of a call that was answered well are in the channel, all of them,
 * those of any other are not or as a whole, and nothing leaks.
 */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "hex.h"
#include "listening.h"
#include "suite.h"
#include "thrift_client.h"

#define CALLS 4u

/* A source, how a client calls it, and what a good answer ends in. */
struct service {
    const char *type;
    const char *host;
    unsigned events; /* of each call */
    void (*say)(struct fl_buf *out, uint32_t seq);
    const char *ok;
};

static void say_flume(struct fl_buf *out, uint32_t seq)
{
    say_numbers(out, 0, seq, seq * 300, 300);
}

static void say_scribe(struct fl_buf *out, uint32_t seq)
{
    hex_text(out, "00000036 00000003 4c6f67 01 00000009 0f0001 0c 00000002"
                  "0b0001 00000003 776562 0b0002 00000004 6f6e650a 00 0b0002 00000003 74776f 00"
                  "00");
}

static const struct service services[] = {
    {"thrift", "bind", 300, say_flume, "617070656e644261746368 05 00 00 00"},
    {"scribe", "host", 2, say_scribe, "4c6f67 02 00000009 08 0000 00000000 00"},
};

#define SERVICES (sizeof services / sizeof services[0])

/* These wait until there is memory again, since their clients are not told of a refusal. */
static const char *const patient[] = {"avroLegacy", "thriftLegacy"};

static void start_without_memory(const char *type, const char *host)
{
    struct listening source;

    listening_init_at(&source, type, host);
    listening_start_without_memory(&source);
    listening_free(&source);
}

START_TEST(a_start_without_memory_fails_and_can_be_repeated)
{
    for (size_t i = 0; i < SERVICES; i++)
        start_without_memory(services[i].type, services[i].host);
    for (size_t i = 0; i < 2; i++)
        start_without_memory(patient[i], "host");
}
END_TEST

/* Reads to the end; returns how many answers are good. */
static size_t count_oks(int fd, const struct service *service)
{
    struct fl_buf ok;
    struct fl_buf all;
    char byte;
    size_t oks = 0;

    fl_buf_init(&ok, NULL);
    fl_buf_init(&all, NULL);
    hex_text(&ok, service->ok);
    while (recv(fd, &byte, 1, 0) == 1) {
        ck_assert_int_eq(fl_buf_append(&all, &byte, 1), FLOW_OK);
        oks += all.size >= ok.size && memcmp(all.data + all.size - ok.size, ok.data, ok.size) == 0;
    }
    fl_buf_free(&ok);
    fl_buf_free(&all);
    return oks;
}

/* Calls a source that is granted GRANTS allocations; returns how many calls were OK. */
static size_t converse(struct listening *source, const struct service *service, int64_t grants)
{
    struct fl_buf bytes;
    int fd = client_open((uint16_t)source->port);

    fl_buf_init(&bytes, NULL);
    for (uint32_t i = 0; i < CALLS; i++)
        service->say(&bytes, i);
    failing_after(&source->failing, grants);
    /* In two pieces, of which the first ends within a call. */
    size_t first = bytes.size / 2 + 3;
    if (send(fd, bytes.data, first, MSG_NOSIGNAL) > 0)
        send(fd, bytes.data + first, bytes.size - first, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    size_t oks = count_oks(fd, service);
    failing_after(&source->failing, -1);
    fl_buf_free(&bytes);
    close(fd);
    return oks;
}

/* Takes all that is in the channel; returns how many events it was. */
static size_t drain(struct listening *source)
{
    flow_batch *batch;

    ck_assert_int_eq(flow_batch_new(source->lib, &batch, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_pull(source->harness, 10000, 0, batch, NULL), FLOW_OK);
    size_t count = flow_batch_count(batch);
    flow_batch_free(batch);
    return count;
}

static void expect_kept(const struct service *service)
{
    struct listening source;
    size_t oks = 0;
    int64_t grants = 0;

    listening_init_at(&source, service->type, service->host);
    ck_assert_int_eq(flow_harness_start(source.harness, NULL), FLOW_OK);
    for (; oks < CALLS; grants++) {
        oks = converse(&source, service, grants);
        size_t stored = drain(&source);
        ck_assert_uint_eq(stored % service->events, 0);
        ck_assert_uint_le(oks, stored / service->events);
    }
    ck_assert_int_gt(grants, 3);
    ck_assert_int_eq(flow_harness_stop(source.harness, NULL), FLOW_OK);
    listening_free(&source);
}

START_TEST(what_is_acknowledged_is_in_the_channel)
{
    for (size_t i = 0; i < SERVICES; i++)
        expect_kept(&services[i]);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"start", a_start_without_memory_fails_and_can_be_repeated},
        {"acknowledge", what_is_acknowledged_is_in_the_channel},
    };

    return RUN_SUITE("thrift without memory", tests);
}
