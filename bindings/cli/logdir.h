/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LOGDIR_H
#define CLI_LOGDIR_H

/* `flow log`: the parts it is made of. */

#include <flow.h>

#include "options.h"

/* The folders of a channel. */
struct logdir_place {
    char *checkpoint;
    struct text_list data;
};

/* Takes the folders from the options or from the configuration they name.  Returns an exit status,
 * after it has said what is wrong. */
int logdir_find(const struct options *options, flow_library *lib, struct logdir_place *place);
void logdir_place_free(struct logdir_place *place);

/* The property NAME of a channel, or NULL. */
const char *logdir_setting(flow_config *config, const char *agent, const char *channel,
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
