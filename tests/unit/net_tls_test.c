/* SPDX-License-Identifier: Apache-2.0 */

/* TLS between two stacks in memory, with the key stores of tests/data/tls. */

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "ends.h"
#include "failing.h"
#include "net/tls.h"
#include "suite.h"

#define DATA TEST_DATA "/tls/"
#define PASSWORD "changeit"

static struct fl_tls *open_tls(const struct fl_tls_options *options)
{
    const char *property;
    flow_error *err = NULL;
    struct fl_tls *tls = NULL;

    fl_tls_new(NULL, fl_io_system(), options, &tls, &property, &err);
    ck_assert_msg(tls, "%s", flow_error_message(err));
    ck_assert_ptr_null(property);
    return tls;
}

static struct fl_tls_options server_with(const char *keystore)
{
    return (struct fl_tls_options){
        .is_server = 1, .keystore = keystore, .keystore_password = PASSWORD};
}

static struct fl_tls_options client_with(const char *truststore)
{
    return (struct fl_tls_options){.truststore = truststore, .truststore_password = PASSWORD};
}

/* A client and a server that have not met yet. */
struct pair {
    struct fl_tls *tls[2];
    struct fl_stack_plan plans[2];
    struct end client, server;
};

static void meet(struct pair *p, const struct fl_tls_options *client,
                 const struct fl_tls_options *server, const struct fl_stack_plan *plan)
{
    p->tls[0] = open_tls(client);
    p->tls[1] = open_tls(server);
    for (int i = 0; i < 2; i++) {
        p->plans[i] = *plan;
        p->plans[i].tls = p->tls[i];
    }
    ck_assert_int_eq(end_open(&p->client, NULL, &p->plans[0]), FLOW_OK);
    ck_assert_int_eq(end_open(&p->server, NULL, &p->plans[1]), FLOW_OK);
}

static void part(struct pair *p)
{
    end_close(&p->client);
    end_close(&p->server);
    fl_tls_free(p->tls[0]);
    fl_tls_free(p->tls[1]);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}

/* Whether a client and a server come together. */
static int do_meet(const struct fl_tls_options *client, const struct fl_tls_options *server)
{
    const struct fl_stack_plan plan = {0};
    struct pair p;

    meet(&p, client, server, &plan);
    int rc = ends_shake_hands(&p.client, &p.server, 0);
    int met = !rc && fl_stack_ready(p.client.stack) && fl_stack_ready(p.server.stack);
    part(&p);
    return met;
}

/* Expects that they do not, and why. */
static void expect_fault(const struct fl_tls_options *client, const struct fl_tls_options *server,
                         const char *at_client, const char *at_server)
{
    const struct fl_stack_plan plan = {0};
    struct pair p;

    meet(&p, client, server, &plan);
    for (int i = 0; i < 3; i++) {
        if (end_carry(&p.client, &p.server, 0))
            ck_assert_str_eq(p.server.fault, at_server);
        if (end_carry(&p.server, &p.client, 0))
            ck_assert_str_eq(p.client.fault, at_client);
    }
    ck_assert(!fl_stack_ready(p.client.stack) || !fl_stack_ready(p.server.stack) ||
              p.server.fault[0]);
    part(&p);
}

START_TEST(layers_of_every_order_carry_everything_however_it_is_cut)
{
    static const struct fl_stack_plan plans[] = {
        {.deflates = 0},
        {.deflates = 1, .level = 6},
        {.deflates = 1, .level = 6, .tls_outside = 1},
    };
    const struct fl_tls_options server = server_with(DATA "server.pem");
    const struct fl_tls_options client = client_with(DATA "ca.pem");

    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        for (size_t most = 0; most < 2000; most = most * 7 + 1) {
            struct pair p;
            meet(&p, &client, &server, &plans[i]);
            ck_assert_int_eq(fl_stack_ready(p.client.stack), 0);
            ck_assert_int_eq(ends_shake_hands(&p.client, &p.server, most), FLOW_OK);
            ck_assert_int_eq(fl_stack_ready(p.client.stack), 1);
            ck_assert_int_eq(fl_stack_ready(p.server.stack), 1);
            ends_converse(&p.client, &p.server, most);
            fl_stack_send_end(p.client.stack, &p.client.wire, NULL);
            ck_assert_int_eq(end_carry(&p.client, &p.server, most), FLOW_OK);
            ck_assert_int_eq(fl_stack_ended(p.server.stack), 1);
            part(&p);
        }
    }
}
END_TEST

