/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PKCS#12.  What was common before 2021 (RC2-40) is read by OpenSSL's legacy provider alone, which
 * is loaded into a context of its own, so that nothing changes for the host.
 */

#include <string.h>

#include "base/error.h"
#include "net/tls_store_inside.h"

/* What is in a store, in the memory of OpenSSL. */
struct content {
    EVP_PKEY *key;
    X509 *certificate;
    STACK_OF(X509) * others;
};

static void free_content(const struct fl_openssl *openssl, struct content *content)
{
    openssl->EVP_PKEY_free(content->key);
    openssl->X509_free(content->certificate);
    openssl->OPENSSL_sk_pop_free((OPENSSL_STACK *)content->others,
                                 (OPENSSL_sk_freefunc)openssl->X509_free);
    *content = (struct content){0};
}

static void free_der(const struct fl_openssl *openssl, uint8_t *der, int size)
{
    if (size <= 0)
        return;
    explicit_bzero(der, (size_t)size);
    openssl->CRYPTO_free(der, "", 0);
}

static int add_certificate(struct fl_tls_reading *r, const X509 *certificate, flow_error **err)
{
    uint8_t *der = NULL;
    int size = r->openssl->i2d_X509(certificate, &der);
    int rc = size > 0 ? fl_tls_store_add_der(r, der, (size_t)size, err) : fl_error_nomem(err);

    free_der(r->openssl, der, size);
    return rc;
}

static int set_key(struct fl_tls_reading *r, const EVP_PKEY *key, flow_error **err)
{
    uint8_t *der = NULL;
    int size = r->openssl->i2d_PrivateKey(key, &der);
    int rc = size > 0 ? fl_tls_store_key_der(r, der, (size_t)size, err) : fl_error_nomem(err);

    free_der(r->openssl, der, size);
    return rc;
}

static int add_content(struct fl_tls_reading *r, const struct content *content, flow_error **err)
{
    const struct fl_openssl *openssl = r->openssl;
    const OPENSSL_STACK *others = (const OPENSSL_STACK *)content->others;
    int rc = FLOW_OK;

    if (content->key && r->wanted == FL_TLS_KEY)
        rc = set_key(r, content->key, err);
    if (!rc && content->certificate)
        rc = add_certificate(r, content->certificate, err);
    for (int i = 0; !rc && others && i < openssl->OPENSSL_sk_num(others); i++)
        rc = add_certificate(r, openssl->OPENSSL_sk_value(others, i), err);
    return rc;
}

/* Opens the store with the algorithms of CTX; NULL: the usual ones. */
static int parse(struct fl_tls_reading *r, OSSL_LIB_CTX *ctx, struct content *content)
{
    const struct fl_openssl *openssl = r->openssl;
    const uint8_t *at = r->bytes.data;
    PKCS12 *store = openssl->PKCS12_init_ex(NID_pkcs7_data, ctx, NULL);
    int done = store && openssl->d2i_PKCS12(&store, &at, (long)r->bytes.size) &&
               openssl->PKCS12_parse(store, r->file->password, &content->key, &content->certificate,
                                     &content->others);

    openssl->PKCS12_free(store);
    return done;
}

static int has_wrong_password(const struct fl_openssl *openssl)
{
    return ERR_GET_REASON(openssl->ERR_peek_last_error()) == PKCS12_R_MAC_VERIFY_FAILURE;
}

static int unreadable(struct fl_tls_reading *r, const char *more, flow_error **err)
{
    return flow_error_setf(err, FLOW_ECONFIG, "%s: the PKCS#12 store cannot be read: %s%s",
                           r->file->path, fl_openssl_reason(r->openssl), more);
}

/* Tries once more with the algorithms of old; adds what is found, while their context is there. */
static int read_legacy(struct fl_tls_reading *r, OSSL_LIB_CTX *ctx, flow_error **err)
{
    const struct fl_openssl *openssl = r->openssl;
    OSSL_PROVIDER *usual = openssl->OSSL_PROVIDER_load(ctx, "default");
    OSSL_PROVIDER *legacy = openssl->OSSL_PROVIDER_load(ctx, "legacy");
    struct content content = {0};
    int rc;

    if (!usual || !legacy)
        rc = unreadable(
            r, "; if its encryption is old, OpenSSL's legacy provider has to be installed", err);
    else
        rc = parse(r, ctx, &content) ? add_content(r, &content, err) : unreadable(r, "", err);
    free_content(openssl, &content);
    if (legacy)
        openssl->OSSL_PROVIDER_unload(legacy);
    if (usual)
        openssl->OSSL_PROVIDER_unload(usual);
    return rc;
}

int fl_tls_store_read_pkcs12(struct fl_tls_reading *r, flow_error **err)
{
    const struct fl_openssl *openssl = r->openssl;
    struct content content = {0};
    int rc;

    if (parse(r, NULL, &content)) {
        rc = add_content(r, &content, err);
        free_content(openssl, &content);
        return rc;
    }
    if (has_wrong_password(openssl))
        return fl_tls_store_refuse_password(r, "the key store does not have this password", err);
    OSSL_LIB_CTX *ctx = openssl->OSSL_LIB_CTX_new();
    if (!ctx)
        return fl_error_nomem(err);
    rc = read_legacy(r, ctx, err);
    openssl->OSSL_LIB_CTX_free(ctx);
    return rc;
}
