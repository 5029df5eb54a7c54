/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "channels/disk_keys.h"

#define FLUME "org.apache.flume.channel.file.encryption."
#define PROVIDER "encryption.keyProvider"
#define ACTIVE "encryption.activeKey"
#define CIPHER "encryption.cipherProvider"
#define STORE_FILE PROVIDER ".keyStoreFile"
#define PASSWORD_FILE PROVIDER ".keyStorePasswordFile"
#define KEYS PROVIDER ".keys"
#define OWN_PASSWORDS KEYS "."
#define OWN_SUFFIX ".passwordFile"

/* ---- whether they fit together ---- */

/* Flume's names of a thing: a short one of any case, and that of a class. */
static int is_named(const char *value, const char *name, const char *class)
{
    return fl_equal_ignore_case(value, name) || strcmp(value, class) == 0;
}

static int is_set(const flow_context *ctx, const char *key)
{
    const char *value = flow_context_string(ctx, key);

    return value && *value;
}

/* As Flume has it: all three or none. */
static int check_all(const flow_context *ctx, flow_error **err)
{
    static const char *const keys[] = {PROVIDER, ACTIVE, CIPHER, STORE_FILE, PASSWORD_FILE};
    char why[160];

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (is_set(ctx, keys[i]))
            continue;
        snprintf(why, sizeof why,
                 "it is not set; a log is encrypted by " PROVIDER ", " ACTIVE " and " CIPHER
                 " together, or not at all");
        return flow_context_refuse(ctx, keys[i], why, err);
    }
    if (!flow_context_word(ctx, KEYS, 0))
        return flow_context_refuse(ctx, KEYS, "it names no key of the key store", err);
    return FLOW_OK;
}

static int check_kinds(const flow_context *ctx, flow_error **err)
{
    const char *cipher = flow_context_string(ctx, CIPHER);

    if (!is_named(flow_context_string(ctx, PROVIDER), "JCEKSFILE",
                  FLUME "JCEFileKeyProvider$Builder"))
        return flow_context_refuse(ctx, PROVIDER,
                                   "keys come from a key store, JCEKSFILE; classes of one's own "
                                   "cannot be loaded",
                                   err);
    if (!is_named(cipher, "AESCTRNOPADDING", FLUME "AESCTRNoPaddingProvider") &&
        !fl_equal_ignore_case(cipher, "AESGCM"))
        return flow_context_refuse(ctx, CIPHER,
                                   "it is AESGCM, or AESCTRNOPADDING as in Flume, which means the "
                                   "same here",
                                   err);
    if (strlen(flow_context_string(ctx, ACTIVE)) > FL_SEAL_NAME)
        return flow_context_refuse(ctx, ACTIVE, "the name is too long", err);
    return FLOW_OK;
}

/* The length of ALIAS in "ALIAS.passwordFile"; 0: it is something else. */
static size_t alias_size(const char *key)
{
    size_t size = strlen(key), suffix = sizeof OWN_SUFFIX - 1;

    if (size <= suffix || strcmp(key + size - suffix, OWN_SUFFIX))
        return 0;
    return size - suffix;
}

static int check_passwords(const flow_context *ctx, flow_error **err)
{
    const char *key, *value;

    for (size_t i = 0; flow_context_below(ctx, OWN_PASSWORDS, i, &key, &value); i++) {
        if (alias_size(key) == 0)
            return flow_context_refuse(ctx, OWN_PASSWORDS,
                                       "what follows is the name of a key and " OWN_SUFFIX, err);
    }
    return FLOW_OK;
}

static int is_wanted(const flow_context *ctx)
{
    const char *key, *value;

    return is_set(ctx, PROVIDER) || is_set(ctx, ACTIVE) || is_set(ctx, CIPHER) ||
           is_set(ctx, STORE_FILE) || is_set(ctx, PASSWORD_FILE) ||
           flow_context_word(ctx, KEYS, 0) ||
           flow_context_below(ctx, OWN_PASSWORDS, 0, &key, &value);
}

int fl_disk_keys_check(const flow_context *ctx, flow_error **err)
{
    if (!is_wanted(ctx))
        return FLOW_OK;
    int rc = check_all(ctx, err);
    if (!rc)
        rc = check_kinds(ctx, err);
    return rc ? rc : check_passwords(ctx, err);
}

/* ---- opening ---- */

static int add_passwords(struct fl_disk_keys *keys, const flow_context *ctx,
                         const flow_allocator *mem)
{
    const char *key, *value;

    for (size_t i = 0; flow_context_below(ctx, OWN_PASSWORDS, i, &key, &value); i++) {
        struct fl_flume_key_password own = {fl_strndup(mem, key, alias_size(key)), value};
        if (!own.alias || !fl_vec_push(&keys->passwords, &own)) {
            fl_free(mem, (void *)(uintptr_t)own.alias);
            return FLOW_ENOMEM;
        }
    }
    return FLOW_OK;
}

static int open_store(struct fl_disk_keys *keys, const flow_context *ctx, const flow_allocator *mem,
                      flow_error **err)
{
    if (add_passwords(keys, ctx, mem))
        return fl_error_nomem(err);
    const struct fl_flume_key_store from = {
        .path = flow_context_string(ctx, STORE_FILE),
        .password_path = flow_context_string(ctx, PASSWORD_FILE),
        .passwords = keys->passwords.items,
        .password_count = keys->passwords.count,
    };
    int rc = fl_flume_keys_open(fl_io_of(ctx), mem, &from, &keys->store, err);
    if (rc)
        return rc;
    return fl_sealing_open(mem, fl_flume_keys_provider(keys->store),
                           flow_context_string(ctx, ACTIVE), &keys->sealing, err);
}

int fl_disk_keys_open(struct fl_disk_keys *keys, const flow_context *ctx, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));

    *keys = (struct fl_disk_keys){.store = NULL};
    fl_vec_init(&keys->passwords, mem, sizeof(struct fl_flume_key_password));
    if (!is_set(ctx, PROVIDER))
        return FLOW_OK;
    int rc = open_store(keys, ctx, mem, err);
    if (rc)
        fl_disk_keys_close(keys, mem);
    return rc;
}

void fl_disk_keys_close(struct fl_disk_keys *keys, const flow_allocator *mem)
{
    fl_sealing_close(keys->sealing);
    fl_flume_keys_close(keys->store);
    for (size_t i = 0; i < keys->passwords.count; i++) {
        struct fl_flume_key_password *own = fl_vec_at(&keys->passwords, i);
        fl_free(mem, (void *)(uintptr_t)own->alias);
    }
    fl_vec_free(&keys->passwords);
    keys->sealing = NULL;
    keys->store = NULL;
}
