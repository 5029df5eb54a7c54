/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DEFAULTS_H
#define CLI_DEFAULTS_H

/* flume.opts: what the options of an agent are where the command line says nothing. */

#include "options.h"

/* Reads /etc/flume/flume.opts or, when that is not there, CONF/flume.opts.  Returns an exit
 * status. */
int defaults_read(struct options *options);

#endif
