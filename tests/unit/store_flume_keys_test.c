/* SPDX-License-Identifier: Apache-2.0 */

/* Keys that Java's keytool made and a channel that Flume encrypted with one of them (see
 * tests/data/flume-log). */

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "flume_channel.h"
#include "store/flume_keys.h"
#include "suite.h"
#include "wire/java_object.h"
#include "wire/jceks.h"

#define DATA TEST_DATA "/flume-log"
#define KEYS DATA "/encrypted/keys/"
#define ALL "3 4 5 6 7 8 9 10 11 15 16 17 "

static struct fl_flume_key_store good_store(void)
{
    return (struct fl_flume_key_store){.path = KEYS "keystore", .password_path = KEYS "password"};
}

static struct fl_flume_keys *open_keys(const struct fl_flume_key_store *store)
{
    struct fl_flume_keys *keys;
    flow_error *err = NULL;

    fl_flume_keys_open(fl_io_system(), NULL, store, &keys, &err);
    ck_assert_msg(!err, "%s", flow_error_message(err));
    return keys;
}

static void check_refused(const struct fl_flume_key_store *store, int code, const char *part)
{
    struct fl_flume_keys *keys;
    flow_error *err = NULL;

    ck_assert_int_eq(fl_flume_keys_open(fl_io_system(), NULL, store, &keys, &err), code);
    ck_assert_msg(strstr(flow_error_message(err), part), "%s", flow_error_message(err));
    ck_assert_ptr_null(keys);
    flow_error_free(err);
}

/* Decrypts some bytes with a key and a cipher of these names. */
static int decrypt(const struct fl_flume_keys *keys, const char *alias, const char *cipher,
                   size_t parameters, flow_error **err)
{
    const struct fl_flume_cipher *with = fl_flume_keys_cipher(keys);
    struct fl_flume_encryption how = {
        .cipher = fl_proto(cipher, strlen(cipher)),
        .alias = fl_proto(alias, strlen(alias)),
        .parameters = fl_proto("0123456789abcdef", parameters),
    };
    uint8_t data[4] = {0};

    return with->decrypt(with->self, &how, data, sizeof data, err);
}

START_TEST(an_encrypted_channel_is_imported_with_its_key)
{
    struct fl_flume_key_store store = good_store();
    struct fl_flume_keys *keys = open_keys(&store);
    struct flume_channel channel;
    struct fl_flume_counts counts;

    flume_channel_use(&channel, DATA, "encrypted", 1);
    channel.options.cipher = fl_flume_keys_cipher(keys);
    flume_channel_expect(&channel, ALL, &counts);
    ck_assert_int_eq(counts.has_used_checkpoint, 1);
    channel.options.checkpoint_dir = NULL;
    flume_channel_expect(&channel, ALL, &counts);
    ck_assert_uint_eq(counts.puts, 22);
    fl_flume_keys_close(keys);
}
END_TEST

START_TEST(what_does_not_fit_is_told_by_name)
{
    struct fl_flume_key_store store = good_store();
    struct fl_flume_keys *keys = open_keys(&store);
    flow_error *err = NULL;

    ck_assert_int_eq(decrypt(keys, "key-0", "AESCTRNOPADDING", 16, NULL), FLOW_OK);
    ck_assert_int_eq(decrypt(keys, "KEY-1", "AesCtrNoPadding", 16, NULL), FLOW_OK);
    ck_assert_int_eq(decrypt(keys, "key-1",
                             "org.apache.flume.channel.file.encryption.AESCTRNoPaddingProvider", 16,
                             NULL),
                     FLOW_OK);
    ck_assert_int_eq(decrypt(keys, "key-2", "AESCTRNOPADDING", 16, &err), FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "keystore has no key 'key-2'"));
    flow_error_free(err);
    err = NULL;
    ck_assert_int_eq(decrypt(keys, "key-1", "com.example.Rot13", 16, &err), FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "'com.example.Rot13' is not one"));
    flow_error_free(err);
    ck_assert_int_eq(decrypt(keys, "key-1", "AESCTRNOPADDING", 15, NULL), FLOW_ECONFIG);
    fl_flume_keys_close(keys);
}
END_TEST

