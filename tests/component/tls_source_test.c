/* SPDX-License-Identifier: Apache-2.0 */

/* Sources that speak TLS, and a client's link that does: with the bytes of Flume's own clients
 * within. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "await.h"
#include "base/clock.h"
#include "client.h"
#include "hex.h"
#include "net/link.h"
#include "net/tls.h"
#include "rig.h"
#include "suite.h"

#define TLS TEST_DATA "/tls/"
#define SERVER                                                                                     \
    "a1.sources.r1.ssl = true\na1.sources.r1.keystore = " TLS "server.jks\n"                       \
    "a1.sources.r1.keystore-password = changeit\n"

static void describe(char *text, size_t size, const char *type, const char *settings)
{
    snprintf(text, size,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
             "a1.sources.r1.channels = c1\na1.sources.r1.type = %s\n"
             "a1.sources.r1.bind = 127.0.0.1\na1.sources.r1.port = 0\n%s",
             type, settings);
}

static uint16_t start(struct rig *rig, const char *type, const char *settings)
{
    char text[2048];

    rig_init(rig, 0);
    describe(text, sizeof text, type, settings);
    rig_build(rig, text);
    rig_start(rig);
    return rig_port(rig);
}

static void finish(struct rig *rig)
{
    rig_stop(rig);
    rig_free(rig);
}

static int64_t soon(void)
{
    return fl_clock_after(fl_clock_system(), AWAIT_MS);
}

static struct fl_tls *client_tls(const char *keystore)
{
    const struct fl_tls_options options = {
        .truststore = TLS "ca.pem", .verify_host = 1, .keystore = keystore};
    const char *property;
    struct fl_tls *tls;

    ck_assert_int_eq(fl_tls_new(NULL, fl_io_system(), &options, &tls, &property, NULL), FLOW_OK);
    return tls;
}

/* Sends the bytes of the file NAME-request and expects those of NAME-response. */
static int call(struct fl_link *link, const char *folder, const char *name)
{
    struct fl_buf sent, expected, got;
    char path[300];
    int rc;

    fl_buf_init(&sent, NULL);
    fl_buf_init(&expected, NULL);
    fl_buf_init(&got, NULL);
    snprintf(path, sizeof path, "%s/%s-request.hex", folder, name);
    hex_file(&sent, path);
    snprintf(path, sizeof path, "%s/%s-response.hex", folder, name);
    hex_file(&expected, path);
    rc = fl_link_send(link, sent.data, sent.size, soon(), NULL);
    while (!rc && got.size < expected.size)
        rc = fl_link_receive(link, &got, soon(), NULL) == 1 ? FLOW_OK : FLOW_EIO;
    if (!rc) {
        ck_assert_uint_eq(got.size, expected.size);
        ck_assert_mem_eq(got.data, expected.data, got.size);
    }
    fl_buf_free(&sent);
    fl_buf_free(&expected);
    fl_buf_free(&got);
    return rc;
}

/* Connects by PLAN and makes one call. */
static int reach(uint16_t port, const struct fl_stack_plan *plan, const char *folder,
                 const char *name)
{
    const struct fl_link_options options = {.stack = *plan};
    const struct fl_link_target target = {.host = "127.0.0.1", .port = port};
    struct fl_link *link;

    ck_assert_int_eq(fl_link_new(&options, &link, NULL), FLOW_OK);
    int rc = fl_link_connect(link, &target, AWAIT_MS, NULL);
    if (!rc)
        rc = call(link, folder, name);
    fl_link_close(link, AWAIT_MS);
    fl_link_free(link);
    return rc;
}

START_TEST(avro_comes_through_layers_of_every_order)
{
    static const struct {
        const char *settings;
        struct fl_stack_plan plan;
    } cases[] = {
        {SERVER, {0}},
        {SERVER "a1.sources.r1.compression-type = deflate\n", {.deflates = 1, .level = 6}},
        {SERVER "a1.sources.r1.compression-type = deflate\n"
                "a1.sources.r1.ssl-outside-compression = true\n",
         {.deflates = 1, .level = 9, .tls_outside = 1}},
    };
    struct fl_tls *tls = client_tls(NULL);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fl_stack_plan plan = cases[i].plan;
        struct rig rig;
        uint16_t port = start(&rig, "avro", cases[i].settings);
        plan.tls = tls;
        ck_assert_int_eq(reach(port, &plan, TEST_DATA "/avro-ipc", "append"), FLOW_OK);
        ck_assert_uint_gt(flow_channel_size(rig_channel(&rig, "c1")), 0);
        ck_assert_int_eq(rig_metric(&rig, "r1", "ConnectionBrokenCount"), 0);
        finish(&rig);
    }
    fl_tls_free(tls);
}
END_TEST

