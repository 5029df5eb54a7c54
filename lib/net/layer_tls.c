/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The layer that encrypts: OpenSSL between two buffers.  What the protocol sends during a handshake
 * waits for its end.
 */

#include <string.h>

#include "base/error.h"
#include "net/layer.h"
#include "net/tls_inside.h"

#define SEND_PIECE ((size_t)64 * 1024)

struct tls_layer {
    struct fl_layer base;
    const flow_allocator *mem;
    const struct fl_tls *tls;
    SSL *ssl;
    BIO *in; /* both are the connection's */
    BIO *out;
    struct fl_buf early; /* from the protocol, during the handshake */
    unsigned begun : 1;  /* something was sent or received */
    unsigned ready : 1;
    unsigned failed : 1;
};

/* ---- faults ---- */

/* Why a call failed: what is wrong with the peer's certificate tells most. */
static const char *reason_of(const struct tls_layer *self)
{
    const struct fl_openssl *openssl = self->tls->openssl;
    const char *reason = fl_openssl_reason(openssl);
    long verified = openssl->SSL_get_verify_result(self->ssl);

    if (strcmp(reason, "certificate verify failed") == 0 && verified != X509_V_OK)
        return openssl->X509_verify_cert_error_string(verified);
    return reason;
}

static int fail(struct tls_layer *self, flow_error **err)
{
    self->failed = 1;
    return flow_error_setf(err, FLOW_EIO, "TLS%s failed: %s", self->ready ? "" : " handshake",
                           reason_of(self));
}

/* ---- towards the socket ---- */

static int pass_encrypted(struct tls_layer *self, flow_error **err)
{
    const struct fl_openssl *openssl = self->tls->openssl;
    char *data = NULL;
    long size = openssl->BIO_ctrl(self->out, BIO_CTRL_INFO, 0, &data);

    if (size <= 0)
        return FLOW_OK;
    self->begun = 1;
    int rc = fl_layer_pass_out(&self->base, (const uint8_t *)data, (size_t)size, err);
    openssl->BIO_ctrl(self->out, BIO_CTRL_RESET, 0, NULL);
    return rc;
}

static int encrypt(struct tls_layer *self, const uint8_t *data, size_t size, flow_error **err)
{
    struct fl_openssl_errors before;
    int rc = FLOW_OK;

    while (size > 0 && !rc) {
        size_t some = size < SEND_PIECE ? size : SEND_PIECE;
        fl_openssl_begin(self->tls->openssl, &before);
        if (self->tls->openssl->SSL_write(self->ssl, data, (int)some) != (int)some)
            rc = fail(self, err);
        fl_openssl_end(self->tls->openssl, &before);
        if (!rc)
            rc = pass_encrypted(self, err);
        data += some;
        size -= some;
    }
    return rc;
}

static int send(struct fl_layer *layer, const uint8_t *data, size_t size, flow_error **err)
{
    struct tls_layer *self = (struct tls_layer *)layer;

    if (self->ready)
        return encrypt(self, data, size, err);
    return fl_buf_append(&self->early, data, size) ? fl_error_nomem(err) : FLOW_OK;
}

static int send_end(struct fl_layer *layer, flow_error **err)
{
    struct tls_layer *self = (struct tls_layer *)layer;
    struct fl_openssl_errors before;

    if (!self->ready || self->failed)
        return FLOW_OK;
    fl_openssl_begin(self->tls->openssl, &before);
    self->tls->openssl->SSL_shutdown(self->ssl);
    fl_openssl_end(self->tls->openssl, &before);
    return pass_encrypted(self, err);
}

/* ---- the handshake ---- */

static int send_early(struct tls_layer *self, flow_error **err)
{
    int rc = encrypt(self, self->early.data, self->early.size, err);

    fl_buf_free(&self->early);
    return rc;
}

/* Goes on with the handshake as far as it can. */
static int shake_hands(struct tls_layer *self, flow_error **err)
{
    const struct fl_openssl *openssl = self->tls->openssl;
    struct fl_openssl_errors before;
    int rc = FLOW_OK;

    fl_openssl_begin(openssl, &before);
    int answer = openssl->SSL_do_handshake(self->ssl);
    int done = answer == 1;
    if (!done && openssl->SSL_get_error(self->ssl, answer) != SSL_ERROR_WANT_READ)
        rc = fail(self, err);
    fl_openssl_end(openssl, &before);
    /* An alert goes out too. */
    int passed = pass_encrypted(self, rc ? NULL : err);
    if (rc || passed)
        return rc ? rc : passed;
    self->ready = done;
    return done ? send_early(self, err) : FLOW_OK;
}

static int start(struct fl_layer *layer, flow_error **err)
{
    struct tls_layer *self = (struct tls_layer *)layer;

    return self->tls->is_server ? FLOW_OK : shake_hands(self, err);
}

static int ready(const struct fl_layer *layer)
{
    return ((const struct tls_layer *)layer)->ready;
}

/* ---- towards the protocol ---- */