START_TEST(a_wrong_password_is_noticed)
{
    struct fl_flume_key_store store = good_store();
    const struct fl_flume_key_password own = {"key-1", KEYS "keystore"};
    flow_error *err = NULL;

    store.password_path = KEYS "../expected"; /* a file of something else */
    check_refused(&store, FLOW_ECONFIG, "does not have the password in");
    store.password_path = "/nonexistent";
    check_refused(&store, FLOW_ENOENT, "/nonexistent");

    store = good_store();
    store.passwords = &own;
    store.password_count = 1;
    struct fl_flume_keys *keys = open_keys(&store);
    ck_assert_int_eq(decrypt(keys, "key-0", "AESCTRNOPADDING", 16, NULL), FLOW_OK);
    ck_assert_int_eq(decrypt(keys, "key-1", "AESCTRNOPADDING", 16, &err), FLOW_ECONFIG);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "the key 'key-1'"));
    ck_assert_uint_eq(ERR_peek_error(), 0); /* the thread may be the host's */
    flow_error_free(err);
    fl_flume_keys_close(keys);
}
END_TEST

START_TEST(a_file_that_is_no_key_store_is_refused)
{
    struct fl_flume_key_store store = good_store();

    store.path = KEYS "password";
    check_refused(&store, FLOW_EPARSE, "is no key store");
    store.path = "/nonexistent";
    check_refused(&store, FLOW_ENOENT, "/nonexistent");
}
END_TEST

START_TEST(every_lack_of_memory_is_an_error)
{
    struct fl_flume_key_store store = good_store();
    int rc = FLOW_ENOMEM;

    for (int64_t grants = 0; rc != FLOW_OK; grants++) {
        struct failing failing;
        struct fl_flume_keys *keys;
        flow_error *err = NULL;

        failing_init(&failing);
        failing_after(&failing, grants);
        rc = fl_flume_keys_open(fl_io_system(), &failing.allocator, &store, &keys, &err);
        if (!rc)
            rc = decrypt(keys, "key-1", "AESCTRNOPADDING", 16, &err);
        fl_flume_keys_close(keys);
        ck_assert_int_eq(failing.live, 0);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
        flow_error_free(err);
        ck_assert_int_lt(grants, 100);
    }
}
END_TEST

/* ---- the bytes ---- */

static struct fl_buf load_store(void)
{
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    ck_assert_int_eq(fl_file_load(fl_io_system(), KEYS "keystore", 100000, &bytes, NULL), FLOW_OK);
    return bytes;
}

static int find(const struct fl_buf *bytes, size_t size, const char *alias,
                struct fl_jceks_key *key)
{
    uint8_t *exact = malloc(size ? size : 1);
    struct fl_proto name = fl_proto(alias, strlen(alias));

    memcpy(exact, bytes->data, size);
    int rc = fl_jceks_find(exact, size, &name, key);
    free(exact);
    return rc;
}

START_TEST(sealed_keys_are_found_in_the_store)
{
    struct fl_buf bytes = load_store();
    struct fl_jceks_key key;

    ck_assert_int_eq(find(&bytes, bytes.size, "key-0", &key), FLOW_OK);
    ck_assert_uint_eq(fl_proto_left(&key.sealed), 0x90);
    ck_assert_uint_eq(key.iterations, 200000);
    ck_assert_int_eq(find(&bytes, bytes.size, "Key-1", &key), FLOW_OK);
    ck_assert_uint_eq(fl_proto_left(&key.sealed), 0xa0);
    ck_assert_uint_eq(fl_proto_left(&key.salt), 8);
    ck_assert_int_eq(find(&bytes, bytes.size, "key", &key), FLOW_ENOENT);
    for (size_t size = 0; size < bytes.size; size++)
        ck_assert_int_eq(find(&bytes, size, "key-1", &key), FLOW_EPARSE);
    fl_buf_free(&bytes);
}
END_TEST

