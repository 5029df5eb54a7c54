/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_FLUME_KEYS_H
#define FL_STORE_FLUME_KEYS_H

/*
 * The keys of Flume's key provider JCEKSFILE, and with them the cipher of an import: AES/CTR by
 * libcrypto, which is loaded when keys are opened.
 */

#include "store/flume_import.h"
#include "store/keys.h"

/* The file with the password of a key that has one of its own: keys.ALIAS.passwordFile. */
struct fl_flume_key_password {
    const char *alias;
    const char *path;
};

/* As Flume's properties below encryption.keyProvider.  Texts and lists must outlive the keys.  A
 * key that is not among `passwords` has the password of the store. */
struct fl_flume_key_store {
    const char *path;          /* keyStoreFile */
    const char *password_path; /* keyStorePasswordFile */
    const struct fl_flume_key_password *passwords;
    size_t password_count;
};

struct fl_flume_keys;

/* Opens a key store and checks it by its password: FLOW_ECONFIG when that is wrong, FLOW_EPARSE
 * when it is no key store. */
int fl_flume_keys_open(const struct fl_io *io, const flow_allocator *mem,
                       const struct fl_flume_key_store *store, struct fl_flume_keys **keys,
                       flow_error **err);

/* Ends it; what was secret is wiped.  NULL is allowed. */
void fl_flume_keys_close(struct fl_flume_keys *keys);

/* For the options of an import, used by one thread at a time; lives as long as the keys. */
const struct fl_flume_cipher *fl_flume_keys_cipher(const struct fl_flume_keys *keys);

/* The keys themselves; lives as long as they do. */
const struct fl_key_provider *fl_flume_keys_provider(const struct fl_flume_keys *keys);

#endif