/* Decrypts some bytes.  *GOT is 0 when there are no more, now or ever. */
static int decrypt(struct tls_layer *self, uint8_t *room, size_t *got, flow_error **err)
{
    const struct fl_openssl *openssl = self->tls->openssl;
    struct fl_openssl_errors before;
    int rc = FLOW_OK;

    fl_openssl_begin(openssl, &before);
    int count = openssl->SSL_read(self->ssl, room, (int)FL_STACK_PIECE);
    int answer = openssl->SSL_get_error(self->ssl, count);
    *got = count > 0 ? (size_t)count : 0;
    self->base.ended = answer == SSL_ERROR_ZERO_RETURN;
    if (count <= 0 && answer != SSL_ERROR_ZERO_RETURN && answer != SSL_ERROR_WANT_READ)
        rc = fail(self, err);
    fl_openssl_end(openssl, &before);
    int passed = pass_encrypted(self, rc ? NULL : err);
    return rc ? rc : passed;
}

static int decrypt_all(struct tls_layer *self, flow_error **err)
{
    uint8_t room[FL_STACK_PIECE];
    size_t got;
    int rc;

    do {
        rc = decrypt(self, room, &got, err);
        if (!rc && got)
            rc = fl_layer_pass_in(&self->base, room, got, err);
    } while (!rc && got);
    return rc;
}

/* Lays what the socket brought where OpenSSL finds it. */
static int take(struct tls_layer *self, const uint8_t *data, size_t size, flow_error **err)
{
    const struct fl_openssl *openssl = self->tls->openssl;
    struct fl_openssl_errors before;

    self->begun = 1;
    fl_openssl_begin(openssl, &before);
    int taken = openssl->BIO_write(self->in, data, (int)size);
    fl_openssl_end(openssl, &before);
    return taken == (int)size ? FLOW_OK : fl_error_nomem(err);
}

static int receive_some(struct tls_layer *self, const uint8_t *data, size_t size, flow_error **err)
{
    int rc = take(self, data, size, err);

    if (!rc && !self->ready)
        rc = shake_hands(self, err);
    return !rc && self->ready ? decrypt_all(self, err) : rc;
}

/* OpenSSL's buffer never shrinks, so it gets little at a time: an idle connection keeps it. */
static int receive(struct fl_layer *layer, const uint8_t *data, size_t size, flow_error **err)
{
    struct tls_layer *self = (struct tls_layer *)layer;
    int rc = FLOW_OK;

    while (size > 0 && !rc && !layer->ended) {
        size_t some = size < FL_STACK_PIECE ? size : FL_STACK_PIECE;
        rc = receive_some(self, data, some, err);
        data += some;
        size -= some;
    }
    return rc;
}

/* A peer that only looked whether somebody listens did nothing wrong. */
static int receive_end(struct fl_layer *layer, flow_error **err)
{
    struct tls_layer *self = (struct tls_layer *)layer;

    if (self->ready || self->failed || !self->begun)
        return FLOW_OK;
    return flow_error_set(err, FLOW_EIO, "the peer ended the connection in the TLS handshake");
}

/* ---- life ---- */

static void free_layer(struct fl_layer *layer)
{
    struct tls_layer *self = (struct tls_layer *)layer;

    self->tls->openssl->SSL_free(self->ssl); /* and with it both buffers */
    if (self->early.data)
        explicit_bzero(self->early.data, self->early.capacity);
    fl_buf_free(&self->early);
    fl_free(self->mem, self);
}

static const struct fl_layer_ops ops = {
    .start = start,
    .receive = receive,
    .receive_end = receive_end,
    .send = send,
    .send_end = send_end,
    .ready = ready,
    .free = free_layer,
};

/* The host is told to the peer, unless it is a number, and checked if that is wanted. */
static int set_host(struct tls_layer *self, const char *host)
{
    const struct fl_openssl *openssl = self->tls->openssl;
    X509_VERIFY_PARAM *param = openssl->SSL_get0_param(self->ssl);
    int is_number = openssl->X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;

    if (is_number && !self->tls->verify_host)
        return openssl->X509_VERIFY_PARAM_set1_ip(param, NULL, 0) == 1;
    if (!is_number)
        openssl->SSL_ctrl(self->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                          (void *)host);
    return is_number || !self->tls->verify_host ||
           openssl->X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

static int make(struct tls_layer *self, const char *host)
{
    const struct fl_openssl *openssl = self->tls->openssl;

    self->ssl = openssl->SSL_new(self->tls->ctx);
    self->in = openssl->BIO_new(openssl->BIO_s_mem());
    self->out = openssl->BIO_new(openssl->BIO_s_mem());
    if (!self->ssl || !self->in || !self->out) {
        openssl->BIO_free(self->in);
        openssl->BIO_free(self->out);
        return 0;
    }
    openssl->SSL_set_bio(self->ssl, self->in, self->out);
    if (self->tls->is_server)
        openssl->SSL_set_accept_state(self->ssl);
    else
        openssl->SSL_set_connect_state(self->ssl);
    return self->tls->is_server || !host || set_host(self, host);
}

int fl_tls_layer_new(const flow_allocator *mem, const struct fl_tls *tls, const char *host,
                     struct fl_layer **layer, flow_error **err)
{
    struct tls_layer *made = fl_zalloc(mem, sizeof *made);
    struct fl_openssl_errors before;

    if (!made)
        return fl_error_nomem(err);
    made->base.ops = &ops;
    made->mem = mem;
    made->tls = tls;
    fl_buf_init(&made->early, mem);
    fl_openssl_begin(tls->openssl, &before);
    int done = make(made, host);
    fl_openssl_end(tls->openssl, &before);
    if (!done) {
        free_layer(&made->base);
        return fl_error_nomem(err);
    }
    *layer = &made->base;
    return FLOW_OK;
}
