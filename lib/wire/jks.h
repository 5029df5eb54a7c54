/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_JKS_H
#define FL_WIRE_JKS_H

/*
 * Java's key stores of the type JKS, as bytes: private keys with their certificates, and
 * certificates that are trusted.  FLOW_EPARSE, without an error object, for what is none.
 *
 *     rc = fl_jks_open(&jks, data, size);
 *     while (!rc && (rc = fl_jks_next(&jks, &entry)) > 0) ...
 */

#include "wire/key_store.h"

/* 1 when DATA begins as a JKS store does, or as a JCEKS store does, which is another format. */
int fl_jks_is(const void *data, size_t size);
int fl_jks_is_jceks(const void *data, size_t size);

struct fl_jks {
    struct fl_proto in;
    uint64_t version;
    uint64_t left; /* entries */
};

struct fl_jks_entry {
    struct fl_proto alias;        /* Java's UTF-8 */
    struct fl_proto sealed;       /* a private key; empty: a trusted certificate */
    struct fl_proto certificates; /* for fl_jks_certificate: the key's own first */
    uint64_t version;
};

int fl_jks_open(struct fl_jks *jks, const void *data, size_t size);

/* Reads the next entry.  Returns 1, 0 behind the last, when only the digest is left, FLOW_EPARSE.
 */
int fl_jks_next(struct fl_jks *jks, struct fl_jks_entry *entry);

/* Reads the next certificate of an entry, in DER.  Returns 1, 0 behind the last. */
int fl_jks_certificate(struct fl_jks_entry *entry, struct fl_proto *certificate);

/*
 * A private key as Sun's own algorithm seals it.  The key's bytes are those of `sealed` XORed with
 * D1 D2 D3..., where D1 is the SHA-1 of the password in UTF-16 and the salt, D2 that of the
 * password and D1, and so on.  `digest` is the SHA-1 of the password and the key.
 */
struct fl_jks_key {
    struct fl_proto salt;   /* FL_KEY_STORE_DIGEST bytes, as the digest */
    struct fl_proto sealed; /* a PKCS#8 key in DER */
    struct fl_proto digest;
};

/* Reads `sealed` of an entry.  FLOW_EINVAL when another algorithm seals it. */
int fl_jks_key(const struct fl_proto *sealed, struct fl_jks_key *key);

#endif
