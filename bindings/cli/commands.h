/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

/* The commands.  Each returns the exit status. */

#include "options.h"

int command_agent(struct options *options);
int command_check(struct options *options);
int command_consumer(struct options *options);
int command_describe(struct options *options);
int command_graph(struct options *options);
int command_log(struct options *options);
int command_version(struct options *options);

#endif
