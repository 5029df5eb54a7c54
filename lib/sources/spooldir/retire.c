/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What becomes of a file when all its events are committed, or when it cannot be read to its end.
 * Where Flume ends for good, one file is moved out of the way under a name that says why, and the
 * others go on.
 */

#include "sources/spooldir/spooldir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"

#define FILE_MODE 0666
#define FOLDER_MODE 0777

/* Names that are tried before a file stays where it is. */
#define MOST_NAMES 10000

/* How a file that was read compares with what is now found under its name. */
enum fate { UNCHANGED, CHANGED, REPLACED, GONE };

static enum fate fate_of(const struct spooldir *s)
{
    const struct stat *then = &s->file.opened;
    struct stat now;

    if (s->io->stat(s->io->self, s->file.path, &now) != 0)
        return GONE;
    if (now.st_ino != then->st_ino || now.st_dev != then->st_dev)
        return REPLACED;
    int same = now.st_size == then->st_size && now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
               now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
    return same ? UNCHANGED : CHANGED;
}

/* "PATH[.WHAT][.NUMBER]SUFFIX"; the caller frees it. */
static char *finished_name(const struct spooldir *s, const char *what, unsigned number)
{
    struct fl_buf name;
    int rc;

    fl_buf_init(&name, s->mem);
    rc = fl_buf_text(&name, s->file.path);
    if (rc == FLOW_OK && what)
        rc = fl_buf_printf(&name, ".%s", what);
    if (rc == FLOW_OK && number > 0)
        rc = fl_buf_printf(&name, ".%u", number);
    if (rc == FLOW_OK)
        rc = fl_buf_text(&name, s->options.suffix);
    char *text = rc == FLOW_OK ? fl_buf_detach(&name) : NULL;
    fl_buf_free(&name);
    return text;
}

/* Renames the file to the first free name; *NAME is that, which the caller frees. */
static int rename_free(const struct spooldir *s, const char *what, char **name, flow_error **err)
{
    int rc = FLOW_EEXIST;

    *name = NULL;
    for (unsigned number = 0; rc == FLOW_EEXIST && number < MOST_NAMES; number++) {
        flow_error_free(*err);
        *err = NULL;
        fl_free(s->mem, *name);
        *name = finished_name(s, what, number);
        rc = *name ? fl_file_rename_new(s->io, s->file.path, *name, err) : fl_error_nomem(err);
    }
    return rc;
}

/* The marker's folder may be one of several levels, as the file's is. */
static int make_marker(struct spooldir *s, flow_error **err)
{
    char *marker = spool_marker(&s->scan, s->file.path);
    int fd;

    if (!marker)
        return fl_error_nomem(err);
    int rc = fl_folder_make_above(s->io, marker, FOLDER_MODE, err);
    if (rc == FLOW_OK)
        rc = fl_file_open(s->io, marker, O_WRONLY | O_CREAT, FILE_MODE, &fd, err);
    if (rc == FLOW_OK)
        fl_file_close(s->io, fd);
    fl_free(s->mem, marker);
    return rc;
}

static int rename_done(struct spooldir *s, flow_error **err)
{
    char *usual = finished_name(s, NULL, 0);
    char *name;
    int rc = rename_free(s, NULL, &name, err);

    if (rc == FLOW_OK && usual && strcmp(usual, name) != 0) {
        flow_context_logf(s->ctx, FLOW_LOG_ERROR,
                          "the name of %s was used before, for a file that is there as %s; all its "
                          "events are committed, and it is kept as %s",
                          s->file.path, usual, name);
        flow_counter_add(s->reused, 1);
    }
    fl_free(s->mem, usual);
    fl_free(s->mem, name);
    return rc;
}

static int mark_done(struct spooldir *s, flow_error **err)
{
    if (s->options.delete_done)
        return fl_file_remove(s->io, s->file.path, err);
    return s->options.tracking == SPOOL_TRACKER_DIR ? make_marker(s, err) : rename_done(s, err);
}

/* A file that stays where it is although it is done: its position keeps it from coming again. */
static void leave(struct spooldir *s, const flow_error *fault)
{
    flow_error *second = NULL;

    flow_context_logf(s->ctx, FLOW_LOG_ERROR,
                      "%s is done with but stays where it is, and is left alone until it changes: "
                      "%s",
                      s->file.path, flow_error_message(fault));
    if (spool_tracker_store(&s->tracker, s->file.path, &s->file.committed, &second) != FLOW_OK)
        flow_context_logf(s->ctx, FLOW_LOG_ERROR, "after a restart its events will come again: %s",
                          flow_error_message(second));
    flow_error_free(second);
    spool_scan_shun(&s->scan, s->file.path);
}

/* The position has served; that of another file would be mistaken for this one's. */
static void drop_position(struct spooldir *s)
{
    flow_error *fault = NULL;

    spool_standing_forget(s);
    if (spool_tracker_clear(&s->tracker, &fault) != FLOW_OK &&
        flow_error_code(fault) != FLOW_ENOENT)
        flow_context_log(s->ctx, FLOW_LOG_WARN, flow_error_message(fault));
    flow_error_free(fault);
}

