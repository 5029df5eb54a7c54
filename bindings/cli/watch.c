/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Looks instead of waiting for notices: files come by way of network file systems, renames and
 * symbolic links, of which inotify tells only half.
 */

#include "watch.h"

#include <stdlib.h>
#include <string.h>

#include "setup.h"

/* ---- files ---- */

static void look(const char *path, struct stat *now)
{
    if (stat(path, now) != 0)
        *now = (struct stat){.st_size = 0};
}

static int is_other(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
           a->st_size != b->st_size || a->st_ino != b->st_ino || a->st_dev != b->st_dev;
}

/* A file that is gone is no news: perhaps it is just being replaced. */
static int has_file_changed(const char *path, struct stat *seen)
{
    struct stat now;

    look(path, &now);
    if (!now.st_ino || !is_other(&now, seen))
        return 0;
    *seen = now;
    return 1;
}

/* ---- pages ---- */

/* Many servers cannot say that a page is the same and give it again. */
static int has_page_changed(const char *url, const struct options *options, int stop,
                            struct http_copy *seen, char **why)
{
    struct http_copy before = *seen;
    struct http_copy now = {.etag = before.etag ? text_copy(before.etag) : NULL,
                            .modified = before.modified ? text_copy(before.modified) : NULL};
    char *fault = NULL;
    enum http_result result = http_get(url, options, stop, &now, &fault);
    int is_changed = result == HTTP_NEW && (!before.text || before.size != now.size ||
                                            memcmp(before.text, now.text, now.size) != 0);

    if (result == HTTP_NEW) {
        *seen = now;
        now = before;
    }
    http_copy_free(&now);
    if (fault) {
        free(*why);
        *why = text_format("%s: %s", url, fault);
    }
    free(fault);
    return is_changed;
}

/* ---- all of them ---- */

void watch_begin(struct watch *watch, const struct options *options)
{
    char *path;

    watch->count = options->uris.count ? options->uris.count : options->files.count;
    watch->seen = calloc(watch->count, sizeof *watch->seen);
    if (!watch->seen)
        watch->count = 0;
    for (size_t i = 0; i < watch->count && (path = setup_path(options, i)); i++) {
        char *why = NULL; /* whoever reads the page next will tell */
        if (http_is_url(path))
            http_get(path, options, -1, &watch->seen[i].page, &why);
        else
            look(path, &watch->seen[i].file);
        free(why);
        free(path);
    }
}

void watch_end(struct watch *watch)
{
    for (size_t i = 0; i < watch->count; i++)
        http_copy_free(&watch->seen[i].page);
    free(watch->seen);
}

int watch_changed(struct watch *watch, const struct options *options, int stop, char **why)
{
    int changed = 0;
    char *path;

    for (size_t i = 0; i < watch->count && (path = setup_path(options, i)); i++) {
        struct watched *seen = &watch->seen[i];
        changed |= http_is_url(path) ? has_page_changed(path, options, stop, &seen->page, why)
                                     : has_file_changed(path, &seen->file);
        free(path);
    }
    return changed;
}
