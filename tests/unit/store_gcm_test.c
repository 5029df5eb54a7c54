/* SPDX-License-Identifier: Apache-2.0 */

/* AES-GCM and derived keys against the vectors of those who made them. */

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "failing.h"
#include "store/gcm.h"
#include "suite.h"

#define MOST 128

static struct fl_crypto *crypto;

static void set_up(void)
{
    ck_assert_int_eq(fl_crypto_open(NULL, &crypto, NULL), FLOW_OK);
}

static void tear_down(void)
{
    fl_crypto_close(crypto);
}

static size_t unhex(const char *text, uint8_t *out)
{
    size_t size = strlen(text) / 2;
    unsigned byte;

    for (size_t i = 0; i < size; i++) {
        ck_assert_int_eq(sscanf(text + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
    return size;
}

static void check_hex(const uint8_t *bytes, size_t size, const char *expected)
{
    uint8_t wanted[MOST];

    ck_assert_uint_eq(unhex(expected, wanted), size);
    ck_assert_mem_eq(bytes, wanted, size);
}

/* ---- AES-GCM: test cases 4, 10 and 16 of McGrew and Viega, which differ in the key alone ---- */

#define PLAIN                                                                                      \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449"   \
    "a6b525b16aedf5aa0de657ba637b39"
#define AAD "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define NONCE "cafebabefacedbaddecaf888"

static const struct {
    const char *key;
    const char *sealed; /* with the tag */
} cases[] = {
    {"feffe9928665731c6d6a8f9467308308",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84"
     "aa051ba30b396a0aac973d58e091"
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c",
     "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a"
     "3f4718e2448b2fe324d9ccda2710"
     "2519498e80f1478f37ba55bd6d27618c"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
     "8838c5f61e6393ba7a0abcc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

struct sample {
    struct fl_gcm *gcm;
    uint8_t nonce[FL_GCM_NONCE], aad[MOST], bytes[MOST];
    struct fl_gcm_text text;
};

static void sample_init(struct sample *sample, size_t index, const char *bytes)
{
    struct fl_key key;

    key.size = unhex(cases[index].key, key.bytes);
    ck_assert_int_eq(fl_gcm_new(crypto, &key, &sample->gcm, NULL), FLOW_OK);
    unhex(NONCE, sample->nonce);
    sample->text = (struct fl_gcm_text){
        sample->nonce,
        {sample->aad, unhex(AAD, sample->aad)},
        {sample->bytes, unhex(bytes, sample->bytes)},
    };
}

START_TEST(every_size_of_key_encrypts_as_the_vectors_have_it)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t out[MOST];
        struct sample sample;
        sample_init(&sample, i, PLAIN);
        size_t size = sample.text.in.size + FL_GCM_TAG;
        for (int again = 0; again < 2; again++) { /* a key is used more than once */
            ck_assert_int_eq(fl_gcm_encrypt(sample.gcm, &sample.text, out, NULL), FLOW_OK);
            check_hex(out, size, cases[i].sealed);
        }
        ck_assert_int_eq(fl_gcm_encrypt(sample.gcm, &sample.text, sample.bytes, NULL), FLOW_OK);
        check_hex(sample.bytes, size, cases[i].sealed);
        fl_gcm_free(sample.gcm);
    }
}
END_TEST

START_TEST(what_was_encrypted_is_decrypted_where_it_is)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample sample;
        sample_init(&sample, i, cases[i].sealed);
        ck_assert_int_eq(fl_gcm_decrypt(sample.gcm, &sample.text, sample.bytes, NULL), FLOW_OK);
        check_hex(sample.bytes, sample.text.in.size - FL_GCM_TAG, PLAIN);
        fl_gcm_free(sample.gcm);
    }
}
END_TEST

static int decrypt(struct sample *sample)
{
    uint8_t out[MOST];

    return fl_gcm_decrypt(sample->gcm, &sample->text, out, NULL);
}

START_TEST(every_change_is_noticed)
{
    struct sample sample;

    sample_init(&sample, 2, cases[2].sealed);
    for (size_t bit = 0; bit < 8 * sample.text.in.size; bit++) {
        sample.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(decrypt(&sample), FLOW_EPARSE);
        sample.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sample.text.aad.size; bit++) {
        sample.aad[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(decrypt(&sample), FLOW_EPARSE);
        sample.aad[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    sample.nonce[11] ^= 1;
    ck_assert_int_eq(decrypt(&sample), FLOW_EPARSE);
    sample.nonce[11] ^= 1;
    sample.text.in.size--;
    ck_assert_int_eq(decrypt(&sample), FLOW_EPARSE);
    sample.text.in.size = FL_GCM_TAG - 1;
    ck_assert_int_eq(decrypt(&sample), FLOW_EPARSE);
    sample.text.in.size = strlen(cases[2].sealed) / 2;
    ck_assert_int_eq(decrypt(&sample), FLOW_OK);
    fl_gcm_free(sample.gcm);
}
END_TEST

/* A host that uses libcrypto in the same thread finds the errors that it knows of, and no others.
 */
START_TEST(what_fails_leaves_no_error_with_the_thread)
{
    struct sample sample;

    ERR_clear_error();
    sample_init(&sample, 2, cases[2].sealed);
    sample.bytes[0] ^= 1;
    ck_assert_int_eq(decrypt(&sample), FLOW_EPARSE);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_USER, 7);
    unsigned long theirs = ERR_peek_last_error();
    ck_assert_int_eq(decrypt(&sample), FLOW_EPARSE);
    fl_gcm_free(sample.gcm);
    ck_assert_uint_eq(ERR_get_error(), theirs);
    ck_assert_uint_eq(ERR_get_error(), 0);
}
END_TEST

START_TEST(nothing_at_all_can_be_encrypted)
{
    uint8_t out[FL_GCM_TAG];
    struct sample sample;

    sample_init(&sample, 0, "");
    ck_assert_int_eq(fl_gcm_encrypt(sample.gcm, &sample.text, out, NULL), FLOW_OK);
    sample.text.in = (struct fl_bytes){out, sizeof out};
    ck_assert_int_eq(decrypt(&sample), FLOW_OK);
    fl_gcm_free(sample.gcm);
}
END_TEST

/* ---- derived keys ---- */

/* RFC 5869, A.1 and A.3. */
START_TEST(keys_are_derived_as_the_rfc_has_it)
{
    uint8_t secret[22], salt[13], out[42];
    const struct fl_bytes from = {secret, sizeof secret};
    struct fl_bytes with = {salt, sizeof salt};

    memset(secret, 0x0b, sizeof secret);
    unhex("000102030405060708090a0b0c", salt);
    ck_assert_int_eq(fl_crypto_derive(crypto, &from, &with,
                                      "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", out, sizeof out,
                                      NULL),
                     FLOW_OK);
    check_hex(
        out, sizeof out,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    with.size = 0;
    ck_assert_int_eq(fl_crypto_derive(crypto, &from, &with, "", out, sizeof out, NULL), FLOW_OK);
    check_hex(
        out, sizeof out,
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}
END_TEST

START_TEST(every_lack_of_memory_is_an_error)
{
    const struct fl_key key = {.size = 16};
    int rc = FLOW_ENOMEM;

    for (int64_t grants = 0; rc != FLOW_OK; grants++) {
        struct failing failing;
        struct fl_crypto *loaded = NULL;
        struct fl_gcm *gcm = NULL;
        failing_init(&failing);
        failing_after(&failing, grants);
        rc = fl_crypto_open(&failing.allocator, &loaded, NULL);
        if (!rc)
            rc = fl_gcm_new(loaded, &key, &gcm, NULL);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
        fl_gcm_free(gcm);
        fl_crypto_close(loaded);
        ck_assert_int_eq(failing.live, 0);
    }
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"encrypt", every_size_of_key_encrypts_as_the_vectors_have_it},
        {"decrypt", what_was_encrypted_is_decrypted_where_it_is},
        {"changes", every_change_is_noticed},
        {"errors", what_fails_leaves_no_error_with_the_thread},
        {"nothing", nothing_at_all_can_be_encrypted},
        {"derive", keys_are_derived_as_the_rfc_has_it},
        {"memory", every_lack_of_memory_is_an_error},
    };

    return RUN_SUITE_BETWEEN("unit/store_gcm", tests, set_up, tear_down);
}
