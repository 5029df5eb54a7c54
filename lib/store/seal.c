/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/le.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/seal.h"

static const uint8_t magic[8] = {'F', 'L', 'O', 'W', 'K', 'E', 'Y', '\n'};
#define AES_GCM 1u /* with keys by HKDF and SHA-256, the only way so far */
#define NAME_AT 76u
#define SUM_AT (FL_SEAL_FRONT - 4)
#define INFO "libflow log 1"

struct fl_sealing {
    const flow_allocator *mem;
    const struct fl_key_provider *provider;
    struct fl_crypto *crypto;
    char *active; /* or NULL */
};

/* ---- how a key is made, as bytes ---- */

void fl_seal_front_write(const struct fl_seal_front *front, uint8_t out[FL_SEAL_FRONT])
{
    size_t size = strlen(front->name);

    memset(out, 0, FL_SEAL_FRONT);
    memcpy(out, magic, sizeof magic);
    uint8_t *at = fl_le32_put(out + sizeof magic, AES_GCM);
    at = fl_le32_put(at, front->key_size);
    at = fl_le64_put(at, front->owner);
    memcpy(at, front->salt, FL_SEAL_SALT);
    memcpy(at + FL_SEAL_SALT, front->check, FL_SEAL_CHECK);
    fl_le32_put(at + FL_SEAL_SALT + FL_SEAL_CHECK, (uint32_t)size);
    memcpy(out + NAME_AT, front->name, size);
    fl_le32_put(out + SUM_AT, fl_crc32c(0, out, SUM_AT));
}

int fl_seal_front_read(const uint8_t *in, struct fl_seal_front *front)
{
    if (memcmp(in, magic, sizeof magic) || fl_le32_get(in + SUM_AT) != fl_crc32c(0, in, SUM_AT))
        return 0;
    uint32_t size = fl_le32_get(in + NAME_AT - 4);
    if (fl_le32_get(in + 8) != AES_GCM || size == 0 || size > FL_SEAL_NAME)
        return 0;
    front->key_size = fl_le32_get(in + 12);
    front->owner = fl_le64_get(in + 16);
    memcpy(front->salt, in + 24, FL_SEAL_SALT);
    memcpy(front->check, in + 24 + FL_SEAL_SALT, FL_SEAL_CHECK);
    memset(front->name, 0, sizeof front->name);
    memcpy(front->name, in + NAME_AT, size);
    return 1;
}

/* ---- the keys of a store ---- */

static int check_active(const struct fl_sealing *sealing, flow_error **err)
{
    struct fl_key key;

    if (strlen(sealing->active) == 0 || strlen(sealing->active) > FL_SEAL_NAME)
        return flow_error_setf(err, FLOW_ECONFIG, "the name of a key has 1 to %u bytes",
                               FL_SEAL_NAME);
    int rc = sealing->provider->get(sealing->provider->self, sealing->active, &key, err);
    explicit_bzero(&key, sizeof key);
    return rc;
}

int fl_sealing_open(const flow_allocator *mem, const struct fl_key_provider *provider,
                    const char *active, struct fl_sealing **sealing, flow_error **err)
{
    struct fl_sealing *made = fl_zalloc(mem, sizeof *made);

    *sealing = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    made->provider = provider;
    made->active = fl_strdup(mem, active);
    int rc = active && !made->active ? fl_error_nomem(err) : FLOW_OK;
    if (!rc)
        rc = fl_crypto_open(mem, &made->crypto, err);
    if (!rc && active)
        rc = check_active(made, err);
    if (rc)
        fl_sealing_close(made);
    else
        *sealing = made;
    return rc;
}

void fl_sealing_close(struct fl_sealing *sealing)
{
    if (!sealing)
        return;
    fl_crypto_close(sealing->crypto);
    fl_free(sealing->mem, sealing->active);
    fl_free(sealing->mem, sealing);
}

int fl_sealing_is_active(const struct fl_sealing *sealing)
{
    return sealing && sealing->active;
}

/* Makes the key of FRONT, and what shows whether it is the right one. */
static int derive(const struct fl_sealing *sealing, const struct fl_seal_front *front,
                  const struct fl_key *named, struct fl_key *key, uint8_t check[FL_SEAL_CHECK],
                  flow_error **err)
{
    uint8_t made[FL_KEY_MOST + FL_SEAL_CHECK];
    const struct fl_bytes secret = {named->bytes, named->size}, salt = {front->salt, FL_SEAL_SALT};
    int rc = fl_crypto_derive(sealing->crypto, &secret, &salt, INFO, made, sizeof made, err);

    key->size = named->size;
    memcpy(key->bytes, made, FL_KEY_MOST);
    memcpy(check, made + FL_KEY_MOST, FL_SEAL_CHECK);
    explicit_bzero(made, sizeof made);
    return rc;
}

int fl_seal_begin(const struct fl_sealing *sealing, uint64_t owner, struct fl_seal_front *front,
                  struct fl_gcm **gcm, flow_error **err)
{
    struct fl_key named = {.size = 0}, key = {.size = 0};
    int rc = sealing->provider->get(sealing->provider->self, sealing->active, &named, err);

    *front = (struct fl_seal_front){.owner = owner, .key_size = (uint32_t)named.size};
    memcpy(front->name, sealing->active, strlen(sealing->active));
    if (!rc)
        rc = fl_random(front->salt, sizeof front->salt, err);
    if (!rc)
        rc = derive(sealing, front, &named, &key, front->check, err);
    if (!rc)
        rc = fl_gcm_new(sealing->crypto, &key, gcm, err);
    explicit_bzero(&named, sizeof named);
    explicit_bzero(&key, sizeof key);
    return rc;
}

/* ---- keys of what is there ---- */

static int find_named(const struct fl_sealing *sealing, const struct fl_seal_front *front,
                      const char *path, struct fl_key *named, flow_error **err)
{
    flow_error *why = NULL;

    if (!sealing)
        return flow_error_setf(err, FLOW_ECONFIG,
                               "%s is encrypted with the key '%s', and there are no keys "
                               "(encryption.keyProvider)",
                               path, front->name);
    int rc = sealing->provider->get(sealing->provider->self, front->name, named, &why);
    if (rc != FLOW_ECONFIG) {
        fl_error_pass(err, why);
        return rc;
    }
    flow_error_setf(err, rc, "%s is encrypted with the key '%s': %s", path, front->name,
                    flow_error_message(why));
    flow_error_free(why);
    return rc;
}

static int check_named(const struct fl_seal_front *front, const struct fl_key *named,
                       const uint8_t check[FL_SEAL_CHECK], const char *path, flow_error **err)
{
    if (named->size == front->key_size && !memcmp(check, front->check, FL_SEAL_CHECK))
        return FLOW_OK;
    return flow_error_setf(err, FLOW_ECONFIG,
                           "%s is encrypted with another key '%s' than the one there is now", path,
                           front->name);
}

int fl_seal_open(const struct fl_sealing *sealing, const struct fl_seal_front *front,
                 const char *path, struct fl_gcm **gcm, flow_error **err)
{
    struct fl_key named = {.size = 0}, key = {.size = 0};
    uint8_t check[FL_SEAL_CHECK];
    int rc = find_named(sealing, front, path, &named, err);

    if (!rc)
        rc = derive(sealing, front, &named, &key, check, err);
    if (!rc)
        rc = check_named(front, &named, check, path, err);
    if (!rc)
        rc = fl_gcm_new(sealing->crypto, &key, gcm, err);
    explicit_bzero(&named, sizeof named);
    explicit_bzero(&key, sizeof key);
    return rc;
}
