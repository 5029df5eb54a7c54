/* SPDX-License-Identifier: Apache-2.0 */

/* Where the keys of an encrypted channel are, of Flume's or of libflow's. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "logdir.h"

#define PROVIDER "encryption.keyProvider"
#define CLASS "org.apache.flume.channel.file.encryption.JCEFileKeyProvider"

static int is_key_store(const char *provider)
{
    return strcasecmp(provider, "JCEKSFILE") == 0 || strcmp(provider, CLASS) == 0 ||
           strcmp(provider, CLASS "$Builder") == 0;
}

/* The files of keys that have a password of their own. */
static void find_passwords(flow_config *config, const char *agent, const char *channel,
                           struct logdir_keys *keys)
{
    const char *value = logdir_setting(config, agent, channel, PROVIDER ".keys");
    char *names = text_copy(value ? value : "");

    for (char *left, *name = strtok_r(names, " \t", &left); name;
         name = strtok_r(NULL, " \t", &left)) {
        char *key = text_format(PROVIDER ".keys.%s.passwordFile", name);
        char *path = logdir_path_setting(config, agent, channel, key);
        if (path)
            text_list_add_pair(&keys->passwords, name, path);
        free(path);
        free(key);
    }
    free(names);
}

int logdir_keys_find(flow_config *config, const char *agent, const char *channel,
                     struct logdir_keys *keys)
{
    const char *provider = logdir_setting(config, agent, channel, PROVIDER);

    if (!provider)
        return EXIT_OK;
    if (!is_key_store(provider)) {
        fprintf(stderr,
                "Error: %s.channels.%s." PROVIDER " is %s; only keys of JCEKSFILE can be read\n",
                agent, channel, provider);
        return EXIT_CONFIG;
    }
    keys->store = logdir_path_setting(config, agent, channel, PROVIDER ".keyStoreFile");
    keys->password = logdir_path_setting(config, agent, channel, PROVIDER ".keyStorePasswordFile");
    find_passwords(config, agent, channel, keys);
    if (keys->store && keys->password)
        return EXIT_OK;
    fprintf(stderr, "Error: %s.channels.%s." PROVIDER ".%s is not set\n", agent, channel,
            keys->store ? "keyStorePasswordFile" : "keyStoreFile");
    return EXIT_CONFIG;
}

const char *logdir_keys_fault(const struct options *options)
{
    if (!options->key_store != !options->key_password)
        return "--key-store and --key-store-password-file belong together";
    if (options->own_passwords.count && !options->key_store)
        return "--key-password-file goes with --key-store";
    return NULL;
}

void logdir_keys_take(const struct options *options, struct logdir_keys *keys)
{
    const struct text_list *own = &options->own_passwords;

    if (!options->key_store && !options->no_keys)
        return;
    logdir_keys_free(keys);
    *keys = (struct logdir_keys){NULL};
    if (!options->key_store)
        return;
    keys->store = logdir_path(options->key_store);
    keys->password = logdir_path(options->key_password);
    for (size_t i = 0; i + 1 < own->count; i += 2)
        text_list_add_pair(&keys->passwords, own->items[i], own->items[i + 1]);
}

void logdir_keys_free(struct logdir_keys *keys)
{
    free(keys->store);
    free(keys->password);
    text_list_free(&keys->passwords);
}
