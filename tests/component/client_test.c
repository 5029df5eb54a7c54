/* SPDX-License-Identifier: Apache-2.0 */

/* Clients against agents that do all that an agent can do to them. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <flow.h>

#include "await.h"
#include "base/clock.h"
#include "client.h"
#include "core/library.h"
#include "failing.h"
#include "fake_agent.h"
#include "suite.h"

#define AGENTS 3

static flow_library *lib;
static struct fl_clock *false_clock;
static struct fake_agent agents[AGENTS];
static flow_batch *batch;
static char log_text[4096];

static void take_log(void *self, const flow_log_record *record)
{
    size_t used = strlen(log_text);

    (void)self;
    snprintf(log_text + used, sizeof log_text - used, "%s\n", record->message);
}

static void set_up(void)
{
    const flow_library_options options = {.struct_size = sizeof options, .log = take_log};

    log_text[0] = '\0';
    ck_assert_int_eq(flow_library_new(&options, &lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(lib, &batch, NULL), FLOW_OK);
    memset(agents, 0, sizeof agents);
    false_clock = NULL;
}

static void tear_down(void)
{
    for (size_t i = 0; i < AGENTS; i++)
        if (agents[i].port)
            fake_agent_free(&agents[i]);
    flow_batch_free(batch);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
    fl_clock_false_free(NULL, false_clock);
}

static void use_false_clock(void)
{
    false_clock = fl_clock_false_new(NULL, 0);
    lib->clock = false_clock;
}

static int try_client(const char *settings, flow_client **client, flow_error **err)
{
    flow_config *config;

    *client = NULL;
    int rc = flow_config_new(lib, &config, err);
    if (rc)
        return rc;
    rc = flow_config_parse(config, "test", settings, strlen(settings), FLOW_FORMAT_PROPERTIES, err);
    if (!rc)
        rc = flow_client_new(lib, config, client, err);
    flow_config_free(config);
    return rc;
}

/* A client of COUNT agents, which are started. */
static flow_client *make_client(size_t count, const char *settings)
{
    char text[1024] = "hosts = h0 h1 h2\n";
    flow_client *client;
    flow_error *err = NULL;

    text[6 + 3 * count + 1] = '\n';
    text[6 + 3 * count + 2] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(text);
        fake_agent_start(&agents[i]);
        snprintf(text + used, sizeof text - used, "hosts.h%zu = 127.0.0.1:%u\n", i, agents[i].port);
    }
    strncat(text, settings, sizeof text - strlen(text) - 1);
    int rc = try_client(text, &client, &err);
    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
    return client;
}

static int append(flow_client *client, const char *body, flow_error **err)
{
    const flow_header header = {"k", "v", 1, 1};

    return flow_client_append(client, body, strlen(body), &header, 1, sizeof header, err);
}

/* Fills the batch with the numbers from FIRST on. */
static void fill(unsigned first, unsigned count)
{
    flow_batch_clear(batch);
    for (unsigned i = 0; i < count; i++) {
        char body[16];
        int size = snprintf(body, sizeof body, "%u", first + i);
        ck_assert_int_eq(flow_batch_add(batch, body, (size_t)size, NULL), FLOW_OK);
    }
}

/* The message of a failed call; ends the test unless CODE is why. */
static char *failure(int rc, int code, flow_error **err)
{
    static char text[2048];

    ck_assert_msg(rc == code, "%s: %s", flow_error_name(rc), flow_error_message(*err));
    ck_assert_int_eq(flow_error_code(*err), code);
    snprintf(text, sizeof text, "%s", flow_error_message(*err));
    flow_error_free(*err);
    *err = NULL;
    return text;
}

static void expect_says(const char *message, const char *what)
{
    ck_assert_msg(strstr(message, what) != NULL, "'%s' is not in: %s", what, message);
}

/* ---- one host ---- */

