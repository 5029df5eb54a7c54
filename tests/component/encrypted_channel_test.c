/* SPDX-License-Identifier: Apache-2.0 */

/* The channels that have a log, with Flume's settings of encryption and keys that Java's keytool
 * made (see tests/data/keys). */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "places.h"
#include "suite.h"

#define KEYS TEST_DATA "/keys/"
#define STORE "encryption.keyProvider.keyStoreFile", KEYS "keystore"
#define PASSWORD "encryption.keyProvider.keyStorePasswordFile", KEYS "password"
#define LISTED "encryption.keyProvider.keys", "key-0 key-1 key-2"
#define OWN "encryption.keyProvider.keys.key-2.passwordFile", KEYS "password-2"
#define CIPHER "encryption.cipherProvider", "AESCTRNOPADDING"
#define PROVIDER "encryption.keyProvider", "JCEKSFILE"

/* As Flume's own guide has it, with the key ACTIVE. */
#define ENCRYPTED(active) "encryption.activeKey", active, CIPHER, PROVIDER, STORE, PASSWORD, LISTED

static struct places places;

static void set_up(void)
{
    places_init(&places, 1);
}

static void tear_down(void)
{
    places_free(&places);
}

/* ---- what is in the files ---- */

static int holds(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    static char content[1 << 22];

    ck_assert_ptr_nonnull(file);
    size_t got = fread(content, 1, sizeof content, file);
    fclose(file);
    return memmem(content, got, bytes, size) != NULL;
}

/* Whether some file of FOLDER holds that. */
static int any_holds(const char *folder, const void *bytes, size_t size)
{
    DIR *dir = opendir(folder);
    int found = 0;

    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        found |= entry->d_name[0] != '.' && holds(path, bytes, size);
    }
    closedir(dir);
    return found;
}