/* Moves the file out of the way as one that could not be read to its end; WHAT becomes a part of
 * its name, WHY of the message. */
static void set_aside(struct spooldir *s, const char *what, const char *why)
{
    flow_error *fault = NULL;
    char *name = NULL;
    int marks = s->options.tracking == SPOOL_TRACKER_DIR && !s->options.delete_done;
    int rc = marks ? make_marker(s, &fault) : rename_free(s, what, &name, &fault);

    flow_counter_add(s->set_aside, 1);
    if (rc == FLOW_OK) {
        flow_context_logf(s->ctx, FLOW_LOG_ERROR,
                          "%s %s; it is set aside%s%s, with %lld bytes of it "
                          "committed",
                          s->file.path, why, marks ? "" : " as ", marks ? "" : name,
                          (long long)s->file.committed.offset);
        drop_position(s);
    } else {
        flow_context_logf(s->ctx, FLOW_LOG_ERROR, "%s %s", s->file.path, why);
        leave(s, fault);
    }
    fl_free(s->mem, name);
    flow_error_free(fault);
}

static void retire_unchanged(struct spooldir *s)
{
    flow_error *fault = NULL;

    if (mark_done(s, &fault) == FLOW_OK) {
        flow_counter_add(s->completed, 1);
        drop_position(s);
    } else {
        leave(s, fault);
    }
    flow_error_free(fault);
}

void spool_retire(struct spooldir *s)
{
    switch (fate_of(s)) {
    case UNCHANGED: retire_unchanged(s); break;
    case CHANGED: set_aside(s, "modified", "was modified while it was read"); break;
    case REPLACED:
        flow_context_logf(s->ctx, FLOW_LOG_ERROR,
                          "%s was replaced by another file while it was read; what was read is "
                          "committed, and the other file comes next",
                          s->file.path);
        flow_counter_add(s->set_aside, 1);
        drop_position(s);
        break;
    default:
        flow_context_logf(s->ctx, FLOW_LOG_ERROR,
                          "%s was removed while it was read; what was read is committed",
                          s->file.path);
        flow_counter_add(s->set_aside, 1);
        drop_position(s);
        break;
    }
}

void spool_fail(struct spooldir *s, const char *why)
{
    if (fate_of(s) == UNCHANGED) {
        set_aside(s, "undecodable", why);
        return;
    }
    /* What is found under its name may be another file, which is not to blame. */
    flow_context_logf(s->ctx, FLOW_LOG_ERROR, "%s %s", s->file.path, why);
    spool_retire(s);
}

/* Makes, reads and removes the file PATH, whose name begins with a dot: when the process dies
 * meanwhile, nobody takes it for a file to be read. */
static int try_file(const struct spooldir *s, const char *path, flow_error **err)
{
    char byte = 'x';
    size_t got;
    int fd;
    int rc = fl_file_open(s->io, path, O_RDWR | O_CREAT | O_EXCL, FILE_MODE, &fd, err);

    if (rc != FLOW_OK)
        return rc;
    rc = fl_file_write(s->io, fd, &byte, 1, path, err);
    fl_file_close(s->io, fd);
    rc = rc == FLOW_OK ? fl_file_open(s->io, path, O_RDONLY, 0, &fd, err) : rc;
    if (rc == FLOW_OK) {
        rc = fl_file_read(s->io, fd, &byte, 1, &got, path, err);
        fl_file_close(s->io, fd);
    }
    int removed = fl_file_remove(s->io, path, rc == FLOW_OK ? err : NULL);
    return rc != FLOW_OK ? rc : removed;
}

int spool_check_folder(struct spooldir *s, flow_error **err)
{
    struct fl_buf path;
    struct stat info;
    uint32_t number = 0;

    if (s->io->stat(s->io->self, s->paths.spool, &info) != 0 || !S_ISDIR(info.st_mode))
        return flow_error_setf(err, FLOW_ENOENT, "the folder %s does not exist", s->paths.spool);
    if (s->options.tracking == SPOOL_TRACKER_DIR)
        return FLOW_OK;
    fl_buf_init(&path, s->mem);
    int rc = fl_random(&number, sizeof number, err);
    if (rc == FLOW_OK && fl_buf_printf(&path, "%s/.flume-spooldir-perm-check-%u.canary",
                                       s->paths.spool, (unsigned)number) != FLOW_OK)
        rc = fl_error_nomem(err);
    rc = rc == FLOW_OK ? try_file(s, (const char *)path.data, err) : rc;
    fl_buf_free(&path);
    if (rc != FLOW_OK)
        rc = flow_error_setf(err, rc,
                             "files in %s cannot be made, read and removed, which the "
                             "renaming of finished files needs",
                             s->paths.spool);
    return rc;
}

int spool_make_tracker(struct spooldir *s, flow_error **err)
{
    return fl_folder_make(s->io, s->paths.tracker, FOLDER_MODE, err);
}