START_TEST(events_arrive_in_calls_of_the_batch_size)
{
    flow_client *client = make_client(1, "batch-size = 2\n");
    size_t acknowledged = 0;

    ck_assert_uint_eq(flow_client_batch_size(client), 2);
    ck_assert_int_eq(append(client, "hello", NULL), FLOW_OK);
    fill(1, 5);
    ck_assert_int_eq(flow_client_append_batch(client, batch, &acknowledged, NULL), FLOW_OK);
    ck_assert_uint_eq(acknowledged, 5);
    ck_assert_uint_eq(fake_agent_calls(&agents[0]), 4);
    ck_assert_uint_eq(fake_agent_connections(&agents[0]), 1);
    fake_agent_expect(&agents[0], "hello\n1\n2\n3\n4\n5\n");
    flow_client_free(client);
}
END_TEST

START_TEST(an_empty_batch_needs_no_call)
{
    flow_client *client = make_client(1, "");

    ck_assert_int_eq(flow_client_append_batch(client, batch, NULL, NULL), FLOW_OK);
    ck_assert_uint_eq(fake_agent_connections(&agents[0]), 0);
    flow_client_free(client);
}
END_TEST

static const struct {
    const char *name;
    enum fake_habit habit;
    int code;
    const char *says;
    const char *doubt;
} habits[] = {
    {"refuse", FAKE_REFUSE, FLOW_EDELIVERY, "status FAILED", "was not delivered"},
    {"error", FAKE_ERROR, FLOW_EDELIVERY, "java.lang.Oops: no", "was not delivered"},
    {"hang up", FAKE_HANG_UP, FLOW_EIO, "before it answered", "may have been delivered"},
    {"half", FAKE_HALF_ANSWER, FLOW_EIO, "before it answered", "may have been delivered"},
    {"other", FAKE_OTHER_CALL, FLOW_EIO, "an answer to call", "may have been delivered"},
    {"nonsense", FAKE_NONSENSE, FLOW_EIO, "buffers", "may have been delivered"},
    {"half request", FAKE_HALF_REQUEST, FLOW_EIO, "127.0.0.1:", "delivered"},
    {"silence", FAKE_SILENCE, FLOW_ETIMEDOUT, "no answer within 1000 ms",
     "may have been delivered"},
};

START_TEST(whatever_an_agent_does_is_told_and_the_next_call_connects_anew)
{
    flow_client *client = make_client(1, "request-timeout = 1000\n");

    for (size_t i = 0; i < sizeof habits / sizeof *habits; i++) {
        char address[32];
        flow_error *err = NULL;
        ck_assert_int_eq(append(client, "before", NULL), FLOW_OK);
        fake_agent_behave(&agents[0], habits[i].habit, 0);
        int rc = append(client, "x", &err);
        ck_assert_int_eq(flow_error_retriable(err), 1);
        const char *message = failure(rc, habits[i].code, &err);
        snprintf(address, sizeof address, "127.0.0.1:%u", agents[0].port);
        expect_says(message, address);
        expect_says(message, habits[i].says);
        expect_says(message, habits[i].doubt);
        fake_agent_behave(&agents[0], FAKE_OK, 0);
        ck_assert_int_eq(append(client, "after", NULL), FLOW_OK);
    }
    flow_client_free(client);
}
END_TEST

START_TEST(a_batch_that_fails_midway_tells_how_far_it_got)
{
    flow_client *client = make_client(1, "batch-size = 10\n");
    size_t acknowledged = 99;
    flow_error *err = NULL;

    fill(0, 45);
    fake_agent_behave(&agents[0], FAKE_REFUSE, 2);
    int rc = flow_client_append_batch(client, batch, &acknowledged, &err);
    expect_says(failure(rc, FLOW_EDELIVERY, &err),
                "20 of 45 events were acknowledged, 25 were not delivered");
    ck_assert_uint_eq(acknowledged, 20);
    ck_assert_uint_eq(fake_agent_accepted(&agents[0]), 20);

    fake_agent_behave(&agents[0], FAKE_HANG_UP, 1);
    rc = flow_client_append_batch(client, batch, &acknowledged, &err);
    expect_says(failure(rc, FLOW_EIO, &err),
                "10 of 45 events were acknowledged, the next 10 may have been delivered");
    ck_assert_uint_eq(acknowledged, 10);
    flow_client_free(client);
}
END_TEST

