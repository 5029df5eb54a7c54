/* SPDX-License-Identifier: Apache-2.0 */

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "codec/dynlib.h"
#include "store/gcm.h"

#define HASH 32u /* bytes of SHA-256 */
#define INFO_MOST 64u
#define STEP (1u << 30) /* libcrypto counts in int */

/*
 * What fails in libcrypto leaves errors with the thread, where whoever uses libcrypto too may take
 * them for its own; so each call here is between a mark and its removal, with all that came since.
 */
struct fl_crypto {
    struct fl_dynlib lib;
    typeof(ERR_set_mark) *mark;
    typeof(ERR_pop_to_mark) *forget;
    typeof(EVP_CIPHER_CTX_new) *ctx_new;
    typeof(EVP_CIPHER_CTX_free) *ctx_free;
    typeof(EVP_CIPHER_CTX_ctrl) *ctrl;
    typeof(EVP_CipherInit_ex) *init;
    typeof(EVP_CipherUpdate) *update;
    typeof(EVP_CipherFinal_ex) *final;
    typeof(EVP_aes_128_gcm) *aes_128;
    typeof(EVP_aes_192_gcm) *aes_192;
    typeof(EVP_aes_256_gcm) *aes_256;
    typeof(EVP_sha256) *sha256;
    typeof(HMAC) *hmac;
};

static const struct fl_dynlib_symbol symbols[] = {
    {"ERR_set_mark", offsetof(struct fl_crypto, mark)},
    {"ERR_pop_to_mark", offsetof(struct fl_crypto, forget)},
    {"EVP_CIPHER_CTX_new", offsetof(struct fl_crypto, ctx_new)},
    {"EVP_CIPHER_CTX_free", offsetof(struct fl_crypto, ctx_free)},
    {"EVP_CIPHER_CTX_ctrl", offsetof(struct fl_crypto, ctrl)},
    {"EVP_CipherInit_ex", offsetof(struct fl_crypto, init)},
    {"EVP_CipherUpdate", offsetof(struct fl_crypto, update)},
    {"EVP_CipherFinal_ex", offsetof(struct fl_crypto, final)},
    {"EVP_aes_128_gcm", offsetof(struct fl_crypto, aes_128)},
    {"EVP_aes_192_gcm", offsetof(struct fl_crypto, aes_192)},
    {"EVP_aes_256_gcm", offsetof(struct fl_crypto, aes_256)},
    {"EVP_sha256", offsetof(struct fl_crypto, sha256)},
    {"HMAC", offsetof(struct fl_crypto, hmac)},
};

int fl_crypto_open(const flow_allocator *mem, struct fl_crypto **crypto, flow_error **err)
{
    void *state = NULL;
    int rc = fl_dynlib_open(mem, sizeof **crypto,
                            &(struct fl_dynlib_need){"libcrypto.so.3", "an encrypted channel",
                                                     symbols, sizeof symbols / sizeof symbols[0]},
                            &state, err);

    *crypto = state;
    return rc;
}

void fl_crypto_close(struct fl_crypto *crypto)
{
    if (crypto)
        fl_dynlib_close(crypto);
}

static int failed(flow_error **err)
{
    return flow_error_set(err, FLOW_EIO, "libcrypto does not encrypt");
}

/* ---- keys made of others ---- */

static int hmac(const struct fl_crypto *crypto, const struct fl_bytes *key, const void *data,
                size_t size, uint8_t out[HASH])
{
    return crypto->hmac(crypto->sha256(), key->at, (int)key->size, data, size, out, NULL) != NULL;
}

/* RFC 5869, 2.3: block by block, each made of the one before. */
static int expand(const struct fl_crypto *crypto, const struct fl_bytes *key, const char *info,
                  uint8_t *out, size_t size)
{
    uint8_t block[HASH], text[HASH + INFO_MOST + 1];
    size_t used = 0, info_size = strlen(info);
    int done = 1;

    for (uint8_t count = 1; size > 0 && done; count++) {
        memcpy(text + used, info, info_size);
        text[used + info_size] = count;
        done = hmac(crypto, key, text, used + info_size + 1, block);
        size_t some = size < HASH ? size : HASH;
        memcpy(out, block, some);
        out += some;
        size -= some;
        memcpy(text, block, HASH);
        used = HASH;
    }
    explicit_bzero(block, sizeof block);
    explicit_bzero(text, sizeof text);
    return done;
}

int fl_crypto_derive(const struct fl_crypto *crypto, const struct fl_bytes *secret,
                     const struct fl_bytes *salt, const char *info, uint8_t *out, size_t size,
                     flow_error **err)
{
    uint8_t extracted[HASH];
    const struct fl_bytes key = {extracted, sizeof extracted};

    if (strlen(info) > INFO_MOST || size > 255 * HASH)
        return failed(err);
    crypto->mark();
    int done = hmac(crypto, salt, secret->at, secret->size, extracted) &&
               expand(crypto, &key, info, out, size);
    crypto->forget();
    explicit_bzero(extracted, sizeof extracted);
    return done ? FLOW_OK : failed(err);
}

