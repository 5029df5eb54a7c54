/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Finds out what is there.  A file is told by its device and inode: under a new name it is the
 * one it was, and one without any name that matches is read on until it is idle, for whoever
 * renamed it may still write to it.
 */

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "sources/taildir/taildir.h"

/* How much older than a listing the last change of a folder must be for the listing to hold all:
 * file systems date changes by the second. */
#define FOLDER_CLOCK_MS 2000

static int64_t ns_of(struct timespec time)
{
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* A listing under way. */
struct listing {
    const struct taildir *t;
    const struct tail_group *group;
    struct fl_vec paths; /* of char * */
};

static void free_paths(const struct taildir *t, struct fl_vec *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        fl_free(t->mem, *(char **)fl_vec_at(paths, i));
    fl_vec_free(paths);
}

/* The position file and what is kept beside it are no logs, even where everything matches. */
static int is_own(const struct taildir *t, const char *path)
{
    size_t size = strlen(t->position_path);

    return strncmp(path, t->position_path, size) == 0 &&
           (path[size] == '\0' || strcmp(path + size, ".new") == 0 ||
            strncmp(path + size, ".ids", 4) == 0);
}

static int list_name(void *arg, const char *name)
{
    struct listing *listing = arg;
    const struct taildir *t = listing->t;
    struct fl_buf path;

    if (fl_regex_matches(listing->group->regex, name, strlen(name)) != 1)
        return 0;
    fl_buf_init(&path, t->mem);
    const char *slash = listing->group->folder[1] == '\0' ? "" : "/";
    int rc = fl_buf_printf(&path, "%s%s%s", listing->group->folder, slash, name);
    char *text = rc == FLOW_OK ? fl_buf_detach(&path) : NULL;
    fl_buf_free(&path);
    if (text && !is_own(t, text)) {
        if (fl_vec_push(&listing->paths, &text))
            return 0;
        rc = FLOW_ENOMEM;
    }
    rc = text == NULL ? FLOW_ENOMEM : rc;
    fl_free(t->mem, text);
    return rc == FLOW_OK ? 0 : -ENOMEM;
}

/* Notes that PATH cannot be looked at, and logs the first of a scan when it is a new fault. */
static void note_fault(const struct taildir *t, struct tail_group *group, int number,
                       const char *path)
{
    if (group->unsure == 0) {
        group->unsure = number;
        if (number != group->fault)
            flow_context_logf(t->ctx, FLOW_LOG_ERROR, "cannot look at %s: %s", path,
                              fl_errno_text(number));
    }
}

static int is_fresh(const struct taildir *t, const struct tail_group *group, int64_t mtime)
{
    return t->options.cache && group->listed_at > 0 && mtime == group->folder_mtime &&
           mtime / 1000000 < group->listed_at - FOLDER_CLOCK_MS;
}

/* Lists the folder unless nothing was added or renamed in it.  When it cannot be read the names of
 * the last time serve. */
static int list_folder(const struct taildir *t, struct tail_group *group, flow_error **err)
{
    struct stat info;
    struct listing listing = {.t = t, .group = group};
    int64_t now = flow_context_time(t->ctx);
    int number = t->io->stat(t->io->self, group->folder, &info);

    if (number == 0 && is_fresh(t, group, ns_of(info.st_mtim)))
        return FLOW_OK;
    fl_vec_init(&listing.paths, t->mem, sizeof(char *));
    if (number == 0)
        number = t->io->list(t->io->self, group->folder, list_name, &listing);
    if (number != 0) {
        note_fault(t, group, -number, group->folder);
        free_paths(t, &listing.paths);
        return number == -ENOMEM ? fl_error_nomem(err) : FLOW_OK;
    }
    free_paths(t, &group->paths);
    group->paths = listing.paths;
    group->folder_mtime = ns_of(info.st_mtim);
    group->listed_at = now;
    return FLOW_OK;
}

/* Notes how large a file is, and when that changed. */
static void note_size(const struct taildir *t, struct tail_file *file, const struct stat *info)
{
    int64_t mtime = ns_of(info->st_mtim);

    if (file->size != info->st_size || file->mtime != mtime)
        file->active_at = flow_context_now(t->ctx);
    file->size = info->st_size;
    file->mtime = mtime;
}

/* Notes that FILE is called PATH now. */
static int note_name(struct taildir *t, struct tail_file *file, const char *path)
{
    if (strcmp(file->path, path) == 0)
        return FLOW_OK;
    char *copy = fl_strdup(t->mem, path);
    if (!copy)
        return FLOW_ENOMEM;
    flow_context_logf(t->ctx, FLOW_LOG_INFO, "%s was renamed to %s and is read on from byte %lld",
                      file->path, path, (long long)file->pos);
    fl_free(t->mem, file->path);
    file->path = copy;
    file->renamed = 1;
    t->positions_changed = 1;
    t->identities_changed = 1;
    return FLOW_OK;
}

/* The file at PATH, which may be a new one. */
static int note_file(struct taildir *t, const struct tail_group *group, const char *path,
                     const struct stat *info)
{
    struct tail_file *file = tail_table_find(&t->table, info->st_dev, info->st_ino);
    int is_new = file == NULL;
    int64_t fresh = t->scan == 1 && t->options.skip_to_end ? info->st_size : 0;

    if (!is_new && file->seen == t->scan) {
        return FLOW_OK; /* a second name */
    }
    if (is_new) {
        file = tail_table_add(&t->table, info->st_dev, info->st_ino, path);
        if (!file)
            return FLOW_ENOMEM;
        file->pos = fresh;
    }
    if (!file->group) {
        file->fresh = fresh;
        file->group = group;
    }
    if (is_new || file->dev != info->st_dev || file->seen + 1 != t->scan) {
        t->positions_changed = 1;
        t->identities_changed = 1;
    }
    file->dev = info->st_dev;
    file->seen = t->scan;
    note_size(t, file, info);
    if (note_name(t, file, path) != FLOW_OK || !fl_vec_push(&t->turn, &file))
        return FLOW_ENOMEM;
    return FLOW_OK;
}

static int scan_group(struct taildir *t, struct tail_group *group, flow_error **err)
{
    group->unsure = 0;
    int rc = list_folder(t, group, err);

    for (size_t i = 0; rc == FLOW_OK && i < group->paths.count; i++) {
        const char *path = *(char **)fl_vec_at(&group->paths, i);
        struct stat info;
        int number = t->io->stat(t->io->self, path, &info);
        if (number == 0 && S_ISREG(info.st_mode) && note_file(t, group, path, &info) != FLOW_OK)
            rc = fl_error_nomem(err);
        else if (number < 0 && number != -ENOENT)
            note_fault(t, group, -number, path);
    }
    group->fault = group->unsure;
    return rc;
}

int tail_is_gone(const struct taildir *t, const struct tail_file *file)
{
    return file->seen != t->scan && (!file->group || !file->group->unsure);
}

/* Adds what was not found and is still open. */
static int add_nameless(struct taildir *t, flow_error **err)
{
    for (size_t i = 0; i < t->table.files.count; i++) {
        struct tail_file *file = *(struct tail_file **)fl_vec_at(&t->table.files, i);
        struct stat info;
        if (file->seen == t->scan || file->fd < 0 ||
            t->io->fstat(t->io->self, file->fd, &info) != 0)
            continue;
        note_size(t, file, &info);
        if (!fl_vec_push(&t->turn, &file))
            return fl_error_nomem(err);
    }
    return FLOW_OK;
}

/* Group by group, in each the one that changed first; of one moment, by name. */
static int compare(const void *a, const void *b)
{
    const struct tail_file *left = *(struct tail_file *const *)a;
    const struct tail_file *right = *(struct tail_file *const *)b;

    if (left->group != right->group)
        return left->group < right->group ? -1 : 1;
    if (left->mtime != right->mtime)
        return left->mtime < right->mtime ? -1 : 1;
    return strcmp(left->path, right->path);
}

int tail_scan(struct taildir *t, flow_error **err)
{
    int rc = FLOW_OK;

    t->scan++;
    t->turn.count = 0;
    for (size_t i = 0; rc == FLOW_OK && i < t->groups.count; i++)
        rc = scan_group(t, fl_vec_at(&t->groups, i), err);
    rc = rc == FLOW_OK ? add_nameless(t, err) : rc;
    fl_vec_sort(&t->turn, compare);
    return rc;
}