START_TEST(answers_may_come_byte_by_byte)
{
    flow_client *client = make_client(1, "");

    fake_agent_behave(&agents[0], FAKE_BYTEWISE, 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    fake_agent_expect(&agents[0], "x\nx\nx\n");
    flow_client_free(client);
}
END_TEST

START_TEST(an_agent_that_does_not_know_the_protocol_is_told_it)
{
    flow_client *client = make_client(1, "");

    fake_agent_behave(&agents[0], FAKE_STRANGER, 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    ck_assert_uint_eq(fake_agent_connections(&agents[0]), 1);
    fake_agent_expect(&agents[0], "x\nx\nx\n");
    flow_client_free(client);
}
END_TEST

START_TEST(large_events_go_in_calls_that_others_can_hold)
{
    enum { SIZE = 1000000, COUNT = 40 };
    flow_client *client = make_client(1, "");
    char *body = malloc(SIZE);

    memset(body, 'x', SIZE);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(flow_batch_add(batch, body, SIZE, NULL), FLOW_OK);
    ck_assert_int_eq(flow_client_append_batch(client, batch, NULL, NULL), FLOW_OK);
    ck_assert_uint_eq(fake_agent_accepted(&agents[0]), COUNT);
    ck_assert_uint_eq(agents[0].bodies.size, COUNT * (SIZE + 1));
    ck_assert_uint_ge(fake_agent_calls(&agents[0]), 3);
    free(body);
    flow_client_free(client);
}
END_TEST

START_TEST(compression_is_one_stream_over_all_calls)
{
    flow_client *client = make_client(1, "compression-type = deflate\nrequest-timeout = 1000\n"
                                         "connect-timeout = 1000\n");
    flow_error *err = NULL;

    /* The agent does not decompress, and takes what comes for no frame. */
    int rc = append(client, "x", &err);
    ck_assert_int_ne(rc, FLOW_OK);
    flow_error_free(err);
    ck_assert_uint_eq(fake_agent_accepted(&agents[0]), 0);
    flow_client_free(client);
}
END_TEST

START_TEST(a_connection_that_ended_while_idle_is_made_anew_unnoticed)
{
    flow_client *client = make_client(1, "");

    ck_assert_int_eq(append(client, "one", NULL), FLOW_OK);
    fake_agent_stop(&agents[0]);
    fake_agent_start(&agents[0]);
    ck_assert_int_eq(append(client, "two", NULL), FLOW_OK);
    fake_agent_expect(&agents[0], "one\ntwo\n");
    flow_client_free(client);
}
END_TEST

START_TEST(nobody_there_is_an_error_with_the_address)
{
    flow_client *client = make_client(1, "");
    flow_error *err = NULL;
    char address[32];

    snprintf(address, sizeof address, "127.0.0.1:%u", agents[0].port);
    fake_agent_stop(&agents[0]);
    const char *message = failure(flow_client_connect(client, &err), FLOW_EIO, &err);
    expect_says(message, address);
    expect_says(failure(append(client, "x", &err), FLOW_EIO, &err), "the event was not delivered");
    fake_agent_start(&agents[0]);
    ck_assert_int_eq(flow_client_connect(client, NULL), FLOW_OK);
    ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    flow_client_free(client);
}
END_TEST

START_TEST(thousands_of_connections_leave_nothing_behind)
{
    flow_client *client = make_client(1, "");

    ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    int before = client_descriptors();
    fake_agent_behave(&agents[0], FAKE_HANG_UP, 0);
    for (int i = 0; i < 2000; i++)
        ck_assert_int_eq(append(client, "x", NULL), FLOW_EIO);
    fake_agent_behave(&agents[0], FAKE_OK, 0);
    ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    ck_assert_uint_ge(fake_agent_connections(&agents[0]), 2001);
    AWAIT(client_descriptors() <= before);
    flow_client_free(client);
}
END_TEST

/* ---- threads ---- */

static void *close_it(void *arg)
{
    AWAIT(fake_agent_calls(&agents[0]) == 1);
    flow_client_close(arg);
    return NULL;
}

START_TEST(closing_ends_the_call_of_another_thread)
{
    flow_client *client = make_client(1, "");
    flow_error *err = NULL;
    pthread_t thread;

    fake_agent_behave(&agents[0], FAKE_SILENCE, 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, close_it, client), 0);
    failure(append(client, "x", &err), FLOW_ECLOSED, &err);
    pthread_join(thread, NULL);
    failure(append(client, "x", &err), FLOW_ECLOSED, &err);
    flow_client_free(client);
}
END_TEST

static void *append_many(void *arg)
{
    for (int i = 0; i < 200; i++)
        ck_assert_int_eq(append(arg, "x", NULL), FLOW_OK);
    return NULL;
}

static void append_from_threads(flow_client *client)
{
    pthread_t threads[8];

    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, append_many, client), 0);
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
}

