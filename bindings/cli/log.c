/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Each message is one write, so that those of several threads, and of several processes with the
 * same file, never mix.
 */

#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log_options.h"

#define MESSAGE_ROOM 4096

/* A message with the fields that both layouts are made of. */
struct line {
    struct tm now;
    int ms;
    const char *thread;
    const char *level;
    const char *component;
    const char *message;
};

static int print_for_console(char *room, size_t size, const struct line *line)
{
    char stamp[32];

    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &line->now);
    return snprintf(room, size, "%s,%03d (%s) [%s - %s] %s\n", stamp, line->ms, line->thread,
                    line->level, line->component, line->message);
}

/* Where log4j has a place in the source, in parentheses, here is the component. */
static int print_for_file(char *room, size_t size, const struct line *line)
{
    char stamp[32];

    strftime(stamp, sizeof stamp, "%d %b %Y %H:%M:%S", &line->now);
    return snprintf(room, size, "%s,%03d %-5s [%s] (%s)  - %s\n", stamp, line->ms, line->level,
                    line->thread, line->component, line->message);
}

/* Hands LINE to the console, or, with IS_FILE, to the file. */
static void put_line(struct log *log, const struct line *line, int is_file)
{
    int (*print)(char *, size_t, const struct line *) =
        is_file ? print_for_file : print_for_console;
    char room[MESSAGE_ROOM];
    char *text = room;
    int size = print(room, sizeof room, line);

    if (size >= MESSAGE_ROOM) {
        char *whole = malloc((size_t)size + 1);
        text = whole ? whole : room;
        size = whole ? print(whole, (size_t)size + 1, line) : MESSAGE_ROOM - 1;
    }
    if (is_file)
        log_file_write(&log->file, text, (size_t)size, &line->now);
    else
        log_put(log->console, text, (size_t)size);
    if (text != room)
        free(text);
}

void log_write(void *self, const flow_log_record *record)
{
    struct log *log = self;
    time_t seconds = (time_t)(record->time_ms / 1000);
    struct line line = {
        .ms = (int)(record->time_ms % 1000),
        .thread = record->thread[0] ? record->thread : "main",
        .level = flow_log_level_name(record->level),
        .component = record->component[0] ? record->component : "flow",
        .message = record->message,
    };

    localtime_r(&seconds, &line.now);
    if (log->console >= 0)
        put_line(log, &line, 0);
    if (log->has_file)
        put_line(log, &line, 1);
}

/* The name of the calling thread, which only the first has not been given one. */
static const char *thread_name(char *room, size_t size)
{
    if (getpid() == gettid() || pthread_getname_np(pthread_self(), room, size) != 0)
        return "main";
    return room;
}

void log_say(struct log *log, int32_t level, const char *format, ...)
{
    struct timespec now;
    va_list args;
    char *text = NULL;
    char thread[16];

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
        .thread = thread_name(thread, sizeof thread),
        .component = "flow",
        .message = size >= 0 ? text : "out of memory",
    };
    log_write(log, &record);
    if (size >= 0)
        free(text);
}

/* ---- opening ---- */

/* Takes the appender called NAME; returns whether it is the file. */
static int add_appender(struct log *log, const struct log_options *options, const char *name)
{
    if (strcasecmp(name, "console") == 0) {
        log->console = STDERR_FILENO;
    } else if (strcasecmp(name, "LOGFILE") == 0) {
        log->file.size_limit = options->size_limit;
        log->file.backups = options->backups;
    } else if (strcasecmp(name, "DAILY") == 0) {
        log->file.is_daily = 1;
    } else {
        fprintf(stderr,
                "Warning: flume.root.logger: there is no appender '%s', only console, LOGFILE and "
                "DAILY\n",
                name);
        return 0;
    }
    return strcasecmp(name, "console") != 0;
}

/* Reads "LEVEL,APPENDER,..."; returns whether one of them is the file. */
static int read_logger(struct log *log, const struct log_options *options)
{
    char *rest = NULL;
    char *word = strtok_r(options->logger, ", ", &rest);
    int32_t level = word ? flow_log_level_parse(word) : 0;
    int has_file = 0;

    if (level)
        log->level = level;
    else if (word)
        fprintf(stderr, "Warning: flume.root.logger: '%s' is no level; INFO is used\n", word);
    while ((word = strtok_r(NULL, ", ", &rest)))
        has_file |= add_appender(log, options, word);
    return has_file;
}

int log_open(struct log *log, const struct options *options)
{
    struct log_options read;
    int status = log_options_read(&read, options);

    *log = (struct log){.console = -1, .level = FLOW_LOG_INFO};
    log_file_init(&log->file);
    int wants_file = read_logger(log, &read);
    log->has_file =
        status == EXIT_OK && wants_file && log_file_open(&log->file, read.folder, read.file) == 0;
    if (status == EXIT_OK && wants_file && !log->has_file) {
        fprintf(stderr, "Error: cannot write the log %s/%s: %s\n", read.folder, read.file,
                strerror(errno));
        status = EXIT_FAILURE_RUN;
    }
    if (!log->has_file)
        log->console = STDERR_FILENO;
    log_options_free(&read);
    return status;
}

void log_close(struct log *log)
{
    log_file_close(&log->file);
}