/* Certificates and private keys may be in a store too. */
START_TEST(other_entries_are_passed_over)
{
    static const char others[] = "\xce\xce\xce\xce\0\0\0\2\0\0\0\2"
                                 "\0\0\0\1\0\1a\0\0\0\0\0\0\0\0\0\0\0\2PK\0\0\0\1\0\1X\0\0\0\1C"
                                 "\0\0\0\2\0\1b\0\0\0\0\0\0\0\0\0\1X\0\0\0\3CCC"
                                 "01234567890123456789";
    struct fl_proto alias = fl_proto("a", 1);
    struct fl_jceks_key key;

    ck_assert_int_eq(fl_jceks_find(others, sizeof others - 1, &alias, &key), FLOW_ENOENT);
    for (size_t size = 0; size < sizeof others - 1; size++)
        ck_assert_int_eq(fl_jceks_find(others, size, &alias, &key), FLOW_EPARSE);
}
END_TEST

#define OBJECT "\xac\xed\0\5sr\0\1K12345678\2"
#define READ(text) (in = fl_proto(text, sizeof(text) - 1), fl_java_object_read(&in, &object))

START_TEST(plain_objects_of_java_are_read)
{
    struct fl_java_object object;
    struct fl_proto in;

    ck_assert_int_eq(READ(OBJECT "\0\3I\0\1nL\0\1tt\0\1S[\0\1bt\0\1Bxp"
                                 "\0\0\0\7t\0\2hiur\0\2[B12345678\2\0\0xp\0\0\0\3xyz"),
                     FLOW_OK);
    ck_assert_uint_eq(fl_proto_left(&in), 0);
    ck_assert_uint_eq(object.count, 3);
    ck_assert_mem_eq(fl_java_object_get(&object, "t", 'L')->at, "hi", 2);
    ck_assert_mem_eq(fl_java_object_get(&object, "b", '[')->at, "xyz", 3);
    ck_assert_ptr_null(fl_java_object_get(&object, "b", 'L'));
    /* Null instead of both. */
    ck_assert_int_eq(READ(OBJECT "\0\2L\0\1tt\0\1S[\0\1bt\0\1Bxppp"), FLOW_OK);
    ck_assert_uint_eq(fl_proto_left(fl_java_object_get(&object, "b", '[')), 0);
}
END_TEST

START_TEST(objects_that_are_not_plain_are_refused)
{
    struct fl_java_object object;
    struct fl_proto in;

    ck_assert_int_eq(READ("\xac\xed\0\5p"), FLOW_EPARSE);                       /* null */
    ck_assert_int_eq(READ("\xac\xed\0\5sr\0\1K12345678\3\0\0xp"), FLOW_EPARSE); /* own writer */
    ck_assert_int_eq(READ(OBJECT "\0\1Q\0\1nxp\0"), FLOW_EPARSE);               /* type */
    ck_assert_int_eq(READ(OBJECT "\0\1L\0\1tt\0\1Sxpsr"), FLOW_EPARSE);         /* object in it */
    ck_assert_int_eq(READ(OBJECT "\0\1L\0\1tq\0~\0\7xp"), FLOW_EPARSE);         /* no such thing */
    ck_assert_int_eq(READ(OBJECT "\0\1L\0\1tq\0~\0\0xp"), FLOW_EPARSE); /* a class as text */
    ck_assert_int_eq(READ(OBJECT "\0\0xq\0~\0\0"), FLOW_EPARSE);        /* its own parent */
    ck_assert_int_eq(READ(OBJECT "\xff\xff"), FLOW_EPARSE);             /* too many fields */
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"import", an_encrypted_channel_is_imported_with_its_key},
        {"names", what_does_not_fit_is_told_by_name},
        {"password", a_wrong_password_is_noticed},
        {"store", a_file_that_is_no_key_store_is_refused},
        {"out_of_memory", every_lack_of_memory_is_an_error},
        {"sealed", sealed_keys_are_found_in_the_store},
        {"others", other_entries_are_passed_over},
        {"objects", plain_objects_of_java_are_read},
        {"refused", objects_that_are_not_plain_are_refused},
    };

    return RUN_SUITE("flume_keys", tests);
}
