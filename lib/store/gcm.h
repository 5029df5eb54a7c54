/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_GCM_H
#define FL_STORE_GCM_H

/*
 * AES-GCM, and keys made of others (HKDF with SHA-256), by libcrypto, which is loaded when it is
 * first needed.
 */

#include <flow/library.h>

#include "store/keys.h"

#define FL_GCM_NONCE 12u
#define FL_GCM_TAG 16u

/* The library; may be used by many threads. */
struct fl_crypto;

/* FLOW_ENOENT when it is not installed, FLOW_EABI when it lacks something. */
int fl_crypto_open(const flow_allocator *mem, struct fl_crypto **crypto, flow_error **err);
void fl_crypto_close(struct fl_crypto *crypto); /* NULL is allowed */

struct fl_bytes {
    const void *at;
    size_t size;
};

/* Fills the SIZE bytes at OUT, at most 255 * 32, with what RFC 5869 makes of a secret, a salt and
 * INFO. */
int fl_crypto_derive(const struct fl_crypto *crypto, const struct fl_bytes *secret,
                     const struct fl_bytes *salt, const char *info, uint8_t *out, size_t size,
                     flow_error **err);

/* A key with all that is made of it; used by one thread at a time. */
struct fl_gcm;

int fl_gcm_new(const struct fl_crypto *crypto, const struct fl_key *key, struct fl_gcm **gcm,
               flow_error **err);
void fl_gcm_free(struct fl_gcm *gcm); /* NULL is allowed */

/* What is encrypted, and what is only protected against changes. */
struct fl_gcm_text {
    const uint8_t *nonce; /* FL_GCM_NONCE bytes, never twice with one key */
    struct fl_bytes aad;
    struct fl_bytes in;
};

/* Writes the encrypted bytes and behind them the tag to OUT, which may be where they are. */
int fl_gcm_encrypt(struct fl_gcm *gcm, const struct fl_gcm_text *text, uint8_t *out,
                   flow_error **err);

/*
 * Decrypts what ends in the tag; OUT may be where it is.  FLOW_EPARSE, without an error object,
 * when that is not what was encrypted; nothing of OUT may be used then.
 */
int fl_gcm_decrypt(struct fl_gcm *gcm, const struct fl_gcm_text *text, uint8_t *out,
                   flow_error **err);

#endif
