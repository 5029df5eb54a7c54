/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Files only ever change their names, the oldest first, so that wherever rolling ends each has one.
 * A name that was left free is the first to be filled by the next roll; log4j would move the files
 * above it all the same and lose one.
 */

#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

/* Names that a day's file may take when the plain one is taken. */
#define DAY_NAMES 1000

void log_put(int fd, const char *text, size_t size)
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

/* ---- opening ---- */

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

static int open_path(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int day_of(const struct tm *when)
{
    return (when->tm_year + 1900) * 10000 + (when->tm_mon + 1) * 100 + when->tm_mday;
}

/* Lines that an earlier run left belong to the day on which the last one was written. */
static void note_day(struct log_file *file)
{
    struct stat info;
    struct tm when;

    if (fstat(file->fd, &info) == 0 && info.st_size > 0 && localtime_r(&info.st_mtime, &when))
        file->day = day_of(&when);
}

void log_file_init(struct log_file *file)
{
    *file = (struct log_file){.fd = -1, .size_limit = INT64_MAX};
    pthread_mutex_init(&file->lock, NULL);
}

int log_file_open(struct log_file *file, const char *folder, const char *name)
{
    file->path = text_format("%s/%s", folder, name);
    file->next_size = file->size_limit;
    if (make_folders(folder) == 0)
        file->fd = open_path(file->path);
    if (file->fd < 0)
        return -1;
    note_day(file);
    return 0;
}

void log_file_close(struct log_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    pthread_mutex_destroy(&file->lock);
}

/* ---- rolling ---- */

static char *backup_name(const struct log_file *file, long number)
{
    return text_format("%s.%ld", file->path, number);
}

static int is_free(const char *path)
{
    struct stat info;

    return lstat(path, &info) != 0 && errno == ENOENT;
}

/* Gives the backup called NUMBER the next name. */
static int move_up(const struct log_file *file, long number)
{
    char *from = backup_name(file, number);
    char *to = backup_name(file, number + 1);
    int rc = rename(from, to);

    free(from);
    free(to);
    return rc;
}

/* The first number that no backup has, or the last one. */
static long free_number(const struct log_file *file)
{
    long number = 1;

    for (int found = 0; number < file->backups && !found; number += !found) {
        char *name = backup_name(file, number);
        found = is_free(name);
        free(name);
    }
    return number;
}

static int roll_by_size(const struct log_file *file)
{
    int rc = 0;

    if (file->backups == 0)
        return ftruncate(file->fd, 0);
    for (long number = free_number(file) - 1; number > 0 && rc == 0; number--)
        rc = move_up(file, number);
    if (rc != 0)
        return rc;
    char *first = backup_name(file, 1);
    rc = rename(file->path, first);
    free(first);
    return rc;
}

/* A day that was rolled before, by a clock that was set back, gets a number behind its name. */
static int roll_by_day(const struct log_file *file)
{
    int day = file->day;
    char *stem =
        text_format("%s.%04d-%02d-%02d", file->path, day / 10000, day / 100 % 100, day % 100);
    char *name = text_copy(stem);

    for (int i = 1; i < DAY_NAMES && !is_free(name); i++) {
        free(name);
        name = text_format("%s.%d", stem, i);
    }
    int rc = is_free(name) ? rename(file->path, name) : -1;
    free(name);
    free(stem);
    return rc;
}

/* Whether the file is still the one that has the name; another process may have rolled it. */
static int has_name(const struct log_file *file)
{
    struct stat open_one;
    struct stat named;

    return fstat(file->fd, &open_one) == 0 && stat(file->path, &named) == 0 &&
           open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* Goes on with the file that has the name now. */
static void reopen(struct log_file *file)
{
    int fd = open_path(file->path);

    if (fd < 0)
        return;
    close(file->fd);
    file->fd = fd;
    file->next_size = file->size_limit;
}

static int64_t size_of(const struct log_file *file)
{
    struct stat info;

    return fstat(file->fd, &info) == 0 ? info.st_size : 0;
}

/* The lock is of the file, not of its name: whoever waited for it finds the name given away.  A
 * log that cannot be rolled goes on growing, and is tried again when it has grown as much again. */
static void roll(struct log_file *file, int (*move)(const struct log_file *))
{
    int rc = 0;

    while (flock(file->fd, LOCK_EX) != 0 && errno == EINTR)
        continue;
    if (has_name(file))
        rc = move(file);
    if (rc == 0) {
        reopen(file);
    } else {
        fprintf(stderr, "Warning: cannot roll the log %s: %s\n", file->path, strerror(errno));
        if (file->size_limit < INT64_MAX)
            file->next_size = size_of(file) + file->size_limit;
    }
    flock(file->fd, LOCK_UN);
}

/* ---- writing ---- */

static void write_locked(struct log_file *file, const char *text, size_t size, int day)
{
    if (file->is_daily && file->day != 0 && day > file->day)
        roll(file, roll_by_day);
    if (day > file->day)
        file->day = day;
    log_put(file->fd, text, size);
    if (file->size_limit < INT64_MAX && size_of(file) >= file->next_size)
        roll(file, roll_by_size);
}

void log_file_write(struct log_file *file, const char *text, size_t size, const struct tm *now)
{
    pthread_mutex_lock(&file->lock);
    if (file->fd >= 0)
        write_locked(file, text, size, day_of(now));
    pthread_mutex_unlock(&file->lock);
}
