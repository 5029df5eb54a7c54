/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A key lies sealed in the store: a Java object, encrypted with 3DES by a key made of a password
 * with MD5, in a way that is Sun's own (PBEWithMD5AndTripleDES).  It is unsealed when a log first
 * asks for it.
 */

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/thread.h"
#include "codec/dynlib.h"
#include "store/flume_keys.h"
#include "wire/jceks.h"
#include "wire/key_store.h"
#include "wire/md5.h"

#define STORE_LIMIT ((size_t)1 << 24)
#define PASSWORD_LIMIT 65536

/* What Sun's own refuses to do more of. */
#define ITERATIONS_MAX 5000000

#define SALT_SIZE 8
#define DES3_KEY_SIZE 24
#define BLOCK_SIZE 16

struct library {
    void *handle;
    typeof(ERR_set_mark) *mark;
    typeof(ERR_pop_to_mark) *forget;
    typeof(EVP_CIPHER_CTX_new) *ctx_new;
    typeof(EVP_CIPHER_CTX_free) *ctx_free;
    typeof(EVP_DecryptInit_ex) *init;
    typeof(EVP_DecryptUpdate) *update;
    typeof(EVP_DecryptFinal_ex) *final;
    typeof(EVP_Digest) *digest;
    typeof(EVP_sha1) *sha1;
    typeof(EVP_des_ede3_cbc) *des3;
    typeof(EVP_aes_128_ctr) *aes_128;
    typeof(EVP_aes_192_ctr) *aes_192;
    typeof(EVP_aes_256_ctr) *aes_256;
};

static const struct fl_dynlib_symbol symbols[] = {
    {"ERR_set_mark", offsetof(struct library, mark)},
    {"ERR_pop_to_mark", offsetof(struct library, forget)},
    {"EVP_CIPHER_CTX_new", offsetof(struct library, ctx_new)},
    {"EVP_CIPHER_CTX_free", offsetof(struct library, ctx_free)},
    {"EVP_DecryptInit_ex", offsetof(struct library, init)},
    {"EVP_DecryptUpdate", offsetof(struct library, update)},
    {"EVP_DecryptFinal_ex", offsetof(struct library, final)},
    {"EVP_Digest", offsetof(struct library, digest)},
    {"EVP_sha1", offsetof(struct library, sha1)},
    {"EVP_des_ede3_cbc", offsetof(struct library, des3)},
    {"EVP_aes_128_ctr", offsetof(struct library, aes_128)},
    {"EVP_aes_192_ctr", offsetof(struct library, aes_192)},
    {"EVP_aes_256_ctr", offsetof(struct library, aes_256)},
};

/* An unsealed key, which stays where it is. */
struct unsealed {
    struct unsealed *next;
    char *alias;
    struct fl_key key;
};

struct fl_flume_keys {
    const struct fl_io *io;
    const flow_allocator *mem;
    struct fl_flume_key_store store;
    struct fl_flume_cipher cipher;
    struct fl_key_provider provider;
    struct library crypto;
    EVP_CIPHER_CTX *ctx;    /* of the cipher */
    struct fl_buf bytes;    /* of the key store */
    struct fl_buf password; /* of the key store */
    struct fl_lock lock;    /* for the next */
    struct unsealed *unsealed;
};

static void wipe(struct fl_buf *secret)
{
    if (secret->data)
        explicit_bzero(secret->data, secret->capacity);
    fl_buf_free(secret);
}

/* ---- passwords ---- */

/* As Flume reads it: without white space around. */
static int load_password(const struct fl_flume_keys *keys, const char *path,
                         struct fl_buf *password, flow_error **err)
{
    fl_buf_init(password, keys->mem);
    /* Whole from the start, so that no smaller piece is given back with it in. */
    if (!fl_buf_reserve(password, 2 * PASSWORD_LIMIT))
        return fl_error_nomem(err);
    int rc = fl_file_load(keys->io, path, PASSWORD_LIMIT, password, err);
    if (rc)
        return rc;
    size_t start = 0;
    while (start < password->size && fl_is_space((char)password->data[start]))
        start++;
    fl_buf_consume(password, start);
    while (password->size > 0 && fl_is_space((char)password->data[password->size - 1]))
        password->size--;
    return FLOW_OK;
}

/* Of a key without a password of its own it is the store's. */
static int password_of(const struct fl_flume_keys *keys, const char *alias, struct fl_buf *password,
                       flow_error **err)
{
    for (size_t i = 0; i < keys->store.password_count; i++) {
        if (strcmp(keys->store.passwords[i].alias, alias) == 0)
            return load_password(keys, keys->store.passwords[i].path, password, err);
    }
    return load_password(keys, keys->store.password_path, password, err);
}

/* ---- the store ---- */

