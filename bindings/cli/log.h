/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LOG_H
#define CLI_LOG_H

/*
 * The log of an agent, in the layouts of Flume's console and of its files:
 *
 *     2026-11-23 07:00:00,123 (sink k1) [INFO - sink k1] message
 *     23 Nov 2026 07:00:00,123 INFO  [sink k1] (sink k1)  - message
 */

#include <flow.h>

#include "log_file.h"
#include "options.h"

struct log {
    int console; /* a descriptor, or -1 */
    int has_file;
    struct log_file file;
    int32_t level;
};

/*
 * Opens what flume.root.logger=LEVEL,APPENDER... names: console (standard error, which is also
 * the default), LOGFILE (flume.log.file below flume.log.dir, rolled by size) or DAILY (the same
 * file, rolled by day).  Returns an exit status.
 */
int log_open(struct log *log, const struct options *options);
void log_close(struct log *log);

/* A flow_log_fn. */
void log_write(void *self, const flow_log_record *record);

/* A message of the command itself. */
void log_say(struct log *log, int32_t level, const char *format, ...)
    __attribute__((__format__(__printf__, 3, 4)));

#endif
