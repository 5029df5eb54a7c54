/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Each message is one write, so that those of several threads, and of several processes with the
 * same file, never mix.
 */

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_ROOM 4096

/* Writes all of TEXT; a log that cannot be written must not stop the agent. */
static void put(int fd, const char *text, size_t size)
{
    while (fd >= 0 && size > 0) {
        ssize_t written = write(fd, text, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        text += written;
        size -= (size_t)written;
    }
}

void log_write(void *self, const flow_log_record *record)
{
    const struct log *log = self;
    char room[MESSAGE_ROOM];
    char *text = room;
    time_t seconds = (time_t)(record->time_ms / 1000);
    struct tm now;
    char stamp[32];
    static const char layout[] = "%s,%03d (%s) [%s - %s] %s\n";
    const char *thread = record->thread[0] ? record->thread : "main";
    const char *component = record->component[0] ? record->component : "flow";
    int ms = (int)(record->time_ms % 1000);
    const char *level = flow_log_level_name(record->level);

    localtime_r(&seconds, &now);
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &now);
    int size =
        snprintf(room, sizeof room, layout, stamp, ms, thread, level, component, record->message);
    if (size >= MESSAGE_ROOM) {
        char *whole = NULL;
        int made = asprintf(&whole, layout, stamp, ms, thread, level, component, record->message);
        text = made >= 0 ? whole : room;
        size = made >= 0 ? made : MESSAGE_ROOM - 1;
    }
    put(log->console, text, (size_t)size);
    put(log->file, text, (size_t)size);
    if (text != room)
        free(text);
}

void log_say(struct log *log, int32_t level, const char *format, ...)
{
    struct timespec now;
    va_list args;
    char *text = NULL;

    if (level < log->level)
        return;
    va_start(args, format);
    int size = vasprintf(&text, format, args);
    va_end(args);
    clock_gettime(CLOCK_REALTIME, &now);
    flow_log_record record = {
        .struct_size = sizeof record,
        .level = level,
        .time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
        .thread = "main",
        .component = "flow",
        .message = size >= 0 ? text : "out of memory",
    };
    log_write(log, &record);
    if (size >= 0)
        free(text);
}

/* Makes the folders above PATH, and it. */
static int make_folders(const char *path)
{
    char *copy = text_copy(path);
    int rc = 0;

    for (char *at = copy + 1; *at && rc == 0; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        rc = mkdir(copy, 0755) && errno != EEXIST ? -1 : 0;
        *at = '/';
    }
    if (rc == 0)
        rc = mkdir(copy, 0755) && errno != EEXIST ? -1 : 0;
    free(copy);
    return rc;
}

static int open_file(struct log *log, const struct options *options)
{
    const char *folder = text_list_value(&options->defines, "flume.log.dir");
    const char *name = text_list_value(&options->defines, "flume.log.file");

    folder = folder ? folder : "./logs";
    log->path = text_format("%s/%s", folder, name ? name : "flume.log");
    if (make_folders(folder) == 0)
        log->file = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log->file >= 0)
        return EXIT_OK;
    fprintf(stderr, "Error: cannot write the log %s: %s\n", log->path, strerror(errno));
    return EXIT_FAILURE_RUN;
}

static int add_appender(struct log *log, const struct options *options, const char *name)
{
    if (strcasecmp(name, "console") == 0) {
        log->console = STDERR_FILENO;
        return EXIT_OK;
    }
    if (strcasecmp(name, "LOGFILE") == 0 || strcasecmp(name, "DAILY") == 0)
        return log->file < 0 ? open_file(log, options) : EXIT_OK;
    fprintf(stderr,
            "Warning: flume.root.logger: there is no appender '%s', only console and "
            "LOGFILE\n",
            name);
    return EXIT_OK;
}

/* Reads "LEVEL,APPENDER,...". */
static int read_logger(struct log *log, const struct options *options, char *text)
{
    char *rest = NULL;
    char *word = strtok_r(text, ", ", &rest);
    int32_t level = word ? flow_log_level_parse(word) : 0;
    int status = EXIT_OK;

    if (level)
        log->level = level;
    else if (word)
        fprintf(stderr, "Warning: flume.root.logger: '%s' is no level; INFO is used\n", word);
    while (status == EXIT_OK && (word = strtok_r(NULL, ", ", &rest)))
        status = add_appender(log, options, word);
    return status;
}

int log_open(struct log *log, const struct options *options)
{
    const char *given = text_list_value(&options->defines, "flume.root.logger");
    int status = EXIT_OK;

    *log = (struct log){.console = -1, .file = -1, .level = FLOW_LOG_INFO};
    if (given) {
        char *text = text_copy(given);
        status = read_logger(log, options, text);
        free(text);
    }
    if (log->file < 0)
        log->console = STDERR_FILENO;
    return status;
}

void log_close(struct log *log)
{
    if (log->file >= 0)
        close(log->file);
    free(log->path);
}