START_TEST(threads_take_turns_on_one_connection)
{
    flow_client *client = make_client(1, "");

    append_from_threads(client);
    ck_assert_uint_eq(fake_agent_accepted(&agents[0]), 1600);
    ck_assert_uint_eq(fake_agent_connections(&agents[0]), 1);
    flow_client_free(client);
}
END_TEST

/* ---- Thrift ---- */

static void try_thrift(const char *settings)
{
    flow_error *err = NULL;

    agents[0].is_thrift = 1;
    flow_client *client = make_client(1, settings);
    fill(0, 30);
    ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    ck_assert_int_eq(flow_client_append_batch(client, batch, NULL, NULL), FLOW_OK);
    ck_assert_uint_eq(fake_agent_calls(&agents[0]), 4);
    fake_agent_behave(&agents[0], FAKE_REFUSE, 0);
    expect_says(failure(append(client, "x", &err), FLOW_EDELIVERY, &err), "status FAILED");
    fake_agent_behave(&agents[0], FAKE_OTHER_CALL, 0);
    expect_says(failure(append(client, "x", &err), FLOW_EIO, &err), "an answer to call");
    fake_agent_behave(&agents[0], FAKE_HALF_ANSWER, 0);
    expect_says(failure(append(client, "x", &err), FLOW_EIO, &err), "before it answered");
    fake_agent_behave(&agents[0], FAKE_BYTEWISE, 0);
    ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    flow_client_free(client);
}

START_TEST(thrift_speaks_compact)
{
    try_thrift("client.type = thrift\nbatch-size = 10\n");
}
END_TEST

START_TEST(thrift_speaks_binary)
{
    try_thrift("client.type = THRIFT\nbatch-size = 10\nprotocol = binary\n");
}
END_TEST

START_TEST(thrift_uses_as_many_connections_as_it_may)
{
    agents[0].is_thrift = 1;
    flow_client *client = make_client(1, "client.type = thrift\nmaxConnections = 3\n");

    append_from_threads(client);
    ck_assert_uint_eq(fake_agent_calls(&agents[0]), 1600);
    ck_assert_uint_ge(fake_agent_connections(&agents[0]), 1);
    ck_assert_uint_le(fake_agent_connections(&agents[0]), 3);
    flow_client_free(client);
}
END_TEST

/* ---- several hosts ---- */

static unsigned got(size_t agent)
{
    return fake_agent_accepted(&agents[agent]);
}

START_TEST(failover_stays_with_a_host_and_goes_round)
{
    flow_client *client = make_client(3, "client.type = default_failover\n");

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    ck_assert_uint_eq(got(0), 4);
    fake_agent_stop(&agents[0]);
    ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    fake_agent_start(&agents[0]);
    ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    ck_assert_uint_eq(got(1), 2); /* the first is back, and is not gone back to */
    fake_agent_behave(&agents[1], FAKE_REFUSE, 0);
    ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    ck_assert_uint_eq(got(2), 1);
    fake_agent_stop(&agents[2]);
    ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    ck_assert_uint_eq(got(0), 5);
    flow_client_free(client);
}
END_TEST

