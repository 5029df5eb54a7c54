/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ENV_H
#define CLI_ENV_H

#include "options.h"

/*
 * Reads CONF/flume-env.sh: what it exports becomes part of this process's environment.  Puts
 * before the -D settings of the command line those of the variables JAVA_OPTS and FLUME_JAVA_OPTS,
 * as the environment and the script set them.  Nothing is executed.
 * Returns EXIT_OK or EXIT_USAGE.
 */
int env_read(struct options *options);

#endif
