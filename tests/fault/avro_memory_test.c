/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The Avro source while memory runs out, at every allocation in turn.  Whatever happens, the events
 * of a call that was answered with OK are in the channel, all of them, those of any other are not
 * or as a whole, and nothing leaks.
 */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "avro_client.h"
#include "client.h"
#include "listening.h"
#include "suite.h"

#define CALLS 4u
#define EVENTS 300u /* of each */

START_TEST(a_start_without_memory_fails_and_can_be_repeated)
{
    struct listening source;

    listening_init(&source, "avro");
    listening_start_without_memory(&source);
    listening_free(&source);
}
END_TEST

/* Reads to the end; returns how many answers say OK. */
static size_t count_oks(int fd)
{
    /* The buffer of metadata, and that of the result. */
    static const uint8_t ok[] = {0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0};
    uint8_t last[sizeof ok] = {0};
    size_t oks = 0;

    while (recv(fd, last + sizeof ok - 1, 1, 0) == 1) {
        oks += memcmp(last, ok, sizeof ok) == 0;
        memmove(last, last + 1, sizeof ok - 1);
    }
    return oks;
}

/* Calls a source that is granted GRANTS allocations; returns how many calls were OK. */
static size_t converse(struct listening *source, int64_t grants)
{
    struct fl_buf bytes;
    int fd = client_open((uint16_t)source->port);

    fl_buf_init(&bytes, NULL);
    for (uint32_t i = 0; i < CALLS; i++)
        speak_batch(&bytes, 1 + i, i == 0, i * EVENTS, EVENTS);
    failing_after(&source->failing, grants);
    /* In two pieces, of which the first ends within a call. */
    if (send(fd, bytes.data, bytes.size / 2, MSG_NOSIGNAL) > 0)
        send(fd, bytes.data + bytes.size / 2, bytes.size - bytes.size / 2, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    size_t oks = count_oks(fd);
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

START_TEST(what_is_acknowledged_is_in_the_channel)
{
    struct listening source;
    size_t oks = 0;
    int64_t grants = 0;

    listening_init(&source, "avro");
    ck_assert_int_eq(flow_harness_start(source.harness, NULL), FLOW_OK);
    for (; oks < CALLS; grants++) {
        oks = converse(&source, grants);
        size_t stored = drain(&source);
        ck_assert_uint_eq(stored % EVENTS, 0);
        ck_assert_uint_le(oks, stored / EVENTS);
    }
    ck_assert_int_gt(grants, 3);
    ck_assert_int_eq(flow_harness_stop(source.harness, NULL), FLOW_OK);
    listening_free(&source);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"start", a_start_without_memory_fails_and_can_be_repeated},
        {"acknowledge", what_is_acknowledged_is_in_the_channel},
    };

    return RUN_SUITE("avro without memory", tests);
}