/* From 1.10 on Flume compresses TLS records; before, TLS encrypted what was compressed. */
START_TEST(the_outer_layer_is_what_the_socket_sees)
{
    const struct fl_tls_options server = server_with(DATA "server.pem");
    const struct fl_tls_options client = client_with(DATA "ca.pem");
    struct fl_stack_plan plan = {.deflates = 1, .level = 6};
    struct pair p;

    meet(&p, &client, &server, &plan);
    ck_assert_int_eq(p.client.wire.data[0], 0x78); /* of zlib */
    part(&p);
    plan.tls_outside = 1;
    meet(&p, &client, &server, &plan);
    ck_assert_int_eq(p.client.wire.data[0], 0x16); /* a record of a handshake */
    part(&p);
}
END_TEST

START_TEST(what_is_sent_during_the_handshake_waits_for_its_end)
{
    const struct fl_tls_options server = server_with(DATA "server.pem");
    const struct fl_tls_options client = client_with(DATA "ca.pem");
    const struct fl_stack_plan plan = {0};
    struct pair p;

    meet(&p, &client, &server, &plan);
    size_t hello = p.client.wire.size;
    ck_assert_int_eq(fl_stack_send(p.client.stack, "early", 5, &p.client.wire, NULL), FLOW_OK);
    ck_assert_uint_eq(p.client.wire.size, hello);
    ck_assert_int_eq(ends_shake_hands(&p.client, &p.server, 0), FLOW_OK);
    ck_assert_uint_eq(p.server.plain.size, 5);
    ck_assert_mem_eq(p.server.plain.data, "early", 5);
    part(&p);
}
END_TEST

START_TEST(every_format_of_stores_is_read)
{
    static const char *const keys[] = {"server.pem",      "server-locked.pem", "server.p12",
                                       "server-java.p12", "server-old.p12",    "server.jks"};
    static const char *const trust[] = {"ca.pem", "trust.jks", "trust.p12"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        for (size_t k = 0; k < sizeof trust / sizeof trust[0]; k++) {
            char keystore[300], truststore[300];
            snprintf(keystore, sizeof keystore, DATA "%s", keys[i]);
            snprintf(truststore, sizeof truststore, DATA "%s", trust[k]);
            const struct fl_tls_options server = server_with(keystore);
            const struct fl_tls_options client = client_with(truststore);
            ck_assert_msg(do_meet(&client, &server), "%s and %s", keys[i], trust[k]);
        }
    }
}
END_TEST

START_TEST(a_certificate_of_its_own_is_trusted_when_it_is_in_the_store)
{
    const struct fl_tls_options server = server_with(DATA "rsa.jks");
    const struct fl_tls_options client = client_with(DATA "rsa.jks");
    struct fl_tls_options unlocked = client;

    ck_assert(do_meet(&client, &server));
    unlocked.truststore_password = NULL; /* as Java, which then does not look for damage */
    ck_assert(do_meet(&unlocked, &server));
}
END_TEST

START_TEST(whom_nobody_vouches_for_is_not_trusted)
{
    const struct fl_tls_options server = server_with(DATA "stranger.pem");
    struct fl_tls_options client = client_with(DATA "ca.pem");

    expect_fault(&client, &server, "TLS handshake failed: self-signed certificate",
                 "TLS handshake failed: tlsv1 alert unknown ca");
    client.truststore = NULL; /* the system's */
    expect_fault(&client, &server, "TLS handshake failed: self-signed certificate",
                 "TLS handshake failed: tlsv1 alert unknown ca");
    client.trust_all = 1;
    ck_assert(do_meet(&client, &server));
}
END_TEST

