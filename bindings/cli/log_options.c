/* SPDX-License-Identifier: Apache-2.0 */

#include "log_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <flow.h>

#include "java_file.h"

/* What Flume's own log4j.properties has, except that it has LOGFILE where there is "console". */
static const char *const defaults[][2] = {
    {"flume.root.logger", "INFO,console"},
    {"flume.log.dir", "./logs"},
    {"flume.log.file", "flume.log"},
    {"log4j.appender.LOGFILE.MaxFileSize", "100MB"},
    {"log4j.appender.LOGFILE.MaxBackupIndex", "10"},
};

#define DEFAULT_SIZE (INT64_C(100) << 20)
#define DEFAULT_BACKUPS 10
#define MOST_BACKUPS 100000

/* The value of NAME, which `defaults` has. */
static const char *value_of(const struct text_list *settings, const char *name)
{
    const char *value = text_list_value(settings, name);

    for (size_t i = 0; !value; i++)
        if (strcmp(defaults[i][0], name) == 0)
            value = defaults[i][1];
    return value;
}

/* A decimal number; what may stand behind it is left to *END. */
static int64_t read_number(const char *text, char **end)
{
    errno = 0;
    long long number = strtoll(text, end, 10);
    return errno || *end == text || number < 0 ? -1 : number;
}

/* "100MB", "10kb" or bytes; -1 for another text. */
static int64_t read_size(const char *text)
{
    static const char *const units[] = {"", "KB", "MB", "GB"};
    char *end;
    int64_t number = read_number(text, &end);

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcasecmp(end, units[i]) == 0)
            return number > INT64_MAX >> 10 * i ? -1 : number * (INT64_C(1) << 10 * i);
    return -1;
}

static void read_limits(struct log_options *log, const struct text_list *settings)
{
    const char *size = value_of(settings, "log4j.appender.LOGFILE.MaxFileSize");
    const char *backups = value_of(settings, "log4j.appender.LOGFILE.MaxBackupIndex");
    char *end;

    log->size_limit = read_size(size);
    log->backups = (long)read_number(backups, &end);
    if (log->size_limit < 1) {
        fprintf(stderr, "Warning: MaxFileSize: '%s' is no size; 100MB is used\n", size);
        log->size_limit = DEFAULT_SIZE;
    }
    if (log->backups < 0 || log->backups > MOST_BACKUPS || *end) {
        fprintf(stderr, "Warning: MaxBackupIndex: '%s' is no such number; 10 is used\n", backups);
        log->backups = DEFAULT_BACKUPS;
    }
}

/* Reads CONF/log4j.properties; that there is none is fine. */
static int read_file(const struct options *options, struct text_list *settings)
{
    char *path = options->conf ? text_format("%s/log4j.properties", options->conf) : NULL;
    int status = path ? java_file_read(path, &options->defines, settings) : EXIT_OK;

    free(path);
    return status == EXIT_NO_FILE ? EXIT_OK : status;
}

int log_options_read(struct log_options *log, const struct options *options)
{
    struct text_list settings = {0};
    int status = read_file(options, &settings);

    for (size_t i = 0; i < options->defines.count; i += 2)
        text_list_add_pair(&settings, options->defines.items[i], options->defines.items[i + 1]);
    const char *root = text_list_value(&settings, "log4j.rootLogger");
    log->logger = text_copy(root ? root : value_of(&settings, "flume.root.logger"));
    log->folder = text_copy(value_of(&settings, "flume.log.dir"));
    log->file = text_copy(value_of(&settings, "flume.log.file"));
    read_limits(log, &settings);
    text_list_free(&settings);
    return status;
}

void log_options_free(struct log_options *log)
{
    free(log->logger);
    free(log->folder);
    free(log->file);
}
