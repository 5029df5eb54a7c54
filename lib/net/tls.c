/* SPDX-License-Identifier: Apache-2.0 */

#include "base/error.h"
#include "net/tls_inside.h"
#include "net/tls_store.h"

/* Settings in the making. */
struct maker {
    struct fl_tls *tls;
    const struct fl_io *io;
    const struct fl_tls_options *options;
    const char *property; /* that cannot be honoured */
};

static int refuse(struct maker *m, const char *property, const char *why, flow_error **err)
{
    m->property = property;
    return flow_error_set(err, FLOW_ECONFIG, why);
}

static int failed(const struct fl_tls *tls, const char *what, flow_error **err)
{
    return flow_error_setf(err, FLOW_EIO, "%s: %s", what, fl_openssl_reason(tls->openssl));
}

/* ---- what this side shows ---- */

static int use_store(struct maker *m, const struct fl_tls_store *store, flow_error **err)
{
    const struct fl_openssl *openssl = m->tls->openssl;
    SSL_CTX *ctx = m->tls->ctx;
    int done = openssl->SSL_CTX_use_certificate(ctx, fl_tls_store_certificate(store, 0)) == 1 &&
               openssl->SSL_CTX_use_PrivateKey(ctx, store->key) == 1;

    for (size_t i = 1; done && i < store->certificates.count; i++)
        done = openssl->SSL_CTX_ctrl(ctx, SSL_CTRL_CHAIN_CERT, 1,
                                     fl_tls_store_certificate(store, i)) == 1;
    if (done)
        return FLOW_OK;
    m->property = "keystore";
    return flow_error_setf(err, FLOW_ECONFIG, "%s: OpenSSL does not take its key: %s",
                           m->options->keystore, fl_openssl_reason(openssl));
}

static int load(struct maker *m, const struct fl_tls_file *file, int wanted,
                struct fl_tls_store *store, flow_error **err)
{
    int password;
    int rc = fl_tls_store_load(store, m->tls->openssl, m->io, file, wanted, &password, err);

    if (rc && wanted == FL_TLS_KEY)
        m->property = password ? "keystore-password" : "keystore";
    else if (rc)
        m->property = password ? "truststore-password" : "truststore";
    return rc;
}

static int add_key(struct maker *m, flow_error **err)
{
    const struct fl_tls_options *options = m->options;
    const struct fl_tls_file file = {options->keystore, options->keystore_password};
    struct fl_tls_store store;

    if (!options->keystore)
        return options->is_server ? refuse(m, "keystore", "TLS needs a key store", err) : FLOW_OK;
    int rc = load(m, &file, FL_TLS_KEY, &store, err);
    if (rc)
        return rc;
    rc = use_store(m, &store, err);
    fl_tls_store_free(&store);
    return rc;
}

/* ---- whom it trusts ---- */

static int trust_store(struct maker *m, const struct fl_tls_store *store, flow_error **err)
{
    const struct fl_openssl *openssl = m->tls->openssl;
    X509_STORE *trusted = openssl->SSL_CTX_get_cert_store(m->tls->ctx);
    int done = 1;

    for (size_t i = 0; done && i < store->certificates.count; i++) {
        X509 *certificate = fl_tls_store_certificate(store, i);
        done = openssl->X509_STORE_add_cert(trusted, certificate) == 1;
        /* Whom a server trusts is told to clients, so that they know which certificate to show. */
        if (done && m->options->is_server)
            done = openssl->SSL_CTX_add_client_CA(m->tls->ctx, certificate) == 1;
    }
    return done ? FLOW_OK : failed(m->tls, "OpenSSL does not take a trusted certificate", err);
}

static int trust_file(struct maker *m, flow_error **err)
{
    const struct fl_tls_file file = {m->options->truststore, m->options->truststore_password};
    struct fl_tls_store store;
    int rc = load(m, &file, FL_TLS_TRUST, &store, err);

    if (rc)
        return rc;
    rc = trust_store(m, &store, err);
    fl_tls_store_free(&store);
    return rc;
}

/* As in Java, whatever is in a trust store ends a chain. */
static void trust_any_link(const struct fl_tls *tls)
{
    tls->openssl->X509_VERIFY_PARAM_set_flags(tls->openssl->SSL_CTX_get0_param(tls->ctx),
                                              X509_V_FLAG_PARTIAL_CHAIN);
}

