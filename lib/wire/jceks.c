/* SPDX-License-Identifier: Apache-2.0 */
/* A JCEKS key store: a head, entries of three kinds, and a digest. */

#include <string.h>

#include "wire/java_object.h"
#include "wire/jceks.h"
#include "wire/key_store.h"

#define MAGIC 0xcececece
#define VERSION 2

enum { PRIVATE_KEY = 1, CERTIFICATE, SECRET_KEY };

static int skip_certificate(struct fl_proto *in)
{
    struct fl_proto part;

    return fl_key_store_sized(in, 2, &part) || fl_key_store_sized(in, 4, &part) ? FLOW_EPARSE
                                                                                : FLOW_OK;
}

static int skip_private_key(struct fl_proto *in)
{
    struct fl_proto key;
    uint64_t count;

    if (fl_key_store_sized(in, 4, &key) || fl_key_store_number(in, 4, &count))
        return FLOW_EPARSE;
    for (; count > 0; count--) {
        if (skip_certificate(in))
            return FLOW_EPARSE;
    }
    return FLOW_OK;
}

/* SEQUENCE { salt OCTET STRING, iterations INTEGER } */
static int read_parameters(struct fl_proto in, struct fl_jceks_key *key)
{
    struct fl_proto sequence;
    struct fl_proto number;
    uint64_t iterations;

    if (fl_key_store_item(&in, 0x30, &sequence) || fl_key_store_item(&sequence, 0x04, &key->salt) ||
        fl_key_store_item(&sequence, 0x02, &number) || fl_proto_left(&number) > 4 ||
        fl_key_store_number(&number, (unsigned)fl_proto_left(&number), &iterations))
        return FLOW_EPARSE;
    key->iterations = (uint32_t)iterations;
    return FLOW_OK;
}

static int get_secret_key(struct fl_proto *in, struct fl_jceks_key *key)
{
    struct fl_java_object object;

    if (fl_java_object_read(in, &object))
        return FLOW_EPARSE;
    const struct fl_proto *parameters = fl_java_object_get(&object, "encodedParams", '[');
    const struct fl_proto *sealed = fl_java_object_get(&object, "encryptedContent", '[');
    const struct fl_proto *algorithm = fl_java_object_get(&object, "sealAlg", 'L');
    if (!parameters || !sealed || !algorithm)
        return FLOW_EPARSE;
    key->sealed = *sealed;
    key->algorithm = *algorithm;
    return read_parameters(*parameters, key);
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static int same(const struct fl_proto *a, const struct fl_proto *b)
{
    size_t size = fl_proto_left(a);

    if (size != fl_proto_left(b))
        return 0;
    while (size > 0 && lower(a->at[size - 1]) == lower(b->at[size - 1]))
        size--;
    return size == 0;
}

/* Reads an entry; *IS_SECRET tells whether KEY was filled. */
static int get_entry(struct fl_proto *in, struct fl_proto *alias, struct fl_jceks_key *key,
                     int *is_secret)
{
    uint64_t kind;
    uint64_t date;

    if (fl_key_store_number(in, 4, &kind) || fl_key_store_sized(in, 2, alias) ||
        fl_key_store_number(in, 8, &date))
        return FLOW_EPARSE;
    *is_secret = kind == SECRET_KEY;
    switch (kind) {
    case PRIVATE_KEY: return skip_private_key(in);
    case CERTIFICATE: return skip_certificate(in);
    case SECRET_KEY: return get_secret_key(in, key);
    default: return FLOW_EPARSE;
    }
}

int fl_jceks_find(const void *data, size_t size, const struct fl_proto *alias,
                  struct fl_jceks_key *key)
{
    struct fl_proto in = fl_proto(data, size);
    struct fl_jceks_key each = {0};
    struct fl_proto name;
    uint64_t magic;
    uint64_t version;
    uint64_t count;
    int is_secret;
    int rc = FLOW_ENOENT;

    if (fl_key_store_number(&in, 4, &magic) || fl_key_store_number(&in, 4, &version) ||
        fl_key_store_number(&in, 4, &count) || magic != MAGIC || version != VERSION)
        return FLOW_EPARSE;
    for (; count > 0; count--) {
        if (get_entry(&in, &name, &each, &is_secret))
            return FLOW_EPARSE;
        if (is_secret && same(&name, alias)) {
            *key = each;
            rc = FLOW_OK;
        }
    }
    return fl_proto_left(&in) == FL_KEY_STORE_DIGEST ? rc : FLOW_EPARSE;
}

int fl_jceks_open(const void *data, size_t size, struct fl_proto *key)
{
    struct fl_proto in = fl_proto(data, size);
    struct fl_java_object object;

    if (fl_java_object_read(&in, &object))
        return FLOW_EPARSE;
    const struct fl_proto *bytes = fl_java_object_get(&object, "key", '[');
    if (!bytes)
        return FLOW_EPARSE;
    *key = *bytes;
    return FLOW_OK;
}
