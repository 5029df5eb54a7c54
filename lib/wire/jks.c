/* SPDX-License-Identifier: Apache-2.0 */
/* A JKS key store: a head, entries of two kinds, and a digest. */

#include <string.h>

#include "wire/jks.h"

#define MAGIC 0xfeedfeed
#define MAGIC_JCEKS 0xcececece

enum { PRIVATE_KEY = 1, CERTIFICATE };

/* 1.3.6.1.4.1.42.2.17.1.1, in DER */
static const uint8_t sun_algorithm[] = {0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04,
                                        0x01, 0x2a, 0x02, 0x11, 0x01, 0x01};

static int begins_with(const void *data, size_t size, uint64_t magic)
{
    struct fl_proto in = fl_proto(data, size);
    uint64_t found;

    return !fl_key_store_number(&in, 4, &found) && found == magic;
}

int fl_jks_is(const void *data, size_t size)
{
    return begins_with(data, size, MAGIC);
}

int fl_jks_is_jceks(const void *data, size_t size)
{
    return begins_with(data, size, MAGIC_JCEKS);
}

int fl_jks_open(struct fl_jks *jks, const void *data, size_t size)
{
    uint64_t magic;

    jks->in = fl_proto(data, size);
    if (fl_key_store_number(&jks->in, 4, &magic) || magic != MAGIC ||
        fl_key_store_number(&jks->in, 4, &jks->version) || jks->version < 1 || jks->version > 2 ||
        fl_key_store_number(&jks->in, 4, &jks->left))
        return FLOW_EPARSE;
    return FLOW_OK;
}

/* Reads a certificate, which says its type from version 2 on: X.509. */
static int get_certificate(struct fl_proto *in, uint64_t version, struct fl_proto *certificate)
{
    struct fl_proto type;

    if (version > 1 && fl_key_store_sized(in, 2, &type))
        return FLOW_EPARSE;
    return fl_key_store_sized(in, 4, certificate);
}

static int get_certificates(struct fl_proto *in, uint64_t count, struct fl_jks_entry *entry)
{
    struct fl_proto each;

    entry->certificates.at = in->at;
    for (; count > 0; count--) {
        if (get_certificate(in, entry->version, &each))
            return FLOW_EPARSE;
    }
    entry->certificates.end = in->at;
    return FLOW_OK;
}

static int get_private_key(struct fl_proto *in, struct fl_jks_entry *entry)
{
    uint64_t count;

    if (fl_key_store_sized(in, 4, &entry->sealed) || fl_proto_left(&entry->sealed) == 0 ||
        fl_key_store_number(in, 4, &count))
        return FLOW_EPARSE;
    return get_certificates(in, count, entry);
}

int fl_jks_next(struct fl_jks *jks, struct fl_jks_entry *entry)
{
    uint64_t kind;
    uint64_t date;
    int rc = FLOW_EPARSE;

    if (jks->left == 0)
        return fl_proto_left(&jks->in) == FL_KEY_STORE_DIGEST ? 0 : FLOW_EPARSE;
    *entry = (struct fl_jks_entry){.sealed = fl_proto(jks->in.at, 0), .version = jks->version};
    if (fl_key_store_number(&jks->in, 4, &kind) || fl_key_store_sized(&jks->in, 2, &entry->alias) ||
        fl_key_store_number(&jks->in, 8, &date))
        return FLOW_EPARSE;
    if (kind == PRIVATE_KEY)
        rc = get_private_key(&jks->in, entry);
    else if (kind == CERTIFICATE)
        rc = get_certificates(&jks->in, 1, entry);
    jks->left--;
    return rc ? rc : 1;
}

int fl_jks_certificate(struct fl_jks_entry *entry, struct fl_proto *certificate)
{
    return fl_proto_left(&entry->certificates) > 0 &&
           !get_certificate(&entry->certificates, entry->version, certificate);
}

/* ---- a sealed key: EncryptedPrivateKeyInfo of PKCS#8, in DER ---- */

static int is_sun_algorithm(const struct fl_proto *algorithm)
{
    return fl_proto_left(algorithm) >= sizeof sun_algorithm &&
           memcmp(algorithm->at, sun_algorithm, sizeof sun_algorithm) == 0;
}

int fl_jks_key(const struct fl_proto *sealed, struct fl_jks_key *key)
{
    struct fl_proto in = *sealed;
    struct fl_proto sequence;
    struct fl_proto algorithm;
    struct fl_proto bytes;

    if (fl_key_store_item(&in, 0x30, &sequence) || fl_key_store_item(&sequence, 0x30, &algorithm) ||
        fl_key_store_item(&sequence, 0x04, &bytes))
        return FLOW_EPARSE;
    if (!is_sun_algorithm(&algorithm))
        return FLOW_EINVAL;
    if (fl_proto_left(&bytes) <= (size_t)2 * FL_KEY_STORE_DIGEST)
        return FLOW_EPARSE;
    key->salt = fl_proto(bytes.at, FL_KEY_STORE_DIGEST);
    key->digest = fl_proto(bytes.end - FL_KEY_STORE_DIGEST, FL_KEY_STORE_DIGEST);
    key->sealed = (struct fl_proto){key->salt.end, key->digest.at};
    return FLOW_OK;
}