START_TEST(failover_sends_only_what_is_not_acknowledged_to_the_next)
{
    flow_client *client = make_client(2, "client.type = failover\nbatch-size = 10\n");
    size_t acknowledged;

    fake_agent_behave(&agents[0], FAKE_REFUSE, 2);
    fill(0, 45);
    ck_assert_int_eq(flow_client_append_batch(client, batch, &acknowledged, NULL), FLOW_OK);
    ck_assert_uint_eq(acknowledged, 45);
    ck_assert_uint_eq(got(0), 20);
    ck_assert_uint_eq(got(1), 25);
    flow_client_free(client);
}
END_TEST

START_TEST(failover_ends_after_as_many_attempts)
{
    flow_client *client = make_client(3, "client.type = failover\nmax-attempts = 2\n");
    flow_error *err = NULL;

    for (size_t i = 0; i < 3; i++)
        fake_agent_behave(&agents[i], FAKE_REFUSE, 0);
    failure(append(client, "x", &err), FLOW_EDELIVERY, &err);
    ck_assert_uint_eq(fake_agent_calls(&agents[0]), 1);
    ck_assert_uint_eq(fake_agent_calls(&agents[1]), 1);
    ck_assert_uint_eq(fake_agent_calls(&agents[2]), 0);
    flow_client_free(client);
}
END_TEST

START_TEST(failover_names_all_hosts_when_none_is_there)
{
    flow_client *client = make_client(3, "client.type = failover\n");
    flow_error *err = NULL;
    char address[32];

    for (size_t i = 0; i < 3; i++)
        fake_agent_stop(&agents[i]);
    const char *message = failure(append(client, "x", &err), FLOW_EIO, &err);
    for (size_t i = 0; i < 3; i++) {
        snprintf(address, sizeof address, "127.0.0.1:%u", agents[i].port);
        expect_says(message, address);
    }
    flow_client_free(client);
}
END_TEST

START_TEST(load_is_shared_in_turn)
{
    flow_client *client = make_client(3, "client.type = default_loadbalance\n");

    for (int i = 0; i < 9; i++)
        ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(got(i), 3);
    fake_agent_stop(&agents[1]);
    for (int i = 0; i < 9; i++)
        ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    ck_assert_uint_eq(got(0) + got(2), 15);
    flow_client_free(client);
}
END_TEST

START_TEST(load_is_shared_at_random)
{
    flow_client *client =
        make_client(3, "client.type = load_balance\nhost-selector = random\nbackoff = true\n");

    for (int i = 0; i < 300; i++)
        ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_gt(got(i), 30);
    flow_client_free(client);
}
END_TEST

/* The first two failures leave it out for 2 s and 4 s; the clock only goes when it is told to. */
START_TEST(who_fails_is_left_out_for_longer_each_time)
{
    use_false_clock();
    flow_client *client = make_client(2, "client.type = load_balance\nbackoff = true\n");

    fake_agent_behave(&agents[0], FAKE_REFUSE, 0);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    ck_assert_uint_eq(fake_agent_calls(&agents[0]), 1);
    fl_clock_false_advance(false_clock, 2001);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    ck_assert_uint_eq(fake_agent_calls(&agents[0]), 2);
    fl_clock_false_advance(false_clock, 2001);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    ck_assert_uint_eq(fake_agent_calls(&agents[0]), 2);
    fl_clock_false_advance(false_clock, 2000);
    fake_agent_behave(&agents[0], FAKE_OK, 0);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    ck_assert_uint_eq(got(0), 3);
    ck_assert_uint_eq(got(1), 21);
    flow_client_free(client);
}
END_TEST

START_TEST(all_left_out_is_an_error)
{
    use_false_clock();
    flow_client *client = make_client(2, "client.type = load_balance\nbackoff = true\n");
    flow_error *err = NULL;

    fake_agent_behave(&agents[0], FAKE_REFUSE, 0);
    fake_agent_behave(&agents[1], FAKE_REFUSE, 0);
    failure(append(client, "x", &err), FLOW_EDELIVERY, &err);
    expect_says(failure(append(client, "x", &err), FLOW_EIO, &err), "left out");
    ck_assert_uint_eq(fake_agent_calls(&agents[0]), 1);
    flow_client_free(client);
}
END_TEST

