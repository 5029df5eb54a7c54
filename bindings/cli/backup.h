/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_BACKUP_H
#define CLI_BACKUP_H

/* --backup-directory: a copy of the last configuration that was good, as Flume keeps one. */

#include <flow.h>

#include "options.h"

/* Writes DIR/.AGENT.properties, readable by its owner alone since it may hold secrets. */
void backup_save(const struct options *options, flow_config *config, const char *agent);

/* Reads it.  Returns 0 when there is none that can be read. */
int backup_load(const struct options *options, flow_config *config);

#endif
