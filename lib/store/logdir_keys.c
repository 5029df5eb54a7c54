/* SPDX-License-Identifier: Apache-2.0 */

/* The keys that somebody who looks at a log gives. */

#include "base/error.h"
#include "core/library.h"
#include "core/table.h"
#include "store/logdir.h"

static int check(const flow_logdir_keys *from, flow_error **err)
{
    if (from->key_store && from->key_password && from->key_password_count % 2 == 0 &&
        (from->key_passwords || !from->key_password_count))
        return FLOW_OK;
    return flow_error_set(
        err, FLOW_EINVAL,
        "a key store has a file with its password, and so has each name of a key");
}

static int open_store(struct fl_logdir_keys *keys, flow_library *lib, const flow_logdir_keys *from,
                      flow_error **err)
{
    for (size_t i = 0; i < from->key_password_count; i += 2) {
        const struct fl_flume_key_password own = {from->key_passwords[i],
                                                  from->key_passwords[i + 1]};
        if (!own.alias || !own.path)
            return flow_error_set(err, FLOW_EINVAL, "a key has a name and a file");
        if (!fl_vec_push(&keys->passwords, &own))
            return fl_error_nomem(err);
    }
    const struct fl_flume_key_store store = {
        .path = from->key_store,
        .password_path = from->key_password,
        .passwords = keys->passwords.items,
        .password_count = keys->passwords.count,
    };
    return fl_flume_keys_open(lib->io, &lib->allocator, &store, &keys->store, err);
}

int fl_logdir_keys_open(struct fl_logdir_keys *keys, flow_library *lib,
                        const flow_logdir_keys *theirs, flow_error **err)
{
    flow_logdir_keys from = {.struct_size = sizeof from};
    int rc = fl_options_import(&from, sizeof from, sizeof from, theirs, "flow_logdir_keys", err);

    fl_vec_init(&keys->passwords, &lib->allocator, sizeof(struct fl_flume_key_password));
    if (!rc)
        rc = check(&from, err);
    return rc ? rc : open_store(keys, lib, &from, err);
}

void fl_logdir_keys_close(struct fl_logdir_keys *keys)
{
    fl_flume_keys_close(keys->store);
    fl_vec_free(&keys->passwords);
}