START_TEST(thrift_comes_through_tls)
{
    struct fl_tls *tls = client_tls(NULL);
    const struct fl_stack_plan plan = {.tls = tls};
    struct rig rig;
    uint16_t port = start(&rig, "thrift", SERVER);

    ck_assert_int_eq(reach(port, &plan, TEST_DATA "/thrift", "compact-appendBatch"), FLOW_OK);
    ck_assert_uint_gt(flow_channel_size(rig_channel(&rig, "c1")), 0);
    finish(&rig);
    fl_tls_free(tls);
}
END_TEST

START_TEST(who_shows_no_certificate_is_refused_where_one_is_needed)
{
    struct fl_tls *stranger = client_tls(NULL);
    struct fl_tls *known = client_tls(TLS "client.pem");
    struct fl_stack_plan plan = {.tls = stranger};
    struct rig rig;
    uint16_t port = start(&rig, "avro",
                          SERVER "a1.sources.r1.client-auth = need\n"
                                 "a1.sources.r1.truststore = " TLS "trust.p12\n"
                                 "a1.sources.r1.truststore-password = changeit\n");

    ck_assert_int_ne(reach(port, &plan, TEST_DATA "/avro-ipc", "append"), FLOW_OK);
    rig_await_log(&rig, "TLS handshake failed: peer did not return a certificate");
    rig_await(&rig, "r1", "ConnectionBrokenCount", 1);
    plan.tls = known;
    ck_assert_int_eq(reach(port, &plan, TEST_DATA "/avro-ipc", "append"), FLOW_OK);
    finish(&rig);
    fl_tls_free(stranger);
    fl_tls_free(known);
}
END_TEST

START_TEST(who_speaks_no_tls_is_hung_up_on_with_the_reason)
{
    struct rig rig;
    uint16_t port = start(&rig, "avro", SERVER);
    int fd = client_open(port);

    client_text(fd, "GET / HTTP/1.0\r\n\r\n");
    rig_await_log(&rig, "hung up on 127.0.0.1:");
    rig_await_log(&rig, "TLS handshake failed: http request");
    close(fd);
    /* One that only looks whether somebody listens is nothing to talk about; one that begins is. */
    fd = client_open(port);
    close(fd);
    fd = client_open(port);
    client_send(fd, "\x16", 1);
    close(fd);
    rig_await_log(&rig, "the peer ended the connection in the TLS handshake");
    rig_await(&rig, "r1", "ConnectionBrokenCount", 2);
    finish(&rig);
}
END_TEST

/* One that was met may be silent as long as it likes. */
START_TEST(who_takes_too_long_for_the_handshake_is_hung_up_on)
{
    struct fl_tls *tls = client_tls(NULL);
    const struct fl_link_options options = {.stack = {.tls = tls}};
    struct fl_link *link;
    struct rig rig;
    const struct fl_link_target target = {
        .host = "127.0.0.1",
        .port = start(&rig, "avro", SERVER "a1.sources.r1.ssl-handshake-timeout = 1\n")};

    ck_assert_int_eq(fl_link_new(&options, &link, NULL), FLOW_OK);
    ck_assert_int_eq(fl_link_connect(link, &target, AWAIT_MS, NULL), FLOW_OK);
    ck_assert_int_eq(call(link, TEST_DATA "/avro-ipc", "append"), FLOW_OK);
    int silent = client_open(target.port);
    int begun = client_open(target.port);
    client_send(begun, "\x16", 1);
    client_expect_end(silent);
    client_expect_end(begun);
    rig_await(&rig, "r1", "ConnectionBrokenCount", 2);
    ck_assert_uint_eq(rig_logged(&rig, "the TLS handshake took too long"), 2);
    ck_assert_int_eq(call(link, TEST_DATA "/avro-ipc", "appendBatch"), FLOW_OK);
    close(silent);
    close(begun);
    fl_link_close(link, AWAIT_MS);
    fl_link_free(link);
    finish(&rig);
    fl_tls_free(tls);
}
END_TEST