/* 0 when libcrypto has no memory for it.  What fails there leaves no error with the thread, whose
 * owner may use libcrypto too. */
static int digest_of(const struct library *crypto, const struct fl_buf *bytes,
                     uint8_t digest[EVP_MAX_MD_SIZE])
{
    crypto->mark();
    int done = crypto->digest(bytes->data, bytes->size, digest, NULL, crypto->sha1(), NULL);
    crypto->forget();
    return done;
}

/* Checks the store's digest, and with it the password. */
static int check_store(struct fl_flume_keys *keys, flow_error **err)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct fl_buf all;
    struct fl_jceks_key unused;
    struct fl_proto nobody = fl_proto("", 0);

    if (fl_jceks_find(keys->bytes.data, keys->bytes.size, &nobody, &unused) == FLOW_EPARSE)
        return flow_error_setf(err, FLOW_EPARSE, "%s is no key store of the type JCEKS",
                               keys->store.path);
    size_t signed_size = keys->bytes.size - FL_KEY_STORE_DIGEST;
    fl_buf_init(&all, keys->mem);
    int rc = fl_key_store_signed(&all, keys->password.data, keys->password.size, keys->bytes.data,
                                 signed_size);
    if (!rc && !digest_of(&keys->crypto, &all, digest))
        rc = FLOW_ENOMEM;
    wipe(&all);
    if (rc == FLOW_ENOMEM)
        return fl_error_nomem(err);
    if (rc || memcmp(digest, keys->bytes.data + signed_size, FL_KEY_STORE_DIGEST) != 0)
        return flow_error_setf(err, FLOW_ECONFIG,
                               "the key store %s does not have the password in %s, or is damaged",
                               keys->store.path, keys->store.password_path);
    return FLOW_OK;
}

/* ---- unsealing ---- */

/* Makes a key of 3DES and an initial block: MD5 of each half of the salt with the password, again
 * and again. */
static void derive(const struct fl_jceks_key *key, const struct fl_buf *password, uint8_t *work,
                   uint8_t derived[2 * FL_MD5_SIZE])
{
    uint8_t salt[SALT_SIZE];

    memcpy(salt, key->salt.at, SALT_SIZE);
    /* Equal halves were to be told apart by turning the first around; this is what came of it. */
    if (memcmp(salt, salt + SALT_SIZE / 2, SALT_SIZE / 2) == 0) {
        const uint8_t turned[] = {salt[3], salt[0], salt[1], salt[3]};
        memcpy(salt, turned, sizeof turned);
    }
    for (size_t half = 0; half < 2; half++) {
        uint8_t *digest = derived + half * FL_MD5_SIZE;
        size_t size = SALT_SIZE / 2;
        memcpy(work, salt + half * size, size);
        for (uint32_t i = 0; i < key->iterations; i++) {
            memcpy(work + size, password->data, password->size);
            fl_md5(work, size + password->size, digest);
            memcpy(work, digest, FL_MD5_SIZE);
            size = FL_MD5_SIZE;
        }
    }
}

/* Decrypts the sealed object into CLEAR, which has room for a block more than there is. FLOW_EPARSE
 * when that cannot be right. */
static int decrypt_sealed(const struct library *crypto, EVP_CIPHER_CTX *ctx,
                          const struct fl_jceks_key *key, const uint8_t derived[2 * FL_MD5_SIZE],
                          struct fl_buf *clear)
{
    int some = 0, rest = 0;

    if (!ctx || !crypto->init(ctx, crypto->des3(), NULL, derived, derived + DES3_KEY_SIZE))
        return FLOW_ENOMEM;
    if (!crypto->update(ctx, clear->data, &some, key->sealed.at,
                        (int)fl_proto_left(&key->sealed)) ||
        !crypto->final(ctx, clear->data + some, &rest))
        return FLOW_EPARSE;
    clear->size = (size_t)some + (size_t)rest;
    return FLOW_OK;
}

static int unseal(const struct library *crypto, const struct fl_jceks_key *key,
                  const uint8_t derived[2 * FL_MD5_SIZE], struct fl_buf *clear)
{
    crypto->mark();
    EVP_CIPHER_CTX *ctx = crypto->ctx_new();
    int rc = decrypt_sealed(crypto, ctx, key, derived, clear);
    crypto->ctx_free(ctx);
    crypto->forget();
    return rc;
}

/* Takes over what was unsealed, if it is a key for AES. */
static int take_bytes(const struct fl_flume_keys *keys, const struct fl_proto *bytes,
                      struct unsealed *made, flow_error **err)
{
    size_t size = fl_proto_left(bytes);