/* Whether a client that verifies HOST takes the server of "localhost" and 127.0.0.1. */
static int verifies(const char *host, int verify)
{
    const struct fl_tls_options server = server_with(DATA "server.pem");
    struct fl_tls_options client = client_with(DATA "ca.pem");
    const struct fl_stack_plan plan = {.host = host};
    struct pair p;

    client.verify_host = verify;
    meet(&p, &client, &server, &plan);
    int rc = ends_shake_hands(&p.client, &p.server, 0);
    part(&p);
    return !rc;
}

START_TEST(the_host_is_verified_if_wanted)
{
    ck_assert(verifies("elsewhere", 0));
    ck_assert(verifies("10.0.0.1", 0));
    ck_assert(verifies("localhost", 1));
    ck_assert(verifies("127.0.0.1", 1));
    ck_assert(!verifies("elsewhere", 1));
    ck_assert(!verifies("10.0.0.1", 1));
}
END_TEST

START_TEST(clients_show_certificates_as_they_are_asked)
{
    struct fl_tls_options server = server_with(DATA "server.pem");
    struct fl_tls_options unknown = client_with(DATA "ca.pem");
    struct fl_tls_options known = unknown;
    struct fl_tls_options stranger = unknown;

    known.keystore = DATA "client.pem";
    stranger.keystore = DATA "stranger.pem";
    server.truststore = DATA "ca.pem";
    server.client_auth = FL_TLS_CLIENT_AUTH_WANT;
    ck_assert(do_meet(&unknown, &server));
    ck_assert(do_meet(&known, &server));
    ck_assert(!do_meet(&stranger, &server));
    server.client_auth = FL_TLS_CLIENT_AUTH_NEED;
    ck_assert(do_meet(&known, &server));
    expect_fault(&unknown, &server, "TLS failed: tlsv13 alert certificate required",
                 "TLS handshake failed: peer did not return a certificate");
}
END_TEST

START_TEST(protocols_are_chosen_by_name)
{
    struct fl_tls_options server = server_with(DATA "server.pem");
    struct fl_tls_options client = client_with(DATA "ca.pem");

    server.include_protocols = "TLSv1.2";
    ck_assert(do_meet(&client, &server));
    client.include_protocols = "TLSv1.3";
    expect_fault(&client, &server, "TLS handshake failed: tlsv1 alert protocol version",
                 "TLS handshake failed: unsupported protocol");
    client.include_protocols = "TLSv1.3,tlsv1.2";
    ck_assert(do_meet(&client, &server));
    client.exclude_protocols = "SSLv3 TLSv1.2";
    ck_assert(!do_meet(&client, &server));
    client.include_protocols = client.exclude_protocols = NULL;
    server.include_protocols = "TLSv1.1";
    ck_assert(!do_meet(&client, &server));
    client.include_protocols = "TLSv1 TLSv1.1";
    ck_assert(do_meet(&client, &server));
}
END_TEST

START_TEST(suites_are_chosen_by_name)
{
    struct fl_tls_options server = server_with(DATA "server.pem");
    struct fl_tls_options client = client_with(DATA "ca.pem");

    server.include_cipher_suites = "TLS_AES_128_GCM_SHA256";
    ck_assert(do_meet(&client, &server));
    client.exclude_cipher_suites = "TLS_AES_128_GCM_SHA256";
    expect_fault(&client, &server, "TLS handshake failed: sslv3 alert handshake failure",
                 "TLS handshake failed: no shared cipher");
    server.include_cipher_suites = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    ck_assert(do_meet(&client, &server));
    client.include_cipher_suites = "TLS_RSA_WITH_AES_128_CBC_SHA "
                                   "SSL_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    ck_assert(do_meet(&client, &server));
}
END_TEST

static void expect_refused(const struct fl_tls_options *options, const char *property,
                           const char *part_of_message)
{
    struct fl_tls *tls = NULL;
    const char *at;
    flow_error *err = NULL;

    ck_assert_int_ne(fl_tls_new(NULL, fl_io_system(), options, &tls, &at, &err), FLOW_OK);
    ck_assert_ptr_null(tls);
    ck_assert_msg(strstr(flow_error_message(err), part_of_message), "%s", flow_error_message(err));
    ck_assert_str_eq(at, property);
    flow_error_free(err);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}

