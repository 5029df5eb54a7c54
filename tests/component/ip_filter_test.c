/* SPDX-License-Identifier: Apache-2.0 */

/* A source that does not take everybody. */

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "hex.h"
#include "rig.h"
#include "suite.h"

static void describe(char *text, size_t size, const char *rules)
{
    snprintf(text, size,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
             "a1.sources.r1.channels = c1\na1.sources.r1.type = avro\n"
             "a1.sources.r1.bind = 127.0.0.1\na1.sources.r1.port = 0\n"
             "a1.sources.r1.ipFilter = true\n%s%s\n",
             rules ? "a1.sources.r1.ipFilterRules = " : "", rules ? rules : "");
}

static uint16_t start(struct rig *rig, const char *rules)
{
    char text[1024];

    rig_init(rig, 0);
    describe(text, sizeof text, rules);
    rig_build(rig, text);
    rig_start(rig);
    return rig_port(rig);
}

/* Whether a source with these rules takes an event from this machine. */
static int takes(const char *rules)
{
    struct fl_buf request;
    struct rig rig;
    int fd = client_open(start(&rig, rules));

    fl_buf_init(&request, NULL);
    hex_file(&request, TEST_DATA "/avro-ipc/append-request.hex");
    /* It may have been refused before. */
    ssize_t sent = send(fd, request.data, request.size, MSG_NOSIGNAL);
    int refused = sent < 0 || client_refused(fd);
    ck_assert_uint_eq(flow_channel_size(rig_channel(&rig, "c1")), !refused);
    rig_await(&rig, "r1", "ConnectionRefusedCount", refused);
    rig_await(&rig, "r1", "OpenConnectionCount", !refused);
    close(fd);
    fl_buf_free(&request);
    rig_stop(&rig);
    rig_free(&rig);
    return !refused;
}

START_TEST(rules_decide_who_may_connect)
{
    ck_assert(takes("allow:ip:127.*,deny:ip:*"));
    ck_assert(!takes("deny:ip:127.*"));
    ck_assert(takes("deny:ip:10.*"));
    ck_assert(takes("allow:name:localhost,deny:ip:*"));
}
END_TEST

START_TEST(names_are_found_while_others_are_served)
{
    ck_assert(takes("allow:name:local*,deny:ip:*"));
    ck_assert(!takes("deny:name:local*"));
    ck_assert(takes("deny:name:*.example.org"));
}
END_TEST

START_TEST(stopping_waits_for_no_name)
{
    struct rig rig;
    uint16_t port = start(&rig, "deny:name:*.example.org");
    int fds[32];

    for (int i = 0; i < 32; i++)
        fds[i] = client_open(port);
    rig_stop(&rig);
    rig_free(&rig);
    for (int i = 0; i < 32; i++)
        close(fds[i]);
}
END_TEST

static void expect_refused(const char *rules, const char *part)
{
    char text[1024];
    struct rig rig;
    flow_error *err = NULL;

    rig_init(&rig, 0);
    describe(text, sizeof text, rules);
    ck_assert_int_eq(rig_try_build(&rig, text, 0, &err), FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "a1.sources.r1.ipFilterRules"));
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), part));
    flow_error_free(err);
    rig_free(&rig);
}

START_TEST(rules_that_make_no_sense_are_refused)
{
    expect_refused(NULL, "ipFilter needs them");
    expect_refused("allow:ip:127.*,refuse:ip:*", "the rule 'refuse:ip:*' is not");
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"rules", rules_decide_who_may_connect},
        {"names", names_are_found_while_others_are_served},
        {"stop", stopping_waits_for_no_name},
        {"faults", rules_that_make_no_sense_are_refused},
    };

    return RUN_SUITE("ip filter", tests);
}
