/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>
#include <zstd.h>

#include "unseal.h"

static uint64_t number(const uint8_t *at, size_t size)
{
    uint64_t value = 0;

    while (size-- > 0)
        value = value << 8 | at[size];
    return value;
}

/* The segment's key: HKDF with SHA-256, by libcrypto's own. */
static void derive(const struct fl_buf *key, const uint8_t *salt, uint8_t *out, size_t size)
{
    char info[] = "libflow log 1", digest[] = "SHA256";
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key->data, key->size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, 32),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sizeof info - 1),
        OSSL_PARAM_construct_end(),
    };

    ck_assert_int_eq(EVP_KDF_derive(ctx, out, size, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static const EVP_CIPHER *cipher_for(size_t size)
{
    return size == 16 ? EVP_aes_128_gcm() : size == 24 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
}

/* Decrypts the payload of the frame at AT into OUT; what protects it besides is the front without
 * its checksums. */
static size_t decrypt(const uint8_t *bytes, uint64_t at, const uint8_t *key, size_t key_size,
                      uint8_t *out)
{
    const uint8_t *front = bytes + at, *payload = front + 64;
    size_t size = (size_t)number(front + 8, 4) - 16;
    uint8_t nonce[12] = {0}, aad[60];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int some = 0, rest = 0;

    memcpy(aad, front, sizeof aad);
    memset(aad + 48, 0, 4);
    for (size_t i = 0; i < 8; i++)
        nonce[i] = (uint8_t)(at >> 8 * i);
    EVP_DecryptInit_ex(ctx, cipher_for(key_size), NULL, key, nonce);
    EVP_DecryptUpdate(ctx, NULL, &some, aad, sizeof aad);
    EVP_DecryptUpdate(ctx, out, &some, payload, (int)size);
    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, (void *)(uintptr_t)(payload + size));
    ck_assert_msg(EVP_DecryptFinal_ex(ctx, out + some, &rest) > 0, "a tag is wrong");
    EVP_CIPHER_CTX_free(ctx);
    return size;
}

struct reading {
    const uint8_t *bytes;
    uint8_t key[48];
    size_t key_size;
    struct fl_buf sealed, raw;
};

/* What the frame held; *SIZE is how much. */
static const uint8_t *open_frame(struct reading *r, uint64_t at, size_t *size)
{
    const uint8_t *front = r->bytes + at, *payload = front + 64;

    *size = (size_t)number(front + 8, 4);
    if (front[5] & 2) {
        uint8_t *out = fl_buf_reserve(&r->sealed, *size);
        *size = decrypt(r->bytes, at, r->key, r->key_size, out);
        payload = out;
    }
    if (front[5] & 1) {
        size_t raw = (size_t)number(front + 52, 4);
        uint8_t *out = fl_buf_reserve(&r->raw, raw);
        ck_assert_uint_eq(ZSTD_decompress(out, raw, payload, *size), raw);
        *size = raw;
        payload = out;
    }
    return payload;
}

static void find_key(struct reading *r, const char *name, const struct fl_buf *key)
{
    const uint8_t *seal = r->bytes + 512;

    ck_assert_mem_eq(seal, r->bytes + 2560, 512);
    ck_assert_mem_eq(seal, "FLOWKEY\n\1\0\0\0", 12);
    ck_assert_uint_eq(number(seal + 12, 4), key->size);
    ck_assert_uint_eq(number(seal + 16, 8), number(r->bytes + 40, 8));
    ck_assert_uint_eq(number(seal + 72, 4), strlen(name));
    ck_assert_mem_eq(seal + 76, name, strlen(name));
    derive(key, seal + 24, r->key, sizeof r->key);
    ck_assert_mem_eq(seal + 56, r->key + 32, 16);
    r->key_size = key->size;
}

size_t unseal(const uint8_t *bytes, size_t size, const char *name, const struct fl_buf *key,
              void (*each)(void *arg, const struct unsealed *frame), void *arg)
{
    struct reading r = {.bytes = bytes};
    uint64_t epoch = number(bytes + 40, 8);
    size_t count = 0;

    fl_buf_init(&r.sealed, NULL);
    fl_buf_init(&r.raw, NULL);
    ck_assert_mem_eq(bytes, "FLOWSEG\n", 8);
    ck_assert_uint_eq(number(bytes + 96, 4), 1);
    find_key(&r, name, key);
    for (uint64_t at = 4096; at + 64 <= size && !memcmp(bytes + at, "FLRM", 4); count++) {
        const uint8_t *front = bytes + at;
        struct unsealed frame = {.at = at, .type = front[4], .flags = front[5]};
        if (number(front + 16, 8) != epoch)
            break;
        frame.count = (uint32_t)number(front + 32, 4);
        frame.payload = open_frame(&r, at, &frame.size);
        each(arg, &frame);
        at += 64 + (number(front + 8, 4) + 7) / 8 * 8;
    }
    fl_buf_free(&r.sealed);
    fl_buf_free(&r.raw);
    return count;
}