/* A source that cannot be. */
static void expect_refused(const char *settings, const char *key, const char *part)
{
    char text[2048];
    struct rig rig;
    flow_error *err = NULL;

    rig_init(&rig, 0);
    describe(text, sizeof text, "avro", settings);
    ck_assert_int_eq(rig_try_build(&rig, text, 0, &err), FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), key));
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), part));
    flow_error_free(err);
    rig_free(&rig);
}

START_TEST(a_fault_of_a_setting_has_its_place)
{
    expect_refused("a1.sources.r1.ssl = true\n", "a1.sources.r1.keystore", "needs a key store");
    expect_refused("a1.sources.r1.ssl = true\na1.sources.r1.keystore = " TLS "server.p12\n"
                   "a1.sources.r1.keystore-password = wrong\n",
                   ":10:35: source r1: a1.sources.r1.keystore-password", "this password");
    expect_refused(SERVER "a1.sources.r1.exclude-protocols = TLSv1.3 TLSv1.2\n",
                   "a1.sources.r1.exclude-protocols", "no protocol is left");
    expect_refused(SERVER "a1.sources.r1.client-auth = want\n", "a1.sources.r1.client-auth",
                   "truststore");
}
END_TEST

/* What a check of a configuration finds first, as "KEY: MESSAGE"; "" when it finds nothing. */
static const char *find_fault(flow_config *config, char *room, size_t size)
{
    flow_report *report;
    flow_diagnostic first = {.struct_size = sizeof first};

    room[0] = '\0';
    ck_assert_int_eq(flow_config_check(config, "a1", &report, NULL), FLOW_OK);
    if (flow_report_get(report, 0, &first) == FLOW_OK)
        snprintf(room, size, "%s: %s", first.key, first.message);
    flow_report_free(report);
    return room;
}

/* As Flume: the component's own setting, then a definition, then the environment. */
START_TEST(what_a_source_does_not_set_comes_from_the_process)
{
    char text[2048], fault[300];
    flow_config *config;
    struct rig rig;

    rig_init(&rig, 0);
    describe(text, sizeof text, "avro",
             "a1.sinks = k1\na1.sinks.k1.type = null\n"
             "a1.sinks.k1.channel = c1\na1.sources.r1.ssl = true\n");
    setenv("FLUME_SSL_KEYSTORE_PATH", TLS "server.jks", 1);
    setenv("FLUME_SSL_KEYSTORE_PASSWORD", "changeit", 1);
    rig_build(&rig, text);

    setenv("FLUME_SSL_KEYSTORE_TYPE", "nonsense", 1);
    ck_assert_int_eq(flow_config_new(rig.lib, &config, NULL), FLOW_OK);
    ck_assert_int_eq(
        flow_config_parse(config, "a.conf", text, strlen(text), FLOW_FORMAT_PROPERTIES, NULL),
        FLOW_OK);
    ck_assert_ptr_nonnull(
        strstr(find_fault(config, fault, sizeof fault), "FLUME_SSL_KEYSTORE_TYPE: "));
    flow_config_define(config, "javax.net.ssl.keyStoreType", "jks", NULL);
    ck_assert_str_eq(find_fault(config, fault, sizeof fault), "");
    flow_config_define(config, "javax.net.ssl.keyStoreType", "BKS", NULL);
    ck_assert_ptr_nonnull(
        strstr(find_fault(config, fault, sizeof fault), "javax.net.ssl.keyStoreType: "));
    flow_config_set(config, "a1.sources.r1.keystore-type", "PKCS12", NULL);
    ck_assert_str_eq(find_fault(config, fault, sizeof fault), "");
    flow_config_free(config);
    rig_free(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"avro", avro_comes_through_layers_of_every_order},
        {"thrift", thrift_comes_through_tls},
        {"client-auth", who_shows_no_certificate_is_refused_where_one_is_needed},
        {"no TLS", who_speaks_no_tls_is_hung_up_on_with_the_reason},
        {"late", who_takes_too_long_for_the_handshake_is_hung_up_on},
        {"settings", a_fault_of_a_setting_has_its_place},
        {"globals", what_a_source_does_not_set_comes_from_the_process},
    };

    return RUN_SUITE("tls source", tests);
}
