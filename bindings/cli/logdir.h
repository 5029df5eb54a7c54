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

void logdir_print_stat(const flow_logdir *dir, int as_json);

/* Prints every frame, and events, at most LIMIT of them in all, unless that is 0. */
int logdir_print_frames(flow_logdir *dir, long limit);

/* Prints all faults with what they cost; returns how many there are that were not repaired. */
size_t logdir_print_faults(const flow_logdir *dir);

#endif
