/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LOG_OPTIONS_H
#define CLI_LOG_OPTIONS_H

/*
 * Where the log goes, as Flume's log4j.properties and the definitions of the command line say it:
 *
 *     flume.root.logger=INFO,LOGFILE        a level and appenders; log4j.rootLogger means the same
 *     flume.log.dir=./logs
 *     flume.log.file=flume.log
 *     log4j.appender.LOGFILE.MaxFileSize=100MB
 *     log4j.appender.LOGFILE.MaxBackupIndex=10
 */

#include <stdint.h>

#include "options.h"

struct log_options {
    char *logger; /* "INFO,LOGFILE" */
    char *folder;
    char *file;
    int64_t size_limit;
    long backups;
};

/* Definitions win over CONF/log4j.properties.  Returns EXIT_OK or EXIT_FAILURE_RUN. */
int log_options_read(struct log_options *log, const struct options *options);
void log_options_free(struct log_options *log);

#endif
