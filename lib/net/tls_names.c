/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Protocols and cipher suites by Java's names.  As in Flume a list of those to include replaces
 * what is usual, and those to exclude are then taken away; SSL itself is never spoken.
 */

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/number.h"
#include "net/tls_inside.h"

#define SEPARATORS " \t\r\n,"

/* Moves *LIST to its next word and returns the word's size; 0 at the end.  NULL is empty. */
static size_t next_word(const char **list)
{
    if (!*list)
        return 0;
    *list += strspn(*list, SEPARATORS);
    return strcspn(*list, SEPARATORS);
}

static int is_word(const char *word, size_t size, const char *name)
{
    return strlen(name) == size && fl_equal_bytes_ignore_case(word, name, size);
}

static int has(const char *list, const char *name)
{
    for (size_t size; (size = next_word(&list)); list += size) {
        if (is_word(list, size, name))
            return 1;
    }
    return 0;
}

static int is_empty(const char *list)
{
    return next_word(&list) == 0;
}

static int refuse_word(const char *word, size_t size, const char *what, flow_error **err)
{
    return flow_error_setf(err, FLOW_ECONFIG, "'%.*s' is no %s", (int)size, word, what);
}

/* ---- protocols ---- */

struct protocol {
    const char *name;
    uint64_t off; /* the option that turns it off; 0: it is never spoken */
    int is_old;   /* and needs what OpenSSL calls insecure */
    int usual;
};

static const struct protocol protocols[] = {
    {"TLSv1.3", SSL_OP_NO_TLSv1_3, 0, 1},
    {"TLSv1.2", SSL_OP_NO_TLSv1_2, 0, 1},
    {"TLSv1.1", SSL_OP_NO_TLSv1_1, 1, 0},
    {"TLSv1", SSL_OP_NO_TLSv1, 1, 0},
    {"SSLv3", 0, 1, 0},
    {"SSLv2Hello", 0, 1, 0},
    {"SSLv2", 0, 1, 0},
};

#define PROTOCOLS (sizeof protocols / sizeof protocols[0])

static int check_protocols(const char *list, flow_error **err)
{
    for (size_t size; (size = next_word(&list)); list += size) {
        size_t i = 0;
        while (i < PROTOCOLS && !is_word(list, size, protocols[i].name))
            i++;
        if (i == PROTOCOLS)
            return refuse_word(list, size, "protocol: TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3 are",
                               err);
    }
    return FLOW_OK;
}

static int is_wanted(const struct protocol *p, const struct fl_tls_options *options)
{
    const char *include = options->include_protocols;

    return p->off && (is_empty(include) ? p->usual : has(include, p->name)) &&
           !has(options->exclude_protocols, p->name);
}

int fl_tls_set_protocols(struct fl_tls *tls, const struct fl_tls_options *options,
                         const char **property, flow_error **err)
{
    const struct fl_openssl *openssl = tls->openssl;
    int count = 0;
    int old = 0;

    *property = "include-protocols";
    int rc = check_protocols(options->include_protocols, err);
    if (rc)
        return rc;
    *property = "exclude-protocols";
    rc = check_protocols(options->exclude_protocols, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < PROTOCOLS; i++) {
        int wanted = is_wanted(&protocols[i], options);
        count += wanted;
        old |= wanted && protocols[i].is_old;
        if (!wanted)
            openssl->SSL_CTX_set_options(tls->ctx, protocols[i].off);
    }
    if (!count)
        return flow_error_set(err, FLOW_ECONFIG, "no protocol is left");
    *property = NULL;
    /* The system's own lowest version is not for who names one. */
    openssl->SSL_CTX_ctrl(tls->ctx, SSL_CTRL_SET_MIN_PROTO_VERSION, 0, NULL);
    if (old)
        openssl->SSL_CTX_set_security_level(tls->ctx, 0);
    return FLOW_OK;
}

/* ---- cipher suites ---- */

/* Java has names of old that begin with SSL_. */
static int is_suite(const char *word, size_t size, const SSL_CIPHER *cipher,
                    const struct fl_openssl *openssl)
{
    const char *standard = openssl->SSL_CIPHER_standard_name(cipher);

    if (standard && is_word(word, size, standard))
        return 1;
    if (standard && size > 4 && fl_equal_bytes_ignore_case(word, "SSL_", 4))
        return is_word(word + 4, size - 4, standard + 4);
    return is_word(word, size, openssl->SSL_CIPHER_get_name(cipher));
}