    if (size != 16 && size != 24 && size != 32)
        return flow_error_setf(err, FLOW_ECONFIG, "the key '%s' of %s is none for AES", made->alias,
                               keys->store.path);
    memcpy(made->key.bytes, bytes->at, size);
    made->key.size = size;
    return FLOW_OK;
}

static int open_key(struct fl_flume_keys *keys, const struct fl_jceks_key *sealed,
                    const struct fl_buf *password, struct unsealed *made, flow_error **err)
{
    uint8_t derived[2 * FL_MD5_SIZE];
    struct fl_buf work;
    struct fl_buf clear;
    struct fl_proto bytes;
    int rc = FLOW_OK;

    fl_buf_init(&work, keys->mem);
    fl_buf_init(&clear, keys->mem);
    if (!fl_buf_reserve(&work, FL_MD5_SIZE + password->size) ||
        !fl_buf_reserve(&clear, fl_proto_left(&sealed->sealed) + BLOCK_SIZE)) {
        rc = fl_error_nomem(err);
        goto done;
    }
    derive(sealed, password, work.data, derived);
    rc = unseal(&keys->crypto, sealed, derived, &clear);
    if (rc == FLOW_ENOMEM)
        fl_error_nomem(err);
    else if (rc || fl_jceks_open(clear.data, clear.size, &bytes))
        rc = flow_error_setf(err, FLOW_ECONFIG,
                             "the key '%s' of %s cannot be opened with its password", made->alias,
                             keys->store.path);
    else
        rc = take_bytes(keys, &bytes, made, err);
done:
    explicit_bzero(derived, sizeof derived);
    wipe(&work);
    wipe(&clear);
    return rc;
}

static int check_sealed(const struct fl_flume_keys *keys, const struct fl_jceks_key *sealed,
                        const char *alias, flow_error **err)
{
    static const char name[] = "PBEWithMD5AndTripleDES";

    if (fl_proto_left(&sealed->algorithm) != sizeof name - 1 ||
        memcmp(sealed->algorithm.at, name, sizeof name - 1) != 0 ||
        fl_proto_left(&sealed->salt) != SALT_SIZE || sealed->iterations == 0 ||
        sealed->iterations > ITERATIONS_MAX || fl_proto_left(&sealed->sealed) > STORE_LIMIT)
        return flow_error_setf(err, FLOW_ECONFIG, "the key '%s' of %s is not sealed as Java does",
                               alias, keys->store.path);
    return FLOW_OK;
}

static int find_key(struct fl_flume_keys *keys, struct unsealed *made, flow_error **err)
{
    struct fl_jceks_key sealed;
    struct fl_buf password;
    struct fl_proto alias = fl_proto(made->alias, strlen(made->alias));

    if (fl_jceks_find(keys->bytes.data, keys->bytes.size, &alias, &sealed))
        return flow_error_setf(err, FLOW_ECONFIG, "the key store %s has no key '%s'",
                               keys->store.path, made->alias);
    int rc = check_sealed(keys, &sealed, made->alias, err);
    if (rc)
        return rc;
    rc = password_of(keys, made->alias, &password, err);
    if (!rc)
        rc = open_key(keys, &sealed, &password, made, err);
    wipe(&password);
    return rc;
}

static void free_key(const struct fl_flume_keys *keys, struct unsealed *made)
{
    if (!made)
        return;
    fl_free(keys->mem, made->alias);
    explicit_bzero(&made->key, sizeof made->key);
    fl_free(keys->mem, made);
}

