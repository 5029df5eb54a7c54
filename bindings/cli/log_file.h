/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LOG_FILE_H
#define CLI_LOG_FILE_H

/*
 * A log file that is rolled as log4j rolls Flume's: by size, when flume.log becomes flume.log.1,
 * flume.log.1 becomes flume.log.2 and so on, and by day, when it becomes flume.log.2026-11-23.
 *
 * A process that ends while it rolls leaves every line in one of the files, and several processes
 * may write to one file.
 */

#include <pthread.h>
#include <stdint.h>
#include <time.h>

struct log_file {
    pthread_mutex_t lock;
    int fd; /* -1: there is none */
    char *path;
    int64_t size_limit; /* bytes; INT64_MAX: not by size */
    int64_t next_size;  /* from which it is rolled */
    long backups;       /* how many are kept; 0: the file is emptied instead */
    int is_daily;
    int day; /* the last one that has lines in it, as 20261123 */
};

/* Makes FILE one that is not open, and not rolled when it is. */
void log_file_init(struct log_file *file);

/* Opens the file called NAME in FOLDER, both made where they are missing.  Returns 0, or -1 with
 * errno. */
int log_file_open(struct log_file *file, const char *folder, const char *name);
void log_file_close(struct log_file *file);

/* Adds SIZE bytes, whole lines, at the time NOW, unless there is no file. */
void log_file_write(struct log_file *file, const char *text, size_t size, const struct tm *now);

/* Writes all of TEXT; what cannot be written is lost, as a log must not stop the agent. */
void log_put(int fd, const char *text, size_t size);

#endif