static int has_suite(const char *list, const SSL_CIPHER *cipher, const struct fl_openssl *openssl)
{
    for (size_t size; (size = next_word(&list)); list += size) {
        if (is_suite(list, size, cipher, openssl))
            return 1;
    }
    return 0;
}

/* Lists may name what Java has and OpenSSL does not, but not what cannot be a suite. */
static int check_suites(const char *list, flow_error **err)
{
    for (size_t size; (size = next_word(&list)); list += size) {
        int is_java = size > 4 && (fl_equal_bytes_ignore_case(list, "TLS_", 4) ||
                                   fl_equal_bytes_ignore_case(list, "SSL_", 4));
        if (!is_java && !memchr(list, '-', size))
            return refuse_word(list, size, "cipher suite", err);
    }
    return FLOW_OK;
}

/* Adds the suite's name to the list of its kind. */
static int add_suite(const SSL_CIPHER *cipher, const struct fl_openssl *openssl,
                     struct fl_buf *lists)
{
    const char *name = openssl->SSL_CIPHER_get_name(cipher);
    /* Those of TLS 1.3 are 13xx and have a list of their own. */
    struct fl_buf *list = &lists[openssl->SSL_CIPHER_get_protocol_id(cipher) >> 8 == 0x13];
    int rc = list->size ? fl_buf_byte(list, ':') : FLOW_OK;

    return rc ? rc : fl_buf_text(list, name);
}

static int choose_suites(const struct fl_tls *tls, const struct fl_tls_options *options,
                         struct fl_buf *lists)
{
    const struct fl_openssl *openssl = tls->openssl;
    const OPENSSL_STACK *all = (const OPENSSL_STACK *)openssl->SSL_CTX_get_ciphers(tls->ctx);
    int takes_all = is_empty(options->include_cipher_suites);
    int rc = FLOW_OK;

    for (int i = 0; all && !rc && i < openssl->OPENSSL_sk_num(all); i++) {
        const SSL_CIPHER *cipher = openssl->OPENSSL_sk_value(all, i);
        if ((takes_all || has_suite(options->include_cipher_suites, cipher, openssl)) &&
            !has_suite(options->exclude_cipher_suites, cipher, openssl))
            rc = add_suite(cipher, openssl, lists);
    }
    return rc;
}

/* With no suite left a protocol is not spoken. */
static int use_suites(struct fl_tls *tls, struct fl_buf *lists, flow_error **err)
{
    const struct fl_openssl *openssl = tls->openssl;
    const char *old = fl_buf_cstr(&lists[0]);
    const char *new = fl_buf_cstr(&lists[1]);

    if (!old || !new)
        return fl_error_nomem(err);
    if (!*old && !*new)
        return flow_error_set(err, FLOW_ECONFIG, "no cipher suite is left");
    if (!*old)
        openssl->SSL_CTX_set_options(tls->ctx,
                                     SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2);
    if (!*new)
        openssl->SSL_CTX_set_options(tls->ctx, SSL_OP_NO_TLSv1_3);
    if ((*old && openssl->SSL_CTX_set_cipher_list(tls->ctx, old) != 1) ||
        (*new && openssl->SSL_CTX_set_ciphersuites(tls->ctx, new) != 1))
        return flow_error_setf(err, FLOW_ECONFIG, "OpenSSL does not take the cipher suites: %s",
                               fl_openssl_reason(openssl));
    return FLOW_OK;
}

int fl_tls_set_suites(struct fl_tls *tls, const struct fl_tls_options *options,
                      const char **property, flow_error **err)
{
    struct fl_buf lists[2]; /* of TLS up to 1.2, and of 1.3 */

    if (is_empty(options->include_cipher_suites) && is_empty(options->exclude_cipher_suites))
        return FLOW_OK;
    *property = "exclude-cipher-suites";
    int rc = check_suites(options->exclude_cipher_suites, err);
    if (rc || !is_empty(options->include_cipher_suites))
        *property = rc ? *property : "include-cipher-suites";
    if (!rc)
        rc = check_suites(options->include_cipher_suites, err);
    if (rc)
        return rc;
    /* Who names suites may name those that are not usual. */
    if (!is_empty(options->include_cipher_suites))
        tls->openssl->SSL_CTX_set_cipher_list(tls->ctx, "ALL:!aNULL:!eNULL");
    fl_buf_init(&lists[0], tls->openssl->mem);
    fl_buf_init(&lists[1], tls->openssl->mem);
    rc = choose_suites(tls, options, lists) ? fl_error_nomem(err) : use_suites(tls, lists, err);
    fl_buf_free(&lists[0]);
    fl_buf_free(&lists[1]);
    if (!rc)
        *property = NULL;
    return rc;
}
