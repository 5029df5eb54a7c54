/* SPDX-License-Identifier: Apache-2.0 */

/* Java's own key stores.  The digest at their end tells whether the password is right. */

#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "net/tls_store_inside.h"
#include "wire/jks.h"

#define HASH FL_KEY_STORE_DIGEST

static int damaged(struct fl_tls_reading *r, flow_error **err)
{
    return fl_tls_store_refuse(r, "the key store is damaged", err);
}

static int sha1(const struct fl_openssl *openssl, const struct fl_buf *data, uint8_t digest[HASH])
{
    return openssl->EVP_Digest(data->data, data->size, digest, NULL, openssl->EVP_sha1(), NULL);
}

static int check_password(struct fl_tls_reading *r, flow_error **err)
{
    const char *password = r->file->password;
    size_t size = r->bytes.size - HASH;
    uint8_t digest[HASH];
    struct fl_buf all;

    fl_buf_init(&all, r->openssl->mem);
    int rc = fl_key_store_signed(&all, password, strlen(password), r->bytes.data, size);
    if (!rc && !sha1(r->openssl, &all, digest))
        rc = FLOW_ENOMEM;
    fl_tls_store_wipe(&all);
    if (rc == FLOW_ENOMEM)
        return fl_error_nomem(err);
    if (rc || memcmp(digest, r->bytes.data + size, HASH) != 0)
        return fl_tls_store_refuse_password(
            r, "the key store does not have this password, or is damaged", err);
    return FLOW_OK;
}

/* XORs KEY with the digests that begin with the SALT.  TEXT holds the password and has room. */
static int unseal(const struct fl_openssl *openssl, struct fl_buf *text, const uint8_t *salt,
                  struct fl_buf *key)
{
    size_t password = text->size;
    uint8_t digest[HASH];
    int done = 1;

    memcpy(digest, salt, HASH);
    for (size_t i = 0; i < key->size && done; i++) {
        if (i % HASH == 0) {
            text->size = password;
            done = !fl_buf_append(text, digest, HASH) && sha1(openssl, text, digest);
        }
        key->data[i] ^= digest[i % HASH];
    }
    text->size = password;
    return done;
}

/* What a key ends with: whether it was unsealed with the right password. */
static int is_right(const struct fl_openssl *openssl, struct fl_buf *text, const struct fl_buf *key,
                    const uint8_t *expected)
{
    uint8_t digest[HASH];

    return !fl_buf_append(text, key->data, key->size) && sha1(openssl, text, digest) &&
           memcmp(digest, expected, HASH) == 0;
}

static int open_key(struct fl_tls_reading *r, const struct fl_jks_key *sealed, struct fl_buf *text,
                    struct fl_buf *key, flow_error **err)
{
    const char *password = r->file->password;
    size_t size = fl_proto_left(&sealed->sealed);

    /* Whole from the start, so that no smaller piece is given back with a secret in it. */
    if (!fl_buf_reserve(text, 2 * strlen(password) + HASH + size) ||
        fl_utf8_to_utf16be(text, password, strlen(password)) ||
        fl_buf_append(key, sealed->sealed.at, size) ||
        !unseal(r->openssl, text, sealed->salt.at, key))
        return fl_error_nomem(err);
    if (!is_right(r->openssl, text, key, sealed->digest.at))
        return fl_tls_store_refuse_password(r, "the key has another password than the key store",
                                            err);
    return fl_tls_store_key_der(r, key->data, key->size, err);
}

static int read_key(struct fl_tls_reading *r, const struct fl_jks_entry *entry, flow_error **err)
{
    struct fl_jks_key sealed;
    struct fl_buf text;
    struct fl_buf key;
    int rc = fl_jks_key(&entry->sealed, &sealed);

    if (rc)
        return rc == FLOW_EPARSE
                   ? damaged(r, err)
                   : fl_tls_store_refuse(r, "its key is sealed in an unknown way", err);
    fl_buf_init(&text, r->openssl->mem);
    fl_buf_init(&key, r->openssl->mem);
    rc = open_key(r, &sealed, &text, &key, err);
    fl_tls_store_wipe(&text);
    fl_tls_store_wipe(&key);
    return rc;
}

/* Adds MOST certificates of an entry. */
static int read_certificates(struct fl_tls_reading *r, struct fl_jks_entry *entry, size_t most,
                             flow_error **err)
{
    struct fl_proto der;
    int rc = FLOW_OK;

    while (!rc && most-- > 0 && fl_jks_certificate(entry, &der))
        rc = fl_tls_store_add_der(r, der.at, fl_proto_left(&der), err);
    return rc;
}

/* Takes of an entry what is wanted: the first key with all its certificates, or, as Java does, what
 * is trusted and each key's own. */
static int read_entry(struct fl_tls_reading *r, struct fl_jks_entry *entry, flow_error **err)
{
    int has_key = fl_proto_left(&entry->sealed) > 0;

    if (r->wanted == FL_TLS_TRUST)
        return read_certificates(r, entry, 1, err);
    if (!has_key || r->store->key)
        return FLOW_OK;
    int rc = read_key(r, entry, err);
    return rc ? rc : read_certificates(r, entry, SIZE_MAX, err);
}

int fl_tls_store_is_jks(const void *data, size_t size)
{
    return fl_jks_is(data, size) || fl_jks_is_jceks(data, size);
}

int fl_tls_store_read_jks(struct fl_tls_reading *r, flow_error **err)
{
    const uint8_t *data = r->bytes.data;
    size_t size = r->bytes.size;
    struct fl_jks_entry entry;
    struct fl_jks jks;

    if (fl_jks_is_jceks(data, size))
        return fl_tls_store_refuse(r, "it is of the type JCEKS, which is not for TLS", err);
    if (!r->file->password && r->wanted == FL_TLS_KEY)
        return fl_tls_store_refuse_password(r, "the key in it needs a password", err);
    if (fl_jks_open(&jks, data, size) || size < HASH)
        return damaged(r, err);
    int rc = r->file->password ? check_password(r, err) : FLOW_OK;
    while (!rc) {
        int more = fl_jks_next(&jks, &entry);
        if (more <= 0)
            return more ? damaged(r, err) : FLOW_OK;
        rc = read_entry(r, &entry, err);
    }
    return rc;
}
