/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

/* What every command that looks at a configuration begins with. */

#include "log.h"

/* Prints ERR and frees it; returns STATUS. */
int say_error(flow_error *err, int status);

/* Makes the library, LOG NULL for none, and loads the plugins.  Returns an exit status. */
int setup_library(const struct options *options, struct log *log, flow_library **lib);

/*
 * Reads the files the options name.  Faults in them are no failure: *CONFIG knows them.  Returns
 * an exit status, after it has said what is wrong.
 */
int setup_config(const struct options *options, flow_library *lib, flow_config **config);

/* The file or URI at INDEX as a path or, of a web server, as it is; the caller frees it.  NULL
 * behind the last. */
char *setup_path(const struct options *options, size_t index);

/* The agent: --name, or the only one; NULL, after it has said so, when that is not clear. */
const char *setup_agent(const struct options *options, flow_config *config);

#endif
