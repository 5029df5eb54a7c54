/* SPDX-License-Identifier: Apache-2.0 */

/* The properties of TLS, for all that have them, and settings made of them. */

#include "base/buf.h"
#include "base/error.h"
#include "core/library.h"
#include "net/tls.h"

#define SSL(text) {.name = "ssl", .type = FLOW_TYPE_BOOL, .default_value = "false", .help = (text)}
#define STORE(key, java, flume, text)                                                              \
    {.name = (key),                                                                                \
     .type = FLOW_TYPE_PATH,                                                                       \
     .definition = (java),                                                                         \
     .variable = (flume),                                                                          \
     .help = (text)}
#define PASSWORD(key, java, flume)                                                                 \
    {.name = (key),                                                                                \
     .type = FLOW_TYPE_SECRET,                                                                     \
     .definition = (java),                                                                         \
     .variable = (flume),                                                                          \
     .help = "The password of the store, and of the key in it."}
#define TYPE(key, java, flume)                                                                     \
    {.name = (key),                                                                                \
     .type = FLOW_TYPE_CHOICE,                                                                     \
     .default_value = "JKS",                                                                       \
     .choices = "JKS|PKCS12|PEM",                                                                  \
     .definition = (java),                                                                         \
     .variable = (flume),                                                                          \
     .help = "The type of the store. What is in the file decides, and of Java's stores from 9 "    \
             "on that is PKCS12 whatever is written here."}
#define LIST(key, value, java, flume, text)                                                        \
    {.name = (key),                                                                                \
     .type = FLOW_TYPE_WORDS,                                                                      \
     .default_value = (value),                                                                     \
     .definition = (java),                                                                         \
     .variable = (flume),                                                                          \
     .help = (text)}

static const flow_property names[] = {
    LIST("include-protocols", NULL, "flume.ssl.include.protocols", "FLUME_SSL_INCLUDE_PROTOCOLS",
         "The protocols that may be spoken, of TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3; unset, the "
         "last two. The old ones are insecure."),
    LIST("exclude-protocols", "SSLv3", "flume.ssl.exclude.protocols", "FLUME_SSL_EXCLUDE_PROTOCOLS",
         "Protocols that are not spoken in spite of include-protocols. SSLv3 never is."),
    LIST("include-cipher-suites", NULL, "flume.ssl.include.cipherSuites",
         "FLUME_SSL_INCLUDE_CIPHERSUITES",
         "The cipher suites that may be used, by their names in Java, such as "
         "TLS_AES_128_GCM_SHA256; unset, OpenSSL's usual ones."),
    LIST("exclude-cipher-suites", NULL, "flume.ssl.exclude.cipherSuites",
         "FLUME_SSL_EXCLUDE_CIPHERSUITES",
         "Cipher suites that are not used in spite of include-cipher-suites."),
};

static const flow_property keystore[] = {
    STORE("keystore", "javax.net.ssl.keyStore", "FLUME_SSL_KEYSTORE_PATH",
          "The file with the private key and certificate that are shown to clients, and those "
          "that certify it: a key store of Java's, PKCS#12, or PEM. Needed with ssl."),
    PASSWORD("keystore-password", "javax.net.ssl.keyStorePassword", "FLUME_SSL_KEYSTORE_PASSWORD"),
    TYPE("keystore-type", "javax.net.ssl.keyStoreType", "FLUME_SSL_KEYSTORE_TYPE"),
};

static const flow_property truststore[] = {
    STORE("truststore", "javax.net.ssl.trustStore", "FLUME_SSL_TRUSTSTORE_PATH",
          "The file with the certificates by which that of the peer is checked: a trust store of "
          "Java's, PKCS#12, or PEM; unset, the system's."),
    PASSWORD("truststore-password", "javax.net.ssl.trustStorePassword",
             "FLUME_SSL_TRUSTSTORE_PASSWORD"),
    TYPE("truststore-type", "javax.net.ssl.trustStoreType", "FLUME_SSL_TRUSTSTORE_TYPE"),
};

static const flow_property server_properties[] = {
    SSL("Speak TLS with all clients, from the first byte."),
    {
        .name = "client-auth",
        .type = FLOW_TYPE_CHOICE,
        .default_value = "none",
        .choices = "none|want|need",
        .help = "Whether clients show a certificate: not asked for, checked if they have one, or "
                "needed. Flume never asks.",
    },
    {
        .name = "ssl-handshake-timeout",
        .type = FLOW_TYPE_INT,
        .default_value = "10",
        .unit = "seconds",
        .min = 1,
        .max = 3600,
        .help = "How long a client may take from its connection to the end of the handshake; one "
                "that takes longer is hung up on. Flume always gives it 10 seconds.",
    },
    STORE("truststore", NULL, NULL,
          "The file with the certificates by which those of clients are checked; needed unless "
          "client-auth is none."),
    PASSWORD("truststore-password", NULL, NULL),
    TYPE("truststore-type", NULL, NULL),
};

static const flow_property client_properties[] = {
    SSL("Speak TLS with the peer, from the first byte."),
    {
        .name = "trust-all-certs",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Take whoever answers for the peer. This is insecure.",
    },
    {
        .name = "verify-host",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "The peer's certificate has to be for the host that was reached. Flume does not "
                "look.",
    },
    STORE("keystore", NULL, NULL,
          "The file with the private key and certificate to show to a peer that asks for one; "
          "unset, none is shown."),
    PASSWORD("keystore-password", NULL, NULL),
    TYPE("keystore-type", NULL, NULL),
};

