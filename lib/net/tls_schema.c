/* SPDX-License-Identifier: Apache-2.0 */

/* The properties of TLS, for all that have them, and settings made of them. */

#include "base/buf.h"
#include "base/error.h"
#include "core/library.h"
#include "net/tls.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

#define TYPES "JKS|PKCS12|PEM"

#define SSL(text)                                                                                  \
    {                                                                                              \
        .name = "ssl",                                                                             \
        .type = FLOW_TYPE_BOOL,                                                                    \
        .default_value = "false",                                                                  \
        .help = (text),                                                                            \
    }

#define STORE(store, text)                                                                         \
    {                                                                                              \
        .name = (store),                                                                           \
        .type = FLOW_TYPE_PATH,                                                                    \
        .help = (text),                                                                            \
    },                                                                                             \
        {                                                                                          \
            .name = store "-password",                                                             \
            .type = FLOW_TYPE_SECRET,                                                              \
            .help = "The password of " store " and of the key in it.",                             \
        },                                                                                         \
    {                                                                                              \
        .name = store "-type", .type = FLOW_TYPE_CHOICE, .default_value = "JKS", .choices = TYPES, \
        .help = "The type of " store ". What is in the file decides; of Java's from 9 on that is " \
                "PKCS12 whatever is written here.",                                                \
    }

#define NAMES                                                                                      \
    {                                                                                              \
        .name = "include-protocols",                                                               \
        .type = FLOW_TYPE_WORDS,                                                                   \
        .help =                                                                                    \
            "The protocols that may be spoken, of TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3; unset, "    \
            "the last two. The old ones are insecure.",                                            \
    },                                                                                             \
        {                                                                                          \
            .name = "exclude-protocols",                                                           \
            .type = FLOW_TYPE_WORDS,                                                               \
            .default_value = "SSLv3",                                                              \
            .help =                                                                                \
                "Protocols that are not spoken in spite of include-protocols. SSLv3 never is.",    \
        },                                                                                         \
        {                                                                                          \
            .name = "include-cipher-suites",                                                       \
            .type = FLOW_TYPE_WORDS,                                                               \
            .help = "The cipher suites that may be used, by their names in Java, such as "         \
                    "TLS_AES_128_GCM_SHA256; unset, OpenSSL's usual ones.",                        \
        },                                                                                         \
    {                                                                                              \
        .name = "exclude-cipher-suites", .type = FLOW_TYPE_WORDS,                                  \
        .help = "Cipher suites that are not used in spite of include-cipher-suites.",              \
    }

static const flow_property server_properties[] = {
    SSL("Speak TLS with all clients, from the first byte."),
    STORE("keystore",
          "The file with the private key and certificate to show to clients, with those above it "
          "behind: a key store of Java's, PKCS#12, or PEM. Needed with ssl."),
    NAMES,
    {
        .name = "client-auth",
        .type = FLOW_TYPE_CHOICE,
        .default_value = "none",
        .choices = "none|want|need",
        .help = "Whether clients show a certificate: not asked for, checked if they have one, or "
                "needed. Flume never asks.",
    },
    STORE("truststore", "The file with the certificates by which those of clients are checked; "
                        "needed unless client-auth is none."),
};

static const flow_property client_properties[] = {
    SSL("Speak TLS with the peer, from the first byte."),
    {
        .name = "trust-all-certs",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Take whoever answers for the peer. This is insecure.",
    },
    STORE("truststore", "The file with the certificates by which that of the peer is checked: a "
                        "trust store of Java's, PKCS#12, or PEM; unset, the system's."),
    {
        .name = "verify-host",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "The peer's certificate has to be for the host that was reached. Flume does not "
                "look.",
    },
    STORE("keystore", "The file with the private key and certificate to show to a peer that asks "
                      "for one; unset, none is shown."),
    NAMES,
};

const flow_schema fl_tls_server_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = server_properties,
    .count = COUNT(server_properties),
    .summary = "TLS as a server speaks it.",
};

const flow_schema fl_tls_client_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = client_properties,
    .count = COUNT(client_properties),
    .summary = "TLS as a client speaks it.",
};

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