static int verify_mode(const struct fl_tls_options *options)
{
    if (!options->is_server)
        return options->trust_all ? SSL_VERIFY_NONE : SSL_VERIFY_PEER;
    switch (options->client_auth) {
    case FL_TLS_CLIENT_AUTH_WANT: return SSL_VERIFY_PEER;
    case FL_TLS_CLIENT_AUTH_NEED: return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    default: return SSL_VERIFY_NONE;
    }
}

static int add_trust(struct maker *m, flow_error **err)
{
    const struct fl_openssl *openssl = m->tls->openssl;
    int mode = verify_mode(m->options);

    openssl->SSL_CTX_set_verify(m->tls->ctx, mode, NULL);
    if (mode == SSL_VERIFY_NONE)
        return FLOW_OK;
    trust_any_link(m->tls);
    if (m->options->truststore)
        return trust_file(m, err);
    if (m->options->is_server)
        return refuse(m, "client-auth", "whom to trust has to be told by truststore", err);
    return openssl->SSL_CTX_set_default_verify_paths(m->tls->ctx) == 1
               ? FLOW_OK
               : failed(m->tls, "the system's certificates cannot be used", err);
}

/* ---- all ---- */

/* Connections live long: to remember their sessions costs more than a handshake now and then. */
static void tune(const struct fl_tls *tls)
{
    const struct fl_openssl *openssl = tls->openssl;
    static const unsigned char id[] = "flow";

    openssl->SSL_CTX_set_options(tls->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                               SSL_OP_NO_COMPRESSION | SSL_OP_NO_SSLv3 |
                                               SSL_OP_CIPHER_SERVER_PREFERENCE);
    openssl->SSL_CTX_set_num_tickets(tls->ctx, 0);
    openssl->SSL_CTX_ctrl(tls->ctx, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
    openssl->SSL_CTX_ctrl(tls->ctx, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, NULL);
    openssl->SSL_CTX_ctrl(tls->ctx, SSL_CTRL_SET_DH_AUTO, 1, NULL);
    openssl->SSL_CTX_set_session_id_context(tls->ctx, id, sizeof id - 1);
}

static int make(struct maker *m, flow_error **err)
{
    const struct fl_openssl *openssl = m->tls->openssl;

    m->tls->ctx = openssl->SSL_CTX_new(openssl->TLS_method());
    if (!m->tls->ctx)
        return failed(m->tls, "TLS cannot be set up", err);
    tune(m->tls);
    int rc = fl_tls_set_protocols(m->tls, m->options, &m->property, err);
    if (!rc)
        rc = fl_tls_set_suites(m->tls, m->options, &m->property, err);
    if (!rc)
        rc = add_key(m, err);
    return rc ? rc : add_trust(m, err);
}

int fl_tls_new(const flow_allocator *mem, const struct fl_io *io,
               const struct fl_tls_options *options, struct fl_tls **tls, const char **property,
               flow_error **err)
{
    struct maker m = {.tls = fl_zalloc(mem, sizeof *m.tls), .io = io, .options = options};
    struct fl_openssl_errors before;

    *property = NULL;
    if (!m.tls)
        return fl_error_nomem(err);
    m.tls->is_server = options->is_server;
    m.tls->verify_host = options->verify_host;
    m.tls->handshake_ms = options->handshake_ms;
    int rc = fl_openssl_open(mem, &m.tls->openssl, err);
    if (rc) {
        fl_free(mem, m.tls);
        return rc;
    }
    fl_openssl_begin(m.tls->openssl, &before);
    rc = make(&m, err);
    fl_openssl_end(m.tls->openssl, &before);
    *property = m.property;
    if (rc)
        fl_tls_free(m.tls);
    else
        *tls = m.tls;
    return rc;
}

unsigned fl_tls_handshake_ms(const struct fl_tls *tls)
{
    return tls->handshake_ms;
}

void fl_tls_free(struct fl_tls *tls)
{
    if (!tls)
        return;
    const flow_allocator *mem = tls->openssl->mem;
    if (tls->ctx)
        tls->openssl->SSL_CTX_free(tls->ctx);
    fl_openssl_close(tls->openssl);
    fl_free(mem, tls);
}