/* A server that cannot be for the file that NAME names. */
static void expect_bad_store(const char *name, const char *password, const char *property,
                             const char *part_of_message)
{
    struct fl_tls_options options = server_with(name);

    options.keystore_password = password;
    expect_refused(&options, property, part_of_message);
}

START_TEST(what_is_wrong_with_a_store_is_told)
{
    expect_bad_store(NULL, NULL, "keystore", "TLS needs a key store");
    expect_bad_store(DATA "nothing", NULL, "keystore", "nothing");
    expect_bad_store(DATA "make", NULL, "keystore", "no key store of the types JKS, PKCS12");
    expect_bad_store(DATA "ca.pem", NULL, "keystore", "no private key in it");
    expect_bad_store(DATA "trust.p12", PASSWORD, "keystore", "no private key in it");
    expect_bad_store(DATA "trust.jks", PASSWORD, "keystore", "no private key in it");
    expect_bad_store(DATA "server.jks", NULL, "keystore-password", "needs a password");
    expect_bad_store(DATA "server.jks", "wrong", "keystore-password", "not have this password");
    expect_bad_store(DATA "server.jks", "\xff", "keystore-password", "not have this password");
    expect_bad_store(DATA "two-passwords.jks", PASSWORD, "keystore-password", "another password");
    expect_bad_store(DATA "server.p12", "wrong", "keystore-password", "not have this password");
    expect_bad_store(DATA "server.p12", NULL, "keystore-password", "not have this password");
    expect_bad_store(DATA "server-locked.pem", "wrong", "keystore-password", "is the password");
    expect_bad_store(DATA "server-locked.pem", NULL, "keystore-password", "is the password");
    expect_bad_store(TEST_DATA "/flume-log/encrypted/keys/keystore", "x", "keystore", "JCEKS");
}
END_TEST

START_TEST(what_an_old_store_needs_is_told)
{
    setenv("OPENSSL_MODULES", "/nowhere", 1);
    expect_bad_store(DATA "server-old.p12", PASSWORD, "keystore",
                     "OpenSSL's legacy provider has to be installed");
    expect_bad_store(DATA "server-old.p12", "wrong", "keystore-password", "not have this password");
    unsetenv("OPENSSL_MODULES");
}
END_TEST

START_TEST(what_is_wrong_with_a_setting_is_told)
{
    struct fl_tls_options options = client_with(DATA "server.p12");

    options.truststore_password = "wrong";
    expect_refused(&options, "truststore-password", "not have this password");
    options = client_with(DATA "ca.pem");
    options.include_protocols = "TLSv1.4";
    expect_refused(&options, "include-protocols", "'TLSv1.4' is no protocol");
    options.include_protocols = "TLSv1.2";
    options.exclude_protocols = "TLSv1.2 SSLv3";
    expect_refused(&options, "exclude-protocols", "no protocol is left");
    options = client_with(DATA "ca.pem");
    options.include_cipher_suites = "strong";
    expect_refused(&options, "include-cipher-suites", "'strong' is no cipher suite");
    options.include_cipher_suites = "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT";
    expect_refused(&options, "include-cipher-suites", "no cipher suite is left");
    options = server_with(DATA "server.pem");
    options.client_auth = FL_TLS_CLIENT_AUTH_NEED;
    expect_refused(&options, "client-auth", "told by truststore");
}
END_TEST

/* A server that gets this. */
static void expect_no_tls(const char *text, size_t size, int code, const char *fault)
{
    const struct fl_tls_options server = server_with(DATA "server.pem");
    const struct fl_tls_options client = client_with(DATA "ca.pem");
    const struct fl_stack_plan plan = {0};
    struct pair p;

    meet(&p, &client, &server, &plan);
    fl_buf_clear(&p.client.wire);
    fl_buf_append(&p.client.wire, text, size);
    ck_assert_int_eq(end_carry(&p.client, &p.server, 0), code);
    ck_assert_str_eq(p.server.fault, fault);
    ck_assert_int_eq(fl_stack_ready(p.server.stack), 0);
    part(&p);
}

