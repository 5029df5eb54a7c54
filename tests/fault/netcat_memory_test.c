/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The netcat source while memory runs out, at every allocation in turn.  Whatever happens, a line
 * that was answered with OK is in the channel, a peer that cannot be answered is hung up on, and
 * nothing leaks.
 */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "listening.h"
#include "suite.h"

START_TEST(a_start_without_memory_fails_and_can_be_repeated)
{
    struct listening f;

    listening_init(&f, "netcat");
    listening_start_without_memory(&f);
    listening_free(&f);
}
END_TEST

/* Reads answers until the connection ends; returns how many of them are OK. */
static size_t count_oks(int fd)
{
    char last[4] = "";
    size_t oks = 0;

    while (recv(fd, last + 2, 1, 0) == 1) {
        oks += !strcmp(last, "OK\n");
        memmove(last, last + 1, 2);
    }
    return oks;
}

/* Sends three lines to a source that is granted GRANTS allocations; returns how many were OK. */
static size_t converse(struct listening *f, int64_t grants)
{
    int fd = client_open((uint16_t)f->port);

    failing_after(&f->failing, grants);
    client_text(fd, "one\ntwo\xff\nthree\nrest");
    client_end(fd);
    size_t oks = count_oks(fd);
    failing_after(&f->failing, -1);
    close(fd);
    return oks;
}

START_TEST(what_is_acknowledged_is_in_the_channel)
{
    struct listening f;
    size_t oks = 0;
    size_t stored = 0;
    listening_init(&f, "netcat");

    ck_assert_int_eq(flow_harness_start(f.harness, NULL), FLOW_OK);
    int64_t grants = 0;
    for (; oks < 3; grants++) {
        oks = converse(&f, grants);
        size_t size = (size_t)flow_channel_size(flow_harness_channel(f.harness));
        ck_assert_uint_le(oks, size - stored);
        stored = size;
    }
    ck_assert_int_gt(grants, 3);
    ck_assert_int_eq(flow_harness_stop(f.harness, NULL), FLOW_OK);
    listening_free(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"start", a_start_without_memory_fails_and_can_be_repeated},
        {"acknowledge", what_is_acknowledged_is_in_the_channel},
    };

    return RUN_SUITE("netcat without memory", tests);
}
