/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LOGDIR_H
#define CLI_LOGDIR_H

/* `flow log`: the parts it is made of. */

#include <flow.h>

#include "options.h"

/* Where the keys of an encrypted channel are. */
struct logdir_keys {
    char *store;                /* NULL: there are no keys */
    char *password;             /* the file with its password */
    struct text_list passwords; /* pairs: keys with a password of their own, and the files */
};

/* Takes them from the properties of a channel.  Returns an exit status, after it has said what is
 * wrong. */
int logdir_keys_find(flow_config *config, const char *agent, const char *channel,
                     struct logdir_keys *keys);

/* Takes those that the options name in their place. */
void logdir_keys_take(const struct options *options, struct logdir_keys *keys);
void logdir_keys_free(struct logdir_keys *keys);

/* What is wrong with the options of keys, or NULL. */
const char *logdir_keys_fault(const struct options *options);

/* The folders of a channel, and its keys. */
struct logdir_place {
    char *checkpoint;
    struct text_list data;
    struct logdir_keys keys;
};

/* Takes the folders from the options or from the configuration they name.  Returns an exit status,
 * after it has said what is wrong. */
int logdir_find(const struct options *options, flow_library *lib, struct logdir_place *place);
void logdir_place_free(struct logdir_place *place);

/* The property NAME of a channel, or NULL; and as a path, which the caller frees. */
const char *logdir_setting(flow_config *config, const char *agent, const char *channel,
                           const char *name);
char *logdir_path_setting(flow_config *config, const char *agent, const char *channel,
                          const char *name);

/* Takes the folders that the properties of a channel name; NULL stands for what is not set. */
void logdir_set_place(struct logdir_place *place, const char *checkpoint, const char *data);

/* TEXT without blanks around it and with the home folder for "~/", as the library reads paths. */
char *logdir_path(const char *text);

/* `flow log import-flume`. */
int logdir_import(const struct options *options, flow_library *lib);

void logdir_print_stat(const flow_logdir *dir, int as_json);

/* Prints every frame, and events, at most LIMIT of them in all, unless that is 0. */
int logdir_print_frames(flow_logdir *dir, long limit);

/* Prints all faults with what they cost; returns how many there are that were not repaired. */
size_t logdir_print_faults(const flow_logdir *dir);

#endif