static void put_text(struct memory_rig *rig, const char *text)
{
    flow_txn *txn = begin(rig->channel);
    flow_batch *batch = NULL;

    ck_assert_int_eq(flow_batch_new(rig->lib, &batch, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_add(batch, text, strlen(text), NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_put_batch(txn, batch, NULL), FLOW_OK);
    flow_batch_free(batch);
    commit(txn);
}

START_TEST(bodies_cannot_be_read_in_the_files)
{
    struct memory_rig rig;

    places_up(&rig, AT(&places));
    put_text(&rig, "in the clear");
    rig_down(&rig);
    ck_assert(any_holds(places.data, "in the clear", 12));
    places_up(&rig, AT(&places, ENCRYPTED("key-0")));
    put_text(&rig, "a secret");
    rig_down(&rig);
    ck_assert(!any_holds(places.data, "a secret", 8));
    ck_assert(any_holds(places.data, "key-0", 5)); /* by that name it is found again */
}
END_TEST

START_TEST(what_is_spilled_is_encrypted)
{
    struct memory_rig rig;

    rig_up(&rig, RIG_SPILL, SPILLING(&places, "0", ENCRYPTED("key-1")));
    put_text(&rig, "a secret");
    rig_down(&rig);
    ck_assert(any_holds(places.data, "key-1", 5));
    ck_assert(!any_holds(places.data, "a secret", 8));
    rig_up(&rig, RIG_SPILL, SPILLING(&places, "0", ENCRYPTED("key-0")));
    ck_assert_uint_eq(flow_channel_size(rig.channel), 1);
    rig_down(&rig);
}
END_TEST

/* ---- keys that change ---- */

START_TEST(events_outlast_a_change_of_keys)
{
    struct memory_rig rig;

    places_up(&rig, AT(&places, ENCRYPTED("key-0")));
    put_numbers(&rig, 0, 100);
    places_reopen(&rig);
    rig_down(&rig);
    places_up(&rig, AT(&places, ENCRYPTED("key-1"), "compression", "zstd"));
    put_numbers(&rig, 100, 100);
    rig_down(&rig);
    places_up(&rig, AT(&places, ENCRYPTED("key-1"), "compression", "zstd"));
    take_all(&rig, 0, 200);
    rig_down(&rig);
}
END_TEST

static void put_and_take_some(const struct places *at)
{
    struct memory_rig rig;

    places_up(&rig, AT(at, ENCRYPTED("key-1"), "compression", "zstd"));
    put_numbers(&rig, 0, 300);
    flow_txn *txn = begin(rig.channel);
    expect_take(txn, 120, 0, 120);
    commit(txn);
}

START_TEST(a_process_that_dies_leaves_what_the_next_can_read)
{
    struct memory_rig rig;

    places_dies(&places, put_and_take_some);
    places_up(&rig, AT(&places, ENCRYPTED("key-0")));
    take_all(&rig, 120, 180);
    rig_down(&rig);
}
END_TEST

static void expect_refused(const char *const *settings, const char *part)
{
    struct memory_rig rig;
    flow_error *err = NULL;

    int rc = memory_rig_new(&rig, RIG_FILE, settings, &err);
    expect_error(rc, FLOW_ECONFIG, err, part);
    memory_rig_free(&rig);
}

START_TEST(a_log_without_its_keys_is_refused)
{
    struct memory_rig rig;

    places_up(&rig, AT(&places, ENCRYPTED("key-0")));
    put_numbers(&rig, 0, 10);
    rig_down(&rig);
    expect_refused(AT(&places), "is encrypted with the key 'key-0', and there are no keys");
    places_up(&rig, AT(&places, ENCRYPTED("key-0")));
    take_all(&rig, 0, 10);
    rig_down(&rig);
}
END_TEST

START_TEST(a_key_store_that_cannot_be_opened_is_told)
{
    expect_refused(AT(&places, ENCRYPTED("key-3")), "keystore has no key 'key-3'");
    expect_refused(AT(&places, ENCRYPTED("key-2")), "the key 'key-2'"); /* by the store's */
    expect_refused(AT(&places, "encryption.activeKey", "key-0", CIPHER, PROVIDER, STORE,
                      "encryption.keyProvider.keyStorePasswordFile", KEYS "keystore", LISTED),
                   "does not have the password in");
    expect_refused(AT(&places, ENCRYPTED("key-1"), "encryption.keyProvider.keys.key-1.passwordFile",
                      KEYS "keystore"),
                   "the key 'key-1'");
}
END_TEST

/* ---- settings ---- */

START_TEST(settings_that_do_not_fit_are_refused)
{
    expect_refused(AT(&places, "encryption.activeKey", "key-0"), "encryption.keyProvider");
    expect_refused(AT(&places, PROVIDER, CIPHER), "encryption.activeKey");
    expect_refused(AT(&places, PROVIDER, "encryption.activeKey", "key-0"),
                   "encryption.cipherProvider");
    expect_refused(AT(&places, PROVIDER, CIPHER, "encryption.activeKey", "key-0"), "keyStoreFile");
    expect_refused(AT(&places, PROVIDER, CIPHER, "encryption.activeKey", "key-0", STORE),
                   "keyStorePasswordFile");
    expect_refused(AT(&places, PROVIDER, CIPHER, "encryption.activeKey", "key-0", STORE, PASSWORD),
                   "encryption.keyProvider.keys");
    expect_refused(AT(&places, "encryption.keyProvider", "com.example.Mine", CIPHER,
                      "encryption.activeKey", "key-0", STORE, PASSWORD, LISTED),
                   "cannot be loaded");
    expect_refused(AT(&places, PROVIDER, "encryption.cipherProvider", "ROT13",
                      "encryption.activeKey", "key-0", STORE, PASSWORD, LISTED),
                   "AESGCM");
    expect_refused(AT(&places, ENCRYPTED("key-0"), "encryption.keyProvider.keys.key-1.secret", "x"),
                   ".passwordFile");
}
END_TEST

START_TEST(a_key_may_have_a_password_of_its_own)
{
    struct memory_rig rig;

    places_up(&rig, AT(&places, ENCRYPTED("key-2"), OWN));
    put_numbers(&rig, 0, 5);
    rig_down(&rig);
    places_up(&rig, AT(&places, ENCRYPTED("key-0"), OWN));
    take_all(&rig, 0, 5);
    rig_down(&rig);
}
END_TEST

START_TEST(the_names_of_flumes_classes_will_do)
{
    struct memory_rig rig;

    places_up(&rig, AT(&places, "encryption.keyProvider",
                       "org.apache.flume.channel.file.encryption.JCEFileKeyProvider$Builder",
                       "encryption.cipherProvider",
                       "org.apache.flume.channel.file.encryption.AESCTRNoPaddingProvider",
                       "encryption.activeKey", "key-0", STORE, PASSWORD, LISTED));
    put_numbers(&rig, 0, 5);
    take_all(&rig, 0, 5);
    rig_down(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"files", bodies_cannot_be_read_in_the_files},
        {"spilled", what_is_spilled_is_encrypted},
        {"rotation", events_outlast_a_change_of_keys},
        {"death", a_process_that_dies_leaves_what_the_next_can_read},
        {"no keys", a_log_without_its_keys_is_refused},
        {"key store", a_key_store_that_cannot_be_opened_is_told},
        {"settings", settings_that_do_not_fit_are_refused},
        {"own password", a_key_may_have_a_password_of_its_own},
        {"classes", the_names_of_flumes_classes_will_do},
    };

    return RUN_SUITE_BETWEEN("component/encrypted_channel", tests, set_up, tear_down);
}
