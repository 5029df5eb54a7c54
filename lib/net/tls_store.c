/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All formats come to the same: keys and certificates in DER.  PKCS#12 goes that way too, since the
 * old encryption of a store may need a libcrypto context of its own, which ends with the reading.
 */

#include <string.h>

#include "base/error.h"
#include "net/tls_store_inside.h"

#define FILE_LIMIT ((size_t)16 << 20)

/* ---- what was found ---- */

void fl_tls_store_wipe(struct fl_buf *secret)
{
    if (secret->data)
        explicit_bzero(secret->data, secret->capacity);
    fl_buf_free(secret);
}

int fl_tls_store_refuse(struct fl_tls_reading *r, const char *why, flow_error **err)
{
    return flow_error_setf(err, FLOW_ECONFIG, "%s: %s", r->file->path, why);
}

int fl_tls_store_refuse_password(struct fl_tls_reading *r, const char *why, flow_error **err)
{
    r->password = 1;
    return fl_tls_store_refuse(r, why, err);
}

int fl_tls_store_add(struct fl_tls_reading *r, X509 *certificate, flow_error **err)
{
    if (fl_vec_push(&r->store->certificates, &certificate))
        return FLOW_OK;
    r->openssl->X509_free(certificate);
    return fl_error_nomem(err);
}

int fl_tls_store_add_der(struct fl_tls_reading *r, const uint8_t *der, size_t size,
                         flow_error **err)
{
    X509 *certificate = r->openssl->d2i_X509(NULL, &der, (long)size);

    return certificate ? fl_tls_store_add(r, certificate, err)
                       : fl_tls_store_refuse(r, "a certificate in it cannot be read", err);
}

int fl_tls_store_key_der(struct fl_tls_reading *r, const uint8_t *der, size_t size,
                         flow_error **err)
{
    r->store->key = r->openssl->d2i_AutoPrivateKey(NULL, &der, (long)size);
    return r->store->key ? FLOW_OK
                         : fl_tls_store_refuse(r, "the private key in it cannot be read", err);
}

/* ---- PEM ---- */

static int give_password(char *room, int size, int writes, void *password)
{
    size_t length = password ? strlen(password) : 0;

    if (length > (size_t)size)
        return -1;
    if (length)
        memcpy(room, password, length);
    return (int)length;
}

static int contains(const struct fl_tls_reading *r, const char *text)
{
    return memmem(r->bytes.data, r->bytes.size, text, strlen(text)) != NULL;
}

static int read_pem_key(struct fl_tls_reading *r, BIO *bio, flow_error **err)
{
    if (!contains(r, "PRIVATE KEY-----"))
        return fl_tls_store_refuse(r, "there is no private key in it", err);
    r->store->key =
        r->openssl->PEM_read_bio_PrivateKey(bio, NULL, give_password, (void *)r->file->password);
    if (r->store->key)
        return FLOW_OK;
    return fl_tls_store_refuse_password(
        r, "the private key in it cannot be read: is the password right?", err);
}

static int read_pem_certificates(struct fl_tls_reading *r, BIO *bio, flow_error **err)
{
    X509 *certificate;
    int rc = FLOW_OK;

    while (!rc && (certificate = r->openssl->PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        rc = fl_tls_store_add(r, certificate, err);
    return rc;
}

/* Reads the text once more, for one kind of thing. */
static int read_text(struct fl_tls_reading *r, flow_error **err,
                     int (*read)(struct fl_tls_reading *r, BIO *bio, flow_error **err))
{
    BIO *bio = r->openssl->BIO_new_mem_buf(r->bytes.data, (int)r->bytes.size);

    if (!bio)
        return fl_error_nomem(err);
    int rc = read(r, bio, err);
    r->openssl->BIO_free(bio);
    return rc;
}

static int read_pem(struct fl_tls_reading *r, flow_error **err)
{
    int rc = read_text(r, err, read_pem_certificates);

    if (!rc && r->wanted == FL_TLS_KEY)
        rc = read_text(r, err, read_pem_key);
    return rc;
}

/* ---- all ---- */

static int read_any(struct fl_tls_reading *r, flow_error **err)
{
    const uint8_t *data = r->bytes.data;
    size_t size = r->bytes.size;

    if (fl_tls_store_is_jks(data, size))
        return fl_tls_store_read_jks(r, err);
    if (size > 0 && data[0] == 0x30) /* a SEQUENCE of ASN.1 */
        return fl_tls_store_read_pkcs12(r, err);
    if (size > 0 && contains(r, "-----BEGIN "))
        return read_pem(r, err);
    return fl_tls_store_refuse(r, "it is no key store of the types JKS, PKCS12 and PEM", err);
}

/* Puts the certificate of the key first. */
static int match_key(struct fl_tls_reading *r, flow_error **err)
{
    struct fl_tls_store *store = r->store;
    X509 **certificates = store->certificates.items;

    if (!store->key)
        return fl_tls_store_refuse(r, "there is no private key in it", err);
    for (size_t i = 0; i < store->certificates.count; i++) {
        if (r->openssl->X509_check_private_key(certificates[i], store->key) != 1)
            continue;
        X509 *own = certificates[i];
        memmove(certificates + 1, certificates, i * sizeof(X509 *));
        certificates[0] = own;
        return FLOW_OK;
    }
    return fl_tls_store_refuse(r, "there is no certificate for the private key in it", err);
}

static int check(struct fl_tls_reading *r, flow_error **err)
{
    if (r->wanted == FL_TLS_KEY)
        return match_key(r, err);
    return r->store->certificates.count
               ? FLOW_OK
               : fl_tls_store_refuse(r, "there is no certificate in it", err);
}

int fl_tls_store_load(struct fl_tls_store *store, const struct fl_openssl *openssl,
                      const struct fl_io *io, const struct fl_tls_file *file, int wanted,
                      int *password, flow_error **err)
{
    struct fl_tls_reading r = {.openssl = openssl, .file = file, .store = store, .wanted = wanted};
    struct fl_openssl_errors before;

    *store = (struct fl_tls_store){.openssl = openssl};
    fl_vec_init(&store->certificates, openssl->mem, sizeof(X509 *));
    fl_buf_init(&r.bytes, openssl->mem);
    int rc = fl_file_load(io, file->path, FILE_LIMIT, &r.bytes, err);
    fl_openssl_begin(openssl, &before);
    if (!rc)
        rc = read_any(&r, err);
    if (!rc)
        rc = check(&r, err);
    fl_openssl_end(openssl, &before);
    fl_tls_store_wipe(&r.bytes);
    if (rc)
        fl_tls_store_free(store);
    *password = r.password;
    return rc;
}

void fl_tls_store_free(struct fl_tls_store *store)
{
    for (size_t i = 0; i < store->certificates.count; i++)
        store->openssl->X509_free(fl_tls_store_certificate(store, i));
    fl_vec_free(&store->certificates);
    if (store->key)
        store->openssl->EVP_PKEY_free(store->key);
    store->key = NULL;
}

X509 *fl_tls_store_certificate(const struct fl_tls_store *store, size_t index)
{
    return ((X509 **)store->certificates.items)[index];
}