/* Under the lock: unseals the key ALIAS and keeps it. */
static int unseal_key(struct fl_flume_keys *keys, const struct fl_proto *alias,
                      const struct unsealed **found, flow_error **err)
{
    struct unsealed *made = fl_zalloc(keys->mem, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->alias = fl_strndup(keys->mem, (const char *)alias->at, fl_proto_left(alias));
    int rc = made->alias ? find_key(keys, made, err) : fl_error_nomem(err);
    if (rc) {
        free_key(keys, made);
        return rc;
    }
    made->next = keys->unsealed;
    keys->unsealed = made;
    *found = made;
    return FLOW_OK;
}

static const struct unsealed *find_unsealed(const struct fl_flume_keys *keys,
                                            const struct fl_proto *alias)
{
    size_t size = fl_proto_left(alias);
    const struct unsealed *each = keys->unsealed;

    while (each && (strlen(each->alias) != size || memcmp(each->alias, alias->at, size) != 0))
        each = each->next;
    return each;
}

/* The key ALIAS, unsealed when it is first asked for. */
static int get_key(struct fl_flume_keys *keys, const struct fl_proto *alias, struct fl_key *key,
                   flow_error **err)
{
    int rc = FLOW_OK;

    fl_lock(&keys->lock);
    const struct unsealed *found = find_unsealed(keys, alias);
    if (!found)
        rc = unseal_key(keys, alias, &found, err);
    if (!rc)
        *key = found->key;
    fl_unlock(&keys->lock);
    return rc;
}

static int provide(void *self, const char *name, struct fl_key *key, flow_error **err)
{
    struct fl_proto alias = fl_proto(name, strlen(name));

    return get_key(self, &alias, key, err);
}

/* ---- the cipher ---- */

static const EVP_CIPHER *cipher_for(const struct library *crypto, size_t key_size)
{
    switch (key_size) {
    case 16: return crypto->aes_128();
    case 24: return crypto->aes_192();
    default: return crypto->aes_256();
    }
}

/* Flume's only cipher goes by two names. */
static int is_known(const struct fl_proto *cipher)
{
    static const char short_name[] = "AESCTRNOPADDING";
    static const char class[] = "org.apache.flume.channel.file.encryption.AESCTRNoPaddingProvider";
    char name[sizeof class];
    size_t size = fl_proto_left(cipher);

    if (size >= sizeof name)
        return 0;
    memcpy(name, cipher->at, size);
    name[size] = '\0';
    return fl_equal_ignore_case(name, short_name) || strcmp(name, class) == 0;
}

static int decrypt(void *self, const struct fl_flume_encryption *how, uint8_t *data, size_t size,
                   flow_error **err)
{
    struct fl_flume_keys *keys = self;
    const struct library *crypto = &keys->crypto;
    struct fl_key key;
    int done;

    if (!is_known(&how->cipher) || fl_proto_left(&how->parameters) != BLOCK_SIZE)
        return flow_error_setf(err, FLOW_ECONFIG, "the cipher '%.*s' is not one of Flume's",
                               (int)fl_proto_left(&how->cipher), (const char *)how->cipher.at);
    int rc = get_key(keys, &how->alias, &key, err);
    if (rc)
        return rc;
    const EVP_CIPHER *cipher = cipher_for(crypto, key.size);
    if (!crypto->init(keys->ctx, cipher, NULL, key.bytes, how->parameters.at) ||
        !crypto->update(keys->ctx, data, &done, data, (int)size))
        rc = flow_error_set(err, FLOW_EIO, "libcrypto cannot decrypt");
    explicit_bzero(&key, sizeof key);
    return rc;
}

/* ---- opening ---- */

static int load(struct fl_flume_keys *keys, flow_error **err)
{
    int rc = fl_dynlib_load("libcrypto.so.3", "an encrypted channel", symbols,
                            sizeof symbols / sizeof symbols[0], &keys->crypto, &keys->crypto.handle,
                            err);

    if (rc)
        return rc;
    keys->ctx = keys->crypto.ctx_new();
    if (!keys->ctx)
        return fl_error_nomem(err);
    rc = fl_file_load(keys->io, keys->store.path, STORE_LIMIT, &keys->bytes, err);
    if (!rc)
        rc = load_password(keys, keys->store.password_path, &keys->password, err);
    return rc ? rc : check_store(keys, err);
}

int fl_flume_keys_open(const struct fl_io *io, const flow_allocator *mem,
                       const struct fl_flume_key_store *store, struct fl_flume_keys **keys,
                       flow_error **err)
{
    struct fl_flume_keys *opened = fl_zalloc(mem, sizeof *opened);

    *keys = NULL;
    if (!opened || fl_lock_init(&opened->lock)) {
        fl_free(mem, opened);
        return fl_error_nomem(err);
    }
    opened->io = io;
    opened->mem = mem;
    opened->store = *store;
    opened->cipher = (struct fl_flume_cipher){.self = opened, .decrypt = decrypt};
    opened->provider = (struct fl_key_provider){.self = opened, .get = provide};
    fl_buf_init(&opened->bytes, mem);
    fl_buf_init(&opened->password, mem);
    int rc = load(opened, err);
    if (rc) {
        fl_flume_keys_close(opened);
        return rc;
    }
    *keys = opened;
    return FLOW_OK;
}

void fl_flume_keys_close(struct fl_flume_keys *keys)
{
    if (!keys)
        return;
    if (keys->ctx)
        keys->crypto.ctx_free(keys->ctx);
    for (struct unsealed *each = keys->unsealed, *next; each; each = next) {
        next = each->next;
        free_key(keys, each);
    }
    fl_buf_free(&keys->bytes);
    wipe(&keys->password);
    fl_dynlib_unload(keys->crypto.handle);
    fl_lock_destroy(&keys->lock);
    fl_free(keys->mem, keys);
}

const struct fl_flume_cipher *fl_flume_keys_cipher(const struct fl_flume_keys *keys)
{
    return &keys->cipher;
}

const struct fl_key_provider *fl_flume_keys_provider(const struct fl_flume_keys *keys)
{
    return &keys->provider;
}