/* ---- settings ---- */

static const struct {
    const char *settings;
    const char *says;
} wrong[] = {
    {"client.type = defualt_failover\nhosts = a\n", "did you mean 'default_failover'?"},
    {"client.type = default\n", "hosts: names no host"},
    {"hosts = a b\nhosts.a = x:1\n", "the host 'b' has no address"},
    {"hosts = a\nhosts.a = x\n", "HOST:PORT"},
    {"hosts = a\nhosts.a = x:0\n", "HOST:PORT"},
    {"hosts = a\nhosts.a = x:70000\n", "HOST:PORT"},
    {"hosts = a\nhosts.a = ::1:4141\n", "HOST:PORT"},
    {"client.type = load_balance\nhosts = a\nhosts.a = x:1\n", "at least two hosts"},
    {"client.type = load_balance\nhosts = a b\nhosts.a = x:1\nhosts.b = y:1\n"
     "host-selector = com.example.Mine\n",
     "host-selector"},
    {"client.type = thrift\nhosts = a\nhosts.a = x:1\nkerberos = true\n", "kerberos"},
};

START_TEST(what_is_wrong_with_settings_is_told)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        flow_client *client;
        flow_error *err = NULL;
        int rc = try_client(wrong[i].settings, &client, &err);
        ck_assert_ptr_null(client);
        expect_says(failure(rc, FLOW_ECONFIG, &err), wrong[i].says);
    }
}
END_TEST

START_TEST(what_is_odd_about_settings_is_warned_of)
{
    flow_client *client;

    ck_assert_int_eq(try_client("hosts = a b\nhosts.a = [::1]:4141\nhosts.b = y:1\n"
                                "batch-sise = 7\nbatch-size = 0\nconnect-timeout = 999\n",
                                &client, NULL),
                     FLOW_OK);
    ck_assert_uint_eq(flow_client_batch_size(client), 100);
    expect_says(log_text, "did you mean 'batch-size'?");
    expect_says(log_text, "test:5");
    expect_says(log_text, "connect-timeout");
    expect_says(log_text, "the first of 2 hosts");
    flow_client_free(client);
}
END_TEST

/* As Flume's clients: what is not set comes from the environment. */
START_TEST(what_is_not_set_comes_from_the_environment)
{
    flow_client *client;
    flow_error *err = NULL;

    setenv("FLUME_SSL_TRUSTSTORE_TYPE", "nonsense", 1);
    int rc = try_client("hosts = a\nhosts.a = x:1\nssl = true\n", &client, &err);
    expect_says(failure(rc, FLOW_ECONFIG, &err), "FLUME_SSL_TRUSTSTORE_TYPE: ");
    rc = try_client("hosts = a\nhosts.a = x:1\nssl = true\ntruststore-type = jks\n", &client, &err);
    ck_assert_int_eq(rc, FLOW_OK);
    flow_client_free(client);
    unsetenv("FLUME_SSL_TRUSTSTORE_TYPE");
}
END_TEST

START_TEST(settings_come_from_a_file)
{
    char path[] = "/tmp/flow-client-XXXXXX";
    int fd = mkstemp(path);
    flow_client *client;
    flow_error *err = NULL;

    fake_agent_start(&agents[0]);
    dprintf(fd, "hosts = h1\nhosts.h1 = localhost:%u\n", agents[0].port);
    close(fd);
    ck_assert_int_eq(flow_client_load(lib, path, &client, NULL), FLOW_OK);
    ck_assert_int_eq(append(client, "x", NULL), FLOW_OK);
    flow_client_free(client);
    unlink(path);
    failure(flow_client_load(lib, path, &client, &err), FLOW_ENOENT, &err);
}
END_TEST

START_TEST(a_library_with_clients_is_not_freed)
{
    flow_client *client = make_client(1, "");

    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_ESTATE);
    flow_client_free(client);
}
END_TEST