/* ---- the cipher ---- */

struct fl_gcm {
    const struct fl_crypto *crypto;
    EVP_CIPHER_CTX *ctx; /* in libcrypto's own memory, which wipes it */
};

static const EVP_CIPHER *cipher_for(const struct fl_crypto *crypto, size_t key_size)
{
    switch (key_size) {
    case 16: return crypto->aes_128();
    case 24: return crypto->aes_192();
    case 32: return crypto->aes_256();
    default: return NULL;
    }
}

/* 0 when there is no memory. */
static int init(struct fl_gcm *gcm, const EVP_CIPHER *cipher, const struct fl_key *key)
{
    const struct fl_crypto *crypto = gcm->crypto;

    crypto->mark();
    gcm->ctx = crypto->ctx_new();
    int done = gcm->ctx && crypto->init(gcm->ctx, cipher, NULL, key->bytes, NULL, 1);
    crypto->forget();
    return done;
}

int fl_gcm_new(const struct fl_crypto *crypto, const struct fl_key *key, struct fl_gcm **gcm,
               flow_error **err)
{
    const EVP_CIPHER *cipher = cipher_for(crypto, key->size);
    struct fl_gcm *made = cipher ? fl_zalloc(crypto->lib.mem, sizeof *made) : NULL;

    *gcm = NULL;
    if (!cipher)
        return failed(err);
    if (!made)
        return fl_error_nomem(err);
    made->crypto = crypto;
    if (!init(made, cipher, key)) {
        fl_gcm_free(made);
        return fl_error_nomem(err);
    }
    *gcm = made;
    return FLOW_OK;
}

void fl_gcm_free(struct fl_gcm *gcm)
{
    if (!gcm)
        return;
    gcm->crypto->ctx_free(gcm->ctx);
    fl_free(gcm->crypto->lib.mem, gcm);
}

/* Begins with the nonce and what is not encrypted. */
static int begin(const struct fl_gcm *gcm, const struct fl_gcm_text *text, int encrypts)
{
    const struct fl_crypto *crypto = gcm->crypto;
    int some = 0;

    return crypto->init(gcm->ctx, NULL, NULL, NULL, text->nonce, encrypts) &&
           crypto->update(gcm->ctx, NULL, &some, text->aad.at, (int)text->aad.size);
}

static int update(const struct fl_gcm *gcm, const uint8_t *in, size_t size, uint8_t *out)
{
    int done = 1;

    while (size > 0 && done) {
        int some = 0;
        size_t step = size < STEP ? size : STEP;
        done = gcm->crypto->update(gcm->ctx, out, &some, in, (int)step);
        in += step;
        out += step;
        size -= step;
    }
    return done;
}

static int encrypt(const struct fl_gcm *gcm, const struct fl_gcm_text *text, uint8_t *out)
{
    uint8_t *tag = out + text->in.size;
    int some = 0;

    return begin(gcm, text, 1) && update(gcm, text->in.at, text->in.size, out) &&
           gcm->crypto->final(gcm->ctx, tag, &some) &&
           gcm->crypto->ctrl(gcm->ctx, EVP_CTRL_AEAD_GET_TAG, (int)FL_GCM_TAG, tag);
}

int fl_gcm_encrypt(struct fl_gcm *gcm, const struct fl_gcm_text *text, uint8_t *out,
                   flow_error **err)
{
    gcm->crypto->mark();
    int done = encrypt(gcm, text, out);
    gcm->crypto->forget();
    return done ? FLOW_OK : failed(err);
}

/* Stores in *SAME whether it is what was encrypted; 0 when libcrypto does not work. */
static int decrypt(const struct fl_gcm *gcm, const struct fl_gcm_text *text, uint8_t *out,
                   int *same)
{
    const uint8_t *in = text->in.at;
    size_t size = text->in.size - FL_GCM_TAG;
    uint8_t tag[FL_GCM_TAG], rest[FL_GCM_TAG];
    int some = 0;

    memcpy(tag, in + size, sizeof tag); /* OUT may be where it is */
    if (!begin(gcm, text, 0) || !update(gcm, in, size, out) ||
        !gcm->crypto->ctrl(gcm->ctx, EVP_CTRL_AEAD_SET_TAG, (int)FL_GCM_TAG, tag))
        return 0;
    *same = gcm->crypto->final(gcm->ctx, rest, &some) > 0;
    return 1;
}

int fl_gcm_decrypt(struct fl_gcm *gcm, const struct fl_gcm_text *text, uint8_t *out,
                   flow_error **err)
{
    int same = 0;

    if (text->in.size < FL_GCM_TAG)
        return FLOW_EPARSE;
    gcm->crypto->mark();
    int done = decrypt(gcm, text, out, &same);
    gcm->crypto->forget();
    if (!done)
        return failed(err);
    return same ? FLOW_OK : FLOW_EPARSE;
}