START_TEST(what_is_no_tls_is_refused)
{
    expect_no_tls("GET / HTTP/1.0\r\n\r\n", 18, FLOW_EIO, "TLS handshake failed: http request");
    expect_no_tls("\0\0\0\1\0\0\0\2\0\0\0\60", 12, FLOW_EIO,
                  "TLS handshake failed: wrong version number");
    expect_no_tls("\x16\x03", 2, FLOW_OK, "");
}
END_TEST

START_TEST(an_end_in_the_handshake_is_told_and_one_before_is_not)
{
    const struct fl_tls_options server = server_with(DATA "server.pem");
    const struct fl_tls_options client = client_with(DATA "ca.pem");
    const struct fl_stack_plan plan = {0};
    flow_error *err = NULL;
    struct pair p;

    meet(&p, &client, &server, &plan);
    ck_assert_int_eq(fl_stack_receive_end(p.server.stack, NULL), FLOW_OK);
    ck_assert_int_eq(fl_stack_receive_end(p.client.stack, &err), FLOW_EIO);
    ck_assert_str_eq(flow_error_message(err), "the peer ended the connection in the TLS handshake");
    flow_error_free(err);
    end_carry(&p.client, &p.server, 0);
    ck_assert_int_eq(fl_stack_receive_end(p.server.stack, NULL), FLOW_EIO);
    end_carry(&p.server, &p.client, 0);
    end_carry(&p.client, &p.server, 0);
    ck_assert_int_eq(fl_stack_receive_end(p.server.stack, NULL), FLOW_OK);
    part(&p);
}
END_TEST

/* What OpenSSL has allocated. */
static size_t live;

static void counting_free(void *memory, const char *file, int line)
{
    live -= memory ? malloc_usable_size(memory) : 0;
    free(memory);
}

static void *counting_realloc(void *memory, size_t size, const char *file, int line)
{
    live -= memory ? malloc_usable_size(memory) : 0;
    memory = realloc(memory, size);
    live += memory ? malloc_usable_size(memory) : 0;
    return memory;
}

static void *counting_malloc(size_t size, const char *file, int line)
{
    return counting_realloc(NULL, size, file, line);
}

START_TEST(a_connection_does_not_keep_memory_for_all_that_came_at_once)
{
    static const uint8_t bytes[1u << 20];
    const struct fl_tls_options server = server_with(DATA "server.jks");
    const struct fl_tls_options client = client_with(DATA "trust.p12");
    const struct fl_stack_plan plan = {0};
    struct pair p;

    ck_assert_int_eq(CRYPTO_set_mem_functions(counting_malloc, counting_realloc, counting_free), 1);
    meet(&p, &client, &server, &plan);
    ck_assert_int_eq(ends_shake_hands(&p.client, &p.server, 0), FLOW_OK);
    ck_assert_int_eq(fl_stack_send(p.client.stack, bytes, sizeof bytes, &p.client.wire, NULL),
                     FLOW_OK);
    size_t before = live;
    ck_assert_uint_gt(before, 0);
    ck_assert_int_eq(end_carry(&p.client, &p.server, 0), FLOW_OK);
    ck_assert_uint_eq(p.server.plain.size, sizeof bytes);
    ck_assert_uint_lt(live, before + 65536);
    part(&p);
}
END_TEST