/* A client that is made, sends and is freed, with memory for GRANTS allocations. */
static int send_with(flow_library *mine, struct failing *failing, const char *settings,
                     int64_t grants)
{
    flow_library *other = lib;
    flow_client *client;

    lib = mine;
    failing_after(failing, grants);
    int rc = try_client(settings, &client, NULL);
    if (!rc)
        rc = append(client, "x", NULL);
    if (!rc)
        rc = flow_client_append_batch(client, batch, NULL, NULL);
    flow_client_free(client);
    failing_after(failing, -1);
    lib = other;
    return rc;
}

static void fail_memory(const char *settings)
{
    struct failing failing;
    flow_library_options options = {.struct_size = sizeof options};
    flow_library *mine;
    int rc = FLOW_ENOMEM;

    failing_init(&failing);
    options.allocator = &failing.allocator;
    ck_assert_int_eq(flow_library_new(&options, &mine, NULL), FLOW_OK);
    ck_assert_int_eq(send_with(mine, &failing, settings, -1), FLOW_OK);
    fill(0, 3);
    int64_t before = failing.live;
    for (int64_t grants = 0; rc; grants++) {
        rc = send_with(mine, &failing, settings, grants);
        ck_assert_msg(rc == FLOW_OK || rc == FLOW_ENOMEM, "%s", flow_error_name(rc));
        ck_assert_int_le(failing.live, before + 8); /* what the library keeps for later */
    }
    ck_assert_int_eq(flow_library_free(mine, NULL), FLOW_OK);
    ck_assert_int_eq(failing.live, 0);
}

START_TEST(memory_may_fail_at_any_time)
{
    char settings[256];

    fake_agent_start(&agents[0]);
    fake_agent_start(&agents[1]);
    snprintf(settings, sizeof settings,
             "client.type = failover\nhosts = a b\nhosts.a = 127.0.0.1:%u\n"
             "hosts.b = 127.0.0.1:%u\nbatch-size = 2\n",
             agents[0].port, agents[1].port);
    fail_memory(settings);
    snprintf(settings, sizeof settings,
             "client.type = default\nhosts = a\nhosts.a = 127.0.0.1:%u\n", agents[0].port);
    fail_memory(settings);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"one", events_arrive_in_calls_of_the_batch_size},
        {"one", an_empty_batch_needs_no_call},
        {"one", whatever_an_agent_does_is_told_and_the_next_call_connects_anew},
        {"one", a_batch_that_fails_midway_tells_how_far_it_got},
        {"one", answers_may_come_byte_by_byte},
        {"one", an_agent_that_does_not_know_the_protocol_is_told_it},
        {"one", large_events_go_in_calls_that_others_can_hold},
        {"one", compression_is_one_stream_over_all_calls},
        {"one", a_connection_that_ended_while_idle_is_made_anew_unnoticed},
        {"one", nobody_there_is_an_error_with_the_address},
        {"one", thousands_of_connections_leave_nothing_behind},
        {"threads", closing_ends_the_call_of_another_thread},
        {"threads", threads_take_turns_on_one_connection},
        {"thrift", thrift_speaks_compact},
        {"thrift", thrift_speaks_binary},
        {"thrift", thrift_uses_as_many_connections_as_it_may},
        {"several", failover_stays_with_a_host_and_goes_round},
        {"several", failover_sends_only_what_is_not_acknowledged_to_the_next},
        {"several", failover_ends_after_as_many_attempts},
        {"several", failover_names_all_hosts_when_none_is_there},
        {"several", load_is_shared_in_turn},
        {"several", load_is_shared_at_random},
        {"several", who_fails_is_left_out_for_longer_each_time},
        {"several", all_left_out_is_an_error},
        {"settings", what_is_wrong_with_settings_is_told},
        {"settings", what_is_odd_about_settings_is_warned_of},
        {"settings", what_is_not_set_comes_from_the_environment},
        {"settings", settings_come_from_a_file},
        {"settings", a_library_with_clients_is_not_freed},
        {"memory", memory_may_fail_at_any_time},
    };

    return RUN_SUITE_BETWEEN("client", tests, set_up, tear_down);
}