#define SCHEMA(table, what, more)                                                                  \
    {.struct_size = sizeof(flow_schema),                                                           \
     .property_size = sizeof(flow_property),                                                       \
     .properties = (table),                                                                        \
     .count = sizeof(table) / sizeof(table)[0],                                                    \
     .summary = (what),                                                                            \
     .parts = (more)}

static const flow_schema names_schema = SCHEMA(names, "Protocols and cipher suites.", NULL);
static const flow_schema keystore_schema = SCHEMA(keystore, "A server's key.", NULL);
static const flow_schema truststore_schema = SCHEMA(truststore, "Whom a client trusts.", NULL);
static const flow_schema *const server_parts[] = {&keystore_schema, &names_schema, NULL};
static const flow_schema *const client_parts[] = {&truststore_schema, &names_schema, NULL};

const flow_schema fl_tls_server_schema =
    SCHEMA(server_properties, "TLS as a server speaks it.", server_parts);
const flow_schema fl_tls_client_schema =
    SCHEMA(client_properties, "TLS as a client speaks it.", client_parts);

/* ---- settings ---- */

enum { INCLUDE_PROTOCOLS, EXCLUDE_PROTOCOLS, INCLUDE_SUITES, EXCLUDE_SUITES, LISTS };

static const char *const lists[LISTS] = {
    [INCLUDE_PROTOCOLS] = "include-protocols",
    [EXCLUDE_PROTOCOLS] = "exclude-protocols",
    [INCLUDE_SUITES] = "include-cipher-suites",
    [EXCLUDE_SUITES] = "exclude-cipher-suites",
};

/* The words of a list as one text; NULL without memory. */
static const char *join(const flow_context *ctx, const char *name, struct fl_buf *text)
{
    const char *word;

    for (size_t i = 0; (word = flow_context_word(ctx, name, i)); i++) {
        if (fl_buf_text(text, word) || fl_buf_byte(text, ' '))
            return NULL;
    }
    return fl_buf_cstr(text);
}

/* Gives a fault the place of the property that is to blame. */
static int locate(const flow_context *ctx, int rc, const char *property, flow_error *cause,
                  flow_error **err)
{
    if (rc == FLOW_ENOMEM || !property) {
        fl_error_pass(err, cause);
        return rc;
    }
    flow_context_refuse(ctx, property, fl_error_text(cause), err);
    flow_error_free(cause);
    return FLOW_ECONFIG;
}

static int open_settings(flow_context *ctx, const struct fl_tls_options *options,
                         struct fl_tls **tls, flow_error **err)
{
    const flow_library *lib = flow_context_library(ctx);
    const char *property = NULL;
    flow_error *cause = NULL;
    int rc = fl_tls_new(&lib->allocator, lib->io, options, tls, &property, &cause);

    return rc ? locate(ctx, rc, property, cause, err) : FLOW_OK;
}

/* Adds the lists, and with them makes the settings. */
static int open_with_lists(flow_context *ctx, struct fl_tls_options *options, struct fl_tls **tls,
                           flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct fl_buf text[LISTS];
    const char *joined[LISTS];
    int rc = FLOW_OK;

    for (size_t i = 0; i < LISTS; i++) {
        fl_buf_init(&text[i], mem);
        joined[i] = join(ctx, lists[i], &text[i]);
        if (!joined[i])
            rc = FLOW_ENOMEM;
    }
    options->include_protocols = joined[INCLUDE_PROTOCOLS];
    options->exclude_protocols = joined[EXCLUDE_PROTOCOLS];
    options->include_cipher_suites = joined[INCLUDE_SUITES];
    options->exclude_cipher_suites = joined[EXCLUDE_SUITES];
    rc = rc ? fl_error_nomem(err) : open_settings(ctx, options, tls, err);
    for (size_t i = 0; i < LISTS; i++)
        fl_buf_free(&text[i]);
    return rc;
}

static struct fl_tls_options read_stores(const flow_context *ctx)
{
    return (struct fl_tls_options){
        .keystore = flow_context_string(ctx, "keystore"),
        .keystore_password = flow_context_string(ctx, "keystore-password"),
        .truststore = flow_context_string(ctx, "truststore"),
        .truststore_password = flow_context_string(ctx, "truststore-password"),
    };
}

int fl_tls_open_server(flow_context *ctx, struct fl_tls **tls, flow_error **err)
{
    struct fl_tls_options options = read_stores(ctx);

    *tls = NULL;
    if (!flow_context_bool(ctx, "ssl"))
        return FLOW_OK;
    options.is_server = 1;
    options.client_auth = flow_context_choice(ctx, "client-auth");
    options.handshake_ms = 1000 * (unsigned)flow_context_int(ctx, "ssl-handshake-timeout");
    return open_with_lists(ctx, &options, tls, err);
}

int fl_tls_open_client(flow_context *ctx, struct fl_tls **tls, flow_error **err)
{
    struct fl_tls_options options = read_stores(ctx);

    *tls = NULL;
    if (!flow_context_bool(ctx, "ssl"))
        return FLOW_OK;
    options.trust_all = flow_context_bool(ctx, "trust-all-certs");
    options.verify_host = flow_context_bool(ctx, "verify-host");
    return open_with_lists(ctx, &options, tls, err);
}