START_TEST(damage_on_the_way_is_noticed)
{
    const struct fl_tls_options server = server_with(DATA "server.pem");
    const struct fl_tls_options client = client_with(DATA "ca.pem");
    const struct fl_stack_plan plan = {0};
    struct pair p;

    meet(&p, &client, &server, &plan);
    ck_assert_int_eq(ends_shake_hands(&p.client, &p.server, 0), FLOW_OK);
    fl_stack_send(p.client.stack, "text", 4, &p.client.wire, NULL);
    p.client.wire.data[p.client.wire.size - 1] ^= 1;
    ck_assert_int_eq(end_carry(&p.client, &p.server, 0), FLOW_EIO);
    ck_assert_str_eq(p.server.fault, "TLS failed: decryption failed or bad record mac");
    ck_assert_uint_eq(p.server.plain.size, 0);
    /* The peer is told. */
    ck_assert_int_eq(end_carry(&p.server, &p.client, 0), FLOW_EIO);
    ck_assert_str_eq(p.client.fault, "TLS failed: sslv3 alert bad record mac");
    part(&p);
}
END_TEST

START_TEST(the_errors_of_the_host_are_left_to_it)
{
    const struct fl_tls_options server = server_with(DATA "server.pem");
    const struct fl_tls_options client = client_with(DATA "stranger.pem");

    ERR_raise(ERR_LIB_USER, 77);
    unsigned long before = ERR_peek_error();
    struct fl_tls_options good = client_with(DATA "ca.pem");
    struct fl_tls *tls[] = {open_tls(&good), open_tls(&server), open_tls(&client)};
    for (int i = 0; i < 2; i++) {
        const struct fl_stack_plan plans[] = {{.tls = tls[i * 2]}, {.tls = tls[1]}};
        struct end a, b;
        end_open(&a, NULL, &plans[0]);
        end_open(&b, NULL, &plans[1]);
        ck_assert_int_eq(ends_shake_hands(&a, &b, 100), i ? FLOW_EIO : FLOW_OK);
        end_close(&a);
        end_close(&b);
        ck_assert_uint_eq(ERR_peek_error(), before);
        ck_assert_uint_eq(ERR_peek_last_error(), before);
    }
    for (int i = 0; i < 3; i++)
        fl_tls_free(tls[i]);
    ERR_clear_error();
}
END_TEST

START_TEST(out_of_memory_is_an_error)
{
    struct failing failing;
    const struct fl_tls_options server = server_with(DATA "server.jks");
    const char *property;
    int rc = FLOW_ENOMEM;

    failing_init(&failing);
    for (int64_t grants = 0; rc == FLOW_ENOMEM; grants++) {
        struct fl_tls *tls = NULL;
        failing_after(&failing, grants);
        rc = fl_tls_new(&failing.allocator, fl_io_system(), &server, &tls, &property, NULL);
        struct fl_stack_plan plan = {.tls = tls};
        struct end end = {0};
        if (!rc)
            rc = end_open(&end, &failing.allocator, &plan);
        end_close(&end);
        fl_tls_free(tls);
        ck_assert_int_eq(failing.live, 0);
    }
    ck_assert_int_eq(rc, FLOW_OK);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"layers", layers_of_every_order_carry_everything_however_it_is_cut},
        {"order", the_outer_layer_is_what_the_socket_sees},
        {"early", what_is_sent_during_the_handshake_waits_for_its_end},
        {"formats", every_format_of_stores_is_read},
        {"own certificate", a_certificate_of_its_own_is_trusted_when_it_is_in_the_store},
        {"strangers", whom_nobody_vouches_for_is_not_trusted},
        {"host", the_host_is_verified_if_wanted},
        {"client-auth", clients_show_certificates_as_they_are_asked},
        {"protocols", protocols_are_chosen_by_name},
        {"suites", suites_are_chosen_by_name},
        {"bad stores", what_is_wrong_with_a_store_is_told},
        {"old stores", what_an_old_store_needs_is_told},
        {"bad settings", what_is_wrong_with_a_setting_is_told},
        {"no TLS", what_is_no_tls_is_refused},
        {"end", an_end_in_the_handshake_is_told_and_one_before_is_not},
        {"memory kept", a_connection_does_not_keep_memory_for_all_that_came_at_once},
        {"damage", damage_on_the_way_is_noticed},
        {"errors of the host", the_errors_of_the_host_are_left_to_it},
        {"no memory", out_of_memory_is_an_error},
    };

    return RUN_SUITE("net/tls", tests);
}
